/* sim: the world of the simulation, and what its files share.
 *
 * Everything happens in virtual time and is drawn from one number, the seed. What ships is linked
 * as it is (relay/rules): the schedule, cursors, leases, the judge, members, outgoing forms and the
 * policy. Around it stand models: a Redis with what the scripts of relay/store do (db_*.c), the
 * shells that couriers are (courier*.c), receivers (hosts.c), senders and their fronts (fronts.c),
 * operators and the steward (people.c), and what goes wrong (faults.c).
 *
 * Each part has a header of its own; this one is the world that they make, and whoever lives in it.
 *
 * The oracle (oracle*.c) never asks the scheduler what it thinks. It notes what each member is owed
 * when an activity gets its number, and what arrived where, and compares that with what is written
 * down, at every step. */
#pragma once

#include <utlist.h>

#include "sim_courier.h"
#include "sim_db.h"
#include "sim_hosts.h"
#include "sim_oracle.h"
#include "sim_tally.h"

#include "relay/rules/policy.h"

enum { COURIERS_MAX = 3 };

/* --- people and machines around it -------------------------------------------------------------
 */

void fronts_init(struct world *w);
void people_init(struct world *w);
void faults_init(struct world *w);
/* The same activity, sent once more, which has its effect once more. */
struct act *act_again(struct world *w, const struct act *of);
/* An operator takes back an object. */
struct act *act_recall(struct world *w, unsigned object);
/* Somebody changes a member. */
void people_change(struct world *w, unsigned host, enum member_event what);
/* Somebody freezes a boundary, or thaws it (gates.c); at rest: all are thawed. */
void people_freeze(struct world *w);
void people_thaw(struct world *w);
/* A call of whoever is no courier, with the epoch of today; NULL: Redis can't be asked now. */
struct call *front_call(struct world *w, void (*exec)(struct world *, struct call *),
                        void (*done)(struct world *, struct call *));

/* --- the world ---------------------------------------------------------------------------------
 */

enum durability { DURABLE_ALWAYS, DURABLE_REPLICA, DURABLE_EVERY_SECOND };

struct plan { /* drawn from the seed at the beginning */
    size_t hosts, saints, couriers, acts, page, tail;
    size_t objects, things; /* things: those of them that are no actors, which come first */
    size_t versions;        /* of an object that wait, at most */
    unsigned shards;
    int64_t duration_ms, lease_ms, fault_ms, people_ms, retention_ms, urgent_ms, bodies_ms, trim_ms;
    enum durability durability;
    unsigned break_thousandths; /* of a call: its connection breaks */
    unsigned deaths;            /* of Redis, soon after one of 100,000 writes */
    unsigned sour_thousandths;
    unsigned sick_thousandths; /* of the time of a host */
    unsigned slots;            /* inboxes of a host, at most */
    bool large;
    bool roles; /* operators say who only publishes */
    bool freezes;
    bool uneven; /* couriers hear of Redis late, now and then; senders ask two fronts at once */
    struct schedule_limits limits;
};

struct world {
    uint64_t seed, chance;
    int64_t now_us;
    int64_t wall_offset_ms;
    struct heap events;
    uint64_t order, steps;
    struct plan plan;
    struct db db;
    int64_t gated_ms; /* when something was frozen or thawed last */
    struct host *hosts;
    unsigned **shard_hosts; /* of each shard, and how many */
    size_t shard_hosts_n[SHARDS_MAX];
    struct courier couriers[COURIERS_MAX];
    uint64_t lives, nonces;
    struct object *objects;
    struct act **acts;
    size_t acts_n;
    struct line *all_lines;
    struct line **letters; /* by uid */
    size_t letters_n;
    struct policy policy;
    struct member *member, *with;
    struct member_change *change;
    struct claim claims[SHARDS_MAX]; /* who took a shard last, as Redis has it; */
    struct claim taken[SHARDS_MAX];  /* and the same, if Redis lost that or not */
    bool resting;                    /* nothing goes wrong any more */
    int64_t clock_moved_ms;          /* all that clocks were moved by */
    int64_t clock_slewed_ms;         /* what of it couriers did not take for a set clock */
    int64_t crashed_ms;              /* when Redis died last */
    int64_t uplink_ms;               /* until then our own network is down */
    int64_t disturbed_ms;            /* until when something went wrong with what all depend on */
    struct tally tally;
    struct event traffic, people, faults, steward, watchdog, relief, death;
    struct conn front; /* of whoever is no courier */
    uint64_t front_epoch;
    size_t joined; /* so many hosts were asked to join */
    char broken[400];
    size_t tracing; /* so many of the last steps are kept, */
    char **traced;  /* in a ring */
    size_t traced_n;
};

void world_live(struct world *w, uint64_t seed, size_t tracing);
void world_fini(struct world *w);
/* Something goes wrong with what all depend on, for so long. */
void disturbed(struct world *w, int64_t ms);
extern const char *const zone_names[ZONES];
