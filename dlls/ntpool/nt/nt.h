// SPDX-License-Identifier: MIT
/*
 * The ground: every operating-system primitive that the rest of ntpool uses, each with its contract.
 * Two implementations: nt/windows (shipped) and tests/unit/posix (the native test build). This header
 * includes no operating-system header, so what stands on it compiles anywhere.
 *
 * Units: times and durations are in 100 ns. A deadline is an absolute value of nt_time_now().
 * No function here touches the calling thread's last error, but for those that run foreign code.
 */
#ifndef NTPOOL_NT_NT_H
#define NTPOOL_NT_NT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__i386__) && defined(_WIN32)
#define NT_CALL __attribute__((stdcall))
#else
#define NT_CALL
#endif

#define nt_likely(condition)                __builtin_expect(!!(condition), 1)
#define nt_unlikely(condition)              __builtin_expect(!!(condition), 0)
#define nt_container(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

typedef int32_t nt_status;
typedef void *nt_handle;

#define NT_SUCCESS                        ((nt_status)0x00000000)
#define NT_TIMEOUT                        ((nt_status)0x00000102)
#define NT_PENDING                        ((nt_status)0x00000103)
#define NT_INVALID_HANDLE                 ((nt_status)0xC0000008)
#define NT_INVALID_PARAMETER              ((nt_status)0xC000000D)
#define NT_NO_MEMORY                      ((nt_status)0xC0000017)
#define NT_ACCESS_DENIED                  ((nt_status)0xC0000022)
#define NT_OBJECT_TYPE_MISMATCH           ((nt_status)0xC0000024)
#define NT_INSUFFICIENT_RESOURCES         ((nt_status)0xC000009A)
#define NT_NOT_SUPPORTED                  ((nt_status)0xC00000BB)
#define NT_INVALID_PARAMETER_1            ((nt_status)0xC00000EF)
#define NT_INVALID_PARAMETER_3            ((nt_status)0xC00000F1)
#define NT_TOO_MANY_THREADS               ((nt_status)0xC0000129)
#define NT_THREADPOOL_HANDLE_EXCEPTION    ((nt_status)0xC000070A)
#define NT_THREADPOOL_SET_EVENT_FAILED    ((nt_status)0xC000070B)
#define NT_THREADPOOL_SEMAPHORE_FAILED    ((nt_status)0xC000070C)
#define NT_THREADPOOL_MUTEX_FAILED        ((nt_status)0xC000070D)
#define NT_THREADPOOL_FREE_LIBRARY_FAILED ((nt_status)0xC000070E)
#define NT_THREADPOOL_RELEASED            ((nt_status)0xC000070F)
#define NT_POSSIBLE_DEADLOCK              ((nt_status)0xC0000194)
#define NT_RESOURCE_NOT_OWNED             ((nt_status)0xC0000264)
#define NT_VERIFIER_STOP                  ((nt_status)0xC0000421)
#define NT_CALLBACK_RETURNED_TOKEN        ((nt_status)0xC0000710)
#define NT_CALLBACK_RETURNED_PRIORITY     ((nt_status)0xC000071B)
#define NT_CALLBACK_RETURNED_TRANSACTION  ((nt_status)0xC000071D)
#define NT_CALLBACK_RETURNED_LOADER_LOCK  ((nt_status)0xC000071E)
#define NT_CALLBACK_RETURNED_LANGUAGES    ((nt_status)0xC000071F)
#define NT_CALLBACK_RETURNED_BACKGROUND   ((nt_status)0xC0000720)
#define NT_CALLBACK_RETURNED_AFFINITY     ((nt_status)0xC0000721)

#define NT_FOREVER     UINT64_MAX
#define NT_MILLISECOND UINT64_C(10000)
#define NT_SECOND      UINT64_C(10000000)

#define NT_CURRENT_PROCESS ((nt_handle)(intptr_t)-1)

/* ---- process -------------------------------------------------------------------------------- */

/** Probes the host. Called once, before anything else, from the loader's attach notification. */
void nt_initialize(void *module);

/** True once the process is being torn down: every other thread is gone, maybe while it held a lock. */
bool nt_process_is_exiting(void);

/** How many processors this process may use; at least 1. */
unsigned nt_processor_count(void);

/**
 * Processor time that a thread of this process has used so far, in steps of nt_cpu_time_step(). False: it is gone.
 * Costs some system calls.
 */
bool nt_thread_cpu_time(uint32_t thread, uint64_t *time);

/**
 * Time that the processors which this process may use stood idle, added up, each in steps of nt_cpu_time_step(). 0
 * where the host does not tell. Time that a processor waits for a disk, or that a virtual one is not there, is not
 * idle.
 */
uint64_t nt_system_idle_time(void);

/** How coarse these clocks are; 10 to 16 ms. */
uint64_t nt_cpu_time_step(void);

/**
 * Keeps this DLL mapped for the life of the process. Enters the loader, so it is called while the loader calls us:
 * later, a thread that waits for us may hold the loader's lock.
 */
void nt_pin_module(void);

/** The size of the first thread's stack, as the program's image asks for it. */
struct nt_stack_size {
    size_t reserve;
    size_t commit;
};
struct nt_stack_size nt_default_stack_size(void);

/* ---- memory --------------------------------------------------------------------------------- */

/** Reserves size bytes of address space at a multiple of alignment (a power of two). NULL: no room. */
void *nt_memory_reserve(size_t size, size_t alignment);
/** Makes pages inside a reservation usable; they read as zero. */
bool nt_memory_commit(void *address, size_t size);
/** Gives the pages back, keeps the addresses. */
void nt_memory_decommit(void *address, size_t size);
/** Gives a whole reservation back. */
void nt_memory_release(void *address, size_t size);

/* ---- time ----------------------------------------------------------------------------------- */

/** Monotonic time that stands still while the system sleeps. */
uint64_t nt_time_now(void);
/** The system clock: UTC since 1601. Follows every change of the clock. */
uint64_t nt_system_time(void);

static inline void nt_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

/** Lets another ready thread run. */
void nt_thread_yield(void);

/* ---- threads -------------------------------------------------------------------------------- */

typedef void nt_thread_main(void *argument);

/**
 * Starts a thread and lets go of it: main(argument), then the thread ends. stack may be NULL for the
 * program's default. Fails with the system's status; nothing has happened then.
 */
nt_status nt_thread_start(nt_thread_main *main, void *argument, const struct nt_stack_size *stack);

/** The calling thread's system-wide id. Never 0. */
uint32_t nt_thread_id(void);

/**
 * True: the thread of this process that had this id is no more. False also where the host does not tell, and when
 * another has the id now. Costs some system calls.
 */
bool nt_thread_is_gone(uint32_t thread);

/** True when the calling thread started I/O that its end would abort. False where the host cannot tell. */
bool nt_thread_has_pending_io(void);

/**
 * Gives back the unused part of the calling thread's stack, for threads that run no user code, and
 * takes it again before the thread ends (thread-detach notifications are user code).
 */
void nt_thread_trim_stack(void);
void nt_thread_restore_stack(void);

/* ---- parking -------------------------------------------------------------------------------- */

/**
 * A binary token for one thread. Only the thread that made it parks on it; anyone unparks it.
 * An unpark before the park is not lost; two are one. What was written before nt_unpark is seen after
 * the nt_park that took the token (release/acquire on the token).
 * The parker may be reused or go out of scope as soon as nt_park has returned true.
 */
struct nt_parker {
    _Atomic uint32_t token;
    uint32_t thread;
};

void nt_parker_init(struct nt_parker *parker);
/** True: the token was taken. False: the deadline passed and there was no token. */
bool nt_park(struct nt_parker *parker, uint64_t deadline);
void nt_unpark(struct nt_parker *parker);
/** Like nt_park with NT_FOREVER, but user APCs queued to the thread run meanwhile. */
void nt_park_alertable(struct nt_parker *parker, nt_handle wake_event);
/** Unparks a thread that may be inside nt_park_alertable. */
void nt_unpark_alertable(struct nt_parker *parker, nt_handle wake_event);

/* ---- waitable objects ----------------------------------------------------------------------- */

/** The most handles nt_wait_any takes. */
#define NT_WAIT_MAXIMUM 64

nt_status nt_event_create(nt_handle *event, bool manual_reset);
nt_status nt_event_set(nt_handle event);
/**
 * Sets an auto-reset event for a thread in nt_wait_any. True: such a thread has taken it, and so waits for none of its
 * other handles any more, whether or not it has come to run yet. False: none did, and the event is not set now, even
 * if it was before. Two threads at once must not hand over one event: each could take what the other has set.
 */
bool nt_event_hand_over(nt_handle event);
nt_status nt_handle_close(nt_handle handle);

/** What GetStdHandle gives for handle if it is one of the STD_..._HANDLE values, else handle itself (WAITLEG-025). */
nt_handle nt_handle_resolve_standard(nt_handle handle);

/**
 * Makes a reference of our own to what handle names, fit for waiting. Fails with NT_INVALID_HANDLE for no
 * such handle, NT_OBJECT_TYPE_MISMATCH for what cannot be waited for, NT_ACCESS_DENIED without SYNCHRONIZE,
 * and NT_INVALID_PARAMETER_3 for a mutex, which only its owner could release (WAIT-024 to 026).
 */
nt_status nt_handle_open_for_wait(nt_handle handle, nt_handle *own);

/**
 * Waits until one of count handles is signalled, consumes that signal and returns its index, or NT_TIMEOUT,
 * or a failure. The lowest signalled index wins. deadline 0 polls.
 */
nt_status nt_wait_any(unsigned count, const nt_handle *handles, uint64_t deadline);

/* ---- I/O completion port -------------------------------------------------------------------- */

struct nt_completion {
    uint64_t key;
    void *context; /* the OVERLAPPED or APC context of the operation */
    nt_status status;
    uintptr_t information;
};

nt_status nt_port_create(nt_handle *port);
/** Binds a file to the port for good; key comes back with each completion. */
nt_status nt_port_bind(nt_handle port, nt_handle file, uint64_t key);
/** Takes one completion, waits for it as long as it takes. */
nt_status nt_port_remove(nt_handle port, struct nt_completion *completion);

/* ---- what callbacks leave behind ------------------------------------------------------------- */

nt_status nt_semaphore_release(nt_handle semaphore, uint32_t count);
nt_status nt_mutex_release(nt_handle mutex);
/** False, and nothing done, when the calling thread does not own it. */
bool nt_critical_section_leave(void *critical_section);
nt_status nt_library_add_reference(void *module);
/** Like nt_library_add_reference, but NT_PENDING, and nothing done, when the loader is busy in another thread. */
nt_status nt_library_try_add_reference(void *module);
nt_status nt_library_release(void *module);

/** The activation context active on this thread, with a reference; NULL for none. */
void *nt_activation_context_capture(void);
void nt_activation_context_add_reference(void *context);
void nt_activation_context_release(void *context);
/** Activates context (NULL: none) on this thread; the cookie undoes it. False: could not. */
bool nt_activation_context_enter(void *context, uintptr_t *cookie);
void nt_activation_context_leave(uintptr_t cookie);

/**
 * A thread starts with its creator's activation context. nt_activation_base puts an empty one on top, and remembers it;
 * nt_activation_is_base tells, without a call, whether it is on top now; nt_activation_reset drops what was left above.
 */
struct nt_activation_base {
    uintptr_t cookie;
    const void *frame;
};
void nt_activation_base(struct nt_activation_base *base);
bool nt_activation_is_base(const struct nt_activation_base *base);
void nt_activation_reset(struct nt_activation_base *base);

/** The calling thread's base priority relative to its process, 0 for normal. Costs a system call. */
int nt_thread_priority(void);
void nt_thread_set_priority(int priority);
bool nt_loader_lock_is_held(void);
/** True when the thread is known to impersonate, as far as that can be told without a system call. */
bool nt_thread_is_impersonating(void);
/** A duplicate of the calling thread's impersonation token, or NULL when it does not impersonate. */
nt_status nt_token_capture(nt_handle *token);
/** Impersonates token on the calling thread; NULL reverts. */
nt_status nt_token_impersonate(nt_handle token);

/** Raises a status in the calling thread. Returns only if a handler chose to continue. */
void nt_raise(nt_status code, unsigned count, const uintptr_t *parameters);

/** A function of the system's own ntdll, never one that we redirected; NULL when there is none. */
void *nt_system_function(const char *name);

/** The Win32 error for a status, as RtlNtStatusToDosError gives it. */
uint32_t nt_status_to_win32(nt_status status);

/* ---- watching callbacks, for the verifier ------------------------------------------------------ */

/** What a callback can leave behind on its thread. */
enum nt_leftover {
    NT_LEFT_BACKGROUND,
    NT_LEFT_PRIORITY,
    NT_LEFT_AFFINITY,
    NT_LEFT_TOKEN,
    NT_LEFT_TRANSACTION,
    NT_LEFT_LANGUAGES,
    NT_LEFT_APARTMENT,
    NT_LEFT_WINDOW,
    NT_LEFT_MESSAGE,
    NT_LEFT_SECTION,
    NT_LEFT_MUTEX,
    NT_LEFTOVERS
};

/** A callback in progress. kind is a text that stays. */
struct nt_watched {
    const char *kind;
    const void *code;
    const void *context;
};

/** found has a bit for each nt_leftover; values tell what was before and what is now, or which one is left. */
struct nt_leftovers {
    uint32_t found;
    uintptr_t before[NT_LEFTOVERS];
    uintptr_t now[NT_LEFTOVERS];
};

/** Gets ready to watch callbacks. From the loader's attach notification. */
void nt_watch_initialize(void);
/**
 * The calling thread begins a callback: notes the thread's state, and from here on what locks the module of the
 * callback takes. Costs system calls, takes no lock of the system's.
 */
void nt_watch_begin(const struct nt_watched *callback);
/**
 * The callback has returned. What it left, as far as the host tells; while the loader is busy in another thread, not
 * what COM and the window system know. False: the thread was not watched.
 */
bool nt_watch_end(struct nt_watched *callback, struct nt_leftovers *left);
/** The watched callback that the calling thread is in. False: none. */
bool nt_watch_current(struct nt_watched *callback);
/** Puts back what can be put back. */
void nt_watch_restore(enum nt_leftover what, const struct nt_leftovers *left);
/** Forgets the calling thread, which is about to end. */
void nt_watch_thread_ends(void);

/** The file name of the module that code lies in, as UTF-8, and the offset in it; 0 when it lies in none. */
size_t nt_module_of(const void *code, char *name, size_t size, uintptr_t *offset);
/** Where this DLL was called from; NULL when that cannot be told. */
const void *nt_caller(void);

/* ---- the environment and the log -------------------------------------------------------------- */

/** Reads an environment variable as UTF-8 into buffer; the length, or 0 when it is unset or too long. */
size_t nt_environment(const char *name, char *buffer, size_t size);
/** The program's file name without its folder, as UTF-8. */
size_t nt_program_name(char *buffer, size_t size);
/** True when this DLL was loaded from the system directory: a prefix's replacement. */
bool nt_module_is_system(void);
uint32_t nt_process_id(void);
/** True when NTPOOL_NT=baseline asked for every fallback. */
bool nt_is_baseline(void);

/** Appends text to path ("stderr" for the standard error) in one write. Takes no lock of ours, allocates nothing. */
void nt_append(const char *path, const char *text, size_t length);

#endif
