// SPDX-License-Identifier: MIT
/* What happened in a schedule, step by step. */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_EVENTS = 1 << 19 };

struct event {
    uint64_t step;
    const char *what;
    const volatile void *address;
    const void *place;
    unsigned thread;
};

/* Outlives schedules. */
static struct event *events;
static unsigned *event_count;

void trace_prepare(void)
{
    size_t size = MOST_EVENTS * sizeof(*events);
    char *memory = mmap(NULL, size + sizeof(*event_count), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        explore_fail("there is no room for a trace");
    events = (struct event *)memory;
    event_count = (unsigned *)(memory + size);
}

void trace(const char *what, const volatile void *address, const void *place)
{
    if (!session->traces || *event_count == MOST_EVENTS || !machine.current)
        return;
    events[(*event_count)++] =
        (struct event){machine.steps, what, address, place, (unsigned)(machine.current - machine.threads)};
}

/* Opens a pipe from which the places of the sources can be read, one line each. A return address lies behind its call.
 */
static FILE *places_of(const void *const *places, unsigned count)
{
    char name[] = "/tmp/explore-places-XXXXXX", command[256];
    int file = mkstemp(name);

    if (file < 0)
        return NULL;
    FILE *list = fdopen(file, "w");
    for (unsigned i = 0; i < count; i++)
        fprintf(list, "%#" PRIxPTR "\n", places[i] ? (uintptr_t)places[i] - 1 : 0);
    fclose(list);
    snprintf(command, sizeof(command), "addr2line -s -f -p -e /proc/%d/exe <%s 2>/dev/null; rm -f %s", (int)getpid(),
             name, name);
    return popen(command, "r");
}

void trace_print(void)
{
    const void **places = malloc((*event_count + 1) * sizeof(*places));
    char where[256];

    if (places == NULL)
        return;
    for (unsigned i = 0; i < *event_count; i++)
        places[i] = events[i].place;
    FILE *lines = places_of(places, *event_count);
    for (unsigned i = 0; i < *event_count; i++) {
        const struct event *event = &events[i];
        if (!lines || !fgets(where, sizeof(where), lines))
            snprintf(where, sizeof(where), "%p\n", event->place);
        fprintf(stderr, "# %6" PRIu64 " %*sthread %u: %s", event->step, 4 * (int)event->thread, "", event->thread,
                event->what);
        if (event->address)
            fprintf(stderr, " %p", (void *)(uintptr_t)event->address);
        fprintf(stderr, "%s%s", event->place ? ", " : "", event->place ? where : "\n");
    }
    if (lines)
        pclose(lines);
    free(places);
}

void trace_print_place(const void *place)
{
    char where[256];
    FILE *lines = places_of(&place, 1);

    if (!lines)
        return;
    if (fgets(where, sizeof(where), lines))
        fprintf(stderr, "# at %s", where);
    pclose(lines);
}
