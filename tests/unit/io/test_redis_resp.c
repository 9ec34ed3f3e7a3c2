/* redis_resp: answers as bytes and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/io/redis_resp.h"

static const char *const good[] = {
    "$0\r\n\r\n",
    "$3\r\na\r\n\r\n",
    "$-1\r\n",
    ":-17\r\n",
    "*0\r\n",
    "*2\r\n$1\r\na\r\n:1\r\n",
    "*4\r\n$6\r\nstream\r\n$1\r\nN\r\n:0\r\n*1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\nk\r\n$1\r\ne\r\n",
};

/* Whole, and byte by byte: what comes out is what went in. */
static void test_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        for (size_t step = 1; step <= strlen(good[i]); step += strlen(good[i]) - 1) {
            struct resp_reader *reader = resp_reader_new();
            const struct redis_reply *reply = NULL;
            struct bytes out;
            bytes_init(&out, 4096);
            for (size_t at = 0; at < strlen(good[i]); at += step) {
                assert_null(reply);
                resp_reader_feed(reader, (struct span){good[i] + at, step});
                assert_true(resp_reader_next(reader, &reply));
            }
            assert_non_null(reply);
            reply_write(reply, &out);
            assert_string_equal(bytes_str(&out), good[i]);
            assert_true(resp_reader_next(reader, &reply));
            assert_null(reply);
            bytes_fini(&out);
            resp_reader_free(&reader);
        }
    }
}

static void test_put_together(void **state)
{
    struct bytes out;
    (void)state;
    bytes_init(&out, 4096);
    resp_add_list(&out, 2);
    resp_add_text(&out, SPAN("a"));
    resp_add_int(&out, 1);
    assert_string_equal(bytes_str(&out), good[5]);
    bytes_fini(&out);
}

static void test_bad(void **state)
{
    static const char *const bad[] = {"?\r\n", "hello\r\n", "*x\r\n", "*1\r\n!\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct resp_reader *reader = resp_reader_new();
        const struct redis_reply *reply = NULL;
        resp_reader_feed(reader, span_of(bad[i]));
        if (resp_reader_next(reader, &reply))
            fail_msg("it was read: %s", bad[i]);
        resp_reader_free(&reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_put_together),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
