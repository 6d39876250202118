// SPDX-License-Identifier: MIT
/* What the compiler calls on its own: MinGW's import library for ntdll leaves these out, for a C runtime to supply. */
#include <stddef.h>

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *restrict target, const void *restrict source, size_t size)
{
    void *to = target;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size) : : "memory");
    return target;
}

void *memmove(void *target, const void *source, size_t size)
{
    const char *from = source;
    char *to = target;

    if (to <= from || to >= from + size)
        return memcpy(target, source, size);
    while (size-- > 0) {
        to[size] = from[size];
        __asm__ volatile("" : : : "memory");
    }
    return target;
}

void *memset(void *target, int value, size_t size)
{
    void *to = target;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return target;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    for (; size > 0; size--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}
