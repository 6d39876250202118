// SPDX-License-Identifier: MIT
#include "stress.h"

#define PATIENCE 120000 // ms

uint32_t random_below(struct actor *actor, uint32_t bound)
{
    actor->random ^= actor->random << 13;
    actor->random ^= actor->random >> 7;
    actor->random ^= actor->random << 17;
    return (uint32_t)(actor->random >> 32) % bound;
}

bool chance(struct actor *actor, uint32_t percent)
{
    return random_below(actor, 100) < percent;
}

void model_enter(struct model *model)
{
    count_up(&model->inside);
    require(!counted(&model->over), "a callback ran after its object was through");
    count_up(&model->ran);
}

void model_leave(struct model *model)
{
    InterlockedDecrement(&model->inside);
}

void model_complete(struct model *model, const char *what)
{
    LONG ran = counted(&model->ran), inside = counted(&model->inside);
    require(ran == model->posted, "%s: %ld posts, %ld callbacks", what, model->posted, ran);
    require(inside == 0, "%s: %ld callbacks still run after the wait", what, inside);
}

void model_awaited(struct model *model, const char *what)
{
    require(wait_until(counted(&model->ran) == model->posted && counted(&model->inside) == 0, PATIENCE),
            "%s: %ld posts, %ld callbacks", what, model->posted, counted(&model->ran));
}

void model_cancelled(struct model *model, const char *what)
{
    LONG ran = counted(&model->ran), inside = counted(&model->inside);
    require(ran <= model->posted, "%s: %ld posts, %ld callbacks", what, model->posted, ran);
    require(inside == 0, "%s: %ld callbacks still run after the wait", what, inside);
    model->posted = ran;
}

TP_CALLBACK_ENVIRON_V3 any_environment(struct actor *actor)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(chance(actor, 50) ? actor->pool : NULL);
    environment.CallbackPriority = (TP_CALLBACK_PRIORITY)random_below(actor, 3);
    environment.u.s.LongFunction = chance(actor, 10);
    return environment;
}
