/* sim_hosts: the receivers, and what is known of each (hosts.c). */
#pragma once

#include "sim_act.h"

#include "common/pure/date.h"
#include "relay/rules/schedule.h"

enum { SLOTS = 3 }; /* inboxes of one host */

enum mode {
    MODE_UP,
    MODE_DOWN,
    MODE_SLOW,
    MODE_LIES,
    MODE_BUSY,
    MODE_GONE,
    MODE_SICK,
    MODE_TLS,
    MODE_CERTIFICATE
};

struct host {
    char name[24];
    unsigned shard;
    bool saint;     /* nothing is ever wrong with it */
    bool remembers; /* what it had, and drops it when it comes again */
    enum mode mode;
    int64_t mode_until_ms;
    uint64_t chance;
    /* as Redis has it */
    char *member;              /* its record; NULL: none */
    char *own;                 /* its cursor; NULL: it follows its shard */
    bool down;                 /* somebody looks for a sign of life from it */
    uint64_t held_n, replay_n; /* the orders to hold it, and to replay; 0: none */
    uint64_t ver, ver_told;    /* told: to who asked for the change */
    enum member_state state;
    int zone;
    int hears;              /* the zone whose entries go to it; -1: it only publishes */
    int64_t left_ms;        /* it left by itself, and is told what is taken back; 0: no; */
    unsigned farewell_slot; /* in this inbox, */
    char farewell_url;
    struct line *accept; /* our newest Accept to it */
    unsigned slots_used;
    char urls[SLOTS];      /* which of its inboxes has the slot */
    int64_t wait_saved_ms; /* no attempt before, as far as that was written down */
    /* what the oracle knows */
    int64_t changed_ms;    /* its membership, last; */
    uint64_t changed_n;    /* with this number */
    const char *read_text; /* what `read` was read from */
    struct cursor read;
    unsigned flying;
    bool end_told;  /* a courier wanted its membership to end, since that began */
    uint64_t named; /* the last commit that said something of its cursor */
    struct knows {  /* what the courier who owns it should know; of one of its lives */
        uint64_t life;
        int64_t wait_ms, trouble_ms; /* no attempt before; when it was in trouble last */
        bool failing, parked;        /* until it answers, one attempt at a time; or one a day */
        bool troubled;               /* something went wrong that was no fault of ours */
    } knows;
    int64_t silent_day, gone_day; /* the last day on which it was silent, or said 410; 0: none */
    unsigned silent_days, gone_days;
    int64_t probed_ms;   /* it took something while it was parked, or woke up */
    unsigned *announced; /* by the number in the id of an Announce: the object that it names, + 1 */
    size_t announced_n;
    unsigned *shown; /* for each slot and object: uid of what it shows, + 1 */
    uint64_t *first; /* for each slot and object: newest number that came for the first time */
};

struct sending { /* what the net does with one attempt */
    struct judge_answer answer;
    bool arrives;
    int64_t arrives_ms, answers_ms; /* from now */
    int64_t asks_ms;                /* how long it wants to be left alone; */
    int64_t asks_until_ms;          /* or until when, by the clock on the wall */
    char asks[DATE_HTTP_SIZE];      /* in these words */
};
void host_send(struct world *w, unsigned host, const struct attempt *a, struct sending *ret);
/* Something of ours is announced to it, by the id of this number. */
void host_learns(struct world *w, unsigned host, const struct act *act, uint64_t announced);
void host_receive(struct world *w, unsigned host, unsigned slot, struct act *act);
enum mode host_mode(struct world *w, unsigned host);
unsigned host_number(const char *name);
