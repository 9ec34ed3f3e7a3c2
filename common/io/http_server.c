/* http_server: a listener and the connections that came through it.
 *
 * The server owns both. At the limit it simply does not take the connection that waits: libuv then
 * stops polling the listener until it is taken, and the rest waits in the kernel's backlog. (libuv
 * keeps a descriptor in reserve, to get rid of connections when there are no others left.)
 *
 * May not know: what requests are for. */
#include "common/io/http_server.h"

#include <stdlib.h>

#include "common/io/http_conn.h"
#include "common/io/http_listen.h"

struct http_server {
    struct http_pool pool;
    struct http_listener *listener; /* NULL once stopped */
    bool waiting;                   /* a connection is at the door */
    struct timer *again;            /* to look for room once the young are older */
    uint16_t port;
};

static void take_waiting(void *arg)
{
    struct http_server *s = arg;
    if (!s->waiting || !s->listener)
        return;
    /* Making room ends a connection, which calls back here. */
    s->waiting = false;
    if (!http_pool_make_room(&s->pool)) {
        s->waiting = true;
        timer_start(s->again, HTTP_YOUNG_MS);
        return;
    }
    http_conn_accept(&s->pool, http_listener_stream(s->listener),
                     http_listener_is_local(s->listener));
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct http_server *s = stream->data;
    if (status != 0)
        return; /* the peer gave up, or no descriptor was left: nothing to take */
    s->waiting = true;
    take_waiting(s);
}

enum err http_server_new(struct loop *loop, const struct http_server_config *config,
                         struct bytes *why, struct http_server **ret)
{
    struct http_server *s = mem_new(sizeof *s);
    enum err e =
        http_listen(loop, config->listen, config->shared, on_connection, s, why, &s->listener);
    if (e != ERR_OK) {
        free(s);
        return e;
    }
    http_pool_init(&s->pool, loop);
    s->again = timer_new(loop, take_waiting, s);
    s->pool.limits = config->limits;
    s->pool.handler = config->handler;
    s->pool.refused = config->refused;
    s->pool.arg = config->arg;
    s->pool.on_room = take_waiting;
    s->pool.server = s;
    s->port = http_listener_port(s->listener);
    *ret = s;
    return ERR_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->pool.n;
}

void http_server_stop(struct http_server *server)
{
    http_listener_free(&server->listener);
    http_pool_stop(&server->pool);
}

void http_server_free(struct http_server **server)
{
    struct http_server *s = *server;
    *server = NULL;
    if (!s)
        return;
    http_listener_free(&s->listener);
    http_pool_fini(&s->pool);
    timer_free(&s->again);
    free(s);
}
