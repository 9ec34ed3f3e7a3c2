/* inbox_decide: what a verified activity means: decide, append. States as drawn in inbox_inner.h.
 * What is about the membership itself is in inbox_join.c. May not know: signatures, keys. */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "relay/inbox_inner.h"
#include "relay/membership.h"
#include "relay/meters.h"
#include "relay/rules/hold.h"

enum { DECISIONS_MAX = 5 };

enum hash { HASH_ID, HASH_WHAT, HASH_OBJECT, HASH_AGAIN, HASH_ACTOR };

/* --- decide ----------------------------------------------------------------------------------- */

/* Whether it goes where its object went: what the rules say of it counts only where that is not
 * known. */
static bool follows_object(const struct activity *a)
{
    return a->type == ACTIVITY_UPDATE || a->type == ACTIVITY_DELETE || a->type == ACTIVITY_UNDO;
}

/* The zones that wait for a person, and what has to be known to decide anew. */
static void note_held(struct inbox *in, const struct consent *consent,
                      const struct zone_verdict *verdicts)
{
    const struct policy *policy = &in->room->context->config->policy;
    struct hold_known known = {.consent = consent->says,
                               .bot = in->owner_machine ? FACT_YES : FACT_NO,
                               .indexable = in->owner_indexable ? FACT_YES : FACT_NO,
                               .bio = in->owner_refuses ? FACT_YES : FACT_NO};
    span_copy(span_of(in->member->software), known.software, sizeof(known.software));
    bytes_clear(&in->held);
    bytes_clear(&in->held_why);
    bytes_clear(&in->held_known);
    for (size_t i = 0; i < policy->zones_n; i++) {
        const struct rule *rule = verdicts[i].rule;
        const struct hold_why why = {.zone = span_of(policy->zones[i].name),
                                     .rule = rule ? span_of(rule->name) : SPAN(""),
                                     .code = verdicts[i].why};
        if (hold_fate(HOLD_ASKED_THAW, why.code) == HOLD_KEPT)
            hold_why_write(&why, &in->held_why);
    }
    hold_zones_write(bytes_span(&in->held_why), &in->held);
    hold_known_write(&known, &in->held_known);
}

/* The zones that may have it, as the journal writes them; which rule opened or closed the way
 * across. Why nobody may have it, if nobody may. */
static enum err decide_audience(struct inbox *in)
{
    const struct consent consent = inbox_consent(in);
    const struct policy *policy = &in->room->context->config->policy;
    struct surroundings around = {.policy = policy, .placed = in->placed};
    const struct facts_context context = {.now_ms = clock_wall_ms(),
                                          .bytes = http_view(in->request)->body.n,
                                          .software = span_of(in->member->software),
                                          .consent = consent.says,
                                          .bot = in->owner_machine ? FACT_YES : FACT_NO,
                                          .indexable = in->owner_indexable ? FACT_YES : FACT_NO,
                                          .zone_of = surroundings_zone_of,
                                          .crossed = surroundings_crossed,
                                          .arg = &around};
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct zone_set zones;
    struct facts facts;
    inbox_crossed(in, &around.crossed);
    facts_init(&facts, &in->activity, &context);
    policy_decide(policy, &facts, in->zone, verdicts, &zones);
    in->unwilling = consent_apply(&consent, policy, in->zone, verdicts, &zones);
    facts_fini(&facts);
    if (!inbox_takes_back(in))
        freezes_apply(&in->room->freezes, policy, in->zone, verdicts, &zones);
    bytes_clear(&in->audience);
    policy_set_write(policy, &zones, &in->audience);
    note_held(in, &consent, verdicts);
    inbox_tally_note(in, verdicts);
    in->rule[0] = '\0';
    for (size_t i = 0; i < policy->zones_n && !in->rule[0]; i++)
        if (verdicts[i].rule)
            span_copy(span_of(verdicts[i].rule->name), in->rule, sizeof(in->rule));
    if (!zone_set_empty(&zones) || in->held.n)
        return ERR_OK;
    return in->unwilling ? in->unwilling : policy_refusal(policy, verdicts, in->zone);
}

enum step inbox_decide(struct inbox *in)
{
    const struct activity *a = &in->activity;
    struct uri actor;
    enum err e = activity_origin_check(a, span_of(in->owner));
    if (e != ERR_OK)
        return inbox_finish(in, e, NULL);
    if (uri_read(a->actor, &actor) != ERR_OK || !span_eq_str(span_of(actor.authority), in->from))
        return inbox_finish(in, ERR_ACTOR_NOT_SIGNER, NULL);
    if (inbox_joins(in))
        return inbox_goto(in, INBOX_ASK);
    e = inbox_find_zone(in);
    if (e == ERR_OK)
        e = member_refusal(in->member, inbox_takes_back(in));
    if (e != ERR_OK)
        return inbox_finish(in, e, NULL);
    if (inbox_must_tell(in))
        return inbox_goto(in, INBOX_TELL);
    e = activity_relayable(a, in->room->context->config->set.accept_unlisted);
    if (e == ERR_NOT_PUBLIC && inbox_must_fetch(in))
        return inbox_goto(in, INBOX_FETCH);
    if (e != ERR_OK)
        return inbox_finish(in, e, NULL);
    if (inbox_must_ask_registry(in))
        return inbox_goto(in, INBOX_REGISTRY);
    if (inbox_must_look(in))
        return inbox_goto(in, INBOX_LOOK);
    if (inbox_must_place(in))
        return inbox_goto(in, INBOX_PLACE);
    e = decide_audience(in);
    if (e != ERR_OK && !follows_object(a))
        return inbox_finish(in, e, NULL);
    return inbox_goto(in, INBOX_APPEND);
}

/* --- append ----------------------------------------------------------------------------------- */

static enum journal_kind kind_of(const struct activity *a)
{
    enum activity_type undone = activity_type_by_name(a->inner_type);
    switch (a->type) {
    case ACTIVITY_CREATE: return JOURNAL_CREATE;
    case ACTIVITY_UPDATE: return JOURNAL_UPDATE;
    case ACTIVITY_DELETE: return JOURNAL_DELETE;
    case ACTIVITY_ANNOUNCE: return JOURNAL_ANNOUNCE;
    case ACTIVITY_UNDO:
        return !a->inner_type.n || undone == ACTIVITY_ANNOUNCE ? JOURNAL_DELETE : JOURNAL_OTHER;
    default: return JOURNAL_OTHER;
    }
}

/* What the object index is about: the object, or the Announce itself where that is what can be
 * undone. */
static struct span indexed(const struct activity *a, enum journal_kind kind)
{
    if (kind == JOURNAL_OTHER)
        return SPAN_NONE;
    return kind == JOURNAL_ANNOUNCE ? a->id : a->object;
}

static const uint8_t *hash(struct inbox *in, enum hash which, struct span text)
{
    if (!text.n)
        return NULL;
    sha256(text, in->hashes[which]);
    return in->hashes[which];
}

static const uint8_t *hash_what(struct inbox *in)
{
    struct bytes what;
    bytes_init(&what, 8192);
    bytes_add(&what, in->activity.type_name);
    bytes_add_char(&what, '\n');
    bytes_add(&what, in->activity.object);
    hash(in, HASH_WHAT, bytes_span(&what));
    bytes_fini(&what);
    return in->hashes[HASH_WHAT];
}

static void on_appended(void *arg, const struct journal_appended *answer)
{
    struct inbox *in = arg;
    if (inbox_orphaned(in))
        return;
    in->appended = *answer;
    if (answer->err == ERR_OK && answer->result == JOURNAL_AGAIN)
        inbox_take_words(in, answer->authors);
    if (answer->err == ERR_OK && answer->result == JOURNAL_AGAIN) {
        free(in->member);
        in->member = mem_new(sizeof(*in->member));
        if (!answer->member.n || !member_read(answer->member, in->member)) {
            free(in->member);
            in->member = NULL;
        }
        if (answer->freezes)
            in->room->freezes = *answer->freezes;
        else
            in->appended.err = ERR_UNREADABLE; /* what is frozen can't be told from what is not */
    }
    inbox_run(in);
}

enum step inbox_append(struct inbox *in)
{
    const struct activity *a = &in->activity;
    struct context *c = in->room->context;
    enum journal_kind kind = kind_of(a);
    struct span announced = activity_announced(a);
    struct uri object;
    bool takes_back = a->type == ACTIVITY_DELETE || a->type == ACTIVITY_UNDO;
    bool has_object =
        a->object.n && uri_read(announced.n ? announced : a->object, &object) == ERR_OK;
    in->append = (struct journal_append){
        .kind = kind,
        .from = span_of(in->from),
        .ver = in->member->ver,
        .freezes = in->room->freezes.version,
        .now_ms = clock_wall_ms(),
        .id_hash = hash(in, HASH_ID, a->id),
        .what_hash = hash_what(in),
        .object_hash = hash(in, HASH_OBJECT, indexed(a, kind)),
        .again_hash = hash(in, HASH_AGAIN, announced),
        .owner = span_of(in->from),
        .stamp_ms = a->stamp_ms,
        .audience = bytes_span(&in->audience),
        .zone = span_of(c->config->policy.zones[in->zone].name),
        .facts = {.type = a->type,
                  .undone = activity_type_by_name(a->inner_type),
                  .has_proof = a->has_proof},
        .id = a->id,
        .object = announced.n ? announced : a->object,
        .object_host = has_object ? span_of(object.authority) : SPAN_NONE,
        .actor_hash = hash(in, HASH_ACTOR, a->actor),
        .gone = a->type == ACTIVITY_DELETE && span_eq(a->object, a->actor),
        .body = http_view(in->request)->body,
        .hold = {.zones = takes_back ? SPAN("") : bytes_span(&in->held),
                 .why = bytes_span(&in->held_why),
                 .known = bytes_span(&in->held_known),
                 .fetched = in->object ? bytes_span(&in->fetched) : SPAN(""),
                 .actor = a->actor,
                 .type = a->type_name,
                 .items_max = c->config->set.limits_held,
                 .bytes_max = c->config->set.limits_held_bytes},
    };
    in->append.authors_n = inbox_authors(in, in->append.authors);
    inbox_goto(in, INBOX_APPENDED);
    journal_append(c->store, &in->append, on_appended, in);
    return STEP_WAIT;
}

enum step inbox_appended(struct inbox *in)
{
    if (in->appended.err != ERR_OK)
        return inbox_finish(in, ERR_UNAVAILABLE, NULL);
    switch (in->appended.result) {
    case JOURNAL_APPENDED: metric_add(METER_APPENDED, 0, 1); return inbox_finish(in, ERR_OK, NULL);
    case JOURNAL_DUPLICATE: return inbox_finish(in, ERR_DUPLICATE, NULL);
    case JOURNAL_REUSED: return inbox_finish(in, ERR_ID_REUSED, NULL);
    case JOURNAL_STALE: return inbox_finish(in, ERR_STALE, NULL);
    case JOURNAL_NOT_OWNER: return inbox_finish(in, ERR_NOT_OWNER, NULL);
    case JOURNAL_NOBODY:
        return inbox_finish(in, in->unwilling ? in->unwilling : ERR_NO_AUDIENCE, NULL);
    case JOURNAL_FULL: return inbox_finish(in, ERR_VERSIONS, NULL);
    case JOURNAL_HELD: return inbox_finish(in, hold_code(bytes_span(&in->held_why)), NULL);
    case JOURNAL_HOLD_FULL: return inbox_finish(in, ERR_HOLD_FULL, NULL);
    case JOURNAL_AGAIN: break;
    }
    /* The member changed between the decision and the journal, or what is frozen, or what its
     * author says: decide again, by what they are now. */
    if (++in->decisions >= DECISIONS_MAX)
        return inbox_finish(in, ERR_UNAVAILABLE, NULL);
    return inbox_goto(in, INBOX_DECIDE);
}
