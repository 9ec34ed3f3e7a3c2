/* member: the spans that its life leaves behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/member_rig.h"

/* Whatever happens: a span is open exactly while the member is active, in its zone, and a change
 * counts. */
static void test_invariants(void **state)
{
    (void)state;
    struct member with = brought();
    SET(with.zone, "internal");
    for (int s = 0; s <= UNKNOWN; s++) {
        for (int event = 0; event < EVENT_COUNT; event++) {
            struct member before = member_in(s == UNKNOWN ? MEMBER_INVITED : (enum member_state)s);
            struct member_change change;
            if (member_apply(s == UNKNOWN ? NULL : &before, (enum member_event)event, &with,
                             JOIN_OPEN, N, NOW, &change) != ERR_OK)
                continue;
            const struct member *m = &change.after;
            bool open = m->spans_n && m->spans[m->spans_n - 1].to == MEMBER_SPAN_OPEN;
            assert_int_equal(open, m->state == MEMBER_ACTIVE);
            if (open)
                assert_string_equal(m->spans[m->spans_n - 1].zone, member_receives(m));
            for (size_t i = 0; i + 1 < m->spans_n; i++)
                assert_true(m->spans[i].to <= N);
            assert_string_equal(m->host, "b.example");
            assert_int_equal(m->ver, s == UNKNOWN ? 1 : before.ver + 1);
            bool same = s != UNKNOWN && m->state == before.state;
            assert_int_equal(m->since_ms, same ? 7 : NOW);
            if (change.wires[0])
                assert_true(m->followers_n);
        }
    }
}

/* Which numbers it is entitled to after a life like this (ENGINE 7.3). */
static void test_spans(void **state)
{
    (void)state;
    struct member with = brought(), m = member_in(MEMBER_INVITED);
    unsigned wire;
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 10, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_SUSPEND, NULL, 20, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 30, &wire), ERR_OK);
    SET(with.zone, "internal");
    assert_int_equal(step(&m, EVENT_ZONED, &with, 40, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_UNDO, &with, 50, &wire), ERR_OK);
    static const struct {
        uint64_t n;
        const char *audience;
        bool has;
    } rows[] = {
        {10, "partners", false},  {11, "partners", true},
        {20, "partners", true},   {21, "partners", false},
        {30, "partners", false},  {31, "internal,partners", true},
        {31, "internal", false},  {40, "partners", true},
        {41, "partners", false},  {41, "partners,internal", true},
        {50, "internal", true},   {51, "internal,partners", false},
        {45, "", false},          {45, "intern", false},
        {45, "internals", false}, {45, ",,internal", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            member_spans_entitle(m.spans, m.spans_n, rows[i].n, span_of(rows[i].audience)),
            rows[i].has);
    assert_false(member_spans_entitle(m.spans, m.spans_n, 45, SPAN_NONE));
    assert_false(audience_has(SPAN(",,"), ""));
}

/* More changes than there is room for: nothing is ever granted that was not, and what is lost is
 * the oldest. */
static void test_spans_overflow(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_INVITED), with = brought();
    unsigned wire;
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 10, &wire), ERR_OK);
    for (uint64_t n = 20; n < 20 + 10 * MEMBER_SPANS_MAX; n += 10) {
        assert_int_equal(step(&m, EVENT_SUSPEND, NULL, n, &wire), ERR_OK);
        assert_int_equal(step(&m, EVENT_RESUME, NULL, n + 5, &wire), ERR_OK);
    }
    assert_int_equal(m.spans_n, MEMBER_SPANS_MAX);
    assert_int_equal(m.spans[0].from, 25);
    for (size_t i = 0; i + 1 < m.spans_n; i++)
        assert_true(m.spans[i].to < m.spans[i + 1].from);
    assert_false(member_spans_entitle(m.spans, m.spans_n, 33, SPAN("partners")));
    assert_true(member_spans_entitle(m.spans, m.spans_n, 27, SPAN("partners")));
    /* Neighbours with only the control entry between them are joined first: nothing is lost. */
    m = member_in(MEMBER_INVITED);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 10, &wire), ERR_OK);
    for (uint64_t n = 20; n < 20 + 10 * MEMBER_SPANS_MAX; n += 10) {
        assert_int_equal(step(&m, EVENT_SUSPEND, NULL, n, &wire), ERR_OK);
        assert_int_equal(step(&m, EVENT_RESUME, NULL, n + 1, &wire), ERR_OK);
    }
    assert_int_equal(m.spans[0].from, 10);
    assert_true(member_spans_entitle(m.spans, m.spans_n, 11, SPAN("partners")));
}

/* What is known of a member is worth nothing where the journal ends before this number. */
static void test_newest(void **state)
{
    struct member with = brought();
    unsigned wire;
    (void)state;
    SET(with.zone, "partners");
    struct member m = member_in(MEMBER_INVITED);
    m.inboxes[0].from = 0;
    assert_int_equal(member_newest(&m), 0);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 10, &wire), ERR_OK);
    assert_int_equal(member_newest(&m), 10);
    assert_int_equal(step(&m, EVENT_SUSPEND, NULL, 20, &wire), ERR_OK);
    assert_int_equal(member_newest(&m), 20);
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 30, &wire), ERR_OK);
    assert_int_equal(member_newest(&m), 30);
    m.inboxes[2].from = 44;
    assert_int_equal(member_newest(&m), 44);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_spans_overflow),
        cmocka_unit_test(test_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
