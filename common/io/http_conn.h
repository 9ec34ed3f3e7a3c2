/* http_conn: one connection of the HTTP server, and what all of them share. Internal to common/io.
 */
#pragma once

#include "common/io/http_held.h"
#include "common/io/http_parse.h"
#include "common/io/http_peers.h"
#include "common/io/loop_uv.h"

/* A new client may need this long for its first byte: it is not yet one to be sent away. */
enum { HTTP_YOUNG_MS = 1000, HTTP_INPUT_SIZE = 65536 };

struct http_conn;

/* What the connections of one server share; the server owns it. */
struct http_pool {
    struct loop *loop;
    struct http_limits limits;
    http_handler handler;
    http_refused refused;
    void *arg;
    bool stopping; /* no connection is kept after its answer */
    size_t n;
    struct http_conn *all;
    struct http_conn *idle; /* the one that is idle longest stands first */
    struct http_peers peers;
    struct http_held *held;        /* by the bodies of all requests */
    char *input;                   /* one read of any connection; eaten or copied before the next */
    void (*on_room)(void *server); /* a connection ended; may be NULL */
    void *server;
};

void http_pool_init(struct http_pool *pool, struct loop *loop);
/* Ends all connections; what a handler still has becomes an orphan. */
void http_pool_fini(struct http_pool *pool);
/* Before a connection is taken: from four fifths of the limit on, the one that has been idle
 * longest is ended, unless it is young. False if there is no room all the same. */
bool http_pool_make_room(struct http_pool *pool);
/* Ends the idle connections, and every other after its answer. */
void http_pool_stop(struct http_pool *pool);
/* The only end of a connection. */
void http_conn_end(struct http_conn *conn);
/* When it became idle, on the clock of the loop. */
int64_t http_conn_idle_since_ms(const struct http_conn *conn);
/* Takes the connection that waits at the listener; local: it is a Unix socket. */
void http_conn_accept(struct http_pool *pool, uv_stream_t *listener, bool local);
