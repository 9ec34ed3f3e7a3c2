/* lease_rig: tables of leases as words, and a
 * house of couriers that live by them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/bytes.h"
#include "relay/rules/lease.h"

enum { HOUSE = 6, WIDE = 64, LEASE_MS = 10000, BEAT_MS = LEASE_MS / LEASE_BEATS };

struct one {
    struct lease heart;
    char nonce[LEASE_NONCE_SIZE];
    bool runs, frozen, first;
    uint64_t held, give, giving;
    int halting; /* rounds until it has ended what was in flight */
};

struct house {
    struct lease_table table;
    struct one list[HOUSE];
    unsigned n, born;
    unsigned per; /* of them belong to one machine each */
    uint32_t chance;
    int64_t now_ms;
    bool careless;  /* the twin: nobody is told that it was buried */
    unsigned twice; /* rounds in which somebody acted on what was another's */
};

static inline struct lease_entry *entry_of(struct house *h, const char *nonce)
{
    for (size_t i = 0; i < h->table.n; i++)
        if (strcmp(h->table.list[i].nonce, nonce) == 0)
            return &h->table.list[i];
    return NULL;
}

static inline void entry_drop(struct house *h, struct lease_entry *e)
{
    *e = h->table.list[--h->table.n];
}

static inline void come(struct house *h, unsigned i)
{
    struct one *o = &h->list[i];
    char name[32];
    snprintf(name, sizeof(name), "courier-%u@%u", i % h->per, i / h->per);
    snprintf(o->nonce, sizeof(o->nonce), "%u", ++h->born);
    if (!o->runs)
        lease_init(&o->heart, name, h->per);
    lease_begin(&o->heart, o->nonce, WIDE);
    o->held = o->give = o->giving = 0;
    o->halting = 0;
    o->first = o->runs = true;
}

/* lease.lua, in short. */
static inline bool beat(struct house *h, struct one *o)
{
    struct lease_entry *e = entry_of(h, o->nonce);
    if (!e && !o->first && !h->careless)
        return false;
    for (size_t i = h->table.n; i-- > 0;)
        if (strcmp(h->table.list[i].name, o->heart.name) == 0 &&
            strcmp(h->table.list[i].nonce, o->nonce) != 0)
            entry_drop(h, &h->table.list[i]);
    e = entry_of(h, o->nonce);
    if (!e) {
        e = &h->table.list[h->table.n++];
        *e = (struct lease_entry){.beat = 0};
        memcpy(e->nonce, o->nonce, sizeof(e->nonce));
        memcpy(e->name, o->heart.name, sizeof(e->name));
    }
    e->beat++;
    for (unsigned s = 0; s < WIDE; s++)
        if ((o->give >> s & 1) && strcmp(h->table.owners[s], o->nonce) == 0)
            h->table.owners[s][0] = '\0';
    for (size_t i = 0; i < o->heart.bury_n; i++) {
        e = entry_of(h, o->heart.bury[i].nonce);
        if (e && e->beat == o->heart.bury[i].beat)
            entry_drop(h, e);
    }
    o->give = 0;
    o->first = false;
    return true;
}

/* claim.lua, in short. */
static inline void claim(struct house *h, struct one *o, uint64_t shards)
{
    for (unsigned s = 0; s < WIDE; s++) {
        char *owner = h->table.owners[s];
        bool taken = *owner && strcmp(owner, o->nonce) != 0 && entry_of(h, owner);
        if (!(shards >> s & 1) || taken)
            continue;
        memcpy(owner, o->nonce, sizeof(o->nonce));
        o->held |= UINT64_C(1) << s;
    }
}

static inline void tick(struct house *h, unsigned i)
{
    struct one *o = &h->list[i];
    if (!o->runs || o->frozen)
        return;
    if (o->halting && --o->halting == 0) {
        o->held &= ~o->giving;
        o->give |= o->giving;
    }
    lease_ask(&o->heart, LEASE_MS, h->now_ms);
    if (!beat(h, o)) {
        come(h, i);
        beat(h, o);
    }
    lease_heard(&o->heart, &h->table, h->now_ms);
    if (o->halting)
        return;
    lease_decide(&o->heart, &h->table, o->held);
    if (o->heart.give) {
        o->giving = o->heart.give;
        o->halting = 2;
    } else if (o->heart.take) {
        claim(h, o, o->heart.take);
    }
}
