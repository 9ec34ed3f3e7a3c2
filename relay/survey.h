/* survey: one question to one member: what software it runs (NodeInfo, FEP-f1d5). */
#pragma once

#include "relay/context.h"

struct survey;

struct survey_ask {
    struct span host;  /* copied */
    int64_t since_ms;  /* of its state */
    int64_t every_ms;  /* how long an answer is good for */
    int64_t failed_ms; /* and how long none is */
};
/* next_ms: when to ask next. The survey is gone when this returns. */
typedef void (*survey_done)(void *arg, int64_t next_ms);

/* Asks, unless the store says that this was done not long ago, whoever did it, in this state. Where
 * the name of the software is another than the member's record says, that is changed, like anything
 * of a member; where nothing can be had, it stays as it is. Done comes in a later turn, once. */
struct survey *survey_new(struct context *context, const struct survey_ask *ask, survey_done done,
                          void *arg);
/* No callback afterwards; accepts NULL inside. */
void survey_cancel(struct survey **survey);
