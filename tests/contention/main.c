// SPDX-License-Identifier: MIT
#include "count.h"
#include "machine.h"
#include "sched/arena.h"
#include "workloads.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A number may be so much above its reference: other compilers order plain accesses differently. */
#define TOLERANCE 1.15
#define SLACK     0.1

/* What is counted is the mean of so many samples, whose callbacks take other numbers of steps. */
enum { SAMPLES = 8 };

enum { LEAST_PROCESSORS = 4, MOST_PROCESSORS = 64 };

static struct session only_session;
struct session *session = &only_session;

struct row {
    const struct workload *workload;
    unsigned processors;
    unsigned sample;
    double values[COUNTERS]; /* the sums of the samples that have been taken */
};

static const char *const titles[COUNTERS] = {"line transfers", "atomic changes", "contended", "retries", "sleeps"};

static struct row *current; /* shared with the process that counts it */

void explore_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "# %s, %u workers: ", current->workload->name, current->processors);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    fflush(NULL);
    _exit(1);
}

static void run_current(void)
{
    workload_vary(current->sample);
    uint64_t callbacks = current->workload->run(current->processors);

    for (int i = 0; i < COUNTERS; i++)
        current->values[i] += (double)count_of(i) / (double)callbacks;
    fflush(NULL);
    _exit(0);
}

static struct scenario scenario = {.name = "contention", .run = run_current};

/* The first process checks the counting itself. */
static uint64_t check_counting(unsigned processors)
{
    (void)processors;
    count_litmus();
    fflush(NULL);
    _exit(0);
}

static const struct workload litmus = {"litmus", check_counting};

/* In a process of its own, whose pool and addresses are as new. */
static bool take_sample(struct row *row)
{
    int status = 0;

    *current = *row;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        scenario.processors = row->processors;
        machine_prepare_stacks();
        memory_prepare();
        machine_run(&scenario);
        explore_fail("the workload has not come to its end");
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("contention");
        exit(2);
    }
    *row = *current;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool count_row(struct row *row)
{
    for (row->sample = 0; row->sample < SAMPLES; row->sample++)
        if (!take_sample(row))
            return false;
    for (int i = 0; i < COUNTERS; i++)
        row->values[i] /= SAMPLES;
    return true;
}

static void print_row(const struct row *row)
{
    printf("| %-50s | %7u |", row->workload->name, row->processors);
    for (int i = 0; i < COUNTERS; i++)
        printf(" %14.3f |", row->values[i]);
    printf("\n");
}

static void print_head(void)
{
    printf("| %-50s | workers |", "per callback");
    for (int i = 0; i < COUNTERS; i++)
        printf(" %14s |", titles[i]);
    printf("\n| -------------------------------------------------- | ------: |");
    for (int i = 0; i < COUNTERS; i++)
        printf(" -------------: |");
    printf("\n");
}

/* The row of the same name in a table that this program has printed. */
static bool find_reference(FILE *file, const struct row *row, double *values)
{
    char line[400], name[80];
    unsigned processors;

    rewind(file);
    while (fgets(line, sizeof(line), file)) {
        double *v = values;
        if (sscanf(line, "| %79[^|]| %u | %lf | %lf | %lf | %lf | %lf", name, &processors, v, v + 1, v + 2, v + 3,
                   v + 4) != 2 + COUNTERS)
            continue;
        for (size_t length = strlen(name); length && name[length - 1] == ' '; length--)
            name[length - 1] = '\0';
        if (processors == row->processors && strcmp(name, row->workload->name) == 0)
            return true;
    }
    return false;
}

static bool compare(FILE *file, const struct row *row)
{
    double reference[COUNTERS];
    bool good = true;

    if (!find_reference(file, row, reference)) {
        fprintf(stderr, "# %s, %u workers: not in the reference\n", row->workload->name, row->processors);
        return false;
    }
    for (int i = 0; i < COUNTERS; i++)
        if (row->values[i] > reference[i] * TOLERANCE + SLACK) {
            fprintf(stderr, "# %s, %u workers: %.3f %s for each callback, the reference is %.3f\n", row->workload->name,
                    row->processors, row->values[i], titles[i], reference[i]);
            good = false;
        }
    return good;
}

int main(int count, char **arguments)
{
    FILE *reference = NULL;

    if (count == 3 && strcmp(arguments[1], "--compare") == 0) {
        reference = fopen(arguments[2], "r");
        if (!reference) {
            perror(arguments[2]);
            return 2;
        }
    } else if (count != 1) {
        fprintf(stderr,
                "usage: %s [--compare TABLE]\n"
                "Counts what a callback costs in cache lines, by the number of workers, and prints a table. With\n"
                "--compare, exit code 1 when a number is above the one of a table that was printed before.\n",
                arguments[0]);
        return 2;
    }
    current = mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (current == MAP_FAILED) {
        perror("contention");
        return 2;
    }
    bool good = count_row(&(struct row){.workload = &litmus, .processors = 1});
    print_head();
    for (unsigned i = 0; i < workload_count; i++)
        for (unsigned processors = LEAST_PROCESSORS; processors <= MOST_PROCESSORS; processors *= 2) {
            struct row row = {.workload = &workloads[i], .processors = processors};
            if (!count_row(&row)) {
                good = false;
                continue;
            }
            print_row(&row);
            good = (!reference || compare(reference, &row)) && good;
        }
    return good ? 0 : 1;
}
