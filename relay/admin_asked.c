/* admin_asked: what a request to change a member brings along.
 * May not know: what becomes of it. */
#include "common/pure/date.h"
#include "relay/admin_inner.h"

static enum err wrong(const char *text, const char **ret_why)
{
    *ret_why = text;
    return ERR_USAGE;
}

/* A text that was given, or that is to be none any more; where it is not there, nothing changes. */
static bool read_line(const struct json *json, const char *key, bool (*fits)(struct span),
                      char *out, size_t size)
{
    const struct json *given = json_get(json, key);
    struct span text = json_text(given);
    if (json_kind(given) == JSON_ABSENT)
        return true;
    if (json_kind(given) == JSON_STRING && !text.n)
        text = SPAN("-");
    else if (!fits(text))
        return false;
    return span_copy(text, out, size);
}

enum err asked_edit(const struct json *json, struct member *with, const char **ret_why)
{
    const struct json *role = json_get(json, "role");
    with->role = MEMBER_ROLE_COUNT;
    if (json_kind(role) != JSON_ABSENT) {
        with->role = member_role_by_name(json_text(role));
        if (with->role == MEMBER_ROLE_COUNT)
            return wrong("role is full, publish-only or receive-only", ret_why);
    }
    if (!read_line(json, "sponsor", member_sponsor_fits, with->sponsor, sizeof(with->sponsor)))
        return wrong("sponsor is a mail address such as bob@corp.example", ret_why);
    if (!read_line(json, "note", member_note_fits, with->note, sizeof(with->note)))
        return wrong("note is one line of at most 512 bytes", ret_why);
    return ERR_OK;
}

enum err asked_until(const struct json *json, int64_t *ret_ms, const char **ret_why)
{
    struct span until = json_text(json_get(json, "until"));
    *ret_ms = 0;
    if (until.n && !date_day_read(until, ret_ms))
        return wrong("until is a day such as 2027-04-30, or a moment such as 2027-04-30T12:00:00Z",
                     ret_why);
    return ERR_OK;
}

enum err asked_invitation(const struct admin *a, const struct json *json, const char *host,
                          struct member *with, const char **ret_why)
{
    const struct policy *policy = &a->config.context->config->policy;
    struct span zone = json_text(json_get(json, "zone"));
    int number = zone.n ? policy_zone_by_name(policy, zone) : policy_zone_of(policy, span_of(host));
    if (number < 0)
        return wrong(zone.n ? "there is no such zone" : "this host fits no zone: name one",
                     ret_why);
    span_copy(span_of(policy->zones[number].name), with->zone, sizeof(with->zone));
    with->placed = zone.n > 0;
    enum err e = asked_until(json, &with->until_ms, ret_why);
    return e == ERR_OK ? asked_edit(json, with, ret_why) : e;
}
