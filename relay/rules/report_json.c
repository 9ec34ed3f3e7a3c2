/* report_json: a report for programs.
 * May not know: where it comes from. */
#include "common/pure/date.h"
#include "common/pure/json.h"
#include "relay/rules/report_inner.h"

static void member_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    json_member(w, key, span_of(text));
}

static void begin(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_open(w, '[');
}

static void write_zones(const struct report *r, struct json_writer *w)
{
    begin(w, "members");
    for (size_t i = 0; i < r->zones.n; i++) {
        const struct report_zone *zones = r->zones.items[i];
        json_open(w, '{');
        json_member(w, "zone", span_of(zones->zone));
        for (int state = 0; state < MEMBER_STATE_COUNT; state++)
            json_member_int(w, member_state_name((enum member_state)state),
                            (int64_t)zones->n[state]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_weeks(const struct report *r, struct json_writer *w)
{
    begin(w, "weeks");
    for (size_t i = 0; i < r->weeks.n; i++) {
        const struct report_week *weeks = r->weeks.items[i];
        json_open(w, '{');
        json_member(w, "week", span_of(weeks->week));
        json_member(w, "zone", span_of(weeks->zone));
        json_member_int(w, "members", (int64_t)weeks->members);
        json_member_int(w, "authors", (int64_t)weeks->authors);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_crossings(const struct report *r, struct json_writer *w)
{
    begin(w, "crossed");
    for (size_t i = 0; i < r->crossings.n; i++) {
        const struct report_crossing *list = r->crossings.items[i];
        json_open(w, '{');
        json_member(w, "from", span_of(list->from));
        json_member(w, "to", span_of(list->to));
        json_member_int(w, "posts", (int64_t)list->n[TALLY_POST]);
        json_member_int(w, "replies", (int64_t)list->n[TALLY_REPLY]);
        json_member_int(w, "shares", (int64_t)list->n[TALLY_SHARE]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_refusals(const struct report *r, struct json_writer *w)
{
    begin(w, "refused");
    for (size_t i = 0; i < r->refusals.n; i++) {
        const struct report_refusal *list = r->refusals.items[i];
        json_open(w, '{');
        if (list->from[0])
            json_member(w, "from", span_of(list->from));
        if (list->to[0])
            json_member(w, "to", span_of(list->to));
        json_member(w, "code", span_of(list->code));
        json_member_int(w, "n", (int64_t)list->n);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* Of the last class nothing is known but that it took longer. */
static void member_class(struct json_writer *w, const char *key, unsigned class)
{
    json_key(w, key);
    if (class == TALLY_LAGS - 1)
        json_add_null(w);
    else
        json_add_int(w, tally_lag_most(class));
}

static void write_times(const struct report *r, struct json_writer *w)
{
    begin(w, "delivery");
    for (size_t i = 0; i < r->times.n; i++) {
        const struct report_times *times = r->times.items[i];
        json_open(w, '{');
        json_member(w, "zone", span_of(times->zone));
        json_member_int(w, "n", (int64_t)report_deliveries(times));
        member_class(w, "median_within_ms", report_class(times, 50));
        member_class(w, "p95_within_ms", report_class(times, 95));
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_pilots(const struct report *r, struct json_writer *w)
{
    begin(w, "pilots");
    for (size_t i = 0; i < r->pilots.n; i++) {
        const struct report_pilot *pilots = r->pilots.items[i];
        json_open(w, '{');
        json_member(w, "what", span_of(pilots->what));
        if (pilots->zone[0])
            json_member(w, "zone", span_of(pilots->zone));
        json_member(w, "state", span_of(pilots->state));
        if (pilots->sponsor[0])
            json_member(w, "sponsor", span_of(pilots->sponsor));
        member_time(w, "until", pilots->until_ms);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void report_write_json(struct report *r, int64_t now_ms, struct bytes *out)
{
    struct json_writer w;
    report_sort(r);
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "month", span_of(r->month));
    json_member_bool(&w, "over", report_over(r, now_ms));
    member_time(&w, "written", now_ms);
    write_zones(r, &w);
    write_weeks(r, &w);
    write_crossings(r, &w);
    write_refusals(r, &w);
    write_times(r, &w);
    write_pilots(r, &w);
    json_member_bool(&w, "more_pilots", r->more_pilots);
    json_member_int(&w, "not_told_apart", (int64_t)r->over);
    json_close(&w, '}');
}
