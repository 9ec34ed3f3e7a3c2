/* admin: the operators' API: its listener, and which file answers what.
 *
 *     GET  /api/v1/status      admin_status.c
 *     POST /api/v1/reload      admin_reload.c
 *     *    /api/v1/members     admin_members.c
 *     *    /api/v1/pilots      admin_pilots.c
 *     GET  /api/v1/trace       admin_trace.c
 *     *    /api/v1/queue       admin_queue.c, admin_orders.c
 *     *    /api/v1/dead        admin_dead.c
 *     POST /api/v1/recall      admin_recall.c
 *     GET  /api/v1/freezes     admin_freeze.c
 *     POST /api/v1/freeze      admin_freeze.c
 *     POST /api/v1/thaw        admin_freeze.c
 *     *    /api/v1/authors     admin_authors.c
 *     GET  /api/v1/audit       admin_audit.c
 *     GET  /api/v1/journal     admin_journal.c
 *     POST /api/v1/policy/explain  admin_explain.c
 *     *    /api/v1/holds       admin_holds.c
 *     GET  /api/v1/reports     admin_reports.c
 *     *    /api/v1/lists       admin_lists.c
 *
 * Everything is answered from Redis: whoever accepts and delivers may be another process.
 * May not know: what a command line looks like. */
#include "relay/admin.h"

#include <stdlib.h>

#include "relay/admin_inner.h"

enum { CONNECTIONS = 64, SECOND = 1000 };

/* The path is the noun's, or one below it: then *ret_rest is what follows the slash. */
static bool behind(struct span path, struct span noun, struct span *ret_rest)
{
    *ret_rest = SPAN_NONE;
    if (!span_starts(path, noun) || (path.n > noun.n && path.p[noun.n] != '/'))
        return false;
    if (path.n > noun.n)
        *ret_rest = (struct span){path.p + noun.n + 1, path.n - noun.n - 1};
    return true;
}

static void on_request(void *arg, struct http_request *request)
{
    struct admin *a = arg;
    const struct http_view *view = http_view(request);
    bool get = span_eq_str(view->method, "GET");
    bool post = span_eq_str(view->method, "POST");
    struct span path = view->path;
    struct span rest;
    if (!get && !post)
        admin_refuse(&request, ERR_METHOD, SPAN_NONE);
    else if (get && span_eq_str(path, "/api/v1/status"))
        admin_status(a, &request);
    else if (post && span_eq_str(path, "/api/v1/reload"))
        admin_reload(a, &request);
    else if (behind(path, SPAN("/api/v1/members"), &rest))
        admin_members(a, &request, rest);
    else if (behind(path, SPAN("/api/v1/pilots"), &rest))
        admin_pilots(a, &request, rest);
    else if (get && behind(path, SPAN("/api/v1/trace"), &rest))
        admin_trace(a, &request, rest);
    else if (behind(path, SPAN("/api/v1/queue"), &rest))
        admin_queue(a, &request, rest);
    else if (post && span_eq_str(path, "/api/v1/recall"))
        admin_recall(a, &request);
    else if (get && span_eq_str(path, "/api/v1/freezes"))
        admin_freezes(a, &request);
    else if (post && span_eq_str(path, "/api/v1/freeze"))
        admin_freeze(a, &request, false);
    else if (post && span_eq_str(path, "/api/v1/thaw"))
        admin_freeze(a, &request, true);
    else if (behind(path, SPAN("/api/v1/dead"), &rest))
        admin_dead(a, &request, rest);
    else if (behind(path, SPAN("/api/v1/authors"), &rest))
        admin_authors(a, &request, rest);
    else if (get && behind(path, SPAN("/api/v1/audit"), &rest))
        admin_audit(a, &request, rest);
    else if (get && behind(path, SPAN("/api/v1/journal"), &rest))
        admin_journal(a, &request, rest);
    else if (post && span_eq_str(path, "/api/v1/policy/explain"))
        admin_explain(a, &request);
    else if (behind(path, SPAN("/api/v1/holds"), &rest))
        admin_holds(a, &request, rest);
    else if (get && behind(path, SPAN("/api/v1/reports"), &rest))
        admin_reports(a, &request, rest);
    else if (behind(path, SPAN("/api/v1/lists"), &rest))
        admin_lists(a, &request, rest);
    else
        admin_refuse(&request, ERR_NOT_FOUND, SPAN_NONE);
}

enum err admin_new(const struct admin_config *config, struct bytes *why, struct admin **ret)
{
    struct admin *a = mem_new(sizeof(*a));
    struct bytes listen;
    a->config = *config;
    bytes_init(&listen, 4096);
    bytes_addf(&listen, "unix:%s", config->context->config->admin_socket);
    struct http_server_config server = {.listen = bytes_str(&listen),
                                        .limits = {.request_line = 8192,
                                                   .header = 32768,
                                                   .body = 1 << 20,
                                                   .fields = 100,
                                                   .connections = CONNECTIONS,
                                                   .per_address = CONNECTIONS,
                                                   .header_ms = 10 * SECOND,
                                                   .body_ms = 30 * SECOND,
                                                   .answer_ms = 10 * SECOND,
                                                   .idle_ms = 60 * SECOND},
                                        .handler = on_request,
                                        .arg = a};
    enum err e = http_server_new(config->context->loop, &server, why, &a->server);
    bytes_fini(&listen);
    if (e != ERR_OK) {
        free(a);
        return e;
    }
    *ret = a;
    return ERR_OK;
}

void admin_free(struct admin **admin)
{
    struct admin *a = *admin;
    *admin = NULL;
    if (!a)
        return;
    struct call *next;
    for (struct call *call = a->calls; call; call = next) {
        next = call->next;
        if (call->reloads || call->rests) { /* no answer of the store will come to free it */
            call_end(call, ERR_UNAVAILABLE, SPAN_NONE);
            continue;
        }
        admin_refuse(&call->request, ERR_UNAVAILABLE, SPAN_NONE);
        call->admin = NULL;
    }
    http_server_free(&a->server);
    free(a);
}
