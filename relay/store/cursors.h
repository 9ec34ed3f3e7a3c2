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
 * are ours now stand. err OK: all but the ones in `taken`, which another with a lease owns, and the
 * ones in `broken`: what is kept of those can't be read; they stay whose they are. ERR_FENCED: we
 * have no lease ourselves. ERR_REDIS, ERR_REDIS_REPLY: unknown. */
typedef void (*cursors_claimed_cb)(void *arg, enum err err, uint64_t taken, uint64_t broken);
void cursors_claim(struct cursors *cursors, struct schedule *schedule, uint64_t shards,
                   cursors_claimed_cb cb, void *arg);

/* What came of an attempt, for people to look at: kept until cursors_tell(). */
void cursors_note(struct cursors *cursors, struct span host, const struct recent *recent);
/* Writes down what was noted: one script call, and none if there is nothing. What is not answered
 * is lost. */
void cursors_tell(struct cursors *cursors);

typedef void (*cursors_cb)(void *arg, enum err err);
/* One script call for the whole delta, whatever number of shards. OK: it is written (the caller
 * then tells the schedule). ERR_FENCED: somebody else owns a shard, or what is kept of one can't be
 * read; none of it is written: start over. ERR_REDIS: unknown, or not now: cursors_resume() tells.
 * ERR_REDIS_REPLY: Redis will never take it: start over. One at a time. */
void cursors_commit(struct cursors *cursors, const struct delta *delta, int64_t now_ms,
                    cursors_cb cb, void *arg);

/* After Redis was away: may we go on with what we have in memory, of these shards, having heard of
 * the journal up to `newest`? OK: yes; written: what became of the commit that was not answered, if
 * there was one; it is to be repeated as it was, where it was not written. ERR_FENCED: no: start
 * over. ERR_REDIS, ERR_REDIS_REPLY: ask again. One at a time, and none while a commit is out. */
typedef void (*cursors_resumed_cb)(void *arg, enum err err, bool written);
void cursors_resume(struct cursors *cursors, uint64_t shards, uint64_t newest,
                    cursors_resumed_cb cb, void *arg);

/* Looks whether what could not be read still can't: keys of these shards, and the records of these
 * hosts. broken: the shards of which something is still wrong. */
enum { CURSORS_PROBED = 16 };
struct cursors_probe {
    uint64_t shards;
    char hosts[CURSORS_PROBED][MEMBER_HOST_SIZE];
    size_t hosts_n;
};
typedef void (*cursors_probed_cb)(void *arg, enum err err, uint64_t broken);
void cursors_probe(struct store *store, const struct cursors_probe *probe, cursors_probed_cb cb,
                   void *arg);
