// SPDX-License-Identifier: MIT
/*
 * Every function that is looked up at run time because some supported host lacks it. This is the whole list: what
 * is not here is imported from ntdll and exists since Windows 7. nt_initialize looks each one up once;
 * NTPOOL_NT=baseline leaves all of them NULL, so that every replacement runs.
 *
 * ENTRY(module, name, result, arguments, Windows since, Wine since, what replaces it)
 */
#define NT_TABLE(ENTRY)                                                                                                \
    ENTRY(ntdll, NtWaitForAlertByThreadId, NTSTATUS, (const void *, const LARGE_INTEGER *), "8", "7.0",                \
          "NtWaitForKeyedEvent")                                                                                       \
    ENTRY(ntdll, NtAlertThreadByThreadId, NTSTATUS, (HANDLE), "8", "7.0", "NtReleaseKeyedEvent")                       \
    ENTRY(ntdll, RtlQueryPerformanceCounter, BOOL, (LARGE_INTEGER *), "7", "8.0", "NtQueryPerformanceCounter")         \
    ENTRY(kernelbase, QueryUnbiasedInterruptTimePrecise, void, (ULONGLONG *), "10", "unused",                          \
          "RtlQueryUnbiasedInterruptTime, which moves in clock ticks")
