// SPDX-License-Identifier: MIT
//
// What goes wrong on purpose, so that the program's own test sees it become a row.
#include "harness/bench.h"
#include "harness/families.h"

static void crash(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
}

static void hang(void)
{
    Sleep(INFINITE);
}

static void say_nothing(void)
{
}

static void complain(void)
{
    fail("this was asked for");
}

#define ONE                                                                                                            \
    {                                                                                                                  \
        {.name = "time", .unit = "ms"},                                                                                \
    }

static const struct workload list[] = {
    {.name = "self-crash", .what = "crashes", .run = crash, .hidden = true, .measures = ONE},
    {.name = "self-hang", .what = "hangs", .run = hang, .hidden = true, .measures = ONE},
    {.name = "self-silent", .what = "reports nothing", .run = say_nothing, .hidden = true, .measures = ONE},
    {.name = "self-failing", .what = "says why it failed", .run = complain, .hidden = true, .measures = ONE},
};
FAMILY(self, list);
