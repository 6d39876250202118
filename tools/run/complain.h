// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_COMPLAIN_H
#define NTPOOL_RUN_COMPLAIN_H

#include <stdio.h>
#include <wchar.h>

/* What the launcher's own failures end with. Everything else is the program's exit code. */
enum run_code {
    RUN_USAGE = 120,         /* wrong options */
    RUN_NO_PROGRAM = 121,    /* there is no such program */
    RUN_NO_DLL = 122,        /* there is no such ntpool.dll, or it is not one */
    RUN_WRONG_MACHINE = 123, /* the program is not x86_64 */
    RUN_MANAGED = 124,       /* the program is .NET without native code */
    RUN_NOT_A_PROGRAM = 125, /* the file is no program, or a damaged one */
    RUN_REFUSED = 126,       /* the system does not let the launcher open or change it */
    RUN_FAILED = 127,        /* anything else that kept the program from starting */
};

/** Writes a formatted text with its wide characters as UTF-8. */
void say(FILE *to, const wchar_t *format, ...);

/** "ntpool-run: " and the text, as a line of the standard error. Returns code. */
int complain(enum run_code code, const wchar_t *format, ...);

/** The system's sentence about an error, without its full stop; valid until the next call. */
const wchar_t *error_text(unsigned long error);

#endif
