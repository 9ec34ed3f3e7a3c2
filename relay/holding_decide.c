/* holding_decide: what the rules of today say of an item that is held: of its first version, with
 * what its newest one says.
 * May not know: where it came from, what is done about it. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "relay/holding_inner.h"
#include "relay/membership.h"
#include "relay/rules/consent.h"

/* --- what it says ----------------------------------------------------------------------------- */

static enum err read_json(const struct redecision *g, struct span text, struct json **ret)
{
    const struct settings *set = &g->context->config->set;
    struct json_limits limits = {(unsigned)set->limits_json_depth, (unsigned)set->limits_json_keys,
                                 5 * (unsigned)set->limits_json_keys};
    return json_read(text, &limits, ret);
}

static enum err read_activity(const struct redecision *g, struct span text, struct json **ret_json,
                              struct activity *ret)
{
    const struct settings *set = &g->context->config->set;
    struct activity_limits ids = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    enum err e = read_json(g, text, ret_json);
    return e == ERR_OK ? activity_read(*ret_json, &ids, ret) : e;
}

enum err holding_read(struct redecision *g)
{
    const struct settings *set = &g->context->config->set;
    struct activity_limits ids = {(size_t)set->limits_id, (size_t)set->limits_recipients};
    if (!hold_known_read(g->item.known, &g->known))
        return ERR_UNREADABLE;
    enum err e = read_activity(g, g->item.body, &g->json, &g->first);
    if (e == ERR_OK && g->item.fetched.n)
        e = read_json(g, g->item.fetched, &g->fetched);
    if (e == ERR_OK && g->fetched)
        e = activity_take_object(&g->first, g->fetched, &ids);
    g->newest = g->first;
    if (e == ERR_OK && g->item.update.n)
        e = read_activity(g, g->item.update, &g->update, &g->newest);
    g->newest.type = g->first.type;
    g->newest.type_name = g->first.type_name;
    return e;
}

struct span holding_answered(const struct redecision *g)
{
    static const struct facts_context nothing;
    struct facts facts;
    if (!policy_asks_crossed(&g->context->config->policy))
        return SPAN_NONE;
    facts_init(&facts, &g->newest, &nothing);
    struct span id = facts_answered(&facts);
    facts_fini(&facts);
    return id;
}

size_t holding_authors(struct redecision *g, struct author_said ret[AUTHORS_ASKED_MAX])
{
    struct span writer = g->fetched ? g->first.object_actor : SPAN_NONE;
    size_t n = writer.n && !span_eq(writer, g->first.actor) ? 2 : 1;
    const struct span actors[] = {g->first.actor, writer};
    for (size_t i = 0; i < n; i++) {
        sha256(actors[i], g->hashes[i]);
        ret[i] = (struct author_said){actors[i], g->hashes[i], g->said[i]};
    }
    return n;
}

/* --- what the rules say ----------------------------------------------------------------------- */

static void ask_policy(struct redecision *g, int from, struct zone_verdict *verdicts)
{
    const struct policy *policy = &g->context->config->policy;
    struct author_said authors[AUTHORS_ASKED_MAX];
    const struct consent consent =
        consent_of_authors(policy->zones[from].consent, g->said, holding_authors(g, authors),
                           g->known.bio == FACT_YES, g->known.indexable == FACT_YES);
    struct span newest = g->item.update.n ? g->item.update : g->item.body;
    struct surroundings around = {.policy = policy, .placed = g->placed};
    const struct facts_context context = {.now_ms = clock_wall_ms(),
                                          .bytes = newest.n,
                                          .software = span_of(g->member->software),
                                          .consent = consent.says,
                                          .bot = g->known.bot,
                                          .indexable = g->known.indexable,
                                          .zone_of = surroundings_zone_of,
                                          .crossed = surroundings_crossed,
                                          .arg = &around};
    struct zone_set set;
    struct facts facts;
    policy_crossed(policy, placed_zone(g->placed, policy, span_of(g->thread_owner)),
                   bytes_span(&g->thread), from, &around.crossed);
    facts_init(&facts, &g->newest, &context);
    policy_decide(policy, &facts, from, verdicts, &set);
    facts_fini(&facts);
    consent_apply(&consent, policy, from, verdicts, &set);
    freezes_apply(g->freezes, policy, from, verdicts, &set);
}

static void add_zone(struct redecision *g, struct span zone, const struct zone_verdict *v)
{
    struct holding_zone *z = &g->zones[g->zones_n++];
    *z = (struct holding_zone){.fate = hold_fate(g->asked, v->why), .code = v->why};
    span_copy(zone, z->zone, sizeof(z->zone));
    if (v->rule)
        span_copy(span_of(v->rule->name), z->rule, sizeof(z->rule));
    if (z->fate == HOLD_SENT) {
        if (g->sent.n)
            bytes_add_char(&g->sent, ',');
        bytes_add(&g->sent, zone);
    } else if (z->fate == HOLD_KEPT) {
        const struct hold_why why = {zone, span_of(z->rule), v->why};
        hold_why_write(&why, &g->kept);
    }
}

enum err holding_decide(struct redecision *g)
{
    const struct policy *policy = &g->context->config->policy;
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct span zones = g->item.zones;
    int from = membership_zone(policy, g->item.from, g->member);
    enum err e = from < 0 ? ERR_NO_ZONE : member_refusal(g->member, false);
    if (e == ERR_OK)
        e = activity_relayable(&g->first, g->context->config->set.accept_unlisted);
    if (e != ERR_OK)
        return e;
    ask_policy(g, from, verdicts);
    span_copy(span_of(policy->zones[from].name), g->zone, sizeof(g->zone));
    g->zones_n = 0;
    bytes_clear(&g->sent);
    bytes_clear(&g->kept);
    while (zones.n && g->zones_n < POLICY_ZONES_MAX) {
        static const struct zone_verdict none = {.why = ERR_NO_ZONE};
        struct span zone = span_cut(&zones, ',');
        int number = policy_zone_by_name(policy, zone);
        add_zone(g, zone, number < 0 ? &none : &verdicts[number]);
    }
    return ERR_OK;
}
