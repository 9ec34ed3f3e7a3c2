/* sim_net: calls to Redis, and the connections that they travel on (net.c). */
#pragma once

#include "sim_time.h"

#include "relay/rules/book.h"
#include "relay/rules/entry.h"
#include "relay/rules/lease.h"
#include "relay/rules/member.h"

enum { LEASE_ROWS = 12, ZONES = 4 };
#define COMMAND_MS (2 * SECOND) /* a command of Redis that takes longer has failed */

struct conn;

/* From each zone to each other: the line that froze it; 0: nothing did. */
struct frozen {
    uint64_t by[ZONES][ZONES];
};

/* What is done to Redis and asked of it: the fields that a kind of call needs. */
struct call {
    struct event event;
    struct call *prev, *next; /* of its connection, while `pending`: an answer is waited for */
    struct call *held_prev, *held_next, **held; /* of the list at Redis where it waits, if any */
    struct conn *conn;
    uint64_t life; /* of the courier who asks: what came of it is for no other */
    bool pending;
    bool reads;     /* and nothing else: not worth carrying out for nobody */
    bool replied;   /* it was carried out, and is on its way back */
    bool barrier;   /* the answer promises something: all of it has to be durable */
    uint64_t needs; /* how far */
    enum err err;
    void (*exec)(struct world *w, struct call *call);
    void (*done)(struct world *w, struct call *call); /* err says whether an answer came */
    void (*forget)(struct call *call);                /* frees what it carries; may be NULL */
    /* asked */
    struct courier *courier;
    uint64_t epoch, nonce, after;
    enum lane lane;
    uint64_t give;
    struct lease_entry bury[LEASE_ROWS];
    size_t bury_n, count;
    bool first, leave;
    unsigned shard;
    struct commit *commit;
    struct act *act;
    unsigned host, zones;
    uint64_t ver, of;
    enum member_event what;
    enum book_order order;
    struct member *with;         /* owned */
    unsigned from_zone, to_zone; /* the same: all are thawed */
    /* answered */
    const char *answer; /* "OK", or why not */
    struct lease_table *table;
    uint64_t seq, low, urgent, to, floor[LANE_COUNT];
    const struct line **lines;
    struct entry **entries; /* of a page: as they were then; NULL: the line is none */
    size_t lines_n, mail_n;
    uint64_t *seqs; /* of each shard */
    char **records; /* host number, then text, by turns: cursors, or members */
    unsigned *record_hosts;
    size_t records_n;
    struct frozen frozen;
};

struct conn { /* of one process to Redis */
    struct courier *owner;
    bool up, is_tail;
    int64_t last_us; /* nothing overtakes on it, on the way there */
    int64_t back_us; /* and on the way back */
    struct call *pending;
};

struct call *call_new(struct world *w, struct conn *conn,
                      void (*exec)(struct world *, struct call *),
                      void (*done)(struct world *, struct call *));
void call_send(struct world *w, struct call *call);
void call_reply(struct world *w, struct call *call);
/* The connection dies: what is under way may or may not reach Redis, and nobody hears of it. */
void conn_break(struct world *w, struct conn *conn);
/* The same, by its owner, who knows it. False: it was not up. */
bool conn_close(struct world *w, struct conn *conn);
void call_free(struct world *w, struct call *call);
/* Redis keeps it for a while. */
void call_hold(struct call **list, struct call *call);
void call_unhold(struct call *call);
