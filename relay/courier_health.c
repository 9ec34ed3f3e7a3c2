/* courier_health: what a courier does about what it has written down, besides delivering: a
 * membership whose inbox is gone ends, by a control entry like any other change of a member; the
 * actors of one whose inbox may have moved are looked at again; what will not be delivered is
 * counted, and what is gone from the journal is said.
 *
 * Owns the looks that are under way: they are about members, not about what it holds, and outlive a
 * new beginning of it.
 *
 * May not know: what was sent, or what was answered. */
#include <stdlib.h>
#include <string.h>

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

static void looking_free(struct looking *looking)
{
    struct courier *c = looking->courier;
    DL_DELETE(c->looks, looking);
    c->looks_n--;
    free(looking);
}

static void on_looked(void *arg)
{
    looking_free(arg);
}

static bool looks_at(const struct courier *c, const char *host)
{
    const struct looking *looking;
    DL_FOREACH(c->looks, looking)
    {
        if (strcmp(looking->host, host) == 0)
            return true;
    }
    return false;
}

/* The schedule asks at most once an hour for each host, and again in the next hour while there is
 * reason to: who has to wait for room is not forgotten. */
static void look_again(struct courier *c, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *change = &delta->list[i];
        if (change->kind != CHANGE_LOOK || c->looks_n == COURIER_LOOKS || looks_at(c, change->host))
            continue;
        const struct look_ask ask = {.host = span_of(change->host),
                                     .lost = change->why == ERR_INBOX_LOST};
        struct looking *looking = mem_new(sizeof(*looking));
        looking->courier = c;
        span_copy(ask.host, looking->host, sizeof(looking->host));
        DL_APPEND(c->looks, looking);
        c->looks_n++;
        looking->look = look_new(c->context, &ask, on_looked, looking);
    }
}

void courier_blink(struct courier *c)
{
    struct looking *next;
    for (struct looking *looking = c->looks; looking; looking = next) {
        next = looking->next;
        look_cancel(&looking->look);
        looking_free(looking);
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
    look_again(c, &c->delta);
    schedule_committed(c->schedule, &c->delta);
}
