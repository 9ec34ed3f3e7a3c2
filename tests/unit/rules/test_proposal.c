/* proposal: its record, and what confirming one does in every state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/proposal.h"

static void test_record(void **state)
{
    (void)state;
    const struct proposal p = {.host = "a.example",
                               .kind = PROPOSAL_BLOCK,
                               .zone = "",
                               .source = "a \"list\".csv",
                               .at_ms = 1767323045000};
    struct proposal again;
    struct bytes text;
    bytes_init(&text, PROPOSAL_TEXT_MAX);
    proposal_write(&p, &text);
    assert_true(proposal_read(SPAN("a.example"), bytes_span(&text), &again));
    assert_string_equal(again.host, p.host);
    assert_int_equal(again.kind, PROPOSAL_BLOCK);
    assert_string_equal(again.source, p.source);
    assert_int_equal(again.at_ms, p.at_ms);
    bytes_fini(&text);
    assert_string_equal(proposal_kind_name(PROPOSAL_ALLOW), "allow");
    assert_int_equal(proposal_kind_by_name(SPAN("block")), PROPOSAL_BLOCK);
    assert_int_equal(proposal_kind_by_name(SPAN("deny")), PROPOSAL_KIND_COUNT);
}

static const char long_zone[] =
    "{\"as\":\"allow\",\"source\":\"x\",\"at\":1,\"zone\":\"zzzzzzzzzzzzzzzzzzzz"
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}";

static void test_broken(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "x",
                                       "[]",
                                       "{}",
                                       "{\"as\":\"deny\",\"zone\":\"\",\"source\":\"x\",\"at\":1}",
                                       "{\"as\":\"allow\",\"source\":\"x\",\"at\":1.5}",
                                       "{\"as\":\"allow\",\"zone\":\"\",\"source\":\"x\"}",
                                       long_zone};
    struct proposal p;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (proposal_read(SPAN("a.example"), span_of(rows[i]), &p))
            fail_msg("%s", rows[i]);
    static const char good[] = "{\"as\":\"allow\",\"zone\":\"z\",\"source\":\"x\",\"at\":1}";
    assert_true(proposal_read(SPAN("a.example"), span_of(good), &p));
    assert_false(proposal_read(SPAN(""), span_of(good), &p));
}

enum { UNKNOWN = MEMBER_STATE_COUNT };

static void test_steps(void **state)
{
    (void)state;
    static const enum proposal_step table[MEMBER_STATE_COUNT + 1][3] = {
        /*                     block             allow, among all   allow, by its name */
        [UNKNOWN] = {PROPOSAL_BLOCKS, PROPOSAL_INVITES, PROPOSAL_INVITES},
        [MEMBER_INVITED] = {PROPOSAL_BLOCKS, PROPOSAL_SETTLED, PROPOSAL_SETTLED},
        [MEMBER_PENDING] = {PROPOSAL_BLOCKS, PROPOSAL_SETTLED, PROPOSAL_SETTLED},
        [MEMBER_ACTIVE] = {PROPOSAL_BLOCKS, PROPOSAL_SETTLED, PROPOSAL_SETTLED},
        [MEMBER_SUSPENDED] = {PROPOSAL_BLOCKS, PROPOSAL_SETTLED, PROPOSAL_SETTLED},
        [MEMBER_EXPIRED] = {PROPOSAL_BLOCKS, PROPOSAL_WAITS, PROPOSAL_INVITES},
        [MEMBER_LEFT] = {PROPOSAL_BLOCKS, PROPOSAL_INVITES, PROPOSAL_INVITES},
        [MEMBER_REMOVED] = {PROPOSAL_SETTLED, PROPOSAL_WAITS, PROPOSAL_INVITES},
    };
    static struct member member;
    for (int i = 0; i <= MEMBER_STATE_COUNT; i++) {
        const struct member *m = i == UNKNOWN ? NULL : &member;
        struct proposal p = {.kind = PROPOSAL_BLOCK};
        member.state = i == UNKNOWN ? MEMBER_INVITED : (enum member_state)i;
        assert_int_equal(proposal_step(&p, m, true), table[i][0]);
        assert_int_equal(proposal_step(&p, m, false), table[i][0]);
        p.kind = PROPOSAL_ALLOW;
        assert_int_equal(proposal_step(&p, m, false), table[i][1]);
        assert_int_equal(proposal_step(&p, m, true), table[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
