/* trace: what became of an entry, from what is known of a member. One scene for each row: entry 10,
 * of zones internal and partners, from o.example; who it is about is m.example, in zone internal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/trace.h"
#include "tests/unit/rules/trace_scenes.h"

/* --- the scene as it is ------------------------------------------------------------------------
 */

static struct entry *entry_of(const struct scene *s)
{
    uint64_t of = s->of;
    struct entry e = {
        .n = 10,
        .lane = s->urgent ? LANE_URGENT : LANE_NORMAL,
        .of = &of,
        .of_n = of != 0,
        .at_ms = ACCEPTED,
        .facts = {.type = s->type ? s->type : ACTIVITY_CREATE, .has_proof = !s->no_proof},
        .zone = SPAN("partners"),
        .audience = span_of(s->audience ? s->audience : "internal,partners"),
        .origin = span_of(s->origin ? s->origin : "o.example"),
        .object_host = span_of(s->object_host ? s->object_host : "o.example")};
    struct entry *entry = entry_new(&e);
    if (s->mark) {
        struct entry_mark mark = {
            .recalled = s->mark[0] == 'r', .proof = true, .audience = SPAN("internal,partners")};
        assert_true(span_u64(span_of(s->mark + 1), UINT64_MAX, &mark.by));
        entry_mark_add(entry, &mark);
    }
    return entry;
}

static uint64_t number(struct span text)
{
    uint64_t n;
    assert_true(span_u64(text, UINT64_MAX, &n));
    return n;
}

static void member_of(const struct scene *s, struct member *m)
{
    struct span spans = span_of(s->spans ? s->spans : "3-");
    struct span inboxes = span_of(s->inboxes ? s->inboxes : "3p");
    *m = (struct member){.host = "m.example",
                         .state = s->state == MEMBER_INVITED ? MEMBER_ACTIVE : s->state,
                         .lost = s->lost};
    snprintf(m->zone, sizeof m->zone, "%s", s->zone ? s->zone : "internal");
    while (spans.n) {
        struct span to = span_cut(&spans, ' ');
        bool mute = to.p[0] == '!'; /* it only published */
        to = mute ? (struct span){to.p + 1, to.n - 1} : to;
        struct member_span *span = &m->spans[m->spans_n++];
        span->from = number(span_cut(&to, '-'));
        span->to = to.n ? number(to) : MEMBER_SPAN_OPEN;
        snprintf(span->zone, sizeof span->zone, "%s", mute ? "" : "internal");
    }
    for (size_t slot = 0; inboxes.n; slot++) {
        struct span one = span_cut(&inboxes, ' ');
        if (span_eq_str(one, "-"))
            continue;
        snprintf(m->inboxes[slot].url, MEMBER_URL_SIZE, "%zu", slot);
        m->inboxes[slot].style = one.p[one.n - 1] == 'p' ? STYLE_PUBLIC : STYLE_LITEPUB;
        m->inboxes[slot].from = number((struct span){one.p, one.n - 1});
    }
}

static struct book *book_of(const struct scene *s)
{
    static const char *const kinds[] = {"fail", "late", "skip", "cut"};
    struct book *b = book_new(SHARDS);
    struct span records = span_of(s->records);
    struct cursor cursor;
    b->last = 100;
    assert_true(gates_read(span_of(s->gates), &b->gates));
    for (unsigned i = 0; i < SHARDS; i++)
        b->low[i] = b->urgent[i] = s->low;
    if (s->recents)
        assert_true(book_add_recents(b, SPAN("m.example"), span_of(s->recents)));
    if (s->cursor) {
        if (!cursor_read(span_of(s->cursor), &cursor))
            fail_msg("%s: no cursor: %s", s->name, s->cursor);
        book_add_own(b, SPAN("m.example"), &cursor);
        cursor_fini(&cursor);
    }
    while (records.n) {
        struct span text = span_cut(&records, '|');
        struct span kind = span_cut(&text, ' ');
        unsigned k = 0;
        while (!span_eq_str(kind, kinds[k]))
            k++;
        assert_true(book_add_record(b, (enum book_kind)k, text));
    }
    book_close(b);
    return b;
}

/* --- what came out, in words --------------------------------------------------------------------
 */

static void add_number(struct bytes *out, const char *word, int64_t n)
{
    if (n)
        bytes_addf(out, " %s %d", word, (int)n);
}

static void row_text(const struct trace_row *r, struct bytes *out)
{
    bytes_addf(out, "%s %s", trace_verdict_name(r->verdict), r->inbox[0] ? r->inbox : "?");
    if (r->verdict == TRACE_DELIVERED) {
        bytes_addf(out, " %d-%d %u%s%s", (int)r->since_ms, (int)r->until_ms, r->tries,
                   r->code[0] ? " " : "", r->code);
        if (r->ms)
            bytes_addf(out, " (%d in %d)", r->status, (int)r->ms);
        return;
    }
    bytes_addf(out, " %s", r->code);
    add_number(out, "by", (int64_t)r->by);
    add_number(out, "at", r->until_ms);
    add_number(out, "tries", r->tries);
    add_number(out, "answered", r->status);
    add_number(out, "failures", r->failures);
    add_number(out, "after", (int64_t)r->ahead);
    add_number(out, "next", r->next_ms);
    add_number(out, "in", r->ms);
    if (r->detail[0])
        bytes_addf(out, ": %s", r->detail);
    if (r->dropped)
        bytes_add_str(out, " dropped");
}

static void test_scenes(void **state)
{
    struct member *m = mem_new(sizeof(*m));
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        struct trace_row rows[TRACE_ROWS_MAX];
        struct entry *e = entry_of(&scenes[i]);
        struct book *b = book_of(&scenes[i]);
        struct bytes out;
        bytes_init(&out, 4096);
        member_of(&scenes[i], m);
        size_t n = trace_member(e, m, b, NOW, rows);
        for (size_t k = 0; k < n; k++) {
            bytes_add_str(&out, k ? "|" : "");
            row_text(&rows[k], &out);
        }
        if (!span_eq_str(bytes_span(&out), scenes[i].rows))
            fail_msg("%s: %s", scenes[i].name, bytes_str(&out));
        bytes_fini(&out);
        book_free(&b);
        entry_unref(&e);
    }
    free(m);
}

/* Where nothing is recorded of an entry, a member is owed what waits for it, and nothing else: of
 * that the queue tells how much. */
static void test_owed(void **state)
{
    struct member *m = mem_new(sizeof(*m));
    unsigned owed = 0;
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        struct trace_row rows[TRACE_ROWS_MAX];
        struct entry *e = entry_of(&scenes[i]);
        struct book *b = book_of(&scenes[i]);
        struct cursor c = book_cursor(b, SPAN("m.example"));
        member_of(&scenes[i], m);
        size_t n = trace_member(e, m, b, NOW, rows);
        bool waits = false;
        for (size_t k = 0; k < n; k++)
            waits = waits || rows[k].verdict == TRACE_WAITING;
        owed += waits && !scenes[i].records;
        if (!scenes[i].records && trace_is_owed(e, m, &c) != waits)
            fail_msg("%s: it %s", scenes[i].name, waits ? "waits" : "does not wait");
        book_free(&b);
        entry_unref(&e);
    }
    assert_true(owed > 5 && owed < sizeof scenes / sizeof scenes[0] / 2);
    free(m);
}

/* Of a shard that can't be read nothing is said, but what is so by the entry itself. */
static void test_unread(void **state)
{
    (void)state;
    struct member *m = mem_new(sizeof(*m));
    struct trace_row rows[TRACE_ROWS_MAX];
    const struct scene plain = {.name = "plain", .low = 9, .rows = ""};
    struct entry *e = entry_of(&plain);
    struct book *b = book_of(&plain);
    member_of(&plain, m);
    b->unread = UINT64_MAX;
    assert_int_equal(trace_member(e, m, b, NOW, rows), 1);
    assert_int_equal(rows[0].verdict, TRACE_UNKNOWN);
    assert_string_equal(rows[0].code, "unreadable");
    m->spans_n = 0;
    assert_int_equal(trace_member(e, m, b, NOW, rows), 1);
    assert_int_equal(rows[0].verdict, TRACE_NOT_FOR_IT);
    book_free(&b);
    entry_unref(&e);
    free(m);
}

static void test_verdict_names(void **state)
{
    static const char *const names[] = {"delivered", "waiting", "aside",   "never",
                                        "skipped",   "cut",     "unknown", "not-for-it"};
    (void)state;
    for (int v = 0; v < TRACE_VERDICT_COUNT; v++)
        assert_string_equal(trace_verdict_name((enum trace_verdict)v), names[v]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_owed),
        cmocka_unit_test(test_unread),
        cmocka_unit_test(test_verdict_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
