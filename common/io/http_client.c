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
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/http_call.h"
#include "common/io/http_watch.h"

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
    struct watches *watches;
    struct http_call *live, *idle;
    unsigned idle_n;
    loop_cb before;
    void *before_arg;
    bool freed; /* the record waits for the frames that run callbacks */
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

static void ask_before(const struct http_client *client)
{
    if (client->before)
        client->before(client->before_arg);
}

static void on_watch(void *arg, curl_socket_t fd, int flags)
{
    struct shard *shard = arg;
    int running;
    ask_before(shard->client); /* a socket that is gone after that, libcurl passes over */
    curl_multi_socket_action(shard->multi, fd, flags, &running);
    pump(shard);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct shard *shard = arg;
    (void)easy, (void)of_socket;
    watches_set(shard->client->watches, shard, fd, what);
    return 0;
}

static int on_opened(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    struct http_client *client = arg;
    (void)purpose;
    watches_opened(client->watches, fd);
    return CURL_SOCKOPT_OK;
}

static int on_close(void *arg, curl_socket_t fd)
{
    struct http_client *client = arg;
    watches_closed(client->watches, fd);
    return close(fd);
}

static void on_timer(void *arg)
{
    struct shard *shard = arg;
    int running;
    ask_before(shard->client);
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
    client->watches = watches_new(loop, on_watch);
    client->shards_n = shards ? shards : 1;
    client->shards = mem_new(client->shards_n * sizeof *client->shards);
    long each = (long)(max_connections / client->shards_n);
    for (unsigned i = 0; i < client->shards_n; i++)
        shard_init(&client->shards[i], client, each > CONNECTIONS_LEAST ? each : CONNECTIONS_LEAST);
    return client;
}

enum err http_client_trust(struct bytes *why)
{
    const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!bundle || access(bundle, R_OK) == 0)
        return ERR_OK;
    bytes_addf(why, "%s: %s: others' certificates can't be judged (install ca-certificates)",
               bundle, strerror(errno));
    return ERR_FILE;
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
    watches_free(&c->watches);
    /* One of our callbacks may have called: the frames below still look at the record. */
    loop_post(c->loop, free_record, c);
}

void http_client_before(struct http_client *client, loop_cb cb, void *arg)
{
    client->before = cb;
    client->before_arg = arg;
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

/* A connection keeps these beyond the call that opened it. */
static void watch_sockets(struct http_client *client, const struct http_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_SOCKOPTFUNCTION, on_opened);
    curl_easy_setopt(call->easy, CURLOPT_SOCKOPTDATA, client);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(call->easy, CURLOPT_CLOSESOCKETDATA, client);
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
        watch_sockets(client, call);
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
