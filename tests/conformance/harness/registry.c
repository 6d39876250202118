// SPDX-License-Identifier: MIT
#include "registry.h"

#include <stdlib.h>
#include <string.h>

static struct test *tests;
static struct scenario *scenarios;
static size_t test_total;

void register_test(struct test *test)
{
    test->next = tests;
    tests = test;
    test_total++;
}

void register_scenario(struct scenario *scenario)
{
    scenario->next = scenarios;
    scenarios = scenario;
}

static int by_place(const void *left, const void *right)
{
    const struct test *a = *(struct test *const *)left, *b = *(struct test *const *)right;
    int order = strcmp(a->file, b->file);
    if (!order)
        order = a->line - b->line;
    if (!order)
        order = (a->level == &nt_level) - (b->level == &nt_level);
    return order;
}

struct test **all_tests(size_t *count)
{
    static struct test **sorted;
    *count = test_total;
    if (sorted)
        return sorted;
    sorted = malloc(sizeof *sorted * (test_total + 1));
    if (!sorted)
        abort();
    size_t i = 0;
    for (struct test *test = tests; test; test = test->next)
        sorted[i++] = test;
    qsort(sorted, test_total, sizeof *sorted, by_place);
    return sorted;
}

struct test *find_test(const char *name)
{
    for (struct test *test = tests; test; test = test->next)
        if (!strcmp(test->name, name))
            return test;
    return NULL;
}

struct scenario *find_scenario(const char *name)
{
    for (struct scenario *scenario = scenarios; scenario; scenario = scenario->next)
        if (!strcmp(scenario->name, name))
            return scenario;
    return NULL;
}

bool matches(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (const char *rest = text;; rest++) {
                if (matches(pattern + 1, rest))
                    return true;
                if (!*rest)
                    return false;
            }
        }
        if (!*text || (*pattern != '?' && *pattern != *text))
            return false;
    }
    return !*text;
}

bool matches_any(const char *patterns, const char *text)
{
    char pattern[256];
    while (*patterns) {
        size_t length = strcspn(patterns, ",");
        snprintf(pattern, sizeof pattern, "%.*s", (int)length, patterns);
        if (matches(pattern, text))
            return true;
        patterns += length;
        patterns += strspn(patterns, ",");
    }
    return false;
}

static bool any_word(const char *words, const char *patterns)
{
    char word[64];
    while (*words) {
        size_t length = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        if (matches_any(patterns, word))
            return true;
        words += length;
        words += strspn(words, " ");
    }
    return false;
}

bool names_fact(const struct test *test, const char *patterns)
{
    return any_word(test->facts, patterns) || any_word(test->nt_facts, patterns);
}
