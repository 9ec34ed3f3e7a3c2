/* membership: one thing that happens to one member, carried through: the rule, the record, the
 * place in the journal, the word on the wire; again from the start when the record changed
 * meanwhile. */
#pragma once

#include "relay/context.h"
#include "relay/rules/audit_note.h"
#include "relay/store/members.h"

struct membership_ask {
    struct span host;
    enum member_event event;
    const struct member *with; /* what the event brings (see member_apply()), or NULL; copied */
    struct span follow; /* FOLLOW: the activity as received, embedded in the answer; copied */
    const char *verb; /* how the audit log calls it; NULL: `member` and the event's name; static */
    const struct audit_by *by; /* the person who does it: it is written down; NULL: none; copied */
};

/* What the id of our Follow back of this follower is made of, and of its Undo (32 hex digits):
 * URL/activities/follow-HASH. */
enum { MEMBERSHIP_HASH_SIZE = 33 };
void membership_back_hash(const struct member_follower *follower, char ret[MEMBERSHIP_HASH_SIZE]);

/* err: OK, or why the rule says no (TRANSITION, NOT_INVITED ...), or ERR_REDIS; UNREADABLE where it
 * can't be written down. member: as it is
 * now (with OK) or as it was (may be NULL); borrowed during the callback. OK means durable. */
typedef void (*membership_cb)(void *arg, enum err err, const struct member *member);
/* Answers in a later turn, exactly once. */
void membership_change(struct context *context, const struct membership_ask *ask, membership_cb cb,
                       void *arg);

/* The zone of a host: the one that an operator put it into, if the policy knows it, else the one
 * whose patterns fit. -1: none. member may be NULL. */
int membership_zone(const struct policy *policy, struct span host, const struct member *member);
