/* sim_courier: the shells that couriers are (courier*.c). */
#pragma once

#include "sim_db.h"
#include "sim_hosts.h"

#include "relay/rules/lease.h"

enum courier_state {
    COURIER_STOPPED,
    COURIER_ASKING,
    COURIER_CLAIMING,
    COURIER_MEMBERS,
    COURIER_GATES,
    COURIER_RUNNING,
    COURIER_HALTING,
    COURIER_AWAY,
    COURIER_LEAVING,
    COURIER_BROKEN
};

struct arrival {
    struct event event;
    uint64_t announced; /* the number in the id of our Announce, + 1; 0: it is none */
    unsigned host, slot;
    struct act *act;
    struct line *letter;
    struct flight *flight; /* NULL: nobody waits for it any more */
};

struct flight {
    struct event event; /* the answer */
    struct flight *prev, *next;
    struct courier *courier;
    struct attempt attempt;
    struct sending sending;
    struct arrival *arrival;
    struct act *act;
    struct line *letter;
    unsigned host;
    int64_t started_ms;
};

struct claim { /* of a shard */
    unsigned courier;
    uint64_t process; /* 0: nobody's */
};

struct courier {
    unsigned number;
    bool alive, draining;
    int64_t lacks_until_ms;          /* sockets, memory or a route */
    int64_t frozen_until_us, thawed; /* thawed: what was told since it woke up */
    uint64_t process;                /* counts its starts */
    struct conn store, tail;
    uint64_t epoch, epoch_most;
    bool ready;
    enum courier_state state;
    /* what it owns */
    struct lease lease;
    uint64_t nonce, held, giving, give, given;
    bool first, beating;
    int64_t sent_ms, lease_ms;
    int64_t clock_ms;        /* by so much clocks were moved, as its schedule knows */
    int64_t loaded_clock_ms; /* and by so much when that was loaded */
    struct event tick, lapse, halt, reconnect, restart, wake, commit, reborn, thaw, hangup;
    /* the walk */
    uint64_t life; /* of its schedule: a number that no other has */
    struct schedule *schedule;
    uint64_t seq[SHARDS_MAX];
    unsigned claims_waiting;
    uint64_t taken;
    bool claims_failed;
    struct delta delta;
    uint64_t moved;        /* shards of the commit that is out, or unsure */
    uint64_t loaded_epoch; /* of its shards, as they were claimed or resumed */
    uint64_t heard;        /* the newest number that it was told of */
    uint64_t urgent;       /* the newest of lane U when it claimed its shards */
    struct frozen frozen;  /* as it was told, up to this line: */
    uint64_t gates_n;
    bool unsure, resuming;
    bool committing, commit_soon, told, followed, starved, paging, pumping;
    int64_t touched_ms;
    bool mail_read; /* all direct mail that there was at first */
    uint64_t last_line[LANE_COUNT], tail_line, tail_mail;
    struct flight *flights;
    size_t flights_n;
};

extern const char *const courier_names[];
void couriers_init(struct world *w);
void couriers_fini(struct world *w);
/* courier_away.c */
void courier_away(struct world *w, struct courier *c, const char *why);
void courier_keep(struct world *w, struct courier *c);
void courier_come_back(struct world *w, struct courier *c);
void courier_beat_later(struct world *w, struct courier *c, int64_t ms);
/* The wall clock, as the schedule goes by it. */
int64_t courier_now(struct world *w, struct courier *c);
void courier_landed(struct world *w, struct flight *f);
void courier_committed(struct courier *c);
void courier_commit_again(struct world *w, struct courier *c);
void courier_tail_again(struct world *w, struct courier *c);
void courier_kill(struct world *w, struct courier *c, int64_t down_ms);
void courier_freeze(struct world *w, struct courier *c, int64_t ms);
void courier_drain(struct world *w, struct courier *c);
void courier_conn_down(struct world *w, struct courier *c, bool is_tail);
/* courier_walk.c */
void courier_goto(struct world *w, struct courier *c, enum courier_state state);
void courier_start_over(struct world *w, struct courier *c, const char *why);
void courier_claim(struct world *w, struct courier *c);
void courier_rest(struct world *w, struct courier *c);
void courier_shift(struct world *w, struct courier *c);
void courier_leave(struct world *w, struct courier *c);
void courier_begin(struct world *w, struct courier *c);
bool courier_may_start(const struct world *w, const struct courier *c);
bool courier_holds(const struct courier *c);
void courier_schedule(struct world *w, struct courier *c);
void courier_commit(struct world *w, struct courier *c);
void courier_follow(struct world *w, struct courier *c);
void courier_abort(struct world *w, struct courier *c);
void courier_unfollow(struct world *w, struct courier *c);
void courier_walk_init(struct courier *c);
void courier_look_at_lease(struct world *w, struct courier *c);
/* gates.c */
/* Reads what is frozen, then follows the journal. */
void courier_gates(struct world *w, struct courier *c);
void courier_gated(struct world *w, struct courier *c, const struct frozen *frozen, uint64_t n);
/* courier_tail.c */
void courier_tail_start(struct world *w, struct courier *c);
void courier_ask_page(struct world *w, struct courier *c);
/* courier_commit.c */
struct commit *commit_new(struct world *w, struct courier *c, const struct delta *delta);
void commit_free(struct call *call);
