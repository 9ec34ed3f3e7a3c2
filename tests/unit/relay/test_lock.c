/* lock: one at a time, waiting for what an earlier one started, and the refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "relay/lock.h"

static char folder[] = "/tmp/test_lock_XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"lock", "lock.roles"};
    char path[64];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static enum err take(struct lock *lock, const char *says)
{
    struct bytes why;
    bytes_init(&why, 1000);
    enum err e = lock_take(folder, &why, lock);
    if (!strstr(bytes_str(&why), says))
        fail_msg("%s", bytes_str(&why));
    assert_int_equal(e == ERR_OK, *says == '\0');
    assert_int_equal(e == ERR_OK, lock->own >= 0 && lock->roles >= 0);
    bytes_fini(&why);
    return e;
}

static void one_at_a_time(void **state)
{
    struct lock first, second;
    struct stat st;
    (void)state;
    take(&first, "");
    assert_true(fcntl(first.own, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(first.roles, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fstat(first.roles, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int64_t began = clock_mono_ms();
    take(&second, ": another weir serves this data directory");
    assert_true(clock_mono_ms() - began < 5000);
    lock_drop(&first);
    assert_int_equal(first.own, -1);
    take(&second, "");
    lock_drop(&second);
    lock_drop(&second); /* once is enough, twice does nothing */
}

/* The master is gone, what it had started has inherited the lock and lives a little longer. */
static void what_was_started_is_waited_for(void **state)
{
    struct lock first, second;
    (void)state;
    take(&first, "");
    int64_t began = clock_mono_ms();
    pid_t pid = fork();
    if (pid == 0) {
        close(first.own);
        usleep(300 * 1000);
        _exit(0);
    }
    lock_drop(&first);
    take(&second, "");
    int how = 1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(clock_mono_ms() - began >= 300); /* it had ended by then */
    assert_int_equal(how, 0);
    lock_drop(&second);
}

static void no_directory(void **state)
{
    struct lock lock;
    struct bytes why;
    (void)state;
    bytes_init(&why, 1000);
    assert_int_equal(lock_take("/no/such/directory", &why, &lock), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "/no/such/directory/lock: No such file"));
    assert_non_null(strstr(bytes_str(&why), "weir init"));
    assert_int_equal(lock.own, -1);
    bytes_fini(&why);
}

/* A link could lead the lock, and what is written under it, anywhere. */
static void no_links(void **state)
{
    struct lock lock;
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "%s/lock.roles", folder);
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    take(&lock, "lock.roles: ");
    unlink(path);
    take(&lock, "");
    lock_drop(&lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(what_was_started_is_waited_for),
        cmocka_unit_test(no_directory),
        cmocka_unit_test(no_links),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
