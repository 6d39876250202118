// SPDX-License-Identifier: MIT
//
// The fuzz target: any bytes through everything that reads PE files. What is taken has to come out right.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "check_forward.h"
#include "check_rewrite.h"
#include "undo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_right(const char *wrong)
{
    if (wrong) {
        fprintf(stderr, "fuzz_pe: %s\n", wrong);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rewrite_check check = check_rewrite(data, size);
    const char *wrong;
    uint8_t *original;
    size_t original_size;

    must_be_right(check.wrong);
    check_forward(data, size, &wrong);
    must_be_right(wrong);
    if (rewrite_undo(data, size, &original, &original_size) == PE_OK) {
        must_be_right(original_size >= size ? "undo made a file longer" : NULL);
        free(original);
    }
    return 0;
}
