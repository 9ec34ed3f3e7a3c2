/* offline: what a verb needs that works on the store by itself, without a running relay: the
 * configuration, the data directory for itself where that is wanted, a Redis that runs, and a
 * connection to it. */
#pragma once

#include "common/io/redis_plain.h"
#include "relay/config/config.h"
#include "relay/lock.h"
#include "relay/redis_server.h"

struct offline {
    struct loop *loop;
    struct config *config;
    struct lock lock;            /* held: no relay runs on this data directory meanwhile */
    struct redis_server *server; /* the embedded Redis, where nobody else runs it */
    char *url, *journal_file;
    struct redis_plain *redis;
};

/* alone: only where no relay runs on the data directory. Returns an exit code (see ask.h); what
 * went wrong stands on standard error then, and nothing is left open. */
int offline_open(const char *file, bool alone, struct offline *ret);
/* An embedded Redis that was started here has saved and ended afterwards. */
void offline_close(struct offline *offline);
/* Lets the loop run for so long. */
void offline_wait(struct loop *loop, int64_t ms);
