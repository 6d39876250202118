// SPDX-License-Identifier: MIT
#include "deviations.h"

#include "registry.h"

#include <stdlib.h>
#include <string.h>

struct deviation {
    struct deviation *next;
    char pattern[128];
    char reason[256];
};

static struct deviation *deviations;

static bool names_a_test(const char *pattern)
{
    size_t count;
    struct test **tests = all_tests(&count);
    for (size_t i = 0; i < count; i++)
        if (matches(pattern, tests[i]->name))
            return true;
    return false;
}

static bool read_line(const char *file, int number, char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line || *line == '#')
        return true;
    char *colon = strstr(line, ": ");
    if (!colon || colon == line || !colon[2]) {
        fprintf(stderr, "ntpool-conformance: %s:%d: expected 'test: reason', found '%s'\n", file, number, line);
        return false;
    }
    *colon = '\0';
    if (!names_a_test(line)) {
        fprintf(stderr, "ntpool-conformance: %s:%d: there is no test '%s'; remove or correct the line\n", file, number,
                line);
        return false;
    }
    struct deviation *added = malloc(sizeof *added);
    if (!added)
        abort();
    snprintf(added->pattern, sizeof added->pattern, "%s", line);
    snprintf(added->reason, sizeof added->reason, "%s", colon + 2);
    added->next = deviations;
    deviations = added;
    return true;
}

// The C runtime's fopen knows no paths of the system below Wine.
bool deviations_read(const char *file)
{
    char path[1024];
    to_dos_path(file, path, sizeof path);
    FILE *stream = fopen(path, "r");
    if (!stream) {
        fprintf(stderr, "ntpool-conformance: the deviations file '%s' cannot be opened\n", file);
        return false;
    }
    char line[512];
    bool good = true;
    for (int number = 1; good && fgets(line, sizeof line, stream); number++)
        good = read_line(file, number, line);
    fclose(stream);
    return good;
}

const char *deviation_of(const char *test)
{
    for (struct deviation *deviation = deviations; deviation; deviation = deviation->next)
        if (matches(deviation->pattern, test))
            return deviation->reason;
    return NULL;
}
