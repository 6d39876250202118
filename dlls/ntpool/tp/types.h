// SPDX-License-Identifier: MIT
/*
 * The public types of the thread pool, laid out as the Windows SDK lays them out (contract section 20), in a header of
 * our own, so that the objects compile where there is no windows.h.
 */
#ifndef NTPOOL_TP_TYPES_H
#define NTPOOL_TP_TYPES_H

#include "nt/nt.h"

struct tp_pool;
struct tp_group;
struct tp_instance;
struct tp_work;
struct tp_timer;
struct tp_wait;
struct tp_io;

typedef void NT_CALL tp_simple_callback(struct tp_instance *instance, void *context);
typedef void NT_CALL tp_work_callback(struct tp_instance *instance, void *context, struct tp_work *work);
typedef void NT_CALL tp_timer_callback(struct tp_instance *instance, void *context, struct tp_timer *timer);
typedef void NT_CALL tp_wait_callback(struct tp_instance *instance, void *context, struct tp_wait *wait,
                                      uint32_t result);
typedef void NT_CALL tp_cancel_callback(void *object_context, void *cleanup_context);
typedef uint32_t NT_CALL tp_work_item(void *context);
typedef void NT_CALL tp_wait_or_timer_callback(void *context, unsigned char timed_out);
typedef void NT_CALL tp_bound_io_callback(uint32_t error, uint32_t bytes, void *overlapped);

struct tp_io_status {
    uintptr_t status;
    uintptr_t information;
};

/* At NT level the result is an I/O status block, at Win32 level an error code and a byte count. */
typedef void NT_CALL tp_io_callback(struct tp_instance *instance, void *context, void *apc_context,
                                    struct tp_io_status *result, struct tp_io *io);
typedef void NT_CALL tp_win32_io_callback(struct tp_instance *instance, void *context, void *overlapped,
                                          uint32_t result, uintptr_t bytes, struct tp_io *io);

enum { TP_ENVIRON_LONG = 1, TP_ENVIRON_PERSISTENT = 2 };

/* TP_CALLBACK_ENVIRON: what follows flags is there from version 3 on only. */
struct tp_environ {
    uint32_t version;
    struct tp_pool *pool;
    struct tp_group *group;
    tp_cancel_callback *cancel;
    void *library;
    void *activation_context; /* NULL: the creator's; TP_NO_ACTIVATION_CONTEXT: none */
    tp_simple_callback *finalization;
    uint32_t flags;
    uint32_t priority;
    uint32_t size;
};

#define TP_NO_ACTIVATION_CONTEXT ((void *)(intptr_t)-1)

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct tp_environ, flags) == 56 && offsetof(struct tp_environ, priority) == 60 &&
                   sizeof(struct tp_environ) == 72,
               "TP_CALLBACK_ENVIRON");
#else
_Static_assert(offsetof(struct tp_environ, flags) == 28 && offsetof(struct tp_environ, priority) == 32 &&
                   sizeof(struct tp_environ) == 40,
               "TP_CALLBACK_ENVIRON");
#endif

struct tp_stack_information {
    size_t reserve;
    size_t commit;
};

enum { TP_WAIT_SIGNALLED = 0, TP_WAIT_TIMED_OUT = 258 };

/* Flags of the legacy calls (WT_...). */
enum {
    TP_EXECUTE_IN_IO_THREAD = 0x1,
    TP_EXECUTE_IN_WAIT_THREAD = 0x4,
    TP_EXECUTE_ONLY_ONCE = 0x8,
    TP_EXECUTE_LONG_FUNCTION = 0x10,
    TP_EXECUTE_IN_TIMER_THREAD = 0x20,
    TP_EXECUTE_IN_PERSISTENT_THREAD = 0x80,
    TP_TRANSFER_IMPERSONATION = 0x100
};

#endif
