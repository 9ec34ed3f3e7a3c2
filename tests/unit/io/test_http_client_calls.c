/* http_client: who may be connected to, which connections are kept, and the end of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/io/client_rig.h"

static void idle(struct rig *rig, int64_t ms)
{
    int never = 0;
    run(rig, &never, 1, ms);
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
        cmocka_unit_test(test_guard),         cmocka_unit_test(test_environment),
        cmocka_unit_test(test_kept),          cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_cancel),        cmocka_unit_test(test_before),
        cmocka_unit_test(test_cancel_itself), cmocka_unit_test(test_send_from_inside),
        cmocka_unit_test(test_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
