/* Joining and leaving on the wire, in every shape of PROTOCOL 8.1 and 8.2: what is asked, what is
 * written down, what goes back. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC "https://www.w3.org/ns/activitystreams#Public"
#define RELAY  "https://relay.example/actor"

static const char zones[] = "zones: { corp: { hosts: [\"*.corp.example\"], networks: [10.0.0.0/8], "
                            "join: open }, partners: { hosts: [\"*.partner.example\"], join: "
                            "approval } }\n";

struct scene {
    struct world w;
    struct peer server; /* its instance actor */
    struct peer alice;
    struct fake_reply reply;
};

static struct scene *begin_with(const char *name, bool internal)
{
    struct scene *s = mem_new(sizeof(*s));
    world_init(&s->w, 5);
    world_policy(&s->w, zones);
    peer_init(&s->server, name, internal);
    peer_init_actor(&s->alice, &s->server, "alice", true);
    world_front(&s->w);
    return s;
}

static struct scene *begin(void)
{
    return begin_with("pleroma", true);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->server);
    free(s);
}

static char ours[128];

/* The text with `$A` (the actor), `$H` (its host), `$R` (our actor), `$P` (the public collection)
 * and `$I` (the Follow of ours that was looked at last) filled in, and ' for ". */
static void fill_in(const struct peer *p, const char *text, struct bytes *out)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            bytes_add_char(out, '"');
        else if (*c != '$')
            bytes_add_char(out, *c);
        else if (*++c == 'A')
            bytes_add_str(out, p->actor);
        else if (*c == 'H')
            bytes_addf(out, "https://%s", p->host);
        else
            bytes_add_str(out, *c == 'R' ? RELAY : *c == 'I' ? ours : PUBLIC);
    }
}

static const struct fake_reply *says(struct scene *s, const struct peer *p, const char *text)
{
    struct bytes body;
    bytes_init(&body, 65536);
    fill_in(p, text, &body);
    world_send(&s->w, p, -1, &body, &s->reply);
    fake_run(SECOND);
    bytes_fini(&body);
    return &s->reply;
}

#define FOLLOW_RELAY  "{'id':'$H/f/1','type':'Follow','actor':'$A','object':'$R','to':['$R']}"
#define FOLLOW_PUBLIC "{'id':'$H/f/2','type':'Follow','actor':'$A','object':'$P'}"

static const struct member *member_of(const struct scene *s)
{
    return fake_member(s->w.context.store, s->server.host);
}

static const struct member_follower *follower(const struct scene *s, const struct peer *p,
                                              enum member_style style)
{
    const struct member *m = member_of(s);
    return m ? member_follower(m, span_of(p->actor), style) : NULL;
}

/* What has been written to them since the last look, as `accept follow`. */
static const char *letters(const struct scene *s, size_t *seen)
{
    static char text[512];
    size_t n = 0;
    const struct direct *d;
    text[0] = '\0';
    for (; (d = fake_letter(s->w.context.store, *seen)); ++*seen)
        n +=
            (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s", n ? " " : "", SPAN_ARG(d->kind));
    return text;
}

static bool letter_says(const struct scene *s, size_t i, const struct peer *p, const char *text)
{
    struct bytes want;
    const struct direct *d = fake_letter(s->w.context.store, i);
    bytes_init(&want, 65536);
    fill_in(p, text, &want);
    bool found = d && memmem(d->body.p, d->body.n, want.p, want.n) != NULL;
    if (!found)
        print_message("%.*s\nwithout %s\n", d ? (int)d->body.n : 0, d ? d->body.p : "",
                      bytes_str(&want));
    bytes_fini(&want);
    return found;
}

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

/* Our Follow's id, out of the letter that carries it; `$I` from now on. */
static const char *our_follow(const struct scene *s, size_t letter)
{
    const struct direct *d = fake_letter(s->w.context.store, letter);
    static const char mark[] = "https://relay.example/activities/follow-";
    const char *at = d ? memmem(d->body.p, d->body.n, mark, strlen(mark)) : NULL;
    assert_non_null(at);
    span_copy((struct span){at, strlen(mark) + 32}, ours, sizeof(ours));
    return ours;
}

#define ANSWER(n, kind, object)                                                                    \
    "{'id':'$H/" n "','type':'" kind "','actor':'$A','object':" object "}"
#define BY_ID(n, kind)    ANSWER(n, kind, "'$I'")
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
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_refused_follows),
        cmocka_unit_test(test_inbox_elsewhere),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_again),
        cmocka_unit_test(test_answered_by_another),
        cmocka_unit_test(test_follow_again),
        cmocka_unit_test(test_undos),
        cmocka_unit_test(test_nothing_to_undo),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_both_styles),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_suspended),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
