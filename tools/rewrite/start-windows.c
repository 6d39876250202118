// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#include "main.h"

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    char **arguments = calloc((size_t)argc + 1, sizeof(*arguments));

    for (int i = 0; arguments && i < argc; i++) {
        int length = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, argv[i], -1, NULL, 0, NULL, NULL);

        arguments[i] = length > 0 ? malloc((size_t)length) : NULL;
        if (!arguments[i]) {
            fprintf(stderr, "ntpool-rewrite: argument %d is not valid Unicode\n", i);
            return 2;
        }
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, argv[i], -1, arguments[i], length, NULL, NULL);
    }
    return arguments ? rewrite_main(argc, arguments) : 1;
}
