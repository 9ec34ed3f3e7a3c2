/* admin_pilots: members and rules with an end date, as operators see and change them.
 *
 *     GET  /api/v1/pilots
 *     POST /api/v1/pilots/HOST/{extend,end,promote}   {until, reason}
 *
 * A rule's end stands in the configuration file: who asks to change it is told the line.
 * May not know: what a command line looks like, who is warned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "relay/admin_inner.h"
#include "relay/invitation.h"
#include "relay/membership.h"
#include "relay/rules/pilot.h"
#include "relay/store/members.h"

/* --- the list --------------------------------------------------------------------------------- */

struct row {
    int64_t until_ms;
    char *json;
};

struct list {
    struct row *rows;
    size_t n, cap;
    int64_t now_ms;
};

static void list_free(void *more)
{
    struct list *list = more;
    for (size_t i = 0; i < list->n; i++)
        free(list->rows[i].json);
    free(list->rows);
    free(list);
}

static void add_row(struct list *list, const struct pilot *pilot)
{
    struct json_writer w;
    struct bytes text;
    bytes_init(&text, ADMIN_ANSWER_MAX);
    json_begin(&w, &text);
    pilot_write(pilot, list->now_ms, &w);
    json_close(&w, '}');
    if (list->n == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 64;
        list->rows = mem_grow(list->rows, list->cap * sizeof(*list->rows));
    }
    list->rows[list->n++] = (struct row){pilot_until(pilot), bytes_take(&text)};
}

static void add_rules(struct list *list, const struct policy *policy)
{
    struct pilot pilot;
    for (size_t i = 0; i < policy->rules_n; i++)
        if (pilot_of_rule(policy, &policy->rules[i], &pilot))
            add_row(list, &pilot);
}

/* What ends first comes first. */
static int by_end(const void *one, const void *other)
{
    const struct row *a = one;
    const struct row *b = other;
    if (a->until_ms != b->until_ms)
        return a->until_ms < b->until_ms ? -1 : 1;
    return strcmp(a->json, b->json);
}

static void on_each(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct list *list = call->more;
    struct pilot pilot;
    if (member) {
        if (err == ERR_OK && pilot_of_member(member, &pilot))
            add_row(list, &pilot);
        return;
    }
    if (list->n)
        qsort(list->rows, list->n, sizeof(*list->rows), by_end);
    json_open(&call->w, '{');
    json_key(&call->w, "pilots");
    json_open(&call->w, '[');
    for (size_t i = 0; i < list->n; i++)
        json_add_raw(&call->w, span_of(list->rows[i].json));
    json_close(&call->w, ']');
    json_close(&call->w, '}');
    call_end(call, err, SPAN_NONE);
}

static void list_pilots(struct admin *a, struct http_request **request)
{
    const struct context *context = a->config.context;
    struct call *call = call_new(a, request);
    struct list *list = mem_new(sizeof(*list));
    list->now_ms = clock_wall_ms();
    call->more = list;
    call->more_free = list_free;
    add_rules(list, &context->config->policy);
    members_each(context->store, MEMBERS_ALL, on_each, call);
}

/* --- one of them ------------------------------------------------------------------------------ */

struct wish { /* what is to become of it */
    enum member_event event;
    const char *verb;
    struct member with;
    struct audit_by by;
};

static const struct pilot_verb {
    const char *name, *verb;
    enum member_event event;
    bool moves; /* wants another end date */
} pilot_verbs[] = {
    {"extend", "pilot extend", EVENT_EXTEND, true},
    {"end", "pilot end", EVENT_EXPIRE, false},
    {"promote", "pilot promote", EVENT_EXTEND, false},
};

static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    const struct pilot pilot = {.member = member};
    struct span detail =
        err != ERR_OK && member ? span_of(member_state_name(member->state)) : SPAN_NONE;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, detail);
        return;
    }
    call->admin->config.changed(call->admin->config.arg);
    pilot_write(&pilot, clock_wall_ms(), &call->w);
    if (member->state == MEMBER_INVITED)
        invitation_add(call->admin->config.context->config, member, &call->w);
    json_close(&call->w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

/* Only who is one has an end to be moved. */
static void on_found(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct wish *wish = call->more;
    struct pilot pilot;
    if (err == ERR_OK && !member)
        err = ERR_NO_SUCH_MEMBER;
    else if (err == ERR_OK && !pilot_of_member(member, &pilot))
        err = ERR_NO_SUCH_PILOT;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    const struct membership_ask ask = {.host = span_of(call->host),
                                       .event = wish->event,
                                       .with = &wish->with,
                                       .verb = wish->verb,
                                       .by = &wish->by};
    membership_change(call->admin->config.context, &ask, on_changed, call);
}

static enum err read_until(const struct json *json, int64_t *ret_ms, const char **ret_why)
{
    enum err e = asked_until(json, ret_ms, ret_why);
    if (e == ERR_OK && *ret_ms <= clock_wall_ms()) {
        *ret_why = *ret_ms ? "until has passed already" : "until is missing: when it is to end";
        return ERR_USAGE;
    }
    return e;
}

static void post_pilot(struct admin *a, struct http_request **request, const char *host,
                       const struct pilot_verb *verb)
{
    struct json *json = NULL;
    struct wish *wish = mem_new(sizeof(*wish));
    const char *why = NULL;
    bool ok = admin_body(request, &json);
    if (ok && verb->moves && read_until(json, &wish->with.until_ms, &why) != ERR_OK) {
        admin_refuse(request, ERR_USAGE, span_of(why));
        ok = false;
    }
    ok = ok && admin_by(a, request, json, true, &wish->by);
    json_free(&json);
    if (!ok) {
        free(wish);
        return;
    }
    struct call *call = call_new(a, request);
    wish->event = verb->event;
    wish->verb = verb->verb;
    span_copy(span_of(host), call->host, sizeof(call->host));
    call->more = wish;
    call->more_free = free;
    members_get(a->config.context->store, span_of(host), on_found, call);
}

/* A rule's end is not ours to change: where it stands is said. */
static void refuse_rule(const struct admin *a, struct http_request **request, struct span name)
{
    const struct config *config = a->config.context->config;
    const struct policy *policy = &config->policy;
    size_t i = 0;
    while (i < policy->rules_n &&
           !(policy->rules[i].until_ms && span_eq_str(name, policy->rules[i].name)))
        i++;
    if (i == policy->rules_n) {
        admin_refuse(request, ERR_NO_SUCH_PILOT, SPAN_NONE);
        return;
    }
    struct bytes detail;
    bytes_init(&detail, 8192);
    bytes_addf(&detail, "%s:%u: change or take away its `until` there, then `weir reload`",
               config->path, policy->rules[i].line);
    admin_refuse(request, ERR_IN_THE_FILE, bytes_span(&detail));
    bytes_fini(&detail);
}

static const struct pilot_verb *verb_of(struct span name)
{
    for (size_t i = 0; i < sizeof(pilot_verbs) / sizeof(*pilot_verbs); i++)
        if (span_eq_str(name, pilot_verbs[i].name))
            return &pilot_verbs[i];
    return NULL;
}

void admin_pilots(struct admin *a, struct http_request **request, struct span rest)
{
    bool get = span_eq_str(http_view(*request)->method, "GET");
    char host[MEMBER_HOST_SIZE];
    char text[PILOT_NAME_SIZE];
    struct span name = span_cut(&rest, '/');
    const struct pilot_verb *verb = verb_of(rest);
    if (get == (name.p != NULL))
        admin_refuse(request, ERR_METHOD, SPAN_NONE);
    else if (get)
        list_pilots(a, request);
    else if (!verb)
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
    else if (uri_decode(name, text, sizeof(text)) && span_starts(span_of(text), SPAN("rule:")))
        refuse_rule(a, request, span_of(text + strlen("rule:")));
    else if (admin_host(a, request, name, host))
        post_pilot(a, request, host, verb);
}
