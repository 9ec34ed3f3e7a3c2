/* schedule_kin: whom an entry that was just told concerns, without asking all members.
 *
 * Those that wait for entries alone stand in a list of their zone: of their spans, rather, which
 * entitle them, and mostly are of one zone. An entry is looked at for the lists of the zones in its
 * audience, and for those who have been in several. So one that is for a few costs what those few
 * do, however many others there are (ENGINE 9a).
 *
 * May not know: cursors, or what becomes of those who are woken. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

static struct kin *kin_of(struct schedule *s, const struct dest *d)
{
    struct span zone = d->spans_n ? span_of(d->spans[0].zone) : SPAN("");
    for (size_t i = 1; i < d->spans_n; i++)
        if (!span_eq_str(zone, d->spans[i].zone))
            zone = SPAN("");
    struct kin *kin = map_get(s->kins, zone);
    if (kin)
        return kin;
    kin = mem_new(sizeof(*kin) + zone.n + 1);
    memcpy(kin->zone, zone.p, zone.n);
    kin->next = s->kin_list;
    s->kin_list = kin;
    map_put(s->kins, zone, kin);
    return kin;
}

bool kin_list(struct schedule *s, struct dest *d)
{
    bool dozes = d->state == DEST_ASLEEP && !dest_wake(d);
    if (d->state != DEST_IDLE && !dozes)
        return false;
    d->kin = kin_of(s, d);
    if (dozes)
        DL_APPEND(d->kin->dozing, d);
    else
        DL_APPEND(d->kin->idle, d);
    return true;
}

bool kin_unlist(struct dest *d)
{
    struct kin *kin = d->kin;
    if (!kin)
        return false;
    d->kin = NULL;
    if (d->state == DEST_ASLEEP)
        DL_DELETE(kin->dozing, d);
    else
        DL_DELETE(kin->idle, d);
    return true;
}

void kin_fini(struct schedule *s)
{
    struct kin *kin;
    while ((kin = s->kin_list)) {
        s->kin_list = kin->next;
        free(kin);
    }
    map_free(&s->kins);
}

static void wake(struct schedule *s, struct kin *kin, const struct entry *entry)
{
    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(kin->idle, d, next)
    {
        uint64_t has = entry->lane == LANE_URGENT ? d->cursor.urgent : d->cursor.low;
        if (entry->n > has && dest_slots(d, entry))
            dest_goto(s, d, DEST_READY);
    }
    if (entry->lane == LANE_NORMAL)
        return;
    DL_FOREACH_SAFE(kin->dozing, d, next)
    {
        if (dest_slots(d, entry))
            dest_goto(s, d, DEST_READY);
    }
}

/* What takes back is held up neither by what waits for its own time or to be on disk, nor by a page
 * of the other lane, nor by the turns of others. */
static void wake_urgent(struct schedule *s, const struct entry *entry)
{
    static const enum dest_state states[] = {DEST_SETTLING, DEST_HUNGRY, DEST_FROZEN};
    struct dest *d;
    struct dest *next;
    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
        DL_FOREACH_SAFE(s->lists[states[i]], d, next)
        {
            bool reads = states[i] == DEST_HUNGRY && d->want_lane == LANE_URGENT;
            /* What an author took out of the stream is for nobody, and waits no more. */
            bool out = states[i] == DEST_FROZEN && entry->opts_out;
            if (!dest_wake(d) && !reads && (out || dest_slots(d, entry)))
                dest_goto(s, d, DEST_READY);
        }
    share_again(s, entry);
}

void kin_wake(struct schedule *s, const struct entry *entry)
{
    struct kin *kin;
    struct dest *d;
    struct dest *next;
    LL_FOREACH(s->kin_list, kin)
    {
        if (!kin->zone[0] || audience_has(entry->audience, kin->zone))
            wake(s, kin, entry);
    }
    DL_FOREACH_SAFE(s->lists[DEST_FLYING], d, next)
    {
        if (!d->letter && d->flights_n < dest_window(s, d) && dest_slots(d, entry))
            dest_goto(s, d, DEST_READY);
    }
    if (entry->lane == LANE_URGENT)
        wake_urgent(s, entry);
}
