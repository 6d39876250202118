// SPDX-License-Identifier: MIT
/* sched/deadlines.h: the heap against a plain model, its room, its cost. */
#include "unit.h"
#include "sched/deadlines.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 3000 };

static struct deadline_heap heap;
static struct sched_deadline deadlines[COUNT];
static uint64_t due[COUNT]; /* the model: 0 is not armed */

static uint64_t least_due(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < COUNT; i++) {
        least = due[i] != 0 && due[i] < least ? due[i] : least;
    }
    return least;
}

static void check_first(void)
{
    const struct deadline_entry *first = deadlines_first(&heap);
    uint64_t least = least_due();

    if (least == UINT64_MAX) {
        check(first == NULL);
        return;
    }
    require(first != NULL);
    check(first->due == least);
    check(due[first->deadline - deadlines] == least);
    check_equal(first->deadline->slot, 1);
}

TEST(the_heap_agrees_with_a_plain_model)
{
    uint32_t random = 20211;
    uint32_t armed = 0;

    require(deadlines_reserve(&heap, COUNT));
    check(deadlines_first(&heap) == NULL);
    for (unsigned step = 0; step < 60000; step++) {
        unsigned i = unit_random(&random) % COUNT;
        uint64_t at = 1 + unit_random(&random) % 5000;
        if (due[i] == 0) {
            deadlines_insert(&heap, &deadlines[i], at);
            due[i] = at;
            armed++;
        } else if (unit_random(&random) % 2) {
            deadlines_move(&heap, &deadlines[i], at);
            due[i] = at;
        } else {
            deadlines_remove(&heap, &deadlines[i]);
            check_equal(deadlines[i].slot, 0);
            due[i] = 0;
            armed--;
        }
        check_equal(heap.used, armed);
        if (step % 16 == 0) {
            check_first();
        }
    }
    while (armed-- > 0) {
        check_first();
        unsigned i = (unsigned)(deadlines_first(&heap)->deadline - deadlines);
        deadlines_remove(&heap, &deadlines[i]);
        due[i] = 0;
    }
    check(deadlines_first(&heap) == NULL);
}

TEST(extreme_times_keep_their_order)
{
    static const uint64_t times[] = {UINT64_MAX, 0, 1, UINT64_MAX - 1, (uint64_t)INT64_MAX, (uint64_t)INT64_MAX + 1};
    static const unsigned order[] = {1, 2, 4, 5, 3, 0};

    require(deadlines_reserve(&heap, 6));
    for (unsigned i = 0; i < 6; i++) {
        deadlines_insert(&heap, &deadlines[i], times[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        require(deadlines_first(&heap) != NULL);
        check_equal(deadlines_first(&heap)->deadline - deadlines, order[i]);
        deadlines_remove(&heap, &deadlines[order[i]]);
    }
}

enum { LOTS = 300000 };

static struct sched_deadline *lots;

TEST(room_grows_and_is_given_back)
{
    uint32_t random = 7;

    require((lots = calloc(LOTS, sizeof(*lots))) != NULL);
    require(deadlines_reserve(&heap, LOTS));
    uint64_t reserves = ground_calls(GROUND_RESERVE);
    for (unsigned i = 0; i < LOTS; i++) {
        deadlines_insert(&heap, &lots[i], unit_random(&random));
    }
    check_equal(ground_calls(GROUND_RESERVE), reserves);
    uint64_t before = 0;
    unsigned unordered = 0;
    for (unsigned i = 0; i < LOTS; i++) {
        const struct deadline_entry *first = deadlines_first(&heap);
        unordered += first->due < before;
        before = first->due;
        deadlines_remove(&heap, first->deadline);
    }
    check_equal(unordered, 0);
    size_t full = ground_reserved_bytes();
    deadlines_trim(&heap, 0);
    check(ground_reserved_bytes() < full / 10);
    /* What is left is still good. */
    require(deadlines_reserve(&heap, DEADLINES_CHUNK + 1));
    for (unsigned i = 0; i <= DEADLINES_CHUNK; i++) {
        deadlines_insert(&heap, &lots[i], LOTS - i);
    }
    check(deadlines_first(&heap)->deadline == &lots[DEADLINES_CHUNK]);
    free(lots);
}

TEST(without_memory_there_is_no_more_room_and_what_is_armed_stays)
{
    static const struct {
        enum ground_operation operation;
        unsigned call;
    } faults[] = {{GROUND_RESERVE, 1}, {GROUND_COMMIT, 1}, {GROUND_COMMIT, 2}, {GROUND_RESERVE, 1}, {GROUND_COMMIT, 1}};

    /* First the list of chunks cannot be had, then, once it can, the chunk. */
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        ground_fail(faults[i].operation, faults[i].call, 1);
        check(!deadlines_reserve(&heap, 1));
        ground_fail_nothing();
    }
    require(deadlines_reserve(&heap, 10));
    for (unsigned i = 0; i < 10; i++) {
        deadlines_insert(&heap, &deadlines[i], 100 - i);
    }
    size_t bytes = ground_reserved_bytes();
    ground_fail(GROUND_COMMIT, 1, GROUND_ALWAYS);
    check(!deadlines_reserve(&heap, 10 * DEADLINES_CHUNK));
    check_equal(ground_reserved_bytes(), bytes);
    check_equal(heap.used, 10);
    check(deadlines_first(&heap)->deadline == &deadlines[9]);
    ground_fail_nothing();
    /* Growing the list of chunks itself keeps what is armed. */
    require(deadlines_reserve(&heap, 2000 * DEADLINES_CHUNK));
    check(deadlines_first(&heap)->deadline == &deadlines[9]);
    deadlines_trim(&heap, 10);
    check(deadlines_first(&heap)->deadline == &deadlines[9]);
}
