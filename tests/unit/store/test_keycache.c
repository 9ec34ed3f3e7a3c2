/* keycache: what was put is got back, for a while. */
#include "tests/unit/store/store_rig.h"

#include "relay/store/keycache.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct got {
    struct rig *rig;
    int calls;
    enum err err;
    bool there;
    bool machine, indexable, refuses;
    char owner[64], inbox[64], followers[64], pem[64];
    int64_t fetched_ms;
};

static void on_got(void *arg, enum err err, const struct keycache_entry *entry)
{
    struct got *got = arg;
    got->calls++;
    got->err = err;
    got->there = entry != NULL;
    if (entry) {
        snprintf(got->owner, sizeof got->owner, "%.*s", SPAN_ARG(entry->owner));
        snprintf(got->inbox, sizeof got->inbox, "%.*s", SPAN_ARG(entry->inbox));
        snprintf(got->followers, sizeof got->followers, "%.*s", SPAN_ARG(entry->followers));
        got->machine = entry->machine;
        got->indexable = entry->indexable;
        got->refuses = entry->refuses;
        snprintf(got->pem, sizeof got->pem, "%.*s", SPAN_ARG(entry->pem));
        got->fetched_ms = entry->fetched_ms;
    }
    loop_stop(got->rig->loop);
}

static void get(struct rig *rig, const char *hash, struct got *ret)
{
    *ret = (struct got){.rig = rig};
    keycache_get(rig->store, hash, on_got, ret);
    assert_int_equal(ret->calls, 0);
    rig_await(rig, &ret->calls, 1);
}

static void test_round(void **state)
{
    struct rig *rig = *state;
    struct got got;
    struct keycache_entry entry = {.owner = SPAN("https://a.example/actor"),
                                   .pem = SPAN("-PEM-\nx\n"),
                                   .fetched_ms = 1234567890123};
    rig_fresh(rig);
    get(rig, HASH, &got);
    assert_true(got.err == ERR_OK && !got.there);
    keycache_put(rig->store, HASH, &entry, 60000);
    get(rig, HASH, &got);
    assert_true(got.err == ERR_OK && got.there);
    assert_string_equal(got.owner, "https://a.example/actor");
    assert_string_equal(got.inbox, "");
    assert_string_equal(got.followers, "");
    assert_false(got.machine || got.indexable || got.refuses);
    assert_string_equal(got.pem, "-PEM-\nx\n");
    assert_true(got.fetched_ms == 1234567890123);
    assert_answer(rig, "60", "TTL {weir}:key:" HASH);

    entry.inbox = SPAN("https://a.example/inbox");
    entry.pem = SPAN("other");
    entry.followers = SPAN("https://a.example/followers");
    entry.machine = entry.indexable = entry.refuses = true;
    keycache_put(rig->store, HASH, &entry, 30);
    get(rig, HASH, &got);
    assert_string_equal(got.inbox, "https://a.example/inbox");
    assert_string_equal(got.pem, "other");
    assert_string_equal(got.followers, "https://a.example/followers");
    assert_true(got.machine && got.indexable && got.refuses);
    rig_idle(rig, 60);
    get(rig, HASH, &got);
    assert_true(got.err == ERR_OK && !got.there);
}

/* Half an entry, or something else under its name, is none. */
static void test_broken(void **state)
{
    static const struct {
        const char *command;
        enum err err;
    } rows[] = {
        {"HSET {weir}:key:" HASH " owner x at 1 machine 1 indexable 1 refuses 0", ERR_OK},
        {"HSET {weir}:key:" HASH " pem x at 1 machine 1 indexable 1 refuses 0", ERR_OK},
        /* by earlier versions, which did not ask what its owner is, or what it wants */
        {"HSET {weir}:key:" HASH " owner x inbox y pem z at 1", ERR_OK},
        {"HSET {weir}:key:" HASH " owner x inbox y pem z at 1 machine 1", ERR_OK},
        {"SET {weir}:key:" HASH " x", ERR_REDIS_REPLY},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct got got;
        rig_fresh(rig);
        ask(rig, "%s", rows[i].command);
        get(rig, HASH, &got);
        assert_true(got.err == rows[i].err && !got.there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round), cmocka_unit_test(test_broken)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
