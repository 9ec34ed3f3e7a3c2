/* schedule: several inboxes of one host, and shards that are somebody else's. */
#include "schedule_rig.h"

/* The member "a" with an inbox of each style, both from the beginning. */
static struct member *both(void)
{
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 1, "litepub", STYLE_LITEPUB, 0);
    return m;
}

static struct schedule *started(const struct member *m)
{
    struct schedule *s = schedule_new(&rig_limits);
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, m);
    assert_int_equal(schedule_loaded(s), 0);
    return s;
}

static struct attempt sends_to(struct schedule *s, int64_t now, uint64_t n, unsigned slot)
{
    struct attempt a = rig_sends(s, now, "a", n);
    assert_int_equal(a.slot, slot);
    return a;
}

static void delivers_to(struct schedule *s, int64_t now, uint64_t n, unsigned slot)
{
    struct attempt a = sends_to(s, now, n, slot);
    rig_answer(s, &a, now, ERR_OK, 202);
}

/* An entry goes to one after the other, and is passed when all have it. */
static void test_each(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    rig_tell(s, 1, 2);
    struct attempt a = sends_to(s, NOW, 1, 0);
    assert_string_equal(a.inbox, "http://a/inbox");
    assert_int_equal(a.style, STYLE_PUBLIC);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    assert_int_equal(rig_low(s, "a"), 0);
    assert_string_equal(rig_commit(s, NOW), "all 2; own a 0 done 1/0; late a 1 at 0");
    a = sends_to(s, NOW, 1, 1);
    assert_string_equal(a.inbox, "http://a/litepub");
    assert_int_equal(a.style, STYLE_LITEPUB);
    rig_rests(s, NOW); /* one at a time for the host */
    rig_answer(s, &a, NOW, ERR_OK, 202);
    assert_int_equal(rig_low(s, "a"), 1);
    delivers_to(s, NOW, 2, 0);
    delivers_to(s, NOW, 2, 1);
    assert_string_equal(rig_commit(s, NOW), "all 2; follow a");
    schedule_free(&s);
}

/* What some of its inboxes have is not sent to them again after a restart. */
static void test_done_comes_back(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct cursor_part parts[] = {
        {.n = 1, .slot = 0, .done = true},
        {.n = 1, .slot = 1, .tried = {.tries = 1, .own = 1, .past = {1, 500, NOW}}}};
    struct cursor own = {.parts = parts, .parts_n = 2};
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, both());
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_tell(s, 1, 2);
    struct attempt a = sends_to(s, NOW, 1, 1);
    assert_int_equal(a.tries, 2);
    assert_int_equal(a.past.status, 500);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    delivers_to(s, NOW, 2, 0);
    delivers_to(s, NOW, 2, 1);
    schedule_free(&s);

    /* About another entry, it says nothing. */
    s = schedule_new(&rig_limits);
    parts[0].n = parts[1].n = 7;
    schedule_load_shard(s, 0, 0, 0);
    schedule_load_member(s, both());
    schedule_load_cursor(s, SPAN("a"), &own);
    schedule_loaded(s);
    rig_tell(s, 1, 1);
    delivers_to(s, NOW, 1, 0);
    a = sends_to(s, NOW, 1, 1);
    assert_int_equal(a.tries, 1);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    schedule_free(&s);
}

/* What one refuses is its own matter; tries and patience as well. */
static void test_apart(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    rig_tell(s, 1, 1);
    struct attempt a = sends_to(s, NOW, 1, 0);
    rig_answer(s, &a, NOW, ERR_OK, 424);
    int64_t now = schedule_wake(s);
    a = sends_to(s, now, 1, 0);
    assert_int_equal(a.tries, 2);
    assert_int_equal(a.past.tries, 1);
    rig_answer(s, &a, now, ERR_OK, 422);
    assert_string_equal(rig_commit(s, now),
                        "all 1; own a 0 done 1/0; down a; fail a 1 refused-by-peer; up a");
    a = sends_to(s, now, 1, 1);
    assert_int_equal(a.tries, 1);
    assert_int_equal(a.past.tries, 0);
    rig_answer(s, &a, now, ERR_OK, 422);
    assert_string_equal(rig_commit(s, now), "all 1; follow a; fail a 1/1 refused-by-peer");
    schedule_free(&s);
}

/* An Update without a proof is for nobody, one with a proof for the public style alone. */
static void test_styles(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    for (int proof = 0; proof < 2; proof++) {
        struct entry from = {.n = 1 + (uint64_t)proof,
                             .at_ms = NOW,
                             .facts = {.type = ACTIVITY_UPDATE, .has_proof = proof},
                             .audience = SPAN("red"),
                             .origin = SPAN("origin.test"),
                             .id = SPAN("https://origin.test/update")};
        struct entry *e = entry_new(&from);
        schedule_entry(s, e);
        entry_unref(&e);
    }
    delivers_to(s, NOW, 2, 0);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 2");
    schedule_free(&s);
}

/* An inbox gets what has a number above its own. */
static void test_from(void **state)
{
    (void)state;
    struct schedule *s = rig_started("a", 0);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_tell(s, 1, 1);
    rig_inbox(m, 5, "late", STYLE_PUBLIC, 2);
    schedule_control(s, 2, m, false);
    rig_tell(s, 3, 3);
    delivers_to(s, NOW, 1, 0);
    delivers_to(s, NOW, 3, 0);
    delivers_to(s, NOW, 3, 5);
    rig_rests(s, NOW);
    schedule_free(&s);
}

/* An inbox that is given up while it is owed something: recorded for it alone. */
static void test_freed(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_tell(s, 1, 2);
    delivers_to(s, NOW, 1, 0);
    struct attempt a = sends_to(s, NOW, 1, 1);
    rig_answer(s, &a, NOW, ERR_OK, 500);
    rig_inbox(m, 1, NULL, STYLE_PUBLIC, 3);
    schedule_control(s, 3, m, false);
    assert_string_equal(rig_commit(s, NOW),
                        "all 3; own a 0 failures 1 done 1/0 tries 1; late a 1 at 0; down a; "
                        "cut a 0-3/1 not-member");
    int64_t now = schedule_wake(s);
    delivers_to(s, now, 2, 0); /* the first needs no more */
    rig_rests(s, now);
    assert_string_equal(rig_commit(s, now), "all 3; follow a; up a");
    schedule_free(&s);

    /* The one that has it: from there on only. */
    s = started(both());
    rig_tell(s, 1, 2);
    delivers_to(s, NOW, 1, 0);
    m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 1, "litepub", STYLE_LITEPUB, 0);
    rig_inbox(m, 0, NULL, STYLE_PUBLIC, 3);
    schedule_control(s, 3, m, false);
    assert_string_equal(rig_commit(s, NOW),
                        "all 3; own a 0 done 1/0; late a 1 at 0; cut a 1-3 not-member");
    delivers_to(s, NOW, 1, 1);
    delivers_to(s, NOW, 2, 1);
    schedule_free(&s);

    /* Nothing was owed any more. */
    s = started(both());
    m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_inbox(m, 1, NULL, STYLE_PUBLIC, 1);
    schedule_control(s, 1, m, false);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 1");
    schedule_free(&s);
}

/* Given up, and taken by another, while an attempt is on its way: what comes of that is no news of
 * the one who has it now. */
static void test_freed_in_flight(void **state)
{
    static const int statuses[] = {202, 500, 410};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct schedule *s = started(both());
        struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
        rig_tell(s, 1, 1);
        delivers_to(s, NOW, 1, 0);
        struct attempt a = sends_to(s, NOW, 1, 1);
        rig_inbox(m, 1, NULL, STYLE_PUBLIC, 2);
        schedule_control(s, 2, m, false);
        rig_inbox(m, 1, "new", STYLE_LITEPUB, 3);
        m->ver++;
        schedule_control(s, 3, m, false);
        rig_tell(s, 4, 4);
        rig_answer(s, &a, NOW, ERR_OK, statuses[i]);
        int64_t now = i == 1 ? schedule_wake(s) : NOW;
        delivers_to(s, now, 4, 0);
        a = sends_to(s, now, 4, 1);
        assert_int_equal(a.tries, 1);
        assert_string_equal(a.inbox, "http://a/new");
        rig_answer(s, &a, now, ERR_OK, 202);
        const char *said = rig_commit(s, now);
        assert_non_null(strstr(said, "cut a 0-2/1 not-member"));
        assert_null(strstr(said, "fail"));
        schedule_free(&s);
    }
}

/* The same URL moves: what is owed goes to the new one. */
static void test_moved(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
    rig_tell(s, 1, 1);
    rig_inbox(m, 1, "moved", STYLE_LITEPUB, 0);
    schedule_control(s, 2, m, false);
    delivers_to(s, NOW, 1, 0);
    struct attempt a = sends_to(s, NOW, 1, 1);
    assert_string_equal(a.inbox, "http://a/moved");
    rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 2");
    schedule_free(&s);
}

/* After a restart the registry is newer than the journal that is read again: nothing is passed for
 * an inbox whose end was not told yet, and when it is told, that is recorded. */
static void test_waits_for_what_it_knows(void **state)
{
    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 0);
        struct member *then = mem_new(sizeof(*then));
        rig_inbox(m, 1, NULL, STYLE_PUBLIC, 3);
        *then = *m;
        m->ver = 2;
        if (taken)
            rig_inbox(m, 1, "new", STYLE_LITEPUB, 5);
        struct schedule *s = started(m);
        rig_tell(s, 1, 2);
        rig_rests(s, NOW);
        assert_string_equal(rig_state(s, "a"), "held");
        rig_mail_of(s, "a", 9, "reject", "http://a/x"); /* needs no place in the journal */
        rig_delivers(s, NOW, "a", 9);
        schedule_control(s, 3, then, false);
        if (taken) {
            rig_tell(s, 4, 4);
            rig_rests(s, NOW);
            schedule_control(s, 5, m, false);
        }
        delivers_to(s, NOW, 1, 0);
        const char *said = rig_commit(s, NOW);
        assert_non_null(strstr(said, "cut a 0-3/1 not-member"));
        free(then);
        schedule_free(&s);
    }
}

/* A cut of all of it: what some of its inboxes had already is not said to be cut for them. */
static void test_leaves_half_done(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    rig_tell(s, 1, 2);
    delivers_to(s, NOW, 1, 0);
    struct member *m = rig_record("a", MEMBER_LEFT, 0, 3);
    m->followers_n = 0;
    rig_inbox(m, 0, NULL, STYLE_PUBLIC, 3);
    rig_inbox(m, 1, NULL, STYLE_PUBLIC, 3);
    schedule_control(s, 3, m, true);
    assert_string_equal(rig_commit(s, NOW), "all 3; cut a 0-1/1 not-member; cut a 1-3 not-member");
    schedule_free(&s);
}

/* A right withdrawn: for those of its inboxes that do not have it yet. */
static void test_skip_half_done(void **state)
{
    (void)state;
    struct schedule *s = started(both());
    rig_tell(s, 1, 1);
    delivers_to(s, NOW, 1, 0);
    struct member *m = both();
    snprintf(m->zone, sizeof(m->zone), "blue");
    schedule_control(s, 2, m, false);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW), "all 2; skip a 1/1 no-right");
    schedule_free(&s);
}

/* --- shards that are ours -------------------------------------------------------------------- */

/* Hosts of both halves. */
static const char *host_in(unsigned shard)
{
    static char names[2][32];
    for (int i = 0;; i++) {
        snprintf(names[shard], sizeof(names[shard]), "h%d.test", i);
        if (shard_of(span_of(names[shard]), 2) == shard)
            return names[shard];
    }
}

static void test_owned(void **state)
{
    (void)state;
    const char *ours = host_in(0);
    const char *theirs = host_in(1);
    struct schedule_limits limits = rig_limits;
    struct schedule_report r;
    char text[64];
    limits.shards = 2;
    limits.owned = 1;
    struct schedule *s = schedule_new(&limits);
    struct cursor cursor = {.low = 1, .urgent = 1, .health.failures = 1};
    schedule_load_shard(s, 0, 5, 5);
    schedule_load_shard(s, 1, 2, 2);
    schedule_load_member(s, rig_record(ours, MEMBER_ACTIVE, 0, 0));
    schedule_load_member(s, rig_record(theirs, MEMBER_ACTIVE, 0, 0));
    schedule_load_cursor(s, span_of(theirs), &cursor);
    assert_int_equal(schedule_loaded(s), 5); /* theirs is read by who owns it */
    schedule_control(s, 6, rig_record(theirs, MEMBER_ACTIVE, 0, 0), false);
    schedule_control(s, 7, rig_record(theirs, MEMBER_LEFT, 0, 7), true);
    rig_mail(s, theirs, 8);
    schedule_awake(s, span_of(theirs));
    schedule_order(s, 9, ORDER_RETRY, span_of(theirs), 3);
    schedule_order(s, 10, ORDER_DROP, span_of(theirs), 3);
    rig_tell(s, 11, 11);
    schedule_report(s, &r);
    assert_int_equal(r.destinations, 1);
    assert_int_equal(r.position, 11);
    rig_delivers(s, NOW, ours, 11);
    rig_rests(s, NOW);
    struct delta delta;
    assert_string_equal(rig_delta(s, NOW, &delta), "all 11");
    assert_int_equal(delta.list[0].shard, 0);
    schedule_committed(s, &delta);
    schedule_order(s, 12, ORDER_DROP, span_of(ours), 3);
    snprintf(text, sizeof(text), "all 12; drop %s 3", ours);
    assert_string_equal(rig_commit(s, NOW), text);
    schedule_free(&s);
}

static void test_owns_nothing(void **state)
{
    (void)state;
    struct schedule_limits limits = rig_limits;
    limits.owned = 0;
    struct schedule *s = rig_new(&limits, "a", 5);
    assert_true(schedule_loaded(s) == UINT64_MAX);
    rig_rests(s, NOW);
    assert_string_equal(rig_commit(s, NOW + HOUR), "");
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_done_comes_back),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_styles),
        cmocka_unit_test(test_from),
        cmocka_unit_test(test_freed),
        cmocka_unit_test(test_freed_in_flight),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_waits_for_what_it_knows),
        cmocka_unit_test(test_leaves_half_done),
        cmocka_unit_test(test_skip_half_done),
        cmocka_unit_test(test_owned),
        cmocka_unit_test(test_owns_nothing),
    };
    return cmocka_run_group_tests_name("schedule_slots", tests, NULL, NULL);
}
