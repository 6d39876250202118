// SPDX-License-Identifier: MIT
//
// What workloads are written with. A workload runs in a process of its own; whatever goes wrong in it ends that process
// and becomes its row in the table.
#ifndef BENCH_H
#define BENCH_H

#include "conformance/harness/entry_points.h"
#include "workload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

// ---- Reporting ------------------------------------------------------------------------------------------------

// Gives the value of one of the workload's measures, in its unit.
void report(const char *measure, double value);
// The host has no way to tell this measure.
void report_untold(const char *measure, const char *why);
// Gives a number that stands beside the table.
void report_count(const char *name, double value);
// Ends the run as failed.
_Noreturn void fail(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));
#define require(condition, ...) ((condition) ? (void)0 : fail(__VA_ARGS__))

// ---- The run --------------------------------------------------------------------------------------------------

// A quantity of the table, by --scale, but not less than `least`.
size_t scaled(size_t quantity, size_t least);
// The quantity of the workload that runs.
size_t quantity(void);
// Whether the workload that runs has a measure of that name.
bool has_measure(const char *name);
size_t processors(void);
// A function of a system DLL that older systems lack, or NULL.
void *system_function(const char *dll, const char *name);

// What is counted from begin to end: processor time, context switches, the Wine server's time; and at the end all
// threads of the process and its private memory.
void region_begin(void);
void region_end(void);
// Threads and memory as they are now enter the region's maxima.
void region_look(void);

// ---- Clock ----------------------------------------------------------------------------------------------------

// Nanoseconds from the processor's time stamp counter where it is steady, otherwise from the performance counter.
double now(void);
// Nanoseconds from the performance counter: slower to read, and exact over seconds.
double counter_now(void);
void pause_for(DWORD milliseconds);
// Runs for some time without touching memory; the time of one step is the same in all threads.
void compute(uint64_t steps);
// How many steps take a millisecond on a processor that nobody else uses.
double steps_per_millisecond(void);

// Nanoseconds that one thread for each processor takes to compute so many portions of so many steps.
double computed_without_pool(size_t count, uint64_t steps);

// ---- Callbacks that are counted without a shared cache line ---------------------------------------------------

void tally_prepare(void);
void tally(void);
// A work object whose callback does only that.
PTP_WORK tallying_work(void);
uint64_t tally_total(void);
// How many threads have called tally().
size_t tally_threads(void);
// Waits until the total is `expected`, looking once a millisecond; ends the run when it goes beyond.
void tally_await(uint64_t expected);
// Ends the run unless the total is exactly that.
void tally_verify(uint64_t expected);

// ---- Threads of the application -------------------------------------------------------------------------------

#define CREW_AT_MOST 64
// Threads that begin together when crew_go is called.
void crew_start(size_t count, void (*body)(size_t index, void *context), void *context);
void crew_go(void);
void crew_join(void);

// A countdown that can be slept on.
struct latch {
    volatile LONG left;
    HANDLE event;
};
void latch_prepare(struct latch *latch, size_t count);
void latch_drop(struct latch *latch);
void latch_await(struct latch *latch);

// ---- Numbers --------------------------------------------------------------------------------------------------

void *zeroed(size_t count, size_t size);
uint64_t random_number(void);
// 0 ... count - 1, in that order and in a random one.
uint32_t *in_turn(size_t count);
uint32_t *shuffled(size_t count);
// The value that a share of the samples does not exceed. Sorts them.
double percentile(double *samples, size_t count, double share);

// A due time relative to now, in milliseconds.
FILETIME due_in(double milliseconds);

#endif
