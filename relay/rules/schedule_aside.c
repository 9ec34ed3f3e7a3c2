/* schedule_aside: the entries of a host that wait apart from its cursor, each for one inbox and
 * with a clock of its own; and what operators order about entries that were given up.
 *
 * They are part of the cursor's record: what the cursor has passed and what was set aside is
 * written in one piece. May not know: how an attempt is made, or what a status means. */
#include <stdlib.h>
#include <string.h>

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
    cursor_fini(c);
    c->quiet = false;
}

static bool waits_behind(const struct cursor *c, size_t i)
{
    for (size_t k = 0; c->aside[i].object && k < i; k++)
        if (c->aside[k].object == c->aside[i].object && c->aside[k].slot == c->aside[i].slot)
            return true;
    return false;
}

struct cursor_aside *aside_due(struct dest *d, int64_t now_ms, int64_t *ret_later)
{
    struct cursor *c = &d->cursor;
    for (size_t i = 0; i < c->aside_n; i++) {
        if (waits_behind(c, i))
            continue;
        if (c->aside[i].wake_ms <= now_ms)
            return &c->aside[i];
        if (c->aside[i].wake_ms < *ret_later)
            *ret_later = c->aside[i].wake_ms;
    }
    return NULL;
}

/* --- orders ---------------------------------------------------------------------------------- */

/* False: what the line orders was done before a restart, or is of another's host. */
static bool order_is_new(struct schedule *s, uint64_t line_n, struct span host)
{
    struct dest *d = dest_find(s, host);
    uint64_t low = d ? dest_low(s, d) : s->shards[shard_of(host, s->limits.shards)].low;
    bool fresh = host_owned(s, host) && line_n > low && (!d || line_n > d->cursor.orders);
    told(s, line_n);
    if (fresh && d) {
        d->cursor.low = dest_low(s, d);
        d->cursor.orders = line_n;
        s->shards[d->shard].dirty = true;
    }
    return fresh;
}

/* Inboxes for which n would have to be put aside. */
static unsigned slots_to_retry(struct dest *d, uint64_t n, size_t *ret_count)
{
    unsigned slots = 0;
    *ret_count = 0;
    for (unsigned i = 0; i < d->slots_n; i++)
        if (d->slots[i].url && d->slots[i].from < n && !aside_find(d, n, i)) {
            slots |= 1U << i;
            ++*ret_count;
        }
    return slots;
}

static void retry(struct schedule *s, uint64_t line_n, struct span host, uint64_t n)
{
    size_t count;
    bool fresh = order_is_new(s, line_n, host);
    struct dest *d = dest_find(s, host);
    if (!fresh || !d || !d->known || d->gone || !n || n > d->cursor.low)
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

static void drop(struct schedule *s, uint64_t line_n, struct span host, uint64_t n)
{
    const struct change seen = {.kind = CHANGE_DROP, .to = n};
    if (order_is_new(s, line_n, host))
        record_host(s, host, &seen);
}

void schedule_order(struct schedule *s, uint64_t line_n, enum book_order order, struct span host,
                    uint64_t of)
{
    switch (order) {
    case ORDER_RETRY: retry(s, line_n, host, of); break;
    case ORDER_DROP: drop(s, line_n, host, of); break;
    case ORDER_WAKE:
    case ORDER_HOLD:
    case ORDER_RELEASE:
    case ORDER_CUT:
    case ORDER_REPLAY:
    case ORDER_COUNT: told(s, line_n); break; /* no script writes them yet */
    }
}
