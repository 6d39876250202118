// SPDX-License-Identifier: MIT
#include "complain.h"

#include <stdarg.h>
#include <windows.h>

enum { LONGEST = 4096 };

static void put(FILE *to, const wchar_t *format, va_list arguments)
{
    wchar_t text[LONGEST];
    char bytes[3 * LONGEST];

    // A text that does not fit is cut.
    _vsnwprintf(text, LONGEST - 1, format, arguments);
    text[LONGEST - 1] = L'\0';
    if (WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof(bytes), NULL, NULL) > 0)
        fputs(bytes, to);
}

void say(FILE *to, const wchar_t *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put(to, format, arguments);
    va_end(arguments);
}

int complain(enum run_code code, const wchar_t *format, ...)
{
    va_list arguments;

    fputs("ntpool-run: ", stderr);
    va_start(arguments, format);
    put(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    return code;
}

const wchar_t *error_text(unsigned long error)
{
    static wchar_t text[512];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text,
                                  sizeof(text) / sizeof(*text), NULL);

    while (length > 0 && (text[length - 1] <= L' ' || text[length - 1] == L'.'))
        length--;
    text[length] = L'\0';
    if (!length)
        _snwprintf(text, sizeof(text) / sizeof(*text), L"error %lu", error);
    return text;
}
