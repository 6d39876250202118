// SPDX-License-Identifier: MIT
#include "host.h"

#include <string.h>

static const char *wine_version(void)
{
    const char *(*get)(void) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    memcpy(&get, &address, sizeof get);
    return get ? get() : NULL;
}

bool host_is_wine(void)
{
    return wine_version() != NULL;
}

void host_describe(char *out, size_t size)
{
    const char *wine = wine_version();
    if (wine) {
        snprintf(out, size, "Wine %s", wine);
        return;
    }
    NTSTATUS(NTAPI * get)(OSVERSIONINFOW *) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlGetVersion");
    memcpy(&get, &address, sizeof get);
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    if (get)
        get(&version);
    snprintf(out, size, "Windows %lu.%lu build %lu", version.dwMajorVersion, version.dwMinorVersion,
             version.dwBuildNumber);
}

// The fixed part of a version resource is found by its signature, so that no other DLL is needed to read it.
static const VS_FIXEDFILEINFO *fixed_info(HMODULE module)
{
    HRSRC found = FindResourceA(module, MAKEINTRESOURCEA(VS_VERSION_INFO), (const char *)RT_VERSION);
    HGLOBAL loaded = found ? LoadResource(module, found) : NULL;
    const char *data = loaded ? LockResource(loaded) : NULL;
    DWORD size = data ? SizeofResource(module, found) : 0;
    for (DWORD at = 0; at + sizeof(VS_FIXEDFILEINFO) <= size; at += sizeof(DWORD)) {
        const VS_FIXEDFILEINFO *info = (const void *)(data + at);
        if (info->dwSignature == 0xFEEF04BD)
            return info;
    }
    return NULL;
}

void host_module(char *path, size_t path_size, char *version, size_t version_size)
{
    HMODULE module = module_under_test();
    GetModuleFileNameA(module, path, (DWORD)path_size);
    const VS_FIXEDFILEINFO *info = fixed_info(module);
    snprintf(version, version_size, "unknown");
    if (info)
        snprintf(version, version_size, "%u.%u.%u.%u", HIWORD(info->dwFileVersionMS), LOWORD(info->dwFileVersionMS),
                 HIWORD(info->dwFileVersionLS), LOWORD(info->dwFileVersionLS));
}
