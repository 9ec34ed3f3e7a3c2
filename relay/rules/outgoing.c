/* outgoing: in which form an entry goes out: the table of DESIGN 7.
 *
 *   came in                     has a proof, and       otherwise
 *                               member takes proofs
 *   Create                      bytes                  Announce of the object
 *   Announce                    bytes                  Announce of the object
 *   Delete, Undo of Announce    bytes                  Undo of our Announce, where there was one
 *   everything else             bytes                  nothing
 *
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
static bool takes_back(const struct outgoing_facts *facts)
{
    if (facts->type == ACTIVITY_DELETE)
        return facts->announced;
    return facts->type == ACTIVITY_UNDO && facts->announced &&
           (facts->undone == ACTIVITY_ANNOUNCE || facts->undone == ACTIVITY_OTHER);
}

enum outgoing_form outgoing_form(const struct outgoing_facts *facts, bool takes_proofs)
{
    if (facts->has_proof && takes_proofs)
        return FORM_BYTES;
    bool announces = facts->type == ACTIVITY_CREATE || facts->type == ACTIVITY_ANNOUNCE;
    if (announces && !facts->nameless)
        return FORM_ANNOUNCE;
    return takes_back(facts) ? FORM_UNDO_ANNOUNCE : FORM_NOTHING;
}
