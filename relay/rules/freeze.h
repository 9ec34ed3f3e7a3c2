/* freeze: boundaries that an operator closed for a while. Pure.
 *
 * A boundary is an ordered pair of zones. What would cross a frozen one waits for the thaw, whether
 * a rule allows it or holds it; what a rule denies is denied. What follows its object (DESIGN 6) is
 * not asked about here: it goes where its object went. A freeze holds until it is thawed: its end
 * date is for the calendar, which thaws it then. */
#pragma once

#include "relay/rules/audit_note.h"
#include "relay/rules/policy.h"

enum {
    FREEZES_MAX = 64,
    FREEZE_TEXT_MAX = 2 * POLICY_NAME_MAX + 4, /* `A -> B` */
    FREEZE_RECORD_MAX = 8192,
    FREEZES_VERSION_SIZE = 48
};

struct freeze {
    char from[POLICY_NAME_MAX + 1], to[POLICY_NAME_MAX + 1]; /* zones; `*`: any but the other end */
    int64_t since_ms;
    int64_t until_ms;                                    /* 0: until somebody thaws it */
    char who[AUDIT_WHO_SIZE], reason[AUDIT_REASON_SIZE]; /* whose doing it is */
};

/* version: another with each change, given by the store. Starts as {0}: none. */
struct freezes {
    char version[FREEZES_VERSION_SIZE];
    size_t n;
    struct freeze list[FREEZES_MAX]; /* the oldest first */
};

/* Reads a boundary, `internal -> partners`, blanks as one likes; `*` on a side stands for any other
 * zone than the one on the other side. False: it is none; two zones of one name are none, either.
 */
bool freeze_boundary_read(struct span text, struct freeze *ret);
/* As `A -> B`. */
void freeze_boundary_write(const struct freeze *freeze, struct bytes *out);
/* Whether it closes the way from one zone to the other, by name. */
bool freeze_covers(const struct freeze *freeze, const char *from, const char *to);
bool freeze_same_boundary(const struct freeze *a, const struct freeze *b);

/* All of it as a JSON object, and back. False: it is none. */
void freeze_write(const struct freeze *freeze, struct bytes *out);
bool freeze_read(struct span text, struct freeze *ret);

/* One more, in its place. False: there is no room. */
bool freezes_add(struct freezes *freezes, const struct freeze *freeze);
/* The oldest that closes the way from one zone to the other, by name; NULL: it is open. */
const struct freeze *freezes_find(const struct freezes *freezes, const char *from, const char *to);
/* The next end date; 0: none has one. */
int64_t freezes_next_ms(const struct freezes *freezes);

/* What policy_decide() allows or holds across a frozen boundary is held for it: its verdict becomes
 * ERR_FROZEN, with the side and the rule as they were, and the zone leaves the set. */
void freezes_apply(const struct freezes *freezes, const struct policy *policy, int from,
                   struct zone_verdict *verdicts, struct zone_set *set);
