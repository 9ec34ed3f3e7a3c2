/* keycache: public keys of others, kept for a while. Nothing is promised on their time to live: a
 * key that is gone is fetched again. May not know: what a key is. */
#include "relay/store/keycache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/store/store_inner.h"

struct get_call {
    keycache_cb cb;
    void *arg;
};

static void on_key(void *arg, enum err err, const struct redis_reply *reply)
{
    struct get_call *call = arg;
    struct span machine = reply_text(reply_field(reply, "machine"));
    struct span indexable = reply_text(reply_field(reply, "indexable"));
    struct span refuses = reply_text(reply_field(reply, "refuses"));
    struct keycache_entry entry = {.owner = reply_text(reply_field(reply, "owner")),
                                   .inbox = reply_text(reply_field(reply, "inbox")),
                                   .followers = reply_text(reply_field(reply, "followers")),
                                   .machine = span_eq_str(machine, "1"),
                                   .indexable = span_eq_str(indexable, "1"),
                                   .refuses = span_eq_str(refuses, "1"),
                                   .pem = reply_text(reply_field(reply, "pem")),
                                   .fetched_ms = reply_int(reply_field(reply, "at"))};
    /* What an earlier version kept does not say what its owner is: it is fetched again. */
    bool whole = entry.owner.n && entry.pem.n && machine.n && indexable.n && refuses.n;
    call->cb(call->arg, err, err == ERR_OK && whole ? &entry : NULL);
    free(call);
}

static void key_name(const char *id_hash, char out[96])
{
    snprintf(out, 96, KEY("key:%.64s"), id_hash);
}

void keycache_get(struct store *store, const char *id_hash, keycache_cb cb, void *arg)
{
    struct get_call *call = mem_new(sizeof(*call));
    char key[96];
    *call = (struct get_call){cb, arg};
    key_name(id_hash, key);
    struct span words[] = {SPAN("HGETALL"), span_of(key)};
    store_call(store, words, 2, on_key, call);
}

static void on_put(void *arg, enum err err, const struct redis_reply *reply)
{
    /* A cache: what could not be kept is fetched again. */
    (void)arg;
    (void)err;
    (void)reply;
}

void keycache_put(struct store *store, const char *id_hash, const struct keycache_entry *entry,
                  int64_t ttl_ms)
{
    char key[96];
    char at[24];
    char ttl[24];
    key_name(id_hash, key);
    snprintf(at, sizeof(at), "%" PRId64, entry->fetched_ms);
    snprintf(ttl, sizeof(ttl), "%" PRId64, ttl_ms);
    struct span set[] = {SPAN("HSET"),      span_of(key),
                         SPAN("owner"),     entry->owner,
                         SPAN("inbox"),     entry->inbox,
                         SPAN("followers"), entry->followers,
                         SPAN("machine"),   span_of(entry->machine ? "1" : "0"),
                         SPAN("indexable"), span_of(entry->indexable ? "1" : "0"),
                         SPAN("refuses"),   span_of(entry->refuses ? "1" : "0"),
                         SPAN("pem"),       entry->pem,
                         SPAN("at"),        span_of(at)};
    struct span expire[] = {SPAN("PEXPIRE"), span_of(key), span_of(ttl)};
    store_call(store, set, sizeof(set) / sizeof(*set), on_put, NULL);
    store_call(store, expire, 3, on_put, NULL);
}
