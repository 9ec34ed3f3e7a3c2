/* schedule: the urgent lane: what takes back overtakes, cancels, waits for what is under way, and
 * is said again where in doubt. */

#include "schedule_rig.h"
#include "tests/unit/rules/urgent_rig.h"

/* --- words ----------------------------------------------------------------------------------- */

static struct schedule *wide(const char *hosts, uint64_t low)
{
    struct schedule_limits limits = rig_limits;
    limits.host_window = 8;
    struct schedule *s = rig_new(&limits, hosts, low);
    assert_int_equal(schedule_loaded(s), low);
    return s;
}

/* "a" takes 1, and from then on two at once; everything up to 1 is on disk. */
static struct schedule *warm(void)
{
    struct schedule *s = wide("a", 0);
    rig_tell(s, 1, 1);
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    return s;
}

/* --- cancelling ------------------------------------------------------------------------------ */

static void test_overtakes_and_cancels(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = down(s);
    takes_back(s, 4, Z, "3");
    rig_delivers(s, now, "a", 4);
    assert_non_null(strstr(rig_commit(s, now), "own a 0 urgent 4"));
    rig_delivers(s, now, "a", 1);
    rig_delivers(s, now, "a", 2);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_non_null(strstr(rig_commit(s, now), "skip a 3 recalled"));
    schedule_free(&s);
}

/* Both are sent neither, nor is the second left out because nothing is left to take back: an
 * attempt may have arrived. */
static void test_is_sent_where_nothing_was(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = down(s);
    takes_back(s, 4, X, "1");
    takes_back(s, 5, X, "1 4");
    rig_delivers(s, now, "a", 4);
    rig_delivers(s, now, "a", 5);
    rig_delivers(s, now, "a", 2);
    rig_delivers(s, now, "a", 3);
    rig_rests(s, now);
    schedule_free(&s);
}

static void test_waits_for_what_is_under_way(void **state)
{
    (void)state;
    struct schedule *s = warm();
    rig_tell_of(s, 2, X);
    struct attempt post = rig_sends(s, NOW, "a", 2);
    takes_back(s, 3, X, "2");
    rig_tell_of(s, 4, Y);
    rig_delivers(s, NOW, "a", 4); /* others need not wait for that */
    rig_rests(s, NOW);
    rig_answer(s, &post, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 3);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 4");
    schedule_free(&s);
}

/* It is known by its number where the object says nothing. */
static void test_waits_for_what_it_names(void **state)
{
    (void)state;
    struct schedule *s = warm();
    rig_tell_of(s, 2, Y);
    struct attempt post = rig_sends(s, NOW, "a", 2);
    takes_back(s, 3, "", "2");
    rig_rests(s, NOW);
    rig_answer(s, &post, NOW, ERR_OK, 500);
    rig_delivers(s, schedule_wake(s), "a", 3);
    schedule_free(&s);
}

/* Created again: not before it was taken back. */
static void test_what_comes_after_it_waits(void **state)
{
    (void)state;
    struct schedule *s = warm();
    takes_back(s, 2, X, "1");
    struct attempt back = rig_sends(s, NOW, "a", 2);
    rig_tell_of(s, 3, X);
    rig_tell_of(s, 4, Y);
    rig_delivers(s, NOW, "a", 4);
    rig_rests(s, NOW);
    rig_answer(s, &back, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 3);
    rig_rests(s, NOW);

    /* Also while it cannot go yet itself. */
    rig_tell_of(s, 5, X);
    struct attempt again = rig_sends(s, NOW, "a", 5);
    takes_back(s, 6, X, "5");
    rig_tell_of(s, 7, X);
    rig_rests(s, NOW);
    rig_answer(s, &again, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 6);
    rig_delivers(s, NOW, "a", 7);
    rig_rests(s, NOW);

    /* And while it waits for one of another object. */
    rig_tell_of(s, 8, Y);
    again = rig_sends(s, NOW, "a", 8);
    takes_back(s, 9, X, "8");
    rig_tell_of(s, 10, X);
    rig_rests(s, NOW);
    rig_answer(s, &again, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "a", 9);
    rig_delivers(s, NOW, "a", 10);
    schedule_free(&s);
}

/* A refusal of it is on disk before what came after it goes. */
static void test_refused(void **state)
{
    (void)state;
    struct schedule *s = warm();
    takes_back(s, 2, X, "1");
    rig_tell_of(s, 3, X);
    rig_answers(s, NOW, 2, ERR_OK, 410);
    rig_rests(s, NOW);
    assert_non_null(strstr(rig_commit(s, NOW), "fail a 2 refused-by-peer"));
    rig_delivers(s, NOW, "a", 3);
    schedule_free(&s);
}

static void test_set_aside(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, X);
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_rests(s, now);
    takes_back(s, 2, X, "1");
    rig_delivers(s, now, "a", 2);
    rig_rests(s, now + HOUR);
    assert_int_equal(rig_cursor(s).aside_n, 0);
    assert_non_null(strstr(rig_commit(s, now), "skip a 1 recalled"));

    /* It may fail alone as well; what comes after it of its object waits with it. */
    takes_back(s, 3, Y, "");
    now = rig_set_aside(s, now, 3);
    rig_rests(s, now);
    assert_non_null(strstr(rig_commit(s, now), "aside U3/0"));
    rig_tell_of(s, 4, Y);
    takes_back(s, 5, Y, "4");
    rig_rests(s, now);
    assert_int_equal(rig_cursor(s).aside_n, 2); /* 4 went nowhere */
    rig_delivers(s, now + MIN, "a", 3);
    rig_delivers(s, now + MIN, "a", 5);
    rig_rests(s, now + MIN);
    assert_int_equal(rig_cursor(s).aside_n, 0);
    schedule_free(&s);
}

/* --- doubt ----------------------------------------------------------------------------------- */

/* The post may have arrived although no answer came, and may arrive later still. */
static void test_once_more_where_in_doubt(void **state)
{
    static const struct {
        enum err err;
        int status;
        bool again;
    } rows[] = {
        {ERR_TIMEOUT, 0, true},  {ERR_PROTOCOL, 0, true}, {ERR_OK, 504, true},
        {ERR_CONNECT, 0, false}, {ERR_OK, 500, false},    {ERR_TLS, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schedule *s = rig_started("a", 0);
        rig_tell_of(s, 1, X);
        rig_answers(s, NOW, 1, rows[i].err, rows[i].status);
        rig_rests(s, NOW);
        int64_t now = schedule_wake(s);
        takes_back(s, 2, X, "1");
        rig_delivers(s, now, "a", 2);
        rig_tell_of(s, 3, X);
        if (rows[i].again) {
            rig_rests(s, now + MIN - 1);
            rig_answers(s, now + MIN, 2, ERR_OK, 410); /* it knows nothing of it any more */
        }
        rig_delivers(s, now + MIN, "a", 3);
        rig_rests(s, now + HOUR);
        const char *text = rig_commit(s, now);
        assert_null(strstr(text, "fail"));
        assert_int_equal(rig_cursor(s).aside_n, 0);
        schedule_free(&s);
    }
}

/* The doubt, and that it is to be sent again, outlive a restart; so does what is done. */
static void test_restart(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    rig_tell_of(s, 1, X);
    rig_answers(s, NOW, 1, ERR_TIMEOUT, 0);
    rig_rests(s, NOW);
    struct cursor c;
    struct bytes text;
    bytes_init(&text, CURSOR_TEXT_MAX);
    for (int lives = 0; lives < 2; lives++) {
        int64_t now = schedule_wake(s);
        struct cursor now_at = rig_cursor(s);
        bytes_clear(&text);
        cursor_write(&now_at, &text);
        schedule_free(&s);
        s = rig_new(&rig_limits, "a", 0);
        assert_true(cursor_read(bytes_span(&text), &c));
        schedule_load_cursor(s, SPAN("a"), &c);
        cursor_fini(&c);
        schedule_loaded(s);
        rig_tell_of(s, 1, X);
        takes_back(s, 2, X, "1");
        if (lives == 0)
            rig_delivers(s, now, "a", 2);
        rig_rests(s, lives == 0 ? now : now - 1);
    }
    int64_t now = schedule_wake(s);
    rig_delivers(s, now, "a", 2);
    rig_rests(s, now + HOUR);
    assert_string_equal(rig_state(s, "a"), "idle");
    bytes_fini(&text);
    schedule_free(&s);
}

/* What was tried of lane U, or is through, may have arrived: what it takes back waits until that is
 * told, and goes no more. */
static void test_restart_before_it_is_told(void **state)
{
    (void)state;
    for (int tried = 0; tried < 2; tried++) {
        struct schedule *s = rig_new(&rig_limits, "a", 0);
        struct cursor c = {.urgent = tried ? 0 : 3};
        if (tried)
            c.head = (struct cursor_head){.n = 3, .tried = {.tries = 1}};
        schedule_load_cursor(s, SPAN("a"), &c);
        schedule_loaded(s);
        rig_tell_of(s, 1, X);
        rig_rests(s, NOW);
        rig_tell_of(s, 2, Y);
        takes_back(s, 3, X, "1");
        if (tried)
            rig_delivers(s, NOW, "a", 3);
        rig_delivers(s, NOW, "a", 2);
        rig_rests(s, NOW);
        assert_non_null(strstr(rig_commit(s, NOW), "skip a 1 recalled"));
        schedule_free(&s);
    }
}

/* The same where nobody can know whether it was: what there was of lane U is told first, however
 * far behind that is; direct mail does not wait. Or it is in the journal no more. */
static void test_restart_far_behind(void **state)
{
    (void)state;
    for (int trimmed = 0; trimmed < 2; trimmed++) {
        struct schedule *s = rig_new(&rig_limits, "a", 0);
        schedule_load_urgent(s, 3);
        schedule_load_urgent(s, 1); /* it is the newest */
        schedule_loaded(s);
        rig_tell_of(s, 1, X);
        rig_mail(s, "a", 9);
        rig_delivers(s, NOW, "a", 9);
        rig_tell_of(s, 2, Y);
        rig_rests(s, NOW);
        if (trimmed)
            schedule_floor(s, LANE_URGENT, 3);
        else
            takes_back(s, 3, X, "1");
        rig_delivers(s, NOW, "a", trimmed ? 1 : 3);
        rig_delivers(s, NOW, "a", 2);
        rig_tell_of(s, 4, X);
        rig_delivers(s, NOW, "a", 4);
        rig_rests(s, NOW);
        assert_int_equal(strstr(rig_commit(s, NOW), "skip a 1 recalled") != NULL, !trimmed);
        schedule_free(&s);
    }
}

/* Who is as far as that waits for nothing. */
static void test_restart_not_behind(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a", 3);
    schedule_load_urgent(s, 3);
    schedule_loaded(s);
    rig_tell(s, 4, 4);
    rig_delivers(s, NOW, "a", 4);
    schedule_free(&s);
}

static void test_several_inboxes(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    schedule_load_shard(s, 0, 0, 0);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 1, "x", STYLE_PUBLIC, 0);
    schedule_load_member(s, m);
    schedule_loaded(s);
    takes_back(s, 1, X, "");
    struct attempt a = rig_sends(s, NOW, "a", 1);
    assert_int_equal(a.slot, 0);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    a = rig_sends(s, NOW, "a", 1);
    assert_int_equal(a.slot, 1);
    rig_answer(s, &a, NOW, ERR_CONNECT, 0);
    rig_rests(s, NOW);
    struct cursor c = rig_cursor(s);
    assert_int_equal(c.urgent, 0);
    assert_int_equal(c.head.done, 1);
    assert_int_equal(c.low, 0);
    a = rig_sends(s, schedule_wake(s), "a", 1);
    assert_int_equal(a.slot, 1);
    assert_int_equal(a.tries, 2);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* --- pages ----------------------------------------------------------------------------------- */

static struct schedule *behind(uint64_t low, uint64_t urgent, uint64_t shard)
{
    struct schedule *s = rig_new(&rig_limits, "a", shard);
    struct cursor own = {.low = low, .urgent = urgent, .health.failures = 1};
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    return s;
}

static void wants(struct schedule *s, enum lane lane, uint64_t after)
{
    enum lane got_lane;
    uint64_t got;
    rig_rests(s, NOW);
    assert_true(schedule_want_page(s, &got_lane, &got));
    assert_int_equal(got_lane, lane);
    assert_int_equal(got, after);
}

/* Its own lane is read first, and then the marks come with the other's page. */
static void test_pages(void **state)
{
    (void)state;
    struct schedule *s = behind(1, 2, 9);
    wants(s, LANE_URGENT, 2);
    struct entry *taker = taker_at(5, X, "3", NOW);
    schedule_page(s, LANE_URGENT, 2, 9, &taker, 1, 0);
    rig_delivers(s, NOW, "a", 5);
    wants(s, LANE_NORMAL, 1);
    struct entry *page[] = {rig_entry_of(2, Y), rig_entry_of(3, X), rig_entry_of(4, Z)};
    struct entry_mark mark = entry_mark_by(taker);
    entry_mark_add(page[1], &mark);
    mark.by = 12; /* not read so far: it says nothing yet */
    entry_mark_add(page[2], &mark);
    schedule_page(s, LANE_NORMAL, 1, 9, page, 3, 0);
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "a", 4);
    rig_rests(s, NOW);
    assert_non_null(strstr(rig_commit(s, NOW), "skip a 3 recalled"));
    for (size_t i = 0; i < 3; i++)
        entry_unref(&page[i]);
    entry_unref(&taker);
    schedule_free(&s);
}

/* A page that was read before a mark was made comes after that was told. */
static void test_marked_while_read(void **state)
{
    (void)state;
    struct schedule *s = behind(1, 9, 9);
    wants(s, LANE_NORMAL, 1);
    takes_back(s, 10, X, "3");
    rig_page(s, 1, 9, 0);
    rig_delivers(s, NOW, "a", 10);
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "a", 4);
    assert_non_null(strstr(rig_commit(s, NOW), "skip a 3 recalled"));

    /* In memory already. */
    takes_back(s, 11, X, "7");
    rig_delivers(s, NOW, "a", 11);
    rig_delivers(s, NOW, "a", 5);
    rig_delivers(s, NOW, "a", 6);
    rig_delivers(s, NOW, "a", 8);
    schedule_free(&s);
}

/* Each lane is trimmed by itself. */
static void test_floors(void **state)
{
    (void)state;
    struct schedule *s = behind(1, 1, 9);
    wants(s, LANE_URGENT, 1);
    struct entry *taker = taker_at(6, X, "", NOW);
    schedule_page(s, LANE_URGENT, 1, 9, &taker, 1, 4);
    rig_delivers(s, NOW, "a", 6);
    assert_non_null(strstr(rig_commit(s, NOW), "cut a U1-4 gap"));
    wants(s, LANE_NORMAL, 1);
    rig_page(s, 1, 9, 7);
    rig_delivers(s, NOW, "a", 8);
    const char *text = rig_commit(s, NOW);
    assert_non_null(strstr(text, "cut a 1-7 gap"));
    assert_null(strstr(text, "U1"));
    entry_unref(&taker);
    schedule_free(&s);

    /* Before the first line is told: what the other lane still has follows. */
    s = behind(1, 1, 1);
    schedule_floor(s, LANE_NORMAL, 7);
    takes_back(s, 6, X, "");
    rig_delivers(s, NOW, "a", 6);
    rig_tell(s, 8, 8);
    rig_delivers(s, NOW, "a", 8);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 8; follow a; cut a 1-7 gap; up a");
    schedule_floor(s, LANE_URGENT, 5); /* nothing that is not told */
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overtakes_and_cancels),
        cmocka_unit_test(test_is_sent_where_nothing_was),
        cmocka_unit_test(test_waits_for_what_is_under_way),
        cmocka_unit_test(test_waits_for_what_it_names),
        cmocka_unit_test(test_what_comes_after_it_waits),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_set_aside),
        cmocka_unit_test(test_once_more_where_in_doubt),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_before_it_is_told),
        cmocka_unit_test(test_restart_far_behind),
        cmocka_unit_test(test_restart_not_behind),
        cmocka_unit_test(test_several_inboxes),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_marked_while_read),
        cmocka_unit_test(test_floors),
    };
    return cmocka_run_group_tests_name("schedule_urgent", tests, NULL, NULL);
}
