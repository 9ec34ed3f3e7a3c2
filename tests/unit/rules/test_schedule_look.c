/* schedule: when the actors of a host are to be looked at again: its inbox said 404 for days, or
 * sent us elsewhere. */
#include "schedule_rig.h"

enum { DAY = 24 * HOUR, ENOUGH = 10 };

static struct schedule *started(const char *hosts)
{
    struct schedule_limits limits = rig_limits;
    limits.judge.lost_ms = 3 * (int64_t)DAY;
    struct schedule *s = rig_new(&limits, hosts, 0);
    assert_int_equal(schedule_loaded(s), 0);
    return s;
}

/* Entry n is told, sent and answered; what is to be written down then. */
static const char *answered(struct schedule *s, int64_t now, uint64_t n, int status)
{
    rig_tell(s, n, n);
    rig_answers(s, now, n, ERR_OK, status);
    return rig_commit(s, now);
}

static bool looks(const char *told, const char *why)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "look a %s", why);
    return strstr(told, wanted) != NULL;
}

/* --- 404 ------------------------------------------------------------------------------------- */

/* Entries 1 to n are answered 404, spread over so much time. True: a look was asked for with the
 * last, and with none before. */
static bool lost(struct schedule *s, uint64_t n, int64_t over)
{
    const char *told = "";
    for (uint64_t i = 1; i <= n; i++) {
        assert_null(strstr(told, "look"));
        told = answered(s, NOW + over * (int64_t)(i - 1) / (int64_t)(n - 1), i, 404);
    }
    return looks(told, "inbox-lost");
}

static void test_lost(void **state)
{
    static const struct {
        uint64_t n;
        int64_t over;
        bool asks;
    } table[] = {
        {ENOUGH, 3 * (int64_t)DAY, true},
        {ENOUGH - 1, 30 * (int64_t)DAY, false}, /* not often enough */
        {ENOUGH, 3 * (int64_t)DAY - 1, false},  /* not for long enough */
        {3 * ENOUGH, 0, false},
        {2, 300 * (int64_t)DAY, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = started("a");
        assert_int_equal(lost(s, table[i].n, table[i].over), table[i].asks);
        assert_int_equal(rig_cursor(s).health.lost, table[i].n);
        schedule_free(&s);
    }
    /* A limit of 0: never, and nothing is counted. */
    struct schedule *s = rig_started("a", 0);
    assert_false(lost(s, 3 * ENOUGH, 30 * (int64_t)DAY));
    assert_int_equal(rig_cursor(s).health.lost, 0);
    schedule_free(&s);
}

/* What ends a row, and what does not: after it, one 404 more does or does not ask. */
static void test_row(void **state)
{
    static const struct {
        int status;
        bool asks;
    } table[] = {
        {202, false}, {200, false}, {400, false}, {413, false}, {422, false}, /* an inbox read it */
        {410, true},  {501, true},  {505, true}, /* says nothing of the inbox being there */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = started("a");
        assert_false(lost(s, ENOUGH - 1, 3 * (int64_t)DAY));
        answered(s, NOW + 3 * (int64_t)DAY, ENOUGH, table[i].status);
        const char *told = answered(s, NOW + 3 * (int64_t)DAY, ENOUGH + 1, 404);
        assert_int_equal(looks(told, "inbox-lost"), table[i].asks);
        schedule_free(&s);
    }
}

/* Nor does what is said to direct mail count, either way. */
static void test_mail(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    assert_false(lost(s, ENOUGH - 1, 3 * (int64_t)DAY));
    for (uint64_t n = ENOUGH; n < 3 * ENOUGH; n++) {
        rig_mail_of(s, "a", n, "undo", "http://a/inbox");
        rig_answers(s, NOW + 4 * (int64_t)DAY, n, ERR_OK, n % 2 ? 404 : 400);
        assert_null(strstr(rig_commit(s, NOW), "look"));
    }
    assert_int_equal(rig_cursor(s).health.lost, ENOUGH - 1);
    assert_true(looks(answered(s, NOW + 4 * (int64_t)DAY, 3 * ENOUGH, 404), "inbox-lost"));
    schedule_free(&s);
}

/* It is asked for again while there is reason to, once an hour; another life does so at once. */
static void test_again(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    int64_t now = NOW + 3 * (int64_t)DAY;
    assert_true(lost(s, ENOUGH, 3 * (int64_t)DAY));
    for (uint64_t n = ENOUGH + 1; n < ENOUGH + 5; n++) {
        assert_false(looks(answered(s, now + HOUR - 1, n, 404), "inbox-lost"));
    }
    assert_true(looks(answered(s, now + HOUR, ENOUGH + 5, 404), "inbox-lost"));
    struct cursor cursor = rig_cursor(s);
    cursor.low = cursor.urgent = 0;
    struct schedule_limits limits = rig_limits;
    limits.judge.lost_ms = 3 * (int64_t)DAY;
    struct schedule *next = rig_new(&limits, "a", 0);
    schedule_load_cursor(next, SPAN("a"), &cursor);
    schedule_loaded(next);
    assert_true(looks(answered(next, now + HOUR, 1, 404), "inbox-lost"));
    schedule_free(&next);
    schedule_free(&s);
}

/* --- changes of the member ------------------------------------------------------------------- */

/* An inbox that moved, or a member that was suspended meanwhile, begins anew; any other change of
 * it, and an older one that is told again, leaves the row as it is. */
static void test_changed(void **state)
{
    static const struct {
        const char *inbox; /* NULL: the one it had */
        bool suspended;
        uint64_t ver;
        unsigned lost;
    } table[] = {
        {NULL, false, 2, ENOUGH},
        {"http://a/new", false, 2, 0},
        {"http://a/new", false, 0, ENOUGH}, /* the record that is in force is newer */
        {NULL, true, 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = started("a");
        lost(s, ENOUGH, DAY);
        struct member *m = rig_record("a", table[i].suspended ? MEMBER_SUSPENDED : MEMBER_ACTIVE, 0,
                                      table[i].suspended ? ENOUGH + 1 : 0);
        m->ver = table[i].ver;
        if (table[i].inbox)
            span_copy(span_of(table[i].inbox), m->inboxes[0].url, sizeof(m->inboxes[0].url));
        schedule_control(s, ENOUGH + 1, m, false);
        assert_int_equal(rig_cursor(s).health.lost, table[i].lost);
        schedule_free(&s);
    }
}

/* What is said to an entry that was on its way to the old inbox says nothing of the new one. */
static void test_moved_while_sending(void **state)
{
    (void)state;
    for (int moves = 0; moves < 2; moves++) {
        struct schedule *s = started("a");
        rig_tell(s, 1, 1);
        struct attempt a = rig_sends(s, NOW, "a", 1);
        struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
        m->ver = 2;
        if (moves)
            span_copy(SPAN("http://a/new"), m->inboxes[0].url, sizeof(m->inboxes[0].url));
        schedule_control(s, 2, m, false);
        rig_answer(s, &a, NOW, ERR_OK, 404);
        assert_int_equal(rig_cursor(s).health.lost, moves ? 0 : 1);
        schedule_free(&s);
    }
}

/* What waited for the old inbox goes to the new one. */
static void test_moved(void **state)
{
    (void)state;
    struct schedule *s = started("a");
    rig_tell(s, 1, 1);
    rig_answers(s, NOW, 1, ERR_OK, 301);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    m->ver = 2;
    span_copy(SPAN("http://a/new"), m->inboxes[0].url, sizeof(m->inboxes[0].url));
    schedule_control(s, 2, m, false);
    struct attempt a = rig_sends(s, schedule_wake(s), "a", 1);
    assert_string_equal(a.inbox, "http://a/new");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    schedule_free(&s);
}

/* --- 3xx ------------------------------------------------------------------------------------- */

static void test_redirected(void **state)
{
    static const struct {
        int status;
        bool asks;
    } table[] = {{301, true},  {302, true},  {303, true},  {307, true},  {308, true},
                 {300, true},  {399, true},  {299, false}, {400, false}, {202, false},
                 {500, false}, {404, false}, {410, false}, {199, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = started("a");
        const char *told = answered(s, NOW, 1, table[i].status);
        assert_int_equal(looks(told, "ok"), table[i].asks);
        assert_int_equal(strstr(told, "look") != NULL, table[i].asks);
        schedule_free(&s);
    }
}

/* At most once an hour for each host, whichever entry it is about; of each host apart. */
static void test_once_an_hour(void **state)
{
    (void)state;
    struct schedule *s = started("a,b");
    unsigned asked[2] = {0, 0};
    uint64_t n = 0;
    for (int64_t now = NOW; now < NOW + 5 * (int64_t)HOUR; now += 5 * MIN) {
        struct attempt a;
        n++;
        rig_tell(s, n, n);
        while (schedule_next(s, now, &a))
            rig_answer(s, &a, now, ERR_OK, 307);
        const char *told = rig_commit(s, now);
        asked[0] += looks(told, "ok");
        asked[1] += strstr(told, "look b") != NULL;
    }
    assert_in_range(asked[0], 2, 5);
    assert_in_range(asked[1], 2, 5);
    schedule_free(&s);
}

/* The clock was set: the hour is as long as before. */
static void test_clock_hour(void **state)
{
    static const int64_t by[] = {-30 * (int64_t)DAY, 30 * (int64_t)DAY};
    static const int64_t after[] = {HOUR - 30 * MIN, HOUR};
    (void)state;
    for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
        struct schedule *s = started("a");
        assert_true(looks(answered(s, NOW, 1, 308), "ok"));
        schedule_clock(s, by[i]);
        for (uint64_t k = 0; k < 2; k++) {
            int64_t now = NOW + by[i] + after[k];
            struct attempt a;
            rig_tell(s, 2 + k, 2 + k);
            assert_true(schedule_next(s, now, &a));
            do
                rig_answer(s, &a, now, ERR_OK, 308);
            while (schedule_next(s, now, &a));
            assert_int_equal(looks(rig_commit(s, now), "ok"), after[k] == HOUR);
        }
        schedule_free(&s);
    }
}

/* And the row is no longer than before. */
static void test_clock(void **state)
{
    static const int64_t by[] = {-30 * (int64_t)DAY, 30 * (int64_t)DAY};
    (void)state;
    for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
        struct schedule *s = started("a");
        assert_false(lost(s, ENOUGH - 1, DAY));
        assert_true(looks(answered(s, NOW + DAY, ENOUGH, 308), "ok"));
        schedule_clock(s, by[i]);
        int64_t now = NOW + DAY + by[i];
        rig_answers(s, now + 2 * HOUR, ENOUGH, ERR_OK, 404);
        assert_null(strstr(rig_commit(s, now + 2 * HOUR), "look"));
        assert_int_equal(rig_cursor(s).health.lost_ms, NOW + by[i]);
        schedule_free(&s);
    }
}

/* Who is no member is not looked at: there is nothing that it could change. */
static void test_no_member(void **state)
{
    (void)state;
    struct schedule *s = started("");
    rig_mail_of(s, "a", 1, "reject", "http://a/inbox");
    rig_answers(s, NOW, 1, ERR_OK, 301);
    assert_null(strstr(rig_commit(s, NOW), "look"));
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost),         cmocka_unit_test(test_row),
        cmocka_unit_test(test_mail),         cmocka_unit_test(test_again),
        cmocka_unit_test(test_changed),      cmocka_unit_test(test_moved_while_sending),
        cmocka_unit_test(test_moved),        cmocka_unit_test(test_redirected),
        cmocka_unit_test(test_once_an_hour), cmocka_unit_test(test_clock_hour),
        cmocka_unit_test(test_clock),        cmocka_unit_test(test_no_member),
    };
    return cmocka_run_group_tests_name("schedule_look", tests, NULL, NULL);
}
