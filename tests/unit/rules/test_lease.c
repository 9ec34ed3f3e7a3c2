/* lease: whose a shard is; and a house of couriers that live, die, freeze and come back, in which
 * nobody but the tables says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/lease_rig.h"

enum { SHARDS = 8 };

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

static const struct {
    const char *what;
    const char *name; /* of ours, whose nonce is `a` */
    unsigned couriers, ticks;
    const char *living, *owners, *held;
    const char *take, *give;
} decisions[] = {
    {"alone: everything at once", "courier-0", 1, 0, "a:courier-0:1", "........", "00000000",
     "11111111", "00000000"},
    {"alone, and an earlier start is forgotten: its nonce is in no table", "courier-0", 1, 0,
     "a:courier-0:1", "zzzzzzzz", "00000000", "11111111", "00000000"},
    {"one of two, the other may be still to come", "courier-0", 2, 9, "a:courier-0:9", "........",
     "00000000", "10101010", "00000000"},
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
    {"the shards of one that is away are spread", "courier-0", 3, 10, "a:courier-0:1 b:courier-2:1",
     "a.ba.ba.", "10010010", "00001000", "00000000"},
    {"seen from the other", "courier-2", 3, 10, "b:courier-0:1 a:courier-2:1", "b.ab.ab.",
     "00100100", "01000001", "00000000"},
    {"one of another machine has a share like all", "courier-0@b", 1, 10,
     "b:courier-0@a:1 a:courier-0@b:1", "b.b.b.b.", "00000000", "01010101", "00000000"},
    {"and gets it", "courier-0@a", 1, 10, "a:courier-0@a:1 b:courier-0@b:1", "aaaaaaaa", "11111111",
     "00000000", "01010101"},
    {"three machines: the first by name has one more", "courier-0@a", 1, 10,
     "a:courier-0@a:1 b:courier-0@b:1 c:courier-0@c:1", "aaaabbbb", "11110000", "00000000",
     "01000000"},
    {"seen from the second", "courier-0@b", 1, 10,
     "b:courier-0@a:1 a:courier-0@b:1 c:courier-0@c:1", "bbbbaaaa", "00001111", "00000000",
     "00000100"},
    {"the third takes what both gave, and no more", "courier-0@c", 1, 10,
     "b:courier-0@a:1 c:courier-0@b:1 a:courier-0@c:1", "b.bbcc.c", "00000000", "01000010",
     "00000000"},
    {"one more of the same machine may be still to come: its part is left for it", "courier-0@b", 2,
     3, "b:courier-0@a:1 a:courier-0@b:1", "bbb.....", "00000000", "00011001", "00000000"},
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

static void test_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++) {
        struct lease *l = mem_new(sizeof(*l));
        struct lease_table *table = mem_new(sizeof(*table));
        lease_init(l, decisions[i].name, decisions[i].couriers);
        lease_begin(l, "a", SHARDS);
        l->ticks = decisions[i].ticks;
        table_of(decisions[i].living, decisions[i].owners, table);
        lease_decide(l, table, mask_of(decisions[i].held));
        if (strcmp(mask_text(l->take), decisions[i].take) != 0 ||
            strcmp(mask_text(l->give), decisions[i].give) != 0 || l->bury_n)
            fail_msg("%s: takes %s, gives %s, buries %zu", decisions[i].what, mask_text(l->take),
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide),   cmocka_unit_test(test_bury), cmocka_unit_test(test_met),
        cmocka_unit_test(test_patience), cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
