/* sim_db: the Redis of the simulation: what it holds, and the scripts (db_*.c).
 *
 * Whatever is written is written with PUT(), so that it can be lost. */
#pragma once

#include "sim_act.h"
#include "sim_net.h"

#include "relay/rules/schedule.h"

enum {
    SHARDS_MAX = SCHEDULE_SHARDS_MAX,
    EPOCHS_MAX = 4096,
    LINES_MAX = 1 << 15, /* of one journal */
    LOW_LINES = 4096     /* fewer left than that: nobody adds any more */
};

enum line_kind { LINE_ENTRY, LINE_CONTROL, LINE_WAKE, LINE_ORDER, LINE_GATES, LINE_LETTER };

struct line {         /* what has a number; never changed, but for `settled`, `marks`, `bare` */
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
    struct frozen *frozen; /* GATES: what is, from here on */
    char *left_out;        /* ORDER: to replay: what is left out of that */
    char *marks;           /* ENTRY: that were put on it since; NULL: none */
    bool bare;             /* ENTRY: its body went when it was taken back */
    const char *mail;      /* LETTER: its kind */
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
    struct frozen frozen;
    uint64_t gates_n; /* the line that changed it last */
    int64_t slow_ms;  /* added to each way, while it is slow */
    struct line *lines[LINES_MAX];
    struct shard_row shards[SHARDS_MAX];
    struct lease_row leases[LEASE_ROWS];
    struct lease_table *spare; /* that nobody reads any more, for the next who asks */
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
void db_trim(struct world *w, const uint64_t floors[LANE_COUNT], uint64_t bodies);
void db_append(struct world *w, struct call *call);
void db_recall(struct world *w, struct call *call); /* of: the object */
void db_control(struct world *w, struct call *call);
void db_order(struct world *w, struct call *call);
void db_freeze(struct world *w, struct call *call);
void db_gates(struct world *w, struct call *call);
/* What a replay leaves out is marked, and named in its line (db_leave_out.c). */
void db_leave_out(struct world *w, struct line *replay);
const struct cursor *db_own(struct world *w, unsigned host); /* NULL: it follows its shard */
uint64_t db_low(struct world *w, unsigned host);
/* What the ledger answers, of what was owed: it looks at the cursor and at all exceptions. */
bool db_says_delivered(struct world *w, const struct act *act, unsigned host, unsigned slot);
uint64_t db_urgent(struct world *w, unsigned host);
/* Whether the bytes of what has this number can still be had. */
bool db_has_body(const struct world *w, uint64_t n);

/* --- objects, and what is marked on entries (db_objects.c) -------------------------------------
 */

/* One entry of an object. c: Create; u: Update; a: Announce; d: what took back all before it. */
struct version {
    uint64_t n;
    char kind;
    bool proof;     /* u */
    unsigned zones; /* u */
};
enum { VERSIONS_MAX = ENTRY_OF_MAX };
struct versions { /* oldest first */
    struct version list[VERSIONS_MAX + 1];
    size_t n;
};
void versions_read(const char *text, struct versions *ret);
char *versions_text(const struct versions *v);
/* False: there is no room for it, and nothing that could be left out. */
bool versions_add(const struct world *w, struct versions *v, const struct version *version);
/* What a later one may do away with: not taken back yet. */
void versions_standing(struct versions *v);
/* An Update is as good as the earlier one: of the same form, and for whoever had that. */
bool version_replaces(const struct version *later, const struct version *earlier);
/* What the later one does to the earlier, for those who read it from now on. */
void db_mark(struct world *w, uint64_t n, uint64_t by, const struct version *update);
/* Nothing of the object is in the journal any more: less is kept of it. */
void object_shrink(struct world *w, struct object *o);
/* A copy of its own of a line's entry; marked: with what was marked on it since. */
struct entry *line_entry(const struct world *w, const struct line *line, bool marked);
