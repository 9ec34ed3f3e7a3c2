/* sim: the world of the simulation, and what its files share.
 *
 * Everything happens in virtual time and is drawn from one number, the seed. What ships is linked
 * as it is (relay/rules): the schedule, cursors, leases, the judge, members, outgoing forms and the
 * policy. Around it stand models: a Redis with what the scripts of relay/store do (db_*.c), the
 * shells that couriers are (courier*.c), receivers (hosts.c), senders and their fronts (fronts.c),
 * operators and the steward (people.c), and what goes wrong (faults.c).
 *
 * The oracle (oracle*.c) never asks the scheduler what it thinks. It notes what each member is owed
 * when an activity gets its number, and what arrived where, and compares that with what is written
 * down, at every step. */
#pragma once

#include <utlist.h>

#include "common/pure/heap.h"
#include "relay/rules/book.h"
#include "relay/rules/lease.h"
#include "relay/rules/policy.h"
#include "relay/rules/schedule.h"

enum {
    SHARDS_MAX = SCHEDULE_SHARDS_MAX,
    COURIERS_MAX = 3,
    SLOTS = 3, /* inboxes of one host */
    ZONES = 4,
    LEASE_ROWS = 12,
    EPOCHS_MAX = 4096,
    LINES_MAX = 1 << 15, /* of one journal */
    LOW_LINES = 4096     /* fewer left than that: nobody adds any more */
};
enum { CLOCK_SET_MS = 5000 }; /* by so much no clock is slewed */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAY             ((int64_t)24 * HOUR)
#define WALL_MS         INT64_C(1700000000000) /* what clocks say at the beginning */
#define COMMAND_MS      (2 * SECOND)           /* a command of Redis that takes longer has failed */
#define NUMBER(n)       ((unsigned long long)(n))
#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct world;
struct courier;

/* What is counted, to see that it happened: word, and what it means. None may be zero in the end.
 */
#define TALLIES(X)                                                                                 \
    X(attempts, "attempts")                                                                        \
    X(arrivals, "arrivals at an inbox")                                                            \
    X(deliveries, "deliveries acknowledged")                                                       \
    X(repeats, "arrivals again")                                                                   \
    X(letters, "letters of direct mail")                                                           \
    X(appended, "activities appended")                                                             \
    X(duplicates, "answered as duplicates")                                                        \
    X(stale, "answered as stale")                                                                  \
    X(again, "decided again, the member had changed")                                              \
    X(unanswered, "requests of senders without an answer")                                         \
    X(commits, "commits")                                                                          \
    X(pages, "pages read")                                                                         \
    X(pages_failed, "pages that could not be read")                                                \
    X(joins, "joins")                                                                              \
    X(leaves, "leaves")                                                                            \
    X(suspends, "suspensions")                                                                     \
    X(resumes, "resumptions")                                                                      \
    X(zones, "changes of zone")                                                                    \
    X(expiries, "invitations that ended")                                                          \
    X(removals, "removals")                                                                        \
    X(retries, "orders to retry")                                                                  \
    X(drops, "orders to drop")                                                                     \
    X(wakes, "orders to try a host now")                                                           \
    X(holds, "orders to hold a host")                                                              \
    X(releases, "orders to release one")                                                           \
    X(host_cuts, "orders to give up what waits for one")                                           \
    X(replays, "orders to replay")                                                                 \
    X(back, "cursors that went back for a replay")                                                 \
    X(kills, "couriers killed")                                                                    \
    X(restarts, "couriers restarted in order")                                                     \
    X(freezes, "couriers frozen")                                                                  \
    X(starts_over, "couriers that started over")                                                   \
    X(resumed, "couriers that went on with what they knew")                                        \
    X(fenced, "beats and commits refused by the fence")                                            \
    X(takeovers, "shards taken over")                                                              \
    X(aborts, "attempts taken back")                                                               \
    X(redis_restarts, "deaths of Redis, nothing lost")                                             \
    X(redis_losses, "deaths of Redis, the newest writes lost")                                     \
    X(lost_lines, "lines that went with these")                                                    \
    X(redis_hangs, "hangs of Redis")                                                               \
    X(redis_refusals, "times when Redis refused writes")                                           \
    X(lost_requests, "requests to Redis lost")                                                     \
    X(lost_replies, "replies of Redis lost")                                                       \
    X(late_requests, "requests that Redis got after their connection had died")                    \
    X(old_epochs, "requests of an old epoch refused")                                              \
    X(clock_forward, "clocks put forward")                                                         \
    X(clock_back, "clocks put back")                                                               \
    X(outages_seconds, "outages of a host under a minute")                                         \
    X(outages_hours, "outages under a day")                                                        \
    X(outages_days, "outages of days and weeks")                                                   \
    X(slow, "answers that took too long, after it was taken")                                      \
    X(lies, "errors answered to what was taken")                                                   \
    X(busy, "429 and 503 with Retry-After")                                                        \
    X(gone, "410")                                                                                 \
    X(poison, "messages that a host does not take")                                                \
    X(certificates, "TLS failures")                                                                \
    X(bodies_gone, "attempts of what had no body any more")                                        \
    X(gaps, "gaps")                                                                                \
    X(cuts, "cuts")                                                                                \
    X(skips, "skips")                                                                              \
    X(fails, "deliveries given up")                                                                \
    X(lates, "deliveries at a later attempt")                                                      \
    X(aside, "cursors written with something set aside")                                           \
    X(shut, "Accepts refused for good")                                                            \
    X(trims, "trims")

struct tally {
#define X(name, text) uint64_t name;
    TALLIES(X)
#undef X
};

/* --- time and chance (time.c) ----------------------------------------------------------------- */

struct event {
    struct heap_node node;
    void (*run)(struct world *w, struct event *e);
    struct courier *to; /* whose process it happens in; NULL: none that freezes */
    bool in_order;      /* after a freeze it keeps its place among those like it */
    /* Frees what it is part of where the world ends before it happens; NULL: somebody else does. */
    void (*drop)(struct world *w, struct event *e);
};

uint64_t draw(struct world *w, uint64_t below);
/* True that often in a thousand. */
bool now_and_then(struct world *w, unsigned thousandths);
/* Between the two, each order of magnitude as likely as the next. */
int64_t draw_time(struct world *w, int64_t least_ms, int64_t most_ms);
int64_t now_ms(const struct world *w);
/* What clocks on the wall say. */
int64_t wall_ms(const struct world *w);
/* Milliseconds from now; moves it if it waits already. */
void event_in(struct world *w, struct event *e, int64_t ms);
void event_at_us(struct world *w, struct event *e, int64_t us);
void event_free(struct world *w, struct event *e); /* a `drop` of a block of its own */
void event_stop(struct world *w, struct event *e);
/* Runs what is next; false if nothing is. */
bool event_step(struct world *w);

/* --- activities ------------------------------------------------------------------------------- */

struct fate {             /* of one activity at one inbox */
    bool owed;            /* since it has its number */
    bool failed, noted;   /* Redis holds a refusal; a skip, a cut or a gap */
    bool withdrawn;       /* the member was moved to a zone that may not have it */
    bool dropped;         /* an operator gave up what waits for the member */
    bool arrived;         /* once, in any time line */
    bool acked;           /* a courier heard so, in this time line; */
    bool last_acked;      /* and what it heard last was that */
    bool refused;         /* a courier gave it up */
    bool ordered;         /* an operator wanted it tried again */
    uint8_t sour;         /* how often it is not taken yet; 255: never */
    uint16_t sour_status; /* and what is answered */
    uint32_t ended;       /* the control entry that ended the right to it; 0: none */
    uint32_t done_life;   /* the life of a courier in which it was answered for good */
};

struct act {
    struct event event; /* its sender sends it, once more */
    unsigned uid, object, version;
    enum activity_type type;
    bool proof;
    unsigned origin; /* host that sends it */
    int object_host; /* an Announce: whose object it is; else -1 */
    int64_t stamp_ms;
    uint64_t n;    /* its number in the journal; 0: none */
    int64_t at_ms; /* when it got that */
    bool promised; /* the sender was told that it is safe */
    bool seen;     /* Redis knows its id */
    bool repeats;  /* its sender sends it once more, although it was told so */
    bool answered; /* with 202, whatever that means */
    bool given_up; /* its sender tries no more */
    unsigned sends;
    struct fate *fates; /* of all hosts and slots; NULL until it got a number */
};

struct object {
    unsigned owner;
    unsigned versions; /* that its owner made */
    struct act **acts;
    size_t acts_n;
    bool alive; /* as its owner sees it */
    /* as Redis has it: */
    bool known, live, born;
    int64_t top, dead;
    unsigned zones, out; /* where it went; to whom our Announce of it */
};

/* --- Redis (db_*.c) --------------------------------------------------------------------------- */

enum line_kind { LINE_ENTRY, LINE_CONTROL, LINE_WAKE, LINE_ORDER, LINE_LETTER };

struct line {         /* what has a number; never changed, but for `settled` */
    struct line *all; /* the next of this world */
    enum line_kind kind;
    enum lane lane;
    uint64_t n, previous; /* previous: of its lane */
    size_t uid;           /* LETTER: its place among all that ever were */
    struct act *act;
    struct entry *entry;
    unsigned host;
    char *member; /* CONTROL: the record */
    bool cuts;
    enum book_order order;
    uint64_t of;
    const char *mail; /* LETTER: its kind */
    char *url;
    int64_t at_ms;
    bool settled;  /* LETTER: not in Redis any more */
    bool answered; /* LETTER: something came of it for good, */
    bool refused;  /* and not that it was taken */
    uint8_t sour;  /* LETTER: how often it is not taken */
};

struct undo { /* how the newest writes are taken back */
    void *at;
    size_t n;
    uint64_t old;
    char *text; /* at is the place of a text: this was there */
    bool is_text;
};

struct shard_row {
    uint64_t owner, seq, low, urgent;
};

struct lease_row {
    uint64_t nonce; /* 0: free */
    uint64_t beat;
    unsigned courier; /* number: its name */
};

/* What is done to Redis and asked of it: the fields that a kind of call needs. */
struct call {
    struct event event;
    struct call *prev, *next; /* of its connection, while `pending`: an answer is waited for */
    struct call *held_prev, *held_next, **held; /* of the list at Redis where it waits, if any */
    struct conn *conn;
    uint64_t life; /* of the courier who asks: what came of it is for no other */
    bool pending;
    bool reads;     /* and nothing else: not worth carrying out for nobody */
    bool replied;   /* it was carried out, and is on its way back */
    bool barrier;   /* the answer promises something: all of it has to be durable */
    uint64_t needs; /* how far */
    enum err err;
    void (*exec)(struct world *w, struct call *call);
    void (*done)(struct world *w, struct call *call); /* err says whether an answer came */
    void (*forget)(struct call *call);                /* frees what it carries; may be NULL */
    /* asked */
    struct courier *courier;
    uint64_t epoch, nonce, after;
    enum lane lane;
    uint64_t give;
    struct lease_entry bury[LEASE_ROWS];
    size_t bury_n, count;
    bool first, leave;
    unsigned shard;
    struct commit *commit;
    struct act *act;
    unsigned host, zones;
    uint64_t ver, of;
    enum member_event what;
    enum book_order order;
    struct member *with; /* owned */
    /* answered */
    const char *answer; /* "OK", or why not */
    struct lease_table *table;
    uint64_t seq, low, urgent, to, floor[LANE_COUNT];
    const struct line **lines;
    size_t lines_n, mail_n;
    uint64_t *seqs; /* of each shard */
    char **records; /* host number, then text, by turns: cursors, or members */
    unsigned *record_hosts;
    size_t records_n;
};

struct conn { /* of one process to Redis */
    struct courier *owner;
    bool up, is_tail;
    int64_t last_us; /* nothing overtakes on it, on the way there */
    int64_t back_us; /* and on the way back */
    struct call *pending;
};

struct commit_word { /* as it is sent: a change, in its own memory */
    enum change_kind kind;
    unsigned shard, host, slot, tries, lanes;
    uint64_t seq, low, urgent, from, to;
    char *text;
    enum err why;
    int64_t wait_ms; /* CURSOR: how long the host has to be left alone, as the oracle knows */
};

struct commit {
    uint64_t life;
    struct commit_word *list;
    size_t n;
};

struct db {
    bool up, refuses, news; /* news: lines that nobody was told of yet */
    int64_t hung_until_us;
    uint64_t run, hello_run; /* of the process, and as the journal has it */
    struct {
        uint64_t epoch, ended; /* the last number of it */
    } epochs[EPOCHS_MAX];
    size_t epochs_n;
    uint64_t epoch, epoch_most, n, last, bodyfloor;
    uint64_t lane_last[LANE_COUNT], floor[LANE_COUNT];
    int64_t slow_ms; /* added to each way, while it is slow */
    struct line *lines[LINES_MAX];
    struct shard_row shards[SHARDS_MAX];
    struct lease_row leases[LEASE_ROWS];
    /* what was written and may still be lost */
    struct undo *undo;
    size_t undo_n, undo_cap;
    uint64_t undo_first; /* the number of the first of them */
    uint64_t *scripts;   /* where each script ended, among these */
    size_t scripts_n, scripts_cap;
    struct call *waiting; /* answers that wait until all of it is durable */
    struct event sync;
    struct call *blocked; /* reads of the tail that wait for news */
};

#define PUT(w, place, value)                                                                       \
    do {                                                                                           \
        db_note((w), &(place), sizeof(place));                                                     \
        (place) = (value);                                                                         \
    } while (0)

void db_note(struct world *w, void *at, size_t n);
void db_put_text(struct world *w, char **at, char *text); /* takes the text */
void db_script_end(struct world *w);
/* It dies; the newest writes that nothing makes durable may go. */
void db_crash(struct world *w, int64_t down_ms);
void db_init(struct world *w);
void db_fini(struct world *w);
uint64_t db_end(const struct world *w);
/* Whether a script may run: not if Redis refuses writes. */
void db_exec(struct world *w, struct call *call);
struct line *line_new(struct world *w, enum line_kind kind, enum lane lane);
/* Whether the line of this number can't be had any more. */
bool db_trimmed(const struct world *w, uint64_t n);
void letter_keep(struct world *w, struct line *letter);

/* The scripts. */
void db_hello(struct world *w, struct call *call);
void db_lease(struct world *w, struct call *call);
void db_resume(struct world *w, struct call *call);
void db_claim(struct world *w, struct call *call);
void db_commit(struct world *w, struct call *call);
void db_members(struct world *w, struct call *call);
void db_page(struct world *w, struct call *call);
void db_stream(struct world *w, struct call *call); /* XREAD */
void db_trim(struct world *w, uint64_t floor, uint64_t bodies);
void db_append(struct world *w, struct call *call);
void db_control(struct world *w, struct call *call);
void db_order(struct world *w, struct call *call);
const struct cursor *db_own(struct world *w, unsigned host); /* NULL: it follows its shard */
uint64_t db_low(struct world *w, unsigned host);

/* --- the net between processes and Redis (net.c) -----------------------------------------------
 */

struct call *call_new(struct world *w, struct conn *conn,
                      void (*exec)(struct world *, struct call *),
                      void (*done)(struct world *, struct call *));
void call_send(struct world *w, struct call *call);
void call_reply(struct world *w, struct call *call);
/* The connection dies: what is under way may or may not reach Redis, and nobody hears of it. */
void conn_break(struct world *w, struct conn *conn);
/* The same, by its owner, who knows it. False: it was not up. */
bool conn_close(struct world *w, struct conn *conn);
void call_free(struct world *w, struct call *call);
/* Redis keeps it for a while. */
void call_hold(struct call **list, struct call *call);
void call_unhold(struct call *call);

/* --- hosts (hosts.c) ---------------------------------------------------------------------------
 */

enum mode { MODE_UP, MODE_DOWN, MODE_SLOW, MODE_LIES, MODE_BUSY, MODE_GONE, MODE_SICK, MODE_TLS };

struct host {
    char name[24];
    unsigned shard;
    bool saint; /* nothing is ever wrong with it */
    enum mode mode;
    int64_t mode_until_ms;
    uint64_t chance;
    /* as Redis has it */
    char *member;              /* its record; NULL: none */
    char *own;                 /* its cursor; NULL: it follows its shard */
    bool down;                 /* somebody looks for a sign of life from it */
    uint64_t held_n, replay_n; /* the orders to hold it, and to replay; 0: none */
    uint64_t ver, ver_told;    /* told: to who asked for the change */
    enum member_state state;
    int zone;
    struct line *accept; /* our newest Accept to it */
    unsigned slots_used;
    char urls[SLOTS];      /* which of its inboxes has the slot */
    int64_t wait_saved_ms; /* no attempt before, as far as that was written down */
    /* what the oracle knows */
    int64_t changed_ms;    /* its membership, last; */
    uint64_t changed_n;    /* with this number */
    const char *read_text; /* what `read` was read from */
    struct cursor read;
    unsigned flying;
    uint64_t named; /* the last commit that said something of its cursor */
    struct knows {  /* what the courier who owns it should know; of one of its lives */
        uint64_t life;
        int64_t wait_ms, trouble_ms; /* no attempt before; when it was in trouble last */
    } knows;
    unsigned *shown; /* for each slot and object: uid of what it shows, + 1 */
    uint64_t *first; /* for each slot and object: newest number that came for the first time */
};

struct sending { /* what the net does with one attempt */
    struct judge_answer answer;
    bool arrives;
    int64_t arrives_ms, answers_ms; /* from now */
    int64_t asks_ms;                /* how long it wants to be left alone */
};
void host_send(struct world *w, unsigned host, const struct attempt *a, struct sending *ret);
void host_receive(struct world *w, unsigned host, unsigned slot, struct act *act);
enum mode host_mode(struct world *w, unsigned host);
unsigned host_number(const char *name);

/* --- couriers (courier*.c) ---------------------------------------------------------------------
 */

enum courier_state {
    COURIER_STOPPED,
    COURIER_ASKING,
    COURIER_CLAIMING,
    COURIER_MEMBERS,
    COURIER_RUNNING,
    COURIER_HALTING,
    COURIER_AWAY,
    COURIER_LEAVING,
    COURIER_BROKEN
};

struct arrival {
    struct event event;
    unsigned host, slot;
    struct act *act;
    struct line *letter;
    struct flight *flight; /* NULL: nobody waits for it any more */
};

struct flight {
    struct event event; /* the answer */
    struct flight *prev, *next;
    struct courier *courier;
    struct attempt attempt;
    struct sending sending;
    struct arrival *arrival;
    struct act *act;
    struct line *letter;
    unsigned host;
    int64_t started_ms;
};

struct courier {
    unsigned number;
    bool alive, draining;
    int64_t frozen_until_us, thawed; /* thawed: what was told since it woke up */
    uint64_t process;                /* counts its starts */
    struct conn store, tail;
    uint64_t epoch, epoch_most;
    bool ready;
    enum courier_state state;
    /* what it owns */
    struct lease lease;
    uint64_t nonce, held, giving, give, given;
    bool first, whole, beating;
    int64_t sent_ms, lease_ms;
    int64_t clock_ms;        /* by so much clocks were moved, as its schedule knows */
    int64_t loaded_clock_ms; /* and by so much when that was loaded */
    struct event tick, lapse, halt, reconnect, restart, wake, commit, reborn, thaw, hangup;
    /* the walk */
    uint64_t life; /* of its schedule: a number that no other has */
    struct schedule *schedule;
    uint64_t seq[SHARDS_MAX];
    unsigned claims_waiting;
    uint64_t taken;
    bool claims_failed;
    struct delta delta;
    uint64_t moved;        /* shards of the commit that is out, or unsure */
    uint64_t loaded_epoch; /* of its shards, as they were claimed or resumed */
    uint64_t heard;        /* the newest number that it was told of */
    bool unsure, resuming;
    bool committing, commit_soon, told, followed, starved, paging, pumping;
    int64_t touched_ms;
    bool mail_read; /* all direct mail that there was at first */
    uint64_t last_line[LANE_COUNT], tail_line, tail_mail;
    struct flight *flights;
    size_t flights_n;
};

void couriers_init(struct world *w);
void couriers_fini(struct world *w);
/* courier_away.c */
void courier_away(struct world *w, struct courier *c, const char *why);
void courier_keep(struct world *w, struct courier *c);
void courier_come_back(struct world *w, struct courier *c);
void courier_beat_later(struct world *w, struct courier *c, int64_t ms);
/* The wall clock, as the schedule goes by it. */
int64_t courier_now(struct world *w, struct courier *c);
void courier_landed(struct world *w, struct flight *f);
void courier_committed(struct courier *c);
void courier_commit_again(struct world *w, struct courier *c);
void courier_tail_again(struct world *w, struct courier *c);
void courier_kill(struct world *w, struct courier *c, int64_t down_ms);
void courier_freeze(struct world *w, struct courier *c, int64_t ms);
void courier_drain(struct world *w, struct courier *c);
void courier_conn_down(struct world *w, struct courier *c, bool is_tail);
/* courier_walk.c */
void courier_goto(struct world *w, struct courier *c, enum courier_state state);
void courier_start_over(struct world *w, struct courier *c, const char *why);
void courier_claim(struct world *w, struct courier *c);
void courier_rest(struct world *w, struct courier *c);
void courier_shift(struct world *w, struct courier *c);
void courier_leave(struct world *w, struct courier *c);
void courier_begin(struct world *w, struct courier *c);
bool courier_may_start(const struct world *w, const struct courier *c);
bool courier_holds(const struct courier *c);
void courier_schedule(struct world *w, struct courier *c);
void courier_commit(struct world *w, struct courier *c);
void courier_follow(struct world *w, struct courier *c);
void courier_abort(struct world *w, struct courier *c);
void courier_unfollow(struct world *w, struct courier *c);
void courier_walk_init(struct courier *c);
void courier_look_at_lease(struct world *w, struct courier *c);
/* courier_tail.c */
void courier_tail_start(struct world *w, struct courier *c);
void courier_ask_page(struct world *w, struct courier *c);
/* courier_commit.c */
struct commit *commit_new(struct world *w, struct courier *c, const struct delta *delta);
void commit_free(struct call *call);

/* --- people and machines around it -------------------------------------------------------------
 */

void fronts_init(struct world *w);
void people_init(struct world *w);
void faults_init(struct world *w);
/* The same activity, sent once more, which has its effect once more. */
struct act *act_again(struct world *w, const struct act *of);
/* Somebody changes a member. */
void people_change(struct world *w, unsigned host, enum member_event what);
/* A call of whoever is no courier, with the epoch of today; NULL: Redis can't be asked now. */
struct call *front_call(struct world *w, void (*exec)(struct world *, struct call *),
                        void (*done)(struct world *, struct call *));

/* --- the oracle (oracle*.c) --------------------------------------------------------------------
 */

/* The first thing that is wrong ends the run. */
void broken(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct fate *fate_of(const struct world *w, const struct act *act, unsigned host, unsigned slot);
/* A number may have been given out again since: an entry says itself what it is. */
struct act *act_of(const struct world *w, const struct entry *e);
bool fate_settled(const struct fate *f);
struct act *act_at(const struct world *w, uint64_t n); /* NULL: no activity has that number */
void oracle_appended(struct world *w, struct act *act, unsigned zones);
void oracle_changed(struct world *w, unsigned host, const struct member *before,
                    const struct member *after, bool cuts);
/* An order about a host as a whole, with the number n. */
void oracle_host_ordered(struct world *w, unsigned host, enum book_order order, uint64_t n);
void oracle_ordered(struct world *w, unsigned host, const struct act *act);
void oracle_claimed(struct world *w, unsigned shard, const struct courier *c);
void oracle_first_arrival(struct world *w, unsigned host, const struct act *act);
void oracle_attempt(struct world *w, const struct courier *c, const struct flight *f);
void oracle_answered(struct world *w, const struct flight *f, const struct judgement *j);
void oracle_told(struct world *w, struct courier *c, const struct line *line);
struct knows *oracle_knows(struct world *w, const struct courier *c, unsigned host);
/* A commit is carried out: each word, then what has moved. */
void oracle_word(struct world *w, const struct commit *commit, const struct commit_word *word);
void oracle_moved(struct world *w, unsigned host, uint64_t from, const struct cursor *before);
void oracle_rolled_back(struct world *w);
bool oracle_at_rest(struct world *w, bool say);

/* --- the world ---------------------------------------------------------------------------------
 */

enum durability { DURABLE_ALWAYS, DURABLE_REPLICA, DURABLE_EVERY_SECOND };

struct plan { /* drawn from the seed at the beginning */
    size_t hosts, saints, couriers, objects, acts, page;
    unsigned shards;
    int64_t patience_ms; /* of who is well, for what it is to get */
    int64_t duration_ms, lease_ms, fault_ms, people_ms, retention_ms, bodies_ms, trim_ms;
    enum durability durability;
    unsigned break_thousandths; /* of a call: its connection breaks */
    unsigned deaths;            /* of Redis, soon after one of 100,000 writes */
    unsigned sour_thousandths;
    unsigned sick_thousandths; /* of the time of a host */
    unsigned slots;            /* inboxes of a host, at most */
    bool large;
    struct schedule_limits limits;
};

struct world {
    uint64_t seed, chance;
    int64_t now_us;
    int64_t wall_offset_ms;
    struct heap events;
    uint64_t order, steps;
    struct plan plan;
    struct db db;
    struct host *hosts;
    unsigned **shard_hosts; /* of each shard, and how many */
    size_t shard_hosts_n[SHARDS_MAX];
    struct courier couriers[COURIERS_MAX];
    uint64_t lives, nonces;
    struct object *objects;
    struct act **acts;
    size_t acts_n;
    struct line *all_lines;
    struct line **letters; /* by uid */
    size_t letters_n;
    struct policy policy;
    struct member *member, *with;
    struct member_change *change;
    struct courier *claimant[SHARDS_MAX]; /* who took a shard last */
    uint64_t claimant_process[SHARDS_MAX];
    bool resting;            /* nothing goes wrong any more */
    int64_t clock_moved_ms;  /* all that clocks were moved by */
    int64_t clock_slewed_ms; /* the part of it that nobody takes for a set clock */
    int64_t crashed_ms;      /* when Redis died last */
    int64_t disturbed_ms;    /* when something last went wrong with what all depend on */
    struct tally tally;
    struct event traffic, people, faults, steward, watchdog, relief, death;
    struct conn front; /* of whoever is no courier */
    uint64_t front_epoch;
    size_t joined; /* so many hosts were asked to join */
    char broken[400];
    size_t tracing; /* so many of the last steps are kept, */
    char **traced;  /* in a ring */
    size_t traced_n;
};

void world_live(struct world *w, uint64_t seed, size_t tracing);
void world_fini(struct world *w);
extern const char *const zone_names[ZONES];
