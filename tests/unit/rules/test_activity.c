/* activity: shapes that strangers send, what is read of them, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/activity_rig.h"

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
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
