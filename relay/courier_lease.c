/* courier_lease: the beat of the lease, what it says is ours, and stopping by ourselves when it was
 * not renewed in time.
 *
 * HTTP can't be fenced: what a frozen courier sends after it woke up, nobody can take back. So no
 * attempt starts when the last renewal lies more than half a lease back, and those under way are
 * taken back at eight tenths: by a timer, and by a look before the client touches its connections,
 * since after a freeze these may come first (ENGINE 7b). Whoever takes over waits for a whole one.
 *
 * States: see the drawing in courier_inner.h. May not know: what is sent to whom. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/pure/encode.h"
#include "relay/courier_inner.h"
#include "relay/store/leases.h"

enum { HALT_MS = 2000 };

/* --- stopping by ourselves -------------------------------------------------------------------- */

static int64_t lease_time(const struct courier *c)
{
    return c->context->config->set.delivery_lease;
}

bool courier_may_start(const struct courier *c)
{
    return lease_may_start(lease_time(c), clock_mono_ms() - c->lease_ms);
}

bool courier_loads(const struct courier *c)
{
    return c->state == COURIER_CLAIMING || c->state == COURIER_MEMBERS || c->state == COURIER_GATES;
}

bool courier_holds(const struct courier *c)
{
    return c->state == COURIER_RUNNING || c->state == COURIER_HALTING ||
           c->state == COURIER_DRAINING;
}

static void look_at_lease(void *arg)
{
    struct courier *c = arg;
    bool away = c->state == COURIER_AWAY;
    if ((!courier_holds(c) && !away) ||
        lease_may_go_on(lease_time(c), clock_mono_ms() - c->lease_ms))
        return;
    if (away) {
        courier_keep(c);
        return;
    }
    courier_abort(c);
    courier_start_over(c, "its lease was not renewed in time");
}

/* The timer is a little late rather than a little early. */
static void watch_lease(struct courier *c)
{
    timer_start(c->lapse, c->lease_ms + lease_time(c) / 10 * 8 - clock_mono_ms() + 1);
}

/* --- the beat --------------------------------------------------------------------------------- */

static void on_beat(void *arg, enum err err, const struct lease_table *table);

static void beat(struct courier *c, bool leave)
{
    struct leases_beat ask = {.nonce = c->lease.nonce,
                              .name = c->lease.name,
                              .first = c->first,
                              .give = c->give,
                              .bury = c->lease.bury,
                              .leave = leave};
    lease_ask(&c->lease, lease_time(c), clock_mono_ms());
    ask.bury_n = c->lease.bury_n;
    timer_stop(c->tick);
    courier_forget(&c->beating);
    c->beating = courier_loading(c);
    c->sent_ms = clock_mono_ms();
    c->given = c->give;
    leases_beat(c->context->store, &ask, on_beat, c->beating);
}

static void on_tick(void *arg)
{
    beat(arg, false);
}

/* Other shards are to be ours. */
static void halt(struct courier *c)
{
    c->giving = c->lease.give;
    courier_goto(c, COURIER_HALTING);
    timer_start(c->halt, HALT_MS);
    courier_commit(c);
}

static void on_halt(void *arg)
{
    struct courier *c = arg;
    if (c->state != COURIER_HALTING)
        return;
    courier_abort(c);
    courier_commit(c);
}

static void act(struct courier *c, const struct lease_table *table)
{
    lease_decide(&c->lease, table, c->held);
    c->lease.take &= ~c->broken;
    if (c->state == COURIER_ASKING) {
        c->give |= c->lease.give;
        c->held = (c->held & ~c->lease.give) | c->lease.take;
        c->give &= ~c->held;
        if (c->held)
            courier_claim(c);
    } else if (c->state == COURIER_RUNNING && (c->lease.take || c->lease.give)) {
        halt(c);
    } else if (courier_loads(c) && c->lease.take) {
        courier_claim_more(c, c->lease.take); /* now it costs no pause */
    } else if (c->starved) {
        courier_schedule(c);
    }
}

static void on_beat(void *arg, enum err err, const struct lease_table *table)
{
    struct loading *beating = arg;
    struct courier *c = beating->courier;
    free(beating);
    if (!c)
        return;
    c->beating = NULL;
    if (c->state == COURIER_LEAVING) {
        courier_gone(c);
        return;
    }
    if (err == ERR_FENCED) {
        courier_abort(c);
        courier_start_over(c, "its lease is gone");
        return;
    }
    if (err != ERR_OK) { /* once more, as long as the lease lasts; or until Redis is back */
        timer_start(c->tick,
                    c->state == COURIER_AWAY ? COURIER_AGAIN_MS : lease_time(c) / LEASE_BEATS);
        return;
    }
    lease_heard(&c->lease, table, clock_mono_ms());
    timer_start(c->tick, lease_next(&c->lease, c->sent_ms, clock_mono_ms()));
    c->first = false;
    c->give &= ~c->given;
    c->lease_ms = c->sent_ms;
    watch_lease(c);
    act(c, table);
    if (c->state == COURIER_AWAY)
        courier_come_back(c);
}

void courier_lease_retry(struct courier *c, int64_t ms)
{
    courier_forget(&c->beating);
    timer_start(c->tick, ms);
}

void courier_leave(struct courier *c)
{
    c->give |= c->held;
    c->held = 0;
    courier_goto(c, COURIER_LEAVING);
    timer_stop(c->lapse);
    if (c->cursors)
        cursors_tell(c->cursors);
    beat(c, true);
}

void courier_shift(struct courier *c)
{
    timer_stop(c->halt);
    if (c->cursors)
        cursors_tell(c->cursors);
    c->held &= ~c->giving;
    c->give |= c->giving;
    c->giving = 0;
    courier_goto(c, COURIER_ASKING);
    if (!c->beating)
        beat(c, false);
}

/* --- shards that can't be read -----------------------------------------------------------------
 */

static void on_probed(void *arg, enum err err, uint64_t broken)
{
    struct loading *probing = arg;
    struct courier *c = probing->courier;
    free(probing);
    if (!c)
        return;
    c->probing = NULL;
    if (err == ERR_OK) {
        c->broken &= broken; /* the next beat takes what is whole again */
        c->probe.hosts_n = c->broken ? c->probe.hosts_n : 0;
    }
    if (c->broken)
        timer_start(c->mend, COURIER_MEND_MS);
}

static void on_mend(void *arg)
{
    struct courier *c = arg;
    if (c->probing)
        return;
    c->probe.shards = c->broken;
    c->probing = courier_loading(c);
    cursors_probe(c->context->store, &c->probe, on_probed, c->probing);
}

void courier_broken(struct courier *c, uint64_t shards)
{
    for (unsigned shard = 0; shard < STORE_SHARDS; shard++)
        if (shards >> shard & 1)
            log_note(LOG_LEVEL_ERROR, "courier",
                     "shard %u stops: what is kept of it in Redis can't be read", shard);
    c->broken |= shards;
    c->held &= ~shards;
    timer_start(c->mend, COURIER_MEND_MS);
}

/* --- life ------------------------------------------------------------------------------------- */

void courier_lease_begin(struct courier *c)
{
    uint8_t chance[16];
    struct bytes nonce;
    bytes_init(&nonce, 32);
    clock_random(chance, sizeof(chance));
    hex_write(&nonce, (struct span){(const char *)chance, sizeof(chance)});
    lease_begin(&c->lease, bytes_str(&nonce), store_shards(c->context->store));
    bytes_fini(&nonce);
    c->held = c->giving = c->give = 0;
    c->first = true;
    c->lease_ms = clock_mono_ms();
    beat(c, false);
}

void courier_lease_end(struct courier *c)
{
    courier_forget(&c->beating);
    courier_forget(&c->probing);
    timer_stop(c->tick);
    timer_stop(c->lapse);
    timer_stop(c->halt);
    timer_stop(c->mend);
}

void courier_lease_init(struct courier *c, const struct courier_config *config)
{
    struct loop *loop = c->context->loop;
    lease_init(&c->lease, config->name, config->couriers);
    c->tick = timer_new(loop, on_tick, c);
    c->lapse = timer_new(loop, look_at_lease, c);
    c->halt = timer_new(loop, on_halt, c);
    c->mend = timer_new(loop, on_mend, c);
    http_client_before(c->context->client, look_at_lease, c);
}

void courier_lease_fini(struct courier *c)
{
    http_client_before(c->context->client, NULL, NULL);
    timer_free(&c->tick);
    timer_free(&c->lapse);
    timer_free(&c->halt);
    timer_free(&c->mend);
}
