/* schedule_inner: what the files of the scheduler share, and nobody else sees. */
#pragma once

#include <utlist.h>

#include "common/pure/heap.h"
#include "common/pure/map.h"
#include "relay/rules/schedule.h"

/*
 *             new entry / direct           popped                  an answer came
 *     IDLE --------------------> READY --------------> FLYING --------------------+
 *      ^                          ^ ^                    | later                  |
 *      |   nothing for it         | | woke up            v                        |
 *      +--------------------------+ +---------------- ASLEEP                      |
 *      |                          | page came                                     |
 *      |                        HUNGRY <-- READY, entry not in memory             |
 *      |                          ^                                               |
 *      +--------------------------+------- SETTLING <-----------------------------+
 *     IDLE: it has all entries up to the position. What is set aside for it, and mail that failed
 * by itself, may wake it: then it is in the heap too. ASLEEP: its host is in back-off; or it has
 * mail that waits for its own time, and entries have to wait for that; or no room is left to set an
 * entry aside. HUNGRY: asked for a page behind `want`. SETTLING: an entry was refused for good or
 * skipped, and what follows waits until that is on disk. Otherwise a crash between could bring the
 * old entry out after its follower (ENGINE 1e). HELD: suspended, no member, not yet as its record
 * says (`until`), or its Accept was refused: nothing is sent but direct mail.
 */
#define DEST_STATES(X)                                                                             \
    X(IDLE, "idle")                                                                                \
    X(READY, "ready")                                                                              \
    X(FLYING, "sending")                                                                           \
    X(ASLEEP, "waiting")                                                                           \
    X(HUNGRY, "reading")                                                                           \
    X(SETTLING, "settling")                                                                        \
    X(HELD, "held")
enum dest_state {
#define X(name, text) DEST_##name,
    DEST_STATES(X)
#undef X
        DEST_STATE_COUNT
};

struct letter { /* direct mail that waits */
    struct direct d;
    struct letter *prev, *next;
    struct cursor_tried tried;
    int64_t wake_ms; /* it failed by itself, and others go first until then; 0: now */
};

struct slot {      /* an inbox */
    char *url;     /* NULL: free */
    uint64_t from; /* entries numbered above it are for it; free: it was in use until then */
    enum member_style style;
};

enum flight { FLIES_ENTRY, FLIES_ASIDE, FLIES_MAIL };

struct dest {
    struct dest *prev, *next;             /* in the list of its state */
    struct dest *shard_prev, *shard_next; /* in its shard */
    struct heap_node wake;                /* in the heap while it waits for a time */
    enum dest_state state;
    unsigned shard;
    bool subscribed; /* gets entries: active, and not suspended */
    bool known;      /* has a cursor: active or suspended, or gone with a place that must be kept */
    bool gone;       /* was a member; kept until its shard's cursor has passed `low` and nothing
                        behind that is owed to it any more */
    bool alone;      /* one actor of it follows, no more */
    bool down_told;  /* Redis knows that it is in back-off */
    uint64_t unsaved; /* the number whose "never" or skip was the last to be recorded and is not on
                         disk; 0: all are */
    uint64_t ver;     /* of the member record that is in force */
    uint64_t until;   /* its record and its cursor know of what happened up to here: entries wait
                         until that was told */
    uint64_t heard;   /* the newest change of it that is known, or Accept that it took */
    uint64_t want;    /* HUNGRY: for the entries behind this number */
    char zone[MEMBER_ZONE_SIZE];
    struct slot *slots;
    size_t slots_n;
    struct member_span *spans;
    size_t spans_n;
    struct cursor cursor; /* as it is */
    struct cursor stored; /* as Redis has it, where `own` */
    bool own;             /* Redis has a cursor of its own for it */
    enum flight flies;    /* FLYING: what; */
    uint64_t flies_from;  /* `from` of the inbox, which may be another's before the answer comes; */
    struct letter *letter; /* the mail, else NULL */
    struct letter *letters;
    size_t letters_n;
    size_t host_n;
    char host[];
};

struct window { /* a stretch of the journal in memory: all entries with after < n <= to */
    uint64_t after, to;
    struct entry **list; /* sorted by n */
    size_t first, n, cap;
    uint64_t used; /* when it was last looked at, for the pages */
};

enum { SCHEDULE_PAGES = 16 };

struct shard {
    uint64_t low;     /* as Redis has it */
    int64_t moved_ms; /* when it was last handed out */
    bool dirty;
    struct dest *dests;
};

struct schedule {
    struct schedule_limits limits;
    struct map *dests; /* by host */
    struct dest *lists[DEST_STATE_COUNT];
    size_t counts[DEST_STATE_COUNT];
    struct heap sleepers;
    struct shard shards[SCHEDULE_SHARDS_MAX];
    uint64_t position; /* everything up to here was told */
    uint64_t early;    /* the lowest number above that which some destination waits for; 0: none */
    struct window tail;
    struct window pages[SCHEDULE_PAGES];
    uint64_t page_clock;
    bool page_asked;
    struct change *pending; /* records that wait for the next delta */
    size_t pending_n, pending_cap;
};

/* schedule_window.c */
void window_push(struct window *w, struct entry *entry);
void window_drop_first(struct window *w);
void window_clear(struct window *w);
/* The window that holds what follows `low`, or NULL. */
struct window *window_for(struct schedule *s, uint64_t low);
/* The first entry of it with n > low, or NULL. */
struct entry *window_next(const struct window *w, uint64_t low);

/* schedule_record.c */
/* change: its texts are copied. */
void record(struct schedule *s, const struct dest *d, const struct change *change);
void record_host(struct schedule *s, struct span host, const struct change *change);
void change_add(struct change **list, size_t *n, size_t *cap, const struct change *change);

/* schedule_delta.c */
/* Members that are gone are forgotten once nothing in Redis depends on them. */
void forget_gone(struct schedule *s, unsigned shard);

/* schedule.c */
/* Everything up to n was told; who waited for that waits no longer. */
void told(struct schedule *s, uint64_t n);
bool shard_owned(const struct schedule *s, unsigned shard);
bool host_owned(const struct schedule *s, struct span host);

/* schedule_dest.c */
struct dest *dest_new(struct schedule *s, struct span host);
void dest_free(struct schedule *s, struct dest *d);
struct dest *dest_find(const struct schedule *s, struct span host);
void dest_goto(struct schedule *s, struct dest *d, enum dest_state state);
/* The same, and it wakes up at that time (INT64_MAX: it does not). */
void dest_wait(struct schedule *s, struct dest *d, enum dest_state state, int64_t when_ms);
/* Puts one that is not on its way where it belongs now; frees it if it belongs nowhere. */
void dest_settle(struct schedule *s, struct dest *d);
/* The same if it waits for something that may have changed, but not for its host. */
void dest_look_again(struct schedule *s, struct dest *d);
uint64_t dest_low(const struct schedule *s, const struct dest *d);
/* Its cursor moves to n. What is known of the entry at the head of it goes if that is passed. */
void dest_pass(struct dest *d, uint64_t n);
/* Nothing between its cursor and this number was ever its, by its spans; UINT64_MAX: nothing at all
 * will be until its spans change. */
uint64_t dest_owed_from(const struct dest *d);
/* Its cursor moves there, but not past the position: no pages are read for what it has no right to.
 */
void dest_skip(const struct schedule *s, struct dest *d);
/* Whether an entry is for the host, by facts that cannot change. */
bool dest_entitled(const struct dest *d, const struct entry *e);
/* The inboxes that an entry is for, by facts that cannot change (but for their styles): bit s is
 * slot s. */
unsigned dest_slots(const struct dest *d, const struct entry *e);
/* What is owed to it up to n is given up, which is recorded; its cursor is at n or behind. slots:
 * those that were in use when the entry at the head of it got its number. */
void dest_cut(struct schedule *s, struct dest *d, uint64_t n, unsigned slots, enum err why);
/* Where that is not known, also those that may have been. */
unsigned dest_slots_at(const struct dest *d, uint64_t n);
/* What it is owed up to n, the number of a control entry, is given up for one inbox; its cursor
 * stays. */
void slot_cut(struct schedule *s, struct dest *d, unsigned slot, uint64_t n, enum err why);
/* The host answers, or showed otherwise that it lives: its back-off is over. */
void dest_lives(struct schedule *s, struct dest *d);

/* schedule_member.c */
void dest_take_member(struct dest *d, const struct member *m);
/* Something newer than n is known of it than a refused Accept: entries go again. */
void dest_heard(struct dest *d, uint64_t n);
/* Whoever posted the entry is not down. */
void dest_shows_life(struct schedule *s, const struct entry *entry);

/* schedule_aside.c */
uint64_t object_hash(const struct entry *e);
struct cursor_aside *aside_find(struct dest *d, uint64_t n, unsigned slot);
/* Whether one of the object is set aside for the inbox, so that others of it have to wait. */
bool aside_holds(const struct dest *d, unsigned slot, uint64_t object);
bool aside_room(const struct dest *d, size_t n);
/* Copies it; there is room. */
void aside_put(struct dest *d, const struct cursor_aside *aside);
void aside_take(struct dest *d, struct cursor_aside *aside);
/* The first that is due and waits behind none of its object, or NULL; *ret_later becomes the time
 * when the next is, if that is earlier. */
struct cursor_aside *aside_due(struct dest *d, int64_t now_ms, int64_t *ret_later);

/* schedule_mail.c */
/* The first that may go now, or NULL; *ret_later becomes the time when the next may, if that is
 * earlier. */
struct letter *letter_due(struct dest *d, int64_t now_ms, int64_t *ret_later);
/* Whether its Accept is not delivered yet. */
bool accept_waits(const struct dest *d);
void letter_outcome(struct schedule *s, struct dest *d, const struct judgement *j, int status,
                    const char *detail, int64_t now_ms, uint32_t chance);
void letters_free(struct dest *d);
