/* stage: a world that plays by itself: servers that send until they are answered as good servers
 * do, a relay whose master starts it again when it dies, operators who insist; and what must hold
 * whatever happens on the way.
 *
 * Always: nothing is answered with 202 that the journal has not; no cursor passed an entry that was
 * neither delivered nor recorded; nothing is recorded as given up that the scenario does not
 * expect; every request is answered once, or its connection closed; nobody is refused for good
 * because of trouble of ours. In the end, after so much time as it takes: everything accepted was
 * delivered or is recorded, and direct mail arrived. */
#pragma once

#include "tests/scenario/world.h"

enum {
    STAGE_PEERS = 6,
    STAGE_LETTERS = 24,
    STAGE_TRIES = 48,
    STAGE_EXPECTED = 24,
    STAGE_WHY = 2048
};

/* What a 2xx promises. */
enum promise {
    PROMISE_ENTRY,    /* the journal has an entry of this id */
    PROMISE_FOLLOWER, /* the member has a follower with this actor */
    PROMISE_LEFT,     /* it has none */
    PROMISE_LINE      /* the line that the answer names is an operator's */
};

struct stage;
struct letter {
    struct stage *stage;
    struct peer *from; /* NULL: an operator */
    char target[256];  /* an operator's path */
    char id[256];      /* of the activity */
    struct bytes body;
    enum promise promise;
    struct fake_reply reply; /* to the latest try */
    unsigned tries;
    bool judged; /* that reply */
    bool done;
};

struct stage {
    struct world w;
    struct peer peers[STAGE_PEERS];
    size_t peers_n;
    struct letter letters[STAGE_LETTERS];
    size_t letters_n;
    unsigned due; /* actions that are still to come */
    struct {
        const struct peer *peer;
        const char *text;
        bool never;
    } expected[STAGE_EXPECTED];
    size_t expected_n;
    const char *allowed[8]; /* records */
    size_t allowed_n;
    bool up; /* the relay runs */
    bool died;
    bool ended; /* drained and gone */
    unsigned commits;
    int64_t looked_ms;
    char why[STAGE_WHY]; /* what did not hold; empty: everything did */
};

/* --- a scenario ------------------------------------------------------------------------------ */

void stage_begin(struct stage *s);
struct peer *stage_peer(struct stage *s, const char *name, bool internal);
/* It answers our Follow back. */
void stage_accepts(struct stage *s, struct peer *p, int64_t at_ms);
/* This happens at that time. */
void stage_at(struct stage *s, int64_t at_ms, void (*action)(struct stage *s));
/* The peer sends this at that time, and until it is answered for good. What it sends later waits
 * for that, and what is no Follow waits for everybody's Follows and Undos; an operator waits
 * for all that was told before. */
typedef void (*stage_writer)(const struct peer *p, unsigned k, struct bytes *out);
struct letter *stage_send(struct stage *s, int64_t at_ms, struct peer *from, stage_writer write,
                          unsigned k, enum promise promise);
void stage_operate(struct stage *s, int64_t at_ms, const char *path, const char *body);
/* In the end the peer took something that says this, or nothing that does. */
void stage_expect(struct stage *s, const struct peer *p, const char *text);
void stage_never(struct stage *s, const struct peer *p, const char *text);
/* Entries may be recorded so (`skip recalled`). */
void stage_allow(struct stage *s, const char *record);

/* --- what it comes to ------------------------------------------------------------------------ */

/* Plays it to its end, drains the relay, and looks at everything once more. True if all held. */
bool stage_run(struct stage *s);
/* The process died just now: it is started again a second later; goes on with stage_run(). */
void stage_died(struct stage *s);
/* Gives everything back; not after a death. */
void stage_end(struct stage *s);
