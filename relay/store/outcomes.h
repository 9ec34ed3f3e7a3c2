/* outcomes: what came of attempts since the last commit, host by host, on its way into Redis. */
#pragma once

#include "relay/rules/recent.h"

struct outcomes;
struct words;

struct outcomes *outcomes_new(void);
/* Accepts NULL inside. */
void outcomes_free(struct outcomes **outcomes);
/* Kept, the newest RECENT_MAX of each host; copied. */
void outcomes_add(struct outcomes *outcomes, unsigned shard, struct span host,
                  const struct recent *recent);
/* Adds those of a shard as words of commit.lua, and forgets them. */
void outcomes_take(struct outcomes *outcomes, unsigned shard, struct words *words);
