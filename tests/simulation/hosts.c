/* hosts: the receivers, and what is wrong with them: up, down for milliseconds or weeks, slow,
 * lying (it took the message and says it did not), asking for time, gone, sick, without a
 * certificate; and messages that one of them does not take, for a while or ever.
 *
 * What is wrong with a host is drawn from its own chance, so that it does not depend on who asks.
 * May not know: why something is sent. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static uint64_t host_draw(struct host *h, uint64_t below)
{
    h->chance += 0x9e3779b97f4a7c15U;
    uint64_t z = h->chance;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % below;
}

unsigned host_number(const char *name)
{
    uint64_t n = 0;
    struct span rest = span_of(name);
    span_cut(&rest, 'h');
    span_u64(span_cut(&rest, '.'), UINT32_MAX, &n);
    return (unsigned)n;
}

/* --- what is wrong with it ---------------------------------------------------------------------
 */

static const struct {
    enum mode mode;
    unsigned weight;
    int64_t least_ms, most_ms;
} modes[] = {
    {MODE_DOWN, 30, 5, 21 * DAY},         {MODE_SLOW, 14, SECOND, 2 * HOUR},
    {MODE_LIES, 14, SECOND, 20 * MINUTE}, {MODE_BUSY, 14, SECOND, HOUR},
    {MODE_GONE, 8, SECOND, 8 * DAY},      {MODE_SICK, 14, SECOND, 6 * HOUR},
    {MODE_TLS, 3, MINUTE, 2 * DAY},       {MODE_CERTIFICATE, 3, MINUTE, 2 * DAY},
};

/* Each order of magnitude as likely as the next. */
static int64_t host_time(struct host *h, int64_t least_ms, int64_t most_ms)
{
    int64_t time = least_ms;
    unsigned doublings = 0;
    for (int64_t top = least_ms; top < most_ms; top *= 2)
        doublings++;
    for (uint64_t k = host_draw(h, doublings + 1); k; k--)
        time *= 2;
    return time < most_ms ? time : most_ms;
}

static void tell_outage(struct world *w, int64_t ms)
{
    if (ms < MINUTE)
        w->tally.outages_seconds++;
    else if (ms < DAY)
        w->tally.outages_hours++;
    else
        w->tally.outages_days++;
}

static void next_mode(struct world *w, struct host *h)
{
    uint64_t dice = host_draw(h, 100);
    size_t i = 0;
    int64_t most = w->plan.duration_ms;
    if (h->mode != MODE_UP || host_draw(h, 1000) >= w->plan.sick_thousandths) {
        h->mode = MODE_UP;
        h->mode_until_ms += host_time(h, SECOND, most / 4 + 2 * SECOND);
        return;
    }
    while (i + 1 < COUNT_OF(modes) && dice >= modes[i].weight)
        dice -= modes[i++].weight;
    int64_t longest = modes[i].most_ms < most ? modes[i].most_ms : most;
    int64_t ms = host_time(h, modes[i].least_ms, longest);
    h->mode = modes[i].mode;
    h->mode_until_ms += ms;
    if (h->mode == MODE_DOWN)
        tell_outage(w, ms);
}

enum mode host_mode(struct world *w, unsigned host)
{
    struct host *h = &w->hosts[host];
    if (h->saint || w->resting)
        return MODE_UP;
    while (h->mode_until_ms <= now_ms(w))
        next_mode(w, h);
    return h->mode;
}

/* --- what it answers ---------------------------------------------------------------------------
 */

static struct judge_answer status(int code)
{
    return (struct judge_answer){.err = ERR_OK, .status = code};
}

static struct judge_answer trouble(enum err err)
{
    return (struct judge_answer){.err = err};
}

/* The last error needs an answer of somebody: not where our own network is down. */
static void answer_down(struct world *w, struct sending *s, bool ours)
{
    static const enum err errors[] = {ERR_CONNECT, ERR_CONNECT, ERR_RESOLVE, ERR_ADDRESS};
    bool silent = draw(w, 3) == 0;
    s->answer = trouble(silent ? ERR_TIMEOUT : errors[draw(w, COUNT_OF(errors) - ours)]);
    s->answers_ms = silent ? 10 * SECOND : draw_time(w, 1, 200);
}

static void answer_busy(struct world *w, struct sending *s)
{
    static const struct {
        struct span text;
        int64_t ms;
    } waits[] = {
        {{"1", 1}, SECOND},      {{"30", 2}, 30 * SECOND},       {{"600", 3}, 10 * MINUTE},
        {{"7200", 4}, 2 * HOUR}, {{"99999", 5}, 99999 * SECOND}, {{"soon", 4}, 0},
        {{NULL, 0}, 0},
    };
    size_t which = (size_t)draw(w, COUNT_OF(waits));
    s->answer = status(draw(w, 2) ? 429 : 503);
    w->tally.busy++;
    if (draw(w, 4) == 0) {
        int64_t seconds = (wall_ms(w) + draw_time(w, SECOND, 9 * HOUR) - 10 * SECOND) / SECOND;
        date_http_write(seconds, s->asks);
        s->answer.retry_after = span_of(s->asks);
        s->asks_until_ms = seconds * SECOND;
        w->tally.dates++;
        return;
    }
    s->answer.retry_after = waits[which].text;
    s->asks_ms = waits[which].ms;
}

static void answer_lies(struct world *w, struct sending *s)
{
    static const int codes[] = {500, 502, 504, 503, 408};
    s->arrives = true;
    s->answer = draw(w, 3) ? status(codes[draw(w, COUNT_OF(codes))]) : trouble(ERR_PROTOCOL);
    w->tally.lies++;
}

static void answer_slow(struct world *w, struct sending *s)
{
    s->arrives = true;
    s->answers_ms = draw_time(w, SECOND, 60 * SECOND);
    if (s->answers_ms <= 30 * SECOND)
        return;
    s->answers_ms = 30 * SECOND;
    s->answer = trouble(ERR_TIMEOUT);
    w->tally.slow++;
}

static void answer_sick(struct world *w, struct sending *s)
{
    static const int codes[] = {500, 500, 502, 401, 403, 424, 400, 507, 301, 404, 421};
    if (draw(w, 3) == 0) {
        s->arrives = true;
        return;
    }
    s->answer = status(codes[draw(w, COUNT_OF(codes))]);
}

static void answer_by_mode(struct world *w, unsigned host, struct sending *s)
{
    switch (host_mode(w, host)) {
    case MODE_UP: s->arrives = true; break;
    case MODE_DOWN: answer_down(w, s, false); break;
    case MODE_SLOW: answer_slow(w, s); break;
    case MODE_LIES: answer_lies(w, s); break;
    case MODE_BUSY: answer_busy(w, s); break;
    case MODE_GONE:
        s->answer = status(410);
        w->tally.gone++;
        break;
    case MODE_SICK: answer_sick(w, s); break;
    case MODE_TLS:
        s->answer = trouble(ERR_TLS);
        w->tally.tls++;
        break;
    case MODE_CERTIFICATE:
        s->answer = trouble(ERR_CERTIFICATE);
        w->tally.certificates++;
        break;
    }
}

/* It is this message that is not taken. */
static bool is_sour(struct world *w, uint8_t *sour)
{
    if (!*sour)
        return false;
    if (*sour < 255)
        --*sour;
    w->tally.poison++;
    return true;
}

void host_send(struct world *w, unsigned host, const struct attempt *a, struct sending *ret)
{
    static const enum err odd[] = {ERR_CANCELLED, ERR_TOO_LARGE, ERR_PROTOCOL, ERR_URL};
    *ret = (struct sending){.answer = status(202), .answers_ms = draw_time(w, 5, 400)};
    struct fate *f = NULL;
    if (a->entry) {
        f = fate_of(w, act_of(w, a->entry), host, a->slot);
        if (f->sour && is_sour(w, &f->sour)) {
            ret->answer = status(f->sour_status);
            return;
        }
    } else {
        uint64_t uid = 0;
        span_u64(a->direct->body, UINT64_MAX, &uid);
        if (w->letters[uid]->sour && is_sour(w, &w->letters[uid]->sour)) {
            ret->answer = status(draw(w, 2) ? 422 : 500);
            return;
        }
    }
    if (!w->resting && now_ms(w) < w->uplink_ms)
        answer_down(w, ret, true);
    else
        answer_by_mode(w, host, ret);
    if (!w->resting && !w->hosts[host].saint && draw(w, 200) == 0)
        *ret = (struct sending){.answer = trouble(odd[draw(w, COUNT_OF(odd))]),
                                .arrives = ret->arrives,
                                .answers_ms = ret->answers_ms};
    if (ret->answer.err == ERR_TOO_LARGE)
        ret->answer.status = ret->arrives ? 200 : 500;
    ret->arrives_ms = (int64_t)draw(w, (uint64_t)(ret->answers_ms < 2000 ? ret->answers_ms : 2000));
}

/* --- what it shows -----------------------------------------------------------------------------
 */

static bool out_of_order(const struct world *w, const struct host *h, const struct fate *f,
                         const struct act *act, uint64_t first)
{
    return act->n > h->replay_n && act->n < first && !f->ordered && !w->broken[0] &&
           !oracle_harmless(act, act_at(w, first)) && !oracle_forgotten(w, act, act_at(w, first));
}

/* With an actor goes what it posted, and nothing of it is shown any more. */
static void show(struct world *w, struct host *h, unsigned slot, const struct act *act)
{
    unsigned *shown = &h->shown[slot * w->plan.objects];
    uint64_t *first = &h->first[slot * w->plan.objects];
    unsigned actor = w->objects[act->object].actor;
    if (act->type == ACTIVITY_ANNOUNCE || (shown[actor] && act->object != actor))
        return;
    shown[act->object] = act->uid + 1;
    for (size_t i = 0; act->object == actor && i < w->plan.things; i++) {
        if (w->objects[i].actor != actor)
            continue;
        shown[i] = act->uid + 1;
        first[i] = act->n > first[i] ? act->n : first[i];
    }
}

/* What we announce has an id of its own, by which receivers drop what comes again. */
void host_learns(struct world *w, unsigned host, const struct act *act, uint64_t announced)
{
    struct host *h = &w->hosts[host];
    if (announced >= h->announced_n) {
        size_t n = (size_t)announced + 64;
        h->announced = mem_grow(h->announced, n * sizeof(*h->announced));
        memset(h->announced + h->announced_n, 0, (n - h->announced_n) * sizeof(*h->announced));
        h->announced_n = n;
    }
    unsigned before = h->announced[announced];
    if (before && before != act->object + 1)
        broken(w,
               "%s drops activity %u, about object %u, which is announced by the id of object %u",
               h->name, act->uid, act->object, before - 1);
    h->announced[announced] = act->object + 1;
}

void host_receive(struct world *w, unsigned host, unsigned slot, struct act *act)
{
    struct host *h = &w->hosts[host];
    struct fate *f = fate_of(w, act, host, slot);
    size_t at = slot * w->plan.objects + act->object;
    w->tally.arrivals++;
    w->tally.repeats += f->arrived;
    trace(w, "%s/%u takes %llu (object %u version %u)%s", h->name, slot, NUMBER(act->n),
          act->object, act->version, f->arrived ? ", again" : "");
    if (!f->arrived && out_of_order(w, h, f, act, h->first[at]))
        broken(w, "%s/%u: %llu arrives for the first time after %llu of the same object", h->name,
               slot, NUMBER(act->n), NUMBER(h->first[at]));
    if (act->n > h->first[at])
        h->first[at] = act->n;
    if (!f->arrived)
        oracle_first_arrival(w, host, act);
    if (f->arrived && h->remembers) {
        w->tally.dropped++;
        f->again_due = false;
        return;
    }
    f->arrived = true;
    f->again_due = false;
    show(w, h, slot, act);
}
