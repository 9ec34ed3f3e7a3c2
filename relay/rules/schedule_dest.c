/* schedule_dest: one destination: its state, its cursor, what is owed to which of its inboxes.
 * States: see the drawing in schedule_inner.h; dest_wait() is the only one that writes them.
 *
 * May not know: who is sent what next. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/mark.h"
#include "relay/rules/schedule_inner.h"

/* --- life ------------------------------------------------------------------------------------ */

struct dest *dest_new(struct schedule *s, struct span host)
{
    struct dest *d = mem_new(sizeof(*d) + host.n + 1);
    memcpy(d->host, host.p, host.n);
    d->host_n = host.n;
    d->shard = shard_of(host, s->limits.shards);
    dest_place(d, s->shards[d->shard].low);
    d->cursor.urgent = s->shards[d->shard].urgent;
    d->window = 1;
    d->state = DEST_HELD;
    DL_APPEND(s->lists[DEST_HELD], d);
    s->counts[DEST_HELD]++;
    DL_APPEND2(s->shards[d->shard].dests, d, shard_prev, shard_next);
    stand_list(s, d);
    map_put(s->dests, host, d);
    return d;
}

/* Out of the list of its state, and out of the heap. */
static void unlist(struct schedule *s, struct dest *d)
{
    heap_remove(&s->sleepers, &d->wake);
    if (d->state == DEST_READY)
        share_unlist(s, d);
    else if (!kin_unlist(d))
        DL_DELETE(s->lists[d->state], d);
    s->counts[d->state]--;
}

void dest_free(struct schedule *s, struct dest *d)
{
    letters_free(d);
    unlist(s, d);
    heap_remove(&s->early, &d->early);
    stand_unlist(s, d);
    if (d->gone)
        DL_DELETE2(s->shards[d->shard].gone, d, gone_prev, gone_next);
    DL_DELETE2(s->shards[d->shard].dests, d, shard_prev, shard_next);
    map_take(s->dests, (struct span){d->host, d->host_n});
    for (size_t i = 0; i < d->slots_n; i++)
        free(d->slots[i].url);
    free(d->slots);
    free(d->spans);
    free(d->due);
    free(d->unsaved);
    while (d->flights)
        flight_end(s, d, d->flights);
    cursor_fini(&d->cursor);
    cursor_fini(&d->stored);
    free(d);
}

struct dest *dest_find(const struct schedule *s, struct span host)
{
    return map_get(s->dests, host);
}

/* --- state ----------------------------------------------------------------------------------- */

void dest_wait(struct schedule *s, struct dest *d, enum dest_state state, int64_t when_ms)
{
    dest_here(s, d);
    unlist(s, d);
    dest_touch(s, d);
    d->state = state;
    if (d->cursor.low >= s->position && !d->cursor.health.failures)
        d->behind = false;
    if (state == DEST_READY)
        share_list(s, d);
    else if (!kin_list(s, d))
        DL_APPEND(s->lists[state], d);
    s->counts[state]++;
    if (when_ms < INT64_MAX)
        heap_set(&s->sleepers, &d->wake, when_ms);
}

void dest_goto(struct schedule *s, struct dest *d, enum dest_state state)
{
    dest_wait(s, d, state, INT64_MAX);
}

void dest_settle(struct schedule *s, struct dest *d)
{
    bool wants = d->letters || d->subscribed || d->left_ms;
    if (wants && dest_wake(d))
        dest_wait(s, d, DEST_ASLEEP, dest_wake(d));
    else if (wants)
        dest_goto(s, d, DEST_READY);
    else if (d->known || d->flights)
        dest_goto(s, d, DEST_HELD);
    else
        dest_free(s, d);
}

void dest_look_again(struct schedule *s, struct dest *d)
{
    if (d->state != DEST_ASLEEP || !dest_wake(d))
        dest_settle(s, d);
}

/* --- its cursor, and what is owed to it ------------------------------------------------------ */

/* Who is idle has everything up to the position, wherever its cursor was last written. */
uint64_t dest_low(const struct schedule *s, const struct dest *d)
{
    return d->state == DEST_IDLE && s->position > d->cursor.low ? s->position : d->cursor.low;
}

void dest_here(const struct schedule *s, struct dest *d)
{
    uint64_t low = dest_low(s, d);
    urgent_pass(d, dest_urgent(s, d));
    if (low > d->cursor.low)
        dest_place(d, low);
}

uint64_t dest_owed_from(const struct dest *d, enum lane lane)
{
    uint64_t first = UINT64_MAX;
    uint64_t passed = lane == LANE_URGENT ? d->cursor.urgent : d->cursor.low;
    for (size_t i = 0; i < d->spans_n; i++) {
        const struct member_span *span = &d->spans[i];
        uint64_t from = span->from > passed ? span->from : passed;
        if (from < span->to && from < first)
            first = from;
    }
    if (lane == LANE_NORMAL || !d->left_ms || !d->spans_n || first < UINT64_MAX)
        return first;
    uint64_t left = d->spans[d->spans_n - 1].to;
    return left > passed ? left : passed;
}

void dest_skip(const struct schedule *s, struct dest *d)
{
    uint64_t owed = dest_owed_from(d, LANE_NORMAL);
    uint64_t start = owed < s->position ? owed : s->position;
    if (start > d->cursor.low)
        dest_pass(d, start);
}

bool dest_entitled(const struct dest *d, const struct entry *e)
{
    struct span host = {d->host, d->host_n};
    if (span_eq(e->origin, host) || span_eq(e->object_host, host))
        return false;
    if (e->lane == LANE_URGENT)
        return mark_reaches(e, d->spans, d->spans_n, d->left_ms);
    return member_spans_entitle(d->spans, d->spans_n, e->n, e->audience);
}

bool dest_zone_allows(const struct dest *d, const struct entry *e)
{
    return e->lane == LANE_URGENT || (d->receives && audience_has(e->audience, d->zone));
}

unsigned dest_slots(const struct dest *d, const struct entry *e)
{
    unsigned slots = 0;
    if (!dest_entitled(d, e))
        return 0;
    for (size_t i = 0; i < d->slots_n; i++) {
        const struct slot *slot = &d->slots[i];
        if (slot->url && e->n > slot->from && outgoing_form(&e->facts, slot->style) != FORM_NOTHING)
            slots |= 1U << i;
    }
    return slots;
}

/* --- cuts ------------------------------------------------------------------------------------ */

static void record_cut(struct schedule *s, const struct dest *d, unsigned lanes, unsigned slot,
                       uint64_t from, uint64_t to, enum err why)
{
    const struct change cut = {
        .kind = CHANGE_CUT, .lanes = lanes, .slot = slot, .from = from, .to = to, .why = why};
    if (from < to)
        record(s, d, &cut);
}

/* An order that set it aside did not know its lane. What is gone from one may be in the other; and
 * who leaves lane N may still be told what is in the other. Then it is found out before it is
 * settled. */
static bool aside_is_in(struct cursor_aside *aside, unsigned lanes, enum err why)
{
    bool known = aside->object || aside->lane == LANE_URGENT;
    if (known)
        return lanes >> aside->lane & 1;
    if (why != ERR_GAP)
        return lanes & LANES_URGENT;
    if (lanes == LANES_NORMAL)
        aside->lane = LANE_URGENT; /* there it may still be */
    return lanes == LANES_BOTH;
}

/* What was set aside up to n, for one inbox or SLOT_ALL. */
static void aside_cut(struct schedule *s, struct dest *d, unsigned lanes, unsigned slot, uint64_t n,
                      enum err why)
{
    size_t i = 0;
    while (i < d->cursor.aside_n && d->cursor.aside[i].n <= n) {
        struct cursor_aside *aside = &d->cursor.aside[i];
        if ((slot != SLOT_ALL && slot != aside->slot) || !aside_is_in(aside, lanes, why)) {
            i++;
            continue;
        }
        if (!aside->again) /* whichever lane it is in */
            record_cut(s, d, LANES_BOTH, aside->slot, aside->n - 1, aside->n, why);
        aside_take(d, aside);
        dest_changed(s, d);
    }
}

void slot_cut(struct schedule *s, struct dest *d, unsigned slot, uint64_t n, enum err why)
{
    const struct slot *now = slot < d->slots_n ? &d->slots[slot] : NULL;
    const struct cursor_head *h = &d->cursor.head;
    uint64_t least = now && now->url && now->from < n ? now->from : 0;
    uint64_t from = dest_owed_from(d, LANE_NORMAL);
    uint64_t urgent = dest_owed_from(d, LANE_URGENT);
    from = from > least ? from : least;
    urgent = urgent > least ? urgent : least;
    for (size_t i = 0; i < d->cursor.parts_n; i++) {
        const struct cursor_part *part = &d->cursor.parts[i];
        if (!part->done || part->slot != slot || part->n <= from || part->n > n)
            continue;
        record_cut(s, d, LANES_NORMAL, slot, from, part->n - 1, why);
        from = part->n;
    }
    if (h->n > urgent && h->done >> slot & 1)
        urgent = h->n;
    if (urgent > from && d->took <= from)
        urgent = from;
    bool both = from == urgent;
    record_cut(s, d, both ? LANES_BOTH : LANES_NORMAL, slot, from + 1 < n ? from : n, n, why);
    if (!both)
        record_cut(s, d, LANES_URGENT, slot, urgent + 1 < n ? urgent : n, n, why);
    aside_cut(s, d, LANES_BOTH, slot, n, why);
}

/* The inboxes that were in use when n got its number; where that is not known, also those that may
 * have been. */
static unsigned slots_at(const struct dest *d, const struct member *then, uint64_t n)
{
    unsigned slots = 0;
    for (unsigned i = 0; then && i < MEMBER_INBOXES_MAX; i++) {
        const struct member_inbox *inbox = &then->inboxes[i];
        slots |= (inbox->url[0] ? inbox->from < n : inbox->from >= n) ? 1U << i : 0;
    }
    for (unsigned i = 0; !then && i < d->slots_n; i++)
        slots |= d->slots[i].url || d->slots[i].from >= n ? 1U << i : 0;
    return slots;
}

/* Of entry n alone, for those inboxes that are not through with it. */
static void cut_rest(struct schedule *s, struct dest *d, unsigned lanes, uint64_t n, unsigned slots,
                     enum err why)
{
    for (unsigned i = 0; slots >> i; i++)
        if (slots >> i & 1)
            record_cut(s, d, lanes, i, n - 1, n, why);
}

/* Lane N, around what it has already, if not with all of its inboxes: from where the rest is to be
 * given up. */
static uint64_t cut_normal(struct schedule *s, struct dest *d, uint64_t n,
                           const struct member *then, enum err why)
{
    uint64_t from = dest_owed_from(d, LANE_NORMAL);
    for (size_t i = 0; i < d->cursor.parts_n && d->cursor.parts[i].n <= n; i++) {
        uint64_t at = d->cursor.parts[i].n;
        unsigned done = cursor_done(&d->cursor, at);
        if (!done || at <= from)
            continue;
        record_cut(s, d, LANES_NORMAL, SLOT_ALL, from, at - 1, why);
        cut_rest(s, d, LANES_NORMAL, at, slots_at(d, then, at) & ~done, why);
        from = at;
    }
    return from;
}

/* The same of lane U. */
static uint64_t cut_urgent(struct schedule *s, struct dest *d, uint64_t from, uint64_t n,
                           const struct member *then, enum err why)
{
    const struct cursor_head *h = &d->cursor.head;
    if (!h->done || h->n <= from || h->n > n)
        return from;
    record_cut(s, d, LANES_URGENT, SLOT_ALL, from, h->n - 1, why);
    cut_rest(s, d, LANES_URGENT, h->n, slots_at(d, then, h->n) & ~h->done, why);
    return h->n;
}

void dest_cut(struct schedule *s, struct dest *d, unsigned lanes, uint64_t n,
              const struct member *then, enum err why)
{
    uint64_t from = lanes & LANES_NORMAL ? cut_normal(s, d, n, then, why) : n;
    uint64_t urgent = n;
    if (lanes & LANES_URGENT)
        urgent = cut_urgent(s, d, dest_owed_from(d, LANE_URGENT), n, then, why);
    if (lanes == LANES_BOTH && urgent > from && d->took <= from) /* nothing lies between */
        urgent = from;
    bool both = lanes == LANES_BOTH && from == urgent;
    record_cut(s, d, both ? LANES_BOTH : LANES_NORMAL, SLOT_ALL, from, n, why);
    if (!both)
        record_cut(s, d, LANES_URGENT, SLOT_ALL, urgent, n, why);
    aside_cut(s, d, lanes, SLOT_ALL, n, why);
    if (lanes & LANES_URGENT && d->cursor.urgent < n) {
        urgent_pass(d, n);
        d->took = n;
    }
    if (lanes & LANES_NORMAL && d->cursor.low < n)
        dest_pass(d, n);
}

void dest_grace_over(struct schedule *s, struct dest *d, uint64_t n, const struct member *then,
                     enum err why)
{
    uint64_t from = cut_urgent(s, d, d->cursor.urgent, n, then, why);
    record_cut(s, d, LANES_URGENT, SLOT_ALL, from, n, why);
    aside_cut(s, d, LANES_URGENT, SLOT_ALL, n, why);
    if (d->cursor.urgent >= n) /* told once more, after a restart */
        return;
    urgent_pass(d, n);
    d->took = n;
}
