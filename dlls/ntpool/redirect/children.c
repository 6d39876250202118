// SPDX-License-Identifier: MIT
#include "redirect/children.h"
#include "redirect/graft.h"

/* clang-format off */
#define PARAMETERS(character, startup)                                                                                 \
    const character *program, character *command_line, SECURITY_ATTRIBUTES *process_security,                         \
    SECURITY_ATTRIBUTES *thread_security, BOOL inherits, DWORD flags, void *environment, const character *directory,  \
    startup *startup_information, PROCESS_INFORMATION *started
#define ARGUMENTS(with_flags)                                                                                          \
    program, command_line, process_security, thread_security, inherits, with_flags, environment, directory,           \
    startup_information, started
/* clang-format on */

typedef BOOL WINAPI create_process_a(PARAMETERS(char, STARTUPINFOA));
typedef BOOL WINAPI create_process_w(PARAMETERS(WCHAR, STARTUPINFOW));
typedef BOOL WINAPI create_process_as_user_a(HANDLE token, PARAMETERS(char, STARTUPINFOA));
typedef BOOL WINAPI create_process_as_user_w(HANDLE token, PARAMETERS(WCHAR, STARTUPINFOW));

/* Written by children_prepare, before anything leads here. */
static struct {
    create_process_a *create_a;
    create_process_w *create_w;
    create_process_as_user_a *as_user_a;
    create_process_as_user_w *as_user_w;
} systems;
static children_missed *tell_missed;
static char own_path[GRAFT_PATH_SIZE];

/* The child is there and must run, whatever comes of it; the caller's last error is the system's. */
static void take_along(const PROCESS_INFORMATION *started, DWORD asked_flags)
{
    enum graft_result result = graft_dll(started->hProcess, own_path, LETTER_CHILDREN);

    if (result != GRAFT_DONE && result != GRAFT_DONE_BEFORE)
        tell_missed(started->dwProcessId, graft_result_text(result));
    if (!(asked_flags & CREATE_SUSPENDED))
        NtResumeThread(started->hThread, NULL);
}

static BOOL WINAPI create_a(PARAMETERS(char, STARTUPINFOA))
{
    BOOL done = systems.create_a(ARGUMENTS(flags | CREATE_SUSPENDED));

    if (done)
        take_along(started, flags);
    return done;
}

static BOOL WINAPI create_w(PARAMETERS(WCHAR, STARTUPINFOW))
{
    BOOL done = systems.create_w(ARGUMENTS(flags | CREATE_SUSPENDED));

    if (done)
        take_along(started, flags);
    return done;
}

static BOOL WINAPI as_user_a(HANDLE token, PARAMETERS(char, STARTUPINFOA))
{
    BOOL done = systems.as_user_a(token, ARGUMENTS(flags | CREATE_SUSPENDED));

    if (done)
        take_along(started, flags);
    return done;
}

static BOOL WINAPI as_user_w(HANDLE token, PARAMETERS(WCHAR, STARTUPINFOW))
{
    BOOL done = systems.as_user_w(token, ARGUMENTS(flags | CREATE_SUSPENDED));

    if (done)
        take_along(started, flags);
    return done;
}

static bool read_own_path(HMODULE self)
{
    struct ntdll_module *module;
    size_t length;

    if (LdrFindEntryForAddress((const void *)self, &module) < 0)
        return false;
    length = module->full_name.Length / sizeof(WCHAR);
    if (length >= sizeof(own_path))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (module->full_name.Buffer[i] > 0x7e)
            return false;
        own_path[i] = (char)module->full_name.Buffer[i];
    }
    return true;
}

static void *find(HMODULE module, const char *name)
{
    ANSI_STRING text;
    void *function;

    RtlInitAnsiString(&text, name);
    return LdrGetProcedureAddress(module, &text, 0, &function) < 0 ? NULL : function;
}

struct redirect_names children_prepare(void *self, children_missed *missed)
{
    static const struct redirect_name names[] = {
        {"CreateProcessA", (void *)(uintptr_t)create_a},
        {"CreateProcessAsUserA", (void *)(uintptr_t)as_user_a},
        {"CreateProcessAsUserW", (void *)(uintptr_t)as_user_w},
        {"CreateProcessW", (void *)(uintptr_t)create_w},
    };
    static const WCHAR kernelbase[] = L"kernelbase.dll";
    UNICODE_STRING text;
    HMODULE module;

    RtlInitUnicodeString(&text, kernelbase);
    tell_missed = missed;
    if (!read_own_path(self) || LdrGetDllHandle(NULL, 0, &text, &module) < 0)
        return (struct redirect_names){0};
    systems.create_a = (create_process_a *)(uintptr_t)find(module, "CreateProcessA");
    systems.create_w = (create_process_w *)(uintptr_t)find(module, "CreateProcessW");
    systems.as_user_a = (create_process_as_user_a *)(uintptr_t)find(module, "CreateProcessAsUserA");
    systems.as_user_w = (create_process_as_user_w *)(uintptr_t)find(module, "CreateProcessAsUserW");
    if (!systems.create_a || !systems.create_w || !systems.as_user_a || !systems.as_user_w)
        return (struct redirect_names){0};
    return (struct redirect_names){names, sizeof(names) / sizeof(*names)};
}
