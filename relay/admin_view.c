/* admin_view: entries, verdicts and records as operators see them, as JSON.
 * May not know: who asks. */
#include "common/pure/date.h"
#include "relay/admin_inner.h"

void view_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    if (!ms)
        return;
    date_iso_ms_write(ms, text);
    json_member(w, key, span_of(text));
}

static void text(struct json_writer *w, const char *key, const char *value)
{
    if (value[0])
        json_member(w, key, span_of(value));
}

static void count(struct json_writer *w, const char *key, uint64_t value)
{
    if (value)
        json_member_int(w, key, (int64_t)value);
}

void view_entry(struct json_writer *w, const struct entry *e)
{
    struct span rest = e->audience;
    json_member_int(w, "n", (int64_t)e->n);
    json_member(w, "activity", e->id);
    json_member(w, "type", span_of(activity_type_name(e->facts.type)));
    json_member(w, "object", e->object.n ? e->object : SPAN_NONE);
    json_member(w, "from", e->origin);
    view_time(w, "accepted", e->at_ms);
    json_key(w, "audience");
    json_open(w, '[');
    while (rest.p && rest.n)
        json_add_text(w, span_cut(&rest, ','));
    json_close(w, ']');
    json_member_bool(w, "proof", e->facts.has_proof);
    json_member(w, "lane", e->lane == LANE_URGENT ? SPAN("urgent") : SPAN("normal"));
}

void view_entry_short(struct json_writer *w, const struct entry *e)
{
    if (!e)
        return;
    json_member(w, "activity", e->id);
    json_member(w, "type", span_of(activity_type_name(e->facts.type)));
    view_time(w, "accepted", e->at_ms);
}

void view_row(struct json_writer *w, const struct trace_row *row)
{
    text(w, "inbox", row->inbox);
    json_member(w, "verdict", span_of(trace_verdict_name(row->verdict)));
    text(w, "code", row->code);
    view_time(w, "since", row->since_ms);
    view_time(w, "until", row->until_ms);
    if (row->tries)
        json_member_int(w, "attempts", row->tries);
    if (row->status)
        json_member_int(w, "status", row->status);
    count(w, "by", row->by);
    count(w, "ms", (uint64_t)row->ms);
    count(w, "failures", row->failures);
    view_time(w, "next", row->next_ms);
    count(w, "ahead", row->ahead);
    text(w, "detail", row->detail);
    if (row->verdict == TRACE_NEVER)
        json_member_bool(w, "dropped", row->dropped);
}

void view_attempt(struct json_writer *w, const struct recent *r, const struct member *m)
{
    const char *inbox = r->slot < MEMBER_INBOXES_MAX ? m->inboxes[r->slot].url : "";
    json_open(w, '{');
    json_member_int(w, "n", (int64_t)r->n);
    json_member_bool(w, "direct", r->slot > MEMBER_INBOXES_MAX);
    text(w, "inbox", inbox);
    json_member_int(w, "attempt", r->tries);
    if (r->why < ERR_COUNT)
        json_member(w, "code", span_of(err_code(r->why)));
    if (r->status)
        json_member_int(w, "status", r->status);
    json_member_int(w, "ms", r->ms);
    view_time(w, "at", r->at_ms);
    json_close(w, '}');
}

void view_record(struct json_writer *w, const struct book_record *r)
{
    if (r->kind == BOOK_CUT)
        json_member_int(w, "after", (int64_t)r->from);
    json_member_int(w, "n", (int64_t)r->n);
    text(w, "code", r->code);
    if (r->status)
        json_member_int(w, "status", r->status);
    if (r->tries)
        json_member_int(w, "attempts", r->tries);
    view_time(w, "at", r->at_ms);
    text(w, "detail", r->detail);
    if (r->kind == BOOK_FAIL)
        json_member_bool(w, "dropped", r->dropped);
}
