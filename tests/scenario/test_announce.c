/* What a relay that follows our actor announces to its own followers: the object is fetched, and
 * says whether it may go on. */

#include "tests/scenario/announce_rig.h"
#include "tests/scenario/world.h"

/* --- what goes on ---------------------------------------------------------------------------- */

static void test_the_object_decides(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    announce_to_followers(&s, 1, OWN);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(s.pleroma.object_fetches, 1);
    assert_int_equal(world_entries(&s.w), 1);
    const struct entry *e = newest_entry(&s);
    assert_int_equal(e->facts.type, ACTIVITY_ANNOUNCE);
    assert_false(e->facts.nameless);
    assert_true(span_eq(e->object, SPAN(OWN)));
    assert_true(span_eq_str(e->origin, s.pleroma.host)); /* and so it never goes back there */
    assert_true(span_eq_str(e->audience, "internal"));
    /* Its tags are the object's. */
    s.pleroma.object = (struct fake_answer){
        ANSWER(200, .body = NOTE(OWN, ",\"to\":\"as:Public\",\"tag\":{\"type\":"
                                      "\"Hashtag\",\"name\":\"#partners\"}"))};
    announce_to_followers(&s, 2, OWN);
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    e = newest_entry(&s);
    assert_true(span_eq_str(e->audience, "internal,partners"));
    end(&s);
}

/* What it says of itself counts for nothing: neither a tag, nor a proof, which was made for what
 * its followers may read. */
static void test_its_own_claims_do_not(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    announce(&s, 1, OWN,
             TO_FOLLOWERS ",\"tag\":{\"type\":\"Hashtag\",\"name\":\"#partners\"},"
                          "\"proof\":{\"type\":\"DataIntegrityProof\"}");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(world_entries(&s.w), 1);
    assert_true(span_eq_str(newest_entry(&s)->audience, "internal"));
    assert_false(newest_entry(&s)->facts.has_proof);
    end(&s);
}

/* To everybody: it goes on as it always did, and nothing is fetched. */
static void test_to_everybody_is_not_fetched(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    announce(&s, 1, OWN, "\"to\":\"" PUBLIC "\"");
    fake_run(SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    assert_int_equal(s.pleroma.object_fetches, 0);
    assert_int_equal(world_entries(&s.w), 1);
    end(&s);
}

/* --- who may --------------------------------------------------------------------------------- */

/* To the followers of somebody else, or by a follower that is not a relay: nothing is fetched. */
static void test_who_is_no_relay(void **state)
{
    (void)state;
    static const char elsewhere[] = "\"to\":[\"https://pleroma.corp.example/others/followers\"]";
    for (int i = 0; i < 3; i++) {
        struct scene s;
        begin(&s);
        s.pleroma.object = public_note;
        s.pleroma.type = i == 1 ? "Person" : "Application";
        if (i == 0)
            world_member(&s.w, &s.pleroma); /* follows the public collection */
        else
            follow_actor(&s);
        announce(&s, 1, OWN, i == 2 ? elsewhere : TO_FOLLOWERS);
        fake_run(SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_int_equal(fake_logged("/announces/1", "not-public", NULL), 1);
        assert_int_equal(s.pleroma.object_fetches, 0);
        assert_int_equal(world_entries(&s.w), 0);
        if (i == 2) { /* the twin */
            announce_to_followers(&s, 2, OWN);
            fake_run(SECOND);
            assert_int_equal(s.pleroma.object_fetches, 1);
            assert_int_equal(world_entries(&s.w), 1);
        }
        end(&s);
    }
}

/* Suspended while its object is on the way. */
static void test_suspended_meanwhile(void **state)
{
    (void)state;
    struct scene s;
    begin_joined(&s);
    s.pleroma.object = public_note;
    s.pleroma.object.delay_ms = SECOND;
    announce_to_followers(&s, 1, OWN);
    fake_run(500);
    assert_int_equal(s.reply.times, 0);
    assert_int_equal(world_event(&s.w, &s.pleroma, EVENT_SUSPEND, NULL), ERR_OK);
    fake_run(2 * SECOND);
    assert_true(reply_is(&s.reply, 403, "suspended"));
    assert_int_equal(world_entries(&s.w), 0);
    end(&s);
}

/* --- while it waits -------------------------------------------------------------------------- */

/* An Announce of what must be fetched, so many steps on; whether it was answered by then. */
static bool begin_and_wait(struct scene *s, unsigned steps)
{
    begin_joined(s);
    s->pleroma.object = public_note;
    s->pleroma.object.delay_ms = 50;
    announce_to_followers(s, 1, OWN);
    for (unsigned i = 0; i < steps; i++)
        fake_step(fake_now() + SECOND);
    return s->reply.times != 0;
}

static void test_abandoned_at_each_step(void **state)
{
    (void)state;
    bool done = false;
    unsigned fetching = 0;
    for (unsigned steps = 0; !done; steps++) {
        struct scene s;
        done = begin_and_wait(&s, steps);
        fetching += fake_calls() == 1;
        front_free(&s.w.front);
        assert_int_equal(fake_calls(), 0);
        assert_true(reply_is(&s.reply, done ? 202 : 503, NULL));
        fake_run(10 * SECOND);
        assert_int_equal(s.reply.times, 1);
        end(&s);
    }
    assert_true(fetching >= 2); /* on its way, and on its way back */
}

static void test_reload_at_each_step(void **state)
{
    (void)state;
    bool done = false;
    for (unsigned steps = 0; !done; steps++) {
        struct scene s;
        done = begin_and_wait(&s, steps);
        world_policy(&s.w, NULL);
        fake_run(10 * SECOND);
        assert_true(reply_is(&s.reply, 202, NULL));
        assert_int_equal(world_entries(&s.w), 1);
        end(&s);
    }
}

/* So many at once, and no more; whoever comes later is told to come again. */
static void test_many_at_once(void **state)
{
    (void)state;
    enum { MANY = 260, MOST = 256 };
    static struct fake_reply replies[MANY];
    struct scene s;
    unsigned taken = 0;
    unsigned later = 0;
    begin_joined(&s);
    s.pleroma.object = public_note;
    s.pleroma.object.delay_ms = SECOND;
    for (unsigned i = 0; i < MANY; i++) {
        struct bytes body;
        bytes_init(&body, 8192);
        bytes_addf(&body,
                   "{\"id\":\"https://%s/announces/%u\",\"type\":\"Announce\",\"actor\":\"%s\","
                   "\"object\":\"" OWN "\"," TO_FOLLOWERS "}",
                   s.pleroma.host, i, s.pleroma.actor);
        world_send(&s.w, &s.pleroma, -1, &body, &replies[i]);
        bytes_fini(&body);
    }
    fake_run(500);
    assert_int_equal(fake_calls(), MOST);
    fake_run(5 * SECOND);
    for (unsigned i = 0; i < MANY; i++) {
        taken += replies[i].status == 202;
        later += replies[i].status == 503 && strstr(replies[i].body, "object-unreachable") != NULL;
    }
    assert_int_equal(taken, MOST);
    assert_int_equal(later, MANY - MOST);
    announce_to_followers(&s, MANY, OWN); /* and there is room again */
    fake_run(2 * SECOND);
    assert_true(reply_is(&s.reply, 202, NULL));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_object_decides),
        cmocka_unit_test(test_its_own_claims_do_not),
        cmocka_unit_test(test_to_everybody_is_not_fetched),
        cmocka_unit_test(test_who_is_no_relay),
        cmocka_unit_test(test_suspended_meanwhile),
        cmocka_unit_test(test_abandoned_at_each_step),
        cmocka_unit_test(test_reload_at_each_step),
        cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
