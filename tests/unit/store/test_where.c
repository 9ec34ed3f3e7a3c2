/* where: which zones have an object, as far as the journal knows. */
#include "tests/unit/store/journal_rig.h"
#include "tests/unit/store/story_rig.h"

enum { STEPS_MAX = 3 };

/* Activities one after the other, and then where an object is. */
static const struct story {
    const char *name;
    struct post steps[STEPS_MAX];
    const char *object, *is;
} stories[] = {
    {"nothing is known of it", {POST("C c1", "o1")}, "o2", "nowhere"},
    {"a post",
     {POST("C c1", "o1", .audience = "internal,partners")},
     "o1",
     "a.example: internal,partners"},
    {"posted again where others are",
     {POST("C c1", "o1"), POST("C c2", "o1", .audience = "partners")},
     "o1",
     "a.example: internal,partners"},
    {"of another host", {POST("C c1", "o1", .from = "b.example")}, "o1", "b.example: internal"},
    {"deleted", {POST("C c1", "o1"), POST("D d1", "o1")}, "o1", "nowhere"},
    {"deleted, and posted again",
     {POST("C c1", "o1"), POST("D d1", "o1"), POST("C c2", "o1", .audience = "partners")},
     "o1",
     "a.example: partners"},
    {"announced by another",
     {POST("A a1", "o1", .from = "b.example")},
     "o1",
     "o.example: internal"},
    {"an Announce that was taken back",
     {POST("A a1", "o1", .from = "b.example"), POST("X x1", "a1", .from = "b.example")},
     "a1",
     "nowhere"},
};

struct asked {
    struct rig *rig;
    int calls;
    enum err err;
    char is[300];
};

static void on_where(void *arg, enum err err, struct span owner, struct span audience)
{
    struct asked *asked = arg;
    asked->calls++;
    asked->err = err;
    snprintf(asked->is, sizeof asked->is, owner.n || audience.n ? "%.*s: %.*s" : "nowhere",
             SPAN_ARG(owner), SPAN_ARG(audience));
    loop_stop(asked->rig->loop);
}

static void where(struct rig *rig, const char *object, struct asked *ret)
{
    struct fake_hash hash = fake_hash(object);
    *ret = (struct asked){.rig = rig};
    journal_where(rig->store, hash.bytes, on_where, ret);
    assert_int_equal(ret->calls, 0);
    rig_await(rig, &ret->calls, 1);
}

static const char *story_name(size_t i)
{
    return stories[i].name;
}

static bool story_holds(struct rig *rig, size_t i)
{
    struct asked asked;
    rig_fresh(rig);
    for (size_t k = 0; k < STEPS_MAX && stories[i].steps[k].what; k++) {
        struct post p = stories[i].steps[k];
        p.now = 1000 * (int64_t)(k + 1);
        post(rig, &p);
    }
    where(rig, stories[i].object, &asked);
    if (strcmp(asked.is, stories[i].is) != 0 && !rig->broken)
        print_error("%s: %s\n", stories[i].name, asked.is);
    return asked.err == ERR_OK && strcmp(asked.is, stories[i].is) == 0;
}

static const struct stories all = {sizeof stories / sizeof *stories, story_name, story_holds};

static void test_stories(void **state)
{
    stories_hold(*state, &all);
}

static void test_broken_stories(void **state)
{
    static const struct story_break breaks[] = {
        {"deleted", "not object.live or", ""},
        {"a post", "object.aud or", ""},
        {"of another host", "object.owner or", ""},
    };
    stories_break(*state, &all, &script_where, breaks, sizeof breaks / sizeof *breaks);
}

/* Recalled by an operator: it is nowhere; and what is no record is said to be wrong. */
static void test_odd(void **state)
{
    struct rig *rig = *state;
    struct asked asked;
    struct post p = POST("C c1", "o1", .now = 1000);
    rig_fresh(rig);
    post(rig, &p);
    ask(rig, "HSET {weir}:obj:6f310000000000000000000000000000 rc 1");
    where(rig, "o1", &asked);
    assert_string_equal(asked.is, "nowhere");
    ask(rig, "HSET {weir}:obj:6f310000000000000000000000000000 rc 0");
    where(rig, "o1", &asked);
    assert_string_equal(asked.is, "a.example: internal");
    ask(rig, "DEL {weir}:obj:6f310000000000000000000000000000");
    ask(rig, "SET {weir}:obj:6f310000000000000000000000000000 x");
    where(rig, "o1", &asked);
    assert_true(asked.err != ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stories),
                                       cmocka_unit_test(test_broken_stories),
                                       cmocka_unit_test(test_odd)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
