/* oracle_host: how hosts are treated: who is in trouble is left alone for as long as it has to be,
 * and tried by one attempt then; who was silent for days is parked, who said for days that it is
 * gone is no member any more; nobody gets more at once than its window; and who is well is not
 * starved by those who are not. May not know: what is owed to whom. */
#include "sim.h"

#include "relay/rules/suspect.h"

enum { LENIENT_DAYS = 2, SURPRISE_MS = 30 * 1000, AT_ONCE_MS = 5 * 1000 };

/* Too few to tell a fault of ours from theirs. */
static bool never_suspects(const struct world *w)
{
    return w->plan.hosts < SUSPECT_LEAST;
}

/* --- how long it is left alone -----------------------------------------------------------------
 */

static int64_t longest_wait(struct world *w, unsigned host)
{
    static const struct health none;
    const struct cursor *own = db_own(w, host);
    return health_longest(own ? &own->health : &none, &w->plan.limits.judge);
}

/* How long a host has to be left alone is counted from when that was heard, however clocks are set
 * since; what was written down is by the clock of then, and no wait is longer than it can be. */
struct knows *oracle_knows(struct world *w, const struct courier *c, unsigned host)
{
    struct host *h = &w->hosts[host];
    if (h->knows.life != c->life) {
        const struct cursor *own = db_own(w, host);
        int64_t until = h->wait_saved_ms ? h->wait_saved_ms - c->loaded_clock_ms : 0;
        int64_t most = longest_wait(w, host);
        bool impossible =
            until > now_ms(w) + most || (own && own->health.wake_ms > wall_ms(w) + most);
        h->knows = (struct knows){.life = c->life,
                                  .wait_ms = impossible ? 0 : until,
                                  .troubled = own && own->health.failures,
                                  .failing = own && own->health.failures,
                                  .parked = own && own->health.parked_ms};
    }
    if (h->knows.wait_ms <= now_ms(w) + w->clock_slewed_ms)
        h->knows.wait_ms = 0;
    return &h->knows;
}

static void lives(struct world *w, const struct courier *c, unsigned host)
{
    struct knows *knows = oracle_knows(w, c, host);
    if (knows->parked)
        w->hosts[host].probed_ms = now_ms(w);
    knows->wait_ms = 0;
    knows->failing = knows->parked = false;
    w->hosts[host].silent_day = 0;
}

void oracle_told(struct world *w, struct courier *c, const struct line *line)
{
    unsigned shard = w->hosts[line->host].shard;
    if (line->kind == LINE_LETTER || line->kind == LINE_GATES || !(c->held >> shard & 1) ||
        !oracle_has_shard(w, shard, c))
        return;
    if (line->kind != LINE_ORDER || line->order == ORDER_WAKE) /* it lives; or it came back */
        lives(w, c, line->host);
}

void oracle_writes(struct world *w, const struct courier *c, unsigned host,
                   const struct health *health)
{
    if (!oracle_has_shard(w, w->hosts[host].shard, c))
        return; /* it woke up, and does not know yet: Redis will refuse it */
    struct knows *knows = oracle_knows(w, c, host);
    if (health->failures && !knows->troubled && !w->hosts[host].down)
        broken(w, "%s is blamed for a fault of ours", w->hosts[host].name);
    w->tally.parked += health->parked_ms && !knows->parked;
    knows->parked = health->parked_ms > 0;
}

/* --- trouble -----------------------------------------------------------------------------------
 */

static int64_t wall_day(const struct world *w)
{
    return wall_ms(w) / DAY;
}

static void count_silence(struct world *w, struct host *h)
{
    if (!h->silent_day)
        h->silent_days = 0;
    else if (wall_day(w) > h->silent_day)
        h->silent_days++;
    h->silent_day = wall_day(w);
}

/* How long at least, now that it was found in trouble. Where nobody can be reached, it may be our
 * own fault: then it is tried sooner. */
static int64_t least_wait(const struct world *w, const struct knows *knows,
                          const struct judgement *j)
{
    int64_t most = w->plan.limits.judge.retry_after_most_ms;
    if (!j->host_trouble || (j->unreached && !never_suspects(w)))
        return 0;
    if (knows->parked)
        return DAY - HOUR;
    return j->why != ERR_CERTIFICATE ? 500 : most < HOUR ? most : HOUR;
}

static int64_t asked_for(const struct world *w, const struct sending *s)
{
    int64_t most = w->plan.limits.judge.retry_after_most_ms;
    int64_t asked = s->asks_until_ms ? s->asks_until_ms - wall_ms(w) : s->asks_ms;
    if (asked <= 0)
        return 0;
    asked = asked < SECOND ? SECOND : asked;
    return asked < most ? asked : most;
}

static bool ours(enum err err)
{
    return err == ERR_INTERNAL || err == ERR_NO_ROUTE || err == ERR_CANCELLED;
}

/* Until when the host has to be left alone, as far as its answer says. Those that were under way
 * together are one failure; but what one of them asks for counts. */
void oracle_trouble(struct world *w, const struct flight *f, const struct judgement *j)
{
    struct knows *knows = oracle_knows(w, f->courier, f->host);
    struct host *h = &w->hosts[f->host];
    int64_t asked = asked_for(w, &f->sending);
    bool fresh = f->started_ms > knows->trouble_ms;
    bool trouble = f->sending.answer.err != ERR_OK || asked || j->host_trouble;
    bool bad = j->host_trouble || j->local;
    if (!ours(f->sending.answer.err) && f->sending.answer.status / 100 != 2)
        knows->troubled = true;
    /* What failed by itself may not count as trouble; then what was under way with it does. */
    if (j->verdict == VERDICT_LATER || bad)
        knows->trouble_ms = now_ms(w);
    if (bad && fresh)
        knows->failing = true;
    else if (!bad && j->verdict != VERDICT_LATER && f->sending.answer.status)
        knows->failing = knows->parked = false;
    bool member = h->state == MEMBER_ACTIVE; /* of others nothing is written down */
    if (member && j->host_trouble && fresh && never_suspects(w))
        count_silence(w, h);
    else if (!member || !bad)
        h->silent_day = 0;
    if (j->local || !member)
        return;
    if (trouble && (fresh || asked) && j->verdict != VERDICT_DELIVERED) {
        int64_t least = fresh ? least_wait(w, knows, j) : 0;
        int64_t until = now_ms(w) + (asked > least ? asked : least);
        knows->wait_ms = until > knows->wait_ms ? until : knows->wait_ms;
    } else if (j->verdict != VERDICT_LATER) {
        knows->wait_ms = 0;
    }
}

/* --- it is gone --------------------------------------------------------------------------------
 */

void oracle_said_gone(struct world *w, unsigned host, bool gone)
{
    struct host *h = &w->hosts[host];
    if (!gone)
        h->gone_day = h->gone_days = 0;
    else if (wall_day(w) > h->gone_day)
        h->gone_days++;
    h->gone_day = gone ? wall_day(w) : 0;
    unsigned enough = w->plan.limits.judge.gone_days;
    if (enough && h->gone_days > enough + LENIENT_DAYS && !w->clock_moved_ms &&
        now_ms(w) > w->disturbed_ms + DAY)
        broken(w, "%s says on the %uth day that it is gone, and is a member still", h->name,
               h->gone_days);
}

void oracle_keeps(struct world *w, unsigned host, const struct health *health)
{
    const struct judge_limits *limits = &w->plan.limits.judge;
    const struct host *h = &w->hosts[host];
    if (limits->silent_days && health->days >= limits->silent_days && !health->parked_ms)
        broken(w, "%s was silent on %u days, as is written down, and is not parked", h->name,
               health->days);
    if (limits->gone_days && health->gone >= limits->gone_days && !h->end_told &&
        h->state == MEMBER_ACTIVE)
        broken(w, "%s said on %u days that it is gone, as is written down, and is a member still",
               h->name, health->gone);
}

void oracle_ended(struct world *w, unsigned host)
{
    struct host *h = &w->hosts[host];
    w->tally.ended++;
    PUT(w, h->end_told, true);
    if (h->gone_days < w->plan.limits.judge.gone_days && !w->clock_moved_ms)
        broken(w, "%s is to be no member any more, and said on %u days that it is gone", h->name,
               h->gone_days);
}

/* --- an attempt --------------------------------------------------------------------------------
 */

static void check_window(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct knows *knows = oracle_knows(w, c, f->host);
    const char *name = w->hosts[f->host].name;
    size_t most = knows->failing ? 1 : w->plan.limits.host_window;
    unsigned flying = 0;
    if (c->flights_n > w->plan.limits.in_flight)
        broken(w, "courier %u has %zu attempts under way", c->number, c->flights_n);
    if (w->hosts[f->host].flying <= most)
        return;
    for (const struct flight *o = c->flights; o; o = o->next)
        flying += o->host == f->host;
    if (flying > most)
        broken(w, "%s: %u attempts at once%s", name, flying,
               knows->failing ? ", although it is in trouble" : "");
}

void oracle_tries_host(struct world *w, const struct courier *c, const struct flight *f)
{
    const struct host *h = &w->hosts[f->host];
    struct knows *knows = oracle_knows(w, c, f->host);
    unsigned enough = w->plan.limits.judge.silent_days;
    if (h->state == MEMBER_ACTIVE && now_ms(w) < knows->wait_ms)
        broken(w, "%s: tried %lld ms before its time", h->name,
               (long long)(knows->wait_ms - now_ms(w)));
    knows->wait_ms = 0; /* over, wherever clocks are put */
    w->tally.probes += knows->parked;
    if (enough && h->silent_days > enough + LENIENT_DAYS && h->silent_day && !knows->parked &&
        !w->clock_moved_ms)
        broken(w, "%s was silent on %u days, and is not parked", h->name, h->silent_days);
    check_window(w, c, f);
}

void oracle_replays(struct world *w, unsigned host, uint64_t of, uint64_t n)
{
    PUT(w, w->hosts[host].replay_n, n);
    for (size_t i = 0; i < w->acts_n; i++) {
        const struct act *act = w->acts[i];
        for (unsigned s = 0; act->n > of && s < w->plan.slots; s++) {
            struct fate *f = fate_of(w, act, host, s);
            bool urgent = w->db.lines[act->n]->lane == LANE_URGENT;
            if (f->owed && f->acked && !f->ended && !urgent && act->n <= db_low(w, host))
                PUT(w, f->again_due, true);
        }
    }
}

void oracle_left_out(struct world *w, const struct act *act, unsigned host, unsigned slots,
                     uint64_t n)
{
    for (unsigned s = 0; s < w->plan.slots; s++)
        if (slots >> s & 1)
            PUT(w, fate_of(w, act, host, s)->left_out, n);
}

/* --- what is in memory -------------------------------------------------------------------------
 */

enum { LOOKS = 64 /* of a large world, at one of so many turns */ };

void oracle_bounds(struct world *w, struct courier *c)
{
    const struct schedule_limits *limits = &w->plan.limits;
    struct schedule_report r;
    struct cursor cursor;
    const char *state;
    if (w->plan.large && w->steps % LOOKS)
        return;
    schedule_report(c->schedule, &r);
    if (r.attempts != c->flights_n)
        broken(w, "courier %u has %zu attempts under way, and says %zu", c->number, c->flights_n,
               r.attempts);
    if (r.entries > LANE_COUNT * limits->window + SCHEDULE_PAGES * w->plan.page)
        broken(w, "courier %u keeps %zu entries in memory", c->number, r.entries);
    if (r.destinations > w->plan.hosts)
        broken(w, "courier %u knows %zu destinations", c->number, r.destinations);
    for (unsigned i = 0; i < w->plan.hosts && !w->plan.large; i++) {
        if (!schedule_look(c->schedule, span_of(w->hosts[i].name), &cursor, &state))
            continue;
        if (cursor.parts_n > CURSOR_AHEAD_MAX || cursor.aside_n > CURSOR_ASIDE_MAX)
            broken(w, "%s: %zu are known ahead of its cursor, %zu are set aside", w->hosts[i].name,
                   cursor.parts_n, cursor.aside_n);
    }
}

/* --- who is well -------------------------------------------------------------------------------
 */

/* Where there is room for all, nobody waits for anybody. Else each of the others may once take an
 * attempt for as long as one may last, before it counts as slow: then all of these share a quarter.
 */
static int64_t patience(const struct world *w)
{
    const struct schedule_limits *limits = &w->plan.limits;
    size_t quick = limits->in_flight - (limits->in_flight / 4 ? limits->in_flight / 4 : 1);
    if (w->plan.hosts * limits->host_window <= quick)
        return AT_ONCE_MS;
    return AT_ONCE_MS + (int64_t)((w->plan.hosts + quick - 1) / quick) * SURPRISE_MS;
}

/* Where too few hosts are tried to see that it is us, who could not be reached while our own
 * network was down for days is parked: then it is tried once a day, and has nothing before that,
 * unless it shows that it lives. */
static int64_t parked_by_us(struct world *w, struct host *h)
{
    if (w->plan.large || !h->knows.parked)
        return 0;
    h->probed_ms = now_ms(w);
    return DAY;
}

void oracle_first_arrival(struct world *w, unsigned host, const struct act *act)
{
    struct host *h = &w->hosts[host];
    /* What takes back waits for no thaw. */
    bool waits = w->gated_ms > w->disturbed_ms && !act_takes_back(act);
    int64_t calm = (waits ? w->gated_ms : w->disturbed_ms) + 2 * w->plan.lease_ms + 30 * SECOND +
                   parked_by_us(w, h);
    int64_t from = act->at_ms > calm ? act->at_ms : calm;
    if (from < h->changed_ms)
        from = h->changed_ms;
    if (from < h->probed_ms && h->probed_ms < now_ms(w))
        from = h->probed_ms;
    if (h->saint && act->n && now_ms(w) - from > patience(w))
        broken(w, "%s, which is well, gets %llu only after %lld s", h->name, NUMBER(act->n),
               (long long)(now_ms(w) - from) / 1000);
}
