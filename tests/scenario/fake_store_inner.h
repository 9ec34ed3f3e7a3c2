/* fake_store_inner: what the files of the fake store share. */
#pragma once

#include "relay/rules/freeze.h"
#include "relay/rules/gate.h"
#include "relay/rules/pilot.h"
#include "relay/store/holds.h"
#include "relay/store/leases.h"
#include "tests/scenario/fake_io.h"
#include "tests/scenario/fake_store.h"

enum {
    FAKE_SHARDS = 64,
    FAKE_COMMAND_MS = 2000,
    FAKE_CUT_MS = 300,
    FAKE_MEMBERS = 256,
    FAKE_LISTED = 4096,
    FAKE_LETTERS = 64
};

struct own { /* a cursor of its own, or a key */
    char name[MEMBER_HOST_SIZE];
    struct cursor cursor;
};

struct mail {
    struct direct d; /* its texts are the model's */
    char *texts[4];
};

struct object {
    uint8_t hash[16];
    char owner[MEMBER_HOST_SIZE];
    bool live, recalled;
    char audience[256];
    enum outgoing_announced announced;
    char announce[ENTRY_HASH_SIZE];
    uint64_t entries[ENTRY_OF_MAX]; /* that were not taken back */
    size_t entries_n;
};

struct seen {
    uint8_t id[32], what[32];
    uint64_t n;
};

struct key_kept {
    char hash[65];
    char *owner, *inbox, *followers, *pem;
    bool machine, indexable, refuses;
    int64_t fetched_ms;
};

struct warned { /* of the end of a pilot */
    char pilot[PILOT_NAME_SIZE], is[PILOT_WARNED_SIZE];
};

struct note { /* what a cursor passed undelivered */
    enum book_kind kind;
    uint64_t from, n;
    unsigned lanes, slot, tries;
    enum err why;
    int status;
    int64_t at_ms;
    bool dropped;
    char host[MEMBER_HOST_SIZE];
    char text[64]; /* its kind and code */
};

struct ordered { /* an order about a dead letter */
    uint64_t of, line;
    char host[MEMBER_HOST_SIZE];
};

struct store {
    bool up;
    int64_t tail_ms;
    unsigned cuts; /* connections that went with what was on them */
    uint64_t epoch, n, last[LANE_COUNT], floor[LANE_COUNT], body_floor;
    struct fake_author *authors;
    size_t authors_n;
    uint64_t audit_n;     /* lines of the audit log */
    struct bytes tallied; /* what was counted for reports, as text */
    struct freezes freezes;
    struct gates gates; /* the same for couriers */
    struct warned *warned;
    size_t warned_n;
    void (*on_ready)(void *arg, bool ready);
    void *on_ready_arg;

    struct fake_line *lines;
    size_t lines_n, lines_cap;
    struct member *members[FAKE_MEMBERS];
    size_t members_n;
    struct {
        int64_t at_ms, since_ms;
    } looks[FAKE_MEMBERS]; /* when each is asked for its software next */
    struct own *own;
    size_t own_n;
    struct mail *mail;
    size_t mail_n;
    struct object *objects;
    size_t objects_n;
    struct seen *seen;
    size_t seen_n;
    struct key_kept *keys;
    size_t keys_n;
    struct note *notes;
    size_t notes_n;
    struct ordered *ordered;
    size_t ordered_n;
    struct fake_hold *holds; /* oldest first */
    size_t holds_n;
    uint64_t holds_closed[HOLD_STATE_COUNT];
    char (*down)[MEMBER_HOST_SIZE];
    size_t down_n;
    struct {
        char nonce[33];
        uint64_t seq, low, urgent;
    } shards[FAKE_SHARDS];
    unsigned commits;
    int64_t committed_ms;
    struct tail *tails;
    struct lease_table leases; /* its owners are not used: they are in the shards */
};

/* One call on its way. Embedded first in the record of each kind. */
struct call {
    struct store *store;
    unsigned process; /* whose call it is */
    enum fake_op op;
    enum fake_fault fault;
    bool worked;
    unsigned cuts;  /* when it was sent */
    uint64_t epoch; /* when it was sent */
    void (*work)(struct call *call);
    void (*answer)(struct call *call, enum err err);
};
/* Takes call, which was allocated; frees it after the answer. */
void fake_call(struct store *store, enum fake_op op, struct call *call, void (*work)(struct call *),
               void (*answer)(struct call *, enum err));
bool fake_lies(enum fake_lie lie);
void fake_mail_fini(struct mail *mail);

/* fake_store_authors.c */
uint64_t fake_author_number(const uint8_t *hash);
/* fake_store_leases.c */
struct lease_entry *fake_lease_of(struct store *s, const char *nonce); /* NULL: it has none */

/* fake_store_journal.c */
struct fake_line *fake_line_add(struct store *s, enum lane lane, enum journal_line_kind kind);
uint64_t fake_last(const struct store *s); /* number of the newest line */
struct object *fake_object(struct store *s, const uint8_t *hash);
/* Writes the line that takes back what stands of the object; returns it. */
struct fake_line *fake_take_back(struct store *s, struct object *object, const struct entry *e,
                                 struct span body);
struct fake_line *fake_line_of(const struct store *s, uint64_t n);
/* Copies both. */
void fake_line_take(struct fake_line *line, const struct entry *entry, struct span body);
void fake_line_fini(struct fake_line *line);
void fake_tails_wake(struct store *s);
void fake_tails_lost(struct store *s);

/* fake_store_append.c: one more entry, as if it was accepted now. Returns its number. */
uint64_t fake_enter(struct store *s, const uint8_t *object, const struct entry *entry,
                    struct span body);
/* fake_store_holds.c. object: hash, or NULL. Each 0, or false, where there is none. */
uint64_t fake_hold_open(struct store *s, const struct journal_append *append, const uint8_t *object,
                        const struct entry *entry);
uint64_t fake_hold_join(struct store *s, const struct journal_append *append, const uint8_t *object,
                        const struct entry *entry);
bool fake_hold_delete(struct store *s, const struct journal_append *append, const uint8_t *object);
void fake_holds_fini(struct store *s);
