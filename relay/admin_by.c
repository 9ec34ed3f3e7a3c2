/* admin_by: who asks for a change, by which way in, and why; and what is written down of it.
 *
 * Who can open the socket is an operator; the system says which one. The command names itself in
 * User-Agent: whoever could say so in its place is let in all the same.
 * May not know: what is changed. */
#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/store/authors.h"
#include "relay/user.h"

/* As many values as a list of authors may have. */
static const struct json_limits limits = {4, 32, AUTHORS_CHANGE_MAX + 64};

bool admin_body(struct http_request **request, struct json **ret)
{
    struct span body = http_view(*request)->body;
    *ret = NULL;
    enum err e = body.n ? json_read(body, &limits, ret) : ERR_OK;
    if (e == ERR_OK)
        return true;
    admin_refuse(request, e, SPAN_NONE);
    return false;
}

/* The system's list of users is asked once for each that comes after another. */
static void name_user(struct admin *a, int64_t user, struct audit_by *ret)
{
    if (user < 0) {
        span_copy(SPAN("admin"), ret->who, sizeof(ret->who));
        return;
    }
    if (!a->user_name[0] || a->user != user)
        user_name(user, a->user_name);
    a->user = user;
    span_copy(span_of(a->user_name), ret->who, sizeof(ret->who));
}

bool admin_by(struct admin *a, struct http_request **request, const struct json *body, bool must,
              struct audit_by *ret)
{
    const struct http_view *view = http_view(*request);
    struct span reason = json_text(json_get(body, "reason"));
    bool command = span_starts(http_field(view, "User-Agent", NULL), SPAN("weir/"));
    *ret = (struct audit_by){.who = ""};
    name_user(a, view->user, ret);
    span_copy(command ? SPAN("cli") : SPAN("api"), ret->via, sizeof(ret->via));
    bool said = json_kind(json_get(body, "reason")) != JSON_ABSENT;
    if ((said && !reason.p) || !user_reason(reason, ret))
        admin_refuse(request, ERR_USAGE, SPAN(USER_REASON));
    else if (must && !reason.n)
        admin_refuse(request, ERR_REASON_MISSING, SPAN_NONE);
    else
        return true;
    return false;
}

void admin_note(const struct audit_by *by, const char *verb, struct span target, struct span after,
                struct bytes *out)
{
    const struct audit_note note = {
        .by = by, .verb = verb, .target = target, .after = after, .now_ms = clock_wall_ms()};
    bytes_init(out, AUDIT_NOTE_MAX);
    audit_write(&note, out);
}
