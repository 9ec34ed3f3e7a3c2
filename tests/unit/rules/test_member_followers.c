/* member_followers: several actors of one host, their inboxes, our Follow back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/member.h"
#include "relay/rules/policy.h"

enum { NOW = 1000000 };

/* A follower, by the number of its actor and of its Follow. */
static struct member_follower who(int actor, int follow, enum member_style style, bool machine)
{
    struct member_follower f = {.style = style, .machine = machine};
    snprintf(f.actor, sizeof(f.actor), "https://b.example/%d", actor);
    snprintf(f.follow, sizeof(f.follow), "https://b.example/%d/follow/%d", actor, follow);
    return f;
}

static struct member with;

static const struct member *bring(int actor, int follow, enum member_style style, bool machine,
                                  const char *inbox)
{
    struct member_follower f = who(actor, follow, style, machine);
    memset(&with, 0, sizeof(with));
    span_copy(SPAN("b.example"), with.host, sizeof(with.host));
    span_copy(SPAN("red"), with.zone, sizeof(with.zone));
    member_bring(&with, &f, span_of(inbox));
    return &with;
}

static struct member_change change;
static int join = JOIN_OPEN;

static enum err happens(struct member *m, enum member_event event, const struct member *brought,
                        uint64_t n)
{
    enum err e = member_apply(m->host[0] ? m : NULL, event, brought, join, n, NOW, &change);
    if (e == ERR_OK)
        *m = change.after;
    return e;
}

static void follows(struct member *m, int actor, enum member_style style, const char *inbox,
                    uint64_t n)
{
    assert_int_equal(happens(m, EVENT_FOLLOW, bring(actor, 1, style, true, inbox), n), ERR_OK);
}

/* --- inboxes --------------------------------------------------------------------------------- */

static void test_inboxes(void **state)
{
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_PUBLIC, "x", 10);
    follows(&m, 2, STYLE_LITEPUB, "y", 20);
    follows(&m, 3, STYLE_LITEPUB, "x", 30);
    follows(&m, 4, STYLE_LITEPUB, "z", 40);
    assert_int_equal(m.followers_n, 4);
    assert_int_equal(m.followers[2].inbox, 0); /* shared: one delivery for both */
    assert_int_equal(m.inboxes[0].style, STYLE_PUBLIC);
    assert_int_equal(m.inboxes[0].from, 10);
    assert_int_equal(m.inboxes[1].style, STYLE_LITEPUB);
    assert_int_equal(m.inboxes[1].from, 20);
    assert_int_equal(m.inboxes[2].from, 40);
    assert_int_equal(m.spans_n, 1); /* the host's right is one, whoever follows */
    assert_int_equal(m.spans[0].from, 10);
    /* The one that asked for bytes goes; who is left there believes Announces only. */
    assert_int_equal(happens(&m, EVENT_UNDO, bring(1, 1, STYLE_PUBLIC, true, ""), 50), ERR_OK);
    assert_false(change.cuts);
    assert_int_equal(m.inboxes[0].style, STYLE_LITEPUB);
    assert_int_equal(m.inboxes[0].from, 10);
    /* A slot in the middle is freed, the others stay where they are, and the next one takes it. */
    assert_int_equal(happens(&m, EVENT_UNDO, bring(2, 1, STYLE_LITEPUB, true, ""), 60), ERR_OK);
    assert_string_equal(m.inboxes[1].url, "");
    assert_int_equal(m.inboxes[1].from, 60); /* it was used until then */
    assert_string_equal(m.inboxes[2].url, "z");
    follows(&m, 5, STYLE_PUBLIC, "w", 70);
    assert_string_equal(m.inboxes[1].url, "w");
    assert_int_equal(m.inboxes[1].from, 70);
    assert_int_equal(m.inboxes[1].style, STYLE_PUBLIC);
}

/* An inbox that moved takes along everybody who has it, and what they are owed. */
static const struct member *moves(const char *from, const char *to)
{
    memset(&with, 0, sizeof(with));
    span_copy(span_of(from), with.inboxes[0].url, sizeof(with.inboxes[0].url));
    span_copy(span_of(to), with.inboxes[1].url, sizeof(with.inboxes[1].url));
    return &with;
}

static void test_inbox_moved(void **state)
{
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_PUBLIC, "x", 10);
    follows(&m, 2, STYLE_LITEPUB, "x", 20);
    follows(&m, 3, STYLE_LITEPUB, "y", 30);
    assert_int_equal(happens(&m, EVENT_MOVED, moves("x", "x2"), 40), ERR_OK);
    assert_false(change.cuts);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(change.wires[i], 0);
    assert_int_equal(m.state, MEMBER_ACTIVE);
    assert_string_equal(m.inboxes[0].url, "x2");
    assert_int_equal(m.inboxes[0].from, 10);
    assert_int_equal(m.inboxes[0].style, STYLE_PUBLIC);
    assert_int_equal(m.followers[0].inbox, 0);
    assert_int_equal(m.followers[1].inbox, 0);
    assert_string_equal(m.inboxes[1].url, "y");
    assert_int_equal(m.spans_n, 1);
    /* To where another has its mail: entries go there once. */
    assert_int_equal(happens(&m, EVENT_MOVED, moves("y", "x2"), 50), ERR_OK);
    assert_int_equal(m.followers[2].inbox, 0);
    assert_string_equal(m.inboxes[1].url, "");
    assert_int_equal(m.inboxes[1].from, 50);
    assert_int_equal(m.inboxes[0].style, STYLE_PUBLIC);
}

/* What says nothing new, or is about no inbox of it. */
static void test_inbox_not_moved(void **state)
{
    static const char *const table[][2] = {{"x", "x"}, {"y", "z"}, {"x", ""}, {"", "z"}, {"", ""}};
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_PUBLIC, "x", 10);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        assert_int_equal(happens(&m, EVENT_MOVED, moves(table[i][0], table[i][1]), 20),
                         ERR_TRANSITION);
    assert_int_equal(member_apply(&m, EVENT_MOVED, NULL, JOIN_OPEN, 20, NOW, &change),
                     ERR_TRANSITION);
    assert_string_equal(m.inboxes[0].url, "x");
    assert_int_equal(m.ver, 1);
}

/* A Follow from another inbox: what is owed moves along, unless somebody else stays there. */
static void test_moves(void **state)
{
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_PUBLIC, "x", 10);
    follows(&m, 1, STYLE_PUBLIC, "x2", 20);
    assert_int_equal(m.followers_n, 1);
    assert_string_equal(m.inboxes[0].url, "x2");
    assert_int_equal(m.inboxes[0].from, 10);
    follows(&m, 2, STYLE_PUBLIC, "x2", 30);
    follows(&m, 1, STYLE_PUBLIC, "x3", 40);
    assert_string_equal(m.inboxes[0].url, "x2");
    assert_string_equal(m.inboxes[1].url, "x3");
    assert_int_equal(m.inboxes[1].from, 40);
    follows(&m, 1, STYLE_PUBLIC, "x2", 50); /* and back, to what is there */
    assert_int_equal(m.followers[0].inbox, 0);
    assert_string_equal(m.inboxes[1].url, "");
}

static void test_room(void **state)
{
    (void)state;
    static struct member m;
    char inbox[8];
    memset(&m, 0, sizeof(m));
    for (int i = 0; i < MEMBER_INBOXES_MAX; i++) {
        snprintf(inbox, sizeof(inbox), "i%d", i);
        follows(&m, i, STYLE_PUBLIC, inbox, 10);
    }
    assert_int_equal(happens(&m, EVENT_FOLLOW, bring(20, 1, STYLE_PUBLIC, true, "more"), 20),
                     ERR_FOLLOWERS);
    for (int i = MEMBER_INBOXES_MAX; i < MEMBER_FOLLOWERS_MAX; i++)
        follows(&m, i, STYLE_PUBLIC, "i0", 20);
    assert_int_equal(happens(&m, EVENT_FOLLOW, bring(20, 1, STYLE_PUBLIC, true, "i0"), 20),
                     ERR_FOLLOWERS);
    assert_int_equal(happens(&m, EVENT_FOLLOW, bring(3, 2, STYLE_PUBLIC, true, "new"), 20), ERR_OK);
    assert_string_equal(m.inboxes[3].url, "new"); /* who is there may move */
    assert_int_equal(m.followers_n, MEMBER_FOLLOWERS_MAX);
}

/* --- who is meant ---------------------------------------------------------------------------- */

static void test_who_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *actor, *follow;
        enum member_style style;
        int left; /* of: 0 the first in public style, 1 the same in LitePub style, 2 another */
    } rows[] = {
        {"https://b.example/1", "https://b.example/1/follow/1", STYLE_PUBLIC, 0},
        {"https://b.example/1", "", STYLE_PUBLIC, 0},
        {"https://b.example/1", "", STYLE_LITEPUB, 1},
        {"https://b.example/1", "https://b.example/1/follow/2", STYLE_PUBLIC, 1}, /* by its id */
        {"https://b.example/1", "https://b.example/1/follow/9", STYLE_LITEPUB, 1},
        {"https://b.example/2", "", STYLE_LITEPUB, 2},
        {"https://b.example/2", "", STYLE_PUBLIC, 2}, /* it follows once: that is meant */
        {"https://b.example/2", "https://b.example/1/follow/1", STYLE_PUBLIC, -1},
        {"https://b.example/3", "", STYLE_PUBLIC, -1},
        {"", "", STYLE_PUBLIC, -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct member m;
        static struct member undo;
        struct member_follower f = {.style = rows[i].style};
        memset(&m, 0, sizeof(m));
        memset(&undo, 0, sizeof(undo));
        follows(&m, 1, STYLE_PUBLIC, "x", 10);
        assert_int_equal(happens(&m, EVENT_FOLLOW, bring(1, 2, STYLE_LITEPUB, true, "x"), 11),
                         ERR_OK);
        follows(&m, 2, STYLE_LITEPUB, "x", 12);
        span_copy(span_of(rows[i].actor), f.actor, sizeof(f.actor));
        span_copy(span_of(rows[i].follow), f.follow, sizeof(f.follow));
        member_bring(&undo, &f, SPAN(""));
        enum err e = happens(&m, EVENT_UNDO, &undo, 20);
        assert_int_equal(e, rows[i].left < 0 ? ERR_TRANSITION : ERR_OK);
        assert_int_equal(m.followers_n, rows[i].left < 0 ? 3 : 2);
        if (rows[i].left >= 0) {
            assert_int_equal(change.left, rows[i].left);
            assert_int_equal(m.state, MEMBER_ACTIVE);
            assert_int_equal(m.spans[0].to == MEMBER_SPAN_OPEN, true);
        }
    }
}

/* --- our Follow back ------------------------------------------------------------------------- */

static void test_back(void **state)
{
    (void)state;
    static const struct {
        enum member_style style;
        bool machine;
        unsigned wires;
    } rows[] = {
        {STYLE_LITEPUB, true, WIRE_ACCEPT | WIRE_FOLLOW},
        {STYLE_LITEPUB, false, WIRE_ACCEPT},
        {STYLE_PUBLIC, true, WIRE_ACCEPT},
        {STYLE_PUBLIC, false, WIRE_ACCEPT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct member m;
        memset(&m, 0, sizeof(m));
        assert_int_equal(
            happens(&m, EVENT_FOLLOW, bring(1, 1, rows[i].style, rows[i].machine, "x"), 10),
            ERR_OK);
        assert_int_equal(change.wires[0], rows[i].wires);
        bool out = rows[i].wires & WIRE_FOLLOW;
        assert_int_equal(m.followers[0].back, out ? BACK_ASKED : BACK_NONE);
        assert_int_equal(happens(&m, EVENT_UNDO, bring(1, 1, rows[i].style, true, ""), 20), ERR_OK);
        assert_int_equal(change.left_wires, out ? WIRE_UNDO : 0);
        assert_int_equal(m.state, MEMBER_LEFT);
        assert_true(change.cuts);
    }
}

/* An answer counts once, for the Follow that is out, from whom it was to. */
static void test_heard(void **state)
{
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_LITEPUB, "x", 10);
    uint64_t asked = m.followers[0].asked;
    assert_true(asked > 0);
    bring(1, 1, STYLE_LITEPUB, true, "");
    with.followers[0].asked = asked + 1;
    assert_int_equal(happens(&m, EVENT_BACK_ACCEPT, &with, 20), ERR_TRANSITION);
    with.followers[0].asked = asked;
    with.followers[0].style = STYLE_PUBLIC;
    assert_int_equal(happens(&m, EVENT_BACK_ACCEPT, &with, 20), ERR_TRANSITION);
    with.followers[0].style = STYLE_LITEPUB;
    assert_int_equal(happens(&m, EVENT_BACK_ACCEPT, &with, 20), ERR_OK);
    assert_int_equal(m.followers[0].back, BACK_ACCEPTED);
    assert_int_equal(change.wires[0], 0);
    assert_int_equal(happens(&m, EVENT_BACK_ACCEPT, &with, 21), ERR_TRANSITION);
    assert_int_equal(happens(&m, EVENT_BACK_REJECT, &with, 22), ERR_OK);
    assert_int_equal(m.followers[0].back, BACK_REJECTED);
    /* Removed: what was rejected is not undone. */
    assert_int_equal(happens(&m, EVENT_REMOVE, NULL, 23), ERR_OK);
    assert_int_equal(change.wires[0], WIRE_REJECT);
    assert_int_equal(happens(&m, EVENT_BACK_ACCEPT, &with, 24), ERR_TRANSITION);
    assert_int_equal(happens(&m, EVENT_BACK_REJECT, NULL, 24), ERR_TRANSITION);
}

/* Whoever was told already is not told again when the membership ends for good. */
static void test_told_once(void **state)
{
    (void)state;
    static struct member m;
    memset(&m, 0, sizeof(m));
    follows(&m, 1, STYLE_LITEPUB, "x", 10);
    follows(&m, 2, STYLE_PUBLIC, "y", 11);
    assert_int_equal(happens(&m, EVENT_EXPIRE, NULL, 20), ERR_OK);
    assert_int_equal(change.wires[0], WIRE_REJECT | WIRE_UNDO);
    assert_int_equal(change.wires[1], WIRE_REJECT);
    assert_int_equal(happens(&m, EVENT_REMOVE, NULL, 30), ERR_OK);
    assert_int_equal(change.wires[0] | change.wires[1], 0);
    assert_int_equal(m.followers_n, 0);
}

/* --- whatever happens ------------------------------------------------------------------------ */

static uint32_t draw(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

static void check_inboxes(const struct member *m)
{
    for (unsigned slot = 0; slot < MEMBER_INBOXES_MAX; slot++) {
        bool used = false;
        bool takes_bytes = false;
        for (size_t i = 0; i < m->followers_n; i++) {
            used = used || m->followers[i].inbox == slot;
            takes_bytes = takes_bytes ||
                          (m->followers[i].inbox == slot && m->followers[i].style == STYLE_PUBLIC);
        }
        assert_int_equal(used, m->inboxes[slot].url[0] != '\0');
        if (used)
            assert_int_equal(m->inboxes[slot].style, takes_bytes ? STYLE_PUBLIC : STYLE_LITEPUB);
        for (unsigned other = 0; used && other < slot; other++)
            assert_string_not_equal(m->inboxes[slot].url, m->inboxes[other].url);
    }
}

/* Our Follow and its Undo: one is out exactly while the record says so. */
static void check_backs(const struct member *before)
{
    const struct member *m = &change.after;
    for (size_t i = 0; i < m->followers_n; i++) {
        const struct member_follower *f = &m->followers[i];
        const struct member_follower *was =
            before ? member_follower(before, span_of(f->actor), f->style) : NULL;
        bool was_out = was && (was->back == BACK_ASKED || was->back == BACK_ACCEPTED);
        if (change.wires[i] & WIRE_FOLLOW)
            assert_int_equal(f->back, BACK_ASKED);
        if (change.wires[i] & WIRE_UNDO)
            assert_true(was_out && f->back == BACK_NONE);
        else if (was_out && strcmp(was->follow, f->follow) == 0)
            assert_int_not_equal(f->back, BACK_NONE);
        if (f->back != BACK_NONE)
            assert_true(f->style == STYLE_LITEPUB && f->asked);
        if (m->state == MEMBER_ACTIVE)
            assert_true(f->accepted);
        for (size_t k = 0; k < i; k++)
            assert_true(strcmp(m->followers[k].actor, f->actor) != 0 ||
                        m->followers[k].style != f->style);
    }
}

/* Who is not concerned keeps its slot and its address. */
static void check_others(const struct member *before, const struct member *brought)
{
    const struct member *m = &change.after;
    for (size_t i = 0; i < m->followers_n; i++) {
        const struct member_follower *f = &m->followers[i];
        const struct member_follower *was = member_follower(before, span_of(f->actor), f->style);
        if (!was || strcmp(f->actor, brought->followers[0].actor) == 0)
            continue;
        assert_int_equal(was->inbox, f->inbox);
        assert_string_equal(before->inboxes[was->inbox].url, m->inboxes[f->inbox].url);
        assert_true(before->inboxes[was->inbox].from == m->inboxes[f->inbox].from);
    }
}

static void test_lives(void **state)
{
    (void)state;
    static struct member m;
    size_t counts[EVENT_COUNT] = {0};
    for (uint64_t life = 1; life <= 1200; life++) {
        uint64_t seed = life;
        memset(&m, 0, sizeof(m));
        for (uint64_t n = 1; n <= 100; n++) {
            char inbox[8];
            enum member_event event = (enum member_event)(
                draw(&seed, 3) ? EVENT_FOLLOW + draw(&seed, 4) : draw(&seed, EVENT_COUNT));
            snprintf(inbox, sizeof(inbox), "i%u", draw(&seed, 12));
            const struct member *brought =
                bring((int)draw(&seed, 6), (int)draw(&seed, 3),
                      draw(&seed, 2) ? STYLE_PUBLIC : STYLE_LITEPUB, draw(&seed, 2), inbox);
            const struct member_follower *known = member_follower(
                &m, span_of(brought->followers[0].actor), brought->followers[0].style);
            with.followers[0].asked = known ? known->asked : 0;
            with.ver = m.ver;
            snprintf(with.software, sizeof(with.software), "s%u", draw(&seed, 3));
            with.role = (enum member_role)draw(&seed, MEMBER_ROLE_COUNT + 1);
            snprintf(with.inboxes[1].url, sizeof(with.inboxes[1].url), "i%u", draw(&seed, 12));
            bool exists = m.host[0];
            span_copy(draw(&seed, 2) ? SPAN("red") : SPAN("blue"), with.zone, sizeof(with.zone));
            join = draw(&seed, 2) ? JOIN_OPEN : JOIN_APPROVAL;
            static struct member before;
            before = m;
            if (happens(&m, event, brought, n) != ERR_OK)
                continue;
            counts[event]++;
            check_inboxes(&m);
            check_backs(exists ? &before : NULL);
            if (event != EVENT_MOVED)
                check_others(&before, brought);
            assert_int_equal(m.state == MEMBER_LEFT || m.state == MEMBER_INVITED,
                             m.followers_n == 0 && m.state != MEMBER_SUSPENDED &&
                                 m.state != MEMBER_REMOVED && m.state != MEMBER_EXPIRED);
        }
    }
    join = JOIN_OPEN;
    for (size_t i = 0; i < EVENT_COUNT; i++)
        if (counts[i] < 20)
            fail_msg("%s: %zu times only", member_event_name((enum member_event)i), counts[i]);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(member_style_name(STYLE_PUBLIC), "public");
    assert_string_equal(member_style_name(STYLE_LITEPUB), "litepub");
    assert_string_equal(member_back_name(BACK_NONE), "none");
    assert_string_equal(member_back_name(BACK_ASKED), "asked");
    assert_string_equal(member_back_name(BACK_ACCEPTED), "accepted");
    assert_string_equal(member_back_name(BACK_REJECTED), "rejected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inboxes),     cmocka_unit_test(test_moves),
        cmocka_unit_test(test_inbox_moved), cmocka_unit_test(test_inbox_not_moved),
        cmocka_unit_test(test_room),        cmocka_unit_test(test_who_leaves),
        cmocka_unit_test(test_back),        cmocka_unit_test(test_heard),
        cmocka_unit_test(test_told_once),   cmocka_unit_test(test_lives),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
