// SPDX-License-Identifier: MIT
/* Whether lines are counted as they move between processors. */
#include "count.h"
#include "machine.h"

static _Alignas(64) char lines[2][64];

static uint64_t transfers_by(unsigned thread, size_t offset, size_t size, bool is_write)
{
    uint64_t before = count_of(COUNT_TRANSFERS);

    machine.current = &machine.threads[thread];
    count_access(&lines[0][0] + offset, size, is_write);
    return count_of(COUNT_TRANSFERS) - before;
}

void count_litmus(void)
{
    machine.running = true;
    count_begin();
    /* From memory, then held. */
    explore_check_equal(transfers_by(0, 0, 8, true), 0);
    explore_check_equal(transfers_by(0, 56, 8, true), 0);
    /* To a reader, who then has it, as has who wrote it. */
    explore_check_equal(transfers_by(70, 0, 8, false), 1);
    explore_check_equal(transfers_by(70, 32, 8, false), 0);
    explore_check_equal(transfers_by(0, 0, 8, false), 0);
    /* From all readers to one writer, and on. */
    explore_check_equal(transfers_by(0, 0, 8, true), 1);
    explore_check_equal(transfers_by(70, 0, 8, false), 1);
    explore_check_equal(transfers_by(1, 0, 8, true), 1);
    explore_check_equal(transfers_by(1, 0, 8, true), 0);
    /* The line beside it is another one; an access across both touches both. */
    explore_check_equal(transfers_by(2, 64, 8, true), 0);
    explore_check_equal(transfers_by(3, 60, 8, true), 2);
}
