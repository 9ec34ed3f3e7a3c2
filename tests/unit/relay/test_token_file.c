/* token_file: what is a secret's file, and every way in which one is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/token_file.h"

#define TOKEN "0123456789abcdef"

static char dir[] = "/tmp/weir-token-XXXXXX";

static void put(const char *name, struct span text, mode_t mode)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.p, text.n), text.n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static enum err read_it(const char *path, struct bytes *out, struct bytes *why)
{
    bytes_clear(out);
    bytes_clear(why);
    return token_file_read(path, dir, out, why);
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        struct span text;
        mode_t mode;
        const char *token, *why; /* one of them */
    } rows[] = {
        {SPAN(TOKEN), 0600, TOKEN, NULL},
        {SPAN(TOKEN "\n"), 0400, TOKEN, NULL},
        {SPAN(TOKEN " \r\n\n"), 0600, TOKEN, NULL},
        {SPAN(TOKEN), 0640, NULL, "others can read or change it: it must have mode 0600"},
        {SPAN(TOKEN), 0604, NULL, "others can read or change it: it must have mode 0600"},
        {SPAN(TOKEN), 0620, NULL, "others can read or change it: it must have mode 0600"},
        {SPAN("0123456789abcde"), 0600, NULL, "a token has 16 to 512 characters"},
        {SPAN(""), 0600, NULL, "a token has 16 to 512 characters"},
        {SPAN("\n\n\n"), 0600, NULL, "a token has 16 to 512 characters"},
        {SPAN("01234567 89abcdef"), 0600, NULL,
         "a token is one word of printable ASCII characters"},
        {SPAN(TOKEN "\n" TOKEN), 0600, NULL, "a token is one word of printable ASCII characters"},
        {SPAN(TOKEN "\0x"), 0600, NULL, "a token is one word of printable ASCII characters"},
        {SPAN("0123456789abcd\xc3\xa4"), 0600, NULL,
         "a token is one word of printable ASCII characters"},
    };
    struct bytes out, why;
    bytes_init(&out, TOKEN_MOST);
    bytes_init(&why, 5000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char said[300];
        put("t", rows[i].text, rows[i].mode);
        enum err e = read_it("t", &out, &why);
        snprintf(said, sizeof(said), "%s/t: %s", dir, rows[i].why ? rows[i].why : "");
        assert_int_equal(e, rows[i].token ? ERR_OK : ERR_FILE);
        assert_string_equal(bytes_str(&out), rows[i].token ? rows[i].token : "");
        assert_string_equal(bytes_str(&why), rows[i].why ? said : "");
    }
    bytes_fini(&out);
    bytes_fini(&why);
}

/* As long as may be, one more, and no file at all. */
static void test_bounds(void **state)
{
    (void)state;
    char long_one[2 * TOKEN_MOST + 1], path[200];
    struct bytes out, why;
    bytes_init(&out, TOKEN_MOST);
    bytes_init(&why, 5000);
    memset(long_one, 'x', sizeof(long_one));
    put("t", (struct span){long_one, TOKEN_MOST}, 0600);
    snprintf(path, sizeof(path), "%s/t", dir);
    assert_int_equal(token_file_read(path, "/nowhere", &out, &why), ERR_OK); /* absolute */
    assert_int_equal(out.n, TOKEN_MOST);
    put("t", (struct span){long_one, TOKEN_MOST + 1}, 0600);
    assert_int_equal(read_it("t", &out, &why), ERR_FILE);
    put("t", (struct span){long_one, sizeof(long_one)}, 0600);
    assert_int_equal(read_it("t", &out, &why), ERR_FILE);
    unlink(path);
    assert_int_equal(read_it("t", &out, &why), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "/t: No such file or directory"));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(read_it("t", &out, &why), ERR_FILE);
    assert_non_null(strstr(bytes_str(&why), "/t: not a file"));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes: it must not wait */
    assert_int_equal(read_it("t", &out, &why), ERR_FILE);
    unlink(path);
    bytes_fini(&out);
    bytes_fini(&why);
}

static int begin(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, begin, end);
}
