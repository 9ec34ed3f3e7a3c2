/* schedule_health: what an outcome says of the host, beside what it says of the entry: its
 * back-off, whether it is parked, gone or lost; and when it is us.
 *
 * A fault of ours, or what looks like one (suspect.h), counts against nobody: who met it rests for
 * a while. What was on its way together fails together: that counts as one
 * failure.
 *
 * May not know: entries, or how an attempt is made. */
#include <string.h>

#include "relay/rules/schedule_inner.h"

enum {
    LOCAL_MOST_MS = 60 * 1000,
    SPREAD_MS = 5 * 60 * 1000,
    SOON_MS = 1000,
    LOOK_MS = 3600 * 1000
};

static struct span host_of(const struct dest *d)
{
    return (struct span){d->host, d->host_n};
}

static int64_t later_of(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

int64_t dest_wake(const struct dest *d)
{
    return later_of(d->cursor.health.wake_ms, d->rest_ms);
}

/* --- it lives -------------------------------------------------------------------------------- */

void dest_lives(struct schedule *s, struct dest *d)
{
    health_lives(&d->cursor.health);
    d->rest_ms = 0;
    d->faults = 0;
    if (d->down_told) {
        record(s, d, &(struct change){.kind = CHANGE_UP});
        d->down_told = false;
    }
}

static void wake(struct schedule *s, struct dest *d)
{
    health_lives(&d->cursor.health);
    d->rest_ms = 0;
    d->faults = 0;
    dest_changed(s, d);
    if (d->state == DEST_ASLEEP)
        dest_goto(s, d, DEST_READY);
}

void dest_shows_life(struct schedule *s, const struct entry *entry)
{
    struct dest *d = dest_find(s, entry->origin);
    if (d && d->state == DEST_ASLEEP)
        wake(s, d);
}

void schedule_awake(struct schedule *s, struct span host)
{
    struct dest *d = dest_find(s, host);
    if (!d)
        return;
    d->down_told = false; /* whoever told us has forgotten that it was */
    wake(s, d);
}

/* --- it does not ----------------------------------------------------------------------------- */

/* fresh: no trouble was found since this attempt started. */
static void host_waits(struct schedule *s, struct dest *d, bool fresh, const struct outcome *o)
{
    struct health *h = &d->cursor.health;
    const struct judge_limits *limits = &s->limits.judge;
    if (!fresh) { /* but it may ask for more time now */
        if (o->j->wait_ms)
            h->wake_ms = later_of(h->wake_ms, o->now_ms + o->j->wait_ms);
        return;
    }
    int64_t before = h->wake_ms;
    health_failed(h, limits, o->j, o->now_ms, o->chance);
    h->wake_ms = later_of(h->wake_ms, before);
    if (d->faults) /* what was not counted made it no better */
        h->wake_ms = later_of(
            h->wake_ms, o->now_ms + judge_backoff(limits, h->failures + d->faults, o->chance));
    d->troubles++;
    d->won = 0;
    if (o->j->host_trouble) {
        d->behind = true;
        d->window = d->window > 1 ? d->window / 2 : 1;
    }
    if (!d->down_told) {
        record(s, d, &(struct change){.kind = CHANGE_DOWN});
        d->down_told = true;
    }
}

/* It is us: not counted. */
static void rests(struct schedule *s, struct dest *d, bool fresh, const struct outcome *o)
{
    const struct judge_limits *limits = &s->limits.judge;
    int64_t wait;
    if (!fresh)
        return;
    d->faults++;
    d->troubles++;
    if (o->j->local) {
        wait = judge_backoff(limits, d->faults, o->chance);
        wait = wait < LOCAL_MOST_MS ? wait : LOCAL_MOST_MS;
    } else {
        wait = suspect_wait(&s->suspect, host_of(d), limits, d->faults, o->chance);
    }
    d->rest_ms = later_of(d->rest_ms, o->now_ms + wait);
    if (!o->j->local) /* another courier is not to begin with all of them at once */
        d->cursor.health.wake_ms = later_of(d->cursor.health.wake_ms, d->rest_ms);
}

/* It was us, and is over: nobody has to wait long for that. */
static void trust_again(struct schedule *s, int64_t now_ms)
{
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        DL_FOREACH2(s->shards[i].dests, d, shard_next)
        {
            if (d->rest_ms <= now_ms)
                continue;
            int64_t until = now_ms + SOON_MS + (d->rest_ms - now_ms) % SPREAD_MS;
            if (d->cursor.health.wake_ms == d->rest_ms)
                d->cursor.health.wake_ms = until;
            d->rest_ms = until;
            dest_touch(s, d);
            if (d->state == DEST_ASLEEP)
                dest_wait(s, d, DEST_ASLEEP, dest_wake(d));
        }
    }
}

/* Whether we suspect ourselves, now that this was heard of a host. */
static bool suspects(struct schedule *s, const struct dest *d, const struct outcome *o)
{
    bool before = s->suspect.on;
    if (!o->j->local)
        suspect_note(&s->suspect, host_of(d), o->j->unreached, o->now_ms);
    if (before && !s->suspect.on)
        trust_again(s, o->now_ms);
    return s->suspect.on;
}

/* --- outcome --------------------------------------------------------------------------------- */

/* A member's inbox is gone. Told once; and again after a restart, as long as it says so. */
static void inbox_gone(struct schedule *s, struct dest *d, int64_t now_ms)
{
    if (!health_gone(&d->cursor.health, &s->limits.judge, now_ms) || d->end_told)
        return;
    record(s, d, &(struct change){.kind = CHANGE_ENDED});
    d->end_told = true;
}

/* Its actors are to be looked at again, unless that was asked for within the hour: the answer comes
 * as a change of the member, or not at all. */
static void look_again(struct schedule *s, struct dest *d, enum err why, int64_t now_ms)
{
    if (now_ms < d->look_ms)
        return;
    record(s, d, &(struct change){.kind = CHANGE_LOOK, .why = why});
    d->look_ms = now_ms + LOOK_MS;
}

/* It moved, or left and came back, while this was under way: the answer is of the inbox that it had
 * before. */
static bool is_of_before(const struct dest *d, const struct attempt *a)
{
    const struct slot *now = a->slot < d->slots_n ? &d->slots[a->slot] : NULL;
    return !now || !now->url || strcmp(now->url, a->inbox) != 0 || a->entry->n <= now->from;
}

/* What a member's inbox says of itself by its answer to an entry. */
static void inbox_said(struct schedule *s, struct dest *d, const struct outcome *o)
{
    struct health *h = &d->cursor.health;
    if (is_of_before(d, o->attempt))
        return;
    switch (o->status) {
    case 404:
        if (health_lost(h, &s->limits.judge, o->now_ms))
            look_again(s, d, ERR_INBOX_LOST, o->now_ms);
        break;
    case 410: inbox_gone(s, d, o->now_ms); break;
    default: /* it read that, and refused it */
        if (o->status >= 400 && o->status < 500)
            health_found(h);
        break;
    }
}

void host_outcome(struct schedule *s, struct dest *d, bool waits, bool fresh,
                  const struct outcome *o)
{
    const struct judgement *j = o->j;
    bool us = suspects(s, d, o);
    if (j->local || (us && j->unreached)) {
        rests(s, d, fresh, o);
        return;
    }
    if (waits)
        host_waits(s, d, fresh, o);
    else if (j->verdict != VERDICT_LATER && o->status && fresh)
        dest_lives(s, d);
    if (j->verdict == VERDICT_DELIVERED)
        health_delivered(&d->cursor.health);
    else if (d->subscribed && o->status >= 300 && o->status < 400)
        look_again(s, d, ERR_OK, o->now_ms);
    else if (d->subscribed && j->verdict == VERDICT_NEVER && o->attempt->slot != SLOT_MAIL)
        inbox_said(s, d, o);
}

/* --- the clock ------------------------------------------------------------------------------- */

static void move(int64_t *when_ms, int64_t by_ms)
{
    if (*when_ms)
        *when_ms = *when_ms + by_ms > 0 ? *when_ms + by_ms : 1;
}

void schedule_clock(struct schedule *s, int64_t by_ms)
{
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        struct dest *next;
        for (d = s->shards[i].dests; d; d = next) {
            struct letter *l;
            next = d->shard_next;
            move(&d->cursor.health.wake_ms, by_ms);
            move(&d->rest_ms, by_ms);
            move(&d->look_ms, by_ms);
            move(&d->cursor.health.lost_ms, by_ms);
            dest_touch(s, d);
            for (size_t k = 0; k < d->cursor.aside_n; k++)
                move(&d->cursor.aside[k].wake_ms, by_ms);
            DL_FOREACH(d->letters, l)
            {
                move(&l->wake_ms, by_ms);
            }
            if (d->wake.index)
                dest_settle(s, d);
        }
    }
}

/* What was written down may be from before the clock was set: no wait is longer than it can be. */
void look_at_loaded(struct schedule *s, int64_t now_ms)
{
    const struct judge_limits *limits = &s->limits.judge;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        struct dest *next;
        for (d = s->shards[i].dests; d; d = next) {
            struct health *h = &d->cursor.health;
            next = d->shard_next;
            dest_touch(s, d);
            bool wrong = h->wake_ms > now_ms + health_longest(h, limits);
            if (wrong)
                h->wake_ms = 0;
            for (size_t k = 0; k < d->cursor.aside_n; k++)
                if (d->cursor.aside[k].wake_ms > now_ms + limits->aside_most_ms)
                    d->cursor.aside[k].wake_ms = 0;
            if (wrong || d->state == DEST_READY) /* READY: what is behind is known only now */
                dest_settle(s, d);
        }
    }
}
