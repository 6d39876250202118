// SPDX-License-Identifier: MIT
#include "process.h"

#include "say.h"

#include <string.h>

static const char *dll_under_test;
static char rounds_option[32];

void child_hand_on(const char *dll, int rounds)
{
    dll_under_test = dll;
    if (rounds)
        snprintf(rounds_option, sizeof rounds_option, "--rounds %d ", rounds);
}

static HANDLE make_output(void)
{
    char folder[MAX_PATH], path[MAX_PATH];
    if (!GetTempPathA(sizeof folder, folder) || !GetTempFileNameA(folder, "tpc", 0, path))
        return INVALID_HANDLE_VALUE;
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    return CreateFileA(path, GENERIC_READ | GENERIC_WRITE | DELETE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherit, CREATE_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

// What a terminated test has started goes with it.
static HANDLE make_job(void)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    if (job)
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

// Wine refuses a process now and then when the machine is very busy; the next attempt succeeds.
static bool create_process(const char *program, char *command, STARTUPINFOA *startup, PROCESS_INFORMATION *information)
{
    enum { ATTEMPTS = 10 };
    for (int attempt = 1;; attempt++) {
        if (CreateProcessA(program, command, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, startup, information))
            return true;
        DWORD error = GetLastError();
        fprintf(stderr, "ntpool-conformance: attempt %d of %d: no process for %s: error %lu\n", attempt, ATTEMPTS,
                command, error);
        if (attempt == ATTEMPTS) {
            SetLastError(error);
            return false;
        }
        Sleep(500);
    }
}

bool child_start(struct child *child, const char *verb, const char *name)
{
    char program[MAX_PATH], command[4096];
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" %s%s%s %s%s %s", program, dll_under_test ? "--dll \"" : "",
             dll_under_test ? dll_under_test : "", dll_under_test ? "\"" : "", rounds_option, verb, name);
    *child = (struct child){.output = make_output(), .started = milliseconds()};
    if (child->output == INVALID_HANDLE_VALUE)
        return false;
    STARTUPINFOA startup = {.cb = sizeof startup,
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                            .hStdOutput = child->output,
                            .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION information;
    if (!create_process(program, command, &startup, &information)) {
        CloseHandle(child->output);
        return false;
    }
    child->job = make_job();
    if (child->job)
        AssignProcessToJobObject(child->job, information.hProcess);
    ResumeThread(information.hThread);
    CloseHandle(information.hThread);
    child->process = information.hProcess;
    return true;
}

void child_finish(struct child *child, bool hung, struct outcome *outcome)
{
    *outcome = (struct outcome){.hung = hung};
    if (hung) {
        TerminateProcess(child->process, EXIT_FAILED);
        WaitForSingleObject(child->process, GENEROUS);
    }
    outcome->took = milliseconds() - child->started;
    GetExitCodeProcess(child->process, &outcome->exit_code);
    DWORD got = 0;
    SetFilePointer(child->output, 0, NULL, FILE_BEGIN);
    ReadFile(child->output, outcome->output, sizeof outcome->output - 1, &got, NULL);
    outcome->output[got] = '\0';
    CloseHandle(child->output);
    CloseHandle(child->process);
    if (child->job)
        CloseHandle(child->job);
}

// What the scenario told is for the test to read; what failed in it has failed in the test.
static void sort_out(const char *name, char *output)
{
    char *out = output, *next;
    for (char *line = output; *line; line = next) {
        next = strchr(line, '\n');
        if (!next)
            break;
        *next++ = '\0';
        if (*line == MARK_FAILURE)
            fail_at(name, 0, "%s", line + 1);
        size_t length = strlen(line + 1);
        memmove(out, line + 1, length);
        out += length;
        *out++ = '\n';
    }
    *out = '\0';
}

struct outcome run_scenario(const char *name, DWORD limit)
{
    struct child child;
    require(child_start(&child, "--scenario", name), "the scenario %s could not be started: error %lu", name,
            GetLastError());
    bool hung = WaitForSingleObject(child.process, limit) != WAIT_OBJECT_0;
    struct outcome outcome;
    child_finish(&child, hung, &outcome);
    sort_out(name, outcome.output);
    return outcome;
}
