// SPDX-License-Identifier: MIT
#include "table.h"

#include "grid.h"
#include "target.h"

#include <math.h>
#include <string.h>

#define NUMBER 32

static double ratio(double above, double below)
{
    return below > 0 ? above / below : NAN;
}

static void add_number(struct grid *grid, double value)
{
    char text[NUMBER];
    grid_add(grid, "%s", number_text(value, text, sizeof text));
}

static void add_times(struct grid *grid, double value)
{
    char text[NUMBER];
    grid_add(grid, isnan(value) ? "%s" : "%sx", isnan(value) ? "" : number_text(value, text, sizeof text));
}

// The median and, after several runs, the least and the most.
static void add_series(struct grid *grid, const struct side *side, size_t measure)
{
    const struct series *series = &side->values[measure];
    char median[NUMBER], least[NUMBER], most[NUMBER];
    number_text(series_median(series), median, sizeof median);
    if (series->count > 1)
        grid_add(grid, "%s (%s to %s)", median, number_text(series_least(series), least, sizeof least),
                 number_text(series_most(series), most, sizeof most));
    else if (series->count)
        grid_add(grid, "%s", median);
    else
        grid_add(grid, "%s", side->untold[measure][0] ? "not told" : "failed");
}

static void add_rows(struct grid *grid, const struct results *results, const struct result *result)
{
    const struct workload *workload = result->workload;
    size_t last = workload->reference ? 0 : results->sides - 1;
    for (size_t i = 0; i < measures_of(workload); i++) {
        const struct measure *measure = &workload->measures[i];
        struct judged judged = target_numbers(results, result, i);
        char target[400];
        target_text(measure, results->processors, target, sizeof target);
        grid_add(grid, "%s/%s", workload->name, measure->name);
        grid_add(grid, "%s", measure->unit);
        for (size_t side = 0; side < results->sides; side++)
            if (side <= last)
                add_series(grid, &result->sides[side], i);
            else
                grid_add(grid, "%s", "");
        if (results->sides > 1)
            add_times(grid, workload->reference ? NAN : ratio(judged.first, judged.second));
        grid_add(grid, "%s", measure->limit ? measure->limit : "");
        add_times(grid, measure->limit ? ratio(judged.second, judged.limit) : NAN);
        grid_add(grid, "%s", target);
        grid_add(grid, "%s", target_verdict(measure, &judged));
    }
}

static void write_measures(FILE *out, const struct results *results)
{
    const struct options *options = results->options;
    struct grid grid = {.columns = 7 + results->sides - (results->sides == 1)};
    grid_add(&grid, "row");
    grid_add(&grid, "unit");
    for (size_t side = 0; side < results->sides; side++)
        grid_add(&grid, "%s", options->names[side]);
    if (results->sides > 1)
        grid_add(&grid, "ratio");
    grid_add(&grid, "limit");
    grid_add(&grid, "over limit");
    grid_add(&grid, "target");
    grid_add(&grid, "reached");
    for (size_t i = 0; i < results->count; i++)
        add_rows(&grid, results, &results->list[i]);
    grid_write(&grid, out);
}

static const struct {
    const char *name;
    const char *title;
} counts[] = {
    {"threads", "threads"},
    {"private_mb", "private MB"},
    {"cpu_ms", "CPU ms"},
    {"context_switches", "context switches"},
    {"wineserver_cpu_ms", "wineserver CPU ms"},
};

#define COUNTS (sizeof counts / sizeof *counts)

static void write_counts(FILE *out, const struct results *results)
{
    struct grid grid = {.columns = 1 + COUNTS * results->sides};
    grid_add(&grid, "workload");
    for (size_t i = 0; i < COUNTS; i++)
        for (size_t side = 0; side < results->sides; side++)
            grid_add(&grid, "%s, %s", counts[i].title, results->options->names[side]);
    bool any = false;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->list[i];
        if (result->workload->reference)
            continue;
        any = true;
        grid_add(&grid, "%s", result->workload->name);
        for (size_t j = 0; j < COUNTS; j++)
            for (size_t side = 0; side < results->sides; side++)
                add_number(&grid, series_median(count_of(&result->sides[side], counts[j].name)));
    }
    fprintf(out, "\nMedians of each run; threads and memory are those of the whole process. A dash: the host does not "
                 "tell.\n\n");
    if (any)
        grid_write(&grid, out);
}

static void write_trouble(FILE *out, const struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->list[i];
        for (size_t side = 0; side < results->sides; side++) {
            const struct side *of = &result->sides[side];
            const char *who = result->workload->reference ? "reference" : results->options->names[side];
            if (of->trouble[0])
                fprintf(out, "- %s, %s: %s\n", result->workload->name, who, of->trouble);
            for (size_t j = 0; j < measures_of(result->workload); j++)
                if (of->untold[j][0])
                    fprintf(out, "- %s/%s, %s: not told: %s\n", result->workload->name,
                            result->workload->measures[j].name, who, of->untold[j]);
        }
    }
}

void table_write(FILE *out, const struct results *results)
{
    fprintf(out, "%s, %s. %d runs of each row, scale %g.\n", results->machine, results->host, results->options->runs,
            results->options->scale);
    if (results->sides > 1)
        fprintf(out, "Ratio: %s / %s, of medians.\n", results->options->names[0], results->options->names[1]);
    fputc('\n', out);
    write_measures(out, results);
    write_counts(out, results);
    fputc('\n', out);
    write_trouble(out, results);
}
