/* redis_rig: a connection under test, what its callbacks saw, and a real Redis to start and stop.
 * Each test file uses a part of it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/child.h"
#include "common/io/clock.h"
#include "common/io/redis.h"

struct rig {
    struct loop *loop;
    struct redis *redis;
    struct child *server;
    char dir[64], url[128], tcp_url[64];
    int port;
    int ups, downs;
    int answers; /* of all commands */
    bool free_on_up, free_on_down;
};

/* One command, and what came of it. */
struct seen {
    struct rig *rig;
    int calls;
    enum err err;
    bool has_reply;
    enum redis_kind kind;
    int64_t number;
    size_t len;
    char text[200];
};

__attribute__((unused)) static void rig_on_state(void *arg, bool up)
{
    struct rig *rig = arg;
    if (up)
        rig->ups++;
    else
        rig->downs++;
    if (up ? rig->free_on_up : rig->free_on_down)
        redis_free(&rig->redis);
    loop_stop(rig->loop);
}

__attribute__((unused)) static void rig_on_answer(void *arg, enum err err,
                                                  const struct redis_reply *reply)
{
    struct seen *seen = arg;
    seen->calls++;
    seen->err = err;
    seen->has_reply = reply != NULL;
    if (reply) {
        seen->kind = reply_kind(reply);
        seen->number = reply_int(reply);
        seen->len = reply_len(reply);
        span_copy(reply_text(reply), seen->text, sizeof seen->text);
    }
    seen->rig->answers++;
    loop_stop(seen->rig->loop);
}

__attribute__((unused)) static void rig_stop(void *arg)
{
    loop_stop(arg);
}

/* One turn. */
__attribute__((unused)) static void rig_turn(struct rig *rig)
{
    loop_post(rig->loop, rig_stop, rig->loop);
    loop_run(rig->loop);
}

/* Until *counter reaches target; false if that takes longer than ms. */
__attribute__((unused)) static bool rig_run(struct rig *rig, const int *counter, int target,
                                            int64_t ms)
{
    struct timer *tick = timer_new(rig->loop, rig_stop, rig->loop);
    int64_t end = clock_mono_ms() + ms;
    while (*counter < target && clock_mono_ms() < end) {
        timer_start(tick, 10);
        loop_run(rig->loop);
    }
    timer_free(&tick);
    return *counter >= target;
}

__attribute__((unused)) static void rig_idle(struct rig *rig, int64_t ms)
{
    int never = 0;
    rig_run(rig, &never, 1, ms);
}

/* Until the connection is in this trouble. */
__attribute__((unused)) static void rig_await_trouble(struct rig *rig, const char *trouble)
{
    int64_t end = clock_mono_ms() + 5000;
    while (strcmp(redis_trouble(rig->redis), trouble) != 0 && clock_mono_ms() < end)
        rig_idle(rig, 10);
    assert_string_equal(redis_trouble(rig->redis), trouble);
}

__attribute__((unused)) static void rig_connect(struct rig *rig, const char *url,
                                                int64_t command_ms)
{
    const struct redis_config config = {
        .url = url, .command_ms = command_ms, .on_state = rig_on_state, .arg = rig};
    assert_int_equal(redis_new(rig->loop, &config, &rig->redis), ERR_OK);
}

/* Words parted by blanks. */
__attribute__((unused)) static struct seen *rig_send(struct rig *rig, struct seen *seen,
                                                     const char *words, int64_t extra_ms)
{
    struct span argv[20], rest = span_of(words);
    size_t n = 0;
    while (rest.p && n < 20)
        argv[n++] = span_cut(&rest, ' ');
    *seen = (struct seen){.rig = rig};
    redis_call(rig->redis, argv, n, extra_ms, rig_on_answer, seen);
    assert_int_equal(seen->calls, 0); /* never from inside the call */
    return seen;
}

/* Sends and waits. */
__attribute__((unused)) static void rig_ask(struct rig *rig, struct seen *seen, const char *words)
{
    rig_send(rig, seen, words, 0);
    assert_true(rig_run(rig, &seen->calls, 1, 10000));
}

/* --- a real Redis ---------------------------------------------------------------------------- */

/* Below the ports that the system gives to connections, or another test takes it while the Redis is
 * down. */
__attribute__((unused)) static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    enum { FIRST = 32000, PORTS = 768 };
    for (int i = 0; i < PORTS; i++) {
        int port = FIRST + (getpid() + i) % PORTS;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        at.sin_port = htons((uint16_t)port);
        int rc = bind(fd, (struct sockaddr *)&at, sizeof at);
        close(fd);
        if (rc == 0)
            return port;
    }
    fail_msg("no free port");
    return 0;
}

__attribute__((unused)) static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.loop = loop_new(), .port = free_port()};
    snprintf(rig->dir, sizeof rig->dir, "/tmp/test_redis_XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    snprintf(rig->url, sizeof rig->url, "unix:%s/sock", rig->dir);
    snprintf(rig->tcp_url, sizeof rig->tcp_url, "redis://127.0.0.1:%d", rig->port);
}

__attribute__((unused)) static void rig_on_exit(void *arg, int status, int signum)
{
    (void)arg, (void)status, (void)signum;
}

__attribute__((unused)) static void rig_serve(struct rig *rig, const char *password)
{
    char sock[100], port[12];
    snprintf(sock, sizeof sock, "%s/sock", rig->dir);
    snprintf(port, sizeof port, "%d", rig->port);
    const char *const args[] = {"redis-server",
                                "--port",
                                port,
                                "--bind",
                                "127.0.0.1",
                                "--unixsocket",
                                sock,
                                "--save",
                                "",
                                "--dir",
                                rig->dir,
                                "--loglevel",
                                "warning",
                                "--databases",
                                "8",
                                "--enable-debug-command",
                                "yes",
                                "--requirepass",
                                password ? password : "",
                                NULL};
    const struct child_config config = {.args = args, .ended = rig_on_exit, .arg = rig};
    struct bytes why;
    bytes_init(&why, 200);
    if (child_new(rig->loop, &config, &why, &rig->server) != ERR_OK)
        fail_msg("%s", bytes_str(&why));
    bytes_fini(&why);
}

__attribute__((unused)) static void rig_fini(struct rig *rig)
{
    redis_free(&rig->redis);
    if (rig->server)
        child_signal(rig->server, SIGCONT);
    child_free(&rig->server);
    loop_free(&rig->loop);
    DIR *dir = opendir(rig->dir);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(rig->dir);
}
