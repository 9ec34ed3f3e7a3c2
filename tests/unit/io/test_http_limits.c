/* The HTTP server against clients that are slow, many, deaf or gone. The names in comments are the
 * rows of ATTACKS 3.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/io/served.h"

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
    assert_in_range(clock_mono_ms() - since, 140, WAIT_MS);
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
    limits.idle_ms = 300;
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

static bool second_and_third_gone(struct bench *b)
{
    return b->clients[1].eof && b->clients[2].eof;
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
    assert_true(wait_until(&b, second_and_third_gone, WAIT_MS));
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
    wait_until(&b, never, 50);
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

/* What the bodies of all hold is bounded, also while their clients are gone and a handler still has
 * them; who finds no room is told when to come back, before it is read where its length is known.
 */
static void all_bodies(void **state)
{
    static const char *const bodies[] = {POST "600\r\n\r\n",
                                         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                         "chunked\r\n\r\n258\r\n"};
    struct http_limits limits = usual_limits();
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bench b;
        char text[601];
        memset(text, 'x', 600);
        text[600] = '\0';
        limits.bodies = i < 2 ? 1000 : 0; /* the twins: there is no bound */
        bench_init(&b, "127.0.0.1:0", limits);
        b.hold = true;
        bytes_addf(&client_open(&b, 1)->out, POST "600\r\n\r\n%s", text);
        while (!b.held)
            wait_until(&b, never, 5);
        b.hold = false;
        struct client *c = client_open(&b, 0);
        bytes_addf(&c->out, "%s%s\r\n0\r\n\r\n", bodies[i % 2], text);
        c->half = true;
        assert_true(wait_until(&b, first_answered, WAIT_MS));
        assert_int_equal(status_of(c), limits.bodies ? 503 : 200);
        if (limits.bodies) {
            assert_non_null(strstr(bytes_str(&c->in), "\r\nRetry-After: "));
            assert_int_equal(b.why, ERR_UNAVAILABLE);
        }
        http_reply(&b.held, &(struct http_response){.status = 200});
        client_close(&b, 0);
        bytes_addf(&client_open(&b, 0)->out, POST "600\r\n\r\n%s", text);
        assert_true(wait_until(&b, first_answered, WAIT_MS));
        assert_int_equal(status_of(&b.clients[0]), 200);
        bench_fini(&b);
    }
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
        cmocka_unit_test(all_bodies),
        cmocka_unit_test(h26_flood),
        cmocka_unit_test(h25_gone),
        cmocka_unit_test(h25_half_close),
        cmocka_unit_test(refusal_is_not_reset),
        cmocka_unit_test(refused_and_stays),
    };
    return cmocka_run_group_tests(tests, before_all, after_all);
}
