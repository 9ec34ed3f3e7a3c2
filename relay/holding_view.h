/* holding_view: an item that is held, as operators see it. */
#pragma once

#include "common/pure/json.h"
#include "relay/context.h"
#include "relay/store/holds.h"

/* Writes it as an object. Of one that was read with its bytes, also what it says: text, the hosts
 * that it links to, and every fact that a rule may ask for; of a newer version where an Update
 * joined. */
void holding_view(struct context *context, const struct hold_item *item, struct json_writer *w);
