// SPDX-License-Identifier: MIT
#include "suite.h"

#include <tlhelp32.h>

double milliseconds(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return 1000.0 * (double)now.QuadPart / (double)frequency.QuadPart;
}

static FILETIME *store(FILETIME *time, LONGLONG value)
{
    time->dwLowDateTime = (DWORD)value;
    time->dwHighDateTime = (DWORD)(value >> 32);
    return time;
}

FILETIME *due_in(FILETIME *time, LONGLONG ms)
{
    return store(time, -ms * 10000);
}

FILETIME *due_at(FILETIME *time, LONGLONG ms_from_now)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    LONGLONG value = (LONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime;
    return store(time, value + ms_from_now * 10000);
}

HANDLE gate(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(event, "no event could be created: error %lu", GetLastError());
    return event;
}

void open_gate(HANDLE gate)
{
    SetEvent(gate);
}

void shut_gate(HANDLE gate)
{
    ResetEvent(gate);
}

bool gate_opens(HANDLE gate, DWORD limit)
{
    return WaitForSingleObject(gate, limit) == WAIT_OBJECT_0;
}

void pass_gate(HANDLE gate)
{
    require(gate_opens(gate, GENEROUS), "a gate that should have opened stayed shut for %d ms", GENEROUS);
}

struct meeting meeting_of(LONG wanted)
{
    return (struct meeting){.wanted = wanted, .complete = gate()};
}

bool meet(struct meeting *meeting, DWORD limit)
{
    if (InterlockedIncrement(&meeting->arrived) == meeting->wanted)
        open_gate(meeting->complete);
    return gate_opens(meeting->complete, limit);
}

LONG order_note(struct order *order, LONG what)
{
    LONG position = InterlockedIncrement(&order->count) - 1;
    require(position < ORDER_ROOM, "the order log is full");
    InterlockedExchange(&order->entry[position], what);
    return position;
}

void overlap_enter(struct overlap *overlap)
{
    LONG inside = InterlockedIncrement(&overlap->inside);
    for (LONG peak = counted(&overlap->peak); inside > peak; peak = counted(&overlap->peak))
        if (InterlockedCompareExchange(&overlap->peak, inside, peak) == peak)
            break;
}

void overlap_leave(struct overlap *overlap)
{
    InterlockedDecrement(&overlap->inside);
}

void await_count_at(const char *file, int line, const char *name, volatile LONG *counter, LONG value)
{
    if (!wait_until(counted(counter) >= value, GENEROUS))
        stop_at(file, line, "%s reached only %ld of %ld", name, counted(counter), value);
}

bool stays(volatile LONG *counter, LONG value)
{
    return !wait_until(counted(counter) != value, BRIEFLY);
}

bool falls_silent(volatile LONG *counter)
{
    // What ticks on a busy machine pauses now and then, too.
    enum { SILENCE = 5 * BRIEFLY };
    for (double end = milliseconds() + GENEROUS; milliseconds() < end;) {
        LONG value = counted(counter);
        if (!wait_until(counted(counter) != value, SILENCE))
            return true;
    }
    return false;
}

static int rounds_wanted;

void sync_use_rounds(int rounds)
{
    rounds_wanted = rounds;
}

bool next_round(int round, int most)
{
    enum { FEWEST = 3, LONGEST = 10000 };
    static double first;
    if (rounds_wanted)
        return round <= rounds_wanted;
    if (round == 1)
        first = milliseconds();
    if (round > FEWEST && round <= most && milliseconds() - first > LONGEST) {
        remark("%d of %d rounds were enough for this machine", round - 1, most);
        return false;
    }
    return round <= most;
}

HANDLE start_thread(LPTHREAD_START_ROUTINE routine, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, routine, argument, 0, NULL);
    require(thread, "no thread could be created: error %lu", GetLastError());
    return thread;
}

void join_thread(HANDLE thread)
{
    require(WaitForSingleObject(thread, GENEROUS) == WAIT_OBJECT_0,
            "a thread that should have ended did not within %d ms", GENEROUS);
    CloseHandle(thread);
}

int thread_count(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    require(snapshot != INVALID_HANDLE_VALUE, "the threads cannot be listed: error %lu", GetLastError());
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    int count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(snapshot);
    return count;
}
