/* suspect: whether it is us. When more than half of the hosts that were tried within a minute, and
 * ten at least, could not be reached, the network that they share with us is more likely to be down
 * than all of them: nothing is counted against a host then, until one answers and most do. Pure. */
#pragma once

#include "relay/rules/judge.h"

enum { SUSPECT_HOSTS = 64, SUSPECT_LEAST = 10, SUSPECT_CANARIES = 3 };

struct suspect {
    struct suspect_seen {
        uint64_t host; /* hash of its name */
        int64_t at_ms;
        bool failed;
    } seen[SUSPECT_HOSTS]; /* what came of the last attempt at each of the last hosts, by time */
    size_t seen_n;
    bool on;
    uint64_t canaries[SUSPECT_CANARIES]; /* while on: these are tried more often than the others */
    size_t canaries_n;
};

/* An attempt at a host ended: it could not be reached, or it could. Returns whether we suspect
 * ourselves now. */
bool suspect_note(struct suspect *s, struct span host, bool failed, int64_t now_ms);
/* While we do: how long a host waits that could not be reached, the nth time in a row. chance: 32
 * random bits. The first few that ask are the canaries and wait for half a minute at most. */
int64_t suspect_wait(struct suspect *s, struct span host, const struct judge_limits *limits,
                     unsigned nth, uint32_t chance);
