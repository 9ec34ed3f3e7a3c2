/* schedule_delta: what is to be written down, and what Redis has of it.
 *
 * A shard has one cursor for all of its members that are at the same place; a member elsewhere, or
 * in trouble, has one of its own. At each commit the cheaper side is taken: keep the shard's cursor
 * and write those that are ahead, or move it to the position and write those that are behind
 * (ENGINE 2a). Those that are ahead come to be written again whenever the position has moved: as
 * soon as that has cost what moving costs, it is moved.
 *
 * None of this looks at members that nothing happened to. Each stands in a list by what a delta
 * would have to do about it (enum standing); whatever happens to one puts it among those that are
 * looked at.
 *
 * May not know: the scripts that carry it out. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/mark.h"
#include "relay/rules/schedule_inner.h"

/* The clocks of those who accept may differ by so much, and more. */
enum { DAY_MS = 24 * 3600 * 1000, CHANGES_MANY = 4096 };

/* The cursor as it has to be written. */
static struct cursor now_at(const struct schedule *s, const struct dest *d)
{
    struct cursor cursor = d->cursor;
    cursor.low = dest_low(s, d);
    cursor.urgent = dest_urgent_written(s, d);
    return cursor;
}

/* Nothing that its cursor stands before is owed to it; what its record knows of and was not told
 * yet may say otherwise. */
static bool owed_nothing(const struct schedule *s, const struct dest *d)
{
    return d->until <= s->position && !d->cursor.aside_n &&
           dest_owed_from(d, LANE_NORMAL) == UINT64_MAX &&
           dest_owed_from(d, LANE_URGENT) == UINT64_MAX;
}

static bool follows(const struct schedule *s, const struct dest *d, const struct cursor *at,
                    const struct cursor *shard)
{
    if (d->back)
        return false;
    if (d->gone && owed_nothing(s, d))
        return at->low <= shard->low && at->urgent <= shard->urgent;
    return cursor_plain(at) && at->low == shard->low && at->urgent == shard->urgent;
}

/* --- how each stands ------------------------------------------------------------------------- */

void stand_list(struct schedule *s, struct dest *d)
{
    struct shard *shard = &s->shards[d->shard];
    DL_APPEND2(shard->stands[d->standing], d, stand_prev, stand_next);
    shard->stands_n[d->standing]++;
}

void stand_unlist(struct schedule *s, struct dest *d)
{
    struct shard *shard = &s->shards[d->shard];
    DL_DELETE2(shard->stands[d->standing], d, stand_prev, stand_next);
    shard->stands_n[d->standing]--;
}

void dest_touch(struct schedule *s, struct dest *d)
{
    if (d->standing == STANDS_ANEW)
        return;
    stand_unlist(s, d);
    d->standing = STANDS_ANEW;
    stand_list(s, d);
}

void dest_changed(struct schedule *s, struct dest *d)
{
    dest_touch(s, d);
    s->shards[d->shard].dirty = true;
}

/* at: its cursor, of which Redis has its own now (own), or it needs none; there: the shard's. Who
 * has everything moves on with the position, without being asked; the others stay where they are.
 * What can't be said so simply is looked at each time. */
static enum standing standing_of(const struct schedule *s, const struct dest *d,
                                 const struct cursor *at, const struct cursor *there, bool own)
{
    bool plain = !d->back && cursor_plain(at);
    if (!d->known)
        return STANDS_TOLD;
    if (d->state == DEST_IDLE && (!plain || at->low != s->position || at->urgent != s->position))
        return STANDS_ANEW;
    if (d->state == DEST_IDLE)
        return own ? STANDS_APART : STANDS_END;
    if (d->gone || d->back)
        return STANDS_ANEW;
    if (own)
        return STANDS_TOLD;
    return plain && at->low == there->low && at->urgent == there->urgent ? STANDS_SHARD
                                                                         : STANDS_ANEW;
}

/* --- what is to be written -------------------------------------------------------------------- */

/* Whether it is cheaper to move the shard's cursor there: by how many cursors would have to be
 * written then, and else. Those that would be dropped do not count: else, once all have one of
 * their own, the shard's would never move again. */
static bool moving_is_cheaper(const struct schedule *s, const struct shard *shard,
                              const struct cursor *stays, const struct cursor *there)
{
    size_t apart = shard->handed == s->position ? 0 : shard->stands_n[STANDS_APART];
    size_t staying = shard->spent + shard->stands_n[STANDS_END] + apart;
    size_t moving = shard->stands_n[STANDS_SHARD];
    const struct dest *d;
    DL_FOREACH2(shard->stands[STANDS_ANEW], d, stand_next)
    {
        struct cursor at = now_at(s, d);
        if (!d->known || (d->own && cursor_same(&d->stored, &at)))
            continue;
        staying += !follows(s, d, &at, stays);
        moving += !follows(s, d, &at, there);
    }
    return staying >= moving;
}

/* What was delivered ahead of a cursor and comes to be written as such: when that was is told as of
 * anything late. What the cursor passes first needs no record. */
static void tell_ahead(const struct dest *d, struct delta *ret)
{
    for (size_t i = 0; i < d->cursor.parts_n; i++) {
        struct cursor_part *part = &d->cursor.parts[i];
        if (!part->fresh)
            continue;
        struct change late = {.kind = CHANGE_LATE,
                              .shard = d->shard,
                              .host = mem_copy((struct span){d->host, d->host_n}),
                              .to = part->n,
                              .slot = part->slot};
        change_add(&ret->list, &ret->n, &ret->cap, &late);
        part->fresh = false;
    }
}

/* Whether Redis has a cursor of its own for it then. */
static bool tell_cursor(const struct schedule *s, const struct dest *d, const struct cursor *at,
                        const struct cursor *there, struct delta *ret)
{
    bool follow = follows(s, d, at, there);
    bool same = follow ? !d->own : d->own && !d->back && cursor_same(&d->stored, at);
    if (!same) {
        struct change change = {.kind = follow ? CHANGE_FOLLOW : CHANGE_CURSOR,
                                .shard = d->shard,
                                .host = mem_copy((struct span){d->host, d->host_n})};
        cursor_copy(at, &change.cursor);
        change_add(&ret->list, &ret->n, &ret->cap, &change);
        tell_ahead(d, ret);
    }
    return !follow;
}

/* All of a shard that stand so, each of which comes to stand in its place. */
static void tell_all(struct schedule *s, struct shard *shard, enum standing standing,
                     const struct cursor *there, struct delta *ret)
{
    struct dest *next;
    struct dest *d = shard->stands[standing];
    shard->stands[standing] = NULL;
    shard->stands_n[standing] = 0;
    for (; d; d = next) {
        next = d->stand_next;
        struct cursor at = now_at(s, d);
        bool own = d->known && tell_cursor(s, d, &at, there, ret);
        d->standing = standing_of(s, d, &at, there, own);
        stand_list(s, d);
    }
}

static void shard_delta(struct schedule *s, unsigned number, int64_t now_ms, struct delta *ret)
{
    struct shard *shard = &s->shards[number];
    struct cursor there = {.low = s->position, .urgent = s->position};
    const struct cursor stays = {.low = shard->low, .urgent = shard->urgent};
    /* Never backwards: after a start the position is that of the shard that is furthest behind. */
    bool behind = shard->low < s->position && shard->urgent <= s->position;
    bool apart = shard->handed != s->position;
    bool moves = behind && moving_is_cheaper(s, shard, &stays, &there);
    if (!moves)
        there = stays;
    shard->spent = moves ? 0 : shard->spent + (apart ? shard->stands_n[STANDS_APART] : 0);
    size_t before = ret->n;
    struct change move = {.kind = CHANGE_SHARD, .shard = number, .cursor = there};
    change_add(&ret->list, &ret->n, &ret->cap, &move);
    if (moves || apart)
        tell_all(s, shard, STANDS_APART, &there, ret);
    tell_all(s, shard, moves ? STANDS_SHARD : STANDS_END, &there, ret);
    tell_all(s, shard, STANDS_ANEW, &there, ret);
    for (size_t i = 0; i < shard->pending_n; i++)
        change_add(&ret->list, &ret->n, &ret->cap, &shard->pending[i]);
    shard->pending_n = 0;
    if (ret->n == before + 1 && !moves)
        ret->n = before; /* nothing to say */
    shard->dirty = false;
    shard->moved_ms = now_ms;
    shard->handed = s->position;
}

/* Of all shards; but one delta is one script, which Redis does nothing beside: no more of them are
 * looked at once it has many changes. */
bool schedule_delta(struct schedule *s, int64_t now_ms, struct delta *ret)
{
    unsigned first = s->next_shard;
    *ret = (struct delta){0};
    for (unsigned i = 0; i < s->limits.shards && ret->n < CHANGES_MANY; i++) {
        unsigned number = (first + i) % s->limits.shards;
        struct shard *shard = &s->shards[number];
        if (!shard_owned(s, number))
            continue;
        bool lags = shard->low < s->position && now_ms - shard->moved_ms >= s->limits.advance_ms;
        if (shard->dirty || lags)
            shard_delta(s, number, now_ms, ret);
        s->next_shard = (number + 1) % s->limits.shards;
    }
    if (ret->n > 0) {
        s->deltas++;
        return true;
    }
    delta_free(ret);
    return false;
}

/* --- what was written ------------------------------------------------------------------------- */

/* Nothing that lies in Redis, and nothing that is still to be told, depends on it. */
static bool can_be_forgotten(const struct schedule *s, const struct dest *d)
{
    const struct shard *shard = &s->shards[d->shard];
    return d->gone && d->state == DEST_HELD && !d->own && !d->letters && !d->flights &&
           d->cursor.low <= shard->low && d->cursor.urgent <= shard->urgent && owed_nothing(s, d);
}

void forget_gone(struct schedule *s, unsigned shard)
{
    struct dest *d;
    struct dest *next;
    for (d = s->shards[shard].gone; d; d = next) {
        next = d->gone_next;
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
