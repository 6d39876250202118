// SPDX-License-Identifier: MIT
/*
 * A heap of deadlines: four children a node, entries by value in chunks that never move. Arming and cancelling a
 * random deadline touches a constant number of entries on average, taking the nearest O(log4 n). No locks here; the
 * keeper has one. Room is reserved when a deadline is made, so that arming cannot fail.
 */
#ifndef NTPOOL_SCHED_DEADLINES_H
#define NTPOOL_SCHED_DEADLINES_H

#include "nt/nt.h"

struct sched_deadline {
    uint32_t slot; /* 1 + its place in the heap; 0: not armed */
    bool system;   /* due is a time of the system clock, else of nt_time_now() */
};

struct deadline_entry {
    uint64_t due;
    struct sched_deadline *deadline;
};

enum { DEADLINES_CHUNK = 1024 };

struct deadline_heap {
    struct deadline_entry **chunks;
    uint32_t chunk_count, chunk_room;
    uint32_t used;
};

/** Makes room for this many deadlines. False: no memory, nothing changed. */
bool deadlines_reserve(struct deadline_heap *heap, uint32_t count);
/** Gives back the chunks beyond what count deadlines need. */
void deadlines_trim(struct deadline_heap *heap, uint32_t count);

/** deadline must not be armed. There must be room. */
void deadlines_insert(struct deadline_heap *heap, struct sched_deadline *deadline, uint64_t due);
/** deadline must be armed in this heap. */
void deadlines_remove(struct deadline_heap *heap, struct sched_deadline *deadline);
/** Moves an armed deadline. */
void deadlines_move(struct deadline_heap *heap, struct sched_deadline *deadline, uint64_t due);

/**
 * When, by nt_time_now(), to look again at a deadline on the system clock: when it is due if the clock is not set, but
 * within a minute, because a long wait does not notice that the clock was set.
 */
uint64_t deadlines_recheck(uint64_t due, uint64_t now);

/** The nearest entry, or NULL. */
const struct deadline_entry *deadlines_first(const struct deadline_heap *heap);

#endif
