// SPDX-License-Identifier: MIT
//
// Work objects: each post is one call, posts run in parallel, waits and closes.
#include "harness/suite.h"

static void CALLBACK meet_the_others(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    check(meet(context, GENEROUS), "the callbacks never were inside at the same time");
}

static void n_posts_meet(const struct level *at, LONG n)
{
    struct meeting meeting = meeting_of(n);
    PTP_WORK work = at->create_work(meet_the_others, &meeting, NULL);
    require(work, "no work object: error 0x%lx", why());
    for (LONG i = 0; i < n; i++)
        at->submit(work);
    at->wait_for_work(work, FALSE);
    check(meeting.arrived == n, "%ld of %ld callbacks ran", meeting.arrived, n);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(two_posts_of_one_work_object_meet_at_a_barrier, "WORK-007 WORK-015", "NT-017")
{
    n_posts_meet(at, 2);
}
