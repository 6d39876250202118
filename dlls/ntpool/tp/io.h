// SPDX-License-Identifier: MIT
/* I/O objects (contract section 8) and bound files (section 18). */
#ifndef NTPOOL_TP_IO_H
#define NTPOOL_TP_IO_H

#include "tp/types.h"

/**
 * TpAllocIoCompletion: binds file to the process's completion port, for good. NT_INVALID_HANDLE, NT_INVALID_PARAMETER
 * for a file that is not open for overlapped I/O or is bound already, NT_NO_MEMORY.
 */
nt_status tp_io_create(struct tp_io **io, nt_handle file, tp_io_callback *callback, void *context,
                       const struct tp_environ *environ);
/** CreateThreadpoolIo: the same with a callback that gets a Win32 error and a byte count (IO-015 to 019). */
nt_status tp_io_create_win32(struct tp_io **io, nt_handle file, tp_win32_io_callback *callback, void *context,
                             const struct tp_environ *environ);
/** TpStartAsyncIoOperation: one completion will come. Cannot fail. */
void tp_io_start(struct tp_io *io);
/** TpCancelAsyncIoOperation: one completion less will come; one that comes all the same is ignored (IO-014). */
void tp_io_cancel(struct tp_io *io);
/** TpWaitForIoCompletion: for all started operations and their callbacks; cancel forgets them (IO-022, IO-023). */
void tp_io_wait(struct tp_io *io, bool cancel);
/** TpReleaseIoCompletion: stays until every started operation has completed (IO-030). */
void tp_io_close(struct tp_io *io);

/**
 * RtlSetIoCompletionCallback / BindIoCompletionCallback: every completion of file calls callback in the default pool.
 * win32 converts the status to a Win32 error. Errors as for tp_io_create.
 */
nt_status tp_bind_io(nt_handle file, tp_bound_io_callback *callback, bool win32);

#endif
