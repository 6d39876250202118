// SPDX-License-Identifier: MIT
#include "waitable.h"

static void set_waitable_timer(void *timer)
{
    LARGE_INTEGER due = {.QuadPart = -200000};
    check(SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE), "the timer cannot be set: error %lu", GetLastError());
}

void with_waitable_timer(const struct level *at, expectation *expect)
{
    HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
    require(timer, "no waitable timer: error %lu", GetLastError());
    expect(at, timer, set_waitable_timer, timer);
}

static DWORD WINAPI end_when_told(void *argument)
{
    pass_gate(argument);
    return 0;
}

void with_thread(const struct level *at, expectation *expect)
{
    HANDLE release = gate();
    expect(at, start_thread(end_when_told, release), open_gate, release);
}

SCENARIO(end_at_once)
{
    return 0;
}

static void resume(void *thread)
{
    ResumeThread(thread);
}

void with_process(const struct level *at, expectation *expect)
{
    char program[MAX_PATH], command[MAX_PATH + 40];
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" --scenario end_at_once", program);
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION child;
    require(CreateProcessA(program, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &startup, &child),
            "no process can be started: error %lu", GetLastError());
    expect(at, child.hProcess, resume, child.hThread);
}

static void make_a_file(void *folder)
{
    char path[MAX_PATH];
    require(GetTempFileNameA(folder, "tpw", 0, path), "no file can be made in %s: error %lu", (char *)folder,
            GetLastError());
    DeleteFileA(path);
}

void with_change_notification(const struct level *at, expectation *expect)
{
    char temporary[MAX_PATH - 60], folder[MAX_PATH];
    GetTempPathA(sizeof temporary, temporary);
    snprintf(folder, sizeof folder, "%sconformance-%lu", temporary, GetCurrentProcessId());
    require(CreateDirectoryA(folder, NULL), "%s cannot be made: error %lu", folder, GetLastError());
    HANDLE notification = FindFirstChangeNotificationA(folder, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME);
    require(notification != INVALID_HANDLE_VALUE, "no change notification: error %lu", GetLastError());
    expect(at, notification, make_a_file, folder);
    FindCloseChangeNotification(notification);
    RemoveDirectoryA(folder);
}
