// SPDX-License-Identifier: MIT
//
// Wait objects: hundreds at a time.
#include "wait_log.h"

#define MANY 512

struct crowd {
    const struct level *at;
    PTP_POOL pool;
    TP_CALLBACK_ENVIRON_V3 environment;
    HANDLE semaphore[MANY];
    PTP_WAIT wait[MANY];
    struct wait_log log[MANY];
};

static struct crowd crowd;

static void gather(const struct level *at)
{
    crowd.at = at;
    crowd.pool = pool_of(at, 500);
    TP_POOL_STACK_INFORMATION stack = {.StackReserve = 256 * 1024, .StackCommit = 4 * 1024};
    check(at->pool_set_stack(crowd.pool, &stack), "the stack information is refused: error 0x%lx", why());
    crowd.environment = environment_of(crowd.pool);
    for (int i = 0; i < MANY; i++) {
        crowd.semaphore[i] = semaphore(0);
        crowd.wait[i] = noting_wait(at, &crowd.log[i], &crowd.environment);
    }
}

static void arm_all(const LONGLONG *timeout)
{
    for (int i = 0; i < MANY; i++)
        start_wait(crowd.at, crowd.wait[i], &crowd.log[i], crowd.semaphore[i], timeout);
}

static LONG callbacks_of_all(void)
{
    LONG sum = 0;
    for (int i = 0; i < MANY; i++)
        sum += counted(&crowd.log[i].count);
    return sum;
}

static void disband(void)
{
    for (int i = 0; i < MANY; i++)
        retire_wait(crowd.at, crowd.wait[i]);
    crowd.at->close_pool(crowd.pool);
}

BINDING_AT_BOTH_LEVELS(each_of_512_waits_calls_back_for_its_own_object, "WAIT-022 WAIT-033 POOL-045", "NT-020")
{
    gather(at);
    for (LONG round = 0; round < 2; round++) {
        arm_all(NULL);
        for (LONG i = 0; i < MANY; i++) {
            int which = round ? MANY - 1 - i : i;
            ReleaseSemaphore(crowd.semaphore[which], 1, NULL);
            await_count(&crowd.log[which].signalled, round + 1);
            check(i % 64 || callbacks_of_all() == round * MANY + i + 1, "%ld signals gave %ld callbacks",
                  round * MANY + i + 1, callbacks_of_all());
        }
    }
    check(callbacks_of_all() == 2 * MANY, "%d signals gave %ld callbacks", 2 * MANY, callbacks_of_all());
    disband();
}

BINDING_AT_BOTH_LEVELS(each_of_512_waits_times_out, "WAIT-023", "NT-020")
{
    gather(at);
    arm_all(AFTER(50));
    for (int i = 0; i < MANY; i++)
        await_count(&crowd.log[i].timed_out, 1);
    check(callbacks_of_all() == MANY, "%d timeouts gave %ld callbacks", MANY, callbacks_of_all());
    disband();
}

BINDING_AT_BOTH_LEVELS(all_of_512_waits_that_stay_signalled_are_served, "WAIT-022 WAIT-021", "NT-020")
{
    gather(at);
    HANDLE event = gate();
    for (int i = 0; i < MANY; i++)
        start_wait(at, crowd.wait[i], &crowd.log[i], event, NULL);
    SetEvent(event);
    for (int i = 0; i < MANY; i++)
        await_count(&crowd.log[i].signalled, 1);
    check(callbacks_of_all() == MANY, "%d waits gave %ld callbacks", MANY, callbacks_of_all());
    disband();
}

BINDING_AT_BOTH_LEVELS(closing_512_armed_waits_and_their_handles_is_safe, "WAIT-048 WAIT-045", "NT-020")
{
    gather(at);
    arm_all(NULL);
    for (int i = 0; i < MANY; i++) {
        at->close_wait(crowd.wait[i]);
        CloseHandle(crowd.semaphore[i]);
    }
    Sleep(BRIEFLY);
    check(callbacks_of_all() == 0, "%ld closed waits called back", callbacks_of_all());
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, &crowd.environment);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    SetEvent(event);
    await_count(&log.signalled, 1);
    retire_wait(at, wait);
    at->close_pool(crowd.pool);
}
