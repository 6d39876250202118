// SPDX-License-Identifier: MIT
#include "check_forward.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "exports.h"
#include "forward.h"

const char *const check_names[] = {
    "SubmitThreadpoolWork", "CreateThreadpoolWork", "CloseThreadpoolWork", "SetThreadpoolWaitEx", "AddedByUs",
};
const size_t check_name_count = sizeof(check_names) / sizeof(check_names[0]);

static bool redirected(const char *name)
{
    for (size_t i = 0; i < check_name_count; i++) {
        if (strcmp(name, check_names[i]) == 0)
            return true;
    }
    return false;
}

static const char *compare_exports(const struct pe_exports *old, const struct pe_exports *copy)
{
    if (copy->ordinal_base != old->ordinal_base || copy->timestamp != old->timestamp || copy->version != old->version ||
        copy->dll_name_rva != old->dll_name_rva)
        return "the export directory's own fields differ";

    bool *ours = calloc(old->function_count, sizeof(*ours));
    const char *wrong = ours ? NULL : "no memory";
    size_t found = 0;
    for (uint32_t i = 0; i < old->name_count && !wrong; i++) {
        const struct pe_export_name *name = pe_find_export(copy, old->names[i].text);

        if (!name || name->index != old->names[i].index)
            wrong = "a name lost its ordinal";
        else if (redirected(name->text)) {
            ours[name->index] = true;
            found++;
        }
    }
    for (uint32_t i = 0; i < old->function_count && !wrong; i++) {
        const char *was = old->functions[i].forwarder;
        const char *is = copy->functions[i].forwarder;

        if (!ours[i] && (old->functions[i].rva != copy->functions[i].rva || !was != !is || (was && strcmp(was, is))))
            wrong = "an export that was not named changed";
    }
    for (size_t i = 0; i < check_name_count && !wrong; i++) {
        const struct pe_export_name *name = pe_find_export(copy, check_names[i]);
        char expected[64];

        snprintf(expected, sizeof(expected), CHECK_MODULE ".%s", check_names[i]);
        if (!name || !copy->functions[name->index].forwarder)
            wrong = "a named export is no forwarder";
        else if (strcmp(copy->functions[name->index].forwarder, expected) != 0)
            wrong = "a named export leads elsewhere";
    }
    uint32_t added = (uint32_t)(check_name_count - found);
    if (!wrong && (copy->name_count != old->name_count + added || copy->function_count != old->function_count + added))
        wrong = "the tables have a wrong length";
    free(ours);
    return wrong;
}

// The checksum as its definition has it: words summed with end-around carry, the field itself left out.
static uint32_t checksum(const uint8_t *file, size_t size, size_t field)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        if (i < field || i >= field + 4)
            sum += i % 2 ? (uint64_t)file[i] << 8 : file[i];
    }
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)(sum + size);
}

static const char *compare_bytes(const struct pe_image *old, const struct pe_image *copy)
{
    size_t headers = old->section_table + (size_t)old->section_count * 40;
    size_t optional_size = old->section_table - old->optional_header;

    if (copy->section_count != old->section_count + 1 || copy->size <= old->size)
        return "no section was appended";
    if (memcmp(old->data, copy->data, 0x40) != 0 ||
        memcmp(old->data + 0x60, copy->data + 0x60, old->file_header + 2 - 0x60) != 0)
        return "the DOS stub changed beyond the signature";
    if (memcmp(copy->data + 0x40, (const uint8_t[32]){0}, 32) != 0)
        return "the signature is still there";
    if (memcmp(old->data + old->optional_header + 120, copy->data + old->optional_header + 120, optional_size - 120))
        return "a directory other than the exports changed";
    if (memcmp(old->data + old->section_table, copy->data + old->section_table, headers - old->section_table) != 0 ||
        memcmp(old->data + headers + 40, copy->data + headers + 40, old->size - headers - 40) != 0)
        return "section headers or contents changed";
    size_t field = copy->optional_header + 64;
    if (get32(copy->data + field) != checksum(copy->data, copy->size, field))
        return "the checksum is wrong";
    return NULL;
}

static const char *compare(const uint8_t *in, size_t size, const uint8_t *out, size_t out_size)
{
    struct pe_image old;
    struct pe_image copy;
    struct pe_exports old_exports;
    struct pe_exports copy_exports;

    if (pe_parse(&old, in, size) != PE_OK || pe_read_exports(&old, &old_exports) != PE_OK)
        return "the original does not parse";
    const char *wrong = "the copy does not parse";
    if (pe_parse(&copy, out, out_size) == PE_OK && pe_read_exports(&copy, &copy_exports) == PE_OK) {
        wrong = compare_bytes(&old, &copy);
        if (!wrong)
            wrong = compare_exports(&old_exports, &copy_exports);
        pe_free_exports(&copy_exports);
    }
    pe_free_exports(&old_exports);
    return wrong;
}

enum pe_result check_forward(const uint8_t *in, size_t size, const char **wrong)
{
    uint8_t *out = NULL;
    size_t out_size = 0;

    *wrong = NULL;
    enum pe_result result = pe_forward_builtin(in, size, CHECK_MODULE, check_names, check_name_count, &out, &out_size);
    if (result == PE_OK)
        *wrong = compare(in, size, out, out_size);
    else if (out || out_size)
        *wrong = "a refusal left a result behind";
    free(out);
    return result;
}
