/* audit: the log of what people changed: who did it, by which way in, to what, and why. It is only
 * ever added to, and never trimmed; each line holds the SHA-256 of the line before (audit_chain.h).
 *
 * What is one change of ours is written down in the same script as the change: whoever makes it
 * hands the note to journal_recall(), members_change() or ledger_order(). What is done elsewhere
 * (another configuration, another journal) gets a line before, with its outcome in another. */
#pragma once

#include "common/io/redis_plain.h"
#include "relay/store/store.h"

/* A line of its own; see relay/rules/audit_note.h. ERR_UNREADABLE: the log is no log. */
typedef void (*audit_cb)(void *arg, enum err err, uint64_t n);
struct audit_add {
    struct span note;   /* of audit_write(); absent: no line, n is 0 */
    struct span config; /* digest of the configuration that is in force now, to be remembered;
                           absent: the one before is */
};
void audit_add(struct store *store, const struct audit_add *add, audit_cb cb, void *arg);
/* The same for whoever is alone with the journal. ERR_NOT_KNOWN: there is none. A reason in why. */
enum err audit_add_plain(struct redis_plain *redis, struct span note, struct bytes *why);

/* Up to `most` lines behind number `after`, or the newest. */
struct audit_ask {
    bool newest;
    uint64_t after;
    size_t most;
};
enum { AUDIT_PAGE_MAX = 1000 };
struct audit_page {
    enum err err;       /* ERR_UNREADABLE: the log is no log */
    uint64_t n;         /* number of the newest line, as it was written down beside the log */
    struct span hash;   /* of that line, likewise; empty: there was none */
    struct span config; /* digest that was remembered last; empty: none was */
    struct span *list;  /* the lines, oldest first; all borrowed during the callback */
    size_t list_n;
};
typedef void (*audit_page_cb)(void *arg, const struct audit_page *page);
void audit_read(struct store *store, const struct audit_ask *ask, audit_page_cb cb, void *arg);
/* The same for whoever is alone with the journal: the newest line; its text is borrowed until the
 * next call, absent where there is none. A reason in why. */
enum err audit_newest_plain(struct redis_plain *redis, struct span *ret, struct bytes *why);
