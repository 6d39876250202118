// SPDX-License-Identifier: MIT
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_explain(void)
{
    puts("usage: ntpool-conformance [OPTION]...\n"
         "Says, fact by fact, how a Windows thread pool behaves.\n"
         "\n"
         "  --dll NAME_OR_PATH   resolve every entry point from this DLL (default: the system's kernel32 and ntdll)\n"
         "  --list               list the tests with the facts that they test\n"
         "  --only PATTERN       run the tests whose name matches (* and ? as in file names; several with commas)\n"
         "  --fact ID            run the tests of this fact (a pattern too: 'WORK-*,POOL-001')\n"
         "  --format tap|json    how to report (default: tap)\n"
         "  --repeat N           run each test N times\n"
         "  --rounds N           tests that do the same thing over and over do it N times, whatever that takes (see "
         "--watchdog);\n"
         "                       otherwise 20 times or so, and fewer on a slow machine\n"
         "  --attempts N         a failed test is run again, up to N times in all, and passes with a note if it does "
         "once\n"
         "                       (for a host whose own pool fails now and then)\n"
         "  --jobs N             run up to N tests at the same time\n"
         "  --limits FILE        facts that a host makes impossible, one 'FACT on HOST: evidence' a line: their "
         "binding tests\n"
         "                       may fail there\n"
         "  --deviations FILE    known failures of this host, one 'test: reason' a line\n"
         "  --observations FILE  what each observation must have seen, one 'test: what was seen' a line; those without "
         "a "
         "line\n"
         "                       must be as expected. Implies --strict.\n"
         "  --strict             an observation that differs from what is expected is a failure\n"
         "  --fail-fast          stop at the first failure\n"
         "  --watchdog SECONDS   how long a test may take (default: 60)\n"
         "\n"
         "Exit code: 0 when nothing failed but known deviations and host limits, 1 when something did, 2 for bad "
         "usage.");
}

static bool number(const char *option, const char *text, int *value)
{
    char *end;
    long parsed = strtol(text, &end, 10);
    if (*end || end == text || parsed < 1 || parsed > 1000000) {
        fprintf(stderr, "ntpool-conformance: %s needs a number of at least 1, not '%s'\n", option, text);
        return false;
    }
    *value = (int)parsed;
    return true;
}

static bool format(const char *text, bool *json)
{
    *json = !strcmp(text, "json");
    if (*json || !strcmp(text, "tap"))
        return true;
    fprintf(stderr, "ntpool-conformance: --format is tap or json, not '%s'\n", text);
    return false;
}

static bool flag(struct options *options, const char *name)
{
    if (!strcmp(name, "--list"))
        options->list = true;
    else if (!strcmp(name, "--strict"))
        options->strict = true;
    else if (!strcmp(name, "--fail-fast"))
        options->fail_fast = true;
    else if (!strcmp(name, "--help") || !strcmp(name, "-h"))
        options->help = true;
    else
        return false;
    return true;
}

static bool with_value(struct options *options, const char *name, const char *value, bool *known)
{
    *known = true;
    const struct {
        const char *name;
        const char **where;
    } texts[] = {{"--dll", &options->dll},
                 {"--only", &options->only},
                 {"--fact", &options->fact},
                 {"--run", &options->run},
                 {"--deviations", &options->deviations},
                 {"--observations", &options->observations},
                 {"--limits", &options->limits},
                 {"--scenario", &options->scenario}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *texts[i].where = value;
            return true;
        }
    if (!strcmp(name, "--repeat"))
        return number(name, value, &options->repeat);
    if (!strcmp(name, "--rounds"))
        return number(name, value, &options->rounds);
    if (!strcmp(name, "--attempts"))
        return number(name, value, &options->attempts);
    if (!strcmp(name, "--jobs"))
        return number(name, value, &options->jobs);
    if (!strcmp(name, "--watchdog"))
        return number(name, value, &options->watchdog);
    if (!strcmp(name, "--format"))
        return format(value, &options->json);
    *known = false;
    return false;
}

bool options_parse(struct options *options, int count, char **arguments)
{
    *options = (struct options){.repeat = 1, .attempts = 1, .jobs = 1, .watchdog = 60};
    for (int i = 1; i < count; i++) {
        if (flag(options, arguments[i]))
            continue;
        bool known;
        bool good = with_value(options, arguments[i], i + 1 < count ? arguments[i + 1] : "1", &known);
        if (!known || i + 1 == count) {
            fprintf(stderr, "ntpool-conformance: %s '%s'; --help lists the options\n",
                    known ? "a value is missing after" : "unknown option", arguments[i]);
            return false;
        }
        if (!good)
            return false;
        i++;
    }
    options->strict |= options->observations != NULL;
    return true;
}
