// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_OVERLAY_H
#define NTPOOL_PE_OVERLAY_H

#include "image.h"

/// Bytes of a file that no section holds.
struct pe_span {
    uint64_t start;
    uint64_t size;
};

/// What lies in the file after the last section's bytes (and the headers).
struct pe_span pe_overlay(const struct pe_image *image);

/// The Authenticode signatures' place; empty when there are none or when the directory leads out of the file.
struct pe_span pe_certificates(const struct pe_image *image);

/// What of the overlay nothing in the headers accounts for: from the first such byte to the last. COFF symbols, debug
/// data, certificates and zeros are accounted for. Only a program that reads its own file can know the rest, and it may
/// look for it from the end.
struct pe_span pe_unknown_overlay(const struct pe_image *image);

#endif
