/* schedule_delta: what is to be written down, and what Redis has of it.
 *
 * A shard has one cursor for all of its members that are at the same place; a member elsewhere, or
 * in trouble, has one of its own. At each commit the cheaper side is taken: keep the shard's cursor
 * and write those that are ahead, or move it to the position and write those that are behind
 * (ENGINE 2a).
 *
 * May not know: the scripts that carry it out. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/mark.h"
#include "relay/rules/schedule_inner.h"

/* The clocks of those who accept may differ by so much, and more. */
enum { DAY_MS = 24 * 3600 * 1000 };

/* The cursor as it has to be written. */
static struct cursor now_at(const struct schedule *s, const struct dest *d)
{
    struct cursor cursor = d->cursor;
    cursor.low = dest_low(s, d);
    cursor.urgent = dest_urgent_written(s, d);
    return cursor;
}

/* Nothing that its cursor stands before is owed to it. */
static bool owed_nothing(const struct dest *d)
{
    return !d->cursor.aside_n && dest_owed_from(d, LANE_NORMAL) == UINT64_MAX &&
           dest_owed_from(d, LANE_URGENT) == UINT64_MAX;
}

static bool follows(const struct dest *d, const struct cursor *at, const struct cursor *shard)
{
    if (d->back)
        return false;
    if (d->gone && owed_nothing(d))
        return at->low <= shard->low && at->urgent <= shard->urgent;
    return cursor_plain(at) && at->low == shard->low && at->urgent == shard->urgent;
}

/* How many cursors would have to be written if the shard's stood there. Those that would be
 * dropped do not count: else, once all have one of their own, the shard's would never move again.
 */
static size_t cost(const struct schedule *s, const struct shard *shard, const struct cursor *there)
{
    size_t writes = 0;
    const struct dest *d;
    DL_FOREACH2(shard->dests, d, shard_next)
    {
        struct cursor at = now_at(s, d);
        if (d->known && !follows(d, &at, there))
            writes += !d->own || !cursor_same(&d->stored, &at);
    }
    return writes;
}

/* What was delivered ahead of a cursor and comes to be written as such: when that was is told as of
 * anything late. What the cursor passes first needs no record. */
static void tell_ahead(const struct dest *d, unsigned shard, struct delta *ret)
{
    for (size_t i = 0; i < d->cursor.parts_n; i++) {
        struct cursor_part *part = &d->cursor.parts[i];
        if (!part->fresh)
            continue;
        struct change late = {.kind = CHANGE_LATE,
                              .shard = shard,
                              .host = mem_copy((struct span){d->host, d->host_n}),
                              .to = part->n,
                              .slot = part->slot};
        change_add(&ret->list, &ret->n, &ret->cap, &late);
        part->fresh = false;
    }
}

static void shard_delta(struct schedule *s, unsigned number, int64_t now_ms, struct delta *ret)
{
    struct shard *shard = &s->shards[number];
    struct cursor there = {.low = s->position, .urgent = s->position};
    const struct cursor stays = {.low = shard->low, .urgent = shard->urgent};
    /* Never backwards: after a start the position is that of the shard that is furthest behind. */
    bool behind = shard->low < s->position && shard->urgent <= s->position;
    if (!behind || cost(s, shard, &stays) < cost(s, shard, &there))
        there = stays;
    size_t before = ret->n;
    struct change move = {.kind = CHANGE_SHARD, .shard = number, .cursor = there};
    change_add(&ret->list, &ret->n, &ret->cap, &move);
    const struct dest *d;
    DL_FOREACH2(shard->dests, d, shard_next)
    {
        struct change change = {.shard = number, .cursor = now_at(s, d)};
        if (!d->known)
            continue;
        if (follows(d, &change.cursor, &there)) {
            if (!d->own)
                continue;
            change.kind = CHANGE_FOLLOW;
        } else {
            if (d->own && !d->back && cursor_same(&d->stored, &change.cursor))
                continue;
            change.kind = CHANGE_CURSOR;
        }
        struct cursor copy;
        cursor_copy(&change.cursor, &copy);
        change.cursor = copy;
        change.host = mem_copy((struct span){d->host, d->host_n});
        change_add(&ret->list, &ret->n, &ret->cap, &change);
        tell_ahead(d, number, ret);
    }
    for (size_t i = 0; i < s->pending_n; i++)
        if (s->pending[i].shard == number)
            change_add(&ret->list, &ret->n, &ret->cap, &s->pending[i]);
    if (ret->n == before + 1 && there.low == shard->low)
        ret->n = before; /* nothing to say */
    shard->dirty = false;
    shard->moved_ms = now_ms;
}

bool schedule_delta(struct schedule *s, int64_t now_ms, struct delta *ret)
{
    *ret = (struct delta){0};
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct shard *shard = &s->shards[i];
        if (!shard_owned(s, i))
            continue;
        bool lags = shard->low < s->position && now_ms - shard->moved_ms >= s->limits.advance_ms;
        if (shard->dirty || lags)
            shard_delta(s, i, now_ms, ret);
    }
    s->pending_n = 0; /* every record marked its shard dirty, so all were handed out */
    if (ret->n > 0) {
        s->deltas++;
        return true;
    }
    delta_free(ret);
    return false;
}

/* Nothing that lies in Redis, and nothing that is still to be told, depends on it. */
static bool can_be_forgotten(const struct schedule *s, const struct dest *d)
{
    const struct shard *shard = &s->shards[d->shard];
    return d->gone && d->state == DEST_HELD && !d->own && !d->letters && !d->flights &&
           d->cursor.low <= shard->low && d->cursor.urgent <= shard->urgent && owed_nothing(d);
}

void forget_gone(struct schedule *s, unsigned shard)
{
    struct dest *d;
    struct dest *next;
    for (d = s->shards[shard].dests; d; d = next) {
        next = d->shard_next;
        if (d->left_ms && s->told_ms > d->left_ms + MARK_GRACE_MS + DAY_MS) {
            d->left_ms = 0;
            dest_settle(s, d);
        }
        if (!can_be_forgotten(s, d))
            continue;
        dest_lives(s, d); /* nobody is to wait for signs of life from it */
        dest_free(s, d);
    }
}

void schedule_committed(struct schedule *s, struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++) {
        const struct change *change = &delta->list[i];
        struct dest *d = change->host ? dest_find(s, span_of(change->host)) : NULL;
        if (change->kind == CHANGE_SHARD) {
            s->shards[change->shard].low = change->cursor.low;
            s->shards[change->shard].urgent = change->cursor.urgent;
        }
        if (d && change->kind == CHANGE_CURSOR) {
            d->own = true;
            cursor_fini(&d->stored);
            cursor_copy(&change->cursor, &d->stored);
            replay_saved(s, d);
        }
        if (d && change->kind == CHANGE_FOLLOW)
            d->own = false;
        if (d && (change->kind == CHANGE_FAIL || change->kind == CHANGE_SKIP))
            unsaved_end(s, d);
    }
    for (size_t i = 0; i < delta->n; i++)
        if (delta->list[i].kind == CHANGE_SHARD)
            forget_gone(s, delta->list[i].shard);
    delta_free(delta);
}
