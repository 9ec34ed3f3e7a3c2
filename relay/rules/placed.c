/* placed: gathers hosts, and answers for them.
 * May not know: where members are kept. */
#include "relay/rules/placed.h"

#include <string.h>

static size_t place_of(const struct placed *placed, struct span host)
{
    size_t i = 0;
    while (i < placed->n && !span_eq_str(host, placed->list[i].host))
        i++;
    return i;
}

/* As facts_context.zone_of: only to hear of whom it is asked. */
static const char *gather(void *arg, struct span host)
{
    struct placed *placed = arg;
    if (host.n && place_of(placed, host) == placed->n && placed->n < PLACED_MAX &&
        span_copy(host, placed->list[placed->n].host, sizeof(placed->list[0].host)))
        placed->list[placed->n++].zone[0] = '\0';
    return NULL;
}

void placed_gather(const struct activity *activity, struct span owner, struct placed *ret)
{
    const struct facts_context context = {.zone_of = gather, .arg = ret};
    struct facts facts;
    ret->n = 0;
    gather(ret, owner);
    facts_init(&facts, activity, &context);
    facts_get(&facts, FACT_REPLY_TO);
    facts_get(&facts, FACT_MENTIONS);
    facts_fini(&facts);
}

int placed_zone(const struct placed *placed, const struct policy *policy, struct span host)
{
    size_t i = placed ? place_of(placed, host) : 0;
    int zone = placed && i < placed->n && placed->list[i].zone[0]
                   ? policy_zone_by_name(policy, span_of(placed->list[i].zone))
                   : -1;
    return zone >= 0 ? zone : policy_zone_of(policy, host);
}

const char *surroundings_zone_of(void *arg, struct span host)
{
    const struct surroundings *around = arg;
    int zone = placed_zone(around->placed, around->policy, host);
    return zone < 0 ? NULL : around->policy->zones[zone].name;
}

bool surroundings_crossed(void *arg, int zone)
{
    const struct surroundings *around = arg;
    return zone_set_has(&around->crossed, zone);
}
