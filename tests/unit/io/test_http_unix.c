/* http_unix_call: one waiting request over a Unix socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/io/http_client.h"
#include "tests/unit/io/site.h"

struct rig {
    char dir[40], path[60];
    struct site site;
};

static void start(struct rig *rig)
{
    snprintf(rig->dir, sizeof rig->dir, "/tmp/test_http_unix_XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    snprintf(rig->path, sizeof rig->path, "%s/sock", rig->dir);
    site_start(&rig->site, rig->path);
}

static void stop(struct rig *rig)
{
    site_stop(&rig->site);
    rmdir(rig->dir);
}

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        size_t most;
        enum err err;
        int status;
        const char *answer;
    } rows[] = {
        {"GET", "/ok", 100, ERR_OK, 200, "hello"},
        {"GET", "/ok", 5, ERR_OK, 200, "hello"},
        {"GET", "/ok", 4, ERR_TOO_LARGE, 200, ""},
        {"DELETE", "/ok", 100, ERR_OK, 200, "hello"},
        {"POST", "/later", 100, ERR_OK, 503, "busy"},
        {"GET", "/redirect", 100, ERR_OK, 302, ""},
        {"GET", "/trailers", 100, ERR_OK, 200, "ok"},
        {"GET", "/nothing", 100, ERR_PROTOCOL, 0, ""},
        {"GET", "/garbage", 100, ERR_PROTOCOL, 0, ""},
        {"GET", "/half-header", 100, ERR_PROTOCOL, 0, ""},
        {"GET", "/early", 100, ERR_OK, 202, ""},
        {"GET", "/half-body", 100, ERR_PROTOCOL, 200, "half"},
    };
    struct rig rig;
    start(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes answer;
        int status = -1;
        bytes_init(&answer, rows[i].most);
        enum err err =
            http_unix_call(rig.path, rows[i].method, rows[i].path, SPAN_NONE, &status, &answer);
        if (err != rows[i].err || status != rows[i].status ||
            strcmp(bytes_str(&answer), rows[i].answer) != 0)
            fail_msg("%s: %s, %d, %s", rows[i].path, err_code(err), status, bytes_str(&answer));
        bytes_fini(&answer);
    }
    stop(&rig);
}

static void test_on_the_wire(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body, *request;
    } rows[] = {
        {"GET", "/echo?a=%41&b=../c", NULL,
         "GET /echo?a=%41&b=../c HTTP/1.1\r\nHost: localhost\r\nUser-Agent: weir/" WEIR_VERSION
         "\r\nAccept: */*\r\n\r\n"},
        {"POST", "/echo", "{\"a\":1}",
         "POST /echo HTTP/1.1\r\nHost: localhost\r\nUser-Agent: weir/" WEIR_VERSION
         "\r\nAccept: */*\r\n"
         "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"},
        {"POST", "/echo", NULL,
         "POST /echo HTTP/1.1\r\nHost: localhost\r\nUser-Agent: weir/" WEIR_VERSION
         "\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n"},
        {"PATCH", "/echo", "{}",
         "PATCH /echo HTTP/1.1\r\nHost: localhost\r\nUser-Agent: weir/" WEIR_VERSION
         "\r\nAccept: */*\r\n"
         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"},
    };
    struct rig rig;
    start(&rig);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes answer;
        int status;
        bytes_init(&answer, 10000);
        assert_int_equal(http_unix_call(rig.path, rows[i].method, rows[i].path,
                                        span_of(rows[i].body), &status, &answer),
                         ERR_OK);
        assert_string_equal(bytes_str(&answer), rows[i].request);
        bytes_fini(&answer);
    }
    unsetenv("http_proxy");
    stop(&rig);
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct rig rig;
    start(&rig);
    stop(&rig); /* the path is gone */
    char long_path[300];
    memset(long_path, 'a', sizeof long_path);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    const char *const rows[] = {rig.path, "/", "/no/such/dir/sock", long_path};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes answer;
        int status = -1;
        bytes_init(&answer, 100);
        assert_int_equal(http_unix_call(rows[i], "GET", "/", SPAN_NONE, &status, &answer),
                         ERR_CONNECT);
        assert_int_equal(status, 0);
        bytes_fini(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_on_the_wire),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
