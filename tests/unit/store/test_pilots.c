/* pilots: each warning is put down once, by whoever comes first, and forgotten when it is no
 * longer true. With a real Redis. */
#include "tests/unit/store/journal_rig.h"

#include "relay/store/pilots.h"

struct heard {
    struct rig *rig;
    int calls;
    enum err err;
    char text[512]; /* `PILOT=WARNED;` of each */
};
static struct heard got;

static void on_warned(void *arg, enum err err, struct span pilot, struct span warned)
{
    struct heard *t = arg;
    size_t n = strlen(t->text);
    if (pilot.p) {
        snprintf(t->text + n, sizeof t->text - n, "%.*s=%.*s;", SPAN_ARG(pilot), SPAN_ARG(warned));
        return;
    }
    t->calls++;
    t->err = err;
    loop_stop(t->rig->loop);
}

static const char *kept(struct rig *rig)
{
    got = (struct heard){.rig = rig};
    pilots_warned(rig->store, on_warned, &got);
    assert_int_equal(got.calls, 0);
    rig_await(rig, &got.calls, 1);
    return got.text;
}

static void on_warn(void *arg, enum err err)
{
    struct heard *t = arg;
    t->calls++;
    t->err = err;
    loop_stop(t->rig->loop);
}

static enum err warn(struct rig *rig, const char *pilot, const char *was, const char *is)
{
    const struct pilots_warn what = {span_of(pilot), span_of(was), span_of(is)};
    got = (struct heard){.rig = rig};
    pilots_warn(rig->store, &what, on_warn, &got);
    assert_int_equal(got.calls, 0);
    rig_await(rig, &got.calls, 1);
    return got.err;
}

static bool one_after_the_other(struct rig *rig)
{
    return strcmp(kept(rig), "") == 0 && got.err == ERR_OK &&
           warn(rig, "b.example", "", "9 30d") == ERR_OK &&
           warn(rig, "b.example", "9 30d", "9 7d") == ERR_OK &&
           strcmp(kept(rig), "b.example=9 7d;") == 0;
}

static bool once(struct rig *rig)
{
    enum err first = warn(rig, "b.example", "", "9 30d");
    return first == ERR_OK && warn(rig, "b.example", "", "9 30d") == ERR_AGAIN &&
           warn(rig, "b.example", "9 7d", "9 1d") == ERR_AGAIN &&
           strcmp(kept(rig), "b.example=9 30d;") == 0;
}

static bool forgotten(struct rig *rig)
{
    return warn(rig, "rule:a", "", "9 30d") == ERR_OK &&
           warn(rig, "rule:a", "9 30d", "") == ERR_OK && strcmp(kept(rig), "") == 0 &&
           warn(rig, "rule:a", "", "9 30d") == ERR_OK;
}

static bool epoch_is_checked(struct rig *rig)
{
    ask(rig, "HSET {weir}:log epoch 5 run other");
    return warn(rig, "b.example", "", "9 30d") == ERR_REDIS &&
           strcmp(ask(rig, "EXISTS {weir}:warned"), "0") == 0;
}

static bool spoiled_is_said(struct rig *rig)
{
    ask(rig, "SET {weir}:warned x");
    kept(rig);
    return got.err == ERR_UNREADABLE && warn(rig, "b.example", "", "9 30d") == ERR_UNREADABLE &&
           strcmp(ask(rig, "GET {weir}:warned"), "x") == 0;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"one after the other", one_after_the_other, &script_warn,
         "redis.call('HSET', WARNED, pilot, now)", "do end"},
        {"once", once, &script_warn, " ~= was then", " == '-' then"},
        {"forgotten", forgotten, &script_warn, "redis.call('HDEL', WARNED, pilot)", "do end"},
        {"epoch is checked", epoch_is_checked, &script_warn,
         "redis.call('HGET', P .. 'log', 'epoch') ~= epoch", "false"},
        {"spoiled is said", spoiled_is_said, &script_warn, "has ~= 'none' and has ~= 'hash'",
         "false"},
    };
    run_twins(*state, twins, sizeof twins / sizeof *twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
