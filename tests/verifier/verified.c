// SPDX-License-Identifier: MIT
#include "verified.h"

#include <string.h>

static const char *const names[] = {"NTPOOL_TEST_FIRST", "NTPOOL_TEST_SECOND"};

static void read_log(const char *path, char *log, size_t size)
{
    DWORD got = 0;
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        ReadFile(file, log, (DWORD)size - 1, &got, NULL);
        CloseHandle(file);
    }
    log[got] = '\0';
}

struct verified run_verified(const char *scenario, const char *first, const char *second)
{
    struct verified verified;
    char folder[MAX_PATH], path[MAX_PATH];
    require(GetTempPathA(sizeof folder, folder) && GetTempFileNameA(folder, "tpv", 0, path), "no temporary file");
    SetEnvironmentVariableA(names[0], first);
    SetEnvironmentVariableA(names[1], second);
    SetEnvironmentVariableA("NTPOOL_VERIFY", "1");
    SetEnvironmentVariableA("NTPOOL_LOG", path);
    verified.outcome = run_scenario(scenario, 2 * GENEROUS);
    SetEnvironmentVariableA("NTPOOL_LOG", NULL);
    SetEnvironmentVariableA("NTPOOL_VERIFY", NULL);
    read_log(path, verified.log, sizeof verified.log);
    DeleteFileA(path);
    return verified;
}

const char *asked(int which)
{
    static char text[2][100];
    if (!GetEnvironmentVariableA(names[which], text[which], sizeof text[which]))
        text[which][0] = '\0';
    return text[which];
}

void check_verified(const struct verified *verified, DWORD code, const char *text, const char *more)
{
    check(!verified->outcome.hung, "the process hung");
    check(verified->outcome.exit_code == code, "the process ended with 0x%lx instead of 0x%lx: %s",
          verified->outcome.exit_code, code, verified->outcome.output);
    check(strstr(verified->log, text), "the log lacks \"%s\": %s", text, verified->log);
    check(strstr(verified->log, more), "the log lacks \"%s\": %s", more, verified->log);
}
