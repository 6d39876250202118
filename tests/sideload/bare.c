// SPDX-License-Identifier: MIT
//
// A program without an import directory, as packers make them: it looks for kernel32 in the loader's list, and walks
// its export table. Standard output is what it did, standard error who served it.
#include <windows.h>
#include <winternl.h>

void bare(void);

typedef PTP_WORK WINAPI create_work(PTP_WORK_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON);
typedef void WINAPI submit_work(PTP_WORK);
typedef void WINAPI wait_for_work(PTP_WORK, BOOL);
typedef void WINAPI close_work(PTP_WORK);
typedef HANDLE WINAPI get_std_handle(DWORD);
typedef BOOL WINAPI write_file(HANDLE, const void *, DWORD, DWORD *, OVERLAPPED *);
typedef BOOL WINAPI get_module(DWORD, LPCSTR, HMODULE *);
typedef DWORD WINAPI get_module_name(HMODULE, char *, DWORD);
typedef void WINAPI exit_process(UINT);

static volatile LONG callbacks;
static void *volatile server;

static BOOL is_same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static BOOL is_kernel32(const LDR_DATA_TABLE_ENTRY *module)
{
    static const WCHAR name[] = L"kernel32.dll";
    const size_t length = sizeof(name) / sizeof(*name) - 1;
    const UNICODE_STRING *path = &module->FullDllName;
    const WCHAR *end = path->Buffer + path->Length / sizeof(WCHAR);

    if (path->Length / sizeof(WCHAR) < length)
        return FALSE;
    for (size_t i = 0; i < length; i++)
        if ((end[i - length] | 0x20) != (name[i] | 0x20))
            return FALSE;
    return TRUE;
}

static char *find_kernel32(void)
{
    PEB *peb;
    LIST_ENTRY *head;

    __asm__("movq %%gs:0x60, %0" : "=r"(peb));
    head = &peb->Ldr->InMemoryOrderModuleList;
    for (LIST_ENTRY *link = head->Flink; link != head; link = link->Flink) {
        const LDR_DATA_TABLE_ENTRY *module = CONTAINING_RECORD(link, LDR_DATA_TABLE_ENTRY, InMemoryOrderLinks);

        if (is_kernel32(module))
            return module->DllBase;
    }
    return NULL;
}

typedef FARPROC WINAPI get_function(HMODULE, LPCSTR);

static void *find_export(char *base, const char *name)
{
    const IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_EXPORT_DIRECTORY *exports =
        (IMAGE_EXPORT_DIRECTORY *)(base + headers->OptionalHeader.DataDirectory[0].VirtualAddress);
    const DWORD *names = (DWORD *)(base + exports->AddressOfNames);
    const DWORD *functions = (DWORD *)(base + exports->AddressOfFunctions);
    const WORD *ordinals = (WORD *)(base + exports->AddressOfNameOrdinals);

    for (DWORD i = 0; i < exports->NumberOfNames; i++)
        if (is_same(base + names[i], name))
            return base + functions[ordinals[i]];
    return NULL;
}

static void *look_up(char *kernel32, const char *name)
{
    return (void *)((get_function *)find_export(kernel32, "GetProcAddress"))((HMODULE)kernel32, name);
}

static void CALLBACK callback(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    server = __builtin_return_address(0);
    __atomic_add_fetch(&callbacks, 1, __ATOMIC_SEQ_CST);
}

static void say(char *kernel32, DWORD stream, const char *text)
{
    DWORD length = 0;

    while (text[length])
        length++;
    ((write_file *)look_up(kernel32, "WriteFile"))(((get_std_handle *)look_up(kernel32, "GetStdHandle"))(stream), text,
                                                   length, &length, NULL);
}

static void say_server(char *kernel32)
{
    HMODULE module = NULL;
    char path[MAX_PATH];
    DWORD length;

    ((get_module *)look_up(kernel32, "GetModuleHandleExA"))(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                                                            (const char *)server, &module);
    length = ((get_module_name *)look_up(kernel32, "GetModuleFileNameA"))(module, path, sizeof(path));
    while (length && path[length - 1] != '\\')
        length--;
    say(kernel32, STD_ERROR_HANDLE, "bare by ");
    say(kernel32, STD_ERROR_HANDLE, path + length);
    say(kernel32, STD_ERROR_HANDLE, "\r\n");
}

void bare(void)
{
    char *kernel32 = find_kernel32();
    PTP_WORK work = ((create_work *)look_up(kernel32, "CreateThreadpoolWork"))(callback, NULL, NULL);

    for (int i = 0; i < 20; i++)
        ((submit_work *)look_up(kernel32, "SubmitThreadpoolWork"))(work);
    ((wait_for_work *)look_up(kernel32, "WaitForThreadpoolWorkCallbacks"))(work, FALSE);
    ((close_work *)look_up(kernel32, "CloseThreadpoolWork"))(work);
    say(kernel32, STD_OUTPUT_HANDLE, callbacks == 20 ? "bare: good\r\n" : "bare: BAD\r\n");
    say_server(kernel32);
    ((exit_process *)look_up(kernel32, "ExitProcess"))(21);
}
