// SPDX-License-Identifier: MIT
#include "start.h"
#include "complain.h"

#ifndef ERROR_ELEVATION_REQUIRED /* not in the headers of Debian 12 */
#define ERROR_ELEVATION_REQUIRED 740
#endif

#define USES_MONITOR 0x400 /* a flag that has no name in the headers */

static HANDLE running;

/* Ctrl-C goes to the program by itself, as to everybody on this console; what comes of it is the program's business. A
 * console that closes ends this process when the handler returns, so that waits for the program. */
static BOOL WINAPI leave_to_program(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT && running)
        WaitForSingleObject(running, INFINITE);
    return TRUE;
}

/* Who ends the launcher wants the program to end. Its children are its own: they are not in the job. */
static void tie_to_this_process(HANDLE process)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    // Best effort: without it the program merely outlives a launcher that is killed. The handle lives as long as we do.
    if (job && SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)))
        AssignProcessToJobObject(job, process);
}

/* What this process was started with is what the program is started with. */
static void hand_on(STARTUPINFOW *startup)
{
    HANDLE *handles[] = {&startup->hStdInput, &startup->hStdOutput, &startup->hStdError};
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    GetStartupInfoW(startup);
    // A hot key or a monitor would be in the place of a handle.
    startup->dwFlags &= ~(DWORD)(STARTF_USEHOTKEY | USES_MONITOR);
    startup->dwFlags |= STARTF_USESTDHANDLES;
    for (int i = 0; i < 3; i++) {
        *handles[i] = GetStdHandle(names[i]);
        if (*handles[i] && *handles[i] != INVALID_HANDLE_VALUE)
            SetHandleInformation(*handles[i], HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    }
}

static int complain_about_start(const wchar_t *path, DWORD error)
{
    switch (error) {
    case ERROR_ACCESS_DENIED:
        return complain(RUN_REFUSED, L"%ls: the system refuses to start it: %ls", path, error_text(error));
    case ERROR_ELEVATION_REQUIRED:
        return complain(RUN_REFUSED, L"%ls: it wants to run as administrator; start ntpool-run as one", path);
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
        return complain(RUN_NOT_A_PROGRAM, L"%ls: the system cannot run it: %ls", path, error_text(error));
    default:
        return complain(RUN_FAILED, L"%ls: cannot be started: %ls", path, error_text(error));
    }
}

static int complain_about_graft(const wchar_t *path, enum graft_result result)
{
    static const enum run_code codes[] = {
        [GRAFT_WRONG_MACHINE] = RUN_WRONG_MACHINE,
        [GRAFT_IS_MANAGED] = RUN_MANAGED,
        [GRAFT_BAD_IMAGE] = RUN_NOT_A_PROGRAM,
        [GRAFT_NO_PLACE] = RUN_FAILED,
        [GRAFT_NO_ROOM] = RUN_FAILED,
        [GRAFT_REFUSED] = RUN_REFUSED,
    };

    return complain(codes[result], L"%ls: ntpool cannot be put into it: %hs", path, graft_result_text(result));
}

int run_program(const wchar_t *path, wchar_t *command_line, const char *dll, uint32_t flags)
{
    PROCESS_INFORMATION program;
    STARTUPINFOW startup;
    enum graft_result result;
    DWORD code;

    fflush(NULL);
    hand_on(&startup);
    SetConsoleCtrlHandler(leave_to_program, TRUE);
    if (!CreateProcessW(path, command_line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &program))
        return complain_about_start(path, GetLastError());
    running = program.hProcess;
    result = graft_dll(program.hProcess, dll, flags);
    if (result != GRAFT_DONE && result != GRAFT_DONE_BEFORE) {
        TerminateProcess(program.hProcess, RUN_FAILED);
        return complain_about_graft(path, result);
    }
    tie_to_this_process(program.hProcess);
    if (ResumeThread(program.hThread) == (DWORD)-1) {
        DWORD error = GetLastError();

        TerminateProcess(program.hProcess, RUN_FAILED);
        return complain(RUN_FAILED, L"%ls: cannot be resumed: %ls", path, error_text(error));
    }
    CloseHandle(program.hThread);
    if (WaitForSingleObject(program.hProcess, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(program.hProcess, &code))
        return complain(RUN_FAILED, L"%ls: its exit code is not to be had: %ls", path, error_text(GetLastError()));
    return (int)code;
}
