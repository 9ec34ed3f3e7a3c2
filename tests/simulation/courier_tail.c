/* courier_tail: how a courier hears what the journal says: the tail, which waits for news on a
 * connection of its own, and pages of what lies further back. May not know: who is sent what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { WAKE_AGAIN_MS = 500 };

static void follow(struct world *w, struct courier *c);

static void tell_letter(struct world *w, struct courier *c, const struct line *line)
{
    char uid[24];
    snprintf(uid, sizeof(uid), "%llu", NUMBER(line->uid));
    struct direct d = {.n = line->n,
                       .at_ms = line->at_ms,
                       .host = span_of(w->hosts[line->host].name),
                       .inbox = span_of(line->url),
                       .kind = span_of(line->mail),
                       .body = span_of(uid)};
    snprintf(d.id, sizeof(d.id), "%llu-%llu", NUMBER(c->epoch), NUMBER(line->n));
    c->heard = line->n > c->heard ? line->n : c->heard;
    oracle_told(w, c, line);
    trace(w, "courier %u is told of letter %llu", c->number, NUMBER(line->n));
    schedule_direct(c->schedule, &d);
    c->told = true;
}

static void tell_order(struct world *w, struct courier *c, const struct line *line)
{
    struct span host = span_of(w->hosts[line->host].name);
    schedule_leave_out(c->schedule, line->n, host, span_of(line->left_out ? line->left_out : ""));
    schedule_order(c->schedule, line->n, line->order, host, line->of);
}

/* What was marked on it since is told by what comes later. */
static void tell_entry(struct world *w, struct courier *c, const struct line *line)
{
    struct entry *e = line_entry(w, line, false);
    schedule_entry(c->schedule, e);
    entry_unref(&e);
}

/* False: it has to load everything anew. */
static bool tell_line(struct world *w, struct courier *c, const struct line *line)
{
    uint64_t *last_line = &c->last_line[line->lane];
    if (line->previous > *last_line) {
        if (c->followed) { /* a member's change may be among them */
            courier_start_over(w, c, "the journal was trimmed faster than it was read");
            return false;
        }
        schedule_floor(c->schedule, line->lane, line->previous);
    }
    c->followed = c->told = true;
    *last_line = line->n;
    c->heard = line->n > c->heard ? line->n : c->heard;
    oracle_told(w, c, line);
    switch (line->kind) {
    case LINE_ENTRY: tell_entry(w, c, line); break;
    case LINE_CONTROL:
        if (member_read(span_of(line->member), w->member))
            schedule_control(c->schedule, line->n, w->member, line->cuts);
        break;
    case LINE_WAKE: schedule_awake(c->schedule, span_of(w->hosts[line->host].name)); break;
    case LINE_ORDER: tell_order(w, c, line); break;
    case LINE_GATES: courier_gated(w, c, line->frozen, line->n); break;
    case LINE_LETTER: break;
    }
    return true;
}

static void on_stream(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || !courier_holds(c))
        return;
    if (call->err != ERR_OK) {
        courier_away(w, c, "Redis refuses to read the journal");
        return;
    }
    for (size_t i = 0; i < call->lines_n; i++)
        if (call->lines[i]->kind == LINE_LETTER) {
            c->tail_mail = call->lines[i]->n;
            tell_letter(w, c, call->lines[i]);
        }
    for (size_t i = 0; i < call->lines_n; i++) {
        if (call->lines[i]->kind == LINE_LETTER)
            continue;
        if (!tell_line(w, c, call->lines[i]))
            return;
        c->tail_line = call->lines[i]->n;
    }
    if (call->to) {
        c->tail_mail = call->to;
        c->mail_read = true;
    }
    if (c->told) {
        courier_schedule(w, c);
        c->told = false;
    }
    follow(w, c);
}

static void ask_stream(struct world *w, struct courier *c, bool first)
{
    if (!c->tail.up || !courier_holds(c))
        return;
    struct call *call = call_new(w, &c->tail, db_stream, on_stream);
    call->reads = true;
    call->first = first;
    call->after = c->tail_line;
    call->of = c->tail_mail;
    call->give = c->held;
    call->count = w->plan.tail;
    call_send(w, call);
}

static void follow(struct world *w, struct courier *c)
{
    ask_stream(w, c, false);
}

/* Where the journal begins. */
static void on_first(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || !courier_holds(c))
        return;
    if (call->err != ERR_OK) {
        courier_start_over(w, c, "the journal can't be read");
        return;
    }
    for (unsigned lane = 0; lane < LANE_COUNT; lane++)
        if (call->floor[lane] > c->last_line[lane]) {
            c->last_line[lane] = call->floor[lane];
            c->told = true;
            schedule_floor(c->schedule, (enum lane)lane, call->floor[lane]);
        }
    if (call->lines_n)
        c->tail_line = call->lines[0]->n - 1;
    ask_stream(w, c, true);
}

void courier_tail_start(struct world *w, struct courier *c)
{
    if (!c->store.up)
        return;
    c->tail.up = true;
    c->tail_line = c->last_line[LANE_NORMAL];
    c->tail_mail = 0;
    c->mail_read = false;
    struct call *call = call_new(w, &c->store, db_page, on_first);
    call->reads = true;
    call->lane = LANE_BOTH;
    call->after = c->tail_line;
    call->count = 1;
    call_send(w, call);
}

/* From where it was. */
void courier_tail_again(struct world *w, struct courier *c)
{
    conn_close(w, &c->tail);
    c->tail.up = true;
    c->mail_read = false; /* what came meanwhile is heard first */
    c->told = true;
    ask_stream(w, c, true);
}

/* --- pages -------------------------------------------------------------------------------------
 */

static void on_page(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || !courier_holds(c))
        return;
    c->paging = false;
    if (call->err != ERR_OK || now_and_then(w, w->resting ? 0 : 10)) {
        w->tally.pages_failed++;
        schedule_page_failed(c->schedule);
        event_in(w, &c->wake, WAKE_AGAIN_MS);
        return;
    }
    struct entry **entries = mem_new((call->lines_n + 1) * sizeof(*entries));
    size_t n = 0;
    for (size_t i = 0; i < call->lines_n; i++)
        if (call->entries[i])
            entries[n++] = call->entries[i];
    bool whole = call->lines_n == call->count;
    uint64_t to = whole ? call->lines[call->lines_n - 1]->n : call->to;
    schedule_page(c->schedule, call->lane, call->after, to, entries, n, call->floor[call->lane]);
    free(entries);
    w->tally.pages++;
    w->tally.urgent_pages += call->lane == LANE_URGENT;
    courier_schedule(w, c);
}

void courier_ask_page(struct world *w, struct courier *c)
{
    uint64_t after;
    enum lane lane;
    if (!c->store.up || !schedule_want_page(c->schedule, &lane, &after))
        return;
    struct call *call = call_new(w, &c->store, db_page, on_page);
    call->reads = true;
    call->lane = lane;
    call->after = after;
    call->count = w->plan.page;
    c->paging = true;
    call_send(w, call);
}
