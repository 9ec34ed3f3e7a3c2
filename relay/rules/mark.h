/* mark: whether an entry that still waits is not to go to an inbox any more, because a later one of
 * its object takes it back, or replaces it there. Pure.
 *
 * A mark is put on an entry when the later one is accepted; it says what holds for everyone. What
 * it means for one inbox is decided here, by facts that cannot change: the same question is
 * answered the same way after a crash (ENGINE 5a-5f).
 *
 *     taken back      nobody gets it: the later one, a Delete or an Undo, is sent in any case, also
 *                     where another one takes back the same
 *     opted out       its author wanted nothing to be relayed since: nobody gets it either, and
 *                     nothing is sent in its place
 *     replaced        only an Update by an Update, in the same form, and only where the member is
 *                     entitled to one of those that came later: who is not keeps the older one,
 *                     or would have neither
 *
 * A mark counts only for who has read the journal up to the later one: before that, nobody can say
 * whether the member is entitled to it. */
#pragma once

#include "relay/rules/entry.h"
#include "relay/rules/member.h"

/* An inbox of a member, as far as this matters. */
struct mark_place {
    const struct member_span *spans; /* borrowed */
    size_t spans_n;
    uint64_t from;           /* entries numbered above it go there */
    enum member_style style; /* of the inbox */
    uint64_t position;       /* the journal was read up to here */
    struct span host;        /* whose it is, and its slot: for what a replay leaves out */
    unsigned slot;
};

/* ERR_RECALLED, ERR_OPTED_OUT, ERR_REPLACED; ERR_REFUSED_BY_PEER: a replay leaves it out, as that
 * was written down once; ERR_OK: it goes out. ret_by: the number of the entry that takes it back or
 * replaces it, 0 if none does; may be NULL. */
enum err mark_skips(const struct entry *entry, const struct mark_place *place, uint64_t *ret_by);

/* How long who left by itself is still told what is taken back (ENGINE 8). */
#define MARK_GRACE_MS (INT64_C(30) * 24 * 3600 * 1000)

/* Whether an entry of the urgent lane is for a member, by facts that cannot change (ENGINE 5f): it
 * was entitled to any of those that this one is about, or is to this one itself, in whichever zone
 * it has been since; and it is a member when this one gets its number, or left by itself not long
 * before. left_ms: when it left by itself, and has not come back; 0: it did not. */
bool mark_reaches(const struct entry *taker, const struct member_span *spans, size_t spans_n,
                  int64_t left_ms);
