/* inbox_thread: where that went which an activity answers, for rules that ask whether it crossed.
 * States as drawn in inbox_inner.h.
 *
 * An answer may take the way back that its question came (policy_crossed()), and nobody has to tag
 * each answer. What was deleted or recalled since has crossed nothing. What is found is kept by
 * name, as a reload may replace the policy while the request waits.
 * May not know: signatures, keys, what the rules make of it. */
#include <stdlib.h>

#include "relay/inbox_inner.h"

static struct span answered(const struct inbox *in)
{
    static const struct facts_context nothing;
    struct facts facts;
    facts_init(&facts, &in->activity, &nothing);
    struct span id = facts_answered(&facts);
    facts_fini(&facts);
    return id;
}

bool inbox_must_look(const struct inbox *in)
{
    return !in->looked && policy_asks_crossed(&in->room->context->config->policy) &&
           answered(in).n > 0;
}

static void on_where(void *arg, enum err err, struct span owner, struct span audience)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->err = err;
    in->looked = true;
    bytes_clear(&in->thread);
    bytes_add(&in->thread, audience);
    span_copy(owner, in->thread_owner, sizeof(in->thread_owner));
    inbox_run(in);
}

enum step inbox_look(struct inbox *in)
{
    uint8_t hash[SHA256_SIZE];
    sha256(answered(in), hash);
    inbox_goto(in, INBOX_LOOKED);
    journal_where(in->room->context->store, hash, on_where, in);
    return STEP_WAIT;
}

enum step inbox_looked(struct inbox *in)
{
    return in->err == ERR_OK ? inbox_goto(in, INBOX_DECIDE)
                             : inbox_finish(in, ERR_UNAVAILABLE, NULL);
}

void inbox_crossed(const struct inbox *in, struct zone_set *ret)
{
    const struct policy *policy = &in->room->context->config->policy;
    policy_crossed(policy, placed_zone(in->placed, policy, span_of(in->thread_owner)),
                   bytes_span(&in->thread), in->zone, ret);
}
