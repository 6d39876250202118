// SPDX-License-Identifier: MIT
#include "builtin_dll.h"

#include <stdlib.h>

#include "make_pe.h"

uint8_t *make_builtin_dll(size_t *size)
{
    uint8_t *dll = malloc(MADE_SIZE);

    if (dll)
        make_pe(dll);
    *size = MADE_SIZE;
    return dll;
}
