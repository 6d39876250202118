// SPDX-License-Identifier: MIT
#include "library.h"

#define EXPORT __declspec(dllexport)

EXPORT set_listener_function set_listener;
EXPORT void CALLBACK work_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work);
EXPORT void CALLBACK timer_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer);
EXPORT void CALLBACK wait_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result);
EXPORT void CALLBACK io_callback(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                                 ULONG_PTR bytes, PTP_IO io);
EXPORT void CALLBACK nt_io_callback(PTP_CALLBACK_INSTANCE instance, void *context, void *apc_context, void *block,
                                    PTP_IO io);
EXPORT void CALLBACK simple_callback(PTP_CALLBACK_INSTANCE instance, void *context);
EXPORT void CALLBACK leaving_callback(PTP_CALLBACK_INSTANCE instance, void *context);
BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved);

static library_listener *listening;
static HMODULE self;
static volatile LONG calls;

void set_listener(library_listener *listener)
{
    listening = listener;
}

static void do_job(struct library_job *job)
{
    SetEvent(job->entered);
    WaitForSingleObject(job->gate, INFINITE);
    InterlockedIncrement(&calls);
    InterlockedIncrement(&job->returned);
}

void CALLBACK work_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    do_job(context);
}

void CALLBACK timer_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    do_job(context);
}

void CALLBACK wait_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    do_job(context);
}

void CALLBACK io_callback(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error, ULONG_PTR bytes,
                          PTP_IO io)
{
    (void)instance;
    (void)overlapped;
    (void)error;
    (void)bytes;
    (void)io;
    do_job(context);
}

void CALLBACK nt_io_callback(PTP_CALLBACK_INSTANCE instance, void *context, void *apc_context, void *block, PTP_IO io)
{
    (void)instance;
    (void)apc_context;
    (void)block;
    (void)io;
    do_job(context);
}

void CALLBACK simple_callback(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    do_job(context);
}

void CALLBACK leaving_callback(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct library_job *job = context;
    job->free_when_returns(instance, self);
    do_job(job);
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    self = module;
    if (listening)
        listening(reason, reserved);
    return TRUE;
}
