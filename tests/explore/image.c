// SPDX-License-Identifier: MIT
/*
 * The statics of the program, which is linked to a fixed address. All of them are brought back but for the map of
 * arenas, which is large, and the same in every schedule.
 */
#include "machine.h"
#include "sched/arena_map.h"

#include <stdlib.h>
#include <string.h>

extern char __data_start[], _end[];

static char *image;

static size_t offset_of(const void *address)
{
    return (size_t)((const char *)address - __data_start);
}

void image_save(void)
{
    size_t size = offset_of(_end);

    image = malloc(size);
    if (image == NULL)
        explore_fail("out of memory");
    memcpy(image, __data_start, size);
}

void image_restore(void)
{
    const char *from = image;
    size_t before = offset_of(arena_map), behind = offset_of(arena_map + ARENAS / 64);

    memcpy(__data_start, from, before);
    memcpy(__data_start + behind, from + behind, offset_of(_end) - behind);
}
