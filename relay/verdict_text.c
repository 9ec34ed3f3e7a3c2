/* verdict_text: a verdict in words, for people.
 * May not know: how it was come to. */
#include "common/pure/date.h"
#include "relay/config/mistakes.h"
#include "relay/verdict.h"

enum { SHOWN_MAX = 300 };

static const char *zone_name(const struct ruling *v, int zone)
{
    return zone < 0 ? "none" : v->config->policy.zones[zone].name;
}

/* Why a zone may or may not have it. */
static void why_write(const struct zone_verdict *z, struct bytes *out)
{
    bool by_rule = z->why != ERR_CONSENT_MISSING && z->why != ERR_OPTED_OUT && z->why != ERR_FROZEN;
    if (!by_rule)
        bytes_addf(out, "%-5s  %s: %s", z->why == ERR_FROZEN ? "hold" : "deny", err_code(z->why),
                   err_title(z->why));
    else if (z->rule)
        bytes_addf(out, "%-5s  by rule %s (line %u)", rule_verdict_name(z->rule->then),
                   z->rule->name, z->rule->line);
    else if (z->why == ERR_OK)
        bytes_add_str(out, "allow  inside its own zone");
    else if (z->why == ERR_RULE_HOLDS)
        bytes_add_str(out, "hold   inside its own zone");
    else
        bytes_addf(out, "deny   %s: %s", err_code(z->why), err_title(z->why));
    if (by_rule && (z->rule || z->why == ERR_NO_RULE) && z->why != ERR_OK && z->side != SIDE_INSIDE)
        bytes_addf(out, ", on %s", policy_side_name(z->side));
    bytes_add_char(out, '\n');
}

static void facts_write(const struct ruling *v, struct bytes *out)
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
    else if (v->one)
        bytes_addf(out, "to        zone %s\n", zone_name(v, v->to_zone));
    if (v->consent.says != FACT_UNKNOWN)
        bytes_addf(out, "consent   %s, by %s\n", v->consent.says == FACT_YES ? "yes" : "no",
                   v->consent.by == CONSENT_BY_ZONE ? "the zone's default"
                                                    : consent_by_name(v->consent.by));
}

/* --- the rules ------------------------------------------------------------------------------- */

/* Words of the file and of strangers: as much as stands on a line. */
static void shown(struct bytes *text, struct bytes *out)
{
    struct span all = bytes_span(text);
    bool cut = all.n > SHOWN_MAX;
    escaped(out, (struct span){all.p, cut ? SHOWN_MAX : all.n});
    bytes_add_str(out, cut ? "..." : "");
    bytes_clear(text);
}

/* What the fact is, and what the condition asks for. */
static void condition_tell(const struct ruling *v, const struct condition *c, const char *wants,
                           struct bytes *out)
{
    struct bytes text;
    bytes_init(&text, POLICY_WORDS_MAX * (POLICY_WORD_SIZE + 4));
    bytes_addf(out, "%s is ", fact_row(c->fact)->name);
    facts_show(v->facts, c->fact, &text);
    shown(&text, out);
    bytes_add_str(out, wants);
    policy_condition_write(c, &text);
    shown(&text, out);
    if (c->crossed && !v->known.thread)
        bytes_add_str(out, " (whether it crossed, only a running relay knows)");
    bytes_fini(&text);
}

void verdict_because(const struct ruling *v, const struct rule_step *step, struct bytes *out)
{
    char until[DATE_ISO_SIZE];
    switch (step->why) {
    case STEP_MATCHES: return;
    case STEP_FROM: bytes_add_str(out, "from is another zone"); return;
    case STEP_TO: bytes_add_str(out, "to is another zone"); return;
    case STEP_STAR: bytes_add_str(out, "* means other zones, and this is inside one"); return;
    case STEP_ENDED:
        date_iso_write(step->rule->until_ms, until);
        bytes_addf(out, "ended on %.10s", until);
        return;
    case STEP_WHEN: condition_tell(v, step->condition, ", wants ", out); break;
    case STEP_UNLESS:
        bytes_add_str(out, "unless: ");
        condition_tell(v, step->condition, ", and it is for all but ", out);
        break;
    }
    size_t more = step->why == STEP_WHEN ? step->failing - 1 : step->rule->unless.n - 1;
    if (more)
        bytes_addf(out, "; and %zu more", more);
}

static void steps_write(const struct ruling *v, struct bytes *out)
{
    size_t number = 0;
    for (size_t i = 0; i < v->steps_n; i++) {
        const struct rule_step *step = &v->steps[i];
        number = i && step->side == v->steps[i - 1].side ? number + 1 : 1;
        bytes_addf(out, "%s %-2zu %-20s %s", policy_side_name(step->side), number, step->rule->name,
                   step->why == STEP_MATCHES ? "MATCHES: " : "");
        verdict_because(v, step, out);
        if (step->why == STEP_MATCHES)
            bytes_add_str(out, rule_verdict_name(step->rule->then));
        bytes_add_char(out, '\n');
    }
}

static void remarks_write(const struct ruling *v, struct bytes *out)
{
    const struct rule *rule = v->decided.rule;
    const struct freeze *frozen = verdict_freeze(v);
    if (frozen) {
        bytes_add_str(out, "frozen    ");
        freeze_boundary_write(frozen, out);
        bytes_add_str(out, ", by ");
        escaped(out, span_of(frozen->who));
        bytes_add_str(out, ": ");
        escaped(out, span_of(frozen->reason));
        bytes_add_char(out, '\n');
        return;
    }
    if (rule && rule->reason) {
        bytes_add_str(out, "reason    ");
        escaped(out, span_of(rule->reason));
        bytes_add_char(out, '\n');
    }
    if (rule && rule->owner) {
        bytes_add_str(out, "owner     ");
        escaped(out, span_of(rule->owner));
        bytes_add_char(out, '\n');
    }
}

/* What would have to be otherwise. */
static void hint_write(const struct ruling *v, struct bytes *out)
{
    const struct rule *rule = v->decided.rule;
    if (v->may || verdict_is_return(v))
        return;
    if (v->why == ERR_CONSENT_MISSING || v->why == ERR_OPTED_OUT) {
        bytes_add_str(out,
                      "hint      its author may agree by following or mentioning the relay; or "
                      "weir author optin ");
        escaped(out, v->activity->actor);
        bytes_add_str(out, " --reason TEXT\n");
        return;
    }
    if (verdict_freeze(v)) {
        bytes_add_str(out, "hint      weir thaw '");
        freeze_boundary_write(verdict_freeze(v), out);
        bytes_add_str(out, "' --reason TEXT\n");
        return;
    }
    if (rule && rule->when.n) {
        bytes_addf(out, "hint      rule %s matches, since ", rule->name);
        condition_tell(v, rule->when.list, ", which fits ", out);
        bytes_add_char(out, '\n');
    }
    if (!v->nearest)
        return;
    bytes_addf(out, "hint      rule %s would allow it on the %s side, but ", v->nearest->rule->name,
               policy_side_name(v->nearest->side));
    verdict_because(v, v->nearest, out);
    bytes_add_char(out, '\n');
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

static void forms_write(const struct ruling *v, struct bytes *out)
{
    if (v->with_proofs == v->otherwise) {
        bytes_addf(out, "gets      %s\n", form_text(v->otherwise));
    } else {
        bytes_addf(out, "gets      who follows the public collection: %s\n",
                   form_text(v->with_proofs));
        bytes_addf(out, "          who follows the relay's actor: %s\n", form_text(v->otherwise));
    }
    if (v->with_proofs == FORM_ANNOUNCE || v->otherwise == FORM_ANNOUNCE) {
        bytes_add_str(out, "announces ");
        escaped(out, activity_announced(v->activity));
        bytes_add_char(out, '\n');
    }
}

void verdict_write(const struct ruling *v, struct bytes *out)
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
    for (size_t i = 0; !v->one && i < v->config->policy.zones_n; i++) {
        bytes_addf(out, "zone      %-20s ", v->config->policy.zones[i].name);
        why_write(&v->zones[i], out);
    }
    steps_write(v, out);
    if (verdict_is_return(v)) {
        bytes_add_str(out, "verdict   deny   nothing goes back to the host it came from\n");
    } else if (v->one) {
        bytes_add_str(out, "verdict   ");
        why_write(&v->decided, out);
        remarks_write(v, out);
        hint_write(v, out);
    }
    if (v->may)
        forms_write(v, out);
}
