/* member: every event in every state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/member_rig.h"

/* `active +A`, `removed +R !`, or the code of the refusal. */
static void outcome(enum err e, const struct member_change *change, char *out, size_t size)
{
    if (e != ERR_OK)
        snprintf(out, size, "%s", err_code(e));
    else
        snprintf(out, size, "%s%s%s%s", member_state_name(change->after.state),
                 change->wires[0] & WIRE_ACCEPT ? " +A" : "",
                 change->wires[0] & WIRE_REJECT ? " +R" : "", change->cuts ? " !" : "");
}

#define ANY (-1)
#define NO  "transition"

static const struct {
    int state;
    enum member_event event;
    int join;
    const char *outcome;
} table[] = {
    {UNKNOWN, EVENT_INVITE, ANY, "invited"},
    {UNKNOWN, EVENT_FOLLOW, JOIN_OPEN, "active +A"},
    {UNKNOWN, EVENT_FOLLOW, JOIN_APPROVAL, "pending"},
    {UNKNOWN, EVENT_FOLLOW, JOIN_INVITED, "not-invited"},
    {UNKNOWN, EVENT_UNDO, ANY, NO},
    {UNKNOWN, EVENT_BACK_ACCEPT, ANY, NO},
    {UNKNOWN, EVENT_BACK_REJECT, ANY, NO},
    {UNKNOWN, EVENT_ACCEPT, ANY, NO},
    {UNKNOWN, EVENT_REJECT, ANY, NO},
    {UNKNOWN, EVENT_SUSPEND, ANY, NO},
    {UNKNOWN, EVENT_RESUME, ANY, NO},
    {UNKNOWN, EVENT_REMOVE, ANY, NO},
    {UNKNOWN, EVENT_EXPIRE, ANY, NO},
    {UNKNOWN, EVENT_GONE, ANY, NO},
    {UNKNOWN, EVENT_LOST, ANY, NO},
    {UNKNOWN, EVENT_MOVED, ANY, NO},
    {UNKNOWN, EVENT_UNZONED, ANY, NO},
    {UNKNOWN, EVENT_ZONED, ANY, NO},
    {UNKNOWN, EVENT_EDIT, ANY, NO},
    {UNKNOWN, EVENT_EXTEND, ANY, NO},
    {UNKNOWN, EVENT_SOFTWARE, ANY, NO},
    {UNKNOWN, EVENT_BLOCK, ANY, "removed !"},

    {MEMBER_INVITED, EVENT_INVITE, ANY, "invited"},
    {MEMBER_INVITED, EVENT_FOLLOW, JOIN_OPEN, "active +A"},
    {MEMBER_INVITED, EVENT_FOLLOW, JOIN_APPROVAL, "active +A"},
    {MEMBER_INVITED, EVENT_FOLLOW, JOIN_INVITED, "active +A"},
    {MEMBER_INVITED, EVENT_UNDO, ANY, NO},
    {MEMBER_INVITED, EVENT_BACK_ACCEPT, ANY, NO},
    {MEMBER_INVITED, EVENT_BACK_REJECT, ANY, NO},
    {MEMBER_INVITED, EVENT_ACCEPT, ANY, NO},
    {MEMBER_INVITED, EVENT_REJECT, ANY, "removed !"},
    {MEMBER_INVITED, EVENT_SUSPEND, ANY, NO},
    {MEMBER_INVITED, EVENT_RESUME, ANY, NO},
    {MEMBER_INVITED, EVENT_REMOVE, ANY, "removed !"},
    {MEMBER_INVITED, EVENT_EXPIRE, ANY, "expired !"},
    {MEMBER_INVITED, EVENT_GONE, ANY, NO},
    {MEMBER_INVITED, EVENT_LOST, ANY, NO},
    {MEMBER_INVITED, EVENT_MOVED, ANY, NO},
    {MEMBER_INVITED, EVENT_UNZONED, ANY, "suspended"},
    {MEMBER_INVITED, EVENT_EDIT, ANY, "invited"},
    {MEMBER_INVITED, EVENT_EXTEND, ANY, "invited"},
    {MEMBER_INVITED, EVENT_SOFTWARE, ANY, "invited"},
    {MEMBER_INVITED, EVENT_BLOCK, ANY, "removed !"},

    {MEMBER_PENDING, EVENT_INVITE, ANY, "active +A"},
    {MEMBER_PENDING, EVENT_FOLLOW, JOIN_OPEN, "active +A"},
    {MEMBER_PENDING, EVENT_FOLLOW, JOIN_APPROVAL, "pending"},
    {MEMBER_PENDING, EVENT_FOLLOW, JOIN_INVITED, "not-invited"},
    {MEMBER_PENDING, EVENT_UNDO, ANY, "left !"},
    {MEMBER_PENDING, EVENT_BACK_ACCEPT, ANY, NO},
    {MEMBER_PENDING, EVENT_BACK_REJECT, ANY, NO},
    {MEMBER_PENDING, EVENT_ACCEPT, ANY, "active +A"},
    {MEMBER_PENDING, EVENT_REJECT, ANY, "removed +R !"},
    {MEMBER_PENDING, EVENT_SUSPEND, ANY, NO},
    {MEMBER_PENDING, EVENT_RESUME, ANY, NO},
    {MEMBER_PENDING, EVENT_REMOVE, ANY, "removed +R !"},
    {MEMBER_PENDING, EVENT_EXPIRE, ANY, "expired +R !"},
    {MEMBER_PENDING, EVENT_GONE, ANY, NO},
    {MEMBER_PENDING, EVENT_LOST, ANY, NO},
    {MEMBER_PENDING, EVENT_MOVED, ANY, NO},
    {MEMBER_PENDING, EVENT_UNZONED, ANY, "suspended"},
    {MEMBER_PENDING, EVENT_EDIT, ANY, "pending"},
    {MEMBER_PENDING, EVENT_EXTEND, ANY, "pending"},
    {MEMBER_PENDING, EVENT_SOFTWARE, ANY, "pending"},
    {MEMBER_PENDING, EVENT_BLOCK, ANY, "removed +R !"},

    {MEMBER_ACTIVE, EVENT_INVITE, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_FOLLOW, JOIN_OPEN, "active +A"},
    {MEMBER_ACTIVE, EVENT_FOLLOW, JOIN_INVITED, "active +A"},
    {MEMBER_ACTIVE, EVENT_UNDO, ANY, "left !"},
    {MEMBER_ACTIVE, EVENT_BACK_ACCEPT, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_BACK_REJECT, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_ACCEPT, ANY, NO},
    {MEMBER_ACTIVE, EVENT_REJECT, ANY, "removed +R !"},
    {MEMBER_ACTIVE, EVENT_SUSPEND, ANY, "suspended"},
    {MEMBER_ACTIVE, EVENT_RESUME, ANY, NO},
    {MEMBER_ACTIVE, EVENT_REMOVE, ANY, "removed +R !"},
    {MEMBER_ACTIVE, EVENT_EXPIRE, ANY, "expired +R !"},
    {MEMBER_ACTIVE, EVENT_GONE, ANY, "left !"},
    {MEMBER_ACTIVE, EVENT_LOST, ANY, "suspended"},
    {MEMBER_ACTIVE, EVENT_MOVED, ANY, NO}, /* nobody has that inbox */
    {MEMBER_ACTIVE, EVENT_UNZONED, ANY, "suspended"},
    {MEMBER_ACTIVE, EVENT_ZONED, ANY, NO}, /* it is in that zone already */
    {MEMBER_ACTIVE, EVENT_EDIT, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_EXTEND, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_SOFTWARE, ANY, "active"},
    {MEMBER_ACTIVE, EVENT_BLOCK, ANY, "removed +R !"},

    {MEMBER_SUSPENDED, EVENT_INVITE, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_FOLLOW, JOIN_OPEN, "suspended"},
    {MEMBER_SUSPENDED, EVENT_UNDO, ANY, "suspended !"},
    {MEMBER_SUSPENDED, EVENT_BACK_ACCEPT, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_BACK_REJECT, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_ACCEPT, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_REJECT, ANY, "removed +R !"},
    {MEMBER_SUSPENDED, EVENT_SUSPEND, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_RESUME, ANY, "active"},
    {MEMBER_SUSPENDED, EVENT_REMOVE, ANY, "removed +R !"},
    {MEMBER_SUSPENDED, EVENT_EXPIRE, ANY, "expired +R !"},
    {MEMBER_SUSPENDED, EVENT_GONE, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_LOST, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_MOVED, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_UNZONED, ANY, NO},
    {MEMBER_SUSPENDED, EVENT_EDIT, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_EXTEND, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_SOFTWARE, ANY, "suspended"},
    {MEMBER_SUSPENDED, EVENT_BLOCK, ANY, "removed +R !"},

    {MEMBER_EXPIRED, EVENT_INVITE, ANY, "invited"},
    {MEMBER_EXPIRED, EVENT_FOLLOW, JOIN_OPEN, "expired"},
    {MEMBER_EXPIRED, EVENT_UNDO, ANY, NO},
    {MEMBER_EXPIRED, EVENT_BACK_ACCEPT, ANY, NO},
    {MEMBER_EXPIRED, EVENT_BACK_REJECT, ANY, NO},
    {MEMBER_EXPIRED, EVENT_ACCEPT, ANY, NO},
    {MEMBER_EXPIRED, EVENT_REJECT, ANY, NO},
    {MEMBER_EXPIRED, EVENT_SUSPEND, ANY, NO},
    {MEMBER_EXPIRED, EVENT_RESUME, ANY, NO},
    {MEMBER_EXPIRED, EVENT_REMOVE, ANY, "removed !"},
    {MEMBER_EXPIRED, EVENT_EXPIRE, ANY, NO},
    {MEMBER_EXPIRED, EVENT_GONE, ANY, NO},
    {MEMBER_EXPIRED, EVENT_LOST, ANY, NO},
    {MEMBER_EXPIRED, EVENT_MOVED, ANY, NO},
    {MEMBER_EXPIRED, EVENT_UNZONED, ANY, NO},
    {MEMBER_EXPIRED, EVENT_ZONED, ANY, NO},
    {MEMBER_EXPIRED, EVENT_EDIT, ANY, "expired"},
    {MEMBER_EXPIRED, EVENT_EXTEND, ANY, "invited"},
    {MEMBER_EXPIRED, EVENT_SOFTWARE, ANY, NO},
    {MEMBER_EXPIRED, EVENT_BLOCK, ANY, "removed !"},

    {MEMBER_LEFT, EVENT_INVITE, ANY, "invited"},
    {MEMBER_LEFT, EVENT_FOLLOW, JOIN_OPEN, "active +A"},
    {MEMBER_LEFT, EVENT_FOLLOW, JOIN_APPROVAL, "pending"},
    {MEMBER_LEFT, EVENT_FOLLOW, JOIN_INVITED, "not-invited"},
    {MEMBER_LEFT, EVENT_UNDO, ANY, NO},
    {MEMBER_LEFT, EVENT_BACK_ACCEPT, ANY, NO},
    {MEMBER_LEFT, EVENT_BACK_REJECT, ANY, NO},
    {MEMBER_LEFT, EVENT_ACCEPT, ANY, NO},
    {MEMBER_LEFT, EVENT_REJECT, ANY, NO},
    {MEMBER_LEFT, EVENT_SUSPEND, ANY, NO},
    {MEMBER_LEFT, EVENT_RESUME, ANY, NO},
    {MEMBER_LEFT, EVENT_REMOVE, ANY, "removed !"},
    {MEMBER_LEFT, EVENT_EXPIRE, ANY, NO},
    {MEMBER_LEFT, EVENT_GONE, ANY, NO},
    {MEMBER_LEFT, EVENT_LOST, ANY, NO},
    {MEMBER_LEFT, EVENT_MOVED, ANY, NO},
    {MEMBER_LEFT, EVENT_UNZONED, ANY, NO},
    {MEMBER_LEFT, EVENT_EDIT, ANY, "left"},
    {MEMBER_LEFT, EVENT_EXTEND, ANY, NO},
    {MEMBER_LEFT, EVENT_SOFTWARE, ANY, NO},
    {MEMBER_LEFT, EVENT_BLOCK, ANY, "removed !"},

    {MEMBER_REMOVED, EVENT_INVITE, ANY, "invited"},
    {MEMBER_REMOVED, EVENT_FOLLOW, JOIN_OPEN, "removed"},
    {MEMBER_REMOVED, EVENT_UNDO, ANY, NO},
    {MEMBER_REMOVED, EVENT_BACK_ACCEPT, ANY, NO},
    {MEMBER_REMOVED, EVENT_BACK_REJECT, ANY, NO},
    {MEMBER_REMOVED, EVENT_ACCEPT, ANY, NO},
    {MEMBER_REMOVED, EVENT_REJECT, ANY, NO},
    {MEMBER_REMOVED, EVENT_SUSPEND, ANY, NO},
    {MEMBER_REMOVED, EVENT_RESUME, ANY, NO},
    {MEMBER_REMOVED, EVENT_REMOVE, ANY, NO},
    {MEMBER_REMOVED, EVENT_EXPIRE, ANY, NO},
    {MEMBER_REMOVED, EVENT_GONE, ANY, NO},
    {MEMBER_REMOVED, EVENT_LOST, ANY, NO},
    {MEMBER_REMOVED, EVENT_MOVED, ANY, NO},
    {MEMBER_REMOVED, EVENT_UNZONED, ANY, NO},
    {MEMBER_REMOVED, EVENT_ZONED, ANY, NO},
    {MEMBER_REMOVED, EVENT_EDIT, ANY, NO},
    {MEMBER_REMOVED, EVENT_EXTEND, ANY, NO},
    {MEMBER_REMOVED, EVENT_SOFTWARE, ANY, NO},
    {MEMBER_REMOVED, EVENT_BLOCK, ANY, NO},
};

/* A refusal of a Follow names the state; the outcomes above are told apart by this. */
static bool is_refusal(int state, enum member_event event)
{
    return event == EVENT_FOLLOW &&
           (state == MEMBER_SUSPENDED || state == MEMBER_EXPIRED || state == MEMBER_REMOVED);
}

static void test_table(void **state)
{
    (void)state;
    struct member with = brought();
    with.ver = 3; /* LOST: found out about this record */
    with.role = MEMBER_ROLE_RECEIVE_ONLY;
    SET(with.software, "wiki");
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct member before;
        struct member_change change;
        char got[64];
        if (table[i].state != UNKNOWN)
            before = member_in((enum member_state)table[i].state);
        enum err e = member_apply(table[i].state == UNKNOWN ? NULL : &before, table[i].event, &with,
                                  table[i].join, N, NOW, &change);
        outcome(e, &change, got, sizeof(got));
        if (strcmp(got, table[i].outcome) != 0)
            print_error("%d x %s\n", table[i].state, member_event_name(table[i].event));
        assert_string_equal(got, table[i].outcome);
        assert_int_equal(e != ERR_OK, is_refusal(table[i].state, table[i].event) ||
                                          strcmp(got, NO) == 0 || e == ERR_NOT_INVITED);
    }
}

static void test_follow_brings(void **state)
{
    (void)state;
    struct member with = brought(), before = member_in(MEMBER_ACTIVE);
    struct member_change change;
    SET(with.software, "wiki");
    SET(with.zone, "internal");
    assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_int_equal(change.after.followers_n, 1);
    assert_string_equal(change.after.followers[0].follow, "https://b.example/follow/2");
    assert_string_equal(change.after.followers[0].actor, "https://b.example/actor");
    assert_int_equal(change.after.followers[0].inbox, 0);
    assert_string_equal(change.after.inboxes[0].url, "https://b.example/inbox");
    assert_int_equal(change.after.inboxes[0].from, 0); /* what is owed goes to the new address */
    assert_string_equal(change.after.software, "wiki");
    /* who is a member keeps its zone, and its span goes on */
    assert_string_equal(change.after.zone, "partners");
    assert_int_equal(change.after.spans_n, 1);
    assert_int_equal(change.after.spans[0].from, 10);
    /* an invitation stands above the policy's zone too */
    before = member_in(MEMBER_INVITED);
    assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_string_equal(change.after.zone, "partners");
    assert_int_equal(change.after.spans[0].from, N);
    /* who had left comes as anybody */
    before = member_in(MEMBER_LEFT);
    assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_string_equal(change.after.zone, "internal");
    assert_int_equal(change.after.spans_n, 2);
    assert_string_equal(change.after.spans[0].zone, "partners");
}

/* The same Follow a thousand times (ATTACKS A16): one membership, one span. */
static void test_follow_again(void **state)
{
    (void)state;
    struct member with = brought();
    struct member_change change;
    assert_int_equal(member_apply(NULL, EVENT_FOLLOW, &with, JOIN_OPEN, 1, NOW, &change), ERR_OK);
    for (uint64_t i = 2; i <= 1000; i++) {
        struct member before = change.after;
        assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, i, NOW, &change),
                         ERR_OK);
        assert_int_equal(change.wires[0], WIRE_ACCEPT);
        assert_int_equal(change.after.followers_n, 1);
    }
    assert_int_equal(change.after.spans_n, 1);
    assert_int_equal(change.after.spans[0].from, 1);
}

/* Who was placed by an operator stays so through its life, until it left and comes as anybody. */
static void test_placed(void **state)
{
    (void)state;
    struct member with = brought();
    struct member_change change;
    with.placed = true;
    assert_int_equal(member_apply(NULL, EVENT_INVITE, &with, ANY, N, NOW, &change), ERR_OK);
    assert_true(change.after.placed);
    struct member before = change.after;
    with.placed = false;
    assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_true(change.after.placed);
    before = change.after;
    before.state = MEMBER_LEFT;
    assert_int_equal(member_apply(&before, EVENT_FOLLOW, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_false(change.after.placed);
}

static void test_end_date(void **state)
{
    (void)state;
    static const struct {
        enum member_state state;
        enum member_event event;
    } late[] = {
        {MEMBER_INVITED, EVENT_FOLLOW},   {MEMBER_PENDING, EVENT_FOLLOW},
        {MEMBER_PENDING, EVENT_ACCEPT},   {MEMBER_ACTIVE, EVENT_FOLLOW},
        {MEMBER_SUSPENDED, EVENT_RESUME}, {MEMBER_LEFT, EVENT_FOLLOW},
    };
    struct member with = brought();
    struct member_change change;
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
        struct member before = member_in(late[i].state);
        before.until_ms = NOW;
        assert_int_equal(
            member_apply(&before, late[i].event, &with, JOIN_OPEN, N, NOW - 1, &change), ERR_OK);
        assert_int_equal(change.after.until_ms, NOW);
        assert_int_equal(member_apply(&before, late[i].event, &with, JOIN_OPEN, N, NOW, &change),
                         ERR_EXPIRED);
    }
    /* An invitation in the past is none; a new one ends the wait, with no end or another. */
    struct member before = member_in(MEMBER_EXPIRED);
    with.until_ms = NOW - 1;
    assert_int_equal(member_apply(&before, EVENT_INVITE, &with, ANY, N, NOW, &change), ERR_EXPIRED);
    with.until_ms = NOW + 1;
    assert_int_equal(member_apply(&before, EVENT_INVITE, &with, ANY, N, NOW, &change), ERR_OK);
    assert_int_equal(change.after.until_ms, NOW + 1);
    assert_int_equal(change.after.followers_n, 0);
    /* Extending a pilot leaves everything as it is but the date. */
    before = member_in(MEMBER_ACTIVE);
    assert_int_equal(member_apply(&before, EVENT_INVITE, &with, ANY, N, NOW, &change), ERR_OK);
    assert_int_equal(change.after.until_ms, NOW + 1);
    assert_int_equal(change.after.spans_n, 1);
    assert_int_equal(change.wires[0], 0);
    /* What is over can still be ended, whatever the date. */
    before.until_ms = NOW - 1;
    assert_int_equal(member_apply(&before, EVENT_EXPIRE, NULL, ANY, N, NOW, &change), ERR_OK);
    assert_int_equal(member_apply(&before, EVENT_UNDO, &with, ANY, N, NOW, &change), ERR_OK);
}

/* Who is suspended or removed does not get out of it by leaving and coming back. */
static void test_no_way_round(void **state)
{
    (void)state;
    struct member with = brought(), m = member_in(MEMBER_SUSPENDED);
    unsigned wire;
    assert_int_equal(step(&m, EVENT_UNDO, &with, 60, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_SUSPENDED);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 61, &wire), ERR_SUSPENDED);
    /* the gate opens: it may follow again, but is not served before it does */
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 62, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_INVITED);
    assert_int_equal(wire, 0);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 63, &wire), ERR_OK);
    assert_int_equal(wire, WIRE_ACCEPT);
    assert_int_equal(step(&m, EVENT_REMOVE, NULL, 64, &wire), ERR_OK);
    assert_int_equal(wire, WIRE_REJECT);
    assert_int_equal(step(&m, EVENT_UNDO, &with, 65, &wire), ERR_TRANSITION);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 66, &wire), ERR_REMOVED);
    assert_int_equal(step(&m, EVENT_INVITE, &with, 67, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 68, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_ACTIVE);
}

/* --- lost, and found ---------------------------------------------------------------------------
 */

/* Suspended as lost: what it is owed waits, and a Follow brings it back; or an operator does. */
static void test_lost(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE), with = m, follow = brought();
    unsigned wire;
    assert_int_equal(step(&m, EVENT_LOST, &with, 60, &wire), ERR_OK);
    assert_int_equal(wire, 0);
    assert_int_equal(m.state, MEMBER_SUSPENDED);
    assert_true(m.lost);
    assert_int_equal(m.since_ms, NOW);
    assert_int_equal(m.spans_n, 1);
    assert_int_equal(m.spans[0].to, 60);
    const struct member lost = m;
    assert_int_equal(step(&m, EVENT_FOLLOW, &follow, 70, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_ACTIVE);
    assert_false(m.lost);
    assert_true(wire & WIRE_ACCEPT);
    assert_int_equal(m.spans_n, 2);
    assert_int_equal(m.spans[1].from, 70);
    assert_string_equal(m.inboxes[0].url, "https://b.example/inbox");
    m = lost;
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 70, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_ACTIVE);
    assert_false(m.lost);
    m = lost; /* it loses its Follow: that changes nothing of why it is suspended */
    assert_int_equal(step(&m, EVENT_UNDO, &with, 70, &wire), ERR_OK);
    assert_true(m.lost);
}

/* The twin: one that an operator suspended, before or after, stays so. */
static void test_not_found(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE), with = m, follow = brought();
    unsigned wire;
    assert_int_equal(step(&m, EVENT_SUSPEND, NULL, 60, &wire), ERR_OK);
    assert_false(m.lost);
    with.ver = m.ver;
    assert_int_equal(step(&m, EVENT_LOST, &with, 61, &wire), ERR_TRANSITION);
    assert_int_equal(step(&m, EVENT_FOLLOW, &follow, 62, &wire), ERR_SUSPENDED);

    m = member_in(MEMBER_ACTIVE);
    with.ver = m.ver;
    assert_int_equal(step(&m, EVENT_LOST, &with, 60, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_SUSPEND, NULL, 61, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_SUSPENDED);
    assert_false(m.lost);
    assert_int_equal(m.spans_n, 1);
    assert_int_equal(step(&m, EVENT_FOLLOW, &follow, 62, &wire), ERR_SUSPENDED);
}

/* It changed while its actor was looked at: it may have another inbox by now. */
static void test_lost_meanwhile(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE), with = m, follow = brought();
    unsigned wire;
    assert_int_equal(step(&m, EVENT_FOLLOW, &follow, 60, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_LOST, &with, 61, &wire), ERR_TRANSITION);
    assert_int_equal(step(&m, EVENT_LOST, NULL, 61, &wire), ERR_TRANSITION);
    with.ver = m.ver;
    assert_int_equal(step(&m, EVENT_LOST, &with, 61, &wire), ERR_OK);
}

/* Pending, unzoned by a reload, resumed by an operator: its Follow was never answered. */
static void test_resume_answers(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_PENDING);
    unsigned wire;
    assert_int_equal(step(&m, EVENT_UNZONED, NULL, 60, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 61, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_ACTIVE);
    assert_int_equal(wire, WIRE_ACCEPT);
}

static void test_names(void **state)
{
    (void)state;
    for (int i = 0; i <= MEMBER_STATE_COUNT - 1; i++)
        assert_int_equal(member_state_by_name(span_of(member_state_name((enum member_state)i))), i);
    for (int i = 0; i <= EVENT_COUNT - 1; i++)
        assert_int_equal(member_event_by_name(span_of(member_event_name((enum member_event)i))), i);
    assert_int_equal(member_state_by_name(SPAN("dead")), MEMBER_STATE_COUNT);
    assert_int_equal(member_event_by_name(SPAN("")), EVENT_COUNT);
    assert_string_equal(member_event_name(EVENT_FOLLOW), "join");
    assert_string_equal(member_event_name(EVENT_UNDO), "leave");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost),           cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_lost_meanwhile), cmocka_unit_test(test_table),
        cmocka_unit_test(test_follow_brings),  cmocka_unit_test(test_follow_again),
        cmocka_unit_test(test_placed),         cmocka_unit_test(test_end_date),
        cmocka_unit_test(test_no_way_round),   cmocka_unit_test(test_resume_answers),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
