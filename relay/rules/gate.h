/* gate: what frozen boundaries (freeze.h) stop of what was accepted before. Pure.
 *
 * What was decided while a boundary was frozen was decided with that known: what is numbered above
 * the line that froze it may go (an Update of what crossed before follows its object; what a person
 * approved goes). What is numbered below it, and still waits for a member on the far side, stays
 * until the thaw. What takes back (lane U) always goes. */
#pragma once

#include "relay/rules/entry.h"

enum {
    GATES_MAX = 64,                                        /* as many as there can be freezes */
    GATES_ZONE_MAX = 63,                                   /* the name of a zone */
    GATES_TEXT_MAX = GATES_MAX * (2 * GATES_ZONE_MAX + 24) /* `FROM>TO@N`, with blanks between */
};

struct gate {
    char from[GATES_ZONE_MAX + 1], to[GATES_ZONE_MAX + 1]; /* zones; `*`: any but the other end */
    uint64_t line; /* of the journal, which froze it; UINT64_MAX: not known, and all stays */
};

/* n: the line that changed them last; the greater one is in force. Starts as {0}: none. */
struct gates {
    uint64_t n;
    size_t list_n;
    struct gate list[GATES_MAX];
};

/* `FROM>TO@N` with blanks between, as lines of the journal and scripts have it; without @N, the
 * line is not known. ret->n is not touched. False: it is something else, and *ret is not to be
 * used. */
bool gates_read(struct span text, struct gates *ret);
/* Back to text. */
void gates_write(const struct gates *gates, struct bytes *out);
/* Whether the entry stays: for a member of that zone, today's. An entry that does not say which
 * zone it came from may have come from any: it stays wherever something is frozen. */
bool gates_stop(const struct gates *gates, const struct entry *entry, const char *zone);
