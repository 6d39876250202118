// SPDX-License-Identifier: MIT
#include "redirect/image.h"

bool image_open(struct image *image, void *base)
{
    IMAGE_DOS_HEADER *dos = base;

    if (!dos || dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0)
        return false;
    image->base = base;
    image->headers = (IMAGE_NT_HEADERS64 *)(image->base + dos->e_lfanew);
    if (image->headers->Signature != IMAGE_NT_SIGNATURE ||
        image->headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR64_MAGIC)
        return false;
    image->size = image->headers->OptionalHeader.SizeOfImage;
    return true;
}

const char *image_text(const struct image *image, uint64_t offset, uint32_t most)
{
    const char *text = image_at(image, offset, 1);

    for (uint32_t length = 0; text && length < most && length < image->size - offset; length++)
        if (!text[length])
            return text;
    return NULL;
}

const IMAGE_DATA_DIRECTORY *image_directory(const struct image *image, unsigned index)
{
    const IMAGE_DATA_DIRECTORY *directory = &image->headers->OptionalHeader.DataDirectory[index];

    return index < image->headers->OptionalHeader.NumberOfRvaAndSizes && directory->VirtualAddress ? directory : NULL;
}

bool image_write(void *to, const void *from, size_t size)
{
    void *page = to;
    SIZE_T bytes = size;
    ULONG before;

    if (NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &page, &bytes, PAGE_READWRITE, &before) < 0)
        return false;
    // A slot is one aligned word: whoever calls through it meanwhile finds the old function or the new one.
    if (size == sizeof(uint64_t) && (uintptr_t)to % sizeof(uint64_t) == 0)
        *(volatile uint64_t *)to = *(const uint64_t *)from;
    else if (size == sizeof(uint32_t) && (uintptr_t)to % sizeof(uint32_t) == 0)
        *(volatile uint32_t *)to = *(const uint32_t *)from;
    else
        __builtin_memcpy(to, from, size);
    NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &page, &bytes, before, &before);
    return true;
}
