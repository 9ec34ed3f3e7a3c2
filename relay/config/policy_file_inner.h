/* policy_file_inner: what the files that read the policy share, and nobody else sees. */
#pragma once

#include "common/pure/map.h"
#include "relay/config/yaml.h"
#include "relay/rules/policy.h"

/* A pattern and where it stands, for comparing it with those of other zones. */
struct listed {
    int zone;
    const char *pattern; /* borrowed from the policy */
    struct place at;
};

struct job {
    struct mistakes *mistakes;
    struct policy *policy;
    bool https;
    struct listed *listed;
    size_t listed_n;
    bool listed_full;       /* said so already */
    struct map *rule_names; /* -> the tree of its rule */
    size_t rules_cap;
    bool rules_full;
    size_t regexes_n;
};

/* Whether the value is of this kind; says if not. what: `hosts`, `the rule` ... */
bool kind_is(struct job *job, const struct yaml_tree *value, enum yaml_tree_kind kind,
             const char *what);
/* Names go into the journal, separated by commas, into log lines and onto command lines; says if
 * this can't. what: `zone`, `rule`. */
bool name_ok(struct job *job, const struct yaml_tree *value, const char *what);
/* Says that there is no zone of this name. */
void zone_unknown(struct job *job, const struct yaml_tree *value);

/* policy_file_rules.c: the rules of all zones, then those of the short form. Either may be NULL,
 * and may be no mapping, no list. */
void rules_read(struct job *job, const struct yaml_tree *zones, const struct yaml_tree *rules);
/* policy_file_when.c: what: `when` or `unless`. */
void conditions_read(struct job *job, struct conditions *conditions, const char *what,
                     const struct yaml_tree *value);
/* policy_file_words.c: a condition's values. Each adds to the condition. */
void word_read(struct job *job, struct condition *condition, const struct yaml_tree *value);
void range_read(struct job *job, struct condition *condition, const struct yaml_tree *value);
