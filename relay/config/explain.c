/* explain: the table of settings for people and for programs: `weir config explain`.
 * May not know: how a value is read. */
#include <string.h>

#include "common/pure/date.h"
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
    {"zones.NAME.inside", "allow or deny", "allow", "what holds inside it where no rule decides"},
    {"zones.NAME.publish", "no, token or public", "no",
     "who may read its active members at /zones/NAME/members.txt, .csv and .json"},
    {"zones.NAME.token_file", "path", "none",
     "of publish: token: holds the bearer token, mode 0600; a relative path starts at data"},
    {"zones.NAME.export", "list of rules with `to`", "none",
     "what leaves it; asked before `rules`, the first that matches decides; none: deny"},
    {"zones.NAME.import", "list of rules with `from`", "none",
     "what it takes; as export. An activity crosses when both sides allow"},
    {"rules[]", "list of rules with `from` and `to`", "none",
     "stand for both sides; inside a zone, where they name it as from and as to"},
    {"rules[].name", "text", "by place: rule-N, ZONE.export-N, ZONE.import-N",
     "what logs and `weir explain` call it; the same in a zone's rules, as all below"},
    {"rules[].from", "zone, list of zones, or *", "must be given",
     "zone of the signer's host; * is any other than to"},
    {"rules[].to", "zone, list of zones, or *", "must be given",
     "zone that may have it; * is any other than from"},
    {"rules[].when", "mapping of facts", "always",
     "all must hold; of a list, one must. A fact that is missing holds for nothing"},
    {"rules[].unless", "mapping of facts", "never",
     "where all of these hold, the rule does not match"},
    {"rules[].then", "allow, deny or drop", "must be given",
     "the first rule that matches decides; drop is deny without telling the sender"},
    {"rules[].until", "day or moment", "no end",
     "from then on it is passed over; a day counts to its end (UTC)"},
    {"rules[].owner", "text", "none", "who answers for it; said by `weir explain`"},
    {"rules[].reason", "text", "none", "why it is there; said by `weir explain`"},
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
        bytes_addf(out, "zone %s: %zu hosts, %zu networks, join %s, inside %s, publish %s\n",
                   z->name, z->hosts_n, z->networks_n, zone_join_name(z->join),
                   rule_verdict_name(z->inside), zone_publish_name(z->publish));
    }
    for (size_t i = 0; i < policy->rules_n; i++) {
        policy_rule_write(policy, &policy->rules[i], out);
        bytes_add_char(out, '\n');
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

static void end_json(const struct policy *policy, const char *key, const struct rule_end *end,
                     struct json_writer *w)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < end->n; i++)
        json_add_text(w, span_of(policy->zones[end->zones[i]].name));
    if (!end->n)
        json_add_text(w, SPAN("*"));
    json_close(w, ']');
}

static void conditions_json(const char *key, const struct conditions *conditions,
                            struct json_writer *w)
{
    struct bytes text;
    if (!conditions->n)
        return;
    bytes_init(&text, POLICY_WORDS_MAX * (POLICY_WORD_SIZE + 4));
    json_key(w, key);
    json_open(w, '{');
    for (size_t i = 0; i < conditions->n; i++) {
        policy_condition_write(&conditions->list[i], &text);
        member_bytes(w, fact_row(conditions->list[i].fact)->name, &text);
    }
    json_close(w, '}');
    bytes_fini(&text);
}

static void rule_json(const struct policy *policy, const struct rule *r, struct json_writer *w)
{
    static const char *const parts[] = {"export", "import", "both"};
    json_open(w, '{');
    json_member(w, "name", span_of(r->name));
    json_member(w, "side", span_of(parts[r->part]));
    end_json(policy, "from", &r->from, w);
    end_json(policy, "to", &r->to, w);
    conditions_json("when", &r->when, w);
    conditions_json("unless", &r->unless, w);
    json_member(w, "then", span_of(rule_verdict_name(r->then)));
    if (r->until_ms) {
        char until[DATE_ISO_SIZE];
        date_iso_write(r->until_ms, until);
        json_member(w, "until", span_of(until));
    }
    if (r->owner)
        json_member(w, "owner", span_of(r->owner));
    if (r->reason)
        json_member(w, "reason", span_of(r->reason));
    json_close(w, '}');
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
        json_member(w, "inside", span_of(rule_verdict_name(z->inside)));
        json_member(w, "publish", span_of(zone_publish_name(z->publish)));
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
    for (size_t i = 0; i < policy->rules_n; i++)
        rule_json(policy, &policy->rules[i], w);
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
