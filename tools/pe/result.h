// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_RESULT_H
#define NTPOOL_PE_RESULT_H

/// Why a file was refused. PE_OK is the only success.
enum pe_result {
    PE_OK = 0,
    PE_NO_MEMORY,
    PE_TOO_LARGE,
    PE_NOT_MZ,
    PE_NOT_PE,
    PE_IS_PE32,
    PE_BAD_MAGIC,
    PE_BAD_OPTIONAL_HEADER,
    PE_BAD_ALIGNMENT,
    PE_BAD_HEADERS_SIZE,
    PE_BAD_SECTION_COUNT,
    PE_BAD_SECTION,
    PE_NO_HEADER_ROOM,
    PE_BAD_MACHINE,
    PE_NOT_DLL,
    PE_IS_SIGNED,
    PE_NO_EXPORTS,
    PE_BAD_EXPORT_DIRECTORY,
    PE_BAD_EXPORT_TABLES,
    PE_BAD_EXPORT_ADDRESS,
    PE_BAD_EXPORT_NAME,
    PE_DUPLICATE_EXPORT_NAME,
    PE_SHARED_ORDINAL,
    PE_NO_ORDINALS_LEFT,
    PE_BAD_MODULE,
    PE_BAD_REDIRECT_NAME,
    PE_DUPLICATE_REDIRECT,
    PE_PLACEHOLDER,
    PE_NOT_BUILTIN,
};

/// One sentence about a result, for a message that already names the file.
const char *pe_describe(enum pe_result result);

#endif
