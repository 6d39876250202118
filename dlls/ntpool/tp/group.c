// SPDX-License-Identifier: MIT
#include "tp/group.h"
#include "tp/system.h"
#include "tp/verifier.h"

struct tp_group {
    struct slab_item item;
    struct sched_lock lock; /* guards the rest, and each member's links, membership and closed_by_owner */
    bool is_closed;         /* goes when it is not used any more */
    uint32_t closers;       /* group closes under way */
    struct tp_object *members;
};

static struct slab_cache groups = {.kind = SLAB_GROUP, .size = SLAB_SIZE_OF(struct tp_group)};

nt_status tp_group_create(struct tp_group **group)
{
    struct tp_group *created = slab_alloc(&groups);

    if (!created)
        return NT_NO_MEMORY;
    *group = created;
    return NT_SUCCESS;
}

/* Lets go of the lock, and of the group if it was closed and nobody uses it any more. */
static void unlock_and_settle(struct tp_group *group)
{
    bool goes = group->is_closed && !group->members && !group->closers;

    sched_lock_release(&group->lock);
    if (goes)
        slab_free(&groups, group);
}

/* Others than simple callbacks, which leave by themselves. */
static bool has_lasting_members(struct tp_group *group)
{
    struct tp_object *member;

    sched_lock_acquire(&group->lock);
    for (member = group->members; member; member = member->next)
        if (member->task.class->counter != TP_COUNT_SIMPLE)
            break;
    sched_lock_release(&group->lock);
    return member != NULL;
}

/* A simple callback leaves its group a moment after its own code is through, so a program may rightly find its group
 * empty when it is not quite: the group then goes with its last member. */
void tp_group_close(struct tp_group *group)
{
    TP_OURS_OR_RETURN(group, SLAB_GROUP, "TpReleaseCleanupGroup", (void *), group);
    if (nt_process_is_exiting())
        return;
    if (nt_unlikely(tp_verifying) && has_lasting_members(group))
        tp_verify_group_in_use(group);
    sched_lock_acquire(&group->lock);
    group->is_closed = true;
    atomic_store_explicit(&group->item.tag, SLAB_TAG(SLAB_GROUP, SLAB_CLOSED), memory_order_release);
    unlock_and_settle(group);
}

/* ---- membership ------------------------------------------------------------------------------------ */

void tp_group_join(struct tp_group *group, struct tp_object *object)
{
    object->group = group;
    sched_lock_acquire(&group->lock);
    object->membership = TP_MEMBER;
    object->before = NULL;
    object->next = group->members;
    if (object->next)
        object->next->before = object;
    group->members = object;
    sched_lock_release(&group->lock);
}

bool tp_group_leave(struct tp_object *object)
{
    struct tp_group *group = object->group;

    if (!group)
        return true;
    sched_lock_acquire(&group->lock);
    bool leaves = object->membership == TP_MEMBER;
    if (leaves) {
        if (object->before)
            object->before->next = object->next;
        else
            group->members = object->next;
        if (object->next)
            object->next->before = object->before;
        object->membership = TP_NO_MEMBER;
    } else {
        object->closed_by_owner = true;
    }
    unlock_and_settle(group);
    return leaves;
}

/* ---- closing the members ----------------------------------------------------------------------------- */

/* From here on nobody else frees a member: each is held. Owners that close one tell us through closed_by_owner. */
static struct tp_object *take_over(struct tp_group *group)
{
    sched_lock_acquire(&group->lock);
    struct tp_object *taken = group->members;
    group->members = NULL;
    group->closers++;
    for (struct tp_object *object = taken; object; object = object->next) {
        object->membership = TP_LEAVING;
        sched_hold(&object->task);
    }
    sched_lock_release(&group->lock);
    return taken;
}

static bool was_closed_by_owner(struct tp_group *group, struct tp_object *object)
{
    sched_lock_acquire(&group->lock);
    bool closed = object->closed_by_owner;
    sched_lock_release(&group->lock);
    return closed;
}

/* A simple callback that was running, or has run, is no longer there to be cancelled (SIMP-007, SIMP-008). */
static bool wants_cancel_callback(struct tp_group *group, struct tp_object *object)
{
    if (!object->capture || !object->capture->cancel || was_closed_by_owner(group, object))
        return false;
    return object->task.class->counter != TP_COUNT_SIMPLE || object->was_pending;
}

/* While one member's callback runs it may use any other, so none is closed before all are quiet. A callback may post a
 * member that was looked at already and then end before its own is looked at: that shows in the next round. */
static void wait_until_all_are_quiet(struct tp_object *members)
{
    for (int quiet_rounds = 0; quiet_rounds < 2; quiet_rounds++) {
        for (struct tp_object *object = members; object; object = object->next) {
            if (!tp_object_is_outstanding(object))
                continue;
            tp_check_wait("TpReleaseCleanupGroupMembers", &object->task);
            tp_object_wait_all(object);
            sched_wait_quiet(&object->task);
            quiet_rounds = -1;
        }
    }
}

static void finish_member(struct tp_group *group, struct tp_object *object, bool cancel, void *cleanup_context)
{
    tp_object_close_task(object);
    if (cancel && wants_cancel_callback(group, object))
        object->capture->cancel(object->context, cleanup_context);
    tp_object_finalize_and_wait(object);
    sched_release(&object->task);
}

void tp_group_close_members(struct tp_group *group, bool cancel, void *cleanup_context)
{
    TP_OURS_OR_RETURN(group, SLAB_GROUP, "TpReleaseCleanupGroupMembers", (void *, int32_t, void *), group, cancel,
                      cleanup_context);
    if (nt_process_is_exiting()) {
        tp_raise_bad_object("TpReleaseCleanupGroupMembers", SLAB_GROUP, group);
        return;
    }
    struct tp_object *members = take_over(group);

    for (struct tp_object *object = members; object; object = object->next) {
        if (cancel)
            sched_refuse(&object->task, true);
        tp_object_quiesce(object);
        if (cancel)
            object->was_pending = tp_kind_of(object)->cancel(object) != 0;
    }
    wait_until_all_are_quiet(members);
    for (struct tp_object *object = members, *next; object; object = next) {
        next = object->next;
        finish_member(group, object, cancel, cleanup_context);
    }
    sched_lock_acquire(&group->lock);
    group->closers--;
    unlock_and_settle(group);
}
