// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_BYTES_H
#define NTPOOL_PE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Little-endian access byte by byte: nothing in a hostile file has to be aligned.

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get64(const uint8_t *p)
{
    return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static inline void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, (uint16_t)v);
    put16(p + 2, (uint16_t)(v >> 16));
}

static inline void put64(uint8_t *p, uint64_t v)
{
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

// True when [start, start + len) lies inside [0, limit); cannot overflow.
static inline bool within(uint64_t start, uint64_t len, uint64_t limit)
{
    return start <= limit && len <= limit - start;
}

// Rounds a value below 2^63 up to a power of two.
static inline uint64_t align_up(uint64_t v, uint32_t power_of_two)
{
    return (v + power_of_two - 1) & ~(uint64_t)(power_of_two - 1);
}

static inline bool is_power_of_two(uint32_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

#endif
