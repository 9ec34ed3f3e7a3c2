/* allowlist: /zones/NAME/members.txt, .csv and .json: the active members of a zone that publishes
 * them, for servers that federate with nobody else. */
#pragma once

#include "common/io/http_server.h"
#include "relay/context.h"
#include "relay/rules/route.h"

struct allowlist;

struct allowlist *allowlist_new(struct context *context);
/* Takes the request, and answers now or later: the list (200), 304 where the asker has it, 404
 * where the zone does not publish one or there is no such zone, 401 without the zone's token, 503
 * while Redis is away. Writes its log line and counts it. routed: of ROUTE_MEMBERS; borrowed.
 *
 * What is answered may be five seconds old; beyond that it is as the registry is. */
void allowlist_ask(struct allowlist *list, struct http_request **request,
                   const struct routed *routed);
/* Whether nobody waits for an answer. */
bool allowlist_idle(const struct allowlist *list);
/* Who waits is told 503. Accepts NULL inside. */
void allowlist_free(struct allowlist **list);
