/* consent: the order of the sources, and what a no takes away.
 * May not know: where the sources are kept, who told the registry, couriers. */
#include "relay/rules/consent.h"

struct consent consent_of(const struct consent_sources *s)
{
    if (s->registry == FACT_NO)
        return (struct consent){FACT_NO, CONSENT_BY_REGISTRY, true};
    if (s->zone == ZONE_CONSENT_NONE)
        return (struct consent){FACT_UNKNOWN, CONSENT_BY_NOBODY, false};
    if (s->registry == FACT_YES)
        return (struct consent){FACT_YES, CONSENT_BY_REGISTRY, false};
    if (s->bio)
        return (struct consent){FACT_NO, CONSENT_BY_BIO, false};
    if (s->indexable == FACT_YES)
        return (struct consent){FACT_YES, CONSENT_BY_INDEXABLE, false};
    return (struct consent){s->zone == ZONE_CONSENT_OPT_OUT ? FACT_YES : FACT_NO, CONSENT_BY_ZONE,
                            false};
}

struct consent consent_of_authors(enum zone_consent zone, const enum fact_said *registry, size_t n,
                                  bool bio, bool indexable)
{
    bool other = n > 1;
    struct consent_sources sources = {.zone = zone,
                                      .registry = n ? registry[n - 1] : FACT_UNKNOWN,
                                      .bio = !other && bio,
                                      .indexable = !other && indexable ? FACT_YES : FACT_UNKNOWN};
    if (other && registry[0] == FACT_NO)
        sources.registry = FACT_NO;
    return consent_of(&sources);
}

const char *consent_by_name(enum consent_by by)
{
    static const char *const names[] = {"nobody", "registry", "bio", "indexable", "zone"};
    return names[by];
}

static bool would_go(const struct zone_verdict *verdict)
{
    return verdict->why == ERR_OK || verdict->why == ERR_RULE_HOLDS;
}

enum err consent_apply(const struct consent *consent, const struct policy *policy, int from,
                       struct zone_verdict *verdicts, struct zone_set *set)
{
    enum err why = consent->stops ? ERR_OPTED_OUT : ERR_CONSENT_MISSING;
    bool stood = consent->stops;
    for (size_t i = 0; consent->says == FACT_NO && i < policy->zones_n; i++) {
        bool here = consent->stops || ((int)i != from && would_go(&verdicts[i]));
        if (!here)
            continue;
        stood = true;
        verdicts[i].why = why;
        zone_set_take(set, (int)i);
    }
    return stood ? why : ERR_OK;
}
