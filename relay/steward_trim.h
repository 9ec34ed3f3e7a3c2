/* steward_trim: keeps the journal as long as it is to be, and no longer. */
#pragma once

#include "relay/context.h"

struct trimmer;

struct trimmer *trimmer_new(struct context *context);
/* The store is ready, or not. */
void trimmer_ready(struct trimmer *trimmer, bool ready);
/* Whether the clocks are believed: then things may go for their age. */
bool trimmer_trusts(const struct trimmer *trimmer);
void trimmer_free(struct trimmer **trimmer);
