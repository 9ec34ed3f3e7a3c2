/* lease: which shards a courier may own. Pure: it is told what the table of leases holds whenever
 * it looks, and says what to take, what to give back, and whose lease has run out.
 *
 * A lease is an entry that its courier beats. Nobody else's clock is believed: who watches counts
 * its own time since it first heard of a beat, and who has not beaten for a whole lease of that is
 * buried (ENGINE 3e). Of the time between two looks no more than LEASE_LEAP beats are counted: who
 * was frozen, or heard nothing from Redis, has not watched meanwhile. What is decided here is a
 * wish; the scripts see to it that nobody owns what is another's.
 *
 * So what one owned that dies is free after a lease and one beat, and two answers of Redis: it
 * dies just after its last beat, which is seen at the next look, a beat later; and a look is due
 * at the very time at which that lease ends, which buries with the same call.
 *
 * Everyone who lives has the same share, to one shard. Nobody gives away more than what is beyond
 * its share: those who stay keep what they have, and the shards of one that dies are dealt to all
 * others. Where there is a choice, shard s is for the (s % L)-th of the L that live, by name. So
 * those who live agree without talking, on however many machines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEASE_BEATS = 20,   /* in a lease */
    LEASE_LEAP = 2,     /* beats */
    LEASE_PATIENCE = 6, /* beats */
    LEASE_SHARDS_MAX = 64,
    LEASES_MAX = 128,
    LEASE_NONCE_SIZE = 33,
    LEASE_NAME_SIZE = 64
};

struct lease_entry {
    char nonce[LEASE_NONCE_SIZE]; /* of one start of a courier */
    char name[LEASE_NAME_SIZE];
    uint64_t beat;
};

struct lease_table { /* as it lies in Redis */
    struct lease_entry list[LEASES_MAX];
    size_t n;
    char owners[LEASE_SHARDS_MAX][LEASE_NONCE_SIZE]; /* empty: nobody's */
};

struct lease {
    char name[LEASE_NAME_SIZE], nonce[LEASE_NONCE_SIZE];
    unsigned couriers, shards;
    int64_t lease_ms;
    bool heard;                 /* a table, under this nonce */
    int64_t heard_ms;           /* when that was */
    int64_t here_ms;            /* since this courier came, up to a lease */
    bool met[LEASE_SHARDS_MAX]; /* which of courier-0 .. of its machine it has seen in the table */
    struct lease_watch {
        char nonce[LEASE_NONCE_SIZE];
        uint64_t beat;
        int64_t still_ms; /* without a change */
    } watched[LEASES_MAX];
    size_t watched_n;
    bool waits; /* for the rest of its share */
    int64_t waited_ms;
    /* What lease_ask() came to: */
    struct lease_entry bury[LEASES_MAX]; /* their names are empty */
    size_t bury_n;
    /* What lease_decide() came to: */
    uint64_t take, give; /* bit s: shard s */
};

/* name: `courier-0` to `courier-N-1` of the N couriers of one machine; where there are several
 * machines, with `@` and the machine's name behind. */
void lease_init(struct lease *l, const char *name, unsigned couriers);
/* Starts (over) under another nonce: whoever was watched is watched anew. */
void lease_begin(struct lease *l, const char *nonce, unsigned shards);
/* The next beat goes out now; a lease lasts so long. bury: whose lease has run out, if its beat is
 * the same still when that beat arrives. Times are those of a clock that nobody sets. */
void lease_ask(struct lease *l, int64_t lease_ms, int64_t now_ms);
/* Its answer came, and this is what the table holds. */
void lease_heard(struct lease *l, const struct lease_table *table, int64_t now_ms);
/* How long from now, when that answer came, until the next beat is to go out, if the last one went
 * out then: a beat after that one, or sooner, when somebody's lease ends. */
int64_t lease_next(const struct lease *l, int64_t sent_ms, int64_t now_ms);
/* What to do about the table that was heard, holding these shards:
 * give: what others who live lack of their share, and is beyond ours; take: what is dealt to us of
 * what is free (owned by nobody, by one that is not in the table, or by ourselves). While some of
 * our share is another's still, taking the rest waits for LEASE_PATIENCE beats: every change costs
 * a pause, so one is better than two; but what one owned that died waits for nothing. While others
 * of our machine may be still to come (whom we have not met, in our first lease), they are dealt
 * their share, too. */
void lease_decide(struct lease *l, const struct lease_table *table, uint64_t held);

/* Whether an attempt may start, and whether those under way may go on, so long after the last
 * renewal was sent: half of the lease, and eight tenths of it. Between that and the end lies the
 * time that a frozen process needs to notice (ENGINE 7b). */
bool lease_may_start(int64_t lease_ms, int64_t since_ms);
bool lease_may_go_on(int64_t lease_ms, int64_t since_ms);
