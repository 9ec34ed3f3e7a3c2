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
    [ROUTE_MEMBERS] = {"members", NULL, READ},
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

static struct span within(struct span text, struct span head, struct span tail)
{
    if (text.n <= head.n + tail.n || !span_starts(text, head) || !span_ends(text, tail))
        return SPAN_NONE;
    return (struct span){text.p + head.n, text.n - head.n - tail.n};
}

/* /zones/NAME/members.FORM. A name is letters, digits, - _ and . (see policy_file.c), so nothing of
 * it is ever encoded. */
static bool is_members(struct span path, struct routed *ret)
{
    static const struct span tails[] = {[DOMAINS_PLAIN] = {"/members.txt", 12},
                                        [DOMAINS_CSV] = {"/members.csv", 12},
                                        [DOMAINS_JSON] = {"/members.json", 13}};
    for (enum domains_form form = DOMAINS_PLAIN; form <= DOMAINS_JSON; form++) {
        struct span zone = within(path, SPAN("/zones/"), tails[form]);
        if (!zone.n || span_find(zone, '/') >= 0)
            continue;
        ret->zone = zone;
        ret->form = form;
        return true;
    }
    return false;
}

struct routed route_find(struct span method, struct span path, struct span query)
{
    for (int i = ROUTE_NONE + 1; i < ROUTE_COUNT; i++) {
        const struct place *place = &places[i];
        struct routed routed = {.route = (enum route)i,
                                .allow = is_listed(place->allow, method) ? NULL : place->allow};
        bool here = place->path ? span_eq_str(path, place->path) : is_members(path, &routed);
        if (here && !(i == ROUTE_INBOX && query.p))
            return routed;
    }
    return (struct routed){.route = ROUTE_NONE};
}
