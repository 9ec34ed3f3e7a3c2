/* inbox: the machine that owns one request. The drawing of its states is in inbox_inner.h; this
 * file holds the table, the beginning (admit, key, verify) and the end (reply); what it means is in
 * inbox_decide.c.
 *
 * Everything cheap comes before everything that waits, and no JSON is parsed before the signature
 * holds. May not know: couriers, deliveries. */
#include "relay/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/inbox_inner.h"
#include "relay/membership.h"
#include "relay/meters.h"
#include "relay/public.h"
#include "relay/rules/hold.h"

enum { WORKING_MAX = 4096, ACTIVITY_LOGGED = 300, BARRED_MAX = 2 * POLICY_AUDIENCE_MAX };

static enum step (*const steps[])(struct inbox *) = {
#define X(name, run) [INBOX_##name] = (run),
    INBOX_STATES(X)
#undef X
};

enum step inbox_goto(struct inbox *in, enum inbox_state state)
{
    in->state = state;
    return STEP_MORE;
}

enum step inbox_finish(struct inbox *in, enum err err, const char *detail)
{
    in->err = err;
    in->detail = detail;
    return inbox_goto(in, INBOX_REPLY);
}

static void inbox_free(struct inbox *in)
{
    free(in->fields);
    free(in->member);
    free(in->owner);
    free(in->owner_inbox);
    free(in->owner_followers);
    free(in->follower);
    json_free(&in->json);
    json_free(&in->object);
    bytes_fini(&in->audience);
    bytes_fini(&in->barred);
    bytes_fini(&in->held);
    bytes_fini(&in->held_why);
    bytes_fini(&in->held_known);
    bytes_fini(&in->fetched);
    bytes_fini(&in->thread);
    free(in->placed);
    free(in);
}

void inbox_run(struct inbox *in)
{
    for (;;) {
        switch (steps[in->state](in)) {
        case STEP_MORE: continue;
        case STEP_WAIT: in->waiting = true; return;
        case STEP_END: inbox_free(in); return;
        }
    }
}

bool inbox_orphaned(struct inbox *in)
{
    in->waiting = false;
    if (!in->orphan)
        return false;
    inbox_free(in);
    return true;
}

void inbox_accept(struct inbox_room *room, struct http_request **request)
{
    struct inbox *in = mem_new(sizeof(*in));
    in->room = room;
    in->request = *request;
    *request = NULL;
    in->zone = -1;
    in->started_ms = clock_mono_ms();
    bytes_init(&in->audience, POLICY_AUDIENCE_MAX);
    bytes_init(&in->barred, BARRED_MAX);
    bytes_init(&in->held, POLICY_AUDIENCE_MAX);
    bytes_init(&in->held_why, HOLD_WHY_MAX);
    bytes_init(&in->held_known, 2 * HOLD_SOFTWARE_SIZE);
    bytes_init(&in->fetched, (size_t)room->context->config->set.fetch_body);
    bytes_init(&in->thread, POLICY_AUDIENCE_MAX);
    DL_APPEND(room->working, in);
    room->working_n++;
    inbox_run(in);
}

static void abandon(struct inbox *in)
{
    /* The keyring forgets at once, and so does a fetch. */
    bool due = in->waiting && in->state != INBOX_KEYED && in->state != INBOX_FETCHED;
    keyring_forget(in->room->keyring, in);
    in->room->fetching -= in->fetch != NULL;
    fetch_cancel(&in->fetch);
    in->err = ERR_UNAVAILABLE;
    inbox_reply(in);
    in->orphan = true;
    if (!due)
        inbox_free(in);
}

void inbox_abandon(struct inbox_room *room)
{
    struct inbox *next;
    for (struct inbox *in = room->working; in; in = next) {
        next = in->next;
        abandon(in);
    }
}

/* --- admit ------------------------------------------------------------------------------------ */

static bool content_type_ok(const struct http_view *view)
{
    struct span rest = http_field(view, "content-type", NULL);
    struct span name = span_trim(span_cut(&rest, ';'));
    return span_eq_ci(name, SPAN("application/activity+json")) ||
           span_eq_ci(name, SPAN("application/ld+json"));
}

static void gather(struct inbox *in, const struct http_view *view)
{
    const struct config *config = in->room->context->config;
    in->fields = mem_new((view->fields_n + 1) * sizeof(*in->fields));
    for (size_t i = 0; i < view->fields_n; i++)
        in->fields[i] = (struct signature_field){view->fields[i].name, view->fields[i].value};
    in->signed_request =
        (struct signature_request){.method = view->method,
                                   .target = view->target,
                                   .scheme = config->https ? SPAN("https") : SPAN("http"),
                                   .authority = in->room->context->identity.authority,
                                   .fields = in->fields,
                                   .fields_n = view->fields_n,
                                   .body = view->body};
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->err = err;
    if (member) {
        in->member = mem_new(sizeof(*in->member));
        *in->member = *member;
    }
    inbox_run(in);
}

enum step inbox_admit(struct inbox *in)
{
    struct context *c = in->room->context;
    const struct settings *set = &c->config->set;
    const struct http_view *view = http_view(in->request);
    struct signature_window window = {clock_wall_ms() / 1000, set->signature_past / 1000,
                                      set->signature_future / 1000};
    struct uri uri;
    if (!store_ready(c->store) || in->room->working_n > WORKING_MAX)
        return inbox_finish(in, ERR_UNAVAILABLE, NULL);
    if (!content_type_ok(view))
        return inbox_finish(in, ERR_MEDIA_TYPE, NULL);
    gather(in, view);
    enum err e = signature_read(&in->signed_request, &window, &in->signature);
    if (e != ERR_OK)
        return inbox_finish(in, e, in->signature.why);
    e = signature_key_id(in->signature.key_id, !c->config->https, &uri);
    if (e != ERR_OK)
        return inbox_finish(in, e, NULL);
    if (span_eq_str(c->identity.authority, uri.authority))
        return inbox_finish(in, ERR_SELF, NULL);
    span_copy(span_of(uri.authority), in->from, sizeof(in->from));
    inbox_goto(in, INBOX_MEMBER);
    members_get(c->store, span_of(in->from), on_member, in);
    return STEP_WAIT;
}

enum err inbox_find_zone(struct inbox *in)
{
    const struct policy *policy = &in->room->context->config->policy;
    in->zone = membership_zone(policy, span_of(in->from), in->member);
    if (in->zone < 0)
        return ERR_NO_ZONE;
    span_copy(span_of(policy->zones[in->zone].name), in->zone_name, sizeof(in->zone_name));
    return ERR_OK;
}

enum step inbox_member(struct inbox *in)
{
    if (in->err != ERR_OK)
        return inbox_finish(in, ERR_UNAVAILABLE, NULL);
    if (inbox_find_zone(in) != ERR_OK)
        return inbox_finish(in, ERR_NO_ZONE, NULL);
    if (in->member && in->member->state == MEMBER_REMOVED)
        return inbox_finish(in, ERR_REMOVED, NULL);
    if (in->member && in->member->state == MEMBER_EXPIRED)
        return inbox_finish(in, ERR_EXPIRED, NULL);
    return inbox_goto(in, INBOX_KEY);
}

/* --- key, verify ------------------------------------------------------------------------------ */

static void on_key(void *arg, const struct keyring_answer *answer)
{
    struct inbox *in = arg;
    in->waiting = false;
    in->keyring = *answer;
    inbox_run(in);
}

enum step inbox_key(struct inbox *in)
{
    struct span key_id = in->signature.key_id;
    inbox_goto(in, INBOX_KEYED);
    if (keyring_have(in->room->keyring, key_id, clock_wall_ms(), &in->keyring))
        return STEP_MORE;
    keyring_find(in->room->keyring, key_id, in->zone_name, on_key, in);
    return STEP_WAIT;
}

/* An actor that is gone cannot vouch for its own Delete any more; nothing is done, and nobody need
 * repeat it. */
static bool is_own_delete(struct inbox *in)
{
    const struct settings *set = &in->room->context->config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 50000};
    struct activity_limits ids = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    if (json_read(http_view(in->request)->body, &limits, &in->json) != ERR_OK ||
        activity_read(in->json, &ids, &in->activity) != ERR_OK)
        return false;
    return in->activity.type == ACTIVITY_DELETE &&
           span_eq(in->activity.object, in->activity.actor) &&
           span_starts(in->signature.key_id, in->activity.actor);
}

enum step inbox_keyed(struct inbox *in)
{
    if (in->keyring.err == ERR_OK)
        return inbox_goto(in, INBOX_VERIFY);
    if (in->keyring.gone && is_own_delete(in))
        return inbox_finish(in, ERR_STALE, NULL);
    return inbox_finish(in, in->keyring.err, NULL);
}

enum step inbox_look_again(struct inbox *in, enum err otherwise)
{
    if (in->refetched || in->keyring.fresh)
        return inbox_finish(in, otherwise, NULL);
    in->refetched = true;
    switch (keyring_refetch(in->room->keyring, in->signature.key_id, in->zone_name, clock_wall_ms(),
                            on_key, in)) {
    case KEYRING_EARLY: return inbox_finish(in, otherwise, NULL);
    case KEYRING_UNSURE: return inbox_finish(in, ERR_KEY_UNREACHABLE, NULL);
    case KEYRING_ASKED: break;
    }
    free(in->owner);
    free(in->owner_inbox);
    free(in->owner_followers);
    in->owner = in->owner_inbox = in->owner_followers = NULL;
    in->activity = (struct activity){0};
    json_free(&in->json);
    inbox_goto(in, INBOX_KEYED);
    return STEP_WAIT;
}

enum step inbox_verify(struct inbox *in)
{
    enum err e = signature_verify(&in->signature, &in->signed_request, in->keyring.key);
    if (e == ERR_OK) {
        in->owner = mem_copy(in->keyring.owner);
        in->owner_inbox = mem_copy(in->keyring.inbox);
        in->owner_followers = mem_copy(in->keyring.followers);
        in->owner_machine = in->keyring.machine;
        in->owner_indexable = in->keyring.indexable;
        in->owner_refuses = in->keyring.refuses;
        return inbox_goto(in, INBOX_READ);
    }
    return e == ERR_SIGNATURE_INVALID ? inbox_look_again(in, e) : inbox_finish(in, e, NULL);
}

enum step inbox_read(struct inbox *in)
{
    const struct settings *set = &in->room->context->config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 5 * (unsigned)set->limits_json_keys};
    struct activity_limits ids = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    enum err e = json_read(http_view(in->request)->body, &limits, &in->json);
    if (e == ERR_OK)
        e = activity_read(in->json, &ids, &in->activity);
    return e == ERR_OK ? inbox_goto(in, INBOX_DECIDE) : inbox_finish(in, e, NULL);
}

/* --- reply ------------------------------------------------------------------------------------ */

/* The scheme of a signature that held; NULL for any other. */
static const char *held_scheme(const struct inbox *in)
{
    if (!in->owner)
        return NULL;
    return in->signature.scheme == SIGNATURE_RFC9421 ? "rfc9421" : "cavage";
}

static void write_log(const struct inbox *in, int status, int64_t ms)
{
    struct log_line l;
    struct span id = in->activity.id;
    id.n = id.n < ACTIVITY_LOGGED ? id.n : ACTIVITY_LOGGED;
    log_begin(&l, status < 400 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "inbox");
    log_text(&l, "peer", http_view(in->request)->peer);
    log_str(&l, "from", in->from[0] ? in->from : NULL);
    log_str(&l, "scheme", held_scheme(in));
    log_int(&l, "status", status);
    log_str(&l, "code", err_code(in->err));
    log_str(&l, "why", in->detail);
    log_text(&l, "type", in->activity.type_name);
    log_text(&l, "activity", id);
    if (in->err == ERR_OK && in->appended.n) {
        log_int(&l, "n", (int64_t)in->appended.n);
        log_text(&l, "audience", bytes_span(&in->audience));
    }
    if (in->appended.held &&
        (in->err == ERR_OK || in->err == ERR_RULE_HOLDS || in->err == ERR_FROZEN)) {
        log_int(&l, "held", (int64_t)in->appended.held);
        log_text(&l, "waits", bytes_span(&in->held));
    }
    log_str(&l, "rule", in->rule[0] ? in->rule : NULL);
    log_int(&l, "ms", ms);
    log_end(&l);
}

enum step inbox_reply(struct inbox *in)
{
    int status = err_status(in->err) ? err_status(in->err) : 202;
    int64_t ms = clock_mono_ms() - in->started_ms;
    write_log(in, status, ms);
    inbox_tally(in, status);
    metric_add(METER_INBOX, (size_t)in->err, 1); /* all before the answer: who has it may look */
    meter_answer(status);
    metric_seen(METER_INBOX_SECONDS, (double)ms / 1000);
    DL_DELETE(in->room->working, in);
    in->room->working_n--;
    if (status == 202) {
        struct http_response accepted = {.status = 202};
        http_reply(&in->request, &accepted);
    } else {
        char again[40];
        snprintf(again, sizeof(again), "Retry-After: %u\r\n", 20 + clock_chance() % 41);
        public_problem(&in->request, in->err, span_of(in->detail),
                       status == 503 || status == 429 ? again : NULL);
    }
    return STEP_END;
}
