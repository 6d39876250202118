// SPDX-License-Identifier: MIT
/* sched/slab.h: recognition by address, tags, type stability, give-back, memory faults. */
#include "unit.h"
#include "sched/slab.h"

#include <stdlib.h>
#include <string.h>

struct thing {
    struct slab_item item;
    uint32_t number;
    char text[56];
};

static struct slab_cache things = {.kind = SLAB_WORK, .size = sizeof(struct thing)};
static struct slab_cache others = {.kind = SLAB_TIMER, .size = 96};
static struct slab_cache kept = {.kind = SLAB_SCHEDULER_POOL, .size = 256, .keep = true};

static uint32_t tag_of(const struct thing *thing)
{
    return atomic_load(&thing->item.tag);
}

TEST(items_come_zeroed_live_and_of_their_kind)
{
    struct thing *one = slab_alloc(&things);
    struct slab_item *other = slab_alloc(&others);
    static const char zeroes[sizeof(one->text)];

    require(one != NULL && other != NULL);
    check_equal((uintptr_t)one % 16, 0);
    check_equal(one->number, 0);
    check(memcmp(one->text, zeroes, sizeof(zeroes)) == 0);
    check_equal(slab_kind_of(one), SLAB_WORK);
    check_equal(slab_kind_of(other), SLAB_TIMER);
    check(slab_is_live(one, SLAB_WORK));
    check(!slab_is_live(one, SLAB_TIMER));
    check(!slab_is_live(other, SLAB_WORK));
    check_equal(slab_live_items(&things), 1);

    memset(one->text, 'x', sizeof(one->text));
    slab_free(&things, one);
    check_equal(slab_live_items(&things), 0);
    check(!slab_is_live(one, SLAB_WORK));
    struct thing *again = slab_alloc(&things);
    require(again != NULL);
    check(memcmp(again->text, zeroes, sizeof(zeroes)) == 0);
    slab_free(&things, again);
    slab_free(&others, other);
}

TEST(closed_items_are_told_from_live_ones)
{
    struct thing *one = slab_alloc(&things);

    require(one != NULL);
    atomic_store(&one->item.tag, SLAB_TAG(SLAB_WORK, SLAB_CLOSED));
    check(!slab_is_live(one, SLAB_WORK));
    check_equal(slab_kind_of(one), SLAB_WORK);
    slab_free(&things, one);
    check(tag_of(one) == SLAB_TAG(SLAB_WORK, SLAB_FREE));
}

TEST(foreign_pointers_are_recognised_without_touching_them)
{
    struct thing *one = slab_alloc(&things);
    void *heap = malloc(64);
    static int statics;
    int local = 0;

    require(one != NULL && heap != NULL);
    check_equal(slab_kind_of(NULL), SLAB_FOREIGN);
    check_equal(slab_kind_of(heap), SLAB_FOREIGN);
    check_equal(slab_kind_of(&statics), SLAB_FOREIGN);
    check_equal(slab_kind_of(&local), SLAB_FOREIGN);
    check_equal(slab_kind_of((void *)(uintptr_t)unit_pause), SLAB_FOREIGN);
    /* Nothing is mapped at these. */
    check_equal(slab_kind_of((void *)8), SLAB_FOREIGN);
    check_equal(slab_kind_of((void *)(uintptr_t)0xFFFF), SLAB_FOREIGN);
    check_equal(slab_kind_of((void *)UINTPTR_MAX), SLAB_FOREIGN);
    check_equal(slab_kind_of((void *)(UINTPTR_MAX / 2)), SLAB_FOREIGN);
    check_equal(slab_kind_of((void *)(uintptr_t)0x8000000000000000u), SLAB_FOREIGN);
    for (unsigned bit = 4; bit < 64; bit++) {
        check(!slab_is_live((void *)((uintptr_t)1 << bit), SLAB_WORK));
        check(!slab_is_live((void *)((uintptr_t)one ^ (uintptr_t)1 << bit), SLAB_WORK));
    }
    slab_free(&things, one);
    free(heap);
}

TEST(misaligned_pointers_into_our_memory_are_nobodys)
{
    struct thing *one = slab_alloc(&things);

    require(one != NULL);
    for (unsigned offset = 1; offset < 16; offset++) {
        check(slab_kind_of((char *)one + offset) != SLAB_WORK);
        check(!slab_is_live((char *)one + offset, SLAB_WORK));
    }
    for (unsigned offset = 16; offset < sizeof(*one); offset += 16) {
        check(!slab_is_live((char *)one + offset, SLAB_WORK));
    }
    slab_free(&things, one);
}

enum { MANY = 20000 };

static struct thing *many[MANY];

TEST(many_items_are_distinct_and_keep_what_is_written)
{
    for (unsigned i = 0; i < MANY; i++) {
        require((many[i] = slab_alloc(&things)) != NULL);
        many[i]->number = i;
        memset(many[i]->text, (int)(i & 0xFF), sizeof(many[i]->text));
    }
    check_equal(slab_live_items(&things), MANY);
    unsigned wrong = 0;
    for (unsigned i = 0; i < MANY; i++) {
        wrong += many[i]->number != i || many[i]->text[0] != (char)(i & 0xFF) || many[i]->text[55] != (char)(i & 0xFF);
        wrong += !slab_is_live(many[i], SLAB_WORK);
    }
    check_equal(wrong, 0);
    for (unsigned i = 0; i < MANY; i++) {
        slab_free(&things, many[i]);
    }
    check_equal(slab_live_items(&things), 0);
}

/* Whatever happens to a slot, as long as it is ours a stale pointer reads a tag of its own kind. */
TEST(slots_never_change_their_kind_while_kept)
{
    struct slab_item *first[200];

    for (unsigned i = 0; i < 200; i++) {
        require((first[i] = slab_alloc(&kept)) != NULL);
    }
    for (unsigned i = 0; i < 200; i++) {
        slab_free(&kept, first[i]);
    }
    /* Others who want memory do not get those slabs, not even by the thousand. */
    for (unsigned i = 0; i < MANY; i++) {
        require((many[i] = slab_alloc(&things)) != NULL);
    }
    for (unsigned i = 0; i < 200; i++) {
        check_equal(slab_kind_of(first[i]), SLAB_SCHEDULER_POOL);
        check_equal(atomic_load(&first[i]->tag), SLAB_TAG(SLAB_SCHEDULER_POOL, SLAB_FREE));
    }
    for (unsigned i = 0; i < MANY; i++) {
        slab_free(&things, many[i]);
    }
}

TEST(empty_slabs_are_given_back_late_and_pages_do_not_pile_up)
{
    size_t after_first = 0;

    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            require((many[i] = slab_alloc(&things)) != NULL);
        }
        size_t full = ground_committed_bytes();
        for (unsigned i = 0; i < MANY; i++) {
            slab_free(&things, many[round % 2 ? i : MANY - 1 - i]);
        }
        size_t empty = ground_committed_bytes();
        check(full > (size_t)MANY * sizeof(struct thing));
        check(empty < full / 4);
        after_first = round == 0 ? empty : after_first;
        check_equal(empty, after_first);
    }
    /* A single item that comes and goes does not map and unmap. */
    uint64_t commits = ground_calls(GROUND_COMMIT);
    for (unsigned i = 0; i < 1000; i++) {
        struct thing *one = slab_alloc(&things);
        require(one != NULL);
        slab_free(&things, one);
    }
    check_equal(ground_calls(GROUND_COMMIT), commits);
}

TEST(without_memory_there_is_no_item_and_nothing_breaks)
{
    ground_fail(GROUND_RESERVE, 1, GROUND_ALWAYS);
    check(slab_alloc(&things) == NULL);
    check_equal(slab_live_items(&things), 0);
    check_equal(ground_reserved_bytes(), 0);
    ground_fail_nothing();

    /* The arena's head can be had, its first slab cannot. */
    ground_fail(GROUND_COMMIT, 2, 1);
    check(slab_alloc(&others) == NULL);
    check_equal(slab_live_items(&others), 0);
    struct slab_item *item = slab_alloc(&others);
    require(item != NULL);
    check(slab_is_live(item, SLAB_TIMER));
    slab_free(&others, item);

    /* Out of memory in the middle: the items that exist stay good. */
    ground_fail(GROUND_COMMIT, 3, GROUND_ALWAYS);
    unsigned count = 0;
    while (count < MANY && (many[count] = slab_alloc(&things)) != NULL) {
        many[count]->number = count;
        count++;
    }
    check(count > 100 && count < MANY);
    check_equal(slab_live_items(&things), count);
    ground_fail_nothing();
    struct thing *more = slab_alloc(&things);
    check(more != NULL);
    for (unsigned i = 0; i < count; i++) {
        check(many[i]->number == i);
        slab_free(&things, many[i]);
    }
    slab_free(&things, more);
    check_equal(slab_live_items(&things), 0);
}

enum { HANDS = 4, PASSES = 20000, BELT = 64 };

static _Atomic(struct thing *) belt[BELT];
static _Atomic unsigned corrupt;

/* Puts things on a belt and frees what others put there, so that most are freed by a thread that did not make them. */
static void work_the_belt(void *argument)
{
    uint32_t random = (uint32_t)(uintptr_t)argument * 2654435761u + 1;

    for (unsigned i = 0; i < PASSES; i++) {
        struct thing *mine = slab_alloc(&things);
        if (mine == NULL || mine->number != 0 || !slab_is_live(mine, SLAB_WORK)) {
            atomic_fetch_add(&corrupt, 1);
            continue;
        }
        mine->number = 1 + i;
        memset(mine->text, (int)i & 0x7F, sizeof(mine->text));
        struct thing *found = atomic_exchange(&belt[unit_random(&random) % BELT], mine);
        if (found != NULL) {
            if (found->number == 0 || found->text[0] != (char)((found->number - 1) & 0x7F) ||
                found->text[55] != found->text[0]) {
                atomic_fetch_add(&corrupt, 1);
            }
            slab_free(&things, found);
        }
    }
}

TEST(items_may_be_freed_by_any_thread)
{
    for (uintptr_t i = 0; i < HANDS; i++) {
        require(nt_thread_start(work_the_belt, (void *)i, NULL) == NT_SUCCESS);
    }
    require(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&corrupt), 0);
    unsigned left = 0;
    for (unsigned i = 0; i < BELT; i++) {
        struct thing *found = atomic_load(&belt[i]);
        if (found != NULL) {
            left++;
        }
    }
    check_equal(slab_live_items(&things), left);
    for (unsigned i = 0; i < BELT; i++) {
        struct thing *found = atomic_load(&belt[i]);
        if (found != NULL) {
            slab_free(&things, found);
        }
    }
    check_equal(slab_live_items(&things), 0);
}

static struct slab_cache few = {.kind = SLAB_WORKER, .size = 512, .few = true};

static void take_and_give_back(void *cache)
{
    void *item = slab_alloc(cache);

    check(item != NULL);
    if (item)
        slab_free(cache, item);
}

/* Thread after thread, until one has come for each shard. */
TEST(few_items_of_many_threads_share_their_slabs)
{
    take_and_give_back(&few);
    size_t bytes = ground_committed_bytes();
    for (unsigned i = 0; i < 100; i++) {
        struct unit_thread thread;
        unit_thread_start(&thread, take_and_give_back, &few);
        unit_thread_join(&thread);
    }
    check_equal(ground_committed_bytes(), bytes);
    check_equal(slab_live_items(&few), 0);
}
