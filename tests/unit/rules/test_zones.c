/* zones: every bit of a set, at its ends and between its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/zones.h"

static void test_bits(void **state)
{
    (void)state;
    struct zone_set set = {{0}};
    assert_true(zone_set_empty(&set));
    assert_int_equal(zone_set_next(&set, 0), -1);
    for (int zone = 0; zone < POLICY_ZONES_MAX; zone++) {
        zone_set_add(&set, zone);
        zone_set_add(&set, zone);
        for (int other = 0; other < POLICY_ZONES_MAX; other++)
            assert_int_equal(zone_set_has(&set, other), other == zone);
        assert_false(zone_set_empty(&set));
        assert_int_equal(zone_set_next(&set, 0), zone);
        assert_int_equal(zone_set_next(&set, zone), zone);
        assert_int_equal(zone_set_next(&set, zone + 1), -1);
        zone_set_take(&set, zone);
        zone_set_take(&set, zone);
        assert_true(zone_set_empty(&set));
    }
}

static void test_walk(void **state)
{
    (void)state;
    static const int zones[] = {0, 1, 62, 63, 64, 65, 127, 128, 500, 1022, 1023};
    struct zone_set set = {{0}};
    size_t n = 0;
    for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++)
        zone_set_add(&set, zones[i]);
    for (int zone = zone_set_next(&set, 0); zone >= 0; zone = zone_set_next(&set, zone + 1))
        assert_int_equal(zone, zones[n++]);
    assert_int_equal(n, sizeof(zones) / sizeof(*zones));
}

static void test_below(void **state)
{
    (void)state;
    for (size_t n = 0; n <= POLICY_ZONES_MAX; n++) {
        struct zone_set set = zone_set_below(n);
        assert_int_equal(zone_set_empty(&set), n == 0);
        assert_int_equal(zone_set_next(&set, (int)n), -1);
        for (size_t zone = 0; zone < n; zone++)
            assert_true(zone_set_has(&set, (int)zone));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
