/* activity: shapes that strangers send, what is read of them, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/activity.h"

#define A      "\"actor\":\"https://a.example/u\""
#define ID     "\"id\":\"https://a.example/1\""
#define PUBLIC "\"https://www.w3.org/ns/activitystreams#Public\""
#define TO     "\"to\":" PUBLIC
#define HEAD   ID "," A ","

static const struct json_limits json_limits = {.depth = 32, .keys = 10000, .nodes = 50000};
static const struct activity_limits limits = {.id_max = 2048, .recipients_max = 5};

static struct json *tree;

static enum err read_text(const char *text, struct activity *ret)
{
    json_free(&tree);
    enum err e = json_read(span_of(text), &json_limits, &tree);
    assert_string_equal(err_code(e), "ok");
    return activity_read(tree, &limits, ret);
}

static int drop_tree(void **state)
{
    (void)state;
    json_free(&tree);
    return 0;
}

static void add_fact(struct bytes *out, const char *name, struct span value)
{
    if (value.p)
        bytes_addf(out, " %s=%.*s", name, SPAN_ARG(value));
}

/* The facts in one line, without id and actor. */
static void summarise(const struct activity *a, struct bytes *out)
{
    static const char *const visible[] = {"public", "unlisted", "limited"};
    bytes_addf(out, "%s", activity_type_name(a->type));
    add_fact(out, "object", a->object);
    add_fact(out, "type", a->object_type);
    add_fact(out, "author", a->object_actor);
    add_fact(out, "inner", a->inner_type);
    add_fact(out, "of", a->inner_object);
    add_fact(out, "target", a->target);
    bytes_addf(out, " %s", visible[a->visibility]);
    bytes_addf(out, "%s%s%s%s", a->object_public ? " everything" : "",
               a->hidden_recipients ? " hidden" : "", a->has_proof ? " proof" : "",
               a->wraps ? " wraps" : "");
    for (size_t i = 0; i < a->tags_n; i++)
        bytes_addf(out, " #%.*s", SPAN_ARG(a->tags[i]));
    if (a->stamp_ms)
        bytes_addf(out, " @%lld", (long long)a->stamp_ms);
}

static const struct {
    const char *text, *facts;
} shapes[] = {
    /* Follow, PROTOCOL 8.1, 8.2, 9 */
    {"{" HEAD "\"type\":\"Follow\",\"object\":" PUBLIC "}",
     "Follow object=https://www.w3.org/ns/activitystreams#Public limited everything"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":\"as:Public\",\"to\":[]}",
     "Follow object=as:Public limited everything"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":\"Public\",\"to\":\"https://r.example/actor\"}",
     "Follow object=Public limited everything"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":[\"as:public\"]}",
     "Follow object=as:public limited everything"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":\"https://r.example/actor\","
     "\"to\":[\"https://r.example/actor\"],\"state\":\"pending\"}",
     "Follow object=https://r.example/actor limited"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":{\"type\":\"Application\","
     "\"id\":\"https://r.example/actor\"}}",
     "Follow object=https://r.example/actor type=Application limited"},
    {"{" ID ",\"actor\":{\"type\":\"Person\",\"id\":\"https://a.example/u\"},\"type\":\"Follow\","
     "\"object\":" PUBLIC "}",
     "Follow object=https://www.w3.org/ns/activitystreams#Public limited everything"},
    {"{" ID ",\"actor\":[\"https://a.example/u\"],\"type\":[\"Follow\"],\"object\":" PUBLIC "}",
     "Follow object=https://www.w3.org/ns/activitystreams#Public limited everything"},
    /* Undo in both forms */
    {"{" HEAD "\"type\":\"Undo\",\"object\":{" A ",\"id\":\"https://a.example/f\","
     "\"type\":\"Follow\",\"object\":" PUBLIC "}}",
     "Undo object=https://a.example/f type=Follow author=https://a.example/u inner=Follow "
     "of=https://www.w3.org/ns/activitystreams#Public limited"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://a.example/f\"}",
     "Undo object=https://a.example/f limited"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{" A ",\"type\":\"Follow\",\"object\":" PUBLIC "}}",
     "Undo type=Follow author=https://a.example/u inner=Follow "
     "of=https://www.w3.org/ns/activitystreams#Public limited"},
    {"{" HEAD TO ",\"type\":\"Undo\",\"object\":{" A ",\"id\":\"https://a.example/s\"," TO
     ",\"type\":\"Announce\",\"object\":\"https://b.example/n\"}}",
     "Undo object=https://a.example/s type=Announce author=https://a.example/u inner=Announce "
     "of=https://b.example/n public"},
    /* Delete */
    {"{" HEAD TO ",\"type\":\"Delete\",\"object\":\"https://a.example/n\"}",
     "Delete object=https://a.example/n public"},
    {"{" HEAD TO ",\"type\":\"Delete\",\"object\":\"https://a.example/u\"}",
     "Delete object=https://a.example/u public"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":{\"type\":\"Tombstone\","
     "\"id\":\"https://a.example/n\",\"updated\":\"1970-01-01T00:00:01Z\"}}",
     "Delete object=https://a.example/n type=Tombstone limited @1000"},
    /* Create, Update: authors, tags, times */
    {"{" HEAD TO ",\"type\":\"Create\",\"published\":\"1970-01-01T00:00:09Z\",\"object\":{"
     "\"id\":\"https://a.example/n\",\"type\":\"Note\",\"attributedTo\":\"https://a.example/u\","
     "\"published\":\"1970-01-01T00:00:01.5Z\",\"tag\":{\"type\":\"Hashtag\",\"name\":\"#Ab\"}}}",
     "Create object=https://a.example/n type=Note author=https://a.example/u public #Ab @1500"},
    {"{" HEAD TO ",\"type\":\"Update\",\"tag\":[{\"type\":\"Hashtag\",\"name\":\"x\"}],\"object\":{"
     "\"id\":\"https://a.example/n\",\"type\":[\"Page\",\"x:Y\"],\"published\":"
     "\"1970-01-01T00:00:01Z\",\"updated\":\"1970-01-01T00:00:02Z\",\"tag\":["
     "{\"type\":\"as:Hashtag\",\"name\":\"#x\"},{\"type\":[\"x:A\",\"Hashtag\"],\"name\":\"#y\"},"
     "{\"type\":\"Mention\",\"name\":\"@z\"},{\"type\":\"Hashtag\",\"name\":\"#\"},"
     "{\"type\":\"Hashtag\",\"name\":7},\"#w\",null]}}",
     "Update object=https://a.example/n type=Page public #x #y @2000"},
    {"{" HEAD TO
     ",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/v\",\"type\":\"Video\","
     "\"attributedTo\":[{\"type\":\"Person\",\"id\":\"https://a.example/u\"},"
     "{\"type\":\"Group\",\"id\":\"https://b.example/g\"},\"https://a.example/c\"]}}",
     "Create object=https://a.example/v type=Video author=https://b.example/g public"},
    {"{" HEAD TO
     ",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/v\",\"type\":\"Note\","
     "\"attributedTo\":\"https://a.example/u\",\"actor\":\"https://b.example/u\"}}",
     "Create object=https://a.example/v type=Note author=https://b.example/u public"},
    {"{" HEAD TO ",\"type\":\"Create\",\"object\":\"https://a.example/n\","
     "\"published\":\"1970-01-01T00:00:09Z\"}",
     "Create object=https://a.example/n public @9000"},
    {"{" HEAD TO ",\"type\":\"Create\",\"object\":\"https://a.example/n\",\"updated\":\"soon\"}",
     "Create object=https://a.example/n public"},
    /* Announce: plain, wrapping, embedding */
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":\"https://b.example/n\"}",
     "Announce object=https://b.example/n public"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/n\","
     "\"type\":\"Article\",\"attributedTo\":\"https://b.example/u\"," TO
     ",\"published\":\"1970-01-01T00:00:01Z\"}}",
     "Announce object=https://b.example/n type=Article author=https://b.example/u public"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"actor\":\"https://b.example/u\"," TO ",\"object\":{\"id\":"
     "\"https://b.example/n\",\"type\":\"Page\",\"tag\":{\"type\":\"Hashtag\",\"name\":\"#d\"}}}}",
     "Announce object=https://b.example/c type=Create author=https://b.example/u inner=Create "
     "of=https://b.example/n public wraps #d"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Lock\",\"object\":\"https://b.example/n\"}}",
     "Announce object=https://b.example/c type=Lock inner=Lock of=https://b.example/n public "
     "wraps"},
    /* the other types */
    {"{" HEAD TO ",\"type\":\"Add\",\"target\":\"https://a.example/featured\",\"object\":"
     "{\"type\":\"Hashtag\",\"href\":\"https://a.example/t\",\"name\":\"#t\"}}",
     "Add type=Hashtag target=https://a.example/featured public"},
    {"{" HEAD TO ",\"type\":\"Move\",\"object\":\"https://a.example/u\","
     "\"target\":{\"id\":\"https://b.example/u\"}}",
     "Move object=https://a.example/u target=https://b.example/u public"},
    {"{" HEAD "\"type\":\"Accept\",\"object\":{\"type\":\"Follow\",\"id\":\"https://r.example/f\","
     "\"object\":\"https://a.example/u\"}}",
     "Accept object=https://r.example/f type=Follow inner=Follow of=https://a.example/u limited"},
    {"{" HEAD "\"type\":\"Flag\",\"object\":[\"https://b.example/1\",\"https://b.example/2\"]}",
     "other limited"},
    {"{" HEAD "\"type\":[\"ex:Special\",\"as:Like\"],\"object\":\"https://b.example/1\"}",
     "Like object=https://b.example/1 limited"},
    {"{" HEAD "\"type\":\"https://www.w3.org/ns/activitystreams#Dislike\","
     "\"object\":\"https://b.example/1\"}",
     "Dislike object=https://b.example/1 limited"},
    {"{" HEAD "\"type\":\"__proto__\"}", "other limited"},
    /* proofs: a shape */
    {"{" HEAD "\"type\":\"X\",\"signature\":{\"type\":\"RsaSignature2017\"}}",
     "other limited proof"},
    {"{" HEAD "\"type\":\"X\",\"signature\":{\"type\":\"Other\"}}", "other limited"},
    {"{" HEAD "\"type\":\"X\",\"signature\":\"RsaSignature2017\"}", "other limited"},
    {"{" HEAD "\"type\":\"X\",\"proof\":{\"type\":\"DataIntegrityProof\"}}", "other limited proof"},
    {"{" HEAD "\"type\":\"X\",\"proof\":[{},{}]}", "other limited proof"},
    {"{" HEAD "\"type\":\"X\",\"proof\":[]}", "other limited"},
    {"{" HEAD "\"type\":\"X\",\"proof\":null}", "other limited"},
    {"{" HEAD "\"type\":\"X\",\"object\":{\"proof\":{\"type\":\"DataIntegrityProof\"}}}",
     "other limited"},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct activity a;
        struct bytes out;
        bytes_init(&out, 4096);
        enum err e = read_text(shapes[i].text, &a);
        if (e != ERR_OK)
            print_error("%s\n", shapes[i].text);
        assert_string_equal(err_code(e), "ok");
        assert_true(span_eq_str(a.id, "https://a.example/1"));
        assert_true(span_eq_str(a.actor, "https://a.example/u"));
        summarise(&a, &out);
        assert_string_equal(bytes_str(&out), shapes[i].facts);
        bytes_fini(&out);
    }
}

#define CREATE(more) "{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"" more "}"
#define DEEP(more)                                                                                 \
    "{" HEAD TO ",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\"" more "}}"

static const struct {
    const char *text, *code;
} refused[] = {
    {"[]", "not-an-activity"},
    {"\"Create\"", "not-an-activity"},
    {"null", "not-an-activity"},
    {"{}", "not-an-activity"},
    {"{" HEAD "\"x\":1}", "not-an-activity"},
    {"{" HEAD "\"type\":\"\"}", "not-an-activity"},
    {"{" HEAD "\"type\":7}", "not-an-activity"},
    {"{" HEAD "\"type\":[]}", "not-an-activity"},
    {"{" HEAD "\"type\":[\"Create\",\"Delete\"]}", "not-an-activity"},
    {"{" HEAD "\"type\":[\"Create\",{}]}", "not-an-activity"},
    {"{" HEAD "\"type\":{\"id\":\"Create\"}}", "not-an-activity"},
    {"{" A ",\"type\":\"X\"}", "not-an-activity"},
    {"{" ID ",\"type\":\"X\"}", "not-an-activity"},
    {"{" A ",\"type\":\"X\",\"id\":[\"https://a.example/1\"]}", "not-an-activity"},
    {"{" A ",\"type\":\"X\",\"id\":{\"id\":\"https://a.example/1\"}}", "not-an-activity"},
    {"{" A ",\"type\":\"X\",\"id\":null}", "not-an-activity"},
    {"{" A ",\"type\":\"X\",\"id\":\"\"}", "url"},
    {"{" A ",\"type\":\"X\",\"id\":\"urn:uuid:1\"}", "url"},
    {"{" A ",\"type\":\"X\",\"id\":\"https://u@a.example/1\"}", "url"},
    {"{" A ",\"type\":\"X\",\"id\":\"https://a.example\\\\@b.example/\"}", "url"},
    {"{" A ",\"type\":\"X\",\"id\":\"https:/a.example/1\"}", "url"},
    {"{" A ",\"type\":\"X\",\"id\":\"https://a.example/a\\tb\"}", "url"},
    {"{" ID ",\"type\":\"X\",\"actor\":null}", "not-an-activity"},
    {"{" ID ",\"type\":\"X\",\"actor\":{}}", "not-an-activity"},
    {"{" ID ",\"type\":\"X\",\"actor\":[]}", "not-an-activity"},
    {"{" ID ",\"type\":\"X\",\"actor\":[\"https://a.example/u\",\"https://b.example/u\"]}",
     "not-an-activity"},
    {"{" ID ",\"type\":\"X\",\"actor\":\"acct:u@a.example\"}", "url"},
    /* the object that a type needs */
    {"{" HEAD "\"type\":\"Create\"}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Create\",\"object\":{\"type\":\"Note\"}}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Create\",\"object\":[\"https://a.example/1\",\"https://b.example/2\"]}",
     "not-an-activity"},
    {"{" HEAD "\"type\":\"Create\",\"object\":7}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"n\"}", "url"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"as:Public\"}", "url"},
    {"{" HEAD "\"type\":\"Follow\"}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Follow\",\"object\":\"everybody\"}", "url"},
    {"{" HEAD "\"type\":\"Undo\"}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{}}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"id\":\"https://a.example/f\"}}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Follow\",\"id\":7}}", "not-an-activity"},
    {"{" HEAD "\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\","
     "\"type\":[\"Create\",\"Delete\"]}}",
     "not-an-activity"},
    {DEEP(",\"attributedTo\":{\"type\":\"Person\"}"), "not-an-activity"},
    {DEEP(",\"attributedTo\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "not-an-activity"},
    /* JSON-LD that could say something else than it seems to (CVE-2026-42462) */
    {CREATE(",\"@graph\":[]"), "graph"},
    {DEEP(",\"x\":[{\"@included\":1}]"), "graph"},
    {CREATE(",\"@context\":{\"x\":{\"@reverse\":\"y\"}}"), "graph"},
    {CREATE(",\"\\u0040graph\":[]"), "graph"},
    /* recipients: five are allowed here, over all lists and levels */
    {CREATE(",\"to\":[1,2,3,4,5,6]"), "recipients"},
    {CREATE(",\"to\":[1,2,3],\"cc\":[1,2,3]"), "recipients"},
    {CREATE(",\"bto\":[1,2,3],\"bcc\":[1,2,3]"), "recipients"},
    {DEEP(",\"to\":[1,2,3],\"audience\":[1,2]"), "recipients"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct activity a;
        const char *code = err_code(read_text(refused[i].text, &a));
        if (strcmp(code, refused[i].code) != 0)
            print_error("%s\n", refused[i].text);
        assert_string_equal(code, refused[i].code);
    }
}

static void test_lengths(void **state)
{
    (void)state;
    struct activity a;
    struct bytes text;
    bytes_init(&text, 100000);
    for (size_t extra = 0; extra < 2; extra++) {
        bytes_clear(&text);
        bytes_addf(&text, "{" A ",\"type\":\"X\",\"id\":\"https://a.example/%0*d\"}",
                   (int)(2048 - 18 + extra), 0);
        assert_string_equal(err_code(read_text(bytes_str(&text), &a)), extra ? "url" : "ok");
        bytes_clear(&text);
        bytes_addf(&text, "{" HEAD "\"type\":\"%0*d\"}", (int)(ACTIVITY_TYPE_MAX + extra), 0);
        assert_string_equal(err_code(read_text(bytes_str(&text), &a)),
                            extra ? "not-an-activity" : "ok");
        /* One tag too many is refused, not dropped: it might be the one that a rule denies. */
        bytes_clear(&text);
        bytes_add_str(&text, "{" HEAD "\"type\":\"X\",\"tag\":[");
        for (size_t i = 0; i < ACTIVITY_TAGS_MAX + extra; i++)
            bytes_addf(&text, "{\"type\":\"Hashtag\",\"name\":\"#t%zu\"},", i);
        bytes_add_str(&text, "{\"type\":\"Hashtag\",\"name\":\"#t0\"}]}");
        assert_string_equal(err_code(read_text(bytes_str(&text), &a)), extra ? "tags" : "ok");
        assert_int_equal(a.tags_n, ACTIVITY_TAGS_MAX);
    }
    bytes_fini(&text);
}

/* ATTACKS A08 to A10 */
static const struct {
    const char *text;
    enum activity_visibility visibility;
    bool hidden;
} addressed[] = {
    {CREATE(",\"to\":" PUBLIC), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":\"as:Public\""), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":[\"x\",\"Public\"]"), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":{\"id\":\"as:Public\"}"), VISIBILITY_PUBLIC, false},
    {CREATE(",\"to\":\"public\""), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":\"https://www.w3.org/ns/activitystreams#Publicly\""), VISIBILITY_LIMITED,
     false},
    {CREATE(",\"to\":[\"x\"],\"cc\":\"Public\""), VISIBILITY_UNLISTED, false},
    {CREATE(",\"cc\":[" PUBLIC "]"), VISIBILITY_UNLISTED, false},
    {CREATE(",\"audience\":" PUBLIC), VISIBILITY_LIMITED, false},
    {CREATE(""), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":null,\"cc\":null"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":7"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":[[" PUBLIC "]]"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":" PUBLIC ",\"bto\":\"https://b.example/u\""), VISIBILITY_PUBLIC, true},
    {DEEP(",\"bcc\":[]"), VISIBILITY_PUBLIC, true},
    /* the narrowest of what the levels say */
    {DEEP(",\"to\":\"as:Public\""), VISIBILITY_PUBLIC, false},
    {DEEP(",\"to\":\"https://a.example/u/followers\""), VISIBILITY_LIMITED, false},
    {DEEP(",\"to\":[]"), VISIBILITY_LIMITED, false},
    {DEEP(",\"cc\":\"as:Public\""), VISIBILITY_UNLISTED, false},
    {DEEP(",\"object\":{\"to\":\"https://a.example/u/followers\"}"), VISIBILITY_LIMITED, false},
    {CREATE(",\"to\":[],\"x\":{\"to\":\"as:Public\"}"), VISIBILITY_LIMITED, false},
    {"{" HEAD "\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\"," TO "}}",
     VISIBILITY_PUBLIC, false},
    {"{" HEAD "\"type\":\"Create\",\"to\":\"https://a.example/u/followers\",\"object\":"
     "{\"id\":\"https://a.example/n\"," TO "}}",
     VISIBILITY_LIMITED, false},
};

static void test_addressed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(addressed) / sizeof(addressed[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(addressed[i].text, &a)), "ok");
        if (a.visibility != addressed[i].visibility || a.hidden_recipients != addressed[i].hidden)
            print_error("%s\n", addressed[i].text);
        assert_int_equal(a.visibility, addressed[i].visibility);
        assert_int_equal(a.hidden_recipients, addressed[i].hidden);
        bool public = a.visibility == VISIBILITY_PUBLIC && !a.hidden_recipients;
        bool unlisted = a.visibility == VISIBILITY_UNLISTED && !a.hidden_recipients;
        assert_int_equal(activity_relayable(&a, false), public ? ERR_OK : ERR_NOT_PUBLIC);
        assert_int_equal(activity_relayable(&a, true),
                         public || unlisted ? ERR_OK : ERR_NOT_PUBLIC);
    }
}

#define OWNER "https://a.example/u"
#define FACT(t, o, author, to)                                                                     \
    "{" HEAD TO ",\"type\":\"" t "\",\"object\":{\"type\":\"Note\",\"id\":\"" o                    \
    "\",\"attributedTo\":\"" author "\"},\"target\":\"" to "\"}"
#define T "https://a.example/t"

/* ATTACKS A01 to A05, A07, A17; PROTOCOL 7.1 */
static const struct {
    const char *text, *owner, *code;
} origins[] = {
    {FACT("Create", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/v", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/u/", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://a.example/%75", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "https://A.example/u", "actor-not-signer"},
    {FACT("Create", "https://a.example/n", OWNER, T), "", "actor-not-signer"},
    {FACT("Create", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "http://a.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://a.example:444/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://a.example.b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Create", "https://A.Example:443/n", OWNER, T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", "https://a.example/other", T), OWNER, "ok"},
    {FACT("Create", "https://a.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Create", "https://a.example/n", "a.example", T), OWNER, "origin"},
    {FACT("Update", "https://b.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Update", "https://a.example/n", "https://b.example/u", T), OWNER, "origin"},
    {FACT("Delete", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Delete", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {FACT("Move", "https://a.example/u", OWNER, "https://b.example/u"), OWNER, "ok"},
    {FACT("Move", "https://b.example/u", OWNER, T), OWNER, "origin"},
    {FACT("Add", "https://b.example/n", "https://b.example/u", T), OWNER, "ok"},
    {FACT("Add", "https://a.example/n", OWNER, "https://b.example/t"), OWNER, "origin"},
    {FACT("Remove", "https://a.example/n", OWNER, "https://b.example/t"), OWNER, "origin"},
    {FACT("Remove", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Announce", "https://b.example/n", "https://c.example/u", T), OWNER, "ok"},
    {FACT("Like", "https://b.example/n", "https://c.example/u", T), OWNER, "ok"},
    {FACT("Undo", "https://a.example/n", OWNER, T), OWNER, "ok"},
    {FACT("Undo", "https://a.example/n", "https://a.example/v", T), OWNER, "origin"},
    {FACT("Undo", "https://b.example/n", OWNER, T), OWNER, "origin"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://b.example/f\"}", OWNER, "origin"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://a.example/f\"}", OWNER, "ok"},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Follow\",\"actor\":"
     "\"https://b.example/u\"}}",
     OWNER, "origin"},
    {"{" A ",\"id\":\"https://b.example/1\",\"type\":\"X\"}", OWNER, "origin"},
    {"{" A ",\"id\":\"https://a.example#@b.example/\",\"type\":\"X\"}", OWNER, "ok"},
    {"{" HEAD "\"type\":\"X\",\"object\":\"https://b.example/1\"}", OWNER, "ok"},
};

static void test_origins(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(origins[i].text, &a)), "ok");
        const char *code = err_code(activity_origin_check(&a, span_of(origins[i].owner)));
        if (strcmp(code, origins[i].code) != 0)
            print_error("%s by %s\n", origins[i].text, origins[i].owner);
        assert_string_equal(code, origins[i].code);
    }
}

/* PRODUCT 1.2: what is carried, what only inside its zone, what an Announce of ours would name. */
static const struct {
    const char *text;
    enum err why;
    bool inside;
    const char *announced;
} carried[] = {
    {FACT("Create", "https://a.example/n", OWNER, T), ERR_OK, false, "https://a.example/n"},
    {FACT("Update", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Delete", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Move", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Add", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Remove", "https://a.example/n", OWNER, T), ERR_OK, false, NULL},
    {FACT("Announce", "https://b.example/n", OWNER, T), ERR_OK, false, "https://b.example/n"},
    {FACT("Like", "https://b.example/n", OWNER, T), ERR_OK, true, NULL},
    {FACT("Dislike", "https://b.example/n", OWNER, T), ERR_OK, true, NULL},
    {FACT("Follow", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Accept", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Reject", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Block", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Join", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Invite", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Flag", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("View", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("Question", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    {FACT("create", "https://b.example/n", OWNER, T), ERR_NOT_RELAYED, false, NULL},
    /* Delete and Undo without any address */
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\"}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"bto\":\"x\"}",
     ERR_NOT_PUBLIC, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":\"https://a.example/n\"}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Announce\"}}", ERR_OK, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Like\"}}", ERR_OK, true, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Follow\"}}", ERR_NOT_RELAYED, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Block\"}}", ERR_NOT_RELAYED, false, NULL},
    {"{" HEAD "\"type\":\"Undo\",\"object\":{\"type\":\"Lock\"}}", ERR_NOT_RELAYED, false, NULL},
    /* Announce of an activity */
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, "https://b.example/n"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"object\":{\"id\":\"n\"}}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Delete\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Announce\",\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\","
     "\"object\":\"https://b.example/n\"}}",
     ERR_OK, false, NULL},
};

static void test_carried(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
        struct activity a;
        assert_string_equal(err_code(read_text(carried[i].text, &a)), "ok");
        struct span announced = activity_announced(&a);
        if (activity_relayable(&a, false) != carried[i].why ||
            !span_eq(announced, span_of(carried[i].announced)))
            print_error("%s\n", carried[i].text);
        assert_int_equal(activity_relayable(&a, false), carried[i].why);
        assert_int_equal(activity_only_inside(&a), carried[i].inside);
        assert_true(span_eq(announced, span_of(carried[i].announced)));
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int type = 0; type < ACTIVITY_OTHER; type++)
        assert_int_equal(
            activity_type_by_name(span_of(activity_type_name((enum activity_type)type))), type);
    assert_int_equal(activity_type_by_name(SPAN("other")), ACTIVITY_OTHER);
    assert_int_equal(activity_type_by_name(SPAN("as:")), ACTIVITY_OTHER);
    assert_int_equal(activity_type_by_name(SPAN_NONE), ACTIVITY_OTHER);
    assert_int_equal(activity_type_by_name(SPAN("as:Delete")), ACTIVITY_DELETE);
    assert_false(activity_is_public(SPAN_NONE));
    assert_false(activity_is_public(SPAN("")));
    assert_false(activity_is_public(SPAN("PUBLIC")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shapes, drop_tree),
        cmocka_unit_test_teardown(test_refused, drop_tree),
        cmocka_unit_test_teardown(test_lengths, drop_tree),
        cmocka_unit_test_teardown(test_addressed, drop_tree),
        cmocka_unit_test_teardown(test_origins, drop_tree),
        cmocka_unit_test_teardown(test_carried, drop_tree),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
