// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_OPTIONS_H
#define CONFORMANCE_OPTIONS_H

#include <stdbool.h>

struct options {
    const char *dll;          // NULL: the system's own
    const char *only;         // pattern on names, or NULL
    const char *fact;         // pattern on fact IDs, or NULL
    const char *deviations;   // file, or NULL
    const char *observations; // file, or NULL
    const char *limits;       // file, or NULL
    const char *run;          // name of the one test to run in this process
    const char *scenario;     // name of the scenario that this process is
    int repeat;
    int rounds;   // what tests that go on for some rounds are held to; 0: as they say
    int attempts; // how often a test may run until it passes
    int jobs;
    int watchdog; // seconds
    bool list;
    bool json;
    bool strict;
    bool fail_fast; // no test begins after one has failed
    bool help;
};

// False after a message about what is wrong.
bool options_parse(struct options *options, int count, char **arguments);
void options_explain(void);

#endif
