/* The unit test of common/pure/json_write: what we write, our own strict scan takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pure/json.h"

static void a_document(void **state)
{
    struct bytes out;
    struct json_writer w;
    (void)state;
    bytes_init(&out, 1000);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "id", SPAN("https://a.example/1"));
    json_member(&w, "absent", SPAN_NONE);
    json_member(&w, "empty", SPAN(""));
    json_key(&w, "to");
    json_open(&w, '[');
    json_add_text(&w, SPAN("x"));
    json_open(&w, '[');
    json_close(&w, ']');
    json_open(&w, '{');
    json_close(&w, '}');
    json_add_null(&w);
    json_close(&w, ']');
    json_member_int(&w, "n", INT64_MIN);
    json_member_bool(&w, "t", true);
    json_key(&w, "raw");
    json_add_raw(&w, SPAN("{\"a\": 1}"));
    json_key(&w, "list");
    json_open(&w, '[');
    json_add_int(&w, 1);
    json_add_bool(&w, false);
    json_add_raw(&w, SPAN("2"));
    json_close(&w, ']');
    json_close(&w, '}');
    assert_string_equal(bytes_str(&out),
                        "{\"id\":\"https://a.example/1\",\"empty\":\"\",\"to\":[\"x\",[],{},null],"
                        "\"n\":-9223372036854775808,\"t\":true,\"raw\":{\"a\": 1},"
                        "\"list\":[1,false,2]}");
    assert_false(out.over);
    bytes_fini(&out);
}

static void texts(void **state)
{
    static const struct {
        struct span text;
        const char *written;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{"a\"b\\c/d", 7}, "\"a\\\"b\\\\c/d\""},
        {{"\b\t\n\f\r", 5}, "\"\\b\\t\\n\\f\\r\""},
        {{"\0\x01\x1F\x7F", 4}, "\"\\u0000\\u0001\\u001f\x7F\""},
        {{"\xC3\xBC\xF0\x9F\x98\x80", 6}, "\"\xC3\xBC\xF0\x9F\x98\x80\""},
        {{"\xFF", 1}, "\"\xEF\xBF\xBD\""},
        {{"a\xC0\xAF"
          "b",
          4},
         "\"a\xEF\xBF\xBD\xEF\xBF\xBD"
         "b\""},
        {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {{"a\xE2\x82", 3}, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes out;
        struct json_writer w;
        bytes_init(&out, 100);
        json_begin(&w, &out);
        json_add_text(&w, rows[i].text);
        assert_string_equal(bytes_str(&out), rows[i].written);
        bytes_fini(&out);
    }
}

/* Any bytes but NUL, as a key and as a value, make a document that our own scan takes. */
static void comes_back(void **state)
{
    static const struct json_limits limits = {.depth = 4, .keys = 10, .nodes = 10};
    uint32_t x = 88675123;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        char raw[40];
        for (size_t k = 0; k < sizeof raw; k++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            uint32_t byte = x & (i % 2 ? 0xFF : 0x7F); /* every other text is ASCII */
            raw[k] = (char)(byte ? byte : 1);
        }
        raw[sizeof raw - 1] = '\0';
        struct bytes out;
        struct json_writer w;
        struct json *tree = NULL;
        bytes_init(&out, 1000);
        json_begin(&w, &out);
        json_open(&w, '{');
        json_key(&w, raw);
        json_add_text(&w, span_of(raw));
        json_close(&w, '}');
        assert_false(out.over);
        assert_int_equal(json_read(bytes_span(&out), &limits, &tree), ERR_OK);
        assert_int_equal(json_kind(tree), JSON_OBJECT);
        if (i % 2 == 0)
            assert_true(span_eq_str(json_text(json_get(tree, raw)), raw));
        json_free(&tree);
        bytes_fini(&out);
    }
}

static void too_small(void **state)
{
    struct bytes out;
    struct json_writer w;
    (void)state;
    bytes_init(&out, 10);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_member(&w, "key", SPAN("a long value"));
    json_close(&w, '}');
    assert_true(out.over); /* asked once, at the end */
    assert_true(out.n <= 10);
    bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document),
        cmocka_unit_test(texts),
        cmocka_unit_test(comes_back),
        cmocka_unit_test(too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
