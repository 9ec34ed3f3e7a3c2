/* adopt: whose journal may become this relay's, and what of it changes then. */
#include "tests/unit/store/store_rig.h"

#include "relay/store/adopt.h"

static const struct adopter adopter = {.owner = "http://a.example", .keys = "k1"};

static enum err adopt(struct rig *rig, const char *known, bool force, char *ret_why,
                      struct adopted *ret)
{
    struct redis_plain *redis;
    struct bytes why;
    struct identity_kept kept = {.epoch = 5};
    bytes_init(&why, 1024);
    snprintf(kept.id, sizeof(kept.id), "%s", known);
    assert_int_equal(redis_plain_new(rig->url, -1, 5000, &why, &redis), ERR_OK);
    enum err e = adopt_journal(redis, &kept, &adopter, force, &why, ret);
    snprintf(ret_why, 256, "%s", why.n ? bytes_str(&why) : "");
    redis_plain_free(&redis);
    bytes_fini(&why);
    return e;
}

/* What lies in Redis, what is known, and what comes of it. */
static const struct row {
    const char *command, *known;
    bool force;
    const char *why;   /* empty: it is adopted */
    const char *owner; /* as it is said in Redis afterwards; `-`: nobody's */
    bool founded, was_known;
} rows[] = {
    {"PING", "", false, "", "http://a.example", true, false},
    {"PING", "x", false, "holds no journal", "-", false, false},
    {"PING", "x", true, "", "http://a.example", true, false},
    {"HSET {weir}:log id x schema 2 shards 64 epoch 1 n 0 run r", "x", false, "",
     "http://a.example", false, true},
    {"HSET {weir}:log id y schema 2 shards 64 epoch 1 n 0 run r", "x", false, "",
     "http://a.example", false, false},
    {"HSET {weir}:log id y owner http://b schema 2 shards 64 epoch 1 n 0 run r", "x", false,
     "the journal of http://b: --force", "http://b", false, false},
    {"HSET {weir}:log id y owner http://b schema 2 shards 64 epoch 1 n 0 run r", "x", true, "",
     "http://a.example", false, false},
    {"HSET {weir}:log id x owner http://a.example keys k2 schema 2 shards 64 epoch 1 n 0 run r",
     "x", false, "signs with other keys", "http://a.example", false, false},
    {"HSET {weir}:log id x owner http://b schema 3 shards 64 epoch 1 n 0 run r", "x", true,
     "newer version", "http://b", false, false}, /* not even by force, and nothing of it changes */
    {"HSET {weir}:restoring known 3", "", true, "RESTORING", "-", false, false},
};

static void test_adopt(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct adopted adopted;
        char why[256];
        assert_answer(rig, "OK", "FLUSHALL");
        ask(rig, "%s", row->command);
        enum err e = adopt(rig, row->known, row->force, why, &adopted);
        bool good = e == ERR_OK;
        if (good != !row->why[0] || !strstr(why, row->why))
            fail_msg("row %zu: %s, %s", i, err_code(e), why);
        const char *owner = ask(rig, "HGET {weir}:log owner");
        if (strcmp(owner, row->owner) != 0)
            fail_msg("row %zu: the journal is %s's", i, owner);
        if (good && (adopted.founded != row->founded || adopted.known != row->was_known ||
                     adopted.kept.epoch <= 5))
            fail_msg("row %zu: founded %d, known %d", i, adopted.founded, adopted.known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_adopt)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
