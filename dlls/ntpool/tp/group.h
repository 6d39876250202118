// SPDX-License-Identifier: MIT
/*
 * Cleanup groups: the members are what was created with the group in its environment and has not been closed.
 */
#ifndef NTPOOL_TP_GROUP_H
#define NTPOOL_TP_GROUP_H

#include "tp/object.h"

/** TpAllocCleanupGroup. NT_NO_MEMORY. */
nt_status tp_group_create(struct tp_group **group);
/** TpReleaseCleanupGroup: the group should be empty (CG-025); one that is not goes when its last member does. */
void tp_group_close(struct tp_group *group);
/**
 * TpReleaseCleanupGroupMembers: closes every member and waits for its callbacks; with cancel, queued ones are dropped
 * and each member's cancel callback is called here, on the calling thread (contract section 9). The group may be used
 * again. Raises NT_INVALID_PARAMETER while the process exits (CG-030).
 */
void tp_group_close_members(struct tp_group *group, bool cancel, void *cleanup_context);

/** A new object joins a group. */
void tp_group_join(struct tp_group *group, struct tp_object *object);
/** The object leaves, if it is a member still. False: a group close has taken it over, and now knows. */
bool tp_group_leave(struct tp_object *object);

#endif
