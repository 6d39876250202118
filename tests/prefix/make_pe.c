// SPDX-License-Identifier: MIT
#include "make_pe.h"

#include <string.h>

#include "bytes.h"

static void section(uint8_t *header, const char *name, uint32_t rva, uint32_t raw, uint32_t raw_size)
{
    memcpy(header, name, strlen(name));
    put32(header + 8, raw_size);
    put32(header + 12, rva);
    put32(header + 16, raw_size);
    put32(header + 20, raw);
    put32(header + 36, 0x40000040);
}

static uint32_t text(uint8_t *file, size_t *at, const char *string)
{
    size_t here = *at;

    strcpy((char *)file + here, string);
    *at += strlen(string) + 1;
    return RVA_EDATA + (uint32_t)(here - AT_EDATA);
}

static void exports(uint8_t *file)
{
    static const struct {
        const char *name;
        uint16_t index;
    } names[MADE_NAMES] = {
        {"Alpha", 5}, {"CloseThreadpoolWork", 1}, {"CreateThreadpoolWork", 0}, {"SubmitThreadpoolWork", 6}, {"Zeta", 4},
    };
    size_t end = AT_ORDINALS + MADE_NAMES * 2;
    uint8_t *dir = file + AT_EDATA;

    put32(dir + 4, 0x12345678);
    put32(dir + 12, text(file, &end, "kernel32.dll"));
    put32(dir + 16, MADE_BASE);
    put32(dir + 20, MADE_FUNCTIONS);
    put32(dir + 24, MADE_NAMES);
    put32(dir + 28, RVA_EDATA + AT_FUNCTIONS - AT_EDATA);
    put32(dir + 32, RVA_EDATA + AT_NAMES - AT_EDATA);
    put32(dir + 36, RVA_EDATA + AT_ORDINALS - AT_EDATA);
    put32(file + AT_FUNCTIONS, RVA_TEXT + 0x10);
    put32(file + AT_FUNCTIONS + 4, text(file, &end, "ntdll.TpReleaseWork"));
    put32(file + AT_FUNCTIONS + 12, RVA_TEXT + 0x20);
    put32(file + AT_FUNCTIONS + 16, RVA_TEXT + 0x30);
    put32(file + AT_FUNCTIONS + 20, text(file, &end, "other.Beta"));
    put32(file + AT_FUNCTIONS + 24, RVA_TEXT + 0x40);
    for (size_t i = 0; i < MADE_NAMES; i++) {
        put32(file + AT_NAMES + i * 4, text(file, &end, names[i].name));
        put16(file + AT_ORDINALS + i * 2, names[i].index);
    }
    put32(file + AT_DIRECTORIES, RVA_EDATA);
    put32(file + AT_DIRECTORIES + 4, (uint32_t)(end - AT_EDATA));
}

void make_pe(uint8_t file[MADE_SIZE])
{
    memset(file, 0, MADE_SIZE);
    memcpy(file, "MZ", 2);
    put32(file + 60, AT_PE);
    memcpy(file + AT_SIGNATURE, "Wine builtin DLL", 16);
    memcpy(file + AT_PE, "PE", 2);
    put16(file + AT_MACHINE, 0x8664);
    put16(file + AT_SECTION_COUNT, 2);
    put16(file + AT_OPTIONAL_SIZE, 240);
    put16(file + AT_CHARACTERISTICS, 0x2022);
    put16(file + AT_OPTIONAL, 0x20b);
    put32(file + AT_SECTION_ALIGNMENT, 0x1000);
    put32(file + AT_FILE_ALIGNMENT, 0x200);
    put32(file + AT_SIZE_OF_IMAGE, MADE_IMAGE);
    put32(file + AT_SIZE_OF_HEADERS, 0x400);
    put32(file + AT_DIRECTORY_COUNT, 16);
    section(file + AT_TEXT_HEADER, ".text", RVA_TEXT, AT_TEXT, 0x200);
    section(file + AT_EDATA_HEADER, ".edata", RVA_EDATA, AT_EDATA, 0x400);
    memset(file + AT_TEXT, 0xcc, 0x200);
    exports(file);
}
