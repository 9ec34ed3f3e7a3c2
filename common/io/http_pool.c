/* http_pool: all connections of one server together: room for new ones, and the end of all.
 * May not know: what a connection is doing. */
#include <stdlib.h>

#include "common/io/http_conn.h"

void http_pool_init(struct http_pool *pool, struct loop *loop)
{
    *pool = (struct http_pool){
        .loop = loop, .input = mem_new(HTTP_INPUT_SIZE), .held = http_held_new()};
}

bool http_pool_make_room(struct http_pool *pool)
{
    int64_t n = (int64_t)pool->n, max = pool->limits.connections;
    struct http_conn *oldest = pool->idle;
    if (oldest && n * 5 >= max * 4 &&
        loop_now_ms(pool->loop) - http_conn_idle_since_ms(oldest) >= HTTP_YOUNG_MS)
        http_conn_end(oldest);
    return (int64_t)pool->n < max;
}

void http_pool_stop(struct http_pool *pool)
{
    pool->stopping = true;
    while (pool->idle)
        http_conn_end(pool->idle);
}

void http_pool_fini(struct http_pool *pool)
{
    pool->on_room = NULL;
    while (pool->all)
        http_conn_end(pool->all);
    http_held_unref(&pool->held);
    free(pool->input);
    pool->input = NULL;
}
