/* tally: what a report is made of, counted in memory until it is written down: how many, never who.
 * Pure. A process has one; nothing here is shared.
 *
 * A count is a field of its month:
 *     x|FROM|TO|KIND    so many of a kind went from a zone to a zone (also inside one)
 *     r|FROM|TO|CODE    so many did not, and why; TO empty: refused at the door; FROM empty: of no
 *                       zone
 *     d|ZONE|N          so many were delivered to members of a zone in a time of class N
 *     o                 what there was no room for
 * A set holds who was there in a week, of a zone, as digests that only their number can be had of:
 *     WEEK:a:ZONE       authors
 *     WEEK:m:ZONE       members
 * Months are `2026-11`, weeks the day of their Monday, `2026-11-16`, both UTC. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"
#include "relay/rules/activity.h"

#define TALLY_KINDS(X) X(POST, "post") X(REPLY, "reply") X(SHARE, "share")
enum tally_kind {
#define X(name, text) TALLY_##name,
    TALLY_KINDS(X)
#undef X
        TALLY_KIND_COUNT
};
const char *tally_kind_name(enum tally_kind kind);
/* What an activity counts as where it crosses; false: it is nothing new (an edit or a deletion goes
 * where its object went), and not counted. */
bool tally_kind_of(const struct activity *activity, enum tally_kind *ret);

enum {
    TALLY_MONTH_SIZE = 8,
    TALLY_WEEK_SIZE = 11,
    TALLY_FIELD_SIZE = 256,
    TALLY_CELLS_MAX = 4096, /* counts that wait to be written; beyond: `o` */
    TALLY_SEEN_MAX = 2048,  /* of sets; beyond: met again at the next activity */
    TALLY_DIGEST = 16,      /* bytes that stand for an author or a member */
    TALLY_LAGS = 16         /* classes of time */
};

void tally_month(int64_t ms, char ret[TALLY_MONTH_SIZE]);
/* The first millisecond of the month, and of the one behind it. False: it is no month. */
bool tally_month_read(struct span month, int64_t *ret_from_ms, int64_t *ret_to_ms);
void tally_week(int64_t ms, char ret[TALLY_WEEK_SIZE]);
/* The longest time of a class; INT64_MAX of the last. */
int64_t tally_lag_most(unsigned lag);

struct tally;
struct tally *tally_new(void);
/* Accepts NULL inside. */
void tally_free(struct tally **tally);

/* Zones by name; what is longer than a name may be is left out. */
void tally_crossed(struct tally *tally, int64_t now_ms, struct span from, struct span to,
                   enum tally_kind kind);
void tally_refused(struct tally *tally, int64_t now_ms, struct span from, struct span to,
                   enum err why);
void tally_delivered(struct tally *tally, int64_t now_ms, struct span zone, int64_t lag_ms);
void tally_author(struct tally *tally, int64_t now_ms, struct span zone,
                  const uint8_t digest[TALLY_DIGEST]);
void tally_member(struct tally *tally, int64_t now_ms, struct span zone,
                  const uint8_t digest[TALLY_DIGEST]);

bool tally_empty(const struct tally *tally);
/* Tells all that was counted since the last time, and begins anew. Borrowed during the call. */
struct tally_taker {
    void (*count)(void *arg, struct span month, struct span field, uint64_t n);
    void (*seen)(void *arg, struct span set, struct span digest);
    void *arg;
};
void tally_take(struct tally *tally, const struct tally_taker *taker);
/* Whoever was seen is told of again when it is seen again: what was taken was not written. */
void tally_forget(struct tally *tally);
