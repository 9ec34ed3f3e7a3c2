/* freezes: which boundaries are frozen, as all processes know it. A change is one script with its
 * line of the audit log, and makes another version: journal_append() refuses what was decided by an
 * earlier one, so that nothing crosses behind it. */
#pragma once

#include "relay/rules/freeze.h"
#include "relay/rules/gate.h"
#include "relay/store/store.h"

/* err OK: as they are now, borrowed during the callback; NULL otherwise, and for freezes_read()
 * also where they are what the caller has. ERR_UNREADABLE: they, or the audit log, can't be read or
 * written to. */
typedef void (*freezes_cb)(void *arg, enum err err, const struct freezes *freezes);

/* version: that the caller has; empty: none. */
void freezes_read(struct store *store, const char *version, freezes_cb cb, void *arg);

/* note: of audit_write(), written down with it; absent: nothing is. All copied. */
struct freezes_change {
    const struct freeze *freeze; /* to thaw: its boundary */
    bool thaws;
    const char *at; /* only if this is the version still, else ERR_AGAIN; NULL: whatever it is */
    struct span note;
};
/* Frozen already: it is as this one says from now on. ERR_FREEZES: there are FREEZES_MAX.
 * ERR_NOT_FROZEN: it is not to be thawed. As durable as an accepted activity. */
void freezes_change(struct store *store, const struct freezes_change *change, freezes_cb cb,
                    void *arg);

/* err OK: what is frozen now, for who sends, as of its line; borrowed during the callback; NULL
 * otherwise. Later changes are told by the journal (JOURNAL_GATES). */
typedef void (*gates_cb)(void *arg, enum err err, const struct gates *gates);
void freezes_gates(struct store *store, gates_cb cb, void *arg);
