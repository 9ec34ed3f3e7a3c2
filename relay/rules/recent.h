/* recent: the latest outcomes of attempts at a host, as they are written down for people: words
 * with a space between them, the newest first. No cursor depends on them. Pure. */
#pragma once

#include "common/pure/bytes.h"
#include "common/pure/err.h"

enum { RECENT_MAX = 8 /* that are kept of a host */, RECENT_TEXT_MAX = 1024 };

struct recent {
    uint64_t n;    /* of the entry, or of direct mail */
    unsigned slot; /* of the inbox; above the last there can be: it was direct mail */
    unsigned tries;
    enum err why; /* ERR_OK: delivered */
    int status;   /* 0: no answer */
    int64_t ms;   /* from the start of the attempt to its end */
    int64_t at_ms;
};

/* `N:SLOT:TRIES:CODE:STATUS:MS:AT` */
void recent_write(const struct recent *recent, struct bytes *out);
/* False on anything else. A code that this version does not know is ERR_COUNT. */
bool recent_read(struct span word, struct recent *ret);
