// SPDX-License-Identifier: MIT
//
// Who runs a callback? The module that it returns to: ntdll.dll for the system's pool, ntpool.dll for ours.
#include "witness.h"

enum { LIMIT = 60000 };

void use_begin(struct use *use, LONG callbacks)
{
    ZeroMemory(use, sizeof(*use));
    use->wanted = callbacks;
    use->done = CreateEventW(NULL, TRUE, FALSE, NULL);
}

BOOL use_await(struct use *use)
{
    BOOL good = use->done && WaitForSingleObject(use->done, LIMIT) == WAIT_OBJECT_0;

    CloseHandle(use->done);
    return good;
}

void use_note_from(struct use *use, void *caller)
{
    HMODULE module = NULL, before;

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, caller,
                       &module);
    before = InterlockedExchangePointer((void *volatile *)&use->server, module);
    if (before && before != module)
        use->is_mixed = TRUE;
    if (InterlockedIncrement(&use->callbacks) == use->wanted)
        SetEvent(use->done);
}

void CALLBACK use_work(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    use_note(context);
}

void CALLBACK use_timer(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    use_note(context);
}

void CALLBACK use_wait(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    use_note(context);
}

void CALLBACK use_signal(PVOID context, BOOLEAN timed_out)
{
    (void)timed_out;
    use_note(context);
}

BOOL use_through(struct use *use, const struct functions *functions)
{
    PTP_WORK work;

    use_begin(use, POSTS);
    work = functions->create_work(use_work, use, NULL);
    if (!work)
        return FALSE;
    for (int i = 0; i < POSTS; i++)
        functions->submit_work(work);
    functions->wait_for_work(work, FALSE);
    functions->close_work(work);
    return use->callbacks == POSTS && use_await(use);
}
