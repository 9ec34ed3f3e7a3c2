/* courier_health: what a courier does about the health of a host besides delivering: a membership
 * whose inbox is gone ends, by a control entry like any other change of a member.
 *
 * May not know: what was sent, or what was answered. */
#include "relay/courier_inner.h"
#include "relay/membership.h"

/* Logged by the membership. What failed is asked for again: the scheduler says so as long as the
 * host answers 410. */
static void on_ended(void *arg, enum err err, const struct member *member)
{
    (void)arg;
    (void)err;
    (void)member;
}

void courier_end_members(struct courier *c, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        if (delta->list[i].kind != CHANGE_ENDED)
            continue;
        struct membership_ask ask = {.host = span_of(delta->list[i].host), .event = EVENT_GONE};
        membership_change(c->context, &ask, on_ended, NULL);
    }
}
