// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_FORWARD_H
#define NTPOOL_PE_FORWARD_H

#include "image.h"

/// Makes a copy of a Wine builtin DLL in which the exports named by `names` are forwarders to `module`.
///
/// Names that the DLL lacks are added with new ordinals. Every other export keeps its name, ordinal and
/// address or forwarder. Code, resources and imports stay where they are: one section with a new export
/// directory is appended. The "Wine builtin DLL" signature is zeroed, so that Wine takes the copy for a
/// native DLL.
///
/// `in` may hold anything. On success `*out` gets a buffer from malloc; on failure it is left alone.
enum pe_result pe_forward_builtin(const uint8_t *in, size_t size, const char *module, const char *const *names,
                                  size_t name_count, uint8_t **out, size_t *out_size);

#endif
