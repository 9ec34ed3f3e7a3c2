/* redis_server: the embedded Redis: a private redis-server (or valkey-server) on a Unix socket in
 * the data directory, append-only file on, that lives and dies with us. */
#pragma once

#include "common/io/loop.h"
#include "relay/config/config.h"

struct redis_server;

/* held: a descriptor that is open in it as long as it lives (see lock.h), and stays ours.
 * Starts it, and again whenever it dies (with back-off), until it is freed. ERR_FILE with a reason
 * if there is no such program or the directory can't be made. */
enum err redis_server_new(struct loop *loop, const struct config *config, int held,
                          struct bytes *why, struct redis_server **ret);
/* Asks it to save and end; done is called when it has. */
void redis_server_stop(struct redis_server *server, loop_cb done, void *arg);
void redis_server_free(struct redis_server **server);
