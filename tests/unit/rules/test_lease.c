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
    unsigned couriers, here_ms;
    const char *living, *owners, *held;
    const char *take, *give;
} decisions[] = {
    {"alone: everything at once", "courier-0", 1, 0, "a:courier-0:1", "........", "00000000",
     "11111111", "00000000"},
    {"alone, and an earlier start is forgotten: its nonce is in no table", "courier-0", 1, 0,
     "a:courier-0:1", "zzzzzzzz", "00000000", "11111111", "00000000"},
    {"one of two, the other may be still to come", "courier-0", 2, LEASE_MS - 1, "a:courier-0:9",
     "........", "00000000", "10101010", "00000000"},
    {"it did not come", "courier-0", 2, LEASE_MS, "a:courier-0:9", "a.a.a.a.", "10101010",
     "01010101", "00000000"},
    {"it came, and has its own", "courier-0", 2, LEASE_MS, "a:courier-0:9 b:courier-1:1",
     "abababab", "10101010", "00000000", "00000000"},
    {"it came, and is to be given its own", "courier-0", 2, LEASE_MS, "a:courier-0:9 b:courier-1:1",
     "aaaaaaaa", "11111111", "00000000", "01010101"},
    {"what is another's is not taken", "courier-1", 2, LEASE_MS, "a:courier-1:1 b:courier-0:9",
     "bbbbbbbb", "00000000", "00000000", "00000000"},
    {"what it has given back is", "courier-1", 2, LEASE_MS, "a:courier-1:1 b:courier-0:9",
     "b.b.b.b.", "00000000", "01010101", "00000000"},
    {"some of it: the rest is waited for", "courier-1", 2, LEASE_MS, "a:courier-1:1 b:courier-0:9",
     "b.b.bbbb", "00000000", "00000000", "00000000"},
    {"the shards of one that is away are spread", "courier-0", 3, LEASE_MS,
     "a:courier-0:1 b:courier-2:1", "a.ba.ba.", "10010010", "00001000", "00000000"},
    {"seen from the other", "courier-2", 3, LEASE_MS, "b:courier-0:1 a:courier-2:1", "b.ab.ab.",
     "00100100", "01000001", "00000000"},
    {"one of another machine has a share like all", "courier-0@b", 1, LEASE_MS,
     "b:courier-0@a:1 a:courier-0@b:1", "b.b.b.b.", "00000000", "01010101", "00000000"},
    {"and gets it", "courier-0@a", 1, LEASE_MS, "a:courier-0@a:1 b:courier-0@b:1", "aaaaaaaa",
     "11111111", "00000000", "01010101"},
    {"three machines: the first by name has one more", "courier-0@a", 1, LEASE_MS,
     "a:courier-0@a:1 b:courier-0@b:1 c:courier-0@c:1", "aaaabbbb", "11110000", "00000000",
     "01000000"},
    {"seen from the second", "courier-0@b", 1, LEASE_MS,
     "b:courier-0@a:1 a:courier-0@b:1 c:courier-0@c:1", "bbbbaaaa", "00001111", "00000000",
     "00000100"},
    {"the third takes what both gave, and no more", "courier-0@c", 1, LEASE_MS,
     "b:courier-0@a:1 c:courier-0@b:1 a:courier-0@c:1", "b.bbcc.c", "00000000", "01000010",
     "00000000"},
    {"one more of the same machine may be still to come: its part is left for it", "courier-0@b", 2,
     3000, "b:courier-0@a:1 a:courier-0@b:1", "bbb.....", "00000000", "00011001", "00000000"},
    {"those of other machines are not waited for", "courier-0@a", 1, 0, "a:courier-0@a:1",
     "........", "00000000", "11111111", "00000000"},
    {"one of no number has a share, too", "guest", 2, LEASE_MS, "a:guest:1 b:courier-1:1",
     ".b.b.b.b", "00000000", "10101010", "00000000"},
    {"and nothing where nothing is", "guest", 2, LEASE_MS, "a:guest:1 b:courier-1:1 c:courier-0:4",
     "cbcbcbcb", "00000000", "00000000", "00000000"},
    {"more couriers than shards", "courier-9", 10, LEASE_MS,
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
        lease_ask(l, LEASE_MS, 0);
        l->here_ms = decisions[i].here_ms;
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

/* Looks at a table, at a time; then decides, holding these. */
static void look(struct lease *l, struct lease_table *table, int64_t now_ms, const char *living,
                 const char *owners, const char *held)
{
    table_of(living, owners, table);
    lease_ask(l, LEASE_MS, now_ms);
    lease_heard(l, table, now_ms);
    lease_decide(l, table, mask_of(held));
}

static struct lease *lease_new(const char *name, unsigned couriers)
{
    struct lease *l = mem_new(sizeof(*l));
    lease_init(l, name, couriers);
    lease_begin(l, "a", SHARDS);
    return l;
}

/* A lease without a beat, as the watcher counts since it heard of the last one, and it is buried:
 * with the beat that was heard of, so that one that goes on after all is not. */
static void test_bury(void **state)
{
    (void)state;
    struct lease *l = lease_new("courier-0", 2);
    struct lease_table *table = mem_new(sizeof(*table));
    char living[64];
    for (int64_t ms = 0; ms <= 17000; ms += 100) {
        /* It beats until 2.5 s, then once more before 7 s, and never again. */
        snprintf(living, sizeof(living), "a:courier-0:%d b:courier-1:%d", (int)ms + 1,
                 ms <= 2500  ? (int)ms
                 : ms < 7000 ? 2500
                             : 2501);
        lease_ask(l, LEASE_MS, ms);
        assert_int_equal(l->bury_n, ms == 17000);
        if (l->bury_n) {
            assert_string_equal(l->bury[0].nonce, "b");
            assert_int_equal(l->bury[0].beat, 2501);
            break;
        }
        table_of(living, "abababab", table);
        lease_heard(l, table, ms);
        lease_decide(l, table, mask_of("10101010"));
        assert_int_equal(l->take, 0); /* not before it is gone from the table */
    }
    table_of("a:courier-0:31", "abababab", table);
    lease_heard(l, table, 17000);
    lease_decide(l, table, mask_of("10101010"));
    assert_string_equal(mask_text(l->take), "01010101");
    free(l);
    free(table);
}

/* One that is there still, though it was to be buried, is not asked for at once, again and again.
 */
static void test_not_to_be_buried(void **state)
{
    (void)state;
    struct lease *l = lease_new("courier-0", 2);
    struct lease_table *table = mem_new(sizeof(*table));
    unsigned buries = 0;
    for (int64_t ms = 0; ms <= 35000; ms += 100) {
        lease_ask(l, LEASE_MS, ms);
        buries += l->bury_n == 1;
        table_of("a:courier-0:1 b:courier-1:6", "abababab", table);
        lease_heard(l, table, ms);
        assert_true(lease_next(l, ms, ms) > 0);
    }
    assert_int_equal(buries, 3);
    free(l);
    free(table);
}

/* Who was frozen, or heard nothing, has not watched: so many beats are counted, and no more. */
static void test_leap(void **state)
{
    (void)state;
    static const struct {
        int64_t step_ms, buried_ms; /* the watcher's clock, when it asks for that */
    } rows[] = {{1, 10000},           {250, 10000},      {BEAT_MS, 10000},
                {2 * BEAT_MS, 10000}, {3000, 10 * 3000}, {60000, 10 * 60000}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lease *l = lease_new("courier-0", 2);
        struct lease_table *table = mem_new(sizeof(*table));
        int64_t ms = 0;
        for (;; ms += rows[i].step_ms) {
            lease_ask(l, LEASE_MS, ms);
            if (l->bury_n)
                break;
            table_of("a:courier-0:1 b:courier-1:6", "abababab", table);
            lease_heard(l, table, ms);
        }
        assert_int_equal(ms, rows[i].buried_ms);
        free(l);
        free(table);
    }
}

/* The next look: a beat after the last, whatever time Redis took; and when a lease ends. */
static void test_next(void **state)
{
    (void)state;
    struct lease *l = lease_new("courier-0", 2);
    struct lease_table *table = mem_new(sizeof(*table));
    static const struct {
        int64_t sent, heard, beat, next;
    } rows[] = {
        {0, 0, 1, BEAT_MS},
        {500, 520, 1, BEAT_MS - 20},
        {1000, 1499, 1, BEAT_MS / 4}, /* a slow Redis is not asked all the time */
        {2000, 2000, 2, BEAT_MS},     /* first heard of now */
        {3000, 3000, 2, BEAT_MS},
        {4000, 4000, 2, BEAT_MS},
        {5000, 5000, 2, BEAT_MS},
        {6000, 6000, 2, BEAT_MS},
        {7000, 7000, 2, BEAT_MS},
        {8000, 8000, 2, BEAT_MS},
        {9000, 9000, 2, BEAT_MS},
        {10000, 10000, 2, BEAT_MS},
        {11000, 11000, 2, BEAT_MS},
        {11700, 11710, 2, 291}, /* a lease after 2000, and a millisecond */
        {11990, 12010, 2, 0},   /* which was reached meanwhile */
        {12010, 12020, 3, BEAT_MS - 10},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char living[64];
        snprintf(living, sizeof(living), "a:courier-0:1 b:courier-1:%d", (int)rows[i].beat);
        table_of(living, "abababab", table);
        lease_ask(l, LEASE_MS, rows[i].sent);
        lease_heard(l, table, rows[i].heard);
        assert_int_equal(lease_next(l, rows[i].sent, rows[i].heard), rows[i].next);
    }
    free(l);
    free(table);
}

/* Whom we have met is not still to come: when it left, its shards are taken at once. */
static void test_met(void **state)
{
    (void)state;
    struct lease *l = lease_new("courier-0", 2);
    struct lease_table *table = mem_new(sizeof(*table));
    look(l, table, 0, "a:courier-0:1 b:courier-1:6", "abababab", "10101010");
    assert_int_equal(l->take, 0);
    look(l, table, BEAT_MS, "a:courier-0:2", "a.a.a.a.", "10101010");
    assert_string_equal(mask_text(l->take), "01010101");
    free(l);
    free(table);
}

/* Waiting for the rest ends. */
static void test_patience(void **state)
{
    (void)state;
    struct lease *l = lease_new("courier-1", 2);
    struct lease_table *table = mem_new(sizeof(*table));
    char living[64];
    for (int n = 0; n < 12; n++) {
        snprintf(living, sizeof(living), "a:courier-1:1 b:courier-0:%d", n);
        look(l, table, n * BEAT_MS, living, "b.b.bbbb", "00000000");
        assert_string_equal(mask_text(l->take), n < LEASE_PATIENCE ? "00000000" : "01010000");
    }
    look(l, table, 12 * BEAT_MS, "a:courier-1:1 b:courier-0:99", "b.b.b.b.", "00000000");
    assert_string_equal(mask_text(l->take), "01010101");
    /* It begins anew; and what one owned that died is not waited with. */
    look(l, table, 13 * BEAT_MS, "a:courier-1:1 b:courier-0:100", "b.b.bbbb", "00000000");
    assert_string_equal(mask_text(l->take), "00000000");
    look(l, table, 14 * BEAT_MS, "a:courier-1:1 b:courier-0:101", "bzb.bbbb", "00000000");
    assert_string_equal(mask_text(l->take), "01010000");
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
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_bury),
        cmocka_unit_test(test_not_to_be_buried),
        cmocka_unit_test(test_leap),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_met),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
