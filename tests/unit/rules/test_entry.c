/* entry: one block of memory that many share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_its_own),
        cmocka_unit_test(test_absent_texts),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
