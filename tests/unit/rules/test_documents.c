/* documents: the exact text where PROTOCOL 2.2 and 4 give one, and for all: it is strict JSON, it
 * stays in its bounds, and nothing that a stranger sent can break out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/pure/json.h"
#include "relay/rules/documents.h"

#define R    "https://relay.example"
#define HASH "0123456789abcdef0123456789abcdef"
#define WHEN 1767323045000 /* 2026-01-02T03:04:05Z */

static const struct identity us = {
    .url = SPAN(R),
    .authority = SPAN("relay.example"),
    .name = SPAN("Corp \"relay\" <1>"),
    .public_pem = SPAN("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"),
    .multibase = SPAN("z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"),
    .version = SPAN("0.1.0"),
    .published_ms = WHEN,
};

static struct bytes out;

static int begin(void **state)
{
    (void)state;
    bytes_init(&out, DOCUMENT_ACTIVITY_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bytes_fini(&out);
    return 0;
}

/* It is strict JSON, and this. */
static void expect(const char *text)
{
    static const struct json_limits limits = {.depth = 8, .keys = 100, .nodes = 200};
    assert_false(out.over);
    assert_string_equal(bytes_str(&out), text);
    assert_int_equal(json_scan(bytes_span(&out), &limits, NULL), ERR_OK);
    bytes_clear(&out);
}

#define ACTOR_HEAD                                                                                 \
    "{\"@context\":[\"https://www.w3.org/ns/activitystreams\",\"https://w3id.org/security/v1\","   \
    "\"https://www.w3.org/ns/cid/v1\",{\"toot\":\"http://joinmastodon.org/ns#\","                  \
    "\"discoverable\":\"toot:discoverable\","                                                      \
    "\"manuallyApprovesFollowers\":\"as:manuallyApprovesFollowers\","                              \
    "\"webfinger\":\"https://purl.archive.org/socialweb/webfinger#webfinger\","                    \
    "\"implements\":{\"@id\":\"https://w3id.org/fep/844e/implements\",\"@type\":\"@id\","          \
    "\"@container\":\"@list\"}}],\"id\":\"" R "/actor\",\"type\":\"Application\","                 \
    "\"preferredUsername\":\"relay\",\"name\":\"Corp \\\"relay\\\" <1>\",\"summary\":\"A relay. "  \
    "It "                                                                                          \
    "carries public posts between the servers that are its members, as far as its rules allow.\"," \
    "\"url\":\"" R "/\",\"inbox\":\"" R "/inbox\",\"outbox\":\"" R "/outbox\",\"followers\":\"" R  \
    "/followers\",\"following\":\"" R "/following\",\"endpoints\":{\"sharedInbox\":\"" R           \
    "/inbox\"},\"manuallyApprovesFollowers\":true,\"discoverable\":false,"                         \
    "\"published\":\"2026-01-02T03:04:05Z\",\"publicKey\":{\"id\":\"" R "/actor#main-key\","       \
    "\"owner\":\"" R "/actor\",\"publicKeyPem\":\"-----BEGIN PUBLIC KEY-----\\nMIIB\\n"            \
    "-----END PUBLIC KEY-----\\n\"},"
#define ACTOR_TAIL                                                                                 \
    "\"generator\":{\"type\":\"Application\",\"implements\":[{\"href\":"                           \
    "\"https://datatracker.ietf.org/doc/html/rfc9421\",\"name\":\"RFC-9421: HTTP Message "         \
    "Signatures\"}]},\"webfinger\":\"relay@relay.example\"}"

static void test_actor(void **state)
{
    (void)state;
    document_actor(&us, &out);
    expect(ACTOR_HEAD "\"assertionMethod\":[{\"id\":\"" R "/actor#ed25519-key\",\"type\":"
                      "\"Multikey\",\"controller\":\"" R "/actor\",\"publicKeyMultibase\":"
                      "\"z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2\"}]," ACTOR_TAIL);
    struct identity rsa_only = us;
    rsa_only.multibase = SPAN_NONE;
    document_actor(&rsa_only, &out);
    expect(ACTOR_HEAD ACTOR_TAIL);
}

static void test_collections(void **state)
{
    (void)state;
    document_collection(&us, "followers", 12, &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R "/followers\","
           "\"type\":\"OrderedCollection\",\"totalItems\":12}");
    document_collection(&us, "outbox", 0, &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R "/outbox\","
           "\"type\":\"OrderedCollection\",\"totalItems\":0}");
}

#define JRD_TAIL                                                                                   \
    "{\"rel\":\"self\",\"type\":\"application/activity+json\",\"href\":\"" R "/actor\"},"          \
    "{\"rel\":\"http://webfinger.net/rel/profile-page\",\"type\":\"text/html\",\"href\":\"" R      \
    "/\"}]}"
#define JRD_ACTOR                                                                                  \
    "{\"subject\":\"acct:relay@relay.example\",\"aliases\":[\"" R "/actor\"],\"links\":[" JRD_TAIL
#define JRD_SERVER                                                                                 \
    "{\"subject\":\"" R "/\",\"aliases\":[\"" R "/actor\"],\"links\":[{\"rel\":"                   \
    "\"https://www.w3.org/ns/activitystreams#Service\",\"type\":\"application/activity+json\","    \
    "\"href\":\"" R "/actor\"}," JRD_TAIL

static void test_webfinger(void **state)
{
    (void)state;
    static const struct {
        const char *resource, *text;
    } rows[] = {
        {"acct:relay@relay.example", JRD_ACTOR},
        {"acct:relay@RELAY.example", JRD_ACTOR},
        {"acct:Relay@relay.example", JRD_ACTOR},
        {"ACCT:relay@relay.example", JRD_ACTOR},
        {"acct:relay.example@relay.example", JRD_ACTOR},
        {R "/actor", JRD_ACTOR},
        {"https://Relay.Example/actor", JRD_ACTOR},
        {R "/", JRD_SERVER},
        {R, JRD_SERVER},
        {"acct:other@relay.example", NULL},
        {"acct:relay@relay.example.org", NULL},
        {"acct:relay@relay.exampl", NULL},
        {"acct:relay@", NULL},
        {"acct:relay", NULL},
        {"acct:@relay.example", NULL},
        {"acct:relay@x@relay.example", NULL},
        {"relay@relay.example", NULL},
        {R "/Actor", NULL},
        {R "/actor/", NULL},
        {R "/actor#main-key", NULL},
        {R ".org/actor", NULL},
        {"http://relay.example/actor", NULL},
        {"https://other.example/actor", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool ours = document_webfinger(&us, span_of(rows[i].resource), &out);
        if (ours != (rows[i].text != NULL))
            fail_msg("%s", rows[i].resource);
        if (ours)
            expect(rows[i].text);
        assert_int_equal(out.n, 0);
    }
    /* On loopback the authority has a port. */
    struct identity local = us;
    local.url = SPAN("http://127.0.0.1:8080");
    local.authority = SPAN("127.0.0.1:8080");
    assert_true(document_webfinger(&local, SPAN("acct:relay@127.0.0.1:8080"), &out));
    assert_non_null(strstr(bytes_str(&out), "\"http://127.0.0.1:8080/actor\""));
    assert_false(document_webfinger(&local, SPAN("acct:relay@127.0.0.1"), &out));
}

static void test_host_meta(void **state)
{
    (void)state;
    document_host_meta(&us, &out);
    assert_string_equal(
        bytes_str(&out),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        "<XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\"><Link rel=\"lrdd\" "
        "type=\"application/jrd+json\" template=\"" R
        "/.well-known/webfinger?resource={uri}\"/></XRD>");
}

#define NODEINFO(v, more)                                                                          \
    "{\"version\":\"" v "\",\"software\":{\"name\":\"weir\",\"version\":\"0.1.0\"},"               \
    "\"protocols\":[\"activitypub\"],\"services\":{\"inbound\":[],\"outbound\":[]},"               \
    "\"openRegistrations\":false,\"usage\":{\"users\":{\"total\":1,\"activeHalfyear\":1,"          \
    "\"activeMonth\":1},\"localPosts\":0,\"localComments\":0},\"metadata\":{\"peers\":[],"         \
    "\"features\":[\"relay\"]" more "}}"

static void test_nodeinfo(void **state)
{
    (void)state;
    document_nodeinfo_links(&us, &out);
    expect("{\"links\":[{\"rel\":\"http://nodeinfo.diaspora.software/ns/schema/2.0\",\"href\":\"" R
           "/nodeinfo/2.0\"},{\"rel\":\"http://nodeinfo.diaspora.software/ns/schema/2.1\","
           "\"href\":\"" R "/nodeinfo/2.1\"},{\"rel\":"
           "\"https://www.w3.org/ns/activitystreams#Application\",\"href\":\"" R "/actor\"}]}");
    document_nodeinfo(&us, 0, -1, &out);
    expect(NODEINFO("2.0", ""));
    document_nodeinfo(&us, 1, 3, &out);
    expect(NODEINFO("2.1", ",\"members\":3"));
}

#define CONTEXT                                                                                    \
    "\"@context\":[\"https://www.w3.org/ns/activitystreams\",\"https://w3id.org/security/v1\"]"
#define AUDIENCE                                                                                   \
    "\"to\":[\"https://www.w3.org/ns/activitystreams#Public\"],\"cc\":[\"" R "/followers\"]"
#define ANNOUNCE                                                                                   \
    "\"id\":\"" R "/activities/announce-" HASH "\",\"type\":\"Announce\",\"actor\":\"" R           \
    "/actor\"," AUDIENCE ",\"object\":\"https://a.example/notes/1\""

static void test_announce(void **state)
{
    (void)state;
    document_announce(&us, HASH, SPAN("https://a.example/notes/1"), WHEN, &out);
    expect("{" CONTEXT "," ANNOUNCE ",\"published\":\"2026-01-02T03:04:05Z\"}");
    document_undo_announce(&us, HASH, SPAN("https://a.example/notes/1"), WHEN, &out);
    expect("{" CONTEXT ",\"id\":\"" R "/activities/undo-" HASH "\",\"type\":\"Undo\",\"actor\":\"" R
           "/actor\"," AUDIENCE ",\"object\":{" ANNOUNCE
           "},\"published\":\"2026-01-02T03:04:05Z\"}");
}

static void test_answer(void **state)
{
    (void)state;
    static const char follow[] =
        "{ \"type\":\"Follow\" "
        ",\"id\":\"https:\\/\\/c.example/6ae1\",\"n\":1.0,\n\"object\":\"x\"}";
    document_answer(&us, true, HASH, SPAN(follow), SPAN("https://c.example/actor"), &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R
           "/activities/accept-" HASH "\",\"type\":\"Accept\",\"actor\":\"" R
           "/actor\",\"to\":[\"https://c.example/actor\"],\"object\":"
           "{ \"type\":\"Follow\" ,\"id\":\"https:\\/\\/c.example/6ae1\",\"n\":1.0,\n"
           "\"object\":\"x\"}}");
    document_answer_by_id(&us, false, HASH, SPAN("https://c.example/6\"ae1"),
                          SPAN("https://c.example/actor"), false, &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R
           "/activities/reject-" HASH "\",\"type\":\"Reject\",\"actor\":\"" R
           "/actor\",\"to\":[\"https://c.example/actor\"],\"object\":{\"id\":"
           "\"https://c.example/6\\\"ae1\",\"type\":\"Follow\",\"actor\":"
           "\"https://c.example/actor\",\"object\":"
           "\"https://www.w3.org/ns/activitystreams#Public\"}}");
    document_answer_by_id(&us, true, HASH, SPAN("https://c.example/f"),
                          SPAN("https://c.example/relay"), true, &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R
           "/activities/accept-" HASH "\",\"type\":\"Accept\",\"actor\":\"" R
           "/actor\",\"to\":[\"https://c.example/relay\"],\"object\":{\"id\":"
           "\"https://c.example/f\",\"type\":\"Follow\",\"actor\":"
           "\"https://c.example/relay\",\"object\":\"" R "/actor\"}}");
}

#define FOLLOW                                                                                     \
    "\"id\":\"" R "/activities/follow-" HASH "\",\"type\":\"Follow\",\"actor\":\"" R               \
    "/actor\",\"to\":[\"https://p.example/relay\"],\"object\":\"https://p.example/relay\""

static void test_follow(void **state)
{
    (void)state;
    document_follow(&us, HASH, SPAN("https://p.example/relay"), &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\"," FOLLOW "}");
    document_undo_follow(&us, HASH, SPAN("https://p.example/relay"), &out);
    expect("{\"@context\":\"https://www.w3.org/ns/activitystreams\",\"id\":\"" R
           "/activities/undo-" HASH "\",\"type\":\"Undo\",\"actor\":\"" R
           "/actor\",\"to\":[\"https://p.example/relay\"],\"object\":{" FOLLOW "}}");
}

/* Byte for byte: what merely looks like ours is not. */
static void test_is_ours(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool follow, actor;
    } rows[] = {
        {R "/activities/follow-" HASH, true, false},
        {R "/actor", false, true},
        {R "/activities/follow-" HASH "0", false, false},
        {R "/activities/undo-" HASH, false, false},
        {R "/activities/follow-", false, false},
        {R "/actor/", false, false},
        {R "/actor#main-key", false, false},
        {R "/Actor", false, false},
        {R, false, false},
        {"https://evil.example/actor", false, false},
        {"/actor", false, false},
        {"", false, false},
        {NULL, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(document_is_follow(&us, HASH, span_of(rows[i].text)), rows[i].follow);
        assert_int_equal(document_is_actor(&us, span_of(rows[i].text)), rows[i].actor);
    }
}

/* What we say stays under 64 KiB, even where everything in it is as long as it can be. */
static void test_bounds(void **state)
{
    (void)state;
    char *longest = mem_new(2048 + 1), *follow = mem_new(70000);
    memset(longest, 'x', 2048);
    document_undo_announce(&us, HASH, span_of(longest), WHEN, &out);
    assert_false(out.over);
    bytes_clear(&out);
    document_answer_by_id(&us, true, HASH, span_of(longest), span_of(longest), false, &out);
    assert_false(out.over);
    bytes_clear(&out);
    memset(follow, ' ', 69999);
    follow[0] = '{';
    follow[69998] = '}';
    document_answer(&us, true, HASH, span_of(follow), span_of(longest), &out);
    assert_true(out.over);
    free(follow);
    free(longest);
}

static void test_problem(void **state)
{
    (void)state;
    document_problem(403, "no-zone", "this host belongs to no zone of this relay", SPAN_NONE, &out);
    expect("{\"type\":\"urn:weir:problem:no-zone\",\"title\":\"this host belongs to no zone of "
           "this relay\",\"status\":403,\"code\":\"no-zone\"}");
    document_problem(404, "not-found", "nothing", SPAN("a\"b\r\n\x1b[1m<\xff"), &out);
    expect("{\"type\":\"urn:weir:problem:not-found\",\"title\":\"nothing\",\"status\":404,"
           "\"detail\":\"a\\\"b\\r\\n\\u001b[1m<\xEF\xBF\xBD\",\"code\":\"not-found\"}");
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
        n++;
    return n;
}

static void test_page(void **state)
{
    (void)state;
    struct identity hostile = us;
    hostile.name = SPAN("<script>alert('x')</script>{url}&{");
    document_page(&hostile, 3, &out);
    const char *page = bytes_str(&out);
    assert_false(out.over);
    assert_null(strstr(page, "<script"));
    assert_int_equal(count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;{url}&amp;{"), 2);
    assert_int_equal(count(page, "<code>" R "/inbox</code>"), 4);
    assert_non_null(strstr(page, "@relay@relay.example"));
    assert_non_null(strstr(page, "It has 3 members now."));
    assert_non_null(strstr(page, "<html lang=\"en\">"));
    assert_non_null(strstr(page, "body{max-width:"));
    assert_non_null(strstr(page, "Weir 0.1.0"));
    assert_int_equal(count(page, "<h1>"), 1);
    /* every element that is opened is closed */
    static const struct {
        const char *open, *close;
    } elements[] = {
        {"<html ", "</html>"},   {"<head>", "</head>"},     {"<title>", "</title>"},
        {"<style>", "</style>"}, {"<body>", "</body>"},     {"<main>", "</main>"},
        {"<h1>", "</h1>"},       {"<h2>", "</h2>"},         {"<p>", "</p>"},
        {"<dl>", "</dl>"},       {"<dt>", "</dt>"},         {"<dd>", "</dd>"},
        {"<code>", "</code>"},   {"<footer>", "</footer>"},
    };
    size_t opened = 0;
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        assert_int_equal(count(page, elements[i].open), count(page, elements[i].close));
        opened += count(page, elements[i].open);
    }
    assert_int_equal(count(page, "<"), 2 * opened + 3); /* and two meta, and the doctype */
    /* nothing is loaded from anywhere */
    static const char *const loads[] = {"src=", "href=", "url(", "@import", "style=\""};
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        assert_null(strstr(page, loads[i]));
    bytes_clear(&out);
    document_page(&us, 1, &out);
    assert_non_null(strstr(bytes_str(&out), "It has 1 member now."));
    bytes_clear(&out);
    document_page(&us, -1, &out);
    assert_null(strstr(bytes_str(&out), "It has"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_actor, begin, end),
        cmocka_unit_test_setup_teardown(test_collections, begin, end),
        cmocka_unit_test_setup_teardown(test_webfinger, begin, end),
        cmocka_unit_test_setup_teardown(test_host_meta, begin, end),
        cmocka_unit_test_setup_teardown(test_nodeinfo, begin, end),
        cmocka_unit_test_setup_teardown(test_announce, begin, end),
        cmocka_unit_test_setup_teardown(test_answer, begin, end),
        cmocka_unit_test_setup_teardown(test_follow, begin, end),
        cmocka_unit_test_setup_teardown(test_is_ours, begin, end),
        cmocka_unit_test_setup_teardown(test_bounds, begin, end),
        cmocka_unit_test_setup_teardown(test_problem, begin, end),
        cmocka_unit_test_setup_teardown(test_page, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
