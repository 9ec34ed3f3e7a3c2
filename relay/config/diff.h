/* diff: what another configuration changes, for who is about to put it in place. */
#pragma once

#include "relay/config/config.h"

enum change_how {
    CHANGE_ADDED,
    CHANGE_REMOVED,
    CHANGE_MODIFIED,
    CHANGE_RENAMED, /* a rule that is the same but for its name, such as one by its place */
    CHANGE_MOVED    /* a rule is asked before another now, that was asked before it */
};
const char *change_how_name(enum change_how how); /* `added`, `removed`, `changed` ... */

struct config_change {
    const char *kind; /* `setting`, `zone`, `rule` */
    enum change_how how;
    char *name;           /* of the setting; `ZONE`, or `ZONE.hosts`; of the rule as it is now */
    char *before, *after; /* as in a file; NULL: not there. MOVED: after: the other rule's name */
    bool restart;         /* can't change under a running relay */
};

struct config_changes {
    struct config_change *list;
    size_t n;
};

/* Settings, then zones, then rules. What two files say in other words, or by comments alone, is no
 * change. A password in a value is not shown. ret is given back with config_changes_fini(). */
void config_compare(const struct config *was, const struct config *is, struct config_changes *ret);
void config_changes_fini(struct config_changes *changes);
/* Whether a setting differs, and can't under a running relay: it is bound to a socket, a file, an
 * identity or a process. */
bool config_needs_restart(const struct config *was, const struct config *is, int setting);
