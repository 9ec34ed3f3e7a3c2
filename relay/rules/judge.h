/* judge: what came of an attempt, and when to try again. Pure: time and chance are arguments. */
#pragma once

#include "common/pure/err.h"

enum verdict { VERDICT_DELIVERED, VERDICT_LATER, VERDICT_NEVER };

struct judge_answer {
    enum err err; /* of the transport; ERR_OK: an HTTP answer came */
    int status;
    struct span retry_after; /* as received, or absent */
};

struct judgement {
    enum verdict verdict;
    enum err why;      /* OK when delivered */
    bool host_trouble; /* the host, not this entry: it does not answer, or asks for time */
    bool unreached;    /* and no connection came about: if many fare so, the fault may be ours */
    bool local;        /* a fault of ours: it says nothing of the host, nor of the entry */
    int64_t wait_ms;   /* from Retry-After, clamped; 0: none given */
};

struct judge_limits {
    int64_t backoff_ms, backoff_most_ms; /* of a host: first, longest */
    int64_t retry_after_most_ms;
    int64_t horizon_ms; /* an entry older than this is given up */
    /* Of an entry that is set aside: first wait, longest, and after how many failures of its own.
     */
    int64_t aside_ms, aside_most_ms;
    unsigned aside_after;
    /* Distinct days of trouble after which a host is parked, and of 410 after which its membership
     * ends; 0: never. */
    unsigned silent_days, gone_days;
    int64_t lost_ms; /* 404 in a row for so long: its membership is suspended; 0: never */
};

/* What patience is counted by: answers in a row with one status, about this message alone. An
 * outage of the host does not use it up, nor does another status. */
struct judge_past {
    unsigned tries;
    int status;       /* of those; 0: none */
    int64_t first_ms; /* when the first of those was */
};

/* past: before this attempt; age_ms: of the entry.
 *
 * By the status, where one came, also if the answer's body was too long or too slow for us: 401 and
 * 403 are tried three times over at least an hour (clocks and key caches mend), 424 five times, 1xx
 * and 3xx three times, other 4xx never again, 408 421 425 429 and 5xx (but 501 and 505) later.
 * Retry-After is heeded with 429 and 503.
 * By the error, where none came: an address that is none is never tried again; a fault of ours
 * (INTERNAL: no socket, no memory, no CA bundle; CANCELLED, REDIS, NO_ROUTE) counts against nobody;
 * all else is trouble of the host.
 * What is older than the horizon is not tried again, whatever it failed of but a fault of ours. */
struct judgement judge(const struct judge_answer *answer, const struct judge_limits *limits,
                       const struct judge_past *past, int64_t age_ms, int64_t now_ms);
/* What is past after this answer was judged to be tried again. */
void judge_count(struct judge_past *past, const struct judgement *judgement, int status,
                 int64_t now_ms);

/* Retry-After (RFC 9110 section 10.2.3): seconds or an HTTP date; clamped to 1 s .. most. 0 if it
 * is neither, or in the past. */
int64_t judge_retry_after(struct span text, int64_t most_ms, int64_t now_ms);

/* Exponential with full jitter: uniform over 0 .. min(most, first * 2^(failures-1)), never under
 * first/2, so that a herd does not come back as one. chance: 32 random bits; limits: under 2^31 ms.
 */
int64_t judge_backoff(const struct judge_limits *limits, unsigned failures, uint32_t chance);

/* first, doubled so many times, at most `most`; both under 2^31 ms. */
int64_t judge_doubled(int64_t first_ms, int64_t most_ms, unsigned times);

/* How long an entry waits that failed so many times by itself since it was set aside (0: it was set
 * aside just now): aside_ms, doubling, at most aside_most_ms. */
int64_t judge_aside(const struct judge_limits *limits, unsigned failures);
