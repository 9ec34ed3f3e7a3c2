/* http_peers: how many connections each address has. Internal to common/io; no loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct http_peer; /* one address; lives while it has connections */

struct http_peers {
    struct http_peer *table;
};

/* Counts one more connection of this address. NULL (and nothing counted) where it has max already.
 */
struct http_peer *http_peers_join(struct http_peers *peers, const struct sockaddr_storage *sa,
                                  int64_t max);
/* Counts one less, and clears the pointer. Accepts NULL inside. */
void http_peers_leave(struct http_peers *peers, struct http_peer **peer);
