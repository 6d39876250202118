// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_MUTATE_H
#define NTPOOL_TESTS_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/// Changes a few places of a made image, most of them where its meaning is: headers, section table, import tables.
void mutate(uint64_t *state, uint8_t *file, size_t size);

#endif
