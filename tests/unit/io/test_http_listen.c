/* Where the HTTP server listens: addresses, shared ones, Unix sockets; its stop and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "tests/unit/io/served.h"

/* --- stop and end ---------------------------------------------------------------------------- */

/* One client writes this, and the handler keeps what it is given. */
static void send_and_hold(struct bench *b, const char *requests)
{
    b->hold = true;
    bytes_add_str(&client_open(b, 0)->out, requests);
    assert_true(wait_until(b, one_held, WAIT_MS));
}

static void reply_held(struct bench *b)
{
    http_reply(&b->held, &(struct http_response){.status = 202, .body = SPAN("done")});
    assert_null(b->held);
}

static void stop_finishes_work(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    client_open(&b, 1); /* idle */
    send_and_hold(&b, GOOD GOOD);
    http_server_stop(b.server);
    wait_until(&b, never, 20);
    assert_true(b.clients[1].eof);
    assert_int_equal(http_server_connections(b.server), 1);
    reply_held(&b);
    assert_true(wait_until(&b, first_closed, WAIT_MS));
    assert_int_equal(status_of(&b.clients[0]), 202);
    assert_non_null(strstr(b.clients[0].in.p, "\r\nConnection: close\r\n"));
    assert_int_equal(b.handled, 1);
    client_close(&b, 0);
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    bench_fini(&b);
}

/* What a handler still has when the server ends, or the client goes, is an orphan: its reply is
 * swallowed, its view good until then. */
static void orphans(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    send_and_hold(&b, POST "3\r\n\r\nabc");
    client_close(&b, 0);
    wait_until(&b, never, 10);
    reply_held(&b);
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    send_and_hold(&b, POST "3\r\n\r\nabc");
    http_server_free(&b.server);
    wait_until(&b, never, 10);
    assert_true(span_eq_str(http_view(b.held)->body, "abc"));
    assert_true(span_eq_str(http_view(b.held)->peer, "127.0.0.1"));
    assert_int_equal(http_view(b.held)->user, -1);
    reply_held(&b);
    bench_fini(&b);
}

/* Parts of one exchange held and answered later; what was pipelined follows. */
static void late_replies(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    send_and_hold(&b, GOOD GOOD);
    for (unsigned i = 1; i <= 2; i++) {
        assert_true(wait_until(&b, one_held, WAIT_MS));
        wait_until(&b, never, 10);
        assert_int_equal(b.handled, i);
        reply_held(&b);
    }
    assert_true(wait_until(&b, first_answered, WAIT_MS));
    bench_fini(&b);
}

/* --- addresses and Unix sockets -------------------------------------------------------------- */

static enum err try_listen(struct loop *loop, const char *listen, const char *reason)
{
    struct http_server_config config = {
        .listen = listen, .limits = usual_limits(), .handler = on_request};
    struct http_server *server = NULL;
    struct bytes why;
    bytes_init(&why, 1024);
    enum err e = http_server_new(loop, &config, &why, &server);
    if (e != ERR_OK && (server || !strstr(bytes_str(&why), reason)))
        fail_msg("%s: %s", listen, bytes_str(&why));
    bytes_fini(&why);
    http_server_free(&server);
    return e;
}

static void bad_addresses(void **state)
{
    static const struct {
        const char *listen, *reason;
    } rows[] = {
        {"", "not an address"},
        {"127.0.0.1", "not an address"},
        {"localhost:80", "not an address"},
        {"192.0.2.1:0", "192.0.2.1:0: "},
        {"unix:", "1 to 107 bytes"},
        {"unix:/no/such/folder/s", "/no/such/folder/s: "},
        {"unix:/proc/version", "a file of another kind"},
        {"unix:/tmp/"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "1 to 107 bytes"},
    };
    struct loop *loop = loop_new();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(try_listen(loop, rows[i].listen, rows[i].reason), ERR_FILE);
    loop_free(&loop);
}

static void port_in_use(void **state)
{
    struct bench b;
    char listen[32];
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    snprintf(listen, sizeof listen, "127.0.0.1:%u", http_server_port(b.server));
    assert_int_equal(try_listen(b.loop, listen, "address already in use"), ERR_FILE);
    check_alive(&b);
    bench_fini(&b);
}

/* Those that say so share an address; who does not say so gets it neither with nor after them. */
static void shared_port(void **state)
{
    struct http_server *servers[2] = {NULL, NULL};
    struct loop *loop = loop_new();
    struct http_server_config config = {
        .listen = "127.0.0.1:0", .shared = true, .limits = usual_limits(), .handler = on_request};
    struct bytes why;
    char listen[32];
    (void)state;
    bytes_init(&why, 1024);
    assert_int_equal(http_server_new(loop, &config, &why, &servers[0]), ERR_OK);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", http_server_port(servers[0]));
    config.listen = listen;
    assert_int_equal(try_listen(loop, listen, "address already in use"), ERR_FILE);
    assert_int_equal(http_server_new(loop, &config, &why, &servers[1]), ERR_OK);
    assert_int_equal(http_server_port(servers[1]), http_server_port(servers[0]));
    http_server_free(&servers[0]);
    http_server_free(&servers[1]);
    config.shared = false;
    assert_int_equal(http_server_new(loop, &config, &why, &servers[0]), ERR_OK);
    config.shared = true;
    assert_int_equal(http_server_new(loop, &config, &why, &servers[1]), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "address already in use"));
    http_server_free(&servers[0]);
    bytes_fini(&why);
    loop_free(&loop);
}

static void is_free(const char *address, const char *reason)
{
    struct bytes why;
    bytes_init(&why, 1024);
    enum err e = http_address_free(address, &why);
    if (e != (*reason ? ERR_FILE : ERR_OK) || !strstr(bytes_str(&why), reason))
        fail_msg("%s: %s", address, bytes_str(&why));
    bytes_fini(&why);
}

/* Whether somebody has an address is seen, shared or not, and taking a look takes nothing. */
static void address_free(void **state)
{
    struct loop *loop = loop_new();
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        struct http_server_config config = {.listen = "127.0.0.1:0",
                                            .shared = shared,
                                            .limits = usual_limits(),
                                            .handler = on_request};
        struct http_server *server;
        struct bytes why;
        char address[32];
        bytes_init(&why, 1024);
        assert_int_equal(http_server_new(loop, &config, &why, &server), ERR_OK);
        snprintf(address, sizeof address, "127.0.0.1:%u", http_server_port(server));
        is_free(address, "address already in use");
        http_server_free(&server);
        is_free(address, "");
        config.listen = address;
        assert_int_equal(http_server_new(loop, &config, &why, &server), ERR_OK);
        http_server_free(&server);
        bytes_fini(&why);
    }
    is_free("localhost:80", "not an address");
    is_free("192.0.2.1:80", "192.0.2.1:80: ");
    loop_free(&loop);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(span_copy(span_of(path), sa.sun_path, sizeof sa.sun_path));
    assert_int_equal(connect(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
    return fd;
}

/* A socket file that nobody listens on any more. */
static void leave_stale(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(span_copy(span_of(path), sa.sun_path, sizeof sa.sun_path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
    close(fd);
}

static void unix_socket(void **state)
{
    char folder[] = "/tmp/weir-test-XXXXXX";
    char listen[64];
    struct bench b;
    struct stat st;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(listen, sizeof listen, "unix:%s/s", folder);
    const char *path = listen + 5;
    leave_stale(path);
    bench_init(&b, listen, usual_limits());
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(http_server_port(b.server), 0);
    struct client *c = client_at(&b, 0, connect_unix(path));
    bytes_add_str(&c->out, GOOD);
    assert_true(wait_until(&b, first_answered, WAIT_MS));
    assert_non_null(strstr(c->in.p, "|a.example|unix|"));
    assert_int_equal(b.user, getuid());
    /* A second server is turned away and does not take the file with it. */
    assert_int_equal(try_listen(b.loop, listen, "somebody listens there already"), ERR_FILE);
    assert_int_equal(lstat(path, &st), 0);
    http_server_stop(b.server);
    assert_int_not_equal(lstat(path, &st), 0);
    bench_fini(&b);
    assert_int_equal(rmdir(folder), 0);
}

/* The file of a successor is not removed by the one before it. */
static void unix_successor(void **state)
{
    char folder[] = "/tmp/weir-test-XXXXXX";
    char listen[64];
    struct bench b;
    struct stat st;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(listen, sizeof listen, "unix:%s/s", folder);
    bench_init(&b, listen, usual_limits());
    assert_int_equal(unlink(listen + 5), 0);
    leave_stale(listen + 5);
    bench_fini(&b);
    assert_int_equal(lstat(listen + 5, &st), 0);
    assert_int_equal(unlink(listen + 5), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_finishes_work), cmocka_unit_test(orphans),
        cmocka_unit_test(late_replies),       cmocka_unit_test(bad_addresses),
        cmocka_unit_test(port_in_use),        cmocka_unit_test(shared_port),
        cmocka_unit_test(address_free),       cmocka_unit_test(unix_socket),
        cmocka_unit_test(unix_successor),
    };
    return cmocka_run_group_tests(tests, before_all, after_all);
}
