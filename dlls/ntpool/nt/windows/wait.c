// SPDX-License-Identifier: MIT
#include "host.h"

nt_status nt_event_create(nt_handle *event, bool manual_reset)
{
    return NtCreateEvent(event, EVENT_ALL_ACCESS, NULL,
                         manual_reset ? NTDLL_EVENT_NOTIFICATION : NTDLL_EVENT_SYNCHRONIZATION, FALSE);
}

nt_status nt_event_set(nt_handle event)
{
    return NtSetEvent(event, NULL);
}

/* One call, and under Wine one request to its server: sets the event and then looks whether it is set. */
bool nt_event_hand_over(nt_handle event)
{
    const LARGE_INTEGER at_once = {.QuadPart = 0};

    return NtSignalAndWaitForSingleObject(event, event, FALSE, &at_once) == NT_TIMEOUT;
}

nt_status nt_handle_close(nt_handle handle)
{
    return NtClose(handle);
}

nt_status nt_wait_any(unsigned count, const nt_handle *handles, uint64_t deadline)
{
    LARGE_INTEGER limit;
    NTSTATUS status;

    do
        status = NtWaitForMultipleObjects(count, handles, NTDLL_WAIT_ANY, FALSE, nt_time_limit(deadline, &limit));
    while (status == NT_TIMEOUT && nt_time_now() < deadline);
    if ((DWORD)status - STATUS_ABANDONED_WAIT_0 < NT_WAIT_MAXIMUM)
        status -= (NTSTATUS)STATUS_ABANDONED_WAIT_0;
    return status;
}
