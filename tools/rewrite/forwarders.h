// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_FORWARDERS_H
#define NTPOOL_REWRITE_FORWARDERS_H

#include "image.h"

/// Whether an export is forwarded to a thread-pool function of the system. An export directory that no loader could
/// read forwards nothing.
bool forwards_to_pool(const struct pe_image *image);

#endif
