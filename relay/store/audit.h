/* audit: the log of what people changed: who did it, by which way in, to what, and why. It is only
 * ever added to, and never trimmed; each line holds the SHA-256 of the line before (audit_chain.h).
 *
 * What is one change of ours is written down in the same script as the change: whoever makes it
 * hands the note to journal_recall(), members_change() or ledger_order(). What is done elsewhere
 * (another configuration, another journal) gets a line before, with its outcome in another. */
#pragma once

#include "common/io/redis_plain.h"
#include "relay/store/store.h"

enum { AUDIT_WHO_SIZE = 64, AUDIT_VIA_SIZE = 16, AUDIT_REASON_SIZE = 301, AUDIT_NOTE_MAX = 16384 };

/* Whose doing it is. */
struct audit_by {
    char who[AUDIT_WHO_SIZE];       /* a user of the system, `admin`; empty: nobody can say */
    char via[AUDIT_VIA_SIZE];       /* cli, api, signal */
    char reason[AUDIT_REASON_SIZE]; /* one line; empty: none was given */
};

struct audit_note {
    const struct audit_by *by;
    const char *verb;   /* as it stands on the command line */
    struct span target; /* a host, an object, a file; absent: none */
    /* Values in JSON, what it was and what it is now or is to be; absent: not said. */
    struct span before, after;
    uint64_t of;         /* number of an earlier line, of which this tells what came; 0: none */
    const char *outcome; /* `begun`, `done`, or the code of an error; NULL: it is done with this */
    int64_t now_ms;
};
/* The line, but for what audit.part adds. Never longer than AUDIT_NOTE_MAX. */
void audit_write(const struct audit_note *note, struct bytes *out);

/* A line of its own. note: of audit_write(). ERR_UNREADABLE: the log is no log. */
typedef void (*audit_cb)(void *arg, enum err err, uint64_t n);
void audit_add(struct store *store, struct span note, audit_cb cb, void *arg);
/* The same for whoever is alone with the journal. A reason in why. */
enum err audit_add_plain(struct redis_plain *redis, struct span note, struct bytes *why);

/* Up to `most` lines behind number `after`, or the newest. */
struct audit_ask {
    bool newest;
    uint64_t after;
    size_t most;
};
enum { AUDIT_PAGE_MAX = 1000 };
struct audit_page {
    enum err err;      /* ERR_UNREADABLE: the log is no log */
    uint64_t n;        /* number of the newest line, as it was written down beside the log */
    struct span hash;  /* of that line, likewise; empty: there was none */
    struct span *list; /* the lines, oldest first; all borrowed during the callback */
    size_t list_n;
};
typedef void (*audit_page_cb)(void *arg, const struct audit_page *page);
void audit_read(struct store *store, const struct audit_ask *ask, audit_page_cb cb, void *arg);
/* The same for whoever is alone with the journal: the newest line; its text is borrowed until the
 * next call, absent where there is none. A reason in why. */
enum err audit_newest_plain(struct redis_plain *redis, struct span *ret, struct bytes *why);
