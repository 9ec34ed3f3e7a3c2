/* schedule_share: which of the destinations that are ready goes next, so that none is starved by
 * others (ENGINE 9c, DESIGN 10).
 *
 * Those that are ready stand in rings: direct mail; what takes back; what is fresh, for those that
 * have caught up; and catching up. The first that has somebody goes, but catching up has a quarter
 * of the attempts for itself beside what is fresh, at most half while something fresh waits, and
 * never the last quarter. Of each ring, the slow ones stand apart: whose host is in trouble, or
 * whose last attempt took longer than a few seconds. They have a quarter of the attempts in all,
 * among them those that have taken so long already, and a few of these before others, since a host
 * that is to show that it lives again is not to wait for the end of a rush.
 *
 * May not know: what is sent. */
#include "relay/rules/schedule_inner.h"

enum { HELD_MS = 5000, FEW = 4 /* attempts, below which there is nothing to share */ };

/* --- who is ready ---------------------------------------------------------------------------- */

static enum ring ring_of(const struct schedule *s, const struct dest *d)
{
    if (d->letters)
        return RING_DIRECT;
    if (urgent_waits(s, d))
        return RING_URGENT;
    bool behind = d->cursor.low < s->tail[LANE_NORMAL].after && s->limits.in_flight >= FEW;
    return behind ? RING_CATCHUP : RING_FRESH;
}

static bool is_slow(const struct dest *d)
{
    return d->slow || d->cursor.health.failures || d->faults;
}

/* Where it stands may have been right when it came there, and is not any more. */
static bool is_stale(const struct schedule *s, const struct dest *d)
{
    return d->ring != ring_of(s, d) || d->ring_slow != is_slow(d);
}

void share_list(struct schedule *s, struct dest *d)
{
    d->ring = ring_of(s, d);
    d->ring_slow = is_slow(d);
    DL_APPEND(s->share.ready[d->ring][d->ring_slow], d);
}

void share_unlist(struct schedule *s, struct dest *d)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it is in that list */
    DL_DELETE(s->share.ready[d->ring][d->ring_slow], d);
}

static void again_in(struct schedule *s, struct dest *list, const struct entry *entry)
{
    struct dest *d;
    struct dest *next;
    DL_FOREACH_SAFE(list, d, next)
    {
        if (!is_stale(s, d) || !dest_slots(d, entry))
            continue;
        share_unlist(s, d);
        share_list(s, d);
    }
}

void share_again(struct schedule *s, const struct entry *entry)
{
    for (unsigned i = 0; i < RING_COUNT; i++) {
        again_in(s, s->share.ready[i][false], entry);
        again_in(s, s->share.ready[i][true], entry);
    }
}

/* --- who goes -------------------------------------------------------------------------------- */

static size_t part_of(size_t all, size_t quarters)
{
    size_t part = all * quarters / 4;
    return part ? part : 1;
}

static struct dest *first_of(struct schedule *s, enum ring ring)
{
    size_t most = part_of(s->limits.in_flight, 1);
    for (;;) {
        struct dest *quick = s->share.ready[ring][false];
        struct dest *slow = s->share.slow < most ? s->share.ready[ring][true] : NULL;
        struct dest *d = slow && (!quick || 4 * s->share.slow < most) ? slow : quick;
        if (!d || !is_stale(s, d))
            return d;
        share_unlist(s, d);
        share_list(s, d);
    }
}

struct dest *share_next(struct schedule *s)
{
    size_t all = s->limits.in_flight;
    size_t behind_n = s->share.flying[RING_CATCHUP];
    if (s->flying >= all)
        return NULL;
    for (unsigned i = 0; i < RING_COUNT; i++) /* whoever has to change places does it first */
        first_of(s, (enum ring)i);
    struct dest *first = first_of(s, RING_DIRECT);
    if (!first)
        first = first_of(s, RING_URGENT);
    if (first)
        return first;
    struct dest *fresh = first_of(s, RING_FRESH);
    struct dest *behind = first_of(s, RING_CATCHUP);
    if (behind_n >= part_of(all, fresh ? 2 : 3))
        behind = NULL;
    bool full = s->flying - behind_n >= part_of(all, 3);
    return fresh && !(behind && full) ? fresh : behind;
}

/* --- what is on its way ---------------------------------------------------------------------- */

void share_start(struct schedule *s, const struct dest *d, struct flight *f, int64_t now_ms)
{
    f->ring = d->ring;
    f->started_ms = now_ms;
    f->slow = is_slow(d);
    s->share.flying[f->ring]++;
    if (f->slow)
        s->share.slow++;
    DL_APPEND2(s->share.young, f, all_prev, all_next);
    f->young = true;
}

void share_end(struct schedule *s, struct dest *d, struct flight *f)
{
    s->share.flying[f->ring]--;
    s->share.slow -= f->slow;
    if (f->young)
        DL_DELETE2(s->share.young, f, all_prev, all_next);
    d->slow = !f->young;
}

static void grows_old(struct schedule *s, struct flight *f)
{
    DL_DELETE2(s->share.young, f, all_prev, all_next);
    f->young = false;
    s->share.slow += !f->slow;
    f->slow = true;
}

void share_look(struct schedule *s, int64_t now_ms)
{
    while (s->share.young && now_ms - s->share.young->started_ms > HELD_MS)
        grows_old(s, s->share.young);
}
