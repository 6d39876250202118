// SPDX-License-Identifier: MIT
#include "target.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool asks(const struct goal *goal)
{
    return goal->ratio > 0 || goal->times_limit > 0 || goal->times_other > 0 || goal->at_most.set;
}

static double bound_value(const struct bound *bound, double processors)
{
    return bound->fixed + bound->per_processor * processors;
}

static void add(char *out, size_t size, const char *format, ...) __attribute__((format(gnu_printf, 3, 4)));
static void add(char *out, size_t size, const char *format, ...)
{
    size_t used = strlen(out);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
}

static void goal_text(const char *label, const struct goal *goal, const struct measure *measure, double processors,
                      char *out, size_t size)
{
    if (!asks(goal))
        return;
    const char *comma = "";
    add(out, size, "%s%s ", *out ? "; " : "", label);
    if (goal->ratio == 1) {
        add(out, size, "no worse");
        comma = ", ";
    } else if (goal->ratio > 0) {
        add(out, size, "%gx", goal->ratio);
        comma = ", ";
    }
    if (goal->times_limit > 0) {
        add(out, size, "%swithin %gx of limit", comma, goal->times_limit);
        comma = ", ";
    }
    if (goal->times_other > 0) {
        add(out, size, "%swithin %gx of %s", comma, goal->times_other, measure->than);
        comma = ", ";
    }
    if (goal->at_most.set)
        add(out, size, "%sat most %g", comma, bound_value(&goal->at_most, processors));
}

void target_text(const struct measure *measure, double processors, char *out, size_t size)
{
    *out = '\0';
    goal_text("least", &measure->least, measure, processors, out, size);
    goal_text("aim", &measure->aim, measure, processors, out, size);
}

// A comparison with NAN holds for neither side, so what is unknown is asked for first.
static bool unknown(const struct goal *goal, const struct judged *judged)
{
    return isnan(judged->second) || (goal->ratio > 0 && isnan(judged->first)) ||
           (goal->times_limit > 0 && isnan(judged->limit)) || (goal->times_other > 0 && isnan(judged->other));
}

static bool holds(const struct goal *goal, const struct judged *judged)
{
    double value = judged->second;
    return (goal->ratio <= 0 || judged->first >= goal->ratio * value) &&
           (goal->times_limit <= 0 || value <= goal->times_limit * judged->limit) &&
           (goal->times_other <= 0 || value <= goal->times_other * judged->other) &&
           (!goal->at_most.set || value <= bound_value(&goal->at_most, judged->processors));
}

struct judged target_numbers(const struct results *results, const struct result *result, size_t measure)
{
    const struct measure *judged = &result->workload->measures[measure];
    size_t last = result->workload->reference ? 0 : results->sides - 1;
    return (struct judged){
        .first = results->sides > 1 ? series_median(&result->sides[0].values[measure]) : NAN,
        .second = series_median(&result->sides[last].values[measure]),
        .limit = median_of(results, judged->limit, 0),
        .other = median_of(results, judged->than, last),
        .processors = results->processors,
    };
}

const char *target_verdict(const struct measure *measure, const struct judged *judged)
{
    const struct goal *least = &measure->least, *aim = &measure->aim;
    if (!asks(least) && !asks(aim))
        return "";
    if (unknown(least, judged))
        return "unknown";
    if (!holds(least, judged))
        return "missed";
    if (!asks(aim) || unknown(aim, judged))
        return "met";
    return holds(aim, judged) ? "aim" : asks(least) ? "met" : "below aim";
}
