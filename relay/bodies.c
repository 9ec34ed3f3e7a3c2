/* bodies: a cache with a limit in bytes, least recently used out first; one read for all who wait.
 * Owns every body; a reader holds a count. May not know: to whom a body goes. */
#include "relay/bodies.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/pure/map.h"
#include "keys/digest.h"

struct waiter {
    struct waiter *next;
    bodies_cb cb;
    void *arg;
};

struct kept {
    struct body body;         /* first: a struct body is a struct kept */
    struct kept *prev, *next; /* least recently used first */
    struct bodies *owner;     /* NULL once the cache is gone */
    struct waiter *waiters;
    unsigned refs;
    bool loaded;
    char digest[64];
    char *bytes;
};

struct bodies {
    struct store *store;
    struct map *by_n; /* key: the bytes of the number */
    struct kept *order;
    size_t used, most;
};

static struct span number(const uint64_t *n)
{
    return (struct span){(const char *)n, sizeof(*n)};
}

struct bodies *bodies_new(struct store *store, size_t most)
{
    struct bodies *b = mem_new(sizeof(*b));
    b->store = store;
    b->most = most;
    b->by_n = map_new();
    return b;
}

static void kept_free(struct kept *k)
{
    struct waiter *w;
    while ((w = k->waiters)) {
        k->waiters = w->next;
        free(w);
    }
    free(k->bytes);
    free(k);
}

static void forget(struct bodies *b, struct kept *k)
{
    map_take(b->by_n, number(&k->body.n));
    DL_DELETE(b->order, k);
    b->used -= k->body.bytes.n;
    k->owner = NULL;
    if (k->loaded && k->refs == 0)
        kept_free(k);
}

void bodies_free(struct bodies **bodies)
{
    struct bodies *b = *bodies;
    *bodies = NULL;
    if (!b)
        return;
    while (b->order)
        forget(b, b->order);
    map_free(&b->by_n);
    free(b);
}

static void shrink(struct bodies *b)
{
    struct kept *k = b->order;
    while (k && b->used > b->most) {
        struct kept *next = k->next;
        if (k->loaded && k->refs == 0)
            forget(b, k);
        k = next;
    }
}

/* Calls back everyone who waits. Anyone may be forgotten, and the cache freed, on the way. */
static void answer(struct kept *k, bool readable)
{
    struct waiter *w;
    k->refs++;
    while ((w = k->waiters)) {
        bodies_cb cb = w->cb;
        void *arg = w->arg;
        k->waiters = w->next;
        free(w);
        if (readable)
            k->refs++;
        cb(arg, readable ? &k->body : NULL);
    }
    k->refs--;
}

static void on_loaded(void *arg, enum err err, struct span body)
{
    struct kept *k = arg;
    if (!k->owner) {
        k->loaded = true;
        kept_free(k);
        return;
    }
    if (err == ERR_OK) {
        struct bytes digest;
        k->bytes = mem_copy(body);
        k->body.there = body.p != NULL;
        k->body.bytes = (struct span){k->bytes, body.n};
        bytes_init(&digest, sizeof(k->digest) - 1);
        digest_write(&digest, k->body.bytes);
        span_copy(bytes_span(&digest), k->digest, sizeof(k->digest));
        k->body.digest = span_of(k->digest);
        bytes_fini(&digest);
        k->owner->used += body.n;
    }
    /* Whoever asks from a callback after a failure waits, and is told the same: that a body could
     * not be read says nothing of whether it is kept. */
    k->loaded = err == ERR_OK;
    answer(k, k->loaded);
    k->loaded = true;
    if (k->owner && err != ERR_OK)
        forget(k->owner, k);
    else if (k->owner)
        shrink(k->owner);
    else if (k->refs == 0)
        kept_free(k);
}

static void touch(struct bodies *b, struct kept *k)
{
    DL_DELETE(b->order, k);
    DL_APPEND(b->order, k);
}

struct body *bodies_have(struct bodies *b, uint64_t n)
{
    struct kept *k = map_get(b->by_n, number(&n));
    if (!k || !k->loaded)
        return NULL;
    touch(b, k);
    k->refs++;
    return &k->body;
}

static struct kept *kept_new(struct bodies *b, uint64_t n)
{
    struct kept *k = mem_new(sizeof(*k));
    k->body.n = n;
    k->owner = b;
    map_put(b->by_n, number(&n), k);
    DL_APPEND(b->order, k);
    return k;
}

void bodies_get(struct bodies *b, uint64_t n, bodies_cb cb, void *arg)
{
    struct kept *k = map_get(b->by_n, number(&n));
    struct waiter *w = mem_new(sizeof(*w));
    bool asked = k != NULL;
    *w = (struct waiter){.cb = cb, .arg = arg};
    if (!asked)
        k = kept_new(b, n);
    LL_APPEND(k->waiters, w);
    if (!asked)
        journal_body(b->store, n, on_loaded, k);
}

void bodies_forget(struct bodies *b, void *arg)
{
    struct kept *k;
    DL_FOREACH(b->order, k)
    {
        struct waiter **at = &k->waiters;
        while (*at) {
            struct waiter *w = *at;
            if (w->arg == arg) {
                *at = w->next;
                free(w);
            } else {
                at = &w->next;
            }
        }
    }
}

void body_unref(struct body **body)
{
    struct kept *k = (struct kept *)*body;
    *body = NULL;
    if (k && --k->refs == 0 && !k->owner)
        kept_free(k);
}
