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

/* --- what is taken back ------------------------------------------------------------------------
 */

static struct peer *joined_as_relay(struct stage *s, const char *name)
{
    struct peer *p = stage_peer(s, name, true);
    stage_send(s, 100, p, write_follow_relay, 0, PROMISE_FOLLOWER);
    stage_accepts(s, p, 200);
    stage_expect(s, p, "\"Accept\"");
    stage_expect(s, p, "\"Follow\"");
    return p;
}

static void play_deletion(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *well = joined(s, "well");
    struct peer *ill = joined(s, "ill");
    struct peer *relay = joined_as_relay(s, "relay");
    fail_posts(ill, 503, 3); /* it may never have the post that is deleted */
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_send(s, 500, author, write_create, 2, PROMISE_ENTRY);
    stage_send(s, 700, author, write_delete, 1, PROMISE_ENTRY);
    stage_expect(s, well, "/posts/1#delete");
    stage_expect(s, ill, "/posts/1#delete");
    stage_expect(s, well, "/posts/2#create");
    stage_expect(s, ill, "/posts/2#create");
    stage_expect(s, relay, "\"Undo\"");
    stage_expect(s, relay, "https://author.corp.example/posts/2\"");
    stage_allow(s, "skip recalled");
}

static const struct scenario deletion = {"deletion", play_deletion};

/* --- what a relay announces to its followers ---------------------------------------------------
 */

static void write_announce(const struct peer *p, unsigned k, struct bytes *out)
{
    bytes_addf(out,
               "{\"id\":\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\","
               "\"object\":\"https://%s/objects/%u\",\"to\":[\"%s/followers\"]}",
               p->host, k, p->actor, p->host, k, p->actor);
}

static void write_unannounce(const struct peer *p, unsigned k, struct bytes *out)
{
    bytes_addf(out,
               "{\"id\":\"https://%s/undos/%u\",\"type\":\"Undo\",\"actor\":\"%s\","
               "\"to\":\"https://www.w3.org/ns/activitystreams#Public\",\"object\":{\"id\":"
               "\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\"}}",
               p->host, k, p->actor, p->host, k, p->actor);
}

static void play_announce(struct stage *s)
{
    stage_begin(s);
    struct peer *pleroma = joined_as_relay(s, "pleroma");
    struct peer *reader = joined(s, "reader");
    struct peer *relay = joined_as_relay(s, "relay");
    pleroma->object_path = "/objects/7";
    pleroma->object = (struct fake_answer){
        .status = 200,
        .content_type = "application/activity+json",
        .body = "{\"id\":\"https://pleroma.corp.example/objects/7\",\"type\":\"Note\","
                "\"to\":[\"https://www.w3.org/ns/activitystreams#Public\"]}"};
    stage_send(s, 500, pleroma, write_announce, 7, PROMISE_ENTRY);
    stage_send(s, 3 * SECOND, pleroma, write_unannounce, 7, PROMISE_ENTRY);
    stage_expect(s, reader, "\"Undo\"");
    stage_expect(s, relay, "\"Undo\"");
    stage_allow(s, "skip recalled");
}

static const struct scenario announce = {"announce", play_announce};

/* --- keys that move and change -----------------------------------------------------------------
 */

static void change_key(struct stage *s)
{
    s->peers[0].key = 1;
}

static void play_keys(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *reader = joined(s, "reader");
    author->redirects = 1;
    author->redirect_to = "https://author.corp.example/actor?moved";
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_at(s, 3 * SECOND, change_key);
    stage_send(s, 3 * SECOND + 1, author, write_create, 2, PROMISE_ENTRY);
    stage_expect(s, reader, "/posts/1#create");
    stage_expect(s, reader, "/posts/2#create");
}

static const struct scenario keys = {"keys", play_keys};

/* --- a relay that is not always there ----------------------------------------------------------
 */

static void courier_dies(struct stage *s)
{
    if (s->up)
        world_courier_dies(&s->w);
}

static void redis_goes(struct stage *s)
{
    fake_store_up(s->w.context.store, false, true);
}

static void redis_comes(struct stage *s)
{
    fake_store_up(s->w.context.store, true, false);
}

static void play_restart(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *reader = joined(s, "reader");
    struct peer *relay = joined_as_relay(s, "relay");
    reader->answers.delay_ms = 70;
    for (unsigned k = 1; k <= 6; k++)
        stage_send(s, 400 + 50 * k, author, write_create, k, PROMISE_ENTRY);
    stage_at(s, 560, courier_dies);
    stage_at(s, 900, redis_goes);
    stage_at(s, 5 * SECOND, redis_comes);
    stage_at(s, 8 * SECOND, courier_dies);
    stage_expect(s, reader, "/posts/1#create");
    stage_expect(s, reader, "/posts/6#create");
    stage_expect(s, relay, "https://author.corp.example/posts/6\"");
}

static const struct scenario restart = {"restart", play_restart};

/* --- leaving ------------------------------------------------------------------------------------
 */

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
    stage_expect(s, stays, "/posts/1#create");
    stage_expect(s, stays, "/posts/2#create");
    stage_never(s, leaves, "/posts/2#create");
}

static const struct scenario leaving = {"leaving", play_leaving};

/* --- operators ----------------------------------------------------------------------------------
 */

static void play_orders(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *reader = joined(s, "reader");
    struct peer *other = joined(s, "other");
    stage_operate(s, 400, "/api/v1/queue/reader.corp.example/hold", "");
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_send(s, 600, author, write_create, 2, PROMISE_ENTRY);
    stage_operate(s, 3 * SECOND, "/api/v1/queue/reader.corp.example/release", "");
    stage_operate(s, 5 * SECOND, "/api/v1/queue/other.corp.example/replay", "{\"from\":1}");
    stage_operate(s, 6 * SECOND, "/api/v1/queue/other.corp.example/retry", "");
    stage_expect(s, reader, "/posts/1#create");
    stage_expect(s, reader, "/posts/2#create");
    stage_expect(s, other, "/posts/1#create");
    stage_expect(s, other, "/posts/2#create");
}

static const struct scenario orders = {"orders", play_orders};

static void play_recall(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *relay = joined_as_relay(s, "relay");
    struct peer *ill = joined_as_relay(s, "ill");
    fail_posts(ill, 503, 3);
    stage_send(s, 500, author, write_create, 1, PROMISE_ENTRY);
    stage_send(s, 500, author, write_create, 2, PROMISE_ENTRY);
    stage_operate(s, 2 * SECOND, "/api/v1/recall",
                  "{\"object\":\"https://author.corp.example/posts/1\",\"reason\":\"asked\"}");
    stage_expect(s, relay, "https://author.corp.example/posts/2\"");
    stage_expect(s, relay, "\"Undo\"");
    stage_expect(s, ill, "\"Undo\"");
    stage_allow(s, "skip recalled");
}

static const struct scenario recall = {"recall", play_recall};

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
        {"deletion", test_scenario, NULL, NULL, (void *)(uintptr_t)&deletion},
        {"announce", test_scenario, NULL, NULL, (void *)(uintptr_t)&announce},
        {"keys", test_scenario, NULL, NULL, (void *)(uintptr_t)&keys},
        {"restart", test_scenario, NULL, NULL, (void *)(uintptr_t)&restart},
        {"leaving", test_scenario, NULL, NULL, (void *)(uintptr_t)&leaving},
        {"orders", test_scenario, NULL, NULL, (void *)(uintptr_t)&orders},
        {"recall", test_scenario, NULL, NULL, (void *)(uintptr_t)&recall},
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
