/* outcomes: what came of attempts, host by host, until it is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "relay/store/outcomes.h"
#include "relay/store/store_inner.h"

static void add(struct outcomes *o, unsigned shard, const char *host, uint64_t n)
{
    const struct recent recent = {.n = n, .tries = 1, .status = 202, .ms = 5, .at_ms = 9};
    outcomes_add(o, shard, span_of(host), &recent);
}

/* The words, as one text. */
static const char *taken(struct outcomes *o)
{
    static char text[4096];
    struct words words = {0};
    size_t from = 0;
    size_t used = 0;
    text[0] = '\0';
    bool any = outcomes_take(o, &words);
    assert_true(any == (words.n > 0));
    for (size_t i = 0; i < words.n; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%.*s", i ? "|" : "",
                                 (int)(words.ends[i] - from), bytes_str(&words.text) + from);
        from = words.ends[i];
    }
    words_free(&words);
    return text;
}

static void test_newest_first(void **state)
{
    struct outcomes *o = outcomes_new();
    (void)state;
    add(o, 3, "a.example", 1);
    add(o, 3, "a.example", 2);
    add(o, 4, "b.example", 3);
    assert_string_equal(taken(o), "3|a.example|2:0:1:ok:202:5:9 1:0:1:ok:202:5:9|"
                                  "4|b.example|3:0:1:ok:202:5:9");
    assert_string_equal(taken(o), "");
    outcomes_free(&o);
}

static void test_each_host_by_itself(void **state)
{
    struct outcomes *o = outcomes_new();
    (void)state;
    add(o, 3, "a.example", 1);
    add(o, 3, "a.exampl", 2);
    assert_string_equal(taken(o), "3|a.exampl|2:0:1:ok:202:5:9|3|a.example|1:0:1:ok:202:5:9");
    outcomes_free(&o);
}

static void test_no_more_than_are_kept(void **state)
{
    struct outcomes *o = outcomes_new();
    (void)state;
    for (uint64_t n = 1; n <= 2 * RECENT_MAX + 1; n++)
        add(o, 0, "a.example", n);
    assert_string_equal(taken(o),
                        "0|a.example|17:0:1:ok:202:5:9 16:0:1:ok:202:5:9 15:0:1:ok:202:5:9 "
                        "14:0:1:ok:202:5:9 13:0:1:ok:202:5:9 12:0:1:ok:202:5:9 "
                        "11:0:1:ok:202:5:9 10:0:1:ok:202:5:9");
    add(o, 1, "left behind", 1); /* what nobody took goes with the rest */
    outcomes_free(&o);
    outcomes_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_first),
        cmocka_unit_test(test_each_host_by_itself),
        cmocka_unit_test(test_no_more_than_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
