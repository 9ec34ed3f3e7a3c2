/* journal: appending what was accepted, reading it back. */
#pragma once

#include "relay/rules/book.h"
#include "relay/rules/entry.h"
#include "relay/rules/member.h"
#include "relay/store/authors.h"
#include "relay/store/store.h"

struct freezes; /* relay/rules/freeze.h */

/* How an activity is told apart by the script. */
enum journal_kind {
    JOURNAL_CREATE,
    JOURNAL_UPDATE,
    JOURNAL_DELETE, /* Delete, and Undo of something that has an id of its own: by the object's
                       state */
    JOURNAL_ANNOUNCE,
    JOURNAL_OTHER
};

/* Zones that may have it once a person says so (rules/hold.h): what waits for them goes into an
 * item of its own, in the same script. */
struct journal_hold {
    struct span zones;   /* comma-separated; empty: nothing is held */
    struct span why;     /* hold_why_write() of each */
    struct span known;   /* hold_known_write() */
    struct span fetched; /* the document of what was announced to followers only; or absent */
    struct span actor, type;
    int64_t items_max, bytes_max; /* open items, and bytes of all of them */
};

/* 32 bytes of SHA-256 each; made by the caller, since this room knows no cryptography. */
struct journal_append {
    enum journal_kind kind;
    struct span from;    /* host of the sender */
    uint64_t ver;        /* of the member record that was decided by; 0: none */
    const char *freezes; /* version of those that were decided by; NULL: none */
    int64_t now_ms;
    const uint8_t *id_hash;     /* of the activity's id */
    const uint8_t *what_hash;   /* of type and object: the same id for something else is refused */
    const uint8_t *object_hash; /* of what is indexed; NULL: nothing is */
    const uint8_t *again_hash; /* of the object if it goes out as our Announce; NULL: it does not */
    struct span owner;         /* host that owns the object */
    int64_t stamp_ms;
    struct span
        audience; /* zones, comma-separated; may be empty (an Update goes where its object went) */
    struct span zone; /* of the sender */
    struct outgoing_facts facts;
    struct span id, object, object_host;
    const uint8_t *actor_hash; /* of the actor's id */
    bool gone;                 /* DELETE: the object is the actor itself, with all that it posted */
    /* Who it is of, and what the registry said of them when it was decided: its actor, and who
     * wrote what was fetched, if that is another. None: it is not asked (what takes back). */
    struct author_said authors[AUTHORS_ASKED_MAX];
    size_t authors_n;
    struct span body;
    struct journal_hold hold;
};

enum journal_result {
    JOURNAL_APPENDED,
    JOURNAL_DUPLICATE,
    JOURNAL_REUSED, /* the id stood for something else */
    JOURNAL_STALE,  /* older than what is known of the object */
    JOURNAL_NOT_OWNER,
    JOURNAL_NOBODY,    /* no zone may have it */
    JOURNAL_FULL,      /* more versions of one object are in the journal than it may have */
    JOURNAL_HELD,      /* nothing of it is in the journal yet: it waits for a person */
    JOURNAL_HOLD_FULL, /* more is held than may be: nothing was done */
    JOURNAL_AGAIN /* the member changed, what is frozen, or what an author says: decide again */
};

struct journal_appended {
    enum err err; /* OK: Redis answered, and with it the entry is as durable as configured */
    enum journal_result result;
    uint64_t n;
    uint64_t held; /* number of the item that it is in, or joined; 0: none */
    /* AGAIN: as they are now, borrowed during the callback. */
    struct span member;                        /* its record; may be empty */
    const struct freezes *freezes;             /* NULL: they can't be read */
    enum fact_said authors[AUTHORS_ASKED_MAX]; /* what the registry says of each */
};
typedef void (*journal_appended_cb)(void *arg, const struct journal_appended *answer);
/* One script call, however many members there are. Copies what it needs. */
void journal_append(struct store *store, const struct journal_append *append,
                    journal_appended_cb cb, void *arg);

/* An operator takes an object back: what waits of it is not sent, our Announce is undone where one
 * stands, and what comes of the object later is not relayed; its owner's Delete is. */
struct journal_recall {
    const uint8_t *object_hash; /* SHA-256 of the object's id, or of that of an Announce */
    struct span object, object_host;
    struct span reason; /* for people: short, one line */
    struct span note;   /* of audit_write(), written down with it; absent: nothing is */
    int64_t now_ms;
};
struct journal_recalled {
    enum err err; /* ERR_NOT_KNOWN: nothing of it went out; ERR_OBJECT_GONE: it is deleted, or was
                     recalled before; ERR_UNREADABLE: the audit log can't be written to */
    uint64_t n;   /* its line */
    size_t of_n;
    uint64_t of[ENTRY_OF_MAX]; /* the entries that it takes back, oldest first */
};
typedef void (*journal_recalled_cb)(void *arg, const struct journal_recalled *answer);
/* As durable as an accepted activity. Copies what it needs. */
void journal_recall(struct store *store, const struct journal_recall *recall,
                    journal_recalled_cb cb, void *arg);

/* One line of the journal as read. */
enum journal_line_kind {
    JOURNAL_ENTRY,
    JOURNAL_CONTROL,
    JOURNAL_WAKE,
    JOURNAL_ORDER,
    JOURNAL_GATES
};

struct journal_line {
    enum journal_line_kind kind;
    enum lane lane;
    uint64_t n, previous;  /* the line before it in its lane, whatever became of that */
    struct entry *entry;   /* ENTRY: borrowed during the callback */
    struct span reason;    /* ENTRY: why an operator recalled it; absent: none did */
    struct span event;     /* CONTROL */
    struct span member;    /* CONTROL: its record, to be read with member_read() */
    bool cuts;             /* CONTROL */
    struct span host;      /* WAKE, ORDER */
    enum book_order order; /* ORDER: for the host; `of` as the order has it */
    uint64_t of;
    struct span left_out; /* ORDER, a replay: `N:SLOTS` with blanks between, that do not go again */
    struct span gates;    /* GATES: all that is frozen from here on, for gates_read() */
    const char *id;       /* its id in Redis, to read on from */
};

struct journal_page {
    enum err err;
    uint64_t n;                 /* newest number given out when it was read */
    uint64_t floor[LANE_COUNT]; /* everything of the lane up to here is gone */
    const struct journal_line *lines;
    size_t lines_n;
};
typedef void (*journal_page_cb)(void *arg, const struct journal_page *page);
/* Up to count lines of a lane, or of both in the order of their numbers, behind `after`, with the
 * marks on their entries. */
void journal_page(struct store *store, enum lane lane, uint64_t after, size_t count,
                  journal_page_cb cb, void *arg);

/* The body of an entry; absent if it is no longer kept. */
typedef void (*journal_body_cb)(void *arg, enum err err, struct span body);
void journal_body(struct store *store, uint64_t n, journal_body_cb cb, void *arg);

/* Where an object went that was neither deleted nor recalled since: the host that it is of, and its
 * zones as a set in text; both empty where none is known. object_hash: SHA-256 of its id. Both
 * borrowed during the callback. */
typedef void (*journal_where_cb)(void *arg, enum err err, struct span owner, struct span audience);
void journal_where(struct store *store, const uint8_t *object_hash, journal_where_cb cb, void *arg);

/* One step of forgetting: some of what is oldest goes. */
struct journal_trim {
    int64_t now_ms; /* 0: nothing goes, but tell how things are */
    /* What was accepted before goes; bodies of the urgent lane go with their entries. */
    int64_t entries_ms, bodies_ms, urgent_ms;
    int64_t bytes;  /* that Redis may use before more goes than is old; 0: a share of what it has */
    int64_t new_ms; /* what was accepted since then does not go for that */
    int64_t object_days; /* how long objects are known that nothing in the journal is about */
};
struct journal_trimmed {
    enum err err;
    bool more;                  /* another step would find some */
    int64_t redis_ms;           /* Redis's clock */
    int64_t before_ms;          /* `now_ms` of the step before this one, whoever made it; 0: none */
    uint64_t used, limit;       /* bytes; limit 0: none */
    uint64_t floor[LANE_COUNT]; /* everything of the lane up to here is gone; */
    uint64_t body_floor;        /* and bodies of the normal one */
    uint64_t entries, bodies, urgent, objects; /* that went in this step */
    /* Keys that are of another type than they should be: what they hold is not forgotten. Where
     * nothing can be because of one, err is ERR_UNREADABLE. One of them, borrowed. */
    uint64_t stopped;
    struct span stopped_key;
};
typedef void (*journal_trimmed_cb)(void *arg, const struct journal_trimmed *answer);
void journal_trim(struct store *store, const struct journal_trim *trim, journal_trimmed_cb cb,
                  void *arg);
