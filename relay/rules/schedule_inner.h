/* schedule_inner: what the files of the scheduler share, and nobody else sees. */
#pragma once

#include <utlist.h>

#include "common/pure/heap.h"
#include "common/pure/map.h"
#include "relay/rules/schedule.h"
#include "relay/rules/suspect.h"

/*
 *             new entry / direct        no more may start now      an answer came
 *     IDLE --------------------> READY ------------------> FLYING -----------------> READY
 *      ^                          ^ ^ |                       |
 *      |   nothing for it         | | | entry not in memory   | new entry, and the window has room
 *      +--------------------------+ | +-----> HUNGRY          v
 *                                 | | page came |           READY
 *       woke up: ASLEEP ----------+ +-------------+  <------- SETTLING: what was waited for is on
 * disk
 *
 * The state says what it waits for. Attempts may be on their way in every state but IDLE, and each
 * answer makes it READY again, or ASLEEP where its host is in back-off.
 *     IDLE: it has all entries up to the position. What is set aside for it, and mail that failed
 * by itself, may wake it: then it is in the heap too. FLYING: its window is full, or what is left
 * waits for what is on its way. ASLEEP: its host is in back-off; or it has mail that waits for its
 * own time, and entries have to wait for that; or no room is left to set an entry aside. HUNGRY:
 * asked for a page behind `want`. SETTLING: an entry was refused for good or skipped, and what
 * follows of its object waits until that is on disk. Otherwise a crash between could bring the old
 * entry out after its follower (ENGINE 1e). HELD: suspended, no member, not yet as its record says
 * (`until`), or its Accept was refused: nothing is sent but direct mail. FROZEN: what is first of
 * lane N may not cross now (gate.h); what takes back goes on.
 */
#define DEST_STATES(X)                                                                             \
    X(IDLE, "idle")                                                                                \
    X(READY, "ready")                                                                              \
    X(FLYING, "sending")                                                                           \
    X(ASLEEP, "waiting")                                                                           \
    X(HUNGRY, "reading")                                                                           \
    X(SETTLING, "settling")                                                                        \
    X(HELD, "held")                                                                                \
    X(FROZEN, "frozen")
enum dest_state {
#define X(name, text) DEST_##name,
    DEST_STATES(X)
#undef X
        DEST_STATE_COUNT
};

struct letter { /* direct mail that waits */
    struct direct d;
    struct letter *prev, *next;
    struct cursor_tried tried;
    int64_t wake_ms; /* it failed by itself, and others go first until then; 0: now */
};

struct slot {      /* an inbox */
    char *url;     /* NULL: free */
    uint64_t from; /* entries numbered above it are for it; free: it was in use until then */
    enum member_style style;
};

struct outcome;

enum flies { FLIES_ENTRY, FLIES_URGENT, FLIES_ASIDE, FLIES_MAIL };

/* What those that are ready wait for: see schedule_share.c. */
enum ring { RING_DIRECT, RING_URGENT, RING_FRESH, RING_CATCHUP, RING_COUNT };

struct flight { /* an attempt on its way */
    struct flight *prev, *next;
    struct flight *all_prev, *all_next; /* while it is young: among all of those, by age */
    bool young;                         /* not for long */
    bool slow;                          /* counts among the slow ones */
    enum ring ring;
    int64_t started_ms;
    enum flies flies;
    enum lane lane;
    uint64_t n;
    unsigned slot;
    uint64_t object;
    uint64_t from;     /* of the inbox, which may be another's before the answer comes */
    unsigned troubles; /* how often its host had been in trouble when it started */
};

struct due { /* an entry behind the cursor that is for it, and not settled */
    uint64_t n;
    uint64_t object;
    unsigned slots;  /* that are not through with it, as far as was known when it was looked at */
    unsigned flying; /* those of them that it is on its way to */
};

struct unsaved { /* a "never" or a skip that is not on disk yet */
    uint64_t object;
    unsigned slot;  /* or SLOT_ALL */
    uint64_t delta; /* it comes with one behind this */
};
enum { UNSAVED_MAX = 64 };

/* How its cursor stands to what Redis has, as far as the last delta goes: a delta looks at those
 * alone that may have to be written, and not at all members of a shard (see schedule_delta.c). */
enum standing {
    STANDS_ANEW,  /* something of it may have changed since: nothing is known */
    STANDS_TOLD,  /* Redis has a cursor of its own for it, as it is; or it needs none */
    STANDS_SHARD, /* it follows its shard's cursor, and stays there when that moves */
    STANDS_END,   /* it follows its shard's cursor, and has everything */
    STANDS_APART, /* it has everything, and a cursor of its own all the same */
    STANDING_COUNT
};

struct dest {
    struct dest *prev, *next;             /* in the list of its state */
    struct dest *shard_prev, *shard_next; /* in its shard */
    struct dest *stand_prev, *stand_next; /* in its shard, among those that stand alike */
    struct dest *gone_prev, *gone_next;   /* in its shard, among those that are gone */
    struct kin *kin;                      /* in whose list it is, instead of its state's */
    struct heap_node wake;                /* in the heap while it waits for a time */
    struct heap_node early;               /* in the heap while `until` is not told */
    enum dest_state state;
    enum standing standing;
    unsigned shard;
    bool subscribed; /* gets entries: active, and not suspended */
    bool known;      /* has a cursor: active or suspended, or gone with a place that must be kept */
    bool gone;       /* was a member; kept until its shard's cursor has passed `low` and nothing
                        behind that is owed to it any more */
    bool alone;      /* one actor of it follows, no more */
    bool down_told;  /* Redis knows that it is in back-off */
    struct unsaved *unsaved; /* what others of their objects wait for */
    size_t unsaved_n;
    uint64_t unsaved_all; /* everything waits for the delta behind this; 0: nothing does */
    uint64_t ver;         /* of the member record that is in force */
    uint64_t until; /* its record and its cursor know of what happened up to here: entries wait
                       until that was told */
    uint64_t heard; /* the newest change of it that is known, or Accept that it took */
    uint64_t want;  /* HUNGRY: for the entries behind this number, of this lane */
    enum lane want_lane;
    int64_t left_ms; /* it left by itself, then: for a while it is told what is taken back; 0: no */
    char zone[MEMBER_ZONE_SIZE];
    bool receives; /* it is here for more than publishing */
    struct slot *slots;
    size_t slots_n;
    struct member_span *spans;
    size_t spans_n;
    struct cursor cursor; /* as it is */
    struct cursor stored; /* as Redis has it, where `own` */
    bool own;             /* Redis has a cursor of its own for it */
    uint64_t took;        /* the newest of lane U that it had, or that was given up */
    uint64_t
        seen; /* lane N was looked at up to here: what is not settled above `low` is in `due` */
    struct due *due; /* by number */
    size_t due_n, due_cap;
    struct flight *flights;
    size_t flights_n;
    /* So many at once, where all is well. Written nowhere, and 1 again after a restart: who has a
     * record of its own there is behind or was in trouble, and has one at a time in any case; of
     * who has none, nothing is to be written for each delivery, and it has grown to 8 again after
     * 28 of them. */
    unsigned window;
    unsigned won;      /* delivered since it grew */
    bool behind;       /* something kept it back, and it has not caught up since */
    unsigned troubles; /* how often its host was found in trouble */
    unsigned faults;   /* attempts in a row that failed by what may be our fault */
    int64_t rest_ms;   /* for these: no attempt before; 0: now */
    bool end_told;     /* that its inbox is gone */
    int64_t look_ms;   /* nobody is asked to look at its actors again before; 0: now */
    uint64_t back;  /* its cursor went back: nothing of lane N goes before the delta behind this is
                       on disk; 0: it did not */
    bool barred;    /* something that is set aside waits behind a gate */
    bool slow;      /* its last attempt took long */
    enum ring ring; /* READY: where it stands; */
    bool ring_slow; /* among the slow ones */
    struct letter *letter; /* on its way; NULL: none */
    struct letter *letters;
    size_t letters_n;
    size_t host_n;
    char host[];
};

struct window { /* a stretch of the journal in memory: all entries of a lane, after < n <= to */
    enum lane lane;
    uint64_t after, to;
    struct entry **list; /* sorted by n */
    size_t first, n, cap;
    uint64_t used; /* when it was last looked at, for the pages */
};

struct shard {
    uint64_t low; /* as Redis has it */
    uint64_t urgent;
    int64_t moved_ms; /* when it was last handed out */
    uint64_t handed;  /* the position then: where the cursors are of those that stand apart */
    size_t spent;     /* on writing those anew since the shard's moved */
    bool dirty;
    struct dest *dests, *gone;
    struct dest *stands[STANDING_COUNT];
    size_t stands_n[STANDING_COUNT];
    struct change *pending; /* records that wait for the next delta */
    size_t pending_n, pending_cap;
};

/* Destinations that may be concerned by the same entries, as far as zones say: all of their spans
 * are in this one. Those that wait for entries alone are listed here. */
struct kin {
    struct kin *next;
    struct dest *idle;
    struct dest *dozing; /* ASLEEP, but not for their host's sake: lane U wakes them */
    char zone[];         /* empty: of several, or of none */
};

struct schedule {
    struct schedule_limits limits;
    struct map *dests; /* by host */
    struct dest *lists[DEST_STATE_COUNT];
    size_t counts[DEST_STATE_COUNT];
    size_t flying; /* attempts on their way */
    struct {       /* see schedule_share.c */
        struct dest *ready[RING_COUNT][2];
        size_t flying[RING_COUNT], slow;
        struct flight *young;
    } share;
    struct suspect suspect;
    struct gates gates;
    bool looked;      /* at what was loaded, by the clock */
    struct map *kins; /* by zone */
    struct kin *kin_list;
    struct heap sleepers;
    struct heap early; /* those that wait for what is still to be told */
    struct shard shards[SCHEDULE_SHARDS_MAX];
    unsigned next_shard;    /* the next delta begins there */
    uint64_t position;      /* everything up to here was told */
    uint64_t newest_urgent; /* of lane U, that was told */
    uint64_t urgent_first;  /* and this is to be, before anything of the journal goes; 0: it was */
    int64_t told_ms;        /* when the newest entry was accepted */
    struct window tail[LANE_COUNT];
    struct window pages[SCHEDULE_PAGES];
    struct window markers; /* told since a page was asked for, and about earlier ones: it may lack
                              their marks */
    uint64_t page_clock;
    bool page_asked;
    bool page_void;  /* it may lack marks: it is asked for once more */
    uint64_t deltas; /* that were handed out */
};

/* schedule_window.c */
void window_push(struct window *w, struct entry *entry);
void window_drop_first(struct window *w);
void window_clear(struct window *w);
/* The window that holds what follows `low` in the lane, or NULL. */
struct window *window_for(struct schedule *s, enum lane lane, uint64_t low);
/* The first entry of it with n > low, or NULL. */
struct entry *window_next(const struct window *w, uint64_t low);
/* Puts the marks of a later entry on what is in memory of those that it is about. */
void windows_mark(struct schedule *s, struct entry *later);

/* schedule_record.c */
/* change: its texts are copied. */
void record(struct schedule *s, const struct dest *d, const struct change *change);
void record_host(struct schedule *s, struct span host, const struct change *change);
void change_add(struct change **list, size_t *n, size_t *cap, const struct change *change);

/* schedule_delta.c */
/* Its cursor, or what that is compared with, may have changed: the next delta of its shard looks at
 * it. Whoever moves it into a state has said so. */
void dest_touch(struct schedule *s, struct dest *d);
/* The same, and there is to be a delta. */
void dest_changed(struct schedule *s, struct dest *d);
/* New, or about to be freed: in the lists of its shard, and out of them. */
void stand_list(struct schedule *s, struct dest *d);
void stand_unlist(struct schedule *s, struct dest *d);
/* Members that are gone are forgotten once nothing in Redis depends on them. */
void forget_gone(struct schedule *s, unsigned shard);

/* schedule_kin.c */
/* Into the list of its kin if only entries are to find it there: then true. */
bool kin_list(struct schedule *s, struct dest *d);
/* Out of it; false: it was in none. */
bool kin_unlist(struct dest *d);
/* Wakes those that have everything else, or are being sent it and may get more: who is behind or in
 * trouble comes to it later. */
void kin_wake(struct schedule *s, const struct entry *entry);
void kin_fini(struct schedule *s);

/* schedule.c */
/* Everything up to n was told; who waited for that waits no longer. */
void told(struct schedule *s, uint64_t n);
/* Its entries wait until `until` was told, if they have to. */
void early_set(struct schedule *s, struct dest *d);
/* Whether all waits for lane U to be told as far as it was when all was loaded. */
bool urgent_first(const struct schedule *s);
bool shard_owned(const struct schedule *s, unsigned shard);
bool host_owned(const struct schedule *s, struct span host);

/* schedule_share.c */
/* Into the ring where it belongs, and out of it. */
void share_list(struct schedule *s, struct dest *d);
void share_unlist(struct schedule *s, struct dest *d);
/* What was told may have changed where those belong that are ready: they go there. */
void share_again(struct schedule *s, const struct entry *entry);
/* Who may send something next; NULL: nobody, or nothing may start now. */
struct dest *share_next(struct schedule *s);
void share_start(struct schedule *s, const struct dest *d, struct flight *flight, int64_t now_ms);
void share_end(struct schedule *s, struct dest *d, struct flight *flight);
/* Those that have been on their way for long are slow from now on. */
void share_look(struct schedule *s, int64_t now_ms);

/* schedule_health.c */
/* No attempt at it before; 0: now. */
int64_t dest_wake(const struct dest *d);
/* What an outcome says of the host; waits: it is to be left alone for a while. fresh: no trouble of
 * it was found since the attempt started. */
void host_outcome(struct schedule *s, struct dest *d, bool waits, bool fresh,
                  const struct outcome *o);
/* At what was loaded, once: no wait is longer than one can be, and who is ready stands where it
 * belongs. */
void look_at_loaded(struct schedule *s, int64_t now_ms);

/* schedule_orders.c */
/* Begins a replay that was ordered, if nothing of lane N is on its way. */
void replay_look(struct schedule *s, struct dest *d);
/* Whether lane N has to wait for one. */
bool replay_waits(const struct dest *d);
/* Its cursor is on disk as of the last delta. */
void replay_saved(struct schedule *s, struct dest *d);

/* schedule_dest.c */
struct dest *dest_new(struct schedule *s, struct span host);
void dest_free(struct schedule *s, struct dest *d);
struct dest *dest_find(const struct schedule *s, struct span host);
void dest_goto(struct schedule *s, struct dest *d, enum dest_state state);
/* The same, and it wakes up at that time (INT64_MAX: it does not). */
void dest_wait(struct schedule *s, struct dest *d, enum dest_state state, int64_t when_ms);
/* Puts it where it belongs now; frees it if it belongs nowhere. */
void dest_settle(struct schedule *s, struct dest *d);
/* The same if it waits for something that may have changed, but not for its host. */
void dest_look_again(struct schedule *s, struct dest *d);
uint64_t dest_low(const struct schedule *s, const struct dest *d);
/* The same, and its cursor says so: before anything is done to it. */
void dest_here(const struct schedule *s, struct dest *d);
/* Its cursor is there, and nothing is known of what follows. */
void dest_place(struct dest *d, uint64_t low);
/* Everything up to n is settled: its cursor moves at least there. */
void dest_pass(struct dest *d, uint64_t n);
/* Its cursor moves as far as all is settled. */
void dest_advance(struct dest *d);
/* Nothing between its cursor and this number was ever its, by its spans; UINT64_MAX: nothing at all
 * will be until its spans change. */
uint64_t dest_owed_from(const struct dest *d, enum lane lane);
/* Its cursor moves there, but not past the position: no pages are read for what it has no right to.
 */
void dest_skip(const struct schedule *s, struct dest *d);
/* Whether an entry is for the host, by facts that cannot change. */
bool dest_entitled(const struct dest *d, const struct entry *e);
/* Whether the zone that it is in today may have it. Who had it once is told that it is taken back,
 * wherever it is now (ENGINE 5f). */
bool dest_zone_allows(const struct dest *d, const struct entry *e);
/* The inboxes that an entry is for, by facts that cannot change (but for their styles): bit s is
 * slot s. */
unsigned dest_slots(const struct dest *d, const struct entry *e);
/* What is owed to it up to n is given up, which is recorded; its cursor is at n or behind. then:
 * its record of that moment, which says what inboxes it had before; NULL: not known. */
void dest_cut(struct schedule *s, struct dest *d, unsigned lanes, uint64_t n,
              const struct member *then, enum err why);
/* It was told what is taken back although it left, and that is over: what was left of it is given
 * up. */
void dest_grace_over(struct schedule *s, struct dest *d, uint64_t n, const struct member *then,
                     enum err why);
/* What it is owed up to n, the number of a control entry, is given up for one inbox; its cursor
 * stays. */
void slot_cut(struct schedule *s, struct dest *d, unsigned slot, uint64_t n, enum err why);
/* The host answers, or showed otherwise that it lives: its back-off is over. */
void dest_lives(struct schedule *s, struct dest *d);

/* schedule_member.c */
void dest_take_member(struct schedule *s, struct dest *d, const struct member *m);
/* Something newer than n is known of it than a refused Accept: entries go again. */
void dest_heard(struct dest *d, uint64_t n);
/* Whoever posted the entry is not down. */
void dest_shows_life(struct schedule *s, const struct entry *entry);

/* One turn of a destination: what it may send now, or where it belongs. */
struct turn {
    int64_t now_ms;
    struct letter *letter;
    struct entry *entry;
    unsigned slot; /* of the entry */
    uint64_t object;
    struct cursor_tried tried;
    enum flies flies;
    enum dest_state rest;
    int64_t later_ms; /* and wakes up then; INT64_MAX: not by itself */
};
/* ON: nothing here; GONE: nor will there be, as it was settled without being sent. */
enum step { STEP_ON, STEP_GONE, STEP_SEND, STEP_REST };
enum step turn_rests(struct turn *t, enum dest_state state);
enum step turn_hungers(struct dest *d, struct turn *t, enum lane lane, uint64_t after);
enum step turn_sends(struct turn *t, enum flies flies, struct entry *e, unsigned slot,
                     uint64_t object, const struct cursor_tried *tried);

struct outcome {
    const struct attempt *attempt;
    const struct judgement *j;
    int status;
    const char *detail;
    int64_t now_ms;
    uint32_t chance;
};

/* schedule_attempt.c */
/* How many may be on their way to it now. */
size_t dest_window(const struct schedule *s, const struct dest *d);
/* Entry e is passed over for an inbox, or SLOT_ALL. */
void skip(struct schedule *s, struct dest *d, const struct entry *e, unsigned slot, enum err why);
/* The journal has no entry n any more that was owed to an inbox. */
void gap(struct schedule *s, struct dest *d, uint64_t n, unsigned slot);
/* An answer came, and it was about this message alone. */
bool by_itself(const struct outcome *o);
/* It was not the last attempt. */
void tried_again(struct cursor_tried *tried, const struct outcome *o);
/* An entry is settled for one inbox: what is to be known about that later. */
void settled(struct schedule *s, struct dest *d, bool late, const struct outcome *o);

/* schedule_flight.c */
void flight_start(struct schedule *s, struct dest *d, const struct turn *t);
void flight_end(struct schedule *s, struct dest *d, struct flight *flight);
/* What is on its way to this inbox; n of direct mail: 0, SLOT_MAIL. */
struct flight *flight_find(const struct dest *d, uint64_t n, unsigned slot);
/* The inbox is the same that it was sent to. */
bool flight_arrives(const struct dest *d, const struct flight *flight);
/* One of the object is on its way to the inbox, or waits to be on disk, so that others wait. */
bool object_busy(const struct dest *d, uint64_t object, unsigned slot);
/* A refusal or skip was recorded: others of the object wait until it is on disk; */
void unsaved_add(struct schedule *s, struct dest *d, uint64_t object, unsigned slot);
/* everything does. */
void unsaved_all(struct schedule *s, struct dest *d);
/* The delta that was out is on disk. */
void unsaved_end(struct schedule *s, struct dest *d);

/* schedule_ahead.c: lane N */
/* What may go now, of what follows its cursor. */
enum step next_ahead(struct schedule *s, struct dest *d, struct turn *t);
/* It was looked at, and an inbox waits for it. */
bool ahead_waits(const struct dest *d, uint64_t n);
/* True: the host has to wait for it. */
bool ahead_outcome(struct schedule *s, struct dest *d, const struct flight *flight,
                   const struct outcome *o);

/* schedule_urgent.c: lane U, and marks */
/* Why an entry of lane N is not to go to an inbox any more by its marks: ERR_OK: it is. Nobody has
 * to wait until that is on disk: whoever asks again is told the same. */
enum err entry_marked(const struct schedule *s, const struct dest *d, const struct entry *e,
                      unsigned slot);
/* That is recorded. */
void skip_marked(struct schedule *s, struct dest *d, uint64_t n, unsigned slot, enum err why);
/* As dest_low(), of lane U. */
uint64_t dest_urgent(const struct schedule *s, const struct dest *d);
/* The same, as it is to be written. */
uint64_t dest_urgent_written(const struct schedule *s, const struct dest *d);
/* Everything of lane U up to n is settled. */
void urgent_pass(struct dest *d, uint64_t n);
/* Something of lane U was told that it was not looked at for. */
bool urgent_waits(const struct schedule *s, const struct dest *d);
/* Its cursor moves past what it has no right to, but not past the position. */
void urgent_skip(const struct schedule *s, struct dest *d);
/* An entry of lane U about the object, older than n, is not settled: n waits for that. */
bool urgent_holds(struct schedule *s, const struct dest *d, uint64_t n, uint64_t object);
/* No answer came, and yet it may have arrived. */
bool outcome_doubtful(const struct outcome *o);
/* What may go now. */
enum step next_urgent(struct schedule *s, struct dest *d, struct turn *t);
/* True: the host has to wait for it. */
bool urgent_outcome(struct schedule *s, struct dest *d, const struct flight *flight,
                    const struct outcome *o);

/* schedule_aside.c */
uint64_t object_hash(const struct entry *e);
/* What is set aside and due. */
enum step next_aside(struct schedule *s, struct dest *d, struct turn *t);
void aside_outcome(struct schedule *s, struct dest *d, const struct flight *flight,
                   const struct outcome *o);
/* Sets an entry aside that was tried in vain, if there is reason to and room. */
bool aside_failed(struct schedule *s, struct dest *d, const struct outcome *o,
                  const struct cursor_tried *tried);
struct cursor_aside *aside_find(struct dest *d, uint64_t n, unsigned slot);
/* Whether one of the object is set aside for the inbox, so that others of it have to wait. */
bool aside_holds(const struct dest *d, unsigned slot, uint64_t object);
bool aside_room(const struct dest *d, size_t n);
/* Copies it; there is room. */
void aside_put(struct dest *d, const struct cursor_aside *aside);
void aside_take(struct dest *d, struct cursor_aside *aside);
/* An operator ordered it, by its number, and it was not looked at since: it may be of either lane.
 */
bool aside_lane_unknown(const struct cursor_aside *aside);

/* schedule_mail.c */
/* The first that may go now, or NULL; *ret_later becomes the time when the next may, if that is
 * earlier. */
struct letter *letter_due(struct dest *d, int64_t now_ms, int64_t *ret_later);
/* Whether its Accept is not delivered yet. */
bool accept_waits(const struct dest *d);
void letter_outcome(struct schedule *s, struct dest *d, const struct outcome *o);
void letters_free(struct dest *d);
