/* policy_trace: the same decision for one pair of zones, step by step and without the index, so
 * that it can be told to people. May not know: words for people. */
#include "relay/rules/policy_inner.h"

struct tracing {
    const struct policy *policy;
    struct matching matching;
    int from, to;
    bool crossed;
    struct rule_step *steps;
    size_t steps_max, n;
};

/* Whether the rule is among those that are asked on this side at all. */
static bool is_asked(const struct tracing *t, const struct rule *rule, enum policy_side side)
{
    switch (rule->part) {
    case RULE_EXPORT: return side == SIDE_EXPORT && rule_end_covers(&rule->from, t->from);
    case RULE_IMPORT: return side == SIDE_IMPORT && rule_end_covers(&rule->to, t->to);
    case RULE_SHORT: break;
    }
    return true;
}

/* Where the first condition of the rule fails, and how many. */
static void ask_when(struct tracing *t, const struct rule *rule, struct rule_step *step)
{
    for (size_t i = 0; i < rule->when.n; i++) {
        const struct condition *c = &rule->when.list[i];
        if (condition_holds(&t->matching, c, t->crossed, rule->then == RULE_ALLOW, false))
            continue;
        step->why = STEP_WHEN;
        step->condition = step->condition ? step->condition : c;
        step->failing++;
    }
}

static struct rule_step step_of(struct tracing *t, const struct rule *rule, enum policy_side side)
{
    struct rule_step step = {rule, side, STEP_MATCHES, NULL, 0};
    if (!rule_end_covers(&rule->from, t->from)) {
        step.why = STEP_FROM;
    } else if (!rule_end_covers(&rule->to, t->to)) {
        step.why = STEP_TO;
    } else if (side == SIDE_INSIDE && (!rule->from.n || !rule->to.n)) {
        step.why = STEP_STAR;
    } else {
        ask_when(t, rule, &step);
        if (step.why == STEP_MATCHES && !rule_conditions_hold(&t->matching, rule, t->crossed)) {
            step.why = STEP_UNLESS;
            step.condition = rule->unless.list;
        }
        if (rule_ended(rule, t->matching.facts))
            step.why = STEP_ENDED;
    }
    return step;
}

static struct zone_verdict ask_side(struct tracing *t, enum policy_side side)
{
    for (size_t i = 0; i < t->policy->rules_n; i++) {
        const struct rule *rule = &t->policy->rules[i];
        if (!is_asked(t, rule, side))
            continue;
        struct rule_step step = step_of(t, rule, side);
        if (t->n < t->steps_max)
            t->steps[t->n] = step;
        t->n++;
        if (step.why == STEP_MATCHES)
            return (struct zone_verdict){rule_verdict_err(rule->then), side, rule};
    }
    return (struct zone_verdict){ERR_NO_RULE, side, NULL};
}

static struct zone_verdict trace_inside(struct tracing *t)
{
    enum rule_verdict otherwise = t->policy->zones[t->from].inside;
    struct zone_verdict verdict = ask_side(t, SIDE_INSIDE);
    if (!verdict.rule && otherwise != RULE_DENY)
        verdict.why = rule_verdict_err(otherwise);
    return verdict;
}

static struct zone_verdict trace_across(struct tracing *t)
{
    struct zone_verdict out = ask_side(t, SIDE_EXPORT);
    if (out.why != ERR_OK && out.why != ERR_RULE_HOLDS)
        return out;
    struct zone_verdict in = ask_side(t, SIDE_IMPORT);
    if (in.why == ERR_OK || (in.why == ERR_RULE_HOLDS && out.why == ERR_RULE_HOLDS))
        return out;
    return in;
}

size_t policy_trace(const struct policy *policy, struct facts *facts, int from, int to,
                    struct rule_step *steps, size_t steps_max, struct zone_verdict *verdict)
{
    struct tracing t = {policy, {facts, 0}, from, to, false, steps, steps_max, 0};
    if (from < 0 || to < 0) {
        *verdict = (struct zone_verdict){ERR_NO_ZONE, SIDE_EXPORT, NULL};
    } else if (from != to && activity_only_inside(facts->activity)) {
        *verdict = (struct zone_verdict){ERR_NOT_RELAYED, SIDE_EXPORT, NULL};
    } else {
        t.crossed = facts_crossed(facts, to);
        *verdict = from == to ? trace_inside(&t) : trace_across(&t);
    }
    return t.n;
}
