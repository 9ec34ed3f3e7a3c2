/* The unit test of common/pure/date, against a calendar that is counted day by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/date.h"

struct row {
    const char *text;
    int64_t value;
};

/* Reads a copy that is exactly as long as the text, so that a step too far is seen. */
static bool read_copy(bool (*reader)(struct span, int64_t *), struct span text, int64_t *ret)
{
    char *copy = malloc(text.n ? text.n : 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.n);
    bool ok = reader((struct span){copy, text.n}, ret);
    free(copy);
    return ok;
}

static void accepted(bool (*reader)(struct span, int64_t *), const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = 1;
        if (!read_copy(reader, span_of(rows[i].text), &value) || value != rows[i].value)
            fail_msg("'%s': %lld", rows[i].text, (long long)value);
    }
}

static void refused(bool (*reader)(struct span, int64_t *), const char *const *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t value = 77;
        if (read_copy(reader, span_of(rows[i]), &value) || value != 77)
            fail_msg("'%s' was read", rows[i]);
    }
}

static void http_reads(void **state)
{
    static const struct row rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
        {"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Tue, 19 Jan 2038 03:14:08 GMT", 2147483648},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        {"Sat, 01 Jan 0000 00:00:00 GMT", -62167219200},
    };
    (void)state;
    accepted(date_http_read, rows, sizeof rows / sizeof *rows);
}

static void http_refuses(void **state)
{
    static const char *const rows[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nop 1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT",
        "Sun, 06\tNov 1994 08:49:37 GMT",
        "Sun, 0\xD9\xA6 Nov 1994 08:49:37 GMT",
        "784111777",
    };
    (void)state;
    refused(date_http_read, rows, sizeof rows / sizeof *rows);
    int64_t value = 0;
    assert_false(date_http_read(SPAN("Sun, 06 Nov 1994 08:49:37\0GMT"), &value));
    assert_false(date_http_read(SPAN_NONE, &value));
}

static void iso_reads(void **state)
{
    static const struct row rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-01-02T03:04:05Z", 1767323045000},
        {"2026-01-02t03:04:05z", 1767323045000},
        {"2026-01-02T03:04:05.5Z", 1767323045500},
        {"2026-01-02T03:04:05.123456789123456789Z", 1767323045123},
        {"2026-01-02T03:04:05.9999Z", 1767323045999},
        {"2026-01-02T04:04:05+01:00", 1767323045000},
        {"2026-01-01T21:34:05.250-05:30", 1767323045250},
        {"2026-01-02T03:04:05-00:00", 1767323045000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
    };
    (void)state;
    accepted(date_iso_read, rows, sizeof rows / sizeof *rows);
    accepted(date_day_read, rows, sizeof rows / sizeof *rows);
}

static void iso_refuses(void **state)
{
    static const char *const rows[] = {
        "",
        "2026",
        "2026-01-02T03:04:05",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05+0100",
        "2026-01-02T03:04:05+01",
        "2026-01-02T03:04:05+1:00",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+01:60",
        "2026-01-02T03:04:05*01:00",
        "2026-01-02T03:04:05UTC",
        "2026-01-02T03:04:05ZZ",
        "2026-01-02T03:04:05Z ",
        " 2026-01-02T03:04:05Z",
        "2026-1-2T03:04:05Z",
        "26-01-02T03:04:05Z",
        "+2026-01-02T03:04:05Z",
        "-2026-01-02T03:04:05Z",
        "20260102T030405Z",
        "2026-00-02T03:04:05Z",
        "2026-13-02T03:04:05Z",
        "2026-02-29T03:04:05Z",
        "2026-04-31T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:60:05Z",
        "2026-12-31T23:59:60Z",
        "2026-01-02T03:04:05.12a4Z",
        "1767323045",
    };
    (void)state;
    refused(date_iso_read, rows, sizeof rows / sizeof *rows);
    refused(date_day_read, rows, sizeof rows / sizeof *rows);
}

static void days(void **state)
{
    static const struct row good[] = {
        {"2027-04-30", 1809129599999}, /* the last millisecond of the day */
        {"1970-01-01", 86399999},
        {"2024-02-29", 1709251199999},
    };
    static const char *const bad[] = {
        "2027-04-31", "2027-4-30", "2027-04-30 ", "2027-04",     "30.04.2027",
        "2027/04/30", "tomorrow",  "2025-02-29",  "2027-04-30T",
    };
    (void)state;
    accepted(date_day_read, good, sizeof good / sizeof *good);
    refused(date_day_read, bad, sizeof bad / sizeof *bad);
    int64_t value = 0;
    assert_false(date_iso_read(SPAN("2027-04-30"), &value)); /* on the wire a day is no moment */
}

static void writes(void **state)
{
    char http[DATE_HTTP_SIZE], iso[DATE_ISO_SIZE];
    (void)state;
    date_http_write(784111777, http);
    assert_string_equal(http, "Sun, 06 Nov 1994 08:49:37 GMT");
    date_http_write(-1, http);
    assert_string_equal(http, "Wed, 31 Dec 1969 23:59:59 GMT");
    date_http_write(INT64_MAX, http);
    assert_string_equal(http, "Fri, 31 Dec 9999 23:59:59 GMT");
    date_http_write(INT64_MIN, http);
    assert_string_equal(http, "Sat, 01 Jan 0000 00:00:00 GMT");
    date_iso_write(1767323045999, iso);
    assert_string_equal(iso, "2026-01-02T03:04:05Z");
    date_iso_write(-1, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59Z");
    date_iso_write(-1000, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59Z");
    date_iso_write(INT64_MAX, iso);
    assert_string_equal(iso, "9999-12-31T23:59:59Z");
    date_iso_write(INT64_MIN, iso);
    assert_string_equal(iso, "0000-01-01T00:00:00Z");
    date_iso_ms_write(1767323045678, iso);
    assert_string_equal(iso, "2026-01-02T03:04:05.678Z");
    date_iso_ms_write(1767323045007, iso);
    assert_string_equal(iso, "2026-01-02T03:04:05.007Z");
    date_iso_ms_write(-1, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59.999Z");
    date_iso_ms_write(-1000, iso);
    assert_string_equal(iso, "1969-12-31T23:59:59.000Z");
}

/* Every day of eight centuries, counted on the fingers, both ways through both formats. */
static void the_calendar(void **state)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    int64_t day = -135140; /* 1600-01-01, a Saturday */
    int weekday = 6;
    (void)state;
    for (int year = 1600; year < 2400; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            int last = lengths[month - 1] + (month == 2 && leap);
            for (int d = 1; d <= last; d++, day++, weekday = (weekday + 1) % 7) {
                char want[40], iso[DATE_ISO_SIZE], http[DATE_HTTP_SIZE];
                int64_t at = day * 86400 + 86399, back = 0;
                date_iso_write(at * 1000, iso);
                snprintf(want, sizeof want, "%04d-%02d-%02dT23:59:59Z", year, month, d);
                assert_string_equal(iso, want);
                assert_true(date_iso_read(span_of(iso), &back));
                assert_int_equal(back, at * 1000);
                date_http_write(at, http);
                assert_memory_equal(http, names[weekday], 3);
                assert_true(date_http_read(span_of(http), &back));
                assert_int_equal(back, at);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_reads),   cmocka_unit_test(http_refuses), cmocka_unit_test(iso_reads),
        cmocka_unit_test(iso_refuses),  cmocka_unit_test(days),         cmocka_unit_test(writes),
        cmocka_unit_test(the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
