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
    int attempt;
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

static void end(struct slot *slot, const struct options *options)
{
    report_result(&slot->result, options->strict);
    slot->result.test = NULL;
}

// False: no process can be had. That is a failure of this test, and no reason not to run the others.
static bool start_run(struct slot *slot, const struct options *options)
{
    if (child_start(&slot->child, "--run", slot->result.test->name))
        return true;
    slot->result.verdict = FAILED;
    slot->result.bad_runs++;
    note(&slot->result, "no process for the test can be started: error %lu\n", GetLastError());
    end(slot, options);
    return false;
}

static bool begin(struct slot *slot, const struct test *test, const struct options *options)
{
    slot->attempt = 1;
    slot->result = (struct result){.test = test, .known = deviation_of(test->name)};
    return start_run(slot, options);
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
    take_outcome(&slot->result, &outcome, options->watchdog);
    if (slot->result.verdict == FAILED && !slot->result.known && slot->attempt < options->attempts) {
        slot->attempt++;
        slot->result.verdict = PASSED;
        slot->result.bad_runs = 0;
        slot->result.runs = 0;
        note(&slot->result, "that was attempt %d of %d; once more\n", slot->attempt - 1, options->attempts);
        return !start_run(slot, options);
    }
    if (slot->result.runs < options->repeat && slot->result.verdict != SKIPPED)
        return !start_run(slot, options);
    end(slot, options);
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

static void abandon(struct slot *slots, int jobs)
{
    struct outcome ignored;
    for (int i = 0; i < jobs; i++)
        if (slots[i].result.test)
            child_finish(&slots[i].child, true, &ignored);
}

int run_all(const struct options *options, struct test **tests, size_t count)
{
    int jobs = options->jobs < MAXIMUM_WAIT_OBJECTS ? options->jobs : MAXIMUM_WAIT_OBJECTS;
    struct slot *slots = calloc((size_t)jobs, sizeof *slots);
    if (!slots)
        return 2;
    report_begin(options->json, count);
    size_t started = 0, ended = 0;
    while (ended < count && !(options->fail_fast && report_has_failures())) {
        for (int i = 0; i < jobs; i++) {
            if (slots[i].result.test)
                ended += advance(&slots[i], options);
            if (!slots[i].result.test && started < count)
                ended += !begin(&slots[i], tests[started++], options);
        }
        wait_for_any(slots, jobs);
    }
    abandon(slots, jobs);
    free(slots);
    return report_end(ended < count);
}
