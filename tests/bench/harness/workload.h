// SPDX-License-Identifier: MIT
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#define MEASURES_AT_MOST 6

// A bound that may grow with the machine; zero in all members means none, unless `set`.
struct bound {
    bool set;
    double fixed;
    double per_processor;
};

#define AT_MOST(value)                                                                                                 \
    {                                                                                                                  \
        .set = true, .fixed = (value)                                                                                  \
    }
#define AT_MOST_PROCESSORS(times, plus)                                                                                \
    {                                                                                                                  \
        .set = true, .fixed = (plus), .per_processor = (times)                                                         \
    }

// What must hold for a target to be reached; members that are zero ask for nothing.
struct goal {
    // The median of the first DLL divided by that of the second is at least this.
    double ratio;
    // The value is at most this often the measure's limit.
    double times_limit;
    // The value is at most this often the same DLL's value of the measure `than`.
    double times_other;
    struct bound at_most;
};

// One number that a workload gives; less is better for all of them.
struct measure {
    const char *name;
    const char *unit;
    // The reference measure ("workload/measure") that bounds it from below, and another one to compare with.
    const char *limit;
    const char *than;
    struct goal least;
    struct goal aim;
};

// A piece of work that is timed in a process of its own.
struct workload {
    const char *name;
    const char *what;
    void (*run)(void);
    // How many objects it is about, where rows of one kind make a curve.
    size_t quantity;
    // It calls no thread pool, so it is run once for both DLLs.
    bool reference;
    // It is there to test the program itself; only an --only pattern that names it chooses it.
    bool hidden;
    struct measure measures[MEASURES_AT_MOST];
};

size_t measures_of(const struct workload *workload);

// All workloads, in the order of the table. NULL past the end.
const struct workload *workload_at(size_t index);
const struct workload *workload_named(const char *name);
// Finds "workload/measure".
const struct measure *measure_named(const char *path, const struct workload **owner);

// * and ? as in file names; several patterns with commas.
bool pattern_matches(const char *patterns, const char *name);

#endif
