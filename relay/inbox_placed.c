/* inbox_placed: zones of hosts that are mentioned or answered, where an operator chose them, for
 * rules that ask for these. States as drawn in inbox_inner.h.
 * May not know: signatures, keys, what the rules make of it. */
#include <stdlib.h>

#include "relay/inbox_inner.h"
#include "relay/store/members.h"

bool inbox_must_place(struct inbox *in)
{
    if (in->placed || !policy_asks_zones(&in->room->context->config->policy))
        return false;
    in->placed = mem_new(sizeof(*in->placed));
    placed_gather(&in->activity, span_of(in->thread_owner), in->placed);
    return in->placed->n > 0;
}

static void on_placed(void *arg, enum err err)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->err = err;
    inbox_run(in);
}

enum step inbox_place(struct inbox *in)
{
    inbox_goto(in, INBOX_PLACED);
    members_placed(in->room->context->store, in->placed, on_placed, in);
    return STEP_WAIT;
}

enum step inbox_placed(struct inbox *in)
{
    return in->err == ERR_OK ? inbox_goto(in, INBOX_DECIDE)
                             : inbox_finish(in, ERR_UNAVAILABLE, NULL);
}
