/* report_inner: a report as its writers see it. */
#pragma once

#include "relay/rules/report.h"

enum { REPORT_ZONE = MEMBER_ZONE_SIZE, REPORT_CODE = 32, REPORT_WHAT = MEMBER_HOST_SIZE };

struct report_crossing { /* from == to: inside the zone */
    char from[REPORT_ZONE], to[REPORT_ZONE];
    uint64_t n[TALLY_KIND_COUNT];
};
struct report_refusal { /* to empty: at the door; from empty: of no zone */
    char from[REPORT_ZONE], to[REPORT_ZONE], code[REPORT_CODE];
    uint64_t n;
};
struct report_times {
    char zone[REPORT_ZONE];
    uint64_t n[TALLY_LAGS];
};
struct report_week {
    char week[TALLY_WEEK_SIZE], zone[REPORT_ZONE];
    uint64_t authors, members;
};
struct report_zone {
    char zone[REPORT_ZONE];
    uint64_t n[MEMBER_STATE_COUNT];
};
struct report_pilot {
    char what[REPORT_WHAT];            /* a host, or `rule:NAME` */
    char zone[REPORT_ZONE];            /* of a host */
    const char *state;                 /* of a host; NULL: a rule */
    char sponsor[MEMBER_SPONSOR_SIZE]; /* of a rule: its owner; may be empty */
    int64_t until_ms;
};

/* A list of one of these; items of `size` bytes. */
struct report_list {
    void **items;
    size_t n, size;
    struct map *names;
};

struct report {
    char month[TALLY_MONTH_SIZE];
    struct report_list crossings, refusals, times, weeks, zones, pilots;
    uint64_t over;
    bool more_pilots; /* than are listed */
};

/* All lists by their names, as they are written. */
void report_sort(struct report *report);
/* Whether the month is over by then. */
bool report_over(const struct report *report, int64_t now_ms);
uint64_t report_deliveries(const struct report_times *times);
/* The class in which so many of a hundred, and all that were faster, have their time. */
unsigned report_class(const struct report_times *times, unsigned percent);
