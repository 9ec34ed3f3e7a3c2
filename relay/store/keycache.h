/* keycache: the public keys of others, as their documents gave them. */
#pragma once

#include "relay/store/store.h"

struct keycache_entry {
    struct span owner;     /* actor id */
    struct span inbox;     /* shared inbox where there is one, else inbox; may be empty */
    struct span followers; /* its followers collection; may be empty */
    bool machine;          /* an Application or a Service */
    bool indexable;        /* says that it wants to be found */
    bool refuses;          /* says that it does not want to be relayed */
    struct span pem;
    int64_t fetched_ms;
};

/* entry NULL: not there. Borrowed during the callback. */
typedef void (*keycache_cb)(void *arg, enum err err, const struct keycache_entry *entry);
/* id_hash: 64 hex digits of SHA-256 over the whole keyId. */
void keycache_get(struct store *store, const char *id_hash, keycache_cb cb, void *arg);
void keycache_put(struct store *store, const char *id_hash, const struct keycache_entry *entry,
                  int64_t ttl_ms);
