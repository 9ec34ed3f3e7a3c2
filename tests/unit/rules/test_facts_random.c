/* facts: documents that were damaged at random, and links hidden in random mess. The seeds are
 * fixed: what fails once fails always. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/utf8.h"
#include "tests/unit/rules/facts_rig.h"

enum { ROUNDS = 20000 };

static uint64_t state_of = 88172645463325252u;

static size_t roll(size_t below)
{
    state_of ^= state_of << 13;
    state_of ^= state_of >> 7;
    state_of ^= state_of << 17;
    return (size_t)(state_of % below);
}

static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "7",
    "\"x\"",
    "\"type\"",
    "\"object\"",
    "\"tag\"",
    "\"Mention\"",
    "\"Hashtag\"",
    "\"Link\"",
    "\"Create\"",
    "\"Note\"",
    "\"href\"",
    "\"name\"",
    "\"https://b.example/\"",
    "\"@a@b.example\"",
    "\"https:b\"",
    "\"\"",
    "\"attachment\"",
    "\"mediaType\"",
    "\"image/png\"",
    "\"content\"",
    "\"contentMap\"",
    "\"inReplyTo\"",
    "\"published\"",
    "\"@context\"",
    "\"@language\"",
    "\"url\"",
    "\"language\"",
    "\"sensitive\"",
    "\"proof\"",
    "\"signature\"",
    "\\u0000",
    "\\ud800",
    "\xff",
    "\xc3\xa9",
};

static const char sound[] =
    "{\"@context\":[{\"@language\":\"de-AT\"}],\"id\":\"https://a.example/"
    "1\",\"type\":\"Announce\","
    "\"actor\":\"https://a.example/u\",\"to\":\"as:Public\",\"object\":{\"id\":"
    "\"https://a.example/2\",\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\","
    "\"type\":[\"Note\",\"x:Y\"],\"published\":\"2026-01-01T00:00:00Z\",\"sensitive\":true,"
    "\"content\":\"<a href='https://b.example/'>b</a>\",\"contentMap\":{\"de\":\"b\",\"en\":\"c\"},"
    "\"language\":{\"identifier\":\"fr\"},\"inReplyTo\":\"https://x.corp.example/1\",\"url\":"
    "[{\"type\":\"Link\",\"href\":\"https://c.example\",\"mediaType\":\"video/mp4\"}],"
    "\"attachment\":[{\"type\":\"Document\",\"mediaType\":\"image/png\"},{\"type\":\"Link\","
    "\"href\":\"https://d.example\"}],\"tag\":[{\"type\":\"Mention\",\"href\":"
    "\"https://x.acme.example/u\"},{\"type\":\"Hashtag\",\"name\":\"#A\"}]}},\"proof\":{},"
    "\"signature\":{\"type\":\"RsaSignature2017\"}}";

/* Replaces, removes or puts in a few pieces. */
static void damage(struct bytes *text)
{
    struct bytes next;
    for (size_t times = 1 + roll(3); times; times--) {
        struct span was = bytes_span(text);
        size_t at = roll(was.n), gone = roll(2) ? roll(8) : 0;
        gone = gone < was.n - at ? gone : was.n - at;
        bytes_init(&next, 1 << 16);
        bytes_add(&next, (struct span){was.p, at});
        if (roll(3))
            bytes_add_str(&next, pieces[roll(sizeof(pieces) / sizeof(*pieces))]);
        bytes_add(&next, (struct span){was.p + at + gone, was.n - at - gone});
        bytes_fini(text);
        *text = next;
    }
}

/* What holds for each fact, whatever was sent. */
static void check(struct facts *facts, enum fact fact)
{
    static const size_t most[FACT_COUNT] = {[FACT_TYPE] = 1,
                                            [FACT_OBJECT] = FACTS_TYPES_MAX,
                                            [FACT_TAGS] = ACTIVITY_TAGS_MAX,
                                            [FACT_AUTHOR] = 1,
                                            [FACT_AUTHOR_HOST] = 1,
                                            [FACT_VISIBILITY] = 1,
                                            [FACT_LANGUAGE] = FACTS_LANGUAGES_MAX,
                                            [FACT_MEDIA] = 5,
                                            [FACT_REPLY_TO] = 1,
                                            [FACT_MENTIONS] = 3,
                                            [FACT_LINKS] = FACTS_LINKS_MAX,
                                            [FACT_PROOF] = 2,
                                            [FACT_SOFTWARE] = 1};
    const struct fact_value *value = facts_get(facts, fact);
    assert_true(value->texts_n <= most[fact]);
    assert_true(value->known || (!value->cut && !value->texts_n && !value->number));
    assert_true(value->number >= 0);
    for (size_t i = 0; i < value->texts_n; i++) {
        assert_true(value->texts[i].n > 0);
        assert_true(utf8_valid(value->texts[i]));
        for (size_t j = 0; j < i; j++)
            assert_false(span_eq(value->texts[i], value->texts[j]));
    }
}

static void damaged(void **state)
{
    size_t readable = 0;
    const struct facts_context context = {
        .now_ms = 1, .bytes = 1, .zone_of = rig_zone, .software = SPAN("x")};
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct bytes text;
        bytes_init(&text, 1 << 16);
        bytes_add_str(&text, sound);
        damage(&text);
        if (json_read(bytes_span(&text), &json_limits, &tree) == ERR_OK &&
            activity_read(tree, &limits, &rig_activity) == ERR_OK) {
            readable++;
            facts_init(&rig_facts, &rig_activity, &context);
            for (int fact = 0; fact < FACT_COUNT; fact++)
                check(&rig_facts, (enum fact)fact);
            facts_fini(&rig_facts);
        }
        json_free(&tree);
        bytes_fini(&text);
    }
    /* Or the pieces say nothing. */
    assert_true(readable > ROUNDS / 20);
}

/* --- hidden links ---------------------------------------------------------------------------- */

static const char *const mess[] = {
    "<",      ">",        "\\\"",      "'",         "=",      " ",        "/",    "<a",
    "<!--",   "-->",      "&amp;",     "&",         "&#",     "x",        "href", "href=",
    "src='",  "</a>",     "<![CDATA[", "]]>",       "\\n",    "\xc3\xa9", "http", "://",
    "https:", "<script>", "\\\\",      "c.example", "&#x68;", "#",
};

static const char *const hidden[] = {
    " href=\\\"https://b.example/\\\" ",
    " href='//b.example' ",
    " href=//b.example ",
    " HREF = &#104;ttps://b.example/ ",
    " src='https:\\\\\\\\b.example\\\\x' ",
    " href='ht\\ntp://b.example' ",
    " http://b.example/ ",
    " href='https://b.exa&shy;mple/' ",
};

/* Whatever stands around it: the host is found, or the list says that it is not all. */
static void found(void **state)
{
    (void)state;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct bytes text;
        bool seen = false;
        bytes_init(&text, 1 << 16);
        bytes_add_str(&text, "{" HEAD TO ",\"type\":\"Create\",\"object\":{\"id\":"
                             "\"https://a.example/n\",\"content\":\"");
        for (size_t n = roll(12); n; n--)
            bytes_add_str(&text, mess[roll(sizeof(mess) / sizeof(*mess))]);
        bytes_add_str(&text, hidden[roll(sizeof(hidden) / sizeof(*hidden))]);
        for (size_t n = roll(12); n; n--)
            bytes_add_str(&text, mess[roll(sizeof(mess) / sizeof(*mess))]);
        bytes_add_str(&text, "\"}}");
        const struct fact_value *value =
            facts_get(rig_read(bytes_str(&text), &rig_context), FACT_LINKS);
        for (size_t i = 0; i < value->texts_n; i++)
            seen = seen || span_eq_str(value->texts[i], "b.example");
        if (!seen && !value->cut)
            fail_msg("not found in %s", bytes_str(&text));
        bytes_fini(&text);
        rig_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged),
        cmocka_unit_test(found),
    };
    return cmocka_run_group_tests(tests, NULL, drop_tree);
}
