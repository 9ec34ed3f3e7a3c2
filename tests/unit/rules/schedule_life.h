/* schedule_life: one life of the courier in the model test: what it loads, what it is told, and its
 * end, at any moment. */
#pragma once

#include "schedule_oracle.h"

enum { MINUTE = 60 * 1000 };

static const struct schedule_limits limits = {
    .in_flight = IN_FLIGHT,
    .host_window = AT_ONCE,
    .window = 12,
    .shards = SHARDS,
    .owned = UINT64_MAX,
    .advance_ms = 2000,
    .judge = {.backoff_ms = 1000,
              .backoff_most_ms = 3600 * 1000,
              .retry_after_most_ms = 6 * 3600 * 1000,
              .horizon_ms = 3 * 3600 * 1000,
              .aside_ms = MINUTE,
              .aside_most_ms = 30 * MINUTE,
              .aside_after = AFTER},
};

/* --- telling --------------------------------------------------------------------------------- */

static inline void hide_inboxes(const struct world *w, struct member *m)
{
    for (int i = 0; i < SLOTS; i++) {
        struct member_inbox *inbox = &m->inboxes[i];
        bool used = inbox->url[0];
        if (w->mutation == MUTATION_SLOTS_HIDDEN && i)
            *inbox = (struct member_inbox){.from = 0};
        if (w->mutation == (used ? MUTATION_FROM_HIDDEN : MUTATION_FREED_HIDDEN))
            inbox->from = 0;
        if (w->mutation == MUTATION_STYLE_HIDDEN)
            inbox->style = STYLE_PUBLIC;
    }
}

/* The record as the scheduler is given it. */
static inline void know(struct world *w, int host, const struct member *m, struct member *ret)
{
    if (m->ver >= w->known[host].ver) {
        w->known[host] = *m;
        for (int i = 0; i < SLOTS; i++)
            hear(w, host, m->inboxes[i].from);
    }
    *ret = *m;
    hide_inboxes(w, ret);
    if (w->mutation == MUTATION_SPANS_IGNORED && ret->spans_n) {
        ret->spans_n = 1;
        ret->spans[0] = (struct member_span){.from = 0, .to = MEMBER_SPAN_OPEN};
        memcpy(ret->spans[0].zone, ret->zone, sizeof(ret->zone));
        for (int i = 0; i < SLOTS; i++)
            ret->inboxes[i].from = 0;
    }
    if (w->mutation == MUTATION_ZONE_IGNORED && ret->spans_n)
        memcpy(ret->zone, ret->spans[0].zone, sizeof(ret->zone));
}

static inline void tell_letter(struct world *w, uint64_t n)
{
    const struct item *item = &w->items[n];
    struct direct d = {.n = n,
                       .at_ms = w->now,
                       .host = span_of(host_name(item->host)),
                       .inbox = span_of(item->url),
                       .kind = span_of(item->mail),
                       .body = SPAN("{}")};
    if (w->mutation == MUTATION_KIND_HIDDEN)
        d.kind = SPAN("reject");
    snprintf(d.id, sizeof(d.id), "%llu", NUMBER(n));
    if (!item->settled)
        schedule_direct(w->schedule, &d);
}

/* What it had before it is given up, as far as this life knows. */
static inline void note_had(struct world *w, const struct item *control, uint64_t n)
{
    for (int s = 0; s < SLOTS && IS_OURS(w, control->host); s++)
        for (uint64_t e = 1; e < n; e++) {
            struct fate *f = &w->fates[control->host][s][e];
            f->had = f->had || (f->done && f->last_acked && f->ended == n);
        }
}

static inline void tell_control(struct world *w, const struct item *item, uint64_t n)
{
    struct member *m = mem_new(sizeof(*m));
    if (w->mutation != MUTATION_CONTROL_LOST || n % 4) {
        know(w, item->host, item->after, m);
        note_had(w, item, n);
        schedule_control(w->schedule, n, m, item->cuts && w->mutation != MUTATION_CUTS_UNTOLD);
        w->not_before[item->host] = 0; /* a (re)join ends a back-off */
        hear(w, item->host, n);
    }
    free(m);
}

/* What it was before is no order any more once a commit has passed it. The list of what is set
 * aside has room for certain where no more than so much can be in it. */
static inline void permit_retry(struct world *w, const struct item *item, uint64_t n)
{
    const struct member *m = &w->known[item->host];
    bool place = m->state == MEMBER_ACTIVE || m->state == MEMBER_SUSPENDED;
    unsigned waiting = 0;
    for (int s = 0; s < SLOTS; s++)
        for (uint64_t e = 1; e <= w->told; e++) {
            const struct fate *f = &w->fates[item->host][s][e];
            bool unsettled = (f->owed || f->may) && !(f->acked || f->failed || f->noted);
            waiting += f->retried || (unsettled && may_come_later(w, item->host, s, e));
        }
    for (int s = 0; s < SLOTS; s++) {
        struct fate *f = &w->fates[item->host][s][item->of];
        f->ordered = true;
        if (!place || !m->inboxes[s].url[0] || m->inboxes[s].from >= item->of || item->of >= n)
            continue;
        f->permitted = f->retried = true;
        f->done = false;
        if (f->failed && item->of > w->floor && waiting + SLOTS <= CURSOR_ASIDE_MAX)
            f->retry_due = (unsigned short)n;
    }
}

static inline void tell_order(struct world *w, const struct item *item, uint64_t n)
{
    struct span host = span_of(host_name(item->host));
    uint64_t orders = w->own[item->host] ? w->redis[item->host].orders : 0;
    bool fresh =
        IS_OURS(w, item->host) && !item->carried && n > redis_low(w, item->host) && n > orders;
    if (fresh && !item->drops && item->host < MEMBERS)
        permit_retry(w, item, n);
    if (item->drops && w->mutation != MUTATION_DROP_UNTOLD)
        schedule_order(w->schedule, n, ORDER_DROP, host, item->of);
    if (!item->drops && w->mutation != MUTATION_RETRY_UNTOLD)
        schedule_order(w->schedule, n, ORDER_RETRY, host, item->of);
}

static inline void crash(struct world *w);

/* The next number: direct mail or a line, in one order. */
static inline void tell(struct world *w)
{
    if (w->told == w->newest)
        return;
    uint64_t n = ++w->told;
    const struct item *item = &w->items[n];
    if (item->kind == ITEM_LETTER) {
        if (n > w->mail_told && w->mutation != MUTATION_MAIL_LATE)
            tell_letter(w, n);
        if (w->mutation == MUTATION_MAIL_LATE && draw(w, 2))
            tell_letter(w, n);
        return;
    }
    if (n <= w->floor)
        return;
    if (item->previous > w->told_line && (w->followed || item->previous > w->loaded)) {
        crash(w); /* a change of a member may be missing that was not loaded either */
        return;
    }
    if (item->previous > w->told_line && w->mutation != MUTATION_MISSING_HIDDEN)
        schedule_floor(w->schedule, LANE_NORMAL, item->previous);
    w->told_line = n;
    w->followed = true;
    if (item->kind == ITEM_ENTRY) {
        if (w->mutation == MUTATION_OBJECT_HIDDEN)
            item->entry->object = SPAN_NONE;
        schedule_entry(w->schedule, item->entry);
        for (int h = 0; h < HOSTS; h++) /* who posts shows that it lives */
            if (span_eq_str(item->entry->origin, host_name(h)))
                w->not_before[h] = 0;
    } else if (item->kind == ITEM_CONTROL) {
        tell_control(w, item, n);
    } else if (item->kind == ITEM_ORDER) {
        tell_order(w, item, n);
    } else {
        schedule_awake(w->schedule, span_of(host_name(item->host)));
        w->not_before[item->host] = 0;
    }
}

/* --- a courier's life ------------------------------------------------------------------------ */

static inline void load_members(struct world *w)
{
    struct member *m = mem_new(sizeof(*m));
    for (int h = 0; h < MEMBERS; h++) {
        bool gone =
            w->registry[h].state != MEMBER_ACTIVE && w->registry[h].state != MEMBER_SUSPENDED;
        if (!w->exists[h] || (gone && w->mutation == MUTATION_GONE_UNLOADED))
            continue;
        know(w, h, &w->registry[h], m);
        schedule_load_member(w->schedule, m);
    }
    free(m);
}

/* As it lies in Redis, but for what a mutation takes away. */
static inline void load_cursor(struct world *w, int host)
{
    struct cursor c;
    cursor_copy(&w->redis[host], &c);
    for (size_t i = 0; i < c.parts_n; i++) {
        struct cursor_part *part = &c.parts[i];
        if (w->mutation == (part->done ? MUTATION_DONE_LOST : MUTATION_TRIES_LOST)) {
            cursor_part_take(&c, part->n, part->slot);
            i--;
        } else if (w->mutation == MUTATION_DONE_SHIFTED && part->done) {
            part->n++;
        }
    }
    if (w->mutation == MUTATION_SHUT_LOST)
        c.shut = 0;
    if (w->mutation == MUTATION_ORDERS_FORGOTTEN)
        c.orders = 0;
    for (size_t i = 0; i < c.aside_n; i++) {
        if (w->mutation == MUTATION_OBJECT_LOST)
            c.aside[i].object = 0;
        if (w->mutation == MUTATION_ASIDE_MIXED)
            c.aside[i].slot = (c.aside[i].slot + 1) % 2;
    }
    if (w->mutation == MUTATION_ASIDE_UNLOADED)
        cursor_fini(&c);
    schedule_load_cursor(w->schedule, span_of(host_name(host)), &c);
    cursor_fini(&c);
}

static inline void load_shards(struct world *w)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        uint64_t low = w->low[i];
        if (w->mutation == MUTATION_LOW_AHEAD && low && low < w->newest)
            low++;
        if (w->mutation == MUTATION_OWNED_LATE)
            low = w->low_before[i];
        schedule_load_shard(w->schedule, i, low, low == w->low[i] ? w->urgent[i] : low);
    }
    for (int h = 0; h < HOSTS && w->mutation != MUTATION_OWN_FORGOTTEN; h++)
        if (w->own[h])
            load_cursor(w, h);
}

/* What the oracle knows of a life alone, it forgets with it. */
static inline void begin_life(struct world *w)
{
    memset(w->known, 0, sizeof(w->known));
    memset(w->not_before, 0, sizeof(w->not_before));
    memset(w->failed, 0, sizeof(w->failed));
    memset(w->heard, 0, sizeof(w->heard));
    memcpy(w->shut, w->redis_shut, sizeof(w->shut));
    for (int h = 0; h < HOSTS; h++)
        for (int s = 0; s <= SLOTS; s++)
            for (uint64_t n = 1; n <= w->newest; n++) {
                struct fate *f = &w->fates[h][s][n];
                f->late_due = f->done = f->permitted = f->ordered = f->had = false;
                f->tries = 0;
            }
    w->owned = w->resting || draw(w, 3) ? (1U << SHARDS) - 1 : (unsigned)draw(w, 1U << SHARDS);
    w->tally.foreign += w->owned != (1U << SHARDS) - 1;
}

static inline void start(struct world *w)
{
    uint64_t lowest = UINT64_MAX;
    struct schedule_limits ours = limits;
    begin_life(w);
    ours.owned = w->mutation == MUTATION_OWNED_IGNORED ? UINT64_MAX : w->owned;
    if (w->mutation == MUTATION_WINDOW_HIDDEN)
        ours.host_window = 1000;
    w->schedule = schedule_new(&ours);
    if (draw(w, 2)) {
        load_members(w);
        load_shards(w);
    } else {
        load_shards(w);
        load_members(w);
    }
    w->told = schedule_loaded(w->schedule);
    for (unsigned i = 0; i < SHARDS; i++)
        if (w->owned >> i & 1 && w->low[i] < lowest)
            lowest = w->low[i];
    if (w->mutation == MUTATION_NONE && w->told != lowest)
        BROKEN(w, "is to be read from %llu, not %llu", NUMBER(w->told), NUMBER(lowest));
    if (w->told > w->newest)
        w->told = w->newest; /* nothing is ours */
    w->told_line = w->told;
    w->mail_told = w->loaded = w->newest;
    w->followed = false;
    for (uint64_t n = 1; n <= w->newest; n++)
        if (w->items[n].kind == ITEM_LETTER)
            tell_letter(w, n);
}

static inline void stop(struct world *w)
{
    for (int h = 0; h < HOSTS; h++)
        for (int i = 0; i < AT_ONCE; i++) {
            struct flight *f = &w->flights[h][i];
            if (f->out && draw(w, 2))
                arrive(w, h, &f->attempt);
            entry_unref(&f->attempt.entry);
            f->out = false;
        }
    delta_free(&w->delta);
    w->delta_out = w->page_out = false;
    schedule_free(&w->schedule);
}
