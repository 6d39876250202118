// SPDX-License-Identifier: MIT
#include "load_image.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_IMAGE = 4 << 20 };

// x86_64 and the machines this is built for are little-endian.
static uint64_t number(const uint8_t *p, size_t width)
{
    uint64_t v = 0;

    memcpy(&v, p, width);
    return v;
}

static bool add_slot(struct loaded *l, struct loaded_slot slot)
{
    // Doubled at powers of two.
    if ((l->slot_count & (l->slot_count - 1)) == 0) {
        struct loaded_slot *more = realloc(l->slots, (l->slot_count ? l->slot_count * 2 : 1) * sizeof(*more));

        if (!more)
            return false;
        l->slots = more;
    }
    l->slots[l->slot_count++] = slot;
    return true;
}

static bool bind(struct loaded *l, uint32_t dll, uint32_t lookup, uint32_t iat, bool delayed)
{
    for (size_t i = 0;; i++) {
        if (lookup + (i + 1) * 8 > l->size || iat + i * 8 > l->size)
            return false;
        uint64_t thunk = number(l->memory + lookup + i * 8, 8);
        struct loaded_slot slot = {.rva = (uint32_t)(iat + i * 8), .dll = (char *)l->memory + dll, .delayed = delayed};

        if (thunk == 0)
            return true;
        if (thunk >> 63)
            slot.ordinal = (uint16_t)thunk;
        else if (thunk + 2 < l->size)
            slot.name = (char *)l->memory + thunk + 2;
        else
            return false;
        if (!add_slot(l, slot))
            return false;
    }
}

static bool bind_all(struct loaded *l, const uint8_t *directories)
{
    uint32_t imports = (uint32_t)number(directories + 8, 4);
    uint32_t delayed = (uint32_t)number(directories + 13 * 8, 4);

    for (const uint8_t *p = l->memory + imports; imports; p += 20) {
        uint32_t lookup = (uint32_t)number(p, 4);
        uint32_t dll = (uint32_t)number(p + 12, 4);
        uint32_t iat = (uint32_t)number(p + 16, 4);

        if (!dll || !iat)
            break;
        if (!bind(l, dll, lookup ? lookup : iat, iat, false))
            return false;
    }
    for (const uint8_t *p = l->memory + delayed; delayed && number(p + 4, 4); p += 32) {
        if (!bind(l, (uint32_t)number(p + 4, 4), (uint32_t)number(p + 16, 4), (uint32_t)number(p + 12, 4), true))
            return false;
    }
    return true;
}

struct loaded load_image(const uint8_t *file, size_t size)
{
    const uint8_t *pe = file + number(file + 60, 4);
    const uint8_t *optional = pe + 24;
    const uint8_t *section = optional + number(pe + 20, 2);
    size_t alignment = number(optional + 32, 4);
    struct loaded l = {.size = (number(optional + 56, 4) + alignment - 1) / alignment * alignment};
    uint8_t directories[16 * 8] = {0};

    (void)size;
    if (l.size > MAX_IMAGE)
        return l;
    // Zeros behind the image end whatever runs up to its end.
    l.memory = calloc(1, l.size + 64);
    if (!l.memory)
        return l;
    memcpy(l.memory, file, number(optional + 60, 4));
    for (size_t i = number(pe + 6, 2); i > 0; i--, section += 40) {
        size_t virtual_size = number(section + 8, 4);
        size_t raw_size = number(section + 16, 4);
        size_t held = virtual_size && virtual_size < raw_size ? virtual_size : raw_size;

        if (held)
            memcpy(l.memory + number(section + 12, 4), file + number(section + 20, 4), held);
    }
    memcpy(directories, optional + 112, number(optional + 108, 4) * 8);
    l.good = bind_all(&l, directories);
    return l;
}

void unload_image(struct loaded *l)
{
    free(l->memory);
    free(l->slots);
    memset(l, 0, sizeof(*l));
}
