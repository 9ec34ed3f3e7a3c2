/* audit_note: what is written down of a change that a person made: who did it, by which way in, to
 * what, and why. */
#pragma once

#include "common/pure/bytes.h"

enum { AUDIT_WHO_SIZE = 64, AUDIT_VIA_SIZE = 16, AUDIT_REASON_SIZE = 301, AUDIT_NOTE_MAX = 65536 };

/* Whose doing it is. */
struct audit_by {
    char who[AUDIT_WHO_SIZE];       /* a user of the system, `admin`; empty: nobody can say */
    char via[AUDIT_VIA_SIZE];       /* cli, api, signal, file */
    char reason[AUDIT_REASON_SIZE]; /* one line; empty: none was given */
};

struct audit_note {
    const struct audit_by *by;
    const char *verb;   /* as it stands on the command line */
    struct span target; /* a host, an object, a file; absent: none */
    /* Values in JSON, what it was and what it is now or is to be; absent: not said. */
    struct span before, after;
    uint64_t of;         /* number of an earlier line, of which this tells what came; 0: none */
    const char *outcome; /* `begun`, `done`, or the code of an error; NULL: it is done with this */
    int64_t now_ms;
};
/* The line, but for what audit.part adds. Never longer than AUDIT_NOTE_MAX. */
void audit_write(const struct audit_note *note, struct bytes *out);
