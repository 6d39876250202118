// SPDX-License-Identifier: MIT
#include "redirect/originals.h"
#include "nt/windows/ntdll.h"

/* The place of the first entry that is not below. */
static unsigned find_place(const struct originals *originals, uint64_t address)
{
    unsigned low = 0, high = originals->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (originals->entries[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int originals_find(const struct originals *originals, uint64_t address)
{
    unsigned place = find_place(originals, address);

    return place < originals->count && originals->entries[place].address == address ? originals->entries[place].index
                                                                                    : -1;
}

void originals_add(struct originals *originals, uint64_t address, int index)
{
    unsigned place = find_place(originals, address);

    if (originals->count == sizeof(originals->entries) / sizeof(*originals->entries) ||
        (place < originals->count && originals->entries[place].address == address))
        return;
    for (unsigned i = originals->count++; i > place; i--)
        originals->entries[i] = originals->entries[i - 1];
    originals->entries[place] = (struct original){address, index};
}

void originals_collect(struct originals *originals, const struct redirect_names *names)
{
    static const WCHAR *const dlls[ORIGINALS_DLLS] = {L"kernel32.dll", L"kernelbase.dll", L"advapi32.dll"};

    originals->count = 0;
    for (unsigned i = 0; i < ORIGINALS_DLLS; i++) {
        UNICODE_STRING dll;
        HMODULE module;

        RtlInitUnicodeString(&dll, dlls[i]);
        if (LdrGetDllHandle(NULL, 0, &dll, &module) < 0)
            continue;
        for (unsigned j = 0; j < names->count; j++) {
            ANSI_STRING name;
            void *function;

            RtlInitAnsiString(&name, names->names[j].name);
            if (LdrGetProcedureAddress(module, &name, 0, &function) >= 0)
                originals_add(originals, (uintptr_t)function, (int)j);
        }
    }
}
