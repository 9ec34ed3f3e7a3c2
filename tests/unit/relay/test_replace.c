/* replace: the file as it is afterwards, what was there under its other name, owner and mode; what
 * can't be replaced stays as it was; nothing is left beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/replace.h"

static char dir[64], path[96], before[128];

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(name, mode), 0);
}

static void holds(const char *name, const char *text)
{
    char got[100] = "";
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof(got) - 1, f);
    got[n] = '\0';
    fclose(f);
    assert_string_equal(got, text);
}

static int files(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof(dir), "%s/weir-replace-XXXXXX", tmp && strlen(tmp) < 30 ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/weir.yaml", dir);
    snprintf(before, sizeof(before), "%s.before", path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(before);
    return rmdir(dir);
}

static void test_replaced(void **state)
{
    (void)state;
    struct bytes why;
    struct stat st;
    bytes_init(&why, 10000);
    write_file(path, "one", 0640);
    assert_true(replace_file(path, SPAN("two"), &why));
    holds(path, "two");
    holds(before, "one");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(files(), 2);
    assert_true(replace_file(path, SPAN("three"), &why));
    holds(path, "three");
    holds(before, "two");
    assert_int_equal(files(), 2);
    assert_true(replace_undo(path, &why));
    holds(path, "two");
    assert_int_equal(files(), 1);
    assert_string_equal(bytes_str(&why), "");
    /* there is none any more */
    assert_false(replace_undo(path, &why));
    assert_non_null(strstr(bytes_str(&why), "No such file"));
    holds(path, "two");
    bytes_fini(&why);
}

/* Who read it before goes on reading that, whole. */
static void test_reader(void **state)
{
    (void)state;
    struct bytes why;
    char got[8] = "";
    bytes_init(&why, 10000);
    write_file(path, "one", 0600);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(replace_file(path, SPAN("twotwo"), &why));
    assert_int_equal(read(fd, got, sizeof(got)), 3);
    assert_string_equal(got, "one");
    close(fd);
    bytes_fini(&why);
}

static void test_refused(void **state)
{
    (void)state;
    struct bytes why;
    bytes_init(&why, 10000);
    assert_false(replace_file(path, SPAN("two"), &why));
    assert_non_null(strstr(bytes_str(&why), "No such file"));
    assert_int_equal(files(), 0);
    /* what can't be kept is not replaced */
    write_file(path, "one", 0600);
    assert_int_equal(mkdir(before, 0700), 0);
    bytes_clear(&why);
    assert_false(replace_file(path, SPAN("two"), &why));
    assert_true(why.n > 0);
    holds(path, "one");
    assert_int_equal(files(), 2);
    rmdir(before);
    bytes_fini(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
