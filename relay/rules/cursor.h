/* cursor: how far along the journal a destination has got. Pure. */
#pragma once

#include "common/pure/bytes.h"

struct cursor {
    uint64_t low;      /* everything numbered up to here is settled */
    int64_t wake_ms;   /* no attempt before; 0: now */
    unsigned failures; /* of the host, in a row */
    unsigned tries;    /* of the entry that follows low; what these three are: struct judge_past */
    int64_t first_ms;
    int status;
};

/* Whether it holds nothing but its position. */
bool cursor_plain(const struct cursor *cursor);
bool cursor_same(const struct cursor *a, const struct cursor *b);
/* One short line of numbers, as it lies in Redis, and back. */
void cursor_write(const struct cursor *cursor, struct bytes *out);
bool cursor_read(struct span text, struct cursor *ret);

/* The shard that owns a host: the same everywhere and for ever (FNV-1a over the authority). */
unsigned shard_of(struct span host, unsigned shards);
