/* trace: what became of one entry for one member: facts in, a verdict for each of its inboxes out.
 * Pure.
 *
 * "Delivered" is said only of what a cursor has passed, was the member's by facts that cannot
 * change (ENGINE 0, the passing rule), and is recorded nowhere as anything else. */
#pragma once

#include "relay/rules/book.h"
#include "relay/rules/entry.h"
#include "relay/rules/member.h"

/* verdict, name, and what `code` says of it */
#define TRACE_VERDICTS(X)                                                                          \
    X(DELIVERED, "delivered") /* apart: it had been set aside, and attempts were counted anew */   \
    X(WAITING, "waiting")     /* why: queue, host, parked, held, frozen, suspended, accept, ... */ \
    X(ASIDE, "aside") /* failed: alone; object: waits for one of its object that did; frozen */    \
    X(NEVER, "never") /* of the error, as the delivery was judged */                               \
    X(SKIPPED, "skipped") /* of the reason: its right was withdrawn */                             \
    X(CUT, "cut")         /* of the reason: it left, was removed; or the journal was trimmed */    \
    X(UNKNOWN, "unknown") /* unreadable: of its shard, nothing can be read */                      \
    X(NOT_FOR_IT, "not-for-it") /* origin, not-member, publish-only, zone, no-form */
enum trace_verdict {
#define X(name, text) TRACE_##name,
    TRACE_VERDICTS(X)
#undef X
        TRACE_VERDICT_COUNT
};
const char *trace_verdict_name(enum trace_verdict verdict);

struct trace_row {
    enum trace_verdict verdict;
    const char *inbox; /* empty: one that is no longer known, or none in particular; borrowed */
    const char *code;  /* empty: nothing to say; borrowed */
    /* DELIVERED: the receiver's answer came after the one and not after the other. NEVER, SKIPPED,
     * CUT: written down then. */
    int64_t since_ms, until_ms;
    int64_t next_ms;    /* WAITING, ASIDE: no attempt before; 0: now, or not known */
    unsigned tries;     /* attempts made so far; 0: none, or not known */
    int status;         /* of the last answer; 0: none, or not known */
    uint64_t by;        /* the entry that took it back, or replaced it; 0: none */
    unsigned failures;  /* WAITING: of the host, in a row */
    uint64_t ahead;     /* WAITING: lines of the journal that are to be looked at before it */
    int64_t ms;         /* of the latest attempt, from its start to its end; 0: not known */
    const char *detail; /* NEVER: what the other side said; may be empty; borrowed */
    bool dropped;       /* NEVER: an operator has seen it, and left it at that */
};

enum { TRACE_ROWS_MAX = 2 * MEMBER_INBOXES_MAX };

/* The rows of a member, at least one; returns how many. The book is read after the entry was known
 * to be there, and its floor is below the entry: else nobody can say any more. What is borrowed is
 * the book's and the member's. */
size_t trace_member(const struct entry *entry, const struct member *member, const struct book *book,
                    int64_t now_ms, struct trace_row rows[TRACE_ROWS_MAX]);

/* Why what follows the cursor of a member waits: queue, host (it is in trouble), parked, held (by
 * an operator), suspended, inbox-lost (which suspended it), accept, leaving. */
const char *trace_waits(const struct member *member, const struct cursor *cursor);
/* Whether something of the entry is still to be sent to the member, whatever it waits for. What was
 * set aside counts as sent: that waits by itself. */
bool trace_is_owed(const struct entry *entry, const struct member *member,
                   const struct cursor *cursor);
/* Why an entry is not for the member by facts that cannot change, as `code` has it; NULL: it is, or
 * was. */
const char *trace_not_for(const struct entry *entry, const struct member *member);
