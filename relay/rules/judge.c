/* judge: delivered, later or never; and when.
 * May not know: the scheduler, or whose inbox it was. */
#include "relay/rules/judge.h"

#include "common/pure/date.h"

enum { HOUR_MS = 3600 * 1000 };

/* Statuses that are tried a few times before they count as a refusal. */
static const struct {
    int status;
    unsigned tries;
    int64_t over_ms; /* at least this long */
} patience[] = {
    {401, 3, HOUR_MS}, /* its clock, or its copy of our key */
    {403, 3, HOUR_MS},
    {424, 5, 0}, /* could not fetch what the activity names */
};

static enum verdict verdict_of(int status, unsigned tries, int64_t since_ms)
{
    if (status >= 200 && status < 300)
        return VERDICT_DELIVERED;
    for (size_t i = 0; i < sizeof(patience) / sizeof(*patience); i++)
        if (patience[i].status == status)
            return tries + 1 >= patience[i].tries && since_ms >= patience[i].over_ms
                       ? VERDICT_NEVER
                       : VERDICT_LATER;
    if (status < 400) /* never followed; and 1xx alone, which no server should end with */
        return tries + 1 >= 3 ? VERDICT_NEVER : VERDICT_LATER;
    if (status == 408 || status == 421 || status == 425 || status == 429)
        return VERDICT_LATER;
    if (status >= 500 && status != 501 && status != 505)
        return VERDICT_LATER;
    return VERDICT_NEVER;
}

/* An answer came, whole or not. */
static struct judgement judge_status(const struct judge_answer *answer,
                                     const struct judge_limits *limits,
                                     const struct judge_past *past, int64_t now_ms)
{
    bool same = past->tries && past->status == answer->status;
    struct judgement j = {.verdict = verdict_of(answer->status, same ? past->tries : 0,
                                                same ? now_ms - past->first_ms : 0)};
    if (j.verdict == VERDICT_DELIVERED)
        return j;
    j.why = ERR_REFUSED_BY_PEER;
    if (j.verdict == VERDICT_LATER && (answer->status == 429 || answer->status == 503)) {
        j.host_trouble = true;
        j.wait_ms = judge_retry_after(answer->retry_after, limits->retry_after_most_ms, now_ms);
    }
    return j;
}

/* No answer came. */
static struct judgement judge_error(enum err err)
{
    struct judgement j = {.verdict = VERDICT_LATER, .why = err};
    switch (err) {
    case ERR_URL: j.verdict = VERDICT_NEVER; break;
    case ERR_INTERNAL:
    case ERR_CANCELLED:
    case ERR_REDIS:
    case ERR_NO_ROUTE: j.local = true; break;
    case ERR_CONNECT:
    case ERR_RESOLVE:
    case ERR_TLS:
    case ERR_CERTIFICATE:
    case ERR_TIMEOUT: j.unreached = j.host_trouble = true; break;
    default: /* ADDRESS too: where it lives now is not allowed, which an operator can mend */
        j.host_trouble = true;
        break;
    }
    return j;
}

struct judgement judge(const struct judge_answer *answer, const struct judge_limits *limits,
                       const struct judge_past *past, int64_t age_ms, int64_t now_ms)
{
    /* Too large, or out of time: the status may be known all the same. */
    bool cut = answer->err == ERR_TOO_LARGE || answer->err == ERR_TIMEOUT;
    bool known = answer->err == ERR_OK || (cut && answer->status);
    struct judgement j =
        known ? judge_status(answer, limits, past, now_ms) : judge_error(answer->err);
    if (j.verdict == VERDICT_LATER && !j.local && age_ms >= limits->horizon_ms) {
        j.verdict = VERDICT_NEVER;
        j.why = ERR_TOO_OLD;
    }
    return j;
}

void judge_count(struct judge_past *past, const struct judgement *j, int status, int64_t now_ms)
{
    if (!status || j->host_trouble || j->local)
        return;
    if (!past->tries || past->status != status)
        *past = (struct judge_past){.status = status, .first_ms = now_ms};
    past->tries++;
}

int64_t judge_retry_after(struct span text, int64_t most_ms, int64_t now_ms)
{
    uint64_t seconds;
    int64_t date;
    int64_t wait;
    text = span_trim(text);
    if (span_u64(text, UINT64_MAX, &seconds))
        wait = seconds > (uint64_t)most_ms / 1000 ? most_ms : (int64_t)seconds * 1000;
    else if (date_http_read(text, &date) && date * 1000 > now_ms)
        wait = date * 1000 - now_ms;
    else
        return 0;
    if (wait < 1000)
        wait = 1000;
    return wait > most_ms ? most_ms : wait;
}

int64_t judge_doubled(int64_t first_ms, int64_t most_ms, unsigned times)
{
    int64_t wait = first_ms;
    while (times-- && wait < most_ms)
        wait *= 2;
    return wait > most_ms ? most_ms : wait;
}

int64_t judge_backoff(const struct judge_limits *limits, unsigned failures, uint32_t chance)
{
    int64_t most = limits->backoff_most_ms;
    int64_t first = limits->backoff_ms < most ? limits->backoff_ms : most;
    int64_t ceiling = judge_doubled(first, most, failures ? failures - 1 : 0);
    int64_t wait = (int64_t)((uint64_t)ceiling * chance >> 32);
    return wait < first / 2 ? first / 2 : wait;
}

int64_t judge_aside(const struct judge_limits *limits, unsigned failures)
{
    return judge_doubled(limits->aside_ms, limits->aside_most_ms, failures);
}
