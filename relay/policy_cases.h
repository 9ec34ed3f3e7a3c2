/* policy_cases: an operator's own cases for `weir policy test`: what is to become of an activity
 * from one host to another. A file holds a list of them:
 *
 *     cases:
 *       - name: what is tagged for partners goes there     (optional)
 *         from: wiki.corp.example                           the host that signs
 *         to: partners                                      a host or a zone, or a list of them
 *         expect: allow                                     or hold, deny, drop; refuse: before any
 *                                                           rule is asked
 *         rule: shared                                      (optional) the rule that decides
 *         code: no-rule                                     (optional) the reason it is not allowed
 *         at: 2027-05-01                                    (optional) decided at the end of that
 *                                                           day, or at that moment; else now
 *         known: {bot: false, indexable: true, crossed: true, consent: true, software: mastodon}
 *                                                           (optional) what a running relay knows
 *         activity: post.json                               a file beside this one; or a mapping
 */
#pragma once

#include "relay/config/yaml.h"
#include "relay/verdict.h"

enum { POLICY_CASES_FILE_MAX = 1 << 20 };

struct policy_case {
    struct place at;
    struct span name, from, expect, rule, code; /* absent: not said; borrowed from the tree */
    const struct yaml_tree *to, *activity;
    int64_t at_ms; /* 0: not said */
    enum fact_said bot, indexable, crossed, consent;
    struct span software; /* absent: not known */
};

struct policy_cases {
    struct yaml_tree *tree;
    struct policy_case *list;
    size_t n;
};

/* Reads a file's text; what is wrong with it is added to mistakes, and then ret is not whole. ret
 * is the caller's to fini whatever comes of it. */
void policy_cases_read(struct span text, struct mistakes *mistakes, struct policy_cases *ret);
void policy_cases_fini(struct policy_cases *cases);
/* The activity that stands in the case itself, as JSON: `true`, `false` and `null` are what they
 * say, all else is text. What a post of its host would say anyway may be left out: type (Create),
 * id, actor and to (the public collection); and, of a Create's or Update's object, id,
 * attributedTo, to and type (Note). False if it stands in a file, whose name is
 * yaml_tree_text(c->activity). */
bool policy_case_activity(const struct policy_case *c, bool https, struct bytes *out);
