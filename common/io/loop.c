/* loop: a thin coat over libuv that hides its handles.
 *
 * A handle's memory must outlive its close callback, so timers and signals are freed there and
 * nowhere else. Deferred calls wait in a list that an idle handle empties: it runs once a turn, and
 * keeps the poll from sleeping while the list holds anything. An async handle that nobody wakes
 * keeps the loop alive while there is nothing else on it. Lines of the log are gathered within a
 * turn and written before the poll.
 *
 * May not know: sockets, HTTP, Redis. */
#include "common/io/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "common/io/log.h"
#include "common/io/loop_uv.h"
#include "common/pure/bytes.h"

struct post {
    loop_cb cb;
    void *arg;
    struct post *next;
};

struct loop {
    uv_loop_t uv;
    uv_idle_t idle;
    uv_prepare_t prepare; /* before each poll */
    uv_async_t alive;
    struct post *first, **last;
};

struct timer {
    uv_timer_t uv;
    loop_cb cb;
    void *arg;
};

struct loop_signal {
    uv_signal_t uv;
    loop_cb cb;
    void *arg;
};

/* libuv fails here only without memory or descriptors, or by a mistake of ours. */
static void must(int rc)
{
    if (rc != 0)
        abort();
}

/* Only what stood in the list when the turn began: a call that posts again waits for the next turn,
 * so that the poll is never starved. */
static void run_posts(struct loop *loop)
{
    struct post *p = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    while (p) {
        struct post *next = p->next;
        p->cb(p->arg);
        free(p);
        p = next;
    }
}

static void on_idle(uv_idle_t *idle)
{
    struct loop *loop = idle->data;
    run_posts(loop);
    if (!loop->first)
        uv_idle_stop(idle);
}

static void on_nothing(uv_async_t *async)
{
    (void)async;
}

static void on_prepare(uv_prepare_t *prepare)
{
    (void)prepare;
    log_gather(true);
}

struct loop *loop_new(void)
{
    struct loop *loop = mem_new(sizeof *loop);
    /* A write to a peer that is gone must be an error, not the end of the process. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        abort();
    loop->last = &loop->first;
    must(uv_loop_init(&loop->uv));
    must(uv_idle_init(&loop->uv, &loop->idle));
    must(uv_async_init(&loop->uv, &loop->alive, on_nothing));
    must(uv_prepare_init(&loop->uv, &loop->prepare));
    must(uv_prepare_start(&loop->prepare, on_prepare));
    uv_unref((uv_handle_t *)&loop->prepare);
    loop->idle.data = loop;
    return loop;
}

void loop_run(struct loop *loop)
{
    log_gather(true);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    log_gather(false);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

/* What its owner forgot: closed, so that the loop can end; its memory is a leak that tests see. */
static void close_left(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop **loop)
{
    struct loop *l = *loop;
    if (!l)
        return;
    while (l->first)
        run_posts(l);
    uv_walk(&l->uv, close_left, NULL);
    /* A stop that was asked for after the last run would end this one at once. */
    while (uv_loop_alive(&l->uv))
        uv_run(&l->uv, UV_RUN_DEFAULT);
    must(uv_loop_close(&l->uv));
    free(l);
    *loop = NULL; /* not before: the calls above may need it */
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return (int64_t)uv_now(&loop->uv);
}

void loop_post(struct loop *loop, loop_cb cb, void *arg)
{
    struct post *p = mem_new(sizeof *p);
    p->cb = cb;
    p->arg = arg;
    *loop->last = p;
    loop->last = &p->next;
    must(uv_idle_start(&loop->idle, on_idle));
}

struct timer *timer_new(struct loop *loop, loop_cb cb, void *arg)
{
    struct timer *t = mem_new(sizeof *t);
    t->cb = cb;
    t->arg = arg;
    must(uv_timer_init(&loop->uv, &t->uv));
    t->uv.data = t;
    return t;
}

static void on_timer(uv_timer_t *uv)
{
    struct timer *t = uv->data;
    t->cb(t->arg);
}

void timer_start(struct timer *t, int64_t ms)
{
    /* libuv before 1.45 runs a timer of 0 ms that starts itself for ever, within one turn. */
    must(uv_timer_start(&t->uv, on_timer, ms > 1 ? (uint64_t)ms : 1, 0));
}

void timer_stop(struct timer *t)
{
    uv_timer_stop(&t->uv);
}

/* The handle is the first member of a timer and of a signal, and its data the record itself. */
static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void timer_free(struct timer **t)
{
    if (*t)
        uv_close((uv_handle_t *)&(*t)->uv, on_closed);
    *t = NULL;
}

static void on_signal(uv_signal_t *uv, int signum)
{
    struct loop_signal *s = uv->data;
    (void)signum;
    s->cb(s->arg);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, loop_cb cb, void *arg)
{
    struct loop_signal *s = mem_new(sizeof *s);
    s->cb = cb;
    s->arg = arg;
    must(uv_signal_init(&loop->uv, &s->uv));
    s->uv.data = s;
    must(uv_signal_start(&s->uv, on_signal, signum));
    return s;
}

void loop_signal_free(struct loop_signal **s)
{
    if (*s)
        uv_close((uv_handle_t *)&(*s)->uv, on_closed);
    *s = NULL;
}
