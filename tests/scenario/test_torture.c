/* Torture: whole scenarios, in which the n-th reply of Redis, connection, write and allocation
 * fails, for each n: who joins and leaves, and receivers in trouble. What must hold is in stage.h.
 */
#include "tests/scenario/torture_rig.h"

/* --- both ways of joining; posts, as bytes and as our Announces ------------------------------- */

static void play_joining(struct stage *s)
{
    stage_begin(s);
    struct peer *author = stage_peer(s, "author", true);
    struct peer *reader = stage_peer(s, "reader", true);
    struct peer *relay = stage_peer(s, "relay", true);
    stage_send(s, 100, author, write_follow_public, 0, PROMISE_FOLLOWER);
    stage_send(s, 100, reader, write_follow_public, 0, PROMISE_FOLLOWER);
    stage_send(s, 150, relay, write_follow_relay, 0, PROMISE_FOLLOWER);
    stage_accepts(s, relay, 200);
    write_posts(s, 500, author, 1, 2);
    stage_expect(s, author, "\"Accept\"");
    stage_expect(s, reader, "\"Accept\"");
    stage_expect(s, relay, "\"Accept\"");
    stage_expect(s, relay, "\"Follow\"");
    expect_posts(s, reader, 1, 2);
    stage_expect(s, relay, "https://author.corp.example/posts/1\"");
    stage_expect(s, relay, "https://author.corp.example/posts/2\"");
    stage_never(s, author, "/posts/1");
}

static const struct scenario joining = {"joining", play_joining};

/* --- receivers in trouble --------------------------------------------------------------------- */

static void play_trouble(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *well = joined(s, "well");
    struct peer *ill = joined(s, "ill");
    fail_posts(ill, 500, 4); /* one is set aside */
    fail_posts(ill, 410, 1); /* refuses one for good */
    s->w.context.config->set.delivery_aside = SECOND;
    write_posts(s, 500, author, 1, 3);
    expect_posts(s, well, 1, 3);
    stage_allow(s, "fail refused-by-peer");
}

static const struct scenario trouble = {"trouble", play_trouble};

/* --- leaving ---------------------------------------------------------------------------------- */

static void write_undo(const struct peer *p, unsigned k, struct bytes *out)
{
    (void)k;
    bytes_addf(out,
               "{\"id\":\"%s/undo\",\"type\":\"Undo\",\"actor\":\"%s\",\"object\":{\"id\":"
               "\"%s/follow\",\"type\":\"Follow\",\"actor\":\"%s\",\"object\":"
               "\"https://www.w3.org/ns/activitystreams#Public\"}}",
               p->actor, p->actor, p->actor, p->actor);
}

static void play_leaving(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *stays = joined(s, "stays");
    struct peer *leaves = joined(s, "leaves");
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_send(s, 2 * SECOND, leaves, write_undo, 0, PROMISE_LEFT);
    stage_send(s, 4 * SECOND, author, write_create, 2, PROMISE_ENTRY);
    expect_posts(s, stays, 1, 2);
    stage_never(s, leaves, "/posts/2#create");
}

static const struct scenario leaving = {"leaving", play_leaving};

/* ---------------------------------------------------------------------------------------------- */

/* The twins: a store that lies is seen. */
static void test_lies_are_seen(void **state)
{
    (void)state;
    assert_true(torture_sees(&joining, LIE_APPEND_NEVER, "what that promises is not there"));
    assert_true(torture_sees(&trouble, LIE_COMMIT_AHEAD, "neither delivered nor recorded"));
    assert_true(torture_sees(&joining, LIE_MAIL_LOST, "at the end: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lies_are_seen),
        {"joining", test_scenario, NULL, NULL, state_of(&joining)},
        {"trouble", test_scenario, NULL, NULL, state_of(&trouble)},
        {"leaving", test_scenario, NULL, NULL, state_of(&leaving)},
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
