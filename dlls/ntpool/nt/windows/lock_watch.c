// SPDX-License-Identifier: MIT
/*
 * Which locks a callback takes. No host tells which critical sections and mutexes a thread owns, so the module that a
 * callback lies in is made to tell what it takes: its imports of the functions below are led through here. A lock that
 * was given back again, or is none, is sorted out at the end, when each that was seen is asked for its owner.
 */
#include "watch.h"

#define WATCHED_IMPORTS(IMPORT)                                                                                        \
    IMPORT(EnterCriticalSection)                                                                                       \
    IMPORT(TryEnterCriticalSection)                                                                                    \
    IMPORT(WaitForSingleObject)                                                                                        \
    IMPORT(WaitForSingleObjectEx)                                                                                      \
    IMPORT(WaitForMultipleObjects)                                                                                     \
    IMPORT(WaitForMultipleObjectsEx)                                                                                   \
    IMPORT(CreateMutexA)                                                                                               \
    IMPORT(CreateMutexW)

enum import {
#define IMPORT(name) IMPORT_##name,
    WATCHED_IMPORTS(IMPORT)
#undef IMPORT
        IMPORTS
};

static const char *const names[IMPORTS] = {
#define IMPORT(name) #name,
    WATCHED_IMPORTS(IMPORT)
#undef IMPORT
};

/* What the modules called before; the same whichever module tells it. Written under patching before any module comes
 * here. */
static void *_Atomic originals[IMPORTS];
static _Atomic bool patching;

#define ORIGINAL(name) ((__typeof__(&watched_##name))(uintptr_t)atomic_load(&originals[IMPORT_##name]))

/* ---- what the modules call instead ----------------------------------------------------------------------- */

static bool owns_section(const void *section)
{
    RTL_CRITICAL_SECTION copy;
    SIZE_T got = 0;

    // Its memory may be gone.
    return NtReadVirtualMemory(NTDLL_CURRENT_PROCESS, section, &copy, sizeof(copy), &got) >= 0 && got == sizeof(copy) &&
           copy.OwningThread == ntdll_teb()->thread_id && copy.RecursionCount > 0;
}

static bool owns_mutex(HANDLE handle)
{
    struct {
        LONG count;
        BOOLEAN owned_by_caller;
        BOOLEAN abandoned;
    } mutex;

    return NtQueryMutant(handle, 0, &mutex, sizeof(mutex), NULL) >= 0 && mutex.owned_by_caller;
}

static void note_section(void *section)
{
    struct watch *watch = watch_current();
    unsigned at = 0;

    if (watch == NULL)
        return;
    for (; at < watch->section_count; at++)
        if (watch->sections[at] == section)
            return;
    if (at == WATCH_LOCKS) // in the place of one that was left again
        for (at = 0; at < WATCH_LOCKS - 1 && owns_section(watch->sections[at]); at++)
            ;
    else
        watch->section_count++;
    watch->sections[at] = section;
}

static void note_handle(HANDLE handle)
{
    struct watch *watch = watch_current();
    unsigned at = 0;

    if (watch == NULL)
        return;
    for (; at < watch->mutex_count; at++)
        if (watch->mutexes[at] == handle)
            return;
    if (at == WATCH_LOCKS)
        for (at = 0; at < WATCH_LOCKS - 1 && owns_mutex(watch->mutexes[at]); at++)
            ;
    else
        watch->mutex_count++;
    watch->mutexes[at] = handle;
}

static void note_handles(DWORD result, DWORD count, const HANDLE *handles, BOOL all)
{
    if (result >= WAIT_ABANDONED_0 && result < WAIT_ABANDONED_0 + count)
        result -= WAIT_ABANDONED_0;
    if (result >= count)
        return;
    if (!all)
        note_handle(handles[result]);
    for (DWORD i = 0; all && i < count; i++)
        note_handle(handles[i]);
}

static void WINAPI watched_EnterCriticalSection(CRITICAL_SECTION *section)
{
    ORIGINAL(EnterCriticalSection)(section);
    note_section(section);
}

static BOOL WINAPI watched_TryEnterCriticalSection(CRITICAL_SECTION *section)
{
    BOOL entered = ORIGINAL(TryEnterCriticalSection)(section);

    if (entered)
        note_section(section);
    return entered;
}

static DWORD WINAPI watched_WaitForSingleObject(HANDLE handle, DWORD milliseconds)
{
    DWORD result = ORIGINAL(WaitForSingleObject)(handle, milliseconds);

    note_handles(result, 1, &handle, FALSE);
    return result;
}

static DWORD WINAPI watched_WaitForSingleObjectEx(HANDLE handle, DWORD milliseconds, BOOL alertable)
{
    DWORD result = ORIGINAL(WaitForSingleObjectEx)(handle, milliseconds, alertable);

    note_handles(result, 1, &handle, FALSE);
    return result;
}

static DWORD WINAPI watched_WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all, DWORD milliseconds)
{
    DWORD result = ORIGINAL(WaitForMultipleObjects)(count, handles, all, milliseconds);

    note_handles(result, count, handles, all);
    return result;
}

static DWORD WINAPI watched_WaitForMultipleObjectsEx(DWORD count, const HANDLE *handles, BOOL all, DWORD milliseconds,
                                                     BOOL alertable)
{
    DWORD result = ORIGINAL(WaitForMultipleObjectsEx)(count, handles, all, milliseconds, alertable);

    note_handles(result, count, handles, all);
    return result;
}

static HANDLE WINAPI watched_CreateMutexA(SECURITY_ATTRIBUTES *security, BOOL owned, const char *name)
{
    HANDLE mutex = ORIGINAL(CreateMutexA)(security, owned, name);

    if (mutex != NULL && owned)
        note_handle(mutex);
    return mutex;
}

static HANDLE WINAPI watched_CreateMutexW(SECURITY_ATTRIBUTES *security, BOOL owned, const WCHAR *name)
{
    HANDLE mutex = ORIGINAL(CreateMutexW)(security, owned, name);

    if (mutex != NULL && owned)
        note_handle(mutex);
    return mutex;
}

/* ---- leading the imports through here ---------------------------------------------------------------------- */

static void *const replacements[IMPORTS] = {
#define IMPORT(name) (void *)watched_##name,
    WATCHED_IMPORTS(IMPORT)
#undef IMPORT
};

static bool text_equals(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void put_function(void **place, void *function)
{
    void *page = place;
    SIZE_T size = sizeof(*place);
    ULONG protection, ours;

    if (NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &page, &size, PAGE_READWRITE, &protection) < 0)
        return;
    *place = function;
    NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &page, &size, protection, &ours);
}

static void watch_import(const char *name, void **place)
{
    for (unsigned i = 0; i < IMPORTS; i++) {
        if (*place == replacements[i] || !text_equals(name, names[i]))
            continue;
        if (atomic_load(&originals[i]) == NULL)
            atomic_store(&originals[i], *place);
        put_function(place, replacements[i]);
        return;
    }
}

static void watch_imports(char *base)
{
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];

    if (directory->VirtualAddress == 0 || directory->Size == 0)
        return;
    const IMAGE_IMPORT_DESCRIPTOR *from = (const IMAGE_IMPORT_DESCRIPTOR *)(base + directory->VirtualAddress);
    for (; from->Name != 0 && from->FirstThunk != 0; from++) {
        const IMAGE_THUNK_DATA *import = (const IMAGE_THUNK_DATA *)(base + from->OriginalFirstThunk);
        void **place = (void **)(base + from->FirstThunk);
        if (from->OriginalFirstThunk == 0)
            continue; // the names are gone
        for (; import->u1.AddressOfData != 0; import++, place++)
            if (!IMAGE_SNAP_BY_ORDINAL(import->u1.Ordinal))
                watch_import((const char *)((const IMAGE_IMPORT_BY_NAME *)(base + import->u1.AddressOfData))->Name,
                             place);
    }
}

/* Each time anew: another module may lie at the same address. */
void lock_watch_module(const void *code)
{
    char *base = image_of(code);
    bool nobody = false;

    if (base == NULL || base == nt_host.module)
        return;
    while (!atomic_compare_exchange_weak(&patching, &nobody, true)) {
        nobody = false;
        NtYieldExecution();
    }
    watch_imports(base);
    atomic_store(&patching, false);
}

void lock_watch_end(struct watch *watch, struct nt_leftovers *left)
{
    for (unsigned i = 0; i < watch->section_count; i++)
        if (owns_section(watch->sections[i])) {
            left->found |= 1u << NT_LEFT_SECTION;
            left->now[NT_LEFT_SECTION] = (uintptr_t)watch->sections[i];
        }
    for (unsigned i = 0; i < watch->mutex_count; i++)
        if (owns_mutex(watch->mutexes[i])) {
            left->found |= 1u << NT_LEFT_MUTEX;
            left->now[NT_LEFT_MUTEX] = (uintptr_t)watch->mutexes[i];
        }
}
