/* invitation: what to send to the administrator of who is invited. */
#pragma once

#include "common/pure/json.h"
#include "relay/config/config.h"
#include "relay/rules/member.h"

/* Adds the member `join` to the object that is open: what to do there, by software, with our
 * addresses; one row where it is known which software that is. Borrows everything. */
void invitation_add(const struct config *config, const struct member *member,
                    struct json_writer *w);
