/* inbox_fetch: what a member's relay actor announced to its followers: fetch, and what came of it.
 * States as drawn in inbox_inner.h.
 *
 * Such an Announce is addressed to a collection, and says nothing of its object but the id. So the
 * object itself is asked: from its own host, signed by us, wherever the networks of that host's
 * zone allow (DESIGN 7, laws 3 and 7). What cannot be had just now is answered with 503, so that
 * the member repeats it. May not know: signatures, keys, what is decided about the facts. */
#include "common/io/clock.h"
#include "relay/inbox_inner.h"
#include "relay/rules/policy.h"

enum { FETCHING_MAX = 256 };

bool inbox_must_fetch(const struct inbox *in)
{
    const struct activity *a = &in->activity;
    if (in->object || a->hidden_recipients || !in->member)
        return false;
    const struct member_follower *f = member_follower(in->member, a->actor, STYLE_LITEPUB);
    return f && f->machine && activity_to_followers(a, span_of(in->owner_followers));
}

/* Where the object's host may live: in the networks of the zone that the policy puts it in; the
 * sender's own host is where it is known to be. */
static const char *zone_of(const struct inbox *in, const struct uri *object)
{
    const struct policy *policy = &in->room->context->config->policy;
    if (span_eq_str(span_of(object->authority), in->from))
        return in->zone_name;
    int zone = policy_zone_of(policy, span_of(object->authority));
    return zone < 0 ? "" : policy->zones[zone].name;
}

/* What a fetch that brought no document means for the Announce. */
static enum err failure(const struct fetch_result *result)
{
    int status = result->status;
    switch (result->err) {
    case ERR_ADDRESS:
    case ERR_ORIGIN: return result->err;
    case ERR_KEY_FETCH: /* an HTTP answer, but no document */
        if (status == 404 || status == 410)
            return ERR_OBJECT_GONE;
        return status >= 500 || status == 429 || status == 408 ? ERR_OBJECT_UNREACHABLE
                                                               : ERR_OBJECT_FETCH;
    default: return err_later(result->err) ? ERR_OBJECT_UNREACHABLE : ERR_OBJECT_DOCUMENT;
    }
}

static void on_fetched(void *arg, const struct fetch_result *result)
{
    struct inbox *in = arg;
    const struct settings *set = &in->room->context->config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 5 * (unsigned)set->limits_json_keys};
    in->fetch = NULL;
    in->waiting = false;
    in->room->fetching--;
    in->err = result->err == ERR_OK ? ERR_OK : failure(result);
    if (in->err == ERR_OK && json_read(result->body, &limits, &in->object) != ERR_OK)
        in->err = ERR_OBJECT_DOCUMENT;
    bytes_clear(&in->fetched);
    bytes_add(&in->fetched, result->body);
    inbox_run(in);
}

enum step inbox_fetch(struct inbox *in)
{
    struct uri object;
    struct span id = activity_announced(&in->activity);
    if (uri_read(id, &object) != ERR_OK)
        return inbox_finish(in, ERR_URL, NULL);
    if (span_eq_str(in->room->context->identity.authority, object.authority))
        return inbox_finish(in, ERR_SELF, NULL);
    if (in->room->fetching >= FETCHING_MAX)
        return inbox_finish(in, ERR_OBJECT_UNREACHABLE, NULL);
    inbox_goto(in, INBOX_FETCHED);
    in->room->fetching++;
    in->fetch = fetch_new(in->room->context, id, zone_of(in, &object), on_fetched, in);
    return STEP_WAIT;
}

enum step inbox_fetched(struct inbox *in)
{
    const struct settings *set = &in->room->context->config->set;
    struct activity_limits ids = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    enum err e = in->err;
    if (e == ERR_OK)
        e = activity_take_object(&in->activity, in->object, &ids);
    return e == ERR_OK ? inbox_goto(in, INBOX_DECIDE) : inbox_finish(in, e, NULL);
}
