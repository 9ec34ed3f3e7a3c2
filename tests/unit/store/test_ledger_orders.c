/* ledger: what operators order about dead letters and hosts. */
#include "tests/unit/store/ledger_rig.h"

struct ordered {
    struct rig *rig;
    int calls;
    enum err err;
    uint64_t n;
};

static void on_ordered(void *arg, enum err err, uint64_t n)
{
    struct ordered *o = arg;
    o->calls++;
    o->err = err;
    o->n = n;
    loop_stop(o->rig->loop);
}

static const char *order(struct rig *rig, enum book_order what, const char *host, uint64_t of)
{
    static char text[64];
    struct ordered o = {.rig = rig};
    const struct ledger_order ask = {.order = what, .host = span_of(host), .of = of, .now_ms = 99};
    ledger_order(rig->store, &ask, on_ordered, &o);
    rig_await(rig, &o.calls, 1);
    snprintf(text, sizeof text, o.err == ERR_OK ? "ok %d" : "%.0d%s", (int)o.n, err_code(o.err));
    return o.err == ERR_OK ? text : err_code(o.err);
}

static bool same(struct rig *rig, const char *is, const char *expected)
{
    if (strcmp(is, expected) == 0)
        return true;
    if (!rig->broken)
        print_message("%s, not %s\n", is, expected);
    return false;
}

static void dead_letters(struct rig *rig)
{
    fill(rig);
    ask(rig, "HSET {weir}:log n 40");
    zadd(rig, "fail", shard_a, 11, "11 a.example 9 - too-old 0 77 3 x");
}

static bool only_letters(struct rig *rig)
{
    dead_letters(rig);
    return same(rig, order(rig, ORDER_RETRY, "a.example", 6), "no-such-letter") &&
           same(rig, order(rig, ORDER_RETRY, "b.example", 5), "no-such-letter") &&
           same(rig, order(rig, ORDER_DROP, "a.example", 9), "no-such-letter") &&
           same(rig, order(rig, ORDER_RETRY, "a.example", 11), "not-kept") &&
           same(rig, ask(rig, "XLEN {weir}:N"), "0") &&
           same(rig, order(rig, ORDER_RETRY, "a.example", 9), "ok 41") && /* also a dropped one */
           same(rig, order(rig, ORDER_DROP, "a.example", 11), "ok 42") &&
           journal_is(rig, "41<40 retry 9@a.example\n42<41 drop 11@a.example");
}

/* The second order waits until the first was carried out: by the shard's cursor, or the host's. */
static bool one_at_a_time(struct rig *rig)
{
    dead_letters(rig);
    if (!same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ok 41") ||
        !same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ordered") ||
        !same(rig, order(rig, ORDER_DROP, "a.example", 5), "ordered") ||
        !same(rig, order(rig, ORDER_RETRY, "c.example", 9), "no-such-letter"))
        return false;
    ask(rig, "HSET {weir}:shard:%u low 41", shard_a);
    if (!same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ok 42"))
        return false;
    ask(rig, "HSET {weir}:own:%u a.example 38", shard_a);
    ask(rig, "HSET {weir}:shard:%u low 50", shard_a);
    if (!same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ordered"))
        return false;
    hset(rig, shard_a, "a.example", "38 o42");
    return same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ok 43");
}

/* About a host: it has to be known, and any number of them may follow each other. */
static bool hosts_are_ordered_about(struct rig *rig)
{
    dead_letters(rig);
    ask(rig, "HSET {weir}:member:a.example ver 1");
    return same(rig, order(rig, ORDER_HOLD, "a.example", 0), "ok 41") &&
           same(rig, order(rig, ORDER_RELEASE, "a.example", 0), "ok 42") &&
           same(rig, order(rig, ORDER_REPLAY, "a.example", 5), "ok 43") &&
           same(rig, order(rig, ORDER_REPLAY, "a.example", 5), "ok 44") &&
           same(rig, order(rig, ORDER_RETRY, "a.example", 5), "ok 45") &&
           same(rig, order(rig, ORDER_WAKE, "a.example", 5), "ok 46") &&
           same(rig, order(rig, ORDER_CUT, "a.example", 0), "ok 47") &&
           same(rig, order(rig, ORDER_CUT, "b.example", 5), "no-such-member") &&
           journal_is(rig,
                      "41<40 hold 0@a.example\n42<41 release 0@a.example\n"
                      "43<42 replay 5@a.example\n44<43 replay 5@a.example\n"
                      "45<44 retry 5@a.example\n46<45 wake 5@a.example\n47<46 cut 0@a.example");
}

static bool no_order_across_time_lines(struct rig *rig)
{
    dead_letters(rig);
    ask(rig, "HSET {weir}:log epoch 5 run other");
    return same(rig, order(rig, ORDER_RETRY, "a.example", 5), "redis") &&
           same(rig, ask(rig, "XLEN {weir}:N"), "0");
}

/* Entries 1 and 2 are of one object, 3 of another. The first of each was refused; the one behind it
 * was delivered, to inbox 0. */
static bool refused_is_left_out(struct rig *rig)
{
    struct post posts[] = {POST("C c1", "o1", .now = 1), POST("U u2", "o1", .now = 2),
                           POST("C c3", "o3", .now = 3)};
    for (size_t i = 0; i < 3; i++)
        post(rig, &posts[i]);
    shard_a = shard_of(SPAN("a.example"), STORE_SHARDS);
    ask(rig, "HSET {weir}:member:a.example ver 1");
    ask(rig, "HSET {weir}:shard:%u low 3", shard_a);
    zadd(rig, "fail", shard_a, 1, "1 a.example 0 - refused-by-peer 422 77 1 x");
    zadd(rig, "fail", shard_a, 1, "1 a.example 1 d refused-by-peer 422 77 1 x");
    zadd(rig, "fail", shard_a, 1, "1 b.example 2 - refused-by-peer 422 77 1 x");
    zadd(rig, "fail", shard_a, 2, "2 a.example 1 - refused-by-peer 422 77 1 x");
    zadd(rig, "fail", shard_a, 3, "3 a.example 0 - refused-by-peer 422 77 1 x");
    ask(rig, "HSET {weir}:marks 1 s2:1:red");
    if (!same(rig, order(rig, ORDER_REPLAY, "a.example", 1), "ok 4") ||
        !same(rig, ask(rig, "HGET {weir}:marks 1"), "s2:1:red") || /* it lies before that */
        !same(rig, order(rig, ORDER_REPLAY, "a.example", 0), "ok 5") ||
        !same(rig, ask(rig, "HGET {weir}:marks 1"), "s2:1:red;h5:1:a.example") ||
        !same(rig, ask(rig, "HLEN {weir}:marks"), "1"))
        return false;
    ask(rig, "HSET {weir}:marks 1 s2:1:red");
    ask(rig, "HSET {weir}:shard:%u low 1", shard_a); /* the later one is not there yet */
    if (!same(rig, order(rig, ORDER_REPLAY, "a.example", 0), "ok 6") ||
        !same(rig, ask(rig, "HGET {weir}:marks 1"), "s2:1:red"))
        return false;
    ask(rig, "HSET {weir}:shard:%u low 3", shard_a);
    zadd(rig, "skip", shard_a, 2, "2 a.example no-right 77 8"); /* nor ever was */
    return same(rig, order(rig, ORDER_REPLAY, "a.example", 0), "ok 7") &&
           same(rig, ask(rig, "HGET {weir}:marks 1"), "s2:1:red");
}

/* --- very much that was refused --------------------------------------------------------------- */

enum { OTHERS = 12, ALONE = 100, REFUSED = 200, LOW = 5000 };

/* Entries from `first` on, which the host refused; of their object it had a later one. */
static void much_was_refused(struct rig *rig, const char *host, long long first, int n)
{
    ask(rig,
        "EVAL local\te=redis.call('HGET','{weir}:log','epoch')for\ti=%lld,%lld\tdo\tlocal\tt="
        "string.format('%%d',i)redis.call('XADD','{weir}:N',e..'-'..t,'k','e','ob',KEYS[2])"
        "redis.call('ZADD','{weir}:fail:%u',t,t..'\\032'..KEYS[1]..'\\032'..'0\\032-"
        "\\032x\\032422\\032'.."
        "'77\\0321\\032x')end 2 %s 6f31",
        first, first + n - 1, shard_a, host);
    ask(rig, "HSET {weir}:obj:6f31 e %lld", first + LOW);
    ask(rig, "HSET {weir}:shard:%u low %lld", shard_a, first + LOW);
    ask(rig, "HSET {weir}:log n %lld last %lld lastN %lld", first + LOW, first + LOW, first + LOW);
}

/* How often Redis was asked for it. */
static int calls_of(struct rig *rig, const char *command)
{
    return (int)strtol(ask(rig,
                           "EVAL return(string.match(redis.call('INFO','commandstats'),"
                           "'cmdstat_%s:calls=(%%d+)')) 0",
                           command),
                       NULL, 10);
}

/* It is looked through in steps, and all of it: what is another host's, too. */
static bool much_is_looked_through(struct rig *rig)
{
    shard_a = shard_of(SPAN("z.example"), STORE_SHARDS);
    ask(rig, "HSET {weir}:member:z.example ver 1");
    ask(rig,
        "EVAL for\ti=1,%d\tdo\tfor\tk=1,%d\tdo\tredis.call('ZADD','{weir}:fail:%u',i,i.."
        "'\\032b'..k..'\\0320\\032-\\032x\\032422\\03277\\0321\\032x')end\tend 0",
        ALONE + REFUSED, OTHERS, shard_a);
    much_was_refused(rig, "z.example", ALONE + 1, REFUSED);
    int before = calls_of(rig, "evalsha");
    bool ok = same(rig, order(rig, ORDER_REPLAY, "z.example", 0), "ok 5102") &&
              same(rig, ask(rig, "HLEN {weir}:marks"), "200") &&
              same(rig, ask(rig, "HGET {weir}:marks 101"), "h5102:1:z.example") &&
              same(rig, ask(rig, "HGET {weir}:marks 300"), "h5102:1:z.example");
    int steps = calls_of(rig, "evalsha") - before;
    if ((steps < 6 || steps > 12) && !rig->broken)
        print_message("%d steps\n", steps);
    return ok && steps >= 6 && steps <= 12;
}

/* What was forgotten meanwhile is not marked: nobody would take the mark away. */
static bool nothing_is_marked_behind_the_floor(struct rig *rig)
{
    shard_a = shard_of(SPAN("z.example"), STORE_SHARDS);
    ask(rig, "HSET {weir}:member:z.example ver 1");
    much_was_refused(rig, "z.example", 1, 9);
    ask(rig, "HSET {weir}:log floor 4");
    return same(rig, order(rig, ORDER_REPLAY, "z.example", 0), "ok 5002") &&
           same(rig, ask(rig, "HLEN {weir}:marks"), "5") &&
           same(rig, ask(rig, "HEXISTS {weir}:marks 4"), "0");
}

/* More than a line of the journal can name is refused, and nothing is written. */
static void test_too_much(void **state)
{
    enum { MANY = 8600 };
    static const long long first = 1000000000001;
    struct rig *rig = *state;
    rig_fresh(rig);
    shard_a = shard_of(SPAN("z.example"), STORE_SHARDS);
    ask(rig, "HSET {weir}:member:z.example ver 1");
    much_was_refused(rig, "z.example", first, MANY);
    ask(rig, "HSET {weir}:shard:%u low %lld", shard_a, first + 2 * LOW);
    ask(rig, "HSET {weir}:obj:6f31 e %lld", first + 2 * LOW);
    ask(rig, "HSET {weir}:log n %lld", first + 2 * LOW);
    assert_string_equal(order(rig, ORDER_REPLAY, "z.example", 0), "too-large");
    assert_answer(rig, "0", "EXISTS {weir}:marks");
    assert_answer(rig, "8600", "XLEN {weir}:N");
    /* The twin: a thousand fewer. */
    assert_true(strncmp(order(rig, ORDER_REPLAY, "z.example", (uint64_t)first + 999), "ok ", 3) ==
                0);
    assert_answer(rig, "7600", "HLEN {weir}:marks");
}

/* A shard of which a key is spoiled: that it is, is told; all others are read. */
static bool spoiled_alone(struct rig *rig)
{
    const struct ledger_ask all = {.from = 1, .to = 100, .most = 100, .since_ms = -1};
    enum err err;
    fill(rig);
    ask(rig, "DEL {weir}:late:%u", shard_a);
    ask(rig, "SET {weir}:late:%u spoiled", shard_a);
    struct book *b = read_book(rig, &all, &err);
    bool ok = err == ERR_OK && b && b->unread == UINT64_C(1) << shard_a &&
              book_unread(b, SPAN("a.example")) && !book_unread(b, SPAN("b.example")) &&
              b->records_n > 0;
    book_free(&b);
    return ok && same(rig, order(rig, ORDER_HOLD, "a.example", 0), "unreadable") &&
           same(rig, order(rig, ORDER_DROP, "a.example", 5), "unreadable");
}

static bool spoiled_replay(struct rig *rig)
{
    fill(rig);
    ask(rig, "HSET {weir}:member:a.example ver 1");
    ask(rig, "DEL {weir}:fail:%u", shard_a);
    ask(rig, "SET {weir}:fail:%u spoiled", shard_a);
    return same(rig, order(rig, ORDER_REPLAY, "a.example", 0), "unreadable");
}

/* Nothing is looked at, either. */
static bool no_replay_across_time_lines(struct rig *rig)
{
    dead_letters(rig);
    ask(rig, "HSET {weir}:member:a.example ver 1");
    ask(rig, "HSET {weir}:log epoch 5 run other");
    int before = calls_of(rig, "zrangebyscore");
    return same(rig, order(rig, ORDER_REPLAY, "a.example", 0), "redis") &&
           calls_of(rig, "zrangebyscore") == before;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"what was refused is left out", refused_is_left_out, &script_order,
         "marked[#marked + 1] = { number, slots }", ""},
        {"what was refused is left out", refused_is_left_out, &script_lookback, "later <= low and",
         "true and"},
        {"what was refused is left out", refused_is_left_out, &script_lookback,
         "and not passed_over(later)", ""},
        {"what was refused is left out", refused_is_left_out, &script_lookback,
         "and not has(refused(later), bit)", ""},
        {"what was refused is left out", refused_is_left_out, &script_lookback,
         "    if whose == host then\n      local bit", "    if true then\n      local bit"},
        {"much is looked through", much_is_looked_through, &script_lookback,
         "RECORDS, NUMBERS = 1000, 64", "RECORDS, NUMBERS = 100000, 100000"},
        {"much is looked through", much_is_looked_through, &script_lookback,
         "(whose == host or i == RECORDS)", "whose == host"},
        {"much is looked through", much_is_looked_through, &script_lookback,
         "if #list == NUMBERS then return list, n end",
         "if #list == NUMBERS then return list, '' end"},
        {"nothing is marked behind the floor", nothing_is_marked_behind_the_floor, &script_order,
         "if tonumber(number) > tonumber(log[4] or '0') then", "do"},
        {"a spoiled shard", spoiled_replay, &script_lookback,
         "if spoiled then return { 'WRONG', spoiled } end", ""},
        {"no replay across time lines", no_replay_across_time_lines, &script_lookback,
         "~= epoch then return { 'EPOCH' } end", "== '' then return { 'EPOCH' } end"},
        {"a spoiled shard", spoiled_alone, &script_ledger,
         "if spoiled then return { 'WRONG', spoiled } end", ""},
        {"a spoiled shard", spoiled_alone, &script_order,
         "if spoiled then return { 'WRONG', spoiled } end", ""},
        {"only letters are ordered about", only_letters, &script_order,
         "if not found then return { 'NONE' } end", ""},
        {"only letters are ordered about", only_letters, &script_order, "whose == host and not",
         "true and not"},
        {"only letters are ordered about", only_letters, &script_order, "flag == 'd'", "false"},
        {"only letters are ordered about", only_letters, &script_order, "if mail and",
         "if false and"},
        {"one order at a time", one_at_a_time, &script_order, "tonumber(line) > done", "false"},
        {"one order at a time", one_at_a_time, &script_order,
         "own and string.match(own, '^%d+') or", ""},
        {"one order at a time", one_at_a_time, &script_order, "done = math.max(", "local _ = ("},
        {"hosts are ordered about", hosts_are_ordered_about, &script_order,
         "if about_letter and whose == host", "if whose == host"},
        {"hosts are ordered about", hosts_are_ordered_about, &script_order,
         "if about_letter then redis", "if true then redis"},
        {"hosts are ordered about", hosts_are_ordered_about, &script_order,
         "redis.call('EXISTS', P .. 'member:' .. host) == 1", "true"},
        {"no order across time lines", no_order_across_time_lines, &script_order, "log[1] ~= epoch",
         "false"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_too_much),
                                       cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
