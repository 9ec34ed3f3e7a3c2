/* pilot: end dates, how near they are, and what is said of who has one.
 * May not know: who is told, or what becomes of it at the end (member.c). */
#include "relay/rules/pilot.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/pure/date.h"

enum { RULE_TEXT_MAX = 64 * 1024 };
static const int64_t day_ms = 86400000;

static const struct {
    const char *name;
    int days;
} stages[] = {
#define X(name, text, days) [PILOT_##name] = {text, days},
    PILOT_STAGES(X)
#undef X
};

const char *pilot_stage_name(enum pilot_stage stage)
{
    return stages[stage].name;
}

enum pilot_stage pilot_stage_by_name(struct span name)
{
    int i = 0;
    while (i < PILOT_STAGE_COUNT && !span_eq_str(name, stages[i].name))
        i++;
    return (enum pilot_stage)i;
}

enum pilot_stage pilot_stage(int64_t until_ms, int64_t now_ms)
{
    int stage = PILOT_FAR;
    if (until_ms <= now_ms)
        return PILOT_FAR;
    while (stage + 1 < PILOT_STAGE_COUNT && until_ms - now_ms <= stages[stage + 1].days * day_ms)
        stage++;
    return (enum pilot_stage)stage;
}

/* --- what was warned of ---------------------------------------------------------------------- */

void pilot_warned_write(const struct pilot_warned *warned, char out[PILOT_WARNED_SIZE])
{
    snprintf(out, PILOT_WARNED_SIZE, "%" PRId64 " %s", warned->until_ms,
             pilot_stage_name(warned->stage));
}

bool pilot_warned_read(struct span text, struct pilot_warned *ret)
{
    uint64_t until;
    if (!span_u64(span_cut(&text, ' '), INT64_MAX, &until))
        return false;
    *ret = (struct pilot_warned){(int64_t)until, pilot_stage_by_name(text)};
    return ret->stage != PILOT_STAGE_COUNT;
}

bool pilot_is_due(int64_t until_ms, int64_t now_ms, struct span warned, struct pilot_warned *ret)
{
    struct pilot_warned last;
    *ret = (struct pilot_warned){until_ms, pilot_stage(until_ms, now_ms)};
    if (ret->stage == PILOT_FAR)
        return false;
    return !pilot_warned_read(warned, &last) || last.until_ms != until_ms ||
           last.stage < ret->stage;
}

/* --- one of them ------------------------------------------------------------------------------ */

bool pilot_of_member(const struct member *m, struct pilot *ret)
{
    *ret = (struct pilot){.member = m};
    switch (m->state) {
    case MEMBER_INVITED:
    case MEMBER_PENDING:
    case MEMBER_ACTIVE:
    case MEMBER_SUSPENDED: return m->until_ms != 0;
    case MEMBER_EXPIRED: return true;
    case MEMBER_LEFT:
    case MEMBER_REMOVED:
    case MEMBER_STATE_COUNT: break;
    }
    return false;
}

bool pilot_of_rule(const struct policy *policy, const struct rule *rule, struct pilot *ret)
{
    *ret = (struct pilot){.rule = rule, .policy = policy};
    return rule->until_ms != 0;
}

int64_t pilot_until(const struct pilot *pilot)
{
    return pilot->member ? pilot->member->until_ms : pilot->rule->until_ms;
}

void pilot_name(const struct pilot *pilot, char out[PILOT_NAME_SIZE])
{
    if (pilot->member)
        snprintf(out, PILOT_NAME_SIZE, "%s", pilot->member->host);
    else
        snprintf(out, PILOT_NAME_SIZE, "rule:%s", pilot->rule->name);
}

bool pilot_runs(const struct pilot *pilot, int64_t now_ms)
{
    bool ended = pilot->member && pilot->member->state == MEMBER_EXPIRED;
    return !ended && pilot_until(pilot) > now_ms;
}

static void add_text(struct json_writer *w, const char *key, const char *text)
{
    if (text && text[0])
        json_member(w, key, span_of(text));
}

static void write_member(const struct member *m, struct json_writer *w)
{
    json_member(w, "kind", SPAN("member"));
    json_member(w, "state", span_of(member_state_name(m->state)));
    json_member(w, "zone", span_of(m->zone));
    json_member(w, "role", span_of(member_role_name(m->role)));
    add_text(w, "sponsor", m->sponsor);
    add_text(w, "note", m->note);
}

static void write_rule(const struct pilot *pilot, bool runs, struct json_writer *w)
{
    struct bytes text;
    bytes_init(&text, RULE_TEXT_MAX);
    policy_rule_write(pilot->policy, pilot->rule, &text);
    json_member(w, "kind", SPAN("rule"));
    json_member(w, "state", runs ? SPAN("active") : SPAN("expired"));
    json_member(w, "rule", bytes_span(&text));
    add_text(w, "sponsor", pilot->rule->owner);
    add_text(w, "note", pilot->rule->reason);
    json_member_int(w, "line", pilot->rule->line);
    bytes_fini(&text);
}

void pilot_write(const struct pilot *pilot, int64_t now_ms, struct json_writer *w)
{
    char name[PILOT_NAME_SIZE];
    char until[DATE_ISO_SIZE];
    bool runs = pilot_runs(pilot, now_ms);
    enum pilot_stage stage = runs ? pilot_stage(pilot_until(pilot), now_ms) : PILOT_FAR;
    pilot_name(pilot, name);
    json_open(w, '{');
    json_member(w, "pilot", span_of(name));
    if (pilot_until(pilot)) {
        date_iso_write(pilot_until(pilot), until);
        json_member(w, "until", span_of(until));
    }
    if (stage != PILOT_FAR)
        json_member(w, "within", span_of(pilot_stage_name(stage)));
    if (pilot->member)
        write_member(pilot->member, w);
    else
        write_rule(pilot, runs, w);
}
