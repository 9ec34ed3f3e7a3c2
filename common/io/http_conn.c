/* http_conn: a connection as a machine.
 *
 *     IDLE -> HEAD -> BODY -> ASK -> WORK -> SEND -> SENT -> IDLE or LINGER
 *       HEAD -> ASK    no body            HEAD, BODY -> SEND    refused: answer, then close
 *       IDLE, HEAD, BODY, SENT, LINGER -> GONE    the peer left, or was too slow
 *
 * The pool owns the connections; a connection dies in its close callback. It owns the request while
 * that is read, the handler from ASK until http_reply(). libuv's callbacks only store what came and
 * call conn_run(). Reading goes on only while there is nothing unread and the state wants bytes, so
 * that at most one read of a peer (64 KiB) waits in memory, the rest in TCP.
 *
 * May not know: routes, what requests are for, how listeners are made. */
#include "common/io/http_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/io/clock.h"
#include "common/io/http_answer.h"
#include "common/pure/net.h"

enum {
    LINGER_MS = 2000, /* how long a peer that still sends may take to notice that we closed */
    RATE_STEP_MS = 1000,
    PEER_SIZE = 46,
};

enum step { STEP_MORE, STEP_WAIT, STEP_DONE };
enum state { IDLE, HEAD, BODY, ASK, WORK, SEND, SENT, LINGER, GONE };

struct http_request {
    struct http_message message;
    struct http_conn *conn; /* NULL: the connection ended, the reply goes nowhere */
    char peer[PEER_SIZE];
    struct http_held *all; /* what all requests hold */
    size_t holds;          /* of that, this one */
};

struct http_conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct http_pool *pool;
    struct http_conn *prev, *next;           /* among all */
    struct http_conn *idle_prev, *idle_next; /* among the idle */
    struct http_peer *address;               /* NULL for a Unix socket */
    char peer[PEER_SIZE];
    int64_t user; /* of a Unix socket */
    enum state state;
    struct timer *deadline;
    struct http_parser parser;
    struct http_request *request; /* being read */
    struct http_request *asked;   /* the handler has it */
    struct span in;               /* unread: in the pool's input during a read, else in rest */
    struct bytes rest;
    struct bytes out;
    uv_write_t write;
    uv_shutdown_t shutdown;
    int64_t body_since_ms, idle_since_ms;
    size_t body_seen;
    /* what the callbacks stored */
    bool eof, late, broken, written;
    bool keep_alive; /* after the present answer */
    bool parked;     /* in the list of the idle */
    bool reading, running;
};

static void conn_run(struct http_conn *c);

/* --- requests ------------------------------------------------------------------------------------
 */

static struct http_request *request_new(struct http_conn *c)
{
    struct http_request *r = mem_new(sizeof *r);
    http_message_init(&r->message, &c->pool->limits);
    r->conn = c;
    r->all = http_held_ref(c->pool->held);
    memcpy(r->peer, c->peer, sizeof r->peer);
    r->message.view.peer = span_of(r->peer);
    r->message.view.user = c->address ? -1 : c->user;
    return r;
}

static void request_free(struct http_request **request)
{
    if (*request) {
        http_held_count((*request)->all, 0, &(*request)->holds, 0);
        http_held_unref(&(*request)->all);
        http_message_fini(&(*request)->message);
        free(*request);
    }
    *request = NULL;
}

const struct http_view *http_view(const struct http_request *request)
{
    return &request->message.view;
}

/* --- the connection's life -----------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
    struct http_conn *c = handle->data;
    bytes_fini(&c->rest);
    bytes_fini(&c->out);
    free(c);
}

static void unpark(struct http_conn *c)
{
    if (c->parked)
        DL_DELETE2(c->pool->idle, c, idle_prev, idle_next);
    c->parked = false;
}

/* The only end of a connection. Its memory lives until the close callback, so that whoever is in
 * the middle of conn_run() may come back. */
void http_conn_end(struct http_conn *c)
{
    struct http_pool *pool = c->pool;
    if (c->state == GONE)
        return;
    unpark(c);
    http_peers_leave(&pool->peers, &c->address);
    c->state = GONE;
    timer_free(&c->deadline);
    request_free(&c->request);
    if (c->asked)
        c->asked->conn = NULL;
    c->asked = NULL;
    DL_DELETE(pool->all, c);
    pool->n--;
    uv_close(&c->uv.handle, on_closed);
    if (pool->on_room)
        pool->on_room(pool->server);
}

int64_t http_conn_idle_since_ms(const struct http_conn *c)
{
    return c->idle_since_ms;
}

static int64_t deadline_of(const struct http_conn *c, enum state state)
{
    const struct http_limits *l = &c->pool->limits;
    switch (state) {
    case IDLE: return l->idle_ms;
    case HEAD: return l->header_ms;
    case BODY: return l->body_grace_ms < l->body_ms ? l->body_grace_ms : l->body_ms;
    case SENT: return l->answer_ms;
    case LINGER: return LINGER_MS;
    case ASK:
    case WORK: /* the handler has deadlines of its own */
    case SEND:
    case GONE: break;
    }
    return -1;
}

/* The only writer of the state, but for the end. */
static enum step conn_goto(struct http_conn *c, enum state state)
{
    int64_t ms = deadline_of(c, state);
    unpark(c);
    c->state = state;
    c->late = false;
    if (ms < 0)
        timer_stop(c->deadline);
    else
        timer_start(c->deadline, ms);
    return STEP_MORE;
}

/* --- answers -------------------------------------------------------------------------------------
 */

static void set_answer(struct http_conn *c, const struct http_message *m,
                       const struct http_response *response)
{
    struct http_answer_form form = {
        .head_only = m->head_only,
        .minor = m->minor,
        .keep_alive = m->keep_alive && !response->close && !c->pool->stopping,
        .now_s = clock_wall_ms() / 1000,
    };
    c->keep_alive = form.keep_alive;
    http_answer_write(&c->out, response, &form);
}

/* Nothing more is read from this connection: where a malformed message ends cannot be known. */
static enum step conn_refuse(struct http_conn *c, enum err e)
{
    struct bytes problem;
    char fields[160];
    snprintf(fields, sizeof(fields),
             "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (err_status(e) == 503) /* jitter, so that not all come back at once */
        snprintf(fields + strlen(fields), 32, "Retry-After: %u\r\n", 20 + clock_chance() % 41);
    if (c->pool->refused)
        c->pool->refused(c->pool->arg, span_of(c->peer), e);
    http_answer_problem(&problem, e);
    set_answer(c, &c->request->message,
               &(struct http_response){.status = err_status(e),
                                       .content_type = "application/problem+json",
                                       .fields = fields,
                                       .body = bytes_span(&problem),
                                       .close = true});
    bytes_fini(&problem);
    request_free(&c->request);
    return conn_goto(c, SEND);
}

void http_reply(struct http_request **request, const struct http_response *response)
{
    struct http_request *r = *request;
    struct http_conn *c = r->conn;
    *request = NULL;
    if (c) {
        set_answer(c, &r->message, response);
        c->asked = NULL;
    }
    request_free(&r);
    if (c)
        conn_run(c);
}

/* --- the states ----------------------------------------------------------------------------------
 */

static enum step conn_idle(struct http_conn *c)
{
    struct http_pool *pool = c->pool;
    if (c->in.n > 0) {
        c->request = request_new(c);
        http_parse_begin(&c->parser, &pool->limits, &c->request->message);
        return conn_goto(c, HEAD);
    }
    if (c->eof || c->late || pool->stopping)
        return STEP_DONE;
    if (!c->parked) {
        DL_APPEND2(pool->idle, c, idle_prev, idle_next);
        c->idle_since_ms = loop_now_ms(pool->loop);
        c->parked = true;
    }
    return STEP_WAIT;
}

/* Tells a client that waits for it to go on (RFC 9110 section 10.1.1). Nothing else is on its way
 * to this peer, so a socket that does not take 25 bytes is broken. */
static void say_continue(struct http_conn *c)
{
    struct span text = SPAN("HTTP/1.1 100 Continue\r\n\r\n");
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)text.p, (unsigned)text.n);
    if (uv_try_write(&c->uv.stream, &buf, 1) != (int)text.n)
        c->broken = true;
}

static enum step conn_head(struct http_conn *c)
{
    switch (http_parse_head(&c->parser, &c->in)) {
    case HTTP_PARSED_BAD: return conn_refuse(c, c->parser.err);
    case HTTP_PARSED_DONE: break;
    case HTTP_PARSED_MORE:
        if (c->late)
            return conn_refuse(c, ERR_TIMEOUT);
        return c->eof ? STEP_DONE : STEP_WAIT;
    }
    if (!c->request->message.has_body)
        return conn_goto(c, ASK);
    if (!http_held_room(c->pool->held, c->parser.ll.content_length, c->pool->limits.bodies))
        return conn_refuse(c, ERR_UNAVAILABLE); /* before any of it is read */
    if (c->request->message.expects && c->in.n == 0)
        say_continue(c);
    c->body_since_ms = loop_now_ms(c->pool->loop);
    c->body_seen = 0;
    return conn_goto(c, BODY);
}

/* The first look at the rate comes after the grace time, then one each second. */
static bool body_too_slow(struct http_conn *c)
{
    const struct http_limits *l = &c->pool->limits;
    int64_t past = loop_now_ms(c->pool->loop) - c->body_since_ms;
    int64_t left = l->body_ms - past;
    if (left <= 0 || (int64_t)c->body_seen * 1000 < l->body_rate * past)
        return true;
    c->late = false;
    timer_start(c->deadline, left < RATE_STEP_MS ? left : RATE_STEP_MS);
    return false;
}

static enum step conn_body(struct http_conn *c)
{
    size_t before = c->in.n;
    enum http_parsed parsed = http_parse_body(&c->parser, &c->in);
    c->body_seen += before - c->in.n;
    if (!http_held_count(c->request->all, c->request->message.body.n, &c->request->holds,
                         c->pool->limits.bodies))
        return conn_refuse(c, ERR_UNAVAILABLE);
    switch (parsed) {
    case HTTP_PARSED_BAD: return conn_refuse(c, c->parser.err);
    case HTTP_PARSED_DONE: return conn_goto(c, ASK);
    case HTTP_PARSED_MORE: break;
    }
    if (c->late && body_too_slow(c))
        return conn_refuse(c, ERR_TIMEOUT);
    return c->eof ? STEP_DONE : STEP_WAIT;
}

static enum step conn_ask(struct http_conn *c)
{
    struct http_request *r = c->request;
    c->request = NULL;
    c->asked = r;
    conn_goto(c, WORK);
    c->pool->handler(c->pool->arg, r);
    return STEP_MORE;
}

static enum step conn_work(struct http_conn *c)
{
    return c->asked ? STEP_WAIT : conn_goto(c, SEND);
}

static void on_written(uv_write_t *req, int status)
{
    struct http_conn *c = req->data;
    c->written = status == 0;
    c->broken = status != 0;
    conn_run(c);
}

static enum step conn_send(struct http_conn *c)
{
    uv_buf_t buf = uv_buf_init(c->out.p, (unsigned)c->out.n);
    c->written = false;
    c->write.data = c;
    if (uv_write(&c->write, &c->uv.stream, &buf, 1, on_written) != 0)
        return STEP_DONE;
    return conn_goto(c, SENT);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct http_conn *c = req->data;
    if (status != 0)
        c->broken = true;
    conn_run(c);
}

static enum step conn_sent(struct http_conn *c)
{
    if (!c->written)
        return c->late ? STEP_DONE : STEP_WAIT;
    bytes_fini(&c->out);
    if (c->keep_alive)
        return conn_goto(c, IDLE);
    c->shutdown.data = c;
    if (c->eof || uv_shutdown(&c->shutdown, &c->uv.stream, on_shutdown) != 0)
        return STEP_DONE;
    return conn_goto(c, LINGER);
}

/* Closing while the peer still sends would reset the connection, and the answer could be lost: what
 * comes is thrown away until the peer has seen our end, or time is up (RFC 9112 section 9.6). */
static enum step conn_linger(struct http_conn *c)
{
    c->in = SPAN_NONE;
    return c->eof || c->late ? STEP_DONE : STEP_WAIT;
}

/* Ended by somebody else in the middle of a run. */
static enum step conn_gone(struct http_conn *c)
{
    (void)c;
    return STEP_WAIT;
}

static const struct {
    enum step (*run)(struct http_conn *c);
    bool reads;
} states[] = {
    [IDLE] = {conn_idle, true},  [HEAD] = {conn_head, true},     [BODY] = {conn_body, true},
    [ASK] = {conn_ask, false},   [WORK] = {conn_work, false},    [SEND] = {conn_send, false},
    [SENT] = {conn_sent, false}, [LINGER] = {conn_linger, true}, [GONE] = {conn_gone, false},
};

/* --- input ---------------------------------------------------------------------------------------
 */

static void on_room_for_input(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct http_conn *c = handle->data;
    (void)suggested;
    *buf = uv_buf_init(c->pool->input, HTTP_INPUT_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct http_conn *c = stream->data;
    if (n > 0)
        c->in = (struct span){buf->base, (size_t)n};
    else if (n == UV_EOF)
        c->eof = true;
    else if (n < 0)
        c->broken = true;
    conn_run(c);
}

/* What the present state did not eat is kept, and reading goes on only if nothing was. */
static void settle_input(struct http_conn *c)
{
    if (c->in.n == 0) {
        bytes_fini(&c->rest);
    } else if (!c->rest.p) {
        bytes_add(&c->rest, c->in);
        c->in = bytes_span(&c->rest);
    }
    bool reads = states[c->state].reads && c->in.n == 0 && !c->eof;
    if (reads && !c->reading)
        c->broken = uv_read_start(&c->uv.stream, on_room_for_input, on_read) != 0;
    else if (!reads && c->reading)
        uv_read_stop(&c->uv.stream);
    c->reading = reads;
}

static void conn_run(struct http_conn *c)
{
    if (c->running || c->state == GONE)
        return;
    enum step step = STEP_MORE;
    c->running = true;
    while (step == STEP_MORE)
        step = c->broken ? STEP_DONE : states[c->state].run(c);
    c->running = false;
    if (step == STEP_WAIT && c->state != GONE)
        settle_input(c);
    if (step == STEP_DONE || c->broken)
        http_conn_end(c);
}

static void on_deadline(void *arg)
{
    struct http_conn *c = arg;
    c->late = true;
    conn_run(c);
}

/* --- coming in -----------------------------------------------------------------------------------
 */

/* True if the connection may stay. */
static bool admit(struct http_conn *c, bool local)
{
    struct sockaddr_storage sa = {0};
    int n = sizeof sa;
    if (local)
        return http_peers_local(&c->uv.handle, c->peer, &c->user);
    if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&sa, &n) != 0)
        return false;
    net_name((const struct sockaddr *)&sa, c->peer);
    /* Answers are small and written whole: Nagle would only delay them. */
    uv_tcp_nodelay(&c->uv.tcp, 1);
    c->address = http_peers_join(&c->pool->peers, &sa, c->pool->limits.per_address);
    if (c->address)
        return true;
    if (c->pool->refused)
        c->pool->refused(c->pool->arg, span_of(c->peer), ERR_RATE);
    return false;
}

void http_conn_accept(struct http_pool *pool, uv_stream_t *listener, bool local)
{
    struct http_conn *c = mem_new(sizeof *c);
    uv_loop_t *uv = loop_uv(pool->loop);
    int rc = local ? uv_pipe_init(uv, &c->uv.pipe, 0) : uv_tcp_init(uv, &c->uv.tcp);
    if (rc != 0)
        abort();
    c->uv.handle.data = c;
    c->pool = pool;
    c->state = IDLE;
    c->deadline = timer_new(pool->loop, on_deadline, c);
    bytes_init(&c->rest, HTTP_INPUT_SIZE);
    DL_APPEND(pool->all, c);
    pool->n++;
    if (uv_accept(listener, &c->uv.stream) != 0 || !admit(c, local)) {
        http_conn_end(c);
        return;
    }
    conn_goto(c, IDLE);
    conn_run(c);
}
