/* schedule_ahead: what of lane N may go to a destination now, and what became of it.
 *
 * Behind the cursor, entries are looked at one after the other, as far as there is room for what is
 * to be known of them. Those that are for the destination are due until they are settled; the
 * cursor stands before the first that is. What was settled ahead of it is in the cursor's record
 * (ENGINE 1a). No entry is sent while an older one of its object is not settled: an older one that
 * could be sent would have been.
 *
 * May not know: other lanes, or what a status means. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_gate.h"
#include "relay/rules/schedule_inner.h"

/* --- the cursor ------------------------------------------------------------------------------ */

void dest_advance(struct dest *d)
{
    uint64_t low = d->due_n ? d->due[0].n - 1 : d->seen;
    if (low <= d->cursor.low)
        return;
    d->cursor.low = low;
    cursor_parts_pass(&d->cursor, low);
}

static void due_drop(struct dest *d, size_t i, size_t n)
{
    d->due_n -= n;
    memmove(&d->due[i], &d->due[i + n], (d->due_n - i) * sizeof(*d->due));
}

void dest_pass(struct dest *d, uint64_t n)
{
    size_t passed = 0;
    while (passed < d->due_n && d->due[passed].n <= n)
        passed++;
    if (passed)
        due_drop(d, 0, passed);
    if (d->seen < n)
        d->seen = n;
    dest_advance(d);
}

void dest_place(struct dest *d, uint64_t low)
{
    d->cursor.low = low;
    d->seen = low;
    d->due_n = 0;
}

/* --- what is due ----------------------------------------------------------------------------- */

/* Every attempt may leave a part in the record; what is due has its own reserved already. The first
 * one has room for certain: before it, nothing is known. */
static bool has_room(const struct dest *d)
{
    return !d->due_n || d->cursor.parts_n + (d->due_n + 1) * d->slots_n <= CURSOR_AHEAD_MAX;
}

static void due_add(struct dest *d, const struct entry *e, unsigned slots)
{
    if (d->due_n == d->due_cap) {
        d->due_cap = d->due_cap ? 2 * d->due_cap : 4;
        d->due = mem_grow(d->due, d->due_cap * sizeof(*d->due));
    }
    d->due[d->due_n++] = (struct due){.n = e->n, .object = object_hash(e), .slots = slots};
}

/* An inbox is through with it, of which nothing else will be recorded (fresh) or it is already.
 * What no inbox waits for any more is due no more. */
static void due_done(struct dest *d, size_t i, unsigned slot, bool fresh)
{
    struct due *due = &d->due[i];
    due->slots &= ~(1U << slot);
    bool all = !due->slots && !due->flying;
    if (!all || i > 0) {
        struct cursor_part *part = cursor_part_put(&d->cursor, due->n, slot);
        part->done = true;
        part->fresh = fresh;
        part->tried = (struct cursor_tried){0};
    }
    if (!all)
        return;
    due_drop(d, i, 1);
    dest_advance(d);
}

/* It is for none of the inboxes any more. */
static void due_end(struct dest *d, size_t i)
{
    due_drop(d, i, 1);
    dest_advance(d);
}

static unsigned lowest(unsigned slots)
{
    unsigned slot = 0;
    while (!(slots >> slot & 1))
        slot++;
    return slot;
}

/* The inboxes that it is not on its way to, and no other of its object either. */
static unsigned due_free(const struct dest *d, const struct due *due)
{
    unsigned slots = due->slots & ~due->flying;
    for (unsigned i = 0; slots >> i; i++)
        if ((slots >> i & 1) && object_busy(d, due->object, i))
            slots &= ~(1U << i);
    return slots;
}

/* It was its by right, and is not any more: passed, and that is said. */
static enum step due_skip(struct schedule *s, struct dest *d, size_t i, const struct entry *e)
{
    unsigned slots = d->due[i].slots & ~d->due[i].flying;
    size_t left = d->due_n - 1;
    bool all = !d->due[i].flying && !cursor_done(&d->cursor, e->n);
    if (all)
        skip(s, d, e, SLOT_ALL, ERR_NO_RIGHT);
    for (; slots; slots &= slots - 1) {
        if (!all)
            skip(s, d, e, lowest(slots), ERR_NO_RIGHT);
        due_done(d, i, lowest(slots), false);
    }
    return d->due_n == left ? STEP_GONE : STEP_ON;
}

/* Taken back, or replaced, for some of its inboxes: passed, and that is said. */
static bool due_marked(struct schedule *s, struct dest *d, size_t i, const struct entry *e)
{
    unsigned slots = e->marks_n ? d->due[i].slots & ~d->due[i].flying : 0;
    bool some = false;
    for (; slots; slots &= slots - 1) {
        unsigned slot = lowest(slots);
        enum err why = entry_marked(s, d, e, slot);
        if (why == ERR_OK)
            continue;
        if (why != ERR_REFUSED_BY_PEER) /* which was written down when it was */
            skip_marked(s, d, e->n, slot, why);
        due_done(d, i, slot, false);
        some = true;
    }
    return some;
}

/* Something came of it for another time: what it was before the replay is no record any more. */
static void went_again(struct schedule *s, struct dest *d, uint64_t n, unsigned slot)
{
    if (n <= d->cursor.again)
        record(s, d, &(struct change){.kind = CHANGE_RETRY, .to = n, .slot = slot});
}

/* One of its object is set aside for the inbox: it is as well. False: there is no room. */
static bool due_aside(struct schedule *s, struct dest *d, size_t i, unsigned slot)
{
    const struct due *due = &d->due[i];
    const struct cursor_part *part = cursor_part(&d->cursor, due->n, slot);
    struct cursor_aside aside = {.n = due->n, .slot = slot, .object = due->object};
    if (!aside_room(d, 1))
        return false;
    if (part)
        aside.tried = part->tried;
    went_again(s, d, due->n, slot);
    aside_put(d, &aside);
    due_done(d, i, slot, false);
    return true;
}

/* For the first of its inboxes that may have it now. Behind the tail it goes alone. */
static enum step due_step(struct schedule *s, struct dest *d, size_t i, struct entry *e, bool alone,
                          struct turn *t)
{
    static const struct cursor_tried none;
    size_t left = d->due_n - 1;
    if (due_marked(s, d, i, e) && d->due_n == left)
        return STEP_GONE;
    if (!dest_zone_allows(d, e))
        return due_skip(s, d, i, e);
    if (gate_stops(s, d, e) && (d->due[i].slots & ~d->due[i].flying)) /* and all behind it */
        return turn_rests(t, DEST_FROZEN);
    if (urgent_holds(s, d, e->n, d->due[i].object))
        return STEP_ON;
    for (unsigned slots = due_free(d, &d->due[i]); slots; slots &= slots - 1) {
        unsigned slot = lowest(slots);
        if (aside_holds(d, slot, d->due[i].object)) {
            if (!due_aside(s, d, i, slot))
                return turn_rests(t, DEST_ASLEEP);
            continue;
        }
        if (alone && d->flights)
            return turn_rests(t, DEST_FLYING);
        const struct cursor_part *part = cursor_part(&d->cursor, e->n, slot);
        d->due[i].flying |= 1U << slot;
        return turn_sends(t, FLIES_ENTRY, e, slot, d->due[i].object, part ? &part->tried : &none);
    }
    return d->due_n == left ? STEP_GONE : STEP_ON;
}

/* The inboxes that are through with it, or for which it is set aside: that is so where a replay
 * begins behind what was ordered again. */
static unsigned slots_through(const struct dest *d, uint64_t n)
{
    unsigned slots = cursor_done(&d->cursor, n);
    for (size_t i = 0; i < d->cursor.aside_n; i++)
        if (d->cursor.aside[i].n == n)
            slots |= 1U << d->cursor.aside[i].slot;
    return slots;
}

/* One that was looked at before. */
static enum step due_again(struct schedule *s, struct dest *d, size_t i, struct turn *t)
{
    struct due *due = &d->due[i];
    if ((due->slots || due->flying) && !due_free(d, due))
        return STEP_ON;
    const struct window *w = window_for(s, LANE_NORMAL, due->n - 1);
    if (!w)
        return turn_hungers(d, t, LANE_NORMAL, due->n - 1);
    struct entry *e = window_next(w, due->n - 1);
    if (!e || e->n != due->n) {
        for (unsigned slots = due->slots; slots; slots &= slots - 1)
            gap(s, d, due->n, lowest(slots));
        due_end(d, i);
        return STEP_GONE;
    }
    due->slots = dest_slots(d, e) & ~slots_through(d, e->n);
    if (due->slots || due->flying)
        return due_step(s, d, i, e, w != &s->tail[LANE_NORMAL], t);
    due_end(d, i);
    return STEP_GONE;
}

/* The next one that was not looked at yet. */
static enum step look_on(struct schedule *s, struct dest *d, struct turn *t)
{
    const struct window *w = window_for(s, LANE_NORMAL, d->seen);
    if (!w)
        return turn_hungers(d, t, LANE_NORMAL, d->seen);
    struct entry *e = window_next(w, d->seen);
    unsigned slots = e ? dest_slots(d, e) & ~slots_through(d, e->n) : 0;
    d->seen = e ? e->n : w->to;
    if (!slots) {
        dest_advance(d);
        return STEP_ON;
    }
    due_add(d, e, slots);
    return due_step(s, d, d->due_n - 1, e, w != &s->tail[LANE_NORMAL], t);
}

enum step next_ahead(struct schedule *s, struct dest *d, struct turn *t)
{
    dest_skip(s, d);
    for (size_t i = 0; i < d->due_n;) {
        enum step step = due_again(s, d, i, t);
        if (step == STEP_SEND || step == STEP_REST)
            return step;
        i += step == STEP_ON;
    }
    while (d->seen < s->position && has_room(d)) {
        enum step step = look_on(s, d, t);
        if (step == STEP_SEND || step == STEP_REST)
            return step;
    }
    return turn_rests(t, d->due_n ? DEST_SETTLING : DEST_IDLE);
}

/* --- outcome --------------------------------------------------------------------------------- */

static size_t due_find(const struct dest *d, uint64_t n)
{
    size_t i = 0;
    while (i < d->due_n && d->due[i].n != n)
        i++;
    return i;
}

bool ahead_waits(const struct dest *d, uint64_t n)
{
    return due_find(d, n) < d->due_n;
}

bool ahead_outcome(struct schedule *s, struct dest *d, const struct flight *f,
                   const struct outcome *o)
{
    const struct entry *e = o->attempt->entry;
    bool later = o->j->verdict == VERDICT_LATER;
    bool late = o->attempt->tries > 1 || f->n <= d->cursor.again;
    size_t i = due_find(d, f->n);
    if (i == d->due_n) /* cut while it was on its way */
        return later;
    struct due *due = &d->due[i];
    due->flying &= ~(1U << f->slot);
    due->slots = dest_slots(d, e) & ~slots_through(d, e->n);
    if (!flight_arrives(d, f)) { /* its inbox alone was given up */
        if (!due->slots && !due->flying)
            due_end(d, i);
        return later;
    }
    if (gate_stopped(o))
        return false;
    if (later) {
        struct cursor_part *part = cursor_part_put(&d->cursor, f->n, f->slot);
        tried_again(&part->tried, o);
        if (!aside_failed(s, d, o, &part->tried))
            return true;
    }
    went_again(s, d, f->n, f->slot);
    if (!later)
        settled(s, d, late, o);
    due_done(d, i, f->slot, o->j->verdict == VERDICT_DELIVERED && !late);
    return false;
}
