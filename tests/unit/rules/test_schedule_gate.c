/* schedule: what was accepted before a boundary was frozen waits behind it, in order, at nobody's
 * cost; what takes back goes on; and all of it goes once that is over. */

#include "schedule_rig.h"
#include "tests/unit/rules/urgent_rig.h"

/* Members a and b are of red. Posts are for red, of this zone. */
static struct entry *post(uint64_t n, const char *zone, const char *object)
{
    struct entry e = {.n = n,
                      .at_ms = NOW,
                      .facts = {.type = ACTIVITY_CREATE},
                      .audience = SPAN("red"),
                      .origin = SPAN("origin.test"),
                      .zone = span_of(zone),
                      .id = SPAN("https://origin.test/activity"),
                      .object = span_of(object)};
    return entry_new(&e);
}

static void posts(struct schedule *s, uint64_t n, const char *zone)
{
    char object[64];
    snprintf(object, sizeof object, "https://o.test/%d", (int)n);
    tell_entry(s, post(n, zone, object));
}

static struct gates *gates_of(uint64_t n, const char *text)
{
    static struct gates g;
    assert_true(gates_read(span_of(text), &g));
    g.n = n;
    return &g;
}

static void frozen(struct schedule *s, uint64_t n, const char *text)
{
    schedule_gates(s, gates_of(n, text));
}

/* a did not answer, and 1 to 3 wait for it; 2 is of red itself. When it may be tried again. */
static int64_t blocked(struct schedule *s)
{
    posts(s, 1, "blue");
    posts(s, 2, "red");
    posts(s, 3, "blue");
    rig_answers(s, NOW, 1, ERR_CONNECT, 0);
    rig_rests(s, NOW);
    return schedule_wake(s);
}

/* --- it waits, and goes on ------------------------------------------------------------------- */

static void test_waits_in_order(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    int64_t now = blocked(s);
    frozen(s, 4, "blue>red@4");
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "frozen");
    assert_int_equal(schedule_wake(s), INT64_MAX);
    posts(s, 5, "red"); /* what is behind it waits, too */
    rig_rests(s, now + HOUR);
    frozen(s, 6, "");
    for (uint64_t n = 1; n <= 3; n++)
        rig_delivers(s, now + HOUR, "a", n);
    rig_delivers(s, now + HOUR, "a", 5);
    rig_rests(s, now + HOUR);
    assert_string_equal(rig_state(s, "a"), "idle");
    schedule_free(&s);
}

/* What is before it goes. */
static void test_what_is_before_goes(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "red");
    posts(s, 2, "blue");
    frozen(s, 3, "blue>red@3");
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    assert_int_equal(rig_low(s, "a"), 1);
    schedule_free(&s);
}

/* It was decided with the freeze known: an Update of what crossed, what a person approved. */
static void test_what_came_later_goes(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    frozen(s, 1, "blue>red@1");
    posts(s, 2, "blue");
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    frozen(s, 3, ""); /* thawed, and frozen again: that is another */
    posts(s, 4, "blue");
    frozen(s, 5, "blue>red@5");
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    schedule_free(&s);
}

/* Neither the host nor the entry has failed, however long it takes: but what waited is as old as it
 * is. */
static void test_is_no_failure(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "blue");
    frozen(s, 2, "blue>red@2");
    for (int day = 0; day < 20; day++)
        rig_rests(s, NOW + day * 24 * (int64_t)HOUR);
    struct cursor c = rig_cursor(s);
    assert_int_equal(c.health.failures, 0);
    assert_int_equal(c.health.parked_ms, 0);
    assert_string_equal(rig_commit(s, NOW), "");
    frozen(s, 3, "");
    struct attempt a = rig_sends(s, NOW + 20 * 24 * (int64_t)HOUR, "a", 1);
    assert_int_equal(a.tries, 1);
    rig_answer(s, &a, NOW + 20 * 24 * (int64_t)HOUR, ERR_OK, 202);
    schedule_free(&s);
}

/* What is on its way arrives; if it does not, it waits. */
static void test_on_its_way(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "blue");
    posts(s, 2, "blue");
    struct attempt first = rig_sends(s, NOW, "a", 1);
    assert_false(schedule_stopped(s, &first));
    frozen(s, 3, "blue>red@3");
    assert_true(schedule_stopped(s, &first));
    rig_rests(s, NOW);
    rig_answer(s, &first, NOW, ERR_CONNECT, 0);
    rig_rests(s, NOW + HOUR);
    frozen(s, 4, "");
    rig_delivers(s, NOW + HOUR, "a", 1);
    rig_delivers(s, NOW + HOUR, "a", 2);
    schedule_free(&s);
}

/* It was handed out, and did not leave: no attempt. */
static void test_taken_back(void **state)
{
    const struct judgement never_left = {
        .verdict = VERDICT_LATER, .why = ERR_FROZEN, .local = true};
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "blue");
    struct attempt first = rig_sends(s, NOW, "a", 1);
    frozen(s, 2, "blue>red@2");
    schedule_outcome(s, &first, &never_left, 0, NULL, NOW, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    assert_int_equal(schedule_wake(s), INT64_MAX);
    frozen(s, 3, "");
    first = rig_sends(s, NOW, "a", 1);
    assert_int_equal(first.tries, 1);
    rig_answer(s, &first, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 3");
    schedule_free(&s);
}

/* --- what takes back ------------------------------------------------------------------------- */

static void test_taken_back_while_it_waits(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "red");
    rig_delivers(s, NOW, "a", 1);
    posts(s, 2, "blue");
    posts(s, 3, "blue");
    frozen(s, 4, "blue>red@4");
    rig_rests(s, NOW);
    takes_back(s, 5, "https://o.test/2", "2");
    takes_back(s, 6, "https://o.test/1", "1");
    rig_delivers(s, NOW, "a", 5);
    rig_delivers(s, NOW, "a", 6);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    assert_non_null(strstr(rig_commit(s, NOW), "skip a 2 recalled"));
    frozen(s, 7, "");
    rig_delivers(s, NOW, "a", 3);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "idle");
    schedule_free(&s);
}

/* An author's word, which is for nobody, takes out what waits: what is behind it waits no more. */
static void test_opted_out_while_it_waits(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct entry *of = post(1, "blue", "https://o.test/1");
    of->actor = 77;
    tell_entry(s, of);
    posts(s, 2, "red");
    frozen(s, 3, "blue>red@3");
    rig_rests(s, NOW);
    const struct entry said = {
        .n = 4, .lane = LANE_URGENT, .at_ms = NOW, .actor = 77, .opts_out = true};
    tell_entry(s, entry_new(&said));
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* --- every way that an entry can go ---------------------------------------------------------- */

/* One that was set aside waits; others that are apart, and what follows, need not. */
static void test_set_aside(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "blue");
    posts(s, 2, "red");
    int64_t now = rig_set_aside(s, NOW, 1);
    rig_delivers(s, now, "a", 2);
    frozen(s, 3, "blue>red@3");
    rig_rests(s, now);
    now = schedule_wake(s);
    rig_rests(s, now);
    assert_string_equal(rig_state(s, "a"), "idle");
    assert_int_equal(schedule_wake(s), INT64_MAX);
    posts(s, 4, "red");
    rig_delivers(s, now, "a", 4);
    frozen(s, 5, "blue>red@3 green>red@5"); /* another one changes nothing */
    rig_rests(s, now);
    frozen(s, 6, "");
    rig_delivers(s, now, "a", 1);
    rig_rests(s, now);
    schedule_free(&s);
}

/* An operator's order for what was refused goes no further. */
static void test_retry(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "blue");
    rig_answers(s, NOW, 1, ERR_OK, 400);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    frozen(s, 2, "blue>red@2");
    schedule_order(s, 3, ORDER_RETRY, SPAN("a"), 1);
    rig_rests(s, NOW);
    frozen(s, 4, "");
    rig_delivers(s, NOW, "a", 1);
    schedule_free(&s);
}

static void test_replay(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    posts(s, 1, "red");
    posts(s, 2, "blue");
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    frozen(s, 3, "blue>red@3");
    schedule_order(s, 4, ORDER_REPLAY, SPAN("a"), 0);
    rig_rests(s, NOW);
    rig_commit(s, NOW);
    rig_delivers(s, NOW, "a", 1);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    frozen(s, 5, "");
    rig_delivers(s, NOW, "a", 2);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* One that is far behind, with entries that do not say where they are from. */
static void test_catching_up(void **state)
{
    uint64_t after;
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.window = 2;
    struct schedule *s = rig_new(&limits, "a", 0);
    assert_int_equal(schedule_loaded(s), 0);
    rig_tell(s, 1, 8);
    rig_rests(s, NOW);
    assert_true(rig_wants(s, &after));
    frozen(s, 9, "blue>red@9");
    rig_page(s, 0, 8, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    frozen(s, 10, "");
    for (uint64_t n = 1; n <= 8; n++)
        rig_delivers(s, NOW, "a", n);
    schedule_free(&s);
}

/* --- who starts while it is frozen ----------------------------------------------------------- */

static void test_loaded(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a", 0);
    schedule_load_gates(s, gates_of(9, "blue>red@9"));
    assert_int_equal(schedule_loaded(s), 0);
    posts(s, 1, "blue");
    frozen(s, 2, "blue>red@2"); /* older words change nothing */
    frozen(s, 3, "");
    posts(s, 4, "blue");
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    frozen(s, 9, "blue>red@9");
    rig_rests(s, NOW);
    frozen(s, 10, "");
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 4);
    schedule_free(&s);
}

/* From before lines told of it: everything waits, set aside or not, and nothing spins. */
static void test_loaded_without_a_line(void **state)
{
    (void)state;
    struct schedule *s = rig_new(&rig_limits, "a", 0);
    schedule_load_gates(s, gates_of(0, "blue>red"));
    struct cursor c;
    assert_true(cursor_read(SPAN("2 a1:0:0:0:3:0:3:500:1700000000000"), &c));
    schedule_load_cursor(s, SPAN("a"), &c);
    cursor_fini(&c);
    assert_int_equal(schedule_loaded(s), 0);
    posts(s, 1, "blue");
    posts(s, 2, "red");
    posts(s, 3, "blue");
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "a"), "frozen");
    frozen(s, 4, "");
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "a", 3);
    schedule_free(&s);
}

/* --- who is on the far side ------------------------------------------------------------------ */

/* Where a member is today, as it changes. */
static void test_it_moves(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a,b", 0);
    struct entry *e = post(1, "blue", X);
    tell_entry(s, e);
    frozen(s, 2, "blue>green@2");
    rig_delivers(s, NOW, "a", 1);
    rig_delivers(s, NOW, "b", 1);
    const struct entry both = {.n = 3,
                               .at_ms = NOW,
                               .facts = {.type = ACTIVITY_CREATE},
                               .audience = SPAN("red,green"),
                               .origin = SPAN("origin.test"),
                               .zone = SPAN("blue"),
                               .id = SPAN("https://origin.test/activity")};
    tell_entry(s, entry_new(&both));
    frozen(s, 4, "blue>red@4");
    rig_rests(s, NOW);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 5);
    m->ver = 5;
    snprintf(m->zone, sizeof m->zone, "green");
    m->spans_n = 2;
    m->spans[1] = (struct member_span){5, MEMBER_SPAN_OPEN, "green"};
    schedule_control(s, 5, m, false);
    rig_delivers(s, NOW, "a", 3);
    rig_rests(s, NOW);
    assert_string_equal(rig_state(s, "b"), "frozen");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_in_order),
        cmocka_unit_test(test_what_is_before_goes),
        cmocka_unit_test(test_what_came_later_goes),
        cmocka_unit_test(test_is_no_failure),
        cmocka_unit_test(test_on_its_way),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_taken_back_while_it_waits),
        cmocka_unit_test(test_opted_out_while_it_waits),
        cmocka_unit_test(test_set_aside),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_loaded),
        cmocka_unit_test(test_loaded_without_a_line),
        cmocka_unit_test(test_it_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
