/* store: the connection to Redis, the handshake, and whether the journal can be relied on now.
 *
 * The files of this room are the only ones that spell Redis key names. Every answer comes in a
 * later turn. While the store is not ready, everything answers ERR_REDIS at once (in a later turn).
 */
#pragma once

#include "common/io/loop.h"
#include "common/io/redis.h"
#include "common/pure/err.h"
#include "relay/store/trouble.h"

/* SCHEMA: of what lies in Redis; counted up where an earlier version could not go on with it. */
enum { STORE_SHARDS = 64, STORE_ID_SIZE = 33, STORE_SCHEMA = 2 };

struct store;

struct store_config {
    const char *url;          /* of Redis */
    const char *journal_file; /* where the journal's identity and newest epoch are kept beside the
                               * keys: a Redis that lost it, or another one, is noticed (ENGINE 3c);
                               * copied */
    const char *owner;        /* whose journal it is: the relay's url; copied. NULL: not said */
    const char *keys; /* fingerprint of what is signed with: one journal, one actor; copied. NULL:
                       * not said */
    bool joins;       /* where there is no journal yet it waits for another to found it */
    bool strict;      /* insist on appendfsync always */
    int64_t replicas; /* that must have what is answered for, and what a lease rests on (WAIT) */
    int64_t command_ms;
    /* Ready or not any more; why: text when not ready, NULL otherwise. fatal: no waiting will mend
     * it: another journal, a newer one; and, where it never was ready, a Redis that promises less
     * than asked for, or lost the journal (while it runs, these are waited for). Called when one of
     * these changes; as long as Redis answers, it is asked again every second. */
    void (*on_ready)(void *arg, bool ready, bool fatal, const char *why);
    /* Each time that Redis answers something with trouble, and when the connection went away; text
     * is what it said, borrowed. NULL: nobody is told. */
    void (*on_trouble)(void *arg, enum trouble what, struct span text);
    void *arg;
};

/* Starts connecting. ERR_URL if the url is not one. */
enum err store_new(struct loop *loop, const struct store_config *config, struct store **ret);
/* Outstanding callbacks get ERR_REDIS during this call, and must not ask again. */
void store_free(struct store **store);
bool store_ready(const struct store *store);
/* Why there is no connection, as Redis or the system said it; empty while there is one. */
const char *store_trouble(const struct store *store);
/* The schema that the journal had when the last handshake of ours found it; STORE_SCHEMA: it was as
 * it is. An older one was brought up with that handshake. */
unsigned store_schema(const struct store *store);
/* The journal's time line: every script carries it; 0 while not ready. Changes with each Redis
 * process. */
uint64_t store_epoch(const struct store *store);
unsigned store_shards(const struct store *store);
/* Drops the connection and shakes hands anew. */
void store_reset(struct store *store);

/* For the files of this room. */
const char *store_epoch_text(const struct store *store);
/* One command, as redis_call(); ERR_REDIS while the store is not ready. */
void store_call(struct store *store, const struct span *argv, size_t n, redis_cb cb, void *arg);
struct words;
/* One call of a script; frees the words. ERR_REDIS while the store is not ready, and where the
 * script answers EPOCH: then this is another time line than we shook hands in, nothing was written,
 * and the store shakes hands anew. */
void store_script(struct store *store, struct words *words, struct redis_script *script,
                  redis_cb cb, void *arg);
/* The same for what an answer to the outside stands on, and for leases: ERR_REDIS, too, where not
 * as many replicas as are asked for had it in time. */
void store_promise(struct store *store, struct words *words, struct redis_script *script,
                   redis_cb cb, void *arg);
/* A number of the journal was seen in this time line: should Redis forget it, that is told (LOST).
 */
void store_saw(struct store *store, uint64_t n);
