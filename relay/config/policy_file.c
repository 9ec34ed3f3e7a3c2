/* policy_file: reads zones and rules, and says what is wrong with them and where. The policy owns
 * what is read; places and patterns are remembered here only until all zones are read, to compare
 * them.
 * May not know: how a decision is made (rules/policy.c). */
#include "relay/config/policy_file.h"

#include <stdlib.h>

#include "common/pure/utf8.h"

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
    bool listed_full; /* said so already */
};

/* Whether the value is of this kind; says if not. what: `hosts`, `the rule` ... */
static bool kind_is(struct job *job, const struct yaml_tree *value, enum yaml_tree_kind kind,
                    const char *what)
{
    static const char *const wanted[] = {"a text", "a list", "a mapping", ""};
    if (value->kind == kind && (kind != TREE_TEXT || value->text_n))
        return true;
    if (value->kind != TREE_BROKEN)
        mistake(job->mistakes, value->at, "%s must be %s, not %s", what, wanted[kind],
                yaml_tree_kind_name(value));
    return false;
}

/* Names go into the journal, separated by commas, into log lines and onto command lines. */
static bool name_ok(struct job *job, const struct yaml_tree *value, const char *what)
{
    struct span name = yaml_tree_text(value);
    bool ok = name.n > 0 && name.n <= POLICY_NAME_MAX && name.p[0] != '-' && name.p[0] != '.';
    for (size_t i = 0; ok && i < name.n; i++) {
        char c = name.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_' || c == '.';
    }
    if (!ok)
        mistake(job->mistakes, value->at,
                "%s is no name for a %s: letters, digits, - _ and ., at most %d", quoted(name).text,
                what, POLICY_NAME_MAX);
    return ok;
}

/* --- zones ----------------------------------------------------------------------------------- */

static void overlap_check(struct job *job, const struct listed *new)
{
    for (size_t i = 0; i < job->listed_n; i++) {
        const struct listed *old = &job->listed[i];
        if (!policy_patterns_overlap(span_of(old->pattern), span_of(new->pattern)))
            continue;
        const char *zone = job->policy->zones[old->zone].name;
        if (old->zone != new->zone)
            mistake(job->mistakes, new->at,
                    "a host could fit both %s in zone %s and %s in zone %s (line %u)",
                    quoted(span_of(new->pattern)).text, job->policy->zones[new->zone].name,
                    quoted(span_of(old->pattern)).text, zone, old->at.line);
        else if (span_eq_str(span_of(old->pattern), new->pattern))
            mistake(job->mistakes, new->at, "%s is on line %u already",
                    quoted(span_of(new->pattern)).text, old->at.line);
        else
            continue;
        return;
    }
}

static void host_read(struct job *job, int zone, const struct yaml_tree *value)
{
    struct zone *z = &job->policy->zones[zone];
    char *pattern;
    if (!kind_is(job, value, TREE_TEXT, "a host"))
        return;
    if (!policy_pattern_read(yaml_tree_text(value), job->https, &pattern)) {
        mistake(job->mistakes, value->at,
                "%s is not a host: NAME or NAME:PORT, where *.NAME stands for all names below and "
                "a * may end the port",
                quoted(yaml_tree_text(value)).text);
        return;
    }
    if (job->listed_n == POLICY_HOSTS_MAX) {
        if (!job->listed_full)
            mistake(job->mistakes, value->at, "more than %d hosts in all zones", POLICY_HOSTS_MAX);
        job->listed_full = true;
        free(pattern);
        return;
    }
    z->hosts = mem_grow(z->hosts, (z->hosts_n + 1) * sizeof(*z->hosts));
    z->hosts[z->hosts_n++] = pattern;
    struct listed new = {zone, pattern, value->at};
    overlap_check(job, &new);
    job->listed[job->listed_n++] = new;
}

static void network_add(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    struct network network;
    if (!kind_is(job, value, TREE_TEXT, "a network"))
        return;
    if (!network_read(yaml_tree_text(value), &network)) {
        mistake(job->mistakes, value->at,
                "%s is not a network: ADDRESS/BITS, such as 10.0.0.0/8 or fd00::/8, with no bits "
                "set behind the prefix",
                quoted(yaml_tree_text(value)).text);
        return;
    }
    if (zone->networks_n == POLICY_NETWORKS_MAX) {
        mistake(job->mistakes, value->at, "more than %d networks in one zone", POLICY_NETWORKS_MAX);
        return;
    }
    zone->networks = mem_grow(zone->networks, (zone->networks_n + 1) * sizeof(*zone->networks));
    zone->networks[zone->networks_n++] = network;
}

static void join_read(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    static const struct span names[] = {
        NAME("open"),
        NAME("approval"),
        NAME("invited"),
    };
    if (!kind_is(job, value, TREE_TEXT, "join"))
        return;
    for (enum zone_join join = JOIN_OPEN; join <= JOIN_INVITED; join++) {
        if (span_eq_str(yaml_tree_text(value), zone_join_name(join))) {
            zone->join = join;
            return;
        }
    }
    mistake_unknown(job->mistakes, value->at, "way to join", yaml_tree_text(value), names, 3);
}

static void zone_read(struct job *job, int number, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("hosts"), NAME("networks"), NAME("join")};
    if (!kind_is(job, value, TREE_MAP, "a zone"))
        return;
    for (size_t i = 0; i < value->n; i++) {
        struct span key = yaml_tree_text(value->keys[i]);
        const struct yaml_tree *v = value->values[i];
        struct zone *zone = &job->policy->zones[number];
        if (span_eq_str(key, "hosts")) {
            for (size_t j = 0; kind_is(job, v, TREE_LIST, "hosts") && j < v->n; j++)
                host_read(job, number, v->values[j]);
        } else if (span_eq_str(key, "networks")) {
            for (size_t j = 0; kind_is(job, v, TREE_LIST, "networks") && j < v->n; j++)
                network_add(job, zone, v->values[j]);
        } else if (span_eq_str(key, "join")) {
            join_read(job, zone, v);
        } else {
            mistake_unknown(job->mistakes, value->keys[i]->at, "key of a zone", key, names, 3);
        }
    }
}

static void zones_read(struct job *job, const struct yaml_tree *zones)
{
    struct policy *policy = job->policy;
    if (!kind_is(job, zones, TREE_MAP, "zones"))
        return;
    if (zones->n == 0)
        mistake(job->mistakes, zones->at, "there must be at least one zone");
    if (zones->n > POLICY_ZONES_MAX) {
        mistake(job->mistakes, zones->keys[POLICY_ZONES_MAX]->at, "more than %d zones",
                POLICY_ZONES_MAX);
        return;
    }
    policy->zones = mem_new(zones->n * sizeof(*policy->zones));
    job->listed = mem_new(POLICY_HOSTS_MAX * sizeof(*job->listed));
    for (size_t i = 0; i < zones->n; i++) {
        name_ok(job, zones->keys[i], "zone");
        /* Nobody comes in unasked where the file is silent. */
        policy->zones[i] = (struct zone){.join = JOIN_INVITED};
        policy->zones[i].name = mem_copy(yaml_tree_text(zones->keys[i]));
        policy->zones_n = i + 1;
        zone_read(job, (int)i, zones->values[i]);
    }
    free(job->listed);
}

/* --- rules ----------------------------------------------------------------------------------- */

static void end_read(struct job *job, const struct yaml_tree *value, const char *what, int *ret)
{
    struct span names[POLICY_ZONES_MAX];
    *ret = -1;
    if (!kind_is(job, value, TREE_TEXT, what) || span_eq_str(yaml_tree_text(value), "*"))
        return;
    *ret = policy_zone_by_name(job->policy, yaml_tree_text(value));
    /* Where there are no zones at all, that has been said. */
    if (*ret >= 0 || job->policy->zones_n == 0)
        return;
    for (size_t i = 0; i < job->policy->zones_n; i++)
        names[i] = span_of(job->policy->zones[i].name);
    mistake_unknown(job->mistakes, value->at, "zone", yaml_tree_text(value), names,
                    job->policy->zones_n);
}

static bool tag_ok(struct span tag)
{
    bool ok = tag.n <= POLICY_TAG_SIZE && utf8_valid(tag);
    for (size_t i = 0; ok && i < tag.n; i++)
        ok = (unsigned char)tag.p[i] > ' ' && tag.p[i] != '#' && tag.p[i] != 0x7f;
    return ok;
}

static void tag_read(struct job *job, struct rule *rule, const struct yaml_tree *value)
{
    if (!kind_is(job, value, TREE_TEXT, "a tag"))
        return;
    if (!tag_ok(yaml_tree_text(value))) {
        mistake(job->mistakes, value->at, "%s is not a tag: one word without #, at most %d bytes",
                quoted(yaml_tree_text(value)).text, POLICY_TAG_SIZE);
        return;
    }
    if (rule->tags_n == POLICY_TAGS_MAX) {
        mistake(job->mistakes, value->at, "more than %d tags in one rule", POLICY_TAGS_MAX);
        return;
    }
    char *tag = mem_copy(yaml_tree_text(value));
    policy_tag_fold(tag, value->text_n);
    rule->tags = mem_grow(rule->tags, (rule->tags_n + 1) * sizeof(*rule->tags));
    rule->tags[rule->tags_n++] = tag;
}

static void when_read(struct job *job, struct rule *rule, const struct yaml_tree *when)
{
    static const struct span names[] = {NAME("tags")};
    if (!kind_is(job, when, TREE_MAP, "when"))
        return;
    /* An empty condition would be read as none, and let everything through. */
    if (when->n == 0)
        mistake(job->mistakes, when->at, "when has no condition: leave it out to mean always");
    for (size_t i = 0; i < when->n; i++) {
        struct span key = yaml_tree_text(when->keys[i]);
        const struct yaml_tree *v = when->values[i];
        if (!span_eq_str(key, "tags")) {
            mistake_unknown(job->mistakes, when->keys[i]->at, "condition", key, names, 1);
            continue;
        }
        if (!kind_is(job, v, TREE_LIST, "tags"))
            continue;
        if (v->n == 0)
            mistake(job->mistakes, v->at, "tags is empty: leave when out to mean always");
        for (size_t j = 0; j < v->n; j++)
            tag_read(job, rule, v->values[j]);
    }
}

static void then_read(struct job *job, struct rule *rule, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("allow"), NAME("deny")};
    rule->then = RULE_DENY;
    if (!kind_is(job, value, TREE_TEXT, "then"))
        return;
    if (span_eq_str(yaml_tree_text(value), "allow"))
        rule->then = RULE_ALLOW;
    else if (!span_eq_str(yaml_tree_text(value), "deny"))
        mistake_unknown(job->mistakes, value->at, "verdict", yaml_tree_text(value), names, 2);
}

static void rule_name_read(struct job *job, struct rule *rule, const struct yaml_tree *value)
{
    if (!kind_is(job, value, TREE_TEXT, "name") || !name_ok(job, value, "rule"))
        return;
    free(rule->name);
    rule->name = mem_copy(yaml_tree_text(value));
}

static void rule_key_read(struct job *job, struct rule *rule, const struct yaml_tree *key,
                          const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("name"), NAME("from"), NAME("to"), NAME("when"),
                                        NAME("then")};
    struct span name = yaml_tree_text(key);
    if (span_eq_str(name, "name"))
        rule_name_read(job, rule, value);
    else if (span_eq_str(name, "from"))
        end_read(job, value, "from", &rule->from);
    else if (span_eq_str(name, "to"))
        end_read(job, value, "to", &rule->to);
    else if (span_eq_str(name, "when"))
        when_read(job, rule, value);
    else if (span_eq_str(name, "then"))
        then_read(job, rule, value);
    else
        mistake_unknown(job->mistakes, key->at, "key of a rule", name, names, 5);
}

/* Two rules of one name would make `weir explain` name a rule that nobody can find. */
static void rule_name_check(struct job *job, const struct yaml_tree *value)
{
    const struct policy *policy = job->policy;
    const struct rule *rule = &policy->rules[policy->rules_n - 1];
    const struct yaml_tree *given = yaml_tree_get(value, "name");
    for (size_t i = 0; i + 1 < policy->rules_n; i++) {
        if (!span_eq_str(span_of(policy->rules[i].name), rule->name))
            continue;
        mistake(job->mistakes, given ? given->at : value->at,
                "the rule on line %u is called \"%s\" already", policy->rules[i].line, rule->name);
        return;
    }
}

static void rule_read(struct job *job, const struct yaml_tree *value)
{
    static const char *const needed[] = {"from", "to", "then"};
    struct policy *policy = job->policy;
    struct rule *rule = &policy->rules[policy->rules_n++];
    struct bytes name;
    bytes_init(&name, POLICY_NAME_MAX);
    bytes_addf(&name, "rule-%zu", policy->rules_n);
    *rule = (struct rule){.name = bytes_take(&name), .from = -1, .to = -1, .then = RULE_DENY};
    rule->line = value->at.line;
    if (!kind_is(job, value, TREE_MAP, "a rule"))
        return;
    for (size_t i = 0; i < value->n; i++)
        rule_key_read(job, rule, value->keys[i], value->values[i]);
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        if (!yaml_tree_get(value, needed[i]))
            mistake(job->mistakes, value->at, "the rule \"%s\" has no `%s`", rule->name, needed[i]);
    rule_name_check(job, value);
}

static void rules_read(struct job *job, const struct yaml_tree *rules)
{
    if (!kind_is(job, rules, TREE_LIST, "rules"))
        return;
    if (rules->n > POLICY_RULES_MAX) {
        mistake(job->mistakes, rules->values[POLICY_RULES_MAX]->at, "more than %d rules",
                POLICY_RULES_MAX);
        return;
    }
    job->policy->rules = mem_new(rules->n * sizeof(*job->policy->rules));
    for (size_t i = 0; i < rules->n; i++)
        rule_read(job, rules->values[i]);
}

void policy_file_read(const struct yaml_tree *zones, const struct yaml_tree *rules, bool https,
                      struct mistakes *mistakes, struct policy *ret)
{
    struct job job = {.mistakes = mistakes, .policy = ret, .https = https};
    if (zones)
        zones_read(&job, zones);
    if (rules)
        rules_read(&job, rules);
}
