/* store_rig: a real Redis of the test's own, a store on it, a second connection that looks from
 * outside, and scripts that are broken on purpose. Each test file uses a part of it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/io/child.h"
#include "common/io/clock.h"
#include "relay/store/scripts.h"
#include "relay/store/store.h"

#define MAYBE __attribute__((unused))

struct rig {
    struct loop *loop;
    struct child *server;
    char dir[64], url[128], file[128];
    struct redis *raw;
    int raw_ups;
    struct store *store;
    bool strict;
    int64_t command_ms;
    int ready, not_ready, fatal; /* how often the store said so */
    unsigned troubles;           /* bit n: of trouble n it told */
    char why[512];
    char answer[1 << 16]; /* of the last ask() */
    enum err err;
    int answers;
    bool broken; /* a script is, so that what goes wrong is no news */
};

/* --- turns ----------------------------------------------------------------------------------- */

MAYBE static void rig_stop(void *arg)
{
    loop_stop(arg);
}

/* Until *counter reaches target; false if that takes longer than ms. */
MAYBE static bool rig_run(struct rig *rig, const int *counter, int target, int64_t ms)
{
    struct timer *tick = timer_new(rig->loop, rig_stop, rig->loop);
    int64_t end = clock_mono_ms() + ms;
    while (*counter < target && clock_mono_ms() < end) {
        timer_start(tick, 5);
        loop_run(rig->loop);
    }
    timer_free(&tick);
    return *counter >= target;
}

MAYBE static void rig_await(struct rig *rig, const int *counter, int target)
{
    assert_true(rig_run(rig, counter, target, 60000));
}

MAYBE static void rig_idle(struct rig *rig, int64_t ms)
{
    int never = 0;
    rig_run(rig, &never, 1, ms);
}

/* --- Redis ----------------------------------------------------------------------------------- */

MAYBE static void rig_on_exit(void *arg, int status, int signum)
{
    (void)arg, (void)status, (void)signum;
}

/* With settings beyond the usual, `name value name value ...`; later ones stand. */
MAYBE static void rig_serve(struct rig *rig, const char *settings)
{
    static const char *const usual[] = {"--appendonly",
                                        "yes",
                                        "--appendfsync",
                                        "always",
                                        "--save",
                                        "",
                                        "--maxmemory-policy",
                                        "noeviction",
                                        "--port",
                                        "0",
                                        "--logfile",
                                        "redis.log",
                                        "--unixsocketperm",
                                        "700",
                                        "--loglevel",
                                        "warning",
                                        "--aof-load-truncated",
                                        "yes"};
    const char *args[64] = {"redis-server"};
    char sock[100], words[32][64];
    size_t n = 1, w = 0;
    struct span rest = settings ? span_of(settings) : SPAN_NONE;
    snprintf(sock, sizeof sock, "%s/sock", rig->dir);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        args[n++] = usual[i];
    args[n++] = "--dir";
    args[n++] = rig->dir;
    args[n++] = "--unixsocket";
    args[n++] = sock;
    for (; rest.p && w < 32; w++) {
        struct span word = span_cut(&rest, ' ');
        snprintf(words[w], sizeof words[w], "%s%.*s", w % 2 ? "" : "--", SPAN_ARG(word));
        args[n++] = words[w];
    }
    args[n] = NULL;
    const struct child_config config = {.args = args, .ended = rig_on_exit, .arg = rig};
    struct bytes why;
    bytes_init(&why, 200);
    if (child_new(rig->loop, &config, &why, &rig->server) != ERR_OK)
        fail_msg("%s", bytes_str(&why));
    bytes_fini(&why);
}

/* kill -9, and until it is gone. */
MAYBE static void rig_kill(struct rig *rig)
{
    child_free(&rig->server);
}

/* --- a look from outside --------------------------------------------------------------------- */

MAYBE static void rig_flatten(const struct redis_reply *r, struct bytes *out)
{
    if (reply_kind(r) == REDIS_INT) {
        bytes_addf(out, "%lld", (long long)reply_int(r));
    } else if (reply_kind(r) == REDIS_LIST) {
        bytes_add_char(out, '(');
        for (size_t i = 0; i < reply_len(r); i++) {
            bytes_add_str(out, i ? " " : "");
            rig_flatten(reply_at(r, i), out);
        }
        bytes_add_char(out, ')');
    } else {
        bytes_add(out, reply_kind(r) == REDIS_NIL ? SPAN("-") : reply_text(r));
    }
}

MAYBE static void rig_on_answer(void *arg, enum err err, const struct redis_reply *reply)
{
    struct rig *rig = arg;
    struct bytes text;
    bytes_init(&text, sizeof rig->answer - 1);
    if (reply)
        rig_flatten(reply, &text);
    rig->err = err;
    snprintf(rig->answer, sizeof rig->answer, "%s", bytes_str(&text));
    bytes_fini(&text);
    rig->answers++;
    loop_stop(rig->loop);
}

MAYBE static void rig_on_raw(void *arg, bool up)
{
    struct rig *rig = arg;
    rig->raw_ups += up;
}

/* One command, its words parted by blanks; its answer as text, lists in brackets, nil as `-`. */
MAYBE static const char *ask(struct rig *rig, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
MAYBE static const char *ask(struct rig *rig, const char *format, ...)
{
    char text[4096];
    struct span argv[64];
    size_t n = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct span rest = span_of(text);
    while (rest.p && n < 64)
        argv[n++] = span_cut(&rest, ' ');
    if (!rig->raw) {
        struct redis_config config = {
            .url = rig->url, .command_ms = 5000, .on_state = rig_on_raw, .arg = rig};
        assert_int_equal(redis_new(rig->loop, &config, &rig->raw), ERR_OK);
    }
    for (int64_t end = clock_mono_ms() + 60000; !redis_is_up(rig->raw);) {
        assert_true(clock_mono_ms() < end);
        rig_idle(rig, 5);
    }
    int target = rig->answers + 1;
    redis_call(rig->raw, argv, n, 0, rig_on_answer, rig);
    rig_await(rig, &rig->answers, target);
    return rig->answer;
}

MAYBE static void assert_answer(struct rig *rig, const char *expected, const char *command)
{
    const char *answer = ask(rig, "%s", command);
    if (strcmp(answer, expected) != 0)
        fail_msg("%s: %s, not %s", command, answer, expected);
}

/* --- a store --------------------------------------------------------------------------------- */

MAYBE static void rig_on_ready(void *arg, bool ready, bool fatal, const char *why)
{
    struct rig *rig = arg;
    rig->ready += ready;
    rig->not_ready += !ready;
    rig->fatal += fatal;
    snprintf(rig->why, sizeof rig->why, "%s", why ? why : "");
    loop_stop(rig->loop);
}

MAYBE static void rig_on_trouble(void *arg, enum trouble what, struct span text)
{
    struct rig *rig = arg;
    assert_true(text.n > 0);
    rig->troubles |= 1U << what;
}

/* Until it is not ready for a reason with this word in it. */
MAYBE static void rig_await_why(struct rig *rig, const char *word)
{
    for (int i = 0; i < 2000 && !strstr(rig->why, word); i++)
        rig_idle(rig, 5);
    if (!strstr(rig->why, word) || store_ready(rig->store))
        fail_msg("not said: %s, but: %s", word, rig->why);
}

MAYBE static void rig_store(struct rig *rig)
{
    const struct store_config config = {.url = rig->url,
                                        .journal_file = rig->file,
                                        .strict = rig->strict,
                                        .command_ms = rig->command_ms,
                                        .on_ready = rig_on_ready,
                                        .on_trouble = rig_on_trouble,
                                        .arg = rig};
    rig->ready = rig->not_ready = rig->fatal = 0;
    rig->troubles = 0;
    assert_int_equal(store_new(rig->loop, &config, &rig->store), ERR_OK);
}

MAYBE static void rig_store_ready(struct rig *rig)
{
    rig_store(rig);
    if (!rig_run(rig, &rig->ready, 1, 10000))
        fail_msg("not ready: %s", rig->why);
}

/* An empty Redis, and a store that has founded its journal there. */
MAYBE static void rig_fresh(struct rig *rig)
{
    store_free(&rig->store);
    assert_answer(rig, "OK", "FLUSHALL");
    unlink(rig->file);
    rig_store_ready(rig);
}

/* --- life ------------------------------------------------------------------------------------ */

/* Memory, where there is enough: how long a disk takes to sync is not what is tested. */
MAYBE static const char *rig_place(void)
{
    struct statvfs st;
    bool memory = access("/dev/shm", W_OK) == 0 && statvfs("/dev/shm", &st) == 0 &&
                  st.f_bavail > ((uint64_t)2 << 30) / st.f_frsize;
    return memory ? "/dev/shm" : "/tmp";
}

MAYBE static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->loop = loop_new();
    rig->strict = true;
    rig->command_ms = 5000;
    snprintf(rig->dir, sizeof rig->dir, "%s/test_store_XXXXXX", rig_place());
    assert_non_null(mkdtemp(rig->dir));
    snprintf(rig->url, sizeof rig->url, "unix:%s/sock", rig->dir);
    snprintf(rig->file, sizeof rig->file, "%s/journal", rig->dir);
}

MAYBE static int rig_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

MAYBE static void rig_fini(struct rig *rig)
{
    store_free(&rig->store);
    redis_free(&rig->raw);
    if (rig->server)
        child_signal(rig->server, SIGCONT);
    child_free(&rig->server);
    loop_free(&rig->loop);
    nftw(rig->dir, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* For cmocka's groups: one Redis for all tests of a file. */
static struct rig the_rig;

MAYBE static int rig_group_setup(void **state)
{
    rig_init(&the_rig);
    rig_serve(&the_rig, NULL);
    *state = &the_rig;
    return 0;
}

MAYBE static int rig_group_teardown(void **state)
{
    rig_fini(*state);
    return 0;
}

/* --- scripts that are broken on purpose ------------------------------------------------------ */

struct mutant {
    struct redis_script *script;
    const char *whole;
    char *broken;
};

/* The script's text with `from`, which stands there once, replaced by `to`, until unbreak(). */
MAYBE static struct mutant break_script(struct redis_script *script, const char *from,
                                        const char *to)
{
    const char *at = strstr(script->text, from);
    if (!at || strstr(at + 1, from))
        fail_msg("%s: `%s` does not stand there once", script->name, from);
    struct bytes text;
    bytes_init(&text, 1 << 20);
    bytes_add(&text, (struct span){script->text, (size_t)(at - script->text)});
    bytes_add_str(&text, to);
    bytes_add_str(&text, at + strlen(from));
    struct mutant m = {script, script->text, bytes_take(&text)};
    script->text = m.broken;
    script->sha[0] = '\0';
    return m;
}

MAYBE static void unbreak(struct mutant *m)
{
    m->script->text = m->whole;
    m->script->sha[0] = '\0';
    free(m->broken);
}

/* A law, and what breaks it: it holds with the script as it is, and is seen broken with the other.
 */
struct twin {
    const char *name;
    bool (*holds)(struct rig *rig);
    struct redis_script *script;
    const char *from, *to;
};

MAYBE static void run_twins(struct rig *rig, const struct twin *twins, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        rig_fresh(rig);
        if (!twins[i].holds(rig))
            fail_msg("%s: does not hold", twins[i].name);
        struct mutant m = break_script(twins[i].script, twins[i].from, twins[i].to);
        rig->broken = true;
        rig_fresh(rig);
        bool holds = twins[i].holds(rig);
        rig->broken = false;
        unbreak(&m);
        if (holds)
            fail_msg("%s: holds although it is broken", twins[i].name);
    }
}
