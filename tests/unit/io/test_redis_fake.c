/* redis: against something that only pretends to be a Redis: greetings that are not PONG, answers
 * that break off, and how the commands of a turn reach the wire. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/unit/io/redis_rig.h"

#include "common/io/metrics.h"

#define PING_SIZE (sizeof "*1\r\n$4\r\nPING\r\n" - 1)

#define SHA_REPLY "$40\r\n0123456789abcdef0123456789abcdef01234567\r\n"

struct fake {
    int listener;
    pthread_t thread;
    atomic_int connections;
    atomic_size_t chunk; /* bytes of the first read after the greeting */
    const char *greeting;
    const char *then; /* said to each read after it; NULL: PONG to each PING */
    bool one_by_one;  /* bytes, with pauses */
    bool closes;
    bool forgets; /* every script, as soon as it is loaded */
};

static void say(const struct fake *fake, int fd, const char *text)
{
    size_t n = strlen(text), step = fake->one_by_one ? 1 : n;
    for (size_t i = 0; i < n; i += step) {
        if (send(fd, text + i, step, MSG_NOSIGNAL) < 0)
            return;
        if (fake->one_by_one)
            usleep(1000);
    }
}

static void serve(struct fake *fake, int fd)
{
    char buffer[65536];
    if (recv(fd, buffer, sizeof buffer, 0) <= 0)
        return;
    say(fake, fd, fake->greeting);
    ssize_t n;
    while (!(fake->closes && !fake->then) && (n = recv(fd, buffer, sizeof buffer - 1, 0)) > 0) {
        if (!fake->chunk)
            fake->chunk = (size_t)n;
        buffer[n] = '\0';
        if (fake->forgets)
            say(fake, fd, strstr(buffer, "LOAD") ? SHA_REPLY : "-NOSCRIPT No matching script.\r\n");
        else if (fake->then)
            say(fake, fd, fake->then);
        for (ssize_t i = 0; !fake->forgets && !fake->then && i < n; i += (ssize_t)PING_SIZE)
            say(fake, fd, "+PONG\r\n");
        if (fake->closes)
            return;
    }
}

static void *run_fake(void *arg)
{
    struct fake *fake = arg;
    int fd;
    while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
        fake->connections++;
        serve(fake, fd);
        close(fd);
    }
    return NULL;
}

static void fake_start(struct fake *fake, const struct rig *rig)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/sock", rig->dir);
    unlink(at.sun_path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fake->listener, 10), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, run_fake, fake), 0);
}

/* After redis_free(): the connection it serves has ended. */
static void fake_stop(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
}

static void test_greetings(void **state)
{
    (void)state;
    static const struct {
        const char *greeting;
        bool closes, up;
        const char *trouble;
    } rows[] = {
        {"+PONG\r\n", false, true, ""},
        {"$4\r\nPONG\r\n", false, true, ""},
        {"-NOPERM this user has no permissions to run the 'ping' command\r\n", false, true, ""},
        {"-MISCONF Errors writing to the AOF file\r\n", false, true, ""},
        {"-LOADING Redis is loading the dataset in memory\r\n", false, false,
         "LOADING Redis is loading the dataset in memory"},
        {"-NOAUTH Authentication required.\r\n", false, false, "NOAUTH Authentication required."},
        {"-ERR max number of clients reached\r\n", true, false,
         "ERR max number of clients reached"},
        {"HTTP/1.1 400 Bad Request\r\n", false, false,
         "Protocol error, got \"H\" as reply type byte"},
        {"+PO", true, false, "Server closed the connection"},
        {"", true, false, "Server closed the connection"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        struct fake fake = {.greeting = rows[i].greeting, .closes = rows[i].closes};
        rig_init(&rig);
        fake_start(&fake, &rig);
        rig_connect(&rig, rig.url, 500);
        if (rows[i].up)
            assert_true(rig_run(&rig, &rig.ups, 1, 2000));
        rig_await_trouble(&rig, rows[i].trouble);
        assert_int_equal(rig.ups, rows[i].up ? 1 : 0);
        assert_int_equal(rig.downs, 0);
        redis_free(&rig.redis);
        fake_stop(&fake);
        rig_fini(&rig);
    }
}

/* All commands of one turn leave in one write. */
static void test_one_write(void **state)
{
    (void)state;
    enum { MANY = 100 };
    struct rig rig;
    struct fake fake = {.greeting = "+PONG\r\n"};
    struct seen all[MANY];
    rig_init(&rig);
    fake_start(&fake, &rig);
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 2000));
    static const struct metric_def counted = {.name = "commands_total", .kind = METRIC_COUNTER};
    metrics_setup(&counted, 1);
    redis_meter(0);
    uint64_t before = redis_commands_sent();
    for (int i = 0; i < MANY; i++)
        rig_send(&rig, &all[i], "PING", 0);
    assert_int_equal(redis_commands_sent() - before, MANY);
    assert_int_equal((int)metric_get(0, 0), MANY);
    redis_meter(SIZE_MAX);
    metrics_fini();
    assert_true(rig_run(&rig, &rig.answers, MANY, 5000));
    assert_int_equal(fake.chunk, MANY * PING_SIZE);
    for (int i = 0; i < MANY; i++)
        assert_string_equal(all[i].text, "PONG");
    redis_free(&rig.redis);
    fake_stop(&fake);
    rig_fini(&rig);
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *then;
        bool one_by_one, closes;
        enum err err;
        const char *text;
    } rows[] = {
        {"$5\r\nhello\r\n", true, false, ERR_OK, "hello"},
        {"-BUSY a script runs\r\n", true, false, ERR_REDIS_REPLY, "BUSY a script runs"},
        {"$5\r\nhel", false, true, ERR_REDIS, ""},
        {"", false, true, ERR_REDIS, ""},
        {"?\r\n", false, false, ERR_REDIS, ""},
        {"*2\r\n$1\r\na\r\n", false, false, ERR_REDIS, ""}, /* half of it: the deadline */
        /* one more error than was asked for: the first is the answer, the second ends it */
        {"+a\r\n-ERR closing\r\n", false, false, ERR_OK, "a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        struct seen seen;
        struct fake fake = {.greeting = "+PONG\r\n",
                            .then = rows[i].then,
                            .one_by_one = rows[i].one_by_one,
                            .closes = rows[i].closes};
        rig_init(&rig);
        fake_start(&fake, &rig);
        rig_connect(&rig, rig.url, 300);
        assert_true(rig_run(&rig, &rig.ups, 1, 2000));
        rig_ask(&rig, &seen, "GET a");
        if (seen.err != rows[i].err || strcmp(seen.text, rows[i].text) != 0)
            fail_msg("%s: %s, %s", rows[i].then, err_code(seen.err), seen.text);
        if (seen.err == ERR_REDIS || i == sizeof rows / sizeof rows[0] - 1)
            assert_true(rig_run(&rig, &rig.downs, 1, 2000));
        else
            assert_int_equal(rig.downs, 0);
        redis_free(&rig.redis);
        fake_stop(&fake);
        rig_fini(&rig);
    }
}

/* 100, 200, 400 ms .., each between half and whole; anew after it was up. */
static void test_backoff(void **state)
{
    (void)state;
    struct rig rig;
    struct fake fake = {.greeting = "-LOADING\r\n", .closes = true};
    rig_init(&rig);
    fake_start(&fake, &rig);
    rig_connect(&rig, rig.url, 300);
    rig_idle(&rig, 1300); /* tries at 0, 50..100, 150..300, 350..700, 750..1500 */
    assert_in_range(fake.connections, 2, 5);
    /* The next step would be 400..800 or 800..1600, and then more. A loaded machine may be late. */
    int64_t took = INT64_MAX;
    for (int i = 0; i < 5 && took > 350; i++) {
        int before = fake.connections;
        int64_t start = clock_mono_ms();
        redis_reset(rig.redis);
        while (fake.connections == before && clock_mono_ms() - start < 10000)
            rig_idle(&rig, 10);
        took = clock_mono_ms() - start;
        assert_true(took >= 45);
    }
    assert_true(took <= 350);
    redis_free(&rig.redis);
    fake_stop(&fake);
    rig_fini(&rig);
}

/* One round of loading is enough: a script that is forgotten at once is an error. */
static void test_script_forgotten(void **state)
{
    (void)state;
    struct rig rig;
    struct fake fake = {.greeting = "+PONG\r\n", .forgets = true};
    struct redis_script script = {.name = "one", .text = "return 1"};
    rig_init(&rig);
    fake_start(&fake, &rig);
    rig_connect(&rig, rig.url, 2000);
    assert_true(rig_run(&rig, &rig.ups, 1, 2000));
    for (unsigned i = 0; i < 2; i++) {
        struct seen seen = {.rig = &rig};
        uint64_t before = redis_commands_sent();
        redis_script(rig.redis, &script, NULL, 0, rig_on_answer, &seen);
        assert_true(rig_run(&rig, &seen.calls, 1, 2000));
        assert_int_equal(seen.err, ERR_REDIS_REPLY);
        assert_string_equal(seen.text, "NOSCRIPT No matching script.");
        assert_int_equal(redis_commands_sent() - before, i + 2); /* the hash is known by then */
    }
    assert_string_equal(script.sha, "0123456789abcdef0123456789abcdef01234567");
    redis_free(&rig.redis);
    fake_stop(&fake);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),        cmocka_unit_test(test_one_write),
        cmocka_unit_test(test_answers),          cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_script_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
