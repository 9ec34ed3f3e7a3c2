/* schedule_flight: what of a destination is on its way, and what has to be on disk before others of
 * its object may go.
 *
 * A "never" or a skip that is lost in a crash would be tried again, after its follower was
 * delivered: an object's old state would come out on top (ENGINE 1e).
 *
 * May not know: who is chosen to be sent. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

/* --- flights --------------------------------------------------------------------------------- */

void flight_start(struct schedule *s, struct dest *d, const struct turn *t)
{
    struct flight *f = mem_new(sizeof(*f));
    *f = (struct flight){.flies = t->flies,
                         .lane = t->entry ? t->entry->lane : LANE_NORMAL,
                         .n = t->entry ? t->entry->n : 0,
                         .slot = t->entry ? t->slot : SLOT_MAIL,
                         .object = t->object,
                         .from = t->entry ? d->slots[t->slot].from : 0,
                         .troubles = d->troubles};
    share_start(s, d, f, t->now_ms);
    DL_APPEND(d->flights, f);
    d->flights_n++;
    s->flying++;
}

void flight_end(struct schedule *s, struct dest *d, struct flight *f)
{
    share_end(s, d, f);
    DL_DELETE(d->flights, f);
    d->flights_n--;
    s->flying--;
    free(f);
}

struct flight *flight_find(const struct dest *d, uint64_t n, unsigned slot)
{
    struct flight *f;
    DL_FOREACH(d->flights, f)
    {
        if (f->n == n && f->slot == slot)
            return f;
    }
    return NULL;
}

bool flight_arrives(const struct dest *d, const struct flight *f)
{
    return f->slot < d->slots_n && d->slots[f->slot].url && d->slots[f->slot].from == f->from;
}

bool object_busy(const struct dest *d, uint64_t object, unsigned slot)
{
    const struct flight *f;
    if (!object)
        return false;
    DL_FOREACH(d->flights, f)
    {
        if (f->object == object && f->slot == slot)
            return true;
    }
    for (size_t i = 0; i < d->unsaved_n; i++)
        if (d->unsaved[i].object == object &&
            (d->unsaved[i].slot == slot || d->unsaved[i].slot == SLOT_ALL))
            return true;
    return false;
}

/* --- what is not on disk --------------------------------------------------------------------- */

void unsaved_all(struct schedule *s, struct dest *d)
{
    d->unsaved_all = s->deltas + 1;
}

void unsaved_add(struct schedule *s, struct dest *d, uint64_t object, unsigned slot)
{
    if (!object)
        return;
    if (d->unsaved_n == UNSAVED_MAX) {
        unsaved_all(s, d);
        return;
    }
    d->unsaved = mem_grow(d->unsaved, (d->unsaved_n + 1) * sizeof(*d->unsaved));
    d->unsaved[d->unsaved_n++] =
        (struct unsaved){.object = object, .slot = slot, .delta = s->deltas + 1};
}

void unsaved_end(struct schedule *s, struct dest *d)
{
    size_t kept = 0;
    bool some = d->unsaved_all && d->unsaved_all <= s->deltas;
    for (size_t i = 0; i < d->unsaved_n; i++)
        if (d->unsaved[i].delta > s->deltas)
            d->unsaved[kept++] = d->unsaved[i];
    if (kept == d->unsaved_n && !some)
        return;
    d->unsaved_n = kept;
    if (some)
        d->unsaved_all = 0;
    if (!kept) {
        free(d->unsaved);
        d->unsaved = NULL;
    }
    if (d->state == DEST_SETTLING || d->state == DEST_FLYING || d->state == DEST_IDLE ||
        d->state == DEST_FROZEN)
        dest_settle(s, d);
}
