/* pilot: what is there for a while only: a member or a rule with an end date, and when that is
 * near. Pure. */
#pragma once

#include "common/pure/json.h"
#include "relay/rules/member.h"
#include "relay/rules/policy.h"

/* How near the end is, name, in days. Each is warned of once, while it lasts. */
#define PILOT_STAGES(X)                                                                            \
    X(30D, "30d", 30)                                                                              \
    X(7D, "7d", 7)                                                                                 \
    X(1D, "1d", 1)

enum pilot_stage {
#define X(name, text, days) PILOT_##name,
    PILOT_STAGES(X)
#undef X
        PILOT_STAGE_COUNT,
    PILOT_FAR = -1 /* more than that, or there is no end, or it is over */
};
const char *pilot_stage_name(enum pilot_stage stage);
enum pilot_stage pilot_stage_by_name(struct span name); /* PILOT_STAGE_COUNT if none */
enum pilot_stage pilot_stage(int64_t until_ms, int64_t now_ms);

/* What was warned of last, as it is kept: `UNTIL STAGE`. Another end date is warned of anew. */
struct pilot_warned {
    int64_t until_ms;
    enum pilot_stage stage;
};
enum { PILOT_WARNED_SIZE = 40, PILOT_NAME_SIZE = 6 + MEMBER_HOST_SIZE };
void pilot_warned_write(const struct pilot_warned *warned, char out[PILOT_WARNED_SIZE]);
/* False if it is not one of ours. */
bool pilot_warned_read(struct span text, struct pilot_warned *ret);
/* Whether a warning is due. warned: the last one; absent (or unreadable): there was none. *ret:
 * what is to be kept then. */
bool pilot_is_due(int64_t until_ms, int64_t now_ms, struct span warned, struct pilot_warned *ret);

/* One of them, borrowed from the member or the rule. */
struct pilot {
    const struct member *member; /* or NULL: */
    const struct rule *rule;     /* of this policy */
    const struct policy *policy;
};
/* False: it is none. A member is one that has an end date and lives, or is expired. */
bool pilot_of_member(const struct member *member, struct pilot *ret);
bool pilot_of_rule(const struct policy *policy, const struct rule *rule, struct pilot *ret);
int64_t pilot_until(const struct pilot *pilot);
/* `HOST`, or `rule:NAME`. */
void pilot_name(const struct pilot *pilot, char out[PILOT_NAME_SIZE]);
/* Whether it will end: it has not yet. */
bool pilot_runs(const struct pilot *pilot, int64_t now_ms);
/* As one object: pilot, kind, state, zone or rule, until, within, sponsor, note, line. The caller
 * closes it. Also of a member that was one. */
void pilot_write(const struct pilot *pilot, int64_t now_ms, struct json_writer *w);
