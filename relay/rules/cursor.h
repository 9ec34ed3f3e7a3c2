/* cursor: how far along the journal a destination has got, what it is at, and what waits apart.
 * Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/judge.h"

enum {
    CURSOR_SLOTS_MAX = 8,  /* inboxes of one host */
    CURSOR_ASIDE_MAX = 32, /* entries of one host that wait apart */
    CURSOR_TEXT_MAX = 8 * 1024
};

/* Attempts of one entry at one inbox, none of which settled it. */
struct cursor_tried {
    unsigned tries; /* all of them */
    unsigned own;   /* those that failed for now by themselves, not by trouble of the host; counted
                       anew once it was set aside */
    struct judge_past past;
};

/* The entry that follows `low`: which inboxes of the host have it, and which one is at it. */
struct cursor_head {
    uint64_t n;    /* 0: not known (records of before) */
    unsigned slot; /* `tried` is about this inbox */
    unsigned done; /* bit s: settled for inbox s */
    struct cursor_tried tried;
};

/* An entry that was set aside for one inbox: `low` has passed it, and it has a clock of its own. */
struct cursor_aside {
    uint64_t n;
    unsigned slot;
    uint64_t object; /* FNV-1a of the object's id; 0: none, or not known yet */
    int64_t wake_ms; /* no attempt before; 0: now */
    struct cursor_tried tried;
};

struct cursor {
    uint64_t low;      /* everything numbered up to here is settled, or set aside */
    int64_t wake_ms;   /* no attempt at the host before; 0: now */
    unsigned failures; /* of the host, in a row */
    struct cursor_head head;
    uint64_t orders;            /* operators' orders up to this number were carried out */
    uint64_t shut;              /* direct mail of this number, an Accept, was refused for good: no
                                   entries until the host's next control entry; 0: no */
    bool quiet;                 /* nothing was delivered since something was set aside last */
    struct cursor_aside *aside; /* owned; sorted by number and slot */
    size_t aside_n;
};

/* Frees the list, and leaves none. */
void cursor_fini(struct cursor *cursor);
/* A copy with a list of its own; *to is overwritten. */
void cursor_copy(const struct cursor *from, struct cursor *to);

/* Whether it holds nothing but its position. */
bool cursor_plain(const struct cursor *cursor);
bool cursor_same(const struct cursor *a, const struct cursor *b);

/* As one line of text, as it lies in Redis, and back. Words, each but the first left out where it
 * says nothing:
 *
 *   LOW                 the number alone; more follows only where the cursor is not plain
 *   wMS                 wake_ms
 *   fN                  failures
 *   hN:SLOT:DONE:T      head; T = TRIES:OWN:SAME:STATUS:FIRST_MS, the last three are past
 *   oN                  orders
 *   sN                  shut
 *   q                   quiet
 *   aN:SLOT:OBJECT:WAKE_MS:T    one for each that is set aside, in order
 *
 * Records of before, which are six numbers (low, wake_ms, failures, and past), are read as well.
 * cursor_read(): what *ret held is not looked at; the caller gives it back with cursor_fini().
 * False, and nothing to give back, on anything else. */
void cursor_write(const struct cursor *cursor, struct bytes *out);
bool cursor_read(struct span text, struct cursor *ret);

/* The shard that owns a host: the same everywhere and for ever (FNV-1a over the authority). */
unsigned shard_of(struct span host, unsigned shards);
