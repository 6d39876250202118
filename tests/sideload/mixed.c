// SPDX-License-Identifier: MIT
//
// A process with two pools: that of kernel32, which a launcher may have led to ntpool, and that of ntdll, which stays
// the system's. Objects of the latter are handed to functions of the former.
//
//   mixed              says what came of it; the same on one pool and on two, but for who served
//   mixed theirs NAME  hands an object of kernel32's to ntdll instead, which may end badly; without a name, lists them
#include "witness.h"

#include <stdio.h>
#include <string.h>

typedef LONG status;

enum { LIMIT = 60000 };

/* ntdll's own, never redirected. */
static struct {
    status(NTAPI *TpAllocPool)(PTP_POOL *, PVOID);
    void(NTAPI *TpReleasePool)(PTP_POOL);
    status(NTAPI *TpAllocCleanupGroup)(PTP_CLEANUP_GROUP *);
    void(NTAPI *TpReleaseCleanupGroup)(PTP_CLEANUP_GROUP);
    status(NTAPI *TpAllocWork)(PTP_WORK *, PTP_WORK_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON);
    void(NTAPI *TpPostWork)(PTP_WORK);
    void(NTAPI *TpReleaseWork)(PTP_WORK);
    void(NTAPI *TpWaitForWork)(PTP_WORK, BOOL);
    status(NTAPI *TpAllocTimer)(PTP_TIMER *, PTP_TIMER_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON);
    void(NTAPI *TpSetTimer)(PTP_TIMER, LARGE_INTEGER *, LONG, LONG);
    void(NTAPI *TpReleaseTimer)(PTP_TIMER);
    status(NTAPI *TpAllocWait)(PTP_WAIT *, PTP_WAIT_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON);
    status(NTAPI *RtlRegisterWait)(HANDLE *, HANDLE, WAITORTIMERCALLBACK, PVOID, ULONG, ULONG);
    status(NTAPI *RtlDeregisterWait)(HANDLE);
    status(NTAPI *RtlCreateTimerQueue)(HANDLE *);
    status(NTAPI *RtlDeleteTimerQueueEx)(HANDLE, HANDLE);
} nt;

static BOOL find_functions(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    BOOL all = TRUE;

#define FIND(name) all &= (nt.name = (void *)GetProcAddress(ntdll, #name)) != NULL
    FIND(TpAllocPool);
    FIND(TpReleasePool);
    FIND(TpAllocCleanupGroup);
    FIND(TpReleaseCleanupGroup);
    FIND(TpAllocWork);
    FIND(TpPostWork);
    FIND(TpReleaseWork);
    FIND(TpWaitForWork);
    FIND(TpAllocTimer);
    FIND(TpSetTimer);
    FIND(TpReleaseTimer);
    FIND(TpAllocWait);
    FIND(RtlRegisterWait);
    FIND(RtlDeregisterWait);
    FIND(RtlCreateTimerQueue);
    FIND(RtlDeleteTimerQueueEx);
#undef FIND
    return all;
}

static void report(const char *name, BOOL good, const struct use *use)
{
    char path[MAX_PATH] = "\\nobody";

    if (use->server)
        GetModuleFileNameA(use->server, path, sizeof(path));
    printf("%s: %s\n", name, good ? "good" : "BAD");
    fprintf(stderr, "%s by %s\n", name, use->is_mixed ? "several" : strrchr(path, '\\') + 1);
}

/* ---- objects of the system's pool ----------------------------------------------------------------------- */

static void use_work_of_theirs(void)
{
    struct use use;
    PTP_WORK work;
    BOOL good;

    use_begin(&use, POSTS);
    good = nt.TpAllocWork(&work, use_work, &use, NULL) >= 0;
    for (int i = 0; good && i < POSTS; i++)
        SubmitThreadpoolWork(work);
    if (good)
        WaitForThreadpoolWorkCallbacks(work, FALSE);
    good = good && use.callbacks == POSTS;
    if (good)
        CloseThreadpoolWork(work);
    report("work of theirs", good, &use);
}

static void use_timer_of_theirs(void)
{
    FILETIME now = {0, 0};
    struct use use;
    PTP_TIMER timer;
    BOOL good;

    use_begin(&use, 3);
    good = nt.TpAllocTimer(&timer, use_timer, &use, NULL) >= 0;
    if (good) {
        SetThreadpoolTimer(timer, &now, 10, 0);
        good = use_await(&use) && IsThreadpoolTimerSet(timer);
        SetThreadpoolTimer(timer, NULL, 0, 0);
        WaitForThreadpoolTimerCallbacks(timer, TRUE);
        good = good && !IsThreadpoolTimerSet(timer);
        CloseThreadpoolTimer(timer);
    }
    report("timer of theirs", good, &use);
}

static void use_wait_of_theirs(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    struct use use;
    PTP_WAIT wait;
    BOOL good;

    use_begin(&use, 1);
    good = nt.TpAllocWait(&wait, use_wait, &use, NULL) >= 0;
    if (good) {
        SetThreadpoolWait(wait, event, NULL);
        good = use_await(&use);
        WaitForThreadpoolWaitCallbacks(wait, TRUE);
        CloseThreadpoolWait(wait);
    }
    report("wait of theirs", good, &use);
    CloseHandle(event);
}

/* Objects that are made here belong where their environment's pool and group are. */
static void use_environment_of_theirs(void)
{
    TP_CALLBACK_ENVIRON environment;
    PTP_CLEANUP_GROUP group;
    struct use use;
    PTP_POOL pool;
    PTP_WORK work;
    BOOL good;

    use_begin(&use, POSTS + 1);
    good = nt.TpAllocPool(&pool, NULL) >= 0 && nt.TpAllocCleanupGroup(&group) >= 0;
    TpInitializeCallbackEnviron(&environment);
    environment.Pool = good ? pool : NULL;
    environment.CleanupGroup = good ? group : NULL;
    SetThreadpoolThreadMaximum(pool, 2);
    work = CreateThreadpoolWork(use_work, &use, &environment);
    good = good && work && TrySubmitThreadpoolCallback((PTP_SIMPLE_CALLBACK)(void *)use_work, &use, &environment);
    for (int i = 0; good && i < POSTS; i++)
        SubmitThreadpoolWork(work);
    if (good)
        CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    report("environment of theirs", good && use.callbacks == POSTS + 1, &use);
    CloseThreadpoolCleanupGroup(group);
    CloseThreadpool(pool);
}

static void CALLBACK io_callback(PTP_CALLBACK_INSTANCE instance, PVOID context, PVOID overlapped, ULONG result,
                                 ULONG_PTR bytes, PTP_IO io)
{
    (void)instance;
    (void)overlapped;
    (void)io;
    if (result == ERROR_SUCCESS && bytes == 5)
        use_note(context);
}

static void use_io_of_theirs(void)
{
    TP_CALLBACK_ENVIRON environment;
    OVERLAPPED overlapped = {0};
    char folder[MAX_PATH], path[MAX_PATH];
    struct use use;
    HANDLE file;
    PTP_POOL pool = NULL;
    PTP_IO io;
    BOOL good;

    GetTempPathA(sizeof(folder), folder);
    GetTempFileNameA(folder, "mix", 0, path);
    file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE,
                       NULL);
    use_begin(&use, 1);
    TpInitializeCallbackEnviron(&environment);
    nt.TpAllocPool(&pool, NULL);
    environment.Pool = pool;
    io = CreateThreadpoolIo(file, io_callback, &use, &environment);
    good = io != NULL;
    if (good) {
        StartThreadpoolIo(io);
        if (!WriteFile(file, "write", 5, NULL, &overlapped) && GetLastError() != ERROR_IO_PENDING)
            CancelThreadpoolIo(io);
        good = use_await(&use);
        WaitForThreadpoolIoCallbacks(io, FALSE);
        CloseThreadpoolIo(io);
    }
    printf("I/O of theirs: %s\n", good ? "good" : "BAD"); // its callback is converted by kernel32, whoever serves
    CloseHandle(file);
    CloseThreadpool(pool);
}

/* One environment cannot belong to two pools. */
static void mix_environments(void)
{
    TP_CALLBACK_ENVIRON environment;
    struct use use = {0};
    PTP_CLEANUP_GROUP theirs, ours = CreateThreadpoolCleanupGroup();
    PTP_POOL pool = CreateThreadpool(NULL), their_pool;
    const char *refused = "refused";
    DWORD error;

    if (nt.TpAllocCleanupGroup(&theirs) < 0 || nt.TpAllocPool(&their_pool, NULL) < 0)
        return;
    TpInitializeCallbackEnviron(&environment);
    environment.Pool = pool;
    environment.CleanupGroup = theirs;
    SetLastError(0);
    PTP_WORK work = CreateThreadpoolWork(use_work, &use, &environment);
    error = GetLastError();
    if (work)
        refused = "served";
    environment.Pool = their_pool;
    environment.CleanupGroup = ours;
    PTP_TIMER timer = CreateThreadpoolTimer(use_timer, &use, &environment);
    fprintf(stderr, "our pool and their group: %s, error %lu\n", refused, error);
    fprintf(stderr, "their pool and our group: %s, error %lu\n", timer ? "served" : "refused", GetLastError());
    // On one pool this is an ordinary environment.
    if (work)
        CloseThreadpoolWork(work);
    if (timer)
        CloseThreadpoolTimer(timer);
    CloseThreadpoolCleanupGroup(ours);
    CloseThreadpoolCleanupGroup(theirs);
    CloseThreadpool(pool);
    CloseThreadpool(their_pool);
    printf("mixed environments: good\n");
}

/* ---- instances of the system's callbacks ---------------------------------------------------------------- */

static HANDLE set_by_return;

static void CALLBACK work_with_effects(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work)
{
    (void)work;
    CallbackMayRunLong(instance);
    DisassociateCurrentThreadFromCallback(instance);
    SetEventWhenCallbackReturns(instance, set_by_return);
    use_note(context);
}

static void use_instance_of_theirs(void)
{
    struct use use;
    PTP_WORK work;
    BOOL good;

    set_by_return = CreateEventW(NULL, TRUE, FALSE, NULL);
    use_begin(&use, 1);
    good = nt.TpAllocWork(&work, work_with_effects, &use, NULL) >= 0;
    if (good) {
        SubmitThreadpoolWork(work);
        good = use_await(&use) && WaitForSingleObject(set_by_return, LIMIT) == WAIT_OBJECT_0;
        CloseThreadpoolWork(work);
    }
    report("instance of theirs", good, &use);
    CloseHandle(set_by_return);
}

/* ---- the older functions -------------------------------------------------------------------------------- */

static void use_registered_wait_of_theirs(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    struct use use;
    HANDLE wait;
    BOOL good;

    use_begin(&use, 1);
    good = nt.RtlRegisterWait(&wait, event, use_signal, &use, INFINITE, WT_EXECUTEONLYONCE) >= 0;
    good = good && use_await(&use) && UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    report("registered wait of theirs", good, &use);
    CloseHandle(event);
}

static void use_timer_queue_of_theirs(void)
{
    HANDLE queue, timer;
    struct use use;
    BOOL good;

    use_begin(&use, 2);
    good = nt.RtlCreateTimerQueue(&queue) >= 0;
    good = good && CreateTimerQueueTimer(&timer, queue, use_signal, &use, 10, 10, 0) &&
           ChangeTimerQueueTimer(queue, timer, 0, 10);
    good = good && use_await(&use) && DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE) &&
           DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE);
    report("timer queue of theirs", good, &use);
}

/* ---- the other way round: beyond ntpool's reach --------------------------------------------------------- */

static struct use lost;

static PTP_WORK new_work(void)
{
    use_begin(&lost, 1);
    return CreateThreadpoolWork(use_work, &lost, NULL);
}

static void post_work(void)
{
    nt.TpPostWork(new_work());
    printf("callback: %s\n", WaitForSingleObject(lost.done, 2000) == WAIT_OBJECT_0 ? "came" : "never came");
}

static void wait_for_work(void)
{
    nt.TpWaitForWork(new_work(), FALSE);
}

static void release_work(void)
{
    nt.TpReleaseWork(new_work());
}

static void set_timer(void)
{
    LARGE_INTEGER now = {.QuadPart = 0};

    use_begin(&lost, 1);
    nt.TpSetTimer(CreateThreadpoolTimer(use_timer, &lost, NULL), &now, 0, 0);
    printf("callback: %s\n", WaitForSingleObject(lost.done, 2000) == WAIT_OBJECT_0 ? "came" : "never came");
}

static void release_timer(void)
{
    nt.TpReleaseTimer(CreateThreadpoolTimer(use_timer, &lost, NULL));
}

static void release_pool(void)
{
    nt.TpReleasePool(CreateThreadpool(NULL));
}

static void release_group(void)
{
    nt.TpReleaseCleanupGroup(CreateThreadpoolCleanupGroup());
}

static void work_in_pool(void)
{
    TP_CALLBACK_ENVIRON environment;
    PTP_WORK work;

    TpInitializeCallbackEnviron(&environment);
    environment.Pool = CreateThreadpool(NULL);
    use_begin(&lost, 1);
    printf("status %08lx\n", nt.TpAllocWork(&work, use_work, &lost, &environment));
    nt.TpPostWork(work);
    printf("callback: %s\n", WaitForSingleObject(lost.done, 2000) == WAIT_OBJECT_0 ? "came" : "never came");
}

static void deregister_wait(void)
{
    HANDLE wait = NULL;

    RegisterWaitForSingleObject(&wait, CreateEventW(NULL, FALSE, FALSE, NULL), use_signal, &lost, INFINITE, 0);
    printf("status %08lx\n", nt.RtlDeregisterWait(wait));
}

static void delete_timer_queue(void)
{
    printf("status %08lx\n", nt.RtlDeleteTimerQueueEx(CreateTimerQueue(), INVALID_HANDLE_VALUE));
}

static const struct {
    const char *name;
    void (*function)(void);
} exchanges[] = {
    {"TpPostWork", post_work},
    {"TpWaitForWork", wait_for_work},
    {"TpReleaseWork", release_work},
    {"TpSetTimer", set_timer},
    {"TpReleaseTimer", release_timer},
    {"TpReleasePool", release_pool},
    {"TpReleaseCleanupGroup", release_group},
    {"TpAllocWork-in-pool", work_in_pool},
    {"RtlDeregisterWait", deregister_wait},
    {"RtlDeleteTimerQueueEx", delete_timer_queue},
};

static int hand_to_them(const char *name)
{
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(*exchanges); i++) {
        if (!name) {
            puts(exchanges[i].name);
        } else if (!strcmp(name, exchanges[i].name)) {
            setvbuf(stdout, NULL, _IONBF, 0);
            exchanges[i].function();
            puts("survived");
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (!find_functions())
        return 2;
    if (argc > 1 && !strcmp(argv[1], "theirs"))
        return hand_to_them(argv[2]);
    use_work_of_theirs();
    use_timer_of_theirs();
    use_wait_of_theirs();
    use_environment_of_theirs();
    use_io_of_theirs();
    mix_environments();
    use_instance_of_theirs();
    use_registered_wait_of_theirs();
    use_timer_queue_of_theirs();
    return 0;
}
