// SPDX-License-Identifier: MIT
//
// What a library may do with the pool in its detach code, at the end of the process and when it is unloaded.
#include "endings.h"
#include "everything.h"
#include "harness/host.h"
#include "harness/library.h"

#include <string.h>

#define ROUNDS 20

static const struct level *level;
static struct everything everything;

static void wait_for_all(void)
{
    for (int cancel = 0; cancel <= 1; cancel++) {
        level->wait_for_work(everything.computing, cancel);
        level->wait_for_work(everything.blocked, cancel);
        level->wait_for_work(everything.queued, cancel);
        level->wait_for_timer(everything.ticking, cancel);
        level->wait_for_timer(everything.armed, cancel);
        level->wait_for_wait(everything.wait, cancel);
        level->wait_for_io(everything.io, cancel);
    }
    say("the waits have returned");
}

static void close_all(void)
{
    level->set_timer(everything.ticking, NULL, 0, 0);
    level->set_wait(everything.wait, NULL, NULL);
    level->cancel_io(everything.io);
    level->close_work(everything.computing);
    level->close_work(everything.blocked);
    level->close_work(everything.queued);
    level->close_timer(everything.ticking);
    level->close_timer(everything.armed);
    level->close_wait(everything.wait);
    level->close_io(everything.io);
    level->close_group(everything.group);
    level->close_pool(everything.pool);
    say("the closes have returned");
}

static void post(void *context)
{
    (void)context;
    level->submit(everything.queued);
}

static void close_members(void *context)
{
    (void)context;
    level->close_members(everything.group, TRUE, NULL);
}

static void tell_raised(void (*call)(void *))
{
    struct raised raised = attempt(call, NULL);
    if (raised.happened)
        say("raised 0x%lx", raised.code);
    else
        say("nothing was raised");
}

static void tell_post(void)
{
    tell_raised(post);
}

static void tell_close_members(void)
{
    tell_raised(close_members);
}

static void (*detach_code)(void);

static void run_detach_code(DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_DETACH && reserved)
        detach_code();
}

static int exit_with(const struct level *at, void (*code)(void), bool storm)
{
    level = at;
    detach_code = code;
    library_listen(library_load(), run_detach_code);
    start_everything(at, &everything);
    if (storm)
        start_storm(at);
    ExitProcess(7);
}

#define SCENARIO_AT_BOTH_LEVELS(name, code, storm)                                                                     \
    SCENARIO(name)                                                                                                     \
    {                                                                                                                  \
        return exit_with(&win32_level, code, storm);                                                                   \
    }                                                                                                                  \
    SCENARIO(nt_##name)                                                                                                \
    {                                                                                                                  \
        return exit_with(&nt_level, code, storm);                                                                      \
    }

SCENARIO_AT_BOTH_LEVELS(detach_waits, wait_for_all, false)
SCENARIO_AT_BOTH_LEVELS(detach_waits_in_storm, wait_for_all, true)
SCENARIO_AT_BOTH_LEVELS(detach_closes, close_all, false)
SCENARIO_AT_BOTH_LEVELS(detach_closes_in_storm, close_all, true)
SCENARIO_AT_BOTH_LEVELS(detach_posts, tell_post, false)
SCENARIO_AT_BOTH_LEVELS(detach_closes_members, tell_close_members, false)

static void check_detach(const struct level *at, const char *scenario, int rounds, const char *said)
{
    check_endings_at(at, scenario, rounds, &(struct ending){.code = 7, .before_detach = "", .in_detach = said});
}

OBSERVATION_AT_BOTH_LEVELS(waits_return_in_detach_code_at_the_end, "EXC-012", "")
{
    check_detach(at, "detach_waits", ROUNDS, "the waits have returned\n");
}

OBSERVATION_AT_BOTH_LEVELS(waits_return_at_the_end_though_threads_were_cut_off_in_the_pool, "EXC-012 EXC-010", "")
{
    check_detach(at, "detach_waits_in_storm", ROUNDS, "the waits have returned\n");
}

OBSERVATION_AT_BOTH_LEVELS(closes_return_in_detach_code_at_the_end, "EXC-012", "")
{
    check_detach(at, "detach_closes", ROUNDS, "the closes have returned\n");
}

OBSERVATION_AT_BOTH_LEVELS(closes_return_at_the_end_though_threads_were_cut_off_in_the_pool, "EXC-012 EXC-010", "")
{
    check_detach(at, "detach_closes_in_storm", ROUNDS, "the closes have returned\n");
}

OBSERVATION_AT_BOTH_LEVELS(a_post_in_detach_code_at_the_end_raises, "WORK-014 EXC-008", "")
{
    check_detach(at, "detach_posts", 3, "raised 0xc000000d\n");
}

BINDING_AT_BOTH_LEVELS(closing_members_in_detach_code_at_the_end_raises, "CG-030 EXC-009", "")
{
    check_detach(at, "detach_closes_members", 3, "raised 0xc000000d\n");
}

// ---- Without a pool --------------------------------------------------------------------------------------------

static void say_it_ran(void)
{
    say("the detach code ran");
}

static DWORD WINAPI ask_for_times(void *count)
{
    FILETIME idle, kernel, user;
    while (GetSystemTimes(&idle, &kernel, &user))
        count_up(count);
    return 0;
}

SCENARIO(detach_without_pool)
{
    static volatile LONG asked;
    detach_code = say_it_ran;
    library_listen(library_load(), run_detach_code);
    for (int i = 0; i < 2; i++)
        start_thread(ask_for_times, (void *)&asked);
    await_count(&asked, 10);
    ExitProcess(7);
}

OBSERVATION(whether_the_host_runs_detach_code_after_threads_that_asked_for_times, "EXC-012")
{
    int rounds = 0, lost = 0;
    while (next_round(rounds + 1, 2 * ROUNDS)) {
        struct outcome outcome = run_scenario("detach_without_pool", GENEROUS);
        require(!outcome.hung && outcome.exit_code == 7, "the process %s 0x%lx, having said: '%s'",
                outcome.hung ? "hung:" : "ended with", outcome.exit_code, outcome.output);
        rounds++;
        lost += strcmp(outcome.output, "the detach code ran\n") != 0;
    }
    remark("%d of %d processes ended before their detach code was through", lost, rounds);
    require(!lost || host_is_wine(), "this host is not known to lose processes");
}
