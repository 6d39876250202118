// SPDX-License-Identifier: MIT
/*
 * Newer binutils (2.44 at least) put the slots of delay-loaded functions into a section that cannot be written, and the
 * helper of MinGW-w64 that fills them at the first call writes all the same. So who delay-loads makes them writable.
 */
#ifndef NTPOOL_SIDELOAD_DELAY_SLOTS_H
#define NTPOOL_SIDELOAD_DELAY_SLOTS_H

#include <windows.h>

/** Makes the section writable in which slot lies, the __imp_ symbol of a delay-loaded function. */
static inline void make_delay_slots_writable(void *slot)
{
    MEMORY_BASIC_INFORMATION section;
    DWORD before;

    if (VirtualQuery(slot, &section, sizeof(section)) && section.Protect == PAGE_READONLY)
        VirtualProtect(section.BaseAddress, section.RegionSize, PAGE_READWRITE, &before);
}

#endif
