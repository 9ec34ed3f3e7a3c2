/* retention: clocks that go steadily are trusted, those that jump are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/retention.h"

#define MINUTE INT64_C(60000)
#define HOUR   INT64_C(3600000)
#define DAY    INT64_C(86400000)
#define YEAR   (365 * DAY)
#define NOW    (1700000000 * INT64_C(1000))

/* Looks one after the other: how much later by the clock that does not jump, and how far the two
 * others are ahead of where they were then. */
struct look {
    int64_t later, wall, redis;
    bool trusted;
};

static void looks(const char *name, int64_t before_ms, const struct look *list, size_t n)
{
    struct clock_watch watch = {0};
    int64_t mono = 12345;
    for (size_t i = 0; i < n; i++) {
        mono += list[i].later;
        bool trusted = clock_watch_look(&watch, mono, NOW + mono + list[i].wall,
                                        NOW + mono + list[i].redis, before_ms);
        if (trusted != list[i].trusted)
            fail_msg("%s: look %zu: %d", name, i, trusted);
    }
}
#define LOOKS(name, before, ...)                                                                   \
    do {                                                                                           \
        static const struct look list[] = {__VA_ARGS__};                                           \
        looks(name, before, list, sizeof list / sizeof list[0]);                                   \
    } while (0)

static void test_steady(void **state)
{
    (void)state;
    LOOKS("steady", 0, {0, 0, 0, true}, {MINUTE, 0, 0, true}, {YEAR, 0, 0, true});
    LOOKS("two clocks that differ, but do not jump", 0, {0, 0, YEAR, true},
          {MINUTE, 0, YEAR, true});
    LOOKS("slow corrections", 0, {0, 0, 0, true}, {MINUTE, 50 * MINUTE, 0, true},
          {MINUTE, 100 * MINUTE, -50 * MINUTE, true}, {MINUTE, 150 * MINUTE, 0, true});
}

static void test_jumps(void **state)
{
    (void)state;
    LOOKS("ours, ahead", 0, {0, 0, 0, true}, {MINUTE, YEAR, 0, false}, {MINUTE, YEAR, 0, false});
    LOOKS("ours, back", 0, {0, 0, 0, true}, {MINUTE, -YEAR, 0, false});
    LOOKS("Redis's", 0, {0, 0, 0, true}, {MINUTE, 0, YEAR, false}, {MINUTE, 0, YEAR, false});
    LOOKS("a little more than may be", 0, {0, 0, 0, true}, {MINUTE, HOUR, 0, true},
          {MINUTE, 2 * HOUR + 1, 0, false});
    LOOKS("and back again", 0, {0, 0, 0, true}, {MINUTE, YEAR, 0, false}, {MINUTE, 0, 0, true},
          {MINUTE, YEAR, 0, false});
}

static void test_believed(void **state)
{
    (void)state;
    LOOKS("after a day", 0, {0, 0, 0, true}, {MINUTE, YEAR, YEAR, false},
          {DAY - 1, YEAR, YEAR, false}, {1, YEAR, YEAR, true}, {MINUTE, YEAR, YEAR, true},
          {MINUTE, 0, 0, false});
    LOOKS("not while it goes on jumping", 0, {0, 0, 0, true}, {MINUTE, YEAR, 0, false},
          {DAY, 2 * YEAR, 0, false}, {DAY - 1, 2 * YEAR, 0, false}, {1, 2 * YEAR, 0, true});
}

/* Whether it was off for long, or its clock is wrong, is not to be seen at the first look. */
static void test_first(void **state)
{
    (void)state;
    LOOKS("a short pause", NOW - DAY + HOUR, {0, 0, 0, true});
    LOOKS("a long one", NOW - DAY - HOUR, {0, 0, 0, false}, {DAY - 1, 0, 0, false}, {1, 0, 0, true},
          {MINUTE, 0, 0, true});
    LOOKS("a clock that was set back", NOW + YEAR, {0, 0, 0, true});
    LOOKS("a long one, and a jump", NOW - YEAR, {0, 0, 0, false}, {HOUR, YEAR, 0, false},
          {DAY - 1, YEAR, 0, false}, {1, YEAR, 0, true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_believed),
        cmocka_unit_test(test_first),
    };
    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
