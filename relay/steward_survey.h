/* steward_survey: whose turn it is to be asked for its software: who joined, who came back, and
 * everybody once in a while (setting fetch.software; 0: nobody). */
#pragma once

#include "relay/context.h"

struct surveyor;

struct surveyor *surveyor_new(struct context *context);
/* The steward looks through all members, and this is one of them. Nothing is asked of who is not a
 * member and not expected, either. */
void surveyor_sees(struct surveyor *surveyor, const struct member *member);
/* Accepts NULL inside; clears the pointer. */
void surveyor_free(struct surveyor **surveyor);
