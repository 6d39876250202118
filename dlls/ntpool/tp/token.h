// SPDX-License-Identifier: MIT
/* The security context that WT_TRANSFER_IMPERSONATION carries from the queueing thread to the callback (QUWI-009). */
#ifndef NTPOOL_TP_TOKEN_H
#define NTPOOL_TP_TOKEN_H

#include "tp/types.h"

/** The calling thread's token if the flags ask for it and it has one, else NULL. */
static inline nt_status tp_token_for_flags(uint32_t flags, nt_handle *token)
{
    *token = NULL;
    return flags & TP_TRANSFER_IMPERSONATION ? nt_token_capture(token) : NT_SUCCESS;
}

static inline void tp_token_enter(nt_handle token)
{
    if (nt_unlikely(token != NULL))
        nt_token_impersonate(token);
}

static inline void tp_token_leave(nt_handle token)
{
    if (nt_unlikely(token != NULL || nt_thread_is_impersonating()))
        nt_token_impersonate(NULL);
}

static inline void tp_token_free(nt_handle token)
{
    if (token)
        nt_handle_close(token);
}

#endif
