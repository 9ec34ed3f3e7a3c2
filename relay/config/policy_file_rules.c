/* policy_file_rules: reads the rules of the zones and those of the short form. A rule is owned by
 * the policy from the moment that its name is known. May not know: what a condition may ask
 * (policy_file_when.c). */
#include <stdlib.h>

#include "common/pure/date.h"
#include "common/pure/utf8.h"
#include "relay/config/policy_file_inner.h"

enum { REMARK_MAX = 500 /* bytes of an owner or a reason */ };

/* What is read: where it stands, and the rule's number in the policy. */
struct reading {
    struct job *job;
    enum rule_part part;
    int zone; /* whose export or import it is; -1: of the short form */
    size_t number;
};

static struct rule *rule_of(const struct reading *r)
{
    return &r->job->policy->rules[r->number];
}

void zone_unknown(struct job *job, const struct yaml_tree *value)
{
    struct span names[POLICY_ZONES_MAX];
    for (size_t i = 0; i < job->policy->zones_n; i++)
        names[i] = span_of(job->policy->zones[i].name);
    mistake_unknown(job->mistakes, value->at, "zone", yaml_tree_text(value), names,
                    job->policy->zones_n);
}

/* --- ends ------------------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void end_add(const struct reading *r, struct rule_end *end, const struct yaml_tree *value)
{
    struct job *job = r->job;
    int zone = policy_zone_by_name(job->policy, yaml_tree_text(value));
    if (zone < 0) {
        if (job->policy->zones_n) /* where there are none at all, that has been said */
            zone_unknown(job, value);
        return;
    }
    if (zone == r->zone) {
        mistake(job->mistakes, value->at,
                "%s is the zone itself: what holds inside it is for `inside` and `rules` to say",
                quoted(yaml_tree_text(value)).text);
        return;
    }
    if (end->n && rule_end_covers(end, zone)) {
        mistake(job->mistakes, value->at, "%s is in the list already",
                quoted(yaml_tree_text(value)).text);
        return;
    }
    end->zones = mem_grow(end->zones, (end->n + 1) * sizeof(*end->zones));
    end->zones[end->n++] = zone;
}

static void end_read(const struct reading *r, struct rule_end *end, const char *what,
                     const struct yaml_tree *value)
{
    struct job *job = r->job;
    if (value->kind != TREE_LIST) {
        if (kind_is(job, value, TREE_TEXT, what) && !span_eq_str(yaml_tree_text(value), "*"))
            end_add(r, end, value);
        return;
    }
    if (value->n == 0)
        mistake(job->mistakes, value->at, "%s is empty: \"*\" stands for any other zone", what);
    for (size_t i = 0; i < value->n; i++) {
        const struct yaml_tree *one = value->values[i];
        if (span_eq_str(yaml_tree_text(one), "*"))
            mistake(job->mistakes, one->at, "\"*\" stands for any other zone, and so alone");
        else if (kind_is(job, one, TREE_TEXT, "a zone"))
            end_add(r, end, one);
    }
    if (end->n)
        qsort(end->zones, end->n, sizeof(*end->zones), by_number);
}

/* --- the rest of a rule ---------------------------------------------------------------------- */

static void then_read(const struct reading *r, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("allow"), NAME("hold"), NAME("deny"), NAME("drop")};
    if (!kind_is(r->job, value, TREE_TEXT, "then"))
        return;
    for (int then = RULE_ALLOW; then <= RULE_DROP; then++) {
        if (span_eq_str(yaml_tree_text(value), rule_verdict_name((enum rule_verdict)then))) {
            rule_of(r)->then = (enum rule_verdict)then;
            return;
        }
    }
    mistake_unknown(r->job->mistakes, value->at, "verdict", yaml_tree_text(value), names, 4);
}

static void until_read(const struct reading *r, const struct yaml_tree *value)
{
    int64_t until_ms;
    if (!kind_is(r->job, value, TREE_TEXT, "until"))
        return;
    if (date_day_read(yaml_tree_text(value), &until_ms) && until_ms > 0)
        rule_of(r)->until_ms = until_ms;
    else
        mistake(r->job->mistakes, value->at,
                "%s is no date: 2027-04-30 (to the end of that day, UTC), or 2027-04-30T12:00:00Z",
                quoted(yaml_tree_text(value)).text);
}

/* A line that people read: on a terminal, in a log. */
static void remark_read(const struct reading *r, const char *what, const struct yaml_tree *value,
                        char **ret)
{
    struct span text = yaml_tree_text(value);
    if (!kind_is(r->job, value, TREE_TEXT, what))
        return;
    bool ok = text.n <= REMARK_MAX && utf8_valid(text);
    for (size_t i = 0; ok && i < text.n; i++)
        ok = (unsigned char)text.p[i] >= ' ' && text.p[i] != 0x7f;
    if (!ok)
        mistake(r->job->mistakes, value->at, "%s must be one line of at most %d bytes", what,
                REMARK_MAX);
    else
        *ret = mem_copy(text);
}

static void name_read(const struct reading *r, const struct yaml_tree *value)
{
    struct rule *rule = rule_of(r);
    if (!kind_is(r->job, value, TREE_TEXT, "name") || !name_ok(r->job, value, "rule"))
        return;
    free(rule->name);
    rule->name = mem_copy(yaml_tree_text(value));
}

/* from and to, as far as this kind of rule has them. False if the key is another. */
static bool end_key_read(const struct reading *r, struct span name, const struct yaml_tree *value)
{
    struct rule *rule = rule_of(r);
    if (r->part != RULE_EXPORT && span_eq_str(name, "from"))
        end_read(r, &rule->from, "from", value);
    else if (r->part != RULE_IMPORT && span_eq_str(name, "to"))
        end_read(r, &rule->to, "to", value);
    else
        return false;
    return true;
}

static void key_unknown(const struct reading *r, const struct yaml_tree *key)
{
    struct span names[] = {NAME("name"),   NAME("when"),  NAME("unless"),
                           NAME("then"),   NAME("until"), NAME("owner"),
                           NAME("reason"), NAME("from"),  NAME("to")};
    size_t n = sizeof(names) / sizeof(*names);
    struct span name = yaml_tree_text(key);
    if (r->zone >= 0 && (span_eq_str(name, "from") || span_eq_str(name, "to"))) {
        bool leaves = r->part == RULE_EXPORT;
        mistake(r->job->mistakes, key->at, "what %s says `%s`: its `%s` is zone %s",
                leaves ? "a zone exports" : "a zone imports", leaves ? "to" : "from",
                leaves ? "from" : "to", r->job->policy->zones[r->zone].name);
        return;
    }
    if (r->part == RULE_EXPORT)
        names[7] = names[8];
    mistake_unknown(r->job->mistakes, key->at, "key of a rule", name, names,
                    r->part == RULE_SHORT ? n : n - 1);
}

static void key_read(const struct reading *r, const struct yaml_tree *key,
                     const struct yaml_tree *value)
{
    struct span name = yaml_tree_text(key);
    struct rule *rule = rule_of(r);
    if (span_eq_str(name, "name"))
        name_read(r, value);
    else if (span_eq_str(name, "when"))
        conditions_read(r->job, &rule->when, "when", value);
    else if (span_eq_str(name, "unless"))
        conditions_read(r->job, &rule->unless, "unless", value);
    else if (span_eq_str(name, "then"))
        then_read(r, value);
    else if (span_eq_str(name, "until"))
        until_read(r, value);
    else if (span_eq_str(name, "owner"))
        remark_read(r, "owner", value, &rule->owner);
    else if (span_eq_str(name, "reason"))
        remark_read(r, "reason", value, &rule->reason);
    else if (!end_key_read(r, name, value))
        key_unknown(r, key);
}

/* Two rules of one name would make `weir explain` name a rule that nobody can find. */
static void name_check(const struct reading *r, const struct yaml_tree *value)
{
    struct job *job = r->job;
    const char *name = rule_of(r)->name;
    const struct yaml_tree *given = yaml_tree_get(value, "name");
    const struct yaml_tree *other = map_get(job->rule_names, span_of(name));
    if (other)
        mistake(job->mistakes, given ? given->at : value->at,
                "the rule on line %u is called \"%s\" already", other->at.line, name);
    else
        map_put(job->rule_names, span_of(name), (void *)value);
}

static bool asks_consent(const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++)
        if (conditions->list[i].fact == FACT_CONSENT)
            return true;
    return false;
}

/* Where no zone that it is for asks its authors, the fact is always missing, and the rule never
 * what it was written for. */
static void consent_check(const struct reading *r, const struct yaml_tree *value)
{
    const struct policy *policy = r->job->policy;
    const struct rule *rule = rule_of(r);
    bool when = asks_consent(&rule->when);
    const struct yaml_tree *place = yaml_tree_get(value, when ? "when" : "unless");
    if (!when && !asks_consent(&rule->unless))
        return;
    for (size_t i = 0; i < policy->zones_n; i++)
        if (rule_end_covers(&rule->from, (int)i) && policy->zones[i].consent != ZONE_CONSENT_NONE)
            return;
    mistake(r->job->mistakes, place->at,
            "the rule \"%s\" asks for consent, which no zone that it is for asks of its authors: "
            "give the zone `consent: opt-in` or `consent: opt-out`",
            rule->name);
}

/* --- rules ----------------------------------------------------------------------------------- */

/* A rule with its name by place, and the ends that are not its own to say. */
static void rule_begin(struct reading *r, size_t place, const struct yaml_tree *value)
{
    static const char *const words[] = {"export", "import", "rule"};
    struct policy *policy = r->job->policy;
    struct bytes name;
    bytes_init(&name, POLICY_RULE_NAME_MAX);
    if (r->zone >= 0)
        bytes_addf(&name, "%s.", policy->zones[r->zone].name);
    bytes_addf(&name, "%s-%zu", words[r->part], place + 1);
    if (policy->rules_n == r->job->rules_cap) {
        r->job->rules_cap = r->job->rules_cap ? 2 * r->job->rules_cap : 16;
        policy->rules = mem_grow(policy->rules, r->job->rules_cap * sizeof(*policy->rules));
    }
    r->number = policy->rules_n++;
    struct rule *rule = rule_of(r);
    *rule = (struct rule){.name = bytes_take(&name), .part = r->part, .then = RULE_DENY};
    rule->line = value->at.line;
    struct rule_end *own = r->part == RULE_EXPORT ? &rule->from : &rule->to;
    if (r->zone >= 0) {
        own->zones = mem_new(sizeof(*own->zones));
        own->zones[own->n++] = r->zone;
    }
}

static void needed_check(const struct reading *r, const char *key, const struct yaml_tree *value)
{
    if (!yaml_tree_get(value, key))
        mistake(r->job->mistakes, value->at, "the rule \"%s\" has no `%s`", rule_of(r)->name, key);
}

static void rule_read(struct reading *r, size_t place, const struct yaml_tree *value)
{
    struct job *job = r->job;
    if (job->policy->rules_n == POLICY_RULES_MAX) {
        if (!job->rules_full)
            mistake(job->mistakes, value->at, "more than %d rules", POLICY_RULES_MAX);
        job->rules_full = true;
        return;
    }
    rule_begin(r, place, value);
    if (!kind_is(job, value, TREE_MAP, "a rule"))
        return;
    for (size_t i = 0; i < value->n; i++)
        key_read(r, value->keys[i], value->values[i]);
    if (r->part != RULE_EXPORT)
        needed_check(r, "from", value);
    if (r->part != RULE_IMPORT)
        needed_check(r, "to", value);
    needed_check(r, "then", value);
    name_check(r, value);
    consent_check(r, value);
}

static void list_read(struct job *job, enum rule_part part, int zone, const struct yaml_tree *list)
{
    static const char *const names[] = {"export", "import", "rules"};
    struct reading r = {job, part, zone, 0};
    if (!list || !kind_is(job, list, TREE_LIST, names[part]))
        return;
    for (size_t i = 0; i < list->n; i++)
        rule_read(&r, i, list->values[i]);
}

void rules_read(struct job *job, const struct yaml_tree *zones, const struct yaml_tree *rules)
{
    job->rule_names = map_new();
    for (size_t i = 0; zones && zones->kind == TREE_MAP && i < job->policy->zones_n; i++) {
        list_read(job, RULE_EXPORT, (int)i, yaml_tree_get(zones->values[i], "export"));
        list_read(job, RULE_IMPORT, (int)i, yaml_tree_get(zones->values[i], "import"));
    }
    list_read(job, RULE_SHORT, -1, rules);
    map_free(&job->rule_names);
}
