// SPDX-License-Identifier: MIT
/* The part of a thread's state that a callback has to leave as it found it (THR-001 to THR-009). */
#include "watch.h"

#define MUI_LANGUAGE_NAME_FLAG 0x8
#define MUI_THREAD_ONLY_FLAG   0x40

typedef HANDLE WINAPI get_transaction(void);
typedef BOOL WINAPI set_transaction(HANDLE transaction);
typedef NTSTATUS WINAPI get_languages(ULONG flags, ULONG *count, WCHAR *buffer, ULONG *size);
typedef HRESULT WINAPI get_apartment(int *type, int *qualifier);
typedef void WINAPI leave_apartment(void);
typedef DWORD WINAPI queue_status(UINT kinds);
typedef BOOL WINAPI each_window(DWORD thread, BOOL(CALLBACK *visit)(void *window, LPARAM argument), LPARAM argument);

static get_transaction *current_transaction;
static set_transaction *change_transaction;
static get_languages *thread_languages;

void thread_state_initialize(void)
{
    current_transaction = (get_transaction *)(uintptr_t)nt_system_function("RtlGetCurrentTransaction");
    change_transaction = (set_transaction *)(uintptr_t)nt_system_function("RtlSetCurrentTransaction");
    thread_languages = (get_languages *)(uintptr_t)nt_system_function("RtlGetThreadPreferredUILanguages");
}

static void know(struct thread_state *state, enum nt_leftover what, uintptr_t value)
{
    state->of[what] = value;
    state->known |= 1u << what;
}

static void read_thread(struct thread_state *state)
{
    struct ntdll_thread_basic thread;
    ULONG io_priority;

    if (NtQueryInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_BASIC, &thread, sizeof(thread), NULL) >= 0) {
        know(state, NT_LEFT_PRIORITY, (uintptr_t)(intptr_t)thread.base_priority);
        know(state, NT_LEFT_AFFINITY, thread.affinity);
    }
    // Background mode is the lowest I/O priority.
    if (NtQueryInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_IO_PRIORITY, &io_priority, sizeof(io_priority),
                                 NULL) >= 0)
        know(state, NT_LEFT_BACKGROUND, io_priority == 0);
}

static void read_token(struct thread_state *state)
{
    HANDLE token;
    NTSTATUS status = NtOpenThreadToken(NTDLL_CURRENT_THREAD, TOKEN_QUERY, TRUE, &token);

    if (status >= 0)
        NtClose(token);
    know(state, NT_LEFT_TOKEN, status != NTDLL_STATUS_NO_TOKEN);
}

/* The list of names as one number, which is enough to see a change. */
static void read_languages(struct thread_state *state)
{
    WCHAR names[256];
    ULONG count = 0, size = sizeof(names) / sizeof(names[0]);
    uintptr_t sum = 0;

    if (thread_languages == NULL ||
        thread_languages(MUI_LANGUAGE_NAME_FLAG | MUI_THREAD_ONLY_FLAG, &count, names, &size) < 0)
        return;
    if (size > sizeof(names) / sizeof(names[0]))
        return;
    for (ULONG i = 0; i < size; i++)
        sum = sum * 31 + names[i];
    know(state, NT_LEFT_LANGUAGES, sum * 31 + count);
}

/* ---- COM and the window system, where the program has loaded them -------------------------------------- */

static void *guest_function(const WCHAR *module_name, const char *function_name)
{
    UNICODE_STRING module_text;
    ANSI_STRING function_text;
    HMODULE module;
    void *function;

    RtlInitUnicodeString(&module_text, module_name);
    RtlInitAnsiString(&function_text, function_name);
    if (LdrGetDllHandle(NULL, 0, &module_text, &module) < 0 ||
        LdrGetProcedureAddress(module, &function_text, 0, &function) < 0)
        return NULL;
    return function;
}

/* A thread that has initialized nothing may still be in the apartment that others have made for all: not its doing. */
static uintptr_t apartment_of_thread(get_apartment *function)
{
    enum { IMPLICIT = 1 };
    int type = 0, qualifier = 0;

    return function(&type, &qualifier) >= 0 && qualifier != IMPLICIT ? (uintptr_t)(intptr_t)type + 2 : 0;
}

static BOOL CALLBACK count_window(void *window, LPARAM count)
{
    (void)window;
    ++*(uintptr_t *)count;
    return TRUE;
}

static void read_guests(struct thread_state *state)
{
    enum { ALL_INPUT = 0x4ff };
    uintptr_t windows = 0;
    ULONG_PTR cookie;

    if (nt_loader_try_enter(&cookie) != NT_SUCCESS)
        return;
    void *apartment = guest_function(L"combase.dll", "CoGetApartmentType");
    void *queue = guest_function(L"user32.dll", "GetQueueStatus");
    void *each = guest_function(L"user32.dll", "EnumThreadWindows");
    nt_loader_leave(cookie);
    know(state, NT_LEFT_APARTMENT, apartment != NULL ? apartment_of_thread((get_apartment *)(uintptr_t)apartment) : 0);
    know(state, NT_LEFT_MESSAGE, queue != NULL ? ((queue_status *)(uintptr_t)queue)(ALL_INPUT) >> 16 : 0);
    if (each != NULL)
        ((each_window *)(uintptr_t)each)(nt_thread_id(), count_window, (LPARAM)&windows);
    know(state, NT_LEFT_WINDOW, windows);
}

void thread_state_read(struct thread_state *state)
{
    *state = (struct thread_state){.known = 0};
    read_thread(state);
    read_token(state);
    read_languages(state);
    if (current_transaction != NULL)
        know(state, NT_LEFT_TRANSACTION, (uintptr_t)current_transaction());
    read_guests(state);
}

static void restore_apartment(void)
{
    ULONG_PTR cookie;

    if (nt_loader_try_enter(&cookie) != NT_SUCCESS)
        return;
    void *leave = guest_function(L"combase.dll", "CoUninitialize");
    nt_loader_leave(cookie);
    if (leave != NULL)
        ((leave_apartment *)(uintptr_t)leave)();
}

void nt_watch_restore(enum nt_leftover what, const struct nt_leftovers *left)
{
    ULONG_PTR affinity = left->before[NT_LEFT_AFFINITY];

    switch (what) {
    case NT_LEFT_PRIORITY:
        nt_thread_set_priority((int)(intptr_t)left->before[NT_LEFT_PRIORITY]);
        break;
    case NT_LEFT_AFFINITY:
        NtSetInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_AFFINITY, &affinity, sizeof(affinity));
        break;
    case NT_LEFT_TOKEN:
        nt_token_impersonate(NULL);
        break;
    case NT_LEFT_TRANSACTION:
        if (change_transaction != NULL)
            change_transaction((HANDLE)left->before[NT_LEFT_TRANSACTION]);
        break;
    case NT_LEFT_APARTMENT:
        restore_apartment();
        break;
    default: // of the rest, what belongs to the program is left to it, and languages and background mode stay
        break;
    }
}
