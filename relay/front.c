/* front: one public listener, the documents, the inbox room.
 * May not know: couriers; operators. */
#include "relay/front.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/allowlist.h"
#include "relay/inbox.h"
#include "relay/meters.h"
#include "relay/public.h"

enum { BODY_GRACE_MS = 5000, GAUGES_MS = 1000 };

struct front {
    struct context *context;
    struct http_server *server;
    struct timer *gauges;
    struct keyring *keyring;
    struct inbox_room room;
    struct allowlist *allowlist;
    struct public public;
};

static void on_inbox(void *arg, struct http_request **request)
{
    struct front *f = arg;
    inbox_accept(&f->room, request);
}

static void on_list(void *arg, struct http_request **request, const struct routed *routed)
{
    struct front *f = arg;
    allowlist_ask(f->allowlist, request, routed);
}

static void log_request(struct span peer, struct span method, struct span target, int status,
                        enum err err)
{
    struct log_line l;
    log_begin(&l, LOG_LEVEL_INFO, "request");
    log_text(&l, "peer", peer);
    log_text(&l, "method", method);
    log_text(&l, "target", target);
    log_int(&l, "status", status);
    log_str(&l, "code", err == ERR_OK ? NULL : err_code(err));
    log_end(&l);
}

static void on_request(void *arg, struct http_request *request)
{
    struct front *f = arg;
    const struct http_view *view = http_view(request);
    /* The view dies with the request: what the log needs is kept. */
    char *peer = mem_copy(view->peer);
    char *method = mem_copy(view->method);
    char *target = mem_copy(view->target);
    enum err why;
    int status = public_answer(&f->public, &request, &why);
    if (status) {
        meter_answer(status); /* first: whoever reads the line finds it counted */
        log_request(span_of(peer), span_of(method), span_of(target), status, why);
    }
    free(peer);
    free(method);
    free(target);
}

static void on_refused(void *arg, struct span peer, enum err why)
{
    (void)arg;
    meter_answer(err_status(why));
    log_request(peer, SPAN_NONE, SPAN_NONE, err_status(why), why);
}

static void on_gauges(void *arg)
{
    struct front *f = arg;
    metric_set(METER_CONNECTIONS, 0, (double)http_server_connections(f->server));
    timer_start(f->gauges, GAUGES_MS);
}

static struct http_limits limits_of(const struct settings *set)
{
    return (struct http_limits){.request_line = set->limits_request_line,
                                .header = set->limits_header,
                                .body = set->limits_body,
                                .bodies = set->limits_bodies,
                                .fields = set->limits_fields,
                                .connections = set->limits_connections,
                                .per_address = set->limits_per_address,
                                .header_ms = set->timeouts_header,
                                .body_ms = set->timeouts_body,
                                .answer_ms = set->timeouts_answer,
                                .idle_ms = set->timeouts_idle,
                                .body_rate = set->timeouts_body_rate,
                                .body_grace_ms = BODY_GRACE_MS};
}

enum err front_new(struct context *context, struct bytes *why, struct front **ret)
{
    struct front *f = mem_new(sizeof(*f));
    f->context = context;
    f->keyring = keyring_new(context);
    f->room = (struct inbox_room){.context = context, .keyring = f->keyring};
    f->allowlist = allowlist_new(context);
    f->public = (struct public){.identity = &context->identity,
                                .members = -1,
                                .inbox = on_inbox,
                                .list = on_list,
                                .arg = f};
    struct http_server_config config = {.listen = context->config->set.listen,
                                        .shared = context->config->set.fronts > 1,
                                        .limits = limits_of(&context->config->set),
                                        .handler = on_request,
                                        .refused = on_refused,
                                        .arg = f};
    enum err e = http_server_new(context->loop, &config, why, &f->server);
    if (e != ERR_OK) {
        allowlist_free(&f->allowlist);
        keyring_free(&f->keyring);
        free(f);
        return e;
    }
    f->gauges = timer_new(context->loop, on_gauges, f);
    timer_start(f->gauges, GAUGES_MS);
    *ret = f;
    return ERR_OK;
}

void front_stop(struct front *front)
{
    http_server_stop(front->server);
}

bool front_idle(const struct front *front)
{
    return front->room.working_n == 0 && allowlist_idle(front->allowlist);
}

void front_free(struct front **front)
{
    struct front *f = *front;
    *front = NULL;
    if (!f)
        return;
    inbox_abandon(&f->room);
    allowlist_free(&f->allowlist);
    timer_free(&f->gauges);
    http_server_free(&f->server);
    keyring_free(&f->keyring);
    free(f);
}
