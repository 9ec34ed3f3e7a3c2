/* report: a month for a sponsor: who was active, what crossed, what did not, how long it took. Put
 * together from what was counted (tally.h) and from the registry; written as JSON and as Markdown.
 * Pure. */
#pragma once

#include "relay/rules/member.h"
#include "relay/rules/policy.h"
#include "relay/rules/tally.h"

enum { REPORT_PILOTS_MAX = 1000, REPORT_TEXT_MAX = 16 << 20 };

struct report;

/* month: `2026-11`. */
struct report *report_new(struct span month);
/* Accepts NULL inside. */
void report_free(struct report **report);

/* A count, or a set with how many are in it, by its name in tally.h. What has another form (of a
 * later version) is left out. */
void report_add_count(struct report *report, struct span name, uint64_t n);
void report_add_set(struct report *report, struct span name, uint64_t n);
/* A member as it is now: counted by zone and state; a pilot where it has an end date. */
void report_add_member(struct report *report, const struct member *member);
/* The rules with an end date. */
void report_add_rules(struct report *report, const struct policy *policy);

/* now_ms: of the writing; a month that is not over then is said to be as of now. */
void report_write_json(struct report *report, int64_t now_ms, struct bytes *out);
/* title: the relay's name. */
void report_write_markdown(struct report *report, struct span title, int64_t now_ms,
                           struct bytes *out);
