// SPDX-License-Identifier: MIT
#include "tp/verifier.h"
#include "nt/line.h"

enum { PATH_SIZE = 1024, MODULE_SIZE = 260 };

bool tp_verifying;

static const char *const callback_kinds[TP_COUNTERS] = {
    [TP_COUNT_WORK] = "work callback",
    [TP_COUNT_SIMPLE] = "simple callback",
    [TP_COUNT_TIMER] = "timer callback",
    [TP_COUNT_WAIT] = "wait callback",
    [TP_COUNT_IO] = "I/O callback",
    [TP_COUNT_LEGACY_WORK] = "work item",
    [TP_COUNT_LEGACY_WAIT] = "registered wait's callback",
    [TP_COUNT_LEGACY_TIMER] = "queue timer's callback",
    [TP_COUNT_BOUND_IO] = "bound file's callback",
    [TP_COUNT_FINALIZATION] = "finalization callback",
};

static const char *const object_kinds[SLAB_KINDS] = {
    [SLAB_POOL] = "pool",
    [SLAB_WORK] = "work object",
    [SLAB_SIMPLE] = "simple callback",
    [SLAB_TIMER] = "timer",
    [SLAB_WAIT] = "wait object",
    [SLAB_IO] = "I/O object",
    [SLAB_GROUP] = "cleanup group",
    [SLAB_LEGACY_WORK] = "work item",
    [SLAB_LEGACY_WAIT] = "registered wait",
    [SLAB_TIMER_QUEUE] = "timer queue",
    [SLAB_QUEUE_TIMER] = "queue timer",
};

/* Where Windows has no status of its own its verifier's stop code is the exception's first parameter (0: it has none).
 */
static const struct {
    nt_status status;
    uint32_t stop;
    const char *what;
    const char *advice;
} leftovers[NT_LEFTOVERS] = {
    [NT_LEFT_BACKGROUND] = {NT_CALLBACK_RETURNED_BACKGROUND, 0x700, "in background mode",
                            "end the mode before it returns"},
    [NT_LEFT_PRIORITY] = {NT_CALLBACK_RETURNED_PRIORITY, 0x700, "with another priority",
                          "set the old one before it returns"},
    [NT_LEFT_AFFINITY] = {NT_CALLBACK_RETURNED_AFFINITY, 0x701, "with another affinity",
                          "set the old one before it returns"},
    [NT_LEFT_TOKEN] = {NT_CALLBACK_RETURNED_TOKEN, 0x705, "impersonating", "call RevertToSelf before it returns"},
    [NT_LEFT_TRANSACTION] = {NT_CALLBACK_RETURNED_TRANSACTION, 0x707, "with a current transaction",
                             "end or take off the transaction before it returns"},
    [NT_LEFT_LANGUAGES] = {NT_CALLBACK_RETURNED_LANGUAGES, 0, "with other preferred languages",
                           "set the old ones before it returns"},
    [NT_LEFT_APARTMENT] = {NT_VERIFIER_STOP, 0x708, "in another COM apartment",
                           "balance CoInitialize and CoUninitialize within it"},
    [NT_LEFT_WINDOW] = {NT_VERIFIER_STOP, 0x703, "with another number of windows",
                        "destroy its windows before it returns"},
    [NT_LEFT_MESSAGE] = {NT_VERIFIER_STOP, 0x702, "with window messages in its queue",
                         "take its messages before it returns"},
    [NT_LEFT_SECTION] = {NT_VERIFIER_STOP, 0x200, "owning a critical section",
                         "leave it, or call LeaveCriticalSectionWhenCallbackReturns"},
    [NT_LEFT_MUTEX] = {NT_VERIFIER_STOP, 0, "owning a mutex", "release it, or call ReleaseMutexWhenCallbackReturns"},
};

/* ---- messages ------------------------------------------------------------------------------------------- */

static void tell(struct nt_line *line)
{
    char path[PATH_SIZE];

    nt_line_append(line, nt_environment("NTPOOL_LOG", path, sizeof(path)) ? path : "stderr");
}

static void put_code(struct nt_line *line, const void *code)
{
    char module[MODULE_SIZE];
    uintptr_t offset;

    if (!nt_module_of(code, module, sizeof(module), &offset)) {
        nt_line_put_hex(line, (uintptr_t)code);
        return;
    }
    nt_line_put(line, module);
    nt_line_put(line, "+");
    nt_line_put_hex(line, offset);
}

static void put_signed(struct nt_line *line, intptr_t number)
{
    if (number < 0)
        nt_line_put(line, "-");
    nt_line_put_number(line, number < 0 ? (uint64_t)-number : (uint64_t)number);
}

static void begin_about(struct nt_line *line, const struct nt_watched *callback)
{
    nt_line_begin(line, "verifier: the ");
    nt_line_put(line, callback->kind);
    nt_line_put(line, " ");
    put_code(line, callback->code);
    nt_line_put(line, " (context ");
    nt_line_put_hex(line, (uintptr_t)callback->context);
    nt_line_put(line, ") ");
}

static void stop(uint32_t code, const struct nt_watched *callback, uintptr_t subject)
{
    const uintptr_t parameters[] = {code, (uintptr_t)callback->code, (uintptr_t)callback->context, subject};

    nt_raise(NT_VERIFIER_STOP, 4, parameters);
}

/* ---- callbacks ------------------------------------------------------------------------------------------ */

void tp_verifier_initialize(void)
{
    static const char complaint[] =
        "ntpool: NTPOOL_VERIFY is set to something unknown and is ignored: set it to 1, or unset it\n";
    char value[16];
    size_t length = nt_environment("NTPOOL_VERIFY", value, sizeof(value));

    if (length == 0 || (length == 1 && value[0] == '0'))
        return;
    if (length != 1 || value[0] != '1') {
        nt_append("stderr", complaint, sizeof(complaint) - 1);
        return;
    }
    nt_watch_initialize();
    tp_verifying = true;
}

void tp_verify_begin(enum tp_counter kind, const void *callback, const void *context)
{
    const struct nt_watched watched = {callback_kinds[kind], callback, context};

    nt_watch_begin(&watched);
}

static void put_change(struct nt_line *line, enum nt_leftover what, const struct nt_leftovers *left)
{
    nt_line_put(line, leftovers[what].what);
    switch (what) {
    case NT_LEFT_PRIORITY:
        nt_line_put(line, ": ");
        put_signed(line, (intptr_t)left->now[what]);
        nt_line_put(line, " instead of ");
        put_signed(line, (intptr_t)left->before[what]);
        break;
    case NT_LEFT_AFFINITY:
    case NT_LEFT_WINDOW:
        nt_line_put(line, ": ");
        nt_line_put_hex(line, left->now[what]);
        nt_line_put(line, " instead of ");
        nt_line_put_hex(line, left->before[what]);
        break;
    case NT_LEFT_SECTION:
    case NT_LEFT_MUTEX:
        nt_line_put(line, ", ");
        nt_line_put_hex(line, left->now[what]);
        break;
    default:
        break;
    }
}

static void raise_leftover(const struct nt_watched *callback, enum nt_leftover what, const struct nt_leftovers *left)
{
    const uintptr_t parameters[] = {(uintptr_t)callback->code, (uintptr_t)callback->context, left->before[what],
                                    left->now[what]};

    if (leftovers[what].status == NT_VERIFIER_STOP)
        stop(leftovers[what].stop, callback, left->now[what]);
    else
        nt_raise(leftovers[what].status, 4, parameters);
}

void tp_verify_end(void)
{
    struct nt_leftovers left;
    struct nt_watched callback;
    struct nt_line line;

    if (!nt_watch_end(&callback, &left))
        return;
    for (enum nt_leftover what = 0; what < NT_LEFTOVERS; what++) {
        if (!(left.found & 1u << what))
            continue;
        begin_about(&line, &callback);
        nt_line_put(&line, "returned ");
        put_change(&line, what, &left);
        nt_line_put(&line, "; ");
        nt_line_put(&line, leftovers[what].advice);
        tell(&line);
        raise_leftover(&callback, what, &left);
        nt_watch_restore(what, &left);
    }
}

void tp_verify_thread_ends(void)
{
    struct nt_watched callback;
    struct nt_line line;
    bool in_callback = nt_watch_current(&callback);

    nt_watch_thread_ends();
    sched_thread_ends(); /* first: a loader that swallows the exception does not come back here */
    if (!in_callback)
        return;
    begin_about(&line, &callback);
    nt_line_put(&line, "ended its thread, which belongs to the pool; return instead");
    tell(&line);
    stop(0x704, &callback, 0);
}

/* ---- objects --------------------------------------------------------------------------------------------- */

/* "a timer that was closed", by the address and the tag alone. */
static void put_object(struct nt_line *line, const void *object)
{
    enum slab_kind kind = slab_kind_of(object);

    nt_line_put_hex(line, (uintptr_t)object);
    if (!object)
        return;
    if (kind == SLAB_FOREIGN || !object_kinds[kind]) {
        nt_line_put(line, ", which is no object of the thread pool");
        return;
    }
    uint32_t tag = atomic_load_explicit(&((const struct slab_item *)object)->tag, memory_order_relaxed);
    nt_line_put(line, ", a ");
    nt_line_put(line, object_kinds[kind]);
    if (tag != SLAB_TAG(kind, SLAB_LIVE))
        nt_line_put(line, " that was closed");
}

static void put_where(struct nt_line *line)
{
    struct nt_watched callback;
    const void *caller = nt_caller();

    if (caller) {
        nt_line_put(line, ", at ");
        put_code(line, caller);
    }
    if (!nt_watch_current(&callback))
        return;
    nt_line_put(line, ", in the ");
    nt_line_put(line, callback.kind);
    nt_line_put(line, " ");
    put_code(line, callback.code);
}

void tp_verify_bad_object(const char *function, enum slab_kind kind, const void *object)
{
    struct nt_line line;

    nt_line_begin(&line, "verifier: ");
    nt_line_put(&line, function);
    nt_line_put(&line, " wants a ");
    nt_line_put(&line, object_kinds[kind] ? object_kinds[kind] : "callback instance");
    nt_line_put(&line, " and was given ");
    put_object(&line, object);
    put_where(&line);
    tell(&line);
}

void tp_verify_wait(const char *function, struct sched_task *task)
{
    struct sched_worker *worker = sched_worker_current();
    struct nt_watched callback;
    struct nt_line line;

    if (!worker || worker->in_hand != task || worker->has_detached || !nt_watch_current(&callback))
        return;
    const uintptr_t parameters[] = {(uintptr_t)callback.code, (uintptr_t)callback.context, (uintptr_t)task};
    begin_about(&line, &callback);
    nt_line_put(&line, "waits for itself in ");
    nt_line_put(&line, function);
    nt_line_put(&line, ", which cannot end");
    tell(&line);
    nt_raise(NT_POSSIBLE_DEADLOCK, 3, parameters);
}

void tp_verify_group_in_use(const void *group)
{
    const uintptr_t parameters[] = {0, (uintptr_t)group};
    struct nt_line line;

    nt_line_begin(&line, "verifier: the cleanup group ");
    nt_line_put_hex(&line, (uintptr_t)group);
    nt_line_put(&line, " was closed while it has members; call CloseThreadpoolCleanupGroupMembers first");
    put_where(&line);
    tell(&line);
    nt_raise(NT_VERIFIER_STOP, 2, parameters);
}

void tp_verify_not_given_back(const char *what, const void *object)
{
    struct nt_watched callback;
    struct nt_line line;

    if (!nt_watch_current(&callback))
        return;
    begin_about(&line, &callback);
    nt_line_put(&line, "asked to ");
    nt_line_put(&line, what);
    nt_line_put(&line, " ");
    nt_line_put_hex(&line, (uintptr_t)object);
    nt_line_put(&line, " when it returns, which cannot be done: it is not its own, or no such thing");
    tell(&line);
}
