// SPDX-License-Identifier: MIT
/* A line of text that is put together on the stack, for messages: no C runtime is there to format one. */
#ifndef NTPOOL_NT_LINE_H
#define NTPOOL_NT_LINE_H

#include "nt/nt.h"

enum { NT_LINE_SIZE = 640 };

struct nt_line {
    char text[NT_LINE_SIZE];
    size_t length; /* what does not fit is cut off */
};

static inline void nt_line_put(struct nt_line *line, const char *text)
{
    while (*text && line->length < NT_LINE_SIZE - 1)
        line->text[line->length++] = *text++;
}

static inline void nt_line_put_digits(struct nt_line *line, uint64_t number, unsigned base)
{
    char digits[20 + 1];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    nt_line_put(line, digits + at);
}

static inline void nt_line_put_number(struct nt_line *line, uint64_t number)
{
    nt_line_put_digits(line, number, 10);
}

static inline void nt_line_put_hex(struct nt_line *line, uint64_t number)
{
    nt_line_put(line, "0x");
    nt_line_put_digits(line, number, 16);
}

/** Begins a message of this process: "ntpool[PID] event". */
static inline void nt_line_begin(struct nt_line *line, const char *event)
{
    line->length = 0;
    nt_line_put(line, "ntpool[");
    nt_line_put_number(line, nt_process_id());
    nt_line_put(line, "] ");
    nt_line_put(line, event);
}

/** Ends the line and appends it to path ("stderr" for the standard error) in one write. */
static inline void nt_line_append(struct nt_line *line, const char *path)
{
    line->text[line->length++] = '\n'; /* there is always room for it */
    nt_append(path, line->text, line->length);
}

#endif
