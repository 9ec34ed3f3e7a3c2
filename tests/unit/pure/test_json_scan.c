/* The unit test of common/pure/json_scan: everything that ATTACKS 3.3 wants refused, and the odd
 * but lawful that must pass. Rows carry the ids of that page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/pure/json.h"

static const struct json_limits limits = {.depth = 32, .keys = 10000, .nodes = 50000};

struct row {
    const char *name;
    struct span text;
    enum err want;
};
/* clang-format off */ /* its versions disagree on a macro of braces */
#define ROW(name, text, want) {name, {text, sizeof(text) - 1}, ERR_##want}
/* clang-format on */

/* Scans and reads a copy that is exactly as long as the text, so that a step too far is seen. */
static enum err scan_copy(struct span text, const struct json_limits *with, size_t *ret_at)
{
    char *copy = malloc(text.n ? text.n : 1);
    assert_non_null(copy);
    if (text.n)
        memcpy(copy, text.p, text.n);
    struct span exact = {copy, text.n};
    enum err e = json_scan(exact, with, ret_at);
    struct json *tree = NULL;
    assert_int_equal(json_read(exact, with, &tree), e); /* what passes the scan, json-c takes */
    assert_int_equal(tree != NULL, e == ERR_OK);
    json_free(&tree);
    free(copy);
    return e;
}

static void check(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum err got = scan_copy(rows[i].text, &limits, NULL);
        if (got != rows[i].want)
            fail_msg("%s: %s instead of %s", rows[i].name, err_code(got), err_code(rows[i].want));
    }
}

static void lawful(void **state)
{
    static const struct row rows[] = {
        ROW("object", "{}", OK),
        ROW("members", "{\"a\":1,\"b\":[true,false,null],\"c\":{\"a\":\"x\"}}", OK),
        ROW("J12 white space", " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n", OK),
        ROW("J12 escapes", "{\"\\u0061\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\"}", OK),
        ROW("J12 numbers", "[0,-0,1,-1,1.0,1.5e3,1E+3,1e-3,0.1,-0.0e0,1e308,1e-999]", OK),
        ROW("same key in other objects", "{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}",
            OK),
        ROW("keys alike in part", "{\"a\":1,\"aa\":1,\"A\":1,\"\":1,\"a \":1}", OK),
        ROW("key composed and decomposed", "{\"\xC3\xA9\":1,\"e\xCC\x81\":1}", OK),
        ROW("J10 prototypes", "{\"__proto__\":1,\"constructor\":2,\"prototype\":3}", OK),
        ROW("largest integers", "[9223372036854775807,-9223372036854775808]", OK),
        ROW("19 digits", "[9999999999999999999,1000000000000000000]", OK),
        ROW("largest double", "[1.7976931348623157e308,-1.7976931348623157e308]", OK),
        ROW("many digits of a fraction", "[0.12345678901234567890123456789]", OK),
        ROW("DEL and C1", "[\"\x7F \xC2\x80\"]", OK),
        ROW("noncharacters", "[\"\xEF\xBF\xBE \xF4\x8F\xBF\xBF \\uffff\"]", OK),
        /* J08: that an activity is an object is for activity to ask; the scan is for any JSON. */
        ROW("top level array", "[]", OK),
        ROW("top level string", "\"x\"", OK),
        ROW("top level null", "null", OK),
        ROW("top level number", "12", OK),
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void duplicates(void **state)
{
    static const struct row rows[] = {
        ROW("J02 actor twice", "{\"actor\":1,\"actor\":2}", JSON_DUPLICATE),
        ROW("J02 id twice, apart", "{\"id\":1,\"b\":2,\"id\":1}", JSON_DUPLICATE),
        ROW("J02 escaped twin", "{\"actor\":1,\"\\u0061ctor\":2}", JSON_DUPLICATE),
        ROW("J02 escaped twin first", "{\"\\u0061ctor\":1,\"actor\":2}", JSON_DUPLICATE),
        ROW("J02 both escaped", "{\"\\u0061b\":1,\"a\\u0062\":2}", JSON_DUPLICATE),
        ROW("J02 case of hex", "{\"\\u00E9\":1,\"\\u00e9\":2}", JSON_DUPLICATE),
        ROW("J02 escape and UTF-8", "{\"\\u00e9\":1,\"\xC3\xA9\":2}", JSON_DUPLICATE),
        ROW("J02 pair and UTF-8", "{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", JSON_DUPLICATE),
        ROW("J02 short escapes", "{\"\\/\":1,\"/\":2}", JSON_DUPLICATE),
        ROW("J02 tab", "{\"\\t\":1,\"\\u0009\":2}", JSON_DUPLICATE),
        ROW("J02 empty key", "{\"\":1,\"\":2}", JSON_DUPLICATE),
        ROW("J02 deep", "{\"a\":[{\"b\":{\"c\":1,\"d\":2,\"c\":3}}]}", JSON_DUPLICATE),
        ROW("J02 after an inner object", "{\"a\":{\"b\":1,\"c\":1},\"a\":2}", JSON_DUPLICATE),
        ROW("J02 same value", "{\"a\":1,\"a\":1}", JSON_DUPLICATE),
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void encoding(void **state)
{
    static const struct row rows[] = {
        ROW("J04 stray continuation", "[\"\x80\"]", JSON_ENCODING),
        ROW("J04 overlong slash", "[\"\xC0\xAF\"]", JSON_ENCODING),
        ROW("J04 overlong in 3", "[\"\xE0\x80\xAF\"]", JSON_ENCODING),
        ROW("J04 overlong in 4", "[\"\xF0\x80\x80\xAF\"]", JSON_ENCODING),
        ROW("J04 overlong NUL", "[\"\xC0\x80\"]", JSON_ENCODING),
        ROW("J04 surrogate", "[\"\xED\xA0\x80\"]", JSON_ENCODING),
        ROW("J04 surrogate pair", "[\"\xED\xA0\xBD\xED\xB8\x80\"]", JSON_ENCODING),
        ROW("J04 beyond U+10FFFF", "[\"\xF4\x90\x80\x80\"]", JSON_ENCODING),
        ROW("J04 FF", "[\"\xFF\"]", JSON_ENCODING),
        ROW("J04 Latin-1", "[\"\xE9t\xE9\"]", JSON_ENCODING),
        ROW("J04 cut by the quote", "[\"\xE2\x82\"]", JSON_ENCODING),
        ROW("J04 cut by the end", "[\"\xE2\x82", JSON_ENCODING),
        ROW("J04 in a key", "{\"\xC0\xAF\":1}", JSON_ENCODING),
        ROW("J04 lone high", "[\"\\ud800\"]", JSON_ENCODING),
        ROW("J04 lone low", "[\"\\udc00\"]", JSON_ENCODING),
        ROW("J04 high twice", "[\"\\ud800\\ud800\"]", JSON_ENCODING),
        ROW("J04 low before high", "[\"\\udc00\\ud800\"]", JSON_ENCODING),
        ROW("J04 high, then text", "[\"\\ud800 \\udc00\"]", JSON_ENCODING),
        ROW("J04 high, then another escape", "[\"\\ud800\\n\\udc00\"]", JSON_ENCODING),
        ROW("J04 high at the end", "[\"\\ud800", JSON_ENCODING),
        ROW("J04 lone high in a key", "{\"\\udbff\":1}", JSON_ENCODING),
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void numbers(void **state)
{
    static const struct row rows[] = {
        ROW("J05 overflow", "[1e999]", JSON_NUMBER),
        ROW("J05 overflow down", "[-1e400]", JSON_NUMBER),
        ROW("J05 just beyond", "[1.8e308]", JSON_NUMBER),
        ROW("J05 26 digits", "[12345678901234567890123456]", JSON_NUMBER),
        ROW("J05 20 digits", "[18446744073709551615]", JSON_NUMBER),
        ROW("J05 below 64 bits", "[-9223372036854775809]", JSON_NUMBER),
        ROW("J05 exponent of 100 digits",
            "[1e1000000000000000000000000000000000000000000000000000000000000000000000000000]",
            JSON_NUMBER),
        ROW("J05 NaN", "[NaN]", JSON_SYNTAX),
        ROW("J05 nan", "[nan]", JSON_SYNTAX),
        ROW("J05 Infinity", "[Infinity]", JSON_SYNTAX),
        ROW("J05 -Infinity", "[-Infinity]", JSON_SYNTAX),
        ROW("J05 leading zero", "[01]", JSON_SYNTAX),
        ROW("J05 negative leading zero", "[-01]", JSON_SYNTAX),
        ROW("J05 two zeros", "[00]", JSON_SYNTAX),
        ROW("J05 plus", "[+1]", JSON_SYNTAX),
        ROW("J05 no whole part", "[.5]", JSON_SYNTAX),
        ROW("J05 no fraction", "[1.]", JSON_SYNTAX),
        ROW("J05 fraction and exponent", "[1.e3]", JSON_SYNTAX),
        ROW("J05 no exponent", "[1e]", JSON_SYNTAX),
        ROW("J05 sign alone as exponent", "[1e+]", JSON_SYNTAX),
        ROW("J05 two signs", "[1e+-1]", JSON_SYNTAX),
        ROW("J05 minus alone", "[-]", JSON_SYNTAX),
        ROW("J05 two minus", "[--1]", JSON_SYNTAX),
        ROW("J05 hexadecimal", "[0x10]", JSON_SYNTAX),
        ROW("J05 underscore", "[1_000]", JSON_SYNTAX),
        ROW("J05 at the end", "1e", JSON_SYNTAX),
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

static void syntax(void **state)
{
    static const struct row rows[] = {
        ROW("J08 empty", "", JSON_SYNTAX),
        ROW("J08 white space", " \n", JSON_SYNTAX),
        ROW("J03 NUL in a key", "{\"actor\\u0000x\":1}", JSON_SYNTAX),
        ROW("J03 NUL in a value", "{\"id\":\"https://a.example/\\u0000b\"}", JSON_SYNTAX),
        ROW("J03 NUL byte in a string", "[\"a\0b\"]", JSON_SYNTAX),
        ROW("J06 single quotes", "{'a':1}", JSON_SYNTAX),
        ROW("J06 bare key", "{a:1}", JSON_SYNTAX),
        ROW("J06 number as key", "{1:1}", JSON_SYNTAX),
        ROW("J06 raw tab", "[\"a\tb\"]", JSON_SYNTAX),
        ROW("J06 raw newline", "[\"a\nb\"]", JSON_SYNTAX),
        ROW("J06 raw 1F", "[\"\x1F\"]", JSON_SYNTAX),
        ROW("J06 block comment", "{/**/\"a\":1}", JSON_SYNTAX),
        ROW("J06 line comment", "[1] // x", JSON_SYNTAX),
        ROW("J06 hash comment", "# x\n[1]", JSON_SYNTAX),
        ROW("J06 trailing comma in an array", "[1,]", JSON_SYNTAX),
        ROW("J06 trailing comma in an object", "{\"a\":1,}", JSON_SYNTAX),
        ROW("J06 leading comma", "[,1]", JSON_SYNTAX),
        ROW("J06 two commas", "[1,,2]", JSON_SYNTAX),
        ROW("J06 no comma", "[1 2]", JSON_SYNTAX),
        ROW("J06 no colon", "{\"a\" 1}", JSON_SYNTAX),
        ROW("J06 no value", "{\"a\":}", JSON_SYNTAX),
        ROW("J06 key alone", "{\"a\"}", JSON_SYNTAX),
        ROW("J06 BOM", "\xEF\xBB\xBF{}", JSON_SYNTAX),
        ROW("J06 UTF-16 LE", "{\0}\0", JSON_SYNTAX),
        ROW("J06 UTF-16 BE with BOM", "\xFE\xFF\0{\0}", JSON_SYNTAX),
        ROW("J06 NUL and text", "{}\0evil", JSON_SYNTAX),
        ROW("J06 NUL at the end", "{}\0", JSON_SYNTAX),
        ROW("J06 two documents", "{}{}", JSON_SYNTAX),
        ROW("J06 two documents, apart", "{}\n{}", JSON_SYNTAX),
        ROW("J06 two numbers", "1 2", JSON_SYNTAX),
        ROW("J06 text behind", "{} x", JSON_SYNTAX),
        ROW("J06 other white space", "{\x0B}", JSON_SYNTAX),
        ROW("J06 form feed", "{\x0C}", JSON_SYNTAX),
        ROW("J06 no-break space", "{\xC2\xA0}", JSON_SYNTAX),
        ROW("J06 words", "[True]", JSON_SYNTAX),
        ROW("J06 word cut", "[tru", JSON_SYNTAX),
        ROW("J06 word and more", "[nullx]", JSON_SYNTAX),
        ROW("J06 undefined", "[undefined]", JSON_SYNTAX),
        ROW("J06 unknown escape", "[\"\\x41\"]", JSON_SYNTAX),
        ROW("J06 escaped quote of JavaScript", "[\"\\'\"]", JSON_SYNTAX),
        ROW("J06 escaped newline", "[\"\\\n\"]", JSON_SYNTAX),
        ROW("J06 escaped NUL byte", "[\"\\\0\"]", JSON_SYNTAX),
        ROW("J06 short \\u", "[\"\\u12\"]", JSON_SYNTAX),
        ROW("J06 signed \\u", "[\"\\u+123\"]", JSON_SYNTAX),
        ROW("J06 capital \\U", "[\"\\U0041\"]", JSON_SYNTAX),
        ROW("J06 backslash at the end", "[\"\\", JSON_SYNTAX),
        ROW("J06 \\u at the end", "[\"\\u00", JSON_SYNTAX),
        ROW("J06 string without end", "[\"abc", JSON_SYNTAX),
        ROW("J06 brackets crossed", "[{]}", JSON_SYNTAX),
        ROW("J06 wrong bracket", "[1}", JSON_SYNTAX),
        ROW("J06 bracket missing", "{\"a\":[1]", JSON_SYNTAX),
        ROW("J06 bracket too many", "[1]]", JSON_SYNTAX),
        ROW("J06 HTML", "<html></html>", JSON_SYNTAX),
    };
    (void)state;
    check(rows, sizeof rows / sizeof *rows);
}

/* n times the opening, a middle, n times the closing. */
static struct span nested(struct bytes *b, size_t n, const char *open, const char *middle,
                          char close)
{
    bytes_clear(b);
    for (size_t i = 0; i < n; i++)
        bytes_add_str(b, open);
    bytes_add_str(b, middle);
    for (size_t i = 0; i < n; i++)
        bytes_add_char(b, close);
    assert_false(b->over);
    return bytes_span(b);
}

static void depth(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 1 << 20);
    assert_int_equal(scan_copy(nested(&b, 32, "[", "1", ']'), &limits, NULL), ERR_OK);
    assert_int_equal(scan_copy(nested(&b, 32, "[", "", ']'), &limits, NULL), ERR_OK);
    assert_int_equal(scan_copy(nested(&b, 32, "{\"a\":", "{}", '}'), &limits, NULL),
                     ERR_JSON_DEPTH);
    assert_int_equal(scan_copy(nested(&b, 31, "{\"a\":", "{}", '}'), &limits, NULL), ERR_OK);
    /* J01 */
    assert_int_equal(scan_copy(nested(&b, 33, "[", "", ']'), &limits, NULL), ERR_JSON_DEPTH);
    size_t at = 0;
    bytes_clear(&b);
    for (int i = 0; i < 100000; i++)
        bytes_add_char(&b, '[');
    assert_int_equal(scan_copy(bytes_span(&b), &limits, &at), ERR_JSON_DEPTH);
    assert_int_equal(at, 33); /* it did not look any further */
    bytes_fini(&b);
}

/* An object of n members, each value 1. The keys differ only at their end, and are all escapes. */
static struct span wide(struct bytes *b, unsigned n, bool twin)
{
    bytes_clear(b);
    bytes_add_char(b, '{');
    for (unsigned i = 0; i < n; i++)
        bytes_addf(b, "%s\"\\u0061\\u0061\\u0061\\u0061\\u0061%u\":1", i ? "," : "", i);
    if (twin)
        bytes_add_str(b, ",\"aaaaa0\":1");
    bytes_add_char(b, '}');
    assert_false(b->over);
    return bytes_span(b);
}

static void counts(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 4 << 20);
    /* J07 */
    assert_int_equal(scan_copy(wide(&b, 10000, false), &limits, NULL), ERR_OK);
    assert_int_equal(scan_copy(wide(&b, 10001, false), &limits, NULL), ERR_JSON_SIZE);
    assert_int_equal(scan_copy(wide(&b, 9999, true), &limits, NULL), ERR_JSON_DUPLICATE);
    assert_int_equal(scan_copy(nested(&b, 49999, "1,", "1", ' '), &limits, NULL), ERR_JSON_SYNTAX);

    bytes_clear(&b);
    bytes_add_char(&b, '[');
    for (int i = 0; i < 49998; i++) /* with the array and the last value, 50,000 */
        bytes_add_str(&b, "0,");
    bytes_add_str(&b, "0]");
    assert_int_equal(scan_copy(bytes_span(&b), &limits, NULL), ERR_OK);
    b.p[b.n - 1] = ',';
    bytes_add_str(&b, "0]");
    assert_int_equal(scan_copy(bytes_span(&b), &limits, NULL), ERR_JSON_SIZE);
    bytes_fini(&b);

    const struct json_limits small = {.depth = 2, .keys = 2, .nodes = 4};
    assert_int_equal(scan_copy(SPAN("{\"a\":1,\"b\":[1]}"), &small, NULL), ERR_OK);
    assert_int_equal(scan_copy(SPAN("{\"a\":1,\"b\":[1,1]}"), &small, NULL), ERR_JSON_SIZE);
    /* Keys are counted in the whole document, not in each object. */
    assert_int_equal(scan_copy(SPAN("[{\"a\":1},{\"a\":1}]"), &limits, NULL), ERR_OK);
    const struct json_limits one = {.depth = 9, .keys = 1, .nodes = 9};
    assert_int_equal(scan_copy(SPAN("[{\"a\":1},{\"a\":1}]"), &one, NULL), ERR_JSON_SIZE);
}

/* J07: a full body of keys costs n log n. In processor time, and with room for sanitizers: a look
 * at every pair of keys would take seconds. */
static void keys_cost_little(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 4 << 20);
    struct span text = wide(&b, 10000, false);
    clock_t before = clock();
    assert_int_equal(json_scan(text, &limits, NULL), ERR_OK);
    assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 0.5);
    bytes_fini(&b);
}

/* A long number is not copied to be looked at. */
static void long_numbers(void **state)
{
    struct bytes b;
    (void)state;
    bytes_init(&b, 1 << 20);
    bytes_add_str(&b, "0.");
    while (b.n < 128)
        bytes_add_char(&b, '1');
    assert_int_equal(scan_copy(bytes_span(&b), &limits, NULL), ERR_OK);
    bytes_add_char(&b, '1');
    assert_int_equal(scan_copy(bytes_span(&b), &limits, NULL), ERR_JSON_NUMBER);
    while (b.n < (1 << 20))
        bytes_add_char(&b, '1');
    assert_int_equal(scan_copy(bytes_span(&b), &limits, NULL), ERR_JSON_NUMBER);
    bytes_fini(&b);
}

static void says_where(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } rows[] = {
        {"{\"a\":x}", 5}, {"[1,2", 4}, {"{} x", 3}, {"{}", 2}, {"[12345678901234567890]", 1},
        {"", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 77;
        scan_copy(span_of(rows[i].text), &limits, &at);
        if (at != rows[i].at)
            fail_msg("'%s': %zu", rows[i].text, at);
    }
    assert_int_equal(json_scan(SPAN_NONE, &limits, NULL), ERR_JSON_SYNTAX);
}

static const char sample[] =
    "{\"@context\":[\"https://www.w3.org/ns/activitystreams\",{\"s\":\"_:s\"}],\"id\":"
    "\"https://a.example/1\",\"type\":\"Create\",\"to\":[\"as:Public\"],\"n\":[-1.5e3,0,true,null],"
    "\"object\":{\"content\":\"gr\xC3\xBC\xC3\x9F \\ud83d\\ude00 \\\"x\\\"\",\"tag\":[]}}";

/* No beginning of a document is a document. */
static void every_prefix(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof sample - 1; n++)
        if (scan_copy((struct span){sample, n}, &limits, NULL) == ERR_OK)
            fail_msg("%zu bytes", n);
    assert_int_equal(scan_copy(SPAN(sample), &limits, NULL), ERR_OK);
}

/* Whatever is changed in it: no byte too far, and what the scan lets pass is JSON to json-c too
 * (scan_copy compares the two). The numbers are always the same. */
static void mutations(void **state)
{
    static const char likely[] = "{}[]\",:\\u0dDeE+-.19 \n\t/tfn\x80\xC3\xED\xA0\xF4";
    uint32_t x = 2463534242U;
    unsigned passed = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof sample];
        memcpy(text, sample, sizeof sample);
        for (int k = 0; k < 1 + i % 3; k++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            text[x % (sizeof sample - 1)] = likely[(x >> 16) % (sizeof likely - 1)];
        }
        passed += scan_copy((struct span){text, sizeof sample - 1}, &limits, NULL) == ERR_OK;
    }
    assert_in_range(passed, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lawful),       cmocka_unit_test(duplicates),
        cmocka_unit_test(encoding),     cmocka_unit_test(numbers),
        cmocka_unit_test(syntax),       cmocka_unit_test(depth),
        cmocka_unit_test(counts),       cmocka_unit_test(keys_cost_little),
        cmocka_unit_test(long_numbers), cmocka_unit_test(says_where),
        cmocka_unit_test(every_prefix), cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
