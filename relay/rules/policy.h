/* policy: zones, rules, and what they decide for one activity. Pure.
 *
 * The boundary has two sides. A zone has rules for what leaves it (export) and for what it takes
 * (import), and an activity crosses when both sides allow; the rules of the short form stand for
 * both sides. On each side the zone's own rules are asked first, then those of the short form, each
 * in the order of the file; the first that matches decides; none: deny. Inside a zone only a rule
 * of the short form decides that names the zone on both ends; none: what the zone says (`inside`).
 */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"
#include "common/pure/net.h"
#include "common/pure/regex.h"
#include "relay/rules/facts.h"
#include "relay/rules/zones.h"

enum {
    POLICY_RULES_MAX = 10000, /* of all zones and of the short form */
    POLICY_NAME_MAX = 63,
    POLICY_RULE_NAME_MAX = POLICY_NAME_MAX + 20, /* also one by place: `internal.export-3` */
    POLICY_AUDIENCE_MAX = POLICY_ZONES_MAX * (POLICY_NAME_MAX + 1), /* a set as text */
    POLICY_HOSTS_MAX = 4096,                                        /* patterns of all zones */
    POLICY_TOKEN_FILE_MAX = 1000,                                   /* bytes of a path */
    POLICY_NETWORKS_MAX = 256,                                      /* of one zone */
    POLICY_WORDS_MAX = 1000,                                        /* of one condition */
    POLICY_WORD_SIZE = 2048,                                        /* bytes of one word */
    POLICY_TAG_SIZE = 200,                                          /* bytes of one tag */
    POLICY_REGEXES_MAX = 1000,                                      /* of all rules */
    /* How often regular expressions are matched for one decision; behind that each is one that
     * gave up. */
    POLICY_REGEX_MATCHES = 4096
};

enum zone_join { JOIN_OPEN, JOIN_APPROVAL, JOIN_INVITED };

/* Whether what its authors post leaves it: without asking them; unless they say no; only if they
 * say yes (rules/consent.h). */
enum zone_consent { ZONE_CONSENT_NONE, ZONE_CONSENT_OPT_OUT, ZONE_CONSENT_OPT_IN };
/* Who may read the list of its members. */
enum zone_publish { PUBLISH_NO, PUBLISH_TOKEN, PUBLISH_PUBLIC };

enum rule_verdict { RULE_ALLOW, RULE_HOLD, RULE_DENY, RULE_DROP };

/* hosts: patterns in the form of policy_pattern_read(). networks: the private networks that its
 * hosts may live in, besides public addresses. inside: what holds inside it where no rule decides;
 * not DROP. token_file: of PUBLISH_TOKEN, as written; else NULL. */
struct zone {
    char *name;
    char **hosts;
    size_t hosts_n;
    struct network *networks;
    size_t networks_n;
    enum zone_join join;
    enum rule_verdict inside;
    enum zone_consent consent;
    enum zone_publish publish;
    char *token_file;
};

/* A word of a condition on texts. */
enum pattern_how {
    PATTERN_EXACT,
    PATTERN_PREFIX,
    PATTERN_SUFFIX,
    PATTERN_ANY,  /* `*`: any text at all */
    PATTERN_HOST, /* with a star: policy_pattern_matches() */
    PATTERN_REGEX
};
struct pattern {
    enum pattern_how how;
    char *text; /* without the star of a prefix or suffix, and without the slashes; folded if the
                   fact is; owned */
    size_t n;
    struct regex *regex; /* of PATTERN_REGEX; owned */
};

struct number_range {
    int64_t least, most; /* both belong to it */
};

/* What a rule asks of one fact: any of these. */
struct condition {
    enum fact fact;
    bool flag;                   /* of a flag: what it must be */
    bool crossed;                /* reply_to: `crossed` is among the words */
    struct pattern *patterns;    /* of a text; policy_compile() sorts them */
    size_t patterns_n, exacts;   /* exacts: so many of them, at the head, are EXACT */
    struct number_range *ranges; /* of a number */
    size_t ranges_n;
};
struct conditions {
    struct condition *list;
    size_t n;
};

/* An end of a rule: these zones, ascending; none: any other than the other end (`*`). */
struct rule_end {
    int *zones;
    size_t n;
};

enum rule_part { RULE_EXPORT, RULE_IMPORT, RULE_SHORT };

struct rule {
    char *name; /* never NULL: given, or `rule-3` by place */
    enum rule_part part;
    struct rule_end from, to; /* of EXPORT, from is its zone alone; of IMPORT, to */
    struct conditions when;   /* all of them; none: always */
    struct conditions unless; /* where all of them hold, the rule does not match; none: never */
    enum rule_verdict then;
    int64_t until_ms;     /* from then on it is passed over; 0: none */
    char *owner, *reason; /* NULL: not said */
    unsigned line;        /* in the file */
};

/* rules: those of EXPORT and IMPORT zone by zone, then those of SHORT; within these, in the order
 * of the file. */
struct policy {
    struct zone *zones;
    size_t zones_n;
    struct rule *rules;
    size_t rules_n;
    struct policy_index *index; /* policy_compile() */
};

/* Prepares it for being asked; zones and rules must not change any more, nor move. */
void policy_compile(struct policy *policy);
/* Whether a rule of a compiled policy asks whether what is answered crossed: who does not say so
 * (facts_context.crossed) need not find out. */
bool policy_asks_crossed(const struct policy *policy);
/* Whether one asks for the zone of a host that is mentioned or answered, or for where that went. */
bool policy_asks_zones(const struct policy *policy);
/* Frees everything and empties it. */
void policy_fini(struct policy *policy);
const char *zone_join_name(enum zone_join join);          /* `open`, `approval`, `invited` */
const char *zone_consent_name(enum zone_consent consent); /* `none`, `opt-out`, `opt-in` */
const char *zone_publish_name(enum zone_publish publish); /* `no`, `token`, `public` */
const char *rule_verdict_name(enum rule_verdict verdict); /* `allow`, `hold`, `deny`, `drop` */

/* The number of the zone whose patterns match the host (uri.authority form); -1 if none does. Of a
 * compiled policy. */
int policy_zone_of(const struct policy *policy, struct span host);
/* Its name, or NULL; as facts_context.zone_of, with the policy as its argument. */
const char *policy_zone_name(void *policy, struct span host);
/* -1 if there is none; also of a policy that is not compiled, slower. */
int policy_zone_by_name(const struct policy *policy, struct span name);
/* Whether the end names the zone, or is `*`. */
bool rule_end_covers(const struct rule_end *end, int zone);

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

/* What a condition asks for, as in a file: `[a, b*, /c/]`, `1KiB..64KiB`, `true`. */
void policy_condition_write(const struct condition *condition, struct bytes *out);
/* A rule in one line, without what only people read of it. */
void policy_rule_write(const struct policy *policy, const struct rule *rule, struct bytes *out);

/* Which side of the boundary. */
enum policy_side { SIDE_EXPORT, SIDE_IMPORT, SIDE_INSIDE, SIDE_COUNT };
const char *policy_side_name(enum policy_side side); /* `export`, `import`, `inside` */

/* What was decided about one zone:
 *   ERR_OK           it may have it
 *   ERR_RULE_HOLDS   a person decides
 *   ERR_RULE_DENIES  a rule says no; ERR_RULE_DROPS: and the sender is not to know
 *   ERR_NO_RULE      none says yes
 *   ERR_NOT_RELAYED  its type stays inside its zone whatever the rules say (activity_only_inside)
 *   ERR_NO_ZONE      it comes from no zone
 * Across, the export side is asked first; where it says no, import is not asked. Else import's no
 * counts; else a hold of either. */
struct zone_verdict {
    enum err why;
    enum policy_side side;   /* that decided; of an ERR_OK across, export */
    const struct rule *rule; /* the rule that decided there, or NULL: none did; borrowed */
};

/* Decides for every zone of a compiled policy. verdicts: one for each zone of it. ret: the zones
 * that may have it. The time (until) is that of the facts' context. A condition on a fact that is
 * missing does not match, in `when` and in `unless`; on one that is cut, or where a regular
 * expression gave up, see facts_cut_matches(). from -1 (no zone): none may, ERR_NO_ZONE. Whether
 * the activity may be relayed at all (public, a type that is carried) is activity_relayable()'s
 * question, asked before. */
void policy_decide(const struct policy *policy, struct facts *facts, int from,
                   struct zone_verdict verdicts[POLICY_ZONES_MAX], struct zone_set *ret);

/* What became of what no zone may have, by the verdicts: ERR_RULE_DROPS where a rule drops it for
 * any zone, else what its own zone says of it: ERR_RULE_DENIES, ERR_RULE_HOLDS, ERR_NO_RULE. */
enum err policy_refusal(const struct policy *policy, const struct zone_verdict *verdicts, int from);

/* A set as text and back, for the journal: names joined by commas, in the policy's order. Names
 * that the policy does not know (any more) are left out when read. */
void policy_set_write(const struct policy *policy, const struct zone_set *set, struct bytes *out);
void policy_set_read(const struct policy *policy, struct span text, struct zone_set *ret);

/* The zones whose boundary with `from` was crossed by something of the zone `home` (-1: of none)
 * that went to the zones of `audience` (as policy_set_write() has it): both sides have it, the one
 * because it is of there or went there, the other as well. */
void policy_crossed(const struct policy *policy, int home, struct span audience, int from,
                    struct zone_set *ret);

/* One step of an explanation: which rule was looked at, on which side, and why it did not match. */
enum step_why {
    STEP_MATCHES,
    STEP_ENDED, /* until */
    STEP_FROM,  /* from is another zone */
    STEP_TO,    /* to is another zone */
    STEP_STAR,  /* `*` means other zones, and this is inside one */
    STEP_WHEN,  /* the condition does not hold */
    STEP_UNLESS /* all of `unless` holds */
};
struct rule_step {
    const struct rule *rule;
    enum policy_side side;
    enum step_why why;
    const struct condition *condition; /* of STEP_WHEN the first that fails; of STEP_UNLESS the
                                          first of all */
    size_t failing;                    /* how many conditions of `when` fail; of STEP_ENDED too */
};
/* All rules that are asked for one pair of zones, in order, side by side, each up to and with the
 * one that decides there. Returns how many steps; those beyond steps_max are counted, not written.
 */
size_t policy_trace(const struct policy *policy, struct facts *facts, int from, int to,
                    struct rule_step *steps, size_t steps_max, struct zone_verdict *verdict);
