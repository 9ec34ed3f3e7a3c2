/* schedule_inner: what the files of the scheduler share, and nobody else sees. */
#pragma once

#include <utlist.h>

#include "common/pure/heap.h"
#include "common/pure/map.h"
#include "relay/rules/schedule.h"

/*
 *             new entry / direct           popped                  delivered, failed for good
 *     IDLE --------------------> READY --------------> FLYING --------------------+
 *      ^                          ^ ^                    | later                  |
 *      |   nothing for it         | | woke up            v                        |
 *      +--------------------------+ +---------------- ASLEEP                      |
 *      |                          | page came                                     |
 *      |                        HUNGRY <-- READY, entry not in memory             |
 *      |                          ^                                               |
 *      +--------------------------+------- SETTLING <-----------------------------+
 *     SETTLING: an entry was refused for good or skipped, and what follows waits until that is on
 *     disk. Otherwise a crash between could bring the old entry out after its follower (ENGINE 1e).
 *     HELD: suspended, or no member: nothing is sent but direct mail.
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
    struct judge_past past;
    unsigned tries;
};

struct dest {
    struct dest *prev, *next;             /* in the list of its state */
    struct dest *shard_prev, *shard_next; /* in its shard */
    struct heap_node wake;                /* in the heap while ASLEEP */
    enum dest_state state;
    unsigned shard;
    bool subscribed; /* gets entries: active, and not suspended */
    bool known;      /* has a cursor: active or suspended, or gone with a place that must be kept */
    bool gone;       /* was a member; kept until its shard's cursor has passed `low` and nothing
                        behind that is owed to it any more */
    bool down_told;  /* Redis knows that it is in back-off */
    bool mail_flies; /* FLYING with the first of its letters */
    uint64_t unsaved; /* the newest number whose "never" or skip is not on disk; 0: all are */
    uint64_t ver;     /* of the member record that is in force */
    char zone[MEMBER_ZONE_SIZE];
    char *inbox;
    struct member_span *spans;
    size_t spans_n;
    struct cursor cursor; /* as it is */
    struct cursor stored; /* as Redis has it, where `own` */
    bool own;             /* Redis has a cursor of its own for it */
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
void record(struct schedule *s, const struct dest *d, const struct change *change);
void change_add(struct change **list, size_t *n, size_t *cap, const struct change *change);

/* schedule_delta.c */
/* Members that are gone are forgotten once nothing in Redis depends on them. */
void forget_gone(struct schedule *s, unsigned shard);

/* schedule_dest.c */
/* Whether the host's shard is ours. */
bool owned(const struct schedule *s, struct span host);
struct dest *dest_new(struct schedule *s, struct span host);
void dest_free(struct schedule *s, struct dest *d);
struct dest *dest_find(const struct schedule *s, struct span host);
void dest_goto(struct schedule *s, struct dest *d, enum dest_state state);
/* Puts one that is not on its way where it belongs now; frees it if it belongs nowhere. */
void dest_settle(struct schedule *s, struct dest *d);
uint64_t dest_low(const struct schedule *s, const struct dest *d);
/* Its cursor moves to n, and the entry behind that is a new one. */
void dest_pass(struct dest *d, uint64_t n);
/* Nothing between its cursor and this number was ever its, by its spans; UINT64_MAX: nothing at all
 * will be until its spans change. */
uint64_t dest_owed_from(const struct dest *d);
/* Its cursor moves there, but not past the position: no pages are read for what it has no right to.
 */
void dest_skip(const struct schedule *s, struct dest *d);
/* Whether an entry is for it, by facts that cannot change. */
bool dest_entitled(const struct dest *d, const struct entry *e);
/* What is owed to it up to n is given up, which is recorded; its cursor is at n or behind. */
void dest_cut(struct schedule *s, struct dest *d, uint64_t n, enum err why);
/* The host answers, or showed otherwise that it lives: its back-off is over. */
void dest_lives(struct schedule *s, struct dest *d);
void letter_settle(struct schedule *s, struct dest *d, struct letter *letter);
void letter_give_up(struct schedule *s, struct dest *d, struct letter *letter, enum err why,
                    int status, const char *detail);
