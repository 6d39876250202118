// SPDX-License-Identifier: MIT
#include "diag/log.h"
#include "sched/worker.h"
#include "tp/object.h"

enum { LINE_SIZE = 640, PATH_SIZE = 1024 };

struct line {
    char text[LINE_SIZE];
    size_t length;
};

static void put(struct line *line, const char *text)
{
    while (*text && line->length < LINE_SIZE - 1)
        line->text[line->length++] = *text++;
}

static void put_number(struct line *line, uint64_t number)
{
    char digits[20 + 1];
    size_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    put(line, digits + at);
}

static void begin(struct line *line, const char *event)
{
    line->length = 0;
    put(line, "ntpool[");
    put_number(line, nt_process_id());
    put(line, "] ");
    put(line, event);
}

static void append(struct line *line)
{
    char path[PATH_SIZE];

    put(line, "\n");
    if (nt_environment("NTPOOL_LOG", path, sizeof(path)))
        nt_append(path, line->text, line->length);
}

static bool is_on(void)
{
    char path[PATH_SIZE];

    return nt_environment("NTPOOL_LOG", path, sizeof(path)) != 0;
}

void diag_log_up(const char *mode)
{
    struct line line;
    char program[256];

    if (!is_on())
        return;
    if (!nt_program_name(program, sizeof(program)))
        program[0] = '\0';
    begin(&line, "up version=" NTPOOL_VERSION " program=");
    put(&line, program);
    put(&line, " mode=");
    put(&line, mode);
    put(&line, nt_is_baseline() ? " nt=baseline" : " nt=full");
    append(&line);
}

void diag_log_redirected(unsigned exports, unsigned imports, unsigned modules, bool children)
{
    struct line line;

    if (!is_on())
        return;
    begin(&line, "redirected exports=");
    put_number(&line, exports);
    put(&line, " imports=");
    put_number(&line, imports);
    put(&line, " modules=");
    put_number(&line, modules);
    put(&line, children ? " children=yes" : " children=no");
    append(&line);
}

void diag_log_child_missed(uint32_t process, const char *why)
{
    struct line line;

    if (!is_on())
        return;
    begin(&line, "child=");
    put_number(&line, process);
    put(&line, " runs without: ");
    put(&line, why);
    append(&line);
}

void diag_log_down(void)
{
    static const char *const names[TP_COUNTERS] = {
        [TP_COUNT_WORK] = " work=",
        [TP_COUNT_SIMPLE] = " simple=",
        [TP_COUNT_TIMER] = " timer=",
        [TP_COUNT_WAIT] = " wait=",
        [TP_COUNT_IO] = " io=",
        [TP_COUNT_LEGACY_WORK] = " legacy_work=",
        [TP_COUNT_LEGACY_WAIT] = " legacy_wait=",
        [TP_COUNT_LEGACY_TIMER] = " legacy_timer=",
        [TP_COUNT_BOUND_IO] = " bind_io=",
    };
    uint64_t counters[SCHED_COUNTERS];
    struct line line;

    if (!is_on())
        return;
    sched_counters_read(counters);
    begin(&line, "down");
    for (int i = 0; i < TP_COUNTERS; i++) {
        if (!names[i])
            continue;
        put(&line, names[i]);
        put_number(&line, counters[i]);
    }
    put(&line, " workers_created=");
    put_number(&line, atomic_load_explicit(&sched_workers_created, memory_order_relaxed));
    put(&line, " workers_peak=");
    put_number(&line, atomic_load_explicit(&sched_workers_peak, memory_order_relaxed));
    append(&line);
}
