/* policy_decide: one activity, all zones at once: a sweep over the rules that could decide, with
 * the set of zones that are still open; each zone is closed by the first rule that matches for it.
 * First the export side of where it comes from, then, for the zones that it may leave to, the
 * import side of each.
 * May not know: how a condition is asked (policy_match.c), where an activity came from. */
#include <string.h>

#include "relay/rules/policy_inner.h"

enum { WORDS_MAX = POLICY_RULES_MAX / 64 + 1 };

/* What a rule said when it was asked: both sides may ask the same. */
enum { ASKED = 1, YES = 2, CROSSED_SHIFT = 2 };

struct deciding {
    const struct policy *policy;
    struct matching matching;
    int from;
    struct zone_verdict *verdicts;
    struct zone_set passed; /* of the sweep under way */
    bool crossed_known;
    struct zone_set crossed; /* zones that what is answered crossed to */
    uint64_t candidates[WORDS_MAX];
    uint8_t answers[POLICY_RULES_MAX]; /* of the rules of the short form, which both sides ask */
};

/* --- candidates --------------------------------------------------------------------------------
 */

static void add_key(struct deciding *d, enum fact fact)
{
    const struct policy_index *index = d->policy->index;
    const struct fact_value *value = facts_get(d->matching.facts, fact);
    for (size_t i = 0; value->cut && i < index->words; i++)
        d->candidates[i] |= index->keyed[fact][i];
    for (size_t i = 0; !value->cut && i < value->texts_n; i++) {
        const struct key_rules *list = map_get(index->keys[fact], value->texts[i]);
        for (size_t k = 0; list && k < list->n; k++)
            d->candidates[list->rules[k] / 64] |= (uint64_t)1 << (list->rules[k] % 64);
    }
}

static void candidates_find(struct deciding *d)
{
    const struct policy_index *index = d->policy->index;
    memcpy(d->candidates, index->always, index->words * sizeof(uint64_t));
    for (int fact = 0; fact < FACT_COUNT; fact++)
        if (index->keys[fact])
            add_key(d, (enum fact)fact);
}

/* --- one rule ----------------------------------------------------------------------------------
 */

static bool answer(struct deciding *d, size_t number, bool crossed)
{
    unsigned shift = crossed ? CROSSED_SHIFT : 0;
    size_t own = d->policy->index->own[d->policy->zones_n];
    if (number < own)
        return rule_conditions_hold(&d->matching, &d->policy->rules[number], crossed);
    uint8_t *said = &d->answers[number - own];
    if (!(*said >> shift & ASKED)) {
        bool yes = rule_conditions_hold(&d->matching, &d->policy->rules[number], crossed);
        *said = (uint8_t)(*said | (ASKED | (yes ? YES : 0)) << shift);
    }
    return *said >> shift & YES;
}

static const struct zone_set *crossed_zones(struct deciding *d)
{
    for (int zone = 0; !d->crossed_known && zone < (int)d->policy->zones_n; zone++)
        if (facts_crossed(d->matching.facts, zone))
            zone_set_add(&d->crossed, zone);
    d->crossed_known = true;
    return &d->crossed;
}

/* Leaves of the zones those for which the rule matches. */
static void keep_matching(struct deciding *d, size_t number, struct zone_set *zones)
{
    if (!d->policy->index->to[number].crossed) {
        if (!answer(d, number, false))
            *zones = (struct zone_set){{0}};
        return;
    }
    const struct zone_set *crossed = crossed_zones(d);
    uint64_t then = answer(d, number, true) ? UINT64_MAX : 0;
    uint64_t otherwise = answer(d, number, false) ? UINT64_MAX : 0;
    for (size_t i = 0; i < ZONE_WORDS; i++)
        zones->words[i] &= (crossed->words[i] & then) | (~crossed->words[i] & otherwise);
}

static void settle(struct deciding *d, enum policy_side side, const struct rule *rule, int zone)
{
    struct zone_verdict *v = &d->verdicts[zone];
    enum err why = rule_verdict_err(rule->then);
    bool passes = why == ERR_OK || why == ERR_RULE_HOLDS;
    /* What export said stands where import says no more than that. */
    if (side != SIDE_IMPORT || !passes || (why == ERR_RULE_HOLDS && v->why == ERR_OK))
        *v = (struct zone_verdict){why, side, rule};
    if (passes)
        zone_set_add(&d->passed, zone);
}

/* Asks one rule about the one zone that it leads to, and closes that if it decides. */
static void ask_one(struct deciding *d, enum policy_side side, size_t number, struct zone_set *open)
{
    const struct rule_to *to = &d->policy->index->to[number];
    if (!zone_set_has(open, to->one) || rule_ended(&d->policy->rules[number], d->matching.facts))
        return;
    bool crossed = to->crossed && zone_set_has(crossed_zones(d), to->one);
    if (!answer(d, number, crossed))
        return;
    settle(d, side, &d->policy->rules[number], to->one);
    zone_set_take(open, to->one);
}

/* --- sweeps ------------------------------------------------------------------------------------
 */

/* The same about all that are open of those that it leads to. */
static void ask_several(struct deciding *d, enum policy_side side, size_t number,
                        struct zone_set *open)
{
    const struct rule *rule = &d->policy->rules[number];
    const struct rule_to *to = &d->policy->index->to[number];
    struct zone_set zones;
    uint64_t any = 0;
    for (size_t i = 0; i < ZONE_WORDS; i++) {
        zones.words[i] = open->words[i] & to->several.words[i];
        any |= zones.words[i];
    }
    if (!any || rule_ended(rule, d->matching.facts))
        return;
    keep_matching(d, number, &zones);
    for (int zone = zone_set_next(&zones, 0); zone >= 0; zone = zone_set_next(&zones, zone + 1)) {
        settle(d, side, rule, zone);
        zone_set_take(open, zone);
    }
}

static void ask(struct deciding *d, enum policy_side side, size_t number, struct zone_set *open)
{
    if (d->policy->index->to[number].one >= 0)
        ask_one(d, side, number, open);
    else
        ask_several(d, side, number, open);
}

/* Asks the rules from `first` up to `end` that could decide on this side; see sweep(). */
static void sweep_part(struct deciding *d, enum policy_side side, size_t first, size_t end,
                       struct zone_set *open)
{
    const struct policy_index *index = d->policy->index;
    const uint64_t *relevant = &index->relevant[side][(size_t)d->from * index->words];
    for (size_t i = first / 64; first < end && i <= (end - 1) / 64; i++) {
        uint64_t word = relevant[i] & d->candidates[i];
        if (i == first / 64)
            word &= UINT64_MAX << (first % 64);
        if (i == end / 64)
            word &= ((uint64_t)1 << (end % 64)) - 1;
        for (; word; word &= word - 1)
            ask(d, side, i * 64 + (size_t)__builtin_ctzll(word), open);
    }
}

/* Asks one side about the zones in *open: the own rules of whoever's side it is, then the short
 * form. What is left there no rule decided. d->passed: those that it lets through, or holds. */
static void sweep(struct deciding *d, enum policy_side side, struct zone_set *open)
{
    const uint16_t *own = d->policy->index->own;
    struct zone_set owners = *open;
    d->passed = (struct zone_set){{0}};
    if (side == SIDE_EXPORT) {
        owners = (struct zone_set){{0}};
        zone_set_add(&owners, d->from);
    }
    for (int z = zone_set_next(&owners, 0); z >= 0; z = zone_set_next(&owners, z + 1))
        sweep_part(d, side, own[z], own[z + 1], open);
    if (!zone_set_empty(open))
        sweep_part(d, side, own[d->policy->zones_n], d->policy->rules_n, open);
}

static void across(struct deciding *d)
{
    struct zone_set open = zone_set_below(d->policy->zones_n);
    zone_set_take(&open, d->from);
    sweep(d, SIDE_EXPORT, &open);
    open = d->passed;
    if (zone_set_empty(&open))
        return;
    sweep(d, SIDE_IMPORT, &open);
    for (int zone = zone_set_next(&open, 0); zone >= 0; zone = zone_set_next(&open, zone + 1))
        d->verdicts[zone] = (struct zone_verdict){ERR_NO_RULE, SIDE_IMPORT, NULL};
}

static void inside(struct deciding *d)
{
    struct zone_set open = {{0}};
    enum rule_verdict otherwise = d->policy->zones[d->from].inside;
    zone_set_add(&open, d->from);
    d->verdicts[d->from] = (struct zone_verdict){
        otherwise == RULE_DENY ? ERR_NO_RULE : rule_verdict_err(otherwise), SIDE_INSIDE, NULL};
    sweep(d, SIDE_INSIDE, &open);
}

void policy_decide(const struct policy *policy, struct facts *facts, int from,
                   struct zone_verdict verdicts[POLICY_ZONES_MAX], struct zone_set *ret)
{
    struct deciding d;
    bool stays = activity_only_inside(facts->activity);
    enum err otherwise = from < 0 ? ERR_NO_ZONE : stays ? ERR_NOT_RELAYED : ERR_NO_RULE;
    *ret = (struct zone_set){{0}};
    for (size_t i = 0; i < policy->zones_n; i++)
        verdicts[i] = (struct zone_verdict){otherwise, SIDE_EXPORT, NULL};
    if (from < 0)
        return;
    d.policy = policy;
    d.from = from;
    d.matching = (struct matching){facts, 0};
    d.verdicts = verdicts;
    d.crossed_known = false;
    d.crossed = d.passed = (struct zone_set){{0}};
    memset(d.answers, 0, policy->rules_n - policy->index->own[policy->zones_n]);
    candidates_find(&d);
    if (!stays)
        across(&d);
    /* Passed both sides, or held on one; and what is inside, whoever decided that. */
    struct zone_set passed = d.passed;
    inside(&d);
    zone_set_add(&passed, from);
    for (int zone = zone_set_next(&passed, 0); zone >= 0; zone = zone_set_next(&passed, zone + 1))
        if (verdicts[zone].why == ERR_OK)
            zone_set_add(ret, zone);
}

enum err policy_refusal(const struct policy *policy, const struct zone_verdict *verdicts, int from)
{
    for (size_t i = 0; i < policy->zones_n; i++)
        if (verdicts[i].why == ERR_RULE_DROPS)
            return ERR_RULE_DROPS;
    return from < 0 ? ERR_NO_ZONE : verdicts[from].why;
}
