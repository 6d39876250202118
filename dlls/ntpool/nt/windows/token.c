// SPDX-License-Identifier: MIT
#include "host.h"

bool nt_thread_is_impersonating(void)
{
    return ntdll_teb()->is_impersonating != 0;
}

nt_status nt_token_capture(nt_handle *token)
{
    SECURITY_QUALITY_OF_SERVICE quality = {.Length = sizeof(quality)};
    OBJECT_ATTRIBUTES attributes;
    HANDLE current;
    NTSTATUS status;
    ULONG length;

    *token = NULL;
    // Opened as the process: the token itself need not allow its bearer to open it.
    status = NtOpenThreadToken(NTDLL_CURRENT_THREAD, TOKEN_QUERY | TOKEN_DUPLICATE, TRUE, &current);
    if (status == NTDLL_STATUS_NO_TOKEN)
        return NT_SUCCESS;
    if (status < 0)
        return status;
    // A duplicate has the level that is asked for, which is the weakest one unless it is said.
    status = NtQueryInformationToken(current, NTDLL_TOKEN_IMPERSONATION_LEVEL, &quality.ImpersonationLevel,
                                     sizeof(quality.ImpersonationLevel), &length);
    if (status >= 0) {
        InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
        attributes.SecurityQualityOfService = &quality;
        status = NtDuplicateToken(current, TOKEN_QUERY | TOKEN_IMPERSONATE, &attributes, quality.ImpersonationLevel,
                                  TokenImpersonation, token);
    }
    NtClose(current);
    return status;
}

nt_status nt_token_impersonate(nt_handle token)
{
    return NtSetInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_IMPERSONATION, &token, sizeof(token));
}
