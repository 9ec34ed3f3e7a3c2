/* policy: zones, rules, and what they decide for one activity. Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"
#include "common/pure/net.h"
#include "relay/rules/activity.h"

enum { POLICY_ZONES_MAX = 32, POLICY_RULES_MAX = 1000, POLICY_NAME_MAX = 63 };

enum zone_join { JOIN_OPEN, JOIN_APPROVAL, JOIN_INVITED };

struct zone {
    char *name;
    char **hosts; /* patterns: `host`, `host:port`, `*.suffix` (any depth, not the suffix itself),
                     `host:91*` */
    size_t hosts_n;
    struct network
        *networks; /* private networks that its hosts may live in, besides public addresses */
    size_t networks_n;
    enum zone_join join;
};

enum rule_verdict { RULE_ALLOW, RULE_DENY };

struct rule {
    char *name;   /* never NULL: given, or `rule-3` by place */
    int from, to; /* zone numbers; -1: any (`*`) */
    char **tags;  /* condition: any of these (case-folded, without #); tags_n 0: no condition */
    size_t tags_n;
    enum rule_verdict then;
    unsigned line; /* in the file */
};

struct policy {
    struct zone *zones;
    size_t zones_n;
    struct rule *rules;
    size_t rules_n;
};

void policy_fini(struct policy *policy);

/* The number of the zone whose patterns match the host (uri.authority form); -1 if none does. */
int policy_zone_of(const struct policy *policy, struct span host);
int policy_zone_by_name(const struct policy *policy, struct span name);
/* Whether the pattern is well-formed; whether a host could match both. */
bool policy_pattern_ok(struct span pattern);
bool policy_pattern_matches(struct span pattern, struct span host);
bool policy_patterns_overlap(struct span a, struct span b);

/* A set of zones, one bit each. */
typedef uint32_t zone_set;

/* What was decided about one zone: ERR_OK (it may have it; rule NULL: inside its own zone),
 * ERR_NO_RULE, ERR_RULE_DENIES. */
struct zone_verdict {
    enum err why;
    const struct rule *rule; /* the rule that decided, or NULL */
};

/* Decides for every zone: inside from, allow; across, the first rule whose from, to and conditions
 * match; none: deny. A condition on a fact that is missing does not match. verdicts: one for each
 * zone of the policy. Returns the zones that may have it. Whether the activity may be relayed at
 * all (public, a type that is carried) is activity_relayable()'s question, asked before. */
zone_set policy_decide(const struct policy *policy, const struct activity *activity, int from,
                       struct zone_verdict verdicts[POLICY_ZONES_MAX]);

/* A set as text and back, for the journal: names joined by commas, in the policy's order. Names
 * that the policy does not know (any more) are left out when read. */
void policy_set_write(const struct policy *policy, zone_set set, struct bytes *out);
zone_set policy_set_read(const struct policy *policy, struct span text);

/* One step of an explanation: which rule was looked at, and why it did not match. */
struct rule_step {
    const struct rule *rule;
    bool matched;
    const char
        *because; /* static text: `to is another zone`, `none of its tags`, ... ; NULL if matched */
};
/* All rules in order for one pair of zones, up to and with the one that decides. Returns how many
 * steps. */
size_t policy_trace(const struct policy *policy, const struct activity *activity, int from, int to,
                    struct rule_step *steps, size_t steps_max, struct zone_verdict *verdict);
