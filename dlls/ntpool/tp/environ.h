// SPDX-License-Identifier: MIT
/*
 * Reading a callback environment. It is read once, when an object is created (ENV-006), and never kept.
 */
#ifndef NTPOOL_TP_ENVIRON_H
#define NTPOOL_TP_ENVIRON_H

#include "tp/object.h"

struct tp_settings {
    struct sched_pool *pool; /* entered: the reader owns one use */
    struct tp_group *group;
    struct tp_capture *capture; /* owned by the reader; NULL when there is nothing to keep */
    enum sched_priority priority;
    bool is_long;
    bool persistent;
};

/** Whom an object with this environment belongs to. */
enum tp_home {
    TP_OURS,
    TP_SYSTEMS, /* its pool or group is the system's, and nothing in it is ours */
    TP_MIXED    /* one is ours and one is not: cannot be served */
};
enum tp_home tp_environ_home(const struct tp_environ *environ);

/** NT_INVALID_PARAMETER for a bad environment, NT_NO_MEMORY. On success the settings are the caller's to give back. */
nt_status tp_environ_read(const struct tp_environ *environ, struct tp_settings *settings);
void tp_settings_release(struct tp_settings *settings);

void tp_capture_free(struct tp_capture *capture);

#endif
