// SPDX-License-Identifier: MIT
#include "bench.h"

static volatile LONG taken;
static LONG portions;
static uint64_t portion_steps;

static void take_portions(size_t index, void *context)
{
    (void)index, (void)context;
    while (InterlockedIncrement(&taken) <= portions)
        compute(portion_steps);
}

double computed_without_pool(size_t count, uint64_t steps)
{
    taken = 0;
    portions = (LONG)count;
    portion_steps = steps;
    crew_start(processors(), take_portions, NULL);
    double start = now();
    crew_go();
    crew_join();
    return now() - start;
}
