// SPDX-License-Identifier: MIT
/*
 * A process may get ntpool twice: from its prefix and from a launcher, or from a launcher and by being linked with it.
 * There is to be one pool. The copy whose attach notification comes first serves; every later one finds it in the
 * loader's list and sends each of its exports there. Attach notifications come one at a time, under the loader's lock.
 */
#include "api/api.h"

#include <winternl.h>

NTSTATUS NTAPI LdrGetProcedureAddress(HMODULE module, const ANSI_STRING *name, ULONG ordinal, void **address);
PEB *NTAPI RtlGetCurrentPeb(void);
NTSTATUS NTAPI LdrAddRefDll(ULONG flags, HMODULE module);

#define PIN 1

void *api_first_copy[API_COUNT];

/** The module that serves; NULL until this copy was attached. By this export copies know each other. */
HMODULE ntpool_serving_copy;

static const struct {
    const char *name;
    USHORT length;
} names[API_COUNT] = {
#define EXPORT(export_name) [API_##export_name] = {#export_name, sizeof(#export_name) - 1},
    API_EXPORTS(EXPORT)
#undef EXPORT
};

static void *find_export(HMODULE module, const char *name, USHORT length)
{
    ANSI_STRING text = {length, (USHORT)(length + 1), (char *)(uintptr_t)name};
    void *address;

    return LdrGetProcedureAddress(module, &text, 0, &address) >= 0 ? address : NULL;
}

static bool is_named_ntpool(const char *base)
{
    static const char own_name[] = "ntpool.dll";
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_DATA_DIRECTORY *directory = &headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    const char *name;

    if (!directory->VirtualAddress || !directory->Size)
        return false;
    name = base + ((const IMAGE_EXPORT_DIRECTORY *)(base + directory->VirtualAddress))->Name;
    for (size_t i = 0; i < sizeof(own_name); i++)
        if (name[i] != own_name[i])
            return false;
    return true;
}

static HMODULE serving_copy_in(HMODULE module)
{
    static const char marker[] = "ntpool_serving_copy";
    HMODULE *serving;

    if (!is_named_ntpool((const char *)module))
        return NULL;
    serving = find_export(module, marker, sizeof(marker) - 1);
    return serving ? *serving : NULL;
}

void api_find_first_copy(HMODULE self)
{
    LIST_ENTRY *head = &RtlGetCurrentPeb()->Ldr->InMemoryOrderModuleList;
    HMODULE first = NULL;

    for (LIST_ENTRY *link = head->Flink; link != head && !first; link = link->Flink) {
        HMODULE module = CONTAINING_RECORD(link, LDR_DATA_TABLE_ENTRY, InMemoryOrderLinks)->DllBase;
        if (module && module != self)
            first = serving_copy_in(module);
    }
    ntpool_serving_copy = first ? first : self;
    if (!first)
        return;
    LdrAddRefDll(PIN, first); /* it outlives us, who point into it */
    for (int i = 0; i < API_COUNT; i++)
        api_first_copy[i] = find_export(first, names[i].name, names[i].length);
}
