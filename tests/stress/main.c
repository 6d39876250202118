// SPDX-License-Identifier: MIT
//
// ntpool-stress: see README.md.
#include "stress.h"

#include <stdlib.h>
#include <string.h>

const struct episode_kind episode_kinds[] = {
    {"work", work_episode},
    {"simple", simple_episode},
    {"timer", timer_episode},
    {"wait", wait_episode},
    {"io", io_episode},
    {"group", group_episode},
    {"order", order_episode},
    {"chain", chain_episode},
    {"item", item_episode},
    {"registered-wait", registered_wait_episode},
    {"timer-queue", timer_queue_episode},
    {"bound", bound_episode},
};
const int episode_kind_count = sizeof episode_kinds / sizeof *episode_kinds;

// Bytes: a pool keeps a few empty slabs of each kind, and how many there are depends on what was outstanding at a time.
#define STRESS_SLACK ((size_t)4 << 20)

static struct {
    const char *dll;
    uint64_t seed;
    int seconds;
    int threads;
    int bounded;
    const char *kind;
    int crowd;
    int no_threads;
    int prefix;
} options = {.seed = 1, .seconds = 10, .threads = 4};

static volatile LONG stopping;
static volatile LONG done[16];

static DWORD WINAPI act(void *argument)
{
    struct actor *actor = argument;
    while (!counted(&stopping)) {
        uint32_t kind = random_below(actor, (uint32_t)episode_kind_count);
        actor->at = chance(actor, 50) || options.prefix ? &win32_level : &nt_level;
        if (!actor->pool)
            actor->pool = pool_of(actor->at, 1 + random_below(actor, 8));
        episode_kinds[kind].run(actor);
        count_up(&done[kind]);
        if (chance(actor, 10)) {
            actor->at->close_pool(actor->pool);
            actor->pool = NULL;
        }
        actor->episodes++;
    }
    if (actor->pool)
        actor->at->close_pool(actor->pool);
    actor->pool = NULL;
    return 0;
}

static void act_all(struct actor *actors, DWORD limit)
{
    HANDLE *threads = malloc((size_t)options.threads * sizeof *threads);
    InterlockedExchange(&stopping, 0);
    for (int i = 0; i < options.threads; i++)
        threads[i] = start_thread(act, &actors[i]);
    Sleep(limit); // the length of the run, and no wait for anything
    InterlockedExchange(&stopping, 1);
    for (int i = 0; i < options.threads; i++) {
        require(WaitForSingleObject(threads[i], 300000) == WAIT_OBJECT_0, "an actor hangs");
        CloseHandle(threads[i]);
    }
    free(threads);
}

static void stress(void)
{
    struct actor *actors = calloc((size_t)options.threads, sizeof *actors);
    for (int i = 0; i < options.threads; i++)
        actors[i].random = (options.seed + (uint64_t)i + 1) * UINT64_C(0x9E3779B97F4A7C15) | 1;
    act_all(actors, (DWORD)options.seconds * 250); // what a pool makes once and keeps is there after this
    struct holdings before = holdings_now();
    act_all(actors, (DWORD)options.seconds * 750);
    holdings_return(&before, STRESS_SLACK, "at the end");
    LONG episodes = 0;
    for (int i = 0; i < options.threads; i++)
        episodes += actors[i].episodes;
    for (int i = 0; i < episode_kind_count; i++)
        printf("%-16s %ld\n", episode_kinds[i].name, done[i]);
    printf("seed %llu: %ld episodes, all as they should be\n", (unsigned long long)options.seed, episodes);
    free(actors);
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: ntpool-stress [--dll DLL | --prefix 1] [--seed N] [--seconds N] [--threads N]\n"
                    "       ntpool-stress [--dll DLL] --bounded CYCLES [--kind KIND]\n"
                    "       ntpool-stress [--dll DLL] --crowd COUNT\n"
                    "       ntpool-stress [--dll DLL] --no-threads 1\n");
    exit(2);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count)
            usage();
        const char *value = arguments[i + 1];
        if (!strcmp(arguments[i], "--dll"))
            options.dll = value;
        else if (!strcmp(arguments[i], "--seed"))
            options.seed = strtoull(value, NULL, 0);
        else if (!strcmp(arguments[i], "--seconds"))
            options.seconds = atoi(value);
        else if (!strcmp(arguments[i], "--threads"))
            options.threads = atoi(value);
        else if (!strcmp(arguments[i], "--bounded"))
            options.bounded = atoi(value);
        else if (!strcmp(arguments[i], "--kind"))
            options.kind = value;
        else if (!strcmp(arguments[i], "--no-threads"))
            options.no_threads = atoi(value);
        else if (!strcmp(arguments[i], "--prefix"))
            options.prefix = atoi(value);
        else if (!strcmp(arguments[i], "--crowd"))
            options.crowd = atoi(value);
        else
            usage();
    }
    if (options.seconds < 1 || options.threads < 1 || options.bounded < 0 || options.crowd < 0)
        usage();
    if (!entry_points_resolve(options.dll)) {
        fprintf(stderr, "ntpool-stress: %s cannot be loaded: error %lu\n", options.dll, GetLastError());
        return 2;
    }
    if (options.prefix && !GetModuleHandleA("ntpool.dll")) {
        fprintf(stderr, "ntpool-stress: ntpool does not serve this prefix\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    if (options.bounded)
        check_bounded(options.bounded, options.kind);
    else if (options.no_threads)
        check_no_threads();
    else if (options.crowd)
        check_crowd(options.crowd);
    else
        stress();
    return 0;
}
