// SPDX-License-Identifier: MIT
#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_explain(void)
{
    puts("usage: ntpool-bench [OPTION]...\n"
         "Times the thread pool API of Windows, each row in processes of its own.\n"
         "\n"
         "  --dll DLL       time this one: a name, a path, or 'builtin' for the system's own pool (the default)\n"
         "  --compare A B   time two of them in turn, and show the ratio and the target beside them\n"
         "  --only PATTERN  the rows whose name matches (* and ? as in file names; several with commas), and their "
         "limits\n"
         "  --runs N        how often each row is run (default: 3)\n"
         "  --scale F       multiply all quantities (default: 1)\n"
         "  --limit S       how many seconds a run may take (default: 120)\n"
         "  --json FILE     write all numbers to a file too\n"
         "  --list          list the rows with what they time\n"
         "\n"
         "Exit code: 0 when each row has its numbers, 1 when one has not, 2 for bad usage. A missed target is no "
         "error.");
}

static bool whole(const char *option, const char *text, int most, int *value)
{
    char *end;
    long parsed = strtol(text, &end, 10);
    if (*end || end == text || parsed < 1 || parsed > most) {
        fprintf(stderr, "ntpool-bench: %s needs a number from 1 to %d, not '%s'\n", option, most, text);
        return false;
    }
    *value = (int)parsed;
    return true;
}

static bool factor(const char *option, const char *text, double *value)
{
    char *end;
    double parsed = strtod(text, &end);
    if (*end || end == text || !isfinite(parsed) || parsed <= 0 || parsed > 1000) {
        fprintf(stderr, "ntpool-bench: %s needs a factor above 0 and up to 1000, not '%s'\n", option, text);
        return false;
    }
    *value = parsed;
    return true;
}

static bool take_dll(struct options *options, int index, const char *name)
{
    if (!*name) {
        fprintf(stderr, "ntpool-bench: the name of a DLL is empty; 'builtin' stands for the system's own pool\n");
        return false;
    }
    bool system = !strcmp(name, "builtin");
    options->dlls[index] = system ? NULL : name;
    const char *last = name;
    for (const char *c = name; *c; c++)
        if (*c == '/' || *c == '\\')
            last = c + 1;
    options->names[index] = last;
    return true;
}

static bool take_value(struct options *options, const char *name, const char *value, bool *known)
{
    const struct {
        const char *name;
        const char **where;
    } texts[] = {{"--only", &options->only},
                 {"--json", &options->json},
                 {"--child", &options->child},
                 {"--token", &options->token}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(name, texts[i].name)) {
            *texts[i].where = value;
            return true;
        }
    if (!strcmp(name, "--dll"))
        return take_dll(options, 0, value);
    if (!strcmp(name, "--runs"))
        return whole(name, value, RUNS_AT_MOST, &options->runs);
    if (!strcmp(name, "--limit"))
        return whole(name, value, 86400, &options->limit_s);
    if (!strcmp(name, "--scale"))
        return factor(name, value, &options->scale);
    *known = false;
    return false;
}

static bool take_compare(struct options *options, int left, char **values)
{
    if (left < 2) {
        fprintf(stderr, "ntpool-bench: --compare needs two DLLs\n");
        return false;
    }
    options->compare = true;
    return take_dll(options, 0, values[0]) && take_dll(options, 1, values[1]);
}

bool options_parse(struct options *options, int count, char **arguments)
{
    *options = (struct options){.runs = 3, .scale = 1, .limit_s = 120, .names = {"builtin", NULL}, .token = ""};
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (!strcmp(name, "--list")) {
            options->list = true;
        } else if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
            options->help = true;
        } else if (!strcmp(name, "--compare")) {
            if (!take_compare(options, count - i - 1, arguments + i + 1))
                return false;
            i += 2;
        } else {
            bool known = true;
            bool last = i + 1 == count;
            bool good = take_value(options, name, last ? "1" : arguments[i + 1], &known);
            if (!known || last) {
                fprintf(stderr, "ntpool-bench: %s '%s'; --help lists the options\n",
                        known ? "a value is missing after" : "unknown option", name);
                return false;
            }
            if (!good)
                return false;
            i++;
        }
    }
    return true;
}
