// SPDX-License-Identifier: MIT
/*
 * Opens the log. Builds the kernel's name of the file on the stack, without ntdll's conversion, which allocates: the
 * first text to be appended may be the one written at the process's end.
 */
#include "host.h"

#define LONGEST_PATH 1024

struct kernel_path {
    WCHAR text[LONGEST_PATH + 16];
    size_t length;
};

static void append(struct kernel_path *path, const WCHAR *text)
{
    while (*text != L'\0')
        path->text[path->length++] = *text++;
}

static void append_backslashed(struct kernel_path *path, const WCHAR *text)
{
    for (; *text != L'\0'; text++)
        path->text[path->length++] = *text == L'/' ? L'\\' : *text;
}

static bool build(struct kernel_path *path, const char *name)
{
    WCHAR given[LONGEST_PATH];
    WCHAR full[LONGEST_PATH];
    ULONG bytes;

    path->length = 0;
    if (nt_text_to_utf16(name, given, LONGEST_PATH) == 0)
        return false;
    append(path, L"\\??\\");
    // A Unix path, as Wine's users write it, whatever drive the program happens to be on.
    if (nt_host.is_wine && given[0] == L'/' && given[1] != L'/') {
        append(path, L"unix");
        append_backslashed(path, given);
        return true;
    }
    bytes = RtlGetFullPathName_U(given, sizeof(full), full, NULL);
    if (bytes == 0 || bytes >= sizeof(full))
        return false;
    if (full[0] != L'\\' || full[1] != L'\\') {
        append(path, full);
    } else if ((full[2] == L'?' || full[2] == L'.') && full[3] == L'\\') {
        append(path, full + 4);
    } else {
        append(path, L"UNC");
        append(path, full + 1);
    }
    return true;
}

HANDLE nt_open_for_append(const char *path)
{
    struct kernel_path name;
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file;

    if (!build(&name, path))
        return NULL;
    text.Buffer = name.text;
    text.Length = (USHORT)(name.length * sizeof(WCHAR));
    text.MaximumLength = text.Length;
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtCreateFile(&file, FILE_APPEND_DATA | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                     FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_OPEN_IF,
                     FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0) < 0)
        return NULL;
    return file;
}
