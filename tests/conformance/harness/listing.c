// SPDX-License-Identifier: MIT
#include "listing.h"

#include "registry.h"

#include <stdlib.h>
#include <string.h>

struct line {
    struct line *before;
    char pattern[128];
    char text[512];
};

struct listing {
    struct line *last;
};

static bool names_a_test(const char *pattern)
{
    size_t count;
    struct test **tests = all_tests(&count);
    for (size_t i = 0; i < count; i++)
        if (matches(pattern, tests[i]->name))
            return true;
    return false;
}

static bool read_line(struct listing *listing, const char *file, int number, char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text || *text == '#')
        return true;
    char *colon = strstr(text, ": ");
    if (!colon || colon == text || !colon[2]) {
        fprintf(stderr, "ntpool-conformance: %s:%d: expected 'test: text', found '%s'\n", file, number, text);
        return false;
    }
    *colon = '\0';
    if (!names_a_test(text)) {
        fprintf(stderr, "ntpool-conformance: %s:%d: there is no test '%s'; remove or correct the line\n", file, number,
                text);
        return false;
    }
    struct line *line = malloc(sizeof *line);
    if (!line)
        abort();
    snprintf(line->pattern, sizeof line->pattern, "%s", text);
    snprintf(line->text, sizeof line->text, "%s", colon + 2);
    line->before = listing->last;
    listing->last = line;
    return true;
}

// The C runtime's fopen knows no paths of the system below Wine.
const struct listing *listing_read(const char *file)
{
    char path[1024];
    to_dos_path(file, path, sizeof path);
    FILE *stream = fopen(path, "r");
    if (!stream) {
        fprintf(stderr, "ntpool-conformance: the file '%s' cannot be opened\n", file);
        return NULL;
    }
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing)
        abort();
    char text[1024];
    bool good = true;
    for (int number = 1; good && fgets(text, sizeof text, stream); number++)
        good = read_line(listing, file, number, text);
    fclose(stream);
    return good ? listing : NULL;
}

const char *listing_text(const struct listing *listing, const char *test)
{
    for (const struct line *line = listing ? listing->last : NULL; line; line = line->before)
        if (matches(line->pattern, test))
            return line->text;
    return NULL;
}
