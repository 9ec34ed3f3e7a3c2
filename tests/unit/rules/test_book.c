/* book: records as text, where a host stands, when its cursor passed a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/book.h"

enum { SHARDS = 64 };

/* --- records ---------------------------------------------------------------------------------- */

static const struct {
    enum book_kind kind;
    const char *text;
    struct book_record is;
} good[] = {
    {BOOK_FAIL,
     "7 a.example 1 - refused-by-peer 410 99 3 gone for good",
     {.from = 6,
      .n = 7,
      .slot = 1,
      .code = "refused-by-peer",
      .status = 410,
      .at_ms = 99,
      .tries = 3,
      .detail = "gone for good"}},
    {BOOK_FAIL,
     "7 a.example 0 d too-old 0 99 12 ",
     {.from = 6, .n = 7, .dropped = true, .code = "too-old", .at_ms = 99, .tries = 12}},
    {BOOK_FAIL,
     "7 a.example 9 - rate 0 99 0",
     {.from = 6, .n = 7, .slot = 9, .code = "rate", .at_ms = 99}},
    {BOOK_FAIL, /* of before */
     "7 a.example refused-by-peer 410 99",
     {.from = 6, .n = 7, .slot = 8, .code = "refused-by-peer", .status = 410, .at_ms = 99}},
    {BOOK_LATE, "7 a.example:80 2 4 99", {.from = 6, .n = 7, .slot = 2, .tries = 4, .at_ms = 99}},
    {BOOK_SKIP,
     "7 a.example no-right 99 8",
     {.from = 6, .n = 7, .slot = 8, .code = "no-right", .at_ms = 99}},
    {BOOK_SKIP,
     "7 a.example no-right 99",
     {.from = 6, .n = 7, .slot = 8, .code = "no-right", .at_ms = 99}},
    {BOOK_CUT,
     "2 8 a.example gap 99 3",
     {.from = 2, .n = 8, .slot = 3, .code = "gap", .at_ms = 99}},
    {BOOK_CUT, "2 8 a.example gap 99", {.from = 2, .n = 8, .slot = 8, .code = "gap", .at_ms = 99}},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct book *b = book_new(SHARDS);
        if (!book_add_record(b, good[i].kind, span_of(good[i].text)))
            fail_msg("refused: %s", good[i].text);
        const struct book_record *r = &b->records[0], *is = &good[i].is;
        if (r->from != is->from || r->n != is->n || r->slot != is->slot ||
            r->dropped != is->dropped || r->status != is->status || r->tries != is->tries ||
            r->at_ms != is->at_ms || strcmp(r->code, is->code) != 0 ||
            strcmp(r->detail, is->detail) != 0 || r->kind != good[i].kind ||
            strncmp(r->host, "a.example", 9) != 0)
            fail_msg("read as something else: %s", good[i].text);
        book_free(&b);
    }
}

static void test_bad(void **state)
{
    static const struct {
        enum book_kind kind;
        const char *text;
    } bad[] = {
        {BOOK_FAIL, ""},
        {BOOK_FAIL, "x a.example 1 - too-old 0 99 3"},
        {BOOK_FAIL, "7"},
        {BOOK_FAIL, "7  1 - too-old 0 99 3"},
        {BOOK_FAIL, "7 a.example"},
        {BOOK_FAIL, "7 a.example 1 x too-old 0 99 3"},
        {BOOK_FAIL, "7 a.example 1 - too-old 0 99"},
        {BOOK_FAIL, "7 a.example 1 - too-old 1000 99 3"},
        {BOOK_FAIL, "7 a.example 1 - too-old 0 now 3"},
        {BOOK_FAIL, "7 a.example 1 - a-code-that-is-longer-than-any-of-ours 0 99 3"},
        {BOOK_FAIL, "7 a.example too-old 0"},
        {BOOK_LATE, "7 a.example 2 4"},
        {BOOK_LATE, "7 a.example 2 4 99 5"},
        {BOOK_LATE, "7 a.example 2 x 99"},
        {BOOK_SKIP, "7 a.example no-right"},
        {BOOK_SKIP, "7 a.example no-right x"},
        {BOOK_SKIP, "7 a.example no-right 99 8 1"},
        {BOOK_CUT, "8 2 a.example gap 99"},
        {BOOK_CUT, "2 a.example gap 99"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct book *b = book_new(SHARDS);
        if (book_add_record(b, bad[i].kind, span_of(bad[i].text)) || b->records_n)
            fail_msg("taken: %s", bad[i].text);
        book_free(&b);
    }
}

/* What the other side said is cut to what there is room for. */
static void test_long_detail(void **state)
{
    char text[512] = "7 a.example 1 - too-old 0 99 3 ";
    struct book *b = book_new(SHARDS);
    (void)state;
    memset(text + strlen(text), 'x', 400);
    assert_true(book_add_record(b, BOOK_FAIL, span_of(text)));
    assert_int_equal(strlen(b->records[0].detail), BOOK_DETAIL_SIZE - 1);
    book_free(&b);
}

/* --- by host ---------------------------------------------------------------------------------- */

static void test_hosts(void **state)
{
    static const char *const hosts[] = {"b.example", "a.example", "a", "c", "a.example:8080"};
    struct book *b = book_new(SHARDS);
    size_t n;
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct cursor cursor = {.low = 10 + i};
        char text[64];
        book_add_own(b, span_of(hosts[i]), &cursor);
        for (int k = 2; k > 0; k--) {
            snprintf(text, sizeof text, "%d %s 0 2 99", k, hosts[i]);
            assert_true(book_add_record(b, BOOK_LATE, span_of(text)));
        }
    }
    b->low[shard_of(SPAN("nobody"), SHARDS)] = 7;
    book_close(b);
    for (size_t i = 0; i < 5; i++) {
        const struct book_record *r = book_records(b, span_of(hosts[i]), &n);
        assert_int_equal(book_cursor(b, span_of(hosts[i])).low, 10 + i);
        assert_int_equal(n, 2);
        assert_string_equal(r[1].host, hosts[i]);
        assert_int_equal(r[0].n, 1);
    }
    assert_int_equal(book_cursor(b, SPAN("nobody")).low, 7);
    assert_null(book_own(b, SPAN("nobody")));
    book_records(b, SPAN("nobody"), &n);
    assert_int_equal(n, 0);
    book_free(&b);
}

/* --- when ------------------------------------------------------------------------------------- */

/* Marks as text, `time:low host=move,host=move` apart by blanks; who has a cursor of its own now;
 * then: after which moment, and not after which, entry 10 (of moment 100, asked at 900) was passed.
 */
static const struct {
    const char *name, *marks, *own;
    int64_t since, until;
} when[] = {
    {"nothing is known", "", "", 100, 900},
    {"it follows its shard", "90:8 110:9 120:10 130:11", "", 110, 120},
    {"the mark that is the first to say so was the first of all", "120:10", "", 100, 120},
    {"marks from before only", "80:7 90:8", "", 100, 900},
    {"its own, behind the shard, then the same", "90:9 110:10/+9 150:11/10 160:12", "o", 110, 150},
    {"its own, ahead of the shard", "90:9 110:9/+10 150:10", "o", 100, 110},
    {"its own, then it follows", "90:9 110:11/+9 150:11/=", "", 110, 150},
    {"it had its own already", "90:5 110:12/9 130:12/10", "o", 110, 130},
    {"it had its own already, and the shard passed", "90:5 110:12 130:13/=", "", 110, 130},
    {"it had followed", "90:5 110:12 130:13/+12", "o", 100, 110},
    {"it has its own and nothing of it moved", "90:5 110:12 130:13", "o", 130, 900},
    {"others move", "90:9/x 110:9/x 120:10/x", "", 110, 120},
    {"the marks begin later: its own, of which nothing is known", "200:12 300:13/11", "o", 100,
     300},
    {"the marks begin later: it follows", "200:12 300:13", "", 100, 200},
    {"time went back", "150:9 110:10", "", 150, 150},
};

static void add_marks(struct book *b, unsigned shard, struct span text)
{
    while (text.n) {
        struct span word = span_cut(&text, ' ');
        struct span at = span_cut(&word, ':');
        struct span low = span_cut(&word, '/');
        uint64_t n = 0, ms = 0;
        assert_true(span_u64(at, UINT64_MAX, &ms) && span_u64(low, UINT64_MAX, &n));
        book_add_mark(b, shard, (int64_t)ms, n);
        if (span_eq_str(word, "x"))
            assert_true(book_add_move(b, shard, SPAN("x.example"), SPAN("3")));
        else if (word.n)
            assert_true(book_add_move(b, shard, SPAN("a.example"), word));
    }
}

static void test_when(void **state)
{
    unsigned shard = shard_of(SPAN("a.example"), SHARDS);
    (void)state;
    for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
        struct book *b = book_new(SHARDS);
        struct cursor cursor = {.low = 20};
        int64_t since = 100, until = 900;
        add_marks(b, shard, span_of(when[i].marks));
        if (when[i].own[0])
            book_add_own(b, SPAN("a.example"), &cursor);
        book_close(b);
        book_when(b, SPAN("a.example"), 10, &since, &until);
        if (since != when[i].since || until != when[i].until)
            fail_msg("%s: %d to %d", when[i].name, (int)since, (int)until);
        book_free(&b);
    }
}

static void test_bad_moves(void **state)
{
    static const char *const bad[] = {"", "+", "x", "-", "=1", "+x", "-1"};
    struct book *b = book_new(SHARDS);
    (void)state;
    book_add_mark(b, 0, 1, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (book_add_move(b, 0, SPAN("a.example"), span_of(bad[i])))
            fail_msg("taken: '%s'", bad[i]);
    book_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long_detail), cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_when),        cmocka_unit_test(test_bad_moves)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
