// SPDX-License-Identifier: MIT
#include "limits.h"

#include "host.h"
#include "suite.h"

#include <string.h>

const char *limit_of(const struct listing *limits, const struct test *test)
{
    char host[128], facts[512], entry[256];
    if (!limits || test->kind != BINDING_TEST)
        return NULL;
    host_describe(host, sizeof host);
    snprintf(facts, sizeof facts, "%s %s", test->facts, test->nt_facts);
    for (char *rest = facts; *rest;) {
        size_t length = strcspn(rest, " ");
        snprintf(entry, sizeof entry, "%.*s on %s", (int)length, rest, host);
        const char *evidence = listing_text(limits, entry);
        if (evidence)
            return evidence;
        rest += length;
        rest += strspn(rest, " ");
    }
    return NULL;
}
