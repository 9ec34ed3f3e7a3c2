/* entry: one line of the journal: an accepted activity's facts, without its body. Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/outgoing.h"

enum {
    ENTRY_HASH_SIZE = 33,
    ENTRY_OF_MAX = 32,   /* earlier entries that one can be about */
    ENTRY_MARKS_MAX = 32 /* marks on one entry */
};

/* The journal's two lanes share their numbers. What takes back (Delete, Undo, a recall) is in the
 * urgent one, and does not wait behind what is in the other (ENGINE 5c). */
enum lane { LANE_NORMAL, LANE_URGENT, LANE_COUNT, LANE_BOTH = LANE_COUNT };
enum { LANES_NORMAL = 1 << LANE_NORMAL, LANES_URGENT = 1 << LANE_URGENT, LANES_BOTH = 3 };

/* Put on an entry after it was written, by a later one of its object (ENGINE 5a, 5d). It counts
 * only for those who have read up to `by`. */
struct entry_mark {
    uint64_t by;          /* number of the later one */
    bool recalled;        /* that takes it back; else */
    bool opted_out;       /* its author wants nothing to be relayed; else an Update replaces it, */
    struct span audience; /* for these zones, */
    bool proof;           /* with a proof of its own */
    unsigned left_out;    /* or neither: bit s: inbox s of the host that `audience` names refused it
                             once, and had a later version: a replay leaves it out */
};

/* One allocation holds the entry and its texts; shared by count. */
struct entry {
    unsigned refs;
    uint64_t n; /* its number in the journal */
    enum lane lane;
    int64_t at_ms; /* accepted */
    struct outgoing_facts facts;
    char announce[ENTRY_HASH_SIZE]; /* hash that our Announce's id is made of; empty: never
                                       announced */
    struct span audience;           /* zone names, comma-separated */
    struct span origin;             /* host that signed it: nothing goes back there */
    struct span zone;               /* that this host was in then; empty: not known */
    struct span object_host;        /* host of the object; nothing goes there either */
    struct span id;                 /* of the activity */
    struct span object;             /* canonical id of the object */
    size_t body_len;
    uint64_t actor;  /* part of a hash of the actor's id; 0: not known (entries of before) */
    uint64_t author; /* likewise of who wrote what was fetched, if that is another; else 0 */
    bool gone;       /* urgent lane: the actor itself is deleted, and with it what it posted before:
                        every earlier entry of the same `actor` is taken back as those in `of` are */
    bool opts_out;   /* urgent lane, for nobody: the author wants nothing to be relayed: no earlier
                        entry of the same `actor` that still waits is sent */
    uint64_t *of;    /* earlier entries of its object that it takes back (urgent lane), or that it
                        replaces (an Update) where that is better; ascending */
    size_t of_n;
    struct entry_mark *marks; /* that were put on it since, in the order of `by` */
    size_t marks_n;
};

/* Copies the texts and `of` of `from`, and its marks; refs is 1. No more than ENTRY_OF_MAX and
 * ENTRY_MARKS_MAX are taken. */
struct entry *entry_new(const struct entry *from);
struct entry *entry_ref(struct entry *entry);
/* Gives one reference back (from entry_new() or entry_ref()) and clears the pointer; accepts NULL
 * inside. */
void entry_unref(struct entry **entry);

/* Copies the mark and its text. One of the same `by` is there already: nothing happens. There are
 * ENTRY_MARKS_MAX: one that takes back, or opts out, displaces the newest Update's, an Update is
 * left out (then the entry goes out, which is no loss). */
void entry_mark_add(struct entry *entry, const struct entry_mark *mark);
/* The mark that a later entry, whose `of` names n, puts on the entry n; its text is borrowed from
 * `later`. */
struct entry_mark entry_mark_by(const struct entry *later);
