/* roles: brings the roles of this process up and down.
 *
 *     keys -> front, courier, steward -> store -> ready ... drain: front stops -> requests in work
 *     end -> courier drains -> steward -> store
 *
 * Owns the context, the store and the roles. May not know: what the roles do; other processes. */
#include "relay/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/context.h"
#include "relay/courier.h"
#include "relay/front.h"
#include "relay/machine.h"
#include "relay/meters.h"
#include "relay/names.h"
#include "relay/rules/lease.h"
#include "relay/steward.h"
#include "relay/tallies.h"

enum {
    DRAIN_TICK_MS = 20,
    PATIENCE_MS = 2000,
    QUIET_MS = 10000, /* between two lines about the same trouble of Redis */
    WHY_SIZE = 256,
    CLIENT_SHARDS = 16,
    CLIENT_CONNECTIONS = 2048
};

struct roles {
    struct roles_config config;
    struct context context;
    struct front *front;
    struct courier *courier;
    struct steward *steward;
    struct timer *drain, *late, *patience;
    int64_t drain_until_ms;
    bool draining, told_ready;
    bool store_ready, others_ready;
    char waits_for[WHY_SIZE]; /* what was said of a Redis that does not answer */
    int64_t said_ms[TROUBLE_COUNT];
    bool in_trouble; /* and it was said */
    loop_cb drained;
    void *drained_arg;
};

/* --- whether we can work -----------------------------------------------------------------------
 */

/* READY once all is there, WAITS when it is no more. */
static void tell(struct roles *r, const char *why)
{
    bool ready = r->store_ready && r->others_ready;
    if (ready == r->told_ready)
        return;
    r->told_ready = ready;
    r->config.told(r->config.arg, ready ? ROLE_SAYS_READY : ROLE_SAYS_WAITS, ready ? NULL : why);
}

static void on_store(void *arg, bool ready, bool fatal, const char *why)
{
    struct roles *r = arg;
    r->store_ready = ready;
    if (!ready)
        timer_start(r->patience, PATIENCE_MS);
    else if (r->in_trouble)
        log_note(LOG_LEVEL_INFO, "redis", "ready again: epoch %llu",
                 (unsigned long long)store_epoch(r->context.store));
    if (ready && store_schema(r->context.store) != STORE_SCHEMA)
        log_note(LOG_LEVEL_INFO, "redis", "the journal was brought from schema %u to %d",
                 store_schema(r->context.store), STORE_SCHEMA);
    r->in_trouble = !ready;
    r->waits_for[0] = '\0';
    if (r->steward)
        steward_ready(r->steward, ready, why);
    if (r->courier && !r->draining)
        courier_ready(r->courier, ready);
    if (!ready && !fatal && !r->draining)
        log_note(LOG_LEVEL_ERROR, "redis", "not ready: %s", why);
    tell(r, why);
    if (fatal)
        r->config.told(r->config.arg, ROLE_SAYS_FATAL, why);
}

/* What Redis is in, by name: counted each time, said now and then. */
static void on_trouble(void *arg, enum trouble what, struct span text)
{
    struct roles *r = arg;
    struct log_line l;
    int64_t now_ms = clock_mono_ms();
    metric_add(METER_REDIS_TROUBLE, what, 1);
    if (r->said_ms[what] && now_ms - r->said_ms[what] < QUIET_MS)
        return;
    r->said_ms[what] = now_ms;
    log_begin(&l, LOG_LEVEL_ERROR, "redis");
    log_str(&l, "trouble", trouble_name(what));
    log_text(&l, "said", text);
    log_end(&l);
}

/* A Redis that can't be reached changes no state where it is so for another reason than before:
 * that it is waited for, and why, is said from here. */
static void on_patience(void *arg)
{
    struct roles *r = arg;
    if (r->store_ready || r->draining)
        return;
    const char *why = store_trouble(r->context.store);
    if (*why && strncmp(why, r->waits_for, sizeof(r->waits_for) - 1) != 0) {
        snprintf(r->waits_for, sizeof(r->waits_for), "%s", why);
        on_trouble(r, trouble_of_connection(why), span_of(why));
        log_note(LOG_LEVEL_WARN, "redis", "not ready: %s", r->waits_for);
        if (r->steward)
            steward_ready(r->steward, false, r->waits_for);
        r->config.told(r->config.arg, ROLE_SAYS_WAITS, r->waits_for);
    }
    timer_start(r->patience, PATIENCE_MS);
}

void roles_others(struct roles *r, bool ready, struct span why)
{
    char text[WHY_SIZE];
    snprintf(text, sizeof(text), "%.*s", SPAN_ARG(why));
    r->others_ready = ready;
    if (r->steward)
        steward_others(r->steward, ready, text);
    tell(r, text);
}

/* --- another configuration ---------------------------------------------------------------------
 */

void roles_take_config(struct roles *r, struct config **config)
{
    char before[CONFIG_DIGEST_SIZE];
    span_copy(span_of(r->context.config->digest), before, sizeof(before));
    context_take_config(&r->context, config);
    if (r->steward)
        steward_config_taken(r->steward, before);
}

void roles_reloaded(struct roles *r, enum err err, struct span why)
{
    if (r->steward)
        steward_reloaded(r->steward, err, why);
}

static void on_reload(void *arg)
{
    struct roles *r = arg;
    r->config.reload(r->config.arg);
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void on_tallied(void *arg)
{
    struct roles *r = arg;
    tallies_free(&r->context.tallies);
    store_free(&r->context.store);
    r->drained(r->drained_arg);
}

static void on_courier_drained(void *arg)
{
    struct roles *r = arg;
    timer_stop(r->late);
    steward_free(&r->steward);
    tallies_end(r->context.tallies, on_tallied, r);
}

/* What is still under way is repeated by whoever has these shards next. */
static void on_late(void *arg)
{
    struct roles *r = arg;
    log_note(LOG_LEVEL_WARN, "serve", "attempts under way are given up: their time is over");
    courier_free(&r->courier);
    on_courier_drained(r);
}

static void on_drain(void *arg)
{
    struct roles *r = arg;
    if (r->front && !front_idle(r->front) && loop_now_ms(r->config.loop) < r->drain_until_ms) {
        timer_start(r->drain, DRAIN_TICK_MS);
        return;
    }
    front_free(&r->front);
    if (r->courier) {
        timer_start(r->late, r->context.config->set.drain);
        courier_drain(r->courier, on_courier_drained, r);
    } else {
        on_courier_drained(r);
    }
}

void roles_drain(struct roles *r, loop_cb done, void *arg)
{
    r->draining = true;
    r->drained = done;
    r->drained_arg = arg;
    if (r->front)
        front_stop(r->front);
    r->drain_until_ms = loop_now_ms(r->config.loop) + r->context.config->set.drain;
    timer_start(r->drain, 0);
}

/* --- the beginning -----------------------------------------------------------------------------
 */

static void start_client(struct roles *r)
{
    struct bytes agent;
    bytes_init(&agent, 512);
    bytes_addf(&agent, "weir/%s (+%s/)", WEIR_VERSION, r->context.config->set.url);
    r->context.client =
        http_client_new(r->config.loop, bytes_str(&agent), CLIENT_SHARDS, CLIENT_CONNECTIONS);
    bytes_fini(&agent);
}

static void start_courier(struct roles *r)
{
    char name[ROLE_NAME_SIZE];
    char machine[MACHINE_NAME_SIZE];
    struct bytes whole;
    role_write(ROLE_COURIER, r->config.slot, name);
    machine_name(r->context.config->data_dir, machine);
    bytes_init(&whole, LEASE_NAME_SIZE);
    bytes_addf(&whole, "%s@%s", name, machine);
    struct courier_config courier = {.name = bytes_str(&whole), .couriers = r->config.couriers};
    r->courier = courier_new(&r->context, &courier);
    bytes_fini(&whole);
}

static enum err start_steward(struct roles *r, struct bytes *why)
{
    struct steward_config steward = {.context = &r->context,
                                     .watches = !r->config.house.has[ROLE_STEWARD],
                                     .reload = on_reload,
                                     .arg = r};
    enum err e = steward_new(&steward, why, &r->steward);
    if (e == ERR_OK)
        steward_others(r->steward, r->others_ready, "starting");
    return e;
}

static enum err start_store(struct roles *r, struct bytes *why)
{
    const struct config *config = r->context.config;
    struct bytes file;
    char *url = context_redis_url(&r->context);
    bytes_init(&file, 4096);
    bytes_addf(&file, "%s/%s", config->data_dir, JOURNAL_FILE);
    struct store_config store = {.url = url,
                                 .journal_file = bytes_str(&file),
                                 .owner = config->set.url,
                                 .keys = r->context.fingerprint,
                                 .joins = !r->config.house.has[ROLE_FRONT],
                                 .strict = config->set.durability == DURABILITY_STRICT,
                                 .replicas = config->set.redis_replicas,
                                 .command_ms = config->set.redis_command,
                                 .on_ready = on_store,
                                 .on_trouble = on_trouble,
                                 .arg = r};
    redis_meter(METER_REDIS_COMMANDS);
    enum err e = store_new(r->config.loop, &store, &r->context.store);
    if (e != ERR_OK)
        bytes_addf(why, "redis: %s", err_title(e));
    bytes_fini(&file);
    free(url);
    return e;
}

static enum err start_roles(struct roles *r, struct bytes *why)
{
    const bool *wanted = r->config.wanted.has;
    enum err e = ERR_OK;
    start_client(r);
    if (wanted[ROLE_FRONT] || wanted[ROLE_COURIER])
        e = http_client_trust(why);
    if (e == ERR_OK && wanted[ROLE_COURIER])
        start_courier(r);
    if (e == ERR_OK && wanted[ROLE_FRONT])
        e = front_new(&r->context, why, &r->front);
    if (e == ERR_OK && wanted[ROLE_STEWARD])
        e = start_steward(r, why);
    return e;
}

enum err roles_new(const struct roles_config *config, struct config **settings, struct bytes *why,
                   struct roles **ret)
{
    struct roles *r = mem_new(sizeof(*r));
    r->config = *config;
    r->drain = timer_new(config->loop, on_drain, r);
    r->late = timer_new(config->loop, on_late, r);
    r->patience = timer_new(config->loop, on_patience, r);
    /* Who is not the steward has nobody to tell of the others. */
    r->others_ready = !config->wanted.has[ROLE_STEWARD] || config->alone;
    enum err e = context_init(&r->context, config->loop, settings, why);
    if (e == ERR_OK)
        e = start_roles(r, why);
    if (e == ERR_OK)
        e = start_store(r, why);
    if (e == ERR_OK) {
        timer_start(r->patience, PATIENCE_MS);
        r->context.tallies = tallies_new(&r->context);
        *ret = r;
    } else {
        roles_free(&r);
    }
    return e;
}

void roles_free(struct roles **roles)
{
    struct roles *r = *roles;
    *roles = NULL;
    if (!r)
        return;
    steward_free(&r->steward);
    front_free(&r->front);
    courier_free(&r->courier);
    store_free(&r->context.store);
    tallies_free(&r->context.tallies);
    http_client_free(&r->context.client);
    timer_free(&r->drain);
    timer_free(&r->late);
    timer_free(&r->patience);
    context_fini(&r->context);
    free(r);
}
