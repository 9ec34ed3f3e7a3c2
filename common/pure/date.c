/* date: the wire's two time formats, read and written by arithmetic on the proleptic Gregorian
 * calendar: neither the locale nor the time zone of the machine can change the answer.
 * May not know: what time it is. */
#include "common/pure/date.h"

#include <string.h>

enum { DAY_S = 86400 };

/* 0000-01-01 and 9999-12-31T23:59:59: what four digits of year can say. */
static const int64_t least_s = -62167219200, most_s = 253402300799;

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct moment {
    unsigned year, month, day; /* month and day count from 1 */
    unsigned hour, minute, second;
};

/* A reader that walks along the text; once something does not match, ok stays false. */
struct reader {
    struct span rest;
    bool ok;
};

static void skip(struct reader *r, const char *text)
{
    struct span want = span_of(text);
    if (!r->ok || !span_starts(r->rest, want)) {
        r->ok = false;
        return;
    }
    r->rest.p += want.n;
    r->rest.n -= want.n;
}

static unsigned digits(struct reader *r, size_t n)
{
    uint64_t value = 0;
    if (!r->ok || r->rest.n < n || !span_u64((struct span){r->rest.p, n}, 9999, &value)) {
        r->ok = false;
        return 0;
    }
    r->rest.p += n;
    r->rest.n -= n;
    return (unsigned)value;
}

/* The place, from 0, of the next three letters in a string of such names. */
static unsigned name(struct reader *r, const char *names)
{
    if (!r->ok || r->rest.n < 3) {
        r->ok = false;
        return 0;
    }
    for (unsigned i = 0; names[3 * (size_t)i]; i++)
        if (memcmp(names + 3 * (size_t)i, r->rest.p, 3) == 0) {
            r->rest.p += 3;
            r->rest.n -= 3;
            return i;
        }
    r->ok = false;
    return 0;
}

static bool leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool valid(const struct moment *m)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m->month < 1 || m->month > 12 || m->day < 1)
        return false;
    unsigned last = days[m->month - 1] + (m->month == 2 && leap(m->year) ? 1U : 0U);
    return m->day <= last && m->hour < 24 && m->minute < 60 && m->second < 60;
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last. */
static int64_t days_from(const struct moment *m)
{
    int64_t year = (int64_t)m->year - (m->month <= 2 ? 1 : 0);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t month = m->month > 2 ? m->month - 3 : m->month + 9;
    int64_t of_year = (153 * month + 2) / 5 + m->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t seconds_from(const struct moment *m)
{
    return days_from(m) * DAY_S + m->hour * 3600 + m->minute * 60 + m->second;
}

/* Days since 1970, rounded down also before it. */
static int64_t day_of(int64_t seconds)
{
    return (seconds >= 0 ? seconds : seconds - (DAY_S - 1)) / DAY_S;
}

static struct moment moment_of(int64_t seconds)
{
    int64_t day = day_of(seconds);
    unsigned rest = (unsigned)(seconds - day * DAY_S);
    int64_t shifted = day + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    return (struct moment){
        .year = (unsigned)(yoe + era * 400 + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (unsigned)(doy - (153 * mp + 2) / 5 + 1),
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

static int64_t clamp(int64_t seconds)
{
    if (seconds < least_s)
        return least_s;
    return seconds > most_s ? most_s : seconds;
}

static unsigned weekday_of(int64_t seconds)
{
    return (unsigned)(((day_of(seconds) + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* n digits of value, what is above them left out; where the text goes on. */
static char *put_digits(char *out, unsigned value, unsigned n)
{
    for (unsigned i = n; i-- > 0; value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + n;
}

static char *put(char *out, const char *text, size_t n)
{
    memcpy(out, text, n);
    return out + n;
}

static char *put_time(char *out, const struct moment *m)
{
    out = put(put_digits(out, m->hour, 2), ":", 1);
    out = put(put_digits(out, m->minute, 2), ":", 1);
    return put_digits(out, m->second, 2);
}

bool date_http_read(struct span text, int64_t *ret)
{
    struct reader r = {text, true};
    struct moment m = {0};
    unsigned weekday = name(&r, day_names);
    skip(&r, ", ");
    m.day = digits(&r, 2);
    skip(&r, " ");
    m.month = name(&r, month_names) + 1;
    skip(&r, " ");
    m.year = digits(&r, 4);
    skip(&r, " ");
    m.hour = digits(&r, 2);
    skip(&r, ":");
    m.minute = digits(&r, 2);
    skip(&r, ":");
    m.second = digits(&r, 2);
    skip(&r, " GMT");
    if (!r.ok || r.rest.n || !valid(&m))
        return false;
    int64_t seconds = seconds_from(&m);
    if (weekday_of(seconds) != weekday)
        return false;
    *ret = seconds;
    return true;
}

void date_http_write(int64_t seconds, char out[DATE_HTTP_SIZE])
{
    seconds = clamp(seconds);
    struct moment m = moment_of(seconds);
    out = put(out, day_names + 3 * (size_t)weekday_of(seconds), 3);
    out = put_digits(put(out, ", ", 2), m.day, 2);
    out = put(put(out, " ", 1), month_names + 3 * (size_t)(m.month - 1), 3);
    out = put_digits(put(out, " ", 1), m.year, 4);
    out = put_time(put(out, " ", 1), &m);
    put(out, " GMT", sizeof " GMT");
}

/* `.123456`: at least one digit; what is finer than a millisecond is cut. */
static unsigned fraction_ms(struct reader *r)
{
    if (!r->ok || !span_starts(r->rest, SPAN(".")))
        return 0;
    skip(r, ".");
    unsigned ms = 0, n = 0;
    for (; r->rest.n && r->rest.p[0] >= '0' && r->rest.p[0] <= '9'; r->rest.p++, r->rest.n--, n++)
        if (n < 3)
            ms = ms * 10 + (unsigned)(r->rest.p[0] - '0');
    if (n == 0)
        r->ok = false;
    for (; n < 3; n++)
        ms *= 10;
    return ms;
}

/* `Z`, `z`, `+01:00`, `-00:00`: what must be added to UTC to get the local time, in seconds. */
static int64_t offset_s(struct reader *r)
{
    if (!r->ok || r->rest.n == 0) {
        r->ok = false;
        return 0;
    }
    char sign = r->rest.p[0];
    r->rest.p++;
    r->rest.n--;
    if (sign == 'Z' || sign == 'z')
        return 0;
    unsigned hour = digits(r, 2);
    skip(r, ":");
    unsigned minute = digits(r, 2);
    if ((sign != '+' && sign != '-') || hour > 23 || minute > 59)
        r->ok = false;
    int64_t offset = (int64_t)hour * 3600 + (int64_t)minute * 60;
    return sign == '-' ? -offset : offset;
}

static void read_day(struct reader *r, struct moment *m)
{
    m->year = digits(r, 4);
    skip(r, "-");
    m->month = digits(r, 2);
    skip(r, "-");
    m->day = digits(r, 2);
}

bool date_iso_read(struct span text, int64_t *ret_ms)
{
    struct reader r = {text, true};
    struct moment m = {0};
    read_day(&r, &m);
    skip(&r, span_starts(r.rest, SPAN("t")) ? "t" : "T");
    m.hour = digits(&r, 2);
    skip(&r, ":");
    m.minute = digits(&r, 2);
    skip(&r, ":");
    m.second = digits(&r, 2);
    unsigned ms = fraction_ms(&r);
    int64_t offset = offset_s(&r);
    if (!r.ok || r.rest.n || !valid(&m))
        return false;
    *ret_ms = (seconds_from(&m) - offset) * 1000 + ms;
    return true;
}

void date_iso_write(int64_t ms, char out[DATE_ISO_SIZE])
{
    int64_t seconds = ms >= 0 ? ms / 1000 : -((-(ms + 1)) / 1000) - 1;
    struct moment m = moment_of(clamp(seconds));
    out = put(put_digits(out, m.year, 4), "-", 1);
    out = put(put_digits(out, m.month, 2), "-", 1);
    out = put_time(put(put_digits(out, m.day, 2), "T", 1), &m);
    put(out, "Z", sizeof "Z");
}

void date_iso_ms_write(int64_t ms, char out[DATE_ISO_SIZE])
{
    char fraction[] = ".000Z";
    int64_t rest = ms % 1000;
    date_iso_write(ms, out);
    put_digits(fraction + 1, (unsigned)(rest < 0 ? rest + 1000 : rest), 3);
    memcpy(out + strlen(out) - 1, fraction, sizeof(fraction));
}

bool date_day_read(struct span text, int64_t *ret_ms)
{
    struct reader r = {text, true};
    struct moment m = {.hour = 23, .minute = 59, .second = 59};
    read_day(&r, &m);
    if (!r.ok || r.rest.n)
        return date_iso_read(text, ret_ms);
    if (!valid(&m))
        return false;
    *ret_ms = seconds_from(&m) * 1000 + 999;
    return true;
}
