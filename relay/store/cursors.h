/* cursors: owning shards, and committing what the scheduler wants written. */
#pragma once

#include "relay/rules/schedule.h"
#include "relay/store/store.h"

struct cursors; /* what one courier owns: its nonce and the commit sequence of each shard */

/* nonce: 32 hex digits of chance, new for every start. */
struct cursors *cursors_new(struct store *store, const char *nonce);
/* No callbacks afterwards, though answers may still be under way. */
void cursors_free(struct cursors **cursors);

/* Claims every shard and tells the schedule where its cursors stand. err OK: all are ours. */
typedef void (*cursors_cb)(void *arg, enum err err);
void cursors_claim(struct cursors *cursors, struct schedule *schedule, cursors_cb cb, void *arg);

/* One script call for the whole delta, whatever number of shards. OK: it is written (the caller
 * then tells the schedule). ERR_FENCED: somebody else owns a shard, or it moved on without us; none
 * of it is written: start over. ERR_REDIS, ERR_REDIS_REPLY: unknown: start over. One at a time. */
void cursors_commit(struct cursors *cursors, const struct delta *delta, int64_t now_ms,
                    cursors_cb cb, void *arg);
