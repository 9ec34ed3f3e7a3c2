/* The unit test of common/pure/json: the tree, asked by people who don't know what is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/json.h"

static const struct json_limits limits = {.depth = 32, .keys = 1000, .nodes = 1000};

static struct json *read_ok(const char *text)
{
    struct json *tree = NULL;
    if (json_read(span_of(text), &limits, &tree) != ERR_OK)
        fail_msg("'%s'", text);
    return tree;
}

static void kinds(void **state)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        size_t len;
    } rows[] = {
        {"null", JSON_NULL, 0},  {"true", JSON_BOOL, 1},       {"0", JSON_NUMBER, 1},
        {"1.5", JSON_NUMBER, 1}, {"-7", JSON_NUMBER, 1},       {"\"\"", JSON_STRING, 1},
        {"[]", JSON_ARRAY, 0},   {"[null]", JSON_ARRAY, 1},    {"[1,[2,3]]", JSON_ARRAY, 2},
        {"{}", JSON_OBJECT, 1},  {" \n{} \t", JSON_OBJECT, 1}, {" 12 ", JSON_NUMBER, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *v = read_ok(rows[i].text);
        if (json_kind(v) != rows[i].kind || json_len(v) != rows[i].len)
            fail_msg("'%s': kind %d, len %zu", rows[i].text, json_kind(v), json_len(v));
        json_free(&v);
        assert_null(v);
    }
    assert_int_equal(json_kind(NULL), JSON_ABSENT);
}

/* Absent all the way down: nobody has to ask before each step. */
static void absent(void **state)
{
    int64_t number = 7;
    struct json *nothing = NULL;
    (void)state;
    assert_null(json_get(NULL, "a"));
    assert_null(json_get(json_get(NULL, "a"), "b"));
    assert_null(json_text(NULL).p);
    assert_true(json_flag(NULL, true));
    assert_false(json_flag(NULL, false));
    assert_false(json_int(NULL, &number));
    assert_int_equal(number, 7);
    assert_int_equal(json_len(NULL), 0);
    assert_null(json_at(NULL, 0));
    assert_false(json_has_key_anywhere(NULL, "a"));
    json_free(&nothing);
    json_free(NULL);
}

static void members(void **state)
{
    struct json *v = read_ok("{\"s\":\"text\",\"e\":\"\",\"n\":null,\"t\":true,\"f\":false,\"i\":5,"
                             "\"\":\"empty\",\"\\u0061b\":\"key\",\"o\":{\"s\":\"inner\"}}");
    (void)state;
    assert_true(span_eq_str(json_text(json_get(v, "s")), "text"));
    assert_true(span_eq_str(json_text(json_get(v, "ab")), "key"));
    assert_true(span_eq_str(json_text(json_get(v, "")), "empty"));
    assert_true(span_eq_str(json_text(json_get(json_get(v, "o"), "s")), "inner"));
    assert_non_null(json_text(json_get(v, "e")).p); /* empty is not absent */
    assert_int_equal(json_text(json_get(v, "e")).n, 0);
    assert_null(json_text(json_get(v, "i")).p);
    assert_null(json_text(json_get(v, "n")).p);
    assert_null(json_get(v, "missing"));
    assert_null(json_get(json_get(v, "s"), "s"));
    /* null is there, and is not absent */
    assert_non_null(json_get(v, "n"));
    assert_int_equal(json_kind(json_get(v, "n")), JSON_NULL);
    assert_int_equal(json_len(json_get(v, "n")), 0);
    assert_null(json_at(json_get(v, "n"), 0));
    assert_true(json_flag(json_get(v, "t"), false));
    assert_false(json_flag(json_get(v, "f"), true));
    assert_true(json_flag(json_get(v, "s"), true));
    assert_false(json_flag(json_get(v, "i"), false));
    json_free(&v);
}

static void text_is_decoded(void **state)
{
    struct json *v = read_ok("[\"\\u00fc\\ud83d\\ude00\\n\\\"\\/\",\"gr\xC3\xBC\xC3\x9F\"]");
    (void)state;
    assert_true(span_eq_str(json_text(json_at(v, 0)), "\xC3\xBC\xF0\x9F\x98\x80\n\"/"));
    assert_true(span_eq_str(json_text(json_at(v, 1)), "gr\xC3\xBC\xC3\x9F"));
    json_free(&v);
}

static void integers(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"1e3", true, 1000},
        {"2.0", true, 2},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0}, /* 2^63 */
        {"9999999999999999999", false, 0},
        {"9007199254740992.0", true, 9007199254740992},
        {"1e16", false, 0}, /* beyond 2^53 a double is no longer exact */
        {"-1e16", false, 0},
        {"1e308", false, 0},
        {"1.5", false, 0},
        {"-0.1", false, 0},
        {"\"1\"", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
        {"{}", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *v = read_ok(rows[i].text);
        int64_t value = 77;
        bool ok = json_int(v, &value);
        if (ok != rows[i].ok || value != (ok ? rows[i].value : 77))
            fail_msg("'%s': %d, %lld", rows[i].text, ok, (long long)value);
        json_free(&v);
    }
}

/* J09: one, many or none, as ActivityPub writes `to`. */
static void lists(void **state)
{
    struct json *v = read_ok("{\"one\":\"a\",\"many\":[\"a\",null,[\"b\"]],\"none\":[],\"o\":{}}");
    (void)state;
    const struct json *one = json_get(v, "one"), *many = json_get(v, "many");
    assert_int_equal(json_len(one), 1);
    assert_ptr_equal(json_at(one, 0), one);
    assert_null(json_at(one, 1));
    assert_int_equal(json_len(many), 3);
    assert_true(span_eq_str(json_text(json_at(many, 0)), "a"));
    assert_int_equal(json_kind(json_at(many, 1)), JSON_NULL);
    assert_int_equal(json_kind(json_at(many, 2)), JSON_ARRAY);
    assert_null(json_at(many, 3));
    assert_null(json_at(many, SIZE_MAX));
    assert_int_equal(json_len(json_get(v, "none")), 0);
    assert_null(json_at(json_get(v, "none"), 0));
    assert_int_equal(json_len(json_get(v, "o")), 1);
    assert_int_equal(json_len(json_get(v, "missing")), 0);
    json_free(&v);
}

static void keys_anywhere(void **state)
{
    static const struct {
        const char *text;
        bool found;
    } rows[] = {
        {"{\"@graph\":1}", true},
        {"{\"@graph\":null}", true},
        {"{\"\\u0040graph\":1}", true},
        {"{\"a\":{\"b\":{\"@graph\":[]}}}", true},
        {"{\"a\":[1,[{\"b\":1},{\"@graph\":1}]]}", true},
        {"[null,{\"a\":null,\"@graph\":1}]", true},
        {"{\"a\":{},\"b\":[],\"c\":null,\"d\":{\"@graph\":1}}", true},
        {"{}", false},
        {"null", false},
        {"\"@graph\"", false},
        {"{\"a\":\"@graph\"}", false},
        {"[\"@graph\"]", false},
        {"{\"@graph2\":1,\"graph\":1,\"@Graph\":1}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *v = read_ok(rows[i].text);
        if (json_has_key_anywhere(v, "@graph") != rows[i].found)
            fail_msg("'%s'", rows[i].text);
        json_free(&v);
    }
}

/* J10: names that are special elsewhere are plain strings here. */
static void plain_names(void **state)
{
    struct json *v = read_ok("{\"__proto__\":{\"actor\":\"evil\"},\"constructor\":1}");
    (void)state;
    assert_null(json_get(v, "actor"));
    assert_int_equal(json_kind(json_get(v, "__proto__")), JSON_OBJECT);
    json_free(&v);
}

static void refused(void **state)
{
    struct json *v = (struct json *)state; /* anything: it must be cleared */
    assert_int_equal(json_read(SPAN("{\"a\":1,\"a\":2}"), &limits, &v), ERR_JSON_DUPLICATE);
    assert_null(v);
    const struct json_limits shallow = {.depth = 1, .keys = 9, .nodes = 9};
    assert_int_equal(json_read(SPAN("[[]]"), &shallow, &v), ERR_JSON_DEPTH);
    assert_int_equal(json_read(SPAN("[1]"), &shallow, &v), ERR_OK);
    json_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),           cmocka_unit_test(absent),      cmocka_unit_test(members),
        cmocka_unit_test(text_is_decoded), cmocka_unit_test(integers),    cmocka_unit_test(lists),
        cmocka_unit_test(keys_anywhere),   cmocka_unit_test(plain_names), cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
