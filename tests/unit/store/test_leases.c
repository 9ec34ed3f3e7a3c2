/* leases: who beats lives, who is buried is told so, and nobody gives back what is another's. */
#include "tests/unit/store/store_rig.h"

#include "relay/store/leases.h"

struct told {
    struct rig *rig;
    int calls;
    enum err err;
    char table[2048]; /* `nonce=name:beat ...`, by nonce, then ` shard<owner` of those owned */
};

static int by_nonce(const void *a, const void *b)
{
    return strcmp(((const struct lease_entry *)a)->nonce, ((const struct lease_entry *)b)->nonce);
}

static void on_beat(void *arg, enum err err, const struct lease_table *table)
{
    struct told *t = arg;
    size_t n = 0;
    t->calls++;
    t->err = err;
    t->table[0] = '\0';
    assert_int_equal(err == ERR_OK, table != NULL);
    if (table) {
        struct lease_table *sorted = mem_new(sizeof(*sorted));
        *sorted = *table;
        qsort(sorted->list, sorted->n, sizeof(sorted->list[0]), by_nonce);
        for (size_t i = 0; i < table->n; i++)
            n += (size_t)snprintf(t->table + n, sizeof t->table - n, "%s%s=%s:%llu", i ? " " : "",
                                  sorted->list[i].nonce, sorted->list[i].name,
                                  (unsigned long long)sorted->list[i].beat);
        for (unsigned s = 0; s < LEASE_SHARDS_MAX; s++)
            if (table->owners[s][0])
                n += (size_t)snprintf(t->table + n, sizeof t->table - n, " %u<%s", s,
                                      table->owners[s]);
        free(sorted);
    }
    loop_stop(t->rig->loop);
}

/* The table after it, or the code of why there is none. */
static const char *send_beat(struct rig *rig, const struct leases_beat *beat)
{
    static struct told t;
    t = (struct told){.rig = rig};
    leases_beat(rig->store, beat, on_beat, &t);
    assert_int_equal(t.calls, 0);
    rig_await(rig, &t.calls, 1);
    return t.err == ERR_OK ? t.table : err_code(t.err);
}

static const char *come(struct rig *rig, const char *nonce, const char *name)
{
    const struct leases_beat beat = {.nonce = nonce, .name = name, .first = true};
    return send_beat(rig, &beat);
}

static const char *go_on(struct rig *rig, const char *nonce, const char *name)
{
    const struct leases_beat beat = {.nonce = nonce, .name = name};
    return send_beat(rig, &beat);
}

static const char *bury(struct rig *rig, const char *nonce, uint64_t beats)
{
    struct lease_entry dead = {.beat = beats};
    span_copy(span_of(nonce), dead.nonce, sizeof dead.nonce);
    const struct leases_beat beat = {.nonce = "a", .name = "courier-0", .bury = &dead, .bury_n = 1};
    return send_beat(rig, &beat);
}

static bool same(const char *is, const char *should)
{
    if (strcmp(is, should) != 0)
        print_message("%s\n", is);
    return strcmp(is, should) == 0;
}

static void test_beats(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    assert_string_equal(come(rig, "a", "courier-0"), "a=courier-0:1");
    assert_string_equal(come(rig, "b", "a guest of ours"), "a=courier-0:1 b=a guest of ours:1");
    assert_string_equal(go_on(rig, "a", "courier-0"), "a=courier-0:2 b=a guest of ours:1");
    ask(rig, "HSET {weir}:lease a unreadable");
    ask(rig, "HSET {weir}:shard:0 owner a");
    ask(rig, "HSET {weir}:shard:63 owner gone");
    assert_string_equal(go_on(rig, "b", "a guest of ours"), "b=a guest of ours:2 0<a 63<gone");
}

/* What it owned is free, without a word about it: its nonce is in no table. */
static bool comes_back(struct rig *rig)
{
    bool ok = same(come(rig, "a", "courier-1"), "a=courier-1:1");
    ok = ok && same(come(rig, "b", "courier-10"), "a=courier-1:1 b=courier-10:1");
    ok = ok && same(come(rig, "c", "courier-1"), "b=courier-10:1 c=courier-1:1");
    ok = ok && same(go_on(rig, "a", "courier-1"), "fenced");
    return ok && same(go_on(rig, "c", "courier-1"), "b=courier-10:1 c=courier-1:2");
}

static bool buried_is_fenced(struct rig *rig)
{
    bool ok = same(come(rig, "a", "courier-0"), "a=courier-0:1");
    ok = ok && same(come(rig, "b", "courier-1"), "a=courier-0:1 b=courier-1:1");
    ok = ok && same(bury(rig, "b", 1), "a=courier-0:2");
    ok = ok && same(bury(rig, "b", 1), "a=courier-0:3"); /* once more is nothing */
    ok = ok && same(go_on(rig, "b", "courier-1"), "fenced");
    return ok && same(come(rig, "b", "courier-1"), "a=courier-0:3 b=courier-1:1");
}

static bool who_beats_is_not_buried(struct rig *rig)
{
    bool ok = same(come(rig, "a", "courier-0"), "a=courier-0:1");
    ok = ok && same(come(rig, "b", "courier-1"), "a=courier-0:1 b=courier-1:1");
    ok = ok && same(go_on(rig, "b", "courier-1"), "a=courier-0:1 b=courier-1:2");
    return ok && same(bury(rig, "b", 1), "a=courier-0:2 b=courier-1:2");
}

static bool nobody_buries_himself(struct rig *rig)
{
    bool ok = same(come(rig, "a", "courier-0"), "a=courier-0:1");
    return ok && same(bury(rig, "a", 2), "a=courier-0:2");
}

static bool gives_back_its_own(struct rig *rig)
{
    const struct leases_beat beat = {.nonce = "a", .name = "courier-0", .give = UINT64_C(7)};
    bool ok = same(come(rig, "a", "courier-0"), "a=courier-0:1");
    for (int s = 0; s < 5; s++)
        ask(rig, "HSET {weir}:shard:%d owner %s seq 5 low 9", s, s == 1 ? "b" : "a");
    ok = ok && same(send_beat(rig, &beat), "a=courier-0:2 1<b 3<a 4<a");
    return ok && same(ask(rig, "HGETALL {weir}:shard:0"), "(seq 5 low 9)");
}

static bool leaves(struct rig *rig)
{
    const struct leases_beat beat = {
        .nonce = "a", .name = "courier-0", .give = UINT64_MAX, .leave = true};
    bool ok = same(come(rig, "b", "courier-1"), "b=courier-1:1");
    ok = ok && same(come(rig, "a", "courier-0"), "a=courier-0:1 b=courier-1:1");
    ask(rig, "HSET {weir}:shard:3 owner a");
    ask(rig, "HSET {weir}:shard:4 owner b");
    ok = ok && same(send_beat(rig, &beat), "b=courier-1:1 4<b");
    return ok && same(go_on(rig, "a", "courier-0"), "fenced");
}

static bool epoch_is_checked(struct rig *rig)
{
    bool ok = same(come(rig, "a", "courier-0"), "a=courier-0:1");
    ask(rig, "HSET {weir}:log epoch 5 run other");
    ok = ok && same(go_on(rig, "a", "courier-0"), "redis");
    return ok && same(ask(rig, "HGETALL {weir}:lease"), "(a courier-0 1)");
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"one that comes back takes its name", comes_back, &script_lease,
         "table_before[i] ~= nonce and split(table_before[i + 1]) == name", "false"},
        {"one that comes back takes its name", comes_back, &script_lease,
         "if not own and ARGV[4] ~= '1'", "if false"},
        {"who was buried is told so", buried_is_fenced, &script_lease,
         "if not own and ARGV[4] ~= '1'", "if false"},
        {"who was buried is told so", buried_is_fenced, &script_lease,
         "redis.call('HDEL', LEASE, a) end", "end"},
        {"who beats is not buried", who_beats_is_not_buried, &script_lease, "and last == b", ""},
        {"nobody buries himself", nobody_buries_himself, &script_lease, "a ~= nonce and last",
         "last"},
        {"one gives back its own alone", gives_back_its_own, &script_lease,
         "if owner_of(a) == nonce then", "if true then"},
        {"one gives back its own alone", gives_back_its_own, &script_lease,
         "redis.call('HDEL', P .. 'shard:' .. a, 'owner')", "redis.call('DEL', S)"},
        {"who leaves is gone", leaves, &script_lease,
         "elseif word == 'L' then\n    redis.call('HDEL', LEASE, nonce)", ""},
        {"no beat across time lines", epoch_is_checked, &script_lease, "log[1] ~= ARGV[1]",
         "false"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* Nobody takes part of a word for a whole one, and nothing of it is done. */
static void test_cut_short(void **state)
{
    static const char *const bad[] = {"R", "B b", "R 1 X", "L R", "B b 1 R"};
    struct rig *rig = *state;
    rig_fresh(rig);
    come(rig, "a", "courier-0");
    come(rig, "b", "courier-1");
    ask(rig, "HSET {weir}:shard:1 owner a");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *said = ask(rig, "EVALSHA %s 0 %llu a courier-0 0 %s", script_lease.sha,
                               (unsigned long long)store_epoch(rig->store), bad[i]);
        if (rig->err != ERR_REDIS_REPLY)
            fail_msg("%s: %s", bad[i], said);
    }
    assert_string_equal(go_on(rig, "a", "courier-0"), "a=courier-0:2 b=courier-1:1 1<a");
}

/* More entries than a table holds are not a courier's trouble. */
static void test_many(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    for (int i = 0; i < LEASES_MAX + 20; i++)
        ask(rig, "EVAL redis.call('HSET','{weir}:lease','n%d','guest-%d'..string.char(32)..7) 0", i,
            i);
    assert_non_null(strstr(come(rig, "a", "courier-0"), "=guest-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beats),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
