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
    l->watched_n = 0;
    l->waited = 0;
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

void lease_tick(struct lease *l, const struct lease_table *table)
{
    struct lease_watch now[LEASES_MAX];
    for (size_t i = 0; i < table->n; i++) {
        const struct lease_entry *e = &table->list[i];
        const struct lease_watch *before = watch_of(l, e->nonce);
        memcpy(now[i].nonce, e->nonce, sizeof(now[i].nonce));
        now[i].beat = e->beat;
        now[i].still = before && before->beat == e->beat ? before->still + 1 : 0;
    }
    memcpy(l->watched, now, table->n * sizeof(*now));
    l->watched_n = table->n;
    if (l->ticks < LEASE_TICKS)
        l->ticks++;
    if (l->waited)
        l->waited++;
}

static bool lives(const struct lease *l, const struct lease_entry *e)
{
    const struct lease_watch *watch = watch_of(l, e->nonce);
    if (strcmp(e->nonce, l->nonce) == 0)
        return true;
    return !watch || watch->beat != e->beat || watch->still < LEASE_TICKS;
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

/* Who lives; the others are to be buried. */
static void seat_living(struct lease *l, const struct lease_table *table, uint64_t held,
                        struct seats *seats)
{
    seats->n = l->bury_n = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct lease_entry *e = &table->list[i];
        if (!lives(l, e)) {
            l->bury[l->bury_n++] = *e;
            continue;
        }
        struct seat *seat = &seats->list[seats->n++];
        bool ours = strcmp(e->nonce, l->nonce) == 0;
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
        seats->n += l->ticks < LEASE_TICKS && !l->met[slot];
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
        if (strcmp(seat->nonce, l->nonce) == 0)
            seats->ours = seat;
    }
}

static bool is_free(const struct lease *l, const struct lease_table *table, unsigned shard)
{
    const char *owner = table->owners[shard];
    if (!*owner || strcmp(owner, l->nonce) == 0)
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
    if (!l->take || !missing)
        l->waited = 0;
    else if (!l->waited)
        l->waited = 1;
    if (l->waited && l->waited <= LEASE_PATIENCE)
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
