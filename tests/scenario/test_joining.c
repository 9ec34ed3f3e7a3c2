/* Joining on the wire, in every shape of PROTOCOL 8.1: what is asked, what is answered, what is
 * left behind. */

#include "tests/scenario/joining_rig.h"
#include "tests/scenario/world.h"

/* --- shapes of a Follow ---------------------------------------------------------------------- */

static const struct {
    const char *name, *text;
    enum member_style style;
} follows[] = {
    {"8.1: the full URI", FOLLOW_PUBLIC, STYLE_PUBLIC},
    {"as:Public", "{'id':'$H/f','type':'Follow','actor':'$A','object':'as:Public'}", STYLE_PUBLIC},
    {"Public", "{'id':'$H/f','type':'Follow','actor':'$A','object':'Public'}", STYLE_PUBLIC},
    {"as:public", "{'id':'$H/f','type':'Follow','actor':'$A','object':'as:public'}", STYLE_PUBLIC},
    {"a list of one", "{'id':'$H/f','type':'Follow','actor':'$A','object':['$P']}", STYLE_PUBLIC},
    {"an object with an id", "{'id':'$H/f','type':'Follow','actor':'$A','object':{'id':'$P'}}",
     STYLE_PUBLIC},
    {"to the public", "{'id':'$H/f','type':'Follow','actor':'$A','object':'$P','to':'$P'}",
     STYLE_PUBLIC},
    {"an actor embedded",
     "{'id':'$H/f','type':'Follow','actor':{'id':'$A','type':'Application'},'object':'$P'}",
     STYLE_PUBLIC},
    {"Misskey's id",
     "{'id':'$H/activities/follow-relay/9x','type':'Follow','actor':'$A',"
     "'object':'$P'}",
     STYLE_PUBLIC},
    {"8.2: our actor, pending",
     "{'@context':'https://www.w3.org/ns/activitystreams','id':'$H/activities/1','type':'Follow',"
     "'actor':'$A','object':'$R','to':['$R'],'cc':[],'state':'pending',"
     "'published':'2026-01-02T03:04:05Z'}",
     STYLE_LITEPUB},
    {"without to", "{'id':'$H/f','type':'Follow','actor':'$A','object':'$R'}", STYLE_LITEPUB},
    {"to a string", "{'id':'$H/f','type':'Follow','actor':'$A','object':'$R','to':'$R'}",
     STYLE_LITEPUB},
    {"our actor in a list", "{'id':'$H/f','type':'Follow','actor':'$A','object':['$R']}",
     STYLE_LITEPUB},
    {"our actor embedded",
     "{'id':'$H/f','type':'Follow','actor':'$A','object':{'id':'$R','type':'Application'}}",
     STYLE_LITEPUB},
};

static void test_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++) {
        struct scene *s = begin();
        size_t seen = 0;
        bool litepub = follows[i].style == STYLE_LITEPUB;
        if (!reply_is(says(s, &s->server, follows[i].text), 202, NULL))
            fail_msg("%s", follows[i].name);
        const struct member_follower *f = follower(s, &s->server, follows[i].style);
        assert_non_null(f);
        assert_int_equal(member_of(s)->state, MEMBER_ACTIVE);
        assert_true(f->machine && f->accepted);
        assert_int_equal(f->back, litepub ? BACK_ASKED : BACK_NONE);
        assert_string_equal(letters(s, &seen), litepub ? "accept follow" : "accept");
        /* Echoed byte for byte: Mastodon looks for the id in it, Misskey for id and actor. */
        assert_true(letter_says(s, 0, &s->server, follows[i].text));
        if (litepub)
            assert_true(letter_says(s, 1, &s->server,
                                    "'type':'Follow','actor':'$R','to':['$A'],'object':'$A'}"));
        end(s);
    }
}

/* Person and Group are welcome, and are not followed back: nobody there would say yes. */
static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *type, *letters;
    } rows[] = {{"Application", "accept follow"},
                {"Service", "accept follow"},
                {"Person", "accept"},
                {"Group", "accept"},
                {"Organization", "accept"},
                {"", "accept"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *s = begin();
        size_t seen = 0;
        s->server.type = rows[i].type;
        assert_true(reply_is(says(s, &s->server, FOLLOW_RELAY), 202, NULL));
        assert_string_equal(letters(s, &seen), rows[i].letters);
        assert_int_equal(member_of(s)->state, MEMBER_ACTIVE);
        end(s);
    }
}

/* Each is refused and leaves nothing behind; a proper Follow by the same actor is not. */
static void test_refused_follows(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        const char *code;
    } rows[] = {
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':'$R#main-key'}", 501,
         "not-implemented"},
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':'https://relay.example/inbox'}", 501,
         "not-implemented"},
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':'https://relay.example'}", 501,
         "not-implemented"},
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':'https://relay.example.evil.example/"
         "actor'}",
         501, "not-implemented"},
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':'$H/users/alice'}", 501,
         "not-implemented"},
        {"{'id':'$H/f','type':'Follow','actor':'$A','object':['$R','$P']}", 400, "not-an-activity"},
        {"{'id':'$H/f','type':'Follow','actor':'$A'}", 400, "not-an-activity"},
        {"{'type':'Follow','actor':'$A','object':'$R'}", 400, "not-an-activity"},
        {"{'id':'$H/f','type':'Follow','actor':'$H/users/alice','object':'$R'}", 401,
         "actor-not-signer"},
        {"{'id':'https://other.corp.example/f','type':'Follow','actor':'$A','object':'$R'}", 403,
         "origin"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *s = begin();
        if (!reply_is(says(s, &s->server, rows[i].text), rows[i].status, rows[i].code))
            fail_msg("%s", rows[i].text);
        assert_null(member_of(s));
        assert_int_equal(fake_mail(s->w.context.store), 0);
        assert_true(reply_is(says(s, &s->server, FOLLOW_RELAY), 202, NULL));
        assert_int_equal(member_of(s)->state, MEMBER_ACTIVE);
        end(s);
    }
}

static void test_inbox_elsewhere(void **state)
{
    (void)state;
    struct scene *s = begin();
    char inbox[sizeof(s->server.inbox)];
    memcpy(inbox, s->server.inbox, sizeof(inbox));
    snprintf(s->server.inbox, sizeof(s->server.inbox), "https://victim.corp.example/inbox");
    assert_true(reply_is(says(s, &s->server, FOLLOW_RELAY), 403, "inbox-foreign"));
    assert_null(member_of(s));
    memcpy(s->server.inbox, inbox, sizeof(inbox)); /* put right: looked at again */
    fake_run(10 * MINUTE);
    assert_true(reply_is(says(s, &s->server, FOLLOW_RELAY), 202, NULL));
    end(s);
}

/* --- answers to our Follow ------------------------------------------------------------------- */

#define EMBEDDED(n, kind) ANSWER(n, kind, "{'id':'$I','type':'Follow','actor':'$R','object':'$A'}")

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum member_back back;
    } rows[] = {
        {BY_ID("a", "Accept"), BACK_ACCEPTED},
        {ANSWER("a", "Accept", "['$I']"), BACK_ACCEPTED},
        {EMBEDDED("a", "Accept"), BACK_ACCEPTED},
        {ANSWER("a", "Accept", "{'id':'$I'}"), BACK_ACCEPTED},
        {ANSWER("a", "Accept", "{'type':'Follow','actor':'$R','object':'$A'}"), BACK_ACCEPTED},
        {BY_ID("a", "Reject"), BACK_REJECTED},
        {EMBEDDED("a", "Reject"), BACK_REJECTED},
        {ANSWER("a", "Reject", "{'type':'Follow','actor':'$R','object':'$A'}"), BACK_REJECTED},
        /* not of ours: nothing changes */
        {ANSWER("a", "Accept", "'$I0'"), BACK_ASKED},
        {ANSWER("a", "Accept", "'$H/f/1'"), BACK_ASKED},
        {ANSWER("a", "Accept", "{'id':'$H/f/1','type':'Follow','actor':'$R','object':'$A'}"),
         BACK_ASKED},
        {ANSWER("a", "Accept", "{'type':'Follow','actor':'$R','object':'$H/users/alice'}"),
         BACK_ASKED},
        {ANSWER("a", "Accept", "{'type':'Follow','actor':'$A','object':'$A'}"), BACK_ASKED},
        {ANSWER("a", "Accept", "{'type':'Invite','actor':'$R','object':'$A'}"), BACK_ASKED},
        {"{'id':'$H/a','type':'Accept','actor':'$A'}", BACK_ASKED},
        {ANSWER("a", "Like", "'$I'"), BACK_ASKED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene *s = begin();
        says(s, &s->server, FOLLOW_RELAY);
        uint64_t ver = member_of(s)->ver;
        our_follow(s, 1);
        says(s, &s->server, rows[i].text);
        assert_true(reply_is(&s->reply, 202, NULL));
        if (follower(s, &s->server, STYLE_LITEPUB)->back != rows[i].back)
            fail_msg("%s", rows[i].text);
        assert_int_equal(member_of(s)->ver, ver + (rows[i].back != BACK_ASKED));
        assert_int_equal(fake_mail(s->w.context.store), 2);
        end(s);
    }
}

/* A change of mind counts; the same again does not, and is no error. */
static void test_answers_again(void **state)
{
    (void)state;
    struct scene *s = begin();
    says(s, &s->server, FOLLOW_RELAY);
    our_follow(s, 1);
    says(s, &s->server, BY_ID("a", "Accept"));
    uint64_t ver = member_of(s)->ver;
    assert_true(reply_is(says(s, &s->server, BY_ID("a", "Accept")), 202, NULL));
    assert_int_equal(member_of(s)->ver, ver);
    says(s, &s->server, BY_ID("b", "Reject"));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_REJECTED);
    says(s, &s->server, BY_ID("c", "Accept"));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ACCEPTED);
    end(s);
}

/* Somebody else of the same host, follower or not, cannot answer for it. */
static void test_answered_by_another(void **state)
{
    (void)state;
    struct scene *s = begin();
    says(s, &s->server, FOLLOW_RELAY);
    our_follow(s, 1);
    says(s, &s->alice, BY_ID("a", "Accept"));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ASKED);
    says(s, &s->alice, "{'id':'$H/f/9','type':'Follow','actor':'$A','object':'$R'}");
    says(s, &s->alice, BY_ID("b", "Accept"));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ASKED);
    assert_int_equal(follower(s, &s->alice, STYLE_LITEPUB)->back, BACK_NONE);
    says(s, &s->server, BY_ID("c", "Accept"));
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ACCEPTED);
    end(s);
}

/* --- again ----------------------------------------------------------------------------------- */

static void test_follow_again(void **state)
{
    (void)state;
    struct scene *s = begin();
    size_t seen = 0;
    char first[128];
    says(s, &s->server, FOLLOW_RELAY);
    snprintf(first, sizeof(first), "%s", our_follow(s, 1));
    assert_string_equal(letters(s, &seen), "accept follow");
    /* The same once more, while ours is out: both again, and ours is the same one. */
    says(s, &s->server, FOLLOW_RELAY);
    assert_string_equal(letters(s, &seen), "accept follow");
    assert_string_equal(our_follow(s, 3), first);
    /* Once it is answered there is nothing more to ask. */
    says(s, &s->server, BY_ID("a", "Accept"));
    says(s, &s->server, FOLLOW_RELAY);
    assert_string_equal(letters(s, &seen), "accept");
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ACCEPTED);
    /* Another Follow: the other side begins anew, and so do we. */
    says(s, &s->server, "{'id':'$H/f/new','type':'Follow','actor':'$A','object':'$R'}");
    assert_string_equal(letters(s, &seen), "accept follow");
    assert_string_not_equal(our_follow(s, 6), first);
    memcpy(ours, first, sizeof(ours));
    says(s, &s->server, BY_ID("b", "Accept")); /* late: not of this one */
    assert_int_equal(follower(s, &s->server, STYLE_LITEPUB)->back, BACK_ASKED);
    assert_int_equal(member_of(s)->followers_n, 1);
    assert_int_equal(member_of(s)->spans_n, 1);
    end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_refused_follows),
        cmocka_unit_test(test_inbox_elsewhere),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_again),
        cmocka_unit_test(test_answered_by_another),
        cmocka_unit_test(test_follow_again),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
