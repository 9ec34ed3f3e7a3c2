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

static int by_name(const void *a, const void *b)
{
    const struct lease_entry *x = *(const struct lease_entry *const *)a;
    const struct lease_entry *y = *(const struct lease_entry *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->nonce, y->nonce);
}

/* --- whose a shard is ------------------------------------------------------------------------- */

/* The one of those that live that it is for; NULL: one that may be still to come. */
static const struct lease_entry *for_whom(struct lease *l, unsigned shard,
                                          const struct lease_entry *const *living, size_t n)
{
    char name[LEASE_NAME_SIZE];
    unsigned slot = shard % l->couriers;
    snprintf(name, sizeof(name), "courier-%u", slot);
    for (size_t i = 0; i < n; i++)
        if (strcmp(living[i]->name, name) == 0) {
            l->met[slot] = true;
            return living[i];
        }
    if ((l->ticks < LEASE_TICKS && !l->met[slot]) || n == 0)
        return NULL;
    return living[shard / l->couriers % n];
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

void lease_decide(struct lease *l, const struct lease_table *table, uint64_t held)
{
    const struct lease_entry *living[LEASES_MAX];
    size_t n = 0;
    uint64_t missing = 0;
    l->take = l->give = 0;
    l->bury_n = 0;
    for (size_t i = 0; i < table->n; i++)
        if (lives(l, &table->list[i]))
            living[n++] = &table->list[i];
        else
            l->bury[l->bury_n++] = table->list[i];
    qsort(living, n, sizeof(*living), by_name);
    for (unsigned shard = 0; shard < l->shards; shard++) {
        uint64_t bit = UINT64_C(1) << shard;
        const struct lease_entry *whose = for_whom(l, shard, living, n);
        bool ours = whose && strcmp(whose->nonce, l->nonce) == 0;
        if (held & bit)
            l->give |= whose && !ours ? bit : 0;
        else if (ours && is_free(l, table, shard))
            l->take |= bit;
        else if (ours)
            missing |= bit;
    }
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
