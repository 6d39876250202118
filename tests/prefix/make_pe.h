// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_MAKE_PE_H
#define NTPOOL_TESTS_MAKE_PE_H

#include <stddef.h>
#include <stdint.h>

// Offsets in the file that make_pe makes, for tests that spoil it.
enum {
    AT_SIGNATURE = 0x40,
    AT_PE = 0x80,
    AT_MACHINE = AT_PE + 4,
    AT_SECTION_COUNT = AT_PE + 6,
    AT_OPTIONAL_SIZE = AT_PE + 20,
    AT_CHARACTERISTICS = AT_PE + 22,
    AT_OPTIONAL = AT_PE + 24,
    AT_SECTION_ALIGNMENT = AT_OPTIONAL + 32,
    AT_FILE_ALIGNMENT = AT_OPTIONAL + 36,
    AT_SIZE_OF_IMAGE = AT_OPTIONAL + 56,
    AT_SIZE_OF_HEADERS = AT_OPTIONAL + 60,
    AT_CHECKSUM = AT_OPTIONAL + 64,
    AT_DIRECTORY_COUNT = AT_OPTIONAL + 108,
    AT_DIRECTORIES = AT_OPTIONAL + 112,
    AT_SECURITY = AT_DIRECTORIES + 4 * 8,
    AT_SECTIONS = AT_OPTIONAL + 240,
    AT_TEXT_HEADER = AT_SECTIONS,
    AT_EDATA_HEADER = AT_SECTIONS + 40,
    AT_NEW_HEADER = AT_SECTIONS + 80,
    AT_TEXT = 0x400,
    AT_EDATA = 0x600,
    AT_FUNCTIONS = AT_EDATA + 40,
    MADE_FUNCTIONS = 7,
    MADE_NAMES = 5,
    AT_NAMES = AT_FUNCTIONS + MADE_FUNCTIONS * 4,
    AT_ORDINALS = AT_NAMES + MADE_NAMES * 4,
    MADE_SIZE = 0xa00,
    RVA_TEXT = 0x1000,
    RVA_EDATA = 0x2000,
    MADE_IMAGE = 0x3000,
    MADE_BASE = 5,
};

/// A small 64-bit DLL with Wine's builtin signature. Its exports, by index: code CreateThreadpoolWork,
/// forwarder CloseThreadpoolWork, an empty slot, code without a name, code Zeta, forwarder Alpha, code
/// SubmitThreadpoolWork.
void make_pe(uint8_t file[MADE_SIZE]);

#endif
