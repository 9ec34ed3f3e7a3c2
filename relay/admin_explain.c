/* admin_explain: what would be decided about an activity, with all that the relay knows of it.
 *
 *     POST /api/v1/policy/explain    {url | activity, from, to, form}
 *
 * url: the id of an activity, or of an object, that was accepted; activity: one as it would be
 * sent, with from, the host that signs. to: a host or a zone; form: `text` for people, else JSON.
 *
 *     FIND (url) -> PAGE (its entry) -> BODY -> FROM (the sender's member) -> TO -> FREEZES ->
 *     REGISTRY (its author) -> THREAD (where that went which it answers) -> AUTHOR (its document,
 * if it is known) -> answer
 *
 * A step that has nothing to ask is left out. May not know: how a verdict is come to (verdict.h).
 */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/admin_inner.h"
#include "relay/input.h"
#include "relay/store/authors.h"
#include "relay/store/freezes.h"
#include "relay/store/keycache.h"
#include "relay/store/members.h"
#include "relay/verdict.h"

enum step_at { AT_FROM, AT_TO, AT_FREEZES, AT_REGISTRY, AT_THREAD, AT_AUTHOR, AT_END };

struct explaining {
    struct json *body, *json; /* of the request; of what was found */
    struct activity activity;
    struct bytes text; /* that was found */
    enum step_at at;
    bool as_text;
    uint64_t n;
    char from[URI_AUTHORITY_SIZE], to[URI_AUTHORITY_SIZE], zone[POLICY_NAME_MAX + 1];
    char from_zone[MEMBER_ZONE_SIZE], to_zone[MEMBER_ZONE_SIZE];
    struct member sender;
    uint8_t hash[SHA256_SIZE];
    struct author_said author;
    struct freezes freezes;
    struct verdict_ask ask;
};

static void explaining_free(void *more)
{
    struct explaining *x = more;
    json_free(&x->json);
    json_free(&x->body);
    bytes_fini(&x->text);
    free(x);
}

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

static const struct config *config_of(const struct call *call)
{
    return call->admin->config.context->config;
}

/* True: it has ended. */
static bool failed(struct call *call, enum err err)
{
    if (err == ERR_OK && call->admin)
        return false;
    call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
    return true;
}

static void finish(struct call *call)
{
    struct explaining *x = call->more;
    struct ruling *v = mem_new(sizeof(*v));
    const struct config *config = config_of(call); /* as it is now: it may have been reloaded */
    int zone = policy_zone_by_name(&config->policy, span_of(x->zone));
    x->ask.config = config;
    x->ask.activity = &x->activity;
    x->ask.now_ms = clock_wall_ms();
    x->ask.from = x->from;
    x->ask.to = x->to[0] ? x->to : NULL;
    x->ask.in = zone >= 0 ? &config->policy.zones[zone] : NULL;
    x->ask.known.freezes = &x->freezes;
    x->ask.known.from_zone = x->from_zone[0] ? x->from_zone : NULL;
    x->ask.known.to_zone = x->to_zone[0] ? x->to_zone : NULL;
    x->ask.known.software = span_of(x->sender.software);
    verdict_make(&x->ask, v);
    call->content_type = x->as_text ? "text/plain; charset=utf-8" : NULL;
    if (x->as_text)
        verdict_write(v, &call->out);
    else
        verdict_write_json(v, &call->out);
    verdict_fini(v);
    free(v);
    call_end(call, ERR_OK, SPAN_NONE);
}

/* --- what the relay knows --------------------------------------------------------------------- */

static void next(struct call *call);

static void on_from(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    if (member) {
        span_copy(span_of(member->zone), x->from_zone, sizeof(x->from_zone));
        x->sender = *member;
    }
    next(call);
}

static void on_to(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    if (member)
        span_copy(span_of(member->zone), x->to_zone, sizeof(x->to_zone));
    for (size_t i = 0; member && i < member->followers_n; i++) {
        enum member_style style = member->followers[i].style;
        x->ask.known.styled = i == 0 || (x->ask.known.styled && style == x->ask.known.style);
        x->ask.known.style = style;
    }
    next(call);
}

static void on_freezes(void *arg, enum err err, const struct freezes *freezes)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    if (freezes)
        x->freezes = *freezes;
    next(call);
}

static void on_registry(void *arg, enum err err, const enum fact_said *says)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    x->ask.known.registry = says[0];
    next(call);
}

static void on_thread(void *arg, enum err err, struct span owner, struct span audience)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    const struct policy *policy = &config_of(call)->policy;
    int from = policy_zone_by_name(policy, span_of(x->from_zone));
    if (from < 0)
        from = policy_zone_of(policy, span_of(x->from));
    x->ask.known.thread = true;
    if (from >= 0)
        policy_crossed(policy, policy_zone_of(policy, owner), audience, from,
                       &x->ask.known.crossed);
    next(call);
}

static void on_author(void *arg, enum err err, const struct keycache_entry *entry)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    if (entry && span_eq(entry->owner, x->activity.actor)) {
        x->ask.known.bot = entry->machine ? FACT_YES : FACT_NO;
        x->ask.known.indexable = entry->indexable ? FACT_YES : FACT_NO;
        x->ask.known.bio = entry->refuses;
    }
    next(call);
}

static void ask_thread(struct call *call)
{
    static const struct facts_context nothing;
    struct explaining *x = call->more;
    struct facts facts;
    facts_init(&facts, &x->activity, &nothing);
    struct span id = facts_answered(&facts);
    if (id.n)
        sha256(id, x->hash);
    facts_fini(&facts);
    if (id.n)
        journal_where(store_of(call), x->hash, on_thread, call);
    else
        next(call);
}

/* The keys of others are known by their ids; most servers call an actor's so. */
static void ask_author(struct call *call)
{
    struct explaining *x = call->more;
    char hash[2 * SHA256_SIZE + 1];
    struct bytes id;
    bytes_init(&id, 2 * URI_MAX);
    bytes_addf(&id, "%.*s#main-key", SPAN_ARG(x->activity.actor));
    sha256_hex(bytes_span(&id), hash);
    bytes_fini(&id);
    keycache_get(store_of(call), hash, on_author, call);
}

static void next(struct call *call)
{
    struct explaining *x = call->more;
    struct store *store = store_of(call);
    switch (x->at++) {
    case AT_FROM: members_get(store, span_of(x->from), on_from, call); return;
    case AT_TO:
        if (x->to[0])
            members_get(store, span_of(x->to), on_to, call);
        else
            next(call);
        return;
    case AT_FREEZES: freezes_read(store, "", on_freezes, call); return;
    case AT_REGISTRY:
        sha256(x->activity.actor, x->hash);
        x->author = (struct author_said){.actor = x->activity.actor, .hash = x->hash};
        authors_words(store, &x->author, 1, on_registry, call);
        return;
    case AT_THREAD: ask_thread(call); return;
    case AT_AUTHOR: ask_author(call); return;
    case AT_END: finish(call); return;
    }
}

/* --- what is asked about ---------------------------------------------------------------------- */

static void on_body(void *arg, enum err err, struct span body)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, err))
        return;
    if (!body.p) {
        call_end(call, ERR_NOT_KEPT, SPAN("its body"));
        return;
    }
    bytes_add(&x->text, body);
    err = input_activity(config_of(call), bytes_span(&x->text), &x->json, &x->activity);
    x->ask.bytes = body.n;
    if (!failed(call, err))
        next(call);
}

static void on_entry(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, page->err))
        return;
    const struct journal_line *line = page->lines_n ? &page->lines[0] : NULL;
    if (!line || line->n != x->n || line->kind != JOURNAL_ENTRY) {
        call_end(call, ERR_NOT_KEPT, SPAN("its entry of the journal"));
        return;
    }
    if (!x->from[0])
        span_copy(line->entry->origin, x->from, sizeof(x->from));
    journal_body(store_of(call), x->n, on_body, call);
}

/* Of an object, its oldest entry: the others may be edits. */
static void on_found(void *arg, const struct ledger_found *found)
{
    struct call *call = arg;
    struct explaining *x = call->more;
    if (failed(call, found->err))
        return;
    x->n = found->seen && found->n ? found->n : found->about_n ? found->about[0] : 0;
    if (!x->n)
        call_end(call, ERR_NOT_KNOWN,
                 SPAN("no activity of the last two weeks, and no object, has this id"));
    else
        journal_page(store_of(call), LANE_BOTH, x->n - 1, 1, on_entry, call);
}

static bool host_read(const struct config *config, struct span given, char *ret)
{
    return !given.n || uri_authority(given, config->https, ret);
}

static void begin(struct call *call, struct span url, const struct json *activity)
{
    struct explaining *x = call->more;
    const struct config *config = config_of(call);
    struct activity_limits limits = {(size_t)config->set.limits_id,
                                     (size_t)config->set.limits_recipients};
    if (url.n) {
        sha256(url, x->hash);
        ledger_find(store_of(call), x->hash, clock_wall_ms(), on_found, call);
        return;
    }
    if (!failed(call, activity_read(activity, &limits, &x->activity)))
        next(call);
}

void admin_explain(struct admin *a, struct http_request **request)
{
    const struct config *config = a->config.context->config;
    const struct settings *set = &config->set;
    const struct json_limits limits = {(unsigned)set->limits_json_depth + 1,
                                       (unsigned)set->limits_json_keys + 8,
                                       5 * (unsigned)set->limits_json_keys + 8};
    struct span text = http_view(*request)->body;
    struct explaining *x = mem_new(sizeof(*x));
    enum err e = json_read(text, &limits, &x->body);
    struct span url = json_text(json_get(x->body, "url"));
    struct span to = json_text(json_get(x->body, "to"));
    const struct json *activity = json_get(x->body, "activity");
    bytes_init(&x->text, 64 << 20);
    x->ask.bytes = text.n;
    x->as_text = span_eq_str(json_text(json_get(x->body, "form")), "text");
    bool zone = to.n && policy_zone_by_name(&config->policy, to) >= 0 &&
                span_copy(to, x->zone, sizeof(x->zone));
    bool good = host_read(config, json_text(json_get(x->body, "from")), x->from) &&
                (zone || host_read(config, to, x->to));
    if (e == ERR_OK && good && (url.n || (activity && x->from[0]))) {
        struct call *call = call_new(a, request);
        call->more = x;
        call->more_free = explaining_free;
        begin(call, url, activity);
        return;
    }
    admin_refuse(request, e == ERR_OK ? ERR_USAGE : e,
                 e == ERR_OK ? SPAN("say url, or activity and from; hosts as in their URLs")
                             : SPAN_NONE);
    explaining_free(x);
}
