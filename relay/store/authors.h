/* authors: the registry of authors: who told this relay, or for whom it was told, that it may relay
 * what they post, or may not (rules/consent.h). Kept until it is forgotten on demand, also where
 * the author's host is no member any more. */
#pragma once

#include "relay/rules/facts.h"
#include "relay/store/store.h"

enum {
    AUTHORS_ASKED_MAX = 2, /* that one activity is of: its actor, and who wrote what was fetched */
    AUTHORS_CHANGE_MAX = 500, /* in one call */
    AUTHORS_PAGE_MAX = 1000,
    AUTHORS_BY_MAX = 256 /* bytes of who says so */
};

/* An author as far as a decision goes. */
struct author_said {
    struct span actor;   /* id */
    const uint8_t *hash; /* SHA-256 of it */
    enum fact_said says; /* the registry; FACT_UNKNOWN: nothing */
};

/* How it came to be known. */
#define AUTHOR_WAYS(X)                                                                             \
    X(FOLLOW, "follow")     /* the author follows our actor */                                     \
    X(MENTION, "mention")   /* the author told our actor in a post */                              \
    X(LIST, "list")         /* a list of the author's server */                                    \
    X(OPERATOR, "operator") /* an operator, asked by the author we hope */
enum author_way {
#define X(name, word) AUTHOR_BY_##name,
    AUTHOR_WAYS(X)
#undef X
        AUTHOR_WAY_COUNT
};
const char *author_way_name(enum author_way way);

/* What the registry says of each, in order; says: AUTHORS_ASKED_MAX, borrowed. */
typedef void (*authors_words_cb)(void *arg, enum err err, const enum fact_said *says);
/* At most AUTHORS_ASKED_MAX; ids without blanks. Copies what it needs. */
void authors_words(struct store *store, const struct author_said *authors, size_t n,
                   authors_words_cb cb, void *arg);

/* Which of those that are known may not be changed. */
enum authors_keep {
    AUTHORS_KEEP_NONE,
    AUTHORS_KEEP_NO,    /* who says no: a list takes no author's no away */
    AUTHORS_KEEP_OTHERS /* forgetting: what came in another way than this one */
};
struct authors_change {
    const struct author_said *list; /* says is not looked at */
    size_t n;                       /* at most AUTHORS_CHANGE_MAX */
    enum fact_said word;            /* FACT_UNKNOWN: forget */
    enum author_way way;
    struct span by;  /* who says so: a host, a person; one line */
    int64_t now_ms;  /* written down */
    int64_t said_ms; /* by the author: what was said before changes nothing; not after now_ms */
    enum authors_keep keep;
    int64_t most;     /* authors of one origin */
    struct span note; /* of audit_write(), written down with it; absent: nothing is */
};
struct authors_changed {
    enum err err;        /* ERR_TOO_LARGE: that would be more than `most`, nothing was done;
                            ERR_UNREADABLE: what is kept can't be read */
    size_t changed;      /* of them */
    enum fact_said says; /* the first, now */
};
typedef void (*authors_changed_cb)(void *arg, const struct authors_changed *answer);
/* One script. From the answer on nothing more of who says no is accepted, and of what still waits
 * of theirs no new attempt begins once the couriers have read it (within the tail's lag). What is
 * held of theirs is closed. As durable as an accepted activity. Copies what it needs. */
void authors_change(struct store *store, const struct authors_change *change, authors_changed_cb cb,
                    void *arg);

struct author_known {
    struct span actor; /* borrowed during the callback */
    enum fact_said says;
    struct span way, by;
    int64_t at_ms, said_ms;
};
struct authors_page {
    enum err err; /* ERR_UNREADABLE: the registry is none */
    const struct author_known *list;
    size_t n;
};
typedef void (*authors_page_cb)(void *arg, const struct authors_page *page);
/* In the order of their ids. */
struct authors_ask {
    struct span after;  /* behind this id; empty: from the first */
    struct span origin; /* `https://a.example/`: only these; empty: all */
    struct span only;   /* this one alone; empty: all */
    size_t most;
};
void authors_read(struct store *store, const struct authors_ask *ask, authors_page_cb cb,
                  void *arg);
