/* policy: zones, rules, and what they decide for one activity. Pure.
 *
 * What a rule says inside a zone: there the default is allow, across zones it is deny (DESIGN 1).
 * `*` on either side stands for any other zone, so that a catch-all at the end of the rules does
 * not silence a department among its own; inside a zone only a rule decides that names the zone on
 * both sides. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"
#include "common/pure/net.h"
#include "relay/rules/activity.h"
#include "relay/rules/zones.h"

enum {
    POLICY_RULES_MAX = 10000,
    POLICY_NAME_MAX = 63,
    POLICY_AUDIENCE_MAX = POLICY_ZONES_MAX * (POLICY_NAME_MAX + 1), /* a set as text */
    POLICY_HOSTS_MAX = 4096,                                        /* patterns of all zones */
    POLICY_NETWORKS_MAX = 256,                                      /* of one zone */
    POLICY_TAGS_MAX = 100,                                          /* of one rule */
    POLICY_TAG_SIZE = 200                                           /* bytes of one tag */
};

enum zone_join { JOIN_OPEN, JOIN_APPROVAL, JOIN_INVITED };

/* hosts: patterns in the form of policy_pattern_read(). networks: the private networks that its
 * hosts may live in, besides public addresses. */
struct zone {
    char *name;
    char **hosts;
    size_t hosts_n;
    struct network *networks;
    size_t networks_n;
    enum zone_join join;
};

enum rule_verdict { RULE_ALLOW, RULE_DENY };

struct rule {
    char *name;   /* never NULL: given, or `rule-3` by place */
    int from, to; /* zone numbers; -1: any other (`*`) */
    char **tags;  /* condition: any of these (folded, without #); tags_n 0: no condition */
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

/* Frees everything and empties it. */
void policy_fini(struct policy *policy);
const char *zone_join_name(enum zone_join join); /* `open`, `approval`, `invited`: static text */

/* The number of the zone whose patterns match the host (uri.authority form); -1 if none does. */
int policy_zone_of(const struct policy *policy, struct span host);
int policy_zone_by_name(const struct policy *policy, struct span name); /* -1 if there is none */

/* A pattern stands for hosts in the form of uri.authority, where a scheme's default port is not
 * written:
 *     host             just this one, on the default port
 *     host:8443        on this port
 *     host:91*         on any written port whose digits begin so; `host:*` on any written port
 *     *.suffix         any name below the suffix, at any depth, not the suffix itself; the same
 *                      ports may follow. The suffix is a name: an address is never below anything.
 * Names are read as in URLs (A-labels, lower case); the scheme's default port is dropped. A `*`
 * anywhere else is refused. The caller owns *ret. False if it is not a pattern. */
bool policy_pattern_read(struct span text, bool https, char **ret);
/* Whether it is well-formed. */
bool policy_pattern_ok(struct span pattern);
/* Both take patterns in the form of policy_pattern_read(). */
bool policy_pattern_matches(struct span pattern, struct span host);
/* Whether any host could match both. Exact: it says no only where no host can. */
bool policy_patterns_overlap(struct span a, struct span b);

/* Folds the case of a tag in place. Folded: ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic,
 * each letter to one of the same length in UTF-8. Not folded, on purpose: what would change the
 * length or depends on a language (dotted and dotless i, long s). No normalisation: a letter with a
 * combining accent is not the composed letter. Bytes that are not UTF-8 stay as they are. */
void policy_tag_fold(char *text, size_t n);
/* Whether a tag as received is the folded one. */
bool policy_tag_is(struct span received, const char *folded);

/* What was decided about one zone: ERR_OK (it may have it; rule NULL: inside its own zone),
 * ERR_NO_RULE, ERR_RULE_DENIES; ERR_NOT_RELAYED where its type stays inside its zone whatever the
 * rules say (activity_only_inside). */
struct zone_verdict {
    enum err why;
    const struct rule *rule; /* the rule that decided, or NULL; borrowed from the policy */
};

/* Decides for every zone: the first rule whose from, to and conditions match; none: allow inside
 * from, deny across. A condition on a fact that is missing does not match. verdicts: one for each
 * zone of the policy. ret: the zones that may have it. from -1 (no zone): none may, ERR_NO_ZONE.
 * Whether the activity may be relayed at all (public, a type that is carried) is
 * activity_relayable()'s question, asked before. */
void policy_decide(const struct policy *policy, const struct activity *activity, int from,
                   struct zone_verdict verdicts[POLICY_ZONES_MAX], struct zone_set *ret);

/* A set as text and back, for the journal: names joined by commas, in the policy's order. Names
 * that the policy does not know (any more) are left out when read. */
void policy_set_write(const struct policy *policy, const struct zone_set *set, struct bytes *out);
void policy_set_read(const struct policy *policy, struct span text, struct zone_set *ret);

/* One step of an explanation: which rule was looked at, and why it did not match. */
struct rule_step {
    const struct rule *rule;
    bool matched;
    const char *because; /* static text: `to is another zone` ...; NULL if matched */
};
/* All rules in order for one pair of zones, up to and with the one that decides. Returns how many
 * steps; those beyond steps_max are counted, not written. */
size_t policy_trace(const struct policy *policy, const struct activity *activity, int from, int to,
                    struct rule_step *steps, size_t steps_max, struct zone_verdict *verdict);
