/* lease: which shards a courier may own. Pure: it is told what the table of leases holds, once a
 * tick, and says what to take, what to give back, and whose lease has run out.
 *
 * A lease is an entry that its courier beats. Nobody's clock is believed: who watches counts its
 * own ticks, and an entry whose beat did not change for LEASE_TICKS of them is buried (ENGINE 3e).
 * What is decided here is a wish; the scripts see to it that nobody owns what is another's.
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
    LEASE_TICKS = 10, /* without a beat, and it has run out */
    LEASE_PATIENCE = 3,
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
    unsigned ticks;             /* of this courier, since it came; stops counting at LEASE_TICKS */
    bool met[LEASE_SHARDS_MAX]; /* which of courier-0 .. of its machine it has seen in the table */
    struct lease_watch {
        char nonce[LEASE_NONCE_SIZE];
        uint64_t beat;
        unsigned still; /* ticks without a change */
    } watched[LEASES_MAX];
    size_t watched_n;
    unsigned waited;
    /* What lease_decide() came to: */
    uint64_t take, give; /* bit s: shard s */
    struct lease_entry bury[LEASES_MAX];
    size_t bury_n;
};

/* name: `courier-0` to `courier-N-1` of the N couriers of one machine; where there are several
 * machines, with `@` and the machine's name behind. */
void lease_init(struct lease *l, const char *name, unsigned couriers);
/* Starts (over) under another nonce: whoever was watched is watched anew. */
void lease_begin(struct lease *l, const char *nonce, unsigned shards);
/* A whole tick has passed since the last time, or more, and this is what the table holds now. */
void lease_tick(struct lease *l, const struct lease_table *table);
/* What to do about the table, holding these shards:
 * give: what others who live lack of their share, and is beyond ours; take: what is dealt to us of
 * what is free (owned by nobody, by one that is not in the table, or by ourselves); bury: entries
 * that have run out. While some of our share is another's still, taking the rest waits for
 * LEASE_PATIENCE ticks: every change costs a pause, so one is better than two. While others of our
 * machine may be still to come (whom we have not met, in our first LEASE_TICKS), they are dealt
 * their share, too. */
void lease_decide(struct lease *l, const struct lease_table *table, uint64_t held);

/* Whether an attempt may start, and whether those under way may go on, so long after the last
 * renewal was sent: half of the lease, and eight tenths of it. Between that and the end lies the
 * time that a frozen process needs to notice (ENGINE 7b). */
bool lease_may_start(int64_t lease_ms, int64_t since_ms);
bool lease_may_go_on(int64_t lease_ms, int64_t since_ms);
