// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "make_pe.h"

/// Writes make_pe's file to standard output, for the tests that are not in C.
int main(void)
{
    uint8_t file[MADE_SIZE];

    make_pe(file);
    return fwrite(file, 1, sizeof(file), stdout) == sizeof(file) && fflush(stdout) == 0 ? 0 : 1;
}
