/* admin: the operators' API.
 *
 *     GET  /api/v1/status            POST /api/v1/reload
 *     GET  /api/v1/members           GET  /api/v1/members/HOST
 *     POST /api/v1/members/HOST/{invite,accept,reject,suspend,resume,remove}   {zone, until}
 *
 * May not know: what a command line looks like. */
#include "relay/admin.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/http_server.h"
#include "common/pure/date.h"
#include "common/pure/json.h"
#include "common/pure/uri.h"
#include "relay/member_view.h"
#include "relay/membership.h"
#include "relay/public.h"

enum { ANSWER_MAX = 64 * 1024 * 1024, CONNECTIONS = 64, SECOND = 1000 };

struct admin {
    struct admin_config config;
    struct http_server *server;
    struct call *calls; /* requests that wait for the store */
};

struct call {
    struct admin *admin; /* NULL once it is gone */
    struct call *prev, *next;
    struct http_request *request;
    struct bytes out;
    struct json_writer w;
};

/* --- answers
 * ------------------------------------------------------------------------------------------------
 */

static void answer_json(struct http_request **request, int status, const struct bytes *body)
{
    struct http_response response = {.status = status,
                                     .content_type = "application/json",
                                     .fields = "Cache-Control: no-store\r\n",
                                     .body = bytes_span(body)};
    http_reply(request, &response);
}

static void refuse(struct http_request **request, enum err why, struct span detail)
{
    public_problem(request, err_status(why) ? why : ERR_INTERNAL, detail, NULL);
}

static struct call *call_new(struct admin *a, struct http_request **request)
{
    struct call *call = mem_new(sizeof(*call));
    call->admin = a;
    call->request = *request;
    *request = NULL;
    bytes_init(&call->out, ANSWER_MAX);
    json_begin(&call->w, &call->out);
    call->next = a->calls;
    if (a->calls)
        a->calls->prev = call;
    a->calls = call;
    return call;
}

/* True if the server is gone: then there is nobody to answer. */
static bool call_over(struct call *call)
{
    if (!call->admin)
        return true;
    if (call->prev)
        call->prev->next = call->next;
    else
        call->admin->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    return false;
}

static void call_free(struct call *call)
{
    bytes_fini(&call->out);
    free(call);
}

static void call_end(struct call *call, enum err err, struct span detail)
{
    if (!call_over(call)) {
        if (err == ERR_OK)
            answer_json(&call->request, 200, &call->out);
        else
            refuse(&call->request, err == ERR_REDIS ? ERR_UNAVAILABLE : err, detail);
    }
    call_free(call);
}

/* --- members
 * --------------------------------------------------------------------------------------------------
 */

static void add_member(struct call *call, const struct member *member)
{
    struct cursor cursor;
    const char *state = NULL;
    bool known = courier_look(call->admin->config.courier, span_of(member->host), &cursor, &state);
    member_view(member, known ? &cursor : NULL, state, &call->w);
}

static void on_each(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    if (member) {
        if (call->admin)
            add_member(call, member);
        return;
    }
    json_close(&call->w, ']');
    json_close(&call->w, '}');
    call_end(call, err, SPAN_NONE);
}

static void get_members(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    json_open(&call->w, '{');
    json_key(&call->w, "members");
    json_open(&call->w, '[');
    members_each(a->config.context->store, on_each, call);
}

static void on_one(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    if (err == ERR_OK && !member)
        err = ERR_NO_SUCH_MEMBER;
    if (err == ERR_OK && call->admin)
        add_member(call, member);
    call_end(call, err, SPAN_NONE);
}

static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct span detail =
        err != ERR_OK && member ? span_of(member_state_name(member->state)) : SPAN_NONE;
    if (err == ERR_TRANSITION && !member)
        err = ERR_NO_SUCH_MEMBER;
    if (err == ERR_OK && call->admin) {
        add_member(call, member);
        call->admin->config.changed(call->admin->config.arg);
    }
    call_end(call, err, detail);
}

/* What an invitation says: the zone (given, or the one whose patterns fit) and its end. */
static enum err read_invitation(const struct admin *a, const struct json *json, const char *host,
                                struct member *with, const char **ret_why)
{
    const struct policy *policy = &a->config.context->config->policy;
    struct span zone = json_text(json_get(json, "zone"));
    struct span until = json_text(json_get(json, "until"));
    int number = zone.n ? policy_zone_by_name(policy, zone) : policy_zone_of(policy, span_of(host));
    if (number < 0) {
        *ret_why = zone.n ? "there is no such zone" : "this host fits no zone: name one";
        return ERR_USAGE;
    }
    span_copy(span_of(policy->zones[number].name), with->zone, sizeof(with->zone));
    with->placed = zone.n > 0;
    if (until.n && !date_day_read(until, &with->until_ms)) {
        *ret_why = "until is a day such as 2027-04-30, or a moment such as 2027-04-30T12:00:00Z";
        return ERR_USAGE;
    }
    return ERR_OK;
}

static bool event_of(struct span verb, enum member_event *ret)
{
    static const enum member_event events[] = {EVENT_INVITE,  EVENT_ACCEPT, EVENT_REJECT,
                                               EVENT_SUSPEND, EVENT_RESUME, EVENT_REMOVE};
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (span_eq_str(verb, member_event_name(events[i]))) {
            *ret = events[i];
            return true;
        }
    return false;
}

static void post_member(struct admin *a, struct http_request **request, const char *host,
                        struct span verb)
{
    static const struct json_limits limits = {4, 32, 64};
    struct json *json = NULL;
    struct member *with = mem_new(sizeof(*with));
    const char *why = NULL;
    struct membership_ask ask = {.host = span_of(host), .with = with};
    struct span body = http_view(*request)->body;
    enum err e = event_of(verb, &ask.event) ? ERR_OK : ERR_NOT_FOUND;
    if (e == ERR_OK && body.n)
        e = json_read(body, &limits, &json);
    if (e == ERR_OK && ask.event == EVENT_INVITE)
        e = read_invitation(a, json, host, with, &why);
    if (e != ERR_OK)
        refuse(request, e, span_of(why));
    else
        membership_change(a->config.context, &ask, on_changed, call_new(a, request));
    json_free(&json);
    free(with);
}

static void on_members_path(struct admin *a, struct http_request **request, struct span rest)
{
    const struct http_view *view = http_view(*request);
    bool get = span_eq_str(view->method, "GET");
    char given[URI_AUTHORITY_SIZE];
    char host[URI_AUTHORITY_SIZE];
    struct span name = span_cut(&rest, '/');
    if (!uri_decode(name, given, sizeof(given)) ||
        !uri_authority(span_of(given), a->config.context->config->https, host))
        refuse(request, ERR_USAGE,
               SPAN("that is not a host: write it as in its URLs, example.org or 127.0.0.1:9101"));
    else if (get && !rest.p)
        members_get(a->config.context->store, span_of(host), on_one, call_new(a, request));
    else if (!get && rest.p)
        post_member(a, request, host, rest);
    else
        refuse(request, ERR_METHOD, SPAN_NONE);
}

/* --- status and reload
 * ------------------------------------------------------------------------------------------- */

static void write_destinations(const struct admin *a, struct json_writer *w)
{
    struct schedule_report r;
    if (!courier_report(a->config.courier, &r))
        return;
    json_member_int(w, "position", (int64_t)r.position);
    json_member_int(w, "behind", (int64_t)r.behind_most);
    json_member_int(w, "direct", (int64_t)r.direct);
    json_key(w, "destinations");
    json_open(w, '{');
    json_member_int(w, "all", (int64_t)r.destinations);
    json_member_int(w, "idle", (int64_t)r.idle);
    json_member_int(w, "sending", (int64_t)r.flying);
    json_member_int(w, "ready", (int64_t)r.ready);
    json_member_int(w, "waiting", (int64_t)r.asleep);
    json_member_int(w, "reading", (int64_t)r.hungry);
    json_member_int(w, "held", (int64_t)r.held);
    json_close(w, '}');
}

static void get_status(struct admin *a, struct http_request **request)
{
    const struct context *c = a->config.context;
    struct bytes out;
    struct json_writer w;
    bytes_init(&out, 65536);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "version", SPAN(WEIR_VERSION));
    json_member(&w, "url", span_of(c->config->set.url));
    json_member_bool(&w, "ready", store_ready(c->store));
    json_member(&w, "durability",
                c->config->set.durability == DURABILITY_STRICT ? SPAN("strict") : SPAN("standard"));
    json_member_int(&w, "epoch", (int64_t)store_epoch(c->store));
    write_destinations(a, &w);
    json_close(&w, '}');
    answer_json(request, 200, &out);
    bytes_fini(&out);
}

static void post_reload(struct admin *a, struct http_request **request)
{
    struct bytes why;
    bytes_init(&why, 65536);
    enum err e = a->config.reload(a->config.arg, &why);
    struct bytes done;
    bytes_init(&done, 64);
    bytes_add_str(&done, "{\"reloaded\":true}");
    if (e == ERR_OK)
        answer_json(request, 200, &done);
    else
        refuse(request, ERR_USAGE, bytes_span(&why));
    bytes_fini(&done);
    bytes_fini(&why);
}

static void on_request(void *arg, struct http_request *request)
{
    static const struct span members = {"/api/v1/members", 15};
    struct admin *a = arg;
    const struct http_view *view = http_view(request);
    bool get = span_eq_str(view->method, "GET");
    bool post = span_eq_str(view->method, "POST");
    struct span path = view->path;
    if (!get && !post) {
        refuse(&request, ERR_METHOD, SPAN_NONE);
    } else if (get && span_eq_str(path, "/api/v1/status")) {
        get_status(a, &request);
    } else if (post && span_eq_str(path, "/api/v1/reload")) {
        post_reload(a, &request);
    } else if (get && span_eq(path, members)) {
        get_members(a, &request);
    } else if (span_starts(path, members) && path.n > members.n + 1 && path.p[members.n] == '/') {
        on_members_path(a, &request, (struct span){path.p + members.n + 1, path.n - members.n - 1});
    } else {
        refuse(&request, ERR_NOT_FOUND, SPAN_NONE);
    }
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
    for (struct call *call = a->calls; call; call = call->next) {
        refuse(&call->request, ERR_UNAVAILABLE, SPAN_NONE);
        call->admin = NULL;
    }
    http_server_free(&a->server);
    free(a);
}
