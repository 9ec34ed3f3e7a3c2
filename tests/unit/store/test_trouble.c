/* trouble: the states of Redis by what it says: its own words, those of a script, of a connection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/store/trouble.h"

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum trouble is;
        bool passes;
    } rows[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", TROUBLE_MEMORY, true},
        {"LOADING Redis is loading the dataset in memory", TROUBLE_LOADING, true},
        {"BUSY Redis is busy running a script.", TROUBLE_BUSY, true},
        {"MISCONF Errors writing to the AOF file", TROUBLE_DISK, true},
        {"READONLY You can't write against a read only replica.", TROUBLE_READONLY, true},
        {"MASTERDOWN Link with MASTER is down", TROUBLE_MASTERDOWN, true},
        {"NOREPLICAS Not enough good replicas to write.", TROUBLE_REPLICAS, true},
        {"WRONGTYPE Operation against a key", TROUBLE_TYPE, false},
        {"ERR Error running script: @user_script:3: WRONGTYPE Operation", TROUBLE_TYPE, false},
        {"NOPERM this user has no permissions", TROUBLE_DENIED, false},
        {"NOAUTH Authentication required.", TROUBLE_DENIED, false},
        {"BUSYKEY Target key name already exists.", TROUBLE_OTHER, false},
        {"ERR unknown", TROUBLE_OTHER, false},
        {"", TROUBLE_OTHER, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum trouble is = trouble_of_answer(span_of(rows[i].text));
        if (is != rows[i].is || trouble_passes(is) != rows[i].passes)
            fail_msg("%s: %s", rows[i].text, trouble_name(is));
    }
    assert_int_equal(trouble_of_answer(SPAN_NONE), TROUBLE_OTHER);
}

static void test_connections(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        enum trouble is;
    } rows[] = {
        {"Connection refused", TROUBLE_AWAY},
        {"the connection ended", TROUBLE_AWAY},
        {"", TROUBLE_AWAY},
        {"no answer in time", TROUBLE_SLOW},
        {"connected, but no answer in time", TROUBLE_SLOW},
        {"LOADING Redis is loading the dataset in memory", TROUBLE_LOADING},
        {"READONLY: what the sentinel names is no master", TROUBLE_READONLY},
        {"Protocol error, got \"H\" as reply type byte", TROUBLE_PROTOCOL},
        {"WRONGPASS invalid username-password pair", TROUBLE_AWAY},
        {"NOAUTH Authentication required.", TROUBLE_DENIED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (trouble_of_connection(rows[i].why) != rows[i].is)
            fail_msg("%s: %s", rows[i].why, trouble_name(trouble_of_connection(rows[i].why)));
}

/* They are labels of a metric: each has one, and its own. */
static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i < TROUBLE_COUNT; i++) {
        assert_true(trouble_name((enum trouble)i)[0]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(trouble_name((enum trouble)i), trouble_name((enum trouble)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
