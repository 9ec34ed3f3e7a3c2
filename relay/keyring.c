/* keyring: a bounded cache of decoded keys over the one in Redis over the documents themselves.
 *
 *     a ring entry: IDLE -> ASKING (Redis) -> FETCHING (document) -> FETCHING (its owner's) -> IDLE
 *
 * Owns the keys. May not know: what was signed with them. */
#include "relay/keyring.h"

#include <stdlib.h>
#include <utlist.h>

#include "common/io/clock.h"
#include "common/pure/map.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/fetch.h"
#include "relay/meters.h"
#include "relay/rules/keydoc.h"
#include "relay/store/keycache.h"

enum { RING_MAX = 4096, FETCHING_MAX = 256, RSA_MIN = 2048, RSA_MAX = 4096 };

enum ring_state { RING_IDLE, RING_ASKING, RING_FETCHING };

struct waiter {
    struct waiter *next;
    keyring_cb cb;
    void *arg;
    bool newer; /* what is known already is no answer */
};

struct ring {
    struct ring *prev, *next; /* least recently used first */
    struct keyring *owner;    /* NULL once the keyring is gone */
    enum ring_state state;
    struct waiter *waiters;
    struct waiter *answered; /* those of them that are being called back */
    struct fetch *fetch;
    bool second; /* the owner's document is being fetched */
    enum err err;
    bool gone;
    bool fresh; /* what comes next is the answer of its document */
    struct pubkey *key;
    char *actor, *inbox, *followers;
    bool machine, indexable, refuses;
    int64_t refetched_ms; /* when it was last fetched past the caches; 0: never */
    int64_t until_ms;     /* how long the answer holds */
    int64_t unsure_ms;    /* until then its document is not asked for again: its host is away */
    char zone[MEMBER_ZONE_SIZE];
    char hash[2 * SHA256_SIZE + 1];
    size_t id_n;
    char id[];
};

struct keyring {
    struct context *context;
    struct map *by_id;
    struct ring *order;
    size_t n, fetching;
};

struct keyring *keyring_new(struct context *context)
{
    struct keyring *k = mem_new(sizeof(*k));
    k->context = context;
    k->by_id = map_new();
    return k;
}

/* Everyone, or those with this arg. */
static void drop_waiters(struct waiter **at, const void *arg)
{
    while (*at) {
        struct waiter *w = *at;
        if (arg && w->arg != arg) {
            at = &w->next;
        } else {
            *at = w->next;
            free(w);
        }
    }
}

static void ring_free(struct ring *r)
{
    drop_waiters(&r->waiters, NULL);
    drop_waiters(&r->answered, NULL);
    fetch_cancel(&r->fetch);
    pubkey_free(&r->key);
    free(r->actor);
    free(r->inbox);
    free(r->followers);
    free(r);
}

/* A ring that waits for Redis is freed when Redis has answered. */
static void ring_drop(struct keyring *k, struct ring *r)
{
    map_take(k->by_id, (struct span){r->id, r->id_n});
    DL_DELETE(k->order, r);
    k->n--;
    r->owner = NULL;
    if (r->state != RING_ASKING)
        ring_free(r);
}

void keyring_free(struct keyring **keyring)
{
    struct keyring *k = *keyring;
    *keyring = NULL;
    if (!k)
        return;
    while (k->order)
        ring_drop(k, k->order);
    map_free(&k->by_id);
    free(k);
}

static void make_room(struct keyring *k)
{
    struct ring *r = k->order;
    while (r && k->n >= RING_MAX) {
        struct ring *next = r->next;
        if (r->state == RING_IDLE)
            ring_drop(k, r);
        r = next;
    }
}

static struct ring *ring_find(const struct keyring *k, struct span key_id)
{
    return map_get(k->by_id, key_id);
}

static void ring_touch(struct keyring *k, struct ring *r)
{
    DL_DELETE(k->order, r);
    DL_APPEND(k->order, r);
}

static struct ring *ring_for(struct keyring *k, struct span key_id, const char *zone)
{
    struct ring *r = ring_find(k, key_id);
    if (r) {
        ring_touch(k, r);
        span_copy(span_of(zone), r->zone, sizeof(r->zone)); /* a reload may have moved its host */
        return r;
    }
    make_room(k);
    r = mem_new(sizeof(*r) + key_id.n + 1);
    span_copy(key_id, r->id, key_id.n + 1);
    span_copy(span_of(zone), r->zone, sizeof(r->zone));
    sha256_hex(key_id, r->hash);
    r->id_n = key_id.n;
    r->owner = k;
    map_put(k->by_id, key_id, r);
    DL_APPEND(k->order, r);
    k->n++;
    return r;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void fill(const struct ring *r, struct keyring_answer *ret)
{
    *ret = (struct keyring_answer){.err = r->err,
                                   .key = r->key,
                                   .owner = span_of(r->actor),
                                   .inbox = span_of(r->inbox),
                                   .followers = span_of(r->followers),
                                   .machine = r->machine,
                                   .indexable = r->indexable,
                                   .refuses = r->refuses,
                                   .gone = r->gone};
}

/* unsure: what is known may be out of date. */
static void answer_all(struct ring *r, bool unsure)
{
    static const struct keyring_answer unreachable = {.err = ERR_KEY_UNREACHABLE};
    struct keyring_answer a;
    struct waiter *w;
    bool fresh = r->fresh;
    r->fresh = false;
    r->state = RING_IDLE;
    r->answered = r->waiters; /* who asks again from its callback waits for another answer */
    r->waiters = NULL;
    while ((w = r->answered)) {
        keyring_cb cb = w->cb;
        void *arg = w->arg;
        bool newer = w->newer;
        r->answered = w->next;
        free(w);
        fill(r, &a);
        a.fresh = fresh;
        cb(arg, newer && unsure ? &unreachable : &a);
    }
}

static void answer(struct ring *r)
{
    answer_all(r, false);
}

static void ring_failed(struct ring *r, enum err err)
{
    const struct settings *set = &r->owner->context->config->set;
    r->err = err;
    r->until_ms = clock_wall_ms() + (err_later(err) ? set->keys_unreachable : set->keys_refused);
    answer(r);
}

/* A host that is away does not take back the key that it gave; nor is it asked for each request. */
static void answer_old(struct ring *r)
{
    int64_t until_ms = clock_wall_ms() + r->owner->context->config->set.keys_unreachable;
    r->until_ms = r->until_ms > until_ms ? r->until_ms : until_ms;
    r->unsure_ms = until_ms;
    r->refetched_ms = 0;
    answer_all(r, true);
}

static enum err ring_take(struct ring *r, const struct keycache_entry *entry)
{
    static const struct pubkey_limits limits = {RSA_MIN, RSA_MAX};
    struct pubkey *key = NULL;
    enum err e = pubkey_read(entry->pem, &limits, &key);
    if (e != ERR_OK)
        return e;
    pubkey_free(&r->key);
    free(r->actor);
    free(r->inbox);
    free(r->followers);
    r->key = key;
    r->actor = mem_copy(entry->owner);
    r->inbox = mem_copy(entry->inbox);
    r->followers = mem_copy(entry->followers);
    r->machine = entry->machine;
    r->indexable = entry->indexable;
    r->refuses = entry->refuses;
    r->err = ERR_OK;
    r->gone = false;
    r->until_ms = entry->fetched_ms + r->owner->context->config->set.keys_cache;
    return ERR_OK;
}

/* --- fetching --------------------------------------------------------------------------------- */

static void ring_fetch(struct ring *r, struct span url);

static enum err judge_document(struct ring *r, const struct fetch_result *result)
{
    static const struct json_limits limits = {32, 10000, 50000};
    struct keycache_entry entry;
    struct keydoc doc;
    struct json *json = NULL;
    if (json_read(result->body, &limits, &json) != ERR_OK)
        return ERR_KEY_DOCUMENT;
    enum err e = keydoc_read(json, (struct span){r->id, r->id_n}, result->url, &doc);
    if (e == ERR_AGAIN && !r->second) {
        r->second = true;
        ring_fetch(r, doc.next);
    } else if (e == ERR_AGAIN) {
        e = ERR_KEY_DOCUMENT;
    } else if (e == ERR_OK) {
        entry = (struct keycache_entry){.owner = doc.owner,
                                        .inbox = doc.inbox,
                                        .followers = doc.followers,
                                        .machine = doc.machine,
                                        .indexable = doc.indexable,
                                        .refuses = doc.refuses,
                                        .pem = doc.pem,
                                        .fetched_ms = clock_wall_ms()};
        e = ring_take(r, &entry);
        if (e == ERR_OK)
            keycache_put(r->owner->context->store, r->hash, &entry,
                         r->owner->context->config->set.keys_cache);
    }
    json_free(&json);
    return e;
}

/* What a failed fetch means for the signature that waits (PROTOCOL 1.6, 7). */
static enum err fetch_means(const struct fetch_result *result)
{
    if (result->err == ERR_KEY_FETCH) /* an HTTP answer, but no document */
        return result->status >= 500 || result->status == 429 || result->status == 408
                   ? ERR_KEY_UNREACHABLE
                   : ERR_KEY_FETCH;
    if (result->err == ERR_ADDRESS)
        return ERR_ADDRESS;
    return err_later(result->err) ? ERR_KEY_UNREACHABLE : ERR_KEY_DOCUMENT;
}

static void on_fetched(void *arg, const struct fetch_result *result)
{
    struct ring *r = arg;
    r->fetch = NULL;
    r->owner->fetching--;
    r->gone = result->err == ERR_KEY_FETCH && result->status == 410;
    enum err e = result->err == ERR_OK ? judge_document(r, result) : fetch_means(result);
    if (e == ERR_AGAIN)
        return;
    metric_add(METER_KEY_FETCHES, (size_t)e, 1);
    r->fresh = e == ERR_OK;
    if (e == ERR_OK)
        answer(r);
    else if (r->key && r->err == ERR_OK && err_later(e))
        answer_old(r);
    else
        ring_failed(r, e);
}

static void ring_fetch(struct ring *r, struct span url)
{
    r->state = RING_FETCHING;
    r->owner->fetching++;
    r->fetch = fetch_new(r->owner->context, url, r->zone, on_fetched, r);
}

static void fetch_first(struct ring *r)
{
    struct span url = {r->id, r->id_n};
    ptrdiff_t fragment = span_find(url, '#');
    if (fragment >= 0)
        url.n = (size_t)fragment;
    r->second = false;
    if (r->owner->fetching >= FETCHING_MAX)
        ring_failed(r, ERR_KEY_UNREACHABLE);
    else
        ring_fetch(r, url);
}

static void on_cached(void *arg, enum err err, const struct keycache_entry *entry)
{
    struct ring *r = arg;
    if (!r->owner) {
        ring_free(r);
        return;
    }
    if (err == ERR_OK && entry && ring_take(r, entry) == ERR_OK && r->until_ms > clock_wall_ms())
        answer(r);
    else
        fetch_first(r);
}

/* --- questions -------------------------------------------------------------------------------- */

bool keyring_have(struct keyring *k, struct span key_id, int64_t now_ms, struct keyring_answer *ret)
{
    struct ring *r = ring_find(k, key_id);
    /* While a forger makes us look for a newer key, its owner need not wait for that. */
    bool known = r && (r->state == RING_IDLE || (r->key && r->err == ERR_OK));
    if (!known || r->until_ms <= now_ms)
        return false;
    ring_touch(k, r);
    fill(r, ret);
    return true;
}

static void wait_for(struct ring *r, bool newer, keyring_cb cb, void *arg)
{
    struct waiter *w = mem_new(sizeof(*w));
    *w = (struct waiter){.cb = cb, .arg = arg, .newer = newer};
    LL_APPEND(r->waiters, w);
}

void keyring_find(struct keyring *k, struct span key_id, const char *zone, keyring_cb cb, void *arg)
{
    struct ring *r = ring_for(k, key_id, zone);
    wait_for(r, false, cb, arg);
    if (r->state != RING_IDLE)
        return;
    r->state = RING_ASKING;
    keycache_get(k->context->store, r->hash, on_cached, r);
}

enum keyring_look keyring_refetch(struct keyring *k, struct span key_id, const char *zone,
                                  int64_t now_ms, keyring_cb cb, void *arg)
{
    struct ring *r = ring_for(k, key_id, zone);
    if (r->state != RING_IDLE) {
        wait_for(r, true, cb, arg);
        return KEYRING_ASKED;
    }
    if (r->unsure_ms > now_ms || k->fetching >= FETCHING_MAX)
        return KEYRING_UNSURE;
    if (r->refetched_ms + k->context->config->set.keys_refetch > now_ms)
        return KEYRING_EARLY;
    r->refetched_ms = now_ms;
    wait_for(r, true, cb, arg);
    fetch_first(r);
    return KEYRING_ASKED;
}

void keyring_forget(struct keyring *k, void *arg)
{
    struct ring *r;
    DL_FOREACH(k->order, r)
    {
        drop_waiters(&r->waiters, arg);
        drop_waiters(&r->answered, arg);
    }
}
