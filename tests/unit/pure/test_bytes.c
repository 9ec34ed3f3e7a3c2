/* The unit test of common/pure/bytes: the maximum holds for every way to add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/pure/bytes.h"

static void adds(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 1000);
    assert_string_equal(bytes_str(&b), "");
    assert_non_null(bytes_span(&b).p);
    assert_true(bytes_add(&b, SPAN("a\0b")));
    assert_true(bytes_add_str(&b, "cd"));
    assert_true(bytes_add_char(&b, 'e'));
    assert_true(bytes_addf(&b, "%d-%s", 42, "x"));
    assert_true(bytes_add(&b, SPAN_NONE));
    assert_true(span_eq(bytes_span(&b), SPAN("a\0bcde42-x")));
    assert_int_equal(b.p[b.n], '\0');
    assert_false(b.over);
    bytes_fini(&b);
    assert_int_equal(b.n, 0);
    assert_true(bytes_add_str(&b, "again"));
    assert_string_equal(bytes_str(&b), "again");
    bytes_fini(&b);
}

static void numbers(void **state)
{
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-1, "-1"},
                {1234567890, "1234567890"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    struct bytes b;
    (void)state;
    bytes_init(&b, 20);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes_clear(&b);
        assert_true(bytes_add_int(&b, rows[i].value));
        assert_string_equal(bytes_str(&b), rows[i].text);
    }
    assert_false(bytes_add_int(&b, 1)); /* 20 are there */
    assert_true(b.over);
    assert_int_equal(b.n, 20);
    bytes_fini(&b);
}

static void reserves(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 100);
    bytes_reserve(&b, 50);
    assert_string_equal(bytes_str(&b), "");
    const char *before = b.p;
    for (int i = 0; i < 10; i++)
        assert_true(bytes_add_str(&b, "12345"));
    assert_ptr_equal(b.p, before); /* nothing was moved */
    bytes_reserve(&b, 10);
    assert_int_equal(b.n, 50);
    bytes_reserve(&b, 1000); /* never beyond the maximum */
    assert_true(b.cap <= 101);
    assert_true(bytes_addf(&b, "%050d", 7));
    assert_false(bytes_add_char(&b, 'x'));
    assert_int_equal(b.n, 100);
    bytes_fini(&b);
}

/* What does not fit the room that is there: it is moved, or not added at all. */
static void formats_beyond_the_room(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 300);
    assert_true(bytes_add_str(&b, "start "));
    for (int n = 50; n < 70; n++) { /* around the first 64 */
        bytes_fini(&b);
        bytes_add_str(&b, "start ");
        assert_true(bytes_addf(&b, "%0*d", n, 7));
        assert_int_equal(b.n, 6 + (size_t)n);
        assert_int_equal(strlen(b.p), b.n);
    }
    size_t n = b.n;
    assert_false(bytes_addf(&b, "%0300d", 7));
    assert_int_equal(b.n, n);
    assert_int_equal(strlen(b.p), n);
    bytes_fini(&b);
}

static void the_maximum(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 4);
    assert_true(bytes_add_str(&b, "abcd"));
    assert_false(b.over);
    assert_false(bytes_add_char(&b, 'e'));
    assert_true(b.over);
    assert_string_equal(bytes_str(&b), "abcd"); /* what does not fit is not added in part */
    bytes_clear(&b);
    assert_false(b.over);
    assert_false(bytes_add_str(&b, "abcde"));
    assert_int_equal(b.n, 0);
    bytes_clear(&b);
    assert_false(bytes_addf(&b, "%s", "abcde"));
    assert_true(b.over);
    assert_true(bytes_addf(&b, "%s", "abcd"));
    assert_true(b.over); /* remembered until cleared */
    assert_string_equal(bytes_str(&b), "abcd");
    bytes_fini(&b);

    bytes_init(&b, 0);
    assert_true(bytes_add(&b, SPAN_NONE));
    assert_false(bytes_add_char(&b, 'x'));
    bytes_fini(&b);
}

static void grows_to_its_maximum(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_true(bytes_add_char(&b, (char)('a' + i % 26)));
    assert_false(bytes_add_char(&b, 'x'));
    assert_int_equal(b.n, 100000);
    assert_true(b.cap <= 100001);
    for (unsigned i = 0; i < 100000; i++)
        if (b.p[i] != (char)('a' + i % 26))
            fail_msg("byte %u", i);
    bytes_fini(&b);
}

static void shifts(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 100);
    bytes_shift(&b, 3);
    bytes_add_str(&b, "abcdef");
    bytes_shift(&b, 0);
    assert_string_equal(bytes_str(&b), "abcdef");
    bytes_shift(&b, 2);
    assert_string_equal(bytes_str(&b), "cdef");
    bytes_shift(&b, 99);
    assert_string_equal(bytes_str(&b), "");
    assert_int_equal(b.n, 0);
    bytes_fini(&b);
}

static void takes(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 100);
    char *nothing = bytes_take(&b);
    assert_string_equal(nothing, "");
    free(nothing);
    bytes_add_str(&b, "mine");
    char *mine = bytes_take(&b);
    assert_string_equal(mine, "mine");
    assert_int_equal(b.n, 0);
    assert_null(b.p);
    assert_int_equal(b.max, 100);
    free(mine);
}

static void memory(void **state)
{
    (void)state;
    char *p = mem_new(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    memset(p, 'x', 100);
    p = mem_grow(p, 200);
    assert_int_equal(p[99], 'x');
    free(p);
    p = mem_new(0);
    assert_non_null(p);
    free(p);
    p = mem_copy((struct span){"abcdef", 3});
    assert_string_equal(p, "abc");
    free(p);
    p = mem_copy(SPAN_NONE);
    assert_string_equal(p, "");
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds),        cmocka_unit_test(numbers),
        cmocka_unit_test(reserves),    cmocka_unit_test(formats_beyond_the_room),
        cmocka_unit_test(the_maximum), cmocka_unit_test(grows_to_its_maximum),
        cmocka_unit_test(shifts),      cmocka_unit_test(takes),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
