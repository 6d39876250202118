// SPDX-License-Identifier: MIT
/*
 * The machine that runs one schedule: its threads are fibers of one real thread, and at every step, which is an atomic
 * operation or a call of nt.h, it is decided which of them takes the next one.
 *
 * All that a schedule changes lies in the program's statics, in the region of memory.c and on the fibers' stacks;
 * image.c makes the statics and the region as new before each. What outlives a schedule is in struct session,
 * elsewhere.
 */
#ifndef NTPOOL_TESTS_EXPLORE_MACHINE_H
#define NTPOOL_TESTS_EXPLORE_MACHINE_H

#include "explore.h"

#ifndef EXPLORE_MOST_THREADS
#define EXPLORE_MOST_THREADS 24
#endif

enum { MOST_THREADS = EXPLORE_MOST_THREADS, MOST_BUFFERED = 16, STACK_SIZE = 64 * 1024 };

enum thread_state {
    THREAD_NONE,
    THREAD_READY,
    THREAD_PARKED,
    THREAD_JOINING,
    THREAD_SETTLING, /* until nobody else is ready */
    THREAD_ENDED
};

/* A store that its thread has made and no other sees yet. */
struct buffered {
    void *address;
    uint64_t value;
    uint64_t step;
    const void *place; /* of the store */
    uint8_t size;
    bool release; /* everything stored before it is seen before it */
};

struct thread {
    void *stack_pointer; /* while another runs */
    enum thread_state state;
    uint32_t id;       /* what nt_thread_id says */
    uint32_t priority; /* of the schedules with priorities; the highest runs */
    nt_thread_main *main;
    void *argument;
    struct nt_parker *parker;
    uint64_t deadline;
    unsigned joins;   /* which thread it waits for */
    unsigned in_slab; /* inside slab_alloc or slab_free */
    unsigned buffered_count;
    struct buffered buffered[MOST_BUFFERED];
};

/* How the world is in this schedule. */
struct world {
    unsigned processors;
    bool holds_stores;  /* there are store buffers */
    bool reorders;      /* stores to different addresses may be seen in another order, but for release */
    bool fails_weakly;  /* weak compare-and-swap fails for no reason now and then */
    bool time_jumps;    /* deadlines may pass while others are ready */
    bool quarantines;   /* what is freed is not used again */
    bool spins_on;      /* who spins is not interrupted for that, but now and then */
    uint32_t id_stride; /* between the ids of threads: near or far in what is hashed by them */
};

struct machine {
    bool running;
    struct thread threads[MOST_THREADS];
    unsigned thread_count;
    struct thread *current;
    uint64_t steps;
    uint64_t now;
    unsigned buffered; /* in all threads together */
    struct world world;
    const struct scenario *scenario;
};
extern struct machine machine;

/* ---- threads.c ------------------------------------------------------------------------------- */

/** Runs the scenario to its end, from the outside. */
void machine_run(const struct scenario *scenario);
unsigned machine_start_thread(nt_thread_main *main, void *argument);
/** A step is about to be made, at a place in the code: others may make theirs first. */
void machine_step(const char *what, const volatile void *address, const void *place);
/** The same, for one who has nothing to do but to look again. */
void machine_yield(const char *what, const void *place);
/** No thread with that id is left. */
bool machine_is_gone(uint32_t id);
/** Parks the calling thread until somebody unparks it or the deadline passes. */
void machine_sleep(enum thread_state state);
void machine_wake(struct thread *thread);
/** The deadlines of the parked come true up to the nearest. False: there is none. */
bool machine_let_time_pass(void);
bool machine_has_deadline(void);
/** Memory of another thread's stack that is not in use. */
bool machine_is_dead_stack(uintptr_t address);
/** Where the stacks are, for a guard against overruns. */
void machine_prepare_stacks(void);

/* ---- choose.c -------------------------------------------------------------------------------- */

/** Sets the world and how to choose from the session's seed or search. */
void choose_begin(void);
/** Who goes on. others_first: the current thread has nothing to do at the moment. NULL: nobody is ready. */
struct thread *choose_thread(bool others_first);
/** One of limit; for what a scenario picks. */
unsigned choose_number(unsigned limit);
/** True once in so many, at random; never in a search. */
bool choose_rarely(unsigned one_in);
/** Whether a store that could be held back is. */
bool choose_to_hold(void);
uint32_t choose_priority(void);

/* ---- buffers.c ------------------------------------------------------------------------------- */

void buffers_store(volatile void *address, unsigned size, uint64_t value, int order, const void *place);
uint64_t buffers_load(const volatile void *address, unsigned size);
/** Everything that the calling thread has stored is seen. */
void buffers_flush(struct thread *thread);
/** Some of what is held back is seen. */
void buffers_leak(void);
void buffers_flush_all(void);
/** An access that does not go through the buffer is about to be made. */
void buffers_bypass(const volatile void *address, size_t size);

/* ---- memory.c -------------------------------------------------------------------------------- */

void memory_prepare(void);
/** From now on memory_restore brings back what is there at this moment. */
void memory_save(void);
void memory_restore(void);
/** Called for every access of the code under test. is_tag: it may be one to the tag of an item. */
void memory_accessed(const volatile void *address, size_t size, bool is_tag, const void *place);
void memory_freed(void *item, size_t size);
/** Freed, but it may be looked at for good. */
void memory_kept(void *item);
void memory_reused(void *item, size_t size);
bool memory_is_freed(const void *item);

/* ---- slabs.c --------------------------------------------------------------------------------- */

/** Items that were allocated and not freed, of those that do not live for good. */
long slabs_live(void);

/* ---- image.c --------------------------------------------------------------------------------- */

void image_save(void);
void image_restore(void);

/* ---- what outlives a schedule ---------------------------------------------------------------- */

enum { MOST_CHOICES = 1 << 16, MOST_DEVIATIONS = 8 };

/* In a search, a schedule is what happens when nobody is interrupted, but for these. */
struct deviation {
    uint32_t choice;      /* counted from the start */
    uint32_t alternative; /* 1 for the first other possibility, and so on */
};

struct session {
    uint64_t seed;
    bool searches;
    bool traces;
    unsigned bound; /* of the deviations of a search */
    unsigned deviation_count;
    struct deviation deviations[MOST_DEVIATIONS];
    /* How many alternatives each choice had, in the schedule with so many deviations. */
    uint8_t alternatives[MOST_DEVIATIONS + 1][MOST_CHOICES];
    uint32_t choices[MOST_DEVIATIONS + 1];
};
extern struct session *session;

/** The next schedule of a search. False: it is over. */
bool search_next(void);

/* ---- trace.c --------------------------------------------------------------------------------- */

void trace_prepare(void);
void trace(const char *what, const volatile void *address, const void *place);
/** Prints what was traced. */
void trace_print(void);
/** Prints where in the sources a place is. */
void trace_print_place(const void *place);

#endif
