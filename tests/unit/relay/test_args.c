/* args: options of the command line, and everything that is wrong use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "relay/args.h"

enum { WORDS = 8 };

static const struct {
    const char *argv[WORDS]; /* behind the verb */
    bool ok;
    const char *file, *first, *second;
    bool json;
} rows[] = {
    {{"a"}, true, NULL, "a", NULL, false},
    {{"a", "b"}, true, NULL, "a", "b", false},
    {{"-c", "f", "a"}, true, "f", "a", NULL, false},
    {{"a", "-c", "f"}, true, "f", "a", NULL, false},
    {{"a", "-c=f"}, true, "f", "a", NULL, false},
    {{"a", "-c="}, true, "", "a", NULL, false},
    {{"a", "-c", "--json"}, true, "--json", "a", NULL, false},
    {{"--json", "a"}, true, NULL, "a", NULL, true},
    {{"-", "b"}, true, NULL, "-", "b", false},
    {{"--", "--json", "-c"}, true, NULL, "--json", "-c", false},
    {{NULL}, false, NULL, NULL, NULL, false},
    {{"a", "b", "c"}, false, NULL, NULL, NULL, false},
    {{"a", "-c"}, false, NULL, NULL, NULL, false},
    {{"a", "-c", "f", "-c", "g"}, false, NULL, NULL, NULL, false},
    {{"a", "-x"}, false, NULL, NULL, NULL, false},
    {{"a", "--jso"}, false, NULL, NULL, NULL, false},
    {{"a", "--json=yes"}, false, NULL, NULL, NULL, false},
    {{"a", "--json="}, false, NULL, NULL, NULL, false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        static char verb[] = "verb";
        char texts[WORDS][16], *argv[WORDS + 1] = {verb};
        int argc = 1;
        const char *file = NULL, *words[2];
        bool json = false;
        for (size_t j = 0; rows[i].argv[j]; j++) {
            memcpy(texts[j], rows[i].argv[j], strlen(rows[i].argv[j]) + 1);
            argv[argc++] = texts[j];
        }
        const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &json}};
        const struct args args = {items, 2, "usage: verb\n", 1, 2};
        assert_int_equal(args_read(&args, argc, argv, words), rows[i].ok);
        if (!rows[i].ok)
            continue;
        assert_int_equal(json, rows[i].json);
        assert_int_equal(file != NULL, rows[i].file != NULL);
        if (file)
            assert_string_equal(file, rows[i].file);
        assert_string_equal(words[0], rows[i].first);
        assert_int_equal(words[1] != NULL, rows[i].second != NULL);
        if (words[1])
            assert_string_equal(words[1], rows[i].second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
