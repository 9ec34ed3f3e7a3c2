/* client_rig: a client of ours beside a server that misbehaves on demand, and what its callbacks
 * have seen. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/io/clock.h"
#include "common/io/http_client.h"
#include "tests/unit/io/site.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

struct rig {
    struct loop *loop;
    struct http_client *client;
    struct site site;
    int answers;
};

struct seen {
    struct rig *rig;
    struct http_call *call;
    size_t body_n;
    int calls;
    enum err err;
    int status;
    char body[400], type[40], location[40], retry[40], detail[200];
    /* what the callback does besides */
    bool frees_client;
    struct seen *cancels;
    const char *sends;
};

static inline void stop_loop(void *loop)
{
    loop_stop(loop);
}

static void send_to(struct rig *rig, struct seen *seen, const char *url);

static inline void on_answer(void *arg, const struct http_answer *a)
{
    struct seen *seen = arg;
    seen->call = NULL;
    seen->calls++;
    seen->err = a->err;
    seen->status = a->status;
    seen->body_n = a->body.n;
    snprintf(seen->body, sizeof seen->body, "%.*s", SPAN_ARG(a->body));
    snprintf(seen->type, sizeof seen->type, "%.*s", SPAN_ARG(a->content_type));
    snprintf(seen->location, sizeof seen->location, "%.*s", SPAN_ARG(a->location));
    snprintf(seen->retry, sizeof seen->retry, "%.*s", SPAN_ARG(a->retry_after));
    snprintf(seen->detail, sizeof seen->detail, "%s", a->detail);
    seen->rig->answers++;
    if (seen->cancels)
        http_call_cancel(&seen->cancels->call);
    if (seen->frees_client)
        http_client_free(&seen->rig->client);
    if (seen->sends) {
        const char *url = seen->sends;
        seen->sends = NULL;
        send_to(seen->rig, seen, url);
    }
    loop_stop(seen->rig->loop);
}

static inline void rig_init(struct rig *rig, unsigned shards)
{
    memset(rig, 0, sizeof *rig);
    rig->loop = loop_new();
    rig->client = http_client_new(rig->loop, "Weir/0.1 (+https://relay.example/)", shards, 100);
    site_start(&rig->site, NULL);
}

static inline void rig_fini(struct rig *rig)
{
    http_client_free(&rig->client);
    site_stop(&rig->site);
    loop_free(&rig->loop);
}

static inline bool run(struct rig *rig, const int *counter, int target, int64_t ms)
{
    struct timer *tick = timer_new(rig->loop, stop_loop, rig->loop);
    int64_t end = clock_mono_ms() + ms;
    while (*counter < target && clock_mono_ms() < end) {
        timer_start(tick, 10);
        loop_run(rig->loop);
    }
    timer_free(&tick);
    return *counter >= target;
}

static inline struct http_ask plain(const char *url)
{
    return (struct http_ask){
        .method = "GET", .url = url, .connect_ms = 2000, .total_ms = 5000, .answer_max = 10000};
}

static inline void send_ask(struct rig *rig, struct seen *seen, const struct http_ask *ask)
{
    seen->rig = rig;
    int before = seen->calls;
    seen->call = http_client_send(rig->client, ask, on_answer, seen);
    assert_non_null(seen->call);
    assert_int_equal(seen->calls, before); /* never from inside the call */
}

static inline void send_to(struct rig *rig, struct seen *seen, const char *url)
{
    struct http_ask ask = plain(url);
    send_ask(rig, seen, &ask);
}

static inline const char *url_of(const struct rig *rig, const char *path)
{
    static char urls[4][200];
    static unsigned next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", rig->site.port, path);
    return url;
}

/* Sends and waits. */
static inline void ask_for(struct rig *rig, struct seen *seen, const struct http_ask *ask)
{
    *seen = (struct seen){0};
    send_ask(rig, seen, ask);
    assert_true(run(rig, &seen->calls, 1, 10000));
}

static inline void get(struct rig *rig, struct seen *seen, const char *path)
{
    struct http_ask ask = plain(url_of(rig, path));
    ask_for(rig, seen, &ask);
}
