// SPDX-License-Identifier: MIT
//
// What objects took is given back when they are closed: memory, and the handles of what waits waited for.
#include "harness/suite.h"

static void CALLBACK ignore_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
}

static void CALLBACK ignore_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)context;
    (void)timer;
}

static void CALLBACK ignore_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)context;
    (void)wait;
    (void)result;
}

// Private memory that this process has committed, in bytes.
static size_t committed(void)
{
    MEMORY_BASIC_INFORMATION region;
    size_t sum = 0;
    for (char *at = NULL; VirtualQuery(at, &region, sizeof region); at = (char *)region.BaseAddress + region.RegionSize)
        if (region.State == MEM_COMMIT && region.Type == MEM_PRIVATE)
            sum += region.RegionSize;
    return sum;
}

static DWORD handles(void)
{
    DWORD count = 0;
    GetProcessHandleCount(GetCurrentProcess(), &count);
    return count;
}

static void use_objects(const struct level *at, int times)
{
    for (int i = 0; i < times; i++) {
        PTP_WORK work = at->create_work(ignore_work, NULL, NULL);
        PTP_TIMER timer = at->create_timer(ignore_timer, NULL, NULL);
        PTP_WAIT wait = at->create_wait(ignore_wait, NULL, NULL);
        require(work && timer && wait, "no objects: error 0x%lx", why());
        at->close_work(work);
        at->close_timer(timer);
        at->close_wait(wait);
    }
}

#define MANY   20000
#define SMALL  (1 << 20) // bytes: less than a byte a time would be no leak of an object
#define ROUNDS 8

// What is freed late must not count: the least growth of several rounds.
BINDING_AT_BOTH_LEVELS(closed_objects_give_their_memory_back, "WORK-024", "NT-017")
{
    use_objects(at, MANY);
    size_t before = committed();
    long long least = -1;
    for (int round = 0; round < ROUNDS && (least < 0 || least > SMALL); round++) {
        use_objects(at, MANY);
        size_t after = committed();
        long long growth = after > before ? (long long)(after - before) : 0;
        if (least < 0 || growth < least)
            least = growth;
        before = after;
    }
    check(least <= SMALL, "%d objects of each kind cost at least %lld bytes each time", MANY, least);
}

BINDING_AT_BOTH_LEVELS(waits_give_their_handles_back, "WAIT-008 WAIT-011", "NT-020")
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    PTP_WAIT wait = at->create_wait(ignore_wait, NULL, NULL);
    require(event && wait, "no wait object: error 0x%lx", why());
    at->set_wait(wait, event, NULL);
    DWORD before = handles();
    for (int i = 0; i < 200; i++)
        at->set_wait(wait, event, NULL);
    at->set_wait(wait, NULL, NULL);
    at->wait_for_wait(wait, TRUE);
    at->close_wait(wait);
    check(handles() < before + 100, "%lu handles before 200 sets of a wait, %lu after", before, handles());
}
