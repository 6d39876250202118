// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_HARNESS_LIBRARY_H
#define CONFORMANCE_HARNESS_LIBRARY_H

#include "../library/library.h"

#include <stdbool.h>

// Writes the DLL that this program carries to the temporary directory, if it is not there yet, and loads it.
HMODULE library_load(void);
// Whether the library is mapped in this process.
bool library_is_mapped(void);
void *library_export(HMODULE library, const char *name);
// From now on the listener is called from the library's DllMain.
void library_listen(HMODULE library, library_listener *listener);
struct library_job library_job(void);

#endif
