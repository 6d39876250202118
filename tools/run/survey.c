// SPDX-License-Identifier: MIT
#include "survey.h"
#include "complain.h"

#include "file-io.h"
#include "imports.h"
#include "pool-source.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { LARGEST_FILE = 1 << 30, MOST_FILES = 256, LONGEST_PATH = 4 * MAX_PATH };

/* The files that were met: the program, then the DLLs in its folder. */
struct survey {
    char folder[LONGEST_PATH]; /* with its last separator */
    char *names[MOST_FILES];
    unsigned count;
    unsigned functions;
};

typedef enum pe_result read_import(const struct pe_image *image, uint32_t index, struct pe_import *import);

static void meet(struct survey *survey, const char *name)
{
    for (unsigned i = 0; i < survey->count; i++)
        if (!_stricmp(survey->names[i], name))
            return;
    if (survey->count < MOST_FILES && (survey->names[survey->count] = _strdup(name)))
        survey->count++;
}

static void put_plain(const char *text)
{
    for (; *text; text++)
        putchar(*text >= ' ' && *text <= '~' ? *text : '?');
}

/* The functions of one descriptor that would be redirected, on one line. */
static enum pe_result list_functions(struct survey *survey, const struct pe_image *image,
                                     const struct pe_import *import, const char *kind)
{
    bool is_first = true;

    for (uint32_t i = 0; i < import->count; i++) {
        struct pe_imported imported;
        enum pe_result result = pe_read_imported(image, import, i, &imported);

        if (result != PE_OK)
            return result;
        if (!imported.name || !pool_source_has(POOL_SOURCE_KERNEL32, imported.name))
            continue;
        if (is_first) {
            fputs("    from ", stdout);
            put_plain(import->dll);
            fputs(kind, stdout);
        }
        fputs(is_first ? ": " : ", ", stdout);
        put_plain(imported.name);
        is_first = false;
        survey->functions++;
    }
    if (!is_first)
        putchar('\n');
    return PE_OK;
}

static enum pe_result list_imports(struct survey *survey, const struct pe_image *image, uint32_t count,
                                   read_import *read, const char *kind)
{
    for (uint32_t i = 0; i < count; i++) {
        struct pe_import import;
        enum pe_result result = read(image, i, &import);

        if (result == PE_OK && pool_source_of(import.dll) == POOL_SOURCE_KERNEL32)
            result = list_functions(survey, image, &import, kind);
        else if (result == PE_OK && !strpbrk(import.dll, "\\/:"))
            meet(survey, import.dll);
        if (result != PE_OK)
            return result;
    }
    return PE_OK;
}

static enum pe_result survey_image(struct survey *survey, const uint8_t *data, size_t size)
{
    struct pe_image image;
    uint32_t count;
    enum pe_result result = pe_parse(&image, data, size);

    if (result == PE_OK)
        result = pe_count_imports(&image, &count);
    if (result == PE_OK)
        result = list_imports(survey, &image, count, pe_read_import, "");
    if (result == PE_OK)
        result = pe_count_delay_imports(&image, &count);
    if (result == PE_OK)
        result = list_imports(survey, &image, count, pe_read_delay_import, ", delay-loaded");
    return result;
}

/* A DLL that is not in the program's folder is the system's, or unknown until the program runs. */
static void survey_file(struct survey *survey, unsigned index)
{
    char path[2 * LONGEST_PATH];
    enum pe_result result;
    uint8_t *data;
    size_t size;

    snprintf(path, sizeof(path), "%s%s", survey->folder, survey->names[index]);
    if (index && file_kind(path) != FILE_IS_REGULAR)
        return;
    printf("  %s\n", survey->names[index]);
    data = file_read(path, LARGEST_FILE, &size);
    if (!data) {
        printf("    cannot be read\n");
        return;
    }
    result = survey_image(survey, data, size);
    if (result != PE_OK)
        printf("    cannot be foretold: %s\n", pe_describe(result));
    free(data);
}

int survey_program(const wchar_t *path)
{
    static struct survey survey;
    char whole[LONGEST_PATH];
    char *name;

    if (WideCharToMultiByte(CP_UTF8, 0, path, -1, whole, sizeof(whole), NULL, NULL) == 0)
        return complain(RUN_FAILED, L"%ls: this path is too long", path);
    name = strrchr(whole, '\\');
    name = name ? name + 1 : whole;
    memcpy(survey.folder, whole, (size_t)(name - whole));
    meet(&survey, name);
    printf("static imports that would lead to ntpool, here and in DLLs of the same folder:\n");
    for (unsigned i = 0; i < survey.count; i++)
        survey_file(&survey, i);
    printf("%u in all. So would whatever is looked up at run time in kernel32.dll and kernelbase.dll.\n",
           survey.functions);
    return 0;
}
