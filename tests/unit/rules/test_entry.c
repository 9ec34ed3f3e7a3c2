/* entry: one block of memory that many share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/entry.h"

static void test_texts_are_its_own(void **state)
{
    (void)state;
    char texts[] = "red,bluea.testb.testhttps://a.test/1https://b.test/2";
    struct entry from = {
        .n = 7,
        .at_ms = 8,
        .facts = {.type = ACTIVITY_CREATE, .has_proof = true},
        .announce = "0123456789abcdef0123456789abcdef",
        .audience = {texts, 8},
        .origin = {texts + 8, 6},
        .object_host = {texts + 14, 6},
        .id = {texts + 20, 16},
        .object = {texts + 36, 16},
        .body_len = 9,
    };
    struct entry *e = entry_new(&from);
    memset(texts, 'x', sizeof(texts));
    memset(&from, 0, sizeof(from));
    assert_int_equal(e->n, 7);
    assert_int_equal(e->at_ms, 8);
    assert_true(e->facts.has_proof);
    assert_string_equal(e->announce, "0123456789abcdef0123456789abcdef");
    assert_true(span_eq_str(e->audience, "red,blue"));
    assert_true(span_eq_str(e->origin, "a.test"));
    assert_true(span_eq_str(e->object_host, "b.test"));
    assert_true(span_eq_str(e->id, "https://a.test/1"));
    assert_true(span_eq_str(e->object, "https://b.test/2"));
    assert_int_equal(e->body_len, 9);
    entry_unref(&e);
}

static void test_absent_texts(void **state)
{
    (void)state;
    struct entry from = {.n = 1};
    struct entry *e = entry_new(&from);
    assert_int_equal(e->audience.n + e->origin.n + e->object_host.n + e->id.n + e->object.n, 0);
    entry_unref(&e);
}

static void test_count(void **state)
{
    (void)state;
    struct entry from = {.n = 1, .refs = 99};
    struct entry *e = entry_new(&from);
    struct entry *same = entry_ref(e);
    assert_ptr_equal(same, e);
    entry_unref(&e);
    assert_null(e);
    assert_int_equal(same->n, 1); /* lives as long as somebody holds it */
    assert_int_equal(same->refs, 1);
    entry_unref(&same);
    assert_null(same);
    entry_unref(&same);
}

static void put(struct entry *e, uint64_t by, bool recalled, const char *audience)
{
    char text[16];
    snprintf(text, sizeof text, "%s", audience);
    const struct entry_mark mark = {
        .by = by, .recalled = recalled, .audience = span_of(text), .proof = true};
    entry_mark_add(e, &mark);
    memset(text, 'x', sizeof text); /* the mark has a copy */
}

/* Whatever the order in which they are heard of, and however often. */
static void test_marks(void **state)
{
    (void)state;
    struct entry from = {.n = 1};
    struct entry *e = entry_new(&from);
    put(e, 9, false, "red");
    put(e, 5, false, "blue");
    put(e, 7, true, "");
    put(e, 5, true, "green");
    put(e, 9, true, "green");
    assert_int_equal(e->marks_n, 3);
    assert_int_equal(e->marks[0].by, 5);
    assert_int_equal(e->marks[1].by, 7);
    assert_int_equal(e->marks[2].by, 9);
    assert_true(span_eq_str(e->marks[0].audience, "blue"));
    assert_true(span_eq_str(e->marks[2].audience, "red"));
    assert_true(e->marks[1].recalled);
    assert_false(e->marks[2].recalled);
    assert_true(e->marks[2].proof);
    struct entry *same = entry_new(e);
    entry_unref(&e);
    assert_int_equal(same->marks_n, 3);
    assert_true(span_eq_str(same->marks[2].audience, "red"));
    entry_unref(&same);
}

/* No more than so many; that it was taken back is never what is left out. */
static void test_marks_are_bounded(void **state)
{
    (void)state;
    struct entry from = {.n = 1};
    struct entry *e = entry_new(&from);
    for (uint64_t by = 2; by <= 2 * ENTRY_MARKS_MAX; by++)
        put(e, by, false, "red");
    assert_int_equal(e->marks_n, ENTRY_MARKS_MAX);
    assert_int_equal(e->marks[ENTRY_MARKS_MAX - 1].by, ENTRY_MARKS_MAX + 1);
    put(e, 3 * ENTRY_MARKS_MAX, true, "");
    assert_int_equal(e->marks_n, ENTRY_MARKS_MAX);
    assert_int_equal(e->marks[ENTRY_MARKS_MAX - 2].by, ENTRY_MARKS_MAX);
    assert_true(e->marks[ENTRY_MARKS_MAX - 1].recalled);
    entry_unref(&e);
}

static void test_of(void **state)
{
    (void)state;
    uint64_t of[2 * ENTRY_OF_MAX];
    for (uint64_t i = 0; i < 2 * ENTRY_OF_MAX; i++)
        of[i] = i + 1;
    struct entry from = {.n = 99,
                         .lane = LANE_URGENT,
                         .of = of,
                         .of_n = 2,
                         .audience = SPAN("red"),
                         .facts = {.has_proof = true}};
    struct entry *e = entry_new(&from);
    from.of_n = 2 * ENTRY_OF_MAX;
    struct entry *most = entry_new(&from);
    memset(of, 0, sizeof of);
    assert_int_equal(e->of_n, 2);
    assert_int_equal(e->of[1], 2);
    assert_true(span_eq_str(e->audience, "red"));
    assert_int_equal(most->of_n, ENTRY_OF_MAX);
    assert_int_equal(most->of[ENTRY_OF_MAX - 1], ENTRY_OF_MAX);
    struct entry_mark mark = entry_mark_by(e);
    assert_int_equal(mark.by, 99);
    assert_true(mark.recalled && mark.proof);
    assert_true(span_eq_str(mark.audience, "red"));
    e->lane = LANE_NORMAL;
    assert_false(entry_mark_by(e).recalled);
    entry_unref(&e);
    entry_unref(&most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_its_own),
        cmocka_unit_test(test_absent_texts),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_marks_are_bounded),
        cmocka_unit_test(test_of),
    };
    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
