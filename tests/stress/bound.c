// SPDX-License-Identifier: MIT
//
// Files that are bound to a routine: BindIoCompletionCallback and RtlSetIoCompletionCallback.
#include "stress.h"

#define MOST 16

struct operation {
    OVERLAPPED overlapped; // first: the routine finds the rest by it
    struct model *completed;
    struct model *cancelled;
    char byte;
};

static void finish(struct operation *operation, bool cancelled, DWORD bytes)
{
    struct model *model = cancelled ? operation->cancelled : operation->completed;
    require(cancelled || bytes == 1, "a bound file: %lu bytes", bytes);
    model_enter(model);
    model_leave(model);
}

static void CALLBACK done(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    require(error == NO_ERROR || error == ERROR_OPERATION_ABORTED, "a bound file: error %lu", error);
    finish((struct operation *)overlapped, error != NO_ERROR, bytes);
}

static void CALLBACK nt_done(DWORD status, DWORD bytes, OVERLAPPED *overlapped)
{
    require(status == 0 || status == 0xC0000120, "a bound file: status 0x%lx", status);
    finish((struct operation *)overlapped, status != 0, bytes);
}

static void bind_to_routine(struct actor *actor, HANDLE file)
{
    if (actor->at->native)
        require(api.RtlSetIoCompletionCallback(file, nt_done, 0) >= 0, "not bound");
    else
        require(api.BindIoCompletionCallback(file, done, 0), "not bound: error %lu", GetLastError());
}

static HANDLE open_pipe(HANDLE *other_end)
{
    static volatile LONG number;
    char name[100];
    snprintf(name, sizeof name, "\\\\.\\pipe\\ntpool-stress-%lu-%ld", GetCurrentProcessId(),
             InterlockedIncrement(&number));
    HANDLE pipe = CreateNamedPipeA(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED,
                                   PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1, 0, 0, 0, NULL);
    require(pipe != INVALID_HANDLE_VALUE, "no pipe: error %lu", GetLastError());
    *other_end = CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    require(*other_end != INVALID_HANDLE_VALUE, "no other end of the pipe: error %lu", GetLastError());
    return pipe;
}

// Reads are begun; some are answered, and the rest is cancelled while the answers may still be on their way. Each calls
// back once, and in one of the two ways.
void bound_episode(struct actor *actor)
{
    struct model completed = {0}, cancelled = {0};
    struct operation operations[MOST] = {0};
    HANDLE other_end, pipe = open_pipe(&other_end);
    bind_to_routine(actor, pipe);
    LONG reads = (LONG)random_below(actor, MOST), answers = reads ? (LONG)random_below(actor, (uint32_t)reads + 1) : 0;
    for (LONG i = 0; i < reads; i++) {
        operations[i].completed = &completed;
        operations[i].cancelled = &cancelled;
        require(ReadFile(pipe, &operations[i].byte, 1, NULL, &operations[i].overlapped) ||
                    GetLastError() == ERROR_IO_PENDING,
                "not read: error %lu", GetLastError());
    }
    for (LONG i = 0; i < answers; i++) {
        DWORD written;
        require(WriteFile(other_end, "x", 1, &written, NULL), "not written: error %lu", GetLastError());
    }
    if (chance(actor, 50))
        await_count(&completed.ran, answers);
    CancelIo(pipe);
    completed.posted = answers;
    cancelled.posted = reads - answers;
    model_awaited(&completed, "reads of a bound pipe");
    model_awaited(&cancelled, "cancelled reads of a bound pipe");
    completed.over = cancelled.over = true;
    CloseHandle(other_end);
    CloseHandle(pipe);
}
