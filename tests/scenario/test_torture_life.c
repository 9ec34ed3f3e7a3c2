/* Torture (see test_torture.c) of a relay that is not always there, of keys that change, and of
 * what operators order. */
#include "tests/scenario/torture_rig.h"

/* --- keys that move and change ---------------------------------------------------------------- */

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
    expect_posts(s, reader, 1, 2);
}

static const struct scenario keys = {"keys", play_keys};

/* --- a relay that is not always there --------------------------------------------------------- */

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

/* --- operators -------------------------------------------------------------------------------- */

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
    expect_posts(s, reader, 1, 2);
    expect_posts(s, other, 1, 2);
}

static const struct scenario orders = {"orders", play_orders};

/* ---------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"keys", test_scenario, NULL, NULL, state_of(&keys)},
        {"restart", test_scenario, NULL, NULL, state_of(&restart)},
        {"orders", test_scenario, NULL, NULL, state_of(&orders)},
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
