/* admin_status: how the relay is doing, in one object.
 *
 * The journal's length is Redis's to say; the rest is told by the metrics, which all roles share.
 * May not know: what a command line looks like. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/meters.h"
#include "relay/rules/judge.h"
#include "relay/rules/promised.h"
#include "relay/store/couriers.h"
#include "relay/store/freezes.h"

enum { PAGE = 16 }; /* lines in which an entry is looked for: most of them are one */

struct look {   /* of one call */
    bool known; /* what Redis says of couriers and replicas */
    struct couriers couriers;
    uint64_t lag; /* entries */
    bool frozen_known;
    struct freezes frozen;
};

static void gauge(struct json_writer *w, const char *key, enum meter meter, size_t value)
{
    json_member_int(w, key, (int64_t)metric_get(meter, value));
}

/* What those who deliver say of themselves once a second: `read` is how far. */
static void write_destinations(struct json_writer *w)
{
    gauge(w, "read", METER_POSITION, 0);
    json_key(w, "destinations");
    json_open(w, '{');
    gauge(w, "idle", METER_DESTINATIONS, METER_STATE_IDLE);
    gauge(w, "sending", METER_DESTINATIONS, METER_STATE_SENDING);
    gauge(w, "ready", METER_DESTINATIONS, METER_STATE_READY);
    gauge(w, "waiting", METER_DESTINATIONS, METER_STATE_WAITING);
    gauge(w, "reading", METER_DESTINATIONS, METER_STATE_READING);
    gauge(w, "held", METER_DESTINATIONS, METER_STATE_HELD);
    gauge(w, "frozen", METER_DESTINATIONS, METER_STATE_FROZEN);
    json_close(w, '}');
    gauge(w, "parked", METER_PARKED, 0);
    gauge(w, "onHold", METER_ON_HOLD, 0);
    json_member_bool(w, "suspectsItself", metric_get(METER_SUSPECT, 0) > 0);
}

static void write_members(struct json_writer *w)
{
    json_key(w, "members");
    json_open(w, '{');
    for (int state = 0; state < MEMBER_STATE_COUNT; state++)
        json_member_int(w, member_state_name((enum member_state)state),
                        (int64_t)metric_get(METER_MEMBERS, (size_t)state));
    json_close(w, '}');
}

/* Which file, and which text of it (SHA-256), the relay goes by. */
static void write_configuration(const struct config *config, struct json_writer *w)
{
    char *file = realpath(config->path, NULL);
    json_key(w, "configuration");
    json_open(w, '{');
    json_member(w, "file", span_of(file ? file : config->path));
    json_member(w, "digest", span_of(config->digest));
    json_close(w, '}');
    free(file);
}

static void write_relay(const struct context *c, struct json_writer *w)
{
    json_member(w, "version", SPAN(WEIR_VERSION));
    json_member(w, "url", span_of(c->config->set.url));
    json_member_bool(w, "ready", store_ready(c->store));
    json_member_int(w, "epoch", (int64_t)store_epoch(c->store));
    json_member_int(w, "time", clock_wall_ms());
    write_configuration(c->config, w);
}

/* What a 202 promises, and whether that can be kept now. */
static void write_promise(const struct context *c, const struct couriers *there,
                          struct json_writer *w)
{
    const struct settings *set = &c->config->set;
    const struct promised p = {.strict = set->durability == DURABILITY_STRICT,
                               .asked = (uint64_t)set->redis_replicas,
                               .known = there != NULL,
                               .follow = there ? there->replicas : 0};
    json_member(w, "durability", p.strict ? SPAN("strict") : SPAN("standard"));
    json_member(w, "powerCut", span_of(promised_power_cut(&p)));
    json_member_int(w, "replicas", set->redis_replicas);
    if (there)
        json_member_int(w, "replicasFollow", (int64_t)there->replicas);
    json_member(w, "failover", span_of(promised_failover(&p)));
    json_member_bool(w, "promiseKept", promised_kept(&p));
}

static void write_couriers(const struct couriers *there, struct json_writer *w)
{
    json_key(w, "couriers");
    json_open(w, '[');
    for (size_t i = 0; i < there->n; i++) {
        json_open(w, '{');
        json_member(w, "machine", span_of(there->list[i].name));
        json_member_int(w, "couriers", there->list[i].couriers);
        json_member_int(w, "shards", there->list[i].shards);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_member_int(w, "shardsFree", there->nobodys);
}

/* How far who is furthest behind lacks, as of what is written down: couriers of other machines tell
 * us nothing else. */
static uint64_t behind(const struct book *b)
{
    uint64_t low = b->last;
    for (unsigned shard = 0; shard < b->shards; shard++)
        low = b->low[shard] < low ? b->low[shard] : low;
    for (size_t i = 0; i < b->own_n; i++)
        low = b->own[i].cursor.low < low ? b->own[i].cursor.low : low;
    return b->last - low;
}

static void write_book(const struct book *b, struct json_writer *w)
{
    size_t aside = 0;
    for (size_t i = 0; i < b->own_n; i++)
        aside += b->own[i].cursor.aside_n;
    json_member_int(w, "position", (int64_t)b->last);
    json_member_int(w, "direct", (int64_t)b->mail);
    json_member_int(w, "aside", (int64_t)aside);
    json_member_int(w, "dead", (int64_t)b->dead);
}

/* Also while Redis is away: that is what is asked for then. */
static void finish(struct call *call, int64_t lag_ms)
{
    const struct look *look = call->more;
    const struct couriers *there = look->known ? &look->couriers : NULL;
    if (call->admin) {
        const struct context *c = call->admin->config.context;
        json_open(&call->w, '{');
        write_relay(c, &call->w);
        write_promise(c, there, &call->w);
        if (there)
            write_couriers(there, &call->w);
        if (call->book)
            write_book(call->book, &call->w);
        if (look->frozen_known)
            view_freezes(&call->w, &look->frozen);
        gauge(&call->w, "holds", METER_HELD, 0);
        json_member_int(&call->w, "lag", (int64_t)look->lag);
        json_member_int(&call->w, "lag_s", lag_ms / 1000);
        write_destinations(&call->w);
        json_member_int(&call->w, "accepted", (int64_t)metric_get(METER_APPENDED, 0));
        json_member_int(&call->w, "delivered",
                        (int64_t)metric_get(METER_DELIVERIES, VERDICT_DELIVERED));
        write_members(&call->w);
        json_close(&call->w, '}');
    }
    call_end(call, ERR_OK, SPAN_NONE);
}

/* How old the first entry is that somebody lacks. */
static void on_oldest(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    int64_t now_ms = clock_wall_ms();
    int64_t since_ms = now_ms;
    for (size_t i = page->err == ERR_OK ? page->lines_n : 0; i > 0; i--)
        if (page->lines[i - 1].kind == JOURNAL_ENTRY)
            since_ms = page->lines[i - 1].entry->at_ms;
    finish(call, now_ms - since_ms);
}

/* Those who deliver here know better than what they have written down. */
static void on_freezes(void *arg, enum err err, const struct freezes *freezes)
{
    struct call *call = arg;
    struct look *look = call->more;
    const struct book *b = call->book;
    look->lag = (uint64_t)metric_get(METER_BEHIND, 0);
    look->frozen_known = err == ERR_OK;
    if (freezes)
        look->frozen = *freezes;
    if (look->known && b && metric_get(METER_POSITION, 0) <= 0)
        look->lag = behind(b);
    if (!call->admin || !b || !look->lag || look->lag > b->last)
        finish(call, 0);
    else
        journal_page(call->admin->config.context->store, LANE_BOTH, b->last - look->lag, PAGE,
                     on_oldest, call);
}

static void on_couriers(void *arg, enum err err, const struct couriers *couriers)
{
    struct call *call = arg;
    struct look *look = call->more;
    if (err == ERR_OK) {
        look->known = true;
        look->couriers = *couriers;
    }
    if (call->admin)
        freezes_read(call->admin->config.context->store, "", on_freezes, call);
    else
        finish(call, 0);
}

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    (void)err; /* told by what is missing, and by `ready` */
    call->book = book;
    if (call->admin)
        couriers_read(call->admin->config.context->store, on_couriers, call);
    else
        finish(call, 0);
}

void admin_status(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    struct ledger_ask ask = {.since_ms = -1};
    call->more = mem_new(sizeof(struct look));
    call->more_free = free;
    ledger_read(a->config.context->store, &ask, on_book, call);
}
