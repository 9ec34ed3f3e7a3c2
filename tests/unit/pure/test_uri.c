/* The unit test of common/pure/uri. Rows carry the ids of ATTACKS 3.4 and 3.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/pure/bytes.h"
#include "common/pure/uri.h"

/* Reads a copy that is exactly as long as the text, so that a step too far is seen. The copy is the
 * caller's, for the spans point into it. */
static enum err read_copy(struct span text, struct uri *ret, char **ret_copy)
{
    *ret_copy = malloc(text.n ? text.n : 1);
    assert_non_null(*ret_copy);
    if (text.n)
        memcpy(*ret_copy, text.p, text.n);
    return uri_read((struct span){*ret_copy, text.n}, ret);
}

static const struct {
    const char *text, *url, *host;
    bool literal;
    uint16_t port;
    const char *path, *query, *fragment; /* NULL: absent */
} accepted_rows[] = {
    {"https://a.example/x", "https://a.example/x", "a.example", false, 443, "/x", NULL, NULL},
    {"http://a.example", "http://a.example/", "a.example", false, 80, "/", NULL, NULL},
    {"https://a.example#key", "https://a.example/", "a.example", false, 443, "/", NULL, "key"},
    {"https://a.example/?", "https://a.example/?", "a.example", false, 443, "/", "", NULL},
    {"https://a.example/p?q=1&r#f", "https://a.example/p?q=1&r", "a.example", false, 443, "/p",
     "q=1&r", "f"},
    {"https://a.example/p?a?b#c?d#e", "https://a.example/p?a?b", "a.example", false, 443, "/p",
     "a?b", "c?d#e"},
    {"https://a.example/#", "https://a.example/", "a.example", false, 443, "/", NULL, ""},
    {"https://a.example:8443/", "https://a.example:8443/", "a.example", false, 8443, "/", NULL,
     NULL},
    {"http://a.example:443/", "http://a.example:443/", "a.example", false, 443, "/", NULL, NULL},
    {"https://a.example:80/", "https://a.example:80/", "a.example", false, 80, "/", NULL, NULL},
    /* A04: one origin, whatever its disguise */
    {"HTTPS://A.Example:443/X", "https://a.example/X", "a.example", false, 443, "/X", NULL, NULL},
    {"hTTp://a.EXAMPLE:80/", "http://a.example/", "a.example", false, 80, "/", NULL, NULL},
    {"https://a.example:00443/", "https://a.example/", "a.example", false, 443, "/", NULL, NULL},
    {"https://b\xC3\xBC"
     "cher.example/",
     "https://xn--bcher-kva.example/", "xn--bcher-kva.example", false, 443, "/", NULL, NULL},
    {"https://B\xC3\x9C"
     "CHER.example/",
     "https://xn--bcher-kva.example/", "xn--bcher-kva.example", false, 443, "/", NULL, NULL},
    {"https://XN--Bcher-KVA.example/", "https://xn--bcher-kva.example/", "xn--bcher-kva.example",
     false, 443, "/", NULL, NULL},
    {"https://bu\xCC\x88"
     "cher.example/",
     "https://xn--bcher-kva.example/", "xn--bcher-kva.example", false, 443, "/", NULL, NULL},
    {"https://fa\xC3\x9F.de/", "https://xn--fa-hia.de/", "xn--fa-hia.de", false, 443, "/", NULL,
     NULL}, /* non-transitional */
    {"https://xn--ls8h.la/", "https://xn--ls8h.la/", "xn--ls8h.la", false, 443, "/", NULL, NULL},
    {"https://localhost/", "https://localhost/", "localhost", false, 443, "/", NULL, NULL},
    {"https://wiki_1.corp/", "https://wiki_1.corp/", "wiki_1.corp", false, 443, "/", NULL, NULL},
    {"https://1.example/", "https://1.example/", "1.example", false, 443, "/", NULL, NULL},
    {"https://127.0.0.1.example/", "https://127.0.0.1.example/", "127.0.0.1.example", false, 443,
     "/", NULL, NULL},
    {"https://0x7f.example/", "https://0x7f.example/", "0x7f.example", false, 443, "/", NULL, NULL},
    {"http://127.0.0.1:9101/", "http://127.0.0.1:9101/", "127.0.0.1", true, 9101, "/", NULL, NULL},
    {"https://[2001:DB8:0::1]/x", "https://[2001:db8::1]/x", "[2001:db8::1]", true, 443, "/x", NULL,
     NULL},
    {"http://[::1]:80/", "http://[::1]/", "[::1]", true, 80, "/", NULL, NULL},
    {"https://[::ffff:7f00:1]:444/", "https://[::ffff:127.0.0.1]:444/", "[::ffff:127.0.0.1]", true,
     444, "/", NULL, NULL}, /* X03: the guard unwraps it */
    /* kept as written */
    {"https://a.example/a/../b/./c//d", "https://a.example/a/../b/./c//d", "a.example", false, 443,
     "/a/../b/./c//d", NULL, NULL},
    {"https://a.example/%2e%41%zz", "https://a.example/%2e%41%zz", "a.example", false, 443,
     "/%2e%41%zz", NULL, NULL},
    {"https://a.example/@user:x@y", "https://a.example/@user:x@y", "a.example", false, 443,
     "/@user:x@y", NULL, NULL},
    {"https://a.example/?a[]={1|2}^~'()*,;!$", "https://a.example/?a[]={1|2}^~'()*,;!$",
     "a.example", false, 443, "/", "a[]={1|2}^~'()*,;!$", NULL},
    {"https://a.example#@b.example/", "https://a.example/", "a.example", false, 443, "/", NULL,
     "@b.example/"}, /* X08: the fragment begins at #, for us and for curl */
};

static void accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted_rows / sizeof *accepted_rows; i++) {
        struct uri u;
        char *copy = NULL, url[URI_MAX + URI_AUTHORITY_SIZE];
        if (read_copy(span_of(accepted_rows[i].text), &u, &copy) != ERR_OK)
            fail_msg("'%s' was refused", accepted_rows[i].text);
        assert_true(uri_write(&u, url, sizeof url));
        assert_string_equal(url, accepted_rows[i].url);
        assert_string_equal(u.host, accepted_rows[i].host);
        if (u.literal != accepted_rows[i].literal || u.port != accepted_rows[i].port)
            fail_msg("'%s': literal %d, port %u", accepted_rows[i].text, u.literal, u.port);
        assert_true(span_eq_str(u.path, accepted_rows[i].path));
        assert_true(span_eq_str(u.query, accepted_rows[i].query));
        assert_int_equal(u.query.p == NULL, accepted_rows[i].query == NULL);
        assert_true(span_eq_str(u.fragment, accepted_rows[i].fragment));
        assert_int_equal(u.fragment.p == NULL, accepted_rows[i].fragment == NULL);
        size_t base = strcspn(accepted_rows[i].text, "#");
        assert_true(span_eq(u.base, (struct span){accepted_rows[i].text, base}));
        free(copy);
    }
}

/* clang-format off */ /* its versions disagree on a macro of braces */
#define ROW(text) {text, sizeof(text) - 1}
/* clang-format on */

static const struct span refused_rows[] = {
    ROW(""),
    ROW("a.example"),
    ROW("//a.example/"),
    ROW("/path"),
    ROW("https"),
    ROW("https:"),
    ROW("https:/"),
    ROW("https://"),
    ROW("https:///"),
    ROW("https:///a.example/"),
    ROW("https:/a.example/"),
    ROW("https:a.example"),
    ROW("https//a.example"),
    ROW("https://?x"),
    ROW("https://#x"),
    ROW("https://:443/"),
    ROW("https://a.example?x=1"), /* its target could not be said as written */
    /* X06 */
    ROW("file:///etc/passwd"),
    ROW("gopher://a.example/"),
    ROW("ftp://a.example/"),
    ROW("data:application/json,{}"),
    ROW("dict://a.example/"),
    ROW("unix:/run/redis.sock"),
    ROW("httpss://a.example/"),
    ROW("javascript:alert(1)"),
    ROW("acct:relay@a.example"),
    ROW("urn:uuid:0"),
    ROW("view-source:https://a.example/"),
    /* X08 and A04: userinfo */
    ROW("https://user@a.example/"),
    ROW("https://user:pw@a.example/"),
    ROW("https://@a.example/"),
    ROW("https://:@a.example/"),
    ROW("https://a.example@b.example/"),
    ROW("https://a.example:443@b.example/"),
    ROW("https://a.example%40b.example/"),
    /* X08: what one parser takes for a separator and the next does not */
    ROW("https://a.example\\@b.example/"),
    ROW("https://a.example\\b"),
    ROW("https:\\\\a.example\\"),
    ROW("https://a.example/\\b"),
    ROW("https://a.example/a\tb"),
    ROW("https://a.example/a\nb"),
    ROW("https://a.example/a\r\nHost: b"),
    ROW("https://a.\texample/"),
    ROW("https://a.exa\nmple/"),
    ROW("https://a.example/\0b"),
    ROW("https://a.example\0.b.example/"),
    ROW("https://a.example/a b"),
    ROW(" https://a.example/"),
    ROW("https://a.example/ "),
    ROW("https://a.example/\x7F"),
    ROW("https://a.example/\x01"),
    ROW("https://a.example/\"x"),
    ROW("https://a.example/<x>"),
    ROW("https://a.example/`x`"),
    ROW("https://a.example/#\"x"),
    ROW("https://a.example/\xC3\xBC"),
    ROW("https://a.example/?\xC3\xBC"),
    ROW("https://a.example#\xC3\xBC"),
    ROW("https://a.example/#\xC3\xBC"),
    /* X08: full-width dots, digits and signs, which mapping would make ASCII of */
    ROW("https://a\xE3\x80\x82"
        "example/"),
    ROW("https://a\xEF\xBC\x8E"
        "example/"),
    ROW("https://a\xEF\xBD\xA1"
        "example/"),
    ROW("https://\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1/"),
    ROW("https://127.0.0.\xEF\xBC\x91/"),
    ROW("https://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97\xE3\x80\x82"
        "0\xE3\x80\x82"
        "0\xE3\x80\x82"
        "1/"),
    ROW("https://a.example\xEF\xBC\x9A"
        "8080/"),
    ROW("https://a\xE2\x84\x80.example/"),
    ROW("https://a\xEF\xBC\x8F.example/"),
    ROW("https://a\xEF\xBC\xA0"
        "b.example/"),
    ROW("https://\xE2\x80\x8B.example/"), /* a zero-width space, mapped to nothing */
    ROW("https://\xF0\x9F\x92\xA9.la/"),  /* no letter of IDNA 2008; its A-label is taken */
    ROW("https://\xC3.example/"),
    ROW("https://\xFF\xFE.example/"),
    ROW("https://a.-\xC3\xBC.example/"),
    /* hosts */
    ROW("https://./"),
    ROW("https://../"),
    ROW("https://.a.example/"),
    ROW("https://a..example/"),
    ROW("https://a.example./"), /* A04, A20 */
    ROW("https://a.example.:443/"),
    ROW("https://\xC3\xBC.example./"),
    ROW("https://-a.example/"),
    ROW("https://a-.example/"),
    ROW("https://a.example-/"),
    ROW("https://a%2eexample/"),
    ROW("https://a!b.example/"),
    ROW("https://a,b.example/"),
    ROW("https://*.example/"),
    ROW("https://a'b.example/"),
    ROW("https://a~b.example/"),
    /* X02: numbers that curl and the C library fold to an address */
    ROW("https://2130706433/"),
    ROW("https://0x7f000001/"),
    ROW("https://0X7F000001/"),
    ROW("https://0x7f.1/"),
    ROW("https://0177.0.0.1/"),
    ROW("https://017700000001/"),
    ROW("https://127.1/"),
    ROW("https://127.0.1/"),
    ROW("https://0/"),
    ROW("https://127.0.0.01/"),
    ROW("https://127.0.0.0x1/"),
    ROW("https://127.0.0.256/"),
    ROW("https://127.0.0.1.1/"),
    ROW("https://127.0.0.1./"),
    ROW("https://4294967296/"),
    ROW("https://99999999999999999999/"),
    ROW("https://a.example.1/"),
    ROW("https://a.0x/"),
    /* X03: IPv6 */
    ROW("https://[fe80::1%25lo]/"),
    ROW("https://[fe80::1%lo]/"),
    ROW("https://[::1/"),
    ROW("https://::1/"),
    ROW("https://[]/"),
    ROW("https://[:]/"),
    ROW("https://[::1]x/"),
    ROW("https://[::1]443/"),
    ROW("https://[::1]:/"),
    ROW("https://[::g]/"),
    ROW("https://[1:2:3:4:5:6:7:8:9]/"),
    ROW("https://[v1.x]/"),
    ROW("https://[127.0.0.1]/"),
    ROW("https://[::127.1]/"),
    ROW("https://a[::1]/"),
    ROW("https://[::1].example/"),
    /* ports */
    ROW("https://a.example:/"),
    ROW("https://a.example:0/"),
    ROW("https://a.example:65536/"),
    ROW("https://a.example:-1/"),
    ROW("https://a.example:+80/"),
    ROW("https://a.example:80a/"),
    ROW("https://a.example:443:443/"),
    ROW("https://a.example:000443/"),
    ROW("https://a.example: 80/"),
    ROW("https://a.example:http/"),
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused_rows / sizeof *refused_rows; i++) {
        struct uri u;
        char *copy = NULL;
        if (read_copy(refused_rows[i], &u, &copy) != ERR_URL)
            fail_msg("row %zu '%s' was read as '%s'", i, refused_rows[i].p, u.authority);
        free(copy);
    }
    struct uri u;
    assert_int_equal(uri_read(SPAN_NONE, &u), ERR_URL);
}

/* A URL of n bytes in all. */
static enum err read_long(const char *start, char fill, const char *end, size_t n)
{
    struct bytes b;
    struct uri u;
    char url[URI_MAX + URI_AUTHORITY_SIZE];
    bytes_init(&b, 10000);
    bytes_add_str(&b, start);
    while (b.n < n - strlen(end))
        bytes_add_char(&b, fill);
    bytes_add_str(&b, end);
    enum err e = uri_read(bytes_span(&b), &u);
    if (e == ERR_OK)
        assert_true(uri_write(&u, url, sizeof url));
    bytes_fini(&b);
    return e;
}

static void lengths(void **state)
{
    (void)state;
    /* J11 */
    assert_int_equal(read_long("https://a.example/", 'x', "", URI_MAX), ERR_OK);
    assert_int_equal(read_long("https://a.example/", 'x', "", URI_MAX + 1), ERR_URL);
    /* a label of 63 */
    assert_int_equal(read_long("https://", 'a', ".example/", 8 + 63 + 9), ERR_OK);
    assert_int_equal(read_long("https://", 'a', ".example/", 8 + 64 + 9), ERR_URL);
    /* a name of 253 */
    struct bytes b;
    bytes_init(&b, 1000);
    bytes_add_str(&b, "https://");
    for (int i = 0; i < 126; i++)
        bytes_add_str(&b, "a.");
    bytes_add_str(&b, "b");
    struct uri u;
    assert_int_equal(uri_read(bytes_span(&b), &u), ERR_OK);
    assert_int_equal(strlen(u.host), URI_HOST_MAX);
    bytes_add_str(&b, ":65535/");
    assert_int_equal(uri_read(bytes_span(&b), &u), ERR_OK);
    assert_int_equal(strlen(u.authority), URI_HOST_MAX + 6);
    b.n -= 7;
    bytes_add_str(&b, "b");
    assert_int_equal(uri_read(bytes_span(&b), &u), ERR_URL);
    bytes_fini(&b);
    /* A-labels longer than a name may be */
    bytes_init(&b, 10000);
    bytes_add_str(&b, "https://");
    for (int i = 0; i < 60; i++)
        bytes_add_str(&b, "\xC3\xBC.");
    bytes_add_str(&b, "example/");
    assert_int_equal(uri_read(bytes_span(&b), &u), ERR_URL);
    bytes_fini(&b);
}

static void same_origin(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"https://a.example/x", "https://a.example:443/y?z#f", true},
        {"https://a.example/", "HTTPS://A.EXAMPLE/", true},
        {"https://xn--bcher-kva.example/",
         "https://B\xC3\x9C"
         "CHER.example/",
         true},
        {"https://[::1]/", "https://[0:0::1]/", true},
        {"https://a.example/", "http://a.example/", false},
        {"https://a.example/", "http://a.example:443/", false},
        {"https://a.example/", "https://a.example:8443/", false},
        {"https://a.example/", "https://b.example/", false},
        {"https://a.example/", "https://www.a.example/", false},
        {"https://127.0.0.1/", "https://[::ffff:127.0.0.1]/", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct uri a, b;
        assert_int_equal(uri_read(span_of(rows[i].a), &a), ERR_OK);
        assert_int_equal(uri_read(span_of(rows[i].b), &b), ERR_OK);
        if (uri_same_origin(&a, &b) != rows[i].same || uri_same_origin(&b, &a) != rows[i].same)
            fail_msg("'%s' '%s'", rows[i].a, rows[i].b);
    }
}

/* Whatever bytes are changed in a URL: what passes is in its one form, and reads back as itself. */
static void mutations(void **state)
{
    static const char sample[] = "https://user.a-b.example:8443/p/q?x=1&y#frag";
    static const char likely[] = "/:?#@[].%\\ \t0127xX-_&=\xC3\xBC\xEF\xBC\x8E~";
    uint32_t x = 521288629;
    unsigned passed = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[sizeof sample], url[URI_MAX + URI_AUTHORITY_SIZE], *copy = NULL;
        struct uri u, again;
        memcpy(text, sample, sizeof sample);
        for (int k = 0; k < 1 + i % 3; k++) {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            text[x % (sizeof sample - 1)] = likely[(x >> 16) % (sizeof likely - 1)];
        }
        if (read_copy((struct span){text, sizeof sample - 1}, &u, &copy) == ERR_OK) {
            passed++;
            assert_true(uri_write(&u, url, sizeof url));
            assert_int_equal(uri_read(span_of(url), &again), ERR_OK);
            assert_true(uri_same_origin(&u, &again));
            assert_true(span_eq(u.target, again.target));
            assert_null(strpbrk(u.host, "/?#@\\ %"));
        }
        free(copy);
    }
    assert_in_range(passed, 1000, 19000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted),    cmocka_unit_test(refused),   cmocka_unit_test(lengths),
        cmocka_unit_test(same_origin), cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
