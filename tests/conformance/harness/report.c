// SPDX-License-Identifier: MIT
#include "report.h"

#include "host.h"

#include <string.h>

static bool json;
static int number;
static int passed, failed, known, limited, stale, skipped, differing;

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

static void json_list(char *text, const char *separators)
{
    const char *comma = "";
    putchar('[');
    for (char *item = strtok(text, separators); item; item = strtok(NULL, separators)) {
        printf("%s", comma);
        json_text(item);
        comma = ", ";
    }
    putchar(']');
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
        json_member("dll_version", version, ",\n\"tests\": [");
    } else {
        printf("# host: %s\n# DLL under test: %s\n# version: %s\n1..%u\n", host, path, version, (unsigned)tests);
    }
    fflush(stdout);
}

static void json_result(const struct result *result, const char *verdict)
{
    const struct test *test = result->test;
    char facts[512], notes[sizeof result->notes];
    snprintf(facts, sizeof facts, "%s %s", test->facts, test->nt_facts);
    memcpy(notes, result->notes, sizeof notes);
    printf("%s\n{", number > 1 ? "," : "");
    json_member("name", test->name, ", \"facts\": ");
    json_list(facts, " ");
    printf(", ");
    json_member("level", test->level == &nt_level ? "nt" : "win32", ", ");
    json_member("kind", test->kind == OBSERVATION_TEST ? "observation" : "binding", ", ");
    json_member("result", verdict, ", ");
    json_member("observation", result->observation, ", ");
    json_member("expected", result->expected ? result->expected : "", ", ");
    json_member("reason", result->known ? result->known : "", ", ");
    printf("\"runs\": %d, \"bad_runs\": %d, \"ms\": %.0f, \"notes\": ", result->runs, result->bad_runs, result->took);
    json_list(notes, "\n");
    putchar('}');
}

static void tap_result(const struct result *result, const char *ok, const char *verdict)
{
    printf("%s %d - %s [%s%s%s]", ok, number, result->test->name, result->test->facts,
           *result->test->nt_facts ? " " : "", result->test->nt_facts);
    if (!strcmp(verdict, "known") || !strcmp(verdict, "limited"))
        printf(" # TODO %s", result->known);
    else if (result->verdict == SKIPPED)
        printf(" # SKIP");
    putchar('\n');
    if (result->bad_runs && result->runs > 1)
        printf("# failed in %d of %d runs\n", result->bad_runs, result->runs);
    if (!strcmp(verdict, "differs"))
        printf("# differs from what is expected, which no published source promises\n");
    if (!strcmp(verdict, "stale"))
        printf("# stale: listed as a %s (%s), but it passes\n", result->limited ? "host limit" : "deviation",
               result->known);
    if (*result->observation)
        printf("# observed: %s\n", result->observation);
    char notes[sizeof result->notes];
    memcpy(notes, result->notes, sizeof notes);
    for (char *line = strtok(notes, "\n"); line; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
}

// A test that fails on a host now and then is listed there, but proves nothing when it passes.
static bool is_stale(const struct result *result)
{
    const char *now_and_then = "now and then";
    return result->known && result->verdict == PASSED &&
           strncmp(result->known, now_and_then, strlen(now_and_then)) != 0;
}

static const char *count_verdict(const struct result *result, bool strict)
{
    if (result->verdict == SKIPPED) {
        skipped++;
        return "skipped";
    }
    if (result->verdict == PASSED) {
        passed++;
        if (!is_stale(result))
            return "passed";
        stale++;
        return "stale";
    }
    if (result->limited) {
        limited++;
        return "limited";
    }
    if (result->known) {
        known++;
        return "known";
    }
    if (result->test->kind == OBSERVATION_TEST && !strict) {
        differing++;
        return "differs";
    }
    failed++;
    return "failed";
}

void report_result(const struct result *result, bool strict)
{
    const char *verdict = count_verdict(result, strict);
    bool bad = !strcmp(verdict, "known") || !strcmp(verdict, "limited") || !strcmp(verdict, "failed");
    number++;
    if (json)
        json_result(result, verdict);
    else
        tap_result(result, bad ? "not ok" : "ok", verdict);
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
        printf(
            "\n],\n\"passed\": %d, \"failed\": %d, \"known\": %d, \"limited\": %d, \"stale\": %d, \"differing\": %d, "
            "\"skipped\": %d\n}\n",
            passed, failed, known, limited, stale, differing, skipped);
    else
        printf("# %d passed, %d failed, %d known deviations, %d host limits, %d stale deviations, %d observations that "
               "differ, "
               "%d skipped\n",
               passed, failed, known, limited, stale, differing, skipped);
    fflush(stdout);
    return failed ? 1 : 0;
}
