/* pilot: how near an end is, when a warning is due, and what is said of who has an end date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/member_rig.h"

#include "relay/rules/pilot.h"

static const int64_t day = 86400000;
static const int64_t now = 1800000000000;

static void test_stages(void **state)
{
    (void)state;
    static const struct {
        int64_t left_ms;
        const char *stage; /* NULL: far, or over */
    } rows[] = {
        {-1, NULL},         {0, NULL},           {1, "1d"},
        {86400000, "1d"},   {86400001, "7d"},    {604800000, "7d"},
        {604800001, "30d"}, {2592000000, "30d"}, {2592000001, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum pilot_stage stage = pilot_stage(now + rows[i].left_ms, now);
        assert_int_equal(stage != PILOT_FAR, rows[i].stage != NULL);
        if (rows[i].stage)
            assert_string_equal(pilot_stage_name(stage), rows[i].stage);
    }
    assert_int_equal(pilot_stage(0, now), PILOT_FAR); /* there is no end */
    assert_int_equal(pilot_stage_by_name(SPAN("7d")), PILOT_7D);
    assert_int_equal(pilot_stage_by_name(SPAN("8d")), PILOT_STAGE_COUNT);
}

/* As days pass: what is kept, and whether a warning is due; NULL: none is. */
static void test_each_is_due_once(void **state)
{
    (void)state;
    static const struct {
        int64_t days; /* since 40 days before the end; < 0: to the left of the end it moves */
        const char *due;
    } rows[] = {
        {0, NULL},  {9, NULL},  {10, "30d"}, {11, NULL}, {32, NULL}, {33, "7d"},
        {34, NULL}, {38, NULL}, {39, "1d"},  {39, NULL}, {40, NULL}, {41, NULL},
    };
    char kept[PILOT_WARNED_SIZE] = "";
    int64_t until = now + 40 * day;
    struct pilot_warned is;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool due = pilot_is_due(until, now + rows[i].days * day, span_of(kept), &is);
        assert_int_equal(due, rows[i].due != NULL);
        if (!due)
            continue;
        assert_string_equal(pilot_stage_name(is.stage), rows[i].due);
        pilot_warned_write(&is, kept);
    }
    /* another end: anew, and at once the one that is right */
    until += 5 * day;
    assert_true(pilot_is_due(until, now + 39 * day, span_of(kept), &is));
    assert_int_equal(is.stage, PILOT_7D);
    /* a short one is not warned of what has passed */
    assert_true(pilot_is_due(now + 1, now, SPAN_NONE, &is));
    assert_int_equal(is.stage, PILOT_1D);
}

static void test_warned_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"1800000000000 30d", true},
        {"1 1d", true},
        {"", false},
        {"1800000000000", false},
        {"x 7d", false},
        {"1800000000000 8d", false},
        {"-1 7d", false},
        {"1 7d more", false},
        {"9223372036854775808 7d", false},
    };
    struct pilot_warned w;
    char text[PILOT_WARNED_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(pilot_warned_read(span_of(rows[i].text), &w), rows[i].ok);
        if (rows[i].ok) {
            pilot_warned_write(&w, text);
            assert_string_equal(text, rows[i].text);
        }
    }
    /* what can't be read is as if there was none */
    assert_true(pilot_is_due(now + day, now, SPAN("what?"), &w));
}

static void test_who_is_one(void **state)
{
    (void)state;
    static const bool with_end[MEMBER_STATE_COUNT] = {
        [MEMBER_INVITED] = true,   [MEMBER_PENDING] = true, [MEMBER_ACTIVE] = true,
        [MEMBER_SUSPENDED] = true, [MEMBER_EXPIRED] = true,
    };
    for (int s = 0; s < MEMBER_STATE_COUNT; s++) {
        struct member m = member_in((enum member_state)s);
        struct pilot p;
        m.until_ms = now + day;
        assert_int_equal(pilot_of_member(&m, &p), with_end[s]);
        if (with_end[s]) {
            assert_int_equal(pilot_runs(&p, now), s != MEMBER_EXPIRED);
            assert_int_equal(pilot_until(&p), now + day);
            assert_false(pilot_runs(&p, now + day));
        }
        m.until_ms = 0;
        assert_int_equal(pilot_of_member(&m, &p), s == MEMBER_EXPIRED);
    }
}

static void write_closed(const struct pilot *pilot, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    pilot_write(pilot, now, &w);
    json_close(&w, '}');
}

static void test_what_is_said_of_a_member(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE);
    struct pilot p;
    struct bytes out;
    bytes_init(&out, 65536);
    m.until_ms = now + day;
    SET(m.sponsor, "bob@corp.example");
    SET(m.note, "phase \"1\"");
    assert_true(pilot_of_member(&m, &p));
    write_closed(&p, &out);
    assert_string_equal(bytes_str(&out),
                        "{\"pilot\":\"b.example\",\"until\":\"2027-01-16T08:00:00Z\",\"within\":"
                        "\"1d\",\"kind\":\"member\",\"state\":\"active\",\"zone\":\"partners\","
                        "\"role\":\"full\",\"sponsor\":\"bob@corp.example\","
                        "\"note\":\"phase \\\"1\\\"\"}");
    bytes_fini(&out);
}

static void test_what_is_said_of_a_rule(void **state)
{
    (void)state;
    static char name[] = "sc-out", owner[] = "bob@corp.example", why[] = "supply chain";
    static char zone_a[] = "internal", zone_b[] = "partners";
    struct zone zones[2] = {{.name = zone_a}, {.name = zone_b}};
    int from = 0, to = 1;
    struct rule rule = {.name = name,
                        .part = RULE_SHORT,
                        .from = {.zones = &from, .n = 1},
                        .to = {.zones = &to, .n = 1},
                        .until_ms = now + 8 * day,
                        .owner = owner,
                        .reason = why,
                        .line = 12};
    struct policy policy = {.zones = zones, .zones_n = 2, .rules = &rule, .rules_n = 1};
    struct pilot p;
    struct bytes out;
    bytes_init(&out, 65536);
    assert_true(pilot_of_rule(&policy, &rule, &p));
    write_closed(&p, &out);
    assert_non_null(strstr(bytes_str(&out), "\"pilot\":\"rule:sc-out\""));
    assert_non_null(
        strstr(bytes_str(&out), "\"within\":\"30d\",\"kind\":\"rule\",\"state\":\"active\""));
    assert_non_null(strstr(bytes_str(&out), "from internal to partners"));
    assert_non_null(
        strstr(bytes_str(&out),
               "\"sponsor\":\"bob@corp.example\",\"note\":\"supply chain\",\"line\":12}"));
    bytes_clear(&out);
    rule.until_ms = now;
    write_closed(&p, &out);
    assert_non_null(strstr(bytes_str(&out), "\"state\":\"expired\""));
    assert_null(strstr(bytes_str(&out), "within"));
    rule.until_ms = 0;
    assert_false(pilot_of_rule(&policy, &rule, &p));
    bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_each_is_due_once),
        cmocka_unit_test(test_warned_text),
        cmocka_unit_test(test_who_is_one),
        cmocka_unit_test(test_what_is_said_of_a_member),
        cmocka_unit_test(test_what_is_said_of_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
