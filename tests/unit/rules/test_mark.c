/* mark: what a later entry of an object does to one that still waits: for whom it goes out, for
 * whom not, and that the answer never turns back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/mark.h"

/* Marks as text: `r20` taken back by 20; `q20` its author opted out; `s20:red` replaced by 20,
 * which has a proof and is for red; `n20:red` the same without a proof. */
static void put_marks(struct entry *e, const char *text)
{
    struct span rest = span_of(text);
    while (rest.n) {
        struct span word = span_cut(&rest, ' ');
        struct entry_mark mark = {
            .recalled = word.p[0] == 'r', .opted_out = word.p[0] == 'q', .proof = word.p[0] == 's'};
        struct span number = {word.p + 1, word.n - 1};
        struct span digits = span_cut(&number, ':');
        assert_true(span_u64(digits, UINT64_MAX, &mark.by));
        mark.audience = number;
        entry_mark_add(e, &mark);
    }
}

/* Spans as text: `5-9:red`, the last may be open: `12-:red`. */
static size_t read_spans(const char *text, struct member_span *spans)
{
    struct span rest = span_of(text);
    size_t n = 0;
    while (rest.n) {
        struct span word = span_cut(&rest, ' ');
        struct span numbers = span_cut(&word, ':');
        struct member_span *span = &spans[n++];
        assert_true(span_u64(span_cut(&numbers, '-'), UINT64_MAX, &span->from));
        span->to = MEMBER_SPAN_OPEN;
        if (numbers.n)
            assert_true(span_u64(numbers, UINT64_MAX, &span->to));
        assert_true(span_copy(word, span->zone, sizeof(span->zone)));
    }
    return n;
}

#define UPD  ACTIVITY_UPDATE
#define HOUR INT64_C(3600000)

/* An entry of number 10, read up to 100 unless said otherwise, for an inbox that follows the public
 * collection. */
static const struct {
    const char *what;
    enum activity_type type;
    bool proof;
    const char *marks, *spans;
    uint64_t from, position;
    enum member_style style;
    enum err why;
    uint64_t by;
} cases[] = {
    {"no mark", UPD, true, "", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"taken back", ACTIVITY_CREATE, true, "r20", "0-:red", 0, 0, 0, ERR_RECALLED, 20},
    {"an Update taken back", UPD, true, "r20", "0-:red", 0, 0, 0, ERR_RECALLED, 20},
    {"taken back from all: who left", ACTIVITY_CREATE, true, "r20", "0-15:red", 0, 0, 0,
     ERR_RECALLED, 20},
    {"not read so far", ACTIVITY_CREATE, true, "r20", "0-:red", 0, 19, 0, ERR_OK, 0},
    {"read just so far", ACTIVITY_CREATE, true, "r20", "0-:red", 0, 20, 0, ERR_RECALLED, 20},
    {"taken back in the other style", ACTIVITY_CREATE, true, "r20", "0-:red", 0, 0, STYLE_LITEPUB,
     ERR_RECALLED, 20},
    {"a mark of something older", ACTIVITY_CREATE, true, "r9", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"a mark of itself", ACTIVITY_CREATE, true, "r10", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"its author opted out", ACTIVITY_CREATE, true, "q20", "0-:red", 0, 0, 0, ERR_OPTED_OUT, 20},
    {"its author opted out: not read so far", ACTIVITY_CREATE, true, "q20", "0-:red", 0, 19, 0,
     ERR_OK, 0},
    {"its author opted out before", ACTIVITY_CREATE, true, "q9", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"an Update of who opted out", UPD, true, "q20", "0-:red", 0, 0, STYLE_LITEPUB, ERR_OPTED_OUT,
     20},
    {"taken back, and then its author opted out", ACTIVITY_CREATE, true, "r20 q30", "0-:red", 0, 0,
     0, ERR_RECALLED, 20},
    {"its author opted out, and then took it back", ACTIVITY_CREATE, true, "r30 q20", "0-:red", 0,
     0, 0, ERR_OPTED_OUT, 20},
    {"replaced, and its author opted out", UPD, true, "s20:red q30", "0-:red", 0, 0, 0,
     ERR_OPTED_OUT, 30},
    {"replaced", UPD, true, "s20:red", "0-:red", 0, 0, 0, ERR_REPLACED, 20},
    {"a Create is never replaced", ACTIVITY_CREATE, true, "s20:red", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"an Announce neither", ACTIVITY_ANNOUNCE, true, "s20:red", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"another zone", UPD, true, "s20:blue", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"a zone more", UPD, true, "s20:blue,red", "0-:red", 0, 0, 0, ERR_REPLACED, 20},
    {"out when it came", UPD, true, "s20:red", "0-15:red 25-:red", 0, 0, 0, ERR_OK, 0},
    {"in another zone when it came", UPD, true, "s20:red", "0-15:red 15-:blue", 0, 0, 0, ERR_OK, 0},
    {"in by the one before", UPD, true, "s20:red s30:red", "0-25:red", 0, 0, 0, ERR_REPLACED, 20},
    {"in by the one after", UPD, true, "s20:red s30:red", "0-15:red 25-:red", 0, 0, 0, ERR_REPLACED,
     30},
    {"both: the first is told", UPD, true, "s20:red s30:red", "0-:red", 0, 0, 0, ERR_REPLACED, 20},
    {"the second is not read yet", UPD, true, "s20:blue s30:red", "0-:red", 0, 29, 0, ERR_OK, 0},
    {"the form is another: it has none", UPD, true, "n20:red", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"the form is another: this has none", UPD, false, "s20:red", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"nothing that would be believed there", UPD, true, "s20:red", "0-:red", 0, 0, STYLE_LITEPUB,
     ERR_OK, 0},
    {"neither has a proof: nothing either", UPD, false, "n20:red", "0-:red", 0, 0, 0, ERR_OK, 0},
    {"the inbox came later than it", UPD, true, "s20:red", "0-:red", 20, 0, 0, ERR_OK, 0},
    {"the inbox came just before it", UPD, true, "s20:red", "0-:red", 19, 0, 0, ERR_REPLACED, 20},
    {"replaced, then taken back", UPD, true, "s20:red r30", "0-:red", 0, 0, 0, ERR_RECALLED, 30},
    {"replaced, not read to the end", UPD, true, "s20:red r30", "0-:red", 0, 29, 0, ERR_REPLACED,
     20},
    {"taken back twice: the first is told", UPD, true, "r20 r30", "0-:red", 0, 0, 0, ERR_RECALLED,
     20},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct entry facts = {.n = 10,
                              .facts = {.type = cases[i].type, .has_proof = cases[i].proof}};
        struct entry *e = entry_new(&facts);
        struct member_span spans[4] = {0};
        struct mark_place place = {.spans = spans,
                                   .spans_n = read_spans(cases[i].spans, spans),
                                   .from = cases[i].from,
                                   .style = cases[i].style,
                                   .position = cases[i].position ? cases[i].position : 100};
        uint64_t by = 99;
        put_marks(e, cases[i].marks);
        enum err why = mark_skips(e, &place, &by);
        if (why != cases[i].why || by != cases[i].by)
            fail_msg("%s: %s by %llu", cases[i].what, err_code(why), (unsigned long long)by);
        assert_int_equal(mark_skips(e, &place, NULL), why);
        entry_unref(&e);
    }
}

/* What takes back goes in any case. */
static void test_what_takes_back_is_not_skipped(void **state)
{
    (void)state;
    struct entry facts = {
        .n = 10, .lane = LANE_URGENT, .facts = {.type = ACTIVITY_DELETE, .has_proof = true}};
    struct entry *e = entry_new(&facts);
    struct member_span span = {.from = 0, .to = MEMBER_SPAN_OPEN, .zone = "red"};
    struct mark_place place = {.spans = &span, .spans_n = 1, .position = 1000};
    put_marks(e, "s20:red r30");
    assert_int_equal(mark_skips(e, &place, NULL), ERR_OK);
    entry_unref(&e);
}

/* Once it is skipped, no later mark brings it back, and reading on does not either: for every
 * number of marks, every place, and every position. */
static void test_a_skip_never_turns_back(void **state)
{
    static const char *const marks[] = {"s20:red", "s25:blue", "s30:red,blue", "n35:red", "r40"};
    static const char *const members[] = {"0-:red", "0-22:red 28-:red", "0-27:red 27-:blue",
                                          "0-22:red 33-:red"};
    size_t skipped = 0;
    (void)state;
    for (size_t m = 0; m < sizeof(members) / sizeof(*members); m++) {
        struct entry facts = {.n = 10, .facts = {.type = UPD, .has_proof = true}};
        struct entry *e = entry_new(&facts);
        struct member_span spans[4] = {0};
        struct mark_place place = {.spans = spans, .spans_n = read_spans(members[m], spans)};
        bool before[50] = {0};
        bool reading = false;
        for (size_t k = 0; k < sizeof(marks) / sizeof(*marks); k++) {
            put_marks(e, marks[k]);
            reading = false;
            for (place.position = 10; place.position < 50; place.position++) {
                bool now = mark_skips(e, &place, NULL) != ERR_OK;
                assert_false(before[place.position] && !now);
                assert_false(reading && !now);
                before[place.position] = reading = now;
                skipped += now;
            }
        }
        assert_true(reading); /* it was taken back in the end */
        entry_unref(&e);
    }
    assert_true(skipped > 100);
}

/* A list that is full keeps the older Updates, so that what was skipped for them stays skipped; and
 * there is always room for what takes it back. */
static void test_a_full_list(void **state)
{
    (void)state;
    struct entry facts = {.n = 10, .facts = {.type = UPD, .has_proof = true}};
    struct entry *e = entry_new(&facts);
    struct member_span span = {.from = 0, .to = MEMBER_SPAN_OPEN, .zone = "red"};
    struct mark_place place = {.spans = &span, .spans_n = 1, .position = 1000};
    uint64_t by;
    for (uint64_t n = 20; n < 20 + 2 * ENTRY_MARKS_MAX; n++) {
        struct entry_mark mark = {.by = n, .audience = SPAN("red"), .proof = true};
        entry_mark_add(e, &mark);
        assert_int_equal(mark_skips(e, &place, &by), ERR_REPLACED);
        assert_int_equal(by, 20);
    }
    entry_mark_add(e, &(struct entry_mark){.by = 500, .recalled = true});
    assert_int_equal(mark_skips(e, &place, &by), ERR_RECALLED);
    assert_int_equal(by, 500);
    entry_unref(&e);
}

static void test_whom_it_reaches(void **state)
{
    static const struct {
        const char *spans, *audience;
        uint64_t of[2];
        bool reaches;
        int64_t left; /* so many hours before it; 0: it did not leave by itself */
    } rows[] = {
        {"0-:red", "red", {0}, true, 0},
        {"0-:blue", "red", {0}, false, 0},
        {"0-15:red 15-:blue", "red", {10}, true, 0}, /* in another zone since */
        {"0-15:blue 15-:red", "red", {10}, true, 0}, /* had none of it, but may have fetched it */
        {"0-9:red 9-:blue", "red", {10}, false, 0},
        {"0-11:red 15-:green", "red", {10, 12}, true, 0},  /* had the first alone */
        {"11-12:red 15-:green", "red", {10, 12}, true, 0}, /* had the second alone */
        {"10-11:red 15-:green", "red", {10, 12}, false, 0},
        {"12-:red", "red", {10, 12}, true, 0}, /* came since */
        {"0-15:blue 15-19:red", "red", {10}, false, 0},
        {"", "red", {10}, false, 0},
        {"0-:red", "", {10}, false, 0},
        /* suspended or removed when it is taken back */
        {"0-15:red", "red", {10}, false, 0},
        {"0-15:red 20-:red", "red", {10}, false, 0},
        {"0-15:red 19-:blue", "red", {10}, true, 0},
        /* left by itself */
        {"0-15:red", "red", {10}, true, 1},
        {"0-15:red", "red", {10}, true, 30 * 24},
        {"0-15:red", "red", {10}, false, 30 * 24 + 1},
        {"0-9:red", "red", {10}, false, 1},
        {"0-15:blue", "red", {10}, false, 1},
        {"", "red", {10}, false, 1},
        {"0-20:red", "red", {10}, true, 1}, /* after it */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t of[2] = {rows[i].of[0], rows[i].of[1]};
        struct entry taker = {.n = 20,
                              .lane = LANE_URGENT,
                              .at_ms = 1000 * 24 * HOUR,
                              .audience = span_of(rows[i].audience),
                              .of = of,
                              .of_n = (size_t)(of[0] > 0) + (of[1] > 0)};
        struct member_span spans[4] = {0};
        size_t n = read_spans(rows[i].spans, spans);
        int64_t left_ms = rows[i].left ? taker.at_ms - rows[i].left * HOUR : 0;
        if (mark_reaches(&taker, spans, n, left_ms) != rows[i].reaches)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_what_takes_back_is_not_skipped),
        cmocka_unit_test(test_a_skip_never_turns_back),
        cmocka_unit_test(test_a_full_list),
        cmocka_unit_test(test_whom_it_reaches),
    };
    return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
