/* route: which thing of the public listener a request is for. Pure. */
#pragma once

#include "common/pure/span.h"
#include "relay/rules/domains.h"

enum route {
    ROUTE_NONE,
    ROUTE_PAGE,
    ROUTE_ACTOR,
    ROUTE_INBOX,
    ROUTE_OUTBOX,
    ROUTE_FOLLOWERS,
    ROUTE_FOLLOWING,
    ROUTE_WEBFINGER,
    ROUTE_HOST_META,
    ROUTE_NODEINFO_LINKS,
    ROUTE_NODEINFO_2_0,
    ROUTE_NODEINFO_2_1,
    ROUTE_MEMBERS, /* /zones/NAME/members.txt, .csv, .json */
    ROUTE_COUNT
};

struct routed {
    enum route route;
    /* NULL if the method may be used there; else what may, as an Allow field has it (405). NULL
     * with ROUTE_NONE (404). */
    const char *allow;
    struct span zone;       /* of ROUTE_MEMBERS: as it stands in the path; borrowed from it */
    enum domains_form form; /* the same */
};

/* Paths are compared byte for byte as received: `//inbox`, `/inbox/`, `/%69nbox`, `/./inbox` are
 * nothing here, because a signature is made over the target as it is written, and a proxy in front
 * may see another one (ATTACKS H21). The inbox takes no query either (PROTOCOL 1.3); the documents
 * do, and ignore it. Methods are compared with case (ATTACKS H20). query absent: there was no `?`.
 */
struct routed route_find(struct span method, struct span path, struct span query);
/* For log and metrics: `inbox`, `actor` ...; `none`. */
const char *route_name(enum route route);
