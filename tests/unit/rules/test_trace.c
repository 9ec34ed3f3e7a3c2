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

enum { SHARDS = 64, NOW = 9000, ACCEPTED = 1000 };

struct scene {
    const char *name;
    /* the entry */
    enum activity_type type; /* 0: Create */
    bool no_proof;
    const char *origin, *object_host; /* NULL: o.example */
    const char *audience;             /* NULL: internal,partners */
    bool urgent;                      /* of that lane */
    uint64_t of;                      /* it takes that back; 0: nothing */
    const char *mark;                 /* `r12`: taken back by 12; `s12`: replaced by it */
    /* the member */
    enum member_state state; /* 0 (invited): active */
    const char *zone;        /* NULL: internal, as its spans */
    const char *spans;       /* `from-to`, `from-`; NULL: `3-` */
    const char *inboxes;     /* `from` and style, slot by slot: `3p 7l`, `-` free; NULL: 3p */
    /* the book */
    const char *cursor;  /* its own, as text; NULL: none */
    uint64_t low;        /* of its shard */
    const char *records; /* `fail ...|cut ...` */
    const char *recents; /* the latest attempts */
    const char *rows;    /* what is to come out, `|` between */
};

#define FAILED "fail 10 m.example 0 - refused-by-peer 410 5000 3 gone for good"

static const struct scene scenes[] = {
    /* delivered */
    {.name = "passed", .low = 10, .rows = "delivered 0 1000-9000 1"},
    {.name = "passed by a cursor of its own", .cursor = "12", .rows = "delivered 0 1000-9000 1"},
    {.name = "late",
     .low = 10,
     .records = "late 10 m.example 0 3 5000",
     .rows = "delivered 0 5000-5000 3"},
    {.name = "of another's delay nothing",
     .low = 10,
     .records = "late 10 n.example 0 3 5000",
     .rows = "delivered 0 1000-9000 1"},
    {.name = "of another entry nothing",
     .low = 10,
     .records = "late 9 m.example 0 3 5000|fail 11 m.example 0 - too-old 0 5000 3 ",
     .rows = "delivered 0 1000-9000 1"},
    {.name = "late, though the rest was cut",
     .low = 12,
     .records = "late 10 m.example 0 3 5000|cut 9 12 m.example removed 6000 8",
     .rows = "delivered 0 5000-5000 3"},
    {.name = "a suspended member has what it had",
     .state = MEMBER_SUSPENDED,
     .low = 10,
     .rows = "delivered 0 1000-9000 1"},
    {.name = "one that left has what it had",
     .state = MEMBER_LEFT,
     .spans = "3-20",
     .inboxes = "-",
     .low = 20,
     .rows = "delivered ? 1000-9000 1"},
    {.name = "tried again, and then at once",
     .low = 12,
     .records = "late 10 m.example 0 1 5000",
     .rows = "delivered 0 5000-5000 1 apart"},
    {.name = "ahead of its cursor",
     .cursor = "4 d6",
     .records = "late 10 m.example 0 0 5000",
     .rows = "delivered 0 5000-5000 1"},
    /* waiting */
    {.name = "another is ahead", .cursor = "4 d1,4", .rows = "waiting 0 queue after 5"},
    {.name = "tried ahead of its cursor",
     .cursor = "4 w7000 f1 p10:0:4:4:4:503:2000",
     .rows = "waiting 0 host tries 4 answered 503 failures 1 after 5 next 7000"},
    {.name = "next", .low = 9, .rows = "waiting 0 queue"},
    {.name = "behind others", .low = 4, .rows = "waiting 0 queue after 5"},
    {.name = "its host fails",
     .cursor = "9 w7000 f4 p10:0:4:4:4:503:2000",
     .rows = "waiting 0 host tries 4 answered 503 failures 4 next 7000"},
    {.name = "what failed was another",
     .cursor = "4 w7000 f4 p5:0:4:4:4:503:2000",
     .rows = "waiting 0 host failures 4 after 5 next 7000"},
    {.name = "suspended",
     .state = MEMBER_SUSPENDED,
     .cursor = "9 w7000 f4",
     .rows = "waiting 0 suspended failures 4"},
    {.name = "left, and not cut yet",
     .state = MEMBER_LEFT,
     .spans = "3-20",
     .low = 9,
     .rows = "waiting 0 leaving"},
    {.name = "its right was withdrawn", .zone = "guests", .low = 9, .rows = "waiting 0 no-right"},
    {.name = "our Accept was refused", .cursor = "9 s5", .rows = "waiting 0 accept"},
    /* taken back, replaced */
    {.name = "taken back while it waits",
     .mark = "r12",
     .low = 9,
     .rows = "waiting 0 recalled by 12"},
    {.name = "taken back when it was delivered",
     .mark = "r12",
     .low = 10,
     .rows = "delivered 0 1000-9000 1"},
    {.name = "passed over, since it was taken back",
     .mark = "r12",
     .low = 10,
     .records = "skip 10 m.example recalled 5000 8",
     .rows = "skipped 0 recalled by 12 at 5000"},
    {.name = "an Update that is replaced",
     .type = ACTIVITY_UPDATE,
     .mark = "s12",
     .low = 9,
     .rows = "waiting 0 replaced by 12"},
    {.name = "a Create is never replaced", .mark = "s12", .low = 9, .rows = "waiting 0 queue"},
    {.name = "passed over for another reason",
     .low = 10,
     .records = "skip 10 m.example body-gone 5000 8",
     .rows = "skipped 0 body-gone at 5000"},
    /* the urgent lane */
    {.name = "urgent, and still to come",
     .type = ACTIVITY_DELETE,
     .urgent = true,
     .of = 5,
     .cursor = "20 u8",
     .rows = "waiting 0 queue after 1"},
    {.name = "urgent, ahead of all that waits",
     .type = ACTIVITY_DELETE,
     .urgent = true,
     .of = 5,
     .cursor = "4 u10",
     .rows = "delivered 0 1000-9000 1"},
    {.name = "urgent, to one in another zone by now",
     .type = ACTIVITY_DELETE,
     .urgent = true,
     .of = 5,
     .zone = "guests",
     .low = 9,
     .rows = "waiting 0 queue"},
    {.name = "urgent, to one that came after what it takes back",
     .type = ACTIVITY_DELETE,
     .urgent = true,
     .of = 5,
     .audience = "partners",
     .spans = "7-",
     .low = 10,
     .rows = "not-for-it ? zone"},
    /* the latest attempts */
    {.name = "delivered in so long",
     .low = 10,
     .recents = "10:0:1:ok:202:30:4000",
     .rows = "delivered 0 3969-4000 1 (202 in 30)"},
    {.name = "delivered late in so long",
     .low = 10,
     .records = "late 10 m.example 0 3 5000",
     .recents = "11:0:1:ok:202:7:5100 10:0:3:ok:200:30:4990 10:0:2:rate:503:40:4000",
     .rows = "delivered 0 5000-5000 3 (200 in 30)"},
    {.name = "an attempt at another inbox",
     .low = 10,
     .recents = "10:1:1:ok:202:30:4000",
     .rows = "delivered 0 1000-9000 1"},
    {.name = "tried in vain",
     .cursor = "9 w7000 f1",
     .recents = "10:0:1:connect:0:30:4000",
     .rows = "waiting 0 host failures 1 next 7000 in 30"},
    /* set aside */
    {.name = "set aside",
     .cursor = "12 a10:0:77:8000:4:0:1:500:2000",
     .rows = "aside 0 failed tries 4 answered 500 next 8000"},
    {.name = "behind an earlier version",
     .cursor = "12 a9:0:77:8000:4:0:1:500:2000 a10:0:77:0:0:0:0:0:0",
     .rows = "aside 0 object"},
    {.name = "another is set aside",
     .cursor = "12 a9:0:77:8000:4:0:1:500:2000",
     .rows = "delivered 0 1000-9000 1"},
    /* never */
    {.name = "refused",
     .low = 10,
     .records = FAILED,
     .rows = "never 0 refused-by-peer at 5000 tries 3 answered 410: gone for good"},
    {.name = "dropped",
     .low = 10,
     .records = "fail 10 m.example 0 d too-old 0 5000 9 ",
     .rows = "never 0 too-old at 5000 tries 9 dropped"},
    {.name = "of before",
     .low = 10,
     .records = "fail 10 m.example too-old 503 5000",
     .rows = "never 0 too-old at 5000 answered 503"},
    {.name = "refused, and nothing of it committed is behind it yet",
     .low = 9,
     .records = FAILED,
     .rows = "never 0 refused-by-peer at 5000 tries 3 answered 410: gone for good"},
    {.name = "direct mail of the same number is something else",
     .low = 10,
     .records = "fail 10 m.example 9 - too-old 0 5000 9 ",
     .rows = "delivered 0 1000-9000 1"},
    /* passed over */
    {.name = "skipped",
     .low = 10,
     .records = "skip 10 m.example no-right 5000 8",
     .rows = "skipped 0 no-right at 5000"},
    {.name = "cut",
     .low = 12,
     .records = "cut 9 12 m.example removed 5000 8",
     .rows = "cut 0 removed at 5000"},
    {.name = "cut by its first number",
     .low = 12,
     .records = "cut 9 10 m.example gap 5000",
     .rows = "cut 0 gap at 5000"},
    {.name = "cut behind it",
     .low = 12,
     .records = "cut 10 12 m.example removed 5000 8",
     .rows = "delivered 0 1000-9000 1"},
    {.name = "cut before it",
     .low = 12,
     .records = "cut 3 9 m.example removed 5000 8",
     .rows = "delivered 0 1000-9000 1"},
    /* not for it */
    {.name = "it came from there", .origin = "m.example", .low = 10, .rows = "not-for-it ? origin"},
    {.name = "its object is there",
     .object_host = "m.example",
     .low = 10,
     .rows = "not-for-it ? origin"},
    {.name = "no member yet", .spans = "10-", .low = 10, .rows = "not-for-it ? not-member"},
    {.name = "the first that it is a member for",
     .spans = "9-",
     .low = 10,
     .rows = "delivered 0 1000-9000 1"},
    {.name = "no member any more", .spans = "3-9", .low = 10, .rows = "not-for-it ? not-member"},
    {.name = "between two lives", .spans = "3-8 12-", .low = 20, .rows = "not-for-it ? not-member"},
    {.name = "the last of a life",
     .spans = "3-10 12-",
     .low = 20,
     .rows = "delivered 0 1000-9000 1"},
    {.name = "never one", .spans = "", .low = 10, .rows = "not-for-it ? not-member"},
    {.name = "not its zone", .audience = "partners", .low = 10, .rows = "not-for-it ? zone"},
    {.name = "no form",
     .type = ACTIVITY_UPDATE,
     .no_proof = true,
     .low = 10,
     .rows = "not-for-it ? no-form"},
    {.name = "no form for its style",
     .type = ACTIVITY_UPDATE,
     .inboxes = "3l",
     .low = 10,
     .rows = "not-for-it ? no-form"},
    /* inboxes */
    {.name = "two inboxes",
     .inboxes = "3p 3l",
     .low = 10,
     .rows = "delivered 0 1000-9000 1|delivered 1 1000-9000 1"},
    {.name = "one of them came later",
     .inboxes = "3p 10l",
     .low = 10,
     .rows = "delivered 0 1000-9000 1"},
    {.name = "one of them can't be told",
     .type = ACTIVITY_UPDATE,
     .inboxes = "3l 3p",
     .low = 10,
     .rows = "delivered 1 1000-9000 1"},
    {.name = "one of them has it",
     .inboxes = "3p 3l",
     .cursor = "9 w7000 f1 d1 p10:1:2:2:2:500:2000",
     .rows = "delivered 0 1000-9000 1|waiting 1 host tries 2 answered 500 failures 1 next 7000"},
    {.name = "one of them refused it",
     .inboxes = "3p 3l",
     .low = 10,
     .records = FAILED,
     .rows = "never 0 refused-by-peer at 5000 tries 3 answered 410: gone for good|"
             "delivered 1 1000-9000 1"},
    {.name = "it is set aside for one of them",
     .inboxes = "3p 3l",
     .cursor = "12 a10:1:77:8000:4:0:1:500:2000",
     .rows = "delivered 0 1000-9000 1|aside 1 failed tries 4 answered 500 next 8000"},
    {.name = "cut for one of them",
     .inboxes = "3p 3l",
     .low = 12,
     .records = "cut 9 12 m.example not-member 5000 1",
     .rows = "delivered 0 1000-9000 1|cut 1 not-member at 5000"},
    {.name = "refused by one that is gone",
     .inboxes = "3p -",
     .low = 12,
     .records = "fail 10 m.example 1 - too-old 0 5000 9 ",
     .rows = "delivered 0 1000-9000 1|never ? too-old at 5000 tries 9"},
    {.name = "refused by one whose place is another's now",
     .inboxes = "3p 11p",
     .low = 12,
     .records = "fail 10 m.example 1 - too-old 0 5000 9 ",
     .rows = "delivered 0 1000-9000 1|never ? too-old at 5000 tries 9"},
    {.name = "what was done is another",
     .inboxes = "3p 3l",
     .cursor = "4 d1",
     .rows = "waiting 0 queue after 5|waiting 1 queue after 5"},
    {.name = "our Accept was refused, its clock says nothing",
     .cursor = "9 w7000 s5",
     .rows = "waiting 0 accept"},
    {.name = "its only inbox came later",
     .type = ACTIVITY_UPDATE,
     .inboxes = "10l",
     .low = 10,
     .rows = "delivered ? 1000-9000 1"},
    {.name = "left, all cut",
     .state = MEMBER_LEFT,
     .spans = "3-20",
     .inboxes = "-",
     .low = 20,
     .records = "cut 9 20 m.example not-member 5000 8",
     .rows = "cut ? not-member at 5000"},
};

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
                         .state = s->state == MEMBER_INVITED ? MEMBER_ACTIVE : s->state};
    snprintf(m->zone, sizeof m->zone, "%s", s->zone ? s->zone : "internal");
    while (spans.n) {
        struct span to = span_cut(&spans, ' ');
        struct member_span *span = &m->spans[m->spans_n++];
        span->from = number(span_cut(&to, '-'));
        span->to = to.n ? number(to) : MEMBER_SPAN_OPEN;
        snprintf(span->zone, sizeof span->zone, "internal");
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scenes), cmocka_unit_test(test_unread),
                                       cmocka_unit_test(test_verdict_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
