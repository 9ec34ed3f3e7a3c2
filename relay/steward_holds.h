/* steward_holds: what the steward does about activities that wait for a person: it counts them, and
 * closes what nobody decided about in time. */
#pragma once

#include "relay/context.h"
#include "relay/steward_trim.h"

struct sweeper;

/* trimmer: knows whether the clocks are to be believed; outlives the sweeper. */
struct sweeper *sweeper_new(struct context *context, const struct trimmer *trimmer);
void sweeper_ready(struct sweeper *sweeper, bool ready);
void sweeper_free(struct sweeper **sweeper);
