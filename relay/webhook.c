/* webhook: a machine for one POST at a time.
 *
 *     REST -> SEND -> [SENT] -> (it failed: RETRY after a while -> SEND) ... -> REST
 *
 * The address is that of the setting when it is sent, so that a reload changes it for what waits,
 * too. It is the operator's own: any address may be connected to. It may hold a secret, so that the
 * log names its host alone. May not know: what it tells. */
#include "relay/webhook.h"

#include <stdlib.h>

#include "common/io/log.h"
#include "common/pure/uri.h"

enum {
    WAITING_MAX = 64,
    ABOUT_SIZE = 300,
    CONNECT_MS = 5000,
    TOTAL_MS = 10000,
    ANSWER_MAX = 64 * 1024
};

/* Between the tries. */
static const int64_t rests_ms[] = {1000, 10000, 60000, 300000};
enum { TRIES_MAX = sizeof(rests_ms) / sizeof(*rests_ms) + 1 };

enum webhook_state { WEBHOOK_REST, WEBHOOK_SENT, WEBHOOK_RETRY };

struct post {
    struct post *next;
    char about[ABOUT_SIZE];
    char *json;
};

struct webhook {
    struct context *context;
    enum webhook_state state;
    struct post *first, **last; /* the first is the one that is sent */
    size_t n;
    unsigned tries;
    struct http_call *call;
    struct timer *timer;
};

static const char *address(const struct webhook *w)
{
    return w->context->config->set.pilots_webhook;
}

static void drop_first(struct webhook *w)
{
    struct post *post = w->first;
    if (!post)
        return;
    w->first = post->next;
    if (!w->first)
        w->last = &w->first;
    w->n--;
    w->tries = 0;
    free(post->json);
    free(post);
}

static void say(const struct webhook *w, enum log_level level, enum err err, int status)
{
    struct log_line l;
    struct uri uri;
    log_begin(&l, level, "webhook");
    log_str(&l, "about", w->first->about);
    if (uri_read(span_of(address(w)), &uri) == ERR_OK)
        log_str(&l, "host", uri.authority);
    log_int(&l, "tries", w->tries);
    if (status)
        log_int(&l, "status", status);
    if (err != ERR_OK)
        log_str(&l, "code", err_code(err));
    log_end(&l);
}

static void webhook_send(struct webhook *w);

static void on_timer(void *arg)
{
    struct webhook *w = arg;
    w->state = WEBHOOK_REST;
    webhook_send(w);
}

/* Goes on with the next, in a later turn. */
static void settle(struct webhook *w)
{
    drop_first(w);
    w->state = WEBHOOK_RETRY;
    timer_start(w->timer, 0);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct webhook *w = arg;
    bool told = answer->err == ERR_OK && answer->status >= 200 && answer->status < 300;
    w->call = NULL;
    w->tries++;
    if (told || w->tries == TRIES_MAX) {
        say(w, told ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, answer->err, answer->status);
        settle(w);
        return;
    }
    say(w, LOG_LEVEL_WARN, answer->err, answer->status);
    w->state = WEBHOOK_RETRY;
    timer_start(w->timer, rests_ms[w->tries - 1]);
}

static void webhook_send(struct webhook *w)
{
    static const char *const fields[] = {"Content-Type: application/json",
                                         "Accept: application/json, */*;q=0.1"};
    if (w->state != WEBHOOK_REST || !w->first)
        return;
    if (!*address(w)) { /* a reload took it away */
        settle(w);
        return;
    }
    const struct http_ask ask = {.method = "POST",
                                 .url = address(w),
                                 .fields = fields,
                                 .fields_n = 2,
                                 .body = span_of(w->first->json),
                                 .connect_ms = CONNECT_MS,
                                 .total_ms = TOTAL_MS,
                                 .answer_max = ANSWER_MAX};
    w->state = WEBHOOK_SENT;
    w->call = http_client_send(w->context->client, &ask, on_answer, w);
}

/* Where the first is on its way, it is the second that goes. */
static void make_room(struct webhook *w)
{
    struct post *sent = w->state == WEBHOOK_SENT ? w->first : NULL;
    if (w->n < WAITING_MAX)
        return;
    if (sent)
        w->first = sent->next;
    say(w, LOG_LEVEL_ERROR, ERR_UNAVAILABLE, 0);
    drop_first(w);
    if (!sent)
        return;
    sent->next = w->first;
    if (!w->first)
        w->last = &sent->next;
    w->first = sent;
}

struct webhook *webhook_new(struct context *context)
{
    struct webhook *w = mem_new(sizeof(*w));
    w->context = context;
    w->last = &w->first;
    w->timer = timer_new(context->loop, on_timer, w);
    return w;
}

void webhook_post(struct webhook *w, const char *about, struct span json)
{
    if (!*address(w))
        return;
    make_room(w);
    struct post *post = mem_new(sizeof(*post));
    span_copy(span_of(about), post->about, sizeof(post->about));
    post->json = mem_copy(json);
    *w->last = post;
    w->last = &post->next;
    w->n++;
    webhook_send(w);
}

void webhook_free(struct webhook **webhook)
{
    struct webhook *w = *webhook;
    *webhook = NULL;
    if (!w)
        return;
    http_call_cancel(&w->call);
    timer_free(&w->timer);
    while (w->first)
        drop_first(w);
    free(w);
}
