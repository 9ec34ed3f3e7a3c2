/* book: what is known of the destinations as of one moment: where their cursors stand, what these
 * passed without delivering, and when they moved. Pure: whoever read it from somewhere puts it in.
 */
#pragma once

#include "relay/rules/cursor.h"
#include "relay/rules/gate.h"
#include "relay/rules/recent.h"

enum { BOOK_SHARDS_MAX = 64 };

/* What a cursor passed, as it is written down: words with one space between them.
 *
 *   FAIL  n host slot flag code status time tries detail...
 *   LATE  n host slot tries time                          tries 0: at once, ahead of its cursor
 *   SKIP  n host code time slot
 *   CUT   from to host code time slot      for everything with from < n <= to
 *
 * flag is `-`, or `d` where an operator has seen it and left it at that. Records of before have no
 * slot, nor have FAILs a flag, or anything behind the time: they count for every inbox. */
#define BOOK_RECORDS(X)                                                                            \
    X(FAIL, "fail") /* will never be delivered */                                                  \
    X(LATE, "late") /* was delivered, not at the first attempt or not in its turn */               \
    X(SKIP, "skip") /* was passed over */                                                          \
    X(CUT, "cut")   /* a stretch was */
enum book_kind {
#define X(name, text) BOOK_##name,
    BOOK_RECORDS(X)
#undef X
        BOOK_KIND_COUNT
};

enum { BOOK_CODE_SIZE = 32, BOOK_DETAIL_SIZE = 201, BOOK_EVERY_SLOT = CURSOR_SLOTS_MAX };

struct book_record {
    enum book_kind kind;
    char *host;
    uint64_t from, n; /* CUT: the stretch; else from is n - 1 */
    unsigned slot;    /* of the inbox; BOOK_EVERY_SLOT: all; above: it was direct mail */
    bool dropped;     /* FAIL: an operator has seen it */
    char code[BOOK_CODE_SIZE];
    int status;
    unsigned tries; /* attempts that were made */
    int64_t at_ms;  /* when it was written down */
    char detail[BOOK_DETAIL_SIZE];
    unsigned lanes; /* of a CUT: bit n is lane n */
};

/* What an operator wants done. RETRY and DROP are about a FAIL, the entry `of`; the others are
 * about a host as a whole. */
#define BOOK_ORDERS(X)                                                                             \
    X(RETRY, "retry")     /* try it again */                                                       \
    X(DROP, "drop")       /* it was seen, and is left at that */                                   \
    X(WAKE, "wake")       /* try the host now, also if it is parked */                             \
    X(HOLD, "hold")       /* send it nothing; its cursor stays */                                  \
    X(RELEASE, "release") /* it is held no longer */                                               \
    X(CUT, "cut")         /* what waits for it now is given up */                                  \
    X(REPLAY, "replay")   /* its cursor goes back to `of`, or to the floor */
enum book_order {
#define X(name, text) ORDER_##name,
    BOOK_ORDERS(X)
#undef X
        ORDER_COUNT
};
const char *book_order_name(enum book_order order);

struct book_own {
    char *host;
    struct cursor cursor;
};

/* What one commit moved. A host whose cursor was written has one of its own from then on: `fresh`
 * if it had followed its shard's until then; or follows that again. */
struct book_move {
    char *host;
    bool follows, fresh;
    uint64_t low;
};
struct book_mark {
    int64_t at_ms;
    uint64_t low; /* of the shard, from then on */
    struct book_move *moves;
    size_t moves_n, moves_cap;
};
struct book_marks { /* of one shard, oldest first */
    struct book_mark *list;
    size_t n, cap;
};

struct book {
    uint64_t last; /* number of the newest line */
    /* Everything of lane N up to here is gone, and the records about it; the same of lane U, which
     * is kept longer. */
    uint64_t floor, urgent_floor;
    size_t mail; /* direct mail that waits */
    size_t dead; /* FAILs that no operator has seen, those left out of the records too */
    unsigned shards;
    uint64_t unread;    /* bit s: of shard s nothing could be read */
    struct gates gates; /* what was frozen */
    /* Where those stand that have no cursor of their own, in lane N and in lane U. */
    uint64_t low[BOOK_SHARDS_MAX], urgent[BOOK_SHARDS_MAX];
    struct book_marks marks[BOOK_SHARDS_MAX];
    struct book_own *own; /* by host, once book_close() was called; so are records */
    size_t own_n, own_cap;
    struct book_record *records;
    size_t records_n, records_cap;
    struct book_recents *recents; /* what was told of attempts; by host, once it was closed */
    size_t recents_n, recents_cap;
};

/* The latest outcomes of attempts at a host, newest first. */
struct book_recents {
    char *host;
    struct recent list[RECENT_MAX];
    size_t n;
};

struct book *book_new(unsigned shards);
/* Accepts NULL inside. */
void book_free(struct book **book);

/* Everything is copied. */
void book_add_own(struct book *book, struct span host, const struct cursor *cursor);
/* False on text that is no such record. */
bool book_add_record(struct book *book, enum book_kind kind, struct span text);
/* Marks of a shard from the oldest to the newest. */
void book_add_mark(struct book *book, unsigned shard, int64_t at_ms, uint64_t low);
/* To the last mark of the shard: `12`, `+12` (fresh), or `=` (follows). False on anything else. */
bool book_add_move(struct book *book, unsigned shard, struct span host, struct span text);
/* Words as recent.h has them; what is beyond RECENT_MAX is left out. False on anything else. */
bool book_add_recents(struct book *book, struct span host, struct span text);
/* For book.c alone. */
void book_close_recents(struct book *book);
void book_free_recents(struct book *book);
/* All is in it: from now on it can be asked. */
void book_close(struct book *book);

/* Nothing is known of the host, since what Redis holds of its shard can't be read. */
bool book_unread(const struct book *book, struct span host);
/* The host's own cursor; NULL if it follows that of its shard. */
const struct book_own *book_own(const struct book *book, struct span host);
/* Where the host stands: its own cursor, or that of its shard. What its lists point to is
 * the book's. */
struct cursor book_cursor(const struct book *book, struct span host);
/* The records about a host: *ret_n of them, by number, inbox and kind. */
const struct book_record *book_records(const struct book *book, struct span host, size_t *ret_n);
/* The latest outcomes of attempts at a host; NULL: none is known. */
const struct book_recents *book_recents(const struct book *book, struct span host);
/* When the cursor of a host that has passed n did so: after *since_ms, which is given as the moment
 * when n came to be, and not after *until_ms, which is given as now; the marks make it narrower. */
void book_when(const struct book *book, struct span host, uint64_t n, int64_t *since_ms,
               int64_t *until_ms);
