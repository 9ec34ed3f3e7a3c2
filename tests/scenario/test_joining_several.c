/* Leaving, several of one host, and what operators do meanwhile (PROTOCOL 8.2). */

#include "tests/scenario/joining_rig.h"
#include "tests/scenario/world.h"

/* --- leaving --------------------------------------------------------------------------------- */

#define UNDO(object) "{'id':'$H/u','type':'Undo','actor':'$A','object':" object "}"

static void test_undos(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        const char *code;
        bool left;
    } rows[] = {
        {UNDO("{'id':'$H/f/1','type':'Follow','actor':'$A','object':'$R'}"), 202, NULL, true},
        {UNDO("'$H/f/1'"), 202, NULL, true},
        {UNDO("{'id':'$H/other','type':'Follow','actor':'$A','object':'$R'}"), 202, NULL, true},
        {UNDO("{'type':'Follow','actor':'$A','object':'$R'}"), 202, NULL, true},
        {UNDO("{'type':'Follow','actor':'$A'}"), 202, NULL, true},
        {UNDO("{'id':'$H/f/1','type':'as:Follow','actor':'$A','object':'$P'}"), 202, NULL, true},
        /* not of this */
        {UNDO("{'type':'Follow','actor':'$A','object':'$H/users/bob'}"), 403, "not-owner", false},
        {UNDO("{'id':'$H/f/1','type':'Follow','actor':'$H/users/alice','object':'$R'}"), 403,
         "origin", false},
        {UNDO("'https://other.corp.example/f/1'"), 403, "origin", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *s = begin();
        size_t seen = 0;
        says(s, &s->server, FOLLOW_RELAY);
        our_follow(s, 1);
        letters(s, &seen);
        if (!reply_is(says(s, &s->server, rows[i].text), rows[i].status, rows[i].code))
            fail_msg("%s", rows[i].text);
        assert_int_equal(member_of(s)->state, rows[i].left ? MEMBER_LEFT : MEMBER_ACTIVE);
        /* Ours goes along, by the id that it had. */
        assert_string_equal(letters(s, &seen), rows[i].left ? "undo" : "");
        if (rows[i].left) {
            assert_true(letter_says(
                s, 2, &s->server,
                "'type':'Undo','actor':'$R','to':['$A'],'object':{'id':'$I','type':'Follow'"));
            /* Once more is no error, as far as it says what it was of. */
            bool bare = strcmp(rows[i].text, UNDO("'$H/f/1'")) == 0;
            assert_true(reply_is(says(s, &s->server, rows[i].text), bare ? 403 : 202,
                                 bare ? "not-member" : NULL));
            assert_string_equal(letters(s, &seen), "");
        }
        end(s);
    }
}

/* What is not out is not undone: a person's, one that was rejected. */
static void test_nothing_to_undo(void **state)
{
    (void)state;
    for (int rejected = 0; rejected < 2; rejected++) {
        struct scene *s = begin();
        size_t seen = 0;
        if (!rejected)
            s->server.type = "Person";
        says(s, &s->server, FOLLOW_RELAY);
        if (rejected) {
            our_follow(s, 1);
            says(s, &s->server, BY_ID("a", "Reject"));
        }
        letters(s, &seen);
        assert_true(reply_is(says(s, &s->server, UNDO("'$H/f/1'")), 202, NULL));
        assert_int_equal(member_of(s)->state, MEMBER_LEFT);
        assert_string_equal(letters(s, &seen), "");
        end(s);
    }
}

/* --- several of one host --------------------------------------------------------------------- */

static void test_several(void **state)
{
    (void)state;
    struct scene *s = begin();
    size_t seen = 0;
    says(s, &s->server, FOLLOW_PUBLIC);
    assert_true(
        reply_is(says(s, &s->alice, "{'id':'$H/f/a','type':'Follow','actor':'$A','object':'$R'}"),
                 202, NULL));
    const struct member *m = member_of(s);
    assert_int_equal(m->followers_n, 2);
    assert_int_equal(m->spans_n, 1);
    assert_string_equal(m->inboxes[0].url, s->server.inbox);
    assert_int_equal(m->inboxes[0].style, STYLE_PUBLIC);
    assert_string_equal(m->inboxes[1].url, s->alice.inbox);
    assert_int_equal(m->inboxes[1].style, STYLE_LITEPUB);
    assert_int_equal(m->spans[0].from, 1);
    assert_int_equal(m->inboxes[1].from, 3); /* behind the first's letter */
    /* Each gets its own Accept, at its own inbox. */
    assert_string_equal(letters(s, &seen), "accept accept");
    assert_true(span_eq_str(fake_letter(s->w.context.store, 1)->inbox, s->alice.inbox));
    assert_true(letter_says(s, 1, &s->alice, "'to':['$A'],'object':{'id':'$H/f/a'"));
    /* One cannot undo the other's Follow. */
    assert_true(reply_is(says(s, &s->alice, UNDO("'$H/f/2'")), 403, "not-owner"));
    assert_int_equal(member_of(s)->followers_n, 2);
    /* Its own goes, and the rest stays; once more is no error. */
    assert_true(reply_is(says(s, &s->server, UNDO("'$H/f/2'")), 202, NULL));
    m = member_of(s);
    assert_int_equal(m->state, MEMBER_ACTIVE);
    assert_int_equal(m->followers_n, 1);
    assert_string_equal(m->inboxes[0].url, "");
    assert_string_equal(m->inboxes[1].url, s->alice.inbox);
    assert_true(reply_is(
        says(s, &s->server, UNDO("{'id':'$H/f/2','type':'Follow','actor':'$A','object':'$P'}")),
        202, NULL));
    assert_int_equal(member_of(s)->followers_n, 1);
    /* The last one ends it. */
    assert_true(reply_is(says(s, &s->alice, UNDO("'$H/f/a'")), 202, NULL));
    assert_int_equal(member_of(s)->state, MEMBER_LEFT);
    assert_int_equal(member_of(s)->followers_n, 0);
    assert_string_equal(letters(s, &seen), "");
    end(s);
}

/* One actor in both styles: each has its own end, and one inbox takes the form of the fuller one.
 */
static void test_both_styles(void **state)
{
    (void)state;
    struct scene *s = begin();
    size_t seen = 0;
    says(s, &s->server, FOLLOW_RELAY);
    says(s, &s->server, FOLLOW_PUBLIC);
    assert_string_equal(letters(s, &seen), "accept follow accept");
    assert_int_equal(member_of(s)->followers_n, 2);
    assert_int_equal(member_of(s)->inboxes[0].style, STYLE_PUBLIC);
    assert_string_equal(member_of(s)->inboxes[1].url, "");
    says(s, &s->server, UNDO("{'type':'Follow','actor':'$A','object':'$P'}"));
    assert_non_null(follower(s, &s->server, STYLE_LITEPUB));
    assert_null(follower(s, &s->server, STYLE_PUBLIC));
    assert_int_equal(member_of(s)->inboxes[0].style, STYLE_LITEPUB);
    assert_string_equal(letters(s, &seen), "");
    says(s, &s->server, UNDO("{'type':'Follow','actor':'$A','object':'$R'}"));
    assert_int_equal(member_of(s)->state, MEMBER_LEFT);
    assert_string_equal(letters(s, &seen), "undo");
    end(s);
}

/* As many as there is room for, and one more: refused, and the others stay. */
static void test_too_many(void **state)
{
    (void)state;
    for (int own_inbox = 0; own_inbox < 2; own_inbox++) {
        struct scene *s = begin();
        size_t most = own_inbox ? MEMBER_INBOXES_MAX : MEMBER_FOLLOWERS_MAX;
        struct peer *people = mem_new((most + 1) * sizeof(*people));
        char name[16];
        for (size_t i = 0; i <= most; i++) {
            snprintf(name, sizeof(name), "u%zu", i);
            peer_init_actor(&people[i], &s->server, name, own_inbox);
            says(s, &people[i], "{'id':'$A/f','type':'Follow','actor':'$A','object':'$P'}");
            if (i < most)
                assert_true(reply_is(&s->reply, 202, NULL));
        }
        assert_true(reply_is(&s->reply, 403, "followers"));
        assert_int_equal(member_of(s)->followers_n, most);
        /* Room is made by who leaves; who is there already may follow again. */
        assert_true(reply_is(
            says(s, &people[1], "{'id':'$A/f2','type':'Follow','actor':'$A','object':'$P'}"), 202,
            NULL));
        says(s, &people[0], UNDO("'$A/f'"));
        assert_true(reply_is(
            says(s, &people[most], "{'id':'$A/f','type':'Follow','actor':'$A','object':'$P'}"), 202,
            NULL));
        free(people);
        end(s);
    }
}

/* --- operators ------------------------------------------------------------------------------- */

/* Everyone who waits is accepted at once, and everyone is told when it is over. */
static void test_operators(void **state)
{
    (void)state;
    static const struct {
        enum member_event event;
        const char *letters;
    } rows[] = {{EVENT_REMOVE, "reject undo reject"},
                {EVENT_EXPIRE, "reject undo reject"},
                {EVENT_REJECT, "reject undo reject"},
                {EVENT_SUSPEND, ""}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *s = begin_with("guest", false);
        size_t seen = 0;
        assert_true(reply_is(says(s, &s->server, FOLLOW_RELAY), 202, NULL));
        assert_true(reply_is(says(s, &s->alice, FOLLOW_PUBLIC), 202, NULL));
        assert_int_equal(member_of(s)->state, MEMBER_PENDING);
        assert_string_equal(letters(s, &seen), "");
        assert_int_equal(world_event(&s->w, &s->server, EVENT_ACCEPT, NULL), ERR_OK);
        assert_string_equal(letters(s, &seen), "accept follow accept");
        /* The Follow is not at hand any more: what is embedded names it, and what it was of. */
        assert_true(
            letter_says(s, 0, &s->server,
                        "'object':{'id':'$H/f/1','type':'Follow','actor':'$A','object':'$R'}"));
        assert_true(
            letter_says(s, 2, &s->alice,
                        "'object':{'id':'$H/f/2','type':'Follow','actor':'$A','object':'$P'}"));
        assert_int_equal(world_event(&s->w, &s->server, rows[i].event, NULL), ERR_OK);
        assert_string_equal(letters(s, &seen), rows[i].letters);
        end(s);
    }
}

/* Suspended: an answer to our Follow is heard, another Follow is not. */
static void test_suspended(void **state)
{
    (void)state;
    struct scene *s = begin();
    size_t seen = 0;
    says(s, &s->server, FOLLOW_RELAY);
    letters(s, &seen);
    assert_int_equal(world_event(&s->w, &s->server, EVENT_SUSPEND, NULL), ERR_OK);
    assert_true(reply_is(says(s, &s->alice, FOLLOW_PUBLIC), 403, "suspended"));
    our_follow(s, 1);
    assert_true(reply_is(says(s, &s->server, BY_ID("a", "Accept")), 202, NULL));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ACCEPTED);
    assert_int_equal(world_event(&s->w, &s->server, EVENT_RESUME, NULL), ERR_OK);
    assert_string_equal(letters(s, &seen), ""); /* it was accepted before */
    assert_true(reply_is(says(s, &s->alice, FOLLOW_PUBLIC), 202, NULL));
    end(s);
}

/* --- on the wire ----------------------------------------------------------------------------- */

/* The Accept arrives before our Follow, each where it belongs. */
static void test_order(void **state)
{
    (void)state;
    struct scene *s = begin();
    world_courier(&s->w);
    says(s, &s->server, FOLLOW_RELAY);
    says(s, &s->alice, FOLLOW_PUBLIC);
    fake_run(5 * SECOND);
    assert_int_equal(s->server.got_n, 3);
    assert_string_equal(s->server.got[0].kind, "accept");
    assert_string_equal(s->server.got[1].kind, "follow");
    assert_string_equal(s->server.got[2].kind, "accept");
    assert_string_equal(s->server.got[1].url, s->server.inbox);
    assert_string_equal(s->server.got[2].url, s->alice.inbox);
    world_courier_ends(&s->w);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undos),     cmocka_unit_test(test_nothing_to_undo),
        cmocka_unit_test(test_several),   cmocka_unit_test(test_both_styles),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_operators),
        cmocka_unit_test(test_suspended), cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
