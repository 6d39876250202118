// SPDX-License-Identifier: MIT
//
// imports_redirect on an image that is made here: slots of a delay-load directory that are filled or not, and
// directories that do not fit into the image.
#include "../tap.h"
#include "guarded.h"
#include "redirect/imports.h"

#include <string.h>

enum { IMAGE_SIZE = 0x2000, DELAY = 0x400, IMPORTS = 0x500, TABLE = 0x600, SLOTS = 0x700, NAMES = 0x800, DLL = 0xa00 };

static char *memory;
static struct image image;

static const struct redirect_name replaced[] = {
    {"CloseThreadpoolWork", (void *)0x1111},
    {"CreateThreadpoolWork", (void *)0x2222},
};
static const struct redirect_names names = {replaced, 2};
static struct originals originals;

static uint64_t *slot(int index)
{
    return (uint64_t *)(memory + SLOTS) + index;
}

static void put_name(int index, const char *name)
{
    uint64_t place = NAMES + index * 0x40;

    strcpy(memory + place + 2, name);
    ((uint64_t *)(memory + TABLE))[index] = place;
}

static void make_image(unsigned directory, uint32_t address)
{
    IMAGE_DOS_HEADER *dos = (IMAGE_DOS_HEADER *)memory;
    IMAGE_NT_HEADERS64 *headers = (IMAGE_NT_HEADERS64 *)(memory + 0x80);

    memset(memory, 0, IMAGE_SIZE);
    dos->e_magic = IMAGE_DOS_SIGNATURE;
    dos->e_lfanew = 0x80;
    headers->Signature = IMAGE_NT_SIGNATURE;
    headers->OptionalHeader.Magic = IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    headers->OptionalHeader.SizeOfImage = IMAGE_SIZE;
    headers->OptionalHeader.NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
    headers->OptionalHeader.DataDirectory[directory].VirtualAddress = address;
    strcpy(memory + DLL, "KERNEL32.dll");
    put_name(0, "CreateThreadpoolWork");
    put_name(1, "CloseThreadpoolWork");
    put_name(2, "ReadFile");
    if (!image_open(&image, memory))
        printf("Bail out! the image is none\n");
}

static IMAGE_DELAYLOAD_DESCRIPTOR *make_delayed(void)
{
    IMAGE_DELAYLOAD_DESCRIPTOR *descriptor = (IMAGE_DELAYLOAD_DESCRIPTOR *)(memory + DELAY);

    make_image(IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, DELAY);
    descriptor->Attributes.AllAttributes = 1;
    descriptor->DllNameRVA = DLL;
    descriptor->ImportAddressTableRVA = SLOTS;
    descriptor->ImportNameTableRVA = TABLE;
    *slot(0) = *slot(1) = *slot(2) = 0x7777;
    return descriptor;
}

static IMAGE_IMPORT_DESCRIPTOR *make_imports(void)
{
    IMAGE_IMPORT_DESCRIPTOR *descriptor = (IMAGE_IMPORT_DESCRIPTOR *)(memory + IMPORTS);

    make_image(IMAGE_DIRECTORY_ENTRY_IMPORT, IMPORTS);
    descriptor->Name = DLL;
    descriptor->OriginalFirstThunk = TABLE;
    descriptor->FirstThunk = SLOTS;
    *slot(0) = *slot(1) = *slot(2) = 0x7777;
    return descriptor;
}

static void test_delayed(void)
{
    make_delayed();
    *slot(1) = (uintptr_t)memory + 0x300; // the helper's stub: not filled yet
    ok(imports_redirect(&image, &names, &originals) == 1, "one filled slot of the delay-load directory is changed");
    ok(*slot(0) == 0x2222, "it leads to the replacement");
    ok(*slot(1) == (uintptr_t)memory + 0x300, "one that is not filled stays");
    ok(*slot(2) == 0x7777, "another function stays");
    make_delayed()->Attributes.AllAttributes = 0;
    ok(imports_redirect(&image, &names, &originals) == 0, "a descriptor of addresses is left alone");
}

static void test_imports(void)
{
    make_imports();
    ok(imports_redirect(&image, &names, &originals) == 2, "the slots of the import directory are changed");
    ok(*slot(0) == 0x2222 && *slot(1) == 0x1111 && *slot(2) == 0x7777, "these and no others");
    make_imports();
    strcpy(memory + DLL, "user32.dll");
    ok(imports_redirect(&image, &names, &originals) == 0, "functions of the same name in other DLLs stay");
}

/* What the slots hold is what the system's functions are. */
static void test_forwarded(void)
{
    originals_add(&originals, 0x7777, 0);
    originals_add(&originals, 0x7776, 1);
    originals_add(&originals, 0x7777, 1);
    make_imports();
    strcpy(memory + DLL, "plugin.dll");
    *slot(1) = 0x7776;
    *slot(2) = 0x7778;
    ok(imports_redirect(&image, &names, &originals) == 2, "slots of another DLL that hold the system's functions");
    ok(*slot(0) == 0x1111 && *slot(1) == 0x2222 && *slot(2) == 0x7778, "lead to what replaces these");
    make_imports();
    strcpy(memory + DLL, "NTDLL.dll");
    ok(imports_redirect(&image, &names, &originals) == 0, "slots of ntdll stay, whatever they hold");
    make_imports()->OriginalFirstThunk = 0;
    *slot(3) = 0;
    ok(imports_redirect(&image, &names, &originals) == 3, "slots without names are known by what they hold");
    make_imports();
    ((uint64_t *)(memory + TABLE))[2] = IMAGE_ORDINAL_FLAG64 | 7;
    ok(imports_redirect(&image, &names, &originals) == 3, "as are slots with an ordinal");
    originals.count = 0;
    for (uint64_t i = 0; i < 1000; i++)
        originals_add(&originals, 5000 - i, (int)i);
    ok(originals_find(&originals, 5000) == 0 && originals_find(&originals, 4990) == 10 &&
           originals_find(&originals, 4001) == -1,
       "what there is no room for is not known");
    originals.count = 0;
}

static void test_bad_images(void)
{
    make_image(IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_SIZE - 4);
    ok(imports_redirect(&image, &names, &originals) == 0, "a directory that reaches beyond the image");
    make_image(IMAGE_DIRECTORY_ENTRY_IMPORT, 0xfffffff0);
    ok(imports_redirect(&image, &names, &originals) == 0, "a directory beyond the image");
    make_imports()->Name = IMAGE_SIZE - 1;
    memory[IMAGE_SIZE - 1] = 'x';
    ok(imports_redirect(&image, &names, &originals) == 0, "a name without an end");
    make_imports()->FirstThunk = IMAGE_SIZE - 8;
    ok(imports_redirect(&image, &names, &originals) <= 1, "slots that reach beyond the image");
    make_imports()->OriginalFirstThunk = 0xfffffff8;
    ok(imports_redirect(&image, &names, &originals) == 0, "a table of names beyond the image");
    make_imports();
    ((uint64_t *)(memory + TABLE))[0] = UINT64_C(0x7fffffffffffffff);
    ok(imports_redirect(&image, &names, &originals) == 1, "a name beyond the image is passed by");
    memory[0] = 'X';
    ok(!image_open(&image, memory), "what is no image is none");
}

/* Whatever the tables hold: nothing outside the image is read or written, since that would be the end of this. */
static void test_spoiled_images(void)
{
    enum { ROUNDS = 5000 };
    unsigned changed = 0;
    uint64_t state = 5;

    originals_add(&originals, 0x7777, 0);
    for (int round = 0; round < ROUNDS; round++) {
        if (round % 2)
            make_imports();
        else
            make_delayed();
        guarded_spoil(&state, memory, DELAY, NAMES, IMAGE_SIZE);
        changed += imports_redirect(&image, &names, &originals);
    }
    originals.count = 0;
    ok(changed > ROUNDS, "many images with random changes");
}

int main(void)
{
    memory = guarded_allocate(IMAGE_SIZE);
    test_delayed();
    test_imports();
    test_forwarded();
    test_bad_images();
    test_spoiled_images();
    return tap_end();
}
