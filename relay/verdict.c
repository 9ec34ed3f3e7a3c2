/* verdict: the inbox's questions in its order, with what was answered kept for print.
 * May not know: Redis, members, the wire; how it is told. */
#include "relay/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/uri.h"

/* What stops it before any rule is asked. */
static enum err refusal(struct ruling *v)
{
    struct uri actor;
    if (v->from_zone < 0)
        return ERR_NO_ZONE;
    if (uri_read(v->activity->actor, &actor) != ERR_OK || strcmp(actor.authority, v->from) != 0)
        return ERR_ACTOR_NOT_SIGNER;
    enum err e = activity_origin_check(v->activity, v->activity->actor);
    if (e != ERR_OK)
        return e;
    e = activity_relayable(v->activity, v->config->set.accept_unlisted);
    v->fetches = e == ERR_NOT_PUBLIC && !v->activity->hidden_recipients &&
                 activity_to_followers(v->activity, SPAN_NONE);
    if (e != ERR_OK && !v->fetches)
        return e;
    return v->one && v->to_zone < 0 ? ERR_NO_ZONE : ERR_OK;
}

bool verdict_is_return(const struct ruling *v)
{
    return v->to && strcmp(v->to, v->from) == 0;
}

static void forms_make(struct ruling *v)
{
    struct outgoing_facts facts = outgoing_facts_of(v->activity);
    facts.has_proof = facts.has_proof && !v->fetches; /* made for followers only */
    enum activity_type type = v->activity->type;
    v->follows = type == ACTIVITY_UPDATE || type == ACTIVITY_DELETE || type == ACTIVITY_UNDO;
    facts.announced =
        v->follows ? (facts.has_proof ? ANNOUNCED_LITEPUB : ANNOUNCED_ALL) : ANNOUNCED_NO;
    v->with_proofs = outgoing_form(&facts, v->known.styled ? v->known.style : STYLE_PUBLIC);
    v->otherwise = outgoing_form(&facts, v->known.styled ? v->known.style : STYLE_LITEPUB);
}

/* The rules in order for one zone, and the hint. */
static void trace(struct ruling *v)
{
    const struct policy *policy = &v->config->policy;
    size_t most = 2 * policy->rules_n;
    v->steps = mem_new((most + 1) * sizeof(*v->steps));
    v->steps_n =
        policy_trace(policy, v->facts, v->from_zone, v->to_zone, v->steps, most, &v->decided);
    v->decided.why = v->zones[v->to_zone].why; /* consent and freezes are no rules */
    v->why = verdict_is_return(v) ? ERR_NO_AUDIENCE : v->decided.why;
    v->may = v->why == ERR_OK;
    bool by_rules = v->why == ERR_RULE_DENIES || v->why == ERR_RULE_DROPS ||
                    v->why == ERR_RULE_HOLDS || v->why == ERR_NO_RULE;
    for (size_t i = 0; by_rules && i < v->steps_n; i++) {
        const struct rule_step *step = &v->steps[i];
        bool could = step->rule->then == RULE_ALLOW && step->side == v->decided.side &&
                     (step->why == STEP_WHEN || step->why == STEP_ENDED);
        if (could && (!v->nearest || step->failing < v->nearest->failing))
            v->nearest = step;
    }
}

const struct freeze *verdict_freeze(const struct ruling *v)
{
    const struct zone *zones = v->config->policy.zones;
    if (!v->one || v->why != ERR_FROZEN)
        return NULL;
    return freezes_find(v->known.freezes, zones[v->from_zone].name, zones[v->to_zone].name);
}

static const char *zone_of(void *arg, struct span host)
{
    const struct ruling *v = arg;
    return policy_zone_name((void *)&v->config->policy, host);
}

static bool crossed(void *arg, int zone)
{
    const struct ruling *v = arg;
    return zone_set_has(&v->known.crossed, zone);
}

const char *verdict_word(const struct ruling *v)
{
    if (v->refused != ERR_OK)
        return "refuse";
    switch (v->why) {
    case ERR_OK: return "allow";
    case ERR_RULE_HOLDS:
    case ERR_FROZEN: return "hold";
    case ERR_RULE_DROPS: return "drop";
    default: return "deny";
    }
}

/* -1 where there is none of this name: another configuration may be asked about. */
static int zone_named(const struct policy *policy, const char *name, const char *host)
{
    int zone = name ? policy_zone_by_name(policy, span_of(name)) : -1;
    return zone < 0 && host ? policy_zone_of(policy, span_of(host)) : zone;
}

static int target_of(const struct verdict_ask *ask)
{
    const struct policy *policy = &ask->config->policy;
    if (ask->in)
        return (int)(ask->in - policy->zones);
    return zone_named(policy, ask->known.to_zone, ask->to);
}

/* By the rules, by consent, and by what is frozen, in the order of the inbox. */
static void decide(struct ruling *v, const struct facts_context *context)
{
    const struct policy *policy = &v->config->policy;
    bool takes_back = v->activity->type == ACTIVITY_DELETE || v->activity->type == ACTIVITY_UNDO;
    struct zone_set set;
    v->facts = mem_new(sizeof(*v->facts));
    facts_init(v->facts, v->activity, context);
    policy_decide(policy, v->facts, v->from_zone, v->zones, &set);
    enum err unwilling =
        takes_back ? ERR_OK : consent_apply(&v->consent, policy, v->from_zone, v->zones, &set);
    if (v->known.freezes && !takes_back)
        freezes_apply(v->known.freezes, policy, v->from_zone, v->zones, &set);
    v->may = !zone_set_empty(&set);
    v->why = v->may ? ERR_OK : policy_refusal(policy, v->zones, v->from_zone);
    if (!v->may && unwilling)
        v->why = unwilling;
    /* As hold_code(): what a rule holds waits for a person also after a thaw. */
    for (size_t i = 0; !v->may && v->why != ERR_RULE_HOLDS && i < policy->zones_n; i++)
        if (v->zones[i].why == ERR_FROZEN || v->zones[i].why == ERR_RULE_HOLDS)
            v->why = v->zones[i].why;
}

void verdict_make(const struct verdict_ask *ask, struct ruling *ret)
{
    const struct policy *policy = &ask->config->policy;
    *ret = (struct ruling){.config = ask->config,
                           .activity = ask->activity,
                           .from = ask->from,
                           .to = ask->to,
                           .one = ask->to || ask->in,
                           .known = ask->known};
    ret->from_zone = zone_named(policy, ask->known.from_zone, ask->from);
    ret->to_zone = target_of(ask);
    const struct consent_sources sources = {
        .zone = ret->from_zone < 0 ? ZONE_CONSENT_NONE : policy->zones[ret->from_zone].consent,
        .registry = ask->known.registry,
        .bio = ask->known.bio,
        .indexable = ask->known.indexable};
    ret->consent = consent_of(&sources);
    const struct facts_context context = {.now_ms = ask->now_ms,
                                          .bytes = ask->bytes,
                                          .software = ask->known.software,
                                          .consent = ret->consent.says,
                                          .bot = ask->known.bot,
                                          .indexable = ask->known.indexable,
                                          .zone_of = zone_of,
                                          .crossed = ask->known.thread ? crossed : NULL,
                                          .arg = ret};
    ret->refused = refusal(ret);
    forms_make(ret);
    ret->why = ret->refused;
    if (ret->refused != ERR_OK)
        return;
    decide(ret, &context);
    if (ret->one)
        trace(ret);
}

void verdict_fini(struct ruling *v)
{
    if (v->facts)
        facts_fini(v->facts);
    free(v->facts);
    free(v->steps);
    v->facts = NULL;
    v->steps = NULL;
}
