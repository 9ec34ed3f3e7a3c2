/* http_peers: who is at the other end: how many connections each address has, and the user behind
 * a Unix socket. Internal to common/io; no loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

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
/* Of a Unix socket, which counts nowhere: `unix`, and the user who called connect(), whatever
 * became of that process (unix(7), SO_PEERCRED); -1: the system does not say. Always true. */
bool http_peers_local(const uv_handle_t *connection, char *ret_name, int64_t *ret_user);
