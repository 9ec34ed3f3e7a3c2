/* The HTTP server against clients that are slow, many, deaf or gone; its stop and its end; Unix
 * sockets. The names in comments are the rows of ATTACKS 3.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/io/raw_http.h"

#define GOOD "GET /good HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: "

static void check_alive(struct bench *b)
{
    struct client *c = client_open(b, CLIENTS - 1);
    bytes_add_str(&c->out, GOOD);
    struct client first = b->clients[0];
    b->clients[0] = *c;
    assert_true(wait_until(b, first_answered, WAIT_MS));
    assert_int_equal(status_of(&b->clients[0]), 200);
    *c = b->clients[0];
    b->clients[0] = first;
    client_close(b, CLIENTS - 1);
}

/* --- slow clients ---------------------------------------------------------------------------- */

/* One byte of a header a turn, or none at all: the deadline is absolute. */
static void h01_slow_header(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.header_ms = 150;
    bench_init(&b, "127.0.0.1:0", limits);
    struct client *c = client_open(&b, 0);
    int64_t since = clock_mono_ms();
    bytes_add_str(&c->out, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    while (!c->eof && clock_mono_ms() - since < WAIT_MS) {
        bytes_add_char(&c->out, 'x');
        wait_until(&b, never, 10);
    }
    assert_true(c->eof);
    assert_int_equal(status_of(c), 408);
    assert_in_range(clock_mono_ms() - since, 140, 2000);
    assert_int_equal(b.why, ERR_TIMEOUT);
    assert_int_equal(b.handled, 0);
    check_alive(&b);
    bench_fini(&b);
}

static void h02_slow_body(void **state)
{
    static const struct {
        int64_t grace_ms, body_ms, rate;
        int answer; /* to a body of 20 bytes, of which one comes each 20 ms */
    } rows[] = {
        {100, 20000, 1024, 408}, /* below the rate once the grace time is over */
        {20000, 100, 1, 408},    /* longer than a body may take in all */
        {100, 20000, 10, 200},   /* slow, but not too slow */
        {20000, 20000, 1024, 200},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_limits limits = usual_limits();
        struct bench b;
        limits.body_grace_ms = rows[i].grace_ms;
        limits.body_ms = rows[i].body_ms;
        limits.body_rate = rows[i].rate;
        bench_init(&b, "127.0.0.1:0", limits);
        struct client *c = client_open(&b, 0);
        bytes_add_str(&c->out, POST "20\r\n\r\n");
        for (int k = 0; k < 20 && !c->eof; k++) {
            bytes_add_char(&c->out, 'x');
            wait_until(&b, never, 20);
        }
        assert_true(wait_until(&b, first_answered, WAIT_MS));
        assert_int_equal(status_of(c), rows[i].answer);
        check_alive(&b);
        bench_fini(&b);
    }
}

static void h03_never_reads(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.answer_ms = 1500; /* writing 16 MiB takes a loaded machine a while */
    bench_init(&b, "127.0.0.1:0", limits);
    b.answer_size = 16 << 20;
    struct client *c = client_open(&b, 0);
    c->deaf = true;
    bytes_add_str(&c->out, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(wait_until(&b, first_sent, WAIT_MS));
    wait_until(&b, never, 50);
    assert_int_equal(http_server_connections(b.server), 1);
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    check_alive(&b);
    bench_fini(&b);
}

static bool two_connected(struct bench *b)
{
    return http_server_connections(b->server) == 2;
}

static void h04_idle(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.idle_ms = 100;
    bench_init(&b, "127.0.0.1:0", limits);
    client_open(&b, 0); /* says nothing at all */
    struct client *c = client_open(&b, 1);
    bytes_add_str(&c->out, GOOD);
    assert_true(wait_until(&b, two_connected, WAIT_MS));
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    wait_until(&b, never, 10);
    assert_true(b.clients[0].eof && b.clients[1].eof);
    assert_int_equal(b.clients[0].in.n, 0);
    assert_int_equal(status_of(&b.clients[1]), 200);
    assert_int_equal(b.refused, 0);
    bench_fini(&b);
}

/* --- many clients ---------------------------------------------------------------------------- */

static bool eight_connected(struct bench *b)
{
    return http_server_connections(b->server) == 8;
}

static bool ten_connected(struct bench *b)
{
    return http_server_connections(b->server) == 10;
}

/* At 80 % of 10 the longest idle goes for each new one, once it has been idle for a second. */
static void h04_oldest_idle_goes(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.connections = 10;
    bench_init(&b, "127.0.0.1:0", limits);
    for (size_t i = 0; i < 8; i++)
        client_open(&b, i);
    assert_true(wait_until(&b, eight_connected, WAIT_MS));
    wait_until(&b, never, 1100);
    /* The first of them has been used since: now the second is the oldest. */
    bytes_add_str(&b.clients[0].out, GOOD);
    assert_true(wait_until(&b, first_answered, WAIT_MS));
    client_open(&b, 8);
    client_open(&b, 9);
    wait_until(&b, never, 50);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(b.clients[i].eof, i == 1 || i == 2);
    assert_int_equal(http_server_connections(b.server), 8);
    bench_fini(&b);
}

static bool last_answered(struct bench *b)
{
    return has_answer(&b->clients[11]);
}

static bool two_gone(struct bench *b)
{
    return b->clients[0].eof && b->clients[1].eof;
}

/* Nobody who just came is sent away; at the limit the next ones wait until somebody is older. */
static void h04_young_ones_stay(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.connections = 10;
    bench_init(&b, "127.0.0.1:0", limits);
    for (size_t i = 0; i < 12; i++)
        client_open(&b, i);
    assert_true(wait_until(&b, ten_connected, WAIT_MS));
    wait_until(&b, never, 200);
    for (size_t i = 0; i < 12; i++)
        assert_false(b.clients[i].eof);
    assert_true(wait_until(&b, two_gone, WAIT_MS));
    assert_int_equal(http_server_connections(b.server), 10);
    bytes_add_str(&b.clients[11].out, GOOD);
    assert_true(wait_until(&b, last_answered, WAIT_MS));
    bench_fini(&b);
}

static bool three_answered(struct bench *b)
{
    return has_answer(&b->clients[6]) && has_answer(&b->clients[10]) && last_answered(b);
}

/* H26: with the limit reached and none idle, the eleventh waits unread until somebody leaves. */
static void h26_all_connections(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.connections = 10;
    bench_init(&b, "127.0.0.1:0", limits);
    for (size_t i = 0; i < 10; i++)
        bytes_add_str(&client_open(&b, i)->out, "GET / HTTP/1.1\r\n");
    assert_true(wait_until(&b, ten_connected, WAIT_MS));
    wait_until(&b, never, 20);
    bytes_add_str(&client_open(&b, 10)->out, GOOD);
    bytes_add_str(&client_open(&b, 11)->out, GOOD);
    assert_false(wait_until(&b, last_answered, 100));
    assert_int_equal(http_server_connections(b.server), 10);
    assert_int_equal(b.handled, 0);
    /* One goes, and one answers its request and becomes idle: both make room. */
    client_close(&b, 5);
    bytes_add_str(&b.clients[6].out, "Host: a\r\n\r\n");
    assert_true(wait_until(&b, three_answered, WAIT_MS));
    assert_int_equal(b.handled, 3);
    bench_fini(&b);
}

static bool sixth_closed(struct bench *b)
{
    return b->clients[5].eof;
}

static void h26_per_address(void **state)
{
    struct http_limits limits = usual_limits();
    struct bench b;
    (void)state;
    limits.per_address = 5;
    bench_init(&b, "127.0.0.1:0", limits);
    for (size_t i = 0; i < 6; i++)
        client_open(&b, i);
    assert_true(wait_until(&b, sixth_closed, WAIT_MS));
    assert_int_equal(b.why, ERR_RATE);
    assert_int_equal(b.refused, 1);
    assert_int_equal(http_server_connections(b.server), 5);
    for (size_t i = 0; i < 6; i++)
        client_close(&b, i);
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    check_alive(&b);
    bench_fini(&b);
}

/* A flood of connections leaves no descriptor behind. */
static void h26_flood(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    /* Fewer in all than the kernel's queue holds: a newer libuv accepts one in each turn. */
    for (int round = 0; round < 15; round++) {
        for (size_t i = 0; i < 60; i++)
            client_open(&b, i);
        wait_until(&b, never, 1);
        for (size_t i = 0; i < 60; i++)
            client_close(&b, i);
    }
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    check_alive(&b);
    bench_fini(&b);
}

/* --- clients that go ------------------------------------------------------------------------- */

static void h25_gone(void **state)
{
    static const char *const parts[] = {
        "",
        "\r",
        "GET / HT",
        "GET / HTTP/1.1\r\nHost: a\r\n",
        (POST "10\r\n\r\nabc"),
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    };
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < 2 * sizeof parts / sizeof *parts; i++) {
        struct client *c = client_open(&b, 0);
        struct linger reset = {.l_onoff = 1};
        if (i % 2 == 1)
            setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        bytes_add_str(&c->out, parts[i / 2]);
        wait_until(&b, first_sent, WAIT_MS);
        wait_until(&b, never, 5);
        assert_int_equal(http_server_connections(b.server), 1);
        client_close(&b, 0);
        assert_true(wait_until(&b, none_connected, WAIT_MS));
    }
    assert_int_equal(b.handled, 0);
    check_alive(&b);
    bench_fini(&b);
}

/* A client that shuts its side down behind the request still gets the answer. */
static void h25_half_close(void **state)
{
    static const char *const requests[] = {GOOD, POST "3\r\n\r\nabc", GOOD GOOD};
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    for (size_t i = 0; i < 3; i++) {
        struct client *c = client_open(&b, 0);
        bytes_add_str(&c->out, requests[i]);
        c->half = true;
        assert_true(wait_until(&b, first_closed, WAIT_MS));
        assert_int_equal(status_of(c), 200);
        assert_true(has_answer(c));
        client_close(&b, 0);
    }
    assert_int_equal(b.handled, 4);
    bench_fini(&b);
}

/* A refusal reaches a client that goes on sending, for as long as it has the manners to look. */
static void refusal_is_not_reset(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    struct client *c = client_open(&b, 0);
    bytes_add_str(&c->out, POST "5000000\r\n\r\n");
    for (int i = 0; i < 5000000; i++)
        bytes_add_char(&c->out, 'x');
    c->piece = 50000;
    c->deaf = true;
    assert_true(wait_until(&b, first_sent, WAIT_MS));
    c->deaf = false;
    assert_true(wait_until(&b, first_answered, WAIT_MS));
    assert_int_equal(status_of(c), 413);
    check_alive(&b);
    bench_fini(&b);
}

/* One that stays after its refusal is not waited for. */
static void refused_and_stays(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    bytes_add_str(&client_open(&b, 0)->out, "nonsense\r\n");
    assert_true(wait_until(&b, first_closed, WAIT_MS));
    assert_int_equal(http_server_connections(b.server), 1);
    assert_true(wait_until(&b, none_connected, 4000));
    bench_fini(&b);
}

/* --- stop and end ---------------------------------------------------------------------------- */

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
    b.hold = true;
    client_open(&b, 1); /* idle */
    bytes_add_str(&client_open(&b, 0)->out, GOOD GOOD);
    assert_true(wait_until(&b, one_held, WAIT_MS));
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
    b.hold = true;
    bytes_add_str(&client_open(&b, 0)->out, POST "3\r\n\r\nabc");
    assert_true(wait_until(&b, one_held, WAIT_MS));
    client_close(&b, 0);
    wait_until(&b, never, 10);
    reply_held(&b);
    assert_true(wait_until(&b, none_connected, WAIT_MS));
    bytes_add_str(&client_open(&b, 0)->out, POST "3\r\n\r\nabc");
    assert_true(wait_until(&b, one_held, WAIT_MS));
    http_server_free(&b.server);
    wait_until(&b, never, 10);
    assert_true(span_eq_str(http_view(b.held)->body, "abc"));
    assert_true(span_eq_str(http_view(b.held)->peer, "127.0.0.1"));
    reply_held(&b);
    bench_fini(&b);
}

/* Parts of one exchange held and answered later; what was pipelined follows. */
static void late_replies(void **state)
{
    struct bench b;
    (void)state;
    bench_init(&b, "127.0.0.1:0", usual_limits());
    b.hold = true;
    bytes_add_str(&client_open(&b, 0)->out, GOOD GOOD);
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

static size_t descriptors(void)
{
    size_t n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static int before_all(void **state)
{
    static size_t open_before;
    struct loop *loop = loop_new(); /* libuv keeps a pipe of the process from its first loop on */
    loop_free(&loop);
    open_before = descriptors();
    *state = &open_before;
    return 0;
}

static int after_all(void **state)
{
    return descriptors() == *(size_t *)*state ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h01_slow_header),
        cmocka_unit_test(h02_slow_body),
        cmocka_unit_test(h03_never_reads),
        cmocka_unit_test(h04_idle),
        cmocka_unit_test(h04_oldest_idle_goes),
        cmocka_unit_test(h04_young_ones_stay),
        cmocka_unit_test(h26_all_connections),
        cmocka_unit_test(h26_per_address),
        cmocka_unit_test(h26_flood),
        cmocka_unit_test(h25_gone),
        cmocka_unit_test(h25_half_close),
        cmocka_unit_test(refusal_is_not_reset),
        cmocka_unit_test(refused_and_stays),
        cmocka_unit_test(stop_finishes_work),
        cmocka_unit_test(orphans),
        cmocka_unit_test(late_replies),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(port_in_use),
        cmocka_unit_test(shared_port),
        cmocka_unit_test(address_free),
        cmocka_unit_test(unix_socket),
        cmocka_unit_test(unix_successor),
    };
    return cmocka_run_group_tests(tests, before_all, after_all);
}
