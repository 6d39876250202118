// SPDX-License-Identifier: MIT
/*
 * What happens next. Either the seed decides everything: how the world is, whether threads run for random stretches or
 * by priorities that change at a few random steps (after Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized
 * Scheduler with Probabilistic Guarantees of Finding Bugs"), and each choice. Or it is a search: nobody is interrupted
 * but at the deviations of the session, and search_next goes through all sets of so many deviations (after Emmi, Qadeer
 * and Rakamaric, "Delay-Bounded Scheduling").
 */
#include "machine.h"

enum strategy { STRETCHES, PRIORITIES };
enum { MOST_CHANGES = 6, SPINS = 150 };

static uint64_t random_state;
static enum strategy strategy;
static unsigned stretch_bits;
static uint32_t stretch; /* steps until the next thread is chosen */
static uint64_t changes[MOST_CHANGES];
static unsigned change_count;
static uint32_t lowest_priority;
static unsigned spins;
static uint32_t choice;
static unsigned deviations_passed;

static uint64_t random_bits(void)
{
    random_state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t bits = random_state;
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
    return bits ^ (bits >> 31);
}

static unsigned below(unsigned limit)
{
    return (unsigned)(((random_bits() >> 32) * limit) >> 32);
}

static void begin_random(void)
{
    struct world *world = &machine.world;

    random_state = session->seed * UINT64_C(0xD1342543DE82EF95) + 1;
    *world = (struct world){
        .processors = 1 + below(3),
        .holds_stores = below(4) != 0,
        .reorders = below(2) != 0,
        .fails_weakly = below(4) == 0,
        .time_jumps = below(4) == 0,
        .quarantines = below(2) != 0,
        .spins_on = below(2) != 0,
        .id_stride = below(2) != 0 ? 4 : 256,
    };
    strategy = below(2) != 0 ? PRIORITIES : STRETCHES;
    stretch_bits = below(7);
    change_count = below(MOST_CHANGES + 1);
    unsigned within = 32u << below(7);
    for (unsigned i = 0; i < change_count; i++)
        changes[i] = 1 + below(within);
    lowest_priority = 1u << 20;
}

void choose_begin(void)
{
    if (session->searches) {
        machine.world = (struct world){.processors = 1, .holds_stores = true, .quarantines = true, .id_stride = 4};
        session->choices[session->deviation_count] = 0;
    } else {
        begin_random();
    }
    if (machine.scenario->processors)
        machine.world.processors = machine.scenario->processors;
    if (machine.scenario->stores_are_seen)
        machine.world.holds_stores = false;
}

/* ---- searching ---------------------------------------------------------------------------------- */

/* 0: what is usual, else one of so many alternatives. */
static unsigned deviate(unsigned alternatives)
{
    uint32_t this = choice++;

    if (this < MOST_CHOICES) {
        session->alternatives[session->deviation_count][this] = (uint8_t)alternatives;
        session->choices[session->deviation_count] = choice;
    }
    if (deviations_passed == session->deviation_count || session->deviations[deviations_passed].choice != this)
        return 0;
    unsigned alternative = session->deviations[deviations_passed++].alternative;
    if (alternative > alternatives)
        explore_fail("choice %u has %u alternatives only", this, alternatives);
    return alternative;
}

/* Puts the last deviation, which is the count-th, at the next choice from first on that has an alternative. */
static bool deviate_from(unsigned count, uint32_t first)
{
    for (uint32_t i = first; i < session->choices[count - 1]; i++)
        if (session->alternatives[count - 1][i]) {
            session->deviations[count - 1] = (struct deviation){i, 1};
            session->deviation_count = count;
            return true;
        }
    return false;
}

bool search_next(void)
{
    unsigned count = session->deviation_count;
    struct deviation *last = session->deviations + count - 1;

    if (count < session->bound && deviate_from(count + 1, count ? last->choice + 1 : 0))
        return true;
    for (; count; count--, last--) {
        if (last->alternative < session->alternatives[count - 1][last->choice]) {
            last->alternative++;
            session->deviation_count = count;
            return true;
        }
        if (deviate_from(count, last->choice + 1))
            return true;
    }
    return false;
}

/* ---- choosing ----------------------------------------------------------------------------------- */

unsigned choose_number(unsigned limit)
{
    if (limit < 2)
        return 0;
    return session->searches ? deviate(limit - 1) : below(limit);
}

bool choose_rarely(unsigned one_in)
{
    return !session->searches && below(one_in) == 0;
}

bool choose_to_hold(void)
{
    return !session->searches || deviate(1) != 0;
}

uint32_t choose_priority(void)
{
    return session->searches ? 0 : (1u << 20) + below(1u << 20);
}

static bool is_ready(unsigned index)
{
    return machine.threads[index].state == THREAD_READY;
}

/* The n-th of those that are ready, counted from behind the current one. NULL: there are fewer. */
static struct thread *ready_after(unsigned n)
{
    unsigned current = (unsigned)(machine.current - machine.threads);

    for (unsigned i = 1; i <= machine.thread_count; i++) {
        unsigned index = (current + i) % machine.thread_count;
        if (is_ready(index) && index != current && n-- == 0)
            return &machine.threads[index];
    }
    return NULL;
}

static unsigned count_others(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < machine.thread_count; i++)
        count += is_ready(i) && &machine.threads[i] != machine.current;
    return count;
}

static struct thread *search_thread(bool others_first)
{
    bool is_current_ready = machine.current->state == THREAD_READY;
    unsigned others = count_others();

    if (others_first && is_current_ready)
        return !others || deviate(1) ? machine.current : ready_after(0);
    if (is_current_ready) {
        bool may_jump = machine.scenario->time_passes && machine_has_deadline();
        unsigned alternative = others || may_jump ? deviate(others + may_jump) : 0;
        if (alternative > others)
            machine_let_time_pass();
        return alternative == 0 || alternative > others ? machine.current : ready_after(alternative - 1);
    }
    return others ? ready_after(others > 1 ? deviate(others - 1) : 0) : NULL;
}

static struct thread *random_thread(bool others_first)
{
    unsigned others;

    if (!others_first && stretch) {
        stretch--;
        return machine.current;
    }
    stretch = stretch_bits ? below(1u << stretch_bits) : 0;
    others = count_others();
    if (machine.current->state != THREAD_READY)
        return ready_after(below(others ? others : 1));
    if (!others)
        return machine.current;
    unsigned pick = below(others + (others_first ? 0 : 1));
    return pick == others ? machine.current : ready_after(pick);
}

static struct thread *urgent_thread(bool others_first)
{
    struct thread *most_urgent = NULL;

    if (others_first)
        machine.current->priority = --lowest_priority;
    for (unsigned i = 0; i < change_count; i++)
        if (changes[i] == machine.steps)
            machine.current->priority = --lowest_priority;
    for (unsigned i = 0; i < machine.thread_count; i++) {
        struct thread *thread = &machine.threads[i];
        if (is_ready(i) && (!most_urgent || thread->priority > most_urgent->priority))
            most_urgent = thread;
    }
    return most_urgent;
}

struct thread *choose_thread(bool others_first)
{
    if (session->searches)
        return search_thread(others_first);
    if (machine.world.spins_on && machine.current->state == THREAD_READY && others_first)
        others_first = ++spins % SPINS == 0;
    if (machine.world.time_jumps && below(64) == 0 && machine_has_deadline())
        machine_let_time_pass();
    return strategy == STRETCHES ? random_thread(others_first) : urgent_thread(others_first);
}
