/* http_client: libcurl's multi interface on the loop.
 *
 * A shard is one multi handle with its timer, its connections and its TLS sessions; a host always
 * falls on the same one, so its connections stay warm. TLS sessions are shared within a shard, not
 * in the whole client: libcurl's shared cache holds only a few, whoever shares it. Calls in flight
 * are in one list; those done are kept with their easy handles, up to a limit.
 *
 * A call: idle -> in flight (on a multi) -> answered or cancelled -> idle.
 *
 * May not know: what is asked and why, signatures, who may be asked (the guard does). */
#include "common/io/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/http_call.h"
#include "common/io/loop_uv.h"

enum {
    IDLE_CALLS_MAX = 256,  /* 5.5 KB each */
    CONNECTIONS_LEAST = 4, /* of a shard */
    HOST_CONNECTIONS = 16, /* at once; further calls to it wait, and their time runs */
};

struct shard {
    struct http_client *client;
    CURLM *multi;
    CURLSH *share;
    struct timer *timer;
};

struct http_client {
    struct loop *loop;
    char *user_agent;
    struct shard *shards;
    unsigned shards_n;
    struct http_call *live, *idle;
    unsigned idle_n;
    bool freed; /* the record waits for the frames that run callbacks */
};

struct watch {
    uv_poll_t poll;
    struct shard *shard;
    curl_socket_t fd;
    int events;
};

static void list_add(struct http_call **list, struct http_call *call)
{
    call->prev = NULL;
    call->next = *list;
    if (call->next)
        call->next->prev = call;
    *list = call;
}

static void list_remove(struct http_call **list, struct http_call *call)
{
    if (call->next)
        call->next->prev = call->prev;
    if (call->prev)
        call->prev->next = call->next;
    else
        *list = call->next;
}

/* --- the end of calls ------------------------------------------------------------------------ */

static void recycle(struct http_client *client, struct http_call *call)
{
    if (client->freed || client->idle_n >= IDLE_CALLS_MAX) {
        http_call_delete(call);
        return;
    }
    http_call_clear(call);
    list_add(&client->idle, call);
    client->idle_n++;
}

static void land(struct http_client *client, struct http_call *call)
{
    struct shard *shard = call->owner;
    call->owner = NULL;
    curl_multi_remove_handle(shard->multi, call->easy);
    curl_easy_setopt(call->easy, CURLOPT_SHARE, NULL);
    list_remove(&client->live, call);
}

static void finish(struct http_client *client, struct http_call *call, CURLcode rc)
{
    struct http_answer answer;
    http_call_answer(call, rc, &answer);
    land(client, call);
    call->cb(call->arg, &answer);
    recycle(client, call);
}

/* libcurl tells who is done only when asked, and only outside of its own callbacks. */
static void pump(struct shard *shard)
{
    struct http_client *client = shard->client;
    const CURLMsg *msg;
    int left;
    while (!client->freed && (msg = curl_multi_info_read(shard->multi, &left))) {
        struct http_call *call = NULL;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        finish(client, call, msg->data.result);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Told of an error, libcurl gives up. Told to read, it sees what the error is; and that a
 * connection was only closed while it was kept, after which it asks once more on a new one. libuv
 * stops watching at an error. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct shard *shard = watch->shard;
    int flags = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;
    int running;
    if (status < 0)
        uv_poll_start(poll, watch->events, on_poll);
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(shard->multi, watch->fd, flags, &running);
    pump(shard);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watch *watch_new(struct shard *shard, curl_socket_t fd)
{
    struct watch *watch = mem_new(sizeof *watch);
    if (uv_poll_init_socket(loop_uv(shard->client->loop), &watch->poll, fd) != 0) {
        free(watch);
        return NULL; /* the call's deadline ends it */
    }
    watch->poll.data = watch;
    watch->shard = shard;
    watch->fd = fd;
    curl_multi_assign(shard->multi, fd, watch);
    return watch;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct shard *shard = arg;
    struct watch *watch = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            curl_multi_assign(shard->multi, fd, NULL);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return 0;
    }
    if (!watch)
        watch = watch_new(shard, fd);
    if (watch) {
        watch->events =
            (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
        uv_poll_start(&watch->poll, watch->events, on_poll);
    }
    return 0;
}

static void on_timer(void *arg)
{
    struct shard *shard = arg;
    int running;
    curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    pump(shard);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    const struct shard *shard = arg;
    (void)multi;
    if (ms < 0)
        timer_stop(shard->timer);
    else
        timer_start(shard->timer, ms);
    return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

static void shard_init(struct shard *shard, struct http_client *client, long connections)
{
    shard->client = client;
    shard->multi = curl_multi_init();
    shard->share = curl_share_init();
    if (!shard->multi || !shard->share)
        abort();
    shard->timer = timer_new(client->loop, on_timer, shard);
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(shard->multi, CURLMOPT_SOCKETDATA, shard);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(shard->multi, CURLMOPT_TIMERDATA, shard);
    /* By default only four times the calls in flight are kept open, the rest is closed. */
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(shard->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)HOST_CONNECTIONS);
    curl_share_setopt(shard->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

struct http_client *http_client_new(struct loop *loop, const char *user_agent, unsigned shards,
                                    unsigned max_connections)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    struct http_client *client = mem_new(sizeof *client);
    client->loop = loop;
    client->user_agent = mem_copy(span_of(user_agent));
    client->shards_n = shards ? shards : 1;
    client->shards = mem_new(client->shards_n * sizeof *client->shards);
    long each = (long)(max_connections / client->shards_n);
    for (unsigned i = 0; i < client->shards_n; i++)
        shard_init(&client->shards[i], client, each > CONNECTIONS_LEAST ? each : CONNECTIONS_LEAST);
    return client;
}

static void free_record(void *arg)
{
    struct http_client *client = arg;
    free(client->shards);
    free(client->user_agent);
    free(client);
    curl_global_cleanup();
}

void http_client_free(struct http_client **client)
{
    struct http_client *c = *client;
    struct http_call *call;
    *client = NULL;
    if (!c)
        return;
    c->freed = true;
    while ((call = c->live)) {
        land(c, call);
        http_call_delete(call);
    }
    while ((call = c->idle)) {
        list_remove(&c->idle, call);
        http_call_delete(call);
    }
    for (unsigned i = 0; i < c->shards_n; i++) {
        curl_multi_cleanup(c->shards[i].multi);
        curl_share_cleanup(c->shards[i].share);
        timer_free(&c->shards[i].timer);
    }
    /* One of our callbacks may have called: the frames below still look at the record. */
    loop_post(c->loop, free_record, c);
}

/* FNV-1a over host and port as they stand between `//` and the path. */
static struct shard *shard_of(const struct http_client *client, const char *url)
{
    const char *p = strstr(url, "//");
    uint32_t hash = 2166136261U;
    for (p = p ? p + 2 : url; *p && !strchr("/?#", *p); p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
        hash = (hash ^ (uint8_t)c) * 16777619U;
    }
    return &client->shards[hash % client->shards_n];
}

struct http_call *http_client_send(struct http_client *client, const struct http_ask *ask,
                                   http_answered cb, void *arg)
{
    struct http_call *call = client->idle;
    if (call) {
        list_remove(&client->idle, call);
        client->idle_n--;
    } else {
        call = http_call_new(client->user_agent);
    }
    struct shard *shard = shard_of(client, ask->url);
    call->cb = cb;
    call->arg = arg;
    call->owner = shard;
    http_call_ask(call, ask);
    list_add(&client->live, call);
    if (curl_easy_setopt(call->easy, CURLOPT_SHARE, shard->share) != CURLE_OK ||
        curl_multi_add_handle(shard->multi, call->easy) != CURLM_OK)
        abort();
    return call;
}

void http_call_cancel(struct http_call **call)
{
    struct http_call *c = *call;
    *call = NULL;
    /* Not in flight: this is its own callback, which comes from finish(). */
    if (!c || !c->owner)
        return;
    struct http_client *client = ((struct shard *)c->owner)->client;
    land(client, c);
    recycle(client, c);
}
