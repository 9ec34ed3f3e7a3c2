/* looked: what another look at an actor that follows says of the inbox that its mail goes to, when
 * that does not take it any more (QUEUE 2.11). Pure.
 *
 * Only what is known counts against a member: a host that can't be reached, or keeps its actor to
 * itself, has said nothing. */
#pragma once

#include "common/pure/err.h"
#include "common/pure/json.h"

/* name, and what it means */
#define LOOKED(X)                                                                                  \
    X(GONE, "gone") /* there is no such actor */                                                   \
    X(SAME, "same") /* it names this inbox, or none that could be used */                          \
    X(MOVED, "moved")                                                                              \
    X(UNKNOWN, "unknown") /* it could not be had */

enum looked {
#define X(name, text) LOOKED_##name,
    LOOKED(X)
#undef X
        LOOKED_COUNT
};
const char *looked_name(enum looked looked);

struct looked_at {
    enum err err; /* of the fetch; OK: a document came, from its place, of the right type */
    int status;   /* of the last answer; 0: none */
    const struct json *document; /* NULL: none, or it can't be read */
};

/* actor: its id; inbox: where its mail goes. MOVED: *ret_inbox is where it is to go, borrowed from
 * the document, and shorter than most bytes. */
enum looked looked_actor(const struct looked_at *at, struct span actor, struct span inbox,
                         size_t most, struct span *ret_inbox);

/* What is known of a host, when this is found of one more of its actors: that one of them moved
 * stands above all else; then that one is not known; then that one is as it was. */
enum looked looked_both(enum looked one, enum looked other);
