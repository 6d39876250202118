// SPDX-License-Identifier: MIT
#include "runner.h"

#include "limits.h"
#include "process.h"
#include "report.h"
#include "say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// What an observation without words of its own says when its checks held.
#define AS_EXPECTED "as expected"

static const struct options *options;
static const struct known *known;

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

static void add_observation(struct result *result, const char *text)
{
    size_t used = strlen(result->observation);
    snprintf(result->observation + used, sizeof result->observation - used, "%s%s", used ? "; " : "", text);
}

static void take_lines(struct result *result, char *output)
{
    result->observation[0] = '\0';
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
        const char *label = *line == MARK_FAILURE  ? ""
                            : *line == MARK_REMARK ? "remark: "
                            : *line == MARK_SKIP   ? "skipped: "
                            : *line == MARK_CRASH  ? "crashed: "
                                                   : "said: ";
        if (*line == MARK_OBSERVATION)
            add_observation(result, line + 1);
        else
            note(result, "%s%s\n", label, line + 1);
    }
}

// A pool is held to what it is known to do: a change is a failure, and for the better too.
static bool is_as_expected(const struct result *result)
{
    return !result->expected || !strcmp(result->observation, result->expected);
}

// An observation that has no words of its own says whether its checks held.
static void put_into_words(struct result *result)
{
    if (result->test->kind != OBSERVATION_TEST || *result->observation)
        return;
    if (result->verdict == PASSED)
        add_observation(result, AS_EXPECTED);
    else
        snprintf(result->observation, sizeof result->observation, "otherwise: %.*s", (int)strcspn(result->notes, "\n"),
                 result->notes);
}

static bool went_well(struct result *result, const struct outcome *outcome)
{
    if (outcome->hung)
        note(result, "hung: still running after %d s\n", options->watchdog);
    else if (outcome->exit_code != EXIT_PASSED && outcome->exit_code != EXIT_FAILED)
        note(result, "the process ended with 0x%08lx\n", outcome->exit_code);
    return !outcome->hung && outcome->exit_code == EXIT_PASSED;
}

static void take_outcome(struct result *result, struct outcome *outcome)
{
    result->runs++;
    result->took += outcome->took;
    take_lines(result, outcome->output);
    if (!outcome->hung && outcome->exit_code == EXIT_SKIPPED) {
        result->verdict = SKIPPED;
        return;
    }
    bool good = went_well(result, outcome);
    if (!good)
        result->verdict = FAILED;
    put_into_words(result);
    if (good && !is_as_expected(result)) {
        note(result, "expected to observe: %s\n", *result->expected ? result->expected : "nothing of its own");
        result->verdict = FAILED;
        good = false;
    }
    result->bad_runs += !good;
}

static void end(struct slot *slot)
{
    report_result(&slot->result, options->strict);
    slot->result.test = NULL;
}

// False: no process can be had. That is a failure of this test, and no reason not to run the others.
static bool start_run(struct slot *slot)
{
    if (child_start(&slot->child, "--run", slot->result.test->name))
        return true;
    slot->result.verdict = FAILED;
    slot->result.bad_runs++;
    note(&slot->result, "no process for the test can be started: error %lu\n", GetLastError());
    end(slot);
    return false;
}

static bool begin(struct slot *slot, const struct test *test)
{
    slot->attempt = 1;
    slot->result = (struct result){.test = test, .known = listing_text(known->deviations, test->name)};
    if (!slot->result.known) {
        slot->result.known = limit_of(known->limits, test);
        slot->result.limited = slot->result.known != NULL;
    }
    if (known->observations) {
        const char *expected = listing_text(known->observations, test->name);
        slot->result.expected = expected ? expected : test->kind == OBSERVATION_TEST ? AS_EXPECTED : "";
    }
    return start_run(slot);
}

// Only a failure: what is known to fail, and what differs on somebody else's pool, would do so again.
static bool is_worth_another_attempt(const struct slot *slot)
{
    bool may_differ = slot->result.test->kind == OBSERVATION_TEST && !options->strict;
    return slot->result.verdict == FAILED && !slot->result.known && !may_differ && slot->attempt < options->attempts;
}

// True once the slot is free again.
static bool advance(struct slot *slot)
{
    double limit = options->watchdog * 1000.0;
    bool ended = WaitForSingleObject(slot->child.process, 0) == WAIT_OBJECT_0;
    bool hung = !ended && milliseconds() - slot->child.started > limit;
    if (!ended && !hung)
        return false;
    struct outcome outcome;
    child_finish(&slot->child, hung, &outcome);
    take_outcome(&slot->result, &outcome);
    if (is_worth_another_attempt(slot)) {
        slot->attempt++;
        slot->result.verdict = PASSED;
        slot->result.bad_runs = 0;
        slot->result.runs = 0;
        note(&slot->result, "that was attempt %d of %d; once more\n", slot->attempt - 1, options->attempts);
        return !start_run(slot);
    }
    if (slot->result.runs < options->repeat && slot->result.verdict != SKIPPED)
        return !start_run(slot);
    end(slot);
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

int run_all(const struct options *how, const struct known *beforehand, struct test **tests, size_t count)
{
    options = how;
    known = beforehand;
    int jobs = options->jobs < MAXIMUM_WAIT_OBJECTS ? options->jobs : MAXIMUM_WAIT_OBJECTS;
    struct slot *slots = calloc((size_t)jobs, sizeof *slots);
    if (!slots)
        return 2;
    report_begin(options->json, count);
    size_t started = 0, ended = 0;
    while (ended < count && !(options->fail_fast && report_has_failures())) {
        for (int i = 0; i < jobs; i++) {
            if (slots[i].result.test)
                ended += advance(&slots[i]);
            if (!slots[i].result.test && started < count)
                ended += !begin(&slots[i], tests[started++]);
        }
        wait_for_any(slots, jobs);
    }
    abandon(slots, jobs);
    free(slots);
    return report_end(ended < count);
}
