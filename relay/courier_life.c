/* courier_life: how a courier comes to what it owns, and leaves it.
 *
 * States: see the drawing in courier_inner.h. May not know: what is sent to whom. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/courier_inner.h"
#include "relay/meters.h"
#include "relay/rules/cursor.h"
#include "relay/store/freezes.h"
#include "relay/store/members.h"

enum { WINDOW = 4096 /* entries of the tail in memory */, GAUGES_MS = 1000 };

static void courier_start(struct courier *c);

struct span courier_name(const struct courier *c)
{
    struct span name = span_of(c->lease.name);
    return span_cut(&name, '@');
}

void courier_goto(struct courier *c, enum courier_state state)
{
    c->state = state;
}

/* --- stopping and starting over --------------------------------------------------------------- */

struct loading *courier_loading(struct courier *c)
{
    struct loading *loading = mem_new(sizeof(*loading));
    loading->courier = c;
    return loading;
}

void courier_forget(struct loading **loading)
{
    if (*loading)
        (*loading)->courier = NULL;
    *loading = NULL;
}

void courier_rest(struct courier *c)
{
    courier_unfollow(c);
    c->resuming = false;
    courier_forget(&c->loading);
    cursors_free(&c->cursors);
    bodies_free(&c->bodies);
    schedule_free(&c->schedule);
}

static void courier_stop(struct courier *c)
{
    courier_rest(c);
    courier_lease_end(c);
    courier_goto(c, COURIER_STOPPED);
}

void courier_start_over(struct courier *c, const char *why)
{
    if (c->state == COURIER_STOPPED || c->state == COURIER_BROKEN || c->state == COURIER_LEAVING)
        return;
    log_note(LOG_LEVEL_WARN, "courier", "%.*s starts over: %s", SPAN_ARG(courier_name(c)), why);
    courier_goto(c, COURIER_BROKEN);
    timer_start(c->restart, COURIER_AGAIN_MS);
}

void courier_gone(struct courier *c)
{
    courier_stop(c);
    c->drained(c->drained_arg);
}

static void on_restart(void *arg)
{
    struct courier *c = arg;
    courier_stop(c);
    if (c->drained)
        c->drained(c->drained_arg);
    else if (store_ready(c->context->store))
        courier_start(c);
}

void courier_halted(struct courier *c)
{
    bool waits = c->state == COURIER_HALTING || c->state == COURIER_DRAINING;
    if (!waits || c->flights || c->committing)
        return;
    courier_rest(c);
    if (c->state == COURIER_HALTING)
        courier_shift(c);
    else
        courier_leave(c);
}

static void courier_start(struct courier *c)
{
    courier_goto(c, COURIER_ASKING);
    courier_lease_begin(c);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* Without some of the shards: they are another's, or can't be read. */
static void claim_rest(struct courier *c, uint64_t without)
{
    courier_rest(c);
    c->held &= ~without;
    courier_goto(c, COURIER_ASKING);
    if (c->held)
        courier_claim(c);
}

static void unreadable(struct courier *c, const char *host)
{
    unsigned shard = shard_of(span_of(host), store_shards(c->context->store));
    if (!(c->held >> shard & 1))
        return;
    log_note(LOG_LEVEL_ERROR, "courier", "the record of the member %s can't be read", host);
    c->unread |= UINT64_C(1) << shard;
    if (c->probe.hosts_n < CURSORS_PROBED)
        span_copy(span_of(host), c->probe.hosts[c->probe.hosts_n++], MEMBER_HOST_SIZE);
}

/* After the shards, too: what another sent as of an older line was before that. */
static void on_gates(void *arg, enum err err, const struct gates *gates)
{
    struct loading *loading = arg;
    struct courier *c = loading->courier;
    free(loading);
    if (!c)
        return;
    c->loading = NULL;
    if (err != ERR_OK) {
        courier_start_over(c, "what is frozen can't be read");
    } else if (c->state == COURIER_GATES) {
        courier_heard(c, gates->n);
        schedule_load_gates(c->schedule, gates);
        courier_follow(c);
    }
}

static void load_gates(struct courier *c)
{
    c->loading = courier_loading(c);
    courier_goto(c, COURIER_GATES);
    freezes_gates(c->context->store, on_gates, c->loading);
}

/* One that can't be read would lose what is its: its shard passes it. */
static void on_member(void *arg, enum err err, const struct member *member)
{
    struct loading *loading = arg;
    struct courier *c = loading->courier;
    if (member && c && err == ERR_OK) {
        courier_heard(c, member_newest(member));
        schedule_load_member(c->schedule, member);
    } else if (member && c) {
        unreadable(c, member->host);
    }
    if (member)
        return;
    free(loading);
    if (!c)
        return;
    c->loading = NULL;
    uint64_t broken = c->unread;
    if (err != ERR_OK) {
        courier_start_over(c, "the registry can't be read");
    } else if (c->state == COURIER_MEMBERS && broken) {
        courier_broken(c, broken);
        claim_rest(c, 0);
    } else if (c->state == COURIER_MEMBERS) {
        load_gates(c);
    }
}

/* Members after shards: another's last commit may have passed one that we had not read. */
static void on_claimed(void *arg, enum err err, uint64_t taken, uint64_t broken)
{
    struct courier *c = arg;
    if (err != ERR_OK) {
        courier_start_over(c, "the shards can't be claimed");
        return;
    }
    if (c->state != COURIER_CLAIMING)
        return;
    if (broken)
        courier_broken(c, broken);
    if (taken || broken) { /* taken: somebody was faster */
        claim_rest(c, taken);
        return;
    }
    c->unread = 0;
    c->loading = courier_loading(c);
    courier_goto(c, COURIER_MEMBERS);
    members_each(c->context->store, c->held, on_member, c->loading);
}

void courier_claim(struct courier *c)
{
    const struct settings *set = &c->context->config->set;
    struct schedule_limits limits = {.in_flight = (size_t)set->delivery_in_flight,
                                     .host_window = (size_t)set->delivery_window,
                                     .window = WINDOW,
                                     .shards = store_shards(c->context->store),
                                     .owned = c->held,
                                     .advance_ms = COURIER_ADVANCE_MS,
                                     .judge = delivery_limits(set)};
    c->schedule = schedule_new(&limits);
    c->heard = 0;
    c->ahead_ms = clock_wall_ms() - clock_mono_ms();
    c->bodies = bodies_new(c->context->store, BODIES_KEPT);
    c->cursors = cursors_new(c->context->store, c->lease.nonce);
    courier_goto(c, COURIER_CLAIMING);
    cursors_claim(c->cursors, c->schedule, c->held, on_claimed, c);
}

void courier_claim_more(struct courier *c, uint64_t shards)
{
    courier_rest(c);
    c->held |= shards;
    c->give &= ~shards;
    courier_claim(c);
}

/* --- gauges ----------------------------------------------------------------------------------- */

static void on_gauges(void *arg)
{
    struct courier *c = arg;
    struct schedule_report r = {0};
    if (c->schedule)
        schedule_report(c->schedule, &r);
    metric_set(METER_DESTINATIONS, METER_STATE_IDLE, (double)r.idle);
    metric_set(METER_DESTINATIONS, METER_STATE_READY, (double)r.ready);
    metric_set(METER_DESTINATIONS, METER_STATE_SENDING, (double)r.flying);
    metric_set(METER_DESTINATIONS, METER_STATE_WAITING, (double)r.asleep);
    metric_set(METER_DESTINATIONS, METER_STATE_READING, (double)r.hungry);
    metric_set(METER_DESTINATIONS, METER_STATE_HELD, (double)r.held);
    metric_set(METER_DESTINATIONS, METER_STATE_FROZEN, (double)r.frozen);
    metric_set(METER_PARKED, 0, (double)r.parked);
    metric_set(METER_ON_HOLD, 0, (double)r.on_hold);
    metric_set(METER_SUSPECT, 0, r.suspects ? 1 : 0);
    metric_set(METER_BEHIND, 0, (double)r.behind_most);
    metric_set(METER_DIRECT, 0, (double)r.direct);
    metric_set(METER_SHARDS_STOPPED, 0, (double)__builtin_popcountll(c->broken));
    metric_set(METER_POSITION, 0, (double)r.position);
    if (c->cursors)
        cursors_tell(c->cursors);
    timer_start(c->gauges, GAUGES_MS);
}

/* --- life ------------------------------------------------------------------------------------- */

struct courier *courier_new(struct context *context, const struct courier_config *config)
{
    struct courier *c = mem_new(sizeof(*c));
    c->context = context;
    courier_lease_init(c, config);
    c->restart = timer_new(context->loop, on_restart, c);
    c->gauges = timer_new(context->loop, on_gauges, c);
    timer_start(c->gauges, GAUGES_MS);
    courier_walk_init(c);
    return c;
}

void courier_ready(struct courier *c, bool ready)
{
    if (ready && c->state == COURIER_STOPPED)
        courier_start(c);
    else if (ready && c->state == COURIER_AWAY)
        courier_lease_retry(c, 0);
    else if (!ready)
        courier_away(c, "no connection to Redis");
}

void courier_drain(struct courier *c, loop_cb done, void *arg)
{
    c->drained = done;
    c->drained_arg = arg;
    timer_stop(c->restart);
    switch (c->state) {
    case COURIER_RUNNING:
    case COURIER_HALTING:
        courier_goto(c, COURIER_DRAINING);
        courier_commit(c);
        break;
    case COURIER_ASKING:
    case COURIER_CLAIMING:
    case COURIER_MEMBERS:
    case COURIER_GATES:
        courier_rest(c);
        courier_leave(c);
        break;
    case COURIER_AWAY:
        c->before = COURIER_DRAINING;
        timer_start(c->restart, COURIER_LAST_MS);
        break;
    case COURIER_BROKEN: timer_start(c->restart, 0); break;
    case COURIER_DRAINING:
    case COURIER_LEAVING: break; /* on its way already */
    case COURIER_STOPPED: done(arg); break;
    }
}

void courier_free(struct courier **courier)
{
    struct courier *c = *courier;
    *courier = NULL;
    if (!c)
        return;
    courier_stop(c);
    courier_blink(c);
    courier_walk_fini(c);
    courier_lease_fini(c);
    timer_free(&c->restart);
    timer_free(&c->gauges);
    free(c);
}
