/* facts: each fact of one activity; what makes it missing, what cuts it. */
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
} expected[] = {
    {NOTE(), FACT_TYPE, "[Create]"},
    {"{" HEAD "\"type\":\"as:Create\",\"object\":\"https://a.example/n\"}", FACT_TYPE, "[Create]"},
    {"{" HEAD "\"type\":\"View\",\"object\":\"https://a.example/n\"}", FACT_TYPE, "[View]"},
    /* the object: the innermost */
    {NOTE(), FACT_OBJECT, "[Note]"},
    {WRAP("\"type\":[\"as:Article\",\"x:Y\",\"Article\"]"), FACT_OBJECT, "[Article, x:Y]"},
    {WRAP("\"content\":\"a\""), FACT_OBJECT, "missing: the object is only named"},
    {"{" HEAD "\"type\":\"Create\",\"object\":\"https://a.example/n\"}", FACT_OBJECT,
     "missing: the object is only named"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"Create\",\"object\":{\"id\":\"https://b.example/n\",\"type\":\"Page\"}}}",
     FACT_OBJECT, "[Page]"},
    {"{" HEAD TO ",\"type\":\"Announce\",\"object\":{\"id\":\"https://b.example/c\",\"type\":"
     "\"x:Edit\",\"object\":[{\"id\":\"https://b.example/n\",\"type\":\"Patch\"}]}}",
     FACT_OBJECT, "[Patch]"},
    {"{" HEAD TO ",\"type\":\"Undo\",\"object\":{\"id\":\"https://a.example/f\",\"type\":"
     "\"Announce\",\"object\":\"https://b.example/n\"}}",
     FACT_OBJECT, "missing: the object is only named"},
    {WRAP("\"type\":[\"A1\",\"A2\",\"A3\",\"A4\",\"A5\",\"A6\",\"A7\",\"A8\",\"A9\"]"), FACT_OBJECT,
     "[A1, A2, A3, A4, A5, A6, A7, A8, ...]"},
    /* tags: those of all levels, without case */
    {NOTE(), FACT_TAGS, "[]"},
    {NOTE(",\"tag\":[{\"type\":\"Hashtag\",\"name\":\"#SupplyChain\"},"
          "{\"type\":\"Hashtag\",\"name\":\"#supplychain\"},"
          "{\"type\":\"Hashtag\",\"name\":\"\xc3\x89t\xc3\xa9\"}]"),
     FACT_TAGS, "[supplychain, \xc3\xa9t\xc3\xa9]"},
    {NOTE(), FACT_AUTHOR, "[https://blog.corp.example/u/jo]"},
    {NOTE(), FACT_AUTHOR_HOST, "[blog.corp.example]"},
    /* visibility */
    {NOTE(), FACT_VISIBILITY, "[public]"},
    {"{" HEAD "\"to\":[],\"cc\":" PUBLIC ",\"type\":\"Create\",\"object\":"
     "\"https://a.example/n\"}",
     FACT_VISIBILITY, "[unlisted]"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\"}", FACT_VISIBILITY,
     "missing: neither is said"},
    /* sensitive: only what is said with a word of JSON */
    {NOTE(), FACT_SENSITIVE, "missing: it is not said"},
    {NOTE(",\"sensitive\":true"), FACT_SENSITIVE, "yes"},
    {NOTE(",\"sensitive\":false"), FACT_SENSITIVE, "no"},
    {NOTE(",\"sensitive\":null"), FACT_SENSITIVE, "missing: it is not said"},
    {NOTE(",\"sensitive\":\"true\""), FACT_SENSITIVE, "missing: it is not said"},
    /* proofs: their shape */
    {NOTE(), FACT_PROOF, "[none]"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"signature\":{\"type\":"
     "\"RsaSignature2017\"}}",
     FACT_PROOF, "[ld-signature]"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"signature\":{\"type\":"
     "\"RsaSignature2017\"},\"proof\":{\"type\":\"DataIntegrityProof\"}}",
     FACT_PROOF, "[ld-signature, fep-8b32]"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"proof\":[{},{}]}",
     FACT_PROOF, "[fep-8b32]"},
    {"{" HEAD "\"type\":\"Delete\",\"object\":\"https://a.example/n\",\"signature\":{\"type\":"
     "\"Other\"},\"proof\":\"x\"}",
     FACT_PROOF, "[none]"},
    /* what nobody told */
    {NOTE(), FACT_CONSENT, "missing: the author's zone asks for no consent"},
    {NOTE(), FACT_BOT, "missing: the author's document is not known"},
    {NOTE(), FACT_INDEXABLE, "missing: the author's document is not known"},
    {NOTE(), FACT_SIZE, "missing: nothing was received"},
    {NOTE(), FACT_SOFTWARE, "missing: the software is not known"},
    {NOTE(",\"published\":\"2026-01-01T00:00:00Z\""), FACT_AGE, "missing: it is not said"},
};

static void rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
        rig_expect(expected[i].text, &rig_context, expected[i].fact, expected[i].wanted);
}

/* What the caller says comes out as it is. */
static void told(void **state)
{
    const struct facts_context yes = {.bytes = 70000,
                                      .software = SPAN("Mastodon"),
                                      .consent = FACT_YES,
                                      .bot = FACT_YES,
                                      .indexable = FACT_YES};
    const struct facts_context no = {
        .bytes = 1, .consent = FACT_NO, .bot = FACT_NO, .indexable = FACT_NO};
    (void)state;
    rig_expect(NOTE(), &yes, FACT_CONSENT, "yes");
    rig_expect(NOTE(), &no, FACT_CONSENT, "no");
    rig_expect(NOTE(), &yes, FACT_BOT, "yes");
    rig_expect(NOTE(), &no, FACT_BOT, "no");
    rig_expect(NOTE(), &yes, FACT_INDEXABLE, "yes");
    rig_expect(NOTE(), &no, FACT_INDEXABLE, "no");
    rig_expect(NOTE(), &yes, FACT_SIZE, "70000 bytes");
    rig_expect(NOTE(), &no, FACT_SIZE, "1 bytes");
    rig_expect(NOTE(), &yes, FACT_SOFTWARE, "[mastodon]");
}

/* The object's own time goes before the activity's; what is to come has no age. */
static void age(void **state)
{
    const struct facts_context at = {.now_ms = 100500};
    (void)state;
    rig_expect(NOTE(",\"published\":\"1970-01-01T00:00:10Z\""), &at, FACT_AGE, "90 seconds");
    rig_expect(NOTE(",\"published\":\"1970-01-01T00:00:10Z\",\"updated\":\"1970-01-01T00:01:00Z\""),
               &at, FACT_AGE, "90 seconds");
    rig_expect(NOTE(",\"published\":\"2170-01-01T00:00:00Z\""), &at, FACT_AGE, "0 seconds");
    rig_expect(NOTE(",\"published\":\"yesterday\""), &at, FACT_AGE, "missing: it is not said");
    rig_expect(NOTE(",\"published\":\"0001-01-01T00:00:00Z\""), &at, FACT_AGE,
               "62135596900 seconds");
    rig_expect("{" HEAD "\"type\":\"Create\",\"published\":\"1970-01-01T00:01:00Z\",\"object\":"
               "\"https://a.example/n\"}",
               &at, FACT_AGE, "40 seconds");
}

/* The fetched object is the object, whatever the activity embeds or said before. */
static void fetched(void **state)
{
    struct json *object;
    (void)state;
    struct facts_context context = rig_context;
    assert_int_equal(
        json_read(
            span_of("{\"id\":\"https://b.example/n\",\"type\":\"Note\",\"to\":" PUBLIC
                    ",\"inReplyTo\":\"https://x.acme.example/1\",\"tag\":[{\"type\":"
                    "\"Mention\",\"href\":\"https://y.corp.example/u\"}],\"sensitive\":true}"),
            &json_limits, &object),
        ERR_OK);
    rig_read("{" HEAD TO ",\"type\":\"Announce\",\"object\":\"https://b.example/n\",\"tag\":{"
             "\"type\":\"Mention\",\"href\":\"https://x.acme.example/u\"}}",
             &context);
    assert_false(facts_get(&rig_facts, FACT_OBJECT)->known);
    facts_fini(&rig_facts);
    assert_int_equal(activity_take_object(&rig_activity, object, &limits), ERR_OK);
    facts_init(&rig_facts, &rig_activity, &context);
    const struct fact_value *value = facts_get(&rig_facts, FACT_OBJECT);
    assert_int_equal(value->texts_n, 1);
    assert_true(span_eq_str(value->texts[0], "Note"));
    assert_true(span_eq_str(facts_get(&rig_facts, FACT_REPLY_TO)->texts[0], "partners"));
    assert_true(facts_get(&rig_facts, FACT_SENSITIVE)->flag);
    value = facts_get(&rig_facts, FACT_MENTIONS);
    assert_int_equal(value->texts_n, 1);
    assert_true(span_eq_str(value->texts[0], "internal"));
    json_free(&object);
    rig_end();
}

/* The same value each time: read once, at one place. */
static void once(void **state)
{
    (void)state;
    rig_read(NOTE(",\"tag\":[{\"type\":\"Hashtag\",\"name\":\"a\"}]"), &rig_context);
    const struct fact_value *tags = facts_get(&rig_facts, FACT_TAGS);
    const struct span *texts = tags->texts;
    for (int i = 0; i < FACT_COUNT; i++)
        facts_get(&rig_facts, (enum fact)i);
    assert_ptr_equal(facts_get(&rig_facts, FACT_TAGS), tags);
    assert_ptr_equal(tags->texts, texts);
    rig_end();
}

/* The table is whole: names are words of the grammar, each once, and found by name. */
static void table(void **state)
{
    enum fact found;
    (void)state;
    for (int i = 0; i < FACT_COUNT; i++) {
        const struct fact_row *row = fact_row((enum fact)i);
        assert_true(fact_by_name(span_of(row->name), &found));
        assert_int_equal(found, i);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_true(strlen(row->prose) > 10 && strlen(row->missing) > 4);
        assert_int_equal(row->kind == FACT_KIND_NUMBER, row->unit != FACT_UNIT_NONE);
    }
    assert_false(fact_by_name(SPAN("tag"), &found));
    assert_false(fact_by_name(SPAN(""), &found));
    assert_false(fact_by_name(SPAN("Tags"), &found));
}

/* Less through: an allow needs to be sure, everything else does not; an exception the other way. */
static void cut(void **state)
{
    (void)state;
    assert_false(facts_cut_matches(true, false));
    assert_true(facts_cut_matches(false, false));
    assert_true(facts_cut_matches(true, true));
    assert_false(facts_cut_matches(false, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),    cmocka_unit_test(told), cmocka_unit_test(age),
        cmocka_unit_test(fetched), cmocka_unit_test(once), cmocka_unit_test(table),
        cmocka_unit_test(cut),
    };
    return cmocka_run_group_tests(tests, NULL, drop_tree);
}
