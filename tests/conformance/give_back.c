// SPDX-License-Identifier: MIT
//
// What objects took is given back when they are closed: memory, and what waits waited for.
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

static bool exists(const char *name)
{
    HANDLE event = OpenEventA(SYNCHRONIZE, FALSE, name);
    if (event)
        CloseHandle(event);
    return event != NULL;
}

// Sets the wait on a new object that nobody else keeps.
static void wait_for_object(const struct level *at, PTP_WAIT wait, const char *name)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, name);
    require(event, "no event could be created: error %lu", GetLastError());
    at->set_wait(wait, event, NULL);
    CloseHandle(event);
}

BINDING_AT_BOTH_LEVELS(a_wait_lets_go_of_its_object_when_it_is_set_anew_unset_or_closed, "WAIT-010 WAIT-011", "NT-020")
{
    char names[3][64];
    PTP_WAIT wait = at->create_wait(ignore_wait, NULL, NULL);
    require(wait, "no wait object: error 0x%lx", why());
    for (int i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], "conformance-%lu-%d", GetCurrentProcessId(), i);
        wait_for_object(at, wait, names[i]);
        if (i == 1)
            at->set_wait(wait, NULL, NULL);
    }
    check(wait_until(!exists(names[0]), GENEROUS), "a wait keeps what it waited for before");
    check(wait_until(!exists(names[1]), GENEROUS), "a wait that is unset keeps what it waited for");
    at->wait_for_wait(wait, TRUE);
    at->close_wait(wait);
    check(wait_until(!exists(names[2]), GENEROUS), "a wait that is closed keeps what it waited for");
}
