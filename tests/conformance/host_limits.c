// SPDX-License-Identifier: MIT
//
// What a host withholds from any pool: the evidence for host-limits.txt, measured without a pool, and the test of a
// fact that needs it.
#include "harness/job.h"
#include "io_log.h"

#include <string.h>

// ---- The host --------------------------------------------------------------------------------------------------

struct reading {
    struct pipe pipe;
    OVERLAPPED overlapped;
    char buffer[8];
};

static void begin_reading(struct reading *reading)
{
    reading->pipe = pipe_of(PIPE_TYPE_BYTE);
    reading->overlapped.hEvent = gate();
    BOOL done = ReadFile(reading->pipe.server, reading->buffer, sizeof reading->buffer, NULL, &reading->overlapped);
    require(!done && GetLastError() == ERROR_IO_PENDING, "the read is not pending: error %lu", GetLastError());
}

struct reader {
    struct reading reading;
    HANDLE begun;
    HANDLE release;
};

static DWORD WINAPI read_and_wait(void *context)
{
    struct reader *reader = context;
    begin_reading(&reader->reading);
    open_gate(reader->begun);
    pass_gate(reader->release);
    return 0;
}

static void ask_about(HANDLE thread, int what, void *answer, ULONG size)
{
    NTSTATUS(NTAPI * query)(HANDLE, int, void *, ULONG, ULONG *) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryInformationThread");
    memcpy(&query, &address, sizeof query);
    NTSTATUS status = query(thread, what, answer, size, NULL);
    require(status >= 0, "the host does not answer question %d about a thread: status 0x%lx", what, status);
}

static ULONG is_io_pending(HANDLE thread)
{
    enum { THREAD_IS_IO_PENDING = 16 };
    ULONG pending = 0;
    ask_about(thread, THREAD_IS_IO_PENDING, &pending, sizeof pending);
    return pending;
}

OBSERVATION(whether_the_host_tells_of_a_pending_read, "POOL-024")
{
    static struct reader reader;
    reader.begun = gate();
    reader.release = gate();
    HANDLE thread = start_thread(read_and_wait, &reader);
    pass_gate(reader.begun);
    observe("ThreadIsIoPending reads %lu", is_io_pending(thread));
    open_gate(reader.release);
    join_thread(thread);
    bool ended = gate_opens(reader.reading.overlapped.hEvent, BRIEFLY * 10);
    DWORD bytes;
    bool cancelled = ended &&
                     !GetOverlappedResult(reader.reading.pipe.server, &reader.reading.overlapped, &bytes, FALSE) &&
                     GetLastError() == ERROR_OPERATION_ABORTED;
    observe("the read of a thread that ended is %s", cancelled ? "cancelled" : "still pending");
}

OBSERVATION(whether_the_host_tells_of_impersonation, "THR-006")
{
#ifdef _WIN64
    enum { IS_IMPERSONATING = 0x179c };
#else
    enum { IS_IMPERSONATING = 0xf9c };
#endif
    enum { THREAD_BASIC_INFORMATION = 0 };
    struct {
        NTSTATUS exit_status;
        const volatile UCHAR *teb;
        HANDLE process, thread;
        ULONG_PTR affinity;
        LONG priority, base_priority;
    } thread;
    ask_about(GetCurrentThread(), THREAD_BASIC_INFORMATION, &thread, sizeof thread);
    const volatile UCHAR *told = thread.teb + IS_IMPERSONATING;
    require(ImpersonateSelf(SecurityImpersonation), "the thread cannot impersonate: error %lu", GetLastError());
    observe("TEB.IsImpersonating reads %u while the thread impersonates", *told);
    RevertToSelf();
}

// ---- The pool --------------------------------------------------------------------------------------------------

#define WORKERS 8

struct leaving {
    struct reading reading;
    bool reads;
    struct meeting *meeting;
    volatile LONG *returned;
};

static void CALLBACK leave_a_read_behind(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct leaving *leaving = context;
    if (leaving->reads)
        begin_reading(&leaving->reading);
    require(meet(leaving->meeting, GENEROUS), "%d callbacks do not run at once", WORKERS);
    count_up(leaving->returned);
}

// Every second worker has a read of its own pending; the others may retire.
BINDING_AT_BOTH_LEVELS(a_worker_does_not_retire_from_a_read_that_it_began, "POOL-024", "")
{
    static struct leaving leaving[WORKERS];
    struct meeting meeting = meeting_of(WORKERS);
    volatile LONG returned = 0;
    PTP_POOL pool = pool_of(at, WORKERS);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    for (int i = 0; i < WORKERS; i++) {
        leaving[i] = (struct leaving){.reads = i % 2, .meeting = &meeting, .returned = &returned};
        require(at->try_submit(leave_a_read_behind, &leaving[i], &environment), "refused: 0x%lx", why());
    }
    await_count(&returned, WORKERS);
    int peak = thread_count();
    double start = milliseconds();
    wait_until(thread_count() <= peak - WORKERS / 2, 45000);
    remark("%d threads at first, %d after %.0f s", peak, thread_count(), (milliseconds() - start) / 1000);
    for (int i = 1; i < WORKERS; i += 2) {
        struct reading *reading = &leaving[i].reading;
        DWORD bytes = 0;
        feed(&reading->pipe, "data", 4);
        check(GetOverlappedResult(reading->pipe.server, &reading->overlapped, &bytes, TRUE) && bytes == 4,
              "a read that worker %d began ended with error %lu", i, GetLastError());
    }
}
