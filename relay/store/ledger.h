/* ledger: what Redis holds of the destinations: cursors, and what they passed undelivered. For
 * people: nothing here moves a cursor. */
#pragma once

#include "relay/rules/book.h"
#include "relay/store/journal.h"

/* err OK: the book, which the callback takes and gives back with book_free(); else NULL. */
typedef void (*ledger_cb)(void *arg, enum err err, struct book *book);
/* host: of this one alone (with its shard); absent or empty: of all. What is said of one host is of
 * one moment. */
void ledger_read(struct store *store, struct span host, ledger_cb cb, void *arg);

/* An operator's order about entry `of` for the host; n is its number in the journal. */
typedef void (*ledger_ordered_cb)(void *arg, enum err err, uint64_t n);
void ledger_order(struct store *store, enum journal_order order, struct span host, uint64_t of,
                  ledger_ordered_cb cb, void *arg);
