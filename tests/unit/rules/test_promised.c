/* promised: every case of what is asked for and what is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/promised.h"

static void test_failover(void **state)
{
    (void)state;
    static const struct {
        uint64_t asked, follow;
        bool known, kept;
        const char *says;
    } rows[] = {
        {0, 0, true, true, ""},
        {0, 1, true, true, "a failover may lose the latest"},
        {1, 0, true, false, "too few: nothing is accepted until they follow"},
        {1, 1, true, true, "a failover to one of them loses nothing"},
        {2, 1, true, false, "too few: nothing is accepted until they follow"},
        {1, 2, true, true, "a failover to one that was not waited for may lose the latest"},
        {2, 2, true, true, "a failover to one of them loses nothing"},
        {0, 0, false, false, ""},
        {1, 0, false, false, "a failover to one of them loses nothing"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct promised p = {
            .asked = rows[i].asked, .follow = rows[i].follow, .known = rows[i].known};
        if (strcmp(promised_failover(&p), rows[i].says) != 0 || promised_kept(&p) != rows[i].kept)
            fail_msg("row %zu: %s, kept %d", i, promised_failover(&p), promised_kept(&p));
    }
}

static void test_power_cut(void **state)
{
    (void)state;
    assert_string_equal(promised_power_cut(&(struct promised){.strict = true}),
                        "a power cut loses nothing");
    assert_string_equal(promised_power_cut(&(struct promised){.strict = false}),
                        "a power cut may lose the last second");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
