/* http_client: what goes out byte for byte, and what comes of every kind of answer. Against a
 * server that misbehaves on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/io/client_rig.h"

/* --- what goes out --------------------------------------------------------------------------- */

static void test_on_the_wire(void **state)
{
    (void)state;
    static const char *const signed_fields[] = {
        "Host: relay.example",
        "Date: Sun, 06 Nov 1994 08:49:37 GMT",
        "Digest: SHA-256=abc=",
        "content-type: application/activity+json",
        "Signature: keyId=\"https://relay.example/actor#main-key\",headers=\"a b\"",
    };
    static const char *const accept[] = {"ACCEPT: application/activity+json"};
#define AGENT "User-Agent: Weir/0.1 (+https://relay.example/)\r\n"
    static const struct {
        const char *method, *path, *body;
        const char *const *fields;
        size_t fields_n;
        const char *request; /* $ stands for the port */
    } rows[] = {
        {"GET", "/echo", NULL, NULL, 0, "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "\r\n"},
        {"GET", "/echo?x=%41&y=/../b", "ignored", accept, 1,
         "GET /echo?x=%41&y=/../b HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT
         "ACCEPT: application/activity+json\r\n\r\n"},
        {"GET", "/echo/../%2e/./a", NULL, NULL, 0,
         "GET /echo/../%2e/./a HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "\r\n"},
        {"GET", "/echo#fragment", NULL, NULL, 0,
         "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "\r\n"},
        {"POST", "/echo", "{\"a\":1}", signed_fields, COUNT(signed_fields),
         "POST /echo HTTP/1.1\r\nHost: relay.example\r\n" AGENT
         "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nDigest: SHA-256=abc=\r\n"
         "content-type: application/activity+json\r\n"
         "Signature: keyId=\"https://relay.example/actor#main-key\",headers=\"a b\"\r\n"
         "Content-Length: 7\r\n\r\n{\"a\":1}"},
        {"POST", "/echo", "", NULL, 0,
         "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "Content-Length: 0\r\n\r\n"},
        {"POST", "/echo", NULL, NULL, 0,
         "POST /echo HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "Content-Length: 0\r\n\r\n"},
        /* the handle of a POST, now for a GET */
        {"GET", "/echo", NULL, NULL, 0, "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:$\r\n" AGENT "\r\n"},
    };
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[1000];
        const char *dollar = strchr(rows[i].request, '$');
        snprintf(expected, sizeof expected, "%.*s%.*d%s",
                 (int)(dollar ? dollar - rows[i].request : 0), rows[i].request, dollar ? 1 : 0,
                 dollar ? rig.site.port : 0, dollar ? dollar + 1 : rows[i].request);
        struct http_ask ask = plain(url_of(&rig, rows[i].path));
        ask.method = rows[i].method;
        ask.body = span_of(rows[i].body);
        ask.fields = rows[i].fields;
        ask.fields_n = rows[i].fields_n;
        struct seen seen;
        ask_for(&rig, &seen, &ask);
        assert_int_equal(seen.err, ERR_OK);
        assert_int_equal(seen.body_n, strlen(expected));
        expected[sizeof seen.body - 1] = '\0';
        assert_string_equal(seen.body, expected);
        assert_string_equal(seen.detail, "");
    }
    assert_int_equal(rig.site.connections, 1);
    rig_fini(&rig);
}

/* A large body goes out at once, without waiting for a 100. */
static void test_large_post(void **state)
{
    (void)state;
    enum { LARGE = 2 << 20 };
    struct rig rig;
    rig_init(&rig, 1);
    char *large = mem_new(LARGE);
    memset(large, 'x', LARGE);
    struct http_ask ask = plain(url_of(&rig, "/echo"));
    ask.method = "POST";
    ask.body = (struct span){large, LARGE};
    ask.answer_max = LARGE + 1000;
    struct seen seen;
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_OK);
    assert_true(seen.body_n > LARGE && seen.body_n < LARGE + 200);
    assert_null(strstr(seen.body, "Expect"));
    free(large);
    rig_fini(&rig);
}

/* --- what comes of it ------------------------------------------------------------------------ */

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum err err;
        int status;
        const char *body, *type, *location, *retry;
    } rows[] = {
        {"/ok", ERR_OK, 200, "hello", "text/plain", "", ""},
        {"/redirect", ERR_OK, 302, "", "", "/ok", ""},
        {"/later", ERR_OK, 503, "busy", "text/plain", "", "120"},
        {"/early", ERR_OK, 202, "", "", "", ""},
        {"/trailers", ERR_OK, 200, "ok", "", "", ""},
        {"/http10", ERR_OK, 200, "to the end", "", "", ""},
        {"/gzip", ERR_OK, 200, "\x1f\x8b\x08zz", "", "", ""},
        {"/some-headers", ERR_OK, 200, "ok", "", "", ""},
        {"/many-headers", ERR_TOO_LARGE, 0, "", "", "", ""},
        {"/long-header", ERR_TOO_LARGE, 0, "", "", "", ""},
        {"/longest-header", ERR_TOO_LARGE, 0, "", "", "", ""},
        {"/endless-interim", ERR_TOO_LARGE, 0, "", "", "", ""},
        {"/only-interim", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/switches", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/bad-chunk", ERR_PROTOCOL, 200, "", "", "", ""},
        {"/nothing", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/half-header", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/half-body", ERR_PROTOCOL, 200, "half", "", "", ""},
        {"/old", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/garbage", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/four-digits", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/two-digits", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/binary", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/ok", ERR_OK, 200, "hello", "text/plain", "", ""},
    };
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen s;
        int before = rig.site.requests;
        get(&rig, &s, rows[i].path);
        if (s.err != rows[i].err || s.status != rows[i].status ||
            strcmp(s.body, rows[i].body) != 0 || strcmp(s.type, rows[i].type) != 0 ||
            strcmp(s.location, rows[i].location) != 0 || strcmp(s.retry, rows[i].retry) != 0 ||
            (s.err == ERR_OK) != (s.detail[0] == '\0'))
            fail_msg("%s: %s %d body %s type %s location %s retry %s (%s)", rows[i].path,
                     err_code(s.err), s.status, s.body, s.type, s.location, s.retry, s.detail);
        assert_int_equal(rig.site.requests, before + 1); /* above all no redirect followed */
    }
    rig_fini(&rig);
}

/* A body is cut at the limit of the ask, whatever says how long it is. */
static void test_body_limits(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t most, n;
        enum err err;
    } rows[] = {
        {"/ok", 5, 5, ERR_OK},
        {"/ok", 4, 4, ERR_TOO_LARGE},
        {"/ok", 0, 0, ERR_TOO_LARGE},
        {"/early", 0, 0, ERR_OK},
        {"/endless", 1 << 20, 1 << 20, ERR_TOO_LARGE},
        {"/endless-chunks", 100000, 100000, ERR_TOO_LARGE},
    };
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_ask ask = plain(url_of(&rig, rows[i].path));
        ask.answer_max = rows[i].most;
        struct seen seen;
        ask_for(&rig, &seen, &ask);
        assert_int_equal(seen.err, rows[i].err);
        assert_int_equal(seen.body_n, rows[i].n);
        assert_in_range(seen.status, 200, 202);
    }
    rig_fini(&rig);
}

static void test_too_slow(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int status;
    } rows[] = {{"/silent", 0}, {"/drip", 202}, {"/drip-header", 0}};
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_ask ask = plain(url_of(&rig, rows[i].path));
        ask.total_ms = 300;
        struct seen seen;
        int64_t start = clock_mono_ms();
        ask_for(&rig, &seen, &ask);
        assert_int_equal(seen.err, ERR_TIMEOUT);
        assert_int_equal(seen.status, rows[i].status);
        assert_in_range(clock_mono_ms() - start, 290, 9000);
    }
    rig_fini(&rig);
}

/* A listener whose queue is full answers no connection. */
static void test_connect_deadline(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 1);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fill[4];
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    for (int i = 0; i < 4; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fill[i], (struct sockaddr *)&at, len);
    }
    char url[60];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
    struct http_ask ask = plain(url);
    ask.connect_ms = 300;
    struct seen seen;
    int64_t start = clock_mono_ms();
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_TIMEOUT);
    assert_in_range(clock_mono_ms() - start, 290, 4800); /* not total_ms */
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(listener);
    rig_fini(&rig);
}

/* TCP has no way to a group of hosts, whatever this machine's routes are. */
static void test_no_route(void **state)
{
    (void)state;
    struct rig rig;
    struct seen seen;
    rig_init(&rig, 1);
    struct http_ask ask = plain("http://224.0.0.1/");
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_NO_ROUTE);
    assert_int_equal(seen.status, 0);
    rig_fini(&rig);
}

static void test_bad_asks(void **state)
{
    (void)state;
    static const char *const broken[] = {"X-a: b\r\nX-c: d"};
    static const char *const bare[] = {"X-a: b", "X-c: d\n"};
    static const char *const no_name[] = {"hello"};
    static const struct {
        const char *method, *url;
        const char *const *fields;
        size_t fields_n;
        enum err err;
    } rows[] = {
        {"GET", "http://127.0.0.1:1/", NULL, 0, ERR_CONNECT},
        {"GET", "http://no-such-name.invalid/", NULL, 0, ERR_RESOLVE},
        {"GET", "", NULL, 0, ERR_URL},
        {"GET", "127.0.0.1:$/ok", NULL, 0, ERR_URL},
        {"GET", "ftp://127.0.0.1:$/ok", NULL, 0, ERR_URL},
        {"GET", "file:///etc/passwd", NULL, 0, ERR_URL},
        {"GET", "gopher://127.0.0.1:$/ok", NULL, 0, ERR_URL},
        {"GET", "unix:/tmp/sock", NULL, 0, ERR_URL},
        {"GET", "http://", NULL, 0, ERR_URL},
        {"GET", "http://127.0.0.1:$/a b", NULL, 0, ERR_URL},
        {"GET", "http://127.0.0.1:$/a\r\nX-a: b", NULL, 0, ERR_URL},
        {"GET", "http://user@127.0.0.1:$/ok", NULL, 0, ERR_URL},
        {"GET", "http://user:password@127.0.0.1:$/ok", NULL, 0, ERR_URL},
        {"GET", "http://127.0.0.1:99999/", NULL, 0, ERR_URL},
        {"GET", "https://127.0.0.1:$/ok", NULL, 0, ERR_TLS},
        {"PUT", "http://127.0.0.1:$/ok", NULL, 0, ERR_INTERNAL},
        {"GET / HTTP/1.1\r\nX: ", "http://127.0.0.1:$/ok", NULL, 0, ERR_INTERNAL},
        {"GET", "http://127.0.0.1:$/ok", broken, 1, ERR_INTERNAL},
        {"POST", "http://127.0.0.1:$/ok", bare, 2, ERR_INTERNAL},
        {"GET", "http://127.0.0.1:$/ok", no_name, 1, ERR_INTERNAL},
        {"GET", "HTTP://127.0.0.1:$/ok", NULL, 0, ERR_OK},
    };
    struct rig rig;
    rig_init(&rig, 4);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char url[100];
        const char *dollar = strchr(rows[i].url, '$');
        if (dollar)
            snprintf(url, sizeof url, "%.*s%d%s", (int)(dollar - rows[i].url), rows[i].url,
                     rig.site.port, dollar + 1);
        struct http_ask ask = plain(dollar ? url : rows[i].url);
        ask.method = rows[i].method;
        ask.fields = rows[i].fields;
        ask.fields_n = rows[i].fields_n;
        struct seen seen;
        ask_for(&rig, &seen, &ask);
        if (seen.err != rows[i].err)
            fail_msg("%s %s: %s (%s)", rows[i].method, ask.url, err_code(seen.err), seen.detail);
        assert_int_equal(seen.status, seen.err == ERR_OK ? 200 : 0);
        assert_int_equal(rig.site.requests, seen.err == ERR_OK ? 1 : 0);
    }
    rig_fini(&rig);
}

/* As many fields as are promised, long ones among them, and not one more. */
static void test_many_fields(void **state)
{
    static char text[30][2000];
    const char *fields[30];
    struct rig rig;
    (void)state;
    rig_init(&rig, 1);
    for (int i = 0; i < 30; i++) {
        snprintf(text[i], sizeof text[i], "X-%d: %0*d", i, i == 7 ? 1900 : 3, i);
        fields[i] = text[i];
    }
    for (size_t n = 28; n <= 30; n++) {
        struct http_ask ask = plain(url_of(&rig, "/ok"));
        struct seen seen;
        ask.fields = fields;
        ask.fields_n = n;
        ask_for(&rig, &seen, &ask);
        assert_int_equal(seen.err, n <= 29 ? ERR_OK : ERR_INTERNAL);
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_the_wire), cmocka_unit_test(test_large_post),
        cmocka_unit_test(test_outcomes),    cmocka_unit_test(test_body_limits),
        cmocka_unit_test(test_too_slow),    cmocka_unit_test(test_connect_deadline),
        cmocka_unit_test(test_bad_asks),    cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_no_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
