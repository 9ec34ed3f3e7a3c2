/* members: the registry as it is read: one, none, all, and what can't be read. */
#include "tests/unit/store/journal_rig.h"

#include "relay/rules/cursor.h"

struct looked {
    struct rig *rig;
    int calls, ends;
    int beside;      /* answers to what was asked meanwhile */
    int before_that; /* calls before the first of them */
    uint64_t sent;   /* commands, before the first call */
    enum err err;
    struct bytes hosts, unread;
};

static void on_look(void *arg, enum err err, const struct member *member)
{
    struct looked *looked = arg;
    looked->calls++;
    looked->err = err;
    if (member && err == ERR_OK)
        bytes_addf(&looked->hosts, " %s/%d", member->host, (int)member->spans[0].from);
    else if (member)
        bytes_addf(&looked->unread, " %s", member->host);
    else
        looked->ends++;
    loop_stop(looked->rig->loop);
}

static void on_beside(void *arg, enum err err, uint64_t changes)
{
    struct looked *looked = arg;
    (void)err, (void)changes;
    if (looked->beside++ == 0)
        looked->before_that = looked->calls;
    loop_stop(looked->rig->loop);
}

static void on_look_beside(void *arg, enum err err, const struct member *member)
{
    struct looked *looked = arg;
    if (looked->calls == 0) {
        looked->sent = redis_commands_sent() - looked->sent;
        members_changes(looked->rig->store, on_beside, looked);
    }
    on_look(arg, err, member);
}

/* So many members more, by a script of its own: joining takes each of them a commit to disk. */
static void fill(struct rig *rig, const char *script, int n)
{
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    const struct span words[] = {SPAN("EVAL"), span_of(script), SPAN("0"), span_of(number)};
    int target = rig->answers + 1;
    redis_call(rig->raw, words, 4, 0, rig_on_answer, rig);
    rig_await(rig, &rig->answers, target);
    assert_int_equal(rig->err, ERR_OK);
}

static const char *get(struct rig *rig, const char *host)
{
    static char text[64];
    struct looked looked = {.rig = rig};
    bytes_init(&looked.hosts, 64);
    members_get(rig->store, span_of(host), on_look, &looked);
    assert_int_equal(looked.calls, 0);
    rig_await(rig, &looked.calls, 1);
    snprintf(text, sizeof text, "%s%s", err_code(looked.err), bytes_str(&looked.hosts));
    bytes_fini(&looked.hosts);
    return text;
}

static void each(struct rig *rig, struct looked *ret)
{
    *ret = (struct looked){.rig = rig};
    bytes_init(&ret->hosts, 1 << 20);
    bytes_init(&ret->unread, 1 << 20);
    members_each(rig->store, MEMBERS_ALL, on_look, ret);
    assert_int_equal(ret->calls, 0);
    rig_await(rig, &ret->ends, 1);
    rig_idle(rig, 20);
    assert_int_equal(ret->ends, 1);
}

static void test_get(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    assert_string_equal(get(rig, "a.example"), "ok");
    join(rig, "a.example", 0, NULL, &changed);
    join(rig, "[::1]:9101", 0, NULL, &changed);
    assert_string_equal(get(rig, "a.example"), "ok a.example/1");
    assert_string_equal(get(rig, "[::1]:9101"), "ok [::1]:9101/2");
    assert_string_equal(get(rig, "b.example"), "ok");
    assert_string_equal(get(rig, ""), "ok");
}

static void test_each(void **state)
{
    enum { MANY = 200 };
    struct rig *rig = *state;
    struct changed changed;
    struct looked looked;
    char host[32];
    rig_fresh(rig);
    each(rig, &looked);
    assert_int_equal(looked.calls, 1);
    assert_int_equal(looked.err, ERR_OK);
    bytes_fini(&looked.hosts);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof host, "h%d.example", i);
        join(rig, host, 0, NULL, &changed);
        assert_int_equal(changed.err, ERR_OK);
    }
    each(rig, &looked);
    assert_int_equal(looked.calls, MANY + 1);
    assert_int_equal(looked.err, ERR_OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof host, " h%d.example/%d", i, i + 1);
        assert_non_null(strstr(bytes_str(&looked.hosts), host));
    }
    bytes_fini(&looked.hosts);
}

/* Of many, only some are asked for at a time: what else is asked meanwhile, as the beat of a lease,
 * is not behind them all. */
static void test_each_of_many(void **state)
{
    enum { MANY = 3000, SOME = 600 };
    static char script[] =
        "local m = redis.call('HGET', '{weir}:member:a.example', 'm') for i = 1, ARGV[1] do local "
        "h = 'h' .. i .. '.example' redis.call('SADD', '{weir}:members', h) redis.call('HSET', "
        "'{weir}:member:' .. h, 'ver', '1', 'm', (string.gsub(m, 'a%.example', h))) end";
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    fill(rig, script, MANY);
    struct looked looked = {.rig = rig, .sent = redis_commands_sent()};
    bytes_init(&looked.hosts, 1 << 20);
    members_each(rig->store, MEMBERS_ALL, on_look_beside, &looked);
    rig_await(rig, &looked.ends, 1);
    assert_int_equal(looked.calls, MANY + 2);
    assert_in_range(looked.sent, 1, SOME);
    assert_int_equal(looked.beside, 1);
    assert_in_range(looked.before_that, 1, SOME);
    bytes_fini(&looked.hosts);
}

/* Of some shards: those of the others are not even read. */
static void test_each_of_some_shards(void **state)
{
    enum { MANY = 200 };
    struct rig *rig = *state;
    struct changed changed;
    char host[32];
    size_t ours = 0;
    const uint64_t shards = UINT64_C(0x00000000ffff0001);
    rig_fresh(rig);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof host, "h%d.example", i);
        join(rig, host, 0, NULL, &changed);
        ours += shards >> shard_of(span_of(host), STORE_SHARDS) & 1;
    }
    struct looked looked = {.rig = rig, .sent = redis_commands_sent()};
    bytes_init(&looked.hosts, 1 << 20);
    members_each(rig->store, shards, on_look, &looked);
    rig_await(rig, &looked.ends, 1);
    assert_in_range(ours, 1, MANY / 2);
    assert_int_equal(looked.calls, ours + 1);
    assert_in_range(redis_commands_sent() - looked.sent, ours, ours + MANY / 4);
    for (int i = 0; i < MANY; i++) {
        snprintf(host, sizeof host, " h%d.example/%d", i, i + 1);
        struct span name = span_of(host + 1);
        name = span_cut(&name, '/');
        bool told = strstr(bytes_str(&looked.hosts), host) != NULL;
        assert_int_equal(told, shards >> shard_of(name, STORE_SHARDS) & 1);
    }
    bytes_fini(&looked.hosts);
}

/* A Redis that was emptied knows nobody: that says nothing about anybody. */
static void test_get_from_an_emptied_redis(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    assert_string_equal(get(rig, "b.example"), "ok");
    assert_answer(rig, "OK", "FLUSHALL");
    assert_string_equal(get(rig, "a.example"), "redis");
    rig_await_why(rig, "holds no journal");
}

/* A record that can't be read is told: passed over in silence, its member would lose what is its.
 * The others are told all the same. One that is gone is none. */
static void test_unreadable(void **state)
{
    static const struct {
        const char *command, *got;
        enum err all;
        const char *hosts, *unread;
    } rows[] = {
        {"DEL {weir}:member:b.example", "ok", ERR_OK, " a.example/1", ""},
        {"HSET {weir}:member:b.example m {}", "redis-reply", ERR_OK, " a.example/1", " b.example"},
        {"HSET {weir}:member:b.example m x", "redis-reply", ERR_OK, " a.example/1", " b.example"},
        {"SET {weir}:member:b.example x", "redis-reply", ERR_OK, " a.example/1", " b.example"},
        {"SET {weir}:members x", "ok b.example/2", ERR_REDIS_REPLY, "", ""},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct changed changed;
        struct looked looked;
        rig_fresh(rig);
        join(rig, "a.example", 0, NULL, &changed);
        join(rig, "b.example", 0, NULL, &changed);
        ask(rig, "%s", rows[i].command);
        assert_string_equal(get(rig, "b.example"), rows[i].got);
        each(rig, &looked);
        assert_int_equal(looked.err, rows[i].all);
        assert_string_equal(bytes_str(&looked.hosts), rows[i].hosts);
        assert_string_equal(bytes_str(&looked.unread), rows[i].unread);
        bytes_fini(&looked.hosts);
        bytes_fini(&looked.unread);
    }
}

/* --- when its software is asked for ----------------------------------------------------------- */

struct claimed {
    struct rig *rig;
    int calls;
    char says[64];
};

static void on_claimed(void *arg, enum err err, int64_t later_ms)
{
    struct claimed *claimed = arg;
    claimed->calls++;
    snprintf(claimed->says, sizeof claimed->says, "%s %d", err_code(err), (int)later_ms);
    loop_stop(claimed->rig->loop);
}

struct claim {
    const char *host;
    int since, now, next;
    const char *says;
};

/* One after the other. */
static const struct claim claims[] = {
    {"b.example", 5, 100, 200, "not-member 0"}, /* nobody */
    {"a.example", 5, 100, 200, "ok 0"},         /* the first time */
    {"a.example", 5, 199, 300, "ok 200"},       /* not yet, */
    {"a.example", 5, 100, 300, "ok 200"},       /* and that changes nothing */
    {"a.example", 5, 200, 300, "ok 0"},         /* it is time */
    {"a.example", 6, 250, 400, "ok 0"},         /* it came back meanwhile */
    {"a.example", 6, 399, 500, "ok 400"},       /* and is as another one from then on */
    {"a.example", 5, 399, 500, "ok 0"},
    {"a.example", 5, 0, 900, "ok 0"}, /* it answered: whatever was kept */
    {"a.example", 5, 899, 950, "ok 900"},
};

static bool claims_hold(struct rig *rig)
{
    struct changed changed;
    bool hold = true;
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct claimed claimed = {.rig = rig};
        const struct members_look look = {.host = span_of(claims[i].host),
                                          .since_ms = claims[i].since,
                                          .now_ms = claims[i].now,
                                          .next_ms = claims[i].next};
        members_look(rig->store, &look, on_claimed, &claimed);
        assert_int_equal(claimed.calls, 0);
        rig_await(rig, &claimed.calls, 1);
        if (strcmp(claimed.says, claims[i].says) != 0 && !rig->broken)
            print_error("%zu: %s\n", i, claimed.says);
        hold = hold && strcmp(claimed.says, claims[i].says) == 0;
    }
    assert_string_equal(get(rig, "a.example"), "ok a.example/1"); /* the record is as it was */
    return hold;
}

static void test_look(void **state)
{
    assert_true(claims_hold(*state));
}

static void test_look_broken(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"not kept[1]", "false"},
        {"state == since and", ""},
        {"now ~= '0' and", ""},
        {"tonumber(now) < tonumber(at)", "true"},
        {"redis.call('HSET', MEMBER, 'look', next .. ' ' .. since)", ""},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mutant m = break_script(&script_look, rows[i].from, rows[i].to);
        rig->broken = true;
        bool hold = claims_hold(rig);
        rig->broken = false;
        unbreak(&m);
        if (hold)
            fail_msg("holds although `%s` is `%s`", rows[i].from, rows[i].to);
    }
}

/* In another time line nothing is kept. */
static void test_look_of_before(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    struct claimed claimed = {.rig = rig};
    const struct members_look look = {.host = SPAN("a.example"), .since_ms = 5, .next_ms = 9};
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    ask(rig, "HINCRBY {weir}:log epoch 1");
    members_look(rig->store, &look, on_claimed, &claimed);
    rig_await(rig, &claimed.calls, 1);
    assert_string_equal(claimed.says, "redis 0");
    ask(rig, "HEXISTS {weir}:member:a.example look");
    assert_string_equal(rig->answer, "0");
}

/* --- where operators put them ------------------------------------------------------------------
 */

struct put {
    struct rig *rig;
    int calls;
    enum err err;
};

static void on_put(void *arg, enum err err)
{
    struct put *put = arg;
    put->calls++;
    put->err = err;
    loop_stop(put->rig->loop);
}

static void keep(struct rig *rig, const char *host, enum member_state state, bool placed)
{
    struct changed changed;
    struct member m = {.state = state, .placed = placed, .ver = 1};
    struct members_change change = {.after = &m, .event = EVENT_INVITE};
    span_copy(span_of(host), m.host, sizeof m.host);
    span_copy(SPAN("partners"), m.zone, sizeof m.zone);
    changed = (struct changed){.rig = rig};
    members_change(rig->store, &change, on_member_changed, &changed);
    rig_await(rig, &changed.calls, 1);
    assert_int_equal(changed.err, ERR_OK);
}

static bool placed_hold(struct rig *rig)
{
    static const struct {
        const char *host, *zone;
        enum member_state state;
        bool placed;
    } rows[] = {
        {"a.example", "partners", MEMBER_INVITED, true},
        {"[::1]:8080", "partners", MEMBER_SUSPENDED, true},
        {"b.example", "", MEMBER_ACTIVE, false},
        {"c.example", "", MEMBER_LEFT, true},
    };
    enum { N = sizeof rows / sizeof *rows };
    struct placed placed = {.n = N + 1};
    struct put put = {.rig = rig};
    bool hold = true;
    rig_fresh(rig);
    for (size_t i = 0; i < N; i++) {
        keep(rig, rows[i].host, rows[i].state, rows[i].placed);
        span_copy(span_of(rows[i].host), placed.list[i].host, sizeof placed.list[i].host);
    }
    span_copy(SPAN("nobody.example"), placed.list[N].host, sizeof placed.list[N].host);
    members_placed(rig->store, &placed, on_put, &put);
    assert_int_equal(put.calls, 0);
    rig_await(rig, &put.calls, 1);
    assert_int_equal(put.err, ERR_OK);
    for (size_t i = 0; i <= N; i++) {
        bool is = strcmp(placed.list[i].zone, i < N ? rows[i].zone : "") == 0;
        if (!is && !rig->broken)
            print_error("%s: %s\n", placed.list[i].host, placed.list[i].zone);
        hold = hold && is;
    }
    return hold;
}

static void test_placed(void **state)
{
    static const char *const breaks[][2] = {
        {"placed == 'true' and", ""}, {"state ~= 'left' and", ""}, {"'^{\"host", "'^{\"name"}};
    struct rig *rig = *state;
    assert_true(placed_hold(rig));
    for (size_t i = 0; i < 3; i++) {
        struct mutant m = break_script(&script_placed, breaks[i][0], breaks[i][1]);
        rig->broken = true;
        bool hold = placed_hold(rig);
        rig->broken = false;
        unbreak(&m);
        assert_false(hold);
    }
    /* what is no record is said to be wrong */
    struct placed placed = {.n = 1};
    struct put put = {.rig = rig};
    span_copy(SPAN("x.example"), placed.list[0].host, sizeof placed.list[0].host);
    ask(rig, "SET {weir}:member:x.example x");
    members_placed(rig->store, &placed, on_put, &put);
    rig_await(rig, &put.calls, 1);
    assert_true(put.err != ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_get),
                                       cmocka_unit_test(test_each),
                                       cmocka_unit_test(test_each_of_many),
                                       cmocka_unit_test(test_each_of_some_shards),
                                       cmocka_unit_test(test_get_from_an_emptied_redis),
                                       cmocka_unit_test(test_unreadable),
                                       cmocka_unit_test(test_look),
                                       cmocka_unit_test(test_look_broken),
                                       cmocka_unit_test(test_look_of_before),
                                       cmocka_unit_test(test_placed)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
