/* policy_inner: what the files of the policy share, and nobody else sees. */
#pragma once

#include "common/pure/map.h"
#include "relay/rules/policy.h"

/* --- hosts ----------------------------------------------------------------------------------- */

struct policy_hosts;
struct policy_hosts *policy_hosts_new(const struct policy *policy);
void policy_hosts_free(struct policy_hosts **hosts);
int policy_hosts_zone(const struct policy_hosts *hosts, struct span host);
/* The name in a pattern or host: `corp.example` of `*.corp.example:91*`, which is below. */
struct span policy_pattern_name(struct span pattern, bool *ret_below);

/* --- rules ----------------------------------------------------------------------------------- */

/* The rules that have one word as their key. */
struct key_rules {
    uint16_t *rules; /* numbers */
    size_t n, cap;
    size_t used; /* while it is built: how many conditions have the word */
};

/* A bit for each rule, in their order; `words` of 64. */
struct policy_index {
    struct policy_hosts *hosts;
    struct map *zones; /* name -> struct zone */
    size_t words;
    /* The rules of a zone's own stand together, before those of the short form: zone z has those
     * from own[z] on, up to own[z + 1]; the last is where the short form begins. */
    uint16_t *own;
    bool asks_crossed; /* any rule */
    bool asks_zones;
    /* For each side and zone it comes from, the rules that could decide there about some zone. */
    uint64_t *relevant[SIDE_COUNT];
    uint64_t *always; /* rules without a key */
    /* Rules with a key: an activity without one of its words cannot match them. word -> key_rules;
     * NULL where no rule has its key there. */
    struct map *keys[FACT_COUNT];
    uint64_t *keyed[FACT_COUNT]; /* the same rules as bits, for where the fact is cut */
    struct key_rules *lists;     /* all of them */
    size_t lists_n;
    struct rule_to *to; /* one for each rule */
};

/* Where a rule leads: one zone, or several; and whether that depends on where its answered object
 * went. */
struct rule_to {
    int one; /* -1: several */
    bool crossed;
    struct zone_set several;
};

void policy_index_free(struct policy_index **index);

/* --- matching -------------------------------------------------------------------------------- */

/* One activity while rules are asked about it. */
struct matching {
    struct facts *facts;
    unsigned regexes; /* matched so far */
};
/* Whether a condition holds. crossed: whether what is answered crossed to the zone in question. */
bool condition_holds(struct matching *m, const struct condition *condition, bool crossed,
                     bool rule_allows, bool in_unless);
/* Whether a rule's conditions hold; its ends and its end are not asked. */
bool rule_conditions_hold(struct matching *m, const struct rule *rule, bool crossed);
/* Whether any of its conditions asks whether something crossed. */
bool rule_asks_crossed(const struct rule *rule);
bool rule_ended(const struct rule *rule, const struct facts *facts);
/* What a verdict of a rule means for a zone. */
enum err rule_verdict_err(enum rule_verdict verdict);
