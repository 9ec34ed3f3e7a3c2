/* snapshot: what Redis holds as of one moment, in a Redis of our own that nobody writes to: it can
 * be read at leisure while the relay works. */
#pragma once

#include "common/io/child.h"
#include "common/io/redis_plain.h"
#include "relay/config/config.h"

struct snapshot {
    struct child *child;
    struct redis_plain *redis; /* to read it */
    char *directory;
    bool ended; /* the program did, by itself */
};

/* Takes it through a connection to the Redis at url, which is of no use afterwards. The copy is in
 * the data directory while it is read: there must be room for it there, and in memory.
 * ERR_REDIS_REPLY where Redis refuses; ERR_REDIS, ERR_FILE; with a reason in why. */
enum err snapshot_take(struct loop *loop, const struct config *config, struct redis_plain *from,
                       struct bytes *why, struct snapshot *ret);
/* Ends it, and leaves nothing. */
void snapshot_drop(struct snapshot *snapshot);
