/* member: what it is here for: in every state, through its life, and what it may be sent by that;
 * who answers for it; its end date. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rules/member_rig.h"

static struct member edit(enum member_role role, const char *sponsor, const char *note)
{
    struct member with = {.role = role};
    SET(with.sponsor, sponsor);
    SET(with.note, note);
    return with;
}

/* The zone of the span that is open, "-" where none is. */
static const char *open_zone(const struct member *m)
{
    bool open = m->spans_n && m->spans[m->spans_n - 1].to == MEMBER_SPAN_OPEN;
    return open ? m->spans[m->spans_n - 1].zone : "-";
}

/* A Follow in every state, by every role: the state that comes of it does not hang on the role, a
 * repeat changes nothing more, and the open span is of the zone whose entries go to it. */
static void test_follow_in_every_state(void **state)
{
    (void)state;
    static const char *const after[MEMBER_STATE_COUNT] = {
        [MEMBER_INVITED] = "active", [MEMBER_PENDING] = "active", [MEMBER_ACTIVE] = "active",
        [MEMBER_SUSPENDED] = NULL,   [MEMBER_EXPIRED] = NULL,     [MEMBER_LEFT] = "active",
        [MEMBER_REMOVED] = NULL,
    };
    struct member with = brought();
    for (int s = 0; s < MEMBER_STATE_COUNT; s++) {
        for (int role = 0; role < MEMBER_ROLE_COUNT; role++) {
            struct member m = member_in((enum member_state)s);
            unsigned wire;
            m.role = (enum member_role)role;
            if (m.state == MEMBER_ACTIVE && role == MEMBER_ROLE_PUBLISH_ONLY)
                SET(m.spans[0].zone, "");
            for (uint64_t n = N; n < N + 3; n++) {
                enum err e = step(&m, EVENT_FOLLOW, &with, n, &wire);
                assert_int_equal(e == ERR_OK, after[s] != NULL);
                assert_string_equal(member_state_name(m.state),
                                    after[s] ? after[s] : member_state_name((enum member_state)s));
                assert_int_equal(wire & WIRE_ACCEPT, after[s] ? WIRE_ACCEPT : 0);
                assert_int_equal(m.role, role);
                assert_int_equal(m.followers_n, s == MEMBER_INVITED || s == MEMBER_LEFT
                                                    ? (size_t)(after[s] != NULL)
                                                    : 1);
                if (after[s])
                    assert_string_equal(open_zone(&m),
                                        role == MEMBER_ROLE_PUBLISH_ONLY ? "" : "partners");
            }
            bool one_more = after[s] && s != MEMBER_ACTIVE;
            assert_int_equal(m.spans_n, member_in((enum member_state)s).spans_n + one_more);
        }
    }
}

/* What comes after it only publishes is not for it; it is there all the same, so that what takes
 * back what it had goes out; and what comes when it is back in full is for it. */
static void test_only_publishes_for_a_while(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_INVITED), with = brought(), mute, full;
    struct span zone = SPAN("partners");
    unsigned wire;
    mute = edit(MEMBER_ROLE_PUBLISH_ONLY, "", "");
    full = edit(MEMBER_ROLE_FULL, "", "");
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 10, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_EDIT, &mute, 20, &wire), ERR_OK);
    assert_int_equal(wire, 0);
    assert_string_equal(member_receives(&m), "");
    assert_string_equal(m.zone, "partners");
    assert_int_equal(m.inboxes[0].from, 10); /* it keeps its place */
    assert_int_equal(step(&m, EVENT_EDIT, &full, 30, &wire), ERR_OK);
    assert_string_equal(member_receives(&m), "partners");
    static const struct {
        uint64_t n;
        bool its;
    } rows[] = {{10, false}, {11, true}, {20, true}, {21, false},
                {30, false}, {31, true}, {99, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(member_spans_entitle(m.spans, m.spans_n, rows[i].n, zone), rows[i].its);
    assert_int_equal(m.spans_n, 3);
    assert_true(m.spans[1].from == 20 && m.spans[1].to == 30 && !m.spans[1].zone[0]);
}

/* It gets in as anybody, and out as anybody: neither opens the gate further. */
static void test_role_is_kept(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE), with = brought(), mute;
    unsigned wire;
    mute = edit(MEMBER_ROLE_PUBLISH_ONLY, "bob@corp.example", "");
    assert_int_equal(step(&m, EVENT_EDIT, &mute, 20, &wire), ERR_OK);
    assert_int_equal(step(&m, EVENT_UNDO, &with, 21, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_LEFT);
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 22, &wire), ERR_OK);
    assert_int_equal(m.role, MEMBER_ROLE_PUBLISH_ONLY);
    assert_string_equal(open_zone(&m), "");
    assert_int_equal(step(&m, EVENT_SUSPEND, NULL, 23, &wire), ERR_OK);
    assert_string_equal(open_zone(&m), "-");
    assert_int_equal(step(&m, EVENT_RESUME, NULL, 24, &wire), ERR_OK);
    assert_string_equal(open_zone(&m), "");
    assert_int_equal(step(&m, EVENT_REMOVE, NULL, 25, &wire), ERR_OK);
    with.role = MEMBER_ROLE_COUNT;
    assert_int_equal(step(&m, EVENT_INVITE, &with, 26, &wire), ERR_OK);
    assert_int_equal(m.role, MEMBER_ROLE_PUBLISH_ONLY);
    assert_string_equal(m.sponsor, "bob@corp.example");
    with.role = MEMBER_ROLE_FULL; /* an invitation may say another */
    assert_int_equal(step(&m, EVENT_INVITE, &with, 27, &wire), ERR_OK);
    assert_int_equal(m.role, MEMBER_ROLE_FULL);
}

static void test_edit(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE);
    unsigned wire;
    struct member with = edit(MEMBER_ROLE_COUNT, "bob@corp.example", "supply chain, phase 1");
    assert_int_equal(step(&m, EVENT_EDIT, &with, 60, &wire), ERR_OK);
    assert_int_equal(m.role, MEMBER_ROLE_FULL);
    assert_string_equal(m.sponsor, "bob@corp.example");
    assert_string_equal(m.note, "supply chain, phase 1");
    assert_int_equal(m.ver, 4);
    assert_int_equal(m.since_ms, 7);
    /* nothing new is no change */
    assert_int_equal(step(&m, EVENT_EDIT, &with, 61, &wire), ERR_TRANSITION);
    with = edit(MEMBER_ROLE_COUNT, "", "");
    assert_int_equal(step(&m, EVENT_EDIT, &with, 61, &wire), ERR_TRANSITION);
    with = edit(MEMBER_ROLE_RECEIVE_ONLY, "-", "");
    assert_int_equal(step(&m, EVENT_EDIT, &with, 62, &wire), ERR_OK);
    assert_int_equal(m.role, MEMBER_ROLE_RECEIVE_ONLY);
    assert_string_equal(m.sponsor, "");
    assert_string_equal(m.note, "supply chain, phase 1");
    assert_string_equal(open_zone(&m), "partners");
}

/* Another end date, in every state: nothing else changes, but that who is expired is invited again;
 * and the past is none. */
static void test_extend(void **state)
{
    (void)state;
    static const int after[MEMBER_STATE_COUNT] = {
        [MEMBER_INVITED] = MEMBER_INVITED,
        [MEMBER_PENDING] = MEMBER_PENDING,
        [MEMBER_ACTIVE] = MEMBER_ACTIVE,
        [MEMBER_SUSPENDED] = MEMBER_SUSPENDED,
        [MEMBER_EXPIRED] = MEMBER_INVITED,
        [MEMBER_LEFT] = -1,
        [MEMBER_REMOVED] = -1,
    };
    unsigned wire;
    for (int s = 0; s < MEMBER_STATE_COUNT; s++) {
        struct member m = member_in((enum member_state)s);
        struct member with = {.until_ms = NOW};
        m.until_ms = s == MEMBER_EXPIRED ? NOW - 1 : NOW + 1;
        m.placed = true;
        m.role = MEMBER_ROLE_RECEIVE_ONLY;
        const struct member was = m;
        if (after[s] >= 0)
            assert_int_equal(step(&m, EVENT_EXTEND, &with, N, &wire), ERR_EXPIRED);
        with.until_ms = NOW + 99;
        assert_int_equal(step(&m, EVENT_EXTEND, &with, N, &wire),
                         after[s] >= 0 ? ERR_OK : ERR_TRANSITION);
        assert_int_equal(m.state, after[s] >= 0 ? after[s] : s);
        assert_int_equal(wire, 0);
        assert_int_equal(m.until_ms, after[s] >= 0 ? NOW + 99 : was.until_ms);
        assert_int_equal(m.role, was.role);
        assert_true(m.placed);
        assert_string_equal(m.zone, was.zone);
        assert_int_equal(m.followers_n, s == MEMBER_EXPIRED ? 0 : was.followers_n);
        with.until_ms = 0; /* no end any more */
        if (after[s] >= 0)
            assert_int_equal(step(&m, EVENT_EXTEND, &with, N + 1, &wire), ERR_OK);
        assert_int_equal(m.until_ms, after[s] >= 0 ? 0 : was.until_ms);
    }
}

/* An expired pilot that is extended follows anew: until then nobody is served. */
static void test_extended_after_the_end(void **state)
{
    (void)state;
    struct member m = member_in(MEMBER_ACTIVE), with = brought(), later = {.until_ms = NOW + 5};
    unsigned wire;
    assert_int_equal(step(&m, EVENT_EXPIRE, NULL, 60, &wire), ERR_OK);
    assert_int_equal(wire, WIRE_REJECT | WIRE_UNDO);
    assert_int_equal(m.until_ms, NOW); /* ended by a person, it is over from now on */
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 61, &wire), ERR_EXPIRED);
    assert_int_equal(step(&m, EVENT_EXTEND, &later, 62, &wire), ERR_OK);
    assert_int_equal(m.state, MEMBER_INVITED);
    assert_string_equal(open_zone(&m), "-");
    assert_int_equal(step(&m, EVENT_FOLLOW, &with, 63, &wire), ERR_OK);
    assert_int_equal(wire, WIRE_ACCEPT);
    assert_string_equal(open_zone(&m), "partners");
}

/* Who may send: by state, and by role where it is active. */
static void test_refusals(void **state)
{
    (void)state;
    static const enum err by_state[MEMBER_STATE_COUNT] = {
        [MEMBER_INVITED] = ERR_NOT_MEMBER, [MEMBER_PENDING] = ERR_PENDING,
        [MEMBER_ACTIVE] = ERR_OK,          [MEMBER_SUSPENDED] = ERR_SUSPENDED,
        [MEMBER_EXPIRED] = ERR_EXPIRED,    [MEMBER_LEFT] = ERR_NOT_MEMBER,
        [MEMBER_REMOVED] = ERR_REMOVED,
    };
    for (int s = 0; s < MEMBER_STATE_COUNT; s++) {
        for (int role = 0; role < MEMBER_ROLE_COUNT; role++) {
            struct member m = member_in((enum member_state)s);
            m.role = (enum member_role)role;
            bool mute = s == MEMBER_ACTIVE && role == MEMBER_ROLE_RECEIVE_ONLY;
            assert_int_equal(member_refusal(&m, false), mute ? ERR_RECEIVE_ONLY : by_state[s]);
            assert_int_equal(member_refusal(&m, true), by_state[s]);
        }
    }
    assert_int_equal(member_refusal(NULL, true), ERR_NOT_MEMBER);
}

static void test_sponsors(void **state)
{
    (void)state;
    static const struct {
        const char *mail;
        bool fits;
    } rows[] = {
        {"bob@corp.example", true},
        {"b.o-b+x@corp.example", true},
        {"a@b", true},
        {"", false},
        {"bob", false},
        {"@corp.example", false},
        {"bob@", false},
        {"a@b@c", false},
        {"a b@c", false},
        {"<a@b>", false},
        {"a@b\n", false},
        {"a\"@b", false},
        {"a@b,c", false},
        {"b\xc3\xb6@c", false},
        {"-", false},
    };
    char longest[MEMBER_SPONSOR_SIZE + 1];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(member_sponsor_fits(span_of(rows[i].mail)), rows[i].fits);
    memset(longest, 'a', sizeof(longest));
    longest[1] = '@';
    assert_true(member_sponsor_fits((struct span){longest, MEMBER_SPONSOR_SIZE - 1}));
    assert_false(member_sponsor_fits((struct span){longest, MEMBER_SPONSOR_SIZE}));
}

static void test_notes(void **state)
{
    (void)state;
    static const struct {
        const char *note;
        bool fits;
    } rows[] = {
        {"supply chain", true},
        {"gr\xc3\xbc\xc3\x9f", true},
        {"-", true},
        {"", false},
        {"two\nlines", false},
        {"\x1b[2J", false},
        {"a\xff", false},
        {"a\xe2\x80\xae"
         "b",
         false},
    };
    char longest[MEMBER_NOTE_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(member_note_fits(span_of(rows[i].note)), rows[i].fits);
    memset(longest, 'a', sizeof(longest));
    assert_true(member_note_fits((struct span){longest, MEMBER_NOTE_SIZE - 1}));
    assert_false(member_note_fits((struct span){longest, MEMBER_NOTE_SIZE}));
}

static void test_role_names(void **state)
{
    (void)state;
    for (int i = 0; i < MEMBER_ROLE_COUNT; i++)
        assert_int_equal(member_role_by_name(span_of(member_role_name((enum member_role)i))), i);
    assert_int_equal(member_role_by_name(SPAN("publish")), MEMBER_ROLE_COUNT);
    assert_int_equal(member_role_by_name(SPAN("")), MEMBER_ROLE_COUNT);
    assert_string_equal(member_role_name(MEMBER_ROLE_PUBLISH_ONLY), "publish-only");
    assert_string_equal(member_role_name(MEMBER_ROLE_RECEIVE_ONLY), "receive-only");
}

/* What software it runs changes nothing else; and what is known already is no change. */
static void test_software(void **state)
{
    (void)state;
    struct member with = {.state = MEMBER_INVITED};
    struct member before = member_in(MEMBER_ACTIVE);
    struct member_change change;
    SET(with.zone, "internal");
    SET(with.software, "wiki");
    assert_int_equal(member_apply(&before, EVENT_SOFTWARE, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_OK);
    assert_string_equal(change.after.software, "wiki");
    assert_string_equal(change.after.zone, "partners");
    assert_int_equal(change.after.ver, before.ver + 1);
    assert_int_equal(change.after.since_ms, before.since_ms);
    assert_int_equal(change.after.spans_n, 1);
    assert_int_equal(change.after.spans[0].from, 10);
    assert_int_equal(change.wires[0], 0);
    assert_false(change.cuts);
    before = change.after;
    assert_int_equal(member_apply(&before, EVENT_SOFTWARE, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_TRANSITION);
    with.software[0] = '\0'; /* nothing was said */
    assert_int_equal(member_apply(&before, EVENT_SOFTWARE, &with, JOIN_OPEN, N, NOW, &change),
                     ERR_TRANSITION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow_in_every_state),
        cmocka_unit_test(test_only_publishes_for_a_while),
        cmocka_unit_test(test_role_is_kept),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_extend),
        cmocka_unit_test(test_extended_after_the_end),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sponsors),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_role_names),
        cmocka_unit_test(test_software),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
