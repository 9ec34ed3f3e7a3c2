/* route: the table of the public listener's addresses (PROTOCOL 3.1, 4).
 * May not know: what is answered there. */
#include "relay/rules/route.h"

#include <stddef.h>

#define READ  "GET, HEAD"
#define WRITE "POST"

static const struct place {
    const char *name, *path, *allow;
} places[ROUTE_COUNT] = {
    [ROUTE_NONE] = {"none", NULL, NULL},
    [ROUTE_PAGE] = {"page", "/", READ},
    [ROUTE_ACTOR] = {"actor", "/actor", READ},
    [ROUTE_INBOX] = {"inbox", "/inbox", WRITE},
    [ROUTE_OUTBOX] = {"outbox", "/outbox", READ},
    [ROUTE_FOLLOWERS] = {"followers", "/followers", READ},
    [ROUTE_FOLLOWING] = {"following", "/following", READ},
    [ROUTE_WEBFINGER] = {"webfinger", "/.well-known/webfinger", READ},
    [ROUTE_HOST_META] = {"host-meta", "/.well-known/host-meta", READ},
    [ROUTE_NODEINFO_LINKS] = {"nodeinfo", "/.well-known/nodeinfo", READ},
    [ROUTE_NODEINFO_2_0] = {"nodeinfo-2.0", "/nodeinfo/2.0", READ},
    [ROUTE_NODEINFO_2_1] = {"nodeinfo-2.1", "/nodeinfo/2.1", READ},
};

const char *route_name(enum route route)
{
    return places[route].name;
}

static bool is_listed(const char *allow, struct span method)
{
    struct span rest = span_of(allow);
    while (rest.p)
        if (span_eq(span_trim(span_cut(&rest, ',')), method))
            return true;
    return false;
}

struct routed route_find(struct span method, struct span path, struct span query)
{
    for (int i = ROUTE_NONE + 1; i < ROUTE_COUNT; i++) {
        const struct place *place = &places[i];
        if (!span_eq_str(path, place->path) || (i == ROUTE_INBOX && query.p))
            continue;
        return (struct routed){(enum route)i,
                               is_listed(place->allow, method) ? NULL : place->allow};
    }
    return (struct routed){ROUTE_NONE, NULL};
}
