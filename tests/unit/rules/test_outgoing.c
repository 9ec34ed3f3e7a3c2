/* outgoing: the table of DESIGN 7, cell by cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/outgoing.h"

static const struct {
    enum activity_type type, undone;
    /* without a proof that is taken, and: no Announce of ours before, an Announce before, nothing
     * that could be named */
    const char *plain, *announced, *nameless;
} table[] = {
    {ACTIVITY_CREATE, ACTIVITY_OTHER, "announce", "announce", "nothing"},
    {ACTIVITY_ANNOUNCE, ACTIVITY_OTHER, "announce", "announce", "nothing"},
    {ACTIVITY_DELETE, ACTIVITY_OTHER, "nothing", "undo-announce", "nothing"},
    {ACTIVITY_UNDO, ACTIVITY_ANNOUNCE, "nothing", "undo-announce", "nothing"},
    {ACTIVITY_UNDO, ACTIVITY_OTHER, "nothing", "undo-announce", "nothing"},
    {ACTIVITY_UNDO, ACTIVITY_LIKE, "nothing", "nothing", "nothing"},
    {ACTIVITY_UNDO, ACTIVITY_FOLLOW, "nothing", "nothing", "nothing"},
    {ACTIVITY_UPDATE, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
    {ACTIVITY_MOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
    {ACTIVITY_ADD, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
    {ACTIVITY_REMOVE, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
    {ACTIVITY_LIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
    {ACTIVITY_DISLIKE, ACTIVITY_OTHER, "nothing", "nothing", "nothing"},
};

static void check(struct outgoing_facts facts, const char *unproven)
{
    for (int mask = 0; mask < 4; mask++) {
        bool takes = mask & 1;
        facts.has_proof = mask & 2;
        const char *want = mask == 3 ? "bytes" : unproven;
        const char *got = outgoing_form_name(outgoing_form(&facts, takes));
        if (!span_eq(span_of(got), span_of(want)))
            print_error("%s proof %d takes %d\n", activity_type_name(facts.type), mask >> 1, takes);
        assert_string_equal(got, want);
    }
}

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct outgoing_facts facts = {.type = table[i].type, .undone = table[i].undone};
        check(facts, table[i].plain);
        facts.nameless = true;
        check(facts, table[i].nameless);
        facts.nameless = false;
        facts.announced = true;
        check(facts, table[i].announced);
    }
}

static void test_facts(void **state)
{
    (void)state;
    struct activity a = {.type = ACTIVITY_UNDO, .inner_type = SPAN("Announce"), .has_proof = true};
    struct outgoing_facts facts = outgoing_facts_of(&a);
    assert_int_equal(facts.type, ACTIVITY_UNDO);
    assert_int_equal(facts.undone, ACTIVITY_ANNOUNCE);
    assert_true(facts.has_proof);
    assert_false(facts.announced);
    a = (struct activity){.type = ACTIVITY_ANNOUNCE, .object = SPAN("https://b.example/n")};
    assert_false(outgoing_facts_of(&a).nameless);
    a.inner_type = SPAN("Delete");
    a.wraps = true;
    facts = outgoing_facts_of(&a);
    assert_true(facts.nameless);
    assert_int_equal(facts.undone, ACTIVITY_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
