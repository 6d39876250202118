// SPDX-License-Identifier: MIT
#include "report.h"

#include "host.h"

#include <string.h>

static bool json;
static int number;
static int passed, failed, known, skipped, differing;

static void json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned)(unsigned char)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static void json_member(const char *name, const char *value, const char *after)
{
    json_text(name);
    printf(": ");
    json_text(value);
    printf("%s", after);
}

void report_begin(bool as_json, size_t tests)
{
    char host[128], path[MAX_PATH], version[64];
    host_describe(host, sizeof host);
    host_module(path, sizeof path, version, sizeof version);
    json = as_json;
    if (json) {
        printf("{\n");
        json_member("host", host, ",\n");
        json_member("dll", path, ",\n");
        json_member("version", version, ",\n\"tests\": [");
    } else {
        printf("# host: %s\n# DLL under test: %s\n# version: %s\n1..%u\n", host, path, version, (unsigned)tests);
    }
    fflush(stdout);
}

static void json_result(const struct result *result, const char *verdict)
{
    printf("%s\n{", number > 1 ? "," : "");
    json_member("name", result->test->name, ", ");
    printf("\"facts\": \"%s%s%s\", ", result->test->facts, *result->test->nt_facts ? " " : "", result->test->nt_facts);
    json_member("kind", result->test->kind == OBSERVATION_TEST ? "observation" : "binding", ", ");
    json_member("result", verdict, ", ");
    if (result->known)
        json_member("known", result->known, ", ");
    printf("\"runs\": %d, \"bad_runs\": %d, \"ms\": %.0f, \"notes\": [", result->runs, result->bad_runs, result->took);
    char notes[sizeof result->notes];
    memcpy(notes, result->notes, sizeof notes);
    const char *comma = "";
    for (char *line = strtok(notes, "\n"); line; line = strtok(NULL, "\n")) {
        printf("%s", comma);
        json_text(line);
        comma = ", ";
    }
    printf("]}");
}

static void tap_result(const struct result *result, const char *ok, const char *verdict)
{
    printf("%s %d - %s [%s%s%s]", ok, number, result->test->name, result->test->facts,
           *result->test->nt_facts ? " " : "", result->test->nt_facts);
    if (!strcmp(verdict, "known"))
        printf(" # TODO %s", result->known);
    else if (result->verdict == SKIPPED)
        printf(" # SKIP");
    putchar('\n');
    if (result->bad_runs && result->runs > 1)
        printf("# failed in %d of %d runs\n", result->bad_runs, result->runs);
    if (!strcmp(verdict, "differs"))
        printf("# differs from what is expected, which no published source promises\n");
    if (result->known && result->verdict == PASSED)
        printf("# note: listed as a deviation (%s), but it passes\n", result->known);
    char notes[sizeof result->notes];
    memcpy(notes, result->notes, sizeof notes);
    for (char *line = strtok(notes, "\n"); line; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
}

void report_result(const struct result *result, bool strict)
{
    const char *ok = "ok", *verdict = "passed";
    number++;
    if (result->verdict == SKIPPED) {
        verdict = "skipped";
        skipped++;
    } else if (result->verdict == PASSED) {
        passed++;
    } else if (result->known) {
        ok = "not ok";
        verdict = "known";
        known++;
    } else if (result->test->kind == OBSERVATION_TEST && !strict) {
        verdict = "differs";
        differing++;
    } else {
        ok = "not ok";
        verdict = "failed";
        failed++;
    }
    if (json)
        json_result(result, verdict);
    else
        tap_result(result, ok, verdict);
    fflush(stdout);
}

bool report_has_failures(void)
{
    return failed != 0;
}

int report_end(bool stopped)
{
    if (stopped && !json)
        printf("Bail out! Stopped at the first failure\n");
    if (json)
        printf("\n],\n\"passed\": %d, \"failed\": %d, \"known\": %d, \"differing\": %d, \"skipped\": %d\n}\n", passed,
               failed, known, differing, skipped);
    else
        printf("# %d passed, %d failed, %d known deviations, %d observations that differ, %d skipped\n", passed, failed,
               known, differing, skipped);
    fflush(stdout);
    return failed ? 1 : 0;
}
