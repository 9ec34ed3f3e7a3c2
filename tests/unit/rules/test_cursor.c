/* cursor: as text and back, byte by byte; which shard owns a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/cursor.h"

static const struct {
    struct cursor cursor;
    const char *text;
    bool plain;
} good[] = {
    {{.low = 0}, "0", true},
    {{.low = 17}, "17", true},
    {{.low = INT64_MAX}, "9223372036854775807", true},
    {{.low = 17, .failures = 1}, "17 0 1 0 0 0", false},
    {{.low = 17, .wake_ms = 1700000000000}, "17 1700000000000 0 0 0 0", false},
    {{.low = 17, .tries = 2, .first_ms = 1700000000000, .status = 401},
     "17 0 0 2 1700000000000 401",
     false},
    {{INT64_MAX, INT64_MAX, UINT32_MAX, UINT32_MAX, INT64_MAX, 999},
     "9223372036854775807 9223372036854775807 4294967295 4294967295 9223372036854775807 999",
     false},
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct bytes out;
        struct cursor back;
        bytes_init(&out, 256);
        cursor_write(&good[i].cursor, &out);
        assert_string_equal(bytes_str(&out), good[i].text);
        assert_true(cursor_read(bytes_span(&out), &back));
        assert_true(cursor_same(&back, &good[i].cursor));
        assert_int_equal(cursor_plain(&good[i].cursor), good[i].plain);
        bytes_fini(&out);
    }
}

static void test_bad_text(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "x",
        "-1",
        "+1",
        "1 ",
        " 1",
        "1 2",
        "1 2 3 4 5",
        "1 2 3 4 5 6 7",
        "1 2 3 4 5 ",
        "1  3 4 5 6",
        "1 2 3 4 5 -6",
        "1 -2 3 4 5 6",
        "1 2 4294967296 4 5 6",
        "1 2 3 4294967296 5 6",
        "1 2 3 4 5 1000",
        "9223372036854775808",
        "18446744073709551616",
        "1 2 3 4 5 6\n",
        "0x10",
    };
    (void)state;
    struct cursor back;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (cursor_read(span_of(bad[i]), &back))
            fail_msg("read: '%s'", bad[i]);
    assert_false(cursor_read(SPAN_NONE, &back));
    assert_false(cursor_read((struct span){"1\0", 2}, &back));
}

/* Each field tells two cursors apart. */
static void test_same(void **state)
{
    static const struct cursor base = {1, 2, 3, 4, 5, 6};
    static const struct cursor others[] = {
        {9, 2, 3, 4, 5, 6}, {1, 9, 3, 4, 5, 6}, {1, 2, 9, 4, 5, 6},
        {1, 2, 3, 9, 5, 6}, {1, 2, 3, 4, 9, 6}, {1, 2, 3, 4, 5, 9},
    };
    (void)state;
    assert_true(cursor_same(&base, &base));
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_false(cursor_same(&base, &others[i]));
}

/* The same for ever: what lies in Redis depends on it. FNV-1a, 32 bits: its published vectors. */
static void test_shard(void **state)
{
    static const struct {
        const char *host;
        uint32_t hash;
    } vectors[] = {{"", 0x811c9dc5}, {"a", 0xe40c292c}, {"b", 0xe70c2de5}, {"foobar", 0xbf9cf968}};
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        assert_int_equal(shard_of(span_of(vectors[i].host), 64), vectors[i].hash % 64);
        assert_int_equal(shard_of(span_of(vectors[i].host), 1), 0);
        assert_int_equal(shard_of(span_of(vectors[i].host), 63), vectors[i].hash % 63);
    }
    assert_int_equal(shard_of(SPAN("\xff"), 64), ((2166136261U ^ 0xff) * 16777619U) % 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_shard),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
