// SPDX-License-Identifier: MIT
#include "api/api.h"
#include "diag/log.h"
#include "tp/instance.h"
#include "tp/verifier.h"

#include <winternl.h>

ULONG NTAPI RtlNtStatusToDosError(NTSTATUS status);
void NTAPI RtlSetLastWin32Error(ULONG error);

BOOL api_succeeded(nt_status status)
{
    if (status == NT_SUCCESS)
        return TRUE;
    RtlSetLastWin32Error(RtlNtStatusToDosError(status));
    return FALSE;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved);

/* Nothing heavy here: in a prefix this runs before kernel32's own. At process exit every other thread is gone, perhaps
 * while it held a lock of ours, so the line that says farewell takes none. */
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved)
{
    struct redirect_counts redirected;
    bool is_launched;

    (void)reserved;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        nt_initialize(self);
        api_find_first_copy(self);
        is_launched = api_redirect(self, &redirected);
        if (!api_first_copy[0]) {
            nt_pin_module();
            tp_verifier_initialize();
            diag_log_up(is_launched ? "launched" : nt_module_is_system() ? "prefix" : "linked");
        }
        if (is_launched)
            diag_log_redirected(redirected.exports, redirected.imports, redirected.modules, redirected.children);
        break;
    case DLL_THREAD_ATTACH:
        if (!api_first_copy[0])
            tp_thread_begins();
        break;
    case DLL_THREAD_DETACH:
        if (!api_first_copy[0])
            tp_thread_ends();
        break;
    case DLL_PROCESS_DETACH:
        if (!api_first_copy[0])
            diag_log_down();
        break;
    }
    return TRUE;
}
