/* cursors: going on after Redis was away, with what was answered meanwhile; and shards whose keys
 * can't be read. */
#include "tests/unit/store/owner_rig.h"

#define SHARDS UINT64_C(0x2a) /* 1, 3 and 5 */

static void on_resumed(void *arg, enum err err, bool written)
{
    struct owner *o = arg;
    o->written = written;
    on_done(o, err);
}

static void on_probed(void *arg, enum err err, uint64_t broken)
{
    struct owner *o = arg;
    o->broken = broken;
    on_done(o, err);
}

static enum err resume(struct owner *o, uint64_t newest)
{
    int target = o->calls + 1;
    cursors_resume(o->cursors, SHARDS, newest, on_resumed, o);
    assert_int_equal(o->calls, target - 1);
    rig_await(o->rig, &o->calls, target);
    return o->err;
}

/* The cursors of shards 1 and 3 move to low. */
static void commit_begin(struct owner *o, uint64_t low)
{
    struct change changes[] = {{.kind = CHANGE_SHARD, .shard = 1, .cursor = {.low = low}},
                               {.kind = CHANGE_SHARD, .shard = 3, .cursor = {.low = low}}};
    const struct delta delta = {.list = changes, .n = 2};
    cursors_commit(o->cursors, &delta, 77, on_done, o);
}

static enum err commit(struct owner *o, uint64_t low)
{
    int target = o->calls + 1;
    commit_begin(o, low);
    rig_await(o->rig, &o->calls, target);
    return o->err;
}

static void test_goes_on_in_the_same_time_line(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    assert_int_equal(commit(&a, 5), ERR_OK);
    store_reset(rig->store);
    rig_await(rig, &rig->ready, 2);
    assert_int_equal(resume(&a, 0), ERR_OK);
    assert_false(a.written);
    assert_int_equal(commit(&a, 6), ERR_OK);
    owner_free(&a);
}

/* A commit that nobody answered: was it written? */
static void test_finds_out_what_became_of_a_commit(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    /* It never left: the connection went in the same turn. */
    int target = a.calls + 1, ready = rig->ready + 1;
    commit_begin(&a, 5);
    store_reset(rig->store);
    rig_await(rig, &a.calls, target);
    assert_int_equal(a.err, ERR_REDIS);
    rig_await(rig, &rig->ready, ready);
    assert_int_equal(resume(&a, 0), ERR_OK);
    assert_false(a.written);
    assert_int_equal(commit(&a, 5), ERR_OK);
    /* It was written, and the answer did not come back: Redis was held up behind it. */
    target = a.calls + 1;
    ready = rig->ready + 1;
    child_signal(rig->server, SIGSTOP);
    commit_begin(&a, 6);
    rig_idle(rig, 50);
    store_reset(rig->store);
    rig_await(rig, &a.calls, target);
    assert_int_equal(a.err, ERR_REDIS);
    child_signal(rig->server, SIGCONT);
    rig_await(rig, &rig->ready, ready);
    assert_int_equal(resume(&a, 0), ERR_OK);
    assert_true(a.written);
    assert_string_equal(ask(rig, "HMGET {weir}:shard:1 seq low"), "(2 6)");
    assert_int_equal(commit(&a, 7), ERR_OK);
    owner_free(&a);
}

/* A commit that comes late, behind its own repeat: that is refused, and found to be done. */
static void test_a_repeat_that_is_late_changes_nothing(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    ask(rig, "HSET {weir}:shard:1 seq 1 low 5"); /* as the late one has it */
    ask(rig, "HSET {weir}:shard:3 seq 1 low 5");
    assert_int_equal(commit(&a, 5), ERR_REDIS);
    assert_int_equal(resume(&a, 0), ERR_OK);
    assert_true(a.written);
    assert_int_equal(commit(&a, 6), ERR_OK);
    owner_free(&a);
}

static void test_a_new_process_that_lost_nothing_will_do(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    ask(rig, "HSET {weir}:log n 9");
    int ready = rig->ready + 1;
    rig_kill(rig);
    rig_serve(rig, NULL);
    rig_await(rig, &rig->ready, ready);
    assert_int_equal(resume(&a, 9), ERR_OK);
    assert_int_equal(commit(&a, 5), ERR_OK);
    owner_free(&a);
}

/* Each of these would let it go on with what is no longer so. */
static void test_refuses_what_is_not_as_it_was(void **state)
{
    static const struct {
        const char *name, *command;
        uint64_t newest;
    } rows[] = {
        {"its lease is gone", "DEL {weir}:lease", 0},
        {"another owns a shard", "HSET {weir}:shard:3 owner " NONCE_B, 0},
        {"nobody owns a shard", "HDEL {weir}:shard:5 owner", 0},
        {"a shard moved", "HSET {weir}:shard:5 seq 1", 0},
        {"a shard moved by two", "HSET {weir}:shard:1 seq 2", 0},
        {"a shard can't be read", "SET {weir}:shard:3 x", 0},
        {"the journal is shorter", "HSET {weir}:log n 8", 9},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct owner a;
        rig_fresh(rig);
        owner_take(rig, NONCE_A, SHARDS, &a);
        assert_int_equal(resume(&a, 0), ERR_OK); /* the twin */
        ask(rig, "%s", rows[i].command);
        if (resume(&a, rows[i].newest) != ERR_FENCED)
            fail_msg("%s: %s", rows[i].name, err_code(a.err));
        owner_free(&a);
    }
}

/* What of lane U was there when it began was not told yet, but all waits for that. */
static void test_what_was_to_come_counts(void **state)
{
    struct rig *rig = *state;
    for (uint64_t n = 8; n <= 9; n++) {
        struct owner a;
        rig_fresh(rig);
        ask(rig, "HSET {weir}:log n 9 lastU 9");
        owner_take(rig, NONCE_A, SHARDS, &a);
        ask(rig, "HSET {weir}:log n %d", (int)n);
        assert_int_equal(resume(&a, 5), n < 9 ? ERR_FENCED : ERR_OK);
        owner_free(&a);
    }
}

/* Two processes of Redis later, the first of them had lost something. */
static void test_what_any_process_lost_counts(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    ask(rig, "HSET {weir}:log n 8");
    int ready = rig->ready + 1;
    rig_kill(rig);
    rig_serve(rig, NULL);
    rig_await(rig, &rig->ready, ready);
    ask(rig, "HSET {weir}:log n 20"); /* others went on */
    assert_int_equal(resume(&a, 9), ERR_FENCED);
    owner_free(&a);
}

/* --- keys that can't be read ----------------------------------------------------------------- */

static const char *const kinds[] = {"shard", "own",     "fail",   "late",   "skip",
                                    "cut",   "dropped", "orders", "direct", "when",
                                    "last",  "when10",  "when60", "when600"};

static void test_a_shard_of_the_wrong_type_is_left_alone(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct owner a;
        rig_fresh(rig);
        ask(rig, "SET {weir}:%s:3 x", kinds[i]);
        owner_take(rig, NONCE_A, SHARDS, &a);
        if (a.broken != UINT64_C(1) << 3)
            fail_msg("%s: %llx", kinds[i], (unsigned long long)a.broken);
        owner_free(&a);
    }
}

static void test_who_comes_back_to_the_wrong_type_starts_over(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    for (size_t i = 1; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_int_equal(resume(&a, 0), ERR_OK); /* the twin */
        ask(rig, "SET {weir}:%s:3 x", kinds[i]);
        if (resume(&a, 0) != ERR_FENCED)
            fail_msg("%s: %s", kinds[i], err_code(a.err));
        ask(rig, "DEL {weir}:%s:3", kinds[i]);
    }
    owner_free(&a);
}

/* Shard 1 moves; shard 3 does, too, and one thing more happens there. */
static enum err commit_with(struct owner *o, enum change_kind kind)
{
    static char host[] = "x.example";
    struct change changes[] = {
        {.kind = CHANGE_SHARD, .shard = 1, .cursor = {.low = 5}},
        {.kind = CHANGE_SHARD, .shard = 3, .cursor = {.low = 5}},
        {.kind = kind, .shard = 3, .host = host, .to = 4, .tries = 1, .id = "1-1"}};
    const struct delta delta = {.list = changes, .n = kind == CHANGE_SHARD ? 2 : 3};
    int target = o->calls + 1;
    cursors_commit(o->cursors, &delta, 77, on_done, o);
    rig_await(o->rig, &o->calls, target);
    return o->err;
}

/* Nothing is written where one of its keys could not be: the shard would move without its record.
 */
static void test_a_commit_on_the_wrong_type_writes_nothing(void **state)
{
    static const struct {
        const char *name;
        enum change_kind kind;
    } rows[] = {
        {"shard", CHANGE_SHARD}, {"when", CHANGE_SHARD},   {"own", CHANGE_CURSOR},
        {"own", CHANGE_FOLLOW},  {"fail", CHANGE_FAIL},    {"late", CHANGE_LATE},
        {"fail", CHANGE_LATE},   {"dropped", CHANGE_LATE}, {"skip", CHANGE_SKIP},
        {"cut", CHANGE_CUT},     {"fail", CHANGE_RETRY},   {"dropped", CHANGE_RETRY},
        {"fail", CHANGE_DROP},   {"dropped", CHANGE_DROP}, {"direct", CHANGE_DIRECT},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct owner a;
        rig_fresh(rig);
        owner_take(rig, NONCE_A, SHARDS, &a);
        ask(rig, "SET {weir}:%s:3 x", rows[i].name);
        if (commit_with(&a, rows[i].kind) != ERR_FENCED)
            fail_msg("%s: %s", rows[i].name, err_code(a.err));
        assert_string_equal(ask(rig, "HMGET {weir}:shard:1 seq low"), "(- -)");
        assert_string_equal(ask(rig, "TYPE {weir}:when:1"), "none");
        ask(rig, "DEL {weir}:%s:3", rows[i].name); /* the twin */
        ask(rig, "HSET {weir}:shard:3 owner " NONCE_A);
        if (commit_with(&a, rows[i].kind) != ERR_OK)
            fail_msg("%s, mended: %s", rows[i].name, err_code(a.err));
        owner_free(&a);
    }
}

static void test_a_probe_tells_what_is_still_so(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    struct cursors_probe probe = {
        .shards = SHARDS, .hosts = {"a.example", "b.example"}, .hosts_n = 2};
    rig_fresh(rig);
    owner_take(rig, NONCE_A, SHARDS, &a);
    ask(rig, "SET {weir}:fail:3 x");
    ask(rig, "SET {weir}:member:b.example x");
    ask(rig, "HSET {weir}:member:a.example m x");
    cursors_probe(rig->store, &probe, on_probed, &a);
    rig_await(rig, &a.calls, 3);
    assert_int_equal(a.err, ERR_OK);
    assert_true(a.broken ==
                (UINT64_C(1) << 3 | UINT64_C(1) << shard_of(SPAN("b.example"), STORE_SHARDS)));
    ask(rig, "DEL {weir}:fail:3 {weir}:member:b.example");
    cursors_probe(rig->store, &probe, on_probed, &a);
    rig_await(rig, &a.calls, 4);
    assert_true(a.err == ERR_OK && a.broken == 0);
    owner_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on_in_the_same_time_line),
        cmocka_unit_test(test_finds_out_what_became_of_a_commit),
        cmocka_unit_test(test_a_repeat_that_is_late_changes_nothing),
        cmocka_unit_test(test_a_new_process_that_lost_nothing_will_do),
        cmocka_unit_test(test_refuses_what_is_not_as_it_was),
        cmocka_unit_test(test_what_was_to_come_counts),
        cmocka_unit_test(test_what_any_process_lost_counts),
        cmocka_unit_test(test_a_shard_of_the_wrong_type_is_left_alone),
        cmocka_unit_test(test_who_comes_back_to_the_wrong_type_starts_over),
        cmocka_unit_test(test_a_commit_on_the_wrong_type_writes_nothing),
        cmocka_unit_test(test_a_probe_tells_what_is_still_so),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
