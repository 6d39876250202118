// SPDX-License-Identifier: MIT
#include "internal.h"

static _Thread_local struct ground_catcher *innermost;
static _Atomic(ground_raise_handler *) last_handler;

void ground_catcher_enter(struct ground_catcher *catcher)
{
    catcher->code = NT_SUCCESS;
    catcher->count = 0;
    catcher->outer = innermost;
    innermost = catcher;
}

void ground_catcher_leave(struct ground_catcher *catcher)
{
    innermost = catcher->outer;
}

void ground_set_raise_handler(ground_raise_handler *handler)
{
    atomic_store(&last_handler, handler);
}

void nt_raise(nt_status code, unsigned count, const uintptr_t *parameters)
{
    struct ground_catcher *catcher = innermost;

    if (catcher != NULL) {
        catcher->code = code;
        catcher->count = count;
        for (unsigned i = 0; i < count && i < 4; i++) {
            catcher->parameters[i] = parameters[i];
        }
        longjmp(catcher->back, 1);
    }
    ground_raise_handler *handler = atomic_load(&last_handler);
    if (handler == NULL || !handler(code, count, parameters)) {
        ground_broken("status %08x was raised and nobody expected it", (unsigned)code);
    }
}
