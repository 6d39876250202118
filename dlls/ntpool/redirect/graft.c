// SPDX-License-Identifier: MIT
#include "redirect/graft.h"
#include "redirect/near.h"

/* The export that the added import asks for. Any would do: it is there so that the loader does not skip the DLL. */
static const char wanted_export[] = "ntpool_version";

enum {
    AT_ONCE = 32,            /* descriptors that are copied in one go */
    MOST_DESCRIPTORS = 65536 /* of an image that is to be believed */
};

struct hint_name {
    uint16_t hint;
    char name[sizeof(wanted_export)];
};

/* The memory of the process that gets the DLL: the block starts with the letter and ends with the descriptors. */
struct block_head {
    struct letter letter;
    struct hint_name import;
    char dll[GRAFT_PATH_SIZE];
    _Alignas(8) IMAGE_IMPORT_DESCRIPTOR first;
};

struct host {
    HANDLE process;
    uint64_t base;
    uint64_t headers; /* address of the NT headers */
    IMAGE_NT_HEADERS64 nt;
    uint32_t descriptors; /* without the one that ends the list */
};

static bool read_memory(HANDLE process, uint64_t address, void *buffer, size_t size)
{
    SIZE_T done = 0;

    return NtReadVirtualMemory(process, (const void *)(uintptr_t)address, buffer, size, &done) >= 0 && done == size;
}

static bool write_memory(HANDLE process, uint64_t address, const void *buffer, size_t size)
{
    SIZE_T done = 0;

    return NtWriteVirtualMemory(process, (void *)(uintptr_t)address, buffer, size, &done) >= 0 && done == size;
}

static IMAGE_DATA_DIRECTORY *directory(struct host *host, unsigned index)
{
    return &host->nt.OptionalHeader.DataDirectory[index];
}

static bool is_inside(const struct host *host, uint64_t rva, uint64_t size)
{
    return rva <= host->nt.OptionalHeader.SizeOfImage && size <= host->nt.OptionalHeader.SizeOfImage - rva;
}

static enum graft_result read_headers(struct host *host)
{
    struct ntdll_process_basic basic;
    IMAGE_DOS_HEADER dos;

    if (NtQueryInformationProcess(host->process, NTDLL_PROCESS_BASIC, &basic, sizeof(basic), NULL) < 0 ||
        !read_memory(host->process, (uint64_t)(uintptr_t)basic.peb + offsetof(struct ntdll_peb, image_base),
                     &host->base, sizeof(host->base)) ||
        !read_memory(host->process, host->base, &dos, sizeof(dos)))
        return GRAFT_REFUSED;
    if (dos.e_magic != IMAGE_DOS_SIGNATURE || dos.e_lfanew < 0)
        return GRAFT_BAD_IMAGE;
    host->headers = host->base + (uint32_t)dos.e_lfanew;
    if (!read_memory(host->process, host->headers, &host->nt, sizeof(host->nt)))
        return GRAFT_REFUSED;
    if (host->nt.Signature != IMAGE_NT_SIGNATURE)
        return GRAFT_BAD_IMAGE;
    if (host->nt.FileHeader.Machine != IMAGE_FILE_MACHINE_AMD64 ||
        host->nt.OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return GRAFT_WRONG_MACHINE;
    if (host->nt.OptionalHeader.NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_IMPORT)
        return GRAFT_NO_PLACE;
    // What lies behind the last one is something else.
    for (DWORD i = host->nt.OptionalHeader.NumberOfRvaAndSizes; i < IMAGE_NUMBEROF_DIRECTORY_ENTRIES; i++)
        *directory(host, i) = (IMAGE_DATA_DIRECTORY){0};
    return GRAFT_DONE;
}

/* Without native code an image's only import is the runtime's entry point, and a loader that knows .NET passes it by.
 */
static bool is_managed_only(struct host *host)
{
    const IMAGE_DATA_DIRECTORY *managed = directory(host, IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR);
    IMAGE_COR20_HEADER header;

    return managed->VirtualAddress && is_inside(host, managed->VirtualAddress, sizeof(header)) &&
           read_memory(host->process, host->base + managed->VirtualAddress, &header, sizeof(header)) &&
           header.Flags & COMIMAGE_FLAGS_ILONLY;
}

static bool has_letter(struct host *host)
{
    uint32_t imports = directory(host, IMAGE_DIRECTORY_ENTRY_IMPORT)->VirtualAddress;
    struct letter letter;

    return imports >= offsetof(struct block_head, first) &&
           read_memory(host->process, host->base + imports - offsetof(struct block_head, first), &letter,
                       sizeof(letter)) &&
           letter.magic == LETTER_MAGIC;
}

/* Counts as the loader does: up to the first descriptor without a name or without slots. */
static enum graft_result count_descriptors(struct host *host)
{
    uint64_t rva = directory(host, IMAGE_DIRECTORY_ENTRY_IMPORT)->VirtualAddress;

    for (host->descriptors = 0; rva && host->descriptors < MOST_DESCRIPTORS; host->descriptors++) {
        IMAGE_IMPORT_DESCRIPTOR descriptor;
        uint64_t at = rva + host->descriptors * sizeof(descriptor);

        if (!is_inside(host, at, sizeof(descriptor)))
            return GRAFT_BAD_IMAGE;
        if (!read_memory(host->process, host->base + at, &descriptor, sizeof(descriptor)))
            return GRAFT_REFUSED;
        if (!descriptor.Name || !descriptor.FirstThunk)
            return GRAFT_DONE;
    }
    return rva ? GRAFT_BAD_IMAGE : GRAFT_DONE;
}

static bool write_head(struct host *host, uint64_t block, const char *dll, uint32_t flags)
{
    struct block_head head;
    uint32_t rva = (uint32_t)(block - host->base);
    size_t length = 0;

    __builtin_memset(&head, 0, sizeof(head));
    head.letter.magic = LETTER_MAGIC;
    head.letter.version = LETTER_VERSION;
    head.letter.flags = flags;
    head.letter.imports = *directory(host, IMAGE_DIRECTORY_ENTRY_IMPORT);
    head.letter.bound_imports = *directory(host, IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT);
    head.letter.names[0] = head.letter.slots[0] = rva + offsetof(struct block_head, import);
    __builtin_memcpy(head.import.name, wanted_export, sizeof(wanted_export));
    while (dll[length])
        length++;
    if (length >= sizeof(head.dll))
        return false;
    __builtin_memcpy(head.dll, dll, length);
    head.first.OriginalFirstThunk = rva + offsetof(struct block_head, letter.names);
    head.first.FirstThunk = rva + offsetof(struct block_head, letter.slots);
    head.first.Name = rva + offsetof(struct block_head, dll);
    return write_memory(host->process, block, &head, sizeof(head));
}

/* The program's own descriptors follow ours. Their end is there already: the block was zeroes. */
static bool copy_descriptors(struct host *host, uint64_t block)
{
    uint64_t from = host->base + directory(host, IMAGE_DIRECTORY_ENTRY_IMPORT)->VirtualAddress;
    uint64_t to = block + offsetof(struct block_head, first) + sizeof(IMAGE_IMPORT_DESCRIPTOR);

    for (uint32_t done = 0; done < host->descriptors;) {
        IMAGE_IMPORT_DESCRIPTOR some[AT_ONCE];
        uint32_t count = host->descriptors - done < AT_ONCE ? host->descriptors - done : AT_ONCE;

        if (!read_memory(host->process, from + done * sizeof(*some), some, count * sizeof(*some)) ||
            !write_memory(host->process, to + done * sizeof(*some), some, count * sizeof(*some)))
            return false;
        done += count;
    }
    return true;
}

/* Bound imports go, since a loader that believes in them does not read the descriptors. */
static bool lead_to(struct host *host, uint64_t block)
{
    uint64_t place = host->headers + offsetof(IMAGE_NT_HEADERS64, OptionalHeader.DataDirectory);
    IMAGE_DATA_DIRECTORY own[IMAGE_NUMBEROF_DIRECTORY_ENTRIES];
    void *page = (void *)(uintptr_t)place;
    DWORD count = host->nt.OptionalHeader.NumberOfRvaAndSizes;
    SIZE_T size =
        (count > IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT ? IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT + 1 : count) * sizeof(*own);
    SIZE_T bytes = size;
    ULONG before;
    bool written;

    __builtin_memcpy(own, host->nt.OptionalHeader.DataDirectory, sizeof(own));
    own[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress = (DWORD)(block - host->base + offsetof(struct block_head, first));
    own[IMAGE_DIRECTORY_ENTRY_IMPORT].Size = (DWORD)((host->descriptors + 2) * sizeof(IMAGE_IMPORT_DESCRIPTOR));
    own[IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT].VirtualAddress = 0;
    own[IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT].Size = 0;
    if (NtProtectVirtualMemory(host->process, &page, &bytes, PAGE_READWRITE, &before) < 0)
        return false;
    written = write_memory(host->process, place, own, size);
    NtProtectVirtualMemory(host->process, &page, &bytes, before, &before);
    return written;
}

enum graft_result graft_dll(HANDLE process, const char *dll, uint32_t flags)
{
    struct host host = {.process = process};
    enum graft_result result = read_headers(&host);
    uint64_t block;

    if (result != GRAFT_DONE)
        return result;
    if (is_managed_only(&host))
        return GRAFT_IS_MANAGED;
    if (has_letter(&host))
        return GRAFT_DONE_BEFORE;
    result = count_descriptors(&host);
    if (result != GRAFT_DONE)
        return result;
    block = near_allocate(process, host.base, host.base + host.nt.OptionalHeader.SizeOfImage,
                          sizeof(struct block_head) + (host.descriptors + 1) * sizeof(IMAGE_IMPORT_DESCRIPTOR));
    if (!block)
        return GRAFT_NO_ROOM;
    if (write_head(&host, block, dll, flags) && copy_descriptors(&host, block) && lead_to(&host, block))
        return GRAFT_DONE;
    void *place = (void *)(uintptr_t)block;
    SIZE_T all = 0;
    NtFreeVirtualMemory(process, &place, &all, MEM_RELEASE);
    return GRAFT_REFUSED;
}

const char *graft_result_text(enum graft_result result)
{
    static const char *const texts[] = {
        [GRAFT_DONE] = "ntpool is in it",
        [GRAFT_DONE_BEFORE] = "ntpool was in it already",
        [GRAFT_WRONG_MACHINE] = "it is not an x86_64 program",
        [GRAFT_IS_MANAGED] = "it is a .NET program without native code",
        [GRAFT_BAD_IMAGE] = "its headers or its import directory are damaged",
        [GRAFT_NO_PLACE] = "its headers have no place for an import directory",
        [GRAFT_NO_ROOM] = "there is no free memory near its image",
        [GRAFT_REFUSED] = "its memory may not be read or written",
    };

    return texts[result];
}
