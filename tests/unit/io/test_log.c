/* Log lines: what strangers write can forge none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/log.h"
#include "common/pure/json.h"

/* clang-format off */ /* its versions disagree on a macro of braces */
#define T(s) {s, sizeof(s) - 1}
/* clang-format on */

static int real_stderr = -1, pipe_end = -1;
static char got[65536];

static void capture(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    real_stderr = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
    pipe_end = fds[0];
}

/* What was written since, without its time, which must be one. */
static const char *captured(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    ssize_t n = read(pipe_end, got, sizeof got - 1);
    close(pipe_end);
    got[n > 0 ? n : 0] = '\0';
    char *time = strstr(got, got[0] == '{' ? "{\"ts\":\"" : "ts=");
    if (!time)
        return got;
    time += got[0] == '{' ? 7 : 3;
    /* 2026-01-02T03:04:05.678Z */
    assert_true(time[4] == '-' && time[10] == 'T' && time[19] == '.' && time[23] == 'Z');
    return got[0] == '{' ? time + 26 : time + 25;
}

static void write_value(enum log_format format, struct span value)
{
    struct log_line l;
    log_setup(format, LOG_LEVEL_INFO);
    log_begin(&l, LOG_LEVEL_INFO, "test");
    log_text(&l, "v", value);
    log_int(&l, "n", -7);
    log_end(&l);
    log_setup(LOG_LOGFMT, LOG_LEVEL_INFO);
}

static void values(void **state)
{
    static const struct {
        struct span value;
        const char *logfmt;  /* of the value */
        const char *escaped; /* between the quotes of JSON; NULL: the same as value */
    } rows[] = {
        {T("plain"), "plain", NULL},
        {T("https://a.example/x?y"), "https://a.example/x?y", NULL},
        {T("a b"), "\"a b\"", NULL},
        {T(""), "\"\"", NULL},
        {T("a=b"), "\"a=b\"", NULL},
        {T("say \"x\""), "\"say \\\"x\\\"\"", "say \\\"x\\\""},
        {T("a\\b"), "\"a\\\\b\"", "a\\\\b"},
        {T("x\nlevel=error"), "\"x\\u000alevel=error\"", "x\\u000alevel=error"},
        {T("x\r\n"), "\"x\\u000d\\u000a\"", "x\\u000d\\u000a"},
        {T("a\0b"), "\"a\\u0000b\"", "a\\u0000b"},
        {T("\x1b[31mred"), "\"\\u001b[31mred\"", "\\u001b[31mred"},
        {T("\x7f"), "\"\\u007f\"", "\\u007f"},
        {T("\xc2\x9b"
           "31m"),
         "\"\\u009b31m\"", "\\u009b31m"},
        {T("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"", NULL},
        {T("\xe2\x80\xae"
           "txt"),
         "\"\\u202etxt\"", "\\u202etxt"},
        {T("\xe2\x80\xa8"), "\"\\u2028\"", "\\u2028"},
        {T("\xf0\x9f\x90\x9f"), "\"\xf0\x9f\x90\x9f\"", NULL},
        {T("\xf3\xa0\x81\x81"), "\"\\ufffd\"", "\\ufffd"},
        {T("\xff\xfe"), "\"\\ufffd\\ufffd\"", "\\ufffd\\ufffd"},
        {T("cut \xe2\x82"), "\"cut \\ufffd\\ufffd\"", "cut \\ufffd\\ufffd"},
        {T("\xc0\xaf"), "\"\\ufffd\\ufffd\"", "\\ufffd\\ufffd"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[512];
        capture();
        write_value(LOG_LOGFMT, rows[i].value);
        snprintf(want, sizeof want, "level=info event=test v=%s n=-7\n", rows[i].logfmt);
        assert_string_equal(captured(), want);
        capture();
        write_value(LOG_JSON, rows[i].value);
        snprintf(want, sizeof want,
                 "\"level\":\"info\",\"event\":\"test\",\"v\":\"%s\",\"n\":-7}\n",
                 rows[i].escaped ? rows[i].escaped : rows[i].value.p);
        assert_string_equal(captured(), want);
    }
}

/* Each line of JSON is JSON, whatever was in it. (An escaped NUL is JSON too, but our scan takes
 * none.) */
static void json_is_json(void **state)
{
    static const struct json_limits limits = {.depth = 2, .keys = 16, .nodes = 32};
    char value[300];
    (void)state;
    for (int c = 1; c < 256; c++) {
        memset(value, c, sizeof value);
        capture();
        write_value(LOG_JSON, (struct span){value, sizeof value});
        captured();
        size_t n = strlen(got);
        assert_true(n > 0 && strchr(got, '\n') == got + n - 1);
        if (json_scan((struct span){got, n - 1}, &limits, NULL) != ERR_OK)
            fail_msg("byte %d: %s", c, got);
    }
}

static void absent_is_left_out(void **state)
{
    struct log_line l;
    (void)state;
    capture();
    log_begin(&l, LOG_LEVEL_WARN, "test");
    log_text(&l, "a", SPAN_NONE);
    log_str(&l, "b", NULL);
    log_str(&l, "c", "x");
    log_end(&l);
    assert_string_equal(captured(), "level=warn event=test c=x\n");
}

static void long_values_are_cut(void **state)
{
    char value[600];
    (void)state;
    memset(value, 'x', sizeof value);
    capture();
    write_value(LOG_LOGFMT, (struct span){value, 513});
    const char *v = strstr(captured(), " v=");
    assert_non_null(v);
    assert_int_equal(strspn(v + 3, "x"), 509);
    assert_memory_equal(v + 3 + 509, "... n=-7\n", 10);
    capture();
    write_value(LOG_LOGFMT, (struct span){value, 512});
    assert_int_equal(strspn(strstr(captured(), " v=") + 3, "x"), 512);
}

/* A line has an end: pairs that do not fit are left out whole, and it says so. */
static void long_lines_are_cut(void **state)
{
    static const struct json_limits limits = {.depth = 2, .keys = 100, .nodes = 200};
    enum log_format formats[] = {LOG_LOGFMT, LOG_JSON};
    char value[512];
    (void)state;
    memset(value, 1, sizeof value);
    for (size_t i = 0; i < 2; i++) {
        struct log_line l;
        capture();
        log_setup(formats[i], LOG_LEVEL_INFO);
        log_begin(&l, LOG_LEVEL_INFO, "test");
        for (int k = 0; k < 20; k++) {
            char key[8];
            snprintf(key, sizeof key, "k%d", k);
            log_text(&l, key, (struct span){value, sizeof value});
        }
        log_end(&l);
        log_setup(LOG_LOGFMT, LOG_LEVEL_INFO);
        captured();
        size_t n = strlen(got);
        assert_in_range(n, 12000, 16420);
        assert_true(strchr(got, '\n') == got + n - 1);
        assert_non_null(strstr(got, i ? "\",\"cut\":1}\n" : "\" cut=1\n"));
        if (i)
            assert_int_equal(json_scan((struct span){got, n - 1}, &limits, NULL), ERR_OK);
    }
}

static void levels(void **state)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    (void)state;
    for (unsigned least = 0; least < 4; least++) {
        for (unsigned level = 0; level < 4; level++) {
            char want[64] = "";
            capture();
            log_setup(LOG_LOGFMT, (enum log_level)least);
            log_note((enum log_level)level, "test", "%s", "m");
            if (level <= least)
                snprintf(want, sizeof want, "level=%s event=test message=m\n", names[level]);
            assert_string_equal(captured(), want);
        }
    }
    log_setup(LOG_LOGFMT, LOG_LEVEL_INFO);
}

static void notes(void **state)
{
    char text[2000];
    (void)state;
    capture();
    log_note(LOG_LEVEL_INFO, "start", "listening on %s port %d", "a\nb", 80);
    assert_string_equal(captured(),
                        "level=info event=start message=\"listening on a\\u000ab port 80\"\n");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    capture();
    log_note(LOG_LEVEL_INFO, "start", "%s", text);
    assert_in_range(strlen(captured()), 500, 560);
}

/* P13: a log that can't be written stops nothing, and is counted. */
static void disk_full(void **state)
{
    (void)state;
    uint64_t before = log_dropped();
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    capture();
    dup2(full, STDERR_FILENO);
    close(full);
    log_note(LOG_LEVEL_INFO, "test", "lost");
    assert_string_equal(captured(), "");
    assert_int_equal(log_dropped(), before + 1);
    capture();
    log_note(LOG_LEVEL_INFO, "test", "there");
    assert_string_equal(captured(), "level=info event=test message=there\n");
    assert_int_equal(log_dropped(), before + 1);
}

static void line(enum log_level level, const char *word)
{
    struct log_line l;
    log_begin(&l, level, "test");
    log_str(&l, "word", word);
    log_end(&l);
}

/* Whatever can be read of the pipe now; without waiting. */
static bool came(const char *word)
{
    ssize_t n = read(pipe_end, got, sizeof got - 1);
    got[n > 0 ? n : 0] = '\0';
    return n > 0 && strstr(got, word);
}

static void test_gathered(void **state)
{
    (void)state;
    capture();
    fcntl(pipe_end, F_SETFL, O_NONBLOCK);
    log_gather(true);
    line(LOG_LEVEL_INFO, "one");
    assert_false(came("one"));
    log_gather(true);
    assert_true(came("one"));
    line(LOG_LEVEL_INFO, "two");
    line(LOG_LEVEL_WARN, "three"); /* goes out at once, and nothing overtakes another */
    assert_true(came("three"));
    const char *two = strstr(got, "two");
    assert_non_null(two);
    assert_true(two < strstr(got, "three"));
    line(LOG_LEVEL_INFO, "four");
    log_gather(false);
    assert_true(came("four"));
    line(LOG_LEVEL_INFO, "five");
    assert_true(came("five"));
    captured();
}

/* More than fits is written in pieces of whole lines. */
static void test_gathered_lines_stay_whole(void **state)
{
    char word[400];
    int lines = 0;
    (void)state;
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = '\0';
    capture();
    fcntl(pipe_end, F_SETFL, O_NONBLOCK);
    log_gather(true);
    for (int i = 0; i < 30; i++) {
        line(LOG_LEVEL_INFO, word);
        if (came("word=")) {
            size_t n = strlen(got);
            assert_true(n <= PIPE_BUF && got[n - 1] == '\n');
            for (const char *p = got; *p; p++)
                lines += *p == '\n';
        }
    }
    assert_true(lines > 0 && lines < 30);
    log_gather(false);
    assert_true(came("word="));
    for (const char *p = got; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 30);
    captured();
}

static void which_process(void **state)
{
    (void)state;
    log_name("courier-3");
    capture();
    write_value(LOG_LOGFMT, SPAN("x"));
    assert_string_equal(captured(), "level=info event=test role=courier-3 v=x n=-7\n");
    capture();
    write_value(LOG_JSON, SPAN("x"));
    assert_string_equal(
        captured(),
        "\"level\":\"info\",\"event\":\"test\",\"role\":\"courier-3\",\"v\":\"x\",\"n\":-7}\n");
    log_name("");
    capture();
    write_value(LOG_LOGFMT, SPAN("x"));
    assert_string_equal(captured(), "level=info event=test v=x n=-7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gathered),
        cmocka_unit_test(test_gathered_lines_stay_whole),
        cmocka_unit_test(values),
        cmocka_unit_test(which_process),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(absent_is_left_out),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(levels),
        cmocka_unit_test(notes),
        cmocka_unit_test(disk_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
