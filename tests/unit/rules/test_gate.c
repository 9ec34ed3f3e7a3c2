/* gate: their text, and whom they stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/freeze.h"
#include "relay/rules/gate.h"

static struct gates gates;

static void test_text(void **state)
{
    static const struct {
        const char *text, *back; /* back NULL: it is none */
    } cases[] = {
        {"", ""},
        {"a>b@7", "a>b@7"},
        {"*>b@7 a>*@18446744073709551614 c>d", "*>b@7 a>*@18446744073709551614 c>d"},
        {"a", NULL},
        {"a>", NULL},
        {">b", NULL},
        {"a>b@", NULL},
        {"a>b@x", NULL},
        {"a>b@-1", NULL},
        {"a>b@18446744073709551616", NULL},
        {"a>b@1  c>d@2", NULL},
        {"a>b@1 ", "a>b@1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>b@1", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes out;
        bytes_init(&out, GATES_TEXT_MAX);
        bool ok = gates_read(span_of(cases[i].text), &gates);
        if (ok)
            gates_write(&gates, &out);
        if (ok != (cases[i].back != NULL) || (ok && !span_eq_str(bytes_span(&out), cases[i].back)))
            fail_msg("%s: %d %s", cases[i].text, ok, bytes_str(&out));
        bytes_fini(&out);
    }
}

/* As many as there can be, with the longest names, and no more. */
static void test_most(void **state)
{
    char name[POLICY_NAME_MAX + 1];
    struct bytes text;
    (void)state;
    memset(name, 'z', POLICY_NAME_MAX);
    name[POLICY_NAME_MAX] = '\0';
    bytes_init(&text, GATES_TEXT_MAX + 100);
    for (int i = 0; i < FREEZES_MAX; i++)
        bytes_addf(&text, "%s%s>%s@18446744073709551614", i ? " " : "", name, name);
    assert_true(text.n <= GATES_TEXT_MAX);
    assert_true(gates_read(bytes_span(&text), &gates));
    assert_int_equal(gates.list_n, FREEZES_MAX);
    bytes_add_str(&text, " a>b");
    assert_false(gates_read(bytes_span(&text), &gates));
    bytes_fini(&text);
}

static void test_stops(void **state)
{
    static const struct {
        const char *gates, *zone; /* of the entry */
        uint64_t n;
        enum lane lane;
        const char *to;
        bool stops;
    } cases[] = {
        {"red>blue@9", "red", 5, LANE_NORMAL, "blue", true},
        {"red>blue@9", "red", 5, LANE_URGENT, "blue", false},
        {"red>blue@9", "red", 5, LANE_NORMAL, "red", false},
        {"red>blue@9", "red", 5, LANE_NORMAL, "green", false},
        {"red>blue@9", "green", 5, LANE_NORMAL, "blue", false},
        {"red>blue@9", "blue", 5, LANE_NORMAL, "red", false},
        /* decided with that known */
        {"red>blue@9", "red", 10, LANE_NORMAL, "blue", false},
        {"red>blue@9 red>blue@12", "red", 10, LANE_NORMAL, "blue", true},
        {"red>blue", "red", 10, LANE_NORMAL, "blue", true},
        /* any other */
        {"*>blue@9", "red", 5, LANE_NORMAL, "blue", true},
        {"*>blue@9", "blue", 5, LANE_NORMAL, "blue", false},
        {"red>*@9", "red", 5, LANE_NORMAL, "blue", true},
        {"red>*@9", "red", 5, LANE_NORMAL, "red", false},
        {"*>*@9", "red", 5, LANE_NORMAL, "red", false},
        {"*>*@9", "red", 5, LANE_NORMAL, "blue", true},
        {"*>*@9", "red", 5, LANE_NORMAL, "", true},
        /* it may be from anywhere */
        {"red>blue@9", "", 5, LANE_NORMAL, "blue", true},
        {"*>*@9", "", 5, LANE_NORMAL, "blue", true},
        {"red>blue@9", "", 5, LANE_NORMAL, "red", false},
        {"red>blue@9", "", 10, LANE_NORMAL, "blue", false},
        {"red>blue@9", "", 5, LANE_URGENT, "blue", false},
        /* another of several */
        {"green>blue@9 red>green@9 red>blue@9", "red", 5, LANE_NORMAL, "blue", true},
        {"", "red", 5, LANE_NORMAL, "blue", false},
        {"", "", 5, LANE_NORMAL, "blue", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct entry e = {
            .n = cases[i].n, .lane = cases[i].lane, .zone = span_of(cases[i].zone)};
        assert_true(gates_read(span_of(cases[i].gates), &gates));
        if (gates_stop(&gates, &e, cases[i].to) != cases[i].stops)
            fail_msg("%zu: %s: %s -> %s", i, cases[i].gates, cases[i].zone, cases[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
