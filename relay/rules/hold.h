/* hold: what is kept for a person to decide: for which zones, and why; and what a decision of today
 * means for it. Pure.
 *
 * An item is about one activity that some zones may have only once a person says so. It is decided
 * anew before it goes anywhere: rules, members and freezes may be others by then. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"
#include "relay/rules/policy.h"

/* What became of an item. */
#define HOLD_CLOSED_STATES(X)                                                                      \
    X(APPROVED, "approved")   /* it went to some zone at least */                                  \
    X(DENIED, "denied")       /* by a person; or no zone may have it any more */                   \
    X(DELETED, "deleted")     /* its author took it back, or an operator recalled it */            \
    X(OPTED_OUT, "opted-out") /* its author wants nothing to be relayed */                         \
    X(EXPIRED, "expired")     /* nobody decided in time */
#define HOLD_STATES(X) X(OPEN, "open") HOLD_CLOSED_STATES(X)
enum hold_state {
#define X(name, text) HOLD_##name,
    HOLD_STATES(X)
#undef X
        HOLD_STATE_COUNT
};
const char *hold_state_name(enum hold_state state);
enum hold_state hold_state_by_name(struct span name); /* HOLD_STATE_COUNT if none */

/* What every zone there may be waits for, as text. */
enum { HOLD_WHY_MAX = POLICY_ZONES_MAX * (POLICY_NAME_MAX + POLICY_RULE_NAME_MAX + 32) };
/* Why one zone has to wait: ERR_RULE_HOLDS or ERR_FROZEN. */
struct hold_why {
    struct span zone, rule; /* rule: its name; empty: none decided (inside, freeze) */
    enum err code;
};
/* As the store keeps it: a line for each zone. */
void hold_why_write(const struct hold_why *why, struct bytes *out);
/* Takes the next line off; false: there is none, or it can't be read. Borrows from the text. */
bool hold_why_next(struct span *text, struct hold_why *ret);
/* The zones of such a text, comma-separated, as the journal writes an audience. */
void hold_zones_write(struct span whys, struct bytes *out);
/* What is said of an activity that nobody may have but those who wait: ERR_FROZEN where it is
 * freezes alone that they wait for, else ERR_RULE_HOLDS. */
enum err hold_code(struct span whys);

/* What the rules were told that is not in the activity's bytes. */
enum { HOLD_SOFTWARE_SIZE = 64 };
struct hold_known {
    enum fact_said consent; /* as it was */
    enum fact_said bot, indexable;
    enum fact_said bio; /* the author's description says no to being relayed */
    char software[HOLD_SOFTWARE_SIZE];
};
void hold_known_write(const struct hold_known *known, struct bytes *out);
bool hold_known_read(struct span text, struct hold_known *ret);

/* Why an item is decided anew. */
enum hold_asked {
    HOLD_ASKED_APPROVE, /* a person said yes */
    HOLD_ASKED_THAW,    /* a freeze was lifted: only the rules count */
    HOLD_ASKED_DENY     /* a person said no: nothing counts */
};
/* What becomes of one held zone by the verdict of today about it. */
enum hold_fate {
    HOLD_SENT,
    HOLD_KEPT,   /* it still waits for a person */
    HOLD_REFUSED /* it may not have it */
};
const char *hold_fate_name(enum hold_fate fate); /* `sent`, `held`, `refused` */
enum hold_fate hold_fate(enum hold_asked asked, enum err verdict);
