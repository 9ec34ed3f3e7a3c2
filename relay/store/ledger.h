/* ledger: what Redis holds of the destinations: cursors, and what they passed undelivered. For
 * people: nothing here moves a cursor. */
#pragma once

#include "relay/rules/cursor.h"
#include "relay/store/journal.h"

struct ledger_own {
    char *host;
    struct cursor cursor;
};

/* As of one moment for each shard; a copy, the caller's. */
struct ledger {
    uint64_t last;  /* number of the newest line */
    uint64_t floor; /* everything up to here is gone */
    size_t mail;    /* direct mail that waits */
    unsigned shards;
    uint64_t low[STORE_SHARDS]; /* where those stand that have no cursor of their own */
    struct ledger_own *own;     /* cursors of their own, by host */
    size_t own_n;
};

/* err OK: the ledger, which the callback takes and gives back with ledger_free(); else NULL. */
typedef void (*ledger_cb)(void *arg, enum err err, struct ledger *ledger);
/* host: of this one alone (with its shard); absent: of all. */
void ledger_read(struct store *store, struct span host, ledger_cb cb, void *arg);
void ledger_free(struct ledger **ledger);
/* Where the host stands: its own cursor, or that of its shard. */
struct cursor ledger_cursor(const struct ledger *ledger, struct span host);

/* An operator's order about entry `of` for the host; n is its number in the journal. */
typedef void (*ledger_ordered_cb)(void *arg, enum err err, uint64_t n);
void ledger_order(struct store *store, enum journal_order order, struct span host, uint64_t of,
                  ledger_ordered_cb cb, void *arg);
