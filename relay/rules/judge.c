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

struct judgement judge(const struct judge_answer *answer, const struct judge_limits *limits,
                       const struct judge_past *past, int64_t age_ms, int64_t now_ms)
{
    struct judgement j = {.verdict = VERDICT_LATER, .why = answer->err};
    /* Too large: the answer's body was longer than we read; its status is known all the same. */
    if (answer->err == ERR_OK || answer->err == ERR_TOO_LARGE)
        j = judge_status(answer, limits, past, now_ms);
    else /* ERR_ADDRESS too: where it lives now is not allowed, which an operator can mend */
        j.host_trouble = answer->err != ERR_CANCELLED && answer->err != ERR_INTERNAL;
    if (j.verdict == VERDICT_LATER && age_ms >= limits->horizon_ms) {
        j.verdict = VERDICT_NEVER;
        j.why = ERR_TOO_OLD;
    }
    return j;
}

void judge_count(struct judge_past *past, const struct judgement *j, int status, int64_t now_ms)
{
    if (!status || j->host_trouble)
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

/* first, doubled so many times, at most `most`. Both under 2^31 ms. */
static int64_t doubled(int64_t first, int64_t most, unsigned times)
{
    int64_t wait = first;
    while (times-- && wait < most)
        wait *= 2;
    return wait > most ? most : wait;
}

int64_t judge_backoff(const struct judge_limits *limits, unsigned failures, uint32_t chance)
{
    int64_t most = limits->backoff_most_ms;
    int64_t first = limits->backoff_ms < most ? limits->backoff_ms : most;
    int64_t ceiling = doubled(first, most, failures ? failures - 1 : 0);
    int64_t wait = (int64_t)((uint64_t)ceiling * chance >> 32);
    return wait < first / 2 ? first / 2 : wait;
}

int64_t judge_aside(const struct judge_limits *limits, unsigned failures)
{
    return doubled(limits->aside_ms, limits->aside_most_ms, failures);
}
