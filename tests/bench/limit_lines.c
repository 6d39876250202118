// SPDX-License-Identifier: MIT
//
// What memory costs that is touched in random order: an interlocked increment in each of many objects of 128 bytes,
// found by way of an array of pointers, as the growth rows find theirs. Once it is more than the caches hold, each is a
// miss.
#include "harness/bench.h"
#include "harness/families.h"

#define SIZE      128
#define ROUNDS_OF 4000000

static void touch(void)
{
    size_t count = scaled(quantity(), 10), rounds = ROUNDS_OF / quantity();
    char *memory = zeroed(count, SIZE);
    volatile LONG64 **objects = zeroed(count, sizeof *objects);
    uint32_t *order = shuffled(count);
    for (size_t i = 0; i < count; i++) {
        objects[i] = (void *)(memory + i * SIZE);
        *objects[i] = 1;
    }
    double start = now();
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++)
            InterlockedIncrement64(objects[order[i]]);
    report("touch", (now() - start) / (double)(count * rounds));
}

#define LINES(n, count, also)                                                                                          \
    {                                                                                                                  \
        .name = "limit-lines-" #n,                                                                                     \
        .what = "an interlocked increment in each of " count " objects, in random order" also, .run = touch,           \
        .reference = true, .quantity = n, .measures = {                                                                \
            {.name = "touch", .unit = "ns"},                                                                           \
        }                                                                                                              \
    }

static const struct workload list[] = {
    LINES(1000, "1,000", ""),
    LINES(10000, "10,000", ""),
    LINES(100000, "100,000", ""),
    LINES(1000000, "1,000,000", ": what a cache miss adds to a growth row"),
};
FAMILY(limit_lines, list);
