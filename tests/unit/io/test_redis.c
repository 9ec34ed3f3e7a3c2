/* redis: against a real Redis that is refused, killed, stopped, restarted, and asks for a password.
 */
#include "tests/unit/io/redis_rig.h"

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        enum err err;
        enum redis_kind kind;
        int64_t number;
        size_t len;
        const char *text;
    } rows[] = {
        {"SET a 42", ERR_OK, REDIS_TEXT, 0, 0, "OK"},
        {"GET a", ERR_OK, REDIS_TEXT, 42, 0, "42"},
        {"GET none", ERR_OK, REDIS_NIL, 0, 0, ""},
        {"INCRBY b -7", ERR_OK, REDIS_INT, -7, 0, ""},
        {"GET b", ERR_OK, REDIS_TEXT, -7, 0, "-7"},
        {"SET c -", ERR_OK, REDIS_TEXT, 0, 0, "OK"},
        {"GET c", ERR_OK, REDIS_TEXT, 0, 0, "-"},
        {"SET c 9223372036854775808", ERR_OK, REDIS_TEXT, 0, 0, "OK"},
        {"GET c", ERR_OK, REDIS_TEXT, 0, 0, "9223372036854775808"},
        {"LRANGE none 0 -1", ERR_OK, REDIS_LIST, 0, 0, ""},
        {"RPUSH l x y z", ERR_OK, REDIS_INT, 3, 0, ""},
        {"LRANGE l 0 -1", ERR_OK, REDIS_LIST, 0, 3, ""},
        {"INCR l", ERR_REDIS_REPLY, REDIS_ERROR, 0, 0,
         "WRONGTYPE Operation against a key holding the wrong kind of value"},
        {"EVAL return({1,{2,'a'}}) 0", ERR_OK, REDIS_LIST, 0, 2, ""},
    };
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    assert_true(redis_is_up(rig.redis));
    assert_string_equal(redis_trouble(rig.redis), "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen;
        rig_ask(&rig, &seen, rows[i].words);
        if (seen.err != rows[i].err || seen.kind != rows[i].kind || seen.number != rows[i].number ||
            seen.len != rows[i].len || strcmp(seen.text, rows[i].text) != 0)
            fail_msg("%s: %s, kind %d, %d, %zu, %s", rows[i].words, err_code(seen.err), seen.kind,
                     (int)seen.number, seen.len, seen.text);
    }
    rig_fini(&rig);
}

struct tree {
    struct rig *rig;
    int calls;
};

static void on_tree(void *arg, enum err err, const struct redis_reply *r)
{
    struct tree *tree = arg;
    tree->calls++;
    assert_int_equal(err, ERR_OK);
    assert_int_equal(reply_len(r), 6);
    assert_null(reply_at(r, 6));
    assert_null(reply_at(reply_at(r, 0), 0)); /* text is no list */
    assert_true(span_eq_str(reply_text(reply_field(r, "a")), "1"));
    assert_true(span_eq(reply_text(reply_field(r, "zero")), SPAN("x\0y")));
    assert_int_equal(reply_len(reply_field(r, "list")), 2);
    assert_int_equal(reply_int(reply_at(reply_field(r, "list"), 1)), 9);
    assert_null(reply_field(r, "1")); /* a value is no name */
    assert_null(reply_field(r, "none"));
    assert_null(reply_field(reply_field(r, "a"), "a"));
    loop_stop(tree->rig->loop);
}

static void test_fields(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.tcp_url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    struct tree tree = {.rig = &rig};
    const struct span argv[] = {SPAN("EVAL"),
                                SPAN("return {'a','1','zero',ARGV[1],'list',{'b',9}}"), SPAN("0"),
                                SPAN("x\0y")};
    redis_call(rig.redis, argv, 4, 0, on_tree, &tree);
    assert_true(rig_run(&rig, &tree.calls, 1, 5000));
    rig_fini(&rig);
}

/* Many arguments, a large one, an empty one and an absent one arrive whole. */
static void test_large(void **state)
{
    (void)state;
    enum { MANY = 200, LARGE = 3 << 20 };
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.tcp_url, 5000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    struct span argv[MANY + 2] = {SPAN("RPUSH"), SPAN("l")};
    for (size_t i = 0; i < MANY; i++)
        argv[i + 2] = i == 5 ? SPAN_NONE : SPAN("value");
    char *large = mem_new(LARGE);
    memset(large, 'x', LARGE);
    argv[7] = (struct span){large, LARGE};
    struct seen push = {.rig = &rig}, len;
    redis_call(rig.redis, argv, MANY + 2, 0, rig_on_answer, &push);
    free(large); /* copied */
    assert_true(rig_run(&rig, &push.calls, 1, 5000));
    assert_int_equal(push.number, MANY);
    rig_ask(&rig, &len, "EVAL return(#redis.call('LINDEX','l','5')) 0");
    assert_int_equal(len.number, LARGE);
    rig_ask(&rig, &len, "LINDEX l 5");
    assert_int_equal(len.kind, REDIS_TEXT);
    rig_ask(&rig, &len, "LINDEX l 6");
    assert_string_equal(len.text, "value");
    rig_fini(&rig);
}

/* Nobody listens: no connection, commands fail in a later turn; then somebody does. */
static void test_refused_then_there(void **state)
{
    (void)state;
    for (int tcp = 0; tcp <= 1; tcp++) {
        struct rig rig;
        rig_init(&rig);
        rig_connect(&rig, tcp ? rig.tcp_url : rig.url, 2000);
        struct seen early, late, good;
        rig_send(&rig, &early, "PING", 0);
        assert_true(rig_run(&rig, &early.calls, 1, 1000));
        assert_int_equal(early.err, ERR_REDIS);
        assert_false(early.has_reply);
        rig_await_trouble(&rig, tcp ? "Connection refused" : "No such file or directory");
        rig_send(&rig, &late, "PING", 0);
        assert_true(rig_run(&rig, &late.calls, 1, 1000));
        assert_int_equal(late.err, ERR_REDIS);
        assert_int_equal(rig.ups + rig.downs, 0);
        rig_serve(&rig, NULL);
        assert_true(rig_run(&rig, &rig.ups, 1, 5000));
        rig_ask(&rig, &good, "PING");
        assert_string_equal(good.text, "PONG");
        rig_fini(&rig);
    }
}

static void test_killed(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.tcp_url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    struct seen waiting, behind, good;
    rig_send(&rig, &waiting, "BLPOP none 0", 20000);
    rig_send(&rig, &behind, "PING", 0);
    rig_idle(&rig, 50);
    assert_int_equal(rig.answers, 0);
    int64_t start = clock_mono_ms();
    child_signal(rig.server, SIGKILL);
    assert_true(rig_run(&rig, &rig.answers, 2, 5000));
    assert_true(clock_mono_ms() - start < 1900); /* told by the socket, not by a deadline */
    assert_int_equal(waiting.err, ERR_REDIS);
    assert_int_equal(behind.err, ERR_REDIS);
    assert_int_equal(rig.downs, 1);
    assert_false(redis_is_up(rig.redis));
    child_free(&rig.server);
    rig_serve(&rig, NULL);
    assert_true(rig_run(&rig, &rig.ups, 2, 10000));
    rig_ask(&rig, &good, "PING");
    assert_string_equal(good.text, "PONG");
    assert_int_equal(waiting.calls + behind.calls, 2); /* each exactly once */
    rig_fini(&rig);
}

/* A stopped Redis says nothing at all: only our deadlines help. It accepts connections, too, so the
 * connection must not count as up again before it answers. */
static void test_stopped(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.url, 300);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    child_signal(rig.server, SIGSTOP);
    struct seen first, second, good;
    int64_t start = clock_mono_ms();
    rig_send(&rig, &first, "PING", 0);
    rig_send(&rig, &second, "PING", 0);
    assert_true(rig_run(&rig, &rig.answers, 2, 5000));
    int64_t took = clock_mono_ms() - start;
    assert_in_range(took, 295, 5000);
    assert_int_equal(first.err, ERR_REDIS);
    assert_int_equal(second.err, ERR_REDIS);
    assert_int_equal(rig.downs, 1);
    assert_string_equal(redis_trouble(rig.redis), "no answer in time");
    /* the next connection is given up as well */
    rig_await_trouble(&rig, "connected, but no answer in time");
    assert_int_equal(rig.ups, 1);
    child_signal(rig.server, SIGCONT);
    assert_true(rig_run(&rig, &rig.ups, 2, 5000));
    rig_ask(&rig, &good, "PING");
    assert_string_equal(good.text, "PONG");
    rig_fini(&rig);
}

/* extra_ms is for that command; those behind it wait for it, in order. */
static void test_deadlines(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.url, 500);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    struct seen waiting, behind, late;
    rig_send(&rig, &waiting, "BLPOP none 1", 5000);
    rig_send(&rig, &behind, "PING", 0);
    assert_true(rig_run(&rig, &rig.answers, 2, 10000));
    assert_int_equal(waiting.err, ERR_OK);
    assert_int_equal(waiting.kind, REDIS_NIL);
    assert_int_equal(behind.err, ERR_OK);
    assert_int_equal(rig.downs, 0);
    /* it is we who sleep: the answer lies in the socket when the deadline has passed */
    rig_send(&rig, &late, "PING", 0);
    rig_turn(&rig); /* written */
    usleep(800000);
    assert_true(rig_run(&rig, &late.calls, 1, 5000));
    assert_int_equal(late.err, ERR_OK);
    assert_int_equal(rig.downs, 0);
    /* without the extra time the same wait is too long */
    rig_send(&rig, &waiting, "BLPOP none 1", 0);
    assert_true(rig_run(&rig, &waiting.calls, 1, 5000));
    assert_int_equal(waiting.err, ERR_REDIS);
    assert_int_equal(rig.downs, 1);
    /* the extra time of a command that was answered is not the next one's */
    assert_true(rig_run(&rig, &rig.ups, 2, 5000));
    rig_send(&rig, &waiting, "BLPOP none 0.05", 4000);
    assert_true(rig_run(&rig, &waiting.calls, 1, 5000));
    child_signal(rig.server, SIGSTOP);
    int64_t start = clock_mono_ms();
    rig_ask(&rig, &late, "PING");
    assert_int_equal(late.err, ERR_REDIS);
    assert_in_range(clock_mono_ms() - start, 490, 3900); /* not the 4,000 of the one before */
    rig_fini(&rig);
}

static void run_script(struct rig *rig, struct redis_script *script, const char *one,
                       struct seen *seen, unsigned commands)
{
    uint64_t before = redis_commands_sent();
    const struct span argv[] = {span_of(one), SPAN("two"), SPAN_NONE};
    *seen = (struct seen){.rig = rig};
    redis_script(rig->redis, script, argv, 3, rig_on_answer, seen);
    assert_int_equal(seen->calls, 0);
    assert_true(rig_run(rig, &seen->calls, 1, 5000));
    assert_int_equal(redis_commands_sent() - before, commands);
}

static void test_scripts(void **state)
{
    (void)state;
    struct redis_script script = {
        .name = "join",
        .text = "return {#ARGV, ARGV[1] .. ARGV[2] .. ARGV[3], redis.call('INCR', 'n')}"};
    struct redis_script count = {.name = "count", .text = "return ARGV[1] .. '+' .. #ARGV[3]"};
    struct redis_script wrong = {.name = "wrong", .text = "return redis.call('NO-SUCH')"};
    struct redis_script broken = {.name = "broken", .text = "return ("};
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    struct seen seen;
    run_script(&rig, &script, "one", &seen, 2); /* load, call */
    assert_int_equal(seen.len, 3);
    assert_int_equal(strlen(script.sha), 40);
    run_script(&rig, &script, "one", &seen, 1);
    assert_int_equal(seen.err, ERR_OK);
    run_script(&rig, &count, "value", &seen, 2);
    assert_string_equal(seen.text, "value+0");
    /* Redis forgets: call, load, call again */
    rig_ask(&rig, &seen, "SCRIPT FLUSH");
    run_script(&rig, &count, "value", &seen, 3);
    assert_string_equal(seen.text, "value+0");
    /* an error of the script itself is not tried twice */
    run_script(&rig, &wrong, "", &seen, 2);
    assert_int_equal(seen.err, ERR_REDIS_REPLY);
    run_script(&rig, &wrong, "", &seen, 1);
    assert_int_equal(seen.err, ERR_REDIS_REPLY);
    assert_int_equal(seen.kind, REDIS_ERROR);
    /* nor is a text that does not compile */
    run_script(&rig, &broken, "", &seen, 1);
    assert_int_equal(seen.err, ERR_REDIS_REPLY);
    assert_true(span_starts(span_of(seen.text), SPAN("ERR Error compiling script")));
    assert_string_equal(broken.sha, "");
    /* a hash that is not the text's is put right */
    memset(script.sha, '0', 40);
    run_script(&rig, &script, "one", &seen, 3);
    assert_int_equal(seen.err, ERR_OK);
    rig_ask(&rig, &seen, "GET n");
    assert_int_equal(seen.number, 3); /* twice at first, once now: no call ran twice */
    /* without a connection */
    child_free(&rig.server);
    assert_true(rig_run(&rig, &rig.downs, 1, 5000));
    run_script(&rig, &script, "one", &seen, 0);
    assert_int_equal(seen.err, ERR_REDIS);
    rig_fini(&rig);
}

static void test_password(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* the port stands between */
        const char *trouble;        /* NULL: it comes up */
        const char *check, *answer;
    } rows[] = {
        {"redis://:s%40cret%2F@127.0.0.1:", "", NULL, "ACL WHOAMI", "default"},
        {"redis://me:other@127.0.0.1:", "", NULL, "ACL WHOAMI", "me"},
        {"redis://me:other@localhost:", "/3", NULL, "GET where", "three"},
        {"redis://me:other@localhost:", "/0", NULL, "GET where", ""},
        {"redis://127.0.0.1:", "", "NOAUTH Authentication required.", "", ""},
        {"redis://:wrong@127.0.0.1:", "",
         "WRONGPASS invalid username-password pair or user is disabled.", "", ""},
        {"redis://nobody:other@127.0.0.1:", "/3",
         "WRONGPASS invalid username-password pair or user is disabled.", "", ""},
        {"redis://me:other@127.0.0.1:", "/8", "ERR DB index is out of range", "", ""},
    };
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, "s@cret/");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[200];
        struct seen seen;
        rig.ups = 0;
        snprintf(url, sizeof url, "%s%d%s", rows[i].before, rig.port, rows[i].after);
        rig_connect(&rig, url, 2000);
        if (rows[i].trouble) {
            rig_await_trouble(&rig, rows[i].trouble);
            assert_int_equal(rig.ups, 0);
        } else {
            assert_true(rig_run(&rig, &rig.ups, 1, 10000));
            rig_ask(&rig, &seen, "ACL SETUSER me on >other +@all ~*");
            rig_ask(&rig, &seen, rows[i].check);
            assert_string_equal(seen.text, rows[i].answer);
            rig_ask(&rig, &seen, "SELECT 3");
            rig_ask(&rig, &seen, "SET where three");
            assert_string_equal(seen.text, "OK");
        }
        redis_free(&rig.redis);
    }
    assert_int_equal(rig.downs, 0);
    rig_fini(&rig);
}

static void test_names(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    rig_serve(&rig, NULL);
    char url[100];
    /* where the name has an IPv6 address too, nobody listens there: the next try takes the other */
    snprintf(url, sizeof url, "redis://localhost:%d", rig.port);
    rig_connect(&rig, url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    redis_free(&rig.redis);
    rig_connect(&rig, "redis://no-such-name.invalid", 2000);
    redis_free(&rig.redis); /* before the first try */
    rig_connect(&rig, "redis://no-such-name.invalid", 2000);
    rig_turn(&rig);
    redis_free(&rig.redis); /* while the name is being looked up */
    rig_connect(&rig, "redis://no-such-name.invalid", 2000);
    rig_idle(&rig, 200);
    assert_int_equal(rig.ups, 1);
    assert_true(strlen(redis_trouble(rig.redis)) > 0);
    rig_fini(&rig);
}

/* --- freeing and resetting from inside -------------------------------------------------------- */

struct inside {
    struct seen seen;
    bool reset;
};

static void on_answer_then(void *arg, enum err err, const struct redis_reply *reply)
{
    struct inside *inside = arg;
    struct rig *rig = inside->seen.rig;
    rig_on_answer(&inside->seen, err, reply);
    if (inside->reset)
        redis_reset(rig->redis);
    else
        redis_free(&rig->redis);
}

/* Three commands whose answers come in one piece; the first callback frees or resets. */
static void test_inside_callback(void **state)
{
    (void)state;
    for (int reset = 0; reset <= 1; reset++) {
        struct rig rig;
        rig_init(&rig);
        rig_serve(&rig, NULL);
        rig_connect(&rig, rig.url, 2000);
        assert_true(rig_run(&rig, &rig.ups, 1, 10000));
        struct inside first = {.seen.rig = &rig, .reset = reset};
        struct seen second, third;
        const struct span ping[] = {SPAN("PING")};
        redis_call(rig.redis, ping, 1, 0, on_answer_then, &first);
        rig_send(&rig, &second, "PING", 0);
        rig_send(&rig, &third, "PING", 0);
        assert_true(rig_run(&rig, &rig.answers, 3, 5000));
        assert_int_equal(first.seen.err, ERR_OK);
        assert_int_equal(second.err, ERR_REDIS);
        assert_int_equal(third.err, ERR_REDIS);
        if (reset) {
            assert_int_equal(rig.downs, 1);
            assert_true(rig_run(&rig, &rig.ups, 2, 5000));
        } else {
            assert_null(rig.redis);
            assert_int_equal(rig.downs, 0);
        }
        rig_idle(&rig, 30);
        assert_int_equal(rig.answers, 3); /* each exactly once */
        rig_fini(&rig);
    }
}

static void test_freed(void **state)
{
    (void)state;
    struct rig rig;
    rig_init(&rig);
    redis_free(&rig.redis); /* of nothing */
    /* with commands that never went out */
    rig_connect(&rig, rig.url, 2000);
    struct seen first, second;
    rig_send(&rig, &first, "PING", 0);
    redis_free(&rig.redis);
    assert_int_equal(first.calls, 1);
    assert_int_equal(first.err, ERR_REDIS);
    /* with one sent and one not yet written */
    rig_serve(&rig, NULL);
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 10000));
    rig_send(&rig, &first, "BLPOP none 0", 5000);
    rig_idle(&rig, 20);
    rig_send(&rig, &second, "PING", 0);
    redis_free(&rig.redis);
    assert_int_equal(first.err, ERR_REDIS);
    assert_int_equal(second.err, ERR_REDIS);
    assert_int_equal(first.calls + second.calls, 2);
    assert_int_equal(rig.downs, 0);
    /* from on_state, up and down */
    rig.free_on_up = true;
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 2, 10000));
    assert_null(rig.redis);
    rig.free_on_up = false;
    rig.free_on_down = true;
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 3, 10000));
    rig_send(&rig, &first, "PING", 0);
    redis_reset(rig.redis);
    assert_int_equal(first.calls, 0); /* in a later turn */
    assert_true(rig_run(&rig, &rig.downs, 1, 5000));
    assert_null(rig.redis);
    assert_int_equal(first.calls, 1);
    assert_int_equal(first.err, ERR_REDIS);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),         cmocka_unit_test(test_fields),
        cmocka_unit_test(test_large),           cmocka_unit_test(test_refused_then_there),
        cmocka_unit_test(test_killed),          cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_deadlines),       cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_password),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_inside_callback), cmocka_unit_test(test_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
