// SPDX-License-Identifier: MIT
/*
 * What the code under test does to cache lines, as on a machine where a line is either held by some processors to read
 * or by one to write, and each thread has a processor of its own.
 */
#ifndef NTPOOL_TESTS_CONTENTION_COUNT_H
#define NTPOOL_TESTS_CONTENTION_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum counter {
    COUNT_TRANSFERS, /* of a line from one processor to another, or taken from those who read it */
    COUNT_CHANGES,   /* atomic read-modify-writes */
    COUNT_CONTENDED, /* those that had to fetch the line from another processor */
    COUNT_RETRIES,   /* compare-and-swaps that failed */
    COUNT_SLEEPS,    /* of threads that waited to be woken */
    COUNTERS
};

/** From now on it is counted. */
void count_begin(void);
void count_end(void);
uint64_t count_of(enum counter counter);
void count_one(enum counter counter);
/** An access of the current thread. True: the line came from elsewhere. */
bool count_access(const volatile void *address, size_t size, bool is_write);

/** Checks that this is so, and leaves everything in disorder. */
void count_litmus(void);

#endif
