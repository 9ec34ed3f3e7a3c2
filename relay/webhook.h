/* webhook: tells another system of something, by a POST of JSON to the operator's address (setting
 * pilots.webhook): in order, one at a time, tried again a few times. What can't be told is logged
 * and let go: nothing else waits for it. */
#pragma once

#include "relay/context.h"

struct webhook;

struct webhook *webhook_new(struct context *context);
/* Nothing happens where the setting is empty. about: what a log line calls it; both copied. Where
 * too many wait, the oldest is let go. */
void webhook_post(struct webhook *webhook, const char *about, struct span json);
/* What waits is let go. Accepts NULL inside; clears the pointer. */
void webhook_free(struct webhook **webhook);
