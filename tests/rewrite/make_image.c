// SPDX-License-Identifier: MIT
#include "make_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

enum {
    SECTION_ROOM = 0x2000,
    TAIL_ROOM = 0x1000,
    IAT_ROOM = 0x1000,
    TEXT_RAW = MADE_HEADERS,
    TEXT_SIZE = MADE_RDATA_RAW - TEXT_RAW,
    IAT_RAW = MADE_RDATA_RAW + SECTION_ROOM,
    DATA_RAW = IAT_RAW + IAT_ROOM,
    DATA_SIZE = 0x1000,
    SECTIONS_END = DATA_RAW + DATA_SIZE,
    IMAGE_SIZE = MADE_DATA_RVA + DATA_SIZE,
    SECTIONS = 4,
    MAX_NAMES = 32,
};

// Parts are laid one after the other.
struct builder {
    struct made made;
    const struct recipe *recipe;
    size_t rdata; // file offset of what is free in .rdata
    size_t iat;   // the same for address tables, when they have a section
    size_t data;  // and for delay-load address tables
    size_t tail;
};

static uint32_t rva_of(size_t at)
{
    if (at >= DATA_RAW)
        return (uint32_t)(MADE_DATA_RVA + at - DATA_RAW);
    if (at >= IAT_RAW)
        return (uint32_t)(MADE_IAT_RVA + at - IAT_RAW);
    return (uint32_t)(MADE_RDATA_RVA + at - MADE_RDATA_RAW);
}

static void *must(void *memory)
{
    if (!memory) {
        fputs("make_image: no memory\n", stderr);
        abort();
    }
    return memory;
}

static size_t take(size_t *free_place, size_t size, size_t limit)
{
    size_t at = (*free_place + 7) & ~(size_t)7;

    *free_place = at + size;
    if (*free_place > limit) {
        fputs("make_image: a recipe is too large\n", stderr);
        abort();
    }
    return at;
}

static size_t take_rdata(struct builder *b, size_t size)
{
    return take(&b->rdata, size, IAT_RAW);
}

static uint32_t put_text(struct builder *b, const char *text, size_t length)
{
    size_t at = take_rdata(b, length + 1);

    memcpy(b->made.data + at, text, length);
    return rva_of(at);
}

static bool has(const struct builder *b, unsigned traits)
{
    return (b->recipe->traits & traits) != 0;
}

static void put_directory(struct builder *b, unsigned index, uint32_t rva, size_t size)
{
    put32(b->made.data + AT_DIRECTORIES + index * 8, rva);
    put32(b->made.data + AT_DIRECTORIES + index * 8 + 4, (uint32_t)size);
}

static void put_section(struct builder *b, unsigned index, const char *name, uint32_t rva, size_t raw, size_t size,
                        uint32_t characteristics)
{
    uint8_t *header = b->made.data + AT_SECTIONS + index * 40;

    memcpy(header, name, strlen(name));
    put32(header + 8, (uint32_t)size);
    put32(header + 12, rva);
    put32(header + 16, (uint32_t)size);
    put32(header + 20, (uint32_t)raw);
    put32(header + 36, characteristics);
}

static void put_headers(struct builder *b)
{
    uint8_t *file = b->made.data;

    memcpy(file, "MZ", 2);
    put32(file + 60, AT_PE);
    memcpy(file + AT_PE, "PE", 2);
    put16(file + AT_MACHINE, has(b, MADE_ARM64) ? 0xaa64 : 0x8664);
    put16(file + AT_SECTION_COUNT, SECTIONS);
    put16(file + AT_PE + 20, 240);
    put16(file + AT_PE + 22, 0x22);
    put16(file + AT_OPTIONAL, has(b, MADE_PE32) ? 0x10b : 0x20b);
    put32(file + AT_OPTIONAL + 16, 0x1000);
    put64(file + AT_OPTIONAL + 24, 0x140000000);
    put32(file + AT_OPTIONAL + 32, 0x1000);
    put32(file + AT_OPTIONAL + 36, 0x200);
    put16(file + AT_OPTIONAL + 48, 6);
    put32(file + AT_SIZE_OF_IMAGE, IMAGE_SIZE);
    put32(file + AT_OPTIONAL + 60, MADE_HEADERS);
    put16(file + AT_OPTIONAL + 68, 3);
    put16(file + AT_OPTIONAL + 70, has(b, MADE_FORCED_INTEGRITY) ? 0x81e0 : 0x8160);
    put32(file + AT_OPTIONAL + 108, has(b, MADE_FEW_DIRECTORIES) ? 12 : 16);
    put_section(b, 0, ".text", 0x1000, TEXT_RAW, TEXT_SIZE, 0x60000020);
    put_section(b, 1, ".rdata", MADE_RDATA_RVA, MADE_RDATA_RAW, SECTION_ROOM, 0x40000040);
    put_section(b, 2, ".iat", MADE_IAT_RVA, IAT_RAW, IAT_ROOM, has(b, MADE_WRITABLE_IAT) ? 0xc0000040 : 0x40000040);
    put_section(b, 3, ".data", MADE_DATA_RVA, DATA_RAW, DATA_SIZE, 0xc0000040);
    memset(file + TEXT_RAW, 0xcc, TEXT_SIZE);
    if (has(b, MADE_NO_HEADER_ROOM))
        memset(file + AT_SECTIONS + SECTIONS * 40, 'x', MADE_HEADERS - AT_SECTIONS - SECTIONS * 40);
}

// What follows "DLL:" as entries of a lookup table.
static size_t put_names(struct builder *b, const char *text, uint64_t thunks[MAX_NAMES])
{
    size_t count = 0;

    for (text = strchr(text, ':') + 1; *text; count++) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " ");
        if (count == MAX_NAMES || length == 0)
            abort();
        if (*text == '#') {
            thunks[count] = 1ull << 63 | strtoul(text + 1, NULL, 10);
        } else {
            size_t at = take_rdata(b, length + 3);
            memcpy(b->made.data + at + 2, text, length);
            thunks[count] = rva_of(at);
        }
        text += length;
    }
    return count;
}

static size_t put_thunks(struct builder *b, size_t at, const uint64_t *thunks, size_t count, bool addresses)
{
    for (size_t i = 0; i < count; i++)
        put64(b->made.data + at + i * 8, addresses ? 0x7ff800001000 + i : thunks[i]);
    return at;
}

static size_t count_texts(const char *const texts[MADE_DLLS])
{
    size_t count = 0;

    while (count < MADE_DLLS && texts[count])
        count++;
    return count;
}

static void put_imports(struct builder *b)
{
    size_t dlls = count_texts(b->recipe->imports);
    bool far_tables = has(b, MADE_FAR_IAT | MADE_WRITABLE_IAT);
    size_t first_iat = 0;
    size_t directory = take_rdata(b, (dlls + 1) * 20);

    if (dlls == 0)
        return;
    for (size_t i = 0; i < dlls; i++) {
        const char *text = b->recipe->imports[i];
        uint8_t *descriptor = b->made.data + directory + i * 20;
        uint64_t thunks[MAX_NAMES];
        size_t count = put_names(b, text, thunks);
        size_t bytes = (count + 1) * 8;
        size_t iat = far_tables ? take(&b->iat, bytes, DATA_RAW) : take_rdata(b, bytes);

        put_thunks(b, iat, thunks, count, has(b, MADE_BOUND));
        put32(descriptor + 4, has(b, MADE_BOUND) ? UINT32_MAX : 0);
        put32(descriptor + 12, put_text(b, text, strcspn(text, ":")));
        put32(descriptor + 16, rva_of(iat));
        if (!has(b, MADE_NO_LOOKUP)) {
            size_t lookup = put_thunks(b, take_rdata(b, bytes), thunks, count, false);
            put32(descriptor, rva_of(lookup));
            b->made.lookup = i ? b->made.lookup : lookup;
        }
        first_iat = i ? first_iat : iat;
    }
    b->made.import_directory = directory;
    b->made.iat = first_iat;
    put_directory(b, 1, rva_of(directory), (dlls + 1) * 20);
    // From the first table to where the last one can end at most.
    if (!has(b, MADE_NO_IAT_DIRECTORY | MADE_FEW_DIRECTORIES))
        put_directory(b, 12, rva_of(first_iat), (far_tables ? b->iat : b->rdata) - first_iat);
}

static void put_delay_imports(struct builder *b)
{
    size_t dlls = count_texts(b->recipe->delay_imports);
    size_t directory = take_rdata(b, (dlls + 1) * 32);

    if (dlls == 0)
        return;
    for (size_t i = 0; i < dlls; i++) {
        const char *text = b->recipe->delay_imports[i];
        uint8_t *descriptor = b->made.data + directory + i * 32;
        uint64_t thunks[MAX_NAMES];
        size_t count = put_names(b, text, thunks);
        size_t bytes = (count + 1) * 8;

        put32(descriptor, 1);
        put32(descriptor + 4, put_text(b, text, strcspn(text, ":")));
        put32(descriptor + 8, rva_of(take(&b->data, 8, SECTIONS_END)));
        put32(descriptor + 12, rva_of(put_thunks(b, take(&b->data, bytes, SECTIONS_END), thunks, count, true)));
        put32(descriptor + 16, rva_of(put_thunks(b, take_rdata(b, bytes), thunks, count, false)));
        put32(descriptor + 28, has(b, MADE_BOUND) ? 0x12345678 : 0);
    }
    b->made.delay_directory = directory;
    put_directory(b, 13, rva_of(directory), (dlls + 1) * 32);
}

static void put_bound_imports(struct builder *b)
{
    size_t at = AT_SECTIONS + SECTIONS * 40 + 8;

    if (!has(b, MADE_BOUND))
        return;
    put32(b->made.data + at, 0x5eed5eed);
    put16(b->made.data + at + 4, 16);
    memcpy(b->made.data + at + 16, "KERNEL32.dll", 12);
    put_directory(b, 11, (uint32_t)at, 32);
}

static void put_load_configuration(struct builder *b)
{
    enum { SIZE = 256 };

    if (!has(b, MADE_LOAD_FLAGS | MADE_HYBRID))
        return;
    size_t at = take_rdata(b, SIZE);
    put32(b->made.data + at, SIZE);
    put16(b->made.data + at + 78, has(b, MADE_LOAD_FLAGS) ? 0x800 : 0);
    put64(b->made.data + at + 200, has(b, MADE_HYBRID) ? 0x140001000 : 0);
    b->made.load_configuration = at;
    put_directory(b, 10, rva_of(at), SIZE);
}

static void put_managed_header(struct builder *b)
{
    if (!has(b, MADE_ONLY_IL | MADE_MIXED_IL))
        return;
    size_t at = take_rdata(b, 72);
    put32(b->made.data + at, 72);
    put32(b->made.data + at + 16, has(b, MADE_ONLY_IL) ? 1 : 0);
    put_directory(b, 14, rva_of(at), 72);
}

// Two functions, the second a forwarder. There are no names: ordinals do.
static void put_forwarder(struct builder *b, const char *forwarder)
{
    size_t at = take_rdata(b, 40 + 8 + strlen(forwarder) + 1);
    uint8_t *directory = b->made.data + at;

    put32(directory + 12, put_text(b, "made.dll", 8));
    put32(directory + 16, 1);
    put32(directory + 20, 2);
    put32(directory + 28, rva_of(at) + 40);
    put32(directory + 40, 0x1000);
    put32(directory + 44, rva_of(at) + 48);
    memcpy(directory + 48, forwarder, strlen(forwarder));
    put_directory(b, 0, rva_of(at), 40 + 8 + strlen(forwarder) + 1);
    b->made.export_directory = at;
}

static void put_exports(struct builder *b)
{
    if (has(b, MADE_SYSTEM_DLL)) {
        size_t at = take_rdata(b, 40);
        put32(b->made.data + at + 12, put_text(b, "KERNELBASE.dll", 14));
        put_directory(b, 0, rva_of(at), 40);
    }
    if (has(b, MADE_FORWARDS_POOL))
        put_forwarder(b, "Kernel32.dll.CreateThreadpoolWork");
    if (has(b, MADE_FORWARDS_OTHERS))
        put_forwarder(b, "KERNEL32.GetTickCount");
    if (has(b, MADE_FORWARDS_TO_API_SET))
        put_forwarder(b, "api-ms-win-core-threadpool-l1-2-0.CloseThreadpoolWork");
}

static size_t append(struct builder *b, size_t size, int filling)
{
    size_t at = take(&b->tail, size, SECTIONS_END + TAIL_ROOM);

    memset(b->made.data + at, filling, size);
    return at;
}

static void put_tail(struct builder *b)
{
    if (has(b, MADE_SYMBOLS)) {
        size_t at = append(b, 2 * 18 + 20, 's');
        put32(b->made.data + at + 36, 20);
        put32(b->made.data + AT_PE + 12, (uint32_t)at);
        put32(b->made.data + AT_PE + 16, 2);
    }
    if (has(b, MADE_DEBUG_DATA)) {
        size_t entry = take_rdata(b, 28);
        put32(b->made.data + entry + 12, 2);
        put32(b->made.data + entry + 16, 100);
        put32(b->made.data + entry + 24, (uint32_t)append(b, 100, 'd'));
        put_directory(b, 6, rva_of(entry), 28);
    }
    if (has(b, MADE_OVERLAY))
        append(b, 333, 'o');
    if (has(b, MADE_CERTIFICATE))
        put_directory(b, 4, (uint32_t)append(b, 512, 'c'), 512);
    b->tail += has(b, MADE_ODD_SIZE) ? 3 : 0;
}

struct made make_image(const struct recipe *recipe)
{
    struct builder b = {.recipe = recipe};

    b.made.data = must(calloc(1, SECTIONS_END + TAIL_ROOM));
    b.rdata = MADE_RDATA_RAW + 8;
    b.iat = IAT_RAW + 8;
    b.data = DATA_RAW + 8;
    b.tail = SECTIONS_END;
    put_headers(&b);
    put_imports(&b);
    put_delay_imports(&b);
    put_bound_imports(&b);
    put_load_configuration(&b);
    put_managed_header(&b);
    put_exports(&b);
    put_tail(&b);
    b.made.size = b.tail;
    // In a block of exactly its size a sanitizer sees whoever reads on.
    b.made.data = must(realloc(b.made.data, b.made.size));
    return b.made;
}
