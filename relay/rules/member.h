/* member: what Weir knows of an instance, its life, and the spans of the journal it is entitled to.
 * Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

/* state, name, and what it means */
#define MEMBER_STATES(X)                                                                           \
    X(INVITED, "invited") /* an operator expects it; no Follow yet */                              \
    X(PENDING, "pending") /* its Follow waits for an operator */                                   \
    X(ACTIVE, "active")                                                                            \
    X(SUSPENDED, "suspended") /* nothing goes out or comes in; what it was owed waits */           \
    X(EXPIRED, "expired")     /* its invitation's end date has passed */                           \
    X(LEFT, "left")           /* it undid its Follow */                                            \
    X(REMOVED, "removed")     /* an operator removed or rejected it */

enum member_state {
#define X(name, text) MEMBER_##name,
    MEMBER_STATES(X)
#undef X
        MEMBER_STATE_COUNT
};
const char *member_state_name(enum member_state state);
enum member_state member_state_by_name(struct span name); /* MEMBER_STATE_COUNT if none */

/* What a member is here for, name, and what it means */
#define MEMBER_ROLES(X)                                                                            \
    X(FULL, "full")                                                                                \
    X(PUBLISH_ONLY, "publish-only") /* what it posts goes out; nothing comes to it but what takes  \
                                       back what it had before */                                  \
    X(RECEIVE_ONLY, "receive-only") /* it gets what its zone may have; of what it sends only that  \
                                       is taken which takes back (Delete, Undo) */

enum member_role {
#define X(name, text) MEMBER_ROLE_##name,
    MEMBER_ROLES(X)
#undef X
        MEMBER_ROLE_COUNT
};
const char *member_role_name(enum member_role role);
enum member_role member_role_by_name(struct span name); /* MEMBER_ROLE_COUNT if none */

/* A stretch of the journal: entries with from < n <= to, in a zone. Open while to is SPAN_OPEN.
 * The zone of who only publishes is empty: no entry is for it, but it is there. */
#define MEMBER_SPAN_OPEN UINT64_MAX
enum {
    MEMBER_SPANS_MAX = 32,
    MEMBER_ZONE_SIZE = 64,
    MEMBER_HOST_SIZE = 262,
    MEMBER_URL_SIZE = 2049,
    MEMBER_SPONSOR_SIZE = 255,
    MEMBER_NOTE_SIZE = 513
};
struct member_span {
    uint64_t from, to;
    char zone[MEMBER_ZONE_SIZE];
};

/* How an actor of it follows (PROTOCOL 8.1, 8.2), name. What is sent depends on it. */
#define MEMBER_STYLES(X)                                                                           \
    X(PUBLIC, "public")   /* the public collection: takes what carries a proof as it is */         \
    X(LITEPUB, "litepub") /* our actor: believes Announces only */
enum member_style {
#define X(name, text) STYLE_##name,
    MEMBER_STYLES(X)
#undef X
        STYLE_COUNT
};
const char *member_style_name(enum member_style style);

/* Our Follow back of a follower, name */
#define MEMBER_BACKS(X)                                                                            \
    X(NONE, "none")   /* there is none, or it was undone */                                        \
    X(ASKED, "asked") /* it is out */                                                              \
    X(ACCEPTED, "accepted")                                                                        \
    X(REJECTED, "rejected")
enum member_back {
#define X(name, text) BACK_##name,
    MEMBER_BACKS(X)
#undef X
        BACK_COUNT
};
const char *member_back_name(enum member_back back);

enum { MEMBER_INBOXES_MAX = 8, MEMBER_FOLLOWERS_MAX = 16 };

/* A place where its mail goes. Its number (the slot) stays while it is used, also when its URL
 * changes, because cursors refer to it; a slot that is free may be used again. */
struct member_inbox {
    char url[MEMBER_URL_SIZE]; /* the shared inbox where there is one; empty: the slot is free */
    enum member_style style;   /* PUBLIC if any of its followers is of that style */
    uint64_t from; /* entries numbered above it go there; of a free slot: the number of the
                      change that freed it, or ended the farewell; 0: never used */
};

/* An actor that follows; one that does in both styles counts twice. */
struct member_follower {
    char actor[MEMBER_URL_SIZE];
    char follow[MEMBER_URL_SIZE]; /* id of its Follow */
    unsigned inbox;               /* slot */
    enum member_style style;
    bool machine;  /* an Application or a Service: it is followed back */
    bool accepted; /* our Accept is out */
    enum member_back back;
    uint64_t asked; /* what the id of our Follow back is made of, besides the actor; 0: none yet */
};

struct member {
    char host[MEMBER_HOST_SIZE]; /* authority form */
    enum member_state state;
    char zone[MEMBER_ZONE_SIZE];
    bool gone;   /* LEFT: since its inbox said for days that it is gone */
    bool lost;   /* SUSPENDED: since its inbox said for days that it is not there */
    bool placed; /* an operator put it into its zone, whatever the patterns say */
    enum member_role role;
    char sponsor[MEMBER_SPONSOR_SIZE]; /* mail address of who answers for it here; or empty */
    char note[MEMBER_NOTE_SIZE];       /* what operators write beside it: what a pilot is for */
    char software[64];                 /* by NodeInfo, or empty */
    int64_t since_ms;                  /* of the present state */
    int64_t until_ms;                  /* end of the invitation; 0: none */
    uint64_t ver;                      /* counts every change */
    struct member_inbox inboxes[MEMBER_INBOXES_MAX];
    struct member_follower followers[MEMBER_FOLLOWERS_MAX]; /* in the order in which they came */
    size_t followers_n;
    /* LEFT: where the last one got its mail, and in which slot: for a while it is still told what
     * is taken back (ENGINE 8). Else empty. */
    struct member_inbox farewell;
    unsigned farewell_slot;
    struct member_span spans[MEMBER_SPANS_MAX];
    size_t spans_n;
};

/* The follower with this actor, in this style; NULL if it does not follow so. */
const struct member_follower *member_follower(const struct member *member, struct span actor,
                                              enum member_style style);
/* The one whose Follow has this id, or NULL. */
const struct member_follower *member_follower_by_id(const struct member *member,
                                                    struct span follow);
/* Makes of `with` what an event brings along: one follower with this inbox. Empty texts are fine
 * where the event does not ask for them. */
void member_bring(struct member *with, const struct member_follower *follower, struct span inbox);

/* As one line of text (JSON) and back: what the store keeps and control entries carry. False on
 * text that is not one of ours. MEMBER_TEXT_MAX is enough for any. Numbers of spans are written as
 * they are up to the largest, and read up to INT64_MAX. */
enum { MEMBER_TEXT_MAX = 640 * 1024 };
void member_write(const struct member *member, struct bytes *out);
bool member_read(struct span text, struct member *ret);

/* The zone whose entries go to it; empty: none do, because it only publishes. */
const char *member_receives(const struct member *member);
/* Whether it may send this now: ERR_OK, or why not, by its state and its role. takes_back: a
 * Delete, or an Undo; who is here to receive may still take back what it posted before that. member
 * NULL: the host is none. */
enum err member_refusal(const struct member *member, bool takes_back);
/* Whether this can be a sponsor: it looks like a mail address, in printable ASCII. */
bool member_sponsor_fits(struct span mail);
/* Whether this can be a note: one line of UTF-8 that fits. */
bool member_note_fits(struct span note);

/* The newest number of the journal that its record speaks of; 0: none. */
uint64_t member_newest(const struct member *member);

/* Whether an entry with number n, whose audience holds the zones in `audience` (names,
 * comma-separated), is for the member by the facts that cannot change: one of its spans covers n
 * and that span's zone is in the audience. */
bool member_spans_entitle(const struct member_span *spans, size_t spans_n, uint64_t n,
                          struct span audience);
/* Whether a comma-separated audience names the zone. */
bool audience_has(struct span audience, const char *zone);

/* Things that happen to a member, and the kind of the control entry that says so. */
#define MEMBER_EVENTS(X)                                                                           \
    X(INVITE, "invite")               /* an operator expects it, or extends its invitation */      \
    X(FOLLOW, "join")                 /* a Follow by one of its actors */                          \
    X(UNDO, "leave")                  /* the Undo of one */                                        \
    X(BACK_ACCEPT, "follow-accepted") /* its Accept of our Follow back */                          \
    X(BACK_REJECT, "follow-rejected") /* its Reject, also of what it accepted before */            \
    X(ACCEPT, "accept")               /* an operator's answer to what is pending */                \
    X(REJECT, "reject")               /* the same */                                               \
    X(SUSPEND, "suspend")             /* an operator closes the gate for a while */                \
    X(RESUME, "resume")               /* and opens it again */                                     \
    X(REMOVE, "remove")               /* an operator ends it */                                    \
    X(EXPIRE, "expire")               /* the end date has come, or an operator put it to now */    \
    X(GONE, "gone")                   /* its inbox said for days that it is gone */                \
    X(LOST, "lost")                   /* its inbox was not there for days, and did not move */     \
    X(MOVED, "moved")                 /* its actor names another inbox now */                      \
    X(UNZONED, "unzoned")             /* a reload left it without a zone */                        \
    X(ZONED, "zone")                  /* a reload, or an operator, put it into another zone */     \
    X(EDIT, "edit")                   /* an operator gives it another role, sponsor or note */     \
    X(EXTEND, "extend")               /* its end date is another one, or none */                   \
    X(SOFTWARE, "software")           /* its NodeInfo names another program than before */         \
    X(BLOCK, "block")                 /* an operator shuts it out, whether it is one or not */

enum member_event {
#define X(name, text) EVENT_##name,
    MEMBER_EVENTS(X)
#undef X
        EVENT_COUNT
};
const char *member_event_name(enum member_event event);
enum member_event member_event_by_name(struct span name); /* EVENT_COUNT if none */

/* What goes on the wire to one of its followers because of it (PRODUCT 2.2); a set. */
enum member_wire {
    WIRE_ACCEPT = 1, /* of its Follow */
    WIRE_REJECT = 2, /* of its Follow, which was accepted or waits */
    WIRE_FOLLOW = 4, /* our Follow back */
    WIRE_UNDO = 8    /* of our Follow back, which is out */
};

struct member_change {
    struct member after;
    unsigned wires[MEMBER_FOLLOWERS_MAX]; /* to each of after.followers: a set of member_wire */
    int left;            /* who left: a place among the followers of before; below 0: nobody */
    unsigned left_wires; /* to the one who left */
    bool cuts;           /* what still waits is not sent any more: recorded as cut */
};

/* The one place that says what may happen in which state, with which effect (DESIGN 1,
 * PRODUCT 2.2); the table stands above the code. before NULL: not known yet (the host is taken
 * from `with`). `with` may be NULL where the event brings nothing. Brought along:
 *
 *   INVITE  zone and until_ms (0: no end), and what EDIT does
 *   EDIT    role (MEMBER_ROLE_COUNT: as it is), sponsor and note (empty: as they are; `-`: none any
 *           more)
 *   EXTEND  until_ms (0: no end any more)
 *   FOLLOW  a follower (actor, follow, style, machine) and its inbox (see member_bring()), and
 *           software if it is known; the zone only of who is not a member yet or had left: an
 *           invitation or an operator's zone stands above the policy's
 *   UNDO    a follower: actor and style; where the Follow's id is known, that decides
 *   BACK_ACCEPT, BACK_REJECT  a follower: actor, style and `asked` of the Follow that is meant
 *   ZONED, RESUME, ACCEPT  zone, if it names one
 *   SOFTWARE  software
 *   LOST    ver: of the record by which that was found out; another one may have another inbox
 *   MOVED   two inboxes: the first is where it was, the second where it is now, and what is owed
 *           goes along. Where others have their mail sent there already, what waited for the first
 *           is cut
 *
 * join: how the zone is joined (enum zone_join); asked for a Follow only. n: the number that the
 * control entry will have: spans and inboxes open and close there. A Follow is idempotent in every
 * state; another actor's adds a follower, and the membership lasts until the last one left. Who
 * was suspended or removed cannot get out of it by leaving and coming back; but who was suspended
 * as lost is found again by a Follow.
 * ERR_OK, ERR_TRANSITION, ERR_NOT_INVITED, ERR_SUSPENDED, ERR_EXPIRED (also: until_ms is over),
 * ERR_REMOVED, ERR_FOLLOWERS (no room for one more). *ret says nothing unless ERR_OK. */
enum err member_apply(const struct member *before, enum member_event event,
                      const struct member *with, int join, uint64_t n, int64_t now_ms,
                      struct member_change *ret);
