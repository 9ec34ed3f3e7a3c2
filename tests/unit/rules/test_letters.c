/* letters: dead letters page by page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/letters.h"

enum { SHARDS = 64 };

/* `9@b:0 9@b:1 7@c:8 +`: number, host and inbox; a plus where there are more. */
static const char *page(const struct book *b, uint64_t of, const char *host, size_t most)
{
    static char text[512];
    const struct book_record *list[16];
    bool more;
    size_t n = letters_list(b, of, host, list, most, &more), at = 0;
    assert_true(n <= most);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%d@%s:%u", i ? " " : "",
                               (int)list[i]->n, list[i]->host, list[i]->slot);
    snprintf(text + at, sizeof text - at, more ? " +" : "");
    return text;
}

static void add(struct book *b, enum book_kind kind, const char *text)
{
    assert_true(book_add_record(b, kind, span_of(text)));
}

static struct book *some(void)
{
    struct book *b = book_new(SHARDS);
    add(b, BOOK_FAIL, "7 c 0 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "9 b 1 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "9 b 0 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "9 b 9 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "9 a 0 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "9 d 0 d rate 0 99 1 x"); /* dropped */
    add(b, BOOK_FAIL, "9 e 0 - rate 0 99 1 x");
    add(b, BOOK_FAIL, "12 c 0 - rate 0 99 1 x");
    add(b, BOOK_LATE, "12 a 0 2 99"); /* no letter */
    add(b, BOOK_CUT, "7 20 a gap 99 8");
    book_close(b);
    return b;
}

static void test_pages(void **state)
{
    static const struct {
        uint64_t of;
        const char *host;
        size_t most;
        const char *page;
    } rows[] = {
        {0, "", 16, "12@c:0 9@a:0 9@b:0 9@b:1 9@b:9 9@e:0 7@c:0"},
        {0, "", 7, "12@c:0 9@a:0 9@b:0 9@b:1 9@b:9 9@e:0 7@c:0"},
        {0, "", 6, "12@c:0 9@a:0 9@b:0 9@b:1 9@b:9 9@e:0 +"},
        {0, "", 5, "12@c:0 9@a:0 9@b:0 9@b:1 9@b:9 +"},
        {0, "", 4, "12@c:0 9@a:0 +"}, /* b's is one letter */
        {0, "", 3, "12@c:0 9@a:0 +"},
        {0, "", 1, "12@c:0 +"},
        {12, "c", 2, "9@a:0 +"},
        {9, "a", 3, "9@b:0 9@b:1 9@b:9 +"},
        {9, "b", 3, "9@e:0 7@c:0"},
        {9, "d", 3, "9@e:0 7@c:0"}, /* who was dropped still says where the next begins */
        {9, "0", 2, "9@a:0 +"},
        {9, "z", 3, "7@c:0"},
        {10, "z", 2, "9@a:0 +"},
        {7, "c", 9, ""},
        {1, "a", 9, ""},
    };
    (void)state;
    struct book *b = some();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = page(b, rows[i].of, rows[i].host, rows[i].most);
        if (strcmp(is, rows[i].page) != 0)
            fail_msg("row %zu: %s", i, is);
    }
    book_free(&b);
}

static void test_none(void **state)
{
    (void)state;
    struct book *b = book_new(SHARDS);
    book_close(b);
    assert_string_equal(page(b, 0, "", 9), "");
    book_free(&b);
}

/* Page after page: each letter once, whatever the length of a page. */
static void test_all_are_met(void **state)
{
    (void)state;
    struct book *b = book_new(SHARDS);
    for (int n = 1; n <= 60; n++)
        for (int h = 0; h < 1 + n % 7; h++)
            for (int slot = 0; slot < 1 + (n + h) % 3; slot++) {
                char text[64];
                snprintf(text, sizeof text, "%d h%d %d - rate 0 99 1 x", n, h, slot);
                add(b, BOOK_FAIL, text);
            }
    book_close(b);
    for (size_t most = 3; most < 12; most++) {
        const struct book_record *list[16];
        uint64_t of = 0;
        const char *host = "";
        size_t met = 0;
        for (bool more = true; more;) {
            size_t n = letters_list(b, of, host, list, most, &more);
            assert_true(n > 0);
            met += n;
            of = list[n - 1]->n;
            host = list[n - 1]->host;
        }
        assert_int_equal(met, b->records_n);
    }
    book_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_none),
                                       cmocka_unit_test(test_all_are_met)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
