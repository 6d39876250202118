// SPDX-License-Identifier: MIT
#include "entry_points.h"

#include "suite.h"

#include <string.h>

struct entry_points api;

static HMODULE chosen;
static HMODULE kernel32;
static HMODULE kernelbase;
static HMODULE ntdll;

#define MISSING(result, name, parameters)                                                                              \
    static void missing_##name(void)                                                                                   \
    {                                                                                                                  \
        give_up("missing export " #name);                                                                              \
    }
ALL_ENTRY_POINTS(MISSING)
#undef MISSING

static void *look_up(HMODULE module, const char *name)
{
    return module ? (void *)GetProcAddress(module, name) : NULL;
}

void *exported(const char *name)
{
    if (chosen)
        return look_up(chosen, name);
    void *found = look_up(kernel32, name);
    if (!found)
        found = look_up(kernelbase, name);
    return found ? found : look_up(ntdll, name);
}

static void *system_export(const char *name, bool native)
{
    if (native)
        return look_up(ntdll, name);
    void *found = look_up(kernel32, name);
    return found ? found : look_up(kernelbase, name);
}

HMODULE module_under_test(void)
{
    return chosen ? chosen : kernel32;
}

void to_dos_path(const char *path, char *out, size_t size)
{
    bool unix_path = path[0] == '/' && GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    snprintf(out, size, "%s%s", unix_path ? "Z:" : "", path);
    if (strchr(path, '/')) {
        for (char *c = out; *c; c++)
            if (*c == '/')
                *c = '\\';
    }
}

HMODULE load_dll(const char *dll)
{
    char path[1024];
    to_dos_path(dll, path, sizeof path);
    return LoadLibraryA(path);
}

void entry_points_of(struct entry_points *points, HMODULE module)
{
    void *address;
#define RESOLVE(name, native)                                                                                          \
    address = module ? look_up(module, #name) : system_export(#name, native);                                          \
    if (!address)                                                                                                      \
        address = (void *)missing_##name;                                                                              \
    memcpy(&points->name, &address, sizeof address);
#define RESOLVE_WIN32(result, name, parameters) RESOLVE(name, false)
#define RESOLVE_NT(result, name, parameters)    RESOLVE(name, true)
    WIN32_ENTRY_POINTS(RESOLVE_WIN32)
    NT_ENTRY_POINTS(RESOLVE_NT)
}

bool entry_points_resolve(const char *dll)
{
    kernel32 = GetModuleHandleA("kernel32.dll");
    kernelbase = GetModuleHandleA("kernelbase.dll");
    ntdll = GetModuleHandleA("ntdll.dll");
    if (dll) {
        chosen = load_dll(dll);
        if (!chosen)
            return false;
    }
    entry_points_of(&api, chosen);
    return true;
}
