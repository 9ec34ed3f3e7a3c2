/* policy_hosts: which zone a host is in, without asking every pattern: those that could match it
 * have its name, or the name of a domain above it. The index owns its lists; patterns are borrowed
 * from the policy.
 * May not know: rules. */
#include <stdlib.h>
#include <string.h>

#include "common/pure/uri.h"
#include "relay/rules/policy_inner.h"

/* The patterns of one name; `*.NAME` is another one. */
struct same_name {
    struct same_name *next;
    const char *pattern;
    int zone;
};

struct policy_hosts {
    struct map *names;       /* the first of each name */
    struct same_name *items; /* all of them */
    size_t n;
};

static void add(struct policy_hosts *hosts, const char *pattern, int zone)
{
    struct same_name *item = &hosts->items[hosts->n++];
    bool below;
    struct span name = policy_pattern_name(span_of(pattern), &below);
    if (below) /* with the star and the dot before it */
        name = (struct span){name.p - 2, name.n + 2};
    *item = (struct same_name){map_get(hosts->names, name), pattern, zone};
    map_put(hosts->names, name, item);
}

struct policy_hosts *policy_hosts_new(const struct policy *policy)
{
    struct policy_hosts *hosts = mem_new(sizeof(*hosts));
    size_t n = 0;
    for (size_t i = 0; i < policy->zones_n; i++)
        n += policy->zones[i].hosts_n;
    hosts->names = map_new();
    hosts->items = mem_new((n + 1) * sizeof(*hosts->items));
    for (size_t i = 0; i < policy->zones_n; i++)
        for (size_t j = 0; j < policy->zones[i].hosts_n; j++)
            add(hosts, policy->zones[i].hosts[j], (int)i);
    return hosts;
}

void policy_hosts_free(struct policy_hosts **hosts)
{
    if (!*hosts)
        return;
    map_free(&(*hosts)->names);
    free((*hosts)->items);
    free(*hosts);
    *hosts = NULL;
}

static int zone_among(const struct policy_hosts *hosts, struct span name, struct span host)
{
    for (const struct same_name *i = map_get(hosts->names, name); i; i = i->next)
        if (policy_pattern_matches(span_of(i->pattern), host))
            return i->zone;
    return -1;
}

int policy_hosts_zone(const struct policy_hosts *hosts, struct span host)
{
    char key[URI_AUTHORITY_SIZE + 2] = "*.";
    bool below;
    struct span name = policy_pattern_name(host, &below);
    if (below || name.n >= URI_AUTHORITY_SIZE)
        return -1;
    int zone = zone_among(hosts, name, host);
    for (ptrdiff_t dot; zone < 0 && (dot = span_find(name, '.')) >= 0;) {
        name = (struct span){name.p + dot + 1, name.n - (size_t)dot - 1};
        memcpy(key + 2, name.p, name.n);
        zone = zone_among(hosts, (struct span){key, name.n + 2}, host);
    }
    return zone;
}
