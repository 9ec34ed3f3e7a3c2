/* schedule: which destination may be sent which entry now. Pure: it is told what happened and what
 * time it is, and says what to do; it knows no loop, no Redis, no clock.
 *
 * The passing rule (ENGINE 0): a cursor passes an entry only if it was acknowledged, or is not for
 * that member by facts that cannot change, or the passing is recorded (fail, skip, cut). Cursors
 * move in memory when an answer came; what is to be written down is handed out as a delta, one at a
 * time.
 *
 * A host may have several inboxes; each has a slot. The cursor passes an entry when every inbox
 * that is to have it is through with it, and with all before it. Several entries may be on their
 * way to a host at once (its window): what is acknowledged ahead of the cursor stands in its
 * record. For one object and inbox the order is kept by construction: what follows waits until its
 * predecessor is settled, and a refusal of that is on disk (ENGINE 1e). Direct mail goes before
 * everything else of its host, and alone.
 *
 * An entry that fails by itself while its host answers others is set aside: the cursor passes it,
 * and it waits with a clock of its own, in the cursor's record (DESIGN 10). What follows of the
 * same object waits behind it. */
#pragma once

#include "relay/rules/book.h"
#include "relay/rules/cursor.h"
#include "relay/rules/entry.h"
#include "relay/rules/gate.h"
#include "relay/rules/judge.h"
#include "relay/rules/member.h"

enum {
    SCHEDULE_SHARDS_MAX = 64,
    SCHEDULE_DIRECTS_MAX = 64,
    SCHEDULE_PAGE = 256,
    SCHEDULE_PAGES = 16
};

/* Where the number of an inbox's slot belongs. */
enum {
    SLOT_ALL = CURSOR_SLOTS_MAX, /* every inbox of the host */
    SLOT_MAIL                    /* none: direct mail */
};

struct schedule;

struct schedule_limits {
    size_t in_flight;   /* attempts, of all hosts */
    size_t host_window; /* attempts at one host, where all is well and it has caught up */
    size_t window;      /* entries of the tail kept in memory */
    unsigned shards;
    uint64_t owned; /* bit s: shard s is ours; whatever is of another is passed over in silence */
    int64_t advance_ms; /* how often the cursor of a shard where nothing happened is moved along */
    struct judge_limits judge;
};

struct schedule *schedule_new(const struct schedule_limits *limits);
void schedule_free(struct schedule **schedule);

/* --- loading: what Redis holds, before the first entry is told ------------------------------- */
/* Members and shards in any order; the cursors of a shard after the shard. Where somebody else may
 * have owned the shards until just now, members have to be read after the shards were claimed: of
 * what a shard's cursor has passed, no control entry is told again. */
void schedule_load_shard(struct schedule *s, unsigned shard, uint64_t low, uint64_t urgent);
/* A member as it is now, all of them. Who is gone must be loaded too: the control entry that cuts
 * what it was owed may be still to come, and older ones of its life before that. */
void schedule_load_member(struct schedule *s, const struct member *member);
/* A cursor of its own; copied. */
void schedule_load_cursor(struct schedule *s, struct span host, const struct cursor *cursor);
/* The newest entry of lane U that there was, told for each shard or once. What it takes back of
 * lane N bears no mark before it was told, and may have been told to a host already: nothing of the
 * journal is sent before. */
void schedule_load_urgent(struct schedule *s, uint64_t newest);
/* What is frozen: to be read after the shards were claimed, as members are. Copied. */
void schedule_load_gates(struct schedule *s, const struct gates *gates);
/* All is loaded: returns where the tail has to be read from, behind this number. UINT64_MAX: no
 * shard is owned, and nothing has to be read. */
uint64_t schedule_loaded(struct schedule *s);

/* --- the journal, told in the order of its numbers ------------------------------------------- */
/* The lines of a lane up to floor were trimmed before they were told: whatever was owed of them is
 * recorded as a gap. To be told before the first line only: later, a change of a member may be
 * among them, and all has to be loaded anew. */
void schedule_floor(struct schedule *s, enum lane lane, uint64_t floor);
/* Keeps a reference of its own. */
void schedule_entry(struct schedule *s, struct entry *entry);
/* A member changed; cuts: what still waited for it up to n is not sent, and that is recorded. */
void schedule_control(struct schedule *s, uint64_t n, const struct member *member, bool cuts);
/* The host showed that it lives: its back-off ends. */
void schedule_awake(struct schedule *s, struct span host);

/* Line gates->n: what is frozen from here on; copied. Lines that are older than what is known
 * already change nothing. Whoever has something before it that may not go waits with it and with
 * all of lane N behind it, in order; lane U and direct mail go on. That is no failure of anybody.
 */
void schedule_gates(struct schedule *s, const struct gates *gates);

/* An operator's order, line line_n of the journal.
 *
 * RETRY: the entry `of`, which the host refused or which grew too old, is to be tried again, at
 * every inbox: it is put among what is set aside, due now, and its failures there are no record any
 * more (CHANGE_RETRY for each). Nothing happens where there is no room for it, where the host is no
 * member any more, or where it is not settled. DROP: its failure has been seen, and it is left at
 * that (CHANGE_DROP).
 * WAKE: the host is tried now, whatever waits for it; it is parked no longer. HOLD: nothing is sent
 * to it, direct mail neither; what is on its way may arrive. RELEASE: it is held no longer. CUT:
 * what waits for it up to here is given up, but for direct mail (CHANGE_CUT, DROPPED). REPLAY: all
 * of lane N behind `of` that was, or is, for it goes again, in order and under the same ids; what
 * is urgent and direct mail do not wait for that. What was delivered again is recorded as late. */
void schedule_order(struct schedule *s, uint64_t line_n, enum book_order order, struct span host,
                    uint64_t of);

/* Before a replay is told: what the host refused once for good, and had a later version of, is left
 * out of it (ENGINE 8): were it taken now, the later one would be dropped there as a repeat.
 * left_out: as in the journal, `N:SLOTS` with blanks between; slots: bit s for inbox s. */
void schedule_leave_out(struct schedule *s, uint64_t line_n, struct span host,
                        struct span left_out);

/* Direct mail: for one inbox alone, ahead of everything. Mail of the kind "accept" holds up the
 * entries of its host until it was delivered: who was not accepted yet would throw them away
 * (ENGINE 8b). Other mail that fails by itself waits alone. */
struct direct {
    uint64_t n;
    char id[48]; /* of its entry in Redis */
    int64_t at_ms;
    struct span host, inbox, kind, body;
};
/* Copies it. More than SCHEDULE_DIRECTS_MAX waiting for one host: the oldest that is not on its way
 * is given up (recorded). What is for no possible host name is ignored. */
void schedule_direct(struct schedule *s, const struct direct *direct);

/* --- pages: stretches of the journal that are no longer, or not yet, in the window ----------- */
/* Whether some destination needs entries of a lane behind *ret_after; asks once until the page
 * came. */
bool schedule_want_page(struct schedule *s, enum lane *ret_lane, uint64_t *ret_after);
/* The answer: all entries of the lane with after < n <= to (n of them, in order), with their marks;
 * everything up to floor is gone for good. Keeps references of its own. Entries that the tail has
 * not told yet are left out: whom they are for depends on control entries before them. */
void schedule_page(struct schedule *s, enum lane lane, uint64_t after, uint64_t to,
                   struct entry *const *entries, size_t n, uint64_t floor);
/* The page could not be read: it may be asked for again. */
void schedule_page_failed(struct schedule *s);

/* --- attempts -------------------------------------------------------------------------------- */
struct attempt {
    char host[MEMBER_HOST_SIZE];
    char inbox[MEMBER_URL_SIZE];
    char zone[MEMBER_ZONE_SIZE]; /* of the member; empty if it is none */
    unsigned slot;               /* of the inbox; SLOT_MAIL: direct mail */
    enum member_style style;     /* of the inbox; no meaning for direct mail */
    unsigned tries;              /* which attempt of this at this inbox it is, from 1 */
    struct entry *entry; /* a reference that goes back with schedule_outcome(); NULL: direct mail */
    const struct direct *direct; /* borrowed until schedule_outcome(); NULL: an entry */
    unsigned failures;           /* of the host, in a row */
    struct judge_past past;
    int64_t age_ms;
};

/* What to send now, if anything may be. Every attempt handed out comes back through
 * schedule_outcome(). */
bool schedule_next(struct schedule *s, int64_t now_ms, struct attempt *ret);
/* What came of it. detail: what the other side said to it, or the transport, as it is to be shown
 * to people: printable, at most 200 bytes, may be NULL; copied where it is kept. chance: 32 random
 * bits. Gives the entry back (clears attempt->entry). Whatever the verdict, a host in trouble is
 * left alone for a while. */
void schedule_outcome(struct schedule *s, struct attempt *attempt,
                      const struct judgement *judgement, int status, const char *detail,
                      int64_t now_ms, uint32_t chance);
/* Whether what was handed out, and did not start yet, may not: a gate stops it since. It comes back
 * through schedule_outcome() as LATER with ERR_FROZEN, which counts as no attempt. */
bool schedule_stopped(const struct schedule *s, const struct attempt *attempt);
/* When the next destination wakes up, INT64_MAX if none sleeps. */
int64_t schedule_wake(const struct schedule *s);
/* The wall clock was set, by so much: what waits for a time waits as long as before. */
void schedule_clock(struct schedule *s, int64_t by_ms);

/* --- what is to be written down -------------------------------------------------------------- */
enum change_kind {
    CHANGE_SHARD,  /* the shard's cursor is now `cursor.low` and `cursor.urgent` */
    CHANGE_CURSOR, /* the host has a cursor of its own */
    CHANGE_FOLLOW, /* the host follows its shard's cursor again */
    CHANGE_FAIL, /* entry `to` will never be delivered to inbox `slot`: why, status, detail, tries;
                    SLOT_MAIL: it was direct mail */
    CHANGE_LATE, /* entry `to` was delivered to inbox `slot` not at the first attempt, or after it
                    was set aside: tries; 0: at the first, but ahead of its cursor */
    CHANGE_SKIP, /* entry `to` was passed over for inbox `slot` (or SLOT_ALL): why */
    CHANGE_CUT,  /* everything with from < n <= to was passed over, for `slot` (or SLOT_ALL): why */
    CHANGE_RETRY,  /* entry `to` is tried again for inbox `slot`: its failure there is no more */
    CHANGE_DROP,   /* the failures of entry `to` at this host have been seen: they stay, marked */
    CHANGE_DIRECT, /* direct mail `id` is settled */
    CHANGE_ENDED,  /* an inbox of the host said for days that it is gone: its membership is to end;
                      nothing to be written, but to be asked for */
    CHANGE_LOOK,   /* the actors of the host are to be looked at again: an inbox of it may have
                      moved (QUEUE 2.11); at most once an hour. Nothing to be written either. why:
                      OK, an inbox redirected us; INBOX_LOST, it said 404 for days: where that has
                      not moved, its membership is to be suspended */
    CHANGE_DOWN,   /* the host is in back-off: any sign of life from it is worth telling */
    CHANGE_UP
};

/* In the order in which they have to be written: a RETRY takes away the failures before it, not
 * those behind it. */
struct change {
    enum change_kind kind;
    unsigned shard;
    char *host; /* owned; NULL for CHANGE_SHARD */
    struct cursor cursor;
    uint64_t from, to;
    unsigned lanes; /* CUT: bit n is lane n */
    unsigned slot, tries;
    enum err why;
    int status;
    char *detail; /* owned; NULL: none */
    char id[48];
};

struct delta {
    struct change *list;
    size_t n, cap;
};

/* Everything that changed since the last delta, shard by shard (CHANGE_SHARD first in each). False
 * if nothing did. One delta is out at a time: schedule_committed() must follow before the next. */
bool schedule_delta(struct schedule *s, int64_t now_ms, struct delta *ret);
/* The delta is on disk. Frees it. */
void schedule_committed(struct schedule *s, struct delta *delta);
void delta_free(struct delta *delta);

/* --- for people ------------------------------------------------------------------------------ */
struct schedule_report {
    uint64_t position;
    size_t destinations, idle, ready, flying, asleep, hungry, held, frozen, direct;
    size_t attempts;      /* under way */
    size_t entries;       /* kept in memory; one that two windows hold counts twice */
    size_t aside;         /* entries that wait apart */
    size_t parked;        /* destinations that are tried once a day only */
    size_t on_hold;       /* to which an operator wants nothing sent */
    bool suspects;        /* most hosts can't be reached: it is us */
    uint64_t behind_most; /* the furthest that a living destination is behind, in entries */
};
void schedule_report(const struct schedule *s, struct schedule_report *ret);
/* One destination; false if it is not known. What its lists point to stays the schedule's, until
 * the next call of anything else. */
bool schedule_look(const struct schedule *s, struct span host, struct cursor *ret,
                   const char **ret_state);
