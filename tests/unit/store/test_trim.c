/* trim: what is forgotten, in which order, and what never is. */
#include "tests/unit/store/journal_rig.h"

/* Lines 1 to n, bodies with them. */
static void fill(struct rig *rig, int n)
{
    static struct posted posted[64];
    for (int i = 0; i < n; i++) {
        char what[16], object[16];
        snprintf(what, sizeof what, "C c%d", i);
        snprintf(object, sizeof object, "o%d", i);
        struct post p = POST(what, object, .now = i + 1);
        post_send(rig, &p, &posted[i]);
    }
    rig_await(rig, &posted[n - 1].calls, 1);
}

static void trim(struct rig *rig, uint64_t keep, uint64_t bodies)
{
    char id[48] = "";
    if (keep)
        snprintf(id, sizeof id, "%llu-%llu", (unsigned long long)store_epoch(rig->store),
                 (unsigned long long)keep);
    journal_trim(rig->store, id, bodies);
}

/* `floor bodyfloor, lines, bodies` */
static const char *left(struct rig *rig)
{
    static char text[128];
    size_t n =
        (size_t)snprintf(text, sizeof text, "%s", ask(rig, "HMGET {weir}:log floor bodyfloor"));
    n += (size_t)snprintf(text + n, sizeof text - n, " %s", ask(rig, "XLEN {weir}:N"));
    snprintf(text + n, sizeof text - n, " %s",
             ask(rig, "EVAL return(#redis.call('KEYS','{weir}:body:*')) 0"));
    return text;
}

static void test_trim(void **state)
{
    static const struct {
        uint64_t keep, bodies;
        const char *left;
    } rows[] = {
        {0, 0, "(0 0) 20 20"},   /* nothing asked for */
        {0, 1, "(0 0) 20 20"},   /* below 1: none */
        {0, 4, "(0 3) 20 17"},   /* bodies alone */
        {3, 0, "(2 3) 18 17"},   /* entries alone, of which bodies went before */
        {6, 0, "(5 5) 15 15"},   /* bodies go with their entries */
        {4, 2, "(5 5) 15 15"},   /* never back */
        {20, 30, "(19 20) 1 0"}, /* the newest entry stays, its body need not */
        {21, 0, "(19 20) 1 0"},  /* beyond the newest: not trimmed */
        {1000, 1000, "(19 20) 1 0"},
    };
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig, 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        trim(rig, rows[i].keep, rows[i].bodies);
        const char *now = left(rig);
        for (int tries = 0; strcmp(now, rows[i].left) != 0 && tries < 20; tries++) {
            rig_idle(rig, 5); /* the other connection may be faster */
            now = left(rig);
        }
        if (strcmp(now, rows[i].left) != 0)
            fail_msg("row %zu: %s", i, now);
    }
    struct told told;
    read_page(rig, 0, 256, &told);
    assert_int_equal(told.floor, 19);
    assert_int_equal(told.n, 20);
    assert_string_equal(bytes_str(&told.text), "20<19 Create internal =c19");
    bytes_fini(&told.text);
    struct post p = POST("C c99", "o99", .now = 99);
    assert_string_equal(post(rig, &p), "OK 21"); /* numbers go on */
}

/* No more than a thousand bodies at once, and the next call goes on where this one ended. */
static void test_bounded(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig, 2);
    ask(rig, "HSET {weir}:log n 2500 last 2500");
    ask(rig, "MSET {weir}:body:1000 x {weir}:body:1001 x {weir}:body:2500 x");
    trim(rig, 0, 2501);
    rig_idle(rig, 20);
    assert_answer(rig, "1000", "HGET {weir}:log bodyfloor");
    assert_answer(rig, "2", "EXISTS {weir}:body:1000 {weir}:body:1001 {weir}:body:2500");
    trim(rig, 0, 2501);
    trim(rig, 0, 2501);
    rig_idle(rig, 20);
    assert_answer(rig, "2500", "HGET {weir}:log bodyfloor");
    assert_answer(rig, "0", "EXISTS {weir}:body:1000 {weir}:body:1001 {weir}:body:2500");
}

/* What was passed undelivered is known as long as its entry, and no longer. */
static bool ledger_ends_with_the_entries(struct rig *rig)
{
    fill(rig, 9);
    ask(rig, "ZADD {weir}:fail:3 2 2a 3 3a 4 4a");
    ask(rig, "ZADD {weir}:skip:63 3 3b 4 4b");
    ask(rig, "ZADD {weir}:dropped:1 3 3c 4 4c");
    ask(rig, "ZADD {weir}:orders:2 3 3d 4 4d");
    ask(rig, "ZADD {weir}:late:3 3 3d 4 4d");
    ask(rig, "ZADD {weir}:cut:0 3 c 9 1-9");
    trim(rig, 4, 0);
    rig_idle(rig, 20);
    return strcmp(ask(rig, "ZRANGE {weir}:fail:3 0 -1"), "(4a)") == 0 &&
           strcmp(ask(rig, "ZRANGE {weir}:late:3 0 -1"), "(4d)") == 0 &&
           strcmp(ask(rig, "ZRANGE {weir}:skip:63 0 -1"), "(4b)") == 0 &&
           strcmp(ask(rig, "ZRANGE {weir}:dropped:1 0 -1"), "(4c)") == 0 &&
           strcmp(ask(rig, "ZRANGE {weir}:orders:2 0 -1"), "(4d)") == 0 &&
           strcmp(ask(rig, "ZRANGE {weir}:cut:0 0 -1"), "(1-9)") == 0;
}

static bool newest_stays(struct rig *rig)
{
    fill(rig, 3);
    trim(rig, 4, 0);
    rig_idle(rig, 20);
    return strcmp(left(rig), "(0 0) 3 3") == 0;
}

static bool epoch_is_checked(struct rig *rig)
{
    fill(rig, 3);
    ask(rig, "HSET {weir}:log epoch 5 run other");
    trim(rig, 2, 0);
    rig_idle(rig, 20);
    return strcmp(left(rig), "(0 0) 3 3") == 0 && rig_run(rig, &rig->ready, 2, 5000);
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "'-inf', floor", "'-inf', 0"},
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "'-inf', floor", "'-inf', '+inf'"},
        {"the newest stays", newest_stays, &script_trim, "and keep <= last", ""},
        {"no trim across time lines", epoch_is_checked, &script_trim, "log[1] ~= ARGV[1]", "false"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trim), cmocka_unit_test(test_bounded),
                                       cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
