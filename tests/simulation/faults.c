/* faults: what goes wrong with what all depend on: couriers that are killed, frozen or restarted,
 * a Redis that dies, hangs, refuses or is slow, connections that break, clocks that are moved. May
 * not know: what anybody is at. */
#include "sim.h"

static struct courier *any_courier(struct world *w)
{
    return &w->couriers[draw(w, w->plan.couriers)];
}

static void kill_one(struct world *w)
{
    struct courier *c = any_courier(w);
    if (!c->alive)
        return;
    trace(w, "courier %u is killed", c->number);
    w->tally.kills++;
    courier_kill(
        w, c, draw(w, 3) ? draw_time(w, 10, SECOND) : draw_time(w, SECOND, 3 * w->plan.lease_ms));
}

/* Around the times at which a lease runs out. */
static void freeze_one(struct world *w)
{
    struct courier *c = any_courier(w);
    int64_t ms = draw(w, 2) ? draw_time(w, 10, 3 * w->plan.lease_ms)
                            : (int64_t)draw(w, 2 * (uint64_t)w->plan.lease_ms);
    trace(w, "courier %u is frozen for %lld ms", c->number, (long long)ms);
    courier_freeze(w, c, ms);
}

static void on_refuses_no_more(struct world *w, struct event *e)
{
    (void)e;
    w->db.refuses = false;
    w->db.slow_ms = 0;
    disturbed(w, 0);
}

/* After a command's time, connections that wait for an answer are given up. */
static void on_watchdog(struct world *w, struct event *e)
{
    (void)e;
    if (w->db.hung_until_us <= w->now_us)
        return;
    for (size_t i = 0; i < w->plan.couriers; i++) {
        if (w->couriers[i].store.pending)
            conn_break(w, &w->couriers[i].store);
        if (w->couriers[i].tail.pending)
            conn_break(w, &w->couriers[i].tail);
    }
}

static void hang(struct world *w)
{
    int64_t ms = draw_time(w, 10, 20 * SECOND);
    w->db.hung_until_us = w->now_us + ms * 1000;
    w->tally.redis_hangs++;
    event_in(w, &w->watchdog, COMMAND_MS);
    disturbed(w, ms);
    trace(w, "redis hangs for %lld ms", (long long)ms);
}

static void refuse(struct world *w, bool slow)
{
    int64_t ms = draw_time(w, 10, 30 * SECOND);
    if (slow)
        w->db.slow_ms = 1 + (int64_t)draw(w, 700);
    else
        w->db.refuses = true;
    w->tally.redis_refusals += !slow;
    disturbed(w, ms);
    event_in(w, &w->relief, ms);
    trace(w, "redis %s for %lld ms", slow ? "is slow" : "refuses", (long long)ms);
}

static void move_clock(struct world *w)
{
    int64_t most = w->plan.bodies_ms / 8;
    int64_t ms = draw_time(w, SECOND, most < 3 * HOUR ? most : 3 * HOUR);
    bool back = draw(w, 2);
    w->wall_offset_ms += back ? -ms : ms;
    w->clock_moved_ms += ms;
    w->tally.clock_back += back;
    w->tally.clock_forward += !back;
    trace(w, "clocks are moved by %lld ms", (long long)(back ? -ms : ms));
}

/* Nobody can be reached, by any courier; and until all of them believe that it is over. */
static void cut_uplink(struct world *w)
{
    int64_t ms = draw_time(w, SECOND, w->plan.duration_ms / 20 + SECOND);
    w->uplink_ms = now_ms(w) + ms;
    w->tally.uplinks++;
    /* Where there are enough to see that it is us, nobody is left alone for long after that. */
    disturbed(w, ms + 6 * MINUTE + (w->plan.large ? 0 : w->plan.limits.judge.backoff_most_ms));
    trace(w, "our own network is down for %lld ms", (long long)ms);
}

static void take_sockets(struct world *w)
{
    struct courier *c = any_courier(w);
    int64_t ms = draw_time(w, SECOND, 10 * MINUTE);
    c->lacks_until_ms = now_ms(w) + ms;
    w->tally.lacks++;
    disturbed(w, ms + MINUTE);
    trace(w, "courier %u has no sockets for %lld ms", c->number, (long long)ms);
}

/* Just when something was written: there is most to lose then. */
static void on_death(struct world *w, struct event *e)
{
    uint64_t dice = draw(w, 100);
    (void)e;
    if (dice < 50)
        db_crash(w, draw_time(w, 20, 5 * SECOND));
    else if (dice < 65)
        hang(w);
    else if (dice < 75)
        kill_one(w);
    else if (dice < 85)
        freeze_one(w);
    else
        conn_break(w, draw(w, 2) ? &any_courier(w)->store : &any_courier(w)->tail);
}

static void on_fault(struct world *w, struct event *e)
{
    uint64_t dice = draw(w, 100);
    if (w->resting)
        return;
    if (dice < 22)
        kill_one(w);
    else if (dice < 42)
        freeze_one(w);
    else if (dice < 50)
        courier_drain(w, any_courier(w));
    else if (dice < 64)
        db_crash(w, draw_time(w, 20, 20 * SECOND));
    else if (dice < 71)
        hang(w);
    else if (dice < 78)
        refuse(w, draw(w, 2));
    else if (dice < 88)
        conn_break(w, draw(w, 2) ? &any_courier(w)->store : &any_courier(w)->tail);
    else if (dice < 92)
        cut_uplink(w);
    else if (dice < 94)
        take_sockets(w);
    else
        move_clock(w);
    /* Troubles come together. */
    event_in(w, e,
             draw(w, 3) ? (int64_t)draw(w, 2 * (uint64_t)w->plan.fault_ms)
                        : (int64_t)draw(w, 2 * SECOND));
}

void faults_init(struct world *w)
{
    w->faults = (struct event){.run = on_fault};
    w->watchdog = (struct event){.run = on_watchdog};
    w->death = (struct event){.run = on_death};
    w->relief = (struct event){.run = on_refuses_no_more};
    event_in(w, &w->faults, (int64_t)draw(w, 2 * (uint64_t)w->plan.fault_ms));
}
