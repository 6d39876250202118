// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_MAKE_IMAGE_H
#define NTPOOL_TESTS_MAKE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

// What a made image has, besides its imports.
enum made_trait {
    MADE_NO_LOOKUP = 1 << 0,         // no lookup tables: names are in the address tables
    MADE_BOUND = 1 << 1,             // bound imports, their directory right behind the section headers
    MADE_NO_IAT_DIRECTORY = 1 << 2,  // and the address tables are in the section of the import directory
    MADE_FAR_IAT = 1 << 3,           // the address tables are in a section of their own, not writable
    MADE_WRITABLE_IAT = 1 << 4,      // that section is writable
    MADE_CERTIFICATE = 1 << 5,       // at the end of the file
    MADE_OVERLAY = 1 << 6,           // after the last section
    MADE_SYMBOLS = 1 << 7,           // COFF symbols after the last section
    MADE_DEBUG_DATA = 1 << 8,        // debug data after the last section
    MADE_ONLY_IL = 1 << 9,           // a .NET image without native code
    MADE_MIXED_IL = 1 << 10,         // one with
    MADE_LOAD_FLAGS = 1 << 11,       // imports are looked for in system32 only
    MADE_HYBRID = 1 << 12,           // ARM64EC
    MADE_FORCED_INTEGRITY = 1 << 13, // only to be loaded with a valid signature
    MADE_NO_HEADER_ROOM = 1 << 14,   // no zeros behind the section headers
    MADE_SYSTEM_DLL = 1 << 15,       // calls itself kernelbase.dll
    MADE_FEW_DIRECTORIES = 1 << 16,  // room for 12 of the data directories, so none for the IAT
    MADE_ARM64 = 1 << 17,
    MADE_PE32 = 1 << 18,
    MADE_ODD_SIZE = 1 << 19,            // three zeros after everything
    MADE_FORWARDS_POOL = 1 << 20,       // exports one of its functions, and forwards another to kernel32's pool
    MADE_FORWARDS_OTHERS = 1 << 21,     // forwards functions that are none of the pool's
    MADE_FORWARDS_TO_API_SET = 1 << 22, // forwards one through an API set
};

enum { MADE_DLLS = 8 };

/// An import table is text: "KERNEL32.dll: CreateThreadpoolWork #12 GetTickCount".
struct recipe {
    const char *name;
    unsigned traits;
    const char *imports[MADE_DLLS];
    const char *delay_imports[MADE_DLLS];
};

/// Where the parts of a made image lie in its file, for tests that spoil them; 0 for parts that it lacks.
struct made {
    uint8_t *data; // from malloc
    size_t size;
    size_t import_directory;
    size_t lookup; // the first descriptor's lookup table
    size_t iat;    // the first descriptor's address table
    size_t delay_directory;
    size_t export_directory; // of an image with a forwarder
    size_t load_configuration;
};

enum {
    AT_PE = 0x80,
    AT_MACHINE = AT_PE + 4,
    AT_SECTION_COUNT = AT_PE + 6,
    AT_OPTIONAL = AT_PE + 24,
    AT_SIZE_OF_IMAGE = AT_OPTIONAL + 56,
    AT_DIRECTORIES = AT_OPTIONAL + 112,
    AT_SECTIONS = AT_OPTIONAL + 240,
    MADE_HEADERS = 0x400,
    MADE_RDATA_RVA = 0x2000,
    MADE_RDATA_RAW = 0x600,
    MADE_IAT_RVA = 0x4000,
    MADE_DATA_RVA = 0x5000,
};

/// Makes the image; the program ends when memory is short. Its code is nothing but breakpoints.
struct made make_image(const struct recipe *recipe);

#endif
