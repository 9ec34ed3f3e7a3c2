/* steward_pilots: looks after pilots while the steward walks through its members: who ends soon is
 * warned of 30, 7 and 1 days before, once each (log, metric, webhook). */
#pragma once

#include "relay/context.h"
#include "relay/rules/member.h"

struct watch;

/* acts: warnings are given here; else only counted. */
struct watch *watch_new(struct context *context, bool acts);
/* A look begins; cb, in a later turn, as soon as members may be looked at: not where the watch was
 * freed before. One look at a time. */
void watch_begin(struct watch *watch, loop_cb cb, void *arg);
void watch_member(struct watch *watch, const struct member *member);
/* whole: all members were looked at. */
void watch_end(struct watch *watch, bool whole);
/* Accepts NULL inside; clears the pointer. */
void watch_free(struct watch **watch);
