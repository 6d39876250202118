// SPDX-License-Identifier: MIT
#include "result.h"

const char *pe_describe(enum pe_result result)
{
    switch (result) {
    case PE_OK:
        return "no error";
    case PE_NO_MEMORY:
        return "not enough memory";
    case PE_TOO_LARGE:
        return "the file or what would become of it is larger than this tool handles";
    case PE_NOT_MZ:
        return "not a PE file: it has no complete MZ header";
    case PE_NOT_PE:
        return "not a PE file: the MZ header does not lead to a PE signature";
    case PE_IS_PE32:
        return "a 32-bit PE file (PE32); only 64-bit files (PE32+) are handled";
    case PE_BAD_MAGIC:
        return "neither PE32 nor PE32+: unknown optional header magic";
    case PE_BAD_OPTIONAL_HEADER:
        return "the optional header is cut off or contradicts its own size";
    case PE_BAD_ALIGNMENT:
        return "unsupported file or section alignment";
    case PE_BAD_HEADERS_SIZE:
        return "the size of the headers contradicts the file or the section table";
    case PE_BAD_SECTION_COUNT:
        return "no sections, or more than 96";
    case PE_BAD_SECTION:
        return "a section lies outside the file or the image, or overlaps another";
    case PE_NO_HEADER_ROOM:
        return "no room for another section header";
    case PE_BAD_MACHINE:
        return "not built for x86_64";
    case PE_NOT_DLL:
        return "not a DLL";
    case PE_IS_SIGNED:
        return "it carries an Authenticode signature, which a change would break";
    case PE_NO_EXPORTS:
        return "it exports nothing";
    case PE_BAD_EXPORT_DIRECTORY:
        return "the export directory does not lie in a section, or is too small";
    case PE_BAD_EXPORT_TABLES:
        return "the export tables do not lie in a section, or a name has no function";
    case PE_BAD_EXPORT_ADDRESS:
        return "an exported address lies outside the image, or a forwarder outside the export directory";
    case PE_BAD_EXPORT_NAME:
        return "an export name is empty, too long or does not lie in a section";
    case PE_DUPLICATE_EXPORT_NAME:
        return "two exports have the same name";
    case PE_SHARED_ORDINAL:
        return "an export to redirect shares its ordinal with another name";
    case PE_NO_ORDINALS_LEFT:
        return "no ordinals left for the names to add";
    case PE_BAD_MODULE:
        return "the module to forward to is empty, too long or not printable ASCII";
    case PE_BAD_REDIRECT_NAME:
        return "a name to redirect is empty, too long, or holds anything but letters, digits and underscores";
    case PE_DUPLICATE_REDIRECT:
        return "a name to redirect is listed twice";
    case PE_PLACEHOLDER:
        return "a placeholder from a Wine prefix; take the DLL from Wine's library directory instead";
    case PE_NOT_BUILTIN:
        return "not a Wine builtin DLL: it has no \"Wine builtin DLL\" signature";
    }
    return "unknown error";
}
