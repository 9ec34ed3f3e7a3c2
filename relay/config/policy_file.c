/* policy_file: reads zones, and says what is wrong with them and where; their rules are read in
 * policy_file_rules.c. The policy owns what is read; places and patterns are remembered here only
 * until all zones are read, to compare them.
 * May not know: how a decision is made (rules/policy_decide.c). */
#include "relay/config/policy_file.h"

#include <stdlib.h>

#include "relay/config/policy_file_inner.h"

bool kind_is(struct job *job, const struct yaml_tree *value, enum yaml_tree_kind kind,
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

bool name_ok(struct job *job, const struct yaml_tree *value, const char *what)
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

static void network_add(struct job *job, int number, const struct yaml_tree *value)
{
    struct zone *zone = &job->policy->zones[number];
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

static void publish_read(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("no"), NAME("token"), NAME("public")};
    if (!kind_is(job, value, TREE_TEXT, "publish"))
        return;
    for (enum zone_publish publish = PUBLISH_NO; publish <= PUBLISH_PUBLIC; publish++) {
        if (span_eq_str(yaml_tree_text(value), zone_publish_name(publish))) {
            zone->publish = publish;
            return;
        }
    }
    mistake_unknown(job->mistakes, value->at, "way to publish", yaml_tree_text(value), names, 3);
}

static void token_file_read(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    if (!kind_is(job, value, TREE_TEXT, "token_file"))
        return;
    if (yaml_tree_text(value).n > POLICY_TOKEN_FILE_MAX)
        mistake(job->mistakes, value->at, "token_file is longer than %d bytes",
                POLICY_TOKEN_FILE_MAX);
    else
        zone->token_file = mem_copy(yaml_tree_text(value));
}

static void consent_read(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("none"), NAME("opt-out"), NAME("opt-in")};
    if (!kind_is(job, value, TREE_TEXT, "consent"))
        return;
    for (size_t i = 0; i < 3; i++) {
        if (span_eq(yaml_tree_text(value), names[i])) {
            zone->consent = (enum zone_consent)i;
            return;
        }
    }
    mistake_unknown(job->mistakes, value->at, "kind of consent", yaml_tree_text(value), names, 3);
}

static void inside_read(struct job *job, struct zone *zone, const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("allow"), NAME("hold"), NAME("deny")};
    if (!kind_is(job, value, TREE_TEXT, "inside"))
        return;
    for (int then = RULE_ALLOW; then <= RULE_DENY; then++) {
        if (span_eq_str(yaml_tree_text(value), rule_verdict_name((enum rule_verdict)then))) {
            zone->inside = (enum rule_verdict)then;
            return;
        }
    }
    mistake_unknown(job->mistakes, value->at, "verdict", yaml_tree_text(value), names, 3);
}

static void list_read(struct job *job, int zone, const char *what, const struct yaml_tree *list,
                      void (*read)(struct job *, int, const struct yaml_tree *))
{
    for (size_t i = 0; kind_is(job, list, TREE_LIST, what) && i < list->n; i++)
        read(job, zone, list->values[i]);
}

static void zone_key_read(struct job *job, int number, const struct yaml_tree *key,
                          const struct yaml_tree *value)
{
    static const struct span names[] = {NAME("hosts"),      NAME("networks"), NAME("join"),
                                        NAME("inside"),     NAME("consent"),  NAME("publish"),
                                        NAME("token_file"), NAME("export"),   NAME("import")};
    struct zone *zone = &job->policy->zones[number];
    struct span name = yaml_tree_text(key);
    if (span_eq_str(name, "hosts"))
        list_read(job, number, "hosts", value, host_read);
    else if (span_eq_str(name, "networks"))
        list_read(job, number, "networks", value, network_add);
    else if (span_eq_str(name, "join"))
        join_read(job, zone, value);
    else if (span_eq_str(name, "inside"))
        inside_read(job, zone, value);
    else if (span_eq_str(name, "consent"))
        consent_read(job, zone, value);
    else if (span_eq_str(name, "publish"))
        publish_read(job, zone, value);
    else if (span_eq_str(name, "token_file"))
        token_file_read(job, zone, value);
    else if (!span_eq_str(name, "export") && !span_eq_str(name, "import")) /* read with the rules */
        mistake_unknown(job->mistakes, key->at, "key of a zone", name, names, 9);
}

static void zone_read(struct job *job, int number, const struct yaml_tree *value)
{
    if (!kind_is(job, value, TREE_MAP, "a zone"))
        return;
    for (size_t i = 0; i < value->n; i++)
        zone_key_read(job, number, value->keys[i], value->values[i]);
    const struct zone *zone = &job->policy->zones[number];
    const struct yaml_tree *file = yaml_tree_get(value, "token_file");
    if (zone->publish == PUBLISH_TOKEN && !file)
        mistake(job->mistakes, yaml_tree_get(value, "publish")->at,
                "publish: token wants token_file: the file that holds the token");
    else if (file && zone->publish != PUBLISH_TOKEN)
        mistake(job->mistakes, file->at, "token_file is asked for by publish: token only");
}

/* What a condition calls otherwise: a zone of that name could not be told from it. */
static void zone_name_check(struct job *job, const struct yaml_tree *value)
{
    static const char *const taken[] = {"other", "none", "crossed"};
    if (name_ok(job, value, "zone") && span_among(yaml_tree_text(value), taken, 3) < 3)
        mistake(job->mistakes, value->at,
                "a zone can't be called %s: in a condition the word means something else",
                quoted(yaml_tree_text(value)).text);
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
        zone_name_check(job, zones->keys[i]);
        /* Nobody comes in unasked where the file is silent. */
        policy->zones[i] = (struct zone){.join = JOIN_INVITED, .inside = RULE_ALLOW};
        policy->zones[i].name = mem_copy(yaml_tree_text(zones->keys[i]));
        policy->zones_n = i + 1;
        zone_read(job, (int)i, zones->values[i]);
    }
    free(job->listed);
}

void policy_file_read(const struct yaml_tree *zones, const struct yaml_tree *rules, bool https,
                      struct mistakes *mistakes, struct policy *ret)
{
    struct job job = {.mistakes = mistakes, .policy = ret, .https = https};
    if (zones)
        zones_read(&job, zones);
    rules_read(&job, zones, rules);
    policy_compile(ret);
}
