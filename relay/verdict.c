/* verdict: the inbox's questions in its order, with what was answered kept for print.
 * May not know: Redis, members, the wire. */
#include "relay/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/json.h"
#include "common/pure/uri.h"
#include "relay/config/mistakes.h"

/* --- deciding -------------------------------------------------------------------------------- */

/* What stops it before any rule is asked. */
static enum err refusal(struct verdict *v)
{
    struct uri actor;
    if (v->from_zone < 0)
        return ERR_NO_ZONE;
    if (uri_read(v->activity->actor, &actor) != ERR_OK || strcmp(actor.authority, v->from) != 0)
        return ERR_ACTOR_NOT_SIGNER;
    enum err e = activity_origin_check(v->activity, v->activity->actor);
    if (e != ERR_OK)
        return e;
    e = activity_relayable(v->activity, v->config->set.accept_unlisted);
    v->fetches = e == ERR_NOT_PUBLIC && !v->activity->hidden_recipients &&
                 activity_to_followers(v->activity, SPAN_NONE);
    if (e != ERR_OK && !v->fetches)
        return e;
    return v->to && v->to_zone < 0 ? ERR_NO_ZONE : ERR_OK;
}

static bool is_return(const struct verdict *v)
{
    return v->to && strcmp(v->to, v->from) == 0;
}

static void forms_make(struct verdict *v)
{
    struct outgoing_facts facts = outgoing_facts_of(v->activity);
    facts.has_proof = facts.has_proof && !v->fetches; /* made for followers only */
    enum activity_type type = v->activity->type;
    v->follows = type == ACTIVITY_UPDATE || type == ACTIVITY_DELETE || type == ACTIVITY_UNDO;
    facts.announced =
        v->follows ? (facts.has_proof ? ANNOUNCED_LITEPUB : ANNOUNCED_ALL) : ANNOUNCED_NO;
    v->with_proofs = outgoing_form(&facts, STYLE_PUBLIC);
    v->otherwise = outgoing_form(&facts, STYLE_LITEPUB);
}

void verdict_make(const struct config *config, const struct activity *activity, const char *from,
                  const char *to, struct verdict *ret)
{
    const struct policy *policy = &config->policy;
    *ret = (struct verdict){.config = config, .activity = activity, .from = from, .to = to};
    ret->from_zone = policy_zone_of(policy, span_of(from));
    ret->to_zone = to ? policy_zone_of(policy, span_of(to)) : -1;
    ret->refused = refusal(ret);
    forms_make(ret);
    ret->why = ret->refused;
    if (ret->refused != ERR_OK)
        return;
    struct zone_set set;
    policy_decide(policy, activity, ret->from_zone, ret->zones, &set);
    ret->may = !zone_set_empty(&set);
    ret->why = ret->may ? ERR_OK : ERR_NO_AUDIENCE;
    if (!to)
        return;
    struct zone_verdict verdict;
    ret->steps = mem_new(policy->rules_n * sizeof(*ret->steps));
    ret->steps_n = policy_trace(policy, activity, ret->from_zone, ret->to_zone, ret->steps,
                                policy->rules_n, &verdict);
    ret->why = is_return(ret) ? ERR_NO_AUDIENCE : verdict.why;
    ret->may = ret->why == ERR_OK;
}

void verdict_fini(struct verdict *v)
{
    free(v->steps);
    v->steps = NULL;
}

/* --- for people ------------------------------------------------------------------------------ */

static const char *zone_name(const struct verdict *v, int zone)
{
    return zone < 0 ? "none" : v->config->policy.zones[zone].name;
}

/* Why a zone may or may not have it. */
static void why_write(const struct zone_verdict *z, struct bytes *out)
{
    if (z->rule)
        bytes_addf(out, "%s  by rule %s (line %u)", z->why == ERR_OK ? "allow" : "deny ",
                   z->rule->name, z->rule->line);
    else if (z->why == ERR_OK)
        bytes_add_str(out, "allow  inside its own zone");
    else
        bytes_addf(out, "deny   %s: %s", err_code(z->why), err_title(z->why));
    bytes_add_char(out, '\n');
}

static void facts_write(const struct verdict *v, struct bytes *out)
{
    const struct activity *a = v->activity;
    bytes_addf(out, "activity  %s ", activity_type_name(a->type));
    escaped(out, a->id);
    bytes_add_str(out, "\nactor     ");
    escaped(out, a->actor);
    if (a->object.p) {
        bytes_add_str(out, "\nobject    ");
        escaped(out, a->object);
        bytes_add_str(out, a->object_type.p ? " " : "");
        escaped(out, a->object_type);
    }
    bytes_add_str(out, "\ntags      ");
    for (size_t i = 0; i < a->tags_n; i++) {
        bytes_add_str(out, i ? ", " : "");
        escaped(out, a->tags[i]);
    }
    bytes_addf(out, "%s\nproof     %s\n", a->tags_n ? "" : "none", a->has_proof ? "yes" : "no");
    bytes_addf(out, "from      %s, zone %s\n", v->from, zone_name(v, v->from_zone));
    if (v->to)
        bytes_addf(out, "to        %s, zone %s\n", v->to, zone_name(v, v->to_zone));
}

static void steps_write(const struct verdict *v, struct bytes *out)
{
    for (size_t i = 0; i < v->steps_n; i++)
        bytes_addf(out, "rule %-3zu  %-20s %s\n", i + 1, v->steps[i].rule->name,
                   v->steps[i].matched ? "MATCHES" : v->steps[i].because);
}

static const char *form_text(enum outgoing_form form)
{
    static const char *const texts[] = {
        [FORM_BYTES] = "the activity, byte for byte",
        [FORM_ANNOUNCE] = "an Announce of the object by this relay",
        [FORM_UNDO_ANNOUNCE] = "an Undo of this relay's Announce, where there was one",
        [FORM_NOTHING] = "nothing: no form of it would be believed",
    };
    return texts[form];
}

static void forms_write(const struct verdict *v, struct bytes *out)
{
    if (v->with_proofs == v->otherwise) {
        bytes_addf(out, "gets      %s\n", form_text(v->otherwise));
        return;
    }
    bytes_addf(out, "gets      who follows the public collection: %s\n", form_text(v->with_proofs));
    bytes_addf(out, "          who follows the relay's actor: %s\n", form_text(v->otherwise));
}

void verdict_write(const struct verdict *v, struct bytes *out)
{
    facts_write(v, out);
    if (v->refused != ERR_OK) {
        bytes_addf(out, "verdict   deny   %s: %s\n", err_code(v->refused), err_title(v->refused));
        return;
    }
    if (v->follows)
        bytes_add_str(out, "note      it goes where its object went before; this is what the rules "
                           "say of an object not seen yet\n");
    if (v->fetches)
        bytes_add_str(out, "note      it is addressed to followers only: from a relay that follows "
                           "this relay's actor, its object would be fetched, and decide by its "
                           "own addressing and tags; from anybody else it goes nowhere\n");
    for (size_t i = 0; !v->to && i < v->config->policy.zones_n; i++) {
        bytes_addf(out, "zone      %-20s ", v->config->policy.zones[i].name);
        why_write(&v->zones[i], out);
    }
    steps_write(v, out);
    if (is_return(v)) {
        bytes_add_str(out, "verdict   deny   nothing goes back to the host it came from\n");
    } else if (v->to) {
        bytes_add_str(out, "verdict   ");
        why_write(&v->zones[v->to_zone], out);
    }
    if (v->may)
        forms_write(v, out);
}

/* --- for programs ---------------------------------------------------------------------------- */

static void host_json(const struct verdict *v, const char *key, const char *host, int zone,
                      struct json_writer *w)
{
    json_key(w, key);
    json_open(w, '{');
    json_member(w, "host", span_of(host));
    json_member(w, "zone", zone < 0 ? SPAN_NONE : span_of(zone_name(v, zone)));
    json_close(w, '}');
}

static void facts_json(const struct verdict *v, struct json_writer *w)
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
    json_member(w, "rule", z->rule ? span_of(z->rule->name) : SPAN_NONE);
}

static void zones_json(const struct verdict *v, struct json_writer *w)
{
    json_key(w, "zones");
    json_open(w, '[');
    for (size_t i = 0; i < v->config->policy.zones_n; i++) {
        if (v->to && (int)i != v->to_zone)
            continue;
        json_open(w, '{');
        json_member(w, "zone", span_of(v->config->policy.zones[i].name));
        why_json(&v->zones[i], w);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void steps_json(const struct verdict *v, struct json_writer *w)
{
    json_key(w, "rules");
    json_open(w, '[');
    for (size_t i = 0; i < v->steps_n; i++) {
        json_open(w, '{');
        json_member(w, "rule", span_of(v->steps[i].rule->name));
        json_member_int(w, "line", v->steps[i].rule->line);
        json_member_bool(w, "matches", v->steps[i].matched);
        json_member(w, "because", span_of(v->steps[i].because));
        json_close(w, '}');
    }
    json_close(w, ']');
}

void verdict_write_json(const struct verdict *v, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    facts_json(v, &w);
    host_json(v, "from", v->from, v->from_zone, &w);
    if (v->to)
        host_json(v, "to", v->to, v->to_zone, &w);
    json_member_bool(&w, "allow", v->may);
    json_member(&w, "code", span_of(err_code(v->why)));
    if (v->refused == ERR_OK) {
        json_member_bool(&w, "followsItsObject", v->follows);
        json_member_bool(&w, "backToItsHost", is_return(v));
        json_member_bool(&w, "fetchesItsObject", v->fetches);
        zones_json(v, &w);
        if (v->to)
            steps_json(v, &w);
        json_key(&w, "gets");
        json_open(&w, '{');
        json_member(&w, "withProofs", span_of(outgoing_form_name(v->with_proofs)));
        json_member(&w, "otherwise", span_of(outgoing_form_name(v->otherwise)));
        json_close(&w, '}');
    }
    json_close(&w, '}');
}
