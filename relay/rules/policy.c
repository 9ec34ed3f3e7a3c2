/* policy: which zones may have an activity, by the operator's rules. The policy owns its zones and
 * rules; everything handed out is borrowed from it.
 * May not know: where the rules were written down, who is a member, the time. */
#include "relay/rules/policy.h"

#include <stdlib.h>
#include <string.h>

static void texts_free(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
}

void policy_fini(struct policy *policy)
{
    for (size_t i = 0; i < policy->zones_n; i++) {
        free(policy->zones[i].name);
        free(policy->zones[i].networks);
        texts_free(policy->zones[i].hosts, policy->zones[i].hosts_n);
    }
    for (size_t i = 0; i < policy->rules_n; i++) {
        free(policy->rules[i].name);
        texts_free(policy->rules[i].tags, policy->rules[i].tags_n);
    }
    free(policy->zones);
    free(policy->rules);
    *policy = (struct policy){0};
}

const char *zone_join_name(enum zone_join join)
{
    static const char *const names[] = {"open", "approval", "invited"};
    return names[join];
}

int policy_zone_of(const struct policy *policy, struct span host)
{
    for (size_t i = 0; i < policy->zones_n; i++) {
        const struct zone *zone = &policy->zones[i];
        for (size_t j = 0; j < zone->hosts_n; j++)
            if (policy_pattern_matches(span_of(zone->hosts[j]), host))
                return (int)i;
    }
    return -1;
}

int policy_zone_by_name(const struct policy *policy, struct span name)
{
    for (size_t i = 0; i < policy->zones_n; i++)
        if (span_eq_str(name, policy->zones[i].name))
            return (int)i;
    return -1;
}

/* Why the rule does not decide for this pair; NULL if it does. */
static const char *rule_mismatch(const struct rule *rule, const struct activity *activity, int from,
                                 int to)
{
    if (rule->from >= 0 && rule->from != from)
        return "from is another zone";
    if (rule->to >= 0 && rule->to != to)
        return "to is another zone";
    if (from == to && (rule->from < 0 || rule->to < 0))
        return "* means other zones, and this is inside one";
    if (rule->tags_n == 0)
        return NULL;
    for (size_t i = 0; i < activity->tags_n; i++)
        for (size_t j = 0; j < rule->tags_n; j++)
            if (policy_tag_is(activity->tags[i], rule->tags[j]))
                return NULL;
    return activity->tags_n ? "none of its tags" : "it has no tags";
}

size_t policy_trace(const struct policy *policy, const struct activity *activity, int from, int to,
                    struct rule_step *steps, size_t steps_max, struct zone_verdict *verdict)
{
    if (from < 0 || to < 0) {
        *verdict = (struct zone_verdict){ERR_NO_ZONE, NULL};
        return 0;
    }
    if (from != to && activity_only_inside(activity)) {
        *verdict = (struct zone_verdict){ERR_NOT_RELAYED, NULL};
        return 0;
    }
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct rule *rule = &policy->rules[i];
        const char *because = rule_mismatch(rule, activity, from, to);
        if (i < steps_max)
            steps[i] = (struct rule_step){rule, because == NULL, because};
        if (!because) {
            *verdict =
                (struct zone_verdict){rule->then == RULE_ALLOW ? ERR_OK : ERR_RULE_DENIES, rule};
            return i + 1;
        }
    }
    *verdict = (struct zone_verdict){from == to ? ERR_OK : ERR_NO_RULE, NULL};
    return policy->rules_n;
}

void policy_decide(const struct policy *policy, const struct activity *activity, int from,
                   struct zone_verdict verdicts[POLICY_ZONES_MAX], struct zone_set *ret)
{
    *ret = (struct zone_set){{0}};
    for (size_t i = 0; i < policy->zones_n; i++) {
        policy_trace(policy, activity, from, (int)i, NULL, 0, &verdicts[i]);
        if (verdicts[i].why == ERR_OK)
            zone_set_add(ret, (int)i);
    }
}

void policy_set_write(const struct policy *policy, const struct zone_set *set, struct bytes *out)
{
    bool first = true;
    for (int zone = zone_set_next(set, 0); zone >= 0; zone = zone_set_next(set, zone + 1)) {
        if (!first)
            bytes_add_char(out, ',');
        bytes_add_str(out, policy->zones[zone].name);
        first = false;
    }
}

void policy_set_read(const struct policy *policy, struct span text, struct zone_set *ret)
{
    *ret = (struct zone_set){{0}};
    while (text.p) {
        int zone = policy_zone_by_name(policy, span_cut(&text, ','));
        if (zone >= 0)
            zone_set_add(ret, zone);
    }
}
