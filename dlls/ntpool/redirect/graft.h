// SPDX-License-Identifier: MIT
/*
 * Puts a DLL into a process before anything of the program runs: the import directory of the suspended process's main
 * image is replaced in its memory by one that names the DLL first. The loader then brings it in as if the program had
 * been linked with it, ahead of the program's other DLLs and TLS callbacks. The launcher uses it, and ntpool itself for
 * child processes.
 */
#ifndef NTPOOL_REDIRECT_GRAFT_H
#define NTPOOL_REDIRECT_GRAFT_H

#include "nt/windows/ntdll.h"
#include "redirect/letter.h"

enum graft_result {
    GRAFT_DONE,
    GRAFT_DONE_BEFORE,   /* somebody else already put ntpool into that process */
    GRAFT_WRONG_MACHINE, /* not an x86_64 program */
    GRAFT_IS_MANAGED,    /* a .NET image without native code: the loader never looks at its imports */
    GRAFT_BAD_IMAGE,     /* what its headers say cannot be */
    GRAFT_NO_PLACE,      /* its headers have so few data directories that imports cannot be said */
    GRAFT_NO_ROOM,       /* no free memory near the image */
    GRAFT_REFUSED,       /* its memory may not be read or written */
};

/** The longest path of a DLL, with its end. */
enum { GRAFT_PATH_SIZE = 260 };

/**
 * process was created suspended and has not run. dll is an absolute path in ASCII, of less than GRAFT_PATH_SIZE
 * characters; flags are those of enum letter_flags. When it fails the process is as it was.
 */
enum graft_result graft_dll(HANDLE process, const char *dll, uint32_t flags);

/** One sentence, without a full stop, for every result. */
const char *graft_result_text(enum graft_result result);

#endif
