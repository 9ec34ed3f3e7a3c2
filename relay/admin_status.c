/* admin_status: how the relay is doing, in one object.
 *
 * The journal's length is Redis's to say; the rest is told by the metrics, which all roles share.
 * May not know: what a command line looks like. */
#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/meters.h"
#include "relay/rules/judge.h"

enum { PAGE = 16 }; /* lines in which an entry is looked for: most of them are one */

static void gauge(struct json_writer *w, const char *key, enum meter meter, size_t value)
{
    json_member_int(w, key, (int64_t)metric_get(meter, value));
}

/* What those who deliver say of themselves once a second: `read` is how far. */
static void write_destinations(struct json_writer *w)
{
    gauge(w, "read", METER_POSITION, 0);
    gauge(w, "lag", METER_BEHIND, 0);
    json_key(w, "destinations");
    json_open(w, '{');
    gauge(w, "idle", METER_DESTINATIONS, METER_STATE_IDLE);
    gauge(w, "sending", METER_DESTINATIONS, METER_STATE_SENDING);
    gauge(w, "ready", METER_DESTINATIONS, METER_STATE_READY);
    gauge(w, "waiting", METER_DESTINATIONS, METER_STATE_WAITING);
    gauge(w, "reading", METER_DESTINATIONS, METER_STATE_READING);
    gauge(w, "held", METER_DESTINATIONS, METER_STATE_HELD);
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

static void write_relay(const struct context *c, struct json_writer *w)
{
    json_member(w, "version", SPAN(WEIR_VERSION));
    json_member(w, "url", span_of(c->config->set.url));
    json_member_bool(w, "ready", store_ready(c->store));
    json_member(w, "durability",
                c->config->set.durability == DURABILITY_STRICT ? SPAN("strict") : SPAN("standard"));
    json_member_int(w, "replicas", c->config->set.redis_replicas);
    json_member_int(w, "epoch", (int64_t)store_epoch(c->store));
    json_member_int(w, "time", clock_wall_ms());
}

/* Also while Redis is away: that is what is asked for then. */
static void finish(struct call *call, int64_t lag_ms)
{
    const struct book *b = call->book;
    size_t aside = 0;
    if (call->admin) {
        json_open(&call->w, '{');
        write_relay(call->admin->config.context, &call->w);
        for (size_t i = 0; b && i < b->own_n; i++)
            aside += b->own[i].cursor.aside_n;
        if (b) {
            json_member_int(&call->w, "position", (int64_t)b->last);
            json_member_int(&call->w, "direct", (int64_t)b->mail);
            json_member_int(&call->w, "aside", (int64_t)aside);
            json_member_int(&call->w, "dead", (int64_t)b->dead);
        }
        write_destinations(&call->w);
        json_member_int(&call->w, "lag_s", lag_ms / 1000);
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

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    uint64_t lag = (uint64_t)metric_get(METER_BEHIND, 0);
    (void)err; /* told by what is missing, and by `ready` */
    call->book = book;
    if (!call->admin || !book || !lag || lag > book->last)
        finish(call, 0);
    else
        journal_page(call->admin->config.context->store, LANE_BOTH, book->last - lag, PAGE,
                     on_oldest, call);
}

void admin_status(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    struct ledger_ask ask = {.since_ms = -1};
    ledger_read(a->config.context->store, &ask, on_book, call);
}
