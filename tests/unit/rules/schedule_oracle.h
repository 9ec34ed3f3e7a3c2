/* schedule_oracle: watches the scheduler of the model test. It never asks it what it thinks: it
 * compares what was sent with what was owed when an entry got its number, and what Redis says with
 * what was answered. */
#pragma once

#include "schedule_world.h"

/* --- what is written down -------------------------------------------------------------------- */

#define EACH_SLOT(s, slot)                                                                         \
    for (int s = (slot) == SLOT_ALL ? 0 : (int)(slot);                                             \
         s < ((slot) == SLOT_ALL ? SLOTS : (int)(slot) + 1); s++)

static inline void check_cut(struct world *w, int host, const struct change *c,
                             const struct cursor *before)
{
    bool gap = c->why == ERR_GAP;
    uint64_t low = c->lanes == LANES_URGENT ? before->urgent : before->low;
    if (c->slot == SLOT_ALL && c->from < low)
        BROKEN(w, "%s: cut from %llu, but settled up to %llu", c->host, NUMBER(c->from),
               NUMBER(low));
    if (gap && c->to > w->floor)
        BROKEN(w, "%s: a gap up to %llu, but all is there behind %llu", c->host, NUMBER(c->to),
               NUMBER(w->floor));
    w->tally.gaps += gap;
    w->tally.cuts += !gap;
    w->tally.slot_cuts += !gap && c->slot != SLOT_ALL;
    for (uint64_t n = c->from + 1; n <= c->to; n++)
        EACH_SLOT(s, c->slot)
        {
            struct fate *f = &w->fates[host][s][n];
            if (w->items[n].kind != ITEM_ENTRY || !(c->lanes >> w->items[n].entry->lane & 1))
                continue;
            if (f->owed && !gap && !f->ended)
                BROKEN(w, "%s: %llu/%d cut without a reason", c->host, NUMBER(n), s);
            if (f->had)
                BROKEN(w, "%s: %llu/%d cut, but it has it", c->host, NUMBER(n), s);
            f->noted = true;
            f->retry_due = 0;
        }
}

static inline void check_skip(struct world *w, int host, const struct change *c)
{
    EACH_SLOT(s, c->slot)
    {
        struct fate *f = &w->fates[host][s][c->to];
        bool right = c->why == ERR_NO_RIGHT && w->zone_denied[host][c->to];
        bool form = c->why == ERR_NO_FORM && f->lenient;
        if (f->owed && !f->acked && !right && !form)
            BROKEN(w, "%s: %llu/%d skipped without a reason", c->host, NUMBER(c->to), s);
        f->noted |= w->mutation != MUTATION_SKIP_LOST;
        f->retry_due = 0;
    }
    w->tally.skips++;
}

static inline void check_retry(struct world *w, int host, const struct change *c)
{
    struct fate *f = &w->fates[host][c->slot][c->to];
    w->tally.retries++;
    if (w->mutation != MUTATION_RETRY_LOST)
        f->failed = false;
    for (uint64_t n = 1; n <= w->delta_told; n++)
        if (w->items[n].kind == ITEM_ORDER && !w->items[n].drops && w->items[n].host == host &&
            w->items[n].of == c->to)
            w->items[n].carried = true;
    if (!f->ordered)
        BROKEN(w, "%s: %llu/%u is tried again without an order", c->host, NUMBER(c->to), c->slot);
}

static inline void check_drop(struct world *w, int host, const struct change *c)
{
    bool ordered = false;
    w->tally.drops++;
    for (uint64_t n = 1; n <= w->delta_told; n++)
        if (w->items[n].kind == ITEM_ORDER && w->items[n].drops && w->items[n].host == host &&
            w->items[n].of == c->to)
            ordered = w->items[n].carried = true;
    if (!ordered)
        BROKEN(w, "%s: %llu is dropped without an order", c->host, NUMBER(c->to));
}

static inline void check_answered(struct world *w, int host, const struct change *c)
{
    struct fate *f = &w->fates[host][c->slot == SLOT_MAIL ? MAIL : (int)c->slot][c->to];
    if (c->kind == CHANGE_FAIL) {
        if (!f->refused)
            BROKEN(w, "%s: %llu/%u recorded as refused, but it was not", c->host, NUMBER(c->to),
                   c->slot);
        f->failed |= w->mutation != MUTATION_FAIL_LOST;
        w->tally.fails++;
        return;
    }
    if (!f->acked)
        BROKEN(w, "%s: %llu/%u recorded as late, but it was not delivered", c->host, NUMBER(c->to),
               c->slot);
    if (w->mutation != MUTATION_LATE_LOST)
        f->late_due = false;
    w->tally.lates++;
}

/* Through its text, as it would lie there. */
static inline void write_cursor(struct world *w, int host, const struct cursor *cursor)
{
    struct bytes text;
    struct cursor kept = *cursor;
    if (w->mutation == MUTATION_SHARD_ALONE)
        return;
    if (w->mutation == MUTATION_ASIDE_UNWRITTEN)
        kept.aside_n = 0;
    if (w->mutation == MUTATION_HIGHEST && kept.parts_n) {
        kept.low = kept.urgent = kept.parts[kept.parts_n - 1].n;
        kept.parts_n = 0;
    }
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(&kept, &text);
    cursor_fini(&w->redis[host]);
    if (!cursor_read(bytes_span(&text), &w->redis[host]))
        BROKEN(w, "%s: its cursor can't be read: %s", host_name(host), bytes_str(&text));
    w->own[host] = true;
    w->tally.asides += cursor->aside_n > 0;
    w->tally.aheads += cursor->parts_n > 0 && cursor->parts[cursor->parts_n - 1].done;
    if (cursor->parts_n > CURSOR_AHEAD_MAX)
        BROKEN(w, "%s: too much is known ahead", host_name(host));
    bytes_fini(&text);
}

static inline void apply_change(struct world *w, const struct change *c,
                                const struct cursor *before)
{
    int host = c->host ? host_index(c->host) : -1;
    if (!(w->owned >> c->shard & 1) || (host >= 0 && SHARD_OF(host) != c->shard))
        BROKEN(w, "shard %u is written, which is another's", c->shard);
    switch (c->kind) {
    case CHANGE_SHARD:
        if (c->cursor.low < w->low[c->shard])
            BROKEN(w, "shard %u goes back to %llu", c->shard, NUMBER(c->cursor.low));
        w->low_before[c->shard] = w->low[c->shard];
        w->low[c->shard] = c->cursor.low;
        w->urgent[c->shard] = c->cursor.urgent;
        break;
    case CHANGE_CURSOR:
        write_cursor(w, host, &c->cursor);
        w->redis_shut[host] = w->delta_shut[host];
        break;
    case CHANGE_FOLLOW:
        w->redis_shut[host] = w->delta_shut[host];
        if (w->mutation != MUTATION_FOLLOW_LOST) {
            w->own[host] = false;
            cursor_fini(&w->redis[host]);
        }
        break;
    case CHANGE_FAIL:
    case CHANGE_LATE: check_answered(w, host, c); break;
    case CHANGE_SKIP: check_skip(w, host, c); break;
    case CHANGE_CUT:
        if (w->mutation != MUTATION_CUT_LOST)
            check_cut(w, host, c, before);
        break;
    case CHANGE_RETRY: check_retry(w, host, c); break;
    case CHANGE_DROP: check_drop(w, host, c); break;
    case CHANGE_DIRECT: {
        uint64_t n = strtoull(c->id, NULL, 10);
        if (!w->fates[host][MAIL][n].acked && !w->fates[host][MAIL][n].failed)
            BROKEN(w, "%s: direct mail %llu settled, but nothing came of it", c->host, NUMBER(n));
        w->items[n].settled = w->mutation != MUTATION_DIRECT_LOST;
        break;
    }
    case CHANGE_ENDED:
    case CHANGE_LOOK:
    case CHANGE_DOWN:
    case CHANGE_UP: break;
    }
}

/* --- the passing rule: whatever Redis says is through was acknowledged, was never owed, or there
 * is a record of it -------------------------------------------------------------------------------
 */

static inline void check_through(struct world *w, int host, int slot, uint64_t n)
{
    const struct fate *f = &w->fates[host][slot][n];
    if (w->items[n].kind != ITEM_ENTRY || redis_aside(w, host, n, slot))
        return;
    if (f->owed && !f->lenient && !f->acked && !f->noted && !f->failed)
        BROKEN(w, "%s: %llu/%d passed, neither acknowledged nor recorded", host_name(host),
               NUMBER(n), slot);
    if (f->late_due)
        BROKEN(w, "%s: %llu/%d came late, and nothing says so", host_name(host), NUMBER(n), slot);
}

/* What is ordered before the cursor has come to it stays where it is. */
static inline void check_ordered(struct world *w, int host, int slot, uint64_t n)
{
    if (n <= redis_low(w, host) || redis_done(w, host, n, slot))
        check_through(w, host, slot, n);
}

/* before: its cursor as it was; retried: what lost its failures. */
static inline void check_passing(struct world *w, int host, const struct cursor *before)
{
    uint64_t low = redis_low(w, host);
    if (low < before->low)
        BROKEN(w, "%s: its cursor went back from %llu to %llu", host_name(host),
               NUMBER(before->low), NUMBER(low));
    for (int s = 0; s < SLOTS; s++) {
        for (uint64_t n = before->low + 1; n <= low; n++)
            check_through(w, host, s, n);
    }
    for (size_t i = 0; w->own[host] && i < w->redis[host].parts_n; i++)
        if (w->redis[host].parts[i].done)
            check_through(w, host, (int)w->redis[host].parts[i].slot, w->redis[host].parts[i].n);
    for (size_t i = 0; i < before->aside_n; i++)
        check_ordered(w, host, (int)before->aside[i].slot, before->aside[i].n);
    for (size_t i = 0; i < w->delta.n; i++)
        if (w->delta.list[i].kind == CHANGE_RETRY && host_index(w->delta.list[i].host) == host)
            check_ordered(w, host, (int)w->delta.list[i].slot, w->delta.list[i].to);
}

static inline void apply_delta(struct world *w)
{
    struct cursor before[HOSTS];
    for (int h = 0; h < HOSTS; h++) {
        before[h] = (struct cursor){.low = w->low[SHARD_OF(h)], .urgent = w->urgent[SHARD_OF(h)]};
        if (w->own[h])
            cursor_copy(&w->redis[h], &before[h]);
    }
    for (size_t i = 0; i < w->delta.n; i++) {
        const struct change *c = &w->delta.list[i];
        apply_change(w, c, c->host ? &before[host_index(c->host)] : NULL);
    }
    for (int h = 0; h < HOSTS; h++) {
        if (h < MEMBERS)
            check_passing(w, h, &before[h]);
        cursor_fini(&before[h]);
    }
    w->tally.commits++;
}

/* --- attempts: may it be sent ---------------------------------------------------------------- */

static inline bool is_kind(const struct item *item, const char *kind)
{
    return strcmp(item->mail, kind) == 0;
}

/* An older letter that is not settled and has to go before this: before a letter to the same inbox,
 * or an Accept before any entry. */
static inline bool mail_waits(const struct world *w, int host, uint64_t before)
{
    const struct item *what = &w->items[before];
    for (uint64_t n = 1; n < before; n++) {
        const struct item *item = &w->items[n];
        const struct fate *f = &w->fates[host][MAIL][n];
        if (item->kind != ITEM_LETTER || item->host != host || f->acked || f->refused)
            continue;
        if (what->kind == ITEM_ENTRY ? is_kind(item, "accept")
                                     : strcmp(item->url, what->url) == 0 &&
                                           !(is_kind(item, "follow") && is_kind(what, "accept")))
            return true;
    }
    return false;
}

/* What came before it of the same object has to be settled, and what is written of it on disk. */
static inline void check_object(struct world *w, int host, int slot, uint64_t n)
{
    const struct fate *fates = w->fates[host][slot];
    for (uint64_t p = w->floor + 1; p < n && w->items[n].object; p++) {
        const struct fate *f = &fates[p];
        if (w->items[p].kind == ITEM_ENTRY && w->items[p].object == w->items[n].object && f->owed &&
            !f->lenient && !f->ended && !f->retried && !f->acked && !f->noted && !f->failed)
            BROKEN(w, "%s: %llu/%d is sent before %llu, which is of the same object",
                   host_name(host), NUMBER(n), slot, NUMBER(p));
    }
}

static inline void check_right(struct world *w, int host, const struct attempt *a)
{
    uint64_t n = a->entry->n;
    const struct fate *f = &w->fates[host][a->slot][n];
    const struct member *m = &w->known[host];
    if (!f->owed && !f->may)
        BROKEN(w, "%s: %llu/%u is not for it", a->host, NUMBER(n), a->slot);
    if (m->state != MEMBER_ACTIVE)
        BROKEN(w, "%s: %llu is sent, but it is no active member", a->host, NUMBER(n));
    if (!audience_has(a->entry->audience, m->zone))
        BROKEN(w, "%s: %llu is not for its zone of today", a->host, NUMBER(n));
    if (strcmp(m->inboxes[a->slot].url, a->inbox) != 0 || m->inboxes[a->slot].style != a->style)
        BROKEN(w, "%s: %llu/%u goes to another inbox, or in another style", a->host, NUMBER(n),
               a->slot);
    if (!has_form(a->entry, m->inboxes[a->slot].style))
        BROKEN(w, "%s: %llu/%u has no form there", a->host, NUMBER(n), a->slot);
    if (f->ended && f->ended <= w->told_line)
        BROKEN(w, "%s: %llu/%u is sent, but its right ended with %u", a->host, NUMBER(n), a->slot,
               f->ended);
    if (w->shut[host])
        BROKEN(w, "%s: %llu/%u is sent, but its Accept was refused", a->host, NUMBER(n), a->slot);
}

static inline void check_again(struct world *w, int host, const struct attempt *a)
{
    uint64_t n = a->entry->n;
    int slot = (int)a->slot;
    const struct fate *f = &w->fates[host][slot][n];
    bool through = n <= redis_low(w, host) || redis_done(w, host, n, slot);
    if (f->permitted)
        return;
    if (f->done || (through && !redis_aside(w, host, n, slot)))
        BROKEN(w, "%s: %llu/%d again, although that was settled", a->host, NUMBER(n), slot);
    unsigned tries = f->tries ? f->tries : redis_tries(w, host, n, slot);
    if (a->tries != tries + 1 && !f->may)
        BROKEN(w, "%s: %llu/%d is said to be attempt %u, but it is %u", a->host, NUMBER(n), slot,
               a->tries, tries + 1);
}

static inline unsigned flights_of(const struct world *w, int host)
{
    unsigned out = 0;
    for (int i = 0; i < AT_ONCE; i++)
        out += w->flights[host][i].out;
    return out;
}

static inline void check_attempt(struct world *w, int host, const struct attempt *a)
{
    uint64_t n = a->entry ? a->entry->n : a->direct->n;
    struct fate *f = &w->fates[host][a->entry ? (int)a->slot : MAIL][n];
    unsigned out = 0;
    unsigned beside = flights_of(w, host);
    for (int h = 0; h < HOSTS; h++)
        out += flights_of(w, h);
    w->events++;
    w->tally.attempts++;
    w->tally.beside += beside > 0;
    w->tally.repeats += f->arrived;
    w->tally.slots += a->entry && a->slot > 0;
    if (!IS_OURS(w, host))
        BROKEN(w, "%s: is another's", a->host);
    if (beside >= AT_ONCE || out >= IN_FLIGHT || (beside && !a->entry))
        BROKEN(w, "%s: too many at a time", a->host);
    if (w->now < w->not_before[host])
        BROKEN(w, "%s: tried during its back-off", a->host);
    if (mail_waits(w, host, n))
        BROKEN(w, "%s: %llu is sent before direct mail that waits", a->host, NUMBER(n));
    if (a->entry) {
        check_right(w, host, a);
        check_again(w, host, a);
        check_object(w, host, (int)a->slot, n);
    } else if (w->items[n].settled || !f->owed) {
        BROKEN(w, "%s: direct mail %llu again", a->host, NUMBER(n));
    }
    f->tries = (unsigned short)a->tries;
    f->retry_due = 0;
}

/* --- and what came of it --------------------------------------------------------------------- */

/* It may have been set aside, by itself or behind another of its object. */
static inline bool may_come_later(const struct world *w, int host, int slot, uint64_t n)
{
    const struct fate *fates = w->fates[host][slot];
    bool later = fates[n].own >= AFTER || fates[n].retried;
    for (uint64_t p = 1; p < n && !later && w->items[n].object; p++)
        later = w->items[p].kind == ITEM_ENTRY && w->items[p].object == w->items[n].object &&
                (fates[p].own >= AFTER || fates[p].retried);
    return later;
}

static inline void arrive(struct world *w, int host, const struct attempt *a)
{
    uint64_t n = a->entry ? a->entry->n : a->direct->n;
    int slot = a->entry ? (int)a->slot : MAIL;
    struct fate *f = &w->fates[host][slot][n];
    unsigned object = a->entry ? w->items[n].object : 0;
    uint64_t *newest = object ? &w->newest_first[host][slot][object] : NULL;
    if (newest && !f->arrived && !f->may && n < *newest && !may_come_later(w, host, slot, n))
        BROKEN(w, "%s: %llu/%d arrives for the first time after %llu", host_name(host), NUMBER(n),
               slot, NUMBER(*newest));
    if (newest && n > *newest)
        *newest = n;
    f->arrived = true;
}

static inline void hear(struct world *w, int host, uint64_t n)
{
    if (n > w->heard[host])
        w->heard[host] = n;
    if (w->heard[host] > w->shut[host])
        w->shut[host] = 0;
}

/* fresh: no failure was told since it started. */
static inline void answered(struct world *w, int host, const struct attempt *a, bool fresh,
                            const struct judgement *j, int status)
{
    uint64_t n = a->entry ? a->entry->n : a->direct->n;
    struct fate *f = &w->fates[host][a->entry ? (int)a->slot : MAIL][n];
    bool member = host < MEMBERS && w->known[host].state == MEMBER_ACTIVE;
    /* The back-off of who is no member is forgotten with its last letter. */
    if (j->host_trouble && member && (fresh || j->wait_ms))
        w->not_before[host] = w->now + 500;
    w->events++;
    if (j->host_trouble || j->verdict == VERDICT_LATER)
        w->failed[host] = w->events;
    if (j->verdict == VERDICT_LATER) {
        if (status && !j->host_trouble && f->own < AFTER)
            f->own++;
        return;
    }
    f->done = true;
    f->permitted = false;
    f->retry_due = 0; /* also by an attempt that was on its way */
    f->last_acked = j->verdict == VERDICT_DELIVERED;
    f->acked |= f->last_acked;
    f->refused |= !f->last_acked;
    f->late_due = a->entry && f->last_acked && a->tries > 1 && !f->ended;
    if (!a->entry && f->last_acked && is_kind(&w->items[n], "accept"))
        hear(w, host, n);
    if (!a->entry && !f->last_acked && is_kind(&w->items[n], "accept") && member &&
        w->known[host].followers_n == 1 && n > w->heard[host]) {
        w->shut[host] = n;
        w->tally.shuts++;
    }
}

/* --- at rest --------------------------------------------------------------------------------- */

static inline void check_inbox_end(struct world *w, int host, int slot, bool waits)
{
    for (uint64_t n = 1; n <= w->newest; n++) {
        const struct fate *f = &w->fates[host][slot][n];
        bool queued = waits && (n > redis_low(w, host) || redis_aside(w, host, n, slot));
        if (w->items[n].kind != ITEM_ENTRY || queued)
            continue;
        if (f->owed && !f->lenient && !f->acked && !f->noted && !f->failed)
            BROKEN(w, "%s: never got %llu/%d, and nothing says why", host_name(host), NUMBER(n),
                   slot);
        if (f->retry_due > w->floor && !f->ended)
            BROKEN(w, "%s: %llu/%d was to be tried again, and was not", host_name(host), NUMBER(n),
                   slot);
        if (f->failed && f->last_acked && !f->ended)
            BROKEN(w, "%s: %llu/%d was delivered, but is recorded as refused", host_name(host),
                   NUMBER(n), slot);
    }
}

static inline void check_end(struct world *w)
{
    for (uint64_t n = w->floor + 1; n <= w->newest; n++)
        if (w->items[n].kind == ITEM_ORDER && w->items[n].drops && !w->items[n].carried)
            BROKEN(w, "%s: that %llu is dropped was not written", host_name(w->items[n].host),
                   NUMBER(w->items[n].of));
    for (int h = 0; h < HOSTS; h++) {
        bool waits = h < MEMBERS && (w->registry[h].state == MEMBER_SUSPENDED || w->shut[h] > 0);
        if (w->own[h] && !waits && redis_low(w, h) <= w->low[SHARD_OF(h)])
            BROKEN(w, "%s: is at rest and keeps a cursor of its own", host_name(h));
        for (int s = 0; s < SLOTS; s++)
            check_inbox_end(w, h, s, waits);
        for (uint64_t n = 1; n <= w->newest; n++)
            if (w->items[n].kind == ITEM_LETTER && w->items[n].host == h && !w->items[n].settled)
                BROKEN(w, "%s: direct mail %llu stays", host_name(h), NUMBER(n));
    }
}
