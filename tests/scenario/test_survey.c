/* The steward asks members what software they run: who joined or came back, and everybody once in a
 * while; what can't be had changes nothing. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS(host)                                                                                \
    "{\"links\":[{\"rel\":\"http://nodeinfo.diaspora.software/ns/schema/2.1\","                    \
    "\"href\":\"https://" host "/nodeinfo\"}]}"
#define NAMES(name) "{\"version\":\"2.1\",\"software\":{\"name\":\"" name "\"}}"

static struct fake_answer json(const char *body)
{
    return (struct fake_answer){
        .status = 200, .body = body, .content_type = "application/json; charset=utf-8"};
}

static void runs(struct peer *p, const char *names)
{
    p->index = json(LINKS("wiki.corp.example"));
    p->nodeinfo = json(names);
}

static void begin(struct world *w, struct peer *p)
{
    world_init(w, 20);
    w->context.config->set.fetch_software = 7 * HOUR; /* a day in an hour */
    w->context.config->set.delivery_commit = SECOND;
    w->context.config->set.delivery_lease = 600 * SECOND;
    world_front(w);
    world_courier(w);
    world_steward(w);
    peer_init(p, "wiki", true);
    fake_run(SECOND);
}

static void end(struct world *w, struct peer *p)
{
    world_fini(w);
    peer_fini(p);
}

static const char *software(const struct world *w, const struct peer *p)
{
    return fake_member(w->context.store, p->host)->software;
}

static void leaves(struct world *w, const struct peer *p)
{
    struct member *with = mem_new(sizeof(*with));
    world_brings(p, with);
    assert_int_equal(world_event(w, p, EVENT_UNDO, with), ERR_OK);
    free(with);
}

/* --- when it is asked --------------------------------------------------------------------------
 */

static void test_who_joins(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    runs(&wiki, NAMES("Mastodon"));
    world_member(&w, &wiki);
    fake_run(3 * SECOND);
    assert_string_equal(software(&w, &wiki), "mastodon");
    assert_int_equal(wiki.indexes, 1);
    assert_int_equal(wiki.nodeinfos, 1);
    assert_int_equal(wiki.nodeinfos_signed, 0);
    assert_int_equal(fake_logged("member", wiki.host, "change=software"), 1);
    assert_int_equal(fake_member(w.context.store, wiki.host)->state, MEMBER_ACTIVE);
    /* and what comes goes to it as before */
    world_post(&w, 1);
    fake_run(MINUTE);
    assert_true(peer_has(&wiki, 1, 1));
    end(&w, &wiki);
}

/* Once in that time: the same again is no change, another name is one. */
static void test_once_in_a_while(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    runs(&wiki, NAMES("mastodon"));
    world_member(&w, &wiki);
    fake_run(7 * HOUR - MINUTE);
    assert_int_equal(wiki.indexes, 1);
    uint64_t newest = fake_newest(w.context.store);
    fake_run(3 * MINUTE);
    assert_int_equal(wiki.indexes, 2);
    assert_int_equal(fake_newest(w.context.store), newest);
    runs(&wiki, NAMES("akkoma"));
    fake_run(7 * HOUR + 2 * MINUTE);
    assert_int_equal(wiki.indexes, 3);
    assert_string_equal(software(&w, &wiki), "akkoma");
    assert_int_equal(fake_newest(w.context.store), newest + 1);
    end(&w, &wiki);
}

static void test_who_comes_back(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    runs(&wiki, NAMES("mastodon"));
    world_member(&w, &wiki);
    fake_run(HOUR);
    leaves(&w, &wiki);
    fake_run(HOUR);
    assert_int_equal(wiki.indexes, 1); /* who left is not asked */
    runs(&wiki, NAMES("misskey"));
    world_member(&w, &wiki);
    fake_run(3 * SECOND);
    assert_int_equal(wiki.indexes, 2);
    assert_string_equal(software(&w, &wiki), "misskey");
    end(&w, &wiki);
}

/* Who is only expected is asked: what an invitation says depends on it. Who was removed is not. */
static void test_by_state(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    struct member *with = mem_new(sizeof(*with));
    begin(&w, &wiki);
    runs(&wiki, NAMES("gotosocial"));
    span_copy(SPAN("internal"), with->zone, sizeof(with->zone));
    assert_int_equal(world_event(&w, &wiki, EVENT_INVITE, with), ERR_OK);
    fake_run(3 * SECOND);
    assert_string_equal(software(&w, &wiki), "gotosocial");
    assert_int_equal(wiki.indexes, 1);
    assert_int_equal(world_event(&w, &wiki, EVENT_REMOVE, NULL), ERR_OK);
    fake_run(8 * HOUR);
    assert_int_equal(wiki.indexes, 1);
    free(with);
    end(&w, &wiki);
}

static void test_never(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    w.context.config->set.fetch_software = 0;
    runs(&wiki, NAMES("mastodon"));
    world_member(&w, &wiki);
    fake_run(8 * HOUR);
    assert_int_equal(wiki.indexes, 0);
    w.context.config->set.fetch_software = 7 * HOUR; /* the twin */
    fake_run(2 * MINUTE);
    assert_int_equal(wiki.indexes, 1);
    end(&w, &wiki);
}

/* --- what it is for ----------------------------------------------------------------------------
 */

/* Rules may ask for it: what crosses depends on what the member runs now. */
static void test_rules_ask_for_it(void **state)
{
    static const char text[] = WORLD_ZONES "rules:\n"
                                           "  - { name: some, from: internal, to: partners,\n"
                                           "      when: { software: 'Mast*' }, then: allow }\n";
    (void)state;
    struct world w;
    struct peer wiki;
    struct peer shop;
    struct fake_reply reply;
    begin(&w, &wiki);
    world_policy(&w, text);
    w.context.config->set.fetch_software = 7 * HOUR;
    peer_init(&shop, "shop", false);
    world_member(&w, &shop);
    world_member(&w, &wiki); /* which says nothing */
    fake_run(3 * SECOND);
    world_send_create(&w, &wiki, 1, &reply);
    runs(&wiki, NAMES("mastodon"));
    fake_run(HOUR + 2 * MINUTE);
    assert_string_equal(software(&w, &wiki), "mastodon");
    world_send_create(&w, &wiki, 2, &reply);
    runs(&wiki, NAMES("akkoma"));
    fake_run(7 * HOUR + 2 * MINUTE);
    assert_string_equal(software(&w, &wiki), "akkoma");
    world_send_create(&w, &wiki, 3, &reply);
    fake_run(MINUTE);
    assert_true(reply_is(&reply, 202, NULL));
    assert_true(peer_has(&shop, 2, 2));
    end(&w, &wiki);
    peer_fini(&shop);
}

/* --- what can't be had -------------------------------------------------------------------------
 */

static void test_nothing_is_said(void **state)
{
    static const struct {
        const char *name;
        struct fake_answer index, nodeinfo;
        unsigned nodeinfos;
    } rows[] = {
        {"no index", {.status = 404}, {.status = 404}, 0},
        {"a page",
         {.status = 200, .body = LINKS("wiki.corp.example"), .content_type = "text/html"},
         {.status = 404},
         0},
        {"no JSON",
         {.status = 200, .body = "{", .content_type = "application/json"},
         {.status = 404},
         0},
        {"elsewhere",
         {.status = 200, .body = LINKS("shop.corp.example"), .content_type = "application/json"},
         {.status = 404},
         0},
        {"sent elsewhere",
         {.status = 302, .location = "https://shop.corp.example/nodeinfo"},
         {.status = 404},
         0},
        {"no document",
         {.status = 200, .body = LINKS("wiki.corp.example"), .content_type = "application/json"},
         {.status = 500},
         1},
        {"no name",
         {.status = 200,
          .body = LINKS("wiki.corp.example"),
          .content_type = "application/jrd+json"},
         {.status = 200, .body = NAMES("a b"), .content_type = "application/json"},
         1},
        {"away", {.err = ERR_CONNECT}, {.status = 404}, 0},
        {"slow", {.status = 200, .delay_ms = HOUR}, {.status = 404}, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        runs(&wiki, NAMES("mastodon"));
        world_member(&w, &wiki);
        fake_run(MINUTE);
        wiki.index = rows[i].index;
        wiki.nodeinfo = rows[i].nodeinfo;
        fake_run(7 * HOUR + 5 * MINUTE);
        if (wiki.indexes != 2 || wiki.nodeinfos != 1 + rows[i].nodeinfos)
            fail_msg("%s: asked %u and %u times", rows[i].name, wiki.indexes, wiki.nodeinfos);
        assert_string_equal(software(&w, &wiki), "mastodon");
        runs(&wiki, NAMES("akkoma"));
        fake_run(HOUR + MINUTE); /* not all of it: there was no answer */
        assert_int_equal(wiki.indexes, 3);
        assert_string_equal(software(&w, &wiki), "akkoma");
        end(&w, &wiki);
    }
}

/* An address that its zone does not allow is not gone to (ATTACKS X11). */
static void test_not_there(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    runs(&wiki, NAMES("mastodon"));
    world_member(&w, &wiki);
    peer_moves(&wiki, "192.168.0.7");
    fake_run(10 * MINUTE);
    assert_int_equal(wiki.indexes, 0);
    assert_string_equal(software(&w, &wiki), "");
    peer_moves(&wiki, "10.1.2.9"); /* the twin */
    fake_run(HOUR);
    assert_int_equal(wiki.indexes, 1);
    end(&w, &wiki);
}

/* --- what is kept ------------------------------------------------------------------------------
 */

/* Another process does not ask again what was asked already. */
static void test_another_process(void **state)
{
    (void)state;
    struct world w;
    struct peer wiki;
    begin(&w, &wiki);
    runs(&wiki, NAMES("mastodon"));
    world_member(&w, &wiki);
    fake_run(HOUR);
    assert_int_equal(wiki.indexes, 1);
    steward_free(&w.steward);
    world_steward(&w);
    fake_run(HOUR);
    assert_int_equal(wiki.indexes, 1);
    fake_run(7 * HOUR);
    assert_int_equal(wiki.indexes, 2);
    end(&w, &wiki);
}

/* Redis could not say whether it is time, or could not take what was found: it is done again. */
static void test_faults(void **state)
{
    static const enum fake_op ops[] = {OP_LOOK, OP_MEMBER, OP_CHANGE};
    (void)state;
    for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        runs(&wiki, NAMES("mastodon"));
        world_member(&w, &wiki);
        fake_fault(ops[i], FAULT_LOST, 0, 1);
        fake_run(3 * SECOND);
        assert_string_equal(software(&w, &wiki), "");
        fake_run(HOUR + 2 * MINUTE);
        assert_string_equal(software(&w, &wiki), "mastodon");
        end(&w, &wiki);
    }
}

/* The steward ends while one is asked: nobody is called back, nothing is left behind. */
static void test_end_meanwhile(void **state)
{
    (void)state;
    for (int64_t at = 0; at < 200; at += 9) {
        struct world w;
        struct peer wiki;
        begin(&w, &wiki);
        runs(&wiki, NAMES("mastodon"));
        wiki.index.delay_ms = wiki.nodeinfo.delay_ms = 50;
        world_member(&w, &wiki);
        while (!wiki.indexes && fake_step(FAKE_EPOCH_MS))
            ;
        fake_run(at);
        steward_free(&w.steward);
        fake_run(SECOND);
        end(&w, &wiki);
    }
}

/* Many at once are asked a few at a time, and all of them. */
static void test_many(void **state)
{
    enum { MANY = 40 };
    (void)state;
    struct world w;
    struct peer wiki;
    struct peer *crowd = mem_new(MANY * sizeof(*crowd));
    begin(&w, &wiki);
    unsigned asked = 0;
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%d", i);
        peer_init(&crowd[i], name, true);
        crowd[i].index = (struct fake_answer){.status = 404, .delay_ms = 5 * SECOND};
        world_member(&w, &crowd[i]);
    }
    fake_run(2 * SECOND);
    for (int i = 0; i < MANY; i++)
        asked += crowd[i].indexes;
    assert_in_range(asked, 1, 8);
    fake_run(MINUTE);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(crowd[i].indexes, 1);
    end(&w, &wiki);
    for (int i = 0; i < MANY; i++)
        peer_fini(&crowd[i]);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_joins),      cmocka_unit_test(test_once_in_a_while),
        cmocka_unit_test(test_who_comes_back), cmocka_unit_test(test_by_state),
        cmocka_unit_test(test_never),          cmocka_unit_test(test_nothing_is_said),
        cmocka_unit_test(test_not_there),      cmocka_unit_test(test_another_process),
        cmocka_unit_test(test_faults),         cmocka_unit_test(test_end_meanwhile),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_rules_ask_for_it),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
