// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "suite.h"

enum verdict { PASSED, FAILED, SKIPPED };

struct result {
    const struct test *test;
    enum verdict verdict;
    int runs;               // how often it ran
    int bad_runs;           // how often it failed
    double took;            // ms, all runs
    const char *known;      // why it is known to fail, or NULL
    bool limited;           // it is the host that makes it fail, whatever the pool
    const char *expected;   // what it is expected to observe, or NULL where that is not compared
    char observation[1024]; // what it observed, or empty
    char notes[4096];       // lines, as they came
};

void report_begin(bool json, size_t tests);
void report_result(const struct result *result, bool strict);
// Whether a result so far was a failure.
bool report_has_failures(void);
// All results are in, or no more are wanted. Gives the exit code of the whole run.
int report_end(bool stopped);

#endif
