// SPDX-License-Identifier: MIT
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>

#define RUNS_AT_MOST 99

struct options {
    // What is measured: one DLL or, to compare, two. NULL stands for the system's own.
    const char *dlls[2];
    const char *names[2];
    bool compare;
    const char *only;
    const char *json;
    double scale;
    int runs;
    int limit_s;
    bool list;
    bool help;
    // In a child: the workload to run, and a word by which the process can be found from outside.
    const char *child;
    const char *token;
};

// Complains and gives false when the arguments make no sense.
bool options_parse(struct options *options, int count, char **arguments);
void options_explain(void);

#endif
