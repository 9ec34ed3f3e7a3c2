/* health: failures, silent days, 410 over days, 404 in a row; and their words.
 *
 * A clock that jumps must not park anybody: only a day later than the last one counts, and where
 * the last one turns out to lie ahead, counting goes on from the present one.
 * May not know: entries, inboxes, or what is sent. */
#include "relay/rules/health.h"

#include <inttypes.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* Failures in a row before a day counts: what fails once may have met a fault of ours. */
enum { SURE = 3 };
/* The least number of 404 in a row that says something of the inbox. */
enum { LOST_LEAST = 10 };

/* --- what happens ---------------------------------------------------------------------------- */

/* Counts the day if it is another one. */
static void count_day(unsigned *count, int64_t *last, int64_t now_ms)
{
    int64_t day = now_ms / DAY_MS;
    if (day > *last) {
        ++*count;
        *last = day;
    } else if (day < *last - 1) {
        *last = day;
    }
}

static int64_t wait_of(const struct health *h, const struct judge_limits *limits,
                       const struct judgement *j, uint32_t chance)
{
    if (h->parked_ms) /* an hour of jitter: those parked on one day are not probed in one moment */
        return DAY_MS - (int64_t)((uint64_t)HOUR_MS * chance >> 32);
    if (j->wait_ms)
        return j->wait_ms;
    int64_t wait = judge_backoff(limits, h->failures, chance);
    if (j->why != ERR_CERTIFICATE)
        return wait;
    int64_t least = judge_doubled(HOUR_MS, limits->retry_after_most_ms, h->failures - 1);
    return least + (int64_t)((uint64_t)(least / 4) * chance >> 32);
}

void health_failed(struct health *h, const struct judge_limits *limits, const struct judgement *j,
                   int64_t now_ms, uint32_t chance)
{
    if (h->failures < INT32_MAX)
        h->failures++;
    if (h->failures >= SURE && !h->day)
        h->day = now_ms / DAY_MS;
    else if (h->failures >= SURE)
        count_day(&h->days, &h->day, now_ms);
    if (limits->silent_days && h->days >= limits->silent_days && !h->parked_ms)
        h->parked_ms = now_ms;
    h->wake_ms = now_ms + wait_of(h, limits, j, chance);
}

int64_t health_longest(const struct health *h, const struct judge_limits *limits)
{
    int64_t most = limits->backoff_most_ms;
    if (h->parked_ms)
        return DAY_MS;
    if (most < limits->retry_after_most_ms + limits->retry_after_most_ms / 4)
        most = limits->retry_after_most_ms + limits->retry_after_most_ms / 4;
    return most;
}

void health_lives(struct health *h)
{
    h->wake_ms = 0;
    h->failures = 0;
    h->days = 0;
    h->day = 0;
    h->parked_ms = 0;
}

void health_delivered(struct health *h)
{
    h->gone = 0;
    h->gone_day = 0;
    health_found(h);
}

bool health_gone(struct health *h, const struct judge_limits *limits, int64_t now_ms)
{
    count_day(&h->gone, &h->gone_day, now_ms);
    return limits->gone_days && h->gone >= limits->gone_days;
}

bool health_lost(struct health *h, const struct judge_limits *limits, int64_t now_ms)
{
    if (!limits->lost_ms)
        return false;
    if (!h->lost || h->lost_ms > now_ms)
        h->lost_ms = now_ms;
    if (h->lost < INT32_MAX)
        h->lost++;
    return h->lost >= LOST_LEAST && now_ms - h->lost_ms >= limits->lost_ms;
}

void health_found(struct health *h)
{
    h->lost = 0;
    h->lost_ms = 0;
}

const char *health_name(const struct health *h)
{
    return h->held ? "held" : h->parked_ms ? "parked" : h->failures ? "failing" : "ok";
}

/* --- comparing ------------------------------------------------------------------------------- */

bool health_plain(const struct health *h)
{
    static const struct health none;
    return health_same(h, &none);
}

bool health_same(const struct health *a, const struct health *b)
{
    return a->wake_ms == b->wake_ms && a->failures == b->failures && a->days == b->days &&
           a->day == b->day && a->gone == b->gone && a->gone_day == b->gone_day &&
           a->lost == b->lost && a->lost_ms == b->lost_ms && a->parked_ms == b->parked_ms &&
           a->held == b->held;
}

/* --- words ----------------------------------------------------------------------------------- */

void health_write(const struct health *h, struct bytes *out)
{
    if (h->wake_ms)
        bytes_addf(out, " w%" PRId64, h->wake_ms);
    if (h->failures)
        bytes_addf(out, " f%u", h->failures);
    if (h->day)
        bytes_addf(out, " i%u:%" PRId64, h->days, h->day);
    if (h->gone)
        bytes_addf(out, " g%u:%" PRId64, h->gone, h->gone_day);
    if (h->lost)
        bytes_addf(out, " n%u:%" PRId64, h->lost, h->lost_ms);
    if (h->parked_ms)
        bytes_addf(out, " k%" PRId64, h->parked_ms);
    if (h->held)
        bytes_add_str(out, " x");
}

static bool read_number(struct span text, uint64_t max, uint64_t *ret)
{
    return span_u64(text, max, ret) && *ret > 0;
}

static bool read_days(struct span text, unsigned *ret_count, int64_t *ret_day)
{
    uint64_t count;
    uint64_t day;
    if (!span_u64(span_cut(&text, ':'), INT32_MAX, &count) || !text.p ||
        !read_number(text, INT64_MAX / DAY_MS, &day))
        return false;
    *ret_count = (unsigned)count;
    *ret_day = (int64_t)day;
    return true;
}

static bool read_lost(struct span text, struct health *h)
{
    uint64_t count;
    uint64_t first;
    if (!read_number(span_cut(&text, ':'), INT32_MAX, &count) || !text.p ||
        !read_number(text, INT64_MAX, &first))
        return false;
    h->lost = (unsigned)count;
    h->lost_ms = (int64_t)first;
    return true;
}

bool health_read(char word, struct span text, struct health *h)
{
    uint64_t n = 0;
    bool ok = false;
    switch (word) {
    case 'w':
        ok = read_number(text, INT64_MAX, &n);
        h->wake_ms = (int64_t)n;
        break;
    case 'f':
        ok = read_number(text, UINT32_MAX, &n);
        h->failures = (unsigned)n;
        break;
    case 'i': ok = read_days(text, &h->days, &h->day); break;
    case 'g': ok = read_days(text, &h->gone, &h->gone_day); break;
    case 'n': ok = read_lost(text, h); break;
    case 'k':
        ok = read_number(text, INT64_MAX, &n);
        h->parked_ms = (int64_t)n;
        break;
    case 'x':
        ok = text.n == 0;
        h->held = true;
        break;
    default: break;
    }
    return ok;
}
