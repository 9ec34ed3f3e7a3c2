/* schedule: what the journal says, and who is to have it. Owns the destinations and the windows.
 * States: see the drawing in schedule_inner.h. May not know: loops, Redis, clocks, logs. */
#include "relay/rules/schedule.h"

#include <stddef.h>
#include <stdlib.h>

#include "relay/rules/schedule_inner.h"

struct schedule *schedule_new(const struct schedule_limits *limits)
{
    struct schedule *s = mem_new(sizeof(*s));
    s->limits = *limits;
    if (s->limits.shards > SCHEDULE_SHARDS_MAX)
        s->limits.shards = SCHEDULE_SHARDS_MAX;
    s->dests = map_new();
    s->kins = map_new();
    return s;
}

void schedule_free(struct schedule **schedule)
{
    struct schedule *s = *schedule;
    *schedule = NULL;
    if (!s)
        return;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct shard *shard = &s->shards[i];
        while (shard->dests)
            dest_free(s, shard->dests);
        struct delta rest = {shard->pending, shard->pending_n, shard->pending_cap};
        delta_free(&rest);
    }
    map_free(&s->dests);
    kin_fini(s);
    for (size_t i = 0; i < LANE_COUNT; i++)
        window_clear(&s->tail[i]);
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        window_clear(&s->pages[i]);
    window_clear(&s->markers);
    heap_fini(&s->sleepers);
    heap_fini(&s->early);
    free(s);
}

bool shard_owned(const struct schedule *s, unsigned shard)
{
    return s->limits.owned >> shard & 1;
}

bool host_owned(const struct schedule *s, struct span host)
{
    return shard_owned(s, shard_of(host, s->limits.shards));
}

/* --- loading --------------------------------------------------------------------------------- */

void schedule_load_shard(struct schedule *s, unsigned shard, uint64_t low, uint64_t urgent)
{
    struct dest *d;
    s->shards[shard].low = low;
    s->shards[shard].urgent = urgent;
    DL_FOREACH2(s->shards[shard].dests, d, shard_next)
    {
        dest_place(d, low);
        d->cursor.urgent = urgent;
        dest_touch(s, d);
    }
}

void early_set(struct schedule *s, struct dest *d)
{
    if (d->until > s->position)
        heap_set(&s->early, &d->early, (int64_t)d->until);
}

/* Those whose record or cursor knew more than was told have waited for that. */
static void look_early(struct schedule *s)
{
    struct heap_node *first;
    while ((first = heap_first(&s->early)) && (uint64_t)first->key <= s->position) {
        struct dest *d = (struct dest *)((char *)first - offsetof(struct dest, early));
        heap_remove(&s->early, first);
        dest_look_again(s, d);
    }
}

void schedule_load_urgent(struct schedule *s, uint64_t newest)
{
    if (newest > s->urgent_first)
        s->urgent_first = newest;
}

bool urgent_first(const struct schedule *s)
{
    return s->urgent_first > s->position;
}

/* Lane U was told as far as it was when all was loaded: all have waited for that. */
static void look_urgent(struct schedule *s)
{
    s->urgent_first = 0;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        struct dest *next;
        DL_FOREACH_SAFE2(s->shards[i].dests, d, next, shard_next)
        {
            dest_look_again(s, d);
        }
    }
}

uint64_t schedule_loaded(struct schedule *s)
{
    uint64_t start = UINT64_MAX;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        if (!shard_owned(s, i))
            continue;
        if (s->shards[i].low < start)
            start = s->shards[i].low;
        if (s->shards[i].urgent < start)
            start = s->shards[i].urgent;
        forget_gone(s, i);
    }
    s->position = start;
    for (size_t i = 0; i < LANE_COUNT; i++)
        s->tail[i] = (struct window){.lane = (enum lane)i, .after = start, .to = start};
    look_early(s);
    return start;
}

/* --- the journal ----------------------------------------------------------------------------- */

void told(struct schedule *s, uint64_t n)
{
    for (size_t i = 0; i < LANE_COUNT; i++)
        s->tail[i].to = n;
    s->position = n;
    if (s->urgent_first && n >= s->urgent_first)
        look_urgent(s);
    look_early(s);
}

void schedule_floor(struct schedule *s, enum lane lane, uint64_t floor)
{
    if (floor <= s->tail[lane].after)
        return;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        struct dest *d;
        DL_FOREACH2(s->shards[i].dests, d, shard_next)
        {
            dest_here(s, d);
            dest_touch(s, d);
            /* Who is gone: the change that would have cut the other lane is among them, if it is
             * not still to be told. */
            bool both = lane == LANE_NORMAL && d->gone && !d->left_ms && d->until <= floor;
            dest_cut(s, d, both ? LANES_BOTH : 1U << lane, floor, NULL, ERR_GAP);
        }
    }
    if (lane == LANE_URGENT && s->urgent_first && floor >= s->urgent_first)
        look_urgent(s);
    window_clear(&s->tail[lane]);
    s->tail[lane] = (struct window){.lane = lane, .after = floor, .to = s->position};
    /* What the other lane has up to there is still to be told. */
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < LANE_COUNT; i++)
        least = s->tail[i].after < least ? s->tail[i].after : least;
    if (least > s->position)
        told(s, least);
}

void schedule_entry(struct schedule *s, struct entry *entry)
{
    windows_mark(s, entry);
    if (entry->lane == LANE_URGENT)
        s->newest_urgent = entry->n;
    kin_wake(s, entry);
    /* What a host posts shows that it lives. The mark that others look for (CHANGE_DOWN) is written
     * with the next commit, so a post that comes before that is noticed here. One that is read
     * again after a restart costs an attempt at most. */
    dest_shows_life(s, entry);
    if (entry->at_ms > s->told_ms)
        s->told_ms = entry->at_ms;
    told(s, entry->n);
    struct window *tail = &s->tail[entry->lane];
    window_push(tail, entry);
    while (tail->n > s->limits.window)
        window_drop_first(tail);
}

/* --- for people ------------------------------------------------------------------------------ */

void schedule_report(const struct schedule *s, struct schedule_report *ret)
{
    *ret = (struct schedule_report){.position = s->position,
                                    .destinations = map_count(s->dests),
                                    .idle = s->counts[DEST_IDLE],
                                    .ready = s->counts[DEST_READY] + s->counts[DEST_SETTLING],
                                    .flying = s->counts[DEST_FLYING],
                                    .attempts = s->flying,
                                    .asleep = s->counts[DEST_ASLEEP],
                                    .hungry = s->counts[DEST_HUNGRY],
                                    .held = s->counts[DEST_HELD],
                                    .frozen = s->counts[DEST_FROZEN],
                                    .suspects = s->suspect.on};
    for (size_t i = 0; i < LANE_COUNT; i++)
        ret->entries += s->tail[i].n;
    for (size_t i = 0; i < SCHEDULE_PAGES; i++)
        ret->entries += s->pages[i].n;
    for (unsigned i = 0; i < s->limits.shards; i++) {
        const struct dest *d;
        DL_FOREACH2(s->shards[i].dests, d, shard_next)
        {
            ret->direct += d->letters_n;
            ret->parked += d->cursor.health.parked_ms > 0;
            ret->on_hold += d->cursor.health.held;
            ret->aside += d->cursor.aside_n;
            if (d->subscribed && s->position > dest_low(s, d) + ret->behind_most)
                ret->behind_most = s->position - dest_low(s, d);
        }
    }
}

bool schedule_look(const struct schedule *s, struct span host, struct cursor *ret,
                   const char **ret_state)
{
    static const char *const names[] = {
#define X(name, text) text,
        DEST_STATES(X)
#undef X
    };
    const struct dest *d = dest_find(s, host);
    if (!d)
        return false;
    *ret = d->cursor;
    ret->low = dest_low(s, d);
    *ret_state = names[d->state];
    return true;
}
