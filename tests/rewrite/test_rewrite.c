// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "bytes.h"
#include "check_rewrite.h"
#include "make_image.h"
#include "mutate.h"
#include "pool-source.h"
#include "recipes.h"
#include "rewrite.h"
#include "undo.h"

#define MIX     "KERNEL32.dll: GetTickCount CreateThreadpoolWork SubmitThreadpoolWork Sleep CloseThreadpoolWork"
#define API_SET "api-ms-win-core-threadpool-l1-2-0.dll: CreateThreadpoolTimer"

static void expect(const char *what, const uint8_t *file, size_t size, enum pe_result expected)
{
    struct rewrite_check check = check_rewrite(file, size);

    ok(check.result == expected && !check.wrong, "%s: %s", what, check.wrong ? check.wrong : pe_describe(check.result));
}

static void test_good(void)
{
    for (size_t i = 0; i < good_recipe_count; i++) {
        struct made made = make_image(&good_recipes[i].recipe);
        struct rewrite_check check = check_rewrite(made.data, made.size);

        ok(check.result == PE_OK && !check.wrong && check.moved == good_recipes[i].moved,
           "%s: %u of %u functions moved: %s", good_recipes[i].recipe.name, check.moved, good_recipes[i].moved,
           check.wrong ? check.wrong : pe_describe(check.result));
        free(made.data);
    }
}

static void test_refused(void)
{
    for (size_t i = 0; i < refused_recipe_count; i++) {
        struct made made = make_image(&refused_recipes[i].recipe);

        expect(refused_recipes[i].recipe.name, made.data, made.size, refused_recipes[i].expected);
        free(made.data);
    }
}

static void test_overlay(void)
{
    static const struct recipe overlay = {"overlay", MADE_OVERLAY | MADE_CERTIFICATE | MADE_SYMBOLS, {MIX}, {0}};
    struct made made = make_image(&overlay);
    struct rewrite_plan plan;

    ok(rewrite_make_plan(&plan, made.data, made.size, false) == PE_UNKNOWN_OVERLAY, "an unknown overlay is refused");
    enum pe_result result = rewrite_make_plan(&plan, made.data, made.size, true);
    ok(result == PE_OK && plan.unknown_overlay.size == 333, "it is found between what is known: %u bytes",
       result == PE_OK ? (unsigned)plan.unknown_overlay.size : 0);
    if (result == PE_OK)
        rewrite_free_plan(&plan);
    expect("an unknown overlay that may stay", made.data, made.size, PE_OK);
    free(made.data);
}

// Where a spoil goes: its place counts from one of these.
enum part {
    PART_FILE,
    PART_IMPORTS,
    PART_LOOKUP,
    PART_IAT,
    PART_DELAY,
    PART_CONFIGURATION,
};

static const struct {
    const char *what;
    enum part part;
    size_t at;
    uint32_t value;
    enum pe_result expected;
} spoils[] = {
    {"imports nowhere", PART_FILE, AT_DIRECTORIES + 8, 0x100000, PE_BAD_IMPORT_DIRECTORY},
    {"imports at the end of memory", PART_FILE, AT_DIRECTORIES + 8, UINT32_MAX, PE_BAD_IMPORT_DIRECTORY},
    {"imports that run out of their section", PART_FILE, AT_DIRECTORIES + 8, 0x3ff0, PE_BAD_IMPORT_DIRECTORY},
    {"a lookup table nowhere", PART_IMPORTS, 0, 0x100000, PE_BAD_IMPORT_TABLES},
    {"a lookup table at the end of memory", PART_IMPORTS, 0, UINT32_MAX, PE_BAD_IMPORT_TABLES},
    {"a lookup table without end", PART_IMPORTS, 0, MADE_RDATA_RVA + 0x1ff9, PE_BAD_IMPORT_TABLES},
    {"a lookup table of no entries beside a full address table", PART_IMPORTS, 0, MADE_IAT_RVA, PE_BAD_IMPORT_TABLES},
    {"an address table nowhere", PART_IMPORTS, 16, 0x100000, PE_BAD_IMPORT_TABLES},
    {"an address table in the headers", PART_IMPORTS, 16, 0x100, PE_BAD_IMPORT_TABLES},
    {"an address table that runs out of its section", PART_IMPORTS, 16, MADE_IAT_RVA + 0xff8, PE_BAD_IMPORT_TABLES},
    {"an address table at the end of memory", PART_IMPORTS, 16, UINT32_MAX - 7, PE_BAD_IMPORT_TABLES},
    {"a DLL name nowhere", PART_IMPORTS, 12, 0x100000, PE_BAD_IMPORT_NAME},
    {"an empty DLL name", PART_IMPORTS, 12, MADE_IAT_RVA, PE_BAD_IMPORT_NAME},
    {"a function name nowhere", PART_LOOKUP, 0, 0x100000, PE_BAD_IMPORT_NAME},
    {"a function name at the end of memory", PART_LOOKUP, 0, INT32_MAX, PE_BAD_IMPORT_NAME},
    {"an empty function name", PART_LOOKUP, 0, MADE_IAT_RVA, PE_BAD_IMPORT_NAME},
    {"a function name beyond 2 GiB", PART_LOOKUP, 0, 0x80000000, PE_BAD_IMPORT_TABLES},
    {"a thunk with high bits", PART_LOOKUP, 4, 1, PE_BAD_IMPORT_TABLES},
    {"an ordinal with high bits", PART_LOOKUP, 4, 0x80000001, PE_BAD_IMPORT_TABLES},
    {"delay imports nowhere", PART_FILE, AT_DIRECTORIES + 13 * 8, 0x100000, PE_BAD_DELAY_DIRECTORY},
    {"delay imports in the headers", PART_FILE, AT_DIRECTORIES + 13 * 8, AT_SECTIONS, PE_BAD_DELAY_DIRECTORY},
    {"delay imports without RVAs", PART_DELAY, 0, 0, PE_BAD_DELAY_DIRECTORY},
    {"delay imports of a kind unknown", PART_DELAY, 0, 3, PE_BAD_DELAY_DIRECTORY},
    {"a delay-loaded DLL's name nowhere", PART_DELAY, 4, 0x100000, PE_BAD_IMPORT_NAME},
    {"a delay address table nowhere", PART_DELAY, 12, 0x100000, PE_BAD_IMPORT_TABLES},
    {"a delay lookup table nowhere", PART_DELAY, 16, 0x100000, PE_BAD_IMPORT_TABLES},
    {"a load configuration nowhere", PART_FILE, AT_DIRECTORIES + 10 * 8, 0x100000, PE_BAD_LOAD_CONFIGURATION},
    {"a load configuration in the headers", PART_FILE, AT_DIRECTORIES + 10 * 8, 0x3c, PE_BAD_LOAD_CONFIGURATION},
    {"a load configuration of no size", PART_CONFIGURATION, 0, 0, PE_BAD_LOAD_CONFIGURATION},
    {"a load configuration of 4 GiB", PART_CONFIGURATION, 0, UINT32_MAX, PE_BAD_LOAD_CONFIGURATION},
    {"a .NET header nowhere", PART_FILE, AT_DIRECTORIES + 14 * 8, 0x100000, PE_IS_MANAGED},
    {"an image of 2 GiB", PART_FILE, AT_SIZE_OF_IMAGE, 0x7ffff000, PE_IMAGE_BEYOND_SECTIONS},
    {"96 sections", PART_FILE, AT_SECTION_COUNT, 0x00640060, PE_BAD_HEADERS_SIZE},
    {"sections that share bytes of the file", PART_FILE, AT_SECTIONS + 3 * 40 + 20, MADE_HEADERS,
     PE_SHARED_SECTION_BYTES},
    // What lies where a section header is to go is then no bound imports.
    {"bound imports nowhere", PART_FILE, AT_DIRECTORIES + 11 * 8, UINT32_MAX, PE_NO_HEADER_ROOM},
    {"bound imports over the section headers", PART_FILE, AT_DIRECTORIES + 11 * 8, AT_SECTIONS, PE_NO_HEADER_ROOM},
    // What it does not need it does not judge.
    {"an export directory nowhere", PART_FILE, AT_DIRECTORIES, 0x100000, PE_OK},
    {"certificates nowhere", PART_FILE, AT_DIRECTORIES + 4 * 8, UINT32_MAX, PE_OK},
    {"debug directory nowhere", PART_FILE, AT_DIRECTORIES + 6 * 8, UINT32_MAX, PE_OK},
    {"a symbol table nowhere", PART_FILE, AT_PE + 12, UINT32_MAX, PE_OK},
    {"4 G symbols", PART_FILE, AT_PE + 16, UINT32_MAX, PE_OK},
};

static size_t place_of(const struct made *made, enum part part)
{
    switch (part) {
    case PART_FILE:
        return 0;
    case PART_IMPORTS:
        return made->import_directory;
    case PART_LOOKUP:
        return made->lookup;
    case PART_IAT:
        return made->iat;
    case PART_DELAY:
        return made->delay_directory;
    case PART_CONFIGURATION:
        return made->load_configuration;
    }
    abort();
}

static void test_spoils(void)
{
    static const struct recipe rich = {"rich",
                                       MADE_BOUND | MADE_CERTIFICATE | MADE_SYMBOLS | MADE_DEBUG_DATA | MADE_LOAD_FLAGS,
                                       {MIX, "USER32.dll: MessageBoxW"},
                                       {API_SET, "other.dll: Sleep"}};

    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct made made = make_image(&rich);

        put32(made.data + place_of(&made, spoils[i].part) + spoils[i].at, spoils[i].value);
        expect(spoils[i].what, made.data, made.size, spoils[i].expected);
        free(made.data);
    }
}

// An export directory that no loader could use forwards nothing, and is nobody's concern here.
static void test_export_spoils(void)
{
    static const struct {
        const char *what;
        size_t at;
        uint32_t value;
        enum pe_result expected;
    } cases[] = {
        {"a forwarder nowhere", 44, 0x100000, PE_OK},
        {"a forwarder without an end", 44, MADE_IAT_RVA - 1, PE_OK},
        {"functions nowhere", 28, 0xfffffff0, PE_OK},
        {"4 G functions", 20, UINT32_MAX, PE_OK},
        {"more functions than the section holds", 20, 0x10000, PE_OK},
        {"no functions", 20, 0, PE_OK},
        {"another function that lies elsewhere", 40, MADE_RDATA_RVA, PE_FORWARDS_TO_POOL},
    };
    static const struct recipe recipe = {"forwards", MADE_FORWARDS_POOL, {MIX}, {0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made made = make_image(&recipe);

        memset(made.data + MADE_RDATA_RAW + MADE_IAT_RVA - MADE_RDATA_RVA - 1, 'x', 1);
        put32(made.data + made.export_directory + cases[i].at, cases[i].value);
        expect(cases[i].what, made.data, made.size, cases[i].expected);
        free(made.data);
    }
}

// Two descriptors share their slots: each keeps its own, whatever the loader makes of that.
static void test_overlaps(void)
{
    static const struct recipe both = {"both", 0, {MIX, "USER32.dll: MessageBoxW #7"}, {API_SET}};
    struct made made = make_image(&both);

    put32(made.data + made.import_directory + 36, get32(made.data + made.import_directory + 16));
    expect("two descriptors with the same slots", made.data, made.size, PE_OK);
    free(made.data);

    // The lookup table of an import lies in the delay-load descriptor that is to change.
    made = make_image(&both);
    put32(made.data + made.import_directory + 20,
          MADE_RDATA_RVA + (uint32_t)(made.delay_directory + 24 - MADE_RDATA_RAW));
    put32(made.data + made.delay_directory + 24, 7);
    put32(made.data + made.delay_directory + 28, 0x80000000);
    expect("a table that overlaps a delay-load descriptor", made.data, made.size, PE_OVERLAPPING_TABLES);
    free(made.data);
}

static enum pe_result undo(const uint8_t *in, size_t size)
{
    uint8_t *out;
    size_t out_size;
    enum pe_result result = rewrite_undo(in, size, &out, &out_size);

    if (result == PE_OK)
        free(out);
    return result;
}

static void test_undo(void)
{
    static const struct recipe recipe = {"undo", 0, {MIX}, {0}};
    struct made made = make_image(&recipe);
    struct rewrite_plan plan;
    uint8_t *out;
    size_t size;

    ok(undo(made.data, made.size) == PE_NOT_REWRITTEN, "an original has nothing to undo");
    if (rewrite_make_plan(&plan, made.data, made.size, false) != PE_OK || rewrite_apply(&plan, &out, &size) != PE_OK) {
        ok(false, "it can be rewritten");
        exit(1);
    }
    uint8_t *record = out + ((made.size + 0x1ff) & ~(size_t)0x1ff);
    rewrite_free_plan(&plan);
    ok(undo(out, size) == PE_OK, "undo works");

    // Signing adds a certificate behind the file and changes the checksum and the directory.
    uint8_t *signed_again = calloc(1, size + 512);
    memcpy(signed_again, out, size);
    memset(signed_again + size, 'c', 512);
    put32(signed_again + AT_DIRECTORIES + 4 * 8, (uint32_t)size);
    put32(signed_again + AT_DIRECTORIES + 4 * 8 + 4, 512);
    put32(signed_again + AT_OPTIONAL + 64, 0x1234);
    ok(undo(signed_again, size + 512) == PE_OK, "undo works on a file that was signed anew");
    free(signed_again);

    out[MADE_HEADERS + 5] ^= 1;
    ok(undo(out, size) == PE_CHANGED_SINCE, "a changed byte of code is noticed");
    out[MADE_HEADERS + 5] ^= 1;
    for (size_t i = 8; i < 48; i += 4) {
        uint32_t was = get32(record + i);

        // One field means nothing yet.
        put32(record + i, UINT32_MAX);
        enum pe_result result = undo(out, size);
        bool free_field = i == 36;
        ok(free_field ? result == PE_OK : result == PE_BAD_UNDO_DATA || result == PE_CHANGED_SINCE,
           "a damaged record, at %zu: %s", i, pe_describe(result));
        put32(record + i, was);
    }
    put32(record, 0);
    ok(undo(out, size) == PE_NOT_REWRITTEN, "without its record a file counts as an original");
    free(out);
    free(made.data);
}

static void test_truncation(void)
{
    size_t accepted = 0;
    const char *wrong = NULL;
    const struct recipe *recipe = &good_recipes[good_recipe_count - 1].recipe;
    struct made made = make_image(recipe);

    for (size_t size = 0; size < made.size && !wrong; size += size < MADE_RDATA_RAW ? 1 : 97) {
        uint8_t *part = malloc(size ? size : 1);

        memcpy(part, made.data, size);
        struct rewrite_check check = check_rewrite(part, size);
        wrong = check.wrong;
        accepted += check.result == PE_OK && size < made.size - 0x1000;
        free(part);
    }
    ok(accepted == 0 && !wrong, "no part of a file is taken for the whole: %s", wrong ? wrong : "right");
    free(made.data);
}

static void test_mutation(void)
{
    enum { ROUNDS = 20000 };
    uint64_t state = 20261;
    size_t accepted = 0;
    const char *wrong = NULL;
    int round = 0;

    for (; round < ROUNDS && !wrong; round++) {
        struct made made = make_image(&good_recipes[(size_t)round % good_recipe_count].recipe);

        mutate(&state, made.data, made.size);
        struct rewrite_check check = check_rewrite(made.data, made.size);
        wrong = check.wrong;
        accepted += check.result == PE_OK;
        free(made.data);
    }
    ok(!wrong, "%d mutated files: %s", round, wrong ? wrong : "every result is right");
    ok(accepted > ROUNDS / 100 && accepted < ROUNDS * 9 / 10, "%zu of them were taken", accepted);
}

static void test_names(void)
{
    ok(pool_source_of("KERNEL32") == POOL_SOURCE_KERNEL32 && pool_source_of("kernel32.DLL") == POOL_SOURCE_KERNEL32 &&
           pool_source_of("Api-Ms-Win-Core-ThreadPool-L1-1-0.dll") == POOL_SOURCE_KERNEL32 &&
           pool_source_of("NTDLL.dll") == POOL_SOURCE_NTDLL,
       "DLLs that the pool comes from");
    ok(!pool_source_of("") && !pool_source_of("kernel") && !pool_source_of("kernel32.drv") &&
           !pool_source_of("kernel32.dll.dll") && !pool_source_of("api-ms-wi") && !pool_source_of("xkernel32.dll"),
       "DLLs that it does not come from");
    ok(pool_source_has(POOL_SOURCE_KERNEL32, "BindIoCompletionCallback") &&
           pool_source_has(POOL_SOURCE_KERNEL32, "WaitForThreadpoolWorkCallbacks") &&
           !pool_source_has(POOL_SOURCE_KERNEL32, "TpAllocWork") && !pool_source_has(POOL_SOURCE_KERNEL32, "") &&
           !pool_source_has(POOL_SOURCE_KERNEL32, "createthreadpoolwork") &&
           pool_source_has(POOL_SOURCE_NTDLL, "TpAllocWork") &&
           pool_source_has(POOL_SOURCE_NTDLL, "RtlQueueWorkItem") &&
           !pool_source_has(POOL_SOURCE_NTDLL, "RtlInitUnicodeString") &&
           !pool_source_has(POOL_SOURCE_NONE, "CreateThreadpoolWork"),
       "functions of the pool and others");
}

int main(void)
{
    test_names();
    test_good();
    test_refused();
    test_overlay();
    test_spoils();
    test_export_spoils();
    test_overlaps();
    test_undo();
    test_truncation();
    test_mutation();
    return tap_end();
}
