/* courier_health: what a courier does about what it has written down, besides delivering: a
 * membership whose inbox is gone ends, by a control entry like any other change of a member; what
 * will not be delivered is counted, and what is gone from the journal is said.
 *
 * May not know: what was sent, or what was answered. */
#include "common/io/log.h"
#include "relay/courier_inner.h"
#include "relay/membership.h"
#include "relay/meters.h"

/* Logged by the membership. What failed is asked for again: the scheduler says so as long as the
 * host answers 410. */
static void on_ended(void *arg, enum err err, const struct member *member)
{
    (void)arg;
    (void)err;
    (void)member;
}

static void end_members(struct courier *c, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        if (delta->list[i].kind != CHANGE_ENDED)
            continue;
        struct membership_ask ask = {.host = span_of(delta->list[i].host), .event = EVENT_GONE};
        membership_change(c->context, &ask, on_ended, NULL);
    }
}

/* Somebody was to have it, and never will: the journal was trimmed before. */
static void tell_gap(const struct change *change)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_WARN, "gap");
    log_str(&l, "host", change->host);
    log_int(&l, "after", (int64_t)change->from);
    log_int(&l, "n", (int64_t)change->to);
    log_str(&l, "code", err_code(change->why));
    log_end(&l);
}

static void tell_undelivered(const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *change = &delta->list[i];
        if (change->kind != CHANGE_FAIL && change->kind != CHANGE_SKIP &&
            change->kind != CHANGE_CUT)
            continue;
        metric_add(METER_UNDELIVERED, change->why, 1);
        if (change->why == ERR_GAP)
            tell_gap(change);
    }
}

void courier_written(struct courier *c)
{
    tell_undelivered(&c->delta);
    end_members(c, &c->delta);
    schedule_committed(c->schedule, &c->delta);
}
