// SPDX-License-Identifier: MIT
//
// A binary heap of due times, each of which knows its place: the least that arming timers takes.
#include "harness/bench.h"
#include "harness/families.h"

#define ENTRIES_IN_ALL 1000000

struct entry {
    uint64_t due;
    size_t place;
};

static struct entry **heap;
static size_t heap_size;

static void put_at(size_t place, struct entry *entry)
{
    heap[place] = entry;
    entry->place = place;
}

static void rise(size_t place, struct entry *entry)
{
    for (; place && heap[(place - 1) / 2]->due > entry->due; place = (place - 1) / 2)
        put_at(place, heap[(place - 1) / 2]);
    put_at(place, entry);
}

static void settle(size_t place, struct entry *entry)
{
    for (size_t child; (child = 2 * place + 1) < heap_size; place = child) {
        if (child + 1 < heap_size && heap[child + 1]->due < heap[child]->due)
            child++;
        if (heap[child]->due >= entry->due)
            break;
        put_at(place, heap[child]);
    }
    rise(place, entry);
}

static void drop(struct entry *entry)
{
    struct entry *last = heap[--heap_size];
    if (last != entry)
        settle(entry->place, last);
}

static void with_entries(size_t quantity, uint32_t *(*in_order)(size_t))
{
    size_t count = scaled(quantity, 10);
    struct entry *entries = zeroed(count, sizeof *entries);
    uint32_t *order = in_order(count), *other = in_order(count);
    heap = zeroed(count, sizeof *heap);
    double push = 0, move = 0, remove = 0;
    size_t rounds = 1 + ENTRIES_IN_ALL / quantity;
    for (size_t round = 0; round < rounds; round++) {
        double start = now();
        for (size_t i = 0; i < count; i++) {
            entries[order[i]].due = random_number();
            rise(heap_size++, &entries[order[i]]);
        }
        double pushed = now();
        for (size_t i = 0; i < count; i++) {
            struct entry *entry = &entries[other[i]];
            entry->due = random_number();
            settle(entry->place, entry);
        }
        double moved = now();
        for (size_t i = 0; i < count; i++)
            drop(&entries[order[i]]);
        push += pushed - start;
        move += moved - pushed;
        remove += now() - moved;
    }
    double entries_in_all = (double)count * (double)rounds;
    report("push", push / entries_in_all);
    report("move", move / entries_in_all);
    report("remove", remove / entries_in_all);
}

static void one_thousand(void)
{
    with_entries(1000, in_turn);
}

static void many(void)
{
    with_entries(25000, in_turn);
}

static void one_million(void)
{
    with_entries(1000000, in_turn);
}

static void one_thousand_scattered(void)
{
    with_entries(1000, shuffled);
}

static void many_scattered(void)
{
    with_entries(25000, shuffled);
}

static void one_million_scattered(void)
{
    with_entries(1000000, shuffled);
}

#define STEPS                                                                                                          \
    {                                                                                                                  \
        {.name = "push", .unit = "ns"}, {.name = "move", .unit = "ns"}, {.name = "remove", .unit = "ns"},              \
    }

static const struct workload list[] = {
    {.name = "limit-heap-1000",
     .what = "a binary heap of 1,000 due times",
     .run = one_thousand,
     .reference = true,
     .measures = STEPS},
    {.name = "limit-heap-25000", .what = "of 25,000", .run = many, .reference = true, .measures = STEPS},
    {.name = "limit-heap-1000000", .what = "of 1,000,000", .run = one_million, .reference = true, .measures = STEPS},
    {.name = "limit-heap-scattered-1000",
     .what = "of 1,000, with entries taken in random order",
     .run = one_thousand_scattered,
     .reference = true,
     .measures = STEPS},
    {.name = "limit-heap-scattered-25000",
     .what = "of 25,000",
     .run = many_scattered,
     .reference = true,
     .measures = STEPS},
    {.name = "limit-heap-scattered-1000000",
     .what = "of 1,000,000",
     .run = one_million_scattered,
     .reference = true,
     .measures = STEPS},
};
FAMILY(limit_heap, list);
