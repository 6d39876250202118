// SPDX-License-Identifier: MIT
//
// No thread can be made any more, because the process's address space is full: what is posted runs all the same.
#include "stress.h"

#define LARGEST  ((size_t)256 << 20)
#define SMALLEST ((size_t)64 << 10)
#define MOST     ((size_t)64 << 30) // more than any limit that makes the test quick
#define SPARE    16                 // pieces that are given back: a thread needs more, a small allocation less
#define POSTS    1000

static void *spare[SPARE], *filling[1 << 16];
static int fillings;

static DWORD WINAPI idle(void *unused)
{
    (void)unused;
    return 0;
}

static bool can_make_thread(void)
{
    HANDLE thread = CreateThread(NULL, 0, idle, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
    return thread != NULL;
}

static void fill_address_space(void)
{
    size_t filled = 0;
    for (int i = 0; i < SPARE; i++)
        spare[i] = VirtualAlloc(NULL, SMALLEST, MEM_RESERVE, PAGE_NOACCESS);
    for (size_t size = LARGEST; size >= SMALLEST; size /= 2)
        for (void *at; (at = VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS)) != NULL; filled += size) {
            if (filled > MOST || fillings == sizeof filling / sizeof *filling)
                skip("the address space is not limited: run this under ulimit -v");
            filling[fillings++] = at;
        }
    for (int i = 0; i < SPARE; i++)
        VirtualFree(spare[i], 0, MEM_RELEASE);
    require(!can_make_thread(), "a thread can be made in a full address space");
}

static void CALLBACK count_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    model_enter(context);
    model_leave(context);
}

static void CALLBACK pass(PTP_CALLBACK_INSTANCE instance, void *gate, PTP_WORK work)
{
    (void)instance;
    (void)work;
    pass_gate(gate);
}

static void post_many(PTP_WORK work, struct model *model)
{
    for (int i = 0; i < POSTS; i++) {
        model->posted++;
        api.SubmitThreadpoolWork(work);
    }
}

void check_no_threads(void)
{
    struct model model = {0};
    HANDLE closed = gate();
    PTP_WORK work = api.CreateThreadpoolWork(count_work, &model, NULL);
    PTP_WORK blocking = api.CreateThreadpoolWork(pass, closed, NULL);
    require(work && blocking, "no work object: error %lu", GetLastError());
    post_many(work, &model);
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    fill_address_space();
    post_many(work, &model);
    model_awaited(&model, "with no thread to be had");

    // As many as there are workers may block, and the posts behind them wait.
    for (int i = 0; i < 64; i++)
        api.SubmitThreadpoolWork(blocking);
    post_many(work, &model);
    Sleep(300); // in which the pool tries to have more threads, in vain
    open_gate(closed);
    model_awaited(&model, "behind callbacks that blocked");
    api.WaitForThreadpoolWorkCallbacks(blocking, FALSE);

    for (int i = 0; i < fillings; i++)
        VirtualFree(filling[i], 0, MEM_RELEASE);
    require(can_make_thread(), "no thread can be made though there is room: error %lu", GetLastError());
    post_many(work, &model);
    model_awaited(&model, "with room again");
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    api.CloseThreadpoolWork(work);
    api.CloseThreadpoolWork(blocking);
    printf("%ld posts ran, %d of them when no thread could be made\n", model.posted, 2 * POSTS);
}
