// SPDX-License-Identifier: MIT
#include "json.h"

#include "target.h"

#include "conformance/harness/entry_points.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void text(FILE *out, const char *string)
{
    fputc('"', out);
    for (const unsigned char *c = (const void *)string; *c; c++)
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < ' ' || *c > '~')
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    fputc('"', out);
}

static void key(FILE *out, const char *name)
{
    text(out, name);
    fputs(": ", out);
}

static void number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.9g", value);
    else
        fputs("null", out);
}

static void series(FILE *out, const struct series *series)
{
    fputs("{\"median\": ", out);
    number(out, series_median(series));
    fputs(", \"values\": [", out);
    for (size_t i = 0; i < series->count; i++) {
        fputs(i ? ", " : "", out);
        number(out, series->values[i]);
    }
    fputs("]}", out);
}

static void side(FILE *out, const struct workload *workload, const struct side *side)
{
    fputs("{\"measures\": {", out);
    for (size_t i = 0; i < measures_of(workload); i++) {
        fputs(i ? ", " : "", out);
        key(out, workload->measures[i].name);
        if (side->untold[i][0])
            text(out, side->untold[i]);
        else
            series(out, &side->values[i]);
    }
    fputs("}, \"counts\": {", out);
    for (size_t i = 0; i < COUNTS_AT_MOST && side->counts[i].name[0]; i++) {
        fputs(i ? ", " : "", out);
        key(out, side->counts[i].name);
        series(out, &side->counts[i].series);
    }
    fputs("}, \"trouble\": ", out);
    text(out, side->trouble);
    fputc('}', out);
}

static void measures(FILE *out, const struct results *results, const struct result *result)
{
    const struct workload *workload = result->workload;
    fputs("\"rows\": [", out);
    for (size_t i = 0; i < measures_of(workload); i++) {
        const struct measure *measure = &workload->measures[i];
        struct judged judged = target_numbers(results, result, i);
        char target[400];
        target_text(measure, results->processors, target, sizeof target);
        fputs(i ? ", {\"name\": " : "{\"name\": ", out);
        text(out, measure->name);
        fputs(", \"unit\": ", out);
        text(out, measure->unit);
        fputs(", \"ratio\": ", out);
        number(out, workload->reference ? NAN : judged.first / judged.second);
        fputs(", \"limit\": ", out);
        number(out, judged.limit);
        fputs(", \"target\": ", out);
        text(out, target);
        fputs(", \"reached\": ", out);
        text(out, target_verdict(measure, &judged));
        fputc('}', out);
    }
    fputs("]", out);
}

static void result(FILE *out, const struct results *results, const struct result *result)
{
    fputs("{\"name\": ", out);
    text(out, result->workload->name);
    fprintf(out, ", \"reference\": %s, ", result->workload->reference ? "true" : "false");
    if (result->workload->quantity)
        fprintf(out, "\"quantity\": %zu, ", result->workload->quantity);
    measures(out, results, result);
    fputs(", \"sides\": [", out);
    for (size_t i = 0; i < (result->workload->reference ? 1 : results->sides); i++) {
        fputs(i ? ",\n    " : "\n    ", out);
        side(out, result->workload, &result->sides[i]);
    }
    fputs("]}", out);
}

bool json_write(const char *path, const struct results *results)
{
    char dos_path[1024];
    to_dos_path(path, dos_path, sizeof dos_path);
    FILE *out = fopen(dos_path, "w");
    if (!out) {
        fprintf(stderr, "ntpool-bench: %s cannot be written: %s\n", path, strerror(errno));
        return false;
    }
    fputs("{\"machine\": ", out);
    text(out, results->machine);
    fputs(", \"host\": ", out);
    text(out, results->host);
    fprintf(out, ", \"runs\": %d, \"scale\": %g, \"dlls\": [", results->options->runs, results->options->scale);
    for (size_t i = 0; i < results->sides; i++) {
        fputs(i ? ", " : "", out);
        text(out, results->options->dlls[i] ? results->options->dlls[i] : "builtin");
    }
    fputs("],\n\"workloads\": [", out);
    for (size_t i = 0; i < results->count; i++) {
        fputs(i ? ",\n  " : "\n  ", out);
        result(out, results, &results->list[i]);
    }
    fputs("\n]}\n", out);
    bool good = !ferror(out);
    if (fclose(out) || !good) {
        fprintf(stderr, "ntpool-bench: %s could not be written to its end\n", path);
        return false;
    }
    return true;
}
