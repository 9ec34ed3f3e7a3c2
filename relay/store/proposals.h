/* proposals: what lists of others name, until a person decides; one for each host. */
#pragma once

#include "relay/rules/proposal.h"
#include "relay/store/store.h"

enum { PROPOSALS_MAX = 10000 };

/* Those that are there, each once, in no order; then NULL with err. Borrowed during the callback.
 */
typedef void (*proposals_cb)(void *arg, enum err err, const struct proposal *proposal);
void proposals_read(struct store *store, proposals_cb cb, void *arg);

struct proposals_changed {
    enum err err; /* OK; PROPOSALS: there would be more than PROPOSALS_MAX, nothing was done;
                     UNREADABLE: what is there is not what it should be */
    uint64_t added, replaced, dropped;
};
typedef void (*proposals_changed_cb)(void *arg, const struct proposals_changed *changed);
/* Puts these in, in the place of what there was of the same host; or, where drops, takes those of
 * these hosts out. note: of audit_write(), written down with it; absent: nobody's doing. */
struct proposals_change {
    const struct proposal *list;
    size_t n;
    bool drops;
    struct span note;
};
void proposals_change(struct store *store, const struct proposals_change *change,
                      proposals_changed_cb cb, void *arg);
