/* front: the role that listens. Parses hostile bytes, serves documents, feeds the inbox. */
#pragma once

#include "relay/context.h"

struct front;

/* ERR_FILE with a reason if the address can't be listened on. */
enum err front_new(struct context *context, struct bytes *why, struct front **ret);
/* No new connections; requests in work are finished. */
void front_stop(struct front *front);
/* Whether nothing is in work any more. */
bool front_idle(const struct front *front);
void front_free(struct front **front);
