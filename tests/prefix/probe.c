// SPDX-License-Identifier: MIT
//
// Says which module serves each export named on its command line, and has callbacks run through plain imports.
// "probe hold" waits for its standard input to end, so that the prefix stays in use.
#include <windows.h>
#include <stdio.h>
#include <string.h>

static LONG callbacks;

static VOID CALLBACK work_ran(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    InterlockedIncrement(&callbacks);
}

static DWORD WINAPI item_ran(PVOID done)
{
    InterlockedIncrement(&callbacks);
    SetEvent(done);
    return 0;
}

static const char *module_of(FARPROC address, char name[MAX_PATH])
{
    HMODULE module;

    if (!address ||
        !GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCSTR)(ULONG_PTR)address, &module) ||
        !GetModuleFileNameA(module, name, MAX_PATH))
        return "nothing";
    return name;
}

static void resolve(const char *dll, const char *export)
{
    char name[MAX_PATH];
    HMODULE module = LoadLibraryA(dll);

    printf("%s %s %s\n", dll, export, module ? module_of(GetProcAddress(module, export), name) : "nothing");
}

static int run_callbacks(void)
{
    HANDLE done = CreateEventA(NULL, FALSE, FALSE, NULL);
    PTP_WORK work = CreateThreadpoolWork(work_ran, NULL, NULL);

    if (!done || !work)
        return 0;
    for (int i = 0; i < 100; i++)
        SubmitThreadpoolWork(work);
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    CloseThreadpoolWork(work);
    if (!QueueUserWorkItem(item_ran, done, WT_EXECUTEDEFAULT) || WaitForSingleObject(done, 60000) != WAIT_OBJECT_0)
        return 0;
    CloseHandle(done);
    return callbacks == 101;
}

int main(int argc, char **argv)
{
    const char *dll = "kernel32.dll";

    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (argc == 2 && strcmp(argv[1], "hold") == 0) {
        puts("holding");
        fflush(stdout);
        while (getchar() != EOF)
            ;
        return 0;
    }
    puts(run_callbacks() ? "callbacks ran" : "callbacks failed");
    for (int i = 1; i < argc; i++) {
        if (strstr(argv[i], ".dll"))
            dll = argv[i];
        else
            resolve(dll, argv[i]);
    }
    printf("code page %u\n", GetACP());
    return 0;
}
