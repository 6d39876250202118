// SPDX-License-Identifier: MIT
#include "machine.h"
#include "sched/arena.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_JOBS = 64 };

struct session *session;

/* What the processes that run schedules tell. */
static struct counts {
    _Atomic uint64_t schedules, steps;
} * counts;

static struct options {
    const char *scenario; /* NULL: all */
    bool has_seed, searches, traces, lists;
    uint64_t seed;
    uint64_t schedules; /* of each scenario */
    uint64_t minutes;
    unsigned jobs;
    unsigned bound;
} options = {.schedules = 1000, .jobs = 1};

static struct scenario *first_scenario;
static struct scenario **end_of_scenarios = &first_scenario;

void explore_register(struct scenario *scenario)
{
    *end_of_scenarios = scenario;
    end_of_scenarios = &scenario->next;
}

/* ---- failures ---------------------------------------------------------------------------------- */

static void print_how_to_replay(void)
{
    fprintf(stderr, "# to see it again: --scenario %s", machine.scenario->name);
    if (session->searches) {
        fprintf(stderr, " --deviate ");
        for (unsigned i = 0; i < session->deviation_count; i++)
            fprintf(stderr, "%s%u:%u", i ? "," : "", session->deviations[i].choice, session->deviations[i].alternative);
        fprintf(stderr, "%s --trace\n", session->deviation_count ? "" : "none");
    } else {
        fprintf(stderr, " --seed %llu --trace\n", (unsigned long long)session->seed);
    }
}

static _Noreturn void end_as_failed(void)
{
    static bool is_failing;

    if (!is_failing && machine.scenario) {
        is_failing = true;
        if (session->traces)
            trace_print();
        print_how_to_replay();
    }
    fflush(NULL);
    _exit(1);
}

void explore_fail(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "# ");
    if (machine.scenario)
        fprintf(stderr, "%s: ", machine.scenario->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    end_as_failed();
}

static void on_signal(int signal, siginfo_t *information, void *context)
{
    (void)context;
    fprintf(stderr, "# signal %d (%s) at %p\n", signal, strsignal(signal), information->si_addr);
    end_as_failed();
}

static void catch_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_sp = malloc(256 * 1024), .ss_size = 256 * 1024};

    if (stack.ss_sp == NULL || sigaltstack(&stack, NULL) != 0)
        explore_fail("there is no room for a signal's stack");
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}

/* ---- running ----------------------------------------------------------------------------------- */

static void run_once(const struct scenario *scenario)
{
    image_restore();
    memory_restore();
    machine_run(scenario);
    atomic_fetch_add_explicit(&counts->schedules, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&counts->steps, machine.steps, memory_order_relaxed);
}

/* An arena takes a thousand steps to make, and is the same in every schedule. */
static void prepare(void)
{
    machine_prepare_stacks();
    memory_prepare();
    machine.current = &machine.threads[0];
    arena_slab_release(arena_slab_acquire(SLAB_WORKER));
    memory_save();
    machine.current = NULL;
    image_save();
}

/* True: everything within the bound was looked at. */
static bool run_search(const struct scenario *scenario, uint64_t most)
{
    session->searches = true;
    session->bound = options.bound;
    for (uint64_t i = 0; i < most; i++) {
        run_once(scenario);
        if (!search_next())
            return true;
    }
    return false;
}

static void run_seeds(const struct scenario *scenario, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        session->seed = first + i;
        run_once(scenario);
    }
}

/* ---- several processes --------------------------------------------------------------------------- */

static time_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

struct unit {
    const struct scenario *scenario;
    uint64_t first, count;
};

static pid_t start_unit(const struct unit *unit)
{
    fflush(NULL);
    pid_t child = fork();

    if (child < 0) {
        perror("# fork");
        exit(1);
    }
    if (child != 0)
        return child;
    bool is_complete = true;
    if (options.searches)
        is_complete = run_search(unit->scenario, unit->count);
    else
        run_seeds(unit->scenario, unit->first, unit->count);
    fflush(NULL);
    _exit(is_complete ? 0 : 3);
}

static const char *result_of(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return options.searches ? "everything within the bound" : "";
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        return "a part of what is within the bound";
    return NULL;
}

/* One TAP line for each scenario. */
static int run_each(void)
{
    unsigned number = 0;
    bool failed = false;

    for (const struct scenario *each = first_scenario; each; each = each->next)
        number += !options.scenario || strcmp(options.scenario, each->name) == 0;
    printf("1..%u\n", number);
    number = 0;
    for (const struct scenario *each = first_scenario; each; each = each->next) {
        if (options.scenario && strcmp(options.scenario, each->name) != 0)
            continue;
        struct unit unit = {each, options.seed, options.schedules};
        uint64_t schedules = counts->schedules, steps = counts->steps;
        int status;
        pid_t child = start_unit(&unit);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        const char *result = result_of(status);
        schedules = counts->schedules - schedules;
        steps = counts->steps - steps;
        number++;
        printf("%s %u - %s # %llu schedules of %llu steps%s%s\n", result ? "ok" : "not ok", number, each->name,
               (unsigned long long)schedules, (unsigned long long)(schedules ? steps / schedules : 0),
               result && *result ? ", " : "", result ? result : "");
        failed = failed || !result;
    }
    return failed;
}

static void print_total(time_t seconds)
{
    printf("# %llu schedules, %llu steps, %ld seconds\n", (unsigned long long)counts->schedules,
           (unsigned long long)counts->steps, (long)seconds);
    fflush(stdout);
}

/* Hands out stretches of seeds, scenario by scenario, until the time is over or one fails. */
static int run_long(void)
{
    enum { STRETCH = 2000 };
    pid_t children[MOST_JOBS] = {0};
    time_t begin = seconds_now();
    const struct scenario *next = first_scenario;
    uint64_t seed = options.seed;
    unsigned running = 0;
    bool failed = false;

    for (;;) {
        while (running < options.jobs && !failed && seconds_now() - begin < (time_t)options.minutes * 60) {
            if (!options.scenario || strcmp(options.scenario, next->name) == 0) {
                unsigned slot = 0;
                while (children[slot])
                    slot++;
                children[slot] = start_unit(&(struct unit){next, seed, STRETCH});
                running++;
            }
            next = next->next;
            if (!next) {
                next = first_scenario;
                seed += STRETCH;
            }
        }
        if (!running)
            break;
        int status;
        pid_t child = wait(&status);
        for (unsigned i = 0; i < options.jobs; i++)
            if (children[i] == child) {
                children[i] = 0;
                running--;
            }
        failed = failed || !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    print_total(seconds_now() - begin);
    return failed;
}

/* ---- options ------------------------------------------------------------------------------------- */

static _Noreturn void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [OPTION...]\n"
            "  --list             the scenarios\n"
            "  --scenario NAME    only this one\n"
            "  --schedules COUNT  of each scenario (1000)\n"
            "  --seed SEED        the first seed; without --schedules, the only one\n"
            "  --bound COUNT      search: all schedules with so many deviations, at most --schedules of them\n"
            "  --deviate LIST     the one schedule with these deviations (CHOICE:ALTERNATIVE,... or none)\n"
            "  --trace            print what happened in a schedule that fails\n"
            "  --minutes COUNT    as many schedules as there is time for\n"
            "  --jobs COUNT       processes for --minutes\n",
            program);
    exit(2);
}

static uint64_t number_of(const char *program, const char *text)
{
    char *end;

    if (!text)
        usage(program);
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end)
        usage(program);
    return value;
}

static void read_deviations(const char *program, const char *text)
{
    int length;

    options.searches = true;
    options.schedules = 1;
    if (!text)
        usage(program);
    if (strcmp(text, "none") == 0)
        return;
    while (*text) {
        struct deviation *deviation = &session->deviations[session->deviation_count++];
        if (session->deviation_count > MOST_DEVIATIONS ||
            sscanf(text, "%u:%u%n", &deviation->choice, &deviation->alternative, &length) != 2)
            usage(program);
        text += length + (text[length] == ',');
    }
}

static void read_options(int count, char **arguments)
{
    const char *program = arguments[0];
    bool has_count = false;

    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        const char *value = i + 1 < count ? arguments[i + 1] : NULL;
        bool takes_value = strcmp(name, "--list") != 0 && strcmp(name, "--trace") != 0;
        if (strcmp(name, "--list") == 0) {
            options.lists = true;
        } else if (strcmp(name, "--trace") == 0) {
            options.traces = true;
        } else if (strcmp(name, "--scenario") == 0) {
            options.scenario = value;
        } else if (strcmp(name, "--schedules") == 0) {
            options.schedules = number_of(program, value);
            has_count = true;
        } else if (strcmp(name, "--seed") == 0) {
            options.seed = number_of(program, value);
            options.has_seed = true;
        } else if (strcmp(name, "--minutes") == 0) {
            options.minutes = number_of(program, value);
        } else if (strcmp(name, "--jobs") == 0) {
            options.jobs = (unsigned)number_of(program, value);
        } else if (strcmp(name, "--bound") == 0) {
            options.bound = (unsigned)number_of(program, value);
            options.searches = true;
        } else if (strcmp(name, "--deviate") == 0) {
            read_deviations(program, value);
        } else {
            usage(program);
        }
        i += takes_value;
    }
    if (options.has_seed && !has_count && !options.minutes)
        options.schedules = 1;
    if (options.jobs < 1 || options.jobs > MOST_JOBS || options.bound > MOST_DEVIATIONS)
        usage(program);
    if (options.minutes && options.searches)
        usage(program);
}

static bool knows_scenario(const char *name)
{
    for (const struct scenario *each = first_scenario; each; each = each->next)
        if (strcmp(name, each->name) == 0)
            return true;
    return false;
}

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("# mmap");
        exit(1);
    }
    return memory;
}

int main(int count, char **arguments)
{
    /* Each process that runs schedules has a session of its own. */
    session = mmap(NULL, sizeof(*session), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (session == MAP_FAILED) {
        perror("# mmap");
        return 1;
    }
    counts = shared(sizeof(*counts));
    read_options(count, arguments);
    if (options.lists) {
        for (const struct scenario *each = first_scenario; each; each = each->next)
            puts(each->name);
        return 0;
    }
    if (options.scenario && !knows_scenario(options.scenario)) {
        fprintf(stderr, "%s: there is no scenario \"%s\"; --list tells the names\n", arguments[0], options.scenario);
        return 2;
    }
    session->traces = options.traces;
    trace_prepare();
    catch_signals();
    prepare();
    return options.minutes ? run_long() : run_each();
}
