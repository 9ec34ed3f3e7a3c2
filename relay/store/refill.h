/* refill: puts what was read from one Redis into another, and founds its journal anew on it. */
#pragma once

#include "relay/store/holdings.h"

/* Filling a Redis, in three steps. Until the last one is done no relay takes it for whole: the
 * facts about the journal come to be with that one. */
struct refill {
    struct redis_plain *redis;
    struct bytes *why; /* of what went wrong */
    size_t sent;       /* commands on their way */
    size_t bytes;      /* and what they carry */
};
/* Says in Redis that it is being filled. known: the newest epoch that the caller knows of; what
 * Redis knows counts, too, and is kept, however often it takes. replace: what is there of ours
 * goes. */
enum err refill_begin(struct refill *r, uint64_t known, bool replace);
enum err refill_put(struct refill *r, const struct holding *holding);
/* owner: whose journal it is from now on. ret_epoch: the newest epoch that anybody knew of: the
 * next relay that starts opens one behind it. */
enum err refill_end(struct refill *r, struct span owner, uint64_t *ret_epoch);
