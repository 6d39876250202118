// SPDX-License-Identifier: MIT
/* The names that are redirected in a process that the launcher put this DLL into, and what they lead to. */
#include "api/api.h"
#include "diag/log.h"

/* Only their addresses are of interest here. */
#define EXPORT(name) void api_##name(void);
API_WIN32_EXPORTS(EXPORT)
#undef EXPORT

static const struct redirect_name names[] = {
#define EXPORT(export_name) {#export_name, (void *)(uintptr_t)api_##export_name},
    API_WIN32_EXPORTS(EXPORT)
#undef EXPORT
};

_Static_assert(sizeof(names) / sizeof(*names) <= REDIRECT_MOST_NAMES, "room for all names");

bool api_redirect(HMODULE self, struct redirect_counts *counts)
{
    const struct redirect_names list = {names, sizeof(names) / sizeof(*names)};

    return redirect_process(self, &list, diag_log_child_missed, counts);
}
