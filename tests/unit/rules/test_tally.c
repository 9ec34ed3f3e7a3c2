/* tally: what is counted under which name, and what there is no room for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/pure/date.h"
#include "relay/rules/policy.h"
#include "relay/rules/tally.h"

enum { HOUR_MS = 3600000 };

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(date_iso_read(span_of(text), &ms));
    return ms;
}

static void test_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *time, *month, *week;
    } rows[] = {
        {"2026-11-22T18:00:00Z", "2026-11", "2026-11-16"},
        {"2026-11-22T23:59:59.999Z", "2026-11", "2026-11-16"},
        {"2026-11-23T00:00:00Z", "2026-11", "2026-11-23"},
        {"2026-11-01T00:00:00Z", "2026-11", "2026-10-26"},
        {"2026-10-31T23:59:59.999Z", "2026-10", "2026-10-26"},
        {"2027-01-01T00:00:00Z", "2027-01", "2026-12-28"},
        {"2028-02-29T12:00:00Z", "2028-02", "2028-02-28"},
        {"1970-01-01T00:00:00Z", "1970-01", "1969-12-29"},
        {"1969-12-28T23:59:59Z", "1969-12", "1969-12-22"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char month[TALLY_MONTH_SIZE], week[TALLY_WEEK_SIZE];
        tally_month(at(rows[i].time), month);
        tally_week(at(rows[i].time), week);
        assert_string_equal(month, rows[i].month);
        assert_string_equal(week, rows[i].week);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum activity_type type;
        enum tally_kind kind; /* TALLY_KIND_COUNT: not counted */
    } rows[] = {
        {"{\"object\":{\"type\":\"Note\"}}", ACTIVITY_CREATE, TALLY_POST},
        {"{\"object\":{\"inReplyTo\":\"https://a/1\"}}", ACTIVITY_CREATE, TALLY_REPLY},
        {"{\"object\":{\"inReplyTo\":{\"id\":\"https://a/1\"}}}", ACTIVITY_CREATE, TALLY_REPLY},
        {"{\"object\":{\"inReplyTo\":null}}", ACTIVITY_CREATE, TALLY_POST},
        {"{\"object\":{\"inReplyTo\":\"https://a/1\"}}", ACTIVITY_ANNOUNCE, TALLY_SHARE},
        {"{\"object\":{\"type\":\"Note\"}}", ACTIVITY_UPDATE, TALLY_KIND_COUNT},
        {"{\"object\":{\"type\":\"Note\"}}", ACTIVITY_DELETE, TALLY_KIND_COUNT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        static const struct json_limits limits = {16, 64, 512};
        struct json *json = NULL;
        enum tally_kind kind = TALLY_KIND_COUNT;
        assert_int_equal(json_read(span_of(rows[i].json), &limits, &json), ERR_OK);
        struct activity a = {.type = rows[i].type, .json = json};
        assert_int_equal(tally_kind_of(&a, &kind), rows[i].kind != TALLY_KIND_COUNT);
        assert_int_equal(kind, rows[i].kind);
        json_free(&json);
    }
}

static void test_months(void **state)
{
    (void)state;
    static const struct {
        const char *month, *from, *to; /* from NULL: it is none */
    } rows[] = {
        {"2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"2027-02", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"},
        {"2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
        {"2026-13", NULL, NULL},
        {"2026-00", NULL, NULL},
        {"2026-1", NULL, NULL},
        {"2026-111", NULL, NULL},
        {"2026", NULL, NULL},
        {"", NULL, NULL},
        {"november", NULL, NULL},
        {"2026/11", NULL, NULL},
        {"-026-11", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int64_t from = 0, to = 0;
        bool ok = tally_month_read(span_of(rows[i].month), &from, &to);
        if (ok != (rows[i].from != NULL))
            fail_msg("%s", rows[i].month);
        if (ok) {
            assert_int_equal(from, at(rows[i].from));
            assert_int_equal(to, at(rows[i].to));
        }
    }
    assert_false(tally_month_read(SPAN_NONE, &(int64_t){0}, &(int64_t){0}));
}

/* --- what is told ----------------------------------------------------------------------------- */

struct told {
    struct bytes text; /* counts, one a line; in no order */
    size_t counts, sets;
    uint64_t total;
};

static void on_count(void *arg, struct span month, struct span field, uint64_t n)
{
    struct told *told = arg;
    bytes_addf(&told->text, "[%.*s %.*s %d]", SPAN_ARG(month), SPAN_ARG(field), (int)n);
    told->counts++;
    told->total += n;
}

static void on_seen(void *arg, struct span set, struct span digest)
{
    struct told *told = arg;
    assert_int_equal(digest.n, TALLY_DIGEST);
    bytes_addf(&told->text, "[%.*s]", SPAN_ARG(set));
    told->sets++;
}

static struct told take(struct tally *tally)
{
    struct told told = {.counts = 0};
    bytes_init(&told.text, 1 << 20);
    const struct tally_taker taker = {on_count, on_seen, &told};
    tally_take(tally, &taker);
    assert_true(tally_empty(tally));
    return told;
}

/* All of these words are told, and nothing else; what is told is forgotten then. */
static void takes(struct tally *tally, const char *const *words, size_t n)
{
    struct told told = take(tally);
    assert_int_equal(told.counts + told.sets, n);
    for (size_t i = 0; i < n; i++)
        if (!strstr(bytes_str(&told.text), words[i]))
            fail_msg("%s is not in %s", words[i], bytes_str(&told.text));
    bytes_fini(&told.text);
}
#define TAKES(tally, ...)                                                                          \
    takes(tally, (const char *const[]){__VA_ARGS__},                                               \
          sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_counts(void **state)
{
    (void)state;
    struct tally *t = tally_new();
    int64_t now = at("2026-11-30T23:30:00Z");
    assert_true(tally_empty(t));
    tally_crossed(t, now, SPAN("internal"), SPAN("partners"), TALLY_POST);
    tally_crossed(t, now, SPAN("internal"), SPAN("partners"), TALLY_POST);
    tally_crossed(t, now, SPAN("internal"), SPAN("partners"), TALLY_REPLY);
    tally_crossed(t, now, SPAN("partners"), SPAN("internal"), TALLY_SHARE);
    tally_crossed(t, now + HOUR_MS, SPAN("internal"), SPAN("partners"), TALLY_POST);
    tally_refused(t, now, SPAN("internal"), SPAN("partners"), ERR_RULE_DENIES);
    tally_refused(t, now, SPAN("internal"), SPAN(""), ERR_RULE_DENIES);
    tally_refused(t, now, SPAN(""), SPAN_NONE, ERR_NO_ZONE);
    assert_false(tally_empty(t));
    TAKES(t, "[2026-11 x|internal|partners|post 2]", "[2026-11 x|internal|partners|reply 1]",
          "[2026-11 x|partners|internal|share 1]", "[2026-12 x|internal|partners|post 1]",
          "[2026-11 r|internal|partners|rule-denies 1]", "[2026-11 r|internal||rule-denies 1]",
          "[2026-11 r|||no-zone 1]");
    struct told none = take(t);
    assert_int_equal(none.counts, 0);
    bytes_fini(&none.text);
    tally_free(&t);
    assert_null(t);
    tally_free(&t);
}

static void test_lags(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *field;
    } rows[] = {
        {-5, "d|z|00"},        {0, "d|z|00"},         {100, "d|z|00"},
        {101, "d|z|01"},       {2500, "d|z|04"},      {2501, "d|z|05"},
        {604800000, "d|z|14"}, {604800001, "d|z|15"}, {INT64_MAX, "d|z|15"},
    };
    for (unsigned i = 1; i < TALLY_LAGS; i++)
        assert_true(tally_lag_most(i) > tally_lag_most(i - 1));
    assert_int_equal(tally_lag_most(TALLY_LAGS - 1), INT64_MAX);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct tally *t = tally_new();
        char word[64];
        tally_delivered(t, at("2026-11-01T00:00:00Z"), SPAN("z"), rows[i].ms);
        snprintf(word, sizeof(word), "[2026-11 %s 1]", rows[i].field);
        TAKES(t, word);
        tally_free(&t);
    }
}

/* Who was told of is not told of again within the week, until that is forgotten. */
static void test_sets(void **state)
{
    (void)state;
    struct tally *t = tally_new();
    static const uint8_t jo[TALLY_DIGEST] = {1, 2, 3}, al[TALLY_DIGEST] = {9};
    int64_t now = at("2026-11-22T18:00:00Z");
    tally_author(t, now, SPAN("internal"), jo);
    tally_author(t, now, SPAN("internal"), jo);
    tally_member(t, now, SPAN("internal"), jo);
    tally_author(t, now, SPAN(""), jo); /* of no zone: nobody's */
    TAKES(t, "[2026-11-16:a:internal]", "[2026-11-16:m:internal]");
    tally_author(t, now, SPAN("internal"), jo);
    tally_author(t, now, SPAN("internal"), al);
    tally_author(t, now + 6 * HOUR_MS, SPAN("internal"), jo);
    TAKES(t, "[2026-11-16:a:internal]", "[2026-11-23:a:internal]");
    tally_forget(t);
    tally_author(t, now, SPAN("internal"), jo);
    TAKES(t, "[2026-11-16:a:internal]");
    tally_free(&t);
}

/* As many as may be, and then: nothing is lost of counts, and of sets it is told later. */
static void test_bounds(void **state)
{
    (void)state;
    struct tally *t = tally_new();
    int64_t now = at("2026-11-22T18:00:00Z");
    char zone[POLICY_NAME_MAX + 2];
    for (int i = 0; i < TALLY_CELLS_MAX + 100; i++) {
        snprintf(zone, sizeof(zone), "z%d", i);
        tally_crossed(t, now, span_of(zone), SPAN("b"), TALLY_POST);
    }
    tally_crossed(t, now, SPAN("z5"), SPAN("b"), TALLY_POST);
    struct told told = take(t);
    assert_int_equal(told.counts, TALLY_CELLS_MAX + 1);
    assert_int_equal(told.total, TALLY_CELLS_MAX + 101);
    assert_non_null(strstr(bytes_str(&told.text), "[2026-11 o 100]"));
    assert_non_null(strstr(bytes_str(&told.text), "[2026-11 x|z5|b|post 2]"));
    bytes_fini(&told.text);
    for (int i = 0; i < TALLY_SEEN_MAX + 1; i++) {
        uint8_t digest[TALLY_DIGEST] = {(uint8_t)i, (uint8_t)(i >> 8)};
        tally_author(t, now, SPAN("b"), digest);
    }
    told = take(t);
    assert_int_equal(told.sets, TALLY_SEEN_MAX);
    bytes_fini(&told.text);
    uint8_t last[TALLY_DIGEST] = {(uint8_t)TALLY_SEEN_MAX, (uint8_t)(TALLY_SEEN_MAX >> 8)};
    tally_author(t, now, SPAN("b"), last);
    TAKES(t, "[2026-11-16:a:b]");
    memset(zone, 'z', sizeof(zone) - 1); /* a name that is none */
    zone[sizeof(zone) - 1] = '\0';
    tally_crossed(t, now, span_of(zone), SPAN("b"), TALLY_POST);
    tally_author(t, now, span_of(zone), last);
    assert_true(tally_empty(t));
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar), cmocka_unit_test(test_months),
        cmocka_unit_test(test_counts),   cmocka_unit_test(test_lags),
        cmocka_unit_test(test_sets),     cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
