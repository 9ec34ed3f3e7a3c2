/* admin_status: how the relay is doing, in one object.
 *
 * The journal's length is Redis's to say; the rest is told by the metrics, which all roles share.
 * May not know: what a command line looks like. */
#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/meters.h"

static void gauge(struct json_writer *w, const char *key, enum meter meter, size_t value)
{
    json_member_int(w, key, (int64_t)metric_get(meter, value));
}

/* What those who deliver say of themselves once a second: `read` is how far. */
static void write_destinations(struct json_writer *w)
{
    gauge(w, "read", METER_POSITION, 0);
    gauge(w, "lag", METER_BEHIND, 0);
    gauge(w, "direct", METER_DIRECT, 0);
    json_key(w, "destinations");
    json_open(w, '{');
    gauge(w, "idle", METER_DESTINATIONS, METER_STATE_IDLE);
    gauge(w, "sending", METER_DESTINATIONS, METER_STATE_SENDING);
    gauge(w, "ready", METER_DESTINATIONS, METER_STATE_READY);
    gauge(w, "waiting", METER_DESTINATIONS, METER_STATE_WAITING);
    gauge(w, "reading", METER_DESTINATIONS, METER_STATE_READING);
    gauge(w, "held", METER_DESTINATIONS, METER_STATE_HELD);
    json_close(w, '}');
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
    json_member_int(w, "epoch", (int64_t)store_epoch(c->store));
    json_member_int(w, "time", clock_wall_ms());
}

/* Also while Redis is away: that is what is asked for then. */
static void on_ledger(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    call->book = book;
    if (call->admin) {
        json_open(&call->w, '{');
        write_relay(call->admin->config.context, &call->w);
        if (err == ERR_OK)
            json_member_int(&call->w, "position", (int64_t)book->last);
        write_destinations(&call->w);
        write_members(&call->w);
        json_close(&call->w, '}');
    }
    call_end(call, ERR_OK, SPAN_NONE);
}

void admin_status(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    ledger_read(a->config.context->store, SPAN_NONE, on_ledger, call);
}
