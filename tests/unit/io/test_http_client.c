/* http_client: what goes out byte for byte, what comes of every kind of answer, who may be
 * connected to, which connections are kept, and the end of calls. Against a server that misbehaves
 * on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/wait.h>

#include "common/io/clock.h"
#include "common/io/http_client.h"
#include "tests/unit/io/site.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

struct rig {
    struct loop *loop;
    struct http_client *client;
    struct site site;
    int answers;
};

struct seen {
    struct rig *rig;
    struct http_call *call;
    size_t body_n;
    int calls;
    enum err err;
    int status;
    char body[400], type[40], location[40], retry[40], detail[200];
    /* what the callback does besides */
    bool frees_client;
    struct seen *cancels;
    const char *sends;
};

static void stop_loop(void *loop)
{
    loop_stop(loop);
}

static void send_to(struct rig *rig, struct seen *seen, const char *url);

static void on_answer(void *arg, const struct http_answer *a)
{
    struct seen *seen = arg;
    seen->call = NULL;
    seen->calls++;
    seen->err = a->err;
    seen->status = a->status;
    seen->body_n = a->body.n;
    snprintf(seen->body, sizeof seen->body, "%.*s", SPAN_ARG(a->body));
    snprintf(seen->type, sizeof seen->type, "%.*s", SPAN_ARG(a->content_type));
    snprintf(seen->location, sizeof seen->location, "%.*s", SPAN_ARG(a->location));
    snprintf(seen->retry, sizeof seen->retry, "%.*s", SPAN_ARG(a->retry_after));
    snprintf(seen->detail, sizeof seen->detail, "%s", a->detail);
    seen->rig->answers++;
    if (seen->cancels)
        http_call_cancel(&seen->cancels->call);
    if (seen->frees_client)
        http_client_free(&seen->rig->client);
    if (seen->sends) {
        const char *url = seen->sends;
        seen->sends = NULL;
        send_to(seen->rig, seen, url);
    }
    loop_stop(seen->rig->loop);
}

static void rig_init(struct rig *rig, unsigned shards)
{
    memset(rig, 0, sizeof *rig);
    rig->loop = loop_new();
    rig->client = http_client_new(rig->loop, "Weir/0.1 (+https://relay.example/)", shards, 100);
    site_start(&rig->site, NULL);
}

static void rig_fini(struct rig *rig)
{
    http_client_free(&rig->client);
    site_stop(&rig->site);
    loop_free(&rig->loop);
}

static bool run(struct rig *rig, const int *counter, int target, int64_t ms)
{
    struct timer *tick = timer_new(rig->loop, stop_loop, rig->loop);
    int64_t end = clock_mono_ms() + ms;
    while (*counter < target && clock_mono_ms() < end) {
        timer_start(tick, 10);
        loop_run(rig->loop);
    }
    timer_free(&tick);
    return *counter >= target;
}

static void idle(struct rig *rig, int64_t ms)
{
    int never = 0;
    run(rig, &never, 1, ms);
}

static struct http_ask plain(const char *url)
{
    return (struct http_ask){
        .method = "GET", .url = url, .connect_ms = 2000, .total_ms = 5000, .answer_max = 10000};
}

static void send_ask(struct rig *rig, struct seen *seen, const struct http_ask *ask)
{
    seen->rig = rig;
    int before = seen->calls;
    seen->call = http_client_send(rig->client, ask, on_answer, seen);
    assert_non_null(seen->call);
    assert_int_equal(seen->calls, before); /* never from inside the call */
}

static void send_to(struct rig *rig, struct seen *seen, const char *url)
{
    struct http_ask ask = plain(url);
    send_ask(rig, seen, &ask);
}

static const char *url_of(const struct rig *rig, const char *path)
{
    static char urls[4][200];
    static unsigned next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", rig->site.port, path);
    return url;
}

/* Sends and waits. */
static void ask_for(struct rig *rig, struct seen *seen, const struct http_ask *ask)
{
    *seen = (struct seen){0};
    send_ask(rig, seen, ask);
    assert_true(run(rig, &seen->calls, 1, 10000));
}

static void get(struct rig *rig, struct seen *seen, const char *path)
{
    struct http_ask ask = plain(url_of(rig, path));
    ask_for(rig, seen, &ask);
}

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
        {"/bad-chunk", ERR_PROTOCOL, 200, "", "", "", ""},
        {"/nothing", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/half-header", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/half-body", ERR_PROTOCOL, 200, "half", "", "", ""},
        {"/old", ERR_PROTOCOL, 0, "", "", "", ""},
        {"/garbage", ERR_PROTOCOL, 0, "", "", "", ""},
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
        assert_in_range(clock_mono_ms() - start, 290, 1800);
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
    assert_in_range(clock_mono_ms() - start, 290, 1800);
    for (int i = 0; i < 4; i++)
        close(fill[i]);
    close(listener);
    rig_fini(&rig);
}

/* In a network of its own, which leads nowhere. Answers by its exit code. */
static void ask_without_network(void)
{
    struct rig rig = {.loop = loop_new()};
    struct seen seen;
    rig.client = http_client_new(rig.loop, "test", 1, 1);
    ask_for(&rig, &seen,
            &(struct http_ask){.method = "GET",
                               .url = "http://192.0.2.1/",
                               .connect_ms = 5000,
                               .total_ms = 5000,
                               .answer_max = 100});
    _exit(seen.err == ERR_NO_ROUTE ? 0 : 1);
}

static void test_no_route(void **state)
{
    enum { NOT_ALLOWED = 77 };
    int status;
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
            _exit(NOT_ALLOWED);
        ask_without_network();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED)
        skip();
    assert_int_equal(status, 0);
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

/* --- who may be connected to ----------------------------------------------------------------- */

struct watch {
    bool allow;
    int asked;
    uint32_t last;
};

static bool guard(void *arg, const struct sockaddr *to)
{
    struct watch *watch = arg;
    struct sockaddr_in v4;
    watch->asked++;
    watch->last = 0;
    if (to->sa_family == AF_INET) {
        memcpy(&v4, to, sizeof v4);
        watch->last = ntohl(v4.sin_addr.s_addr);
    }
    return watch->allow;
}

static void test_guard(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "127.1",     "2130706433",
                                        "0x7f.1",    "localhost", "0177.0.0.1"};
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct watch watch = {.allow = false};
        char url[60];
        snprintf(url, sizeof url, "http://%s:%d/ok", hosts[i], rig.site.port);
        struct http_ask ask = plain(url);
        ask.guard = guard;
        ask.guard_arg = &watch;
        struct seen seen;
        ask_for(&rig, &seen, &ask);
        if (seen.err != ERR_ADDRESS)
            fail_msg("%s: %s (%s)", hosts[i], err_code(seen.err), seen.detail);
        assert_true(watch.asked > 0);
        assert_int_equal(rig.site.connections, 0);
    }
    /* allowed, but nobody there: that is another matter */
    struct watch watch = {.allow = true};
    struct http_ask ask = plain("http://127.0.0.1:1/");
    ask.guard = guard;
    ask.guard_arg = &watch;
    struct seen seen;
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_CONNECT);
    assert_int_equal(watch.last, INADDR_LOOPBACK);
    /* a connection that one guard allowed is not for another to use */
    ask.url = url_of(&rig, "/ok");
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_OK);
    assert_int_equal(rig.site.requests, 1);
    watch = (struct watch){.allow = false};
    ask_for(&rig, &seen, &ask);
    assert_int_equal(seen.err, ERR_ADDRESS);
    assert_int_equal(watch.last, INADDR_LOOPBACK);
    assert_int_equal(rig.site.requests, 1);
    rig_fini(&rig);
}

static void test_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy",
                                        "ALL_PROXY"};
    struct rig rig;
    rig_init(&rig, 1);
    for (size_t i = 0; i < COUNT(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    struct seen seen;
    get(&rig, &seen, "/ok");
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    assert_int_equal(seen.err, ERR_OK);
    assert_string_equal(seen.body, "hello");
    rig_fini(&rig);
}

/* --- connections ----------------------------------------------------------------------------- */

static void test_kept(void **state)
{
    (void)state;
    static const unsigned shards[] = {0, 1, 8, 64};
    for (size_t i = 0; i < COUNT(shards); i++) {
        struct rig rig;
        struct seen seen;
        rig_init(&rig, shards[i]);
        for (int n = 1; n <= 5; n++) {
            get(&rig, &seen, n % 2 ? "/ok" : "/redirect?where");
            assert_int_equal(seen.err, ERR_OK);
            assert_int_equal(rig.site.requests, n);
        }
        assert_int_equal(rig.site.connections, 1);
        /* closed by the other side behind our back: a new one, and nobody notices */
        get(&rig, &seen, "/drop");
        assert_int_equal(seen.err, ERR_OK);
        idle(&rig, 20);
        get(&rig, &seen, "/ok");
        assert_int_equal(seen.err, ERR_OK);
        assert_int_equal(rig.site.connections, 2);
        /* closed by the other side just when we ask: it is asked again on a new one */
        struct http_ask post = plain(url_of(&rig, "/reset-if-kept"));
        for (int n = 3; n <= 4; n++) {
            ask_for(&rig, &seen, &post);
            assert_int_equal(seen.err, ERR_OK);
            assert_string_equal(seen.body, "hello");
            assert_int_equal(rig.site.connections, n);
            post.method = "POST";
            post.body = SPAN("twice is once: it has an id");
        }
        rig_fini(&rig);
    }
}

/* More than the host may have connections: the rest waits its turn, and all are answered. */
static void test_many_at_once(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct rig rig;
    rig_init(&rig, 4);
    struct seen *all = mem_new(MANY * sizeof *all);
    for (int i = 0; i < MANY; i++)
        send_to(&rig, &all[i], url_of(&rig, "/ok"));
    assert_true(run(&rig, &rig.answers, MANY, 10000));
    idle(&rig, 20);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(all[i].calls, 1);
        assert_int_equal(all[i].err, ERR_OK);
        assert_string_equal(all[i].body, "hello");
    }
    assert_in_range(rig.site.connections, 1, 16);
    free(all);
    rig_fini(&rig);
}

/* --- the end of calls ------------------------------------------------------------------------ */

static void test_cancel(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 1);
    struct seen a = {0}, b = {0}, c = {0};
    struct http_call *none = NULL;
    http_call_cancel(&none);
    /* before anything happened, and on the way */
    send_to(&rig, &a, url_of(&rig, "/ok"));
    http_call_cancel(&a.call);
    assert_null(a.call);
    send_to(&rig, &b, url_of(&rig, "/silent"));
    idle(&rig, 50);
    assert_int_equal(rig.site.requests, 1);
    http_call_cancel(&b.call);
    send_to(&rig, &c, url_of(&rig, "/ok"));
    assert_true(run(&rig, &c.calls, 1, 5000));
    assert_int_equal(c.err, ERR_OK);
    idle(&rig, 50);
    assert_int_equal(a.calls + b.calls, 0);
    /* while its name is looked up */
    send_to(&rig, &a, "http://no-such-name.invalid/");
    loop_post(rig.loop, stop_loop, rig.loop);
    loop_run(rig.loop);
    http_call_cancel(&a.call);
    /* each other, both done in one turn perhaps: one callback, not two */
    rig.answers = 0;
    b = (struct seen){.cancels = &c};
    c = (struct seen){.cancels = &b};
    send_to(&rig, &b, url_of(&rig, "/ok"));
    send_to(&rig, &c, url_of(&rig, "/ok"));
    usleep(20000);
    assert_true(run(&rig, &rig.answers, 1, 5000));
    idle(&rig, 50);
    assert_int_equal(b.calls + c.calls, 1);
    rig_fini(&rig);
}

/* Looks before the connections are touched, so many times; then takes its call back. */
struct looker {
    struct seen *seen;
    int looks, lets;
};

static void on_before(void *arg)
{
    struct looker *l = arg;
    if (l->looks++ >= l->lets)
        http_call_cancel(&l->seen->call);
}

/* Whatever is under way when the right to go on is lost: connecting, sending, waiting. Where it is
 * taken back, nothing more of it is sent, and nobody is told. */
static void test_before(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 1);
    for (int lets = 0; lets < 4; lets++) {
        struct seen a = {0};
        struct looker looker = {&a, 0, lets};
        int requests = rig.site.requests;
        http_client_before(rig.client, on_before, &looker);
        send_to(&rig, &a, url_of(&rig, "/silent"));
        idle(&rig, 100);
        assert_int_equal(a.calls, 0);
        if (lets == 0)
            assert_int_equal(rig.site.requests, requests);
        assert_true(looker.looks > 0);
        http_call_cancel(&a.call);
    }
    /* The twin: one that lets everything pass, and then nobody who looks. */
    struct seen b = {0};
    struct seen c = {0};
    struct looker patient = {&b, 0, INT32_MAX};
    http_client_before(rig.client, on_before, &patient);
    send_to(&rig, &b, url_of(&rig, "/ok"));
    assert_true(run(&rig, &b.calls, 1, 5000));
    assert_int_equal(b.err, ERR_OK);
    http_client_before(rig.client, NULL, NULL);
    int looks = patient.looks;
    send_to(&rig, &c, url_of(&rig, "/ok"));
    assert_true(run(&rig, &c.calls, 1, 5000));
    assert_int_equal(c.err, ERR_OK);
    assert_int_equal(patient.looks, looks);
    rig_fini(&rig);
}

static void on_cancel_itself(void *arg, const struct http_answer *answer)
{
    struct seen *seen = arg;
    seen->calls++;
    seen->err = answer->err;
    http_call_cancel(&seen->call);
    assert_true(span_eq_str(answer->body, "hello")); /* still there */
    loop_stop(seen->rig->loop);
}

static void test_cancel_itself(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 1);
    struct seen seen = {.rig = &rig}, next;
    struct http_ask ask = plain(url_of(&rig, "/ok"));
    seen.call = http_client_send(rig.client, &ask, on_cancel_itself, &seen);
    assert_true(run(&rig, &seen.calls, 1, 5000));
    assert_null(seen.call);
    get(&rig, &next, "/ok");
    assert_int_equal(next.err, ERR_OK);
    assert_int_equal(seen.calls, 1);
    rig_fini(&rig);
}

static void test_send_from_inside(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 1);
    struct seen seen = {.sends = url_of(&rig, "/redirect")};
    send_to(&rig, &seen, url_of(&rig, "/ok"));
    assert_true(run(&rig, &seen.calls, 2, 5000));
    assert_int_equal(seen.status, 302);
    assert_int_equal(rig.site.connections, 1);
    rig_fini(&rig);
}

static void test_freed(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig, 4);
    /* from inside, with others done, on the way and not begun */
    struct seen all[10] = {{0}};
    for (int i = 0; i < 10; i++) {
        all[i].frees_client = true;
        send_to(&rig, &all[i], url_of(&rig, i % 3 ? "/ok" : "/silent"));
    }
    assert_true(run(&rig, &rig.answers, 1, 5000));
    assert_null(rig.client);
    idle(&rig, 100);
    assert_int_equal(rig.answers, 1);
    /* from outside */
    rig.client = http_client_new(rig.loop, "again", 2, 0);
    for (int i = 0; i < 10; i++)
        send_to(&rig, &all[i], i % 2 ? "http://no-such-name.invalid/" : url_of(&rig, "/silent"));
    idle(&rig, 50);
    http_client_free(&rig.client);
    assert_null(rig.client);
    http_client_free(&rig.client);
    int before = rig.answers;
    idle(&rig, 50);
    assert_int_equal(rig.answers, before);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_the_wire),   cmocka_unit_test(test_large_post),
        cmocka_unit_test(test_outcomes),      cmocka_unit_test(test_body_limits),
        cmocka_unit_test(test_too_slow),      cmocka_unit_test(test_connect_deadline),
        cmocka_unit_test(test_bad_asks),      cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_guard),         cmocka_unit_test(test_environment),
        cmocka_unit_test(test_kept),          cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_cancel),        cmocka_unit_test(test_before),
        cmocka_unit_test(test_cancel_itself), cmocka_unit_test(test_send_from_inside),
        cmocka_unit_test(test_freed),         cmocka_unit_test(test_no_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
