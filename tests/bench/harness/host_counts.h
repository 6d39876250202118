// SPDX-License-Identifier: MIT
#ifndef BENCH_HOST_COUNTS_H
#define BENCH_HOST_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

// What only the system below Wine can tell of this process.
struct host_counts {
    bool switches_told;
    // Of all threads that live, and of those but the main one; processor time in milliseconds.
    double switches;
    double switches_of_others;
    double cpu_ms;
    double cpu_ms_of_others;
    bool server_told;
    // Processor time of the Wine server.
    double server_ms;
};

// Finds this process by a word that only its command line holds. Without it, nothing is told.
void host_counts_find(const char *token);
// Reading takes some work itself, of the main thread and of the server; it comes before what is read at the beginning
// of a watched time, and after it at the end.
void host_counts_begin(struct host_counts *counts);
void host_counts_end(struct host_counts *counts);
// Memory alone. Zero when it is not told.
double host_private_bytes(void);
// What kind of machine this is, in a line.
void host_machine(char *out, size_t size);

#endif
