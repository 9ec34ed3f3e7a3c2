/* cursor: as text and back, byte by byte; which shard owns a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/cursor.h"

static struct cursor_aside two_aside[] = {
    {.n = 5,
     .slot = 0,
     .object = UINT64_MAX,
     .wake_ms = 1700000060000,
     .tried = {3, 0, {2, 500, 1700000000000}}},
    {.n = 5, .slot = 7},
};

static const struct {
    struct cursor cursor;
    const char *text;
    bool plain;
} good[] = {
    {{.low = 0}, "0", true},
    {{.low = 17}, "17", true},
    {{.low = INT64_MAX}, "9223372036854775807", true},
    {{.low = 17, .head = {.n = 18, .slot = 1}}, "17", true},
    {{.low = 17, .orders = 17}, "17", true},
    {{.low = 17, .failures = 1}, "17 f1", false},
    {{.low = 17, .wake_ms = 1700000000000}, "17 w1700000000000", false},
    {{.low = 17, .head = {.n = 19, .done = 5, .slot = 1}}, "17 h19:1:5:0:0:0:0:0", false},
    {{.low = 17, .head = {.n = 18, .tried = {3, 2, {1, 401, 1700000000000}}}},
     "17 h18:0:0:3:2:1:401:1700000000000",
     false},
    {{.low = 17, .orders = 18}, "17 o18", false},
    {{.low = 17, .shut = 3}, "17 s3", false},
    {{.low = 17, .quiet = true}, "17 q", false},
    {{.low = 17, .aside = two_aside, .aside_n = 2},
     "17 a5:0:18446744073709551615:1700000060000:3:0:2:500:1700000000000 a5:7:0:0:0:0:0:0:0",
     false},
    {{.low = 1,
      .wake_ms = 2,
      .failures = 3,
      .head = {4, 5, 6, {7, 8, {9, 10, 11}}},
      .orders = 12,
      .shut = 13,
      .quiet = true,
      .aside = two_aside + 1,
      .aside_n = 1},
     "1 w2 f3 h4:5:6:7:8:9:10:11 o12 s13 q a5:7:0:0:0:0:0:0:0",
     false},
};

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        struct bytes out;
        struct cursor back;
        bytes_init(&out, CURSOR_TEXT_MAX);
        cursor_write(&good[i].cursor, &out);
        assert_string_equal(bytes_str(&out), good[i].text);
        assert_true(cursor_read(bytes_span(&out), &back));
        assert_true(cursor_same(&back, &good[i].cursor));
        assert_int_equal(cursor_plain(&good[i].cursor), good[i].plain);
        bytes_fini(&out);
        cursor_fini(&back);
        assert_null(back.aside);
    }
}

/* The largest there can be fits, and one more that is set aside is not read. */
static void test_largest(void **state)
{
    (void)state;
    struct cursor_aside list[CURSOR_ASIDE_MAX];
    const struct cursor_tried most = {UINT32_MAX, UINT32_MAX, {UINT32_MAX, 999, INT64_MAX}};
    for (unsigned i = 0; i < CURSOR_ASIDE_MAX; i++)
        list[i] = (struct cursor_aside){INT64_MAX - CURSOR_ASIDE_MAX + i, CURSOR_SLOTS_MAX - 1,
                                        UINT64_MAX, INT64_MAX, most};
    struct cursor c = {INT64_MAX,
                       INT64_MAX,
                       UINT32_MAX,
                       {INT64_MAX, CURSOR_SLOTS_MAX - 1, (1U << CURSOR_SLOTS_MAX) - 1, most},
                       0,
                       INT64_MAX,
                       true,
                       list,
                       CURSOR_ASIDE_MAX};
    struct cursor back;
    struct bytes out;
    bytes_init(&out, CURSOR_TEXT_MAX);
    cursor_write(&c, &out);
    assert_false(out.over);
    assert_true(cursor_read(bytes_span(&out), &back));
    assert_true(cursor_same(&back, &c));
    cursor_fini(&back);
    cursor_copy(&c, &back);
    assert_true(cursor_same(&back, &c));
    assert_ptr_not_equal(back.aside, c.aside);
    cursor_fini(&back);
    bytes_add_str(&out, " a9223372036854775807:7:0:0:0:0:0:0:0");
    assert_false(cursor_read(bytes_span(&out), &back));
    bytes_fini(&out);
}

/* Records of before: six numbers. What they say of an entry is about whatever follows. */
static void test_before(void **state)
{
    (void)state;
    struct cursor back;
    const struct cursor is = {.low = 17,
                              .wake_ms = 1700000000000,
                              .failures = 4,
                              .head = {.tried = {2, 2, {2, 401, 1600000000000}}}};
    assert_true(cursor_read(SPAN("17 1700000000000 4 2 1600000000000 401"), &back));
    assert_true(cursor_same(&back, &is));
    assert_true(cursor_read(SPAN("9223372036854775807 9223372036854775807 4294967295 4294967295 "
                                 "9223372036854775807 999"),
                            &back));
}

static const char *const bad[] = {
    "",
    " ",
    "x",
    "-1",
    "+1",
    "1 ",
    " 1",
    "9223372036854775808",
    "18446744073709551616",
    "0x10",
    /* of before */
    "1 2",
    "1 2 3 4 5",
    "1 2 3 4 5 6 7",
    "1 2 3 4 5 ",
    "1  3 4 5 6",
    "1 2 3 4 5 -6",
    "1 -2 3 4 5 6",
    "1 9223372036854775808 3 4 5 6",
    "1 2 4294967296 4 5 6",
    "1 2 3 4294967296 5 6",
    "1 2 3 4 9223372036854775808 6",
    "1 2 3 4 5 1000",
    "1 2 3 4 5 6\n",
    "1 2 3 4 5 6 f1",
    /* words */
    "1 x",
    "1 w",
    "1 w0",
    "1 w9223372036854775808",
    "1 w2 ",
    "1  w2",
    "1 w2 w2",
    "1 f0",
    "1 f4294967296",
    "1 f1 w1",
    "1 h",
    "1 h2:0:1:0:0:0:0",
    "1 h2:0:1:0:0:0:0:0:0",
    "1 h2:0:1:0:0:0:0:",
    "1 h2:0:0:0:0:0:0:0",
    "1 h2:8:1:0:0:0:0:0",
    "1 h2:0:256:0:0:0:0:0",
    "1 h9223372036854775808:0:1:0:0:0:0:0",
    "1 h2:0:1:4294967296:0:0:0:0",
    "1 h2:0:1:0:4294967296:0:0:0",
    "1 h2:0:1:0:0:4294967296:0:0",
    "1 h2:0:1:0:0:0:1000:0",
    "1 h2:0:1:0:0:0:0:9223372036854775808",
    "1 o1",
    "1 o0",
    "1 o9223372036854775808",
    "1 s0",
    "1 s2 o3",
    "1 q1",
    "1 q q",
    "1 a",
    "1 a2:0:0:0:0:0:0:0",
    "1 a2:0:0:0:0:0:0:0:0:0",
    "1 a2:8:0:0:0:0:0:0:0",
    "1 a9223372036854775808:0:0:0:0:0:0:0:0",
    "1 a2:0:18446744073709551616:0:0:0:0:0:0",
    "1 a2:0:0:9223372036854775808:0:0:0:0:0",
    "1 a2:0:0:0:0:0:0:1000:0",
    "1 a2:0:0:0:0:0:0:0:0 a2:0:0:0:0:0:0:0:0",
    "1 a2:1:0:0:0:0:0:0:0 a2:0:0:0:0:0:0:0:0",
    "1 a3:0:0:0:0:0:0:0:0 a2:0:0:0:0:0:0:0:0",
    "1 a2:0:0:0:0:0:0:0:0 q",
};

static void test_bad_text(void **state)
{
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
    static struct cursor_aside one = {2, 3, 4, 5, {6, 7, {8, 9, 10}}};
    static struct cursor_aside ones[] = {
        {9, 3, 4, 5, {6, 7, {8, 9, 10}}}, {2, 9, 4, 5, {6, 7, {8, 9, 10}}},
        {2, 3, 9, 5, {6, 7, {8, 9, 10}}}, {2, 3, 4, 9, {6, 7, {8, 9, 10}}},
        {2, 3, 4, 5, {9, 7, {8, 9, 10}}}, {2, 3, 4, 5, {6, 9, {8, 9, 10}}},
        {2, 3, 4, 5, {6, 7, {9, 9, 10}}}, {2, 3, 4, 5, {6, 7, {8, 8, 10}}},
        {2, 3, 4, 5, {6, 7, {8, 9, 9}}},
    };
    static const struct cursor base = {1,     2,    3, {4, 5, 6, {7, 8, {9, 10, 11}}}, 120, 13,
                                       false, &one, 1};
    struct cursor others[17];
    const size_t n = sizeof(others) / sizeof(*others);
    (void)state;
    for (size_t i = 0; i < n; i++)
        others[i] = base;
    others[0].low = 99;
    others[1].wake_ms = 99;
    others[2].failures = 99;
    others[3].head.n = 99;
    others[4].head.slot = 99;
    others[5].head.done = 99;
    others[6].head.tried.tries = 99;
    others[7].head.tried.own = 99;
    others[8].head.tried.past.tries = 99;
    others[9].head.tried.past.status = 99;
    others[10].head.tried.past.first_ms = 99;
    others[11].orders = 99;
    others[12].shut = 99;
    others[13].quiet = true;
    others[14].aside_n = 0;
    others[15].head = (struct cursor_head){.n = 4};
    others[16].orders = 1;
    assert_true(cursor_same(&base, &base));
    for (size_t i = 0; i < n; i++)
        assert_false(cursor_same(&base, &others[i]));
    for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++) {
        others[0] = base;
        others[0].aside = &ones[i];
        assert_false(cursor_same(&base, &others[0]));
    }
    /* What is not written makes no difference. */
    others[0] = (struct cursor){.low = 5, .orders = 4, .head = {.n = 6, .slot = 2}};
    others[1] = (struct cursor){.low = 5};
    assert_true(cursor_same(&others[0], &others[1]));
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
        cmocka_unit_test(test_text),   cmocka_unit_test(test_largest),
        cmocka_unit_test(test_before), cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_same),   cmocka_unit_test(test_shard),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
