// SPDX-License-Identifier: MIT
#include "runner.h"

#include "deviations.h"
#include "process.h"
#include "report.h"
#include "say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// A test that is being run; with `test` NULL the slot is free.
struct slot {
    struct child child;
    struct result result;
};

static void note(struct result *result, const char *format, ...) PRINTF_LIKE(2, 3);
static void note(struct result *result, const char *format, ...)
{
    size_t used = strlen(result->notes);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->notes + used, sizeof result->notes - used, format, arguments);
    va_end(arguments);
}

static void take_notes(struct result *result, char *output)
{
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
        const char *label = *line == MARK_FAILURE       ? ""
                            : *line == MARK_OBSERVATION ? "observed: "
                            : *line == MARK_SKIP        ? "skipped: "
                            : *line == MARK_CRASH       ? "crashed: "
                                                        : "said: ";
        note(result, "%s%s\n", label, line + 1);
    }
}

static void take_outcome(struct result *result, struct outcome *outcome, int watchdog)
{
    result->runs++;
    result->took += outcome->took;
    take_notes(result, outcome->output);
    if (!outcome->hung && outcome->exit_code == EXIT_PASSED)
        return;
    if (!outcome->hung && outcome->exit_code == EXIT_SKIPPED) {
        result->verdict = SKIPPED;
        return;
    }
    result->verdict = FAILED;
    result->bad_runs++;
    if (outcome->hung)
        note(result, "hung: still running after %d s\n", watchdog);
    else if (outcome->exit_code != EXIT_FAILED)
        note(result, "the process ended with 0x%08lx\n", outcome->exit_code);
}

static void begin(struct slot *slot, const struct test *test)
{
    slot->result = (struct result){.test = test, .known = deviation_of(test->name)};
    if (!child_start(&slot->child, "--run", test->name)) {
        fprintf(stderr, "ntpool-conformance: no process for the test %s can be started: error %lu\n", test->name,
                GetLastError());
        exit(2);
    }
}

// True once the slot is free again.
static bool advance(struct slot *slot, const struct options *options)
{
    double limit = options->watchdog * 1000.0;
    bool ended = WaitForSingleObject(slot->child.process, 0) == WAIT_OBJECT_0;
    bool hung = !ended && milliseconds() - slot->child.started > limit;
    if (!ended && !hung)
        return false;
    struct outcome outcome;
    child_finish(&slot->child, hung, &outcome);
    const struct test *test = slot->result.test;
    take_outcome(&slot->result, &outcome, options->watchdog);
    if (slot->result.runs < options->repeat && slot->result.verdict != SKIPPED) {
        if (!child_start(&slot->child, "--run", test->name))
            exit(2);
        return false;
    }
    report_result(&slot->result, options->strict);
    slot->result.test = NULL;
    return true;
}

static void wait_for_any(const struct slot *slots, int jobs)
{
    HANDLE processes[MAXIMUM_WAIT_OBJECTS];
    DWORD count = 0;
    for (int i = 0; i < jobs; i++)
        if (slots[i].result.test)
            processes[count++] = slots[i].child.process;
    if (count)
        WaitForMultipleObjects(count, processes, FALSE, 500);
}

int run_all(const struct options *options, struct test **tests, size_t count)
{
    int jobs = options->jobs < MAXIMUM_WAIT_OBJECTS ? options->jobs : MAXIMUM_WAIT_OBJECTS;
    struct slot *slots = calloc((size_t)jobs, sizeof *slots);
    if (!slots)
        return 2;
    report_begin(options->json, count);
    size_t started = 0, ended = 0;
    while (ended < count) {
        for (int i = 0; i < jobs; i++) {
            if (slots[i].result.test)
                ended += advance(&slots[i], options);
            if (!slots[i].result.test && started < count)
                begin(&slots[i], tests[started++]);
        }
        wait_for_any(slots, jobs);
    }
    free(slots);
    return report_end();
}
