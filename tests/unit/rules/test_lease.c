/* lease: whose a shard is; and a house of couriers that live, die, freeze and come back, in which
 * nobody but the tables says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/bytes.h"
#include "relay/rules/lease.h"

enum { SHARDS = 8 };

/* --- one look -------------------------------------------------------------------------------- */

/* `nonce:name:beat ...`, and an owner for each shard, `.` for nobody. */
static void table_of(const char *living, const char *owners, struct lease_table *ret)
{
    struct span rest = span_of(living);
    *ret = (struct lease_table){.n = 0};
    while (rest.p && rest.n) {
        struct span item = span_cut(&rest, ' ');
        struct lease_entry *e = &ret->list[ret->n++];
        span_copy(span_cut(&item, ':'), e->nonce, sizeof(e->nonce));
        span_copy(span_cut(&item, ':'), e->name, sizeof(e->name));
        assert_true(span_u64(item, UINT64_MAX, &e->beat));
    }
    for (size_t i = 0; owners[i]; i++)
        if (owners[i] != '.')
            ret->owners[i][0] = owners[i];
}

static const char *mask_text(uint64_t mask)
{
    static char text[2][LEASE_SHARDS_MAX + 1];
    static unsigned which;
    char *out = text[++which % 2];
    for (unsigned i = 0; i < SHARDS; i++)
        out[i] = mask >> i & 1 ? '1' : '0';
    out[SHARDS] = '\0';
    return out;
}

static uint64_t mask_of(const char *text)
{
    uint64_t mask = 0;
    for (unsigned i = 0; text[i]; i++)
        mask |= (uint64_t)(text[i] == '1') << i;
    return mask;
}

static void test_decide(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *name; /* of ours, whose nonce is `a` */
        unsigned couriers, ticks;
        const char *living, *owners, *held;
        const char *take, *give;
    } rows[] = {
        {"alone: everything at once", "courier-0", 1, 0, "a:courier-0:1", "........", "00000000",
         "11111111", "00000000"},
        {"alone, and an earlier start is forgotten: its nonce is in no table", "courier-0", 1, 0,
         "a:courier-0:1", "zzzzzzzz", "00000000", "11111111", "00000000"},
        {"one of two, the other may be still to come", "courier-0", 2, 9, "a:courier-0:9",
         "........", "00000000", "10101010", "00000000"},
        {"it did not come", "courier-0", 2, 10, "a:courier-0:9", "a.a.a.a.", "10101010", "01010101",
         "00000000"},
        {"it came, and has its own", "courier-0", 2, 10, "a:courier-0:9 b:courier-1:1", "abababab",
         "10101010", "00000000", "00000000"},
        {"it came, and is to be given its own", "courier-0", 2, 10, "a:courier-0:9 b:courier-1:1",
         "aaaaaaaa", "11111111", "00000000", "01010101"},
        {"what is another's is not taken", "courier-1", 2, 10, "a:courier-1:1 b:courier-0:9",
         "bbbbbbbb", "00000000", "00000000", "00000000"},
        {"what it has given back is", "courier-1", 2, 10, "a:courier-1:1 b:courier-0:9", "b.b.b.b.",
         "00000000", "01010101", "00000000"},
        {"some of it: the rest is waited for", "courier-1", 2, 10, "a:courier-1:1 b:courier-0:9",
         "b.b.bbbb", "00000000", "00000000", "00000000"},
        {"the shards of one that is away are spread", "courier-0", 3, 10,
         "a:courier-0:1 b:courier-2:1", "a.ba.ba.", "10010010", "00001000", "00000000"},
        {"seen from the other", "courier-2", 3, 10, "b:courier-0:1 a:courier-2:1", "b.ab.ab.",
         "00100100", "01000001", "00000000"},
        {"one of another machine has a share like all", "courier-0@b", 1, 10,
         "b:courier-0@a:1 a:courier-0@b:1", "b.b.b.b.", "00000000", "01010101", "00000000"},
        {"and gets it", "courier-0@a", 1, 10, "a:courier-0@a:1 b:courier-0@b:1", "aaaaaaaa",
         "11111111", "00000000", "01010101"},
        {"three machines: the first by name has one more", "courier-0@a", 1, 10,
         "a:courier-0@a:1 b:courier-0@b:1 c:courier-0@c:1", "aaaabbbb", "11110000", "00000000",
         "01000000"},
        {"seen from the second", "courier-0@b", 1, 10,
         "b:courier-0@a:1 a:courier-0@b:1 c:courier-0@c:1", "bbbbaaaa", "00001111", "00000000",
         "00000100"},
        {"the third takes what both gave, and no more", "courier-0@c", 1, 10,
         "b:courier-0@a:1 c:courier-0@b:1 a:courier-0@c:1", "b.bbcc.c", "00000000", "01000010",
         "00000000"},
        {"one more of the same machine may be still to come: its part is left for it",
         "courier-0@b", 2, 3, "b:courier-0@a:1 a:courier-0@b:1", "bbb.....", "00000000", "00011001",
         "00000000"},
        {"those of other machines are not waited for", "courier-0@a", 1, 0, "a:courier-0@a:1",
         "........", "00000000", "11111111", "00000000"},
        {"one of no number has a share, too", "guest", 2, 10, "a:guest:1 b:courier-1:1", ".b.b.b.b",
         "00000000", "10101010", "00000000"},
        {"and nothing where nothing is", "guest", 2, 10, "a:guest:1 b:courier-1:1 c:courier-0:4",
         "cbcbcbcb", "00000000", "00000000", "00000000"},
        {"more couriers than shards", "courier-9", 10, 10,
         "a:courier-9:1 b:courier-0:1 c:courier-1:1 d:courier-2:1 e:courier-3:1 f:courier-4:1 "
         "g:courier-5:1 h:courier-6:1 i:courier-7:1",
         "bcdefghi", "00000000", "00000000", "00000000"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease *l = mem_new(sizeof(*l));
        struct lease_table *table = mem_new(sizeof(*table));
        lease_init(l, rows[i].name, rows[i].couriers);
        lease_begin(l, "a", SHARDS);
        l->ticks = rows[i].ticks;
        table_of(rows[i].living, rows[i].owners, table);
        lease_decide(l, table, mask_of(rows[i].held));
        if (strcmp(mask_text(l->take), rows[i].take) != 0 ||
            strcmp(mask_text(l->give), rows[i].give) != 0 || l->bury_n)
            fail_msg("%s: takes %s, gives %s, buries %zu", rows[i].what, mask_text(l->take),
                     mask_text(l->give), l->bury_n);
        free(l);
        free(table);
    }
}

/* Ten ticks without a beat, and it is buried: with the beat that was seen, so that one that goes
 * on after all is not. */
static void test_bury(void **state)
{
    (void)state;
    struct lease *l = mem_new(sizeof(*l));
    struct lease_table *table = mem_new(sizeof(*table));
    char living[64];
    lease_init(l, "courier-0", 2);
    lease_begin(l, "a", SHARDS);
    for (int tick = 0; tick <= 30; tick++) {
        /* It beats until tick 5, then once more at tick 14, and never again. */
        snprintf(living, sizeof(living), "a:courier-0:%d b:courier-1:%d", tick,
                 tick <= 5   ? tick
                 : tick < 14 ? 5
                             : 6);
        table_of(living, "abababab", table);
        lease_tick(l, table);
        lease_decide(l, table, mask_of("10101010"));
        assert_int_equal(l->bury_n, tick >= 24);
        assert_int_equal(l->take, 0); /* not before it is gone from the table */
        if (l->bury_n) {
            assert_string_equal(l->bury[0].nonce, "b");
            assert_int_equal(l->bury[0].beat, 6);
        }
    }
    table_of("a:courier-0:31", "abababab", table);
    lease_tick(l, table);
    lease_decide(l, table, mask_of("10101010"));
    assert_string_equal(mask_text(l->take), "01010101");
    /* A look between two ticks counts nothing. */
    lease_begin(l, "c", SHARDS);
    for (int i = 0; i < 50; i++) {
        table_of("c:courier-0:1 b:courier-1:6", "cbcbcbcb", table);
        lease_decide(l, table, mask_of("10101010"));
        assert_int_equal(l->bury_n, 0);
    }
    free(l);
    free(table);
}

/* Whom we have met is not still to come: when it left, its shards are taken at once. */
static void test_met(void **state)
{
    (void)state;
    struct lease *l = mem_new(sizeof(*l));
    struct lease_table *table = mem_new(sizeof(*table));
    lease_init(l, "courier-0", 2);
    lease_begin(l, "a", SHARDS);
    table_of("a:courier-0:1 b:courier-1:6", "abababab", table);
    lease_tick(l, table);
    lease_decide(l, table, mask_of("10101010"));
    assert_int_equal(l->take, 0);
    table_of("a:courier-0:2", "a.a.a.a.", table);
    lease_tick(l, table);
    lease_decide(l, table, mask_of("10101010"));
    assert_string_equal(mask_text(l->take), "01010101");
    free(l);
    free(table);
}

/* Waiting for the rest ends. */
static void test_patience(void **state)
{
    (void)state;
    struct lease *l = mem_new(sizeof(*l));
    struct lease_table *table = mem_new(sizeof(*table));
    lease_init(l, "courier-1", 2);
    lease_begin(l, "a", SHARDS);
    for (int tick = 0; tick < 8; tick++) {
        table_of("a:courier-1:1 b:courier-0:1", "b.b.bbbb", table);
        table->list[1].beat += (uint64_t)tick;
        lease_tick(l, table);
        lease_decide(l, table, 0);
        assert_string_equal(mask_text(l->take), tick < LEASE_PATIENCE ? "00000000" : "01010000");
    }
    table_of("a:courier-1:1 b:courier-0:9", "b.b.b.b.", table);
    lease_tick(l, table);
    lease_decide(l, table, 0);
    assert_string_equal(mask_text(l->take), "01010101");
    free(l);
    free(table);
}

static void test_time(void **state)
{
    (void)state;
    static const struct {
        int64_t since;
        bool start, on;
    } rows[] = {{-5, true, true},      {0, true, true},          {5000, true, true},
                {5001, false, true},   {8000, false, true},      {8001, false, false},
                {10000, false, false}, {INT64_MAX, false, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(lease_may_start(10000, rows[i].since), rows[i].start);
        assert_int_equal(lease_may_go_on(10000, rows[i].since), rows[i].on);
    }
}

/* --- a house of couriers ---------------------------------------------------------------------- */

enum { HOUSE = 6, WIDE = 64 };

struct one {
    struct lease heart;
    char nonce[LEASE_NONCE_SIZE];
    bool runs, frozen, first;
    uint64_t held, give, giving;
    int halting; /* ticks until it has ended what was in flight */
};

struct house {
    struct lease_table table;
    struct one list[HOUSE];
    unsigned n, born;
    unsigned per; /* of them belong to one machine each */
    uint32_t chance;
    bool careless;  /* the twin: nobody is told that it was buried */
    unsigned twice; /* rounds in which somebody acted on what was another's */
};

static uint32_t roll(struct house *h, uint32_t of)
{
    h->chance = h->chance * 1664525U + 1013904223U;
    return (h->chance >> 8) % of;
}

static struct lease_entry *entry_of(struct house *h, const char *nonce)
{
    for (size_t i = 0; i < h->table.n; i++)
        if (strcmp(h->table.list[i].nonce, nonce) == 0)
            return &h->table.list[i];
    return NULL;
}

static void entry_drop(struct house *h, struct lease_entry *e)
{
    *e = h->table.list[--h->table.n];
}

static void come(struct house *h, unsigned i)
{
    struct one *o = &h->list[i];
    char name[32];
    snprintf(name, sizeof(name), "courier-%u@%u", i % h->per, i / h->per);
    snprintf(o->nonce, sizeof(o->nonce), "%u", ++h->born);
    if (!o->runs)
        lease_init(&o->heart, name, h->per);
    lease_begin(&o->heart, o->nonce, WIDE);
    o->held = o->give = o->giving = 0;
    o->halting = 0;
    o->first = o->runs = true;
}

/* lease.lua, in short. */
static bool beat(struct house *h, struct one *o)
{
    struct lease_entry *e = entry_of(h, o->nonce);
    if (!e && !o->first && !h->careless)
        return false;
    for (size_t i = h->table.n; i-- > 0;)
        if (strcmp(h->table.list[i].name, o->heart.name) == 0 &&
            strcmp(h->table.list[i].nonce, o->nonce) != 0)
            entry_drop(h, &h->table.list[i]);
    e = entry_of(h, o->nonce);
    if (!e) {
        e = &h->table.list[h->table.n++];
        *e = (struct lease_entry){.beat = 0};
        memcpy(e->nonce, o->nonce, sizeof(e->nonce));
        memcpy(e->name, o->heart.name, sizeof(e->name));
    }
    e->beat++;
    for (unsigned s = 0; s < WIDE; s++)
        if ((o->give >> s & 1) && strcmp(h->table.owners[s], o->nonce) == 0)
            h->table.owners[s][0] = '\0';
    for (size_t i = 0; i < o->heart.bury_n; i++) {
        e = entry_of(h, o->heart.bury[i].nonce);
        if (e && e->beat == o->heart.bury[i].beat)
            entry_drop(h, e);
    }
    o->give = 0;
    o->first = false;
    return true;
}

/* claim.lua, in short. */
static void claim(struct house *h, struct one *o, uint64_t shards)
{
    for (unsigned s = 0; s < WIDE; s++) {
        char *owner = h->table.owners[s];
        bool taken = *owner && strcmp(owner, o->nonce) != 0 && entry_of(h, owner);
        if (!(shards >> s & 1) || taken)
            continue;
        memcpy(owner, o->nonce, sizeof(o->nonce));
        o->held |= UINT64_C(1) << s;
    }
}

static void tick(struct house *h, unsigned i)
{
    struct one *o = &h->list[i];
    if (!o->runs || o->frozen)
        return;
    if (o->halting && --o->halting == 0) {
        o->held &= ~o->giving;
        o->give |= o->giving;
    }
    if (!beat(h, o)) {
        come(h, i);
        beat(h, o);
    }
    lease_tick(&o->heart, &h->table);
    if (o->halting)
        return;
    lease_decide(&o->heart, &h->table, o->held);
    if (o->heart.give) {
        o->giving = o->heart.give;
        o->halting = 2;
    } else if (o->heart.take) {
        claim(h, o, o->heart.take);
    }
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
        if (n > 1) { /* the last one dies: the others share, after ten ticks and not before */
            h->list[n - 1].runs = false;
            rounds(h, LEASE_TICKS - 1);
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
    uint64_t before[HOUSE];
    struct house *h = house_new(6, 7);
    on_machines_of(h, 2);
    h->list[4].runs = h->list[5].runs = false;
    rounds(h, 15);
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
    rounds(h, LEASE_TICKS + 5);
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
    rounds(h, LEASE_TICKS - 2);
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
        cmocka_unit_test(test_decide),   cmocka_unit_test(test_bury),
        cmocka_unit_test(test_met),      cmocka_unit_test(test_patience),
        cmocka_unit_test(test_time),     cmocka_unit_test(test_house),
        cmocka_unit_test(test_machines), cmocka_unit_test(test_house_with_one_missing),
        cmocka_unit_test(test_storms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
