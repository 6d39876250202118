// SPDX-License-Identifier: MIT
#include "check_rewrite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bytes.h"
#include "imports.h"
#include "load_image.h"
#include "pool-source.h"
#include "rewrite.h"
#include "undo.h"
#include "write.h"

static bool same_function(const struct loaded_slot *a, const struct loaded_slot *b)
{
    if (a->rva != b->rva || a->delayed != b->delayed || a->ordinal != b->ordinal || !a->name != !b->name)
        return false;
    return !a->name || strcmp(a->name, b->name) == 0;
}

static const char *compare_slots(const struct loaded *old, const struct loaded *now, unsigned *moved)
{
    if (old->slot_count != now->slot_count)
        return "another number of imported functions";
    for (size_t i = 0; i < old->slot_count; i++) {
        const struct loaded_slot *a = &old->slots[i];
        const struct loaded_slot *b = &now->slots[i];

        if (!same_function(a, b))
            return "a slot asks for another function";
        if (a->name && pool_source_has(pool_source_of(a->dll), a->name)) {
            if (strcmp(b->dll, "ntpool.dll") != 0)
                return "a thread-pool function does not come from ntpool.dll";
            ++*moved;
        } else if (strcmp(a->dll, b->dll) != 0) {
            return "another function comes from another DLL";
        }
    }
    return NULL;
}

// Whether a byte of the mapped original may differ: the headers, the load flags, delay-load descriptors.
static bool may_change(const struct rewrite_plan *plan, uint32_t rva)
{
    uint32_t delayed = pe_directory(&plan->image, PE_DIR_DELAY_IMPORT).rva;
    uint32_t configuration = pe_directory(&plan->image, PE_DIR_LOAD_CONFIG).rva;

    if (rva < plan->image.size_of_headers)
        return true;
    if (plan->load_flags && (rva == configuration + 78 || rva == configuration + 79))
        return true;
    return rva - delayed < plan->delay_count * PE_DELAY_DESCRIPTOR_SIZE &&
           plan->delay_moves[(rva - delayed) / PE_DELAY_DESCRIPTOR_SIZE];
}

static const char *compare_memory(const struct rewrite_plan *plan, const struct loaded *old, const struct loaded *now)
{
    if (now->size < old->size)
        return "the image shrank";
    for (uint32_t rva = 0; rva < old->size; rva++) {
        if (old->memory[rva] != now->memory[rva] && !may_change(plan, rva))
            return "a byte changed that has nothing to do with imports";
    }
    return NULL;
}

static const char *compare_files(const struct rewrite_plan *plan, const uint8_t *out, size_t size)
{
    const struct pe_image *old = &plan->image;
    struct pe_span overlay = pe_overlay(old);
    struct pe_image now;

    if (pe_parse(&now, out, size) != PE_OK)
        return "the result is no good PE file";
    if (size < old->size || memcmp(out + overlay.start, old->data + overlay.start, overlay.size) != 0)
        return "what lies after the sections changed";
    if (get32(out + now.optional_header + 64) != pe_checksum(&now, out, size))
        return "the checksum is wrong";
    if (pe_directory(&now, PE_DIR_SECURITY).size || pe_directory(&now, PE_DIR_BOUND_IMPORT).size)
        return "a directory was not cleared";
    return NULL;
}

static const char *check_undo(const uint8_t *in, size_t size, const uint8_t *out, size_t out_size)
{
    uint8_t *back;
    size_t back_size;

    if (rewrite_undo(out, out_size, &back, &back_size) != PE_OK)
        return "undo fails";
    bool same = back_size == size && memcmp(back, in, size) == 0;
    free(back);
    return same ? NULL : "undo gives another file";
}

static const char *check_again(const uint8_t *out, size_t size)
{
    struct rewrite_plan plan;
    enum pe_result result = rewrite_make_plan(&plan, out, size, true);

    if (result == PE_OK)
        rewrite_free_plan(&plan);
    return result == PE_USES_NTPOOL ? NULL : "a rewritten file is not known for one";
}

struct rewrite_check check_rewrite(const uint8_t *in, size_t size)
{
    struct rewrite_check check = {PE_OK, 0, NULL};
    struct rewrite_plan plan;
    uint8_t *out;
    size_t out_size;

    check.result = rewrite_make_plan(&plan, in, size, true);
    if (check.result != PE_OK)
        return check;
    check.result = rewrite_apply(&plan, &out, &out_size);
    if (check.result == PE_OK) {
        struct loaded old = load_image(in, size);
        struct loaded now = load_image(out, out_size);

        check.wrong = compare_files(&plan, out, out_size);
        if (!check.wrong && old.good && now.good)
            check.wrong = compare_slots(&old, &now, &check.moved);
        if (!check.wrong && old.good && now.good)
            check.wrong = compare_memory(&plan, &old, &now);
        if (!check.wrong && old.good != now.good && old.memory && now.memory)
            check.wrong = "the result would not load";
        if (!check.wrong && old.good && now.good && check.moved != plan.moved)
            check.wrong = "the number of moved functions is wrong";
        if (!check.wrong)
            check.wrong = check_undo(in, size, out, out_size);
        if (!check.wrong)
            check.wrong = check_again(out, out_size);
        unload_image(&old);
        unload_image(&now);
        free(out);
    }
    rewrite_free_plan(&plan);
    return check;
}
