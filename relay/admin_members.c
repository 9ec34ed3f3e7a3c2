/* admin_members: members as operators see and change them.
 *
 *     GET  /api/v1/members           GET  /api/v1/members/HOST
 *     POST /api/v1/members/HOST/{invite,edit,accept,reject,suspend,resume,remove}
 *          {zone, until, role, sponsor, note, reason}
 *
 * Where its deliveries stand is read from the ledger: whoever delivers may be another process.
 * Who closes the gate is answered when it is closed: when whoever delivers there has read of it
 * (SHOW -> REST -> SHOW ...); or after a while, with the word that it was not heard of there yet
 * (`stopping`).
 * May not know: what a command line looks like. */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/invitation.h"
#include "relay/member_view.h"
#include "relay/membership.h"
#include "relay/store/members.h"

enum { CLOSING_MS = 5000, LOOK_MS = 50 };

/* A gate that is to be closed. */
struct closing {
    struct timer *timer;
    int64_t until_ms;
};

/* --- showing ---------------------------------------------------------------------------------- */

/* Whoever delivers to it has read that it is suspended. */
static bool is_closed(const struct book *book, const struct member *m, const struct cursor *cursor)
{
    uint64_t line = m->spans_n ? m->spans[m->spans_n - 1].to : 0;
    uint64_t shard = book->low[shard_of(span_of(m->host), book->shards)];
    return cursor->orders >= line || cursor->low >= line || shard >= line;
}

static void add_member(struct call *call, const struct member *member)
{
    struct cursor cursor = book_cursor(call->book, span_of(member->host));
    bool served = member->state == MEMBER_ACTIVE || member->state == MEMBER_SUSPENDED;
    bool suspended = member->state == MEMBER_SUSPENDED;
    bool closing = suspended && !is_closed(call->book, member, &cursor);
    const char *state = closing                           ? "stopping"
                        : suspended || cursor.health.held ? "held"
                        : cursor.health.wake_ms           ? "waiting"
                        : cursor.low >= call->book->last  ? "idle"
                                                          : "behind";
    bool unread = book_unread(call->book, span_of(member->host));
    member_view(member, served && !unread ? &cursor : NULL, state, call->book->floor, &call->w);
    if (call->host[0] && call->admin && member->state == MEMBER_INVITED)
        invitation_add(call->admin->config.context->config, member, &call->w);
    json_close(&call->w, '}');
}

/* Nothing of it but its name can be read: it is not left out, or it would seem to be none. */
static void add_unread(struct call *call, const struct member *member)
{
    json_open(&call->w, '{');
    json_member(&call->w, "host", span_of(member->host));
    json_member(&call->w, "state", span_of(err_code(ERR_UNREADABLE)));
    json_close(&call->w, '}');
}

static void on_each(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    if (member && err == ERR_OK)
        add_member(call, member);
    else if (member)
        add_unread(call, member);
    if (member)
        return;
    json_close(&call->w, ']');
    json_close(&call->w, '}');
    call_end(call, err, SPAN_NONE);
}

/* True if it is looked at again. */
static bool rest(struct call *call, const struct member *member)
{
    struct closing *c = call->more;
    struct cursor cursor = book_cursor(call->book, span_of(member->host));
    if (!c || !call->admin || member->state != MEMBER_SUSPENDED ||
        book_unread(call->book, span_of(member->host)) || is_closed(call->book, member, &cursor) ||
        clock_mono_ms() >= c->until_ms)
        return false;
    book_free(&call->book);
    call->rests = true;
    timer_start(c->timer, LOOK_MS);
    return true;
}

static void on_one(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    if (err == ERR_OK && !member)
        err = ERR_NO_SUCH_MEMBER;
    if (err == ERR_OK && rest(call, member))
        return;
    if (err == ERR_OK)
        add_member(call, member);
    call_end(call, err, SPAN_NONE);
}

static void on_ledger(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    call->book = book;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    struct store *store = call->admin->config.context->store;
    if (call->host[0]) {
        members_get(store, span_of(call->host), on_one, call);
        return;
    }
    json_open(&call->w, '{');
    json_key(&call->w, "members");
    json_open(&call->w, '[');
    members_each(store, MEMBERS_ALL, on_each, call);
}

/* The member call->host, or all where that is empty. */
static void show(struct call *call)
{
    struct ledger_ask ask = {.host = span_of(call->host), .since_ms = -1};
    ledger_read(call->admin->config.context->store, &ask, on_ledger, call);
}

/* --- changing --------------------------------------------------------------------------------- */

static void on_rested(void *arg)
{
    struct call *call = arg;
    call->rests = false;
    show(call);
}

static void closing_free(void *more)
{
    struct closing *c = more;
    timer_free(&c->timer);
    free(c);
}

static void await_closing(struct call *call)
{
    struct closing *c = mem_new(sizeof(*c));
    c->timer = timer_new(call->admin->config.context->loop, on_rested, call);
    c->until_ms = clock_mono_ms() + CLOSING_MS;
    call->more = c;
    call->more_free = closing_free;
}

static void on_changed(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct span detail =
        err != ERR_OK && member ? span_of(member_state_name(member->state)) : SPAN_NONE;
    if (err == ERR_TRANSITION && !member)
        err = ERR_NO_SUCH_MEMBER;
    if (err == ERR_TRANSITION && call->edits && member->state != MEMBER_REMOVED)
        err = ERR_OK; /* it is so already */
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, detail);
        return;
    }
    call->admin->config.changed(call->admin->config.arg);
    show(call);
}

static enum err read_asked(const struct admin *a, const struct json *json, const char *host,
                           enum member_event event, struct member *with, const char **ret_why)
{
    if (event == EVENT_INVITE)
        return asked_invitation(a, json, host, with, ret_why);
    if (event != EVENT_EDIT)
        return ERR_OK;
    enum err e = asked_edit(json, with, ret_why);
    bool says = with->role != MEMBER_ROLE_COUNT || with->sponsor[0] || with->note[0];
    if (e == ERR_OK && !says) {
        *ret_why = "name a role, a sponsor or a note";
        return ERR_USAGE;
    }
    return e;
}

static bool event_of(struct span verb, enum member_event *ret)
{
    static const enum member_event events[] = {EVENT_INVITE,  EVENT_ACCEPT, EVENT_REJECT,
                                               EVENT_SUSPEND, EVENT_RESUME, EVENT_REMOVE,
                                               EVENT_EDIT};
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        if (span_eq_str(verb, member_event_name(events[i]))) {
            *ret = events[i];
            return true;
        }
    return false;
}

/* Who decides over others says why. */
static bool wants_reason(enum member_event event)
{
    return event == EVENT_ACCEPT || event == EVENT_REJECT || event == EVENT_SUSPEND ||
           event == EVENT_EDIT;
}

static void post_member(struct admin *a, struct http_request **request, const char *host,
                        struct span verb)
{
    struct json *json = NULL;
    struct member *with = mem_new(sizeof(*with));
    const char *why = NULL;
    struct audit_by by;
    struct membership_ask ask = {.host = span_of(host), .with = with, .by = &by};
    enum err e = event_of(verb, &ask.event) ? ERR_OK : ERR_NOT_FOUND;
    bool read = e == ERR_OK && admin_body(request, &json);
    if (read)
        e = read_asked(a, json, host, ask.event, with, &why);
    if (e != ERR_OK) {
        admin_refuse(request, e, span_of(why));
    } else if (read && admin_by(a, request, json, wants_reason(ask.event), &by)) {
        struct call *call = call_new(a, request);
        span_copy(span_of(host), call->host, sizeof(call->host));
        call->edits = ask.event == EVENT_EDIT;
        if (ask.event == EVENT_SUSPEND)
            await_closing(call);
        membership_change(a->config.context, &ask, on_changed, call);
    }
    json_free(&json);
    free(with);
}

void admin_members(struct admin *a, struct http_request **request, struct span rest)
{
    bool get = span_eq_str(http_view(*request)->method, "GET");
    char host[MEMBER_HOST_SIZE] = "";
    struct span name = span_cut(&rest, '/');
    if (name.p && !admin_host(a, request, name, host))
        return;
    if (get && !rest.p) {
        struct call *call = call_new(a, request);
        memcpy(call->host, host, sizeof(host));
        show(call);
    } else if (!get && rest.p) {
        post_member(a, request, host, rest);
    } else {
        admin_refuse(request, ERR_METHOD, SPAN_NONE);
    }
}
