/* look: another look at the actors of a member whose inbox does not take what it is sent: it may
 * have moved (QUEUE 2.11). */
#pragma once

#include "relay/context.h"

struct look;

struct look_ask {
    struct span host; /* copied */
    /* Its inbox was not there for days: if it has not moved, its membership is suspended. */
    bool lost;
};

/* Reads the record of the member, fetches the document of each actor that follows (one of each
 * inbox, if that can be had), and changes the member where that says so. Done comes in a later
 * turn, once; the look is gone when it returns. The log says what was found. */
struct look *look_new(struct context *context, const struct look_ask *ask, loop_cb done, void *arg);
/* No callback afterwards; a change that was asked for is carried out all the same. Accepts NULL
 * inside. */
void look_cancel(struct look **look);
