/* sink_referee: is a delivery signed by the relay, for this host, over these bytes? Written apart
 * from what Weir signs with, so that it can't share its mistakes. */
#pragma once

#include "tests/bench/sink_request.h"

struct referee;

/* The public key that every signature must fit, a PEM file; NULL if it holds none. */
struct referee *referee_new(const char *path);
/* Digest and draft-cavage signature (RSA, SHA-256) over at least the request's target, host, date
 * and digest. NULL if all is well; else what is not, in static words. authority: the host that this
 * was delivered to. */
const char *referee_check(struct referee *referee, const struct request *request,
                          struct span authority);
void referee_free(struct referee **referee);
