/* replay: what another policy would have decided about what was accepted, against what was decided
 * then. Pure.
 *
 * Decided as of the time when each was accepted. What only the relay knew then and nobody kept
 * (whether its author was a machine, wanted to be found, agreed; whether what it answers had
 * crossed) is taken either way where the policy asks for it: what comes out the same is sure, the
 * rest is counted apart. What goes where its object went (Update, Delete, Undo) is not decided by
 * rules; what was refused or held then is not in the journal, and not counted. */
#pragma once

#include "relay/config/config.h"

enum { REPLAY_SAMPLES = 10, REPLAY_ENTRIES_MAX = 1000000 };

struct replay_entry {
    int64_t at_ms;
    struct span id;       /* of the activity */
    struct span type;     /* as in the journal: `Create` ... */
    struct span from;     /* host that signed it */
    struct span zone;     /* of its member's record; empty: by the host */
    struct span software; /* likewise; empty: not known */
    struct span audience; /* names of zones, joined by commas: what was decided then */
    struct span body;     /* absent: no longer kept */
};

struct replay_count {
    char *name; /* `A -> B`, or the id of an actor */
    uint64_t added, removed, unsure;
};

struct replay_sample {
    char *boundary, *actor, *id, *rule; /* rule that decides now; NULL: none */
    bool added;
};

struct replay {
    const struct config *config;
    uint64_t entries; /* that were taken */
    uint64_t decided; /* of which so many could be, */
    uint64_t follows; /* go where their object went, */
    uint64_t unknown; /* have no body any more, or one that does not say enough */
    uint64_t added, removed, unsure;
    struct replay_count *boundaries,
        *authors; /* of what changes; in the order in which they came */
    size_t boundaries_n, authors_n;
    struct replay_sample samples[REPLAY_SAMPLES];
    size_t samples_n;
    struct replay_inner *inner;
};

/* config is borrowed. */
void replay_init(struct replay *ret, const struct config *config);
void replay_fini(struct replay *r);
/* Copies what it keeps. False: there were REPLAY_ENTRIES_MAX already. */
bool replay_take(struct replay *r, const struct replay_entry *entry);
/* The most changes first, then by name. */
void replay_sort(struct replay *r);
