/* The front and the keys of others: fetched once for all who wait, once more where a signature
 * fails, and never in a way that turns our trouble into the sender's fault. */
#include "tests/scenario/world.h"

#include <string.h>

enum { WAITING = 20 };

/* A relay with one member, whose key nobody has asked for yet. */
static void begin(struct world *w, struct peer *p)
{
    world_init(w, 1);
    peer_init(p, "blog", true);
    world_front(w);
    world_member(w, p);
}

static void end(struct world *w, struct peer *p)
{
    world_fini(w);
    peer_fini(p);
}

/* The front's process is another one: its memory is gone, what Redis holds is not. */
static void front_anew(struct world *w)
{
    front_free(&w->front);
    fake_run(10);
    world_front(w);
}

static void send_and_wait(struct world *w, const struct peer *p, unsigned k, int64_t ms,
                          struct fake_reply *reply)
{
    world_send_create(w, p, k, reply);
    fake_run(ms);
}

/* --- one fetch for all ----------------------------------------------------------------------- */

static void send_many(struct world *w, const struct peer *p, unsigned from,
                      struct fake_reply *replies)
{
    for (unsigned i = 0; i < WAITING; i++)
        world_send_create(w, p, from + i, &replies[i]);
}

static void all_are(const struct fake_reply *replies, int status)
{
    for (size_t i = 0; i < WAITING; i++)
        assert_true(reply_is(&replies[i], status, NULL));
}

static void test_one_fetch_for_all_who_wait(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply replies[WAITING];
    begin(&w, &blog);
    blog.document.delay_ms = 3 * SECOND;
    for (unsigned i = 0; i < WAITING; i++) { /* they come while Redis is asked, and after that */
        world_send_create(&w, &blog, 1 + i, &replies[i]);
        fake_step(fake_now() + 1);
    }
    fake_run(2 * SECOND);
    for (size_t i = 0; i < WAITING; i++)
        assert_int_equal(replies[i].times, 0);
    fake_run(2 * SECOND);
    all_are(replies, 202);
    assert_int_equal(blog.fetches, 1);
    assert_int_equal(world_entries(&w), WAITING);
    /* The twin: where nothing is remembered, the counter counts. */
    front_anew(&w);
    fake_forget_keys(w.context.store);
    send_many(&w, &blog, 101, replies);
    fake_run(4 * SECOND);
    all_are(replies, 202);
    assert_int_equal(blog.fetches, 2);
    end(&w, &blog);
}

static void test_the_key_in_redis_needs_no_fetch(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    front_anew(&w);
    send_and_wait(&w, &blog, 2, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 1);
    end(&w, &blog);
}

/* --- a host that hangs ----------------------------------------------------------------------- */

static void test_key_host_hangs(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    blog.document.delay_ms = HOUR;
    send_and_wait(&w, &blog, 1, 9900, &reply);
    assert_int_equal(reply.times, 0);
    fake_run(200);
    assert_true(reply_is(&reply, 503, "key-unreachable"));
    assert_in_range(reply_retry_after(&reply), 20, 60);
    /* For a minute it is not asked again. */
    send_and_wait(&w, &blog, 1, 100, &reply);
    assert_true(reply_is(&reply, 503, "key-unreachable"));
    assert_int_equal(blog.fetches, 1);
    /* The twin: a host that answers. */
    fake_run(MINUTE);
    blog.document.delay_ms = 0;
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 2);
    end(&w, &blog);
}

/* Each redirect is a request of its own, but the time is one. */
static void test_slow_redirects_share_one_deadline(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    blog.document = (struct fake_answer){.status = 302, .delay_ms = 4 * SECOND, .location = "/x"};
    send_and_wait(&w, &blog, 1, 10100, &reply);
    assert_true(reply_is(&reply, 503, "key-unreachable"));
    assert_int_equal(blog.fetches, 3);
    end(&w, &blog);
}

/* Within its own origin a redirect is followed; elsewhere nobody can vouch for it. */
static void test_redirects_stay_at_home(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct peer other;
    struct fake_reply reply;
    begin(&w, &blog);
    peer_init(&other, "other", true);
    blog.redirect_to = "https://other.corp.example/actor";
    blog.redirects = 1;
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 401, "key-document"));
    assert_int_equal(other.fetches, 0);
    fake_run(11 * MINUTE);
    blog.redirect_to = "/actor"; /* the twin */
    blog.redirects = 3;
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 5);
    /* And four are too many. */
    front_anew(&w);
    fake_forget_keys(w.context.store);
    blog.redirects = 4;
    send_and_wait(&w, &blog, 2, SECOND, &reply);
    assert_true(reply_is(&reply, 401, "key-document"));
    peer_fini(&other);
    end(&w, &blog);
}

static void test_old_key_outlives_its_host(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    send_and_wait(&w, &blog, 1, 0, &reply);
    fake_run(25 * HOUR);
    blog.document.delay_ms = HOUR;
    send_and_wait(&w, &blog, 2, 11 * SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 2);
    /* And nobody waits ten seconds more, for a minute. */
    send_and_wait(&w, &blog, 3, 100, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 2);
    end(&w, &blog);
}

/* --- rotation -------------------------------------------------------------------------------- */

static void test_rotated_key(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    struct bytes body;
    begin(&w, &blog);
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    blog.key = 1;
    send_and_wait(&w, &blog, 2, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 2);
    /* A bad signature soon after makes no fetch ... */
    bytes_init(&body, 8192);
    write_create(&blog, 3, &body);
    world_send(&w, &blog, 0, &body, &reply);
    fake_run(4 * MINUTE);
    assert_true(reply_is(&reply, 401, "signature-invalid"));
    assert_int_equal(blog.fetches, 2);
    /* ... and one later makes one, and is refused all the same. */
    fake_run(2 * MINUTE);
    world_send(&w, &blog, 0, &body, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 401, "signature-invalid"));
    assert_int_equal(blog.fetches, 3);
    assert_int_equal(world_entries(&w), 2);
    bytes_fini(&body);
    end(&w, &blog);
}

/* Its host can't be reached when the new key would be looked for: nobody knows whether the
 * signature is good, so it is not refused; nor is that host asked for each request. */
static void test_rotated_while_its_host_is_away(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    send_and_wait(&w, &blog, 1, SECOND, &reply);
    blog.key = 1;
    blog.document = (struct fake_answer){.status = 503};
    for (unsigned i = 0; i < 3; i++) {
        send_and_wait(&w, &blog, 2, SECOND, &reply);
        assert_true(reply_is(&reply, 503, "key-unreachable"));
        assert_true(reply_retry_after(&reply) >= 20);
    }
    assert_int_equal(blog.fetches, 2);
    blog.document = (struct fake_answer){.status = 200};
    fake_run(MINUTE);
    send_and_wait(&w, &blog, 2, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(blog.fetches, 3);
    assert_int_equal(world_entries(&w), 2);
    end(&w, &blog);
}

/* The old key is in Redis and nowhere else: whoever waits for it, waits for the new one, too. */
static void test_rotated_while_we_were_away(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply replies[WAITING];
    begin(&w, &blog);
    send_and_wait(&w, &blog, 1, SECOND, &replies[0]);
    front_anew(&w);
    blog.key = 1;
    send_many(&w, &blog, 2, replies);
    fake_run(SECOND);
    all_are(replies, 202);
    assert_int_equal(blog.fetches, 2);
    end(&w, &blog);
}

/* --- actors that are gone -------------------------------------------------------------------- */

static void test_gone_actor(void **state)
{
    (void)state;
    struct world w;
    struct peer blog;
    struct fake_reply reply;
    begin(&w, &blog);
    blog.document = (struct fake_answer){.status = 410};
    world_send_delete(&w, &blog, 0, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(&w), 0);
    /* Anything else of a gone actor is refused: known already, and after ten minutes anew. */
    for (unsigned i = 0; i < 2; i++) {
        world_send_delete(&w, &blog, 7, &reply);
        fake_run(11 * MINUTE);
        assert_true(reply_is(&reply, 401, "key-fetch"));
    }
    assert_int_equal(world_entries(&w), 0);
    assert_int_equal(blog.fetches, 2);
    /* The twin: an actor that is there deletes itself, and that is relayed. */
    blog.document.status = 200;
    world_send_delete(&w, &blog, 0, &reply);
    fake_run(SECOND);
    assert_true(reply_is(&reply, 202, NULL));
    assert_int_equal(world_entries(&w), 1);
    end(&w, &blog);
}

static void test_key_at_a_private_address(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct fake_reply reply;
    world_init(&w, 1);
    peer_init(&shop, "shop", false);
    world_front(&w);
    world_member(&w, &shop);
    peer_moves(&shop, "10.1.2.3");
    send_and_wait(&w, &shop, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 403, "address"));
    assert_int_equal(shop.fetches, 0);
    /* The twin: the same at a public one. */
    peer_moves(&shop, "93.184.216.34");
    fake_run(11 * MINUTE);
    send_and_wait(&w, &shop, 1, SECOND, &reply);
    assert_true(reply_is(&reply, 202, NULL));
    end(&w, &shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_fetch_for_all_who_wait),
        cmocka_unit_test(test_the_key_in_redis_needs_no_fetch),
        cmocka_unit_test(test_key_host_hangs),
        cmocka_unit_test(test_slow_redirects_share_one_deadline),
        cmocka_unit_test(test_redirects_stay_at_home),
        cmocka_unit_test(test_old_key_outlives_its_host),
        cmocka_unit_test(test_rotated_key),
        cmocka_unit_test(test_rotated_while_its_host_is_away),
        cmocka_unit_test(test_rotated_while_we_were_away),
        cmocka_unit_test(test_gone_actor),
        cmocka_unit_test(test_key_at_a_private_address),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
