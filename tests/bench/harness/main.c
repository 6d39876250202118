// SPDX-License-Identifier: MIT
#include "child.h"
#include "host_counts.h"
#include "json.h"
#include "options.h"
#include "runner.h"
#include "table.h"

#include "conformance/harness/host.h"

#include <windows.h>
#include <stdlib.h>
#include <string.h>

// A row brings the limits and the rows that it is compared with.
static bool is_needed(const struct workload *workload, const char *only)
{
    const struct workload *one, *owner;
    for (size_t i = 0; (one = workload_at(i)); i++) {
        if (!pattern_matches(only, one->name))
            continue;
        for (size_t j = 0; j < measures_of(one); j++) {
            const struct measure *measure = &one->measures[j];
            if ((measure->limit && measure_named(measure->limit, &owner) && owner == workload) ||
                (measure->than && measure_named(measure->than, &owner) && owner == workload))
                return true;
        }
    }
    return false;
}

static bool is_chosen(const struct workload *workload, const char *only)
{
    if (workload->hidden)
        return only && only[0] != '*' && pattern_matches(only, workload->name);
    return !only || pattern_matches(only, workload->name) || is_needed(workload, only);
}

static void list(const char *only)
{
    const struct workload *workload;
    for (size_t i = 0; (workload = workload_at(i)); i++)
        if (is_chosen(workload, only)) {
            printf("%-28s %s\n", workload->name, workload->what);
            for (size_t j = 0; j < measures_of(workload); j++)
                printf("    %s (%s)%s%s\n", workload->measures[j].name, workload->measures[j].unit,
                       workload->measures[j].limit ? ", limit " : "",
                       workload->measures[j].limit ? workload->measures[j].limit : "");
        }
}

static void choose(struct results *results, const char *only)
{
    const struct workload *workload;
    size_t all = 0;
    while (workload_at(all))
        all++;
    results->list = calloc(all, sizeof *results->list);
    if (!results->list)
        return;
    for (size_t i = 0; i < all; i++) {
        workload = workload_at(i);
        if (is_chosen(workload, only))
            results->list[results->count++].workload = workload;
    }
}

// After trouble a workload is not run again on that side: a hang would only take its time again.
static void run(struct results *results, struct result *result)
{
    const struct options *options = results->options;
    size_t sides = result->workload->reference ? 1 : results->sides;
    fprintf(stderr, "%s", result->workload->name);
    for (int i = 0; i < options->runs; i++)
        for (size_t side = 0; side < sides; side++)
            if (!result->sides[side].trouble[0]) {
                run_once(options, result->workload, options->dlls[side], &result->sides[side]);
                fprintf(stderr, "%s", result->sides[side].trouble[0] ? " failed" : " .");
            }
    fputc('\n', stderr);
}

static int run_all(const struct options *options)
{
    struct results results = {.options = options, .sides = options->compare ? 2 : 1};
    choose(&results, options->only);
    if (!results.count) {
        fprintf(stderr, "ntpool-bench: no row matches '%s'; --list names them\n", options->only ? options->only : "");
        return 2;
    }
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    results.processors = system.dwNumberOfProcessors;
    host_machine(results.machine, sizeof results.machine);
    host_describe(results.host, sizeof results.host);
    for (size_t i = 0; i < results.count; i++)
        run(&results, &results.list[i]);
    table_write(stdout, &results);
    fflush(stdout);
    if (options->json && !json_write(options->json, &results))
        return 2;
    size_t missing = results_missing(&results);
    if (missing)
        fprintf(stderr, "ntpool-bench: %zu numbers are missing; the lines below the table say why\n", missing);
    free(results.list);
    return missing ? 1 : 0;
}

int main(int count, char **arguments)
{
    struct options options;
    if (!options_parse(&options, count, arguments))
        return 2;
    if (options.help) {
        options_explain();
        return 0;
    }
    if (options.list) {
        list(options.only);
        return 0;
    }
    if (options.child)
        child_main(&options);
    return run_all(&options);
}
