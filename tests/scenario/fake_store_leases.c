/* fake_store_leases: who has a lease in the fake store, and which shards are whose.
 * May not know: which machine asks, or why. */
#include <stdio.h>
#include <string.h>

#include "tests/scenario/fake_store_inner.h"

struct beat_call {
    struct call call;
    struct leases_beat beat;
    char nonce[LEASE_NONCE_SIZE], name[LEASE_NAME_SIZE];
    struct lease_entry bury[LEASES_MAX];
    leases_cb cb;
    void *arg;
    bool fenced;
    struct lease_table table;
};

struct lease_entry *fake_lease_of(struct store *s, const char *nonce)
{
    for (size_t i = 0; i < s->leases.n; i++)
        if (strcmp(s->leases.list[i].nonce, nonce) == 0)
            return &s->leases.list[i];
    return NULL;
}

static void lease_drop(struct store *s, struct lease_entry *e)
{
    *e = s->leases.list[--s->leases.n];
}

static void lease_write(struct store *s, const struct beat_call *c)
{
    for (size_t i = s->leases.n; i-- > 0;)
        if (strcmp(s->leases.list[i].name, c->name) == 0 &&
            strcmp(s->leases.list[i].nonce, c->nonce) != 0)
            lease_drop(s, &s->leases.list[i]);
    struct lease_entry *own = fake_lease_of(s, c->nonce);
    if (!own) {
        own = &s->leases.list[s->leases.n++];
        *own = (struct lease_entry){0};
        memcpy(own->nonce, c->nonce, sizeof(own->nonce));
        memcpy(own->name, c->name, sizeof(own->name));
    }
    own->beat++;
}

static void work_beat(struct call *call)
{
    struct beat_call *c = (struct beat_call *)call;
    struct store *s = call->store;
    c->fenced = !c->beat.first && !fake_lease_of(s, c->nonce);
    if (c->fenced)
        return;
    lease_write(s, c);
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        if ((c->beat.give >> i & 1) && strcmp(s->shards[i].nonce, c->nonce) == 0)
            s->shards[i].nonce[0] = '\0';
    for (size_t i = 0; i < c->beat.bury_n; i++) {
        struct lease_entry *dead = fake_lease_of(s, c->bury[i].nonce);
        if (dead && dead->beat == c->bury[i].beat && !fake_lies(LIE_NOBODY_BURIED))
            lease_drop(s, dead);
    }
    if (c->beat.leave)
        lease_drop(s, fake_lease_of(s, c->nonce));
    c->table = s->leases;
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        memcpy(c->table.owners[i], s->shards[i].nonce, sizeof(c->table.owners[i]));
}

static void answer_beat(struct call *call, enum err err)
{
    struct beat_call *c = (struct beat_call *)call;
    if (err == ERR_OK && c->fenced)
        err = ERR_FENCED;
    c->cb(c->arg, err, err == ERR_OK ? &c->table : NULL);
}

void leases_beat(struct store *store, const struct leases_beat *beat, leases_cb cb, void *arg)
{
    struct beat_call *c = mem_new(sizeof(*c));
    c->beat = *beat;
    c->cb = cb;
    c->arg = arg;
    span_copy(span_of(beat->nonce), c->nonce, sizeof(c->nonce));
    span_copy(span_of(beat->name), c->name, sizeof(c->name));
    memcpy(c->bury, beat->bury, beat->bury_n * sizeof(*c->bury));
    fake_call(store, OP_LEASE, &c->call, work_beat, answer_beat);
}

/* --- for tests ------------------------------------------------------------------------------- */

void fake_steal(struct store *s)
{
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        snprintf(s->shards[i].nonce, sizeof(s->shards[i].nonce), "somebody else");
}

const char *fake_owner(const struct store *s, unsigned shard)
{
    for (size_t i = 0; i < s->leases.n; i++)
        if (strcmp(s->leases.list[i].nonce, s->shards[shard].nonce) == 0)
            return s->leases.list[i].name;
    return "";
}

size_t fake_leases(const struct store *s)
{
    return s->leases.n;
}
