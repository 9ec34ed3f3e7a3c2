/* fake_store: relay/store in memory, in virtual time: the same functions, and what Redis holds as
 * plain lists that a test can look into. The scripts themselves (append.lua ...) are tested against
 * a real Redis; this model keeps to what they promise.
 *
 * A call takes effect after 1 ms and is answered after 2, so that a courier can die in between. */
#pragma once

#include "relay/store/cursors.h"
#include "relay/store/journal.h"
#include "relay/store/keycache.h"
#include "relay/store/members.h"
#include "relay/store/tail.h"

/* --- faults ---------------------------------------------------------------------------------- */

enum fake_op {
    OP_MEMBER,
    OP_MEMBERS,
    OP_CHANGES,
    OP_CHANGE,
    OP_APPEND,
    OP_PAGE,
    OP_BODY,
    OP_LEASE,
    OP_CLAIM,
    OP_COMMIT,
    OP_RESUME,
    OP_KEY,
    OP_TRIM,
    OP_AUDIT,
    OP_HOLDS,
    OP_SWEEP,
    OP_WHERE,
    OP_TALLY,
    OP_PROPOSALS,
    OP_FREEZES,
    OP_GATES,
    OP_PILOTS,  /* warnings that were given are read */
    OP_WARN,    /* one is put down */
    OP_WORDS,   /* what the registry of authors says */
    OP_AUTHORS, /* it is changed, or read */
    OP_LOOK,
    OP_PLACED,
    OP_COUNT
};
enum fake_fault {
    FAULT_NONE,
    FAULT_LOST,       /* never arrives; ERR_REDIS at the deadline */
    FAULT_UNANSWERED, /* takes effect; ERR_REDIS at the deadline */
    FAULT_SLOW,       /* takes effect; its answer comes shortly before the deadline */
    FAULT_REFUSED     /* ERR_REDIS_REPLY */
};
/* What befalls the calls of this kind, after `first` more that go well, for the next `times`. */
void fake_fault(enum fake_op op, enum fake_fault fault, unsigned first, unsigned times);
/* How often it was called. */
unsigned fake_called(enum fake_op op);

/* The model breaks a promise on purpose, so that a test can show that it would see it. */
enum fake_lie {
    LIE_NONE,
    LIE_COMMIT_AHEAD,   /* a commit moves the shard's cursor to the end of the journal */
    LIE_COMMIT_NEVER,   /* a commit is answered and not written */
    LIE_NO_FENCE,       /* whoever commits is believed */
    LIE_TAKES_ALL,      /* whoever claims a shard gets it, whosever it is */
    LIE_NOBODY_BURIED,  /* a lease never ends */
    LIE_JOURNAL_LOSES,  /* every third line is nowhere to be read, and its neighbours deny it */
    LIE_EVER_MEMBER,    /* the registry's spans are open from the beginning */
    LIE_APPEND_IGNORES, /* the journal does not look at what was decided by */
    LIE_APPEND_DEAF,    /* the journal does not ask what authors say */
    LIE_APPEND_NEVER,   /* an append is answered, and nothing is written */
    LIE_MAIL_LOST       /* direct mail is never written */
};
void fake_lie(enum fake_lie lie);

/* --- life ------------------------------------------------------------------------------------ */

struct store *fake_store_new(void);
void fake_store_free(struct store **store);
/* The connection goes away, or comes back. A new time line if the process is another one. */
void fake_store_up(struct store *store, bool up, bool new_process);
/* A tail reads its first lines so long after it was begun, or told to go on; 1 ms unless said. */
void fake_tail_takes(struct store *store, int64_t ms);
/* Called with the above. */
void fake_store_on_ready(struct store *store, void (*cb)(void *arg, bool ready), void *arg);
/* The process is dead: it reads no more; what it held is left behind, like all it had. */
void fake_tails_die(struct store *store, unsigned process);

/* --- what Redis holds ------------------------------------------------------------------------ */

struct fake_line {
    struct journal_line line; /* its entry and texts are the model's */
    int64_t at_ms;
    char *member, *host, *reason, *gates, *body; /* body NULL: gone */
    size_t body_n;
    char event[16];
    char id[48];
};
size_t fake_lines(const struct store *store, const struct fake_line **ret);
/* The newest number given out. */
uint64_t fake_newest(const struct store *store);
/* An entry as if the front had accepted it: post K of a host, for these zones. Returns its number.
 */
struct fake_post {
    const char *from, *audience;
    const char *zone; /* that it comes from; NULL: not known */
    unsigned k;
    enum activity_type type; /* CREATE unless said otherwise */
    bool no_proof;
    enum outgoing_announced announced; /* DELETE: of its object */
};
uint64_t fake_accept(struct store *store, const struct fake_post *post);
/* The bodies up to n are gone; so are the entries. */
void fake_drop_bodies(struct store *store, uint64_t n);
void fake_drop_entries(struct store *store, uint64_t n);

/* The record of a member, or NULL. */
const struct member *fake_member(const struct store *store, const char *host);
/* A Redis that was emptied: it knows no member any more, and nobody noticed yet. */
void fake_forget_members(struct store *store);
/* The effective cursor of a host, as Redis has it. */
struct cursor fake_cursor(const struct store *store, const char *host);
/* What was recorded of (n, host): `fail`, `skip`, `cut` and its code, or NULL. */
const char *fake_record(const struct store *store, uint64_t n, const char *host);
size_t fake_records(const struct store *store);
/* Direct mail that is not settled. */
size_t fake_mail(const struct store *store);
/* One of them, in the order in which they were written; NULL behind the last. */
const struct direct *fake_letter(const struct store *store, size_t i);
/* Whether couriers told that the host is in trouble. */
bool fake_is_down(const struct store *store, const char *host);
/* When the last commit took effect; how many did; how many changes it had. */
int64_t fake_committed_ms(const struct store *store);
unsigned fake_commits(const struct store *store);
/* Who owns a shard, by name; "": nobody with a lease. How many have one. */
const char *fake_owner(const struct store *store, unsigned shard);
size_t fake_leases(const struct store *store);
/* The owner's nonce is another one from now on: somebody else claimed everything. */
void fake_steal(struct store *store);
/* What trimming asked for last. */
uint64_t fake_floor(const struct store *store);
uint64_t fake_body_floor(const struct store *store);
/* What is kept of the warnings about a pilot; NULL: nothing. */
const char *fake_warned(const struct store *store, const char *pilot);
/* The registry of authors. */
struct fake_author {
    char actor[512];
    enum fact_said says;
    const char *way;
    int64_t said_ms;
};
size_t fake_authors(const struct store *store, const struct fake_author **ret);
enum fact_said fake_author_says(const struct store *store, struct span actor);
/* Forgets all keys of others. */
void fake_forget_keys(struct store *store);
/* What was counted for reports and written down: `MONTH FIELD N` and sets, one a line. */
const char *fake_tallied(const struct store *store);
