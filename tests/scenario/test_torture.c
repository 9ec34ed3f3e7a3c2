/* Torture: whole scenarios, in which the n-th reply of Redis, connection, write and allocation
 * fails, for each n. What must hold is in stage.h. */
#include "tests/scenario/torture.h"

#include <stdio.h>
#include <string.h>

static void write_follow_public(const struct peer *p, unsigned k, struct bytes *out)
{
    (void)k;
    write_follow(p, out);
}

static void write_follow_relay(const struct peer *p, unsigned k, struct bytes *out)
{
    (void)k;
    write_follow_actor(p, out);
}

/* --- both ways of joining; posts, as bytes and as our Announces --------------------------------
 */

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
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_send(s, 500, author, write_create, 2, PROMISE_ENTRY);
    stage_expect(s, author, "\"Accept\"");
    stage_expect(s, reader, "\"Accept\"");
    stage_expect(s, relay, "\"Accept\"");
    stage_expect(s, relay, "\"Follow\"");
    stage_expect(s, reader, "/posts/1#create");
    stage_expect(s, reader, "/posts/2#create");
    stage_expect(s, relay, "https://author.corp.example/posts/1\"");
    stage_expect(s, relay, "https://author.corp.example/posts/2\"");
    stage_never(s, author, "/posts/1");
}

static const struct scenario joining = {"joining", play_joining};

/* --- receivers in trouble --------------------------------------------------------------------- */

static struct peer *joined(struct stage *s, const char *name)
{
    struct peer *p = stage_peer(s, name, true);
    stage_send(s, 100, p, write_follow_public, 0, PROMISE_FOLLOWER);
    stage_expect(s, p, "\"Accept\"");
    return p;
}

static void fail_posts(struct peer *p, int status, unsigned times)
{
    p->script_posts = true;
    while (times--)
        peer_next(p, (struct fake_answer){.status = status, .delay_ms = 20});
}

static void play_trouble(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *well = joined(s, "well");
    struct peer *ill = joined(s, "ill");
    fail_posts(ill, 500, 4); /* one is set aside */
    fail_posts(ill, 410, 1); /* refuses one for good */
    s->w.context.config->set.delivery_aside = SECOND;
    for (unsigned k = 1; k <= 3; k++)
        stage_send(s, 500, author, write_create, k, PROMISE_ENTRY);
    stage_expect(s, well, "/posts/1#create");
    stage_expect(s, well, "/posts/2#create");
    stage_expect(s, well, "/posts/3#create");
    stage_allow(s, "fail refused-by-peer");
}

static const struct scenario trouble = {"trouble", play_trouble};

/* --------------------------------------------------------------------------------------------- */

static void test_scenario(void **state)
{
    torture(*state);
}

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
        {"joining", test_scenario, NULL, NULL, (void *)(uintptr_t)&joining},
        {"trouble", test_scenario, NULL, NULL, (void *)(uintptr_t)&trouble},
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
