/* outgoing: in which form an entry goes out: the table of DESIGN 7.
 *
 *   came in             has a proof, and follows    otherwise
 *                       the public collection
 *   Create              bytes                       Announce of the object
 *   Announce            bytes                       Announce of the object
 *   Delete              bytes                       Undo of our Announce, where one went
 *   Undo of Announce    bytes, if that went so      Undo of our Announce, where one went
 *   everything else     bytes                       nothing
 *
 * The Undo of an Announce that nobody had as bytes says nothing to anybody: what they know is ours.
 * An Announce that wraps an activity other than a Create names nothing that could be announced.
 * May not know: whether the entry may go to the member at all. */
#include "relay/rules/outgoing.h"

const char *outgoing_form_name(enum outgoing_form form)
{
    static const char *const names[] = {
        [FORM_BYTES] = "bytes",
        [FORM_ANNOUNCE] = "announce",
        [FORM_UNDO_ANNOUNCE] = "undo-announce",
        [FORM_NOTHING] = "nothing",
    };
    return names[form];
}

struct outgoing_facts outgoing_facts_of(const struct activity *activity)
{
    bool undo = activity->type == ACTIVITY_UNDO;
    return (struct outgoing_facts){
        .type = activity->type,
        .undone = undo ? activity_type_by_name(activity->inner_type) : ACTIVITY_OTHER,
        .has_proof = activity->has_proof,
        .nameless = !activity_announced(activity).p,
    };
}

/* An Undo by bare id does not say what it undoes; the store knows whether that was announced. */
static bool undoes_announce(const struct outgoing_facts *facts)
{
    return facts->type == ACTIVITY_UNDO &&
           (facts->undone == ACTIVITY_ANNOUNCE || facts->undone == ACTIVITY_OTHER);
}

static bool had_announce(const struct outgoing_facts *facts, enum member_style style)
{
    return facts->announced == ANNOUNCED_ALL ||
           (facts->announced == ANNOUNCED_LITEPUB && style == STYLE_LITEPUB);
}

enum outgoing_form outgoing_form_bodiless(const struct outgoing_facts *facts,
                                          enum member_style style)
{
    bool announces = facts->type == ACTIVITY_CREATE || facts->type == ACTIVITY_ANNOUNCE;
    bool takes_back = facts->type == ACTIVITY_DELETE || undoes_announce(facts);
    if (announces && !facts->nameless)
        return FORM_ANNOUNCE;
    return takes_back && had_announce(facts, style) ? FORM_UNDO_ANNOUNCE : FORM_NOTHING;
}

enum outgoing_form outgoing_form(const struct outgoing_facts *facts, enum member_style style)
{
    bool ours_alone = undoes_announce(facts) && facts->announced == ANNOUNCED_ALL;
    if (facts->has_proof && style == STYLE_PUBLIC && !ours_alone)
        return FORM_BYTES;
    return outgoing_form_bodiless(facts, style);
}
