/* placed: hosts whose zone an operator chose, whatever the patterns of the policy say. Pure.
 *
 * The rules may ask for the zones of those who are mentioned, and of what is answered; whose member
 * is in another zone than its name says is known to the registry alone. So the hosts are gathered
 * first, their records asked for, and then the rules. */
#pragma once

#include "relay/rules/facts.h"
#include "relay/rules/member.h"
#include "relay/rules/policy.h"

enum { PLACED_MAX = FACTS_MENTIONS_MAX + 2 };

struct placed {
    size_t n;
    struct {
        char host[MEMBER_HOST_SIZE];
        char zone[MEMBER_ZONE_SIZE]; /* empty: nobody put it anywhere */
    } list[PLACED_MAX];
};

/* The hosts that facts of the activity are zones of, each once, and owner (may be empty). */
void placed_gather(const struct activity *activity, struct span owner, struct placed *ret);
/* The number of the zone of a host: the one it was put into, if the policy knows that, else the one
 * whose patterns fit; -1: none. placed NULL: nothing is known. */
int placed_zone(const struct placed *placed, const struct policy *policy, struct span host);

/* What the facts of an activity ask of its surroundings. */
struct surroundings {
    const struct policy *policy;
    const struct placed *placed; /* NULL: nothing is known */
    struct zone_set crossed;     /* policy_crossed() */
};
/* As facts_context.zone_of and .crossed, with the surroundings as their argument. */
const char *surroundings_zone_of(void *arg, struct span host);
bool surroundings_crossed(void *arg, int zone);
