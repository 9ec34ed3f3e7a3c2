/* child: starting, ending, being ended, and what a started program inherits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/child.h"

struct seen {
    struct loop *loop;
    struct child *child;
    bool free_inside;
    int calls, status, signum;
};

static void on_exited(void *arg, int status, int signum)
{
    struct seen *seen = arg;
    seen->calls++;
    seen->status = status;
    seen->signum = signum;
    if (seen->free_inside)
        child_free(&seen->child);
    loop_stop(seen->loop);
}

static void on_too_late(void *arg)
{
    loop_stop(arg);
}

static void run_for(struct loop *loop, int64_t ms)
{
    struct timer *limit = timer_new(loop, on_too_late, loop);
    timer_start(limit, ms);
    loop_run(loop);
    timer_free(&limit);
}

static enum err start(struct seen *seen, const char *const *args, struct bytes *why)
{
    const struct child_config config = {.args = args, .ended = on_exited, .arg = seen};
    return child_new(seen->loop, &config, why, &seen->child);
}

static void test_ends(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int status, signum;
    } rows[] = {
        {"exit 0", 0, 0},
        {"exit 7", 7, 0},
        {"exit 255", 255, 0},
        {"kill -KILL $$", 0, SIGKILL},
        /* we ignore SIGPIPE; the program must not inherit that */
        {"kill -PIPE $$; exit 3", 0, SIGPIPE},
        {"kill -TERM $$; exit 3", 0, SIGTERM},
        /* input and output lead nowhere */
        {"test \"$(readlink /proc/$$/fd/0)\" = /dev/null", 0, 0},
        {"test \"$(readlink /proc/$$/fd/1)\" = /dev/null", 0, 0},
        {"read line && exit 1; exit 4", 4, 0},
        /* a group of its own: the fifth field of stat */
        {"read -r pid name st parent group rest < /proc/$$/stat; test $group = $$", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {.loop = loop_new()};
        struct bytes why;
        bytes_init(&why, 1000);
        const char *const args[] = {"sh", "-c", rows[i].script, NULL};
        assert_int_equal(start(&seen, args, &why), ERR_OK);
        assert_true(child_pid(seen.child) > 0);
        run_for(seen.loop, 5000);
        if (seen.calls != 1 || seen.status != rows[i].status || seen.signum != rows[i].signum)
            fail_msg("%s: %d calls, status %d, signal %d", rows[i].script, seen.calls, seen.status,
                     seen.signum);
        assert_int_equal(child_pid(seen.child), 0);
        child_signal(seen.child, SIGTERM); /* no effect, above all not on process 0 */
        child_free(&seen.child);
        assert_null(seen.child);
        bytes_fini(&why);
        loop_free(&seen.loop);
    }
}

static void test_cannot_start(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"no-such-program-here", "no-such-program-here: not found"},
        {"/no/such/program", "/no/such/program: not found"},
        {"/", "/: not found"},
        {"", ": not found"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {.loop = loop_new()};
        struct bytes why;
        bytes_init(&why, 1000);
        const char *const args[] = {rows[i].name, NULL};
        assert_int_equal(start(&seen, args, &why), ERR_FILE);
        assert_string_equal(bytes_str(&why), rows[i].why);
        assert_null(seen.child);
        run_for(seen.loop, 20);
        assert_int_equal(seen.calls, 0);
        bytes_fini(&why);
        loop_free(&seen.loop);
    }
}

/* What only exec finds out comes back as a reason too. */
static void test_exec_fails(void **state)
{
    (void)state;
    char path[] = "/tmp/test_child_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char text[] = "#!/no/such/interpreter\n";
    assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(fchmod(file, 0700), 0);
    close(file);
    struct seen seen = {.loop = loop_new()};
    struct bytes why;
    bytes_init(&why, 1000);
    const char *const args[] = {path, NULL};
    assert_int_equal(start(&seen, args, &why), ERR_FILE);
    assert_true(span_ends(bytes_span(&why), SPAN(": No such file or directory")));
    unlink(path);
    run_for(seen.loop, 20);
    assert_int_equal(seen.calls, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD); /* it was waited for */
    bytes_fini(&why);
    loop_free(&seen.loop);
}

static void test_signal(void **state)
{
    (void)state;
    struct seen seen = {.loop = loop_new(), .free_inside = true};
    struct seen other = {.loop = seen.loop};
    struct bytes why;
    bytes_init(&why, 1000);
    const char *const args[] = {"sleep", "100", NULL};
    assert_int_equal(start(&seen, args, &why), ERR_OK);
    assert_int_equal(start(&other, args, &why), ERR_OK);
    child_signal(seen.child, SIGTERM);
    run_for(seen.loop, 5000);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.signum, SIGTERM);
    assert_null(seen.child);
    /* the other one lives and has not been taken for the first */
    assert_int_equal(other.calls, 0);
    pid_t pid = child_pid(other.child);
    assert_int_equal(kill(pid, 0), 0);
    child_free(&other.child);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH); /* killed and waited for */
    run_for(seen.loop, 20);
    assert_int_equal(other.calls, 0);
    child_free(&other.child);
    bytes_fini(&why);
    loop_free(&seen.loop);
}

/* What the program started itself goes with it: the end of the pipe that all of them hold closes.
 */
static void test_free_kills_the_group(void **state)
{
    (void)state;
    char path[] = "/tmp/test_child_XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    struct seen seen = {.loop = loop_new()};
    struct bytes why;
    bytes_init(&why, 1000);
    char script[200];
    assert_true(snprintf(script, sizeof script, "sleep 100 & echo $! > %s; wait", path) > 0);
    const char *const args[] = {"sh", "-c", script, NULL};
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(start(&seen, args, &why), ERR_OK);
    char text[20] = "";
    for (int i = 0; i < 500 && pread(file, text, sizeof text - 1, 0) <= 0; i++)
        usleep(10000);
    uint64_t pid = 0;
    assert_true(span_u64((struct span){text, span_of(text).n - 1}, INT32_MAX, &pid));
    child_free(&seen.child);
    int how = 0;
    alarm(10); /* one that lives on would be waited for without end */
    assert_int_equal(waitpid((pid_t)pid, &how, 0), (pid_t)pid);
    alarm(0);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    unlink(path);
    close(file);
    bytes_fini(&why);
    loop_free(&seen.loop);
}

static void test_no_descriptor_leaks(void **state)
{
    (void)state;
    int open_here[2];
    assert_int_equal(pipe(open_here), 0); /* without close-on-exec */
    struct seen seen = {.loop = loop_new()};
    struct bytes why;
    bytes_init(&why, 1000);
    char script[100];
    assert_true(snprintf(script, sizeof script, "test ! -e /proc/$$/fd/%d", open_here[1]) > 0);
    const char *const args[] = {"sh", "-c", script, NULL};
    assert_int_equal(start(&seen, args, &why), ERR_OK);
    run_for(seen.loop, 5000);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.status, 0);
    child_free(&seen.child);
    close(open_here[0]);
    close(open_here[1]);
    bytes_fini(&why);
    loop_free(&seen.loop);
}

/* Each end in its place, also where the place of one is the number of another, and nothing else. */
static void test_descriptors_are_handed_down(void **state)
{
    (void)state;
    int one[2], two[2];
    assert_int_equal(pipe2(one, O_CLOEXEC), 0);
    assert_int_equal(pipe2(two, O_CLOEXEC), 0);
    const struct child_fd crossed[] = {{one[1], two[1]}, {two[1], one[1]}, {two[1], 60}};
    struct seen seen = {.loop = loop_new()};
    struct bytes why;
    bytes_init(&why, 1000);
    char script[200];
    snprintf(script, sizeof script,
             "printf one >/proc/$$/fd/%d; printf two >/proc/$$/fd/%d; printf 2 >/proc/$$/fd/60; "
             "test ! -e /proc/$$/fd/%d && test ! -e /proc/$$/fd/%d",
             two[1], one[1], one[0], two[0]);
    const char *const args[] = {"weir", "-c", script, NULL};
    const struct child_config config = {.args = args,
                                        .program = "sh",
                                        .fds = crossed,
                                        .fds_n = 3,
                                        .ended = on_exited,
                                        .arg = &seen};
    assert_int_equal(child_new(seen.loop, &config, &why, &seen.child), ERR_OK);
    close(one[1]);
    close(two[1]);
    run_for(seen.loop, 5000);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.status, 0);
    char text[2][8] = {"", ""};
    assert_int_equal(read(one[0], text[0], sizeof text[0]), 3);
    assert_int_equal(read(two[0], text[1], sizeof text[1]), 4);
    assert_memory_equal(text[0], "one", 3);
    assert_memory_equal(text[1], "two2", 4);
    /* Nobody else holds them: with the program, they are closed. */
    assert_int_equal(read(one[0], text[0], sizeof text[0]), 0);
    assert_int_equal(read(two[0], text[1], sizeof text[1]), 0);
    child_free(&seen.child);
    close(one[0]);
    close(two[0]);
    bytes_fini(&why);
    loop_free(&seen.loop);
}

/* The pipe that reports why a start failed may have any number: also that of a place. */
static void test_failure_is_told_whatever_is_handed_down(void **state)
{
    (void)state;
    for (int place = 3; place < 24; place++) {
        struct seen seen = {.loop = loop_new()};
        struct bytes why;
        bytes_init(&why, 1000);
        const char *const args[] = {"/dev/null/x", NULL};
        const struct child_fd given = {STDERR_FILENO, place};
        const struct child_fd closed = {4000, place};
        struct child_config config = {.args = args, .ended = on_exited, .arg = &seen};
        char path[] = "/tmp/test_child_XXXXXX";
        int file = mkstemp(path);
        assert_true(file >= 0);
        assert_int_equal(fchmod(file, 0700), 0);
        config.program = path;
        config.fds = &given;
        config.fds_n = 1;
        /* an empty file that we hold open for writing */
        assert_int_equal(child_new(seen.loop, &config, &why, &seen.child), ERR_FILE);
        assert_true(span_ends(bytes_span(&why), SPAN(": Text file busy")));
        bytes_clear(&why);
        config.fds = &closed;
        assert_int_equal(child_new(seen.loop, &config, &why, &seen.child), ERR_FILE);
        assert_true(span_ends(bytes_span(&why), SPAN(": Bad file descriptor")));
        unlink(path);
        close(file);
        bytes_fini(&why);
        loop_free(&seen.loop);
    }
}

/* A process in the middle starts a program, tells its number and dies without a word. */
static void test_dies_with_us(void **state)
{
    (void)state;
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t middle = fork();
    if (middle == 0) {
        struct seen seen = {.loop = loop_new()};
        struct bytes why;
        bytes_init(&why, 1000);
        const char *const args[] = {"sleep", "100", NULL};
        int pid = start(&seen, args, &why) == ERR_OK ? child_pid(seen.child) : 0;
        _exit(write(tell[1], &pid, sizeof pid) == (ssize_t)sizeof pid ? 0 : 1);
    }
    int pid = 0;
    assert_int_equal(read(tell[0], &pid, sizeof pid), sizeof pid);
    assert_true(pid > 0);
    int how = 0;
    assert_int_equal(waitpid(middle, &how, 0), middle);
    alarm(10); /* a program that stays would be waited for without end */
    assert_int_equal(waitpid(pid, &how, 0), pid);
    alarm(0);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    close(tell[0]);
    close(tell[1]);
}

static void test_find(void **state)
{
    (void)state;
    const char *const none[] = {"no-such-program-here", "nor-this-one"};
    const char *const some[] = {"no-such-program-here", "sh", "sleep"};
    assert_null(child_find(none, 2));
    assert_null(child_find(some, 0));
    assert_string_equal(child_find(some, 3), "sh");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_cannot_start),
        cmocka_unit_test(test_exec_fails),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_free_kills_the_group),
        cmocka_unit_test(test_no_descriptor_leaks),
        cmocka_unit_test(test_descriptors_are_handed_down),
        cmocka_unit_test(test_failure_is_told_whatever_is_handed_down),
        cmocka_unit_test(test_dies_with_us),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
