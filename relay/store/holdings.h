/* holdings: everything that Weir holds in Redis, key by key: read out of one, put into another.
 * For whoever works while nothing changes there: a snapshot, or a Redis that serves nobody. */
#pragma once

#include "common/io/redis_plain.h"

/* name */
#define HOLDING_KINDS(X)                                                                           \
    X(TEXT, "text")                                                                                \
    X(HASH, "hash")     /* value: name, value, ... */                                              \
    X(SET, "set")       /* value: members */                                                       \
    X(SCORED, "scored") /* value: member, score, ... */                                            \
    X(STREAM, "stream") /* value: entries, each an id and a list of name, value, ... */
enum holding_kind {
#define X(name, text) HOLDING_##name,
    HOLDING_KINDS(X)
#undef X
        HOLDING_KIND_COUNT
};
const char *holding_kind_name(enum holding_kind kind);
enum holding_kind holding_kind_by_name(struct span name); /* HOLDING_KIND_COUNT if none */

/* A key, or a part of one that is long. */
struct holding {
    enum holding_kind kind;
    struct span key;    /* without the prefix of all our keys */
    int64_t expires_ms; /* since 1970; 0: never */
    const struct redis_reply *value;
};

/* Called for each: the facts about the journal first, its two lanes next, all others sorted by
 * name. What is left out makes itself anew: leases, keys of others. ERR_OK; ERR_REDIS,
 * ERR_REDIS_REPLY with a reason in why; or what cb answered, if it is not ERR_OK. */
typedef enum err (*holding_cb)(void *arg, const struct holding *holding);
enum err holdings_read(struct redis_plain *redis, struct bytes *why, holding_cb cb, void *arg);
/* How many keys of ours there are, those included that are left out above; stops counting at
 * most. */
enum err holdings_count(struct redis_plain *redis, size_t most, struct bytes *why, size_t *ret);
