/* scripts: the text of every Lua script of the store, from the files beside this one.
 * May not know: who calls them. */
#include "relay/store/scripts.h"

#include "store_scripts.h"

struct redis_script script_append = {.name = "append", .text = LUA_APPEND};
struct redis_script script_audit = {.name = "audit", .text = LUA_AUDIT};
struct redis_script script_auditread = {.name = "auditread", .text = LUA_AUDITREAD};
struct redis_script script_authors = {.name = "authors", .text = LUA_AUTHORS};
struct redis_script script_authorwords = {.name = "authorwords", .text = LUA_AUTHORWORDS};
struct redis_script script_claim = {.name = "claim", .text = LUA_CLAIM};
struct redis_script script_commit = {.name = "commit", .text = LUA_COMMIT};
struct redis_script script_consent = {.name = "consent", .text = LUA_CONSENT};
struct redis_script script_control = {.name = "control", .text = LUA_CONTROL};
struct redis_script script_couriers = {.name = "couriers", .text = LUA_COURIERS};
struct redis_script script_find = {.name = "find", .text = LUA_FIND};
struct redis_script script_freeze = {.name = "freeze", .text = LUA_FREEZE};
struct redis_script script_frozen = {.name = "frozen", .text = LUA_FROZEN};
struct redis_script script_gates = {.name = "gates", .text = LUA_GATES};
struct redis_script script_hello = {.name = "hello", .text = LUA_HELLO};
struct redis_script script_holdread = {.name = "holdread", .text = LUA_HOLDREAD};
struct redis_script script_holdsweep = {.name = "holdsweep", .text = LUA_HOLDSWEEP};
struct redis_script script_ledger = {.name = "ledger", .text = LUA_LEDGER};
struct redis_script script_look = {.name = "look", .text = LUA_LOOK};
struct redis_script script_lookback = {.name = "lookback", .text = LUA_LOOKBACK};
struct redis_script script_order = {.name = "order", .text = LUA_ORDER};
struct redis_script script_lease = {.name = "lease", .text = LUA_LEASE};
struct redis_script script_outcomes = {.name = "outcomes", .text = LUA_OUTCOMES};
struct redis_script script_page = {.name = "page", .text = LUA_PAGE};
struct redis_script script_proposals = {.name = "proposals", .text = LUA_PROPOSALS};
struct redis_script script_restore = {.name = "restore", .text = LUA_RESTORE};
struct redis_script script_placed = {.name = "placed", .text = LUA_PLACED};
struct redis_script script_probe = {.name = "probe", .text = LUA_PROBE};
struct redis_script script_resume = {.name = "resume", .text = LUA_RESUME};
struct redis_script script_settle = {.name = "settle", .text = LUA_SETTLE};
struct redis_script script_tally = {.name = "tally", .text = LUA_TALLY};
struct redis_script script_tallyread = {.name = "tallyread", .text = LUA_TALLYREAD};
struct redis_script script_trim = {.name = "trim", .text = LUA_TRIM};
struct redis_script script_warn = {.name = "warn", .text = LUA_WARN};
struct redis_script script_where = {.name = "where", .text = LUA_WHERE};
