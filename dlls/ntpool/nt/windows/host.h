// SPDX-License-Identifier: MIT
/* What the files of this folder know about the host they run on. Written once by nt_initialize, read-only after. */
#ifndef NTPOOL_NT_WINDOWS_HOST_H
#define NTPOOL_NT_WINDOWS_HOST_H

#include "../nt.h"
#include "ntdll.h"
#include "table.h"

struct nt_host {
    void *module;
    bool is_wine;
    bool is_baseline;
    bool module_is_system;
    struct {
#define ENTRY(dll, name, result, arguments, windows, wine, replacement) result(WINAPI *name) arguments;
        NT_TABLE(ENTRY)
#undef ENTRY
    } optional;
};

extern struct nt_host nt_host;

/** Chooses the clock. After the table is filled. */
void nt_clock_initialize(void);
/** Chooses how threads park. After the table is filled. */
void nt_park_initialize(void);
/** Enters the loader: NT_SUCCESS, NT_PENDING when it is busy in another thread, or a failure. */
NTSTATUS nt_loader_try_enter(ULONG_PTR *cookie);
void nt_loader_leave(ULONG_PTR cookie);
/** Tells where this DLL was loaded from. */
bool nt_module_was_loaded_from_system(const void *module);

/**
 * A wait's time limit in the form that the system calls take: NULL for NT_FOREVER, else limit, filled with what is
 * left until deadline. The host may end such a wait early; callers compare with nt_time_now() and wait again.
 */
const LARGE_INTEGER *nt_time_limit(uint64_t deadline, LARGE_INTEGER *limit);

/** UTF-16 of length characters into a terminated UTF-8 buffer; the length, or 0 when it does not fit. */
size_t nt_text_to_utf8(const WCHAR *text, size_t length, char *buffer, size_t size);
/** UTF-8 into UTF-16, terminated; the number of characters, or 0 when it does not fit in size of them. */
size_t nt_text_to_utf16(const char *text, WCHAR *buffer, size_t size);

/** Opens path for appending without allocating; NULL on failure. */
HANDLE nt_open_for_append(const char *path);

#endif
