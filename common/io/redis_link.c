/* redis_link: a libuv adapter for hiredis, of our own: the packaged one swallows a refused
 * connection and keeps a pointer to a context that hiredis has freed.
 *
 * A link owns hiredis's context and the poll handle of its socket. It outlives the context until
 * libuv has closed the handle, and forgets its owner the moment it is closed, so that what hiredis
 * still says of a connection that was given up is not heard.
 *
 * States: connecting -> open -> gone (the context is freed, by hiredis or by us, through
 * clean_up()).
 *
 * May not know: what the commands are, when to give up, whether to connect again. */
#include "common/io/redis_link.h"

#include <fcntl.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/io/loop_uv.h"

enum {
    ARGS_ON_STACK = 32,
    ANSWER_MAX = 64 << 20 /* bytes of one that is not whole yet: hiredis knows no limit */
};

struct redis_link {
    uv_poll_t poll;
    redisAsyncContext *ac; /* NULL once hiredis has freed it */
    const struct redis_link_events *events;
    void *arg;
    bool closed; /* by the owner: no more events */
    bool inside; /* hiredis is on the stack */
    bool flooded;
    int wanted; /* what the poll handle waits for */
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_link *link = poll->data;
    /* A refused connection arrives as a bad status without events: hiredis must look to see it. */
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    link->inside = true;
    if (link->ac && (events & UV_READABLE))
        redisAsyncHandleRead(link->ac);
    if (link->ac && !link->closed && (events & UV_WRITABLE))
        redisAsyncHandleWrite(link->ac);
    link->inside = false;
    if (link->ac && link->ac->c.reader->len > ANSWER_MAX)
        link->flooded = true;
    /* libuv has stopped a handle with a bad status: nothing would ever come of it. */
    if (link->ac && (link->closed || link->flooded || status < 0))
        redisAsyncFree(link->ac);
}

static void want(struct redis_link *link, int events)
{
    if (events == link->wanted)
        return;
    link->wanted = events;
    if (events)
        uv_poll_start(&link->poll, events, on_poll);
    else
        uv_poll_stop(&link->poll);
}

static void add_read(void *arg)
{
    struct redis_link *link = arg;
    want(link, link->wanted | UV_READABLE);
}

static void del_read(void *arg)
{
    struct redis_link *link = arg;
    want(link, link->wanted & ~UV_READABLE);
}

static void add_write(void *arg)
{
    struct redis_link *link = arg;
    want(link, link->wanted | UV_WRITABLE);
}

static void del_write(void *arg)
{
    struct redis_link *link = arg;
    want(link, link->wanted & ~UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* hiredis frees its context: the one place where a link ends. */
static void clean_up(void *arg)
{
    struct redis_link *link = arg;
    const char *why = link->flooded ? "an answer is too long" : link->ac->errstr;
    link->ac = NULL;
    uv_close((uv_handle_t *)&link->poll, on_closed);
    if (!link->closed)
        link->events->gone(link->arg, why && *why ? why : "the connection ended");
    link->closed = true;
}

static void on_connected(const redisAsyncContext *ac, int status)
{
    struct redis_link *link = ac->data;
    if (status == REDIS_OK && !link->closed)
        link->events->opened(link->arg);
}

static void on_reply(redisAsyncContext *ac, void *reply, void *unused)
{
    struct redis_link *link = ac->data;
    (void)unused;
    /* Without a reply the context is about to be freed: clean_up() tells that. */
    if (reply && !link->closed)
        link->events->replied(link->arg, reply);
}

static void attach(struct redis_link *link)
{
    redisAsyncContext *ac = link->ac;
    ac->data = link;
    ac->ev.data = link;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = clean_up;
    redisAsyncSetConnectCallback(ac, on_connected);
}

struct redis_link *redis_link_new(struct loop *loop, const char *where, uint16_t port,
                                  const struct redis_link_events *events, void *arg,
                                  struct bytes *why)
{
    redisAsyncContext *ac = port ? redisAsyncConnect(where, port) : redisAsyncConnectUnix(where);
    if (!ac)
        abort(); /* no memory */
    struct redis_link *link = mem_new(sizeof *link);
    int rc = ac->err ? 0 : uv_poll_init(loop_uv(loop), &link->poll, ac->c.fd);
    if (ac->err || rc != 0) {
        bytes_add_str(why, ac->err ? ac->errstr : uv_strerror(rc));
        redisAsyncFree(ac);
        free(link);
        return NULL;
    }
    (void)fcntl(ac->c.fd, F_SETFD, FD_CLOEXEC);
    link->poll.data = link;
    link->ac = ac;
    link->events = events;
    link->arg = arg;
    attach(link);
    return link;
}

bool redis_link_send(struct redis_link *link, const struct span *argv, size_t n)
{
    const char *few_p[ARGS_ON_STACK] = {0};
    size_t few_n[ARGS_ON_STACK] = {0};
    bool few = n <= ARGS_ON_STACK;
    const char **p = few ? few_p : mem_new(n * sizeof *p);
    size_t *len = few ? few_n : mem_new(n * sizeof *len);
    for (size_t i = 0; i < n; i++) {
        p[i] = argv[i].p ? argv[i].p : "";
        len[i] = argv[i].n;
    }
    bool ok = redisAsyncCommandArgv(link->ac, on_reply, NULL, (int)n, p, len) == REDIS_OK;
    if (!few) {
        free(p);
        free(len);
    }
    return ok;
}

void redis_link_close(struct redis_link **link)
{
    struct redis_link *l = *link;
    *link = NULL;
    if (!l)
        return;
    l->closed = true;
    /* hiredis 0.14 frees at once even where it is itself on the stack: on_poll() does it then. */
    if (!l->inside)
        redisAsyncFree(l->ac);
}
