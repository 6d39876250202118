// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_HOST_H
#define CONFORMANCE_HOST_H

#include <stddef.h>

#include "suite.h"

// "Wine 8.0" or "Windows 10.0 build 19045".
void host_describe(char *out, size_t size);
// The file of the module that serves the Win32 names, and its version ("unknown" where it states none).
void host_module(char *path, size_t path_size, char *version, size_t version_size);
bool host_is_wine(void);

#endif
