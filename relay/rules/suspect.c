/* suspect: a sample of the last hosts that were tried, each once.
 *
 * Once on, it stays on while nobody answers, however few are tried: a relay with a dozen members
 * and no network would otherwise begin to count against them as soon as they wait long enough.
 *
 * May not know: what is done about it. */
#include "relay/rules/suspect.h"

#include <string.h>

enum { WITHIN_MS = 60 * 1000, CANARY_MS = 30 * 1000 };

static uint64_t hash_of(struct span host)
{
    uint64_t hash = 14695981039346656037U;
    for (size_t i = 0; i < host.n; i++)
        hash = (hash ^ (unsigned char)host.p[i]) * 1099511628211U;
    return hash;
}

static void forget(struct suspect *s, size_t i)
{
    s->seen_n--;
    memmove(&s->seen[i], &s->seen[i + 1], (s->seen_n - i) * sizeof(*s->seen));
}

/* What is too old, also by a clock that was set since; what is known of this host; and the oldest
 * if no room is left. */
static void make_room(struct suspect *s, uint64_t host, int64_t now_ms)
{
    size_t i = 0;
    while (i < s->seen_n) {
        const struct suspect_seen *seen = &s->seen[i];
        if (seen->host == host || seen->at_ms > now_ms || seen->at_ms <= now_ms - WITHIN_MS)
            forget(s, i);
        else
            i++;
    }
    if (s->seen_n == SUSPECT_HOSTS)
        forget(s, 0);
}

bool suspect_note(struct suspect *s, struct span host, bool failed, int64_t now_ms)
{
    uint64_t hash = hash_of(host);
    size_t count = 0;
    make_room(s, hash, now_ms);
    s->seen[s->seen_n++] = (struct suspect_seen){hash, now_ms, failed};
    for (size_t i = 0; i < s->seen_n; i++)
        count += s->seen[i].failed;
    bool most = s->seen_n >= SUSPECT_LEAST && 2 * count > s->seen_n;
    if (!s->on && most)
        s->canaries_n = 0;
    s->on = most || (s->on && failed);
    return s->on;
}

int64_t suspect_wait(struct suspect *s, struct span host, const struct judge_limits *limits,
                     unsigned nth, uint32_t chance)
{
    int64_t wait = judge_backoff(limits, nth, chance);
    uint64_t hash = hash_of(host);
    size_t i = 0;
    while (i < s->canaries_n && s->canaries[i] != hash)
        i++;
    if (i == SUSPECT_CANARIES)
        return wait;
    if (i == s->canaries_n)
        s->canaries[s->canaries_n++] = hash;
    return wait < CANARY_MS ? wait : CANARY_MS;
}
