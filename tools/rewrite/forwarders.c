// SPDX-License-Identifier: MIT
#include "forwarders.h"

#include <string.h>

#include "bytes.h"
#include "exports.h"
#include "pool-source.h"

#define EXPORT_DIRECTORY_SIZE 40u
#define AT_FUNCTION_COUNT     20u
#define AT_FUNCTIONS          28u
#define MAX_DLL_NAME          260u

// "KERNEL32.CreateThreadpoolWork"; a DLL's name may hold dots itself.
static bool is_of_pool(const char *forwarder)
{
    const char *dot = strrchr(forwarder, '.');
    size_t length = dot ? (size_t)(dot - forwarder) : 0;
    char dll[MAX_DLL_NAME];

    if (!dot || length >= sizeof(dll))
        return false;
    memcpy(dll, forwarder, length);
    dll[length] = '\0';
    return pool_source_has(pool_source_of(dll), dot + 1);
}

bool forwards_to_pool(const struct pe_image *image)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_EXPORT);
    const uint8_t *p = dir.rva ? pe_at(image, dir.rva, EXPORT_DIRECTORY_SIZE) : NULL;
    uint32_t count = p ? get32(p + AT_FUNCTION_COUNT) : 0;
    const uint8_t *table =
        count && count <= PE_MAX_EXPORTS ? pe_at(image, get32(p + AT_FUNCTIONS), (size_t)count * 4) : NULL;

    for (uint32_t i = 0; table && i < count; i++) {
        uint32_t rva = get32(table + (size_t)i * 4);
        const char *text = NULL;
        size_t length;

        if (rva >= dir.rva && rva - dir.rva < dir.size)
            text = pe_string(image, rva, PE_MAX_EXPORT_NAME, &length);
        if (text && is_of_pool(text))
            return true;
    }
    return false;
}
