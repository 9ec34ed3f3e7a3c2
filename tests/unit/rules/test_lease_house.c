/* lease: houses of couriers that come, go, stand still and share: one owner of each shard, fair
 * shares, whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/lease_rig.h"

static uint32_t roll(struct house *h, uint32_t of)
{
    h->chance = h->chance * 1664525U + 1013904223U;
    return (h->chance >> 8) % of;
}

/* Who is awake acts on what it believes to hold. */
static void look(struct house *h)
{
    uint64_t acted = 0;
    bool twice = false;
    for (unsigned i = 0; i < h->n; i++) {
        const struct one *o = &h->list[i];
        if (!o->runs || o->frozen)
            continue;
        twice = twice || (acted & o->held);
        acted |= o->held;
    }
    h->twice += twice;
}

static void round_of_all(struct house *h)
{
    unsigned from = roll(h, h->n); /* in no order that one could rely on */
    h->now_ms += BEAT_MS;
    for (unsigned i = 0; i < h->n; i++)
        tick(h, (from + i) % h->n);
    look(h);
}

static void rounds(struct house *h, unsigned n)
{
    while (n--)
        round_of_all(h);
}

static unsigned holds(const struct house *h, unsigned i)
{
    return (unsigned)__builtin_popcountll(h->list[i].held);
}

static struct house *house_new(unsigned n, uint32_t seed)
{
    struct house *h = mem_new(sizeof(*h));
    h->n = h->per = n;
    h->chance = seed;
    for (unsigned i = 0; i < n; i++)
        come(h, i);
    return h;
}

/* Every shard is held by one who runs, and the table knows it. */
static void assert_whole(const struct house *h)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < h->n; i++)
        if (h->list[i].runs)
            all |= h->list[i].held;
    assert_true(all == UINT64_MAX);
    assert_int_equal(h->twice, 0);
}

/* Each has as many as the others, to one. */
static void assert_fair(const struct house *h)
{
    unsigned running = 0;
    for (unsigned i = 0; i < h->n; i++)
        running += h->list[i].runs;
    for (unsigned i = 0; i < h->n; i++)
        if (h->list[i].runs)
            assert_in_range(holds(h, i), WIDE / running, (WIDE + running - 1) / running);
}

/* Whoever has come until now comes anew, so many of each machine. */
static void on_machines_of(struct house *h, unsigned per)
{
    h->per = per;
    for (unsigned i = 0; i < h->n; i++) {
        h->list[i].runs = false;
        come(h, i);
    }
}

static void test_house(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= HOUSE; n++) {
        struct house *h = house_new(n, n);
        rounds(h, 3);
        assert_whole(h);
        for (unsigned s = 0; s < WIDE; s++) /* each its own, from the beginning */
            assert_true(h->list[s % n].held >> s & 1);
        rounds(h, 30);
        assert_whole(h);
        if (n > 1) { /* the last one dies: the others share, after a lease and not before */
            h->list[n - 1].runs = false;
            rounds(h, LEASE_BEATS - 1);
            assert_int_equal(holds(h, 0), (WIDE + n - 1) / n);
            rounds(h, 6);
            assert_whole(h);
            assert_in_range(holds(h, 0), WIDE / (n - 1), WIDE / (n - 1) + 3);
            come(h, n - 1); /* and comes back */
            rounds(h, 8);
            assert_whole(h);
            assert_int_equal(holds(h, n - 1), WIDE / n);
        }
        free(h);
    }
}

/* How many shards are not where they were. */
static unsigned moved(const struct house *h, const uint64_t before[HOUSE])
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->n; i++)
        n += h->list[i].runs ? (unsigned)__builtin_popcountll(h->list[i].held & ~before[i]) : 0;
    return n;
}

static void remember(const struct house *h, uint64_t ret[HOUSE])
{
    for (unsigned i = 0; i < h->n; i++)
        ret[i] = h->list[i].runs ? h->list[i].held : 0;
}

/* A machine joins, and one is lost: all have the same again within so many ticks, and nothing moves
 * but what must. */
static void test_machines(void **state)
{
    (void)state;
    uint64_t before[HOUSE] = {0};
    struct house *h = house_new(6, 7);
    on_machines_of(h, 2);
    h->list[4].runs = h->list[5].runs = false;
    rounds(h, LEASE_BEATS + 5);
    assert_whole(h);
    assert_fair(h);
    remember(h, before);
    come(h, 4);
    come(h, 5);
    rounds(h, 8);
    assert_whole(h);
    assert_fair(h);
    /* 21, and what was given while the second of it had not come */
    assert_in_range(moved(h, before), 21, 26);
    remember(h, before);
    h->list[0].runs = h->list[1].runs = false;
    rounds(h, LEASE_BEATS + 5);
    assert_whole(h);
    assert_fair(h);
    for (unsigned i = 2; i < h->n; i++) /* nobody else loses what it has, or but one of it */
        assert_true(__builtin_popcountll(before[i] & ~h->list[i].held) <= 1);
    assert_in_range(moved(h, before), 20, 24);
    free(h);
}

static void test_house_with_one_missing(void **state)
{
    (void)state;
    struct house *h = house_new(3, 5);
    h->list[2].runs = false;
    rounds(h, LEASE_BEATS - 2);
    assert_int_equal(holds(h, 0) + holds(h, 1), 43);
    rounds(h, 6);
    assert_whole(h);
    free(h);
}

/* Anything may happen to anybody; then there is peace, and every shard has its one owner. */
static unsigned storm(uint32_t seed, bool careless)
{
    struct house *h = house_new(2 + seed % (HOUSE - 1), seed);
    unsigned twice;
    if (seed % 2)
        on_machines_of(h, 1 + seed % 3);
    h->careless = careless;
    for (unsigned i = 0; i < 400; i++) {
        struct one *o = &h->list[roll(h, h->n)];
        uint32_t what = roll(h, 24);
        if (what == 0)
            o->runs = false;
        else if (what == 1 || what == 2)
            o->frozen = !o->frozen;
        else if (what == 3 && !o->frozen)
            come(h, (unsigned)(o - h->list));
        round_of_all(h);
    }
    for (unsigned i = 0; i < h->n; i++) {
        h->list[i].frozen = false;
        if (!h->list[i].runs)
            come(h, i);
    }
    twice = h->twice;
    rounds(h, 40);
    if (!careless) {
        assert_whole(h);
        assert_fair(h);
    }
    free(h);
    return twice;
}

static void test_storms(void **state)
{
    (void)state;
    unsigned careless = 0;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        assert_int_equal(storm(seed, false), 0);
        careless += storm(seed, true);
    }
    assert_true(careless > 0); /* the twin: that two act on one shard would be seen */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_house),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_house_with_one_missing),
        cmocka_unit_test(test_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
