/* schedule: who goes first where there is not enough for all. */
#include "schedule_rig.h"

/* Members h0 .. hN-1, all of whom have everything up to `low`. */
static struct schedule *crowd(size_t slots, unsigned n, uint64_t low)
{
    struct schedule_limits limits = rig_limits;
    limits.in_flight = slots;
    limits.window = 4;
    struct schedule *s = schedule_new(&limits);
    schedule_load_shard(s, 0, low, low);
    for (unsigned i = 0; i < n; i++) {
        char host[16];
        snprintf(host, sizeof(host), "h%u", i);
        schedule_load_member(s, rig_record(host, MEMBER_ACTIVE, 0, 0));
    }
    return s;
}

static void places(struct schedule *s, unsigned from, unsigned to, const struct cursor *cursor)
{
    for (unsigned i = from; i < to; i++) {
        char host[16];
        snprintf(host, sizeof(host), "h%u", i);
        schedule_load_cursor(s, span_of(host), cursor);
    }
}

static unsigned number_of(const struct attempt *a)
{
    return (unsigned)strtoul(a->host + 1, NULL, 10);
}

/* All that may start now: how many, and how many of them of members below `line`. */
static unsigned start_all(struct schedule *s, int64_t now, struct attempt *out, unsigned line,
                          unsigned *ret_below)
{
    unsigned n = 0;
    *ret_below = 0;
    while (schedule_next(s, now, &out[n]))
        *ret_below += number_of(&out[n++]) < line;
    return n;
}

/* --- fresh, and catching up ------------------------------------------------------------------ */

/* Of 2 * HALF members, the first half is far behind; all of it is in memory, in a page. */
enum { SLOTS = 100, HALF = 200 };

static struct schedule *halves(void)
{
    const struct cursor behind = {.low = 0, .urgent = 10};
    struct schedule *s = crowd(SLOTS, 2 * HALF, 10);
    places(s, 0, HALF, &behind);
    schedule_loaded(s);
    rig_tell(s, 11, 14);
    return s;
}

static void read_page(struct schedule *s)
{
    uint64_t after;
    assert_true(rig_wants(s, &after));
    rig_page(s, 0, 14, 0);
}

static void test_fresh_first(void **state)
{
    static struct attempt out[SLOTS + 1];
    unsigned behind;
    (void)state;
    struct schedule *s = halves();
    /* Nothing of the first half is in memory yet: the others may have nearly all. */
    unsigned n = start_all(s, NOW, out, HALF, &behind);
    assert_int_equal(n, SLOTS);
    assert_int_equal(behind, 0);
    read_page(s);
    rig_rests(s, NOW);
    /* What ends makes room for those that are behind, until they have a quarter. */
    for (unsigned round = 0; round < 10; round++) {
        unsigned more;
        for (unsigned i = 0; i < 10; i++)
            rig_answer(s, &out[10 * round + i], NOW, ERR_OK, 202);
        unsigned got = start_all(s, NOW, &out[10 * round], HALF, &more);
        assert_int_equal(got, 10);
        behind += more;
    }
    assert_int_equal(behind, SLOTS / 4);
    for (unsigned i = 0; i < SLOTS; i++)
        rig_answer(s, &out[i], NOW, ERR_OK, 202);
    schedule_free(&s);
}

/* They alone: three quarters, so that what comes fresh does not wait; and not more than half of
 * what becomes free then. */
static void test_catching_up(void **state)
{
    static struct attempt out[SLOTS + 1];
    unsigned behind;
    (void)state;
    const struct cursor far = {.low = 0, .urgent = 0};
    struct schedule *s = crowd(SLOTS, 2 * HALF, 10);
    places(s, 0, HALF, &far);
    schedule_loaded(s);
    for (uint64_t n = 11; n <= 14; n++) { /* for nobody */
        struct entry *e = rig_entry_from(n, "blue", "origin.test");
        schedule_entry(s, e);
        entry_unref(&e);
    }
    rig_rests(s, NOW);

    uint64_t after;
    assert_true(rig_wants(s, &after));
    rig_page(s, 0, 10, 0);
    unsigned n = start_all(s, NOW, out, HALF, &behind);
    assert_int_equal(n, SLOTS / 4 * 3);
    assert_int_equal(behind, n);
    rig_tell(s, 15, 15);
    unsigned more;
    unsigned got = start_all(s, NOW, out + n, HALF, &more);
    assert_int_equal(got, SLOTS / 4);
    assert_int_equal(more, 0);
    for (unsigned i = 0; i < 25; i++) /* above half: the fresh ones have it */
        rig_answer(s, &out[i], NOW, ERR_OK, 202);
    assert_int_equal(start_all(s, NOW, out, HALF, &more), 25);
    assert_int_equal(more, 0);
    for (unsigned i = 0; i < SLOTS; i++)
        rig_answer(s, &out[i], NOW, ERR_OK, 202);
    schedule_free(&s);
}

/* Direct mail goes before both. */
static void test_direct_first(void **state)
{
    (void)state;
    struct schedule *s = halves();
    rig_mail(s, "h399", 30);
    struct attempt a;
    assert_true(schedule_next(s, NOW, &a));
    assert_null(a.entry);
    assert_int_equal(number_of(&a), 399);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    schedule_free(&s);
}

/* What takes back goes before what is fresh, also to who is far behind; its own backlog has no part
 * in that. Of 40 members the first half is behind, h7 alone is of another zone. */
static void test_urgent_first(void **state)
{
    enum { FEW = 40, ODD = 7, LAST = 14 };
    const struct cursor behind = {.low = 0, .urgent = 10};
    struct entry *list[LAST];
    uint64_t after;
    (void)state;
    struct schedule *s = crowd(8, FEW, 10);
    struct member *m = rig_record("h7", MEMBER_ACTIVE, 0, 0);
    snprintf(m->zone, sizeof(m->zone), "blue");
    snprintf(m->spans[0].zone, sizeof(m->spans[0].zone), "blue");
    schedule_load_member(s, m);
    places(s, 0, FEW / 2, &behind);
    schedule_loaded(s);
    for (uint64_t n = 1; n <= LAST; n++) {
        list[n - 1] = rig_entry_from(n, "red,blue", "origin.test");
        if (n > 10)
            schedule_entry(s, list[n - 1]);
    }
    struct attempt a;
    while (schedule_next(s, NOW, &a)) /* those that are behind need a page */
        rig_answer(s, &a, NOW, ERR_OK, 202);
    rig_tell(s, LAST + 1, LAST + 1);
    assert_true(rig_wants(s, &after));
    schedule_page(s, LANE_NORMAL, 0, LAST, list, LAST, 0);
    rig_takes_back(s, LAST + 2, "blue", "https://o.test/x", 3);
    rig_delivers(s, NOW, "h7", LAST + 2);
    assert_true(schedule_next(s, NOW, &a));
    assert_true(number_of(&a) >= FEW / 2);
    rig_answer(s, &a, NOW, ERR_OK, 202);
    for (size_t i = 0; i < LAST; i++)
        entry_unref(&list[i]);
    schedule_free(&s);
}

/* One slot is one slot: who is behind has a turn. */
static void test_few(void **state)
{
    (void)state;
    for (size_t slots = 1; slots < 6; slots++) {
        const struct cursor behind = {.low = 0, .urgent = 10};
        struct schedule *s = crowd(slots, 2, 10);
        places(s, 0, 1, &behind);
        schedule_loaded(s);
        rig_tell(s, 11, 20);
        unsigned sent = 0;
        for (int round = 0; round < 100; round++) {

            uint64_t after;
            struct attempt a;
            while (schedule_next(s, NOW, &a)) {
                sent++;
                rig_answer(s, &a, NOW, ERR_OK, 202);
            }
            if (rig_wants(s, &after))
                rig_page(s, after, 20, 0);
        }
        assert_int_equal(sent, 20 + 10);
        schedule_free(&s);
    }
}

/* --- the slow lane --------------------------------------------------------------------------- */

/* Whoever is in trouble has a quarter of the slots at most, and a few before all others. */
static void test_trouble(void **state)
{
    static struct attempt out[SLOTS + 1];
    unsigned sick;
    (void)state;
    const struct cursor failing = {.low = 10, .urgent = 10, .health = {.failures = 3}};
    struct schedule *s = crowd(SLOTS, 2 * HALF, 10);
    places(s, 0, HALF, &failing);
    schedule_loaded(s);
    rig_tell(s, 11, 11);
    unsigned n = start_all(s, NOW, out, HALF, &sick);
    assert_int_equal(n, SLOTS);
    assert_in_range(sick, 1, SLOTS / 4);
    unsigned before = sick;
    for (unsigned i = 0; i < SLOTS; i++)
        if (number_of(&out[i]) >= HALF)
            rig_answer(s, &out[i], NOW, ERR_OK, 202);
    static struct attempt next[SLOTS + 1];
    unsigned got = start_all(s, NOW, next, HALF, &sick);
    assert_int_equal(got, SLOTS - before);
    for (unsigned i = 0; i < got; i++)
        if (number_of(&next[i]) >= HALF)
            rig_answer(s, &next[i], NOW, ERR_OK, 202);
    /* The others have all by now: the sick still have a quarter. */
    unsigned last;
    start_all(s, NOW, out, HALF, &last);
    assert_int_equal(before + sick + last, SLOTS / 4);
    schedule_free(&s);
}

/* A thousand members, three hundred of which accept a connection and say nothing for 30 s. */
static void test_hanging(void **state)
{
    enum { ALL = 1000, HANG = 300, ROUND = 50, POSTS = 60 };
    static struct {
        struct attempt attempt;
        int64_t until;
    } flights[1024];
    static int64_t told[POSTS + 100];
    size_t flying = 0;
    uint64_t had = 0;
    int64_t most = 0;
    (void)state;
    struct schedule *s = crowd(1024, ALL, 10);
    schedule_loaded(s);
    uint64_t n = 10;
    for (int64_t now = NOW; now < NOW + 2 * POSTS * (int64_t)SECOND; now += ROUND) {
        if ((now - NOW) % SECOND == 0 && n < 10 + POSTS) {
            n++;
            told[n] = now;
            rig_tell(s, n, n);
        }
        for (size_t i = 0; i < flying;) {
            if (flights[i].until > now) {
                i++;
                continue;
            }
            struct attempt a = flights[i].attempt;
            flights[i] = flights[--flying];
            bool hangs = number_of(&a) < HANG;
            if (!hangs) {
                had++;
                if (now - told[a.entry->n] > most)
                    most = now - told[a.entry->n];
            }
            rig_answer(s, &a, now, hangs ? ERR_TIMEOUT : ERR_OK, hangs ? 0 : 202);
        }

        uint64_t after;
        if (rig_wants(s, &after))
            rig_page(s, after, n, 0);
        while (flying < 1024 && schedule_next(s, now, &flights[flying].attempt)) {
            bool hangs = number_of(&flights[flying].attempt) < HANG;
            flights[flying++].until = now + (hangs ? 30 * SECOND : 2 * ROUND);
        }
        assert_true(flying <= 1024);
    }
    assert_int_equal(had, (ALL - HANG) * (uint64_t)POSTS);
    if (most > SECOND)
        fail_msg("a healthy member waited %lld ms", (long long)most);
    for (size_t i = 0; i < flying; i++)
        rig_answer(s, &flights[i].attempt, NOW, ERR_OK, 202);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_first),  cmocka_unit_test(test_catching_up),
        cmocka_unit_test(test_direct_first), cmocka_unit_test(test_urgent_first),
        cmocka_unit_test(test_few),          cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_hanging),
    };
    return cmocka_run_group_tests_name("schedule_share", tests, NULL, NULL);
}
