// SPDX-License-Identifier: MIT
#include "listing.h"
#include "options.h"
#include "process.h"
#include "registry.h"
#include "runner.h"
#include "say.h"

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>

static int run_one(const char *name)
{
    struct test *test = find_test(name);
    if (!test)
        return 2;
    say_crashes();
    if (test->run)
        test->run();
    else
        test->run_at(test->level);
    return has_failed() ? EXIT_FAILED : EXIT_PASSED;
}

static int be_scenario(const char *name)
{
    struct scenario *scenario = find_scenario(name);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    return scenario ? scenario->run() : 2;
}

// Moves the chosen tests to the front; gives how many there are.
static size_t choose(const struct options *options, struct test **tests, size_t count)
{
    size_t chosen = 0;
    for (size_t i = 0; i < count; i++)
        if ((!options->only || matches_any(options->only, tests[i]->name)) &&
            (!options->fact || names_fact(tests[i], options->fact)))
            tests[chosen++] = tests[i];
    return chosen;
}

// "name [FACT FACT]", then " (nt)" at NT level and " (observation)" where it is one: tests/conformance/facts.py reads
// this.
static void list(struct test **tests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s [%s%s%s]%s%s\n", tests[i]->name, tests[i]->facts, *tests[i]->nt_facts ? " " : "", tests[i]->nt_facts,
               tests[i]->level == &nt_level ? " (nt)" : "", tests[i]->kind == OBSERVATION_TEST ? " (observation)" : "");
}

int main(int argument_count, char **arguments)
{
    struct options options;
    _setmode(_fileno(stdout), _O_BINARY);
    if (!options_parse(&options, argument_count, arguments))
        return 2;
    if (options.help) {
        options_explain();
        return 0;
    }
    if (!entry_points_resolve(options.dll)) {
        fprintf(stderr, "ntpool-conformance: the DLL '%s' cannot be loaded: error %lu\n", options.dll, GetLastError());
        return 2;
    }
    child_hand_on(options.dll, options.rounds);
    sync_use_rounds(options.rounds);
    if (options.run)
        return run_one(options.run);
    if (options.scenario)
        return be_scenario(options.scenario);
    size_t count;
    struct test **tests = all_tests(&count);
    const struct listing *deviations = NULL, *observations = NULL, *limits = NULL;
    if (options.deviations && !(deviations = listing_read(options.deviations)))
        return 2;
    if (options.observations && !(observations = listing_read(options.observations)))
        return 2;
    if (options.limits && !(limits = listing_read(options.limits)))
        return 2;
    count = choose(&options, tests, count);
    if (!count) {
        fprintf(stderr, "ntpool-conformance: no test matches; --list shows what there is\n");
        return 2;
    }
    if (options.list) {
        list(tests, count);
        return 0;
    }
    return run_all(&options, &(struct known){deviations, observations, limits}, tests, count);
}
