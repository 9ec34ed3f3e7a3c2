/* policy: the policy's own parts, and small questions about them. The policy owns its zones and
 * rules; everything handed out is borrowed from it.
 * May not know: where the rules were written down, who is a member, the time. */
#include "relay/rules/policy.h"

#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy_inner.h"

static void conditions_fini(struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++) {
        struct condition *c = &conditions->list[i];
        for (size_t j = 0; j < c->patterns_n; j++) {
            free(c->patterns[j].text);
            regex_free(&c->patterns[j].regex);
        }
        free(c->patterns);
        free(c->ranges);
    }
    free(conditions->list);
}

static void rule_fini(struct rule *rule)
{
    free(rule->name);
    free(rule->from.zones);
    free(rule->to.zones);
    free(rule->owner);
    free(rule->reason);
    conditions_fini(&rule->when);
    conditions_fini(&rule->unless);
}

void policy_fini(struct policy *policy)
{
    policy_index_free(&policy->index);
    for (size_t i = 0; i < policy->zones_n; i++) {
        struct zone *zone = &policy->zones[i];
        free(zone->name);
        free(zone->networks);
        free(zone->token_file);
        for (size_t j = 0; j < zone->hosts_n; j++)
            free(zone->hosts[j]);
        free(zone->hosts);
    }
    for (size_t i = 0; i < policy->rules_n; i++)
        rule_fini(&policy->rules[i]);
    free(policy->zones);
    free(policy->rules);
    *policy = (struct policy){0};
}

const char *zone_join_name(enum zone_join join)
{
    static const char *const names[] = {"open", "approval", "invited"};
    return names[join];
}

const char *zone_consent_name(enum zone_consent consent)
{
    static const char *const names[] = {"none", "opt-out", "opt-in"};
    return names[consent];
}

const char *zone_publish_name(enum zone_publish publish)
{
    static const char *const names[] = {"no", "token", "public"};
    return names[publish];
}

const char *rule_verdict_name(enum rule_verdict verdict)
{
    static const char *const names[] = {"allow", "hold", "deny", "drop"};
    return names[verdict];
}

const char *policy_side_name(enum policy_side side)
{
    static const char *const names[] = {"export", "import", "inside"};
    return names[side];
}

enum err rule_verdict_err(enum rule_verdict verdict)
{
    static const enum err errors[] = {ERR_OK, ERR_RULE_HOLDS, ERR_RULE_DENIES, ERR_RULE_DROPS};
    return errors[verdict];
}

int policy_zone_of(const struct policy *policy, struct span host)
{
    return policy_hosts_zone(policy->index->hosts, host);
}

const char *policy_zone_name(void *policy, struct span host)
{
    const struct policy *p = policy;
    int zone = policy_zone_of(p, host);
    return zone < 0 ? NULL : p->zones[zone].name;
}

int policy_zone_by_name(const struct policy *policy, struct span name)
{
    if (policy->index) {
        const struct zone *zone = map_get(policy->index->zones, name);
        return zone ? (int)(zone - policy->zones) : -1;
    }
    for (size_t i = 0; i < policy->zones_n; i++)
        if (span_eq_str(name, policy->zones[i].name))
            return (int)i;
    return -1;
}

bool rule_end_covers(const struct rule_end *end, int zone)
{
    for (size_t i = 0; i < end->n; i++)
        if (end->zones[i] == zone)
            return true;
    return end->n == 0;
}

bool rule_ended(const struct rule *rule, const struct facts *facts)
{
    return rule->until_ms && rule->until_ms < facts->context.now_ms;
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

void policy_crossed(const struct policy *policy, int home, struct span audience, int from,
                    struct zone_set *ret)
{
    policy_set_read(policy, audience, ret);
    if (home >= 0)
        zone_set_add(ret, home);
    if (!zone_set_has(ret, from))
        *ret = (struct zone_set){{0}};
}
