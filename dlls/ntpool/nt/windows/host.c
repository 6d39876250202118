// SPDX-License-Identifier: MIT
#include "host.h"

struct nt_host nt_host;

static HMODULE find_module(const WCHAR *name)
{
    UNICODE_STRING text;
    HMODULE module;

    RtlInitUnicodeString(&text, name);
    return LdrGetDllHandle(NULL, 0, &text, &module) < 0 ? NULL : module;
}

static void *find_function(HMODULE module, const char *name)
{
    ANSI_STRING text;
    void *function;

    if (module == NULL)
        return NULL;
    RtlInitAnsiString(&text, name);
    return LdrGetProcedureAddress(module, &text, 0, &function) < 0 ? NULL : function;
}

/* Fills the table: all of it or, for the baseline, none. */
static void probe_optional(HMODULE ntdll)
{
    // Under Wine nothing of kernelbase is used, and it may itself be waiting for this DLL to load.
    HMODULE kernelbase = nt_host.is_wine ? NULL : find_module(L"kernelbase.dll");

#define ENTRY(dll, name, result, arguments, windows, wine, replacement)                                                \
    nt_host.optional.name = (__typeof__(nt_host.optional.name))(uintptr_t)find_function(dll, #name);
    NT_TABLE(ENTRY)
#undef ENTRY
}

static bool text_equals(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool baseline_is_asked_for(void)
{
    static const char complaint[] =
        "ntpool: NTPOOL_NT is set to something unknown and is ignored: set it to baseline, or unset it\n";
    char value[16];
    size_t length = nt_environment("NTPOOL_NT", value, sizeof(value));

    if (length == 0)
        return false;
    if (text_equals(value, "baseline"))
        return true;
    nt_append("stderr", complaint, sizeof(complaint) - 1);
    return false;
}

void nt_initialize(void *module)
{
    HMODULE ntdll = find_module(L"ntdll.dll");

    nt_host.module = module;
    nt_host.is_wine = find_function(ntdll, "wine_get_version") != NULL;
    nt_host.is_baseline = baseline_is_asked_for();
    nt_host.module_is_system = nt_module_was_loaded_from_system(module);
    if (!nt_host.is_baseline)
        probe_optional(ntdll);
    nt_clock_initialize();
    nt_park_initialize();
}

bool nt_is_baseline(void)
{
    return nt_host.is_baseline;
}
