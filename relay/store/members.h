/* members: the registry. A member changes only through a control entry in the journal, so that
 * every change has a place in the order. */
#pragma once

#include "relay/rules/member.h"
#include "relay/rules/placed.h"
#include "relay/store/store.h"

/* member NULL: not known (with err OK), by a Redis that still has our journal. Borrowed during the
 * callback. */
typedef void (*member_cb)(void *arg, enum err err, const struct member *member);
void members_get(struct store *store, struct span host, member_cb cb, void *arg);

/* Called once for each member of these shards (bit s: shard s), then once with member NULL and err.
 * A member whose record can't be read is told with ERR_REDIS_REPLY and its host alone: who leaves
 * it out takes from it what is its. Who becomes a member meanwhile may be told, or not. However
 * many there are, what else is asked of the store meanwhile waits for some hundred records at most.
 */
#define MEMBERS_ALL UINT64_MAX
void members_each(struct store *store, uint64_t shards, member_cb each, void *arg);

/* How many changes of members there have been, whoever made them: another number, another registry.
 */
typedef void (*members_changes_cb)(void *arg, enum err err, uint64_t changes);
void members_changes(struct store *store, members_changes_cb cb, void *arg);

/* Stands in a record for the number that its own control entry will get. */
#define MEMBER_HERE ((uint64_t)INT64_MAX - 1)

/* Direct mail that tells a follower so. */
struct members_letter {
    struct span inbox, kind, body;
};

struct members_change {
    const struct member *after; /* spans and inboxes that open or close now hold MEMBER_HERE */
    uint64_t ver;               /* of the record that it was made from; 0: none */
    enum member_event event;
    bool cuts;
    int64_t now_ms;
    const struct members_letter *letters; /* sent in this order */
    size_t letters_n;
    struct span note; /* of audit_write(), written down with it; absent: no person did it */
};
struct members_changed {
    enum err err; /* OK; ERR_AGAIN: the record changed meanwhile; ERR_UNREADABLE: the audit log
                     can't be written to */
    uint64_t n;
    struct span member; /* AGAIN: the record now, or empty; borrowed during the callback */
};
typedef void (*members_changed_cb)(void *arg, const struct members_changed *answer);
void members_change(struct store *store, const struct members_change *change, members_changed_cb cb,
                    void *arg);

/* When the software of a member is to be asked for next: kept beside its record, because that a
 * look was had is no change of it. */
struct members_look {
    struct span host;
    int64_t
        since_ms;   /* of its state (struct member): in another one, its software may be another */
    int64_t now_ms; /* 0: next_ms counts, whatever was kept */
    int64_t next_ms;
};
/* later_ms: until then it was looked at already, in this state; 0: it was not, and next_ms is kept
 * now. */
typedef void (*members_look_cb)(void *arg, enum err err, int64_t later_ms);
/* NOT_MEMBER: no record of it is kept. */
void members_look(struct store *store, const struct members_look *look, members_look_cb cb,
                  void *arg);

/* Fills in the zones that operators put these hosts into. placed is borrowed until the answer; its
 * caller must not go away before that. */
typedef void (*members_placed_cb)(void *arg, enum err err);
void members_placed(struct store *store, struct placed *placed, members_placed_cb cb, void *arg);
