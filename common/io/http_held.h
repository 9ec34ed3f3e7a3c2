/* http_held: how much the bodies of a server's requests hold in memory, all together: also of those
 * whose connection is gone, and which a handler still has. Internal to common/io. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_held;

/* Counted: what a request takes outlives the server, if it must. */
struct http_held *http_held_new(void);
struct http_held *http_held_ref(struct http_held *held);
void http_held_unref(struct http_held **held);

/* Whether n more may come. most: bytes; 0: any number. */
bool http_held_room(const struct http_held *held, uint64_t n, int64_t most);
/* One of them holds n now, and held *count before, which is set. False if all together hold more
 * than may be. */
bool http_held_count(struct http_held *held, size_t n, size_t *count, int64_t most);
