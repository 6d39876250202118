// SPDX-License-Identifier: MIT
//
// exports_prepare and exports_redirect on an image that is made here: names that are changed, added or left out, tables
// that do not fit into the image.
#include "../tap.h"
#include "guarded.h"
#include "redirect/exports.h"

#include <string.h>

enum { IMAGE_SIZE = 0x2000, DIRECTORY = 0x400, FUNCTIONS = 0x500, NAMES = 0x600, ORDINALS = 0x700, TEXTS = 0x800 };

static char *memory;
static struct image image;

static struct redirect_name replaced[] = {{"Before", NULL}, {"Known", NULL}, {"Last", NULL}};
static const struct redirect_names names = {replaced, 3};

static IMAGE_EXPORT_DIRECTORY *make_image(void)
{
    static const char *const texts[] = {"Another", "Known", "Keep"}; // by function
    static const uint16_t order[] = {0, 2, 1};                       // by name
    IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)memory;
    IMAGE_NT_HEADERS64 *headers = (IMAGE_NT_HEADERS64 *)(memory + 0x80);
    IMAGE_EXPORT_DIRECTORY *directory = (IMAGE_EXPORT_DIRECTORY *)(memory + DIRECTORY);

    memset(memory, 0, IMAGE_SIZE);
    dos->e_magic = IMAGE_DOS_SIGNATURE;
    dos->e_lfanew = 0x80;
    headers->Signature = IMAGE_NT_SIGNATURE;
    headers->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    headers->OptionalHeader.SizeOfImage = IMAGE_SIZE;
    headers->OptionalHeader.NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
    headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress = DIRECTORY;
    directory->Base = 5;
    directory->NumberOfFunctions = directory->NumberOfNames = 3;
    directory->AddressOfFunctions = FUNCTIONS;
    directory->AddressOfNames = NAMES;
    directory->AddressOfNameOrdinals = ORDINALS;
    for (int i = 0; i < 3; i++) {
        ((uint32_t *)(memory + FUNCTIONS))[i] = 0x1000 + i;
        ((uint32_t *)(memory + NAMES))[i] = TEXTS + 0x40 * order[i];
        ((uint16_t *)(memory + ORDINALS))[i] = order[i];
        strcpy(memory + TEXTS + 0x40 * i, texts[i]);
    }
    if (!image_open(&image, memory))
        printf("Bail out! the image is none\n");
    return directory;
}

/* As a loader looks; 0: no such name. */
static uint32_t look_up(const char *name)
{
    const IMAGE_EXPORT_DIRECTORY *directory = (IMAGE_EXPORT_DIRECTORY *)(memory + DIRECTORY);
    const uint32_t *texts = (uint32_t *)(memory + directory->AddressOfNames);
    int low = 0, high = (int)directory->NumberOfNames - 1;

    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(memory + texts[middle], name);

        if (order == 0)
            return ((uint32_t *)(memory + directory->AddressOfFunctions))[(
                (uint16_t *)(memory + directory->AddressOfNameOrdinals))[middle]];
        if (order < 0)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return 0;
}

static void test_redirection(void)
{
    bool is_known[REDIRECT_MOST_NAMES] = {false};
    struct exports_plan plan;
    uint32_t *functions;

    make_image();
    ok(exports_mark(&image, &names, is_known) && !is_known[0] && is_known[1] && !is_known[2],
       "the names that are there are marked");
    is_known[0] = true; // as if the other DLL had it
    ok(exports_prepare(&image, &names, is_known, &plan), "what is to be done is prepared");
    ok(look_up("Known") == 0x1001 && !look_up("Last"), "nothing has changed by that");
    ok(exports_redirect(&plan) == 2, "one export is changed and one is added");
    ok(look_up("Known") == 0x1200, "the one leads to its replacement");
    ok(look_up("Last") == 0x1300, "so does the other");
    ok(look_up("Another") == 0x1000 && look_up("Keep") == 0x1002, "other exports stay");
    ok(!look_up("Before"), "a name that only another DLL has is not added");
    functions = (uint32_t *)(memory + ((IMAGE_EXPORT_DIRECTORY *)(memory + DIRECTORY))->AddressOfFunctions);
    ok(functions[0] == 0x1000 && functions[2] == 0x1002, "ordinals mean what they meant");

    make_image();
    is_known[0] = is_known[2] = false;
    ok(exports_prepare(&image, &names, is_known, &plan) && exports_redirect(&plan) == 3 &&
           look_up("Before") == 0x1100 && look_up("Last") == 0x1300 && look_up("Another") == 0x1000,
       "several names are added");
}

static void test_far_replacements(void)
{
    const struct redirect_name far_away[] = {{"Known", (void *)(uintptr_t)0x7777}, {"New", (void *)(uintptr_t)0x8888}};
    const struct redirect_names list = {far_away, 2};
    bool is_known[REDIRECT_MOST_NAMES] = {true};
    struct exports_plan plan;
    uint64_t target;

    make_image();
    ok(exports_prepare(&image, &list, is_known, &plan) && exports_redirect(&plan) == 2, "functions that are far away");
    memcpy(&target, memory + look_up("Known") + 6, sizeof(target));
    ok(target == 0x7777, "are reached by a jump near the module");
    memcpy(&target, memory + look_up("New") + 6, sizeof(target));
    ok(target == 0x8888, "added ones too");
}

static bool is_refused(void)
{
    static const bool none[REDIRECT_MOST_NAMES];
    bool is_known[REDIRECT_MOST_NAMES] = {false};
    struct exports_plan plan;

    return !exports_mark(&image, &names, is_known) && !exports_prepare(&image, &names, none, &plan);
}

static void test_bad_images(void)
{
    static const bool none[REDIRECT_MOST_NAMES];
    struct exports_plan plan;

    make_image();
    image.headers->OptionalHeader.DataDirectory[0].VirtualAddress = 0;
    ok(is_refused(), "no export directory");
    make_image();
    image.headers->OptionalHeader.DataDirectory[0].VirtualAddress = IMAGE_SIZE - 4;
    ok(is_refused(), "a directory that reaches beyond the image");
    make_image()->AddressOfNames = IMAGE_SIZE - 8;
    ok(is_refused(), "names that reach beyond the image");
    make_image()->NumberOfFunctions = 0xffffffff;
    ok(is_refused(), "more functions than there can be");
    make_image()->AddressOfNameOrdinals = 0xfffffff0;
    ok(is_refused(), "ordinals beyond the image");
    make_image();
    ((uint32_t *)(memory + NAMES))[1] = 0xfffffff0;
    ((uint16_t *)(memory + ORDINALS))[2] = 3;
    ok(exports_prepare(&image, &names, none, &plan) && exports_redirect(&plan) == 3,
       "a name and a function that are not there are passed by");
}

/* Whatever the tables hold: nothing outside the image is read or written, since that would be the end of this. */
static void test_spoiled_images(void)
{
    enum { ROUNDS = 5000, ADDING = 100 };
    unsigned changed = 0;
    uint64_t state = 5;

    for (int round = 0; round < ROUNDS; round++) {
        bool is_known[REDIRECT_MOST_NAMES] = {true, true, round >= ADDING};
        struct exports_plan plan;

        make_image();
        guarded_spoil(&state, memory, DIRECTORY, TEXTS, IMAGE_SIZE);
        if (exports_mark(&image, &names, is_known) && exports_prepare(&image, &names, is_known, &plan))
            changed += exports_redirect(&plan);
    }
    ok(changed > ROUNDS / 4, "many images with random changes");
}

int main(void)
{
    memory = guarded_allocate(IMAGE_SIZE);
    for (int i = 0; i < 3; i++)
        replaced[i].replacement = memory + 0x1100 + 0x100 * i;
    test_redirection();
    test_far_replacements();
    test_bad_images();
    test_spoiled_images();
    return tap_end();
}
