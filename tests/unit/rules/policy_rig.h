/* policy_rig: policies made by hand, without a file. Zones are called a, b, c ...; an end of a rule
 * is their letters, or `*`. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy.h"
#include "tests/unit/rules/facts_rig.h"

static inline void rig_zones(struct policy *policy, size_t n)
{
    policy->zones_n = n;
    policy->zones = mem_new(n * sizeof(*policy->zones));
    for (size_t i = 0; i < n; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        policy->zones[i].name = mem_copy(span_of(name));
        policy->zones[i].inside = RULE_ALLOW;
    }
}

static inline void rig_end_of_rule(struct rule_end *end, const char *letters)
{
    for (; *letters && *letters != '*'; letters++) {
        end->zones = mem_grow(end->zones, (end->n + 1) * sizeof(*end->zones));
        end->zones[end->n++] = *letters - 'a';
    }
}

/* Borrowed until the next one is added. Rules of zones have to come before those of the short form.
 * name NULL: `r` and its number. */
static inline struct rule *rig_rule(struct policy *policy, const char *name, enum rule_part part,
                                    const char *from, const char *to, enum rule_verdict then)
{
    struct bytes by_number;
    policy->rules = mem_grow(policy->rules, (policy->rules_n + 1) * sizeof(*policy->rules));
    struct rule *rule = &policy->rules[policy->rules_n++];
    bytes_init(&by_number, 30);
    bytes_addf(&by_number, "r%zu", policy->rules_n);
    *rule = (struct rule){.part = part, .then = then, .line = (unsigned)policy->rules_n};
    rule->name = name ? mem_copy(span_of(name)) : mem_copy(bytes_span(&by_number));
    bytes_fini(&by_number);
    rig_end_of_rule(&rule->from, from);
    rig_end_of_rule(&rule->to, to);
    return rule;
}

static inline struct condition *rig_condition(struct conditions *conditions, enum fact fact)
{
    conditions->list = mem_grow(conditions->list, (conditions->n + 1) * sizeof(*conditions->list));
    struct condition *c = &conditions->list[conditions->n++];
    *c = (struct condition){.fact = fact};
    return c;
}

static inline void rig_word(struct condition *c, enum pattern_how how, const char *text)
{
    c->patterns = mem_grow(c->patterns, (c->patterns_n + 1) * sizeof(*c->patterns));
    struct pattern *p = &c->patterns[c->patterns_n++];
    *p = (struct pattern){.how = how, .text = mem_copy(span_of(text)), .n = strlen(text)};
    if (how == PATTERN_REGEX)
        p->regex = regex_new(span_of(text), fact_row(c->fact)->folded, NULL);
}

static inline void rig_words(struct conditions *conditions, enum fact fact, const char *words)
{
    struct condition *c = rig_condition(conditions, fact);
    struct span rest = span_of(words);
    while (rest.n) {
        struct span word = span_cut(&rest, ' ');
        char *text = mem_copy(word);
        if (strcmp(text, "crossed") == 0)
            c->crossed = true;
        else
            rig_word(c, PATTERN_EXACT, text);
        free(text);
    }
}

static inline void rig_flag(struct conditions *conditions, enum fact fact, bool flag)
{
    rig_condition(conditions, fact)->flag = flag;
}

static inline void rig_range(struct conditions *conditions, enum fact fact, int64_t least,
                             int64_t most)
{
    struct condition *c = rig_condition(conditions, fact);
    c->ranges = mem_new(sizeof(*c->ranges));
    c->ranges[c->ranges_n++] = (struct number_range){least, most};
}
