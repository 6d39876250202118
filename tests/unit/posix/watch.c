// SPDX-License-Identifier: MIT
/* Watching callbacks: of what a callback leaves behind, the priority and the token are known here. */
#include "internal.h"

static _Thread_local struct nt_watched watched;
static _Thread_local bool in_callback;
static _Thread_local int priority_before;

void nt_watch_initialize(void)
{
}

static bool has_token(void)
{
    nt_handle token = NULL;

    if (nt_token_capture(&token) < 0 || token == NULL) {
        return false;
    }
    nt_handle_close(token);
    return true;
}

void nt_watch_begin(const struct nt_watched *callback)
{
    watched = *callback;
    priority_before = nt_thread_priority();
    in_callback = true;
}

bool nt_watch_end(struct nt_watched *callback, struct nt_leftovers *left)
{
    if (!in_callback) {
        return false;
    }
    in_callback = false;
    *callback = watched;
    *left = (struct nt_leftovers){.found = 0};
    left->before[NT_LEFT_PRIORITY] = (uintptr_t)(intptr_t)priority_before;
    left->now[NT_LEFT_PRIORITY] = (uintptr_t)(intptr_t)nt_thread_priority();
    if (left->now[NT_LEFT_PRIORITY] != left->before[NT_LEFT_PRIORITY]) {
        left->found |= 1u << NT_LEFT_PRIORITY;
    }
    if (has_token()) {
        left->found |= 1u << NT_LEFT_TOKEN;
    }
    return true;
}

bool nt_watch_current(struct nt_watched *callback)
{
    if (in_callback) {
        *callback = watched;
    }
    return in_callback;
}

void nt_watch_restore(enum nt_leftover what, const struct nt_leftovers *left)
{
    if (what == NT_LEFT_PRIORITY) {
        nt_thread_set_priority((int)(intptr_t)left->before[NT_LEFT_PRIORITY]);
    } else if (what == NT_LEFT_TOKEN) {
        nt_token_impersonate(NULL);
    }
}

void nt_watch_thread_ends(void)
{
    in_callback = false;
}

size_t nt_module_of(const void *code, char *name, size_t size, uintptr_t *offset)
{
    (void)code;
    *offset = 0;
    if (size > 0) {
        name[0] = '\0';
    }
    return 0;
}

const void *nt_caller(void)
{
    return NULL;
}
