/* promised: what an answer 202 promises, by the settings, and whether that can be kept now
 * (QUEUE 2.6, ENGINE 12a). Pure. */
#pragma once

#include "common/pure/bytes.h"

struct promised {
    bool strict;    /* on disk before the answer */
    uint64_t asked; /* replicas that must have it before the answer */
    bool known;     /* how many follow: Redis answers */
    uint64_t follow;
};

/* What a power cut may cost; static. */
const char *promised_power_cut(const struct promised *p);
/* What a failover to a replica may cost; static. Empty: there is none, and none is asked for. */
const char *promised_failover(const struct promised *p);
/* Nothing that is asked for is missing now; where it is, the inbox answers 503. */
bool promised_kept(const struct promised *p);
