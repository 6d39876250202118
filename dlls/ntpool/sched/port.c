// SPDX-License-Identifier: MIT
#include "sched/port.h"

static struct sched_lock lock; /* guards the creation of the port and its poller */
static nt_handle port;
static bool polled;
static sched_port_deliver *deliver_completion;

static void poller_main(void *unused)
{
    struct nt_completion completion;

    (void)unused;
    nt_thread_trim_stack();
    while (nt_port_remove(port, &completion) >= 0)
        deliver_completion(&completion);
    nt_thread_restore_stack();
}

static nt_status port_prepare(sched_port_deliver *deliver)
{
    nt_status status = NT_SUCCESS;

    if (!port)
        status = nt_port_create(&port);
    if (status >= 0 && !polled) {
        deliver_completion = deliver;
        status = nt_thread_start(poller_main, NULL, NULL);
        polled = status >= 0;
    }
    return status;
}

nt_status sched_port_bind(nt_handle file, uint64_t key, sched_port_deliver *deliver)
{
    sched_lock_acquire(&lock);
    nt_status status = port_prepare(deliver);
    sched_lock_release(&lock);
    return status < 0 ? status : nt_port_bind(port, file, key);
}
