/* promised: the words. May not know: Redis, settings by name. */
#include "relay/rules/promised.h"

const char *promised_power_cut(const struct promised *p)
{
    return p->strict ? "a power cut loses nothing" : "a power cut may lose the last second";
}

/* WAIT counts replicas, it does not choose them: whoever is elected beyond those may lack it. */
const char *promised_failover(const struct promised *p)
{
    if (!p->known)
        return p->asked ? "a failover to one of them loses nothing" : "";
    if (p->asked > p->follow)
        return "too few: nothing is accepted until they follow";
    if (p->asked < p->follow)
        return p->asked ? "a failover to one that was not waited for may lose the latest"
                        : "a failover may lose the latest";
    return p->asked ? "a failover to one of them loses nothing" : "";
}

bool promised_kept(const struct promised *p)
{
    return p->known && p->asked <= p->follow;
}
