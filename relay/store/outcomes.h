/* outcomes: what came of attempts, host by host, on its way into Redis. */
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
/* Adds them as words of outcomes.lua (shard, host, outcomes), and forgets them; whether there were
 * any. */
bool outcomes_take(struct outcomes *outcomes, struct words *words);
