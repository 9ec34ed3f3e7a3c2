/* role: the three roles by name, and the words that a role in a process of its own and its master
 * say to each other (one message of a channel each: a word, and for some of them a text). */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

#define ROLES_TABLE(X)                                                                             \
    X(FRONT, "front")                                                                              \
    X(COURIER, "courier")                                                                          \
    X(STEWARD, "steward")

/* In the order in which they end: what takes work in, what does it, who watches. */
enum role {
#define X(name, text) ROLE_##name,
    ROLES_TABLE(X)
#undef X
        ROLE_COUNT
};

enum { ROLE_NAME_SIZE = 16 };

const char *role_name(enum role role); /* static */
bool role_find(struct span name, enum role *ret);

/* Some of the roles. */
struct role_set {
    bool has[ROLE_COUNT];
};
extern const struct role_set role_set_all;
/* `front,steward`. False if a word is no role, or there is none. */
bool role_set_read(struct span text, struct role_set *ret);
/* The same, in the order of the table. */
enum { ROLE_SET_SIZE = 32 };
void role_set_write(const struct role_set *set, char ret[ROLE_SET_SIZE]);
/* `courier-3`: a role and its slot, which of its kind it is. */
void role_write(enum role role, unsigned slot, char ret[ROLE_NAME_SIZE]);

/* What a process with a role is started with, by number (see child.h). */
enum role_fd {
    ROLE_FD_LOCK = 3, /* of the data directory, see lock.h: only held */
    ROLE_FD_METRICS,  /* the page, see metrics.h */
    ROLE_FD_CHANNEL,  /* to the master, see channel.h */
    ROLE_FD_CONFIG,   /* text of the configuration that the master goes by, as a file */
    ROLE_FD_END
};

#define ROLE_WORDS_TABLE(X)                                                                        \
    X(READY, "ready")       /* role: it can work; to the steward: so can all others */             \
    X(WAITS, "waits")       /* the opposite, and why */                                            \
    X(FATAL, "fatal")       /* role: no waiting will mend this: the relay must end */              \
    X(FAILED, "failed")     /* role: why it could not start; it ends */                            \
    X(RELOAD, "reload")     /* steward: an operator asks; to a role: go by the one beside this */  \
    X(RELOADED, "reloaded") /* role: it does; to the steward: all do */                            \
    X(REFUSED, "refused")   /* the opposite, and why */

enum role_word {
#define X(name, text) ROLE_SAYS_##name,
    ROLE_WORDS_TABLE(X)
#undef X
        ROLE_WORD_COUNT
};

/* The message for this word; why may be absent, and is cut where out has no room for it. */
void role_message_write(struct bytes *out, enum role_word word, struct span why);
/* False if it is none. *ret_why is borrowed from message. */
bool role_message_read(struct span message, enum role_word *ret, struct span *ret_why);
