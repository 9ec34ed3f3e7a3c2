/* policy_match: whether the conditions of a rule hold for the facts of an activity.
 * May not know: zones, which rule is asked before which. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/policy_inner.h"

/* By length first: most words are told apart by that. */
static int compare(struct span a, const struct pattern *b)
{
    if (a.n != b->n)
        return a.n < b->n ? -1 : 1;
    return a.n ? memcmp(a.p, b->text, a.n) : 0;
}

static bool is_among(struct span text, const struct pattern *exacts, size_t n)
{
    size_t low = 0;
    while (low < n) {
        size_t mid = low + (n - low) / 2;
        int order = compare(text, &exacts[mid]);
        if (order == 0)
            return true;
        if (order < 0)
            n = mid;
        else
            low = mid + 1;
    }
    return false;
}

static enum regex_answer regex_answer(struct matching *m, const struct regex *regex,
                                      struct span text)
{
    if (m->regexes >= POLICY_REGEX_MATCHES)
        return REGEX_UNKNOWN;
    m->regexes++;
    return regex_matches(regex, text);
}

static enum regex_answer pattern_answer(struct matching *m, const struct pattern *pattern,
                                        struct span text)
{
    struct span word = {pattern->text, pattern->n};
    bool yes = false;
    switch (pattern->how) {
    case PATTERN_EXACT: yes = span_eq(text, word); break;
    case PATTERN_PREFIX: yes = span_starts(text, word); break;
    case PATTERN_SUFFIX: yes = span_ends(text, word); break;
    case PATTERN_ANY: yes = true; break;
    case PATTERN_HOST: yes = policy_pattern_matches(word, text); break;
    case PATTERN_REGEX: return regex_answer(m, pattern->regex, text);
    }
    return yes ? REGEX_YES : REGEX_NO;
}

/* Whether any of the texts fits any of the words; UNKNOWN if none is known to, and one could. */
static enum regex_answer texts_answer(struct matching *m, const struct condition *c,
                                      const struct fact_value *value)
{
    enum regex_answer answer = value->cut ? REGEX_UNKNOWN : REGEX_NO;
    for (size_t i = 0; i < value->texts_n; i++) {
        if (is_among(value->texts[i], c->patterns, c->exacts))
            return REGEX_YES;
        for (size_t j = c->exacts; j < c->patterns_n; j++) {
            enum regex_answer one = pattern_answer(m, &c->patterns[j], value->texts[i]);
            if (one == REGEX_YES)
                return REGEX_YES;
            if (one == REGEX_UNKNOWN)
                answer = REGEX_UNKNOWN;
        }
    }
    return answer;
}

static bool number_fits(const struct condition *c, int64_t number)
{
    for (size_t i = 0; i < c->ranges_n; i++)
        if (c->ranges[i].least <= number && number <= c->ranges[i].most)
            return true;
    return false;
}

bool condition_holds(struct matching *m, const struct condition *condition, bool crossed,
                     bool rule_allows, bool in_unless)
{
    const struct fact_value *value = facts_get(m->facts, condition->fact);
    enum regex_answer answer;
    if (!value->known)
        return false;
    switch (fact_row(condition->fact)->kind) {
    case FACT_KIND_FLAG: return value->flag == condition->flag;
    case FACT_KIND_NUMBER: return number_fits(condition, value->number);
    case FACT_KIND_TEXT: break;
    }
    if (condition->crossed && crossed)
        return true;
    answer = texts_answer(m, condition, value);
    return answer == REGEX_UNKNOWN ? facts_cut_matches(rule_allows, in_unless)
                                   : answer == REGEX_YES;
}

static bool all_hold(struct matching *m, const struct conditions *conditions, bool crossed,
                     bool rule_allows, bool in_unless)
{
    for (size_t i = 0; i < conditions->n; i++)
        if (!condition_holds(m, &conditions->list[i], crossed, rule_allows, in_unless))
            return false;
    return true;
}

bool rule_conditions_hold(struct matching *m, const struct rule *rule, bool crossed)
{
    bool allows = rule->then == RULE_ALLOW;
    if (!all_hold(m, &rule->when, crossed, allows, false))
        return false;
    return !rule->unless.n || !all_hold(m, &rule->unless, crossed, allows, true);
}

static bool any_crossed(const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++)
        if (conditions->list[i].crossed)
            return true;
    return false;
}

bool rule_asks_crossed(const struct rule *rule)
{
    return any_crossed(&rule->when) || any_crossed(&rule->unless);
}
