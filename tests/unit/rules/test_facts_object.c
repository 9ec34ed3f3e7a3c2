/* facts: languages, files, media, answers and mentions, in the shapes that programs send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/facts_rig.h"

#define NOTE(more) WRAP("\"type\":\"Note\"" more)

static const struct {
    const char *text;
    enum fact fact;
    const char *wanted;
} table[] = {
    /* languages */
    {NOTE(), FACT_LANGUAGE, "missing: none is said"},
    {NOTE(",\"contentMap\":{\"en\":\"a\"}"), FACT_LANGUAGE, "[en]"},
    {NOTE(",\"contentMap\":{\"de-AT\":\"a\",\"DE\":\"b\"}"), FACT_LANGUAGE, "[de-at, de]"},
    {NOTE(",\"contentMap\":{\"zh-Hant-TW\":null},\"nameMap\":{\"fr\":\"b\"},\"summaryMap\":"
          "{\"it\":\"c\"}"),
     FACT_LANGUAGE, "[zh-hant-tw, zh, fr, it]"},
    {NOTE(",\"language\":{\"identifier\":\"fr\",\"name\":\"Fran\xc3\xa7"
          "ais\"}"),
     FACT_LANGUAGE, "[fr]"},
    {NOTE(",\"language\":\"fr\",\"inLanguage\":[\"en-GB\",{\"identifier\":\"nl\"}]"), FACT_LANGUAGE,
     "[fr, en-gb, en, nl]"},
    {NOTE(",\"contentMap\":{\"und\":\"a\",\"\":\"b\"},\"language\":\"UND\""), FACT_LANGUAGE,
     "missing: none is said"},
    {NOTE(",\"contentMap\":\"de\",\"language\":7,\"inLanguage\":null"), FACT_LANGUAGE,
     "missing: none is said"},
    {NOTE(",\"language\":\"a-language-that-is-one-byte-too-long\""), FACT_LANGUAGE,
     "missing: none is said"},
    {"{\"@context\":[\"https://www.w3.org/ns/activitystreams\",{\"@language\":\"pt\"}]," HEAD
     "\"type\":\"Create\",\"object\":{\"id\":\"https://a.example/n\",\"@context\":{\"@language\":"
     "\"es\"}}}",
     FACT_LANGUAGE, "[pt, es]"},
    {"{\"@context\":{\"@language\":\"und\"}," HEAD
     "\"type\":\"Create\",\"object\":\"https://a.example/n\"}",
     FACT_LANGUAGE, "missing: none is said"},
    {"{\"@context\":{\"@language\":\"sv\"}," HEAD
     "\"type\":\"Create\",\"object\":\"https://a.example/n\"}",
     FACT_LANGUAGE, "[sv]"},
    /* files */
    {NOTE(), FACT_ATTACHMENTS, "0"},
    {NOTE(",\"attachment\":[]"), FACT_ATTACHMENTS, "0"},
    {NOTE(",\"attachment\":{\"type\":\"Image\",\"url\":\"https://a.example/p\"}"), FACT_ATTACHMENTS,
     "1"},
    {NOTE(",\"attachment\":[{\"type\":\"Document\",\"mediaType\":\"image/png\"},\"https://a/b\","
          "{\"type\":\"Link\",\"href\":\"https://a.example\"},{\"type\":\"PropertyValue\"},{},"
          "{\"type\":\"Link\",\"mediaType\":\"image/png\"},null,7]"),
     FACT_ATTACHMENTS, "4"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"}", FACT_ATTACHMENTS,
     "missing: the object is only named"},
    /* media */
    {NOTE(), FACT_MEDIA, "[]"},
    {NOTE(",\"attachment\":[{\"type\":\"Document\",\"mediaType\":\"Image/PNG\"}]"), FACT_MEDIA,
     "[image]"},
    {NOTE(",\"attachment\":[{\"type\":\"as:Video\"},{\"type\":\"Audio\"},{\"type\":\"Image\"}]"),
     FACT_MEDIA, "[image, video, audio]"},
    {NOTE(",\"attachment\":[{\"type\":\"Document\"},{\"type\":\"x:Y\"}]"), FACT_MEDIA,
     "[document, other]"},
    {NOTE(",\"attachment\":{\"type\":\"x:Y\",\"mediaType\":\"application/pdf\"}"), FACT_MEDIA,
     "[document]"},
    {NOTE(",\"attachment\":\"https://a.example/p\""), FACT_MEDIA, "[other]"},
    {NOTE(",\"attachment\":{\"type\":\"Link\",\"mediaType\":\"text/html\"}"), FACT_MEDIA, "[]"},
    {NOTE(",\"attachment\":{\"type\":\"Link\",\"mediaType\":\"video/mp4\"}"), FACT_MEDIA,
     "[video]"},
    {NOTE(",\"attachment\":{\"type\":\"Image\",\"mediaType\":\"video/mp4\"}"), FACT_MEDIA,
     "[video]"},
    {NOTE(",\"attachment\":{\"type\":\"Image\",\"mediaType\":\"imagery/png\"}"), FACT_MEDIA,
     "[image]"},
    {WRAP("\"type\":\"Video\",\"url\":[{\"type\":\"Link\",\"mediaType\":\"text/html\"},"
          "{\"type\":\"Link\",\"mediaType\":\"audio/mp4\"}]"),
     FACT_MEDIA, "[video, audio]"},
    {WRAP("\"type\":\"Page\",\"image\":{\"type\":\"Image\",\"url\":\"https://a.example/p\"}"),
     FACT_MEDIA, "[image]"},
    {NOTE(",\"content\":\"<IMG src=x><p><video><iframe>\""), FACT_MEDIA, "[image, video, other]"},
    {NOTE(",\"content\":\"a\",\"contentMap\":{\"en\":\"a\",\"de\":\"<audio\"}"), FACT_MEDIA,
     "[audio]"},
    {NOTE(",\"content\":\"a < img &lt;img &gt; <\""), FACT_MEDIA, "[]"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"}", FACT_MEDIA,
     "missing: the object is only named"},
    /* what it answers */
    {NOTE(), FACT_REPLY_TO, "[none]"},
    {NOTE(",\"inReplyTo\":null"), FACT_REPLY_TO, "[none]"},
    {NOTE(",\"inReplyTo\":[]"), FACT_REPLY_TO, "[none]"},
    {NOTE(",\"inReplyTo\":\"\""), FACT_REPLY_TO, "[none]"},
    {NOTE(",\"inReplyTo\":\"https://blog.corp.example/n\""), FACT_REPLY_TO, "[internal]"},
    {NOTE(",\"inReplyTo\":{\"id\":\"https://social.acme.example/n\",\"type\":\"Note\"}"),
     FACT_REPLY_TO, "[partners]"},
    {NOTE(",\"inReplyTo\":[\"https://social.acme.example/n\"]"), FACT_REPLY_TO, "[partners]"},
    {NOTE(",\"inReplyTo\":\"https://b.example/n\""), FACT_REPLY_TO, "[other]"},
    {NOTE(",\"inReplyTo\":\"urn:x\""), FACT_REPLY_TO, "[other]"},
    {NOTE(",\"inReplyTo\":7"), FACT_REPLY_TO, "[other]"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"}", FACT_REPLY_TO,
     "missing: the object is only named"},
    /* who is mentioned: on all levels, by id, else by name */
    {NOTE(), FACT_MENTIONS, "[]"},
    {NOTE(",\"tag\":[{\"type\":\"Mention\",\"href\":\"https://blog.corp.example/u/al\"},"
          "{\"type\":\"Mention\",\"href\":\"https://social.acme.example/u/bo\"},"
          "{\"type\":\"Mention\",\"href\":\"https://wiki.corp.example/u/cy\"},"
          "{\"type\":\"Hashtag\",\"href\":\"https://b.example/tags/x\",\"name\":\"#x\"}]"),
     FACT_MENTIONS, "[internal, partners]"},
    {NOTE(",\"tag\":{\"type\":\"as:Mention\",\"href\":\"https://b.example/u\"}"), FACT_MENTIONS,
     "[other]"},
    {NOTE(",\"tag\":{\"type\":\"Mention\",\"name\":\"@bo@social.acme.example\"}"), FACT_MENTIONS,
     "[partners]"},
    {NOTE(",\"tag\":{\"type\":\"Mention\",\"name\":\"bo@Social.ACME.example\",\"href\":\"/bo\"}"),
     FACT_MENTIONS, "[partners]"},
    {NOTE(",\"tag\":[{\"type\":\"Mention\",\"name\":\"@bo\"}]"), FACT_MENTIONS, "[...]"},
    {NOTE(",\"tag\":[{\"type\":\"Mention\",\"name\":\"@bo@\"}]"), FACT_MENTIONS, "[...]"},
    {NOTE(",\"tag\":[{\"type\":\"Mention\",\"name\":\"@bo@a@social.acme.example\"}]"),
     FACT_MENTIONS, "[...]"},
    {NOTE(",\"tag\":[{\"type\":\"Mention\"},{\"type\":\"Mention\",\"href\":"
          "\"https://b.example/u\"}]"),
     FACT_MENTIONS, "[other, ...]"},
    {"{" HEAD "\"type\":\"Announce\",\"tag\":{\"type\":\"Mention\",\"href\":"
     "\"https://x.corp.example/u\"},\"object\":{\"id\":\"https://b.example/c\",\"type\":\"Create\","
     "\"object\":{\"id\":\"https://b.example/n\",\"tag\":{\"type\":\"Mention\",\"href\":"
     "\"https://x.acme.example/u\"}}}}",
     FACT_MENTIONS, "[internal, partners]"},
};

static void rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        rig_expect(table[i].text, &rig_context, table[i].fact, table[i].wanted);
}

/* --- bounds ---------------------------------------------------------------------------------- */

static size_t asked;

static const char *count_zone(void *arg, struct span host)
{
    (void)arg, (void)host;
    asked++;
    return "internal";
}

/* A note with a list of `count` elements, numbered where %zu is. */
static const struct fact_value *read_many(const char *key, const char *before, const char *after,
                                          size_t count, const char *close, enum fact fact)
{
    static const struct facts_context context = {.zone_of = count_zone};
    struct bytes text;
    bytes_init(&text, 1 << 20);
    bytes_add_str(&text, "{" HEAD TO ",\"type\":\"Create\",\"object\":{\"id\":"
                         "\"https://a.example/n\",");
    bytes_add_str(&text, key);
    for (size_t i = 0; i < count; i++)
        bytes_addf(&text, "%s%s%zu%s", i ? "," : "", before, i, after);
    bytes_addf(&text, "%s}}", close);
    const struct fact_value *value = facts_get(rig_read(bytes_str(&text), &context), fact);
    bytes_fini(&text);
    assert_true(value->known);
    return value;
}

#define MENTIONS(count)                                                                            \
    read_many("\"tag\":[", "{\"type\":\"Mention\",\"href\":\"https://h", ".example/u\"}", (count), \
              "]", FACT_MENTIONS)
#define LANGUAGES(count)                                                                           \
    read_many("\"contentMap\":{", "\"x", "\":\"\"", (count), "}", FACT_LANGUAGE)

static void bounds(void **state)
{
    (void)state;
    asked = 0;
    assert_false(MENTIONS(FACTS_MENTIONS_MAX)->cut);
    assert_int_equal(asked, FACTS_MENTIONS_MAX);
    rig_end();
    asked = 0;
    assert_true(MENTIONS(2000)->cut);
    assert_int_equal(asked, FACTS_MENTIONS_MAX);
    rig_end();
    assert_false(LANGUAGES(FACTS_LANGUAGES_MAX)->cut);
    rig_end();
    const struct fact_value *value = LANGUAGES(FACTS_LANGUAGES_MAX + 1);
    assert_true(value->cut);
    assert_int_equal(value->texts_n, FACTS_LANGUAGES_MAX);
    rig_end();
    assert_int_equal(read_many("\"attachment\":[", "{\"type\":\"Image", "\"},{\"type\":\"Image\"}",
                               1000, "]", FACT_ATTACHMENTS)
                         ->number,
                     2000);
    rig_end();
}

/* --- crossed --------------------------------------------------------------------------------- */

static bool crossed_to_two(void *arg, int zone)
{
    assert_ptr_equal(arg, &asked);
    return zone == 2;
}

static void crossed(void **state)
{
    const struct facts_context context = {.crossed = crossed_to_two, .arg = &asked};
    (void)state;
    rig_read(NOTE(",\"inReplyTo\":\"https://b.example/n\""), &context);
    assert_true(facts_crossed(&rig_facts, 2));
    assert_false(facts_crossed(&rig_facts, 1));
    rig_end();
    rig_read(NOTE(), &context);
    assert_false(facts_crossed(&rig_facts, 2));
    rig_end();
    rig_read("{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"}", &context);
    assert_false(facts_crossed(&rig_facts, 2));
    rig_end();
    rig_read(NOTE(",\"inReplyTo\":\"https://b.example/n\""), &rig_context);
    assert_false(facts_crossed(&rig_facts, 2));
    rig_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(bounds),
        cmocka_unit_test(crossed),
    };
    return cmocka_run_group_tests(tests, NULL, drop_tree);
}
