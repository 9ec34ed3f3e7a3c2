/* schedule_urgent: the urgent lane of one destination: what takes back (a Delete, an Undo, a
 * recall), by a cursor of its own, one at a time, in order.
 *
 * It overtakes all but direct mail, what is set aside and due, and an attempt that is under way on
 * its object: if both were on their way at once, what is taken back could arrive last (ENGINE 5b).
 * It is sent in any case, also where what it takes back never was: an attempt of that may have
 * arrived without our knowing. Where one is known to have been in doubt, it is sent once more after
 * a while, when whatever lingered on the way has arrived.
 *
 * What came later about the same object, in the other lane, waits for it.
 * May not know: how an attempt is made, what a status means, or what is in the other lane. */
#include "relay/rules/mark.h"
#include "relay/rules/schedule_inner.h"

enum { AGAIN_MS = 60 * 1000 };

/* --- marks ----------------------------------------------------------------------------------- */

enum err entry_marked(const struct schedule *s, const struct dest *d, const struct entry *e,
                      unsigned slot)
{
    const struct mark_place place = {.spans = d->spans,
                                     .spans_n = d->spans_n,
                                     .from = d->slots[slot].from,
                                     .style = d->slots[slot].style,
                                     .position = s->position,
                                     .host = {d->host, d->host_n},
                                     .slot = slot};
    return mark_skips(e, &place, NULL);
}

void skip_marked(struct schedule *s, struct dest *d, uint64_t n, unsigned slot, enum err why)
{
    const struct change change = {.kind = CHANGE_SKIP, .to = n, .slot = slot, .why = why};
    record(s, d, &change);
}

/* --- its cursor ------------------------------------------------------------------------------ */

uint64_t dest_urgent(const struct schedule *s, const struct dest *d)
{
    return d->state == DEST_IDLE && s->position > d->cursor.urgent ? s->position : d->cursor.urgent;
}

/* Between the two cursors nothing of lane U was for it: as if they stood at the same place. */
uint64_t dest_urgent_written(const struct schedule *s, const struct dest *d)
{
    uint64_t urgent = dest_urgent(s, d);
    uint64_t low = dest_low(s, d);
    return urgent > low && d->took <= low ? low : urgent;
}

void urgent_pass(struct dest *d, uint64_t n)
{
    if (n <= d->cursor.urgent)
        return;
    d->cursor.urgent = n;
    if (d->cursor.head.n <= n)
        d->cursor.head = (struct cursor_head){0};
}

bool urgent_waits(const struct schedule *s, const struct dest *d)
{
    return dest_urgent(s, d) < s->newest_urgent;
}

void urgent_skip(const struct schedule *s, struct dest *d)
{
    uint64_t owed = dest_owed_from(d, LANE_URGENT);
    urgent_pass(d, owed < s->position ? owed : s->position);
}

/* --- what waits for what --------------------------------------------------------------------- */

static bool is_of(const struct entry *e, uint64_t n)
{
    size_t i = 0;
    while (i < e->of_n && e->of[i] != n)
        i++;
    return i < e->of_n;
}

/* What it takes back, or another of its object, is on its way there. */
static bool under_way(const struct dest *d, const struct entry *e)
{
    uint64_t object = object_hash(e);
    const struct flight *f;
    DL_FOREACH(d->flights, f)
    {
        bool older = e->gone && f->n < e->n; /* who posted that is not known here */
        if (f->flies != FLIES_MAIL && (older || is_of(e, f->n) || (object && f->object == object)))
            return true;
    }
    return false;
}

bool urgent_holds(struct schedule *s, const struct dest *d, uint64_t n, uint64_t object)
{
    uint64_t at = d->cursor.urgent;
    while (object && at < n && at < s->position) {
        const struct window *w = window_for(s, LANE_URGENT, at);
        if (!w)
            return true; /* who knows */
        const struct entry *u = window_next(w, at);
        if (u && u->n < n && object_hash(u) == object && dest_slots(d, u))
            return true;
        at = u ? u->n : w->to;
    }
    return false;
}

/* The inboxes to which what it takes back may be on its way still. */
static unsigned doubts(const struct dest *d, const struct entry *e)
{
    unsigned slots = 0;
    for (size_t i = 0; i < d->cursor.parts_n; i++) {
        const struct cursor_part *part = &d->cursor.parts[i];
        slots |= part->tried.doubt && is_of(e, part->n) ? 1U << part->slot : 0;
    }
    for (size_t i = 0; i < d->cursor.aside_n; i++) {
        const struct cursor_aside *aside = &d->cursor.aside[i];
        slots |= aside->tried.doubt && is_of(e, aside->n) ? 1U << aside->slot : 0;
    }
    return slots;
}

bool outcome_doubtful(const struct outcome *o)
{
    return o->j->why == ERR_TIMEOUT || o->j->why == ERR_PROTOCOL || o->status == 504;
}

/* --- next ------------------------------------------------------------------------------------ */

/* What was set aside, and is taken back now, goes no more. */
static void drop_asides(struct schedule *s, struct dest *d, const struct entry *e)
{
    size_t i = 0;
    while (i < d->cursor.aside_n) {
        struct cursor_aside *aside = &d->cursor.aside[i];
        if (aside->lane == LANE_URGENT || !is_of(e, aside->n)) {
            i++;
            continue;
        }
        skip_marked(s, d, aside->n, aside->slot, ERR_RECALLED);
        aside_take(d, aside);
    }
}

static unsigned lowest(unsigned slots)
{
    unsigned slot = 0;
    while (!(slots >> slot & 1))
        slot++;
    return slot;
}

/* An inbox is through with it. */
static void done_for(struct dest *d, const struct entry *e, unsigned slot)
{
    struct cursor_head *h = &d->cursor.head;
    d->took = e->n;
    h->done |= 1U << slot;
    h->tried = (struct cursor_tried){0};
    if (!(dest_slots(d, e) & ~h->done))
        urgent_pass(d, e->n);
}

/* STEP_GONE: it is passed, or another inbox may have it; STEP_ON: it waits for an answer. */
static enum step head_step(struct schedule *s, struct dest *d, struct entry *e, struct turn *t)
{
    struct cursor_head *h = &d->cursor.head;
    uint64_t object = object_hash(e);
    if (h->n != e->n)
        *h = (struct cursor_head){.n = e->n};
    unsigned slots = dest_slots(d, e) & ~h->done;
    if (!slots) {
        if (h->done) /* and the others are for it no more */
            d->took = e->n;
        urgent_pass(d, e->n);
        return STEP_GONE;
    }
    if (under_way(d, e))
        return STEP_ON;
    unsigned slot = lowest(slots);
    h->doubt |= doubts(d, e);
    drop_asides(s, d, e);
    if (h->slot != slot) {
        h->slot = slot;
        h->tried = (struct cursor_tried){0};
    }
    if (!aside_holds(d, slot, object))
        return turn_sends(t, FLIES_URGENT, e, slot, object, &h->tried);
    if (!aside_room(d, 1))
        return turn_rests(t, DEST_ASLEEP);
    const struct cursor_aside behind = {
        .n = e->n, .lane = LANE_URGENT, .slot = slot, .object = object, .tried = h->tried};
    aside_put(d, &behind);
    done_for(d, e, slot);
    return STEP_GONE;
}

enum step next_urgent(struct schedule *s, struct dest *d, struct turn *t)
{
    urgent_skip(s, d);
    while (d->cursor.urgent < s->position) {
        const struct window *w = window_for(s, LANE_URGENT, d->cursor.urgent);
        if (!w)
            return turn_hungers(d, t, LANE_URGENT, d->cursor.urgent);
        struct entry *e = window_next(w, d->cursor.urgent);
        enum step step = STEP_GONE;
        if (e)
            step = head_step(s, d, e, t);
        else
            urgent_pass(d, w->to);
        if (step != STEP_GONE)
            return step;
    }
    return STEP_ON;
}

/* --- outcome --------------------------------------------------------------------------------- */

/* It has it; but what it takes back may come after it. */
static void send_again(struct dest *d, const struct outcome *o)
{
    const struct entry *e = o->attempt->entry;
    const struct cursor_aside again = {.n = e->n,
                                       .lane = LANE_URGENT,
                                       .again = true,
                                       .slot = o->attempt->slot,
                                       .object = object_hash(e),
                                       .wake_ms = o->now_ms + AGAIN_MS,
                                       .tried = {.tries = 1}};
    if (aside_room(d, 1) && !aside_find(d, e->n, again.slot))
        aside_put(d, &again);
}

/* Its cursor of the other lane, by which it is told when something was delivered, is not there yet:
 * that is written down for this one alone. */
static void tell_ahead(struct schedule *s, struct dest *d, const struct outcome *o)
{
    const struct attempt *a = o->attempt;
    const struct change late = {.kind = CHANGE_LATE, .to = a->entry->n, .slot = a->slot};
    bool behind = d->due_n > 0 || d->seen + 1 < a->entry->n;
    if (behind && a->tries == 1)
        record(s, d, &late);
}

bool urgent_outcome(struct schedule *s, struct dest *d, const struct flight *f,
                    const struct outcome *o)
{
    struct cursor_head *h = &d->cursor.head;
    bool later = o->j->verdict == VERDICT_LATER;
    if (h->n != f->n || !flight_arrives(d, f)) /* cut while it was on its way */
        return later;
    if (later) {
        tried_again(&h->tried, o);
        if (!aside_failed(s, d, o, &h->tried))
            return true;
    } else {
        settled(s, d, o->attempt->tries > 1, o);
    }
    if (o->j->verdict == VERDICT_DELIVERED)
        tell_ahead(s, d, o);
    if (o->j->verdict == VERDICT_DELIVERED && (h->doubt >> f->slot & 1))
        send_again(d, o);
    done_for(d, o->attempt->entry, f->slot);
    return false;
}
