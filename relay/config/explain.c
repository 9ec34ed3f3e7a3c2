/* explain: the table of settings for people and for programs: `weir config explain`.
 * May not know: how a value is read. */
#include <string.h>

#include "common/pure/json.h"
#include "relay/config/config.h"

/* What zones and rules may hold; they are no single values. Key, what it takes, default, prose. */
static const struct {
    const char *key, *takes, *otherwise, *prose;
} policy_keys[] = {
    {"zones.NAME.hosts", "list of hosts", "none",
     "who belongs to it: NAME, NAME:PORT, *.NAME for all names below, a * at the end of a port"},
    {"zones.NAME.networks", "list of networks", "none",
     "private addresses that its hosts may have, besides public ones"},
    {"zones.NAME.join", "open, approval or invited", "invited", "how one becomes a member"},
    {"rules[].name", "text", "rule-N", "what logs and `weir explain` call it"},
    {"rules[].from", "zone or *", "must be given",
     "zone of the signer's host; * is any other than to"},
    {"rules[].to", "zone or *", "must be given", "zone that may have it; * is any other than from"},
    {"rules[].when.tags", "list of tags", "always", "any of these, without #, case does not count"},
    {"rules[].then", "allow or deny", "must be given",
     "the first rule that matches decides; none: deny across zones, allow inside one"},
};
enum { POLICY_KEYS = sizeof(policy_keys) / sizeof(*policy_keys) };

static void setting_explain(const struct config *config, int i, struct bytes *out)
{
    const struct setting *s = &settings_table[i];
    bytes_addf(out, "%s\n    %s\n    %s, ", s->name, s->prose, setting_kind_name(s->kind));
    setting_bounds(i, out);
    bytes_addf(out, "; default %s", s->otherwise ? s->otherwise : "none: must be given");
    if (config) {
        bytes_add_str(out, "; now ");
        setting_write(&config->set, i, out);
    }
    bytes_add_char(out, '\n');
}

static void policy_explain(const struct policy *policy, struct bytes *out)
{
    for (size_t i = 0; i < policy->zones_n; i++) {
        const struct zone *z = &policy->zones[i];
        bytes_addf(out, "zone %s: %zu hosts, %zu networks, join %s\n", z->name, z->hosts_n,
                   z->networks_n, zone_join_name(z->join));
    }
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct rule *r = &policy->rules[i];
        bytes_addf(out, "rule %s: from %s to %s", r->name,
                   r->from < 0 ? "*" : policy->zones[r->from].name,
                   r->to < 0 ? "*" : policy->zones[r->to].name);
        for (size_t j = 0; j < r->tags_n; j++)
            bytes_addf(out, "%s%s", j ? ", " : " when tags ", r->tags[j]);
        bytes_addf(out, " then %s\n", r->then == RULE_ALLOW ? "allow" : "deny");
    }
}

void config_explain(const struct config *config, struct bytes *out)
{
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        setting_explain(config, i, out);
    for (size_t i = 0; i < POLICY_KEYS; i++)
        bytes_addf(out, "%s\n    %s\n    %s; default %s\n", policy_keys[i].key,
                   policy_keys[i].prose, policy_keys[i].takes, policy_keys[i].otherwise);
    if (config)
        policy_explain(&config->policy, out);
}

static void member_bytes(struct json_writer *w, const char *key, struct bytes *text)
{
    json_member(w, key, bytes_span(text).p ? bytes_span(text) : SPAN(""));
    bytes_clear(text);
}

static void setting_json(const struct config *config, int i, struct json_writer *w)
{
    const struct setting *s = &settings_table[i];
    struct bytes text;
    bytes_init(&text, 2000);
    json_open(w, '{');
    json_member(w, "name", span_of(s->name));
    json_member(w, "kind", span_of(setting_kind_name(s->kind)));
    setting_bounds(i, &text);
    member_bytes(w, "bounds", &text);
    json_member(w, "default", span_of(s->otherwise));
    if (config) {
        setting_write(&config->set, i, &text);
        member_bytes(w, "now", &text);
    }
    json_member(w, "prose", span_of(s->prose));
    json_close(w, '}');
    bytes_fini(&text);
}

static void policy_json(const struct policy *policy, struct json_writer *w)
{
    json_key(w, "zones");
    json_open(w, '[');
    for (size_t i = 0; i < policy->zones_n; i++) {
        const struct zone *z = &policy->zones[i];
        json_open(w, '{');
        json_member(w, "name", span_of(z->name));
        json_member(w, "join", span_of(zone_join_name(z->join)));
        json_key(w, "hosts");
        json_open(w, '[');
        for (size_t j = 0; j < z->hosts_n; j++)
            json_add_text(w, span_of(z->hosts[j]));
        json_close(w, ']');
        json_member_int(w, "networks", (int64_t)z->networks_n);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_key(w, "rules");
    json_open(w, '[');
    for (size_t i = 0; i < policy->rules_n; i++) {
        const struct rule *r = &policy->rules[i];
        json_open(w, '{');
        json_member(w, "name", span_of(r->name));
        json_member(w, "from", span_of(r->from < 0 ? "*" : policy->zones[r->from].name));
        json_member(w, "to", span_of(r->to < 0 ? "*" : policy->zones[r->to].name));
        json_key(w, "tags");
        json_open(w, '[');
        for (size_t j = 0; j < r->tags_n; j++)
            json_add_text(w, span_of(r->tags[j]));
        json_close(w, ']');
        json_member(w, "then", span_of(r->then == RULE_ALLOW ? "allow" : "deny"));
        json_close(w, '}');
    }
    json_close(w, ']');
}

void config_explain_json(const struct config *config, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "settings");
    json_open(&w, '[');
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        setting_json(config, i, &w);
    json_close(&w, ']');
    if (config)
        policy_json(&config->policy, &w);
    json_close(&w, '}');
}
