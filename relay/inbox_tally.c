/* inbox_tally: what reports count of a request: what went where, what did not, and why.
 *
 * Of what is new alone: an edit or a deletion goes where its object went. Where no rule speaks of a
 * boundary nothing was held back there; where one lets it out and nobody takes it in, that is told.
 * May not know: when it is written down. */
#include "relay/inbox_inner.h"
#include "relay/tallies.h"

/* Not what stays inside its zone whatever the rules say. */
static bool is_barred(const struct zone_verdict *v)
{
    switch (v->why) {
    case ERR_OK:
    case ERR_NO_ZONE:
    case ERR_NOT_RELAYED: return false;
    case ERR_NO_RULE: return v->side == SIDE_IMPORT;
    default: return true;
    }
}

void inbox_tally_note(struct inbox *in, const struct zone_verdict *verdicts)
{
    const struct policy *policy = &in->room->context->config->policy;
    enum tally_kind kind;
    bytes_clear(&in->barred);
    if (!in->room->context->tallies || !tally_kind_of(&in->activity, &kind))
        return;
    for (size_t i = 0; i < policy->zones_n; i++)
        if (is_barred(&verdicts[i]))
            bytes_addf(&in->barred, "%s:%s,", policy->zones[i].name, err_code(verdicts[i].why));
}

static void tally_barred(struct inbox *in)
{
    struct span rest = bytes_span(&in->barred);
    while (rest.p && rest.n) {
        char to[MEMBER_ZONE_SIZE];
        struct span code = span_cut(&rest, ',');
        span_copy(span_cut(&code, ':'), to, sizeof(to));
        tallies_refused(in->room->context->tallies, in->zone_name, to, err_by_code(code));
    }
}

void inbox_tally(struct inbox *in, int status)
{
    struct tallies *tallies = in->room->context->tallies;
    enum tally_kind kind;
    bool went = in->err == ERR_OK && in->appended.n && in->appended.result == JOURNAL_APPENDED;
    if (status >= 400 && status < 500)
        tallies_refused(tallies, in->zone_name, "", in->err);
    if (went && tally_kind_of(&in->activity, &kind)) {
        const struct tallies_taken taken = {.from = span_of(in->zone_name),
                                            .audience = bytes_span(&in->audience),
                                            .host = span_of(in->from),
                                            .kind = kind,
                                            .actor = in->append.actor_hash};
        tallies_taken(tallies, &taken);
    }
    /* What was seen before was counted when it was. */
    if (in->err != ERR_DUPLICATE && in->err != ERR_STALE && in->err != ERR_ID_REUSED)
        tally_barred(in);
}
