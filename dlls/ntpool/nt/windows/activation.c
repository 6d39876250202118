// SPDX-License-Identifier: MIT
#include "host.h"

void *nt_activation_context_capture(void)
{
    HANDLE context = NULL;

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
