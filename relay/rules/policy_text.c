/* policy_text: a rule's parts as they stand in a file, for who explains it.
 * May not know: whether it matched. */
#include <inttypes.h>

#include "common/pure/units.h"
#include "relay/rules/policy_inner.h"

static void pattern_write(const struct pattern *pattern, struct bytes *out)
{
    struct span text = {pattern->text, pattern->n};
    bool head = pattern->how == PATTERN_SUFFIX || pattern->how == PATTERN_ANY;
    bool slashes = pattern->how == PATTERN_REGEX;
    bytes_add_str(out, slashes ? "/" : head ? "*" : "");
    bytes_add(out, text);
    bytes_add_str(out, slashes ? "/" : pattern->how == PATTERN_PREFIX ? "*" : "");
}

static void number_write(enum fact_unit unit, int64_t number, struct bytes *out)
{
    switch (unit) {
    case FACT_UNIT_BYTES: size_write(out, number); return;
    case FACT_UNIT_SECONDS: duration_write(out, number * 1000); return;
    case FACT_UNIT_COUNT:
    case FACT_UNIT_NONE: break;
    }
    bytes_add_int(out, number);
}

static void range_write(enum fact_unit unit, const struct number_range *range, struct bytes *out)
{
    bool least = range->least > 0, most = range->most < INT64_MAX;
    bool both = least && most && range->least < range->most;
    if (both || (least && !most)) {
        bytes_add_str(out, both ? "" : ">=");
        number_write(unit, range->least, out);
        bytes_add_str(out, both ? ".." : "");
    }
    if (both || !least || range->least == range->most) {
        bytes_add_str(out, both || range->least == range->most ? "" : "<=");
        number_write(unit, range->most, out);
    }
}

void policy_condition_write(const struct condition *c, struct bytes *out)
{
    const struct fact_row *row = fact_row(c->fact);
    size_t n = c->patterns_n + c->ranges_n + c->crossed;
    size_t i = 0;
    if (row->kind == FACT_KIND_FLAG) {
        bytes_add_str(out, c->flag ? "true" : "false");
        return;
    }
    bytes_add_str(out, n == 1 ? "" : "[");
    for (; i < c->patterns_n; i++) {
        bytes_add_str(out, i ? ", " : "");
        pattern_write(&c->patterns[i], out);
    }
    for (; i < c->patterns_n + c->ranges_n; i++) {
        bytes_add_str(out, i ? ", " : "");
        range_write(row->unit, &c->ranges[i - c->patterns_n], out);
    }
    if (c->crossed)
        bytes_add_str(out, i ? ", crossed" : "crossed");
    bytes_add_str(out, n == 1 ? "" : "]");
}

static void conditions_write(const struct conditions *conditions, const char *what,
                             struct bytes *out)
{
    for (size_t i = 0; i < conditions->n; i++) {
        bytes_addf(out, "%s%s: ", i ? ", " : what, fact_row(conditions->list[i].fact)->name);
        policy_condition_write(&conditions->list[i], out);
    }
    bytes_add_str(out, conditions->n ? "}" : "");
}

static void end_write(const struct policy *policy, const struct rule_end *end, struct bytes *out)
{
    bytes_add_str(out, end->n ? "" : "*");
    for (size_t i = 0; i < end->n; i++)
        bytes_addf(out, "%s%s", i ? ", " : "", policy->zones[end->zones[i]].name);
}

void policy_rule_write(const struct policy *policy, const struct rule *rule, struct bytes *out)
{
    static const char *const parts[] = {"export ", "import ", ""};
    bytes_addf(out, "rule %s: %sfrom ", rule->name, parts[rule->part]);
    end_write(policy, &rule->from, out);
    bytes_add_str(out, " to ");
    end_write(policy, &rule->to, out);
    conditions_write(&rule->when, " when {", out);
    conditions_write(&rule->unless, " unless {", out);
    bytes_addf(out, " then %s", rule_verdict_name(rule->then));
}
