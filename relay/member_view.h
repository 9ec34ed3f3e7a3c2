/* member_view: a member as operators see it, as JSON. */
#pragma once

#include "common/pure/json.h"
#include "relay/rules/cursor.h"
#include "relay/rules/member.h"

/* An object, which the caller closes. cursor and state: of its destination; NULL where there is
 * none. floor: what is numbered up to here is no longer in the journal. */
void member_view(const struct member *member, const struct cursor *cursor, const char *state,
                 uint64_t floor, struct json_writer *w);
/* What a person's change of it may have changed, for the audit log; `null` where there is none. */
void member_view_brief(const struct member *member, struct bytes *out);
