/* schedule_aside: the entries of a host that wait apart from its cursor, each for one inbox and
 * with a clock of its own; when they may go, and what becomes of them; and what operators order
 * about entries that were given up.
 *
 * They are part of the cursor's record: what the cursor has passed and what was set aside is
 * written in one piece. May not know: how an attempt is made, or what a status means. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_gate.h"
#include "relay/rules/schedule_inner.h"

uint64_t object_hash(const struct entry *e)
{
    uint64_t hash = 14695981039346656037U;
    if (!e->object.n)
        return 0;
    for (size_t i = 0; i < e->object.n; i++)
        hash = (hash ^ (unsigned char)e->object.p[i]) * 1099511628211U;
    return hash ? hash : 1;
}

/* --- the list -------------------------------------------------------------------------------- */

/* The place of the first that is not before (n, slot). */
static size_t place_of(const struct cursor *c, uint64_t n, unsigned slot)
{
    size_t i = 0;
    while (i < c->aside_n && (c->aside[i].n < n || (c->aside[i].n == n && c->aside[i].slot < slot)))
        i++;
    return i;
}

struct cursor_aside *aside_find(struct dest *d, uint64_t n, unsigned slot)
{
    struct cursor *c = &d->cursor;
    size_t i = place_of(c, n, slot);
    return i < c->aside_n && c->aside[i].n == n && c->aside[i].slot == slot ? &c->aside[i] : NULL;
}

bool aside_holds(const struct dest *d, unsigned slot, uint64_t object)
{
    for (size_t i = 0; object && i < d->cursor.aside_n; i++)
        if (d->cursor.aside[i].object == object && d->cursor.aside[i].slot == slot)
            return true;
    return false;
}

bool aside_room(const struct dest *d, size_t n)
{
    return d->cursor.aside_n + n <= CURSOR_ASIDE_MAX;
}

void aside_put(struct dest *d, const struct cursor_aside *aside)
{
    struct cursor *c = &d->cursor;
    size_t i = place_of(c, aside->n, aside->slot);
    c->aside = mem_grow(c->aside, (c->aside_n + 1) * sizeof(*c->aside));
    memmove(&c->aside[i + 1], &c->aside[i], (c->aside_n - i) * sizeof(*c->aside));
    c->aside[i] = *aside;
    c->aside_n++;
}

void aside_take(struct dest *d, struct cursor_aside *aside)
{
    struct cursor *c = &d->cursor;
    size_t i = (size_t)(aside - c->aside);
    c->aside_n--;
    memmove(&c->aside[i], &c->aside[i + 1], (c->aside_n - i) * sizeof(*c->aside));
    if (c->aside_n)
        return;
    free(c->aside);
    c->aside = NULL;
    c->quiet = false;
}

bool aside_lane_unknown(const struct cursor_aside *aside)
{
    return aside->lane == LANE_NORMAL && !aside->object && !aside->tried.tries;
}

static bool waits_behind(const struct cursor *c, size_t i)
{
    for (size_t k = 0; c->aside[i].object && k < i; k++)
        if (c->aside[k].object == c->aside[i].object && c->aside[k].slot == c->aside[i].slot)
            return true;
    return false;
}

/* --- next ------------------------------------------------------------------------------------ */

/* The first that is due and waits behind none of its object, or NULL. */
static struct cursor_aside *first_due(struct schedule *s, struct dest *d, struct turn *t)
{
    struct cursor *c = &d->cursor;
    for (size_t i = 0; i < c->aside_n; i++) {
        struct cursor_aside *a = &c->aside[i];
        if (waits_behind(c, i) || gate_barred(s, a) || flight_find(d, a->n, a->slot) ||
            object_busy(d, a->object, a->slot) ||
            (a->lane == LANE_NORMAL && (replay_waits(d) || urgent_holds(s, d, a->n, a->object))))
            continue;
        if (a->wake_ms <= t->now_ms)
            return a;
        if (a->wake_ms < t->later_ms)
            t->later_ms = a->wake_ms;
    }
    return NULL;
}

/* It was ordered before its lane was known, and the cursor of that has not come to it. */
static bool comes_in_turn(const struct dest *d, const struct cursor_aside *aside)
{
    const struct cursor *c = &d->cursor;
    unsigned done = cursor_done(c, aside->n);
    bool passed = aside->n <= d->seen;
    if (aside->lane == LANE_URGENT) {
        done = c->head.n == aside->n ? c->head.done : 0;
        passed = aside->n <= c->urgent;
    }
    return !aside->tried.tries && !passed && !(done >> aside->slot & 1);
}

/* Its entry; NULL where the journal has none of that number. */
static enum step aside_step(struct schedule *s, struct dest *d, struct cursor_aside *aside,
                            struct entry *e, struct turn *t)
{
    if (!e && aside_lane_unknown(aside)) {
        aside->lane = LANE_URGENT;
        return STEP_GONE;
    }
    if (!e) {
        gap(s, d, aside->n, aside->slot);
        aside_take(d, aside);
        return STEP_GONE;
    }
    enum err marked = entry_marked(s, d, e, aside->slot);
    if (comes_in_turn(d, aside) && marked != ERR_REFUSED_BY_PEER) { /* then it would be left out */
        aside_take(d, aside);
        return STEP_GONE;
    }
    if (marked != ERR_OK && marked != ERR_REFUSED_BY_PEER) { /* that was ordered anew */
        skip_marked(s, d, e->n, aside->slot, marked);
        aside_take(d, aside);
        return STEP_GONE;
    }
    if (e->lane == LANE_NORMAL && !d->subscribed) { /* it left, and it was not known what this is */
        skip(s, d, e, aside->slot, ERR_NOT_MEMBER);
        aside_take(d, aside);
        return STEP_GONE;
    }
    bool right = dest_entitled(d, e) && dest_zone_allows(d, e);
    if (!right || !(dest_slots(d, e) >> aside->slot & 1)) {
        skip(s, d, e, aside->slot, right ? ERR_NO_FORM : ERR_NO_RIGHT);
        aside_take(d, aside);
        return STEP_GONE;
    }
    if (gate_stops(s, d, e)) { /* others go */
        gate_bars(s, d, aside);
        return STEP_GONE;
    }
    if (!aside->object) { /* an order did not know it: it may have to wait behind another */
        aside->object = object_hash(e);
        if (aside->object)
            return STEP_GONE;
    }
    return turn_sends(t, FLIES_ASIDE, e, aside->slot, aside->object, &aside->tried);
}

enum step next_aside(struct schedule *s, struct dest *d, struct turn *t)
{
    struct cursor_aside *aside;
    enum step step = STEP_GONE;
    while (step == STEP_GONE && (aside = first_due(s, d, t))) {
        uint64_t n = aside->n;
        const struct window *w = window_for(s, aside->lane, n - 1);
        if (!w)
            return turn_hungers(d, t, aside->lane, n - 1);
        struct entry *e = window_next(w, n - 1);
        step = aside_step(s, d, aside, e && e->n == n ? e : NULL, t);
    }
    return step == STEP_GONE ? STEP_ON : step;
}

/* --- outcome --------------------------------------------------------------------------------- */

/* It fails while others do not, as far as one can tell: something was delivered since the last one
 * that was thought so. */
bool aside_failed(struct schedule *s, struct dest *d, const struct outcome *o,
                  const struct cursor_tried *tried)
{
    if (!by_itself(o) || tried->own < s->limits.judge.aside_after || d->cursor.quiet ||
        !aside_room(d, 1))
        return false;
    struct cursor_aside aside = {.n = o->attempt->entry->n,
                                 .lane = o->attempt->entry->lane,
                                 .slot = o->attempt->slot,
                                 .object = object_hash(o->attempt->entry),
                                 .wake_ms = o->now_ms + judge_aside(&s->limits.judge, 0),
                                 .tried = *tried};
    aside.tried.own = 0;
    aside_put(d, &aside);
    d->cursor.quiet = true;
    return true;
}

void aside_outcome(struct schedule *s, struct dest *d, const struct flight *f,
                   const struct outcome *o)
{
    struct cursor_aside *aside = aside_find(d, f->n, f->slot);
    if (!aside) /* cut while it was on its way */
        return;
    if (o->j->verdict == VERDICT_LATER) {
        tried_again(&aside->tried, o);
        if (!o->j->local && !gate_stopped(o))
            aside->wake_ms = o->now_ms + judge_aside(&s->limits.judge, aside->tried.own);
        return;
    }
    if (!aside->again)
        settled(s, d, true, o);
    aside_take(d, aside);
}
