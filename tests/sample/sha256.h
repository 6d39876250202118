// SPDX-License-Identifier: MIT
#ifndef HASHTREE_SHA256_H
#define HASHTREE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 2 * SHA256_SIZE + 1 };

// A SHA-256 computation (FIPS 180-4) in progress.
struct sha256 {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
};

// Starts a computation.
void sha256_init(struct sha256 *hash);

// Adds `size` bytes of the message.
void sha256_update(struct sha256 *hash, const void *data, size_t size);

// Ends the computation and stores the digest.
void sha256_final(struct sha256 *hash, unsigned char digest[SHA256_SIZE]);

// Writes a digest as lower-case hexadecimal text with a terminating zero.
void sha256_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_HEX_SIZE]);

#endif
