// SPDX-License-Identifier: MIT
#include "host.h"

nt_status nt_port_create(nt_handle *port)
{
    return NtCreateIoCompletion(port, IO_COMPLETION_ALL_ACCESS, NULL, 0);
}

nt_status nt_port_bind(nt_handle port, nt_handle file, uint64_t key)
{
    struct {
        HANDLE port;
        ULONG_PTR key;
    } completion = {.port = port, .key = (ULONG_PTR)key};
    IO_STATUS_BLOCK io;

    return NtSetInformationFile(file, &io, &completion, sizeof(completion), NTDLL_FILE_COMPLETION);
}

nt_status nt_port_remove(nt_handle port, struct nt_completion *completion)
{
    IO_STATUS_BLOCK io;
    ULONG_PTR key;
    ULONG_PTR context;
    NTSTATUS status = NtRemoveIoCompletion(port, &key, &context, &io, NULL);

    if (status != NT_SUCCESS)
        return status;
    completion->key = key;
    completion->context = (void *)context;
    completion->status = io.Status;
    completion->information = io.Information;
    return NT_SUCCESS;
}
