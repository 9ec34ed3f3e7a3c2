/* world: one life of a relay, from what is drawn at its beginning to its rest. Owns everything.
 * May not know: how many of them are lived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { STEPS_MAX = 40 * 1000 * 1000 };

const char *const zone_names[ZONES] = {"internal", "partners", "public", "lab"};

/* --- what is drawn -----------------------------------------------------------------------------
 */

/* The longer it lasts, the longer a lease, so that beats do not outnumber all else. */
static void plan_times(struct world *w)
{
    struct plan *p = &w->plan;
    p->duration_ms = draw_time(w, 10 * MINUTE, p->large ? 6 * HOUR : 21 * DAY);
    p->lease_ms = p->duration_ms < HOUR        ? 10 * SECOND
                  : p->duration_ms < 10 * HOUR ? MINUTE
                                               : 10 * MINUTE;
    p->fault_ms = p->duration_ms / (int64_t)(p->large ? 4 : 5 + draw(w, 40));
    p->people_ms = p->duration_ms / (int64_t)(20 + draw(w, 80));
    p->retention_ms = draw_time(w, p->duration_ms / 8, 4 * p->duration_ms);
    p->urgent_ms = draw_time(w, p->retention_ms, 4 * p->retention_ms);
    p->bodies_ms = draw_time(w, p->duration_ms / 16, p->retention_ms);
    p->trim_ms = p->duration_ms / 50;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void plan_limits(struct world *w)
{
    static const size_t windows[] = {8, 64, 512};
    struct plan *p = &w->plan;
    int64_t horizon = least(7 * DAY, draw_time(w, p->duration_ms / 4, 2000 * p->lease_ms));
    p->limits =
        (struct schedule_limits){.in_flight = p->large || draw(w, 3) ? 1024 : 2 + draw(w, 6),
                                 .host_window = 1 + draw(w, 8),
                                 .window = windows[draw(w, COUNT_OF(windows))],
                                 .shards = p->shards,
                                 .advance_ms = SECOND,
                                 .judge = {.backoff_ms = SECOND,
                                           .backoff_most_ms = least(HOUR, horizon / 4),
                                           .retry_after_most_ms = least(6 * HOUR, horizon / 4),
                                           .horizon_ms = horizon,
                                           .aside_ms = least(MINUTE, horizon / 8),
                                           .aside_most_ms = least(6 * HOUR, horizon / 4),
                                           .aside_after = 3}};
    if (p->duration_ms < 2 * DAY)
        return;
    p->limits.judge.silent_days = 1 + (unsigned)draw(w, 7);
    p->limits.judge.gone_days = 1 + (unsigned)draw(w, 3);
}

static void plan(struct world *w)
{
    static const unsigned shards[] = {1, 2, 4, 8, 64};
    static const size_t pages[] = {4, 32, 256};
    struct plan *p = &w->plan;
    p->large = w->seed % 10 == 0;
    p->roles = w->seed % 11 == 3; /* by the seed alone: the other worlds stay what they were */
    p->uneven = w->seed % 8 == 5;
    p->freezes = w->seed % 13 == 5 || w->seed % 13 == 8;
    p->hosts = p->large ? 1000 + draw(w, 600) : 3 + draw(w, 12);
    p->saints = p->large ? 50 : 1;
    p->couriers = 1 + draw(w, COURIERS_MAX);
    p->shards = p->large ? 64 : shards[draw(w, COUNT_OF(shards))];
    p->slots = p->large ? 1 : SLOTS;
    p->things = p->large ? 12 : 3 + draw(w, 30);
    p->objects = p->things + 2 + p->things / 4;
    p->versions = draw(w, 3) ? VERSIONS_MAX : 3 + draw(w, 4);
    p->acts = p->large ? 15 + draw(w, 15) : 40 + draw(w, 160);
    p->page = pages[draw(w, COUNT_OF(pages))];
    p->tail = draw(w, 4) ? p->page : 1;
    p->durability = (enum durability)draw(w, 3);
    p->break_thousandths = draw(w, 2) ? (unsigned)draw(w, 40) : 0;
    p->deaths = p->large ? 20 : (unsigned)draw(w, 400);
    p->sour_thousandths = p->large ? 5 : (unsigned)draw(w, 80);
    p->sick_thousandths = (unsigned)draw(w, 900);
    plan_times(w);
    plan_limits(w);
}

/* --- what there is at the beginning ------------------------------------------------------------
 */

static void add_end(struct rule_end *end, int zone)
{
    if (zone < 0)
        return;
    end->zones = mem_new(sizeof(*end->zones));
    end->zones[end->n++] = zone;
}

static void add_rule(struct world *w, int from, int to, enum rule_verdict then)
{
    struct policy *p = &w->policy;
    p->rules = mem_grow(p->rules, (p->rules_n + 1) * sizeof(*p->rules));
    struct rule *rule = &p->rules[p->rules_n++];
    *rule = (struct rule){.name = mem_copy(SPAN("rule")), .part = RULE_SHORT, .then = then};
    add_end(&rule->from, from);
    add_end(&rule->to, to);
}

static void policy_init(struct world *w)
{
    struct policy *p = &w->policy;
    p->zones_n = ZONES;
    p->zones = mem_new(ZONES * sizeof(*p->zones));
    for (size_t i = 0; i < ZONES; i++)
        p->zones[i].name = mem_copy(span_of(zone_names[i]));
    for (int from = 0; from < ZONES; from++)
        for (int to = 0; to < ZONES; to++)
            if (from != to && draw(w, 2))
                add_rule(w, from, to, draw(w, 5) ? RULE_ALLOW : RULE_DENY);
    add_rule(w, (int)draw(w, ZONES), -1, RULE_ALLOW);
    policy_compile(p);
}

static void hosts_init(struct world *w)
{
    size_t most = w->plan.slots * w->plan.objects;
    w->hosts = mem_new(w->plan.hosts * sizeof(*w->hosts));
    w->shard_hosts = mem_new(SHARDS_MAX * sizeof(*w->shard_hosts));
    for (unsigned i = 0; i < w->plan.hosts; i++) {
        struct host *h = &w->hosts[i];
        snprintf(h->name, sizeof(h->name), "h%u.test", i);
        h->shard = shard_of(span_of(h->name), w->plan.shards);
        h->saint = i < w->plan.saints;
        h->chance = draw(w, UINT64_MAX);
        h->remembers = draw(w, 2);
        h->zone = -1;
        h->hears = -1;
        h->state = MEMBER_STATE_COUNT;
        h->shown = mem_new(most * sizeof(*h->shown));
        h->first = mem_new(most * sizeof(*h->first));
        size_t n = w->shard_hosts_n[h->shard]++;
        unsigned **list = &w->shard_hosts[h->shard];
        *list = mem_grow(*list, (n + 1) * sizeof(**list));
        (*list)[n] = i;
    }
}

static void begin(struct world *w, uint64_t seed)
{
    w->seed = w->chance = seed;
    plan(w);
    policy_init(w);
    hosts_init(w);
    db_init(w);
    w->member = mem_new(sizeof(*w->member));
    w->with = mem_new(sizeof(*w->with));
    w->change = mem_new(sizeof(*w->change));
    fronts_init(w);
    people_init(w);
    faults_init(w);
    couriers_init(w);
}

/* --- a life ------------------------------------------------------------------------------------
 */

void disturbed(struct world *w, int64_t ms)
{
    if (now_ms(w) + ms > w->disturbed_ms)
        w->disturbed_ms = now_ms(w) + ms;
}

static void run_until(struct world *w, int64_t until_ms)
{
    while (!w->broken[0] && w->steps++ < STEPS_MAX) {
        const struct heap_node *next = heap_first(&w->events);
        if (!next || next->key > until_ms * 1000)
            break;
        event_step(w);
    }
    if (w->steps >= STEPS_MAX)
        broken(w, "it does not stop");
    if (now_ms(w) < until_ms && !w->broken[0])
        w->now_us = until_ms * 1000;
}

static void trace_couriers(struct world *w)
{
    for (size_t i = 0; i < w->plan.couriers && w->tracing; i++) {
        const struct courier *c = &w->couriers[i];
        struct schedule_report r = {0};
        if (c->schedule)
            schedule_report(c->schedule, &r);
        trace(w,
              "courier %zu: state %d, ready %zu, sending %zu, waiting %zu, reading %zu, held %zu, "
              "mail %zu, position %llu, told %llu",
              i, (int)c->state, r.ready, r.flying, r.asleep, r.hungry, r.held, r.direct,
              NUMBER(r.position), NUMBER(c->tail_line));
    }
}

/* Nothing goes wrong any more, and nothing new comes: all that can be settled gets settled. */
static void come_to_rest(struct world *w)
{
    int64_t end = now_ms(w) + 3 * w->plan.limits.judge.horizon_ms + 20 * w->plan.lease_ms + HOUR +
                  (w->plan.limits.judge.silent_days ? DAY : 0);
    int64_t step = MINUTE;
    w->resting = true;
    disturbed(w, 4 * w->plan.lease_ms);
    trace(w, "now it comes to rest");
    while (!w->broken[0] && now_ms(w) < end) {
        people_thaw(w);
        run_until(w, now_ms(w) + step);
        step = step < w->plan.limits.judge.horizon_ms / 4 ? 2 * step : step;
        if (!oracle_at_rest(w, false))
            continue;
        run_until(w, now_ms(w) + 6 * w->plan.lease_ms + 3 * MINUTE);
        if (oracle_at_rest(w, false)) /* no invitation has ended since, of which one is told */
            break;
    }
    trace_couriers(w);
    if (!w->broken[0])
        oracle_at_rest(w, true);
}

void world_live(struct world *w, uint64_t seed, size_t tracing)
{
    w->tracing = tracing;
    w->traced = mem_new((tracing + 1) * sizeof(*w->traced));
    begin(w, seed);
    run_until(w, w->plan.duration_ms);
    come_to_rest(w);
}

/* What is still on its way to somewhere. */
static void events_fini(struct world *w)
{
    struct heap_node *first;
    while ((first = heap_first(&w->events))) {
        struct event *e = (struct event *)first;
        event_stop(w, e);
        if (e->drop)
            e->drop(w, e);
    }
    heap_fini(&w->events);
}

void world_fini(struct world *w)
{
    couriers_fini(w);
    conn_break(w, &w->front);
    events_fini(w);
    db_fini(w);
    for (size_t i = 0; i < w->acts_n; i++) {
        free(w->acts[i]->fates);
        free(w->acts[i]);
    }
    for (size_t i = 0; i < w->plan.objects; i++) {
        free(w->objects[i].acts);
        free(w->objects[i].entries);
    }
    for (size_t i = 0; i < w->plan.hosts; i++) {
        struct host *h = &w->hosts[i];
        cursor_fini(&h->read);
        free(h->member);
        free(h->own);
        free(h->shown);
        free(h->announced);
        free(h->first);
    }
    for (size_t i = 0; i < SHARDS_MAX; i++)
        free(w->shard_hosts[i]);
    policy_fini(&w->policy);
    free(w->shard_hosts);
    free(w->hosts);
    free(w->objects);
    free(w->acts);
    free(w->member);
    free(w->with);
    free(w->change);
    for (size_t i = 0; i < w->tracing; i++)
        free(w->traced[i]);
    free(w->traced);
}
