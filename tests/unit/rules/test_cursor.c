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
     .tried = {3, 0, {2, 500, 1700000000000}, false}},
    {.n = 5, .slot = 7},
};

static struct cursor_part some_parts[] = {
    {.n = 18, .slot = 1, .done = true},
    {.n = 18, .slot = 7, .done = true},
    {.n = 20, .slot = 0, .tried = {3, 2, {1, 401, 1700000000000}, false}},
    {.n = 20, .slot = 2, .done = true},
    {.n = 21, .slot = 0, .done = true, .fresh = true},
    {.n = 21, .slot = 1, .tried = {.tries = 1}},
};

static struct cursor_aside urgent_aside[] = {
    {.n = 5, .slot = 1, .tried = {.tries = 1, .doubt = true}},
    {.n = 6, .slot = 0, .lane = LANE_URGENT, .object = 7},
    {.n = 6, .slot = 1, .lane = LANE_URGENT, .again = true, .wake_ms = 8},
    {.n = 7, .slot = 0},
};

static struct cursor_part doubtful[] = {{.n = 20, .slot = 3, .tried = {.doubt = true}}};

#define AT(n) .low = (n), .urgent = (n)

static const struct {
    struct cursor cursor;
    const char *text;
    bool plain;
} good[] = {
    {{AT(0)}, "0", true},
    {{AT(17)}, "17", true},
    {{AT(INT64_MAX)}, "9223372036854775807", true},
    {{.low = 17, .urgent = 0}, "17 u0", true},
    {{.low = 17, .urgent = INT64_MAX}, "17 u9223372036854775807", true},
    {{AT(17), .orders = 17}, "17", true},
    {{AT(17), .health.failures = 1}, "17 f1", false},
    {{AT(17), .health.wake_ms = 1700000000000}, "17 w1700000000000", false},
    {{AT(17), .parts = some_parts, .parts_n = 2}, "17 d1:1,0:7", false},
    {{AT(17), .parts = some_parts + 2, .parts_n = 1}, "17 p20:0:3:2:1:401:1700000000000", false},
    {{AT(17), .parts = some_parts, .parts_n = 6},
     "17 d1:1,0:7,2:2,1 p20:0:3:2:1:401:1700000000000 p21:1:1:0:0:0:0",
     false},
    {{AT(17), .orders = 18}, "17 o18", false},
    {{AT(17), .replay = 1}, "17 r1", false},
    {{AT(17), .again = 18}, "17 y18", false},
    {{AT(17), .again = 17}, "17", true},
    {{AT(17), .health = {.lost = 3, .lost_ms = 7, .held = true}}, "17 n3:7 x", false},
    {{AT(17), .health = {.days = 7, .day = 19675, .gone = 2, .gone_day = 19676, .parked_ms = 5}},
     "17 i7:19675 g2:19676 k5",
     false},
    {{AT(17), .head = {.n = 18, .slot = 3}}, "17", true},
    {{AT(17), .head = {18, 3, 5, 8, {2, 1, {1, 500, 99}, false}}},
     "17 v18:3:5:8:2:1:1:500:99",
     false},
    {{.low = 99, .urgent = 17, .head = {.n = 18, .doubt = 128}},
     "99 u17 v18:0:0:128:0:0:0:0:0",
     false},
    {{AT(17), .head = {.n = 18, .tried = {.doubt = true}}}, "17 v18:0:0:0:0:0:0:0:0!", false},
    {{AT(17), .parts = doubtful, .parts_n = 1}, "17 p20:3:0:0:0:0:0!", false},
    {{AT(17), .aside = urgent_aside, .aside_n = 4},
     "17 a5:1:0:0:1:0:0:0:0! b6:0:7:0:0:0:0:0:0 c6:1:0:8:0:0:0:0:0 a7:0:0:0:0:0:0:0:0",
     false},
    {{AT(17), .shut = 3}, "17 s3", false},
    {{AT(17), .quiet = true}, "17 q", false},
    {{AT(17), .aside = two_aside, .aside_n = 2},
     "17 a5:0:18446744073709551615:1700000060000:3:0:2:500:1700000000000 a5:7:0:0:0:0:0:0:0",
     false},
    {{.low = 1,
      .urgent = 99,
      .health.wake_ms = 2,
      .health.failures = 3,
      .parts = some_parts + 4,
      .parts_n = 2,
      .orders = 12,
      .replay = 4,
      .again = 14,
      .shut = 13,
      .quiet = true,
      .aside = two_aside + 1,
      .aside_n = 1},
     "1 u99 w2 f3 d20 p21:1:1:0:0:0:0 o12 r4 y14 s13 q a5:7:0:0:0:0:0:0:0",
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
        assert_null(back.parts);
    }
}

/* The largest there can be fits, and one more that is set aside, or ahead, is not read. */
static void test_largest(void **state)
{
    (void)state;
    struct cursor_aside list[CURSOR_ASIDE_MAX];
    const struct cursor_tried most = {UINT32_MAX, UINT32_MAX, {UINT32_MAX, 999, INT64_MAX}, true};
    for (unsigned i = 0; i < CURSOR_ASIDE_MAX; i++)
        list[i] = (struct cursor_aside){.n = INT64_MAX - CURSOR_ASIDE_MAX + i,
                                        .slot = CURSOR_SLOTS_MAX - 1,
                                        .object = UINT64_MAX,
                                        .wake_ms = INT64_MAX,
                                        .tried = most,
                                        .lane = LANE_URGENT,
                                        .again = true};
    struct cursor_part parts[CURSOR_AHEAD_MAX];
    for (unsigned i = 0; i < CURSOR_AHEAD_MAX; i++)
        parts[i] = (struct cursor_part){
            .n = INT64_MAX - CURSOR_AHEAD_MAX + 1 + i, .slot = CURSOR_SLOTS_MAX - 1, .tried = most};
    struct cursor c = {.low = INT64_MAX - 2000,
                       .urgent = INT64_MAX,
                       .health.wake_ms = INT64_MAX,
                       .health.failures = UINT32_MAX,
                       .parts = parts,
                       .parts_n = CURSOR_AHEAD_MAX,
                       .orders = INT64_MAX,
                       .shut = INT64_MAX,
                       .quiet = true,
                       .aside = list,
                       .aside_n = CURSOR_ASIDE_MAX};
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
    assert_ptr_not_equal(back.parts, c.parts);
    cursor_fini(&back);
    bytes_add_str(&out, " a9223372036854775807:7:0:0:0:0:0:0:0");
    assert_false(cursor_read(bytes_span(&out), &back));
    bytes_fini(&out);

    bytes_init(&out, CURSOR_TEXT_MAX);
    bytes_add_str(&out, "1 d1");
    for (unsigned i = 1; i < CURSOR_AHEAD_MAX; i++)
        bytes_add_str(&out, ",1");
    assert_true(cursor_read(bytes_span(&out), &back));
    assert_int_equal(back.parts_n, CURSOR_AHEAD_MAX);
    cursor_fini(&back);
    bytes_add_str(&out, ",1");
    assert_false(cursor_read(bytes_span(&out), &back));
    bytes_fini(&out);
}

/* What is known ahead: found, put, forgotten as the cursor moves. */
static void test_parts(void **state)
{
    struct cursor c = {.low = 4};
    (void)state;
    assert_null(cursor_part(&c, 5, 0));
    cursor_part_put(&c, 9, 1)->done = true;
    cursor_part_put(&c, 5, 0)->tried = (struct cursor_tried){.past = {.status = 500}};
    cursor_part_put(&c, 9, 0)->done = true;
    cursor_part_put(&c, 9, 3)->tried = (struct cursor_tried){.past = {.status = 503}};
    cursor_part_put(&c, 7, 0)->done = true;
    assert_int_equal(c.parts_n, 5);
    assert_ptr_equal(cursor_part_put(&c, 9, 1), cursor_part(&c, 9, 1));
    assert_int_equal(c.parts_n, 5);
    for (size_t i = 1; i < c.parts_n; i++)
        assert_true(c.parts[i - 1].n < c.parts[i].n || c.parts[i - 1].slot < c.parts[i].slot);
    assert_int_equal(cursor_done(&c, 9), 3);
    assert_int_equal(cursor_done(&c, 5), 0);
    assert_int_equal(cursor_done(&c, 8), 0);
    assert_int_equal(cursor_status(&c), 500);
    cursor_part_take(&c, 9, 0);
    cursor_part_take(&c, 9, 7);
    assert_int_equal(cursor_done(&c, 9), 2);
    cursor_parts_pass(&c, 4);
    assert_int_equal(c.parts_n, 4);
    cursor_parts_pass(&c, 8);
    assert_int_equal(c.parts_n, 2);
    assert_int_equal(cursor_status(&c), 503);
    cursor_parts_pass(&c, 9);
    assert_null(c.parts);
    assert_int_equal(cursor_status(&c), 0);
    cursor_fini(&c);
}

/* Records of before: six numbers, or what is known of the next entry in one word. */
static void test_before(void **state)
{
    (void)state;
    struct cursor back;
    static struct cursor_part parts[] = {
        {.n = 19, .slot = 0, .done = true},
        {.n = 19, .slot = 1, .tried = {3, 2, {1, 401, 1700000000000}, false}},
        {.n = 19, .slot = 2, .done = true},
    };
    const struct cursor head = {AT(17), .health.failures = 1, .parts = parts, .parts_n = 3};
    const struct cursor done = {AT(17), .parts = parts, .parts_n = 1};
    const struct cursor plain = {AT(17)};
    const struct cursor is = {AT(17), .health.wake_ms = 1700000000000, .health.failures = 4};
    assert_true(cursor_read(SPAN("17 f1 h19:1:5:3:2:1:401:1700000000000"), &back));
    assert_true(cursor_same(&back, &head));
    cursor_fini(&back);
    assert_true(cursor_read(SPAN("17 h19:0:1:3:2:1:401:1700000000000"), &back));
    assert_true(cursor_same(&back, &done));
    cursor_fini(&back);
    assert_true(cursor_read(SPAN("17 h0:0:0:3:2:1:401:1700000000000"), &back));
    assert_true(cursor_same(&back, &plain));
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
    "1 z",
    "1 x1",
    "1 r0",
    "1 y1",
    "1 o9 y9 r9",
    "1 x w5",
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
    "1 u",
    "1 u1",
    "1 u9223372036854775808",
    "1 f1 u2",
    "1 d",
    "1 d0",
    "1 d1,",
    "1 d1,0",
    "1 d1:0",
    "1 d1:8",
    "1 d1:",
    "1 d1:2,0:2",
    "1 d1:2,0:1",
    "1 d1:1:1",
    "1 d9223372036854775807",
    "1 d1 d2",
    "1 p2:0:1:0:0:0",
    "1 p2:0:1:0:0:0:0:0",
    "1 p2:0:0:0:0:0:0",
    "1 p1:0:1:0:0:0:0",
    "1 p2:8:1:0:0:0:0",
    "1 p9223372036854775808:0:1:0:0:0:0",
    "1 p2:0:4294967296:0:0:0:0",
    "1 p2:0:1:0:0:1000:0",
    "1 p2:0:1:0:0:0:0 p2:0:1:0:0:0:0",
    "1 d1 p2:0:1:0:0:0:0",
    "1 p3:0:1:0:0:0:0 d1",
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
    "1 a2:0:0:0:0:0:0:0:0!!",
    "1 a2:0:0:0:0:0:0:0:!",
    "1 !a2:0:0:0:0:0:0:0:0",
    "1 q!",
    "1 b2:0:0:0:0:0:0:0:0 q",
    "1 b2:0:0:0:0:0:0:0:0 a2:0:0:0:0:0:0:0:0",
    "1 c3:0:0:0:0:0:0:0:0 b2:0:0:0:0:0:0:0:0",
    "1 d2:0:0:0:0:0:0:0:0",
    "1 v",
    "1 v2:0:0:0:0:0:0:0:0",
    "1 v1:0:1:0:0:0:0:0:0",
    "1 u5 v5:0:1:0:0:0:0:0:0",
    "1 v2:8:1:0:0:0:0:0:0",
    "1 v2:0:256:0:0:0:0:0:0",
    "1 v2:0:1:256:0:0:0:0:0",
    "1 v2:0:1:0:0:0:0:0",
    "1 v2:0:1:0:0:0:0:0:0:0",
    "1 v9223372036854775808:0:1:0:0:0:0:0:0",
    "1 v2:0:1:0:0:0:0:0:0 v2:0:1:0:0:0:0:0:0",
    "1 o2 v2:0:1:0:0:0:0:0:0",
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

/* A cursor with something in each field, and what differs from it in one. */
static struct cursor_aside one = {2, 3, 4, 5, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0};
static struct cursor_aside ones[] = {
    {9, 3, 4, 5, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 9, 4, 5, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 9, 5, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 9, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {9, 7, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 9, {8, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 7, {9, 9, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 7, {8, 8, 10}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 7, {8, 9, 9}, false}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 7, {8, 9, 10}, true}, LANE_NORMAL, false, 0},
    {2, 3, 4, 5, {6, 7, {8, 9, 10}, false}, LANE_URGENT, false, 0},
    {2, 3, 4, 5, {6, 7, {8, 9, 10}, false}, LANE_NORMAL, true, 0},
};
static const struct cursor_head heads[] = {
    {99, 2, 3, 4, {5, 6, {7, 8, 9}, false}}, {1, 99, 3, 4, {5, 6, {7, 8, 9}, false}},
    {1, 2, 99, 4, {5, 6, {7, 8, 9}, false}}, {1, 2, 3, 99, {5, 6, {7, 8, 9}, false}},
    {1, 2, 3, 4, {99, 6, {7, 8, 9}, false}}, {1, 2, 3, 4, {5, 6, {7, 8, 9}, true}},
};
static struct cursor_part part = {4, 5, false, false, {7, 8, {9, 10, 11}, false}};
static struct cursor_part parts[] = {
    {99, 5, false, false, {7, 8, {9, 10, 11}, false}},
    {4, 6, false, false, {7, 8, {9, 10, 11}, false}},
    {4, 5, true, false, {7, 8, {9, 10, 11}, false}},
    {4, 5, false, false, {99, 8, {9, 10, 11}, false}},
    {4, 5, false, false, {7, 99, {9, 10, 11}, false}},
    {4, 5, false, false, {7, 8, {99, 10, 11}, false}},
    {4, 5, false, false, {7, 8, {9, 99, 11}, false}},
    {4, 5, false, false, {7, 8, {9, 10, 99}, false}},
};
static const struct cursor base = {.low = 1,
                                   .urgent = 1,
                                   .health.wake_ms = 2,
                                   .health.failures = 3,
                                   .parts = &part,
                                   .parts_n = 1,
                                   .head = {1, 2, 3, 4, {5, 6, {7, 8, 9}, false}},
                                   .orders = 120,
                                   .shut = 13,
                                   .aside = &one,
                                   .aside_n = 1};

/* Each field tells two cursors apart. */
static void test_same(void **state)
{
    struct cursor others[11];
    const size_t n = sizeof(others) / sizeof(*others);
    (void)state;
    for (size_t i = 0; i < n; i++)
        others[i] = base;
    others[0].low = 99;
    others[1].health.wake_ms = 99;
    others[2].health.failures = 99;
    others[3].urgent = 99;
    others[4].orders = 99;
    others[5].shut = 99;
    others[6].quiet = true;
    others[7].aside_n = 0;
    others[8].parts_n = 0;
    others[9].replay = 99;
    others[10].again = 99;
    assert_true(cursor_same(&base, &base));
    for (size_t i = 0; i < n; i++)
        assert_false(cursor_same(&base, &others[i]));
    for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++) {
        others[0] = base;
        others[0].aside = &ones[i];
        assert_false(cursor_same(&base, &others[0]));
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        others[0] = base;
        others[0].parts = &parts[i];
        assert_false(cursor_same(&base, &others[0]));
    }
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        others[0] = base;
        others[0].head = heads[i];
        assert_false(cursor_same(&base, &others[0]));
    }
}

/* What is not written makes no difference. */
static void test_same_enough(void **state)
{
    struct cursor others[2];
    (void)state;
    others[0] = (struct cursor){.low = 5, .head = {.n = 7, .slot = 1}};
    others[1] = (struct cursor){.low = 5};
    assert_true(cursor_same(&others[0], &others[1]));
    struct cursor_part fresh = part;
    fresh.fresh = true;
    others[0] = base;
    others[0].parts = &fresh;
    assert_true(cursor_same(&base, &others[0]));
    others[0] = (struct cursor){.low = 5, .orders = 4};
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
        cmocka_unit_test(test_text),        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_parts),       cmocka_unit_test(test_before),
        cmocka_unit_test(test_bad_text),    cmocka_unit_test(test_same),
        cmocka_unit_test(test_same_enough), cmocka_unit_test(test_shard),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
