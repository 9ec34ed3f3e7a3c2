/* activity: an Announce to followers, and what the fetched document of its object makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/activity.h"

#define RELAY     "https://a.example/relay"
#define FOLLOWERS RELAY "/followers"
#define PUBLIC    "https://www.w3.org/ns/activitystreams#Public"
#define NOTE      "https://b.example/n"
#define HEAD      "{\"id\":\"https://a.example/1\",\"actor\":\"" RELAY "\","
#define ANNOUNCE  HEAD "\"type\":\"Announce\",\"object\":\"" NOTE "\","

static const struct json_limits json_limits = {.depth = 32, .keys = 10000, .nodes = 50000};
static const struct activity_limits limits = {.id_max = 2048, .recipients_max = 5};

static struct json *trees[2];

static const struct json *parse(size_t which, const char *text)
{
    json_free(&trees[which]);
    enum err e = json_read(span_of(text), &json_limits, &trees[which]);
    if (e != ERR_OK)
        print_error("%s\n", text);
    assert_int_equal(e, ERR_OK);
    return trees[which];
}

static int drop_trees(void **state)
{
    (void)state;
    json_free(&trees[0]);
    json_free(&trees[1]);
    return 0;
}

/* --- to whom --------------------------------------------------------------------------------- */

static const struct {
    const char *text, *followers; /* NULL: its document names none */
    bool yes;
} addressed[] = {
    {ANNOUNCE "\"to\":[\"" FOLLOWERS "\"],\"cc\":[]}", NULL, true},
    {ANNOUNCE "\"to\":\"" FOLLOWERS "\"}", NULL, true},
    {ANNOUNCE "\"cc\":\"" FOLLOWERS "\"}", NULL, true},
    {ANNOUNCE "\"to\":[\"https://b.example/u\",{\"id\":\"" FOLLOWERS "\"}]}", NULL, true},
    {ANNOUNCE "\"to\":\"" FOLLOWERS "\",\"cc\":\"as:Public\"}", NULL, true},
    {ANNOUNCE "\"to\":\"" FOLLOWERS "\"}", FOLLOWERS, true},
    {ANNOUNCE "\"to\":\"https://a.example/f/1\"}", "https://a.example/f/1", true},
    /* by what its document says, where it says it */
    {ANNOUNCE "\"to\":\"" FOLLOWERS "\"}", "https://a.example/f/1", false},
    /* to everybody: known without a fetch */
    {ANNOUNCE "\"to\":[\"" FOLLOWERS "\",\"" PUBLIC "\"]}", NULL, false},
    {ANNOUNCE "\"to\":[\"as:Public\"],\"cc\":\"" FOLLOWERS "\"}", NULL, false},
    /* to somebody else's, to a few, to nobody */
    {ANNOUNCE "\"to\":\"https://b.example/relay/followers\"}", NULL, false},
    {ANNOUNCE "\"to\":\"https://a.example/relay/followers2\"}", NULL, false},
    {ANNOUNCE "\"to\":\"https://b.example/u\"}", NULL, false},
    {ANNOUNCE "\"bto\":\"" FOLLOWERS "\"}", NULL, false},
    {ANNOUNCE "\"to\":[]}", NULL, false},
    {ANNOUNCE "\"summary\":\"" FOLLOWERS "\"}", NULL, false},
    /* what it embeds is addressed so, which says nothing of the Announce */
    {HEAD "\"type\":\"Announce\",\"object\":{\"id\":\"" NOTE "\",\"to\":\"" FOLLOWERS "\"}}", NULL,
     false},
    {HEAD "\"type\":\"Announce\",\"to\":\"" FOLLOWERS "\",\"object\":{\"id\":\"" NOTE
          "\",\"to\":\"" PUBLIC "\"}}",
     NULL, true},
    /* nothing that could be fetched and announced */
    {HEAD "\"type\":\"Announce\",\"to\":\"" FOLLOWERS "\",\"object\":{\"id\":\"" NOTE
          "\",\"type\":\"Delete\",\"object\":\"" NOTE "\"}}",
     NULL, false},
    /* not an Announce */
    {HEAD "\"type\":\"Create\",\"object\":\"" NOTE "\",\"to\":\"" FOLLOWERS "\"}", NULL, false},
    {HEAD "\"type\":\"Like\",\"object\":\"" NOTE "\",\"to\":\"" FOLLOWERS "\"}", NULL, false},
};

static void test_to_followers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(addressed) / sizeof(addressed[0]); i++) {
        struct activity a;
        assert_int_equal(activity_read(parse(0, addressed[i].text), &limits, &a), ERR_OK);
        bool yes = activity_to_followers(&a, span_of(addressed[i].followers));
        if (yes != addressed[i].yes)
            print_error("%s\n", addressed[i].text);
        assert_int_equal(yes, addressed[i].yes);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct activity a;
    parse(0, ANNOUNCE "\"to\":[\"as:Public\",5],\"cc\":{\"id\":\"https://b.example/u\"}}");
    assert_int_equal(activity_read(trees[0], &limits, &a), ERR_OK);
    assert_true(activity_names(&a, SPAN(PUBLIC)));
    assert_true(activity_names(&a, SPAN("Public")));
    assert_true(activity_names(&a, SPAN("https://b.example/u")));
    assert_false(activity_names(&a, SPAN("https://b.example/")));
    assert_false(activity_names(&a, SPAN("")));
    assert_false(activity_names(&a, SPAN_NONE));
}

/* --- the object ------------------------------------------------------------------------------ */

#define OBJECT(more) "{\"id\":\"" NOTE "\",\"type\":\"Note\"" more "}"
#define TO           ",\"to\":\"" PUBLIC "\""

static const struct {
    const char *text;
    const char *code;     /* of taking it */
    const char *relay;    /* of activity_relayable() then */
    const char *unlisted; /* the same where what is unlisted may pass */
} objects[] = {
    {OBJECT(TO), "ok", "ok", "ok"},
    {OBJECT(TO ",\"attributedTo\":\"https://b.example/u\""), "ok", "ok", "ok"},
    {OBJECT(TO ",\"actor\":\"https://b.example/u\""), "ok", "ok", "ok"},
    {"{\"id\":\"" NOTE "\",\"type\":[\"Article\",\"x:Odd\"]" TO "}", "ok", "ok", "ok"},
    /* not public: law 3 */
    {OBJECT(",\"to\":\"" FOLLOWERS "\",\"cc\":\"" PUBLIC "\""), "ok", "not-public", "ok"},
    {OBJECT(",\"to\":\"https://b.example/u/followers\""), "ok", "not-public", "not-public"},
    {OBJECT(",\"to\":\"https://b.example/v\""), "ok", "not-public", "not-public"},
    {OBJECT(",\"to\":[]"), "ok", "not-public", "not-public"},
    {OBJECT(""), "ok", "not-public", "not-public"},
    {OBJECT(",\"audience\":\"" PUBLIC "\""), "ok", "not-public", "not-public"},
    {OBJECT(TO ",\"bto\":\"https://b.example/v\""), "ok", "not-public", "not-public"},
    {OBJECT(TO ",\"attachment\":{\"bcc\":\"x\"}"), "ok", "not-public", "not-public"},
    /* not the object */
    {"{\"id\":\"" NOTE "2\",\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"" NOTE "#\",\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"https://B.example/n\",\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"n\",\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":[\"" NOTE "\"],\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"type\":\"Note\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"" NOTE "\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"" NOTE "\",\"type\":5" TO "}", "object-document", NULL, NULL},
    {"[" OBJECT(TO) "]", "object-document", NULL, NULL},
    {"\"" NOTE "\"", "object-document", NULL, NULL},
    {OBJECT(TO ",\"attributedTo\":5"), "object-document", NULL, NULL},
    {OBJECT(TO ",\"@graph\":[]"), "object-document", NULL, NULL},
    {OBJECT(TO ",\"tag\":{\"@included\":1}"), "object-document", NULL, NULL},
    {OBJECT(TO ",\"@reverse\":{}"), "object-document", NULL, NULL},
    /* an activity is not announced */
    {"{\"id\":\"" NOTE "\",\"type\":\"Create\",\"object\":{}" TO "}", "object-document", NULL,
     NULL},
    {"{\"id\":\"" NOTE "\",\"type\":\"as:Delete\"" TO "}", "object-document", NULL, NULL},
    {"{\"id\":\"" NOTE "\",\"type\":\"Odd\",\"object\":\"" NOTE "\"" TO "}", "object-document",
     NULL, NULL},
    /* whose it is */
    {OBJECT(TO ",\"attributedTo\":\"https://c.example/u\""), "origin", NULL, NULL},
    {OBJECT(TO ",\"attributedTo\":\"" RELAY "\""), "origin", NULL, NULL},
    {OBJECT(TO ",\"attributedTo\":[\"https://b.example/u\",\"" RELAY "\"]"), "origin", NULL, NULL},
    {OBJECT(TO ",\"actor\":\"http://b.example/u\""), "origin", NULL, NULL},
    /* gone */
    {"{\"id\":\"" NOTE "\",\"type\":\"Tombstone\"" TO "}", "object-gone", NULL, NULL},
    {"{\"id\":\"" NOTE "\",\"type\":\"as:Tombstone\"}", "object-gone", NULL, NULL},
    {OBJECT(",\"to\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"" PUBLIC "\"]"), "recipients", NULL, NULL},
};

static void test_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        struct activity a;
        parse(0, ANNOUNCE "\"to\":\"" FOLLOWERS "\"}");
        assert_int_equal(activity_read(trees[0], &limits, &a), ERR_OK);
        assert_int_equal(activity_relayable(&a, true), ERR_NOT_PUBLIC);
        enum err e = activity_take_object(&a, parse(1, objects[i].text), &limits);
        if (strcmp(err_code(e), objects[i].code) != 0)
            print_error("%s\n", objects[i].text);
        assert_string_equal(err_code(e), objects[i].code);
        if (e != ERR_OK)
            continue;
        assert_string_equal(err_code(activity_relayable(&a, false)), objects[i].relay);
        assert_string_equal(err_code(activity_relayable(&a, true)), objects[i].unlisted);
        assert_int_equal(activity_origin_check(&a, SPAN(RELAY)), ERR_OK);
        assert_true(span_eq(activity_announced(&a), SPAN(NOTE)));
    }
}

/* What the Announce says of it counts for nothing, but where it could make us refuse. */
static void test_claims(void **state)
{
    (void)state;
    struct activity a;
    parse(0, HEAD "\"type\":\"Announce\",\"to\":\"" FOLLOWERS
                  "\",\"tag\":{\"type\":\"Hashtag\",\"name\":\"shared\"},\"proof\":{},\"object\":"
                  "{\"id\":\"" NOTE "\",\"type\":\"Article\",\"attributedTo\":\"" RELAY
                  "\",\"tag\":{\"type\":\"Hashtag\",\"name\":\"partners\"}}}");
    parse(1, OBJECT(TO ",\"tag\":[{\"type\":\"Hashtag\",\"name\":\"#secret\"}]"));
    assert_int_equal(activity_read(trees[0], &limits, &a), ERR_OK);
    assert_true(a.has_proof);
    assert_int_equal(activity_take_object(&a, trees[1], &limits), ERR_OK);
    assert_int_equal(a.tags_n, 1);
    assert_true(span_eq(a.tags[0], SPAN("secret")));
    assert_true(span_eq(a.object_type, SPAN("Note")));
    assert_false(a.object_actor.p);
    assert_false(a.has_proof);
    assert_int_equal(a.visibility, VISIBILITY_PUBLIC);
    parse(0, ANNOUNCE "\"to\":\"" FOLLOWERS "\",\"bcc\":\"x\"}");
    assert_int_equal(activity_read(trees[0], &limits, &a), ERR_OK);
    assert_int_equal(activity_take_object(&a, trees[1], &limits), ERR_OK);
    assert_int_equal(activity_relayable(&a, true), ERR_NOT_PUBLIC);
}

static void test_tags(void **state)
{
    (void)state;
    struct activity a;
    struct bytes text;
    bytes_init(&text, 1 << 20);
    bytes_add_str(&text, "{\"id\":\"" NOTE "\",\"type\":\"Note\"" TO ",\"tag\":[");
    for (int i = 0; i <= ACTIVITY_TAGS_MAX; i++)
        bytes_addf(&text, "%s{\"type\":\"Hashtag\",\"name\":\"t%d\"}", i ? "," : "", i);
    bytes_add_str(&text, "]}");
    parse(0, ANNOUNCE "\"to\":\"" FOLLOWERS "\"}");
    assert_int_equal(activity_read(trees[0], &limits, &a), ERR_OK);
    assert_int_equal(activity_take_object(&a, parse(1, bytes_str(&text)), &limits), ERR_TAGS);
    bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_to_followers, drop_trees),
        cmocka_unit_test_teardown(test_names, drop_trees),
        cmocka_unit_test_teardown(test_objects, drop_trees),
        cmocka_unit_test_teardown(test_claims, drop_trees),
        cmocka_unit_test_teardown(test_tags, drop_trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
