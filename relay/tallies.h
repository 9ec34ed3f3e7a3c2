/* tallies: what a process counts for reports. Counting is a matter of memory; every few seconds
 * what was counted goes to Redis in one call. A process that dies takes its last seconds along, and
 * so does a Redis that goes away while it is asked: reports are no ledger. */
#pragma once

#include "relay/context.h"
#include "relay/rules/tally.h"

/* Uses the context's store, which may come later. */
struct tallies *tallies_new(struct context *context);
/* Writes what is left; done is called once that is over, perhaps within this call. NULL: at once.
 */
void tallies_end(struct tallies *tallies, loop_cb done, void *arg);
/* Accepts NULL inside. After the store, or after tallies_end(). */
void tallies_free(struct tallies **tallies);

/* All of these accept NULL: nothing is counted then. */
/* An activity that went into the journal; audience: names of zones, joined by commas. actor: a
 * digest of who it is by, TALLY_DIGEST bytes at least. */
struct tallies_taken {
    struct span from, audience, host;
    enum tally_kind kind;
    const uint8_t *actor;
};
void tallies_taken(struct tallies *tallies, const struct tallies_taken *taken);
/* An activity, or (to not empty) its way into one zone, was refused. */
void tallies_refused(struct tallies *tallies, const char *from, const char *to, enum err why);
void tallies_delivered(struct tallies *tallies, const char *zone, int64_t lag_ms);
