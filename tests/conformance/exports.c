// SPDX-License-Identifier: MIT
//
// The export surface: which names a pool offers, and which it must not.
#include "harness/suite.h"

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
