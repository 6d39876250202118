// SPDX-License-Identifier: MIT
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "exports.h"
#include "write.h"

#define SIGNATURE_OFFSET      0x40u
#define SIGNATURE_SIZE        0x20u
#define DIRECTORY_SIZE        40u
#define MAX_MODULE            255u
#define MAX_NEW_EXPORTS_BYTES (16u << 20)

static const char builtin_signature[SIGNATURE_SIZE] = "Wine builtin DLL";
static const char placeholder_signature[SIGNATURE_SIZE] = "Wine placeholder DLL";

// The redirected exports of one DLL. `target` holds, for each slot of the grown function table, the name to
// forward to, or NULL; `added` the names that the DLL lacked, in the order of their new slots.
struct redirects {
    const char *module;
    const char **target;
    const char **added;
    uint32_t added_count;
    uint32_t function_count;
    uint32_t name_count;
};

static enum pe_result check_arguments(const char *module, const char *const *names, size_t count)
{
    size_t len = strlen(module);

    if (len == 0 || len > MAX_MODULE)
        return PE_BAD_MODULE;
    for (size_t i = 0; i < len; i++) {
        if (module[i] <= ' ' || module[i] > '~')
            return PE_BAD_MODULE;
    }
    if (count > PE_MAX_EXPORTS)
        return PE_NO_ORDINALS_LEFT;
    for (size_t i = 0; i < count; i++) {
        len = strspn(names[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        if (len == 0 || len > MAX_MODULE || names[i][len] != '\0')
            return PE_BAD_REDIRECT_NAME;
    }
    return PE_OK;
}

static enum pe_result check_image(const struct pe_image *image)
{
    const uint8_t *signature = image->data + SIGNATURE_OFFSET;

    if (image->file_header < SIGNATURE_OFFSET + SIGNATURE_SIZE + 4)
        return PE_NOT_BUILTIN;
    if (memcmp(signature, placeholder_signature, strlen(placeholder_signature)) == 0)
        return PE_PLACEHOLDER;
    if (memcmp(signature, builtin_signature, SIGNATURE_SIZE) != 0)
        return PE_NOT_BUILTIN;
    if (image->machine != PE_MACHINE_AMD64)
        return PE_BAD_MACHINE;
    if (!(image->characteristics & PE_FILE_DLL))
        return PE_NOT_DLL;
    if (pe_directory(image, PE_DIR_SECURITY).size != 0)
        return PE_IS_SIGNED;
    return PE_OK;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Decides for every name whether it takes over a slot or gets a new one.
static enum pe_result plan_redirects(const struct pe_exports *exports, const char *const *names, size_t count,
                                     struct redirects *r)
{
    r->target = calloc(exports->function_count + count, sizeof(*r->target));
    r->added = calloc(count + 1, sizeof(*r->added));
    const char **sorted = calloc(count + 1, sizeof(*sorted));
    enum pe_result result = r->target && r->added && sorted ? PE_OK : PE_NO_MEMORY;

    if (result == PE_OK) {
        for (size_t i = 0; i < count; i++)
            sorted[i] = names[i];
        qsort(sorted, count, sizeof(*sorted), compare_text);
    }
    r->function_count = exports->function_count;
    for (size_t i = 0; i < count && result == PE_OK; i++) {
        struct pe_export_name *known = pe_find_export(exports, sorted[i]);

        if (i > 0 && strcmp(sorted[i - 1], sorted[i]) == 0) {
            result = PE_DUPLICATE_REDIRECT;
        } else if (!known) {
            r->added[r->added_count++] = sorted[i];
            r->target[r->function_count++] = sorted[i];
        } else if (exports->functions[known->index].name_count != 1) {
            result = PE_SHARED_ORDINAL;
        } else {
            r->target[known->index] = sorted[i];
        }
    }
    free(sorted);
    r->name_count = exports->name_count + r->added_count;
    if (result == PE_OK && ((uint64_t)exports->ordinal_base + r->function_count > 0x10000 || r->name_count > 0x10000))
        result = PE_NO_ORDINALS_LEFT;
    return result;
}

static uint64_t directory_bytes(const struct pe_exports *exports, const struct redirects *r)
{
    uint64_t bytes = DIRECTORY_SIZE + (uint64_t)r->function_count * 4 + (uint64_t)r->name_count * 6;

    for (uint32_t i = 0; i < r->function_count; i++) {
        if (r->target[i])
            bytes += strlen(r->module) + 1 + strlen(r->target[i]) + 1;
        else if (exports->functions[i].forwarder)
            bytes += strlen(exports->functions[i].forwarder) + 1;
    }
    for (uint32_t i = 0; i < r->added_count; i++)
        bytes += strlen(r->added[i]) + 1;
    return bytes;
}

static size_t put_text(uint8_t *dir, size_t at, const char *text)
{
    size_t len = strlen(text);

    memcpy(dir + at, text, len);
    return at + len;
}

static void fill_directory(uint8_t *dir, uint32_t rva, const struct pe_exports *exports, const struct redirects *r)
{
    size_t functions = DIRECTORY_SIZE;
    size_t names = functions + (size_t)r->function_count * 4;
    size_t ordinals = names + (size_t)r->name_count * 4;
    size_t text = ordinals + (size_t)r->name_count * 2;

    put32(dir + 4, exports->timestamp);
    put32(dir + 8, exports->version);
    put32(dir + 12, exports->dll_name_rva);
    put32(dir + 16, exports->ordinal_base);
    put32(dir + 20, r->function_count);
    put32(dir + 24, r->name_count);
    put32(dir + 28, rva + (uint32_t)functions);
    put32(dir + 32, rva + (uint32_t)names);
    put32(dir + 36, rva + (uint32_t)ordinals);

    for (uint32_t i = 0; i < r->function_count; i++) {
        const char *forwarder = i < exports->function_count ? exports->functions[i].forwarder : NULL;

        if (r->target[i] || forwarder) {
            put32(dir + functions + (size_t)i * 4, rva + (uint32_t)text);
            if (r->target[i]) {
                text = put_text(dir, text, r->module);
                text = put_text(dir, text, ".");
                forwarder = r->target[i];
            }
            text = put_text(dir, text, forwarder) + 1;
        } else {
            put32(dir + functions + (size_t)i * 4, exports->functions[i].rva);
        }
    }

    // Both lists are sorted, and the name table has to be: merge them.
    uint32_t old = 0;
    uint32_t added = 0;
    for (uint32_t i = 0; i < r->name_count; i++) {
        uint32_t name_rva;
        uint32_t index;

        if (added == r->added_count ||
            (old < exports->name_count && strcmp(exports->names[old].text, r->added[added]) < 0)) {
            name_rva = exports->names[old].rva;
            index = exports->names[old++].index;
        } else {
            name_rva = rva + (uint32_t)text;
            text = put_text(dir, text, r->added[added]) + 1;
            index = exports->function_count + added++;
        }
        put32(dir + names + (size_t)i * 4, name_rva);
        put16(dir + ordinals + (size_t)i * 2, (uint16_t)index);
    }
}

static enum pe_result write_copy(const struct pe_image *image, const struct pe_exports *exports,
                                 const struct redirects *r, uint8_t **out, size_t *out_size)
{
    struct pe_new_section place;
    uint64_t bytes = directory_bytes(exports, r);

    if (bytes > MAX_NEW_EXPORTS_BYTES)
        return PE_TOO_LARGE;
    enum pe_result result = pe_plan_section(image, &place);
    if (result != PE_OK)
        return result;

    uint8_t *dir = calloc(1, (size_t)bytes);
    if (!dir)
        return PE_NO_MEMORY;
    fill_directory(dir, place.rva, exports, r);
    uint8_t *file;
    size_t file_size;
    result = pe_append_section(image, &place, ".ntpool", dir, (size_t)bytes, &file, &file_size);
    free(dir);
    if (result != PE_OK)
        return result;

    memset(file + SIGNATURE_OFFSET, 0, SIGNATURE_SIZE);
    pe_set_directory(image, file, PE_DIR_EXPORT, place.rva, (uint32_t)bytes);
    pe_set_checksum(image, file, file_size);
    *out = file;
    *out_size = file_size;
    return PE_OK;
}

enum pe_result pe_forward_builtin(const uint8_t *in, size_t size, const char *module, const char *const *names,
                                  size_t name_count, uint8_t **out, size_t *out_size)
{
    struct pe_image image;
    struct pe_exports exports;

    enum pe_result result = check_arguments(module, names, name_count);
    if (result == PE_OK)
        result = pe_parse(&image, in, size);
    if (result == PE_OK)
        result = check_image(&image);
    if (result == PE_OK)
        result = pe_read_exports(&image, &exports);
    if (result != PE_OK)
        return result;

    struct redirects r = {.module = module};
    result = plan_redirects(&exports, names, name_count, &r);
    if (result == PE_OK)
        result = write_copy(&image, &exports, &r, out, out_size);
    free(r.target);
    free(r.added);
    pe_free_exports(&exports);
    return result;
}
