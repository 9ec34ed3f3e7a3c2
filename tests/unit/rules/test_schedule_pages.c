/* schedule: the window over the tail, pages for those that are behind, and the floor. */
#include "schedule_rig.h"

/* Active members with cursors of their own far behind; everybody else is at `low`. */
static struct schedule *behind(const char *hosts, uint64_t own_low, uint64_t low)
{
    struct schedule *s = rig_new(&rig_limits, hosts, low);
    struct span rest = span_of(hosts);
    struct cursor own = {.low = own_low, .urgent = own_low};
    while (rest.n)
        schedule_load_cursor(s, span_cut(&rest, ','), &own);
    schedule_loaded(s);
    rig_rests(s, NOW);
    return s;
}

static void wants(struct schedule *s, uint64_t after)
{
    uint64_t got;
    assert_true(rig_wants(s, &got));
    assert_int_equal(got, after);
    assert_false(rig_wants(s, &got)); /* asks once */
}

static void wants_nothing(struct schedule *s)
{
    uint64_t got;
    assert_false(rig_wants(s, &got));
}

/* The window keeps the newest; who stands in the middle of it goes on there, who fell out of it
 * reads pages until it is back. */
static void test_window(void **state)
{
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.window = 4;
    struct schedule *s = rig_new(&limits, "a,b", 0);
    schedule_loaded(s);
    rig_tell(s, 1, 4);
    rig_delivers(s, NOW, "a", 1);
    struct attempt b = rig_sends(s, NOW, "b", 1);
    rig_delivers(s, NOW, "a", 2);
    rig_delivers(s, NOW, "a", 3);
    rig_tell(s, 5, 7);                   /* 4 to 7 are kept */
    rig_delivers(s, NOW, "a", 4);        /* the first that is */
    rig_answer(s, &b, NOW, ERR_OK, 202); /* its entry was in its hand */
    rig_delivers(s, NOW, "a", 5);
    rig_delivers(s, NOW, "a", 6);
    rig_delivers(s, NOW, "a", 7);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "b"), "reading");
    wants(s, 1);
    rig_page(s, 1, 3, 0);
    rig_delivers(s, NOW, "b", 2);
    rig_delivers(s, NOW, "b", 3);
    rig_delivers(s, NOW, "b", 4);
    wants_nothing(s);
    schedule_free(&s);
}

static void test_many_entries(void **state)
{
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.window = 64;
    struct schedule *s = rig_new(&limits, "a", 0);
    schedule_loaded(s);
    for (uint64_t n = 1; n <= 1000; n++) {
        rig_tell(s, n, n);
        if (n > 50)
            rig_delivers(s, NOW, "a", n - 50);
    }
    schedule_free(&s);
}

/* The furthest behind is served first; the others take from the same pages. */
static void test_lowest_first(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a,b", 20);
    struct cursor low = {.low = 5, .urgent = 5};
    schedule_load_cursor(s, SPAN("a"), &low);
    low.low = 2;
    schedule_load_cursor(s, SPAN("b"), &low);
    schedule_loaded(s);
    rig_rests(s, NOW);
    wants(s, 2);
    rig_page(s, 2, 6, 0);
    rig_delivers(s, NOW, "a", 6);
    rig_delivers(s, NOW, "b", 3);
    rig_delivers(s, NOW, "b", 4);
    rig_delivers(s, NOW, "b", 5);
    rig_delivers(s, NOW, "b", 6);
    rig_rests(s, NOW);
    wants(s, 6);
    rig_page(s, 6, 20, 0);
    for (uint64_t n = 7; n <= 20; n++) {
        rig_delivers(s, NOW, "a", n);
        rig_delivers(s, NOW, "b", n);
    }
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 20; follow a; follow b");
    schedule_free(&s);
}

static void test_page_fails(void **state)
{
    (void)state;
    struct schedule *s = behind("a", 2, 9);
    wants(s, 2);
    schedule_page_failed(s);
    wants(s, 2);
    /* Direct mail does not wait for pages. */
    rig_mail(s, "a", 10);
    rig_delivers(s, NOW, "a", 10);
    rig_rests(s, NOW);
    rig_page(s, 2, 9, 0);
    rig_delivers(s, NOW, "a", 3);
    schedule_free(&s);
}

/* A page may know more than the tail has told: who is entitled to that is decided by control
 * entries that are still to come. */
static void test_page_ahead_of_the_tail(void **state)
{
    (void)state;
    struct schedule *s = behind("a", 2, 5); /* 5 and 6 are control entries */
    struct entry *list[4];
    wants(s, 2);
    list[0] = rig_entry_from(3, "red", "origin.test");
    list[1] = rig_entry_from(4, "red", "origin.test");
    list[2] = rig_entry_from(7, "blue", "origin.test"); /* of its zone to be */
    list[3] = rig_entry_from(8, "red", "origin.test");  /* of its zone as it was */
    schedule_page(s, LANE_NORMAL, 2, 8, list, 4, 0);
    rig_delivers(s, NOW, "a", 3);
    rig_delivers(s, NOW, "a", 4);
    rig_rests(s, NOW);
    assert_int_equal(rig_low(s, "a"), 5);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 6);
    snprintf(m->zone, sizeof(m->zone), "blue");
    m->spans[m->spans_n++] = (struct member_span){6, MEMBER_SPAN_OPEN, "blue"};
    schedule_control(s, 6, m, false);
    schedule_entry(s, list[2]);
    schedule_entry(s, list[3]);
    for (size_t i = 0; i < 4; i++)
        entry_unref(&list[i]);
    rig_delivers(s, NOW, "a", 7);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* What was trimmed is a gap for those who were owed it, from where they stood to the floor. */
static void test_gap(void **state)
{
    (void)state;
    struct schedule *s = behind("a,b", 2, 20);
    wants(s, 2);
    rig_page(s, 2, 20, 10);
    struct attempt a = rig_sends(s, NOW, "a", 11);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    assert_string_equal(rig_commit(s, NOW),
                        "all 20; own a 11; own b 10; cut a 2-10 gap; cut b 2-10 gap");
    rig_delivers(s, NOW, "b", 11);
    schedule_free(&s);
}

/* Only what was owed: it joined in the middle of what is gone, or after it. */
static void test_gap_is_exact(void **state)
{
    static const struct {
        uint64_t from;
        const char *text;
    } table[] = {
        {0, "all 20; own a 11; cut a 2-10 gap"},
        {7, "all 20; own a 11; cut a 7-10 gap"},
        {10, "all 20; own a 11"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct schedule *s = rig_new(&rig_limits, "", 20);
        struct cursor own = {.low = 2, .urgent = 2};
        schedule_load_member(s, rig_record("a", MEMBER_ACTIVE, table[i].from, 0));
        schedule_load_cursor(s, SPAN("a"), &own);
        schedule_loaded(s);
        rig_rests(s, NOW);
        rig_page(s, 2, 20, 10);
        rig_delivers(s, NOW, "a", 11);
        assert_string_equal(rig_commit(s, NOW), table[i].text);
        schedule_free(&s);
    }
}

/* The floor has passed everything, even what the tail has told. */
static void test_gap_to_the_end(void **state)
{
    (void)state;
    struct schedule *s = behind("a", 2, 20);
    struct entry *none = NULL;
    wants(s, 2);
    schedule_page(s, LANE_NORMAL, 2, 30, &none, 0, 25);
    rig_rests(s, NOW);
    wants_nothing(s);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_string_equal(rig_commit(s, NOW), "all 20; own a 25 urgent 20; cut a 2-25 gap");
    rig_tell(s, 26, 26);
    rig_delivers(s, NOW, "a", 26);
    schedule_free(&s);
}

/* Trimmed before the tail could tell it: a gap for all who were owed it, whatever their state. */
static void test_floor_at_start(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a,b", 5);
    struct cursor own = {.low = 3, .urgent = 3, .health.failures = 1, .health.wake_ms = NOW + HOUR};
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_load_member(s, rig_record("c", MEMBER_SUSPENDED, 0, 7));
    schedule_load_member(s, rig_record("d", MEMBER_LEFT, 0, 8));
    schedule_load_member(s, rig_record("e", MEMBER_ACTIVE, 9, 0));
    schedule_loaded(s);
    rig_rests(s, NOW);
    schedule_floor(s, LANE_NORMAL, 4); /* nothing that the tail lacks */
    schedule_floor(s, LANE_NORMAL, 10);
    rig_tell(s, 11, 11);
    assert_string_equal(rig_commit(s, NOW),
                        "all 11; own a 10 urgent 3 failures 1; own b 10 urgent 5; "
                        "own c 10 urgent 5; own e 10 urgent 5; "
                        "cut a 3-10 gap; cut b 5-10 gap; cut c 5-10 gap; cut d 5-10 gap; "
                        "cut e 9-10 gap");
    rig_delivers(s, NOW, "b", 11);
    rig_delivers(s, NOW, "e", 11);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* Far more places than pages: everybody gets through. */
static void test_more_places_than_pages(void **state)
{
    (void)state;
    enum { HOSTS = 40, LAST = 400 };
    struct schedule *s = rig_new(&rig_limits, "", LAST);
    unsigned delivered = 0;
    for (unsigned i = 0; i < HOSTS; i++) {
        char host[16];
        struct cursor own = {.low = 10 * i, .urgent = 10 * i};
        snprintf(host, sizeof(host), "h%u", i);
        schedule_load_member(s, rig_record(host, MEMBER_ACTIVE, 0, 0));
        schedule_load_cursor(s, span_of(host), &own);
    }
    schedule_loaded(s);
    for (unsigned turn = 0; turn < 2000; turn++) {
        struct attempt a;
        uint64_t after;
        while (schedule_next(s, NOW, &a)) {
            rig_answer(s, &a, NOW, ERR_OK, 202);
            delivered++;
        }
        if (!rig_wants(s, &after))
            break;
        rig_page(s, after, after + 7 < LAST ? after + 7 : LAST, 0);
    }
    assert_int_equal(delivered, HOSTS * LAST - 10 * (HOSTS * (HOSTS - 1) / 2));
    schedule_free(&s);
}

/* What takes back does not wait for a page of the other lane; and pages of its own are read first.
 */
static void test_urgent_first(void **state)
{
    enum lane lane;
    uint64_t after;
    struct attempt a;
    (void)state;
    const struct cursor far = {.low = 0, .urgent = 10};
    const struct cursor near = {.low = 5, .urgent = 5};
    struct schedule *s = rig_new(&rig_limits, "a,b", 10);
    schedule_load_cursor(s, SPAN("a"), &far);
    schedule_load_cursor(s, SPAN("b"), &near);
    schedule_loaded(s);
    rig_rests(s, NOW);
    assert_true(schedule_want_page(s, &lane, &after));
    assert_int_equal(lane, LANE_URGENT);
    assert_int_equal(after, 5);
    rig_takes_back(s, 11, "red", "https://o.test/x", 2);
    rig_delivers(s, NOW, "a", 11);
    rig_rests(s, NOW); /* b may be owed something before that */
    struct entry *e = rig_taker(7, "red", "https://o.test/y", 3);
    schedule_page(s, LANE_URGENT, 5, 10, &e, 1, 0);
    entry_unref(&e);
    assert_true(schedule_next(s, NOW, &a));
    assert_int_equal(a.entry->n, 7);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_delivers(s, NOW, "b", 11);
    rig_rests(s, NOW);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_lowest_first),
        cmocka_unit_test(test_page_fails),
        cmocka_unit_test(test_page_ahead_of_the_tail),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_gap_is_exact),
        cmocka_unit_test(test_gap_to_the_end),
        cmocka_unit_test(test_floor_at_start),
        cmocka_unit_test(test_more_places_than_pages),
        cmocka_unit_test(test_urgent_first),
    };
    return cmocka_run_group_tests_name("schedule_pages", tests, NULL, NULL);
}
