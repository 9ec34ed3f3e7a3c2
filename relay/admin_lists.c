/* admin_lists: what lists of others propose, and what a person makes of it.
 *
 *     GET  /api/v1/lists            the proposals
 *     POST /api/v1/lists            {as, zone, source, hosts, reason}: more of them
 *     POST /api/v1/lists/confirm    {host | all, after, reason}
 *     POST /api/v1/lists/dismiss    {host | all, reason}
 *
 * Confirming goes through the hosts one behind the other, by name; of all at most so many in one
 * request, and `next` says where to go on. A proposal goes once what it proposes is done: whoever
 * dies between the two finds it there, and done.
 *
 *     READ -> STEP -> [member] -> (change -> [changed]) -> drop -> [dropped] -> STEP ... -> end
 *
 * May not know: what a list looks like. */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/membership.h"
#include "relay/store/members.h"
#include "relay/store/proposals.h"

enum { HOSTS_MAX = 1000, CONFIRM_MAX = 200 };

struct deciding {
    struct audit_by by;
    bool confirms, all;
    char host[MEMBER_HOST_SIZE]; /* alone; or, of all, those behind it */
    struct proposal *list;
    size_t n, at;
    bool more; /* than are decided in this request */
    const char *outcome;
    unsigned done;
};

static void deciding_free(void *more)
{
    struct deciding *d = more;
    free(d->list);
    free(d);
}

static void add_proposal(struct deciding *d, const struct proposal *proposal)
{
    if ((d->n & (d->n - 1)) == 0)
        d->list = mem_grow(d->list, (d->n ? 2 * d->n : 1) * sizeof(*d->list));
    d->list[d->n++] = *proposal;
}

static int by_host(const void *a, const void *b)
{
    const struct proposal *x = a, *y = b;
    return strcmp(x->host, y->host);
}

static void sort(struct deciding *d)
{
    if (d->n)
        qsort(d->list, d->n, sizeof(*d->list), by_host);
}

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

static struct call *call_with(struct admin *a, struct http_request **request,
                              const struct deciding *what)
{
    struct call *call = call_new(a, request);
    struct deciding *d = mem_new(sizeof(*d));
    *d = *what;
    call->more = d;
    call->more_free = deciding_free;
    return call;
}

/* --- showing ---------------------------------------------------------------------------------- */

static void write_proposal(struct json_writer *w, const struct proposal *p)
{
    json_member(w, "host", span_of(p->host));
    json_member(w, "as", span_of(proposal_kind_name(p->kind)));
    if (p->zone[0])
        json_member(w, "zone", span_of(p->zone));
    json_member(w, "source", span_of(p->source));
    view_time(w, "at", p->at_ms);
}

static void on_shown(void *arg, enum err err, const struct proposal *proposal)
{
    struct call *call = arg;
    struct deciding *d = call->more;
    if (proposal) {
        add_proposal(d, proposal);
        return;
    }
    sort(d);
    json_open(&call->w, '{');
    json_key(&call->w, "proposals");
    json_open(&call->w, '[');
    for (size_t i = 0; i < d->n; i++) {
        json_open(&call->w, '{');
        write_proposal(&call->w, &d->list[i]);
        json_close(&call->w, '}');
    }
    json_close(&call->w, ']');
    json_close(&call->w, '}');
    call_end(call, err, SPAN_NONE);
}

/* --- more of them ----------------------------------------------------------------------------- */

static void on_added(void *arg, const struct proposals_changed *changed)
{
    struct call *call = arg;
    json_member_int(&call->w, "added", (int64_t)changed->added);
    json_member_int(&call->w, "replaced", (int64_t)changed->replaced);
    json_close(&call->w, '}');
    call_end(call, changed->err, SPAN_NONE);
}

/* Hosts that no zone would take are told of, and left out. */
static bool take_hosts(struct call *call, const struct json *hosts, const struct proposal *like)
{
    struct deciding *d = call->more;
    const struct config *config = call->admin->config.context->config;
    bool ok = true;
    json_open(&call->w, '{');
    json_key(&call->w, "no_zone");
    json_open(&call->w, '[');
    for (size_t i = 0; ok && i < json_len(hosts); i++) {
        char host[URI_AUTHORITY_SIZE];
        struct proposal p = *like;
        ok = uri_authority(json_text(json_at(hosts, i)), config->https, host) &&
             span_copy(span_of(host), p.host, sizeof(p.host));
        if (!ok)
            break;
        if (p.kind == PROPOSAL_ALLOW && !p.zone[0] &&
            policy_zone_of(&config->policy, span_of(host)) < 0)
            json_add_text(&call->w, span_of(host));
        else
            add_proposal(d, &p);
    }
    json_close(&call->w, ']');
    return ok;
}

static void write_added(struct call *call, const struct proposal *like, struct bytes *note)
{
    const struct deciding *d = call->more;
    struct bytes after;
    struct json_writer w;
    bytes_init(&after, PROPOSAL_TEXT_MAX);
    json_begin(&w, &after);
    json_open(&w, '{');
    json_member(&w, "as", span_of(proposal_kind_name(like->kind)));
    if (like->zone[0])
        json_member(&w, "zone", span_of(like->zone));
    json_member_int(&w, "hosts", (int64_t)d->n);
    json_close(&w, '}');
    admin_note(&d->by, "list import", span_of(like->source), bytes_span(&after), note);
    bytes_fini(&after);
}

static void add(struct call *call, const struct json *hosts, const struct proposal *like)
{
    struct deciding *d = call->more;
    struct bytes note;
    if (!take_hosts(call, hosts, like)) {
        call_end(call, ERR_USAGE, SPAN("one of hosts is none"));
        return;
    }
    if (!d->n) {
        const struct proposals_changed none = {.err = ERR_OK};
        on_added(call, &none);
        return;
    }
    write_added(call, like, &note);
    const struct proposals_change change = {d->list, d->n, false, bytes_span(&note)};
    proposals_change(store_of(call), &change, on_added, call);
    bytes_fini(&note);
}

static const char *read_like(const struct admin *a, const struct json *json, struct proposal *ret)
{
    const struct policy *policy = &a->config.context->config->policy;
    struct span zone = json_text(json_get(json, "zone"));
    *ret = (struct proposal){.kind = proposal_kind_by_name(json_text(json_get(json, "as"))),
                             .at_ms = clock_wall_ms()};
    if (ret->kind == PROPOSAL_KIND_COUNT)
        return "as is allow or block";
    if (zone.n && (ret->kind != PROPOSAL_ALLOW || policy_zone_by_name(policy, zone) < 0))
        return ret->kind == PROPOSAL_ALLOW ? "there is no such zone" : "a block has no zone";
    if (json_kind(json_get(json, "hosts")) != JSON_ARRAY ||
        json_len(json_get(json, "hosts")) > HOSTS_MAX)
        return "hosts is a list of at most 1000";
    span_copy(zone, ret->zone, sizeof(ret->zone));
    if (!span_copy(json_text(json_get(json, "source")), ret->source, sizeof(ret->source)))
        return "source is longer than 127 bytes";
    return NULL;
}

static void post_lists(struct admin *a, struct http_request **request)
{
    static const struct json_limits limits = {4, 32, HOSTS_MAX + 100};
    struct json *json = NULL;
    struct proposal like;
    struct deciding d = {.confirms = false};
    enum err e = json_read(http_view(*request)->body, &limits, &json);
    const char *wrong = e == ERR_OK ? read_like(a, json, &like) : NULL;
    if (e != ERR_OK || wrong)
        admin_refuse(request, e == ERR_OK ? ERR_USAGE : e, span_of(wrong));
    else if (admin_by(a, request, json, false, &d.by))
        add(call_with(a, request, &d), json_get(json, "hosts"), &like);
    json_free(&json);
}

/* --- dismissing ------------------------------------------------------------------------------- */

static void on_dismissed(void *arg, const struct proposals_changed *changed)
{
    struct call *call = arg;
    json_open(&call->w, '{');
    json_member_int(&call->w, "dismissed", (int64_t)changed->dropped);
    json_close(&call->w, '}');
    call_end(call, changed->err, SPAN_NONE);
}

static void dismiss(struct call *call)
{
    struct deciding *d = call->more;
    struct bytes note, count;
    bytes_init(&count, 64);
    bytes_addf(&count, "{\"dismissed\":%zu}", d->n);
    admin_note(&d->by, "list dismiss", d->all ? SPAN("all") : span_of(d->host), bytes_span(&count),
               &note);
    const struct proposals_change change = {d->list, d->n, true, bytes_span(&note)};
    proposals_change(store_of(call), &change, on_dismissed, call);
    bytes_fini(&note);
    bytes_fini(&count);
}

/* --- confirming ------------------------------------------------------------------------------- */

static void step(struct call *call);

static void tell(struct call *call, const char *outcome)
{
    struct deciding *d = call->more;
    json_open(&call->w, '{');
    write_proposal(&call->w, &d->list[d->at]);
    json_member(&call->w, "outcome", span_of(outcome));
    json_close(&call->w, '}');
    d->at++;
}

static void on_dropped(void *arg, const struct proposals_changed *changed)
{
    struct call *call = arg;
    struct deciding *d = call->more;
    if (changed->err != ERR_OK || !call->admin) {
        call_end(call, changed->err == ERR_OK ? ERR_UNAVAILABLE : changed->err, SPAN_NONE);
        return;
    }
    tell(call, d->outcome);
    step(call);
}

static void settle(struct call *call, const char *outcome)
{
    struct deciding *d = call->more;
    const struct proposals_change change = {&d->list[d->at], 1, true, SPAN_NONE};
    d->outcome = outcome;
    proposals_change(store_of(call), &change, on_dropped, call);
}

/* Where the rule says no (it became a member meanwhile), that is told, and the proposal stays. */
static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct deciding *d = call->more;
    bool fails = err == ERR_REDIS || err == ERR_REDIS_REPLY || err == ERR_UNREADABLE;
    (void)member;
    if (fails || !call->admin) {
        call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
    } else if (err != ERR_OK) {
        tell(call, err_code(err));
        step(call);
    } else {
        call->admin->config.changed(call->admin->config.arg);
        settle(call, d->list[d->at].kind == PROPOSAL_BLOCK ? "blocked" : "invited");
    }
}

static void invite(struct call *call, const struct proposal *p)
{
    struct deciding *d = call->more;
    static const struct json_limits limits = {2, 4, 8};
    struct member *with = mem_new(sizeof(*with));
    struct json *json = NULL;
    struct bytes text;
    struct json_writer w;
    const char *why = NULL;
    bytes_init(&text, 256);
    json_begin(&w, &text);
    json_open(&w, '{');
    if (p->zone[0])
        json_member(&w, "zone", span_of(p->zone));
    json_close(&w, '}');
    enum err e = json_read(bytes_span(&text), &limits, &json);
    if (e == ERR_OK)
        e = asked_invitation(call->admin, json, p->host, with, &why);
    struct membership_ask ask = {
        .host = span_of(p->host), .event = EVENT_INVITE, .with = with, .by = &d->by};
    if (e == ERR_OK) {
        membership_change(call->admin->config.context, &ask, on_changed, call);
    } else {
        tell(call, err_code(e));
        step(call);
    }
    json_free(&json);
    bytes_fini(&text);
    free(with);
}

static void block(struct call *call, const struct proposal *p)
{
    struct deciding *d = call->more;
    struct member *with = mem_new(sizeof(*with));
    struct membership_ask ask = {
        .host = span_of(p->host), .event = EVENT_BLOCK, .with = with, .by = &d->by};
    membership_change(call->admin->config.context, &ask, on_changed, call);
    free(with);
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct deciding *d = call->more;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
        return;
    }
    const struct proposal *p = &d->list[d->at];
    switch (proposal_step(p, member, !d->all)) {
    case PROPOSAL_INVITES: invite(call, p); break;
    case PROPOSAL_BLOCKS: block(call, p); break;
    case PROPOSAL_SETTLED: settle(call, member_state_name(member->state)); break;
    case PROPOSAL_WAITS:
        tell(call, "waits");
        step(call);
        break;
    }
}

static void step(struct call *call)
{
    struct deciding *d = call->more;
    if (d->at < d->n) {
        members_get(store_of(call), span_of(d->list[d->at].host), on_member, call);
        return;
    }
    json_close(&call->w, ']');
    if (d->more)
        json_member(&call->w, "next", span_of(d->list[d->n - 1].host));
    json_close(&call->w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

static void confirm(struct call *call)
{
    struct deciding *d = call->more;
    d->more = d->n > CONFIRM_MAX;
    if (d->more)
        d->n = CONFIRM_MAX;
    json_open(&call->w, '{');
    json_key(&call->w, "decided");
    json_open(&call->w, '[');
    step(call);
}

/* --- the way in ------------------------------------------------------------------------------- */

static void on_proposal(void *arg, enum err err, const struct proposal *proposal)
{
    struct call *call = arg;
    struct deciding *d = call->more;
    if (proposal) {
        int order = strcmp(proposal->host, d->host);
        if (d->all ? order > 0 : order == 0)
            add_proposal(d, proposal);
        return;
    }
    if (err == ERR_OK && !d->n && !d->all)
        err = ERR_NOT_KNOWN;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
        return;
    }
    sort(d);
    if (d->confirms)
        confirm(call);
    else
        dismiss(call);
}

static void post_decision(struct admin *a, struct http_request **request, bool confirms)
{
    struct json *json = NULL;
    struct deciding d = {.confirms = confirms};
    if (!admin_body(request, &json))
        return;
    struct span host = json_text(json_get(json, "host"));
    d.all = json_flag(json_get(json, "all"), false);
    if (d.all)
        host = json_text(json_get(json, "after"));
    if (!d.all && !host.n)
        admin_refuse(request, ERR_USAGE, SPAN("name a host, or all"));
    else if (!span_copy(host, d.host, sizeof(d.host)))
        admin_refuse(request, ERR_USAGE, SPAN("that is not a host"));
    else if (admin_by(a, request, json, true, &d.by))
        proposals_read(a->config.context->store, on_proposal, call_with(a, request, &d));
    json_free(&json);
}

void admin_lists(struct admin *a, struct http_request **request, struct span rest)
{
    bool get = span_eq_str(http_view(*request)->method, "GET");
    struct deciding none = {.confirms = false};
    if (get && !rest.p)
        proposals_read(a->config.context->store, on_shown, call_with(a, request, &none));
    else if (!get && !rest.p)
        post_lists(a, request);
    else if (!get && span_eq_str(rest, "confirm"))
        post_decision(a, request, true);
    else if (!get && span_eq_str(rest, "dismiss"))
        post_decision(a, request, false);
    else
        admin_refuse(request, get ? ERR_METHOD : ERR_NOT_FOUND, SPAN_NONE);
}
