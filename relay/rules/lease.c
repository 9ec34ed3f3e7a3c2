/* lease: who is watched, who lives, and whose a shard is. Owns nothing but what it is told.
 * May not know: Redis, clocks, what a shard holds. */
#include "relay/rules/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/span.h"

void lease_init(struct lease *l, const char *name, unsigned couriers)
{
    *l = (struct lease){.couriers = couriers ? couriers : 1};
    span_copy(span_of(name), l->name, sizeof(l->name));
}

void lease_begin(struct lease *l, const char *nonce, unsigned shards)
{
    l->shards = shards < LEASE_SHARDS_MAX ? shards : LEASE_SHARDS_MAX;
    span_copy(span_of(nonce), l->nonce, sizeof(l->nonce));
    l->heard = l->waits = false;
    l->watched_n = 0;
    l->take = l->give = 0;
    l->bury_n = 0;
}

/* --- who lives -------------------------------------------------------------------------------- */

static const struct lease_watch *watch_of(const struct lease *l, const char *nonce)
{
    for (size_t i = 0; i < l->watched_n; i++)
        if (strcmp(l->watched[i].nonce, nonce) == 0)
            return &l->watched[i];
    return NULL;
}

static int64_t beats(const struct lease *l, int64_t n)
{
    return l->lease_ms / LEASE_BEATS * n;
}

/* Since the last table, as far as it counts. */
static int64_t passed(const struct lease *l, int64_t now_ms)
{
    int64_t ms = l->heard ? now_ms - l->heard_ms : 0;
    return ms < beats(l, LEASE_LEAP) ? ms : beats(l, LEASE_LEAP);
}

static bool is_ours(const struct lease *l, const char *nonce)
{
    return strcmp(nonce, l->nonce) == 0;
}

void lease_ask(struct lease *l, int64_t lease_ms, int64_t now_ms)
{
    l->lease_ms = lease_ms;
    l->bury_n = 0;
    for (size_t i = 0; i < l->watched_n; i++) {
        const struct lease_watch *watch = &l->watched[i];
        if (is_ours(l, watch->nonce) || watch->still_ms + passed(l, now_ms) < lease_ms)
            continue;
        struct lease_entry *dead = &l->bury[l->bury_n++];
        *dead = (struct lease_entry){.beat = watch->beat};
        memcpy(dead->nonce, watch->nonce, sizeof(dead->nonce));
    }
}

static bool was_to_be_buried(const struct lease *l, const char *nonce)
{
    for (size_t i = 0; i < l->bury_n; i++)
        if (strcmp(l->bury[i].nonce, nonce) == 0)
            return true;
    return false;
}

/* One that is there still, though it was to be buried, is watched anew: once more at once would be
 * once more for ever, where it can't be. */
static int64_t still(const struct lease *l, const struct lease_entry *e, int64_t passed_ms)
{
    const struct lease_watch *before = watch_of(l, e->nonce);
    if (!before || before->beat != e->beat || was_to_be_buried(l, e->nonce))
        return 0;
    return before->still_ms + passed_ms;
}

void lease_heard(struct lease *l, const struct lease_table *table, int64_t now_ms)
{
    struct lease_watch now[LEASES_MAX];
    int64_t passed_ms = passed(l, now_ms);
    for (size_t i = 0; i < table->n; i++) {
        const struct lease_entry *e = &table->list[i];
        memcpy(now[i].nonce, e->nonce, sizeof(now[i].nonce));
        now[i].beat = e->beat;
        now[i].still_ms = still(l, e, passed_ms);
    }
    memcpy(l->watched, now, table->n * sizeof(*now));
    l->watched_n = table->n;
    l->bury_n = 0;
    l->heard = true;
    l->heard_ms = now_ms;
    if (l->here_ms < l->lease_ms)
        l->here_ms += passed_ms;
    l->waited_ms += passed_ms;
}

/* A slow Redis is given time between two looks, too; and a timer may be early by what a clock's
 * tick hides. */
int64_t lease_next(const struct lease *l, int64_t sent_ms, int64_t now_ms)
{
    int64_t next = sent_ms + beats(l, 1) - now_ms;
    if (next < beats(l, 1) / 4)
        next = beats(l, 1) / 4;
    for (size_t i = 0; i < l->watched_n; i++) {
        int64_t left = l->lease_ms - l->watched[i].still_ms + 1;
        if (left < next && !is_ours(l, l->watched[i].nonce))
            next = left > 0 ? left : 0;
    }
    return next;
}

static bool lives(const struct lease *l, const struct lease_entry *e)
{
    const struct lease_watch *watch = watch_of(l, e->nonce);
    return is_ours(l, e->nonce) || !watch || watch->beat != e->beat ||
           watch->still_ms < l->lease_ms;
}

/* --- whose a shard is ------------------------------------------------------------------------- */

enum { SEATS_MAX = LEASES_MAX + LEASE_SHARDS_MAX };

struct seats { /* those who have a share, by name */
    struct seat {
        char name[LEASE_NAME_SIZE];
        const char *nonce; /* empty: it may be still to come */
        unsigned has, may;
    } list[SEATS_MAX];
    size_t n;
    struct seat *ours; /* NULL: we are not among them */
};

static int by_name(const void *a, const void *b)
{
    const struct seat *x = a;
    const struct seat *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->nonce, y->nonce);
}

static unsigned owned(const struct lease *l, const struct lease_table *table, const char *nonce)
{
    unsigned n = 0;
    for (unsigned shard = 0; shard < l->shards; shard++)
        n += strcmp(table->owners[shard], nonce) == 0;
    return n;
}

static void seat_living(const struct lease *l, const struct lease_table *table, uint64_t held,
                        struct seats *seats)
{
    seats->n = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct lease_entry *e = &table->list[i];
        if (!lives(l, e))
            continue;
        struct seat *seat = &seats->list[seats->n++];
        bool ours = is_ours(l, e->nonce);
        memcpy(seat->name, e->name, sizeof(seat->name));
        seat->nonce = e->nonce;
        seat->has = ours ? (unsigned)__builtin_popcountll(held) : owned(l, table, e->nonce);
    }
}

/* Those of our own machine that were not met yet. */
static void seat_awaited(struct lease *l, struct seats *seats)
{
    const char *machine = strchr(l->name, '@');
    size_t living = seats->n;
    for (unsigned slot = 0; slot < l->couriers && slot < LEASE_SHARDS_MAX; slot++) {
        struct seat *seat = &seats->list[seats->n];
        *seat = (struct seat){.nonce = ""};
        snprintf(seat->name, sizeof(seat->name), "courier-%u%s", slot, machine ? machine : "");
        for (size_t i = 0; i < living && !l->met[slot]; i++)
            l->met[slot] = strcmp(seats->list[i].name, seat->name) == 0;
        seats->n += l->here_ms < l->lease_ms && !l->met[slot];
    }
}

/* To each the same; where that can't be, one more to the first by name. */
static void share_out(const struct lease *l, struct seats *seats)
{
    qsort(seats->list, seats->n, sizeof(*seats->list), by_name);
    seats->ours = NULL;
    for (size_t i = 0; i < seats->n; i++) {
        struct seat *seat = &seats->list[i];
        seat->may = (unsigned)(l->shards / seats->n + (i < l->shards % seats->n));
        if (is_ours(l, seat->nonce))
            seats->ours = seat;
    }
}

static bool is_free(const struct lease *l, const struct lease_table *table, unsigned shard)
{
    const char *owner = table->owners[shard];
    if (!*owner || is_ours(l, owner))
        return true;
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->list[i].nonce, owner) == 0)
            return false;
    return true;
}

/* What we have beyond our share; first what was for others from the beginning. */
static uint64_t beyond(const struct lease *l, const struct seats *seats, uint64_t held)
{
    uint64_t give = 0;
    unsigned n = seats->ours->has > seats->ours->may ? seats->ours->has - seats->ours->may : 0;
    for (int others = 1; others >= 0; others--)
        for (unsigned shard = 0; shard < l->shards && n; shard++) {
            uint64_t bit = UINT64_C(1) << shard;
            bool theirs = &seats->list[shard % seats->n] != seats->ours;
            if (held & bit && theirs == (others != 0)) {
                give |= bit;
                n--;
            }
        }
    return give;
}

/* One free shard goes to one who has less than its share, from `at` on. */
static bool deal(struct seats *seats, size_t at, size_t tries, uint64_t bit, uint64_t *ours)
{
    for (size_t i = 0; i < tries; i++) {
        struct seat *seat = &seats->list[(at + i) % seats->n];
        if (seat->has >= seat->may)
            continue;
        seat->has++;
        if (seat == seats->ours)
            *ours |= bit;
        return true;
    }
    return false;
}

/* What is dealt to us of what is free: first to each what is for it where all are here. */
static uint64_t dealt(const struct lease *l, const struct lease_table *table, uint64_t held,
                      struct seats *seats)
{
    uint64_t ours = 0;
    uint64_t left = 0;
    for (unsigned shard = 0; shard < l->shards; shard++) {
        uint64_t bit = UINT64_C(1) << shard;
        bool there = !(held & bit) && is_free(l, table, shard);
        if (there && !deal(seats, shard % seats->n, 1, bit, &ours))
            left |= bit;
    }
    for (unsigned shard = 0; shard < l->shards; shard++)
        if (left >> shard & 1)
            deal(seats, shard % seats->n, seats->n, UINT64_C(1) << shard, &ours);
    return ours;
}

/* Whether what one owned that died is among these. */
static bool bereft(const struct lease *l, const struct lease_table *table, uint64_t shards)
{
    for (unsigned shard = 0; shard < l->shards; shard++) {
        const char *owner = table->owners[shard];
        if (shards >> shard & 1 && *owner && !is_ours(l, owner))
            return true;
    }
    return false;
}

void lease_decide(struct lease *l, const struct lease_table *table, uint64_t held)
{
    struct seats seats;
    l->take = l->give = 0;
    seat_living(l, table, held, &seats);
    if (!seats.n)
        return;
    share_out(l, &seats);
    if (seats.ours)
        l->give = beyond(l, &seats, held);
    seat_awaited(l, &seats);
    share_out(l, &seats);
    if (seats.ours)
        l->take = dealt(l, table, held, &seats);
    bool missing = seats.ours && seats.ours->has < seats.ours->may;
    bool waits = l->take && missing && !bereft(l, table, l->take);
    if (!waits || !l->waits)
        l->waited_ms = 0;
    l->waits = waits;
    if (waits && l->waited_ms < beats(l, LEASE_PATIENCE))
        l->take = 0;
}

/* --- time ------------------------------------------------------------------------------------- */

bool lease_may_start(int64_t lease_ms, int64_t since_ms)
{
    return since_ms <= lease_ms / 2;
}

bool lease_may_go_on(int64_t lease_ms, int64_t since_ms)
{
    return since_ms <= lease_ms / 10 * 8;
}
