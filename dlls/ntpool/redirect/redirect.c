// SPDX-License-Identifier: MIT
#include "redirect/redirect.h"
#include "redirect/exports.h"
#include "redirect/imports.h"
#include "redirect/letter.h"

/* The letter is at the start of the block that the borrowed import directory lies in. The image's own would lie inside
 * the image. NULL: nobody put us here. */
static const struct letter *find_letter(const struct image *program)
{
    const IMAGE_DATA_DIRECTORY *directory = image_directory(program, IMAGE_DIRECTORY_ENTRY_IMPORT);
    MEMORY_BASIC_INFORMATION region;
    const struct letter *letter;

    if (!directory || directory->VirtualAddress < program->size ||
        NtQueryVirtualMemory(NTDLL_CURRENT_PROCESS, program->base + directory->VirtualAddress, NTDLL_MEMORY_BASIC,
                             &region, sizeof(region), NULL) < 0 ||
        region.State != MEM_COMMIT)
        return NULL;
    letter = region.AllocationBase;
    return letter->magic == LETTER_MAGIC && letter->version == LETTER_VERSION ? letter : NULL;
}

static void restore_headers(const struct image *program, const struct letter *letter)
{
    IMAGE_DATA_DIRECTORY *directories = program->headers->OptionalHeader.DataDirectory;

    image_write(&directories[IMAGE_DIRECTORY_ENTRY_IMPORT], &letter->imports, sizeof(letter->imports));
    if (program->headers->OptionalHeader.NumberOfRvaAndSizes > IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT)
        image_write(&directories[IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT], &letter->bound_imports,
                    sizeof(letter->bound_imports));
}

/* ---- the modules of the process ----------------------------------------------------------------------- */

static WCHAR lower(WCHAR character)
{
    return character >= L'A' && character <= L'Z' ? (WCHAR)(character + 32) : character;
}

static bool starts_with(const UNICODE_STRING *text, const WCHAR *start, size_t length)
{
    if (text->Length / sizeof(WCHAR) < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(text->Buffer[i]) != lower(start[i]))
            return false;
    return true;
}

/* Where Windows keeps its own DLLs: the folder that ntdll lies in, and WinSxS beside it. */
static bool is_systems_own(const struct ntdll_module *module)
{
    static const WCHAR side_by_side[] = L"winsxs\\";
    const size_t name_length = sizeof(side_by_side) / sizeof(WCHAR) - 1;
    struct ntdll_module *ntdll;
    size_t length;

    if (LdrFindEntryForAddress((const void *)(uintptr_t)&LdrFindEntryForAddress, &ntdll) < 0)
        return false;
    for (length = ntdll->full_name.Length / sizeof(WCHAR); length && ntdll->full_name.Buffer[length - 1] != L'\\';)
        length--;
    if (!length)
        return false;
    if (starts_with(&module->full_name, ntdll->full_name.Buffer, length))
        return true;
    while (--length && ntdll->full_name.Buffer[length - 1] != L'\\')
        ;
    UNICODE_STRING rest = module->full_name;
    if (!starts_with(&rest, ntdll->full_name.Buffer, length))
        return false;
    rest.Buffer += length;
    rest.Length -= (USHORT)(length * sizeof(WCHAR));
    return starts_with(&rest, side_by_side, name_length);
}

/* Functions that are redirected, and what they were. */
struct list {
    struct redirect_names names;
    struct originals originals;
};

/* Pool functions: only for the program's own modules. What Windows' DLLs have from their pool stays there, or they
 * would hand it objects of ours. Starting processes: everywhere, since the program may have others do that for it. */
static void redirect_imports(HMODULE self, const struct list *pool, const struct list *children,
                             struct redirect_counts *counts)
{
    LIST_ENTRY *head = &ntdll_peb()->loader->load_order;

    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        struct ntdll_module *module = CONTAINING_RECORD(link, struct ntdll_module, load_order);
        struct image image;
        unsigned changed = 0;

        if (module->base == (void *)self || !image_open(&image, module->base))
            continue;
        if (module->base == ntdll_peb()->image_base || !is_systems_own(module))
            changed = imports_redirect(&image, &pool->names, &pool->originals);
        counts->modules += changed != 0;
        counts->imports += changed;
        if (children->names.count)
            imports_redirect(&image, &children->names, &children->originals);
    }
}

/* A DLL whose exports are redirected. */
struct exporter {
    struct image image;
    struct exports_plan pool;
    struct exports_plan children;
};

static bool open_exporter(struct exporter *exporter, const WCHAR *dll)
{
    UNICODE_STRING name;
    HMODULE module;

    RtlInitUnicodeString(&name, dll);
    return LdrGetDllHandle(NULL, 0, &name, &module) >= 0 && image_open(&exporter->image, (void *)module);
}

/* A function that this system has in neither DLL is added to both; one that only the other has is not for this one. */
static bool prepare_exports(struct exporter exporters[2], const struct list *pool, const struct list *children)
{
    static const bool none_added[REDIRECT_MOST_NAMES] = {[0 ... REDIRECT_MOST_NAMES - 1] = true};
    bool is_known[REDIRECT_MOST_NAMES] = {false};

    for (int i = 0; i < 2; i++)
        if (!exports_mark(&exporters[i].image, &pool->names, is_known))
            return false;
    for (int i = 0; i < 2; i++)
        if (!exports_prepare(&exporters[i].image, &pool->names, is_known, &exporters[i].pool) ||
            !exports_prepare(&exporters[i].image, &children->names, none_added, &exporters[i].children))
            return false;
    return true;
}

bool redirect_process(void *self, const struct redirect_names *names, children_missed *missed,
                      struct redirect_counts *counts)
{
    // Not on the stack of who loads us. Used once, under the loader's lock.
    static struct list pool, children;
    static struct exporter exporters[2];
    const struct letter *letter;
    struct image program;

    if (!image_open(&program, ntdll_peb()->image_base) || !(letter = find_letter(&program)))
        return false;
    *counts = (struct redirect_counts){0};
    restore_headers(&program, letter);
    pool.names = *names;
    if (letter->flags & LETTER_CHILDREN)
        children.names = children_prepare(self, missed);
    // All or nothing: a program whose functions came from both pools would hand ours to the system.
    if (!open_exporter(&exporters[0], L"kernel32.dll") || !open_exporter(&exporters[1], L"kernelbase.dll") ||
        !prepare_exports(exporters, &pool, &children))
        return true;
    originals_collect(&pool.originals, &pool.names);
    originals_collect(&children.originals, &children.names);
    counts->children = children.names.count != 0;
    redirect_imports(self, &pool, &children, counts);
    for (int i = 0; i < 2; i++) {
        exports_redirect(&exporters[i].children);
        counts->exports += exports_redirect(&exporters[i].pool);
    }
    return true;
}
