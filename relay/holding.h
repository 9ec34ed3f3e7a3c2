/* holding: decides anew about one item that is held (rules/hold.h), and does what that says: with
 * the rules, the members and the freezes of today. */
#pragma once

#include "relay/context.h"
#include "relay/rules/audit_note.h"
#include "relay/rules/hold.h"

/* One zone that the item waited for. */
struct holding_zone {
    char zone[MEMBER_ZONE_SIZE];
    enum hold_fate fate;
    enum err code;                       /* of KEPT and REFUSED: why */
    char rule[POLICY_RULE_NAME_MAX + 1]; /* that said so; empty: none */
};

struct holding_answer {
    /* ERR_NOT_KNOWN: no such item. ERR_NOT_KEPT: it is closed (state says how). ERR_HOLD_CHANGED:
     * an Update joined that the person has not seen. The origin is no member any more:
     * ERR_SUSPENDED and its kin. The verdict, where a person said yes and no zone may have it (it
     * stays open). ERR_VERSIONS, ERR_UNREADABLE, ERR_UNAVAILABLE. */
    enum err err;
    enum hold_state state; /* of the item now */
    uint64_t n;            /* its newest entry in the journal; 0: none */
    const struct holding_zone *zones;
    size_t zones_n;
};
typedef void (*holding_decided_cb)(void *arg, const struct holding_answer *answer);

struct holding_ask {
    uint64_t h;
    enum hold_asked asked;
    const struct audit_by *by; /* NULL: nobody in person (a freeze that ended by itself) */
    const char *verb;          /* for the audit log; NULL: no line (the thaw has its own) */
    uint64_t revision;         /* that the person saw, + 1; 0: not said */
};
/* Copies what it needs. The callback comes later, never from inside; also when the store goes away.
 */
void holding_redecide(struct context *context, const struct holding_ask *ask, holding_decided_cb cb,
                      void *arg);
