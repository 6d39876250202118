// SPDX-License-Identifier: MIT
#include "endings.h"
#include "harness/host.h"

#include <string.h>

// The process is over and its detach code said nothing, on a host that loses a process now and then, with any pool or
// none (EXC-012 in host-limits.txt). It does so to about one in a thousand: of the few that a test has it may lose one,
// and of very many one in a hundred.
static bool is_lost_by_host(const struct outcome *outcome, const struct ending *ending, int round, int *lost)
{
    if (!host_is_wine() || strcmp(outcome->output, ending->before_detach) != 0 || *lost > round / 100)
        return false;
    ++*lost;
    remark("the host lost a process before its detach code");
    return true;
}

void check_endings(const char *scenario, int rounds, const struct ending *ending)
{
    char expected[512];
    int lost = 0;
    snprintf(expected, sizeof expected, "%s%s", ending->before_detach, ending->in_detach);
    for (int round = 1; next_round(round, rounds); round++) {
        struct outcome outcome = run_scenario(scenario, GENEROUS);
        require(!outcome.hung, "round %d: the process hung, having said: '%s'", round, outcome.output);
        require(outcome.exit_code == ending->code, "round %d: the process ended with 0x%lx instead of 0x%lx", round,
                outcome.exit_code, ending->code);
        require(!strcmp(outcome.output, expected) || is_lost_by_host(&outcome, ending, round, &lost),
                "round %d: the output is '%s' instead of '%s'", round, outcome.output, expected);
    }
}

void check_endings_at(const struct level *at, const char *scenario, int rounds, const struct ending *ending)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at->native ? "nt_" : "", scenario);
    check_endings(name, rounds, ending);
}
