// SPDX-License-Identifier: MIT
/*
 * A callback instance: one execution, on its worker's stack, and what it wants done when it returns.
 *
 * What happens when a callback returns, in this order (contract section 11, EPI-010):
 *   1. the finalization callback of a simple callback;
 *   2. critical section, mutex, semaphore, event;
 *   3. the thread's state is looked at;
 *   4. the callback counts as over: its group and its waiters hear of it;
 *   5. libraries: the one the callback asked to unload, and the reference that its environment's library got.
 */
#ifndef NTPOOL_TP_INSTANCE_H
#define NTPOOL_TP_INSTANCE_H

#include "tp/object.h"

struct tp_instance {
    uint64_t mark; /* tells our instances from the system's */
    struct tp_object *object;
    struct sched_worker *worker;
    uint32_t actions; /* which of the following are set */
    uint32_t semaphore_count;
    void *critical_section;
    nt_handle mutex;
    nt_handle semaphore;
    nt_handle event;
    void *library;
    uintptr_t activation_cookie;
};

/**
 * Begins an execution on the calling worker. False: it must not run now (its library's reference cannot be had at the
 * moment; it has been posted again), and the caller returns.
 */
bool tp_instance_begin(struct tp_instance *instance, struct tp_object *object, struct sched_worker *worker);
/** Steps 1 to 3 and what 5 needs. The caller returns to its worker, which does the rest. */
void tp_instance_end(struct tp_instance *instance);

/* What a callback may call with its instance; from the thread that runs it. Each acts on return, for this execution
 * only; the first registration of a kind stands (EPI-007 to 009). */

/** TpCallbackLeaveCriticalSectionOnCompletion (EPI-004). */
void tp_instance_leave_critical_section(struct tp_instance *instance, void *critical_section);
/** TpCallbackReleaseMutexOnCompletion (EPI-003). */
void tp_instance_release_mutex(struct tp_instance *instance, nt_handle mutex);
/** TpCallbackReleaseSemaphoreOnCompletion (EPI-002). */
void tp_instance_release_semaphore(struct tp_instance *instance, nt_handle semaphore, uint32_t count);
/** TpCallbackSetEventOnCompletion (EPI-001). */
void tp_instance_set_event(struct tp_instance *instance, nt_handle event);
/** TpCallbackUnloadDllOnCompletion (EPI-005). */
void tp_instance_unload_library(struct tp_instance *instance, void *library);
/** TpDisassociateCallback (CBI-009 to 017). */
void tp_instance_disassociate(struct tp_instance *instance);
/** TpCallbackMayRunLong: NT_SUCCESS or NT_TOO_MANY_THREADS (CBI-003 to 006). */
nt_status tp_instance_may_run_long(struct tp_instance *instance);

/** The calling thread, any of the process, has begun. */
void tp_thread_begins(void);

/**
 * The calling thread, any of the process, is about to end. A callback that ends its thread (THR-010 forbids it) is over
 * with this, for whoever waits for it; what was registered for its return does not happen, and a reference that its
 * object took to a library stays. Its pool may start another worker.
 */
void tp_thread_ends(void);

#endif
