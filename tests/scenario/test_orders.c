/* What operators order, from their request to what the other servers see: hold, release, retry,
 * drop and replay of a host, retry and drop of a dead letter, recall of an object. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the scene ------------------------------------------------------------------------------- */

struct scene {
    struct world w;
    struct peer reader, other;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 11);
    peer_init(&s->reader, "reader", true);
    peer_init(&s->other, "other", true);
    world_courier(&s->w);
    world_steward(&s->w);
    world_member(&s->w, &s->reader);
    world_member(&s->w, &s->other);
    fake_run(2 * SECOND);
}

static void end(struct scene *s)
{
    world_courier_ends(&s->w);
    world_fini(&s->w);
    peer_fini(&s->reader);
    peer_fini(&s->other);
}

static void post(struct scene *s, unsigned from, unsigned to)
{
    for (unsigned k = from; k <= to; k++)
        world_post(&s->w, k);
    fake_run(5 * SECOND);
}

/* Whether the order was answered so; and it is carried out by then. */
static bool order(struct scene *s, const char *path, const char *body, int status, const char *code)
{
    world_operate(&s->w, path, span_of(body), &s->reply);
    fake_run(5 * SECOND);
    return reply_is(&s->reply, status, code);
}

#define QUEUE "/api/v1/queue/reader.corp.example/"

static bool order_reader(struct scene *s, const char *verb)
{
    char path[128];
    snprintf(path, sizeof(path), QUEUE "%s", verb);
    return order(s, path, "", 200, NULL);
}

static uint64_t last_entry(const struct scene *s)
{
    const struct fake_line *lines;
    uint64_t n = 0;
    for (size_t i = fake_lines(s->w.context.store, &lines); i > 0 && !n; i--)
        n = lines[i - 1].line.kind == JOURNAL_ENTRY ? lines[i - 1].line.n : 0;
    return n;
}

/* --- a host ---------------------------------------------------------------------------------- */

static void test_hold_and_release(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    assert_true(order_reader(&s, "hold"));
    post(&s, 1, 3);
    fake_run(HOUR);
    assert_int_equal(peer_took(&s.reader, NULL, 0, true), 0);
    assert_true(peer_has(&s.other, 1, 3)); /* the twin: whom nobody holds */
    assert_true(order_reader(&s, "release"));
    assert_true(peer_has(&s.reader, 1, 3));
    end(&s);
}

/* What was ordered is not forgotten by a courier that dies, nor done twice. */
static void test_hold_outlives_the_courier(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    assert_true(order_reader(&s, "hold"));
    world_courier_dies(&s.w);
    fake_run(30 * SECOND);
    post(&s, 1, 2);
    assert_int_equal(peer_took(&s.reader, NULL, 0, true), 0);
    assert_true(order_reader(&s, "release"));
    world_courier_dies(&s.w);
    fake_run(30 * SECOND);
    assert_true(peer_has(&s.reader, 1, 2));
    end(&s);
}

static void test_retry_wakes(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    peer_away(&s.reader, true);
    post(&s, 1, 2);
    fake_run(6 * HOUR); /* its next attempt is an hour away, or nearly so */
    peer_away(&s.reader, false);
    fake_run(SECOND);
    assert_int_equal(peer_took(&s.reader, NULL, 0, true), 0); /* the twin: without the order */
    assert_true(order_reader(&s, "retry"));
    assert_true(peer_has(&s.reader, 1, 2));
    end(&s);
}

static void test_drop_gives_up_what_waits(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    peer_away(&s.reader, true);
    post(&s, 1, 2);
    assert_true(order_reader(&s, "drop"));
    assert_string_equal(fake_record(s.w.context.store, last_entry(&s), s.reader.host),
                        "cut dropped");
    peer_away(&s.reader, false);
    post(&s, 3, 3);
    fake_run(2 * HOUR);
    assert_true(peer_has(&s.reader, 3, 3)); /* and none of the others */
    assert_true(peer_has(&s.other, 1, 3));
    end(&s);
}

static void test_replay(void **state)
{
    (void)state;
    struct scene s;
    char body[64];
    begin(&s);
    post(&s, 1, 4);
    snprintf(body, sizeof(body), "{\"from\":%llu}", (unsigned long long)last_entry(&s) - 1);
    assert_true(order(&s, QUEUE "replay", body, 200, NULL));
    for (unsigned k = 1; k <= 4; k++) {
        assert_int_equal(peer_times(&s.reader, k), k > 2 ? 2 : 1);
        assert_int_equal(peer_times(&s.other, k), 1);
    }
    /* By the time: the second half of an hour. */
    fake_run(HOUR);
    int64_t since = FAKE_EPOCH_MS + fake_now();
    post(&s, 5, 6);
    snprintf(body, sizeof(body), "{\"since_ms\":%lld}", (long long)since);
    assert_true(order(&s, QUEUE "replay", body, 200, NULL));
    assert_int_equal(peer_times(&s.reader, 4), 2);
    assert_int_equal(peer_times(&s.reader, 5), 2);
    assert_int_equal(peer_times(&s.reader, 6), 2);
    end(&s);
}

static void test_orders_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *body;
        int status;
        const char *code;
    } bad[] = {{"/api/v1/queue/stranger.corp.example/hold", "", 404, "no-such-member"},
               {QUEUE "love", "", 404, "not-found"},
               {QUEUE "replay", "", 400, "usage"},
               {QUEUE "replay", "{\"from\":0}", 400, "usage"},
               {QUEUE "replay", "{\"from\":1,\"since_ms\":1}", 400, "usage"},
               {"/api/v1/dead/1@reader.corp.example/retry", "", 404, "no-such-letter"},
               {"/api/v1/dead/x@reader.corp.example/retry", "", 400, "usage"},
               {"/api/v1/recall", "{}", 400, "usage"},
               {"/api/v1/recall", "{\"object\":\"https://a.example/1\",\"reason\":\"r\"}", 404,
                "not-known"}};
    struct scene s;
    begin(&s);
    const struct fake_line *lines;
    size_t n = fake_lines(s.w.context.store, &lines);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_true(order(&s, bad[i].path, bad[i].body, bad[i].status, bad[i].code));
    assert_int_equal(fake_lines(s.w.context.store, &lines), n); /* nothing was written */
    end(&s);
}

/* --- dead letters ----------------------------------------------------------------------------- */

static void dead_path(const struct scene *s, const char *verb, char ret[128])
{
    snprintf(ret, 128, "/api/v1/dead/%llu@reader.corp.example/%s",
             (unsigned long long)last_entry(s), verb);
}

/* One post is refused for good. */
static void begin_dead(struct scene *s)
{
    begin(s);
    s->reader.script_posts = true;
    peer_next(&s->reader, (struct fake_answer){.status = 400, .delay_ms = 20});
    post(s, 1, 1);
    assert_string_equal(fake_record(s->w.context.store, last_entry(s), s->reader.host),
                        "fail refused-by-peer");
}

static void test_dead_is_tried_again(void **state)
{
    (void)state;
    struct scene s;
    char path[128];
    struct fake_reply second;
    begin_dead(&s);
    dead_path(&s, "retry", path);
    world_operate(&s.w, path, SPAN(""), &second);
    assert_true(order(&s, path, "", 409, "ordered")); /* one at a time */
    assert_true(reply_is(&second, 200, NULL));
    assert_true(peer_has(&s.reader, 1, 1));
    assert_null(fake_record(s.w.context.store, last_entry(&s), s.reader.host));
    assert_true(order(&s, path, "", 404, "no-such-letter"));
    assert_int_equal(peer_times(&s.reader, 1), 1);
    end(&s);
}

static void test_dead_is_left_at_that(void **state)
{
    (void)state;
    struct scene s;
    char path[128];
    begin_dead(&s);
    dead_path(&s, "drop", path);
    assert_true(order(&s, path, "", 200, NULL));
    assert_true(order(&s, path, "", 404, "no-such-letter"));
    fake_run(HOUR);
    assert_int_equal(peer_sent(&s.reader, 1), 1);
    assert_non_null(fake_record(s.w.context.store, last_entry(&s), s.reader.host));
    /* It was seen, and can still be tried again. */
    dead_path(&s, "retry", path);
    assert_true(order(&s, path, "", 200, NULL));
    assert_true(peer_has(&s.reader, 1, 1));
    end(&s);
}

/* --- recall ---------------------------------------------------------------------------------- */

static const char recall_1[] =
    "{\"object\":\"https://author.corp.example/posts/1\",\"reason\":\"a mistake\"}";

/* An author, a relay that follows our actor and has the post, another that could not be reached
 * (nobody can say that an attempt without an answer did not arrive). */
struct recalled {
    struct scene s;
    struct peer author, relay, ill;
    struct fake_reply reply;
};

static void begin_recall(struct recalled *r)
{
    begin(&r->s);
    peer_init(&r->author, "author", true);
    peer_init(&r->relay, "relay", true);
    peer_init(&r->ill, "ill", true);
    world_front(&r->s.w);
    world_member(&r->s.w, &r->author);
    world_relay_member(&r->s.w, &r->relay);
    world_relay_member(&r->s.w, &r->ill);
    fake_run(2 * SECOND);
    peer_away(&r->ill, true);
    world_send_create(&r->s.w, &r->author, 1, &r->reply);
    fake_run(5 * SECOND);
    assert_true(reply_is(&r->reply, 202, NULL));
}

static void end_recall(struct recalled *r)
{
    end(&r->s);
    peer_fini(&r->author);
    peer_fini(&r->relay);
    peer_fini(&r->ill);
}

static size_t undos(const struct peer *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->got_n; i++)
        n += p->got[i].status == 202 && strstr(p->got[i].body, "\"Undo\"") != NULL;
    return n;
}

/* What the report says of a member; then: if the author deletes it. */
static bool says(const struct fake_reply *reply, const char *host, const char *had,
                 const char *expect, const char *then)
{
    char row[256];
    snprintf(row, sizeof(row),
             "{\"host\":\"%s.corp.example\",\"zone\":\"internal\",\"had\":\"%s\",", host, had);
    const char *at = strstr(reply->body, row);
    snprintf(row, sizeof(row), "\"expect\":\"%s\"", expect);
    const char *found = at ? strstr(at, row) : NULL;
    snprintf(row, sizeof(row), "\"deletion\":\"%s\"}", then);
    found = found ? strstr(found, row) : NULL;
    if (!found || found > strchr(at, '}'))
        print_message("%s\n", reply->body);
    return found && found < strchr(at, '}');
}

static void test_recall(void **state)
{
    (void)state;
    struct recalled r;
    begin_recall(&r);
    uint64_t n = last_entry(&r.s);
    assert_int_equal(peer_times(&r.s.reader, 1), 1);
    assert_true(order(&r.s, "/api/v1/recall", recall_1, 200, "a mistake"));
    assert_true(says(&r.s.reply, "relay", "yes", "undone", "undone"));
    assert_true(says(&r.s.reply, "reader", "yes", "keeps", "unknown"));
    assert_true(says(&r.s.reply, "ill", "maybe", "undone", "undone"));
    assert_int_equal(undos(&r.relay), 1);
    assert_int_equal(undos(&r.s.reader), 0); /* nobody but the author could tell it so */
    peer_away(&r.ill, false);
    fake_run(2 * HOUR);
    assert_int_equal(peer_sent(&r.ill, 1), 1); /* the Undo, which names the object */
    assert_int_equal(undos(&r.ill), 1);
    assert_string_equal(fake_record(r.s.w.context.store, n, r.ill.host), "skip recalled");
    assert_true(order(&r.s, "/api/v1/recall", recall_1, 409, "not-kept"));
    end_recall(&r);
}

/* What to expect depends on the software, as far as that is known. */
static void test_recall_by_software(void **state)
{
    static const struct {
        const char *of_relay, *of_reader, *relay_now, *relay_then, *reader_then;
    } rows[] = {
        {"akkoma", "mastodon", "undone", "undone", "deletes"},
        {"mastodon", "gotosocial", "keeps", "keeps", "keeps"},
        {"nobody-knows", "pleroma", "undone", "undone", "refuses"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct recalled r;
        struct member *with = mem_new(sizeof(*with));
        begin_recall(&r);
        span_copy(span_of(rows[i].of_relay), with->software, sizeof(with->software));
        assert_int_equal(world_event(&r.s.w, &r.relay, EVENT_SOFTWARE, with), ERR_OK);
        span_copy(span_of(rows[i].of_reader), with->software, sizeof(with->software));
        assert_int_equal(world_event(&r.s.w, &r.s.reader, EVENT_SOFTWARE, with), ERR_OK);
        free(with);
        assert_true(order(&r.s, "/api/v1/recall", recall_1, 200, "a mistake"));
        assert_true(says(&r.s.reply, "relay", "yes", rows[i].relay_now, rows[i].relay_then));
        assert_true(says(&r.s.reply, "reader", "yes", "keeps", rows[i].reader_then));
        end_recall(&r);
    }
}

/* The twin: what nobody recalled goes to whom it could not be sent before. */
static void test_not_recalled(void **state)
{
    (void)state;
    struct recalled r;
    begin_recall(&r);
    peer_away(&r.ill, false);
    fake_run(2 * HOUR);
    assert_int_equal(undos(&r.ill), 0);
    assert_int_equal(peer_times(&r.ill, 1), 1);
    assert_null(fake_record(r.s.w.context.store, last_entry(&r.s), r.ill.host));
    end_recall(&r);
}

/* What comes of it later stays away; but its owner's Delete goes on, as bytes. */
static void test_after_a_recall(void **state)
{
    (void)state;
    struct recalled r;
    struct bytes body;
    begin_recall(&r);
    assert_true(order(&r.s, "/api/v1/recall", recall_1, 200, NULL));
    size_t entries = world_entries(&r.s.w);
    bytes_init(&body, 4096);
    bytes_addf(&body,
               "{\"id\":\"https://author.corp.example/posts/1#update\",\"type\":\"Update\","
               "\"actor\":\"%s\",\"to\":\"as:Public\",\"object\":{\"id\":"
               "\"https://author.corp.example/posts/1\",\"type\":\"Note\",\"attributedTo\":\"%s\","
               "\"to\":\"as:Public\"},\"proof\":{\"type\":\"DataIntegrityProof\"}}",
               r.author.actor, r.author.actor);
    world_send(&r.s.w, &r.author, -1, &body, &r.reply);
    bytes_fini(&body);
    fake_run(5 * SECOND);
    assert_true(reply_is(&r.reply, 202, NULL));
    assert_int_equal(world_entries(&r.s.w), entries);
    size_t got = r.s.reader.got_n;
    world_send_delete(&r.s.w, &r.author, 1, &r.reply);
    fake_run(5 * SECOND);
    assert_true(reply_is(&r.reply, 202, NULL));
    assert_int_equal(r.s.reader.got_n, got + 1);
    assert_non_null(strstr(r.s.reader.got[got].body, "\"Delete\""));
    end_recall(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hold_and_release),
        cmocka_unit_test(test_hold_outlives_the_courier),
        cmocka_unit_test(test_retry_wakes),
        cmocka_unit_test(test_drop_gives_up_what_waits),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_orders_that_are_refused),
        cmocka_unit_test(test_dead_is_tried_again),
        cmocka_unit_test(test_dead_is_left_at_that),
        cmocka_unit_test(test_recall),
        cmocka_unit_test(test_recall_by_software),
        cmocka_unit_test(test_not_recalled),
        cmocka_unit_test(test_after_a_recall),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
