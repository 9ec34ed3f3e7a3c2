/* hold: why a zone waits, what was known, as text and back; what a verdict of today means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/rules/hold.h"

static void test_states(void **state)
{
    (void)state;
    for (int s = 0; s < HOLD_STATE_COUNT; s++)
        assert_int_equal(hold_state_by_name(span_of(hold_state_name((enum hold_state)s))), s);
    assert_int_equal(hold_state_by_name(SPAN("pending")), HOLD_STATE_COUNT);
    assert_int_equal(hold_state_by_name(SPAN_NONE), HOLD_STATE_COUNT);
}

static void test_why(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *rule;
        enum err code;
    } rows[] = {{"partners", "look first, please", ERR_RULE_HOLDS},
                {"public", "", ERR_RULE_HOLDS},
                {"guests", "open", ERR_FROZEN}};
    struct bytes text;
    struct bytes zones;
    bytes_init(&text, 4096);
    bytes_init(&zones, 4096);
    for (size_t i = 0; i < 3; i++) {
        const struct hold_why why = {span_of(rows[i].zone), span_of(rows[i].rule), rows[i].code};
        hold_why_write(&why, &text);
    }
    struct span rest = bytes_span(&text);
    struct hold_why why;
    for (size_t i = 0; i < 3; i++) {
        assert_true(hold_why_next(&rest, &why));
        assert_true(span_eq_str(why.zone, rows[i].zone));
        assert_true(span_eq_str(why.rule, rows[i].rule));
        assert_int_equal(why.code, rows[i].code);
    }
    assert_false(hold_why_next(&rest, &why));
    hold_zones_write(bytes_span(&text), &zones);
    assert_string_equal(bytes_str(&zones), "partners,public,guests");
    bytes_fini(&text);
    bytes_fini(&zones);
}

/* Only where nothing but a freeze is in the way, it is that. */
static void test_code(void **state)
{
    (void)state;
    static const struct {
        const char *whys;
        enum err code;
    } rows[] = {{"partners frozen shared\n", ERR_FROZEN},
                {"partners frozen shared\nguests frozen \n", ERR_FROZEN},
                {"partners frozen shared\nguests rule-holds x\n", ERR_RULE_HOLDS},
                {"partners rule-holds x\nguests frozen \n", ERR_RULE_HOLDS},
                {"partners rule-holds x\n", ERR_RULE_HOLDS},
                {"", ERR_RULE_HOLDS}}; /* an edit of what waits, that itself would not */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hold_code(span_of(rows[i].whys)), rows[i].code);
}

static void test_bad_whys(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "\n",
                                      "partners\n",
                                      "partners no-such-code x\n",
                                      " rule-holds x\n",
                                      "partners rule-holds\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct span text = span_of(bad[i]);
        struct hold_why why;
        if (hold_why_next(&text, &why))
            fail_msg("`%s` is taken", bad[i]);
    }
}

static void test_known(void **state)
{
    (void)state;
    static const enum fact_said all[] = {FACT_UNKNOWN, FACT_NO, FACT_YES};
    for (size_t i = 0; i < 81; i++) {
        const struct hold_known known = {.consent = all[i % 3],
                                         .bot = all[i / 3 % 3],
                                         .indexable = all[i / 9 % 3],
                                         .bio = all[i / 27],
                                         .software = "mastodon"};
        struct hold_known back;
        struct bytes text;
        bytes_init(&text, 256);
        hold_known_write(&known, &text);
        assert_true(hold_known_read(bytes_span(&text), &back));
        assert_int_equal(back.consent, known.consent);
        assert_int_equal(back.bot, known.bot);
        assert_int_equal(back.indexable, known.indexable);
        assert_int_equal(back.bio, known.bio);
        assert_string_equal(back.software, "mastodon");
        bytes_fini(&text);
    }
    static const char too_long[] =
        "yyyy0123456789012345678901234567890123456789012345678901234567890123456789";
    static const char *const bad[] = {"", "yyy", "yyyx", "zyyy", too_long};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct hold_known back;
        if (hold_known_read(span_of(bad[i]), &back))
            fail_msg("`%s` is taken", bad[i]);
    }
}

static void test_fates(void **state)
{
    (void)state;
    static const struct {
        enum err verdict;
        enum hold_fate approve, thaw, deny;
    } rows[] = {{ERR_OK, HOLD_SENT, HOLD_SENT, HOLD_REFUSED},
                {ERR_RULE_HOLDS, HOLD_SENT, HOLD_KEPT, HOLD_REFUSED},
                {ERR_FROZEN, HOLD_SENT, HOLD_KEPT, HOLD_REFUSED},
                {ERR_RULE_DENIES, HOLD_REFUSED, HOLD_REFUSED, HOLD_REFUSED},
                {ERR_RULE_DROPS, HOLD_REFUSED, HOLD_REFUSED, HOLD_REFUSED},
                {ERR_NO_RULE, HOLD_REFUSED, HOLD_REFUSED, HOLD_REFUSED},
                {ERR_NO_ZONE, HOLD_REFUSED, HOLD_REFUSED, HOLD_REFUSED},
                {ERR_OPTED_OUT, HOLD_REFUSED, HOLD_REFUSED, HOLD_REFUSED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hold_fate(HOLD_ASKED_APPROVE, rows[i].verdict), rows[i].approve);
        assert_int_equal(hold_fate(HOLD_ASKED_THAW, rows[i].verdict), rows[i].thaw);
        assert_int_equal(hold_fate(HOLD_ASKED_DENY, rows[i].verdict), rows[i].deny);
    }
    assert_string_equal(hold_fate_name(HOLD_SENT), "sent");
    assert_string_equal(hold_fate_name(HOLD_KEPT), "held");
    assert_string_equal(hold_fate_name(HOLD_REFUSED), "refused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),   cmocka_unit_test(test_why),
        cmocka_unit_test(test_bad_whys), cmocka_unit_test(test_known),
        cmocka_unit_test(test_fates),    cmocka_unit_test(test_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
