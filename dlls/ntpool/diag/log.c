// SPDX-License-Identifier: MIT
#include "diag/log.h"
#include "nt/line.h"
#include "sched/worker.h"
#include "tp/object.h"

enum { PATH_SIZE = 1024 };

static void append(struct nt_line *line)
{
    char path[PATH_SIZE];

    if (nt_environment("NTPOOL_LOG", path, sizeof(path)))
        nt_line_append(line, path);
}

static bool is_on(void)
{
    char path[PATH_SIZE];

    return nt_environment("NTPOOL_LOG", path, sizeof(path)) != 0;
}

void diag_log_up(const char *mode)
{
    struct nt_line line;
    char program[256];

    if (!is_on())
        return;
    if (!nt_program_name(program, sizeof(program)))
        program[0] = '\0';
    nt_line_begin(&line, "up version=" NTPOOL_VERSION " program=");
    nt_line_put(&line, program);
    nt_line_put(&line, " mode=");
    nt_line_put(&line, mode);
    nt_line_put(&line, nt_is_baseline() ? " nt=baseline" : " nt=full");
    append(&line);
}

void diag_log_redirected(unsigned exports, unsigned imports, unsigned modules, bool children)
{
    struct nt_line line;

    if (!is_on())
        return;
    nt_line_begin(&line, "redirected exports=");
    nt_line_put_number(&line, exports);
    nt_line_put(&line, " imports=");
    nt_line_put_number(&line, imports);
    nt_line_put(&line, " modules=");
    nt_line_put_number(&line, modules);
    nt_line_put(&line, children ? " children=yes" : " children=no");
    append(&line);
}

void diag_log_child_missed(uint32_t process, const char *why)
{
    struct nt_line line;

    if (!is_on())
        return;
    nt_line_begin(&line, "child=");
    nt_line_put_number(&line, process);
    nt_line_put(&line, " runs without: ");
    nt_line_put(&line, why);
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
    struct nt_line line;

    if (!is_on())
        return;
    sched_counters_read(counters);
    nt_line_begin(&line, "down");
    for (int i = 0; i < TP_COUNTERS; i++) {
        if (!names[i])
            continue;
        nt_line_put(&line, names[i]);
        nt_line_put_number(&line, counters[i]);
    }
    nt_line_put(&line, " workers_created=");
    nt_line_put_number(&line, atomic_load_explicit(&sched_workers_created, memory_order_relaxed));
    nt_line_put(&line, " workers_peak=");
    nt_line_put_number(&line, atomic_load_explicit(&sched_workers_peak, memory_order_relaxed));
    append(&line);
}
