// SPDX-License-Identifier: MIT
#include "command_line.h"
#include "complain.h"
#include "library.h"
#include "program.h"
#include "start.h"
#include "survey.h"

int wmain(void);

static const char usage[] =
    "usage: ntpool-run.exe [OPTION...] PROGRAM [ARG...]\n"
    "Runs an x86_64 program with ntpool in it: its thread-pool calls are served by ntpool.dll. No file is changed.\n"
    "\n"
    "  --dll PATH     the ntpool.dll to use, in place of the one beside ntpool-run.exe\n"
    "  --children     the processes that the program starts run on ntpool too\n"
    "  --log FILE     sets NTPOOL_LOG for the program: where ntpool says what it served (stderr: the standard error)\n"
    "  --dry-run      says what would be redirected, and runs nothing\n"
    "  --help         prints this\n"
    "  --version      prints the version\n"
    "\n"
    "Everything else is the program's own: command line, working directory, environment, standard streams, console,\n"
    "Ctrl-C and exit code. When it cannot be started, the exit code says why:\n"
    "  120 wrong use                      124 a .NET program without native code\n"
    "  121 no such program                125 not a Windows program\n"
    "  122 no such ntpool.dll             126 the system refuses\n"
    "  123 not an x86_64 program          127 something else\n";

/* NTPOOL_LOG is read by the program's ntpool wherever the program is by then, so a file's path is made absolute. */
static int set_log(const wchar_t *log)
{
    static wchar_t full[32768];
    const wchar_t *value = log;
    DWORD length;

    if (wcscmp(log, L"stderr") != 0 && log[0] != L'/') {
        length = GetFullPathNameW(log, sizeof(full) / sizeof(*full), full, NULL);
        if (!length || length >= sizeof(full) / sizeof(*full))
            return complain(RUN_USAGE, L"%ls: this is no path for a log", log);
        value = full;
    }
    if (!SetEnvironmentVariableW(L"NTPOOL_LOG", value))
        return complain(RUN_FAILED, L"NTPOOL_LOG cannot be set: %ls", error_text(GetLastError()));
    return 0;
}

static int dry_run(const wchar_t *path, const char *dll, bool children)
{
    say(stdout, L"program: %ls\nntpool: %hs\nchild processes: %hs\n", path, dll,
        children ? "taken along" : "left alone");
    return survey_program(path);
}

int wmain(void)
{
    char dll[GRAFT_PATH_SIZE];
    struct options options;
    wchar_t *path;
    int code;

    if (!read_command_line(GetCommandLineW(), &options))
        return RUN_USAGE;
    if (options.help) {
        fputs(usage, stdout);
        return 0;
    }
    if (options.version) {
        puts("ntpool-run " NTPOOL_VERSION);
        return 0;
    }
    if (!options.program)
        return complain(RUN_USAGE, L"no program given; --help says how");
    path = find_program(options.program);
    if (!path)
        return RUN_NO_PROGRAM;
    code = check_program(path);
    if (!code)
        code = find_library(options.dll, dll);
    if (!code && options.dry_run)
        return dry_run(path, dll, options.children);
    if (!code && options.log)
        code = set_log(options.log);
    return code ? code : run_program(path, options.command_line, dll, options.children ? LETTER_CHILDREN : 0);
}
