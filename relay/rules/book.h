/* book: what is known of the destinations as of one moment: where their cursors stand. Pure:
 * whoever read it from somewhere puts it in. */
#pragma once

#include "relay/rules/cursor.h"

enum { BOOK_SHARDS_MAX = 64 };

struct book_own {
    char *host;
    struct cursor cursor;
};

struct book {
    uint64_t last;  /* number of the newest line */
    uint64_t floor; /* everything up to here is gone */
    size_t mail;    /* direct mail that waits */
    unsigned shards;
    uint64_t low[BOOK_SHARDS_MAX]; /* where those stand that have no cursor of their own */
    struct book_own *own;          /* by host, once book_close() was called */
    size_t own_n, own_cap;
};

struct book *book_new(unsigned shards);
/* Accepts NULL inside. */
void book_free(struct book **book);
/* Copies both. */
void book_add_own(struct book *book, struct span host, const struct cursor *cursor);
/* All is in it: from now on it can be asked. */
void book_close(struct book *book);
/* Where the host stands: its own cursor, or that of its shard. What its list points to is the
 * book's.
 */
struct cursor book_cursor(const struct book *book, struct span host);
