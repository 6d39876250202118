// SPDX-License-Identifier: MIT
#include "api/api.h"

const char *WINAPI api_version(void);

const char *WINAPI api_version(void)
{
    return NTPOOL_VERSION;
}
