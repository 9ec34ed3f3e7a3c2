/* scripts: the store's Lua scripts, as they are built in. Each opens with what it is given and what
 * it answers. */
#pragma once

#include "common/io/redis.h"

extern struct redis_script script_append;
extern struct redis_script script_audit;
extern struct redis_script script_auditread;
extern struct redis_script script_authors;
extern struct redis_script script_authorwords;
extern struct redis_script script_claim;
extern struct redis_script script_commit;
extern struct redis_script script_consent;
extern struct redis_script script_control;
extern struct redis_script script_couriers;
extern struct redis_script script_find;
extern struct redis_script script_freeze;
extern struct redis_script script_frozen;
extern struct redis_script script_gates;
extern struct redis_script script_hello;
extern struct redis_script script_holdread;
extern struct redis_script script_holdsweep;
extern struct redis_script script_ledger;
extern struct redis_script script_look;
extern struct redis_script script_lookback;
extern struct redis_script script_order;
extern struct redis_script script_lease;
extern struct redis_script script_outcomes;
extern struct redis_script script_page;
extern struct redis_script script_proposals;
extern struct redis_script script_restore;
extern struct redis_script script_placed;
extern struct redis_script script_probe;
extern struct redis_script script_resume;
extern struct redis_script script_settle;
extern struct redis_script script_tally;
extern struct redis_script script_tallyread;
extern struct redis_script script_trim;
extern struct redis_script script_warn;
extern struct redis_script script_where;
