/* cursor: how far along the journal a destination has got, what it is at, and what waits apart.
 * Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "relay/rules/entry.h"
#include "relay/rules/health.h"

enum {
    CURSOR_SLOTS_MAX = 8,  /* inboxes of one host */
    CURSOR_ASIDE_MAX = 32, /* entries of one host that wait apart */
    CURSOR_AHEAD_MAX = 64, /* what is known above `low` */
    CURSOR_TEXT_MAX = 16 * 1024
};

/* Attempts of one entry at one inbox, none of which settled it. */
struct cursor_tried {
    unsigned tries; /* all of them */
    unsigned own;   /* those that failed for now by themselves, not by trouble of the host; counted
                       anew once it was set aside */
    struct judge_past past;
    bool doubt; /* one of them may have arrived all the same: it was sent, and no answer came */
};

/* What is known of an entry above `low`, for one inbox: it is settled there, or attempts were made
 * in vain. */
struct cursor_part {
    uint64_t n;
    unsigned slot;
    bool done;  /* settled; `tried` is empty then */
    bool fresh; /* delivered, and when is recorded nowhere: never written, nor compared */
    struct cursor_tried tried;
};

/* The entry of lane U that follows `urgent`: they go one at a time. */
struct cursor_head {
    uint64_t n;     /* 0: it is not known which it is, nor anything of it */
    unsigned slot;  /* `tried` is about this inbox */
    unsigned done;  /* bit s: settled for inbox s */
    unsigned doubt; /* bit s: what it takes back may be on its way there still */
    struct cursor_tried tried;
};

/* An entry that was set aside for one inbox: the cursor of its lane has passed it, and it has a
 * clock of its own. */
struct cursor_aside {
    uint64_t n;
    unsigned slot;
    uint64_t object; /* FNV-1a of the object's id; 0: none, or not known yet */
    int64_t wake_ms; /* no attempt before; 0: now */
    struct cursor_tried tried;
    enum lane lane;
    bool again;      /* it was delivered, and goes there once more */
    uint64_t barred; /* 1 + the line as of which a gate stops it; 0: none is known to. Never
                        written, nor compared */
};

struct cursor {
    uint64_t low;              /* lane N: everything numbered up to here is settled, or set aside */
    uint64_t urgent;           /* lane U: everything of it numbered up to here is settled */
    struct health health;      /* of the host */
    struct cursor_part *parts; /* owned; sorted by number and slot; all of lane N, above `low` */
    size_t parts_n;
    struct cursor_head head;
    uint64_t orders; /* operators' orders (and suspensions) up to this number were carried out */
    uint64_t replay; /* lane N goes again from this number on, as soon as nothing of it is on its
                        way; 0: no such order waits */
    uint64_t again;  /* what of lane N is numbered up to here goes for another time */
    uint64_t shut;   /* direct mail of this number, an Accept, was refused for good: no
                        entries until the host's next control entry; 0: no */
    bool quiet;      /* nothing was delivered since something was set aside last */
    struct cursor_aside *aside; /* owned; sorted by number and slot */
    size_t aside_n;
};

/* --- entries acknowledged ahead ------------------------------------------------------------- */
/* What is known of (n, slot); NULL: nothing. Borrowed until the next change of the list. */
struct cursor_part *cursor_part(const struct cursor *cursor, uint64_t n, unsigned slot);
/* The same; makes an empty one where there was none. Room is the caller's to know: no more than
 * CURSOR_AHEAD_MAX are read back. */
struct cursor_part *cursor_part_put(struct cursor *cursor, uint64_t n, unsigned slot);
void cursor_part_take(struct cursor *cursor, uint64_t n, unsigned slot);
/* Forgets what is known of entries up to n. */
void cursor_parts_pass(struct cursor *cursor, uint64_t n);
/* The inboxes for which n, above `low`, is settled: bit s is slot s. */
unsigned cursor_done(const struct cursor *cursor, uint64_t n);
/* Of the last answer to the oldest entry above `low` that was tried in vain; 0: none. */
int cursor_status(const struct cursor *cursor);

/* Frees the lists, and leaves none. */
void cursor_fini(struct cursor *cursor);
/* A copy with lists of its own; *to is overwritten. */
void cursor_copy(const struct cursor *from, struct cursor *to);

/* Whether it holds nothing but its positions. */
bool cursor_plain(const struct cursor *cursor);
bool cursor_same(const struct cursor *a, const struct cursor *b);

/* As one line of text, as it lies in Redis, and back. Words, each but the first left out where it
 * says nothing:
 *
 *   LOW                 the number alone; more follows only where the cursor is not plain
 *   uN                  urgent, where it is not the same as low
 *   ...                 health: see there
 *   dN:S,N:S,...        parts that are done: N above the one before (the first: above low), S the
 *                       slot, left out with its colon for slot 0
 *   pN:SLOT:T           one for each other part, in order; T = TRIES:OWN:SAME:STATUS:FIRST_MS, the
 *                       last three are past; with `!` behind it: in doubt
 *   vN:SLOT:DONE:DOUBT:T        head
 *   oN                  orders
 *   rN                  replay
 *   yN                  again
 *   sN                  shut
 *   q                   quiet
 *   aN:SLOT:OBJECT:WAKE_MS:T    one for each that is set aside, in order; b in place of a: of lane
 *                       U; c: of lane U, again
 *
 * Records of before are read as well: with hN:SLOT:DONE:T in place of d and p (DONE: bit s stands
 * for slot s), or six numbers (low, wake_ms, failures, and past of an entry that is not named: its
 * attempts are counted anew).
 * cursor_read(): what *ret held is not looked at; the caller gives it back with cursor_fini().
 * False, and nothing to give back, on anything else. */
void cursor_write(const struct cursor *cursor, struct bytes *out);
bool cursor_read(struct span text, struct cursor *ret);

/* The shard that owns a host: the same everywhere and for ever (FNV-1a over the authority). */
unsigned shard_of(struct span host, unsigned shards);
