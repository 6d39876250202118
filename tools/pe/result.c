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
    case PE_BAD_IMPORT_DIRECTORY:
        return "the import descriptors run out of the file's sections";
    case PE_BAD_DELAY_DIRECTORY:
        return "the delay-load descriptors run out of the file's sections, or are of an old kind without RVAs";
    case PE_BAD_IMPORT_TABLES:
        return "an import lookup table or address table does not lie in a section, or holds what is no import";
    case PE_BAD_IMPORT_NAME:
        return "a name in the import tables is empty, too long or does not lie in a section";
    case PE_TOO_MANY_IMPORTS:
        return "more imports than this tool handles";
    case PE_BOUND_WITHOUT_LOOKUP:
        return "its imports are bound and it has no lookup table, so what they were is lost";
    case PE_MIXED_DELAY_IMPORT:
        return "one delay-load table holds thread-pool functions and others, which cannot be told apart in it; "
               "start the program with a launcher instead";
    case PE_IAT_NOT_WRITABLE:
        return "the loader could no longer write the import address table once the import directory has moved";
    case PE_BAD_LOAD_CONFIGURATION:
        return "the load configuration does not lie in a section";
    case PE_SHARED_SECTION_BYTES:
        return "two sections share bytes of the file, so a change in one is a change in the other";
    case PE_IMAGE_BEYOND_SECTIONS:
        return "the image goes on after its last section, so no section can follow that one";
    case PE_UNKNOWN_OVERLAY:
        return "there are bytes after its last section that its headers do not account for, as in self-extracting "
               "programs; one that looks for them from the end of its file would not find them";
    case PE_IS_MANAGED:
        return "a .NET image without native code: the runtime calls the thread pool for it";
    case PE_IS_HYBRID:
        return "built for ARM64EC, with two kinds of import tables";
    case PE_FORCES_INTEGRITY:
        return "it is marked to be loaded only with a valid signature, which a change would break";
    case PE_IS_SYSTEM_DLL:
        return "a DLL of the system or ntpool itself; the thread pool cannot be changed there";
    case PE_FORWARDS_TO_POOL:
        return "it forwards exports to thread-pool functions of the system, which would then be handed objects of "
               "ntpool's; start the program with a launcher instead";
    case PE_NO_POOL_IMPORTS:
        return "it imports no thread-pool function (it may still look some up while it runs, which only a launcher "
               "catches)";
    case PE_USES_NTPOOL:
        return "it imports from ntpool.dll already";
    case PE_OVERLAPPING_TABLES:
        return "its import tables overlap other data";
    case PE_NOT_REWRITTEN:
        return "it has not been rewritten by this tool";
    case PE_BAD_UNDO_DATA:
        return "what it holds for going back is damaged";
    case PE_CHANGED_SINCE:
        return "it was changed after it had been rewritten, so the original cannot be given back";
    }
    return "unknown error";
}
