/* schedule: what becomes of hosts in trouble: faults of ours, the breaker, parking, 410 over days,
 * and clocks that are set. */
#include "schedule_rig.h"

enum { DAY = 24 * HOUR };

static struct schedule_limits limits_of(unsigned silent_days, unsigned gone_days)
{
    struct schedule_limits limits = rig_limits;
    limits.host_window = 8;
    limits.judge.horizon_ms = 365 * (int64_t)DAY;
    limits.judge.silent_days = silent_days;
    limits.judge.gone_days = gone_days;
    return limits;
}

static struct schedule *started(const char *hosts, unsigned silent_days, unsigned gone_days)
{
    struct schedule_limits limits = limits_of(silent_days, gone_days);
    struct schedule *s = rig_new(&limits, hosts, 0);
    assert_int_equal(schedule_loaded(s), 0);
    return s;
}

/* By these limits, an entry lives for a year. */
static void answers(struct schedule *s, struct attempt *a, int64_t now, enum err err, int status)
{
    struct schedule_limits limits = limits_of(0, 0);
    struct judge_answer answer = {.err = err, .status = status};
    struct judgement j = judge(&answer, &limits.judge, &a->past, a->age_ms, now);
    schedule_outcome(s, a, &j, status, NULL, now, UINT32_MAX);
}

static struct health health_of(const struct schedule *s, const char *host)
{
    struct cursor cursor = {0};
    const char *state;
    assert_true(schedule_look(s, span_of(host), &cursor, &state));
    return cursor.health;
}

static struct schedule_report report(const struct schedule *s)
{
    struct schedule_report r;
    schedule_report(s, &r);
    return r;
}

/* --- faults of ours -------------------------------------------------------------------------- */

/* Nothing is counted, nothing is written down but the attempt; the host is left alone for a minute
 * at most. */
static void test_local(void **state)
{
    static const enum err errs[] = {ERR_INTERNAL, ERR_CANCELLED, ERR_REDIS, ERR_NO_ROUTE};
    (void)state;
    for (size_t i = 0; i < sizeof(errs) / sizeof(*errs); i++) {
        struct schedule *s = started("a", 2, 3);
        int64_t now = NOW;
        rig_tell(s, 1, 1);
        for (unsigned n = 1; n < 20; n++) {
            struct attempt a = rig_sends(s, now, "a", 1);
            assert_int_equal(a.failures, 0);
            assert_int_equal(a.past.tries, 0);
            rig_answer(s, &a, now, errs[i], 0);
            assert_string_equal(rig_state(s, "a"), "waiting");
            rig_rests(s, now);
            assert_true(schedule_wake(s) > now);
            assert_true(schedule_wake(s) <= now + MIN);
            now = schedule_wake(s);
        }
        assert_int_equal(schedule_wake(s) < now + DAY, true);
        struct health h = health_of(s, "a");
        assert_true(health_plain(&h));
        rig_delivers(s, now, "a", 1);
        rig_rests(s, now);
        assert_int_equal(schedule_wake(s), INT64_MAX);
        schedule_free(&s);
    }
}

static void fail_all(struct schedule *s, int64_t now, unsigned from, unsigned n)
{
    struct attempt out[32];
    for (unsigned i = 0; i < n; i++)
        assert_true(schedule_next(s, now, &out[i]));
    for (unsigned i = from; i < n; i++)
        rig_answer(s, &out[i], now, ERR_CONNECT, 0);
    for (unsigned i = 0; i < from; i++)
        rig_answer(s, &out[i], now, ERR_OK, 202);
}

/* Most of them can't be reached: it is us. From then on nothing is counted, until they answer; then
 * nobody waits long for what was not counted. */
static void test_suspect(void **state)
{
    static const char hosts[] = "a,b,c,d,e,f,g,h,i,j,k,l";
    (void)state;
    struct schedule *s = started(hosts, 2, 3);
    int64_t now = NOW;
    unsigned counted = 0;
    rig_tell(s, 1, 1);
    fail_all(s, now, 0, 12);
    assert_true(report(s).suspects);
    for (const char *h = hosts; *h; h += h[1] ? 2 : 1) {
        const char name[] = {*h, '\0'};
        struct health health = health_of(s, name);
        counted += health.failures;
    }
    assert_int_equal(counted, 9); /* before the tenth, nobody could know */
    for (unsigned day = 0; day < 30; day++) {
        struct attempt a;
        now += DAY;
        while (schedule_next(s, now, &a))
            answers(s, &a, now, ERR_CONNECT, 0);
    }
    assert_int_equal(report(s).parked, 0);
    assert_true(report(s).suspects);
    /* The first that answers, alone in its minute, tells that it was. */
    assert_true(schedule_wake(s) < now + MIN); /* a canary */
    now += 2 * MIN;
    struct attempt a;
    assert_true(schedule_next(s, now, &a));
    rig_answer(s, &a, now, ERR_OK, 202);
    assert_false(report(s).suspects);
    unsigned rest = 0;
    now += 5 * MIN + 2 * SECOND;
    while (schedule_next(s, now, &a)) {
        rig_answer(s, &a, now, ERR_OK, 202);
        rest++;
    }
    assert_int_equal(rest, 11);
    schedule_free(&s);
}

/* Half of them answer: it is the others. */
static void test_no_suspicion(void **state)
{
    (void)state;
    struct schedule *s = started("a,b,c,d,e,f,g,h,i,j,k,l", 2, 3);
    unsigned failing = 0;
    rig_tell(s, 1, 1);
    struct attempt out[12];
    for (unsigned i = 0; i < 12; i++)
        assert_true(schedule_next(s, NOW, &out[i]));
    for (unsigned i = 0; i < 12; i++)
        rig_answer(s, &out[i], NOW, i % 2 ? ERR_CONNECT : ERR_OK, i % 2 ? 0 : 202);
    assert_false(report(s).suspects);
    for (int h = 'a'; h <= 'l'; h++)
        failing += health_of(s, (const char[]){(char)h, '\0'}).failures;
    assert_int_equal(failing, 6);
    schedule_free(&s);
}

/* --- the breaker ----------------------------------------------------------------------------- */

/* Half open: one attempt, whatever the window was, until something was answered. */
static void test_half_open(void **state)
{
    (void)state;
    struct schedule *s = started("a", 0, 0);
    int64_t now = NOW;
    struct attempt out[8];
    rig_tell(s, 1, 40);
    for (uint64_t n = 1; n <= 30;) { /* the window grows */
        unsigned k = 0;
        while (k < 8 && n + k <= 30 && schedule_next(s, now, &out[k]))
            k++;
        assert_true(k > 0);
        for (unsigned i = 0; i < k; i++)
            rig_answer(s, &out[i], now, ERR_OK, 202);
        n += k;
    }
    struct attempt two[2];
    assert_true(schedule_next(s, now, &two[0]) && schedule_next(s, now, &two[1]));
    rig_answer(s, &two[0], now, ERR_TIMEOUT, 0);
    rig_answer(s, &two[1], now, ERR_TIMEOUT, 0);
    assert_int_equal(health_of(s, "a").failures, 1); /* they failed together */
    for (unsigned i = 2; i < 10; i++) {
        rig_rests(s, now);
        now = schedule_wake(s);
        struct attempt probe;
        assert_true(schedule_next(s, now, &probe));
        rig_rests(s, now);
        rig_answer(s, &probe, now, ERR_TIMEOUT, 0);
        assert_int_equal(health_of(s, "a").failures, i);
    }
    now = schedule_wake(s);
    assert_true(schedule_next(s, now, &two[0]));
    rig_answer(s, &two[0], now, ERR_OK, 202);
    assert_int_equal(health_of(s, "a").failures, 0);
    schedule_free(&s);
}

/* Asked for by one answer, for the host: direct mail waits as well. */
static void test_retry_after(void **state)
{
    static const char *const forms[] = {"120", "Tue, 14 Nov 2023 22:15:20 GMT"};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int status = 429; status <= 503; status += 503 - 429) {
            struct schedule *s = started("a", 0, 0);
            rig_tell(s, 1, 2);
            struct attempt a = rig_sends(s, NOW, "a", 1);
            struct judge_answer answer = {ERR_OK, status, span_of(forms[i])};
            struct judgement j = judge(&answer, &rig_limits.judge, &a.past, a.age_ms, NOW);
            schedule_outcome(s, &a, &j, status, NULL, NOW, 0);
            rig_mail(s, "a", 3);
            rig_rests(s, NOW + 120 * SECOND - 1);
            assert_int_equal(schedule_wake(s), NOW + 120 * SECOND);
            a = rig_sends(s, NOW + 120 * SECOND, "a", 3);
            rig_answer(s, &a, NOW + 120 * SECOND, ERR_OK, 202);
            schedule_free(&s);
        }
}

/* --- parked ---------------------------------------------------------------------------------- */

static int64_t silent_day(struct schedule *s, int64_t now)
{
    int64_t end = now + DAY;
    while (now < end) {
        struct attempt a;
        if (schedule_next(s, now, &a))
            answers(s, &a, now, ERR_TIMEOUT, 0);
        else
            now = schedule_wake(s) < end ? schedule_wake(s) : end;
    }
    return end;
}

static struct schedule *parked(int64_t *ret_now)
{
    struct schedule *s = started("a,b", 7, 0);
    int64_t now = NOW / DAY * DAY;
    struct entry *e = rig_entry_from(1, "red", "b");
    schedule_entry(s, e);
    entry_unref(&e);
    for (int day = 0; day < 8; day++) {
        assert_int_equal(report(s).parked, 0);
        now = silent_day(s, now);
    }
    *ret_now = now;
    return s;
}

static void test_parked(void **state)
{
    int64_t now;
    (void)state;
    struct schedule *s = parked(&now);
    assert_int_equal(report(s).parked, 1);
    assert_int_equal(rig_cursor(s).low, 0); /* its place is kept */
    for (int day = 0; day < 10; day++) {    /* a probe a day */
        int64_t wake = schedule_wake(s);
        assert_true(wake > now && wake <= now + DAY);
        rig_rests(s, wake - 1);
        struct attempt probe;
        assert_true(schedule_next(s, wake, &probe));
        answers(s, &probe, wake, ERR_TIMEOUT, 0);
        rig_rests(s, wake);
        now = wake;
    }
    /* It is in its record, and is read back. */
    struct bytes text;
    struct cursor cursor = rig_cursor(s);
    struct cursor back;
    bytes_init(&text, CURSOR_TEXT_MAX);
    cursor_write(&cursor, &text);
    assert_true(cursor_read(bytes_span(&text), &back));
    assert_true(health_same(&back.health, &cursor.health));
    assert_true(back.health.parked_ms > 0);
    cursor_fini(&back);
    bytes_fini(&text);
    /* The probe is taken: all is well. */
    now = schedule_wake(s);
    struct attempt probe;
    assert_true(schedule_next(s, now, &probe));
    rig_answer(s, &probe, now, ERR_OK, 202);
    assert_int_equal(report(s).parked, 0);
    struct health h = health_of(s, "a");
    assert_true(health_plain(&h));
    schedule_free(&s);
}

/* Something signed of it, or a post of its own: it is tried at once, and is parked no more. */
static void test_wakes(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        int64_t now;
        struct schedule *s = parked(&now);
        rig_rests(s, now);
        if (i == 0) {
            schedule_awake(s, SPAN("a"));
        } else {
            struct entry *e = rig_entry_from(2, "red", "a");
            schedule_entry(s, e);
            entry_unref(&e);
        }
        assert_int_equal(report(s).parked, 0);
        struct attempt a;
        bool found = false;
        while (schedule_next(s, now, &a)) {
            found |= strcmp(a.host, "a") == 0;
            rig_answer(s, &a, now, ERR_OK, 202);
        }
        assert_true(found);
        schedule_free(&s);
    }
}

/* --- 410 ------------------------------------------------------------------------------------- */

/* On the third day its membership is to end. It is said once, and again by another life. */
static void test_gone(void **state)
{
    (void)state;
    struct schedule *s = started("a", 0, 3);
    uint64_t n = 1;
    for (int day = 0; day < 3; day++)
        for (int k = 0; k < 3; k++, n++) {
            int64_t now = NOW + day * (int64_t)DAY + k;
            rig_tell(s, n, n);
            rig_answers(s, now, n, ERR_OK, 410);
            const char *told = rig_commit(s, now);
            assert_int_equal(strstr(told, "ended a") != NULL, day == 2 && k == 0);
        }
    struct cursor cursor = rig_cursor(s);
    assert_int_equal(cursor.health.gone, 3);
    cursor.low = cursor.urgent = 0;
    struct schedule_limits limits = limits_of(0, 3);
    struct schedule *next = rig_new(&limits, "a", 0);
    schedule_load_cursor(next, SPAN("a"), &cursor);
    schedule_loaded(next);
    rig_tell(next, 1, 2);
    rig_answers(next, NOW + 2 * (int64_t)DAY, 1, ERR_OK, 410);
    assert_non_null(strstr(rig_commit(next, NOW), "ended a"));
    schedule_free(&next);
    schedule_free(&s);
}

/* What it takes between, on whatever inbox, shows that it is there. Other refusals, and 410 to
 * direct mail, say nothing of it. */
static void test_not_gone(void **state)
{
    (void)state;
    struct schedule *s = started("a", 0, 3);
    uint64_t n = 1;
    for (int day = 0; day < 10; day++, n += 3) {
        int64_t now = NOW + day * (int64_t)DAY;
        rig_tell(s, n, n + 1);
        rig_answers(s, now, n, ERR_OK, 410);
        rig_commit(s, now);
        rig_answers(s, now, n + 1, ERR_OK, day % 2 ? 202 : 404);
        rig_mail_of(s, "a", n + 2, "undo", "http://a/inbox");
        rig_answers(s, now, n + 2, ERR_OK, 410);
        assert_null(strstr(rig_commit(s, now), "ended"));
    }
    schedule_free(&s);
}

/* What is under way when its membership ends says nothing of the inbox with which it comes back,
 * and no day from before counts. */
static void test_gone_and_back(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct schedule *s = started("a", 0, late ? 1 : 2);
        rig_tell(s, 1, 2);
        rig_answers(s, NOW, 1, ERR_OK, 410);
        struct attempt a = rig_sends(s, NOW + DAY, "a", 2);
        if (!late)
            rig_answer(s, &a, NOW + DAY, ERR_OK, 410);
        assert_non_null(strstr(rig_commit(s, NOW + DAY), "ended a"));
        struct member *m = rig_record("a", MEMBER_LEFT, 0, 3);
        m->ver = 2;
        m->gone = true;
        rig_inbox(m, 0, NULL, STYLE_PUBLIC, 3);
        schedule_control(s, 3, m, true);
        m = rig_record("a", MEMBER_ACTIVE, 4, 0);
        m->ver = 3;
        rig_inbox(m, 0, "inbox", STYLE_PUBLIC, 4);
        schedule_control(s, 4, m, false);
        if (late)
            rig_answer(s, &a, NOW + DAY, ERR_OK, 410);
        assert_null(strstr(rig_commit(s, NOW + DAY), "ended"));
        rig_tell(s, 5, 5);
        assert_int_equal(health_of(s, "a").gone, 0);
        rig_answers(s, NOW + DAY, 5, ERR_OK, 410); /* the twin: this is of now */
        assert_int_equal(strstr(rig_commit(s, NOW + DAY), "ended a") != NULL, late);
        assert_int_equal(health_of(s, "a").gone, 1);
        schedule_free(&s);
    }
}

/* --- clocks ---------------------------------------------------------------------------------- */

/* It was set back, or ahead: what waits, waits as long as before. */
static void test_clock(void **state)
{
    static const int64_t by[] = {-DAY, DAY, -30 * (int64_t)DAY, 365 * (int64_t)DAY};
    (void)state;
    for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
        struct schedule *s = started("a,b", 0, 0);
        rig_tell(s, 1, 1);
        struct attempt a = rig_sends(s, NOW, "a", 1);
        struct attempt b = rig_sends(s, NOW, "b", 1);
        rig_answer(s, &a, NOW, ERR_TIMEOUT, 0);
        rig_answer(s, &b, NOW, ERR_INTERNAL, 0);
        int64_t wake = schedule_wake(s);
        schedule_clock(s, by[i]);
        assert_int_equal(schedule_wake(s), wake + by[i]);
        rig_rests(s, wake + by[i] - 1);
        rig_delivers(s, wake + by[i], "a", 1);
        schedule_free(&s);
    }
}

/* Written down before it was set back by years: nobody waits for years. */
static void test_possible_waits(void **state)
{
    static const struct {
        struct health health;
        bool waits;
    } table[] = {
        {{.failures = 3, .wake_ms = NOW + 7 * HOUR}, true},
        {{.failures = 3, .wake_ms = NOW + 8 * HOUR}, false},
        {{.failures = 3, .parked_ms = 1, .wake_ms = NOW + DAY}, true},
        {{.failures = 3, .parked_ms = 1, .wake_ms = NOW + DAY + 1}, false},
        {{.failures = 3, .wake_ms = INT64_MAX}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = rig_new(&rig_limits, "a", 0);
        struct cursor_aside aside = {.n = 1, .wake_ms = NOW + 365 * (int64_t)DAY};
        struct cursor cursor = {
            .low = 1, .urgent = 1, .health = table[i].health, .aside = &aside, .aside_n = 1};
        schedule_load_cursor(s, SPAN("a"), &cursor);
        schedule_loaded(s);
        rig_tell(s, 1, 2);
        struct attempt a;
        bool sent = schedule_next(s, NOW, &a);
        assert_int_equal(sent, !table[i].waits);
        if (sent)
            rig_answer(s, &a, NOW, ERR_OK, 202);
        assert_int_equal(sent ? 0 : (int)rig_cursor(s).aside[0].wake_ms, 0);
        schedule_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_local),        cmocka_unit_test(test_suspect),
        cmocka_unit_test(test_no_suspicion), cmocka_unit_test(test_half_open),
        cmocka_unit_test(test_retry_after),  cmocka_unit_test(test_parked),
        cmocka_unit_test(test_wakes),        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_not_gone),     cmocka_unit_test(test_gone_and_back),
        cmocka_unit_test(test_clock),        cmocka_unit_test(test_possible_waits),
    };
    return cmocka_run_group_tests_name("schedule_health", tests, NULL, NULL);
}
