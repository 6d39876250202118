// SPDX-License-Identifier: MIT
/* What the three faces share. They translate between the Windows types and those of tp/, and nothing else. */
#ifndef NTPOOL_API_API_H
#define NTPOOL_API_API_H

#include <windows.h>
#undef environ /* MinGW's headers make it a macro */

#include "api/exports.h"
#include "redirect/redirect.h"
#include "tp/types.h"

/** Sets the last error for a status that is no plain success, and says whether it was one. */
BOOL api_succeeded(nt_status status);

/** Finds the copy of this DLL that the process got first, if this is not it. From the loader's attach notification. */
void api_find_first_copy(HMODULE self);

/** Where the launcher put this DLL into the process, leads the program's calls to this copy; else false. */
bool api_redirect(HMODULE self, struct redirect_counts *counts);

#endif
