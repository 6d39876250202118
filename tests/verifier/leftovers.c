// SPDX-License-Identifier: MIT
//
// Callbacks that leave something behind on their thread.
#include "verified.h"

#include "harness/say.h"

#include <string.h>

static CRITICAL_SECTION section;

// What no other test should load is looked up here.
#define FUNCTION(type, module, name)                                                                                   \
    __extension__({                                                                                                    \
        __typeof__(type) function_found;                                                                               \
        void *function_address = (void *)GetProcAddress(LoadLibraryA(module), name);                                   \
        require(function_address, "%s lacks %s", module, name);                                                        \
        memcpy(&function_found, &function_address, sizeof function_found);                                             \
        function_found;                                                                                                \
    })

static void leave_priority(void)
{
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL);
}

static void leave_affinity(void)
{
    SetThreadAffinityMask(GetCurrentThread(), 1);
}

static void leave_token(void)
{
    require(ImpersonateSelf(SecurityImpersonation), "cannot impersonate: error %lu", GetLastError());
}

static void leave_apartment(void)
{
    FUNCTION(HRESULT(WINAPI *)(void *, DWORD), "ole32.dll", "CoInitializeEx")(NULL, 0x2);
}

static void leave_message(void)
{
    MSG message;
    FUNCTION(BOOL(WINAPI *)(MSG *, HWND, UINT, UINT, UINT), "user32.dll", "PeekMessageA")
    (&message, NULL, 0, 0, PM_NOREMOVE);
    FUNCTION(BOOL(WINAPI *)(DWORD, UINT, WPARAM, LPARAM), "user32.dll", "PostThreadMessageA")
    (GetCurrentThreadId(), 0x400, 0, 0);
}

static void leave_window(void)
{
    typedef HWND WINAPI create(DWORD, const char *, const char *, DWORD, int, int, int, int, HWND, HMENU, HINSTANCE,
                               void *);
    HWND window = FUNCTION(create *, "user32.dll", "CreateWindowExA")(0, "static", "", WS_POPUP, 0, 0, 1, 1, NULL, NULL,
                                                                      NULL, NULL);
    if (!window) {
        say("no window");
        TerminateProcess(GetCurrentProcess(), 0);
    }
}

static void leave_section(void)
{
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
}

static void leave_section_tried(void)
{
    InitializeCriticalSection(&section);
    require(TryEnterCriticalSection(&section), "not entered");
}

static void leave_new_mutex(void)
{
    CreateMutexA(NULL, TRUE, NULL);
}

static void leave_mutex(void)
{
    HANDLE handles[] = {CreateEventA(NULL, TRUE, TRUE, NULL), CreateMutexA(NULL, FALSE, NULL)};
    WaitForMultipleObjects(2, handles, TRUE, INFINITE);
}

// Any handle will do: the thread only remembers it.
static void leave_transaction(void)
{
    FUNCTION(BOOL(WINAPI *)(HANDLE), "ntdll.dll", "RtlSetCurrentTransaction")(CreateEventA(NULL, TRUE, FALSE, NULL));
}

static void leave_languages(void)
{
    SetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, L"de-DE\0", NULL);
}

static void leave_background(void)
{
    SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN);
}

static void end_thread(void)
{
    ExitThread(0);
}

static const struct {
    const char *name;
    void (*leave)(void);
    DWORD status;
    const char *text;
} leftovers[] = {
    {"priority", leave_priority, 0xC000071B, "returned with another priority: 1 instead of 0"},
    {"affinity", leave_affinity, 0xC0000721, "returned with another affinity: 0x1 instead of 0x"},
    {"token", leave_token, 0xC0000710, "returned impersonating"},
    {"apartment", leave_apartment, STOP_STATUS, "returned in another COM apartment"},
    {"message", leave_message, STOP_STATUS, "returned with window messages in its queue"},
    {"window", leave_window, STOP_STATUS, "returned with another number of windows"},
    {"section", leave_section, STOP_STATUS, "returned owning a critical section, 0x"},
    {"section tried", leave_section_tried, STOP_STATUS, "returned owning a critical section, 0x"},
    {"new mutex", leave_new_mutex, STOP_STATUS, "returned owning a mutex, 0x"},
    {"mutex", leave_mutex, STOP_STATUS, "returned owning a mutex, 0x"},
    // What not every host has, from here on; see below.
    {"transaction", leave_transaction, 0xC000071D, "returned with a current transaction"},
    {"languages", leave_languages, 0xC000071F, "returned with other preferred languages"},
    {"background", leave_background, 0xC0000720, "returned in background mode"},
};

enum { FIRST_THAT_NOT_EVERY_HOST_HAS = 10 };

static void leave_what_is_asked(void)
{
    for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
        if (!strcmp(asked(1), leftovers[i].name))
            leftovers[i].leave();
}

SCENARIO(leave_behind)
{
    say_crashes();
    callback_body = leave_what_is_asked;
    run_kind(asked(0));
    say("went on");
    Sleep(GENEROUS); // an exception on a worker is under way, perhaps
    return 0;
}

static void check_left(const char *kind, size_t left)
{
    DWORD_PTR process, system;
    GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
    if (leftovers[left].leave == leave_affinity && process == 1)
        skip("there is one processor");
    struct verified verified = run_verified("leave_behind", kind, leftovers[left].name);
    if (strstr(verified.outcome.output, "no window")) {
        observe("no window could be made, so none could be left");
        return;
    }
    char blamed[200];
    snprintf(blamed, sizeof blamed, "verifier: the %s ntpool-verifier-tests.exe+0x", kind);
    check_verified(&verified, leftovers[left].status, blamed, leftovers[left].text);
}

BINDING(each_leftover_is_told_and_raised, "THR-001 THR-002 THR-003 THR-004 THR-005 THR-006 THR-008 THR-011 EXC-004")
{
    for (size_t i = 0; i < FIRST_THAT_NOT_EVERY_HOST_HAS; i++)
        check_left("work callback", i);
}

// ---- What not every host has ----------------------------------------------------------------------------------------

static void check_left_named(const char *name)
{
    for (size_t i = FIRST_THAT_NOT_EVERY_HOST_HAS; i < sizeof leftovers / sizeof *leftovers; i++)
        if (!strcmp(leftovers[i].name, name))
            check_left("work callback", i);
}

BINDING(a_transaction_left_behind_is_told_and_raised, "THR-007")
{
    if (!GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlSetCurrentTransaction"))
        skip("ntdll.dll lacks RtlSetCurrentTransaction");
    leave_transaction();
    if (!FUNCTION(HANDLE(WINAPI *)(void), "ntdll.dll", "RtlGetCurrentTransaction")())
        skip("RtlSetCurrentTransaction has no effect here");
    check_left_named("transaction");
}

BINDING(preferred_languages_left_behind_are_told_and_raised, "THR-009")
{
    WCHAR names[64] = {0};
    ULONG count = 0, room = 64;
    leave_languages();
    if (!GetThreadPreferredUILanguages(MUI_LANGUAGE_NAME | MUI_THREAD_LANGUAGES, &count, names, &room) ||
        wcscmp(names, L"de-DE") != 0)
        skip("SetThreadPreferredUILanguages has no effect here");
    check_left_named("languages");
}

BINDING(background_mode_left_behind_is_told_and_raised, "THR-009")
{
    enum { IO_PRIORITY = 22 };
    typedef LONG WINAPI query(HANDLE, int, void *, ULONG, ULONG *);
    ULONG priority;
    if (FUNCTION(query *, "ntdll.dll", "NtQueryInformationThread")(GetCurrentThread(), IO_PRIORITY, &priority,
                                                                   sizeof priority, NULL) < 0)
        skip("NtQueryInformationThread does not tell ThreadIoPriority, in which background mode shows");
    if (!SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN))
        skip("SetThreadPriority knows no background mode: error %lu", GetLastError());
    check_left_named("background");
}

BINDING(callbacks_of_every_kind_are_watched, "THR-002 THR-011 EXC-004")
{
    for (int i = 1; i < callback_kind_count; i++) {
        check_left(callback_kinds[i].name, 0);
        check_left(callback_kinds[i].name, 6);
    }
}

// ---- Callbacks that behave, and handlers that go on ---------------------------------------------------------------

static void behave(void)
{
    EnterCriticalSection(&section);
    EnterCriticalSection(&section);
    LeaveCriticalSection(&section);
    LeaveCriticalSection(&section);
    HANDLE mutex = CreateMutexA(NULL, TRUE, NULL);
    ReleaseMutex(mutex);
    WaitForSingleObject(mutex, INFINITE);
    ReleaseMutex(mutex);
    CloseHandle(mutex);
    leave_priority();
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL);
    leave_token();
    RevertToSelf();
    leave_apartment();
    FUNCTION(void(WINAPI *)(void), "ole32.dll", "CoUninitialize")();
}

static void CALLBACK leave_on_return(PTP_CALLBACK_INSTANCE instance, void *context)
{
    HANDLE *mutex = context;
    EnterCriticalSection(&section);
    api.LeaveCriticalSectionWhenCallbackReturns(instance, &section);
    *mutex = CreateMutexA(NULL, TRUE, NULL);
    api.ReleaseMutexWhenCallbackReturns(instance, *mutex);
}

SCENARIO(behaving)
{
    say_crashes();
    InitializeCriticalSection(&section);
    callback_body = behave;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < callback_kind_count; i++)
            run_kind(callback_kinds[i].name);
    HANDLE mutex = NULL;
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    api.TrySubmitThreadpoolCallback(leave_on_return, &mutex, &environment);
    api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    api.CloseThreadpoolCleanupGroup(group);
    return 0;
}

BINDING(callbacks_that_behave_are_left_in_peace, "THR-001")
{
    struct verified verified = run_verified("behaving", "", "");
    check_verified(&verified, 0, " up ", " down ");
    check(!strstr(verified.log, "verifier:"), "it complained: %s", verified.log);
}

static volatile LONG continued;

static LONG CALLBACK go_on(EXCEPTION_POINTERS *exception)
{
    DWORD code = exception->ExceptionRecord->ExceptionCode;
    if (code >> 8 != 0xC00007 && code != STOP_STATUS)
        return EXCEPTION_CONTINUE_SEARCH;
    count_up(&continued);
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void leave_several(void)
{
    leave_priority();
    leave_token();
    leave_apartment();
}

static void look(void)
{
    HANDLE token;
    int type, qualifier;
    HRESULT apartment = FUNCTION(HRESULT(WINAPI *)(int *, int *), "ole32.dll", "CoGetApartmentType")(&type, &qualifier);
    say("priority %d, %s, %s", GetThreadPriority(GetCurrentThread()),
        OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token) ? "impersonating" : "itself",
        SUCCEEDED(apartment) ? "in an apartment" : "in no apartment");
}

// One thread, so that the second callback comes where the first has been.
SCENARIO(going_on)
{
    say_crashes();
    AddVectoredExceptionHandler(1, go_on);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(&win32_level, 1));
    extern void CALLBACK body_of_simple(PTP_CALLBACK_INSTANCE, void *);
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    environment.CleanupGroup = group;
    api.TrySubmitThreadpoolCallback(body_of_simple, (void *)leave_several, &environment);
    api.TrySubmitThreadpoolCallback(body_of_simple, (void *)look, &environment);
    api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    say("%ld exceptions", counted(&continued));
    return 0;
}

void CALLBACK body_of_simple(PTP_CALLBACK_INSTANCE instance, void *context);
void CALLBACK body_of_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    ((void (*)(void))context)();
}

BINDING(what_was_left_is_put_back_when_a_handler_goes_on, "THR-002 THR-006 THR-008")
{
    struct verified verified = run_verified("going_on", "", "");
    check_verified(&verified, 0, "another priority", "another COM apartment");
    check(strstr(verified.outcome.output, "priority 0, itself, in no apartment"), "the next callback saw: %s",
          verified.outcome.output);
    check(strstr(verified.outcome.output, "3 exceptions"), "not three exceptions: %s", verified.outcome.output);
}

SCENARIO(ending_its_thread)
{
    say_crashes();
    callback_body = end_thread;
    run_kind(asked(0));
    return 0;
}

// Raised while the loader tells the modules of the thread's end, where some hosts swallow exceptions.
BINDING(a_callback_that_ends_its_thread_is_told, "THR-010 LIB-007")
{
    struct verified verified = run_verified("ending_its_thread", "work callback", "");
    check(!verified.outcome.hung, "the process hung");
    check(strstr(verified.log, "the work callback ntpool-verifier-tests.exe+0x"), "not blamed: %s", verified.log);
    check(strstr(verified.log, "ended its thread"), "not told: %s", verified.log);
}
