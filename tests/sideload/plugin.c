// SPDX-License-Identifier: MIT
//
// A DLL of the victim's. What it imports its thread-pool functions from, and how, depends on what it is linked with.
#include "witness.h"

#ifdef DELAYED
#include "delay_slots.h"
extern void *__imp_CreateThreadpoolWork;
#endif

__declspec(dllexport) use_pool use_pool_here;

BOOL use_pool_here(struct use *use)
{
    const struct functions functions = {CreateThreadpoolWork, SubmitThreadpoolWork, WaitForThreadpoolWorkCallbacks,
                                        CloseThreadpoolWork};

#ifdef DELAYED
    make_delay_slots_writable(&__imp_CreateThreadpoolWork);
#endif
    return use_through(use, &functions);
}
