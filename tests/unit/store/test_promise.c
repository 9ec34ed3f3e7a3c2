/* promise: what is answered for waits for the replicas that were asked for, and nothing else does.
 */
#include "tests/unit/store/journal_rig.h"

static int troubles;
static char said[128];

static void on_trouble(void *arg, enum trouble what, struct span text)
{
    (void)arg;
    troubles += what == TROUBLE_REPLICAS;
    snprintf(said, sizeof(said), "%.*s", SPAN_ARG(text));
}

/* A store that asks for so many replicas; there is none. */
static void asks_for(struct rig *rig, int64_t replicas)
{
    store_free(&rig->store);
    const struct store_config config = {.url = rig->url,
                                        .journal_file = rig->file,
                                        .strict = rig->strict,
                                        .replicas = replicas,
                                        .command_ms = 1000,
                                        .on_ready = rig_on_ready,
                                        .on_trouble = on_trouble,
                                        .arg = rig};
    troubles = 0;
    rig->ready = rig->not_ready = rig->fatal = 0;
    assert_int_equal(store_new(rig->loop, &config, &rig->store), ERR_OK);
    rig_await(rig, &rig->ready, 1);
}

static void on_body(void *arg, enum err err, struct span body)
{
    int *bodies = arg;
    (void)body;
    *bodies += err == ERR_OK;
}

static void test_a_post_counts_only_with_its_replicas(void **state)
{
    struct rig *rig = *state;
    const struct post p = POST("C c1", "o1", .now = 1);
    const struct post again = POST("C c1", "o1", .now = 2);
    rig_fresh(rig);
    asks_for(rig, 1);
    assert_string_equal(post(rig, &p), "redis");
    assert_int_equal(troubles, 1);
    assert_string_equal(said, "0 of the 1 replicas asked for had it");
    assert_string_equal(ask(rig, "XLEN {weir}:N"), "1"); /* it is written all the same */
    /* Nor may a repeat be answered as known: what it stands on is not safe either. */
    assert_string_equal(post(rig, &again), "redis");
    assert_int_equal(troubles, 2);
    /* The twin: where none is asked for, the same two are answered. */
    asks_for(rig, 0);
    assert_string_equal(post(rig, &again), "DUP 1");
    assert_int_equal(troubles, 0);
}

/* While two posts wait for a replica, on a connection each, what is read is answered. */
static void test_reading_does_not_wait(void **state)
{
    struct rig *rig = *state;
    struct posted one = {.rig = rig}, other = {.rig = rig};
    const struct post a = POST("C c1", "o1", .now = 1), b = POST("C c2", "o2", .now = 1);
    int bodies = 0;
    rig_fresh(rig);
    asks_for(rig, 1);
    post_send(rig, &a, &one);
    rig_idle(rig, 100);
    post_send(rig, &b, &other);
    rig_idle(rig, 100);
    journal_body(rig->store, 1, on_body, &bodies);
    rig_idle(rig, 100);
    assert_int_equal(one.calls + other.calls, 0);
    assert_int_equal(bodies, 1);
    rig_await(rig, &one.calls, 1);
    rig_await(rig, &other.calls, 1);
    assert_int_equal(one.err, ERR_REDIS);
    assert_int_equal(other.err, ERR_REDIS);
}

/* Given back while posts wait: everyone hears it, once. */
static void test_freed_while_waiting(void **state)
{
    struct rig *rig = *state;
    for (int ms = 0; ms < 60; ms += 20) {
        struct posted one = {.rig = rig}, other = {.rig = rig};
        const struct post a = POST("C c1", "o1", .now = 1), b = POST("C c2", "o2", .now = 1);
        rig_fresh(rig);
        asks_for(rig, 2);
        post_send(rig, &a, &one);
        post_send(rig, &b, &other);
        rig_idle(rig, ms);
        store_free(&rig->store);
        assert_int_equal(one.calls, 1);
        assert_int_equal(other.calls, 1);
        assert_int_equal(one.err, ERR_REDIS);
        assert_int_equal(other.err, ERR_REDIS);
    }
}

struct freeing {
    struct rig *rig;
    int calls;
};

static void on_free_it(void *arg, const struct journal_appended *answer)
{
    struct freeing *f = arg;
    (void)answer;
    f->calls++;
    store_free(&f->rig->store);
    loop_stop(f->rig->loop);
}

/* Given back from inside an answer: as whoever has just said goodbye does. */
static void test_freed_by_an_answer(void **state)
{
    static const uint8_t hash[32] = {1};
    struct rig *rig = *state;
    struct freeing f = {.rig = rig};
    struct posted other = {.rig = rig};
    const struct post p = POST("C c2", "o2", .now = 1);
    const struct journal_append append = {.kind = JOURNAL_CREATE,
                                          .from = SPAN("a.example"),
                                          .now_ms = 1,
                                          .id_hash = hash,
                                          .what_hash = hash,
                                          .object_hash = hash,
                                          .owner = SPAN("a.example"),
                                          .audience = SPAN("z"),
                                          .body = SPAN("x")};
    rig_fresh(rig);
    asks_for(rig, 1);
    journal_append(rig->store, &append, on_free_it, &f);
    post_send(rig, &p, &other);
    rig_await(rig, &f.calls, 1);
    rig_idle(rig, 50);
    assert_int_equal(f.calls, 1);
    assert_int_equal(other.calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post_counts_only_with_its_replicas),
        cmocka_unit_test(test_reading_does_not_wait),
        cmocka_unit_test(test_freed_while_waiting),
        cmocka_unit_test(test_freed_by_an_answer),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
