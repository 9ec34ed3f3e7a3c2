/* adopt: makes the journal that a Redis holds this relay's, or founds one there (ENGINE 3c). For
 * whoever has the data directory for itself. */
#pragma once

#include "common/io/redis_plain.h"
#include "relay/store/identity.h"

struct adopter {
    const char *owner; /* this relay's url */
    const char *keys;  /* the fingerprint of its keys */
};
struct adopted {
    struct identity_kept kept; /* what the data directory is to know from now on */
    bool founded;              /* there was none */
    bool known;                /* it was this relay's already */
};
/* known: what the data directory knows. force: also where there is no journal, another relay's, or
 * one with other keys. ERR_AGAIN: it takes force; ERR_REDIS, ERR_REDIS_REPLY; with a reason in why.
 */
enum err adopt_journal(struct redis_plain *redis, const struct identity_kept *known,
                       const struct adopter *adopter, bool force, struct bytes *why,
                       struct adopted *ret);
