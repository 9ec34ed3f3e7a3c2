/* ledger: what Redis holds of the destinations: cursors, what they passed undelivered, and when
 * they moved; where an activity or an object is in the journal. For people: nothing here moves a
 * cursor.
 */
#pragma once

#include "relay/rules/book.h"
#include "relay/store/journal.h"

struct ledger_ask {
    struct span host;  /* of this one alone (with its shard); absent or empty: of all */
    uint64_t from, to; /* records about these numbers, and cuts that cover any; 0, 0: none */
    size_t most;       /* of each kind, the newest of each shard */
    /* Of all kinds of records, FAILs alone. Of all hosts: those that no operator has seen; and a
     * number is never parted: those about `to` are not counted, those about the last all there. */
    bool fails_only;
    int64_t since_ms; /* marks from then on; below 0: none */
};

/* err OK: the book, which the callback takes and gives back with book_free(); else NULL. */
typedef void (*ledger_cb)(void *arg, enum err err, struct book *book);
/* What is said of one host is of one moment. Copies what it needs. */
void ledger_read(struct store *store, const struct ledger_ask *ask, ledger_cb cb, void *arg);

enum { LEDGER_ENTRIES_MAX = 32 };
struct ledger_found {
    enum err err;
    bool seen;  /* an activity with this id came, within the last two weeks */
    uint64_t n; /* its entry; 0: it was answered, and never came into the journal */
    size_t about_n;
    size_t held_n;
    uint64_t held[LEDGER_ENTRIES_MAX];  /* items that wait for a person with it, or did lately */
    uint64_t about[LEDGER_ENTRIES_MAX]; /* newest entries about an object (or Announce) with this
                                           id, oldest first */
};
typedef void (*ledger_found_cb)(void *arg, const struct ledger_found *found);
/* What an id stands for. id_hash: its SHA-256. */
void ledger_find(struct store *store, const uint8_t *id_hash, int64_t now_ms, ledger_found_cb cb,
                 void *arg);

/* An operator's order for the host; n is its number in the journal. RETRY, DROP: about the dead
 * letter `of`; REPLAY: from behind `of`; the others: `of` is 0. ERR_NO_SUCH_MEMBER: nothing is
 * known of the host. ERR_NO_SUCH_LETTER: there is none (to be dropped: or it was already);
 * ERR_NOT_KEPT: it was direct mail, which can't be tried again; ERR_ORDERED: an order about it is
 * still to be carried out; ERR_TOO_LARGE: a replay that would have to
 * leave out more than one can (what was refused, and is followed by what was not);
 * ERR_UNREADABLE: nobody could carry it out, or the audit log can't be
 * written to. note: of audit_write(), written down with it; absent: nothing is. */
struct ledger_order {
    enum book_order order;
    struct span host;
    uint64_t of;
    struct span note;
    int64_t now_ms;
};
typedef void (*ledger_ordered_cb)(void *arg, enum err err, uint64_t n);
/* Copies what it needs. */
void ledger_order(struct store *store, const struct ledger_order *order, ledger_ordered_cb cb,
                  void *arg);
