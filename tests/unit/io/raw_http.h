/* raw_http: a server under test and clients that send it any bytes, all on one loop.
 *
 * The clients are plain sockets that never block; each turn of the loop pumps them, so that a test
 * is a straight line: send, wait until, look. */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/io/http_server.h"

enum { CLIENTS = 64, WAIT_MS = 8000 };

struct client {
    int fd;             /* -1: none */
    struct bytes out;   /* to be sent */
    size_t sent, piece; /* at most piece bytes a turn */
    struct bytes in;
    bool eof, deaf; /* deaf: never reads */
    bool half;      /* shut our side down once all is sent */
};

struct bench {
    struct loop *loop;
    struct http_server *server;
    struct client clients[CLIENTS];
    unsigned handled, refused;
    enum err why; /* of the last refusal */
    size_t answer_size;
    bool hold; /* the handler keeps the request */
    struct http_request *held;
    int64_t user; /* who asked last */
    bool (*until)(struct bench *b);
    int64_t until_ms;
    bool met;
};

static inline void pump_out(struct client *c)
{
    size_t left = c->out.n - c->sent;
    size_t n = left < c->piece ? left : c->piece;
    if (n > 0) {
        ssize_t done = send(c->fd, c->out.p + c->sent, n, MSG_NOSIGNAL);
        if (done > 0)
            c->sent += (size_t)done;
        else if (errno != EAGAIN)
            c->sent = c->out.n; /* the server closed: what it said can still be read */
    }
    if (c->half && c->sent == c->out.n) {
        shutdown(c->fd, SHUT_WR);
        c->half = false;
    }
}

static inline void pump_in(struct client *c)
{
    char text[65536];
    ssize_t n = c->deaf || c->eof ? -1 : recv(c->fd, text, sizeof text, 0);
    if (n > 0)
        bytes_add(&c->in, (struct span){text, (size_t)n});
    else if (!c->deaf && (n == 0 || errno == ECONNRESET))
        c->eof = true;
}

static inline void on_tick(void *arg)
{
    struct bench *b = arg;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (b->clients[i].fd >= 0) {
            pump_out(&b->clients[i]);
            pump_in(&b->clients[i]);
        }
    }
    b->met = b->until(b);
    if (b->met || clock_mono_ms() > b->until_ms)
        loop_stop(b->loop);
    else
        loop_post(b->loop, on_tick, b);
}

/* Runs the loop until the condition holds; false if it does not within ms. */
static inline bool wait_until(struct bench *b, bool (*until)(struct bench *b), int64_t ms)
{
    b->until = until;
    b->until_ms = clock_mono_ms() + ms;
    loop_post(b->loop, on_tick, b);
    loop_run(b->loop);
    return b->met;
}

static inline bool never(struct bench *b)
{
    (void)b;
    return false;
}

static inline bool first_closed(struct bench *b)
{
    return b->clients[0].eof;
}

static inline bool first_sent(struct bench *b)
{
    return b->clients[0].sent == b->clients[0].out.n;
}

static inline bool none_connected(struct bench *b)
{
    return http_server_connections(b->server) == 0;
}

static inline bool one_held(struct bench *b)
{
    return b->held != NULL;
}

/* The header and the whole body of one answer have come. */
static inline bool has_answer(const struct client *c)
{
    const char *end = c->in.n ? strstr(c->in.p, "\r\n\r\n") : NULL;
    const char *length = end ? strstr(c->in.p, "Content-Length: ") : NULL;
    if (!length || length > end)
        return end != NULL;
    return c->in.n >= (size_t)(end + 4 - c->in.p) + strtoul(length + 16, NULL, 10);
}

static inline bool first_answered(struct bench *b)
{
    return has_answer(&b->clients[0]) || b->clients[0].eof;
}

static inline int status_of(const struct client *c)
{
    return c->in.n > 12 && strncmp(c->in.p, "HTTP/1.1 ", 9) == 0
               ? (int)strtol(c->in.p + 9, NULL, 10)
               : 0;
}

static inline struct client *client_at(struct bench *b, size_t i, int fd)
{
    struct client *c = &b->clients[i];
    *c = (struct client){.fd = fd, .piece = 1 << 20};
    bytes_init(&c->out, 8 << 20);
    bytes_init(&c->in, 32 << 20);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return c;
}

/* Connects client i over loopback. */
static inline struct client *client_open(struct bench *b, size_t i)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(http_server_port(b->server))};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&sa, sizeof sa) != 0)
        abort();
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return client_at(b, i, fd);
}

static inline void client_close(struct bench *b, size_t i)
{
    struct client *c = &b->clients[i];
    if (c->fd < 0)
        return;
    close(c->fd);
    bytes_fini(&c->out);
    bytes_fini(&c->in);
    c->fd = -1;
}

/* Answers 200 with what it saw, a line each; /big answers with answer_size bytes. */
static inline void on_request(void *arg, struct http_request *request)
{
    struct bench *b = arg;
    const struct http_view *v = http_view(request);
    struct bytes text;
    b->handled++;
    b->user = v->user;
    if (b->hold) {
        b->held = request;
        return;
    }
    bytes_init(&text, 32 << 20);
    for (size_t i = 0; span_eq_str(v->path, "/big") && i < b->answer_size; i += 4096)
        bytes_addf(&text, "%4096s", "x");
    bytes_addf(&text, "%.*s %.*s|%.*s|%.*s|%.*s|%.*s|%zu|", SPAN_ARG(v->method),
               SPAN_ARG(v->target), SPAN_ARG(v->path), SPAN_ARG(v->query), SPAN_ARG(v->host),
               SPAN_ARG(v->peer), v->fields_n);
    bytes_add(&text, v->body);
    http_reply(&request, &(struct http_response){.status = 200,
                                                 .content_type = "text/plain",
                                                 .fields = "X-Extra: 1\r\n",
                                                 .body = bytes_span(&text)});
    bytes_fini(&text);
}

static inline void on_refused(void *arg, struct span peer, enum err why)
{
    struct bench *b = arg;
    if (!span_eq_str(peer, "127.0.0.1") && !span_eq_str(peer, "unix"))
        abort();
    b->refused++;
    b->why = why;
}

/* The numbers of DESIGN 10, deadlines apart: those are a test's to choose. */
static inline struct http_limits usual_limits(void)
{
    return (struct http_limits){.request_line = 8192,
                                .header = 32768,
                                .body = 1048576,
                                .fields = 100,
                                .connections = 40,
                                .per_address = 40,
                                .header_ms = 10000,
                                .body_ms = 30000,
                                .answer_ms = 10000,
                                .idle_ms = 60000,
                                .body_rate = 1024,
                                .body_grace_ms = 5000};
}

static inline void bench_init(struct bench *b, const char *listen, struct http_limits limits)
{
    struct bytes why;
    struct http_server_config config = {
        .listen = listen, .limits = limits, .handler = on_request, .refused = on_refused, .arg = b};
    *b = (struct bench){.loop = loop_new()};
    for (size_t i = 0; i < CLIENTS; i++)
        b->clients[i].fd = -1;
    bytes_init(&why, 1024);
    if (http_server_new(b->loop, &config, &why, &b->server) != ERR_OK) {
        fprintf(stderr, "%s\n", bytes_str(&why));
        abort();
    }
    bytes_fini(&why);
}

static inline void bench_fini(struct bench *b)
{
    for (size_t i = 0; i < CLIENTS; i++)
        client_close(b, i);
    http_server_free(&b->server);
    loop_free(&b->loop);
}
