// SPDX-License-Identifier: MIT
#include "runner.h"

#include "child.h"

#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT_SIZE     8192
#define ENDING_LIMIT_MS 60000

struct child {
    HANDLE process;
    HANDLE job;
    HANDLE output;
};

static HANDLE make_output(void)
{
    char folder[MAX_PATH], path[MAX_PATH];
    if (!GetTempPathA(sizeof folder, folder) || !GetTempFileNameA(folder, "tpb", 0, path))
        return INVALID_HANDLE_VALUE;
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    return CreateFileA(path, GENERIC_READ | GENERIC_WRITE | DELETE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherit, CREATE_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

// What a terminated workload has started goes with it, and so does a workload when this program ends.
static HANDLE make_job(void)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    if (job)
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static bool start(struct child *child, const char *command)
{
    char program[MAX_PATH], line[4096];
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(line, sizeof line, "\"%s\" %s", program, command);
    *child = (struct child){.output = make_output()};
    if (child->output == INVALID_HANDLE_VALUE)
        return false;
    STARTUPINFOA startup = {.cb = sizeof startup,
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                            .hStdOutput = child->output,
                            .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION information;
    if (!CreateProcessA(program, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &information)) {
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

static void take_number(const struct workload *workload, struct side *side, char mark, const char *name, double value)
{
    if (mark == MARK_VALUE) {
        for (size_t i = 0; i < measures_of(workload); i++)
            if (!strcmp(workload->measures[i].name, name)) {
                series_add(&side->values[i], value);
                return;
            }
        snprintf(side->trouble, sizeof side->trouble, "it reported '%s', which is none of its measures", name);
        return;
    }
    for (size_t i = 0; i < COUNTS_AT_MOST; i++) {
        struct count *count = &side->counts[i];
        if (!count->name[0])
            snprintf(count->name, sizeof count->name, "%s", name);
        if (!strcmp(count->name, name)) {
            series_add(&count->series, value);
            return;
        }
    }
}

static void take_line(const struct workload *workload, struct side *side, char *line)
{
    if (*line == MARK_FAILURE) {
        snprintf(side->trouble, sizeof side->trouble, "%s", line + 1);
        return;
    }
    char *space = strchr(line, ' ');
    if (!space)
        return;
    *space = '\0';
    if (*line == MARK_VALUE || *line == MARK_COUNT)
        take_number(workload, side, *line, line + 1, strtod(space + 1, NULL));
    for (size_t i = 0; *line == MARK_UNTOLD && i < measures_of(workload); i++)
        if (!strcmp(workload->measures[i].name, line + 1))
            snprintf(side->untold[i], sizeof side->untold[i], "%s", space + 1);
}

static void take_output(HANDLE output, const struct workload *workload, struct side *side)
{
    char text[OUTPUT_SIZE];
    DWORD got = 0;
    SetFilePointer(output, 0, NULL, FILE_BEGIN);
    ReadFile(output, text, sizeof text - 1, &got, NULL);
    text[got] = '\0';
    for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n"))
        take_line(workload, side, line);
}

static void finish(struct child *child, int limit_s, const struct workload *workload, struct side *side)
{
    bool hung = WaitForSingleObject(child->process, (DWORD)limit_s * 1000) != WAIT_OBJECT_0;
    if (hung) {
        TerminateProcess(child->process, EXIT_FAILED);
        WaitForSingleObject(child->process, ENDING_LIMIT_MS);
    }
    DWORD code = EXIT_FAILED;
    GetExitCodeProcess(child->process, &code);
    take_output(child->output, workload, side);
    if (hung)
        snprintf(side->trouble, sizeof side->trouble, "hung: still running after %d s", limit_s);
    else if (code >= 0x80000000)
        snprintf(side->trouble, sizeof side->trouble, "crashed: exception 0x%08lx", code);
    else if (code != EXIT_DONE && !side->trouble[0])
        snprintf(side->trouble, sizeof side->trouble, "ended with exit code %lu", code);
    CloseHandle(child->output);
    CloseHandle(child->process);
    if (child->job)
        CloseHandle(child->job);
}

void run_once(const struct options *options, const struct workload *workload, const char *dll, struct side *side)
{
    static unsigned serial;
    char command[3000];
    snprintf(command, sizeof command, "--child %s --scale %.17g --token bench-%lu-%u-%llu%s%s%s", workload->name,
             options->scale, GetCurrentProcessId(), ++serial, (unsigned long long)GetTickCount64(),
             dll ? " --dll \"" : "", dll ? dll : "", dll ? "\"" : "");
    struct child child;
    if (!start(&child, command)) {
        snprintf(side->trouble, sizeof side->trouble, "no process could be started: error %lu", GetLastError());
        return;
    }
    finish(&child, options->limit_s, workload, side);
}
