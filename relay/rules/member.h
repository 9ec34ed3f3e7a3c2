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

/* How an inbox is subscribed, and with it what is understood there (PROTOCOL 2.6). */
enum member_style {
    STYLE_PUBLIC, /* follows the public collection: takes proofs */
    STYLE_LITEPUB /* follows our actor */
};

/* A stretch of the journal: entries with from < n <= to, in a zone. Open while to is SPAN_OPEN. */
#define MEMBER_SPAN_OPEN UINT64_MAX
enum {
    MEMBER_SPANS_MAX = 32,
    MEMBER_ZONE_SIZE = 64,
    MEMBER_HOST_SIZE = 262,
    MEMBER_URL_SIZE = 2049
};
struct member_span {
    uint64_t from, to;
    char zone[MEMBER_ZONE_SIZE];
};

struct member {
    char host[MEMBER_HOST_SIZE]; /* authority form */
    enum member_state state;
    char zone[MEMBER_ZONE_SIZE];
    bool placed;                  /* an operator put it into its zone, whatever the patterns say */
    char actor[MEMBER_URL_SIZE];  /* who followed */
    char inbox[MEMBER_URL_SIZE];  /* the shared inbox where there is one */
    char follow[MEMBER_URL_SIZE]; /* id of the Follow */
    char software[64];            /* by NodeInfo, or empty */
    int64_t since_ms;             /* of the present state */
    int64_t until_ms;             /* end of the invitation; 0: none */
    uint64_t ver;                 /* counts every change */
    struct member_span spans[MEMBER_SPANS_MAX];
    size_t spans_n;
};

/* As one line of text (JSON) and back: what the store keeps and control entries carry. False on
 * text that is not one of ours. MEMBER_TEXT_MAX is enough for any. Numbers of spans are written as
 * they are up to the largest, and read up to INT64_MAX. */
enum { MEMBER_TEXT_MAX = 64 * 1024 };
void member_write(const struct member *member, struct bytes *out);
bool member_read(struct span text, struct member *ret);

/* Whether an entry with number n, whose audience holds the zones in `audience` (names,
 * comma-separated), is for the member by the facts that cannot change: one of its spans covers n
 * and that span's zone is in the audience. */
bool member_spans_entitle(const struct member_span *spans, size_t spans_n, uint64_t n,
                          struct span audience);
/* Whether a comma-separated audience names the zone. */
bool audience_has(struct span audience, const char *zone);

/* Things that happen to a member, and the kind of the control entry that says so. */
#define MEMBER_EVENTS(X)                                                                           \
    X(INVITE, "invite")   /* an operator expects it, or extends its invitation */                  \
    X(FOLLOW, "join")     /* its Follow */                                                         \
    X(UNDO, "leave")      /* its Undo of the Follow */                                             \
    X(ACCEPT, "accept")   /* an operator's answer to what is pending */                            \
    X(REJECT, "reject")   /* the same */                                                           \
    X(SUSPEND, "suspend") /* an operator closes the gate for a while */                            \
    X(RESUME, "resume")   /* and opens it again */                                                 \
    X(REMOVE, "remove")   /* an operator ends it */                                                \
    X(EXPIRE, "expire")   /* the end date of its invitation has come */                            \
    X(UNZONED, "unzoned") /* a reload left it without a zone */                                    \
    X(ZONED, "zone")      /* a reload, or an operator, put it into another zone */

enum member_event {
#define X(name, text) EVENT_##name,
    MEMBER_EVENTS(X)
#undef X
        EVENT_COUNT
};
const char *member_event_name(enum member_event event);
enum member_event member_event_by_name(struct span name); /* EVENT_COUNT if none */

/* What goes to the member on the wire because of it (PRODUCT 2.2). */
enum member_wire {
    WIRE_NOTHING,
    WIRE_ACCEPT, /* of the Follow in `after` */
    WIRE_REJECT  /* of the Follow in `after`, which is the one that was accepted or is pending */
};

struct member_change {
    struct member after;
    enum member_wire wire;
    bool cuts; /* what still waits is not sent any more: recorded as cut */
};

/* The one place that says what may happen in which state, with which effect (DESIGN 1,
 * PRODUCT 2.2); the table stands above the code. before NULL: not known yet (the host is taken
 * from `with`). `with` may be NULL where the event brings nothing. Brought along:
 *
 *   INVITE  zone and until_ms (0: no end)
 *   FOLLOW  actor, inbox, follow, and software if it is known; the zone only of who is not a
 *           member yet or had left: an invitation or an operator's zone stands above the policy's
 *   ZONED, RESUME, ACCEPT  zone, if it names one
 *
 * join: how the zone is joined (enum zone_join); asked for a Follow only. n: the number that the
 * control entry will have: spans open and close there. A Follow is idempotent in every state. Who
 * was suspended or removed cannot get out of it by leaving and coming back.
 * ERR_OK, ERR_TRANSITION, ERR_NOT_INVITED, ERR_SUSPENDED, ERR_EXPIRED (also: until_ms is over),
 * ERR_REMOVED; *ret is set with ERR_OK only. */
enum err member_apply(const struct member *before, enum member_event event,
                      const struct member *with, int join, uint64_t n, int64_t now_ms,
                      struct member_change *ret);
