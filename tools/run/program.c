// SPDX-License-Identifier: MIT
#include "program.h"
#include "complain.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <windows.h>

enum { LONGEST_PATH = 32768 };

static bool is_file(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static bool find_in_its_folder(const wchar_t *name, wchar_t *path)
{
    DWORD length = GetFullPathNameW(name, LONGEST_PATH - 4, path, NULL);

    if (length == 0 || length >= LONGEST_PATH - 4)
        return false;
    if (is_file(path))
        return true;
    wcscpy(path + length, L".exe");
    return is_file(path);
}

static bool find_on_path(const wchar_t *name, wchar_t *path)
{
    DWORD length = SearchPathW(NULL, name, L".exe", LONGEST_PATH, path, NULL);

    return length > 0 && length < LONGEST_PATH && is_file(path);
}

wchar_t *find_program(const wchar_t *name)
{
    wchar_t *path = malloc(LONGEST_PATH * sizeof(*path));

    if (path && (wcspbrk(name, L"\\/:") ? find_in_its_folder(name, path) : find_on_path(name, path)))
        return path;
    free(path);
    complain(RUN_NO_PROGRAM,
             wcspbrk(name, L"\\/:") ? L"%ls: there is no such program"
                                    : L"%ls: there is no such program here or on the search path",
             name);
    return NULL;
}

/* ---- what kind of file it is -------------------------------------------------------------------------- */

struct headers {
    HANDLE file;
    uint32_t start; /* of the NT headers */
    IMAGE_FILE_HEADER file_header;
    union {
        uint16_t magic;
        IMAGE_OPTIONAL_HEADER32 narrow;
        IMAGE_OPTIONAL_HEADER64 wide;
    } optional;
};

static bool read_at(HANDLE file, uint64_t offset, void *buffer, DWORD size)
{
    LARGE_INTEGER place = {.QuadPart = (LONGLONG)offset};
    DWORD done;

    return SetFilePointerEx(file, place, NULL, FILE_BEGIN) && ReadFile(file, buffer, size, &done, NULL) && done == size;
}

static bool read_headers(struct headers *headers)
{
    IMAGE_DOS_HEADER dos;
    DWORD signature;
    DWORD size;

    if (!read_at(headers->file, 0, &dos, sizeof(dos)) || dos.e_magic != IMAGE_DOS_SIGNATURE || dos.e_lfanew < 0)
        return false;
    headers->start = (uint32_t)dos.e_lfanew;
    if (!read_at(headers->file, headers->start, &signature, sizeof(signature)) || signature != IMAGE_NT_SIGNATURE ||
        !read_at(headers->file, headers->start + sizeof(signature), &headers->file_header,
                 sizeof(headers->file_header)))
        return false;
    size = headers->file_header.SizeOfOptionalHeader;
    if (size < sizeof(headers->optional.magic))
        return false;
    ZeroMemory(&headers->optional, sizeof(headers->optional));
    return read_at(headers->file, headers->start + sizeof(signature) + sizeof(headers->file_header), &headers->optional,
                   size < sizeof(headers->optional) ? size : sizeof(headers->optional));
}

static uint32_t managed_header(const struct headers *headers)
{
    bool is_wide = headers->optional.magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    DWORD count = is_wide ? headers->optional.wide.NumberOfRvaAndSizes : headers->optional.narrow.NumberOfRvaAndSizes;
    const IMAGE_DATA_DIRECTORY *directories =
        is_wide ? headers->optional.wide.DataDirectory : headers->optional.narrow.DataDirectory;

    return count > IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR
               ? directories[IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR].VirtualAddress
               : 0;
}

/* True when all its code is the .NET runtime's to compile. */
static bool is_managed_only(const struct headers *headers)
{
    uint64_t table =
        headers->start + sizeof(DWORD) + sizeof(headers->file_header) + headers->file_header.SizeOfOptionalHeader;
    uint32_t address = managed_header(headers);

    for (unsigned i = 0; address && i < headers->file_header.NumberOfSections; i++) {
        IMAGE_SECTION_HEADER section;
        IMAGE_COR20_HEADER managed;

        if (!read_at(headers->file, table + i * sizeof(section), &section, sizeof(section)))
            return false;
        if (address < section.VirtualAddress || address - section.VirtualAddress >= section.SizeOfRawData)
            continue;
        return read_at(headers->file, (uint64_t)section.PointerToRawData + (address - section.VirtualAddress), &managed,
                       sizeof(managed)) &&
               managed.Flags & COMIMAGE_FLAGS_ILONLY;
    }
    return false;
}

static const wchar_t *machine_name(const struct headers *headers)
{
    switch (headers->file_header.Machine) {
    case IMAGE_FILE_MACHINE_I386:
        return L"a 32-bit x86 program";
    case IMAGE_FILE_MACHINE_ARM64:
        return L"an ARM64 program";
    case IMAGE_FILE_MACHINE_ARMNT:
        return L"a 32-bit ARM program";
    default:
        return L"a program for another machine";
    }
}

static int check_headers(const wchar_t *path, struct headers *headers)
{
    if (!read_headers(headers))
        return complain(RUN_NOT_A_PROGRAM, L"%ls: this is not a Windows program. Give the .exe file itself", path);
    if (is_managed_only(headers))
        return complain(RUN_MANAGED,
                        L"%ls: this is a .NET program without native code, which the loader starts in another way. If "
                        L"it is for .NET 5 or newer, give its native host: the .exe beside the .dll, or dotnet.exe",
                        path);
    if (headers->file_header.Machine != IMAGE_FILE_MACHINE_AMD64 ||
        headers->optional.magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return complain(RUN_WRONG_MACHINE, L"%ls: this is %ls; ntpool is for x86_64 only", path, machine_name(headers));
    if (headers->file_header.Characteristics & IMAGE_FILE_DLL)
        return complain(RUN_NOT_A_PROGRAM, L"%ls: this is a DLL. Give the program that uses it", path);
    return 0;
}

int check_program(const wchar_t *path)
{
    struct headers headers;
    int code;

    headers.file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                               OPEN_EXISTING, 0, NULL);
    if (headers.file == INVALID_HANDLE_VALUE) {
        DWORD error = GetLastError();

        return complain(error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? RUN_NO_PROGRAM : RUN_REFUSED,
                        L"%ls: cannot be opened: %ls", path, error_text(error));
    }
    code = check_headers(path, &headers);
    CloseHandle(headers.file);
    return code;
}
