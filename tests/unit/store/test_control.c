/* control: one change of a member, numbered in the journal, with the mail that tells it so. */
#include "tests/unit/store/journal_rig.h"

#include "relay/rules/cursor.h"

#define HERE_TEXT "9223372036854775806"

/* The member as it is kept now. */
static struct member kept(struct rig *rig, const char *host)
{
    struct member m;
    assert_true(member_read(span_of(ask(rig, "HGET {weir}:member:%s m", host)), &m));
    return m;
}

static void test_join(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    assert_int_equal(changed.err, ERR_OK);
    assert_int_equal(changed.n, 1);
    join(rig, "b.example", 0, "hello b", &changed);
    assert_int_equal(changed.n, 2); /* its mail is 3 */
    join(rig, "a.example", 1, "again", &changed);
    assert_int_equal(changed.n, 4);
    assert_true(journal_is(rig, "1<0 join\n2<1 join\n4<2 join"));
    assert_answer(rig, "(5 4)", "HMGET {weir}:log n last");
    assert_answer(rig, "(a.example b.example)", "SORT {weir}:members ALPHA");
    assert_answer(rig, "2", "HGET {weir}:member:a.example ver");
    struct member a = kept(rig, "a.example"), b = kept(rig, "b.example");
    assert_int_equal(a.ver, 2);
    assert_int_equal(a.spans[0].from, 4);
    assert_true(a.spans[0].to == MEMBER_SPAN_OPEN);
    assert_int_equal(b.spans[0].from, 2);
}

static void test_mail(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    char command[128], expected[256];
    rig_fresh(rig);
    join(rig, "b.example", 0, "hello", &changed);
    unsigned shard = shard_of(SPAN("b.example"), STORE_SHARDS);
    snprintf(command, sizeof command, "XRANGE {weir}:direct:%u - +", shard);
    snprintf(expected, sizeof expected,
             "((%llu-2 (t 1234 h b.example i https://b.example/inbox k accept b hello)))",
             (unsigned long long)store_epoch(rig->store));
    assert_answer(rig, expected, command);
    join(rig, "b.example", 1, NULL, &changed);
    assert_answer(rig, expected, command);
}

/* Everyone is told, in the order that was given, each at its own inbox; readers of the registry see
 * that there was a change. */
static bool all_letters_go(struct rig *rig)
{
    static const struct members_letter letters[] = {
        {{"https://b.example/1", 19}, {"accept", 6}, {"one", 3}},
        {{"https://b.example/1", 19}, {"follow", 6}, {"two", 3}},
        {{"https://b.example/2", 19}, {"accept", 6}, {"three", 5}}};
    char command[128], expected[512];
    struct member m = {.state = MEMBER_ACTIVE, .ver = 1};
    struct changed changed = {.rig = rig};
    snprintf(m.host, sizeof m.host, "b.example");
    struct members_change change = {
        .after = &m, .event = EVENT_FOLLOW, .now_ms = 7, .letters = letters, .letters_n = 3};
    members_change(rig->store, &change, on_member_changed, &changed);
    rig_await(rig, &changed.calls, 1);
    unsigned long long epoch = store_epoch(rig->store);
    snprintf(command, sizeof command, "XRANGE {weir}:direct:%u - +",
             shard_of(SPAN("b.example"), STORE_SHARDS));
    snprintf(expected, sizeof expected,
             "((%llu-2 (t 7 h b.example i https://b.example/1 k accept b one)) "
             "(%llu-3 (t 7 h b.example i https://b.example/1 k follow b two)) "
             "(%llu-4 (t 7 h b.example i https://b.example/2 k accept b three)))",
             epoch, epoch, epoch);
    return changed.err == ERR_OK && strcmp(ask(rig, "%s", command), expected) == 0 &&
           strcmp(ask(rig, "HMGET {weir}:log n changes"), "(4 1)") == 0;
}

/* A change by an old record is not made, and the answer brings the one that is there. */
static bool old_record_is_refused(struct rig *rig)
{
    struct changed first, late, stranger;
    join(rig, "a.example", 0, NULL, &first);
    join(rig, "a.example", 0, "late", &late);
    join(rig, "b.example", 7, "stranger", &stranger);
    struct member there;
    return first.err == ERR_OK && late.err == ERR_AGAIN &&
           member_read(span_of(late.member), &there) && there.ver == 1 &&
           stranger.err == ERR_AGAIN && stranger.member[0] == '\0' && journal_is(rig, "1<0 join") &&
           strcmp(ask(rig, "HGET {weir}:log changes"), "1") == 0 &&
           strcmp(ask(rig, "HGET {weir}:log n"), "1") == 0;
}

/* Whoever writes the mark into its own texts finds it there as it was. */
static bool texts_stay(struct rig *rig)
{
    static const char *const texts[] = {HERE_TEXT, "\"from\":" HERE_TEXT ",", "x\":" HERE_TEXT "}",
                                        ":" HERE_TEXT ","};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct member m = {.state = MEMBER_ACTIVE, .ver = i + 1, .spans_n = 2};
        struct changed changed = {.rig = rig};
        snprintf(m.host, sizeof m.host, "a.example");
        struct member_follower follower = {.actor = "https://a.example/actor"};
        snprintf(follower.follow, sizeof follower.follow, "%s", texts[i]);
        member_bring(&m, &follower, SPAN("https://a.example/inbox"));
        m.inboxes[0].from = MEMBER_HERE;
        m.spans[0] = (struct member_span){.from = 0, .to = MEMBER_HERE, .zone = "z"};
        m.spans[1] = (struct member_span){.from = MEMBER_HERE, .to = MEMBER_SPAN_OPEN};
        struct members_change change = {.after = &m, .ver = i, .event = EVENT_ZONED};
        members_change(rig->store, &change, on_member_changed, &changed);
        rig_await(rig, &changed.calls, 1);
        struct member there = kept(rig, "a.example");
        if (changed.err != ERR_OK || strcmp(there.followers[0].follow, texts[i]) != 0 ||
            there.inboxes[0].from != i + 1 || there.spans[0].to != i + 1 ||
            there.spans[1].from != i + 1)
            return false;
    }
    return true;
}

static bool chain_is_whole(struct rig *rig)
{
    struct changed changed;
    struct post p = POST("C c1", "o1", .now = 1);
    join(rig, "b.example", 0, "mail", &changed);
    if (strcmp(post(rig, &p), "OK 3") != 0)
        return false;
    join(rig, "b.example", 1, "mail", &changed);
    return journal_is(rig, "1<0 join\n3<1 Create internal =c1\n4<3 join");
}

static bool epoch_is_checked(struct rig *rig)
{
    struct changed changed;
    ask(rig, "HSET {weir}:log epoch 5 run other");
    join(rig, "b.example", 0, "mail", &changed);
    return changed.err == ERR_REDIS && strcmp(ask(rig, "EXISTS {weir}:N {weir}:members"), "0") == 0;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"an old record is refused", old_record_is_refused, &script_control, "~= ver then",
         "== 'never' then"},
        {"all letters go", all_letters_go, &script_control, "#ARGV, 3", "11, 3"},
        {"letters in order", all_letters_go, &script_control, "i = 11, #ARGV, 3",
         "i = #ARGV - 2, 11, -3"},
        {"changes are counted", all_letters_go, &script_control, "'changes', 1", "'changes', 0"},
        {"texts stay", texts_stay, &script_control,
         "'(%w\":)' .. here .. '([,}])', '%1' .. n .. '%2'", "here, n"},
        {"texts stay", texts_stay, &script_control, "(%w\":)", "(\":)"},
        {"the chain is whole", chain_is_whole, &script_control,
         "redis.call('HSET', P .. 'log', 'last', n, 'lastN', n)", ""},
        {"no change across time lines", epoch_is_checked, &script_control, "log[1] ~= epoch",
         "false"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_join), cmocka_unit_test(test_mail),
                                       cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
