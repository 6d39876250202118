// SPDX-License-Identifier: MIT
/*
 * Memory for an image that is made in a test, between pages that nobody may touch, and random changes in it.
 */
#ifndef NTPOOL_SIDELOAD_GUARDED_H
#define NTPOOL_SIDELOAD_GUARDED_H

#include <stdint.h>
#include <windows.h>

/** size bytes, whole pages. */
static inline char *guarded_allocate(size_t size)
{
    enum { GUARD = 0x10000 };
    char *place = VirtualAlloc(NULL, size + 2 * GUARD, MEM_RESERVE, PAGE_NOACCESS);

    return place ? VirtualAlloc(place + GUARD, size, MEM_COMMIT, PAGE_READWRITE) : NULL;
}

static inline uint32_t guarded_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/** Changes a few words from start up to end: to anything, to what is near the end of an image, or to small numbers. */
static inline void guarded_spoil(uint64_t *state, char *memory, uint32_t start, uint32_t end, uint32_t image_size)
{
    for (uint32_t count = 1 + guarded_random(state) % 4; count; count--) {
        uint32_t *place = (uint32_t *)(memory + start + guarded_random(state) % ((end - start) / 4) * 4);
        uint32_t any = guarded_random(state);

        switch (guarded_random(state) % 4) {
        case 0:
            *place = any << 1;
            break;
        case 1:
            *place = image_size - any % 64;
            break;
        case 2:
            *place = any % 64;
            break;
        default:
            *place ^= 1u << any % 32;
            break;
        }
    }
}

#endif
