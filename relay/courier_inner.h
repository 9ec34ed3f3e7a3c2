/* courier_inner: what the files of the courier share, and nobody else sees. */
#pragma once

#include <utlist.h>

#include "relay/courier.h"
#include "relay/delivery.h"
#include "relay/look.h"
#include "relay/rules/lease.h"
#include "relay/store/cursors.h"
#include "relay/store/tail.h"

/*
 *     STOPPED -> ASKING -> CLAIMING -> MEMBERS -> GATES -> RUNNING -> DRAINING -> LEAVING
 *                  ^                                          |                        |
 *                  +------------------ HALTING <--------------+          STOPPED <-----+
 *
 *     ASKING: what is ours? The table of leases knows; here is also who owns nothing.
 *     CLAIMING, MEMBERS, GATES: the shards and their cursors, then the registry, then what is
 *     frozen, are loaded.
 *     HALTING: other shards are to be ours. Nothing new starts, what is in flight ends, all is
 *     committed; then everything is loaded anew, for the new set.
 *     DRAINING: the same for good. LEAVING: the last beat, which gives all back.
 *     AWAY: Redis is, or takes nothing; what was loaded and what was answered since is kept.
 *     RUNNING, HALTING, DRAINING -> AWAY -> RUNNING or DRAINING
 *     Any but STOPPED and LEAVING -> BROKEN -> STOPPED: Redis went away before all was loaded, it
 *     is not as it was when it came back, or our lease went.
 */
enum courier_state {
    COURIER_STOPPED,
    COURIER_ASKING,
    COURIER_CLAIMING,
    COURIER_MEMBERS,
    COURIER_GATES,
    COURIER_RUNNING,
    COURIER_HALTING,
    COURIER_DRAINING,
    COURIER_LEAVING,
    COURIER_AWAY,
    COURIER_BROKEN
};

enum {
    COURIER_AGAIN_MS = 500,    /* before what failed is tried again */
    COURIER_LAST_MS = 2000,    /* that one which is told to end waits for Redis */
    COURIER_MEND_MS = 2000,    /* before a shard that could not be read is looked at again */
    COURIER_ADVANCE_MS = 1000, /* how often a shard's cursor is moved along where nothing happens */
    COURIER_LOOKS = 64 /* at actors of members at once; who is beyond that is asked for again */
};

struct flight { /* one attempt */
    struct flight *prev, *next;
    struct flight *ready_prev, *ready_next; /* among those whose body has come */
    bool ready;
    struct courier *courier;
    struct delivery *delivery;
};

struct looking { /* at the actors of one member */
    struct looking *prev, *next;
    struct courier *courier;
    struct look *look;
    char host[MEMBER_HOST_SIZE];
};

struct loading { /* a call that can't be taken back: it may outlive the courier's present life */
    struct courier *courier;
};

struct courier {
    struct context *context;
    enum courier_state state;

    /* The walk. */
    struct schedule *schedule;
    struct bodies *bodies;
    struct tail *tail;
    struct cursors *cursors;
    struct loading *paging;
    struct flight *flights, *ready;
    struct timer *wake, *commit, *pump;
    struct delta delta; /* out, or not answered, or empty */
    bool committing, pumping;
    bool unsure;          /* the delta was not answered: whether it was written, is not known */
    uint64_t heard;       /* the newest number of a line, of mail, or in a member's record */
    bool commit_soon;     /* the timer runs, and for a commit's time at most */
    int64_t commit_by_ms; /* it runs until then at most */
    unsigned begun;       /* attempts since the last commit went out */
    unsigned unwritten;   /* outcomes that came since the last commit went out */
    bool early;           /* the timer was set for them */
    int64_t busy_ms;      /* until then much is sent: see reckon() */
    int64_t early_ms;     /* how many more may come early: see hasten() */
    int64_t touched_ms;   /* when there was last something to write down */
    int64_t ahead_ms; /* of the monotonic clock is the wall clock, as far as the schedule knows */
    unsigned started; /* in this turn */
    struct looking *looks;
    size_t looks_n;
    enum lane page_lane;
    uint64_t page_after, last_line[LANE_COUNT];
    bool followed; /* a line was told in this life */
    bool told;     /* something was, in this batch */
    bool looked;   /* direct mail that there was at first was told, and what came while Redis was
                      away: before, nothing is sent */
    bool starved;  /* nothing was started, for want of a renewed lease */

    /* Its life. */
    enum courier_state before; /* AWAY: where it goes on */
    bool resuming;             /* cursors_resume() is under way */
    struct timer *restart, *gauges;
    struct loading *loading;
    loop_cb drained;
    void *drained_arg;

    /* What it owns. */
    struct lease lease;
    uint64_t held;              /* bit s: shard s is loaded, or is being loaded */
    uint64_t giving;            /* goes when it has halted */
    uint64_t give;              /* goes with the next beat */
    uint64_t given;             /* went with the one that is out */
    uint64_t unread;            /* a member of these can't be read */
    struct cursors_probe probe; /* what is to be looked at again */
    uint64_t broken;            /* what is kept of these can't be read: nobody serves them */
    bool first;                 /* no beat of this nonce was answered */
    int64_t sent_ms;            /* when that was sent */
    int64_t lease_ms;           /* when the last one that was answered was sent */
    struct loading *beating, *probing;
    struct timer *tick, *lapse, *halt, *mend;
};

/* courier.c: the walk, from the journal to the cursors */
void courier_walk_init(struct courier *c);
void courier_walk_fini(struct courier *c);
/* All is loaded: follows the journal from there. */
void courier_follow(struct courier *c);
/* Attempts in flight are taken back, what was not committed is forgotten. */
void courier_unfollow(struct courier *c);
/* Attempts in flight are taken back: what came of them is not known. */
void courier_abort(struct courier *c);
/* Nothing begins any more; what is under way goes on. */
void courier_pause(struct courier *c);
/* The delta whose fate was not known is sent again. */
void courier_commit_again(struct courier *c);
void courier_landed(struct flight *f);
/* The wall clock, which the schedule goes by; it has been told if that was set. */
int64_t courier_now(struct courier *c);
void courier_schedule(struct courier *c);
/* It knows of something with this number: where Redis has lost that, what it knows is worth
 * nothing.
 */
void courier_heard(struct courier *c, uint64_t n);
void courier_commit(void *courier);

/* courier_health.c: the delta that was out is on disk: what is to be done, counted and said of it;
 * then the schedule has it back. */
void courier_written(struct courier *c);
/* No look at an actor goes on. */
void courier_blink(struct courier *c);

/* courier_lease.c: which shards it owns, and whether it still may act on them */
void courier_lease_init(struct courier *c, const struct courier_config *config);
void courier_lease_fini(struct courier *c);
/* A new nonce; asks for what is ours. */
void courier_lease_begin(struct courier *c);
/* Nothing more is said of leases. */
void courier_lease_end(struct courier *c);
/* The last beat. */
void courier_leave(struct courier *c);
/* Nothing is in flight and all is committed: goes on from ASKING with the new set. */
void courier_shift(struct courier *c);
/* These can't be served: they are left alone until they can be read. */
void courier_broken(struct courier *c, uint64_t shards);
/* Whether an attempt may start now. */
bool courier_may_start(const struct courier *c);
/* Whether it is about to load what it holds. */
bool courier_loads(const struct courier *c);
/* Whether it has loaded what it holds, and works on it. */
bool courier_holds(const struct courier *c);

/* The next beat, in so long. */
void courier_lease_retry(struct courier *c, int64_t ms);

/* courier_away.c: Redis is away, and what is known is kept */
void courier_away(struct courier *c, const char *why);
/* Attempts in flight are taken back, to be made again. */
void courier_keep(struct courier *c);
/* The lease stands: may it go on? */
void courier_come_back(struct courier *c);

/* courier_life.c: starting, stopping, starting over */
/* Who it is on this machine: `courier-0`. */
struct span courier_name(const struct courier *c);
void courier_goto(struct courier *c, enum courier_state state);
/* Loads what it holds, and runs. */
void courier_claim(struct courier *c);
/* While it loads: loads these, too. */
void courier_claim_more(struct courier *c, uint64_t shards);
/* Forgets what was loaded; keeps the lease. */
void courier_rest(struct courier *c);
/* Not in the turn that it broke in: whoever noticed is still on the stack. */
void courier_start_over(struct courier *c, const char *why);
/* Whether nothing is in flight or to be written any more, where that is waited for; then goes on.
 */
void courier_halted(struct courier *c);
/* It has left: tells whoever waits for that. */
void courier_gone(struct courier *c);
struct loading *courier_loading(struct courier *c);
void courier_forget(struct loading **loading);
