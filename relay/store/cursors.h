/* cursors: owning shards, and committing what the scheduler wants written. */
#pragma once

#include "relay/rules/recent.h"
#include "relay/rules/schedule.h"
#include "relay/store/store.h"

struct cursors; /* what one courier owns: its nonce and the commit sequence of each shard */

/* nonce: 32 hex digits of chance, that of a lease. */
struct cursors *cursors_new(struct store *store, const char *nonce);
/* No callbacks afterwards, though answers may still be under way. */
void cursors_free(struct cursors **cursors);

/* Claims these shards (bit s: shard s; some) and tells the schedule where the cursors of those that
 * are ours now stand. err OK: all but the ones in `taken`, which another with a lease owns.
 * ERR_FENCED: we have no lease ourselves. ERR_REDIS, ERR_REDIS_REPLY: unknown. */
typedef void (*cursors_claimed_cb)(void *arg, enum err err, uint64_t taken);
void cursors_claim(struct cursors *cursors, struct schedule *schedule, uint64_t shards,
                   cursors_claimed_cb cb, void *arg);

/* What came of an attempt, for people to look at: goes with the next commit of the host's shard. */
void cursors_note(struct cursors *cursors, struct span host, const struct recent *recent);

typedef void (*cursors_cb)(void *arg, enum err err);
/* One script call for the whole delta, whatever number of shards. OK: it is written (the caller
 * then tells the schedule). ERR_FENCED: somebody else owns a shard, or it moved on without us; none
 * of it is written: start over. ERR_REDIS, ERR_REDIS_REPLY: unknown: start over. One at a time. */
void cursors_commit(struct cursors *cursors, const struct delta *delta, int64_t now_ms,
                    cursors_cb cb, void *arg);
