// SPDX-License-Identifier: MIT
#include "host.h"

/* What is active on a thread is the top of a list that its block points to, on Windows and Wine alike. */
static const void *active_frame(void)
{
    void *const *stack = ntdll_teb()->activation_stack;

    return stack ? *stack : NULL;
}

void *nt_activation_context_capture(void)
{
    HANDLE context = NULL;

    if (!active_frame())
        return NULL;
    return RtlGetActiveActivationContext(&context) < 0 ? NULL : context;
}

void nt_activation_context_add_reference(void *context)
{
    RtlAddRefActivationContext(context);
}

void nt_activation_context_release(void *context)
{
    RtlReleaseActivationContext(context);
}

bool nt_activation_context_enter(void *context, uintptr_t *cookie)
{
    ULONG_PTR value;

    if (RtlActivateActivationContext(0, context, &value) < 0)
        return false;
    *cookie = value;
    return true;
}

void nt_activation_context_leave(uintptr_t cookie)
{
    RtlDeactivateActivationContext(0, cookie);
}

void nt_activation_base(struct nt_activation_base *base)
{
    if (!nt_activation_context_enter(NULL, &base->cookie))
        base->cookie = 0;
    base->frame = active_frame();
}

bool nt_activation_is_base(const struct nt_activation_base *base)
{
    return active_frame() == base->frame;
}

void nt_activation_reset(struct nt_activation_base *base)
{
    if (!base->cookie)
        return;
    RtlDeactivateActivationContext(NTDLL_FORCE_EARLY_DEACTIVATION, base->cookie);
    nt_activation_base(base);
}
