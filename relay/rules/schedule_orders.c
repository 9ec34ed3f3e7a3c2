/* schedule_orders: what operators order: about entries that were given up, and about hosts.
 *
 * An order has a place in the journal, and a cursor's record says up to which one they were carried
 * out, so that a restart neither forgets one nor does it twice.
 *
 * Replay: the cursor of lane N goes back. Nothing new of that lane starts until what is on its way
 * has ended, or a late answer would be counted for the second round; and nothing is sent of it
 * until the cursor is on disk where it is now, or a crash would leave half of an object's story
 * repeated (ENGINE 0, 6d).
 *
 * May not know: who is chosen to be sent what. */
#include <limits.h>

#include "relay/rules/schedule_inner.h"

enum { DOUBTS_MOST = CURSOR_AHEAD_MAX / 2 };

/* False: what the line orders was done before a restart, or is of another's host. */
static bool order_is_new(struct schedule *s, uint64_t line_n, struct span host)
{
    struct dest *d = dest_find(s, host);
    uint64_t low = d ? dest_low(s, d) : s->shards[shard_of(host, s->limits.shards)].low;
    bool fresh = host_owned(s, host) && line_n > low && (!d || line_n > d->cursor.orders);
    told(s, line_n);
    if (fresh && d) {
        dest_here(s, d);
        d->cursor.orders = line_n;
        dest_changed(s, d);
    }
    return fresh;
}

/* --- what was given up ----------------------------------------------------------------------- */

/* Inboxes for which n would have to be put aside: they are through with it, if it is of the lane
 * whose cursor has passed it. If it is of the other one, that is found out when it is looked at. */
static unsigned slots_to_retry(struct dest *d, uint64_t n, size_t *ret_count)
{
    unsigned slots = 0;
    *ret_count = 0;
    const struct cursor_head *head = &d->cursor.head;
    bool passed = (n <= d->seen || n <= d->cursor.urgent) && !ahead_waits(d, n);
    unsigned ahead = cursor_done(&d->cursor, n) | (head->n == n ? head->done : 0);
    unsigned through = passed ? UINT_MAX : ahead;
    for (unsigned i = 0; i < d->slots_n; i++)
        if (d->slots[i].url && d->slots[i].from < n && (through >> i & 1) && !aside_find(d, n, i)) {
            slots |= 1U << i;
            ++*ret_count;
        }
    return slots;
}

static void retry(struct schedule *s, struct dest *d, uint64_t n)
{
    size_t count;
    if (!n)
        return;
    for (size_t i = 0; i < d->cursor.aside_n; i++)
        if (d->cursor.aside[i].n == n)
            d->cursor.aside[i].wake_ms = 0;
    unsigned slots = slots_to_retry(d, n, &count);
    for (unsigned i = 0; i < d->slots_n && aside_room(d, count); i++)
        if (slots >> i & 1) {
            record(s, d, &(struct change){.kind = CHANGE_RETRY, .to = n, .slot = i});
            aside_put(d, &(struct cursor_aside){.n = n, .slot = i});
            count--;
        }
    dest_look_again(s, d);
}

/* --- hosts ----------------------------------------------------------------------------------- */

static void wake_all(struct schedule *s, struct dest *d)
{
    struct letter *l;
    DL_FOREACH(d->letters, l)
    {
        l->wake_ms = 0;
    }
    for (size_t i = 0; i < d->cursor.aside_n; i++)
        d->cursor.aside[i].wake_ms = 0;
    dest_lives(s, d);
    dest_settle(s, d);
}

static void hold(struct schedule *s, struct dest *d, bool held)
{
    d->cursor.health.held = held;
    d->behind = true;
    dest_settle(s, d);
}

static void cut(struct schedule *s, struct dest *d, uint64_t n)
{
    d->cursor.replay = 0;
    dest_cut(s, d, LANES_BOTH, n, NULL, ERR_DROPPED);
    dest_settle(s, d);
}

/* --- replay ---------------------------------------------------------------------------------- */

/* Something of lane N is on its way. */
static bool flies(const struct dest *d)
{
    const struct flight *f;
    DL_FOREACH(d->flights, f)
    {
        if (f->flies != FLIES_MAIL && f->lane == LANE_NORMAL)
            return true;
    }
    return false;
}

/* All that is known of single entries, but what may be on its way there still: whoever takes that
 * back has to know. */
static void forget_parts(struct cursor *c)
{
    size_t kept = 0;
    while (kept < c->parts_n)
        if (c->parts[kept].tried.doubt && kept < DOUBTS_MOST)
            kept++;
        else
            cursor_part_take(c, c->parts[kept].n, c->parts[kept].slot);
}

void replay_look(struct schedule *s, struct dest *d)
{
    struct cursor *c = &d->cursor;
    uint64_t low = c->replay - 1;
    if (!c->replay || flies(d))
        return;
    c->replay = 0;
    d->behind = true;
    dest_changed(s, d);
    if (low >= c->low)
        return;
    if (d->seen > c->again)
        c->again = d->seen;
    /* What may be of lane U, which does not go again, stays apart. */
    for (size_t i = c->aside_n; i > 0; i--)
        if (c->aside[i - 1].n > low && c->aside[i - 1].lane == LANE_NORMAL &&
            !aside_lane_unknown(&c->aside[i - 1]))
            aside_take(d, &c->aside[i - 1]);
    forget_parts(c);
    dest_place(d, low);
    d->took = c->urgent; /* lane U does not go again */
    d->back = s->deltas + 1;
}

bool replay_waits(const struct dest *d)
{
    return d->cursor.replay || d->back;
}

void replay_saved(struct schedule *s, struct dest *d)
{
    if (!d->back || d->back > s->deltas)
        return;
    d->back = 0;
    dest_look_again(s, d);
}

static void replay(struct schedule *s, struct dest *d, uint64_t of)
{
    if (of >= d->cursor.low)
        return;
    dest_goto(s, d, DEST_HELD); /* who is idle has no place of its own */
    d->cursor.replay = of + 1;
    replay_look(s, d);
    dest_settle(s, d);
}

/* --- orders ---------------------------------------------------------------------------------- */

void schedule_order(struct schedule *s, uint64_t line_n, enum book_order order, struct span host,
                    uint64_t of)
{
    bool fresh = order_is_new(s, line_n, host);
    struct dest *d = dest_find(s, host);
    bool member = d && d->known && !d->gone;
    if (fresh && order == ORDER_DROP)
        record_host(s, host, &(struct change){.kind = CHANGE_DROP, .to = of});
    if (fresh && order == ORDER_WAKE && d)
        wake_all(s, d);
    if (!fresh || !member)
        return;
    switch (order) {
    case ORDER_RETRY: retry(s, d, of); break;
    case ORDER_HOLD: hold(s, d, true); break;
    case ORDER_RELEASE: hold(s, d, false); break;
    case ORDER_CUT: cut(s, d, line_n); break;
    case ORDER_REPLAY: replay(s, d, of); break;
    case ORDER_DROP:
    case ORDER_WAKE:
    case ORDER_COUNT: break;
    }
}
