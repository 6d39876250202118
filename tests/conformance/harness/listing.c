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

// The entry is a pattern of names, or "FACT on HOST".
static bool is_of_a_test(const struct test *test, const char *entry)
{
    const char *on = strstr(entry, " on ");
    char fact[32];
    if (!on)
        return matches(entry, test->name);
    snprintf(fact, sizeof fact, "%.*s", (int)(on - entry), entry);
    return names_fact(test, fact);
}

static bool is_of_any_test(const char *entry)
{
    size_t count;
    struct test **tests = all_tests(&count);
    for (size_t i = 0; i < count; i++)
        if (is_of_a_test(tests[i], entry))
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
        fprintf(stderr, "ntpool-conformance: %s:%d: expected 'test: text' or 'FACT on HOST: text', found '%s'\n", file,
                number, text);
        return false;
    }
    *colon = '\0';
    if (!is_of_any_test(text)) {
        fprintf(stderr, "ntpool-conformance: %s:%d: there is no test for '%s'; remove or correct the line\n", file,
                number, text);
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

const char *listing_text(const struct listing *listing, const char *name)
{
    for (const struct line *line = listing ? listing->last : NULL; line; line = line->before)
        if (matches(line->pattern, name))
            return line->text;
    return NULL;
}
