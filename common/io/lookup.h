/* lookup: the numeric addresses of one name, without the loop standing still meanwhile. */
#pragma once

#include <netdb.h>

#include "common/io/loop.h"

struct lookup;

/* list: of addresses of TCP, borrowed; NULL: why says what went wrong. In a later turn, once; the
 * lookup is gone then. */
typedef void (*lookup_cb)(void *arg, const struct addrinfo *list, const char *why);
/* host is copied. NULL if it fails at once, with a static reason in ret_why. */
struct lookup *lookup_new(struct loop *loop, const char *host, lookup_cb cb, void *arg,
                          const char **ret_why);
/* No callback any more; accepts NULL inside. */
void lookup_cancel(struct lookup **lookup);
