/* verdict_json: a verdict as one JSON object, for programs.
 * May not know: how it was come to. */
#include "common/pure/json.h"
#include "relay/verdict.h"

enum { BECAUSE_MAX = 4096 };

static void host_json(const struct ruling *v, const char *key, const char *host, int zone,
                      struct json_writer *w)
{
    json_key(w, key);
    json_open(w, '{');
    json_member(w, "host", host ? span_of(host) : SPAN_NONE);
    json_member(w, "zone", zone < 0 ? SPAN_NONE : span_of(v->config->policy.zones[zone].name));
    json_close(w, '}');
}

static void facts_json(const struct ruling *v, struct json_writer *w)
{
    const struct activity *a = v->activity;
    json_key(w, "activity");
    json_open(w, '{');
    json_member(w, "type", span_of(activity_type_name(a->type)));
    json_member(w, "id", a->id);
    json_member(w, "actor", a->actor);
    json_member(w, "object", a->object);
    json_member(w, "objectType", a->object_type);
    json_key(w, "tags");
    json_open(w, '[');
    for (size_t i = 0; i < a->tags_n; i++)
        json_add_text(w, a->tags[i]);
    json_close(w, ']');
    json_member_bool(w, "proof", a->has_proof);
    json_close(w, '}');
}

static void why_json(const struct zone_verdict *z, struct json_writer *w)
{
    json_member_bool(w, "allow", z->why == ERR_OK);
    json_member(w, "code", span_of(err_code(z->why)));
    json_member(w, "side", span_of(policy_side_name(z->side)));
    json_member(w, "rule", z->rule ? span_of(z->rule->name) : SPAN_NONE);
    json_member(w, "reason", z->rule ? span_of(z->rule->reason) : SPAN_NONE);
    json_member(w, "owner", z->rule ? span_of(z->rule->owner) : SPAN_NONE);
}

static void zones_json(const struct ruling *v, struct json_writer *w)
{
    json_key(w, "zones");
    json_open(w, '[');
    for (size_t i = 0; i < v->config->policy.zones_n; i++) {
        if (v->one && (int)i != v->to_zone)
            continue;
        json_open(w, '{');
        json_member(w, "zone", span_of(v->config->policy.zones[i].name));
        why_json(&v->zones[i], w);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void steps_json(const struct ruling *v, struct json_writer *w)
{
    struct bytes text;
    bytes_init(&text, BECAUSE_MAX);
    json_key(w, "rules");
    json_open(w, '[');
    for (size_t i = 0; i < v->steps_n; i++) {
        const struct rule_step *step = &v->steps[i];
        json_open(w, '{');
        json_member(w, "side", span_of(policy_side_name(step->side)));
        json_member(w, "rule", span_of(step->rule->name));
        json_member_int(w, "line", step->rule->line);
        json_member_bool(w, "matches", step->why == STEP_MATCHES);
        if (step->why == STEP_MATCHES) {
            json_member(w, "then", span_of(rule_verdict_name(step->rule->then)));
        } else {
            verdict_because(v, step, &text);
            json_member(w, "because", bytes_span(&text));
            bytes_clear(&text);
        }
        json_close(w, '}');
    }
    json_close(w, ']');
    bytes_fini(&text);
}

static void gets_json(const struct ruling *v, struct json_writer *w)
{
    json_key(w, "gets");
    json_open(w, '{');
    json_member(w, "withProofs", span_of(outgoing_form_name(v->with_proofs)));
    json_member(w, "otherwise", span_of(outgoing_form_name(v->otherwise)));
    if (v->with_proofs == FORM_ANNOUNCE || v->otherwise == FORM_ANNOUNCE)
        json_member(w, "announces", activity_announced(v->activity));
    json_close(w, '}');
}

void verdict_write_json(const struct ruling *v, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    facts_json(v, &w);
    host_json(v, "from", v->from, v->from_zone, &w);
    if (v->one)
        host_json(v, "to", v->to, v->to_zone, &w);
    if (v->consent.says != FACT_UNKNOWN) {
        json_key(&w, "consent");
        json_open(&w, '{');
        json_member_bool(&w, "says", v->consent.says == FACT_YES);
        json_member(&w, "by", span_of(consent_by_name(v->consent.by)));
        json_close(&w, '}');
    }
    json_member_bool(&w, "allow", v->may);
    json_member(&w, "verdict", span_of(verdict_word(v)));
    json_member(&w, "code", span_of(err_code(v->why)));
    if (v->refused == ERR_OK) {
        json_member_bool(&w, "followsItsObject", v->follows);
        json_member_bool(&w, "backToItsHost", verdict_is_return(v));
        json_member_bool(&w, "fetchesItsObject", v->fetches);
        zones_json(v, &w);
        if (v->one)
            steps_json(v, &w);
        gets_json(v, &w);
    }
    json_close(&w, '}');
}
