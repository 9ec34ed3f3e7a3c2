/* mark: what a later entry does to an earlier one of its object, for one inbox.
 * May not know: who put the mark there, cursors, what becomes of what is skipped. */
#include "relay/rules/mark.h"

/* Whether the later one goes to the inbox, in place of this. */
static bool replaces(const struct entry *e, const struct entry_mark *mark,
                     const struct mark_place *place)
{
    struct outgoing_facts later = {.type = ACTIVITY_UPDATE, .has_proof = mark->proof};
    return e->facts.type == ACTIVITY_UPDATE && mark->proof == e->facts.has_proof &&
           place->from < mark->by && outgoing_form(&later, place->style) != FORM_NOTHING &&
           member_spans_entitle(place->spans, place->spans_n, mark->by, mark->audience);
}

enum err mark_skips(const struct entry *e, const struct mark_place *place, uint64_t *ret_by)
{
    enum err why = ERR_OK;
    uint64_t by = 0;
    for (size_t i = 0; e->lane == LANE_NORMAL && i < e->marks_n; i++) {
        const struct entry_mark *mark = &e->marks[i];
        if (mark->left_out) {
            bool here = mark->left_out >> place->slot & 1 && span_eq(mark->audience, place->host);
            why = here && why == ERR_OK ? ERR_REFUSED_BY_PEER : why;
            continue;
        }
        if (mark->by <= e->n || mark->by > place->position)
            continue;
        bool for_all = mark->recalled || mark->opted_out;
        if (for_all || (!by && replaces(e, mark, place))) {
            why = mark->recalled ? ERR_RECALLED : mark->opted_out ? ERR_OPTED_OUT : ERR_REPLACED;
            by = mark->by;
        }
        if (for_all)
            break;
    }
    if (ret_by)
        *ret_by = by;
    return why;
}

static bool lives_at(const struct entry *taker, const struct member_span *spans, size_t spans_n,
                     int64_t left_ms)
{
    for (size_t i = 0; i < spans_n; i++)
        if (spans[i].from < taker->n && taker->n <= spans[i].to)
            return true;
    return left_ms && spans_n && taker->n > spans[spans_n - 1].to &&
           taker->at_ms <= left_ms + MARK_GRACE_MS;
}

bool mark_reaches(const struct entry *taker, const struct member_span *spans, size_t spans_n,
                  int64_t left_ms)
{
    if (!lives_at(taker, spans, spans_n, left_ms))
        return false;
    bool concerns = member_spans_entitle(spans, spans_n, taker->n, taker->audience);
    for (size_t i = 0; i < taker->of_n && !concerns; i++)
        concerns = member_spans_entitle(spans, spans_n, taker->of[i], taker->audience);
    return concerns;
}
