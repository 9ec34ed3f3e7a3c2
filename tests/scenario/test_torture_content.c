/* Torture (see test_torture.c) of what is taken back, and of what relays announce. */
#include "tests/scenario/torture_rig.h"

/* --- what is taken back ----------------------------------------------------------------------- */

static void play_deletion(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *well = joined(s, "well");
    struct peer *ill = joined(s, "ill");
    struct peer *relay = joined_as_relay(s, "relay");
    fail_posts(ill, 503, 3); /* it may never have the post that is deleted */
    write_posts(s, 500, author, 1, 2);
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

/* --- what a relay announces to its followers -------------------------------------------------- */

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

/* --- a recall --------------------------------------------------------------------------------- */

static void play_recall(struct stage *s)
{
    stage_begin(s);
    struct peer *author = joined(s, "author");
    struct peer *relay = joined_as_relay(s, "relay");
    struct peer *ill = joined_as_relay(s, "ill");
    fail_posts(ill, 503, 3);
    write_posts(s, 500, author, 1, 2);
    stage_operate(s, 2 * SECOND, "/api/v1/recall",
                  "{\"object\":\"https://author.corp.example/posts/1\",\"reason\":\"asked\"}");
    stage_expect(s, relay, "https://author.corp.example/posts/2\"");
    stage_expect(s, relay, "\"Undo\"");
    stage_expect(s, ill, "\"Undo\"");
    stage_allow(s, "skip recalled");
}

static const struct scenario recall = {"recall", play_recall};

/* ---------------------------------------------------------------------------------------------- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"deletion", test_scenario, NULL, NULL, state_of(&deletion)},
        {"announce", test_scenario, NULL, NULL, state_of(&announce)},
        {"recall", test_scenario, NULL, NULL, state_of(&recall)},
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
