/* trace: what became of an entry, inbox by inbox.
 *
 * An inbox that the member had when the entry came, and has not any more, is not known by name;
 * what is recorded of it is told all the same.
 *
 * May not know: how a cursor comes to pass an entry (schedule.c), or where the facts were read. */
#include "relay/rules/trace.h"

#include "relay/rules/mark.h"

const char *trace_verdict_name(enum trace_verdict verdict)
{
    static const char *const names[] = {
#define X(name, text) [TRACE_##name] = (text),
        TRACE_VERDICTS(X)
#undef X
    };
    return names[verdict];
}

/* What all rows of one member are made from. */
struct facts {
    const struct entry *e;
    const struct member *m;
    const struct book *b;
    int64_t now_ms;
    struct cursor cursor;
    const struct book_record *records;
    size_t records_n;
};

/* --- for whom it is --------------------------------------------------------------------------- */

static bool was_member(const struct member *m, uint64_t n)
{
    for (size_t i = 0; i < m->spans_n; i++)
        if (m->spans[i].from < n && n <= m->spans[i].to)
            return true;
    return false;
}

/* It was a member then, that only published. */
static bool was_mute(const struct member *m, uint64_t n)
{
    for (size_t i = 0; i < m->spans_n; i++)
        if (m->spans[i].from < n && n <= m->spans[i].to)
            return !m->spans[i].zone[0];
    return false;
}

/* Whether any inbox may have it in some form: those of the member, or, where none of them was there
 * yet, one that takes everything. */
static bool has_form(const struct entry *e, const struct member *m)
{
    bool any = false;
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++) {
        const struct member_inbox *inbox = &m->inboxes[i];
        if (!inbox->url[0] || inbox->from >= e->n)
            continue;
        if (outgoing_form(&e->facts, inbox->style) != FORM_NOTHING)
            return true;
        any = true;
    }
    return !any && outgoing_form(&e->facts, STYLE_PUBLIC) != FORM_NOTHING;
}

const char *trace_not_for(const struct entry *e, const struct member *m)
{
    struct span host = span_of(m->host);
    if (span_eq(e->origin, host) || span_eq(e->object_host, host))
        return "origin";
    bool reached = e->lane == LANE_URGENT &&
                   mark_reaches(e, m->spans, m->spans_n, m->farewell.url[0] ? m->since_ms : 0);
    if (!reached && !was_member(m, e->n))
        return "not-member";
    if (!reached && was_mute(m, e->n))
        return "publish-only";
    if (!reached && e->lane == LANE_URGENT)
        return "zone";
    if (e->lane == LANE_NORMAL && !member_spans_entitle(m->spans, m->spans_n, e->n, e->audience))
        return "zone";
    return has_form(e, m) ? NULL : "no-form";
}

/* --- one inbox -------------------------------------------------------------------------------- */

static const struct book_record *recorded(const struct facts *f, enum book_kind kind, unsigned slot)
{
    for (size_t i = 0; i < f->records_n; i++) {
        const struct book_record *r = &f->records[i];
        bool here = r->from < f->e->n && f->e->n <= r->n &&
                    (kind != BOOK_CUT || r->lanes >> f->e->lane & 1);
        if (r->kind == kind && here && (r->slot == slot || r->slot == BOOK_EVERY_SLOT))
            return r;
    }
    return NULL;
}

static const struct cursor_aside *aside(const struct facts *f, unsigned slot)
{
    for (size_t i = 0; i < f->cursor.aside_n; i++)
        if (f->cursor.aside[i].n == f->e->n && f->cursor.aside[i].slot == slot)
            return &f->cursor.aside[i];
    return NULL;
}

static bool passed(const struct cursor *c, const struct entry *e, unsigned slot)
{
    if (e->lane == LANE_URGENT)
        return c->urgent >= e->n || (c->head.n == e->n && c->head.done >> slot & 1);
    return c->low >= e->n || (slot < CURSOR_SLOTS_MAX && cursor_done(c, e->n) >> slot & 1);
}

/* An inbox that the member had when the entry came, and that may have it in some form. */
static bool takes(const struct entry *e, const struct member_inbox *inbox)
{
    return inbox->url[0] && inbox->from < e->n &&
           outgoing_form(&e->facts, inbox->style) != FORM_NOTHING;
}

static bool bids_farewell(const struct entry *e, const struct member *m)
{
    return e->lane == LANE_URGENT && m->farewell.url[0] &&
           outgoing_form(&e->facts, m->farewell.style) != FORM_NOTHING;
}

bool trace_is_owed(const struct entry *e, const struct member *m, const struct cursor *c)
{
    bool any = bids_farewell(e, m);
    if (trace_not_for(e, m))
        return false;
    if (any && !passed(c, e, m->farewell_slot))
        return true;
    for (unsigned slot = 0; slot < MEMBER_INBOXES_MAX; slot++) {
        if (!takes(e, &m->inboxes[slot]))
            continue;
        any = true;
        if (!passed(c, e, slot))
            return true;
    }
    return !any && !passed(c, e, BOOK_EVERY_SLOT);
}

const char *trace_waits(const struct member *m, const struct cursor *c)
{
    if (m->state == MEMBER_SUSPENDED)
        return m->lost ? err_code(ERR_INBOX_LOST) : "suspended";
    if (m->state != MEMBER_ACTIVE)
        return "leaving";
    if (c->health.held)
        return "held";
    if (c->shut)
        return "accept";
    if (c->health.parked_ms)
        return "parked";
    return c->health.failures ? "host" : "queue";
}

/* A later entry of its object takes it back, or replaces it there: it waits to be passed over, or
 * was. */
static enum err marked(const struct facts *f, unsigned slot, uint64_t *ret_by)
{
    const struct member_inbox *inbox = &f->m->inboxes[slot % MEMBER_INBOXES_MAX];
    const struct mark_place place = {.spans = f->m->spans,
                                     .spans_n = f->m->spans_n,
                                     .from = inbox->from,
                                     .style = inbox->style,
                                     .position = f->b->last};
    return mark_skips(f->e, &place, ret_by);
}

/* It was accepted before its way was frozen, and waits for the thaw. */
static bool is_frozen(const struct facts *f)
{
    return f->m->state == MEMBER_ACTIVE && !f->cursor.health.held &&
           gates_stop(&f->b->gates, f->e, f->m->zone);
}

static void tell_waiting(const struct facts *f, unsigned slot, struct trace_row *row)
{
    const struct cursor *c = &f->cursor;
    bool urgent = f->e->lane == LANE_URGENT;
    const struct cursor_part *part = cursor_part(c, f->e->n, slot);
    const struct cursor_tried *tried = part ? &part->tried : NULL;
    if (urgent)
        tried = c->head.n == f->e->n && c->head.slot == slot ? &c->head.tried : NULL;
    row->verdict = TRACE_WAITING;
    row->failures = c->health.failures;
    row->ahead = f->e->n - (urgent ? c->urgent : c->low) - 1;
    if (tried) {
        row->tries = tried->tries;
        row->status = tried->past.status;
    }
    bool stays = f->m->state == MEMBER_ACTIVE || f->m->state == MEMBER_SUSPENDED;
    bool its = urgent || audience_has(f->e->audience, f->m->zone); /* whoever may have had it */
    enum err skipped = stays ? marked(f, slot, &row->by) : ERR_OK;
    bool frozen = is_frozen(f);
    row->code = skipped         ? err_code(skipped)
                : stays && !its ? "no-right"
                : frozen        ? err_code(ERR_FROZEN)
                                : trace_waits(f->m, c);
    if (f->m->state == MEMBER_ACTIVE && its && !c->shut && (skipped || !frozen))
        row->next_ms = c->health.wake_ms;
}

static void tell_never(const struct book_record *r, struct trace_row *row)
{
    row->verdict = TRACE_NEVER;
    row->code = r->code;
    row->until_ms = r->at_ms;
    row->tries = r->tries;
    row->status = r->status;
    row->detail = r->detail;
    row->dropped = r->dropped;
}

static void tell_delivered(const struct facts *f, const struct book_record *late,
                           struct trace_row *row)
{
    row->verdict = TRACE_DELIVERED;
    row->tries = late && late->tries ? late->tries : 1; /* 0: ahead of its cursor */
    row->code = late && late->tries == 1 ? "apart" : "";
    row->since_ms = late ? late->at_ms : f->e->at_ms;
    row->until_ms = late ? late->at_ms : f->now_ms;
    if (!late && f->e->lane == LANE_NORMAL) /* the marks tell of that lane */
        book_when(f->b, span_of(f->m->host), f->e->n, &row->since_ms, &row->until_ms);
}

/* The latest attempt at it there, where it is still told of. */
static void tell_attempt(const struct facts *f, unsigned slot, struct trace_row *row)
{
    const struct book_recents *told = book_recents(f->b, span_of(f->m->host));
    for (size_t i = 0; told && i < told->n; i++) {
        const struct recent *r = &told->list[i];
        if (r->n != f->e->n || r->slot != slot)
            continue;
        row->ms = r->ms;
        if (!row->status)
            row->status = r->status;
        bool known = row->since_ms == row->until_ms;
        if (row->verdict == TRACE_DELIVERED && r->why == ERR_OK && !known) {
            row->since_ms = r->at_ms - r->ms - 1; /* rounded down both */
            row->until_ms = r->at_ms;
        }
        return;
    }
}

/* What was recorded stands above what the cursor says; that it was delivered late, above a cut that
 * came while other inboxes were still waiting. */
static void tell(const struct facts *f, unsigned slot, struct trace_row *row)
{
    const struct book_record *late = recorded(f, BOOK_LATE, slot);
    const struct book_record *fail = recorded(f, BOOK_FAIL, slot);
    const struct book_record *passed_over = recorded(f, BOOK_SKIP, slot);
    const struct book_record *cut = recorded(f, BOOK_CUT, slot);
    const struct cursor_aside *apart = aside(f, slot);
    bool again = apart && apart->again;
    if (again || (late && !apart && !fail)) {
        tell_delivered(f, late, row);
    } else if (apart) {
        row->verdict = TRACE_ASIDE;
        bool frozen = is_frozen(f);
        row->code = frozen ? err_code(ERR_FROZEN) : apart->tried.tries ? "failed" : "object";
        row->next_ms = frozen ? 0 : apart->wake_ms;
        row->tries = apart->tried.tries;
        row->status = apart->tried.past.status;
    } else if (fail) {
        tell_never(fail, row);
    } else if (passed_over || cut) {
        const struct book_record *r = passed_over ? passed_over : cut;
        row->verdict = passed_over ? TRACE_SKIPPED : TRACE_CUT;
        row->code = r->code;
        row->until_ms = r->at_ms;
        if (passed_over)
            marked(f, slot, &row->by);
    } else if (passed(&f->cursor, f->e, slot)) {
        tell_delivered(f, NULL, row);
    } else {
        tell_waiting(f, slot, row);
    }
    tell_attempt(f, slot, row);
}

/* --- all of them ------------------------------------------------------------------------------ */

static struct trace_row blank(void)
{
    return (struct trace_row){.inbox = "", .code = "", .detail = ""};
}

/* Inboxes that are not the member's any more, or were not yet, and of which something is recorded.
 */
static size_t tell_former(const struct facts *f, unsigned told, size_t n, struct trace_row *rows)
{
    for (unsigned slot = 0; slot < MEMBER_INBOXES_MAX; slot++) {
        bool known = aside(f, slot) != NULL;
        for (size_t i = 0; i < f->records_n; i++)
            known = known || (f->records[i].slot == slot && f->records[i].from < f->e->n &&
                              f->e->n <= f->records[i].n);
        if (!known || (told >> slot & 1))
            continue;
        rows[n] = blank();
        tell(f, slot, &rows[n++]);
    }
    return n;
}

size_t trace_member(const struct entry *e, const struct member *m, const struct book *b,
                    int64_t now_ms, struct trace_row rows[TRACE_ROWS_MAX])
{
    struct facts f = {
        .e = e, .m = m, .b = b, .now_ms = now_ms, .cursor = book_cursor(b, span_of(m->host))};
    const char *not_for = trace_not_for(e, m);
    size_t n = 0;
    unsigned told = 0;
    if (not_for) {
        rows[0] = blank();
        rows[0].verdict = TRACE_NOT_FOR_IT;
        rows[0].code = not_for;
        return 1;
    }
    if (book_unread(b, span_of(m->host))) {
        rows[0] = blank();
        rows[0].verdict = TRACE_UNKNOWN;
        rows[0].code = err_code(ERR_UNREADABLE);
        return 1;
    }
    f.records = book_records(b, span_of(m->host), &f.records_n);
    for (unsigned slot = 0; slot < MEMBER_INBOXES_MAX; slot++) {
        const struct member_inbox *inbox = &m->inboxes[slot];
        if (!takes(e, inbox))
            continue;
        rows[n] = blank();
        rows[n].inbox = inbox->url;
        tell(&f, slot, &rows[n++]);
        told |= 1U << slot;
    }
    if (bids_farewell(e, m)) {
        rows[n] = blank();
        rows[n].inbox = m->farewell.url;
        tell(&f, m->farewell_slot, &rows[n++]);
        told |= 1U << m->farewell_slot;
    }
    n = tell_former(&f, told, n, rows);
    if (n ==
        0) { /* it was there then, with an inbox that is gone: what holds for all holds for it */
        rows[0] = blank();
        tell(&f, BOOK_EVERY_SLOT, &rows[0]);
        n = 1;
    }
    return n;
}
