// SPDX-License-Identifier: MIT
//
// The export surface: which names a pool offers, and which it must not.
#include "harness/suite.h"

#include <string.h>

#define NAME(result, name, parameters) #name,
static const char *const win32_names[] = {WIN32_ENTRY_POINTS(NAME)};
static const char *const tp_names[] = {TP_ENTRY_POINTS(NAME)};
static const char *const rtl_names[] = {RTL_ENTRY_POINTS(NAME)};

static void check_exported(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(exported(names[i]), "%s is not exported", names[i]);
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

BINDING(all_win32_names_are_exported, "EXP-001 EXP-014 POOL-044")
{
    _Static_assert(COUNT(win32_names) == 51, "the table lost a name");
    check_exported(win32_names, COUNT(win32_names));
}

OBSERVATION(whether_waits_have_an_ex_function, "WAIT-040")
{
    bool found = exported("SetThreadpoolWaitEx") != NULL;
    observe("SetThreadpoolWaitEx is %s", found ? "exported" : "missing");
    check(found, "expected that it is exported");
}

OBSERVATION_AT_NT_LEVEL(all_tp_names_are_exported, "EXP-010")
{
    _Static_assert(COUNT(tp_names) == 37, "the table lost a name");
    check_exported(tp_names, COUNT(tp_names));
}

OBSERVATION_AT_NT_LEVEL(all_rtl_names_are_exported, "EXP-012 NT-037")
{
    _Static_assert(COUNT(rtl_names) == 14, "the table lost a name");
    check_exported(rtl_names, COUNT(rtl_names));
}

// ---- What the other system libraries and the API sets offer ----------------------------------------------------

static const char *const kernel32_only[] = {"BindIoCompletionCallback",    "CancelTimerQueueTimer", "DeleteTimerQueue",
                                            "RegisterWaitForSingleObject", "SetTimerQueueTimer",    "UnregisterWait"};
static const char *const older_names[] = {"ChangeTimerQueueTimer", "CreateTimerQueue",      "CreateTimerQueueTimer",
                                          "DeleteTimerQueueEx",    "DeleteTimerQueueTimer", "QueueUserWorkItem",
                                          "UnregisterWaitEx"};

static bool among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

static bool is_kernel32_only(const char *name)
{
    return among(name, kernel32_only, COUNT(kernel32_only));
}

static bool is_object_name(const char *name)
{
    return !is_kernel32_only(name) && !among(name, older_names, COUNT(older_names)) &&
           strcmp(name, "RegisterWaitForSingleObjectEx") != 0;
}

// A pool of another DLL is not behind the system's libraries: it has to offer what they offer.
static bool offered_by(const char *library, const char *name)
{
    if (module_under_test() != GetModuleHandleA("kernel32.dll"))
        return exported(name);
    HMODULE module = LoadLibraryA(library);
    require(module, "%s cannot be loaded: error %lu", library, GetLastError());
    return GetProcAddress(module, name) != NULL;
}

static void check_offered(const char *library, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(offered_by(library, names[i]), "%s does not offer %s", library, names[i]);
}

static void check_all_offered(const char *library, bool (*belongs)(const char *), size_t expected)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT(win32_names); i++)
        if (belongs(win32_names[i])) {
            count++;
            check_offered(library, &win32_names[i], 1);
        }
    check(count == expected, "%u names instead of %u are looked for", (unsigned)count, (unsigned)expected);
}

static bool belongs_to_kernelbase(const char *name)
{
    return !is_kernel32_only(name);
}

BINDING(kernelbase_offers_45_names, "EXP-002")
{
    check_all_offered("kernelbase.dll", belongs_to_kernelbase, 45);
}

BINDING(the_api_set_of_the_object_interface_offers_37_names, "EXP-004 EXP-005")
{
    check_all_offered("api-ms-win-core-threadpool-l1-2-0.dll", is_object_name, 37);
}

BINDING(the_api_set_of_the_older_interface_offers_7_names, "EXP-006")
{
    _Static_assert(COUNT(older_names) == 7, "the table lost a name");
    check_offered("api-ms-win-core-threadpool-legacy-l1-1-0.dll", older_names, COUNT(older_names));
}

BINDING(an_api_set_offers_what_kernel32_alone_has, "EXP-008")
{
    static const char *const names[] = {"RegisterWaitForSingleObject", "UnregisterWait"};
    check_offered("api-ms-win-core-kernel32-legacy-l1-1-0.dll", names, COUNT(names));
    check(offered_by("api-ms-win-core-kernel32-legacy-l1-1-0.dll", "BindIoCompletionCallback") ||
              offered_by("api-ms-win-core-kernel32-legacy-l1-1-1.dll", "BindIoCompletionCallback"),
          "BindIoCompletionCallback is offered by neither version");
}

static bool belongs_to_windows_7(const char *name)
{
    return strcmp(name, "SetThreadpoolTimerEx") != 0 && strcmp(name, "SetThreadpoolWaitEx") != 0 &&
           strcmp(name, "QueueUserWorkItem") != 0 && !is_kernel32_only(name);
}

OBSERVATION(the_api_set_of_windows_7_offers_42_names, "EXP-003")
{
    if (module_under_test() == GetModuleHandleA("kernel32.dll") &&
        !LoadLibraryA("api-ms-win-core-threadpool-l1-1-0.dll"))
        skip("this host has no api-ms-win-core-threadpool-l1-1-0.dll");
    check_all_offered("api-ms-win-core-threadpool-l1-1-0.dll", belongs_to_windows_7, 42);
}

OBSERVATION(the_private_api_set_offers_the_ex_form_of_registration, "EXP-007")
{
    check(offered_by("api-ms-win-core-threadpool-private-l1-1-0.dll", "RegisterWaitForSingleObjectEx"),
          "RegisterWaitForSingleObjectEx is not offered");
}

OBSERVATION(the_api_set_is_served_by_kernelbase, "EXP-009")
{
    HMODULE module = LoadLibraryA("api-ms-win-core-threadpool-l1-2-0.dll"), home = NULL;
    require(module, "the API set cannot be loaded: error %lu", GetLastError());
    void *address = (void *)GetProcAddress(module, "CreateThreadpoolWork");
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, address,
                       &home);
    check(home == GetModuleHandleA("kernelbase.dll"), "another module serves it");
}

OBSERVATION_AT_NT_LEVEL(which_undocumented_names_are_exported, "EXP-011 NT-038 NT-039 NT-040 NT-041 NT-042 THR-019")
{
    static const char *const groups[][12] = {
        {"ALPC", "TpAllocAlpcCompletion", "TpAllocAlpcCompletionEx", "TpAlpcRegisterCompletionList",
         "TpAlpcUnregisterCompletionList", "TpCallbackSendAlpcMessageOnCompletion", "TpCallbackSendPendingAlpcMessage",
         "TpReleaseAlpcCompletion", "TpWaitForAlpcCompletion"},
        {"jobs", "TpAllocJobNotification", "TpReleaseJobNotification", "TpWaitForJobNotification"},
        {"tuning", "TpSetPoolThreadBasePriority", "TpSetPoolMaxThreadsSoftLimit", "TpSetDefaultPoolMaxThreads",
         "TpSetDefaultPoolStackInformation", "TpSetPoolWorkerThreadIdleTimeout", "TpSetPoolThreadCpuSets",
         "TpTrimPools", "TpPoolFreeUnusedNodes"},
        {"internal", "TpCallbackIndependent", "TpCallbackDetectedUnrecoverableError", "TpTimerOutstandingCallbackCount",
         "TpCheckTerminateWorker", "TpCaptureCaller", "TpDisablePoolCallbackChecks", "TpDbgDumpHeapUsage",
         "TpDbgGetFreeInfo", "TpDbgSetLogRoutine"}};
    for (size_t i = 0; i < COUNT(groups); i++) {
        int found = 0, all = 0;
        for (size_t j = 1; j < COUNT(groups[i]) && groups[i][j]; j++, all++)
            found += exported(groups[i][j]) != NULL;
        observe("%s: %d of %d", groups[i][0], found, all);
    }
}

BINDING(inline_functions_are_not_exported, "EXP-013")
{
    static const char *const names[] = {
        "InitializeThreadpoolEnvironment",   "DestroyThreadpoolEnvironment",    "SetThreadpoolCallbackPool",
        "SetThreadpoolCallbackCleanupGroup", "SetThreadpoolCallbackRunsLong",   "SetThreadpoolCallbackLibrary",
        "SetThreadpoolCallbackPriority",     "SetThreadpoolCallbackPersistent", "TpInitializeCallbackEnviron",
        "TpDestroyCallbackEnviron",          "TpSetCallbackThreadpool",         "TpSetCallbackCleanupGroup",
        "TpSetCallbackLongFunction",         "TpSetCallbackRaceWithDll",        "TpSetCallbackPriority",
        "TpSetCallbackPersistent",           "TpSetCallbackActivationContext",  "TpSetCallbackNoActivationContext",
        "TpSetCallbackFinalizationCallback"};
    for (size_t i = 0; i < COUNT(names); i++)
        check(!exported(names[i]), "%s is inline and must not be exported", names[i]);
}
