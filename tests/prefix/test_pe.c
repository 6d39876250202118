// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "bytes.h"
#include "check_forward.h"
#include "exports.h"
#include "forward.h"
#include "make_pe.h"
#include "write.h"

struct spoil {
    const char *what;
    size_t at;
    uint32_t value;
    unsigned width;
    enum pe_result expected;
};

// One field of a good file set to a value that cannot stand.
static const struct spoil spoils[] = {
    {"no MZ", 0, 'X', 1, PE_NOT_MZ},
    {"PE header beyond the end", 60, MADE_SIZE, 4, PE_NOT_PE},
    {"PE header across the end", 60, MADE_SIZE - 20, 4, PE_NOT_PE},
    {"PE header at 4 GiB - 1", 60, UINT32_MAX, 4, PE_NOT_PE},
    {"PE header inside the DOS header", 60, 4, 4, PE_NOT_PE},
    {"no PE signature", AT_PE, 'N', 1, PE_NOT_PE},
    {"PE32", AT_OPTIONAL, 0x10b, 2, PE_IS_PE32},
    {"unknown magic", AT_OPTIONAL, 0x107, 2, PE_BAD_MAGIC},
    {"optional header too small", AT_OPTIONAL_SIZE, 100, 2, PE_BAD_OPTIONAL_HEADER},
    {"optional header of no size", AT_OPTIONAL_SIZE, 0, 2, PE_BAD_OPTIONAL_HEADER},
    {"optional header beyond the end", AT_OPTIONAL_SIZE, 0xffff, 2, PE_BAD_OPTIONAL_HEADER},
    {"more directories than fit", AT_DIRECTORY_COUNT, 17, 4, PE_BAD_OPTIONAL_HEADER},
    {"4 G directories", AT_DIRECTORY_COUNT, UINT32_MAX, 4, PE_BAD_OPTIONAL_HEADER},
    {"file alignment 0", AT_FILE_ALIGNMENT, 0, 4, PE_BAD_ALIGNMENT},
    {"file alignment no power of two", AT_FILE_ALIGNMENT, 0x300, 4, PE_BAD_ALIGNMENT},
    {"file alignment above section alignment", AT_FILE_ALIGNMENT, 0x2000, 4, PE_BAD_ALIGNMENT},
    {"section alignment below a page", AT_SECTION_ALIGNMENT, 0x200, 4, PE_BAD_ALIGNMENT},
    {"section alignment 2 GiB", AT_SECTION_ALIGNMENT, 0x80000000, 4, PE_BAD_ALIGNMENT},
    {"headers larger than the file", AT_SIZE_OF_HEADERS, MADE_SIZE + 1, 4, PE_BAD_HEADERS_SIZE},
    {"headers without the section table", AT_SIZE_OF_HEADERS, AT_SECTIONS + 79, 4, PE_BAD_HEADERS_SIZE},
    {"headers larger than the image", AT_SIZE_OF_IMAGE, 0x100, 4, PE_BAD_HEADERS_SIZE},
    {"no sections", AT_SECTION_COUNT, 0, 2, PE_BAD_SECTION_COUNT},
    {"97 sections", AT_SECTION_COUNT, 97, 2, PE_BAD_SECTION_COUNT},
    {"sections beyond the image", AT_SIZE_OF_IMAGE, 0x2000, 4, PE_BAD_SECTION},
    {"section over the headers", AT_TEXT_HEADER + 12, 0, 4, PE_BAD_SECTION},
    {"section not aligned", AT_TEXT_HEADER + 12, 0x1010, 4, PE_BAD_SECTION},
    {"sections overlap", AT_EDATA_HEADER + 12, 0x1000, 4, PE_BAD_SECTION},
    {"section longer than the image", AT_EDATA_HEADER + 8, UINT32_MAX, 4, PE_BAD_SECTION},
    {"section at the end of memory", AT_EDATA_HEADER + 12, 0xfffff000, 4, PE_BAD_SECTION},
    {"section data beyond the end", AT_EDATA_HEADER + 20, MADE_SIZE, 4, PE_BAD_SECTION},
    {"section data that wraps", AT_EDATA_HEADER + 20, 0xfffffe00, 4, PE_BAD_SECTION},
    {"section data over the headers", AT_EDATA_HEADER + 20, 0x200, 4, PE_BAD_SECTION},
    {"section data not at a sector", AT_EDATA_HEADER + 20, 0x601, 4, PE_BAD_SECTION},
    {"section data of 4 GiB - 1", AT_EDATA_HEADER + 16, UINT32_MAX, 4, PE_BAD_SECTION},
    {"something after the section headers", AT_NEW_HEADER + 39, 1, 1, PE_NO_HEADER_ROOM},
    {"headers end at the section table", AT_SIZE_OF_HEADERS, AT_NEW_HEADER + 39, 4, PE_NO_HEADER_ROOM},
    {"built for ARM64", AT_MACHINE, 0xaa64, 2, PE_BAD_MACHINE},
    {"a program", AT_CHARACTERISTICS, 0x22, 2, PE_NOT_DLL},
    {"a certificate", AT_SECURITY + 4, 8, 4, PE_IS_SIGNED},
    {"no builtin signature", AT_SIGNATURE, 'w', 1, PE_NOT_BUILTIN},
    {"something after the signature", AT_SIGNATURE + 31, 1, 1, PE_NOT_BUILTIN},
    {"no export directory", AT_DIRECTORIES, 0, 4, PE_NO_EXPORTS},
    {"no directories", AT_DIRECTORY_COUNT, 0, 4, PE_NO_EXPORTS},
    {"no exported names", AT_EDATA + 24, 0, 4, PE_NO_EXPORTS},
    {"export directory nowhere", AT_DIRECTORIES, MADE_IMAGE, 4, PE_BAD_EXPORT_DIRECTORY},
    {"export directory too small", AT_DIRECTORIES + 4, 39, 4, PE_BAD_EXPORT_DIRECTORY},
    {"export directory beyond its section", AT_DIRECTORIES + 4, 0x401, 4, PE_BAD_EXPORT_DIRECTORY},
    {"DLL name nowhere", AT_EDATA + 12, MADE_IMAGE, 4, PE_BAD_EXPORT_NAME},
    {"65537 functions", AT_EDATA + 20, 65537, 4, PE_BAD_EXPORT_TABLES},
    {"4 G functions", AT_EDATA + 20, UINT32_MAX, 4, PE_BAD_EXPORT_TABLES},
    {"more functions than the file holds", AT_EDATA + 20, 1000, 4, PE_BAD_EXPORT_TABLES},
    {"4 G names", AT_EDATA + 24, UINT32_MAX, 4, PE_BAD_EXPORT_TABLES},
    {"more names than the file holds", AT_EDATA + 24, 1000, 4, PE_BAD_EXPORT_TABLES},
    {"function table nowhere", AT_EDATA + 28, UINT32_MAX, 4, PE_BAD_EXPORT_TABLES},
    {"name table nowhere", AT_EDATA + 32, 0x5000, 4, PE_BAD_EXPORT_TABLES},
    {"ordinal table nowhere", AT_EDATA + 36, 0x5000, 4, PE_BAD_EXPORT_TABLES},
    {"ordinal without function", AT_ORDINALS, MADE_FUNCTIONS, 2, PE_BAD_EXPORT_TABLES},
    {"name nowhere", AT_NAMES, 0x5000, 4, PE_BAD_EXPORT_NAME},
    {"name in the headers", AT_NAMES, AT_SECTIONS, 4, PE_BAD_EXPORT_NAME},
    {"export directory in the headers", AT_DIRECTORIES, 0x40, 4, PE_BAD_EXPORT_DIRECTORY},
    {"function table in the headers", AT_EDATA + 28, 0x40, 4, PE_BAD_EXPORT_TABLES},
    {"name empty", AT_NAMES, RVA_EDATA, 4, PE_BAD_EXPORT_NAME},
    {"code beyond the image", AT_FUNCTIONS, MADE_IMAGE, 4, PE_BAD_EXPORT_ADDRESS},
    {"forwarder empty", AT_FUNCTIONS + 4, RVA_EDATA, 4, PE_BAD_EXPORT_ADDRESS},
    {"two names on one ordinal", AT_ORDINALS + 4, 1, 2, PE_SHARED_ORDINAL},
    {"ordinals used up", AT_EDATA + 16, 65536 - MADE_FUNCTIONS - 1, 4, PE_NO_ORDINALS_LEFT},
    {"ordinal base that wraps", AT_EDATA + 16, UINT32_MAX, 4, PE_NO_ORDINALS_LEFT},
    {"an image of 2 GiB", AT_SIZE_OF_IMAGE, 0x80000000, 4, PE_TOO_LARGE},
};

static void expect(const char *what, const uint8_t *file, size_t size, enum pe_result expected)
{
    const char *wrong;
    enum pe_result result = check_forward(file, size, &wrong);

    ok(result == expected && !wrong, "%s: %s", what, wrong ? wrong : pe_describe(result));
}

static void test_spoils(void)
{
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        uint8_t file[MADE_SIZE];

        make_pe(file);
        for (unsigned b = 0; b < spoils[i].width; b++)
            file[spoils[i].at + b] = (uint8_t)(spoils[i].value >> (8 * b));
        expect(spoils[i].what, file, MADE_SIZE, spoils[i].expected);
    }
}

static void test_good(void)
{
    uint8_t file[MADE_SIZE + 3];

    make_pe(file);
    expect("a good file", file, MADE_SIZE, PE_OK);
    memcpy(file + MADE_SIZE, "end", 3);
    expect("a file with an odd tail", file, MADE_SIZE + 3, PE_OK);
    put32(file + AT_EDATA + 16, 65536 - MADE_FUNCTIONS - 2);
    expect("the last two ordinals", file, MADE_SIZE, PE_OK);

    make_pe(file);
    memcpy(file + AT_SIGNATURE, "Wine placeholder DLL", 20);
    expect("a placeholder", file, MADE_SIZE, PE_PLACEHOLDER);
    make_pe(file);
    put32(file + AT_NAMES, get32(file + AT_NAMES + 4));
    expect("a name exported twice", file, MADE_SIZE, PE_DUPLICATE_EXPORT_NAME);
}

// An unsorted name table is legal to read; the copy's has to be sorted, because the loader searches by halves.
static void test_sorting(void)
{
    uint8_t file[MADE_SIZE];
    uint8_t *out;
    size_t size;
    struct pe_image image;
    struct pe_exports exports;

    make_pe(file);
    uint32_t name = get32(file + AT_NAMES);
    uint16_t ordinal = get16(file + AT_ORDINALS);
    put32(file + AT_NAMES, get32(file + AT_NAMES + 16));
    put16(file + AT_ORDINALS, get16(file + AT_ORDINALS + 8));
    put32(file + AT_NAMES + 16, name);
    put16(file + AT_ORDINALS + 8, ordinal);
    expect("unsorted names", file, MADE_SIZE, PE_OK);

    enum pe_result result =
        pe_forward_builtin(file, MADE_SIZE, CHECK_MODULE, check_names, check_name_count, &out, &size);
    if (result == PE_OK && pe_parse(&image, out, size) == PE_OK && pe_read_exports(&image, &exports) == PE_OK) {
        const uint8_t *dir = pe_at(&image, pe_directory(&image, PE_DIR_EXPORT).rva, 40);
        const uint8_t *table = pe_at(&image, get32(dir + 32), (size_t)exports.name_count * 4);
        bool sorted = true;
        for (uint32_t i = 0; i + 1 < exports.name_count; i++) {
            size_t len;
            sorted &= strcmp(pe_string(&image, get32(table + i * 4), 100, &len),
                             pe_string(&image, get32(table + i * 4 + 4), 100, &len)) < 0;
        }
        ok(sorted, "the copy's %u names are sorted in the file", exports.name_count);
        pe_free_exports(&exports);
    } else {
        ok(false, "the copy can be read");
    }
    if (result == PE_OK)
        free(out);
}

static enum pe_result forward_with(const char *module, const char *const *names, size_t count)
{
    uint8_t file[MADE_SIZE];
    uint8_t *out = NULL;
    size_t size;

    make_pe(file);
    enum pe_result result = pe_forward_builtin(file, MADE_SIZE, module, names, count, &out, &size);
    free(out);
    return result;
}

static void test_arguments(void)
{
    char long_text[300];

    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    const char *const twice[] = {"Alpha", "New", "Alpha"};
    const char *const bad[][1] = {{""}, {"a.b"}, {"a b"}, {"\xc3\xa9"}, {long_text}};

    ok(forward_with(CHECK_MODULE, twice, 2) == PE_OK, "two names");
    ok(forward_with(CHECK_MODULE, twice, 3) == PE_DUPLICATE_REDIRECT, "a name listed twice is refused");
    ok(forward_with("", twice, 1) == PE_BAD_MODULE, "an empty module is refused");
    ok(forward_with("nt\npool", twice, 1) == PE_BAD_MODULE, "a line break in the module is refused");
    ok(forward_with(long_text, twice, 1) == PE_BAD_MODULE, "a module of 299 characters is refused");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ok(forward_with(CHECK_MODULE, bad[i], 1) == PE_BAD_REDIRECT_NAME, "bad name %zu is refused", i);
}

// Every prefix of a good file, in a block of exactly its size: reading past the end is caught by the sanitizer.
static void test_truncation(void)
{
    uint8_t file[MADE_SIZE];
    size_t accepted = 0;
    const char *wrong = NULL;

    make_pe(file);
    for (size_t size = 0; size < MADE_SIZE && !wrong; size++) {
        uint8_t *part = malloc(size ? size : 1);
        memcpy(part, file, size);
        accepted += check_forward(part, size, &wrong) == PE_OK;
        free(part);
    }
    ok(accepted == 0 && !wrong, "no part of a file is taken for the whole");
}

static uint32_t random_below(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % limit);
}

static void test_mutation(void)
{
    static const uint32_t edges[] = {0, 1, 2, 0x7f, 0xff, 0x1000, 0xffff, 0x7fffffff, 0x80000000, UINT32_MAX};
    enum { ROUNDS = 200000 };
    uint64_t state = 20111;
    size_t accepted = 0;
    const char *wrong = NULL;

    for (int round = 0; round < ROUNDS && !wrong; round++) {
        uint8_t *file = malloc(MADE_SIZE);
        make_pe(file);
        for (uint32_t n = 1 + random_below(&state, 4); n > 0; n--) {
            // Most of the meaning is in the headers and the export directory.
            size_t at =
                random_below(&state, 2) ? random_below(&state, AT_NEW_HEADER) : AT_EDATA + random_below(&state, 0x150);
            if (random_below(&state, 2))
                file[at] = (uint8_t)random_below(&state, 256);
            else
                put32(file + at, edges[random_below(&state, sizeof(edges) / sizeof(edges[0]))]);
        }
        accepted += check_forward(file, MADE_SIZE, &wrong) == PE_OK;
        free(file);
    }
    ok(!wrong, "%d mutated files: %s", ROUNDS, wrong ? wrong : "every copy is right");
    ok(accepted > ROUNDS / 100 && accepted < ROUNDS * 9 / 10, "%zu of them were taken", accepted);
}

int main(void)
{
    test_good();
    test_spoils();
    test_sorting();
    test_arguments();
    test_truncation();
    test_mutation();
    return tap_end();
}
