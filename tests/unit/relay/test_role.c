/* role: names there and back; messages there and back, long ones, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/role.h"
#include "relay/role_main.h"

static void names(void **state)
{
    char text[ROLE_NAME_SIZE];
    enum role role;
    (void)state;
    for (int r = 0; r < ROLE_COUNT; r++) {
        assert_true(role_find(span_of(role_name((enum role)r)), &role));
        assert_int_equal(role, r);
    }
    assert_false(role_find(SPAN(""), &role));
    assert_false(role_find(SPAN_NONE, &role));
    assert_false(role_find(SPAN("fron"), &role));
    assert_false(role_find(SPAN("front "), &role));
    role_write(ROLE_COURIER, 63, text);
    assert_string_equal(text, "courier-63");
    role_write(ROLE_STEWARD, 0, text);
    assert_string_equal(text, "steward-0");
}

/* Every process has a slot of its own on the page, and none the master's. */
static void pages(void **state)
{
    enum { FRONTS = 3, COURIERS = 64 };
    bool taken[2 + FRONTS + COURIERS] = {true};
    (void)state;
    for (int role = 0; role < ROLE_COUNT; role++) {
        unsigned n = role == ROLE_FRONT ? FRONTS : role == ROLE_COURIER ? COURIERS : 1;
        for (unsigned slot = 0; slot < n; slot++) {
            size_t page = role_page((enum role)role, slot, FRONTS);
            assert_true(page < sizeof taken / sizeof *taken);
            assert_false(taken[page]);
            taken[page] = true;
        }
    }
}

static void messages(void **state)
{
    static const char *const whys[] = {"", "a", "two words", " ", "line\nline"};
    struct bytes out;
    (void)state;
    bytes_init(&out, 100);
    for (int w = 0; w < ROLE_WORD_COUNT; w++)
        for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
            enum role_word word;
            struct span why;
            bytes_clear(&out);
            role_message_write(&out, (enum role_word)w, span_of(whys[i]));
            assert_true(role_message_read(bytes_span(&out), &word, &why));
            assert_int_equal(word, w);
            assert_true(span_eq_str((struct span){why.p ? why.p : "", why.n}, whys[i]));
        }
    bytes_fini(&out);
}

static void long_ones_are_cut(void **state)
{
    struct bytes out;
    enum role_word word;
    struct span why;
    (void)state;
    bytes_init(&out, 10);
    role_message_write(&out, ROLE_SAYS_WAITS, SPAN("0123456789"));
    assert_true(role_message_read(bytes_span(&out), &word, &why));
    assert_int_equal(word, ROLE_SAYS_WAITS);
    assert_true(span_eq_str(why, "0123"));
    bytes_fini(&out);
}

static void no_messages(void **state)
{
    static const char *const rows[] = {"", " ", "wait", "readyy", "READY", "ready\n", "what now"};
    enum role_word word;
    struct span why;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (role_message_read(span_of(rows[i]), &word, &why))
            fail_msg("%s", rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),       cmocka_unit_test(pages),
        cmocka_unit_test(messages),    cmocka_unit_test(long_ones_are_cut),
        cmocka_unit_test(no_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
