// SPDX-License-Identifier: MIT
#include "host.h"

/* Long enough for any path that Windows takes without a special prefix; longer values count as too long. */
#define LONGEST_VALUE 1024

size_t nt_text_to_utf8(const WCHAR *text, size_t length, char *buffer, size_t size)
{
    ULONG written = 0;

    if (size == 0)
        return 0;
    buffer[0] = '\0';
    if (length == 0 ||
        RtlUnicodeToUTF8N(buffer, (ULONG)(size - 1), &written, text, (ULONG)(length * sizeof(WCHAR))) < 0) {
        buffer[0] = '\0';
        return 0;
    }
    buffer[written] = '\0';
    return written;
}

size_t nt_text_to_utf16(const char *text, WCHAR *buffer, size_t size)
{
    size_t length = 0;
    ULONG bytes = 0;

    while (text[length] != '\0')
        length++;
    if (length == 0 || RtlUTF8ToUnicodeN(buffer, (ULONG)((size - 1) * sizeof(WCHAR)), &bytes, text, (ULONG)length) < 0)
        return 0;
    buffer[bytes / sizeof(WCHAR)] = L'\0';
    return bytes / sizeof(WCHAR);
}

size_t nt_environment(const char *name, char *buffer, size_t size)
{
    WCHAR wide_name[64];
    WCHAR wide_value[LONGEST_VALUE];
    UNICODE_STRING name_text = {.Buffer = wide_name, .MaximumLength = sizeof(wide_name)};
    UNICODE_STRING value_text = {.Buffer = wide_value, .MaximumLength = sizeof(wide_value)};

    name_text.Length = (USHORT)(nt_text_to_utf16(name, wide_name, sizeof(wide_name) / sizeof(WCHAR)) * sizeof(WCHAR));
    if (name_text.Length == 0 || RtlQueryEnvironmentVariable_U(NULL, &name_text, &value_text) < 0)
        return nt_text_to_utf8(NULL, 0, buffer, size);
    return nt_text_to_utf8(wide_value, value_text.Length / sizeof(WCHAR), buffer, size);
}
