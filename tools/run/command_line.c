// SPDX-License-Identifier: MIT
/*
 * The program gets its part of the command line as it is, character by character. Taking it apart into arguments and
 * putting those together again would not do: not every program reads its command line as the C runtime does.
 */
#include "command_line.h"
#include "complain.h"

#include <stdlib.h>

static bool is_space(wchar_t character)
{
    return character == L' ' || character == L'\t';
}

static const wchar_t *skip_spaces(const wchar_t *text)
{
    while (is_space(*text))
        text++;
    return text;
}

/* The first word is a file's name: a quote ends at the next one, and backslashes mean nothing. */
static const wchar_t *skip_name(const wchar_t *text)
{
    bool quoted = false;

    for (; *text && (quoted || !is_space(*text)); text++)
        if (*text == L'"')
            quoted = !quoted;
    return text;
}

/* Reads one argument by the C runtime's rules into word, which is as long as text, and goes on behind it. */
static const wchar_t *read_word(const wchar_t *text, wchar_t *word)
{
    bool quoted = false;

    while (*text && (quoted || !is_space(*text))) {
        size_t backslashes = 0;

        while (text[backslashes] == L'\\')
            backslashes++;
        text += backslashes;
        if (*text != L'"') {
            while (backslashes--)
                *word++ = L'\\';
            if (*text && (quoted || !is_space(*text)))
                *word++ = *text++;
            continue;
        }
        for (size_t i = 0; i < backslashes / 2; i++)
            *word++ = L'\\';
        if (backslashes % 2)
            *word++ = L'"';
        else if (quoted && text[1] == L'"')
            *word++ = *text++;
        else
            quoted = !quoted;
        text++;
    }
    *word = L'\0';
    return text;
}

static wchar_t *new_word(const wchar_t *text)
{
    wchar_t *word = malloc((wcslen(text) + 1) * sizeof(*word));

    if (!word)
        exit(complain(RUN_FAILED, L"out of memory"));
    return word;
}

/* An option that is there or not. */
static bool *find_flag(struct options *options, const wchar_t *word)
{
    if (!wcscmp(word, L"--children"))
        return &options->children;
    if (!wcscmp(word, L"--dry-run"))
        return &options->dry_run;
    if (!wcscmp(word, L"--help") || !wcscmp(word, L"-h"))
        return &options->help;
    if (!wcscmp(word, L"--version"))
        return &options->version;
    return NULL;
}

/* An option with a value, which is the next word or comes behind "="; *rest is where that starts, NULL: the next word.
 */
static const wchar_t **find_value(struct options *options, const wchar_t *word, const wchar_t **rest)
{
    static const wchar_t dll[] = L"--dll", log[] = L"--log";
    const size_t length = sizeof(dll) / sizeof(*dll) - 1;

    if ((wcsncmp(word, dll, length) && wcsncmp(word, log, length)) || (word[length] && word[length] != L'='))
        return NULL;
    *rest = word[length] ? word + length + 1 : NULL;
    return wcsncmp(word, dll, length) ? &options->log : &options->dll;
}

bool read_command_line(const wchar_t *text, struct options *options)
{
    *options = (struct options){0};
    text = skip_spaces(skip_name(text));
    while (*text) {
        wchar_t *word = new_word(text);
        const wchar_t *behind = read_word(text, word);
        const wchar_t **value, *rest;
        bool *flag;

        if (word[0] != L'-' || !word[1]) {
            options->program = word;
            options->command_line = wcscpy(new_word(text), text);
            return true;
        }
        text = skip_spaces(behind);
        if (!wcscmp(word, L"--")) {
            if (*text) {
                read_word(text, word);
                options->program = word;
                options->command_line = wcscpy(new_word(text), text);
            }
            return true;
        }
        flag = find_flag(options, word);
        if (flag) {
            *flag = true;
            continue;
        }
        value = find_value(options, word, &rest);
        if (!value) {
            complain(RUN_USAGE, L"there is no option %ls; --help lists them", word);
            return false;
        }
        if (!rest) {
            wchar_t *next = new_word(text);

            text = skip_spaces(read_word(text, next));
            rest = next;
        }
        if (!*rest) {
            complain(RUN_USAGE, L"%ls needs a value; --help says which", word);
            return false;
        }
        *value = rest;
    }
    return true;
}
