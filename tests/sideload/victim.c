// SPDX-License-Identifier: MIT
//
// A program that knows nothing of ntpool and uses the thread pool in every way there is to get at it. Standard output
// is what it did, and the same on any pool; standard error says who served each use.
//
//   victim [FOLDER]           all uses; plug-ins are loaded from FOLDER, or from its own
//   victim tell [ARG...]      what it was started with
//   victim child CODE         one use, and that exit code
//   victim children           starts children in several ways
//   victim wait               says "waiting", and ends with 5 at Ctrl-C
//   victim idle               says "waiting", and leaves Ctrl-C to the system
//   victim interrupt COMMAND  starts a command, presses Ctrl-C once it says "waiting", tells its exit code
//   victim hold FILE COMMAND  tells the exit code of a command that is run while nobody else may open the file
#include "witness.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 60000 };

/* Of the plug-ins that are imported statically. */
__declspec(dllimport) use_pool use_pool_here, use_forwarded_pool_here;

static char own_path[MAX_PATH];

static void report(const char *name, BOOL good, const struct use *use)
{
    char path[MAX_PATH] = "nobody";
    const char *server = path;

    if (use->server)
        GetModuleFileNameA(use->server, path, sizeof(path));
    if (strrchr(path, '\\'))
        server = strrchr(path, '\\') + 1;
    printf("%s: %s\n", name, good ? "good" : "BAD");
    fprintf(stderr, "%s by %s\n", name, use->is_mixed ? "several" : server);
}

/* ---- before main ---------------------------------------------------------------------------------------- */

static struct use early_use;
static HANDLE early_thread;

static void CALLBACK simple_callback(PTP_CALLBACK_INSTANCE instance, PVOID context)
{
    (void)instance;
    use_note(context);
}

static DWORD WINAPI early_main(void *unused)
{
    (void)unused;
    return TrySubmitThreadpoolCallback(simple_callback, &early_use, NULL);
}

static void NTAPI tls_callback(void *module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return;
    use_begin(&early_use, 2);
    TrySubmitThreadpoolCallback(simple_callback, &early_use, NULL);
    early_thread = CreateThread(NULL, 0, early_main, NULL, 0, NULL);
}

__attribute__((section(".CRT$XLC"), used)) static const PIMAGE_TLS_CALLBACK tls_entry = tls_callback;

static void tell_early(void)
{
    DWORD posted = FALSE;

    WaitForSingleObject(early_thread, LIMIT);
    GetExitCodeThread(early_thread, &posted);
    report("a TLS callback and its thread", posted && use_await(&early_use), &early_use);
}

/* ---- static imports ------------------------------------------------------------------------------------- */

static DWORD WINAPI item_callback(void *context)
{
    use_note(context);
    return 0;
}

static void use_objects(void)
{
    const struct functions functions = {CreateThreadpoolWork, SubmitThreadpoolWork, WaitForThreadpoolWorkCallbacks,
                                        CloseThreadpoolWork};
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    FILETIME now = {0, 0};
    struct use use;
    PTP_TIMER timer;
    PTP_WAIT wait;

    report("static work", use_through(&use, &functions), &use);

    use_begin(&use, 1);
    timer = CreateThreadpoolTimer(use_timer, &use, NULL);
    SetThreadpoolTimer(timer, &now, 0, 0);
    report("static timer", use_await(&use), &use);
    CloseThreadpoolTimer(timer);

    use_begin(&use, 1);
    wait = CreateThreadpoolWait(use_wait, &use, NULL);
    SetThreadpoolWait(wait, event, NULL);
    report("static wait", use_await(&use), &use);
    CloseThreadpoolWait(wait);
    CloseHandle(event);
}

static void use_older_functions(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    HANDLE handle = NULL;
    struct use use;
    BOOL good;

    use_begin(&use, 1);
    good = QueueUserWorkItem(item_callback, &use, WT_EXECUTEDEFAULT);
    report("static work item", good && use_await(&use), &use);

    use_begin(&use, 1);
    good = RegisterWaitForSingleObject(&handle, event, use_signal, &use, INFINITE, WT_EXECUTEONLYONCE);
    good = good && use_await(&use) && UnregisterWaitEx(handle, INVALID_HANDLE_VALUE);
    report("static registered wait", good, &use);

    use_begin(&use, 1);
    good = CreateTimerQueueTimer(&handle, NULL, use_signal, &use, 0, 0, 0);
    good = good && use_await(&use) && DeleteTimerQueueTimer(NULL, handle, INVALID_HANDLE_VALUE);
    report("static queue timer", good, &use);
    CloseHandle(event);
}

/* ---- other ways to the functions ------------------------------------------------------------------------ */

static FARPROC look_up(const char *dll, const char *name)
{
    HMODULE module = LoadLibraryA(dll);

    return module ? GetProcAddress(module, name) : NULL;
}

static void use_looked_up(const char *dll)
{
    struct functions functions;
    struct use use = {0};
    char name[100];
    BOOL good;

    functions.create_work = (void *)look_up(dll, "CreateThreadpoolWork");
    functions.submit_work = (void *)look_up(dll, "SubmitThreadpoolWork");
    functions.wait_for_work = (void *)look_up(dll, "WaitForThreadpoolWorkCallbacks");
    functions.close_work = (void *)look_up(dll, "CloseThreadpoolWork");
    snprintf(name, sizeof(name), "GetProcAddress in %s", dll);
    good = functions.create_work && functions.submit_work && functions.wait_for_work && functions.close_work;
    report(name, good && use_through(&use, &functions), &use);
}

static void use_plugin(const char *folder, const char *name)
{
    char path[MAX_PATH], title[100];
    struct use use = {0};
    use_pool *function;

    snprintf(path, sizeof(path), "%s\\%s", folder, name);
    function = (use_pool *)(void *)look_up(path, "use_pool_here");
    snprintf(title, sizeof(title), "loaded later, %s", name);
    report(title, function && function(&use), &use);
}

/* A launcher borrows the import directory in the image's headers, but a program that looks finds its own. */
static void look_at_headers(void)
{
    const char *base = (const char *)GetModuleHandleW(NULL);
    IMAGE_NT_HEADERS in_file, *in_memory = (IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    FILE *file = fopen(own_path, "rb");
    BOOL same = file && !fseek(file, ((const IMAGE_DOS_HEADER *)base)->e_lfanew, SEEK_SET) &&
                fread(&in_file, sizeof(in_file), 1, file) == 1 &&
                !memcmp(in_file.OptionalHeader.DataDirectory, in_memory->OptionalHeader.DataDirectory,
                        sizeof(in_file.OptionalHeader.DataDirectory));

    if (file)
        fclose(file);
    printf("headers: %s\n", same ? "good" : "BAD");
}

static void use_all(const char *folder)
{
    struct use use = {0};

    tell_early();
    use_objects();
    use_older_functions();
    report("imported plug-in", use_pool_here(&use), &use);
    report("imported plug-in, forwarded functions", use_forwarded_pool_here(&use), &use);
    use_looked_up("kernel32.dll");
    use_looked_up("kernelbase.dll");
    use_looked_up("api-ms-win-core-threadpool-l1-2-0.dll");
    use_looked_up("plugin-forward.dll");
    use_plugin(folder, "plugin-later.dll");
    use_plugin(folder, "plugin-apiset.dll");
    use_plugin(folder, "plugin-delay.dll");
    look_at_headers();
}

/* ---- what it was started with --------------------------------------------------------------------------- */

static void tell(void)
{
    wchar_t directory[MAX_PATH];
    wchar_t *strings = GetEnvironmentStringsW();
    STARTUPINFOW startup;
    unsigned count = 0, sum = 0;
    char line[200];

    for (const wchar_t *at = strings; *at; at++, count++)
        for (; *at; at++)
            sum = sum * 31 + *at;
    GetCurrentDirectoryW(MAX_PATH, directory);
    GetStartupInfoW(&startup);
    printf("command line: <%ls>\n", GetCommandLineW());
    printf("directory: <%ls>\n", directory);
    printf("environment: %u strings, %08x\n", count, sum);
    printf("show: %u\n", startup.dwFlags & STARTF_USESHOWWINDOW ? startup.wShowWindow : 0xffff);
    while (fgets(line, sizeof(line), stdin))
        printf("input: <%s>\n", strtok(line, "\r\n"));
}

/* ---- children ------------------------------------------------------------------------------------------- */

static int be_child(const char *code)
{
    const struct functions functions = {CreateThreadpoolWork, SubmitThreadpoolWork, WaitForThreadpoolWorkCallbacks,
                                        CloseThreadpoolWork};
    struct use use;

    report("child", use_through(&use, &functions), &use);
    return atoi(code);
}

static void tell_end(const char *name, PROCESS_INFORMATION *child)
{
    DWORD code = 0;

    WaitForSingleObject(child->hProcess, LIMIT);
    GetExitCodeProcess(child->hProcess, &code);
    CloseHandle(child->hProcess);
    CloseHandle(child->hThread);
    printf("%s: exit code %lu\n", name, code);
    fflush(stdout);
}

static void start_children(void)
{
    PROCESS_INFORMATION child;
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    STARTUPINFOW wide_startup = {.cb = sizeof(wide_startup)};
    char command[MAX_PATH + 100];
    wchar_t wide[MAX_PATH + 100];

    fflush(NULL);
    snprintf(command, sizeof(command), "\"%s\" child 3", own_path);
    if (CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        tell_end("CreateProcessA", &child);
    snprintf(command, sizeof(command), "\"%s\" child 4", own_path);
    MultiByteToWideChar(CP_ACP, 0, command, -1, wide, MAX_PATH + 100);
    if (CreateProcessW(NULL, wide, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &wide_startup, &child)) {
        DWORD suspended = ResumeThread(child.hThread);

        printf("suspended %lu times\n", suspended);
        tell_end("CreateProcessW, suspended", &child);
    }
    printf("spawn: exit code %d\n", (int)_spawnl(_P_WAIT, own_path, "victim", "child", "5", NULL));
    fflush(stdout);
    // Through the command interpreter: a child's child.
    snprintf(command, sizeof(command), "\"\"%s\" child 6\"", own_path);
    printf("system: exit code %d\n", system(command));
    if (!CreateProcessA("no such program.exe", NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child))
        printf("no such program: error %lu\n", GetLastError());
}

/* ---- Ctrl-C --------------------------------------------------------------------------------------------- */

static HANDLE interrupted;

static BOOL WINAPI note_interrupt(DWORD event)
{
    (void)event;
    SetEvent(interrupted);
    return TRUE;
}

static int await_interrupt(void)
{
    interrupted = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(note_interrupt, TRUE);
    puts("waiting");
    fflush(stdout);
    return WaitForSingleObject(interrupted, LIMIT) == WAIT_OBJECT_0 ? 5 : 6;
}

static int be_idle(void)
{
    SetConsoleCtrlHandler(NULL, FALSE);
    puts("waiting");
    fflush(stdout);
    Sleep(LIMIT);
    return 6;
}

/* The rest of the command line behind an argument that has no spaces or quotes. */
static char *command_behind(const char *argument)
{
    return strstr(strstr(GetCommandLineA(), argument), " ") + 1;
}

static void interrupt(char *command)
{
    STARTUPINFOA startup = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES};
    SECURITY_ATTRIBUTES inheritable = {sizeof(inheritable), NULL, TRUE};
    PROCESS_INFORMATION child;
    HANDLE output;
    char byte;
    DWORD got;

    interrupted = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(note_interrupt, TRUE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreatePipe(&output, &startup.hStdOutput, &inheritable, 0) ||
        !SetHandleInformation(output, HANDLE_FLAG_INHERIT, 0) ||
        !CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        return;
    CloseHandle(startup.hStdOutput);
    if (!ReadFile(output, &byte, 1, &got, NULL) || byte != 'w')
        printf("it never waited\n");
    else if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        printf("no Ctrl-C: error %lu\n", GetLastError());
    tell_end("interrupted", &child);
}

static void hold(const char *path, char *command)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION child;

    fflush(NULL);
    if (file != INVALID_HANDLE_VALUE &&
        CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child))
        tell_end("held", &child);
}

int main(int argc, char **argv)
{
    char folder[MAX_PATH];

    GetModuleFileNameA(NULL, own_path, sizeof(own_path));
    strcpy(folder, own_path);
    *strrchr(folder, '\\') = '\0';
    if (argc > 1 && !strcmp(argv[1], "tell"))
        tell();
    else if (argc > 2 && !strcmp(argv[1], "child"))
        return be_child(argv[2]);
    else if (argc > 1 && !strcmp(argv[1], "children"))
        start_children();
    else if (argc > 1 && !strcmp(argv[1], "wait"))
        return await_interrupt();
    else if (argc > 1 && !strcmp(argv[1], "idle"))
        return be_idle();
    else if (argc > 2 && !strcmp(argv[1], "interrupt"))
        interrupt(command_behind(argv[1]));
    else if (argc > 3 && !strcmp(argv[1], "hold"))
        hold(argv[2], command_behind(argv[2]));
    else
        use_all(argc > 1 ? argv[1] : folder);
    return 0;
}
