/* The unit test of common/pure/encode: the vectors of RFC 4648 section 10 and of the base58 draft,
 * and what a strict reader of base64 refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/pure/encode.h"

static void base64_vectors(void **state)
{
    static const struct {
        struct span raw, text;
    } rows[] = {
        {{"", 0}, {"", 0}},
        {{"f", 1}, {"Zg==", 4}},
        {{"fo", 2}, {"Zm8=", 4}},
        {{"foo", 3}, {"Zm9v", 4}},
        {{"foob", 4}, {"Zm9vYg==", 8}},
        {{"fooba", 5}, {"Zm9vYmE=", 8}},
        {{"foobar", 6}, {"Zm9vYmFy", 8}},
        {{"\xFB\xFF\xBF", 3}, {"+/+/", 4}},
        {{"\0\0\0", 3}, {"AAAA", 4}},
        {{"\xFF", 1}, {"/w==", 4}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes out;
        bytes_init(&out, 100);
        base64_write(&out, rows[i].raw);
        assert_true(span_eq(bytes_span(&out), rows[i].text));
        bytes_clear(&out);
        assert_true(base64_read(&out, rows[i].text));
        assert_true(span_eq(bytes_span(&out), rows[i].raw));
        bytes_fini(&out);
    }
}

static void base64_refuses(void **state)
{
    static const char *const rows[] = {
        "=",        "==",       "===",   "====",  "A",     "AA",         "AAA",
        "AAAAA",    "A===",     "=AAA",  "A=AA",  "AA=A",  "Zg=",        "Zg",
        "Zg==Zg==", "Zm8=Zm8=", "Zg===", "Zg== ", " Zg==", "Zm\n9v",     "Zm9v\n",
        "Zm 9",     "-_-_",     "Zm9*",  "Zh==",  "Zm9=",  "Z\xC3\xA4=", "Zg=A",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* In memory of its own, exactly as long, so that a step too far is seen. */
        size_t n = strlen(rows[i]);
        char *text = malloc(n);
        assert_non_null(text);
        memcpy(text, rows[i], n);
        struct bytes out;
        bytes_init(&out, 100);
        bytes_add_str(&out, "before");
        if (base64_read(&out, (struct span){text, n}))
            fail_msg("'%s' was read", rows[i]);
        assert_string_equal(bytes_str(&out), "before");
        bytes_fini(&out);
        free(text);
    }
    struct bytes out;
    bytes_init(&out, 100);
    assert_false(base64_read(&out, SPAN("Zm\0v")));
    bytes_fini(&out);
}

static void every_byte_comes_back(void **state)
{
    char raw[256];
    struct bytes text, back;
    (void)state;
    for (unsigned i = 0; i < 256; i++)
        raw[i] = (char)i;
    bytes_init(&text, 1000);
    bytes_init(&back, 1000);
    for (size_t n = 0; n <= sizeof raw; n++) {
        bytes_clear(&text);
        bytes_clear(&back);
        base64_write(&text, (struct span){raw, n});
        assert_true(base64_read(&back, bytes_span(&text)));
        assert_true(span_eq(bytes_span(&back), (struct span){raw, n}));
    }
    bytes_fini(&text);
    bytes_fini(&back);
}

static void what_does_not_fit(void **state)
{
    struct bytes out;
    (void)state;
    bytes_init(&out, 7);
    base64_write(&out, SPAN("foob"));
    assert_true(out.over);
    assert_int_equal(out.n, 0);
    bytes_clear(&out);
    assert_false(base64_read(&out, SPAN("Zm9vYmFyWm9v")));
    assert_int_equal(out.n, 0);
    bytes_clear(&out);
    hex_write(&out, SPAN("abcd"));
    assert_true(out.over);
    assert_int_equal(out.n, 0);
    bytes_clear(&out);
    base58_write(&out, SPAN("Hello World!"));
    assert_true(out.over);
    assert_int_equal(out.n, 0);
    bytes_fini(&out);

    char large[257] = {0};
    bytes_init(&out, 10000);
    base58_write(&out, (struct span){large, sizeof large});
    assert_true(out.over);
    assert_int_equal(out.n, 0);
    bytes_clear(&out);
    memset(large, 0xFF, sizeof large);
    base58_write(&out, (struct span){large, 256});
    assert_false(out.over);
    assert_int_equal(out.n, 350); /* 2048 / log2(58), rounded up */
    bytes_fini(&out);
}

static void hex_vectors(void **state)
{
    struct bytes out;
    (void)state;
    bytes_init(&out, 100);
    hex_write(&out, SPAN_NONE);
    assert_string_equal(bytes_str(&out), "");
    hex_write(&out, SPAN("\x00\x01\x7f\x80\xff"));
    assert_string_equal(bytes_str(&out), "00017f80ff");
    bytes_fini(&out);
}

static void base58_vectors(void **state)
{
    static const struct {
        struct span raw;
        const char *text;
    } rows[] = {
        {{"", 0}, ""},
        {{"\0", 1}, "1"},
        {{"\0\0\0", 3}, "111"},
        {{"\x39", 1}, "z"},
        {{"\x3A", 1}, "21"},
        {{"Hello World!", 12}, "2NEpo7TZRRrLZSi2U"},
        {{"The quick brown fox jumps over the lazy dog.", 44},
         "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
        {{"\0\0\x28\x7f\xb4\xcd", 6}, "11233QC4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bytes out;
        bytes_init(&out, 100);
        base58_write(&out, rows[i].raw);
        assert_string_equal(bytes_str(&out), rows[i].text);
        bytes_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_vectors),        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(every_byte_comes_back), cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(hex_vectors),           cmocka_unit_test(base58_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
