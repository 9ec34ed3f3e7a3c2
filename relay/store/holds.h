/* holds: items that wait for a person (rules/hold.h), as Redis keeps them. They are opened by
 * journal_append(), in the script that writes down what needs no person. */
#pragma once

#include "relay/rules/hold.h"
#include "relay/store/journal.h"

/* Texts are borrowed during the callback; absent where there are none. */
struct hold_item {
    uint64_t h; /* its number, of the journal's: it lies between the entries of its time */
    enum hold_state state;
    uint64_t revision;      /* how often an Update joined it */
    int64_t at_ms;          /* when it came */
    int64_t updated_ms;     /* when the newest Update joined; 0: none did */
    struct span from, zone; /* host that sent it, and the zone that this was in */
    struct span id, actor, type, object;
    struct span zones; /* that it waits for, comma-separated; of a closed one: that it waited for */
    struct span why;   /* hold_why_next() */
    struct span known; /* hold_known_read() */
    struct span body, update, fetched; /* the activity; its newest Update; the document of what was
                                          announced. Absent in lists, and once it is closed */
    size_t bytes;                      /* of these */
    /* Of a closed one. */
    int64_t closed_ms;
    struct span by, reason; /* a person, or empty; what was said */
    struct span sent;       /* zones that it went to */
    uint64_t n;             /* its entry in the journal; 0: none */
};

/* item NULL: there is none (err OK), or Redis has no answer. */
typedef void (*holds_item_cb)(void *arg, enum err err, const struct hold_item *item);
/* One item, with its bytes. */
void holds_read(struct store *store, uint64_t h, holds_item_cb cb, void *arg);

struct holds_page {
    enum err err;
    const struct hold_item *items; /* open: in the order of their numbers; closed: newest first */
    size_t items_n;
    uint64_t open, bytes; /* all that are open */
    uint64_t next;        /* `after` of the next page; 0: there is none */
};
typedef void (*holds_page_cb)(void *arg, const struct holds_page *page);
/* Items without their bytes. closed: those; else the open ones. after: of the page before; 0: from
 * the beginning. */
void holds_page(struct store *store, bool closed, uint64_t after, size_t most, holds_page_cb cb,
                void *arg);

/* What is to become of an open item. Zones that are named in none of the three are refused. */
struct holds_settle {
    uint64_t h, revision;
    struct span from; /* the item's, and the version of its member record that was decided by */
    uint64_t ver;
    const char *freezes;  /* version of those that were decided by */
    struct span sent;     /* zones, comma-separated, that get it now */
    struct span kept;     /* hold_why_write() of those that wait on */
    enum hold_state then; /* if none waits on: APPROVED or DENIED */
    struct span by, reason;
    struct span note; /* of audit_write(), written down with it; absent: nothing is */
    int64_t now_ms;
};
enum holds_result {
    HOLDS_SETTLED,
    HOLDS_NONE,    /* no such item */
    HOLDS_CLOSED,  /* it is closed already */
    HOLDS_CHANGED, /* an Update joined */
    HOLDS_AGAIN,   /* member or freezes are others than those decided by: decide again */
    HOLDS_FULL     /* more versions of the object are in the journal than it may have */
};
struct holds_settled {
    enum err err; /* ERR_UNREADABLE: the audit log can't be written to; nothing is done */
    enum holds_result result;
    enum hold_state state; /* of the item now */
    uint64_t n;            /* its (last) entry; 0: none was written */
};
typedef void (*holds_settled_cb)(void *arg, const struct holds_settled *answer);
/* One script: entries in the journal, the item, the line of the audit log; as durable as an
 * accepted activity. Copies what it needs. */
void holds_settle(struct store *store, const struct holds_settle *settle, holds_settled_cb cb,
                  void *arg);

/* One step: what nobody decided about since before_ms is closed as EXPIRED; what was closed before
 * forget_ms is forgotten. */
enum { HOLDS_SWEEP_MAX = 256 }; /* of each kind, in a step */
struct holds_sweep {
    int64_t now_ms, before_ms, forget_ms;
};
struct holds_swept {
    enum err err;
    bool more;               /* another step would find some */
    const uint64_t *expired; /* these */
    size_t expired_n;
    uint64_t open, bytes, forgotten;
    uint64_t closed[HOLD_STATE_COUNT]; /* how many were ever closed so */
};
typedef void (*holds_swept_cb)(void *arg, const struct holds_swept *answer);
void holds_sweep(struct store *store, const struct holds_sweep *sweep, holds_swept_cb cb,
                 void *arg);
