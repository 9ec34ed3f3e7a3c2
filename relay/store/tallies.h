/* tallies: what reports are made of, as Redis keeps it: a hash for each month, and for each week
 * and zone a HyperLogLog of who was there. Kept for 25 months. */
#pragma once

#include "relay/rules/tally.h"
#include "relay/store/store.h"

/* Fields of a month (beyond: counted under `o`), sets of a week (beyond: not kept). */
enum { TALLIES_FIELDS_MAX = 20000, TALLIES_SETS_MAX = 2048, TALLIES_MONTHS = 25 };

/* ERR_OK: it is written. UNREADABLE: what is there is not what it should be. Any other: it may be
 * written, or not. */
typedef void (*tallies_cb)(void *arg, enum err err);
/* Takes what was counted, and adds it to what Redis has. What came of it is told in a later turn.
 */
void tallies_add(struct store *store, struct tally *tally, tallies_cb cb, void *arg);

/* A month: what=COUNT: a field and its number; SET: a set (without its number in how many it is),
 * and how many are in it, about (0.81 %). Borrowed during the callback; NULL at the end, with err.
 */
struct tallies_item {
    bool is_set;
    struct span name;
    uint64_t n;
};
typedef void (*tallies_read_cb)(void *arg, enum err err, const struct tallies_item *item);
/* month: `2026-11`. The sets of the weeks that have a day in it. */
void tallies_read(struct store *store, struct span month, tallies_read_cb cb, void *arg);
