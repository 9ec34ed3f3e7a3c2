/* cursors: who owns a shard moves its cursors, in sequence, all of a delta or none. */
#include "tests/unit/store/owner_rig.h"

/* A place, the same in both lanes. */
#define AT(n) .low = (n), .urgent = (n)

static enum err claim(struct owner *o)
{
    return claim_some(o, UINT64_MAX);
}

static void owner_new(struct rig *rig, const char *nonce, struct owner *o)
{
    owner_take(rig, nonce, UINT64_MAX, o);
}

static enum err commit(struct owner *o, struct change *changes, size_t n)
{
    const struct delta delta = {.list = changes, .n = n};
    int target = o->calls + 1;
    cursors_commit(o->cursors, &delta, 77, on_done, o);
    assert_int_equal(o->calls, target - 1);
    rig_await(o->rig, &o->calls, target);
    return o->err;
}

/* The cursors of some shards move to low. */
static enum err move(struct owner *o, uint64_t low, unsigned a, unsigned b, unsigned c)
{
    static char host[] = "x.example";
    struct change changes[] = {
        {.kind = CHANGE_SHARD, .shard = a, .cursor = {AT(low)}},
        {.kind = CHANGE_CURSOR, .shard = a, .host = host, .cursor = {AT(low + 1)}},
        {.kind = CHANGE_SHARD, .shard = b, .cursor = {AT(low)}},
        {.kind = CHANGE_SHARD, .shard = c, .cursor = {AT(low)}}};
    return commit(o, changes, sizeof changes / sizeof changes[0]);
}

static void on_beside(void *arg, enum err err, const struct lease_table *table)
{
    struct owner *o = arg;
    (void)table;
    assert_int_equal(err, ERR_OK);
    assert_int_equal(o->calls, 1); /* the first beat alone: the claim is not over */
    o->beside++;
}

/* The beat of a lease goes on while a claim is under way: it does not wait behind the cursors of
 * all shards. */
static void test_beat_beside_a_claim(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    assert_int_equal(lease(&a, "courier-0"), ERR_OK);
    const struct leases_beat beat = {.nonce = a.nonce, .name = "courier-0"};
    uint64_t before = redis_commands_sent();
    cursors_claim(a.cursors, a.schedule, UINT64_MAX, on_claimed, &a);
    assert_in_range(redis_commands_sent() - before, 1, STORE_SHARDS / 8);
    leases_beat(rig->store, &beat, on_beside, &a);
    rig_await(rig, &a.calls, 2);
    assert_int_equal(a.err, ERR_OK);
    assert_int_equal(a.beside, 1);
    assert_int_equal(a.taken | a.broken, 0);
    /* The first ones are sent twice where Redis does not know the script. */
    assert_in_range(redis_commands_sent() - before, STORE_SHARDS + 1,
                    STORE_SHARDS + 1 + STORE_SHARDS / 8);
    for (unsigned i = 0; i < STORE_SHARDS; i++)
        assert_string_equal(ask(rig, "HGET {weir}:shard:%u owner", i), NONCE_A);
    owner_free(&a);
}

static void test_words(void **state)
{
    static char host[] = "a.example", other[] = "b.example", detail[] = "gone for good";
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    ask(rig, "HSET {weir}:own:3 b.example 4 a.example 3");
    ask(rig, "HSET {weir}:down b.example 1");
    ask(rig, "XADD {weir}:direct:3 9-1 h x");
    ask(rig, "XADD {weir}:direct:3 9-2 h x");
    owner_new(rig, NONCE_A, &a);
    struct change changes[] = {
        {.kind = CHANGE_SHARD, .shard = 3, .cursor = {.low = 10, .urgent = 8}},
        {.kind = CHANGE_CURSOR,
         .shard = 3,
         .host = host,
         .cursor = {.low = 4, .urgent = 4, .health = {.wake_ms = 99, .failures = 2}}},
        {.kind = CHANGE_FOLLOW, .shard = 3, .host = other},
        {.kind = CHANGE_FAIL,
         .shard = 3,
         .host = host,
         .to = 5,
         .why = ERR_REFUSED_BY_PEER,
         .slot = 1,
         .tries = 3,
         .detail = detail,
         .status = 410},
        {.kind = CHANGE_LATE, .shard = 3, .host = other, .to = 7, .slot = 2, .tries = 4},
        {.kind = CHANGE_SKIP,
         .shard = 3,
         .host = host,
         .to = 6,
         .slot = SLOT_ALL,
         .why = ERR_NO_RIGHT},
        {.kind = CHANGE_CUT,
         .shard = 3,
         .host = other,
         .lanes = LANES_URGENT,
         .from = 2,
         .to = 8,
         .why = ERR_GAP},
        {.kind = CHANGE_DIRECT, .shard = 3, .host = host, .id = "9-1"},
        {.kind = CHANGE_DOWN, .shard = 3, .host = host},
        {.kind = CHANGE_UP, .shard = 3, .host = other},
        {.kind = CHANGE_SHARD, .shard = 63, .cursor = {AT(11)}},
        {.kind = CHANGE_CURSOR, .shard = 63, .host = host, .cursor = {AT(12)}}};
    assert_int_equal(commit(&a, changes, sizeof changes / sizeof changes[0]), ERR_OK);
    assert_answer(rig, "(owner " NONCE_A " seq 1 low 10 urgent 8)", "HGETALL {weir}:shard:3");
    assert_answer(rig, "(owner " NONCE_A " seq 1 low 11 urgent 11)", "HGETALL {weir}:shard:63");
    assert_answer(rig, "(owner " NONCE_A ")", "HGETALL {weir}:shard:4");
    assert_answer(rig, "(a.example 4 w99 f2)", "HGETALL {weir}:own:3");
    assert_answer(rig, "(a.example 12)", "HGETALL {weir}:own:63");
    assert_answer(rig, "(5 a.example 1 - refused-by-peer 410 77 3 gone for good 5)",
                  "ZRANGE {weir}:fail:3 0 -1 WITHSCORES");
    assert_answer(rig, "(6 a.example no-right 77 8 6)", "ZRANGE {weir}:skip:3 0 -1 WITHSCORES");
    assert_answer(rig, "(7 b.example 2 4 77 7)", "ZRANGE {weir}:late:3 0 -1 WITHSCORES");
    assert_answer(rig, "(2 8 b.example gap 77 0 2 8)", "ZRANGE {weir}:cut:3 0 -1 WITHSCORES");
    assert_answer(rig, "((9-2 (h x)))", "XRANGE {weir}:direct:3 - +");
    assert_answer(rig, "(a.example 77)", "HGETALL {weir}:down");
    owner_free(&a);
}

/* Two failures of one entry at one host, and others beside them: an operator's orders are about the
 * first two alone. */
static void test_orders(void **state)
{
    static char host[] = "a.example", other[] = "b.example";
    static const struct change shard = {.kind = CHANGE_SHARD, .shard = 3, .cursor = {AT(10)}};
    static const struct {
        enum change_kind order;
        const char *left;
    } rows[] = {
        {CHANGE_DROP, "(5 a.example 0 d too-old 503 77 2  5 a.example 1 d too-old 503 77 2  "
                      "5 b.example 0 - too-old 503 77 2  6 a.example 0 - too-old 503 77 2 )"},
        {CHANGE_RETRY, /* of the one inbox */
         "(5 a.example 1 d too-old 503 77 2  5 b.example 0 - too-old 503 77 2  6 a.example 0 - "
         "too-old 503 77 2 )"},
    };
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_new(rig, NONCE_A, &a);
    struct change fail = {
        .kind = CHANGE_FAIL, .shard = 3, .why = ERR_TOO_OLD, .status = 503, .tries = 2};
    struct change fails[] = {shard, fail, fail, fail, fail};
    for (size_t i = 1; i < 5; i++) {
        fails[i].host = i == 3 ? other : host;
        fails[i].to = i == 4 ? 6 : 5;
        fails[i].slot = i == 2;
    }
    assert_int_equal(commit(&a, fails, 5), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct change order[] = {shard,
                                 {.kind = rows[i].order, .shard = 3, .host = host, .to = 5},
                                 {.kind = rows[i].order, .shard = 3, .host = host, .to = 7}};
        assert_int_equal(commit(&a, order, 3), ERR_OK);
        assert_answer(rig, rows[i].left, "ZRANGE {weir}:fail:3 0 -1");
    }
    owner_free(&a);
}

/* When cursors moved, shard by shard; nothing is said where none did. */
static void test_when(void **state)
{
    enum { MANY = 1200 };
    static char host[] = "a.example", other[] = "b.example", hosts[MANY][24];
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_new(rig, NONCE_A, &a);
    struct change moves[] = {{.kind = CHANGE_SHARD, .shard = 3, .cursor = {AT(10)}},
                             {.kind = CHANGE_CURSOR, .shard = 3, .host = host, .cursor = {AT(4)}},
                             {.kind = CHANGE_FOLLOW, .shard = 3, .host = other},
                             {.kind = CHANGE_SHARD, .shard = 5, .cursor = {AT(10)}},
                             {.kind = CHANGE_SHARD, .shard = 6}};
    assert_int_equal(commit(&a, moves, 5), ERR_OK);
    assert_answer(rig, "((1-0 (t 77 s 10 a.example +4 b.example =)))", "XRANGE {weir}:when:3 - +");
    assert_answer(rig, "((1-0 (t 77 s 10)))", "XRANGE {weir}:when:5 - +");
    assert_answer(rig, "0", "EXISTS {weir}:when:6");
    struct change rest[] = {
        {.kind = CHANGE_SHARD, .shard = 3, .cursor = {AT(10)}},
        {.kind = CHANGE_SKIP, .shard = 3, .host = host, .to = 6, .why = ERR_NO_RIGHT},
        {.kind = CHANGE_SHARD, .shard = 5, .cursor = {AT(11)}}};
    assert_int_equal(commit(&a, rest, 3), ERR_OK);
    assert_answer(rig, "1", "XLEN {weir}:when:3");
    assert_answer(rig, "((1-0 (t 77 s 10)) (2-0 (t 77 s 11)))", "XRANGE {weir}:when:5 - +");
    moves[0].cursor.low = 11;
    moves[1].cursor.low = 9;
    assert_int_equal(commit(&a, moves, 2), ERR_OK); /* it has one of its own already */
    assert_answer(rig, "((3-0 (t 77 s 11 a.example 9)))", "XRANGE {weir}:when:3 3 +");
    /* More than can be said in one breath. */
    struct change *many = mem_new((MANY + 1) * sizeof(*many));
    many[0] = (struct change){.kind = CHANGE_SHARD, .shard = 3, .cursor = {AT(12)}};
    for (int i = 0; i < MANY; i++) {
        snprintf(hosts[i], sizeof(hosts[i]), "h%d.example", i);
        many[i + 1] = (struct change){
            .kind = CHANGE_CURSOR, .shard = 3, .host = hosts[i], .cursor = {AT(11)}};
    }
    assert_int_equal(commit(&a, many, MANY + 1), ERR_OK);
    free(many);
    assert_answer(rig, "5", "XLEN {weir}:when:3");
    const char *last = ask(rig, "XRANGE {weir}:when:3 4-2 +");
    assert_non_null(strstr(last, "(t 77 s 12 h1000.example +11 "));
    assert_non_null(strstr(last, " h1199.example +11)"));
    owner_free(&a);
}

/* What was committed is where the next owner starts. */
static void test_load(void **state)
{
    static char host[] = "a.example";
    struct rig *rig = *state;
    struct owner a, b;
    struct cursor cursor;
    const char *name;
    unsigned shard = shard_of(SPAN("a.example"), STORE_SHARDS);
    rig_fresh(rig);
    owner_new(rig, NONCE_A, &a);
    struct change changes[] = {
        {.kind = CHANGE_SHARD, .shard = shard, .cursor = {AT(10)}},
        {.kind = CHANGE_CURSOR,
         .shard = shard,
         .host = host,
         .cursor = {.low = 4, .urgent = 4, .health = {.wake_ms = 99, .failures = 2}}}};
    assert_int_equal(commit(&a, changes, 2), ERR_OK);
    assert_int_equal(commit(&a, changes, 1), ERR_OK);
    owner_init(rig, NONCE_B, UINT64_MAX, &b);
    assert_int_equal(lease(&b, "courier-0"), ERR_OK);
    ask(rig, "HSET {weir}:own:%u broken 4x", shard);
    assert_int_equal(claim(&b), ERR_OK);
    assert_true(b.broken == UINT64_C(1) << shard); /* else it would be passed over */
    ask(rig, "HDEL {weir}:own:%u broken", shard);
    assert_int_equal(claim(&b), ERR_OK);
    assert_true(schedule_look(b.schedule, SPAN("a.example"), &cursor, &name));
    assert_true(cursor_same(&cursor, &changes[1].cursor));
    assert_int_equal(commit(&b, changes, 1), ERR_OK);
    assert_string_equal(ask(rig, "HGET {weir}:shard:%u seq", shard), "3");
    owner_free(&a);
    owner_free(&b);
}

/* A second claimer: the first moves nothing any more, the second goes on where it stopped. */
static bool second_claimer_fences(struct rig *rig)
{
    struct owner a, b;
    owner_new(rig, NONCE_A, &a);
    bool ok = move(&a, 10, 1, 2, 3) == ERR_OK;
    owner_new(rig, NONCE_B, &b);
    ok = ok && move(&a, 20, 1, 2, 3) == ERR_FENCED;
    ok = ok && strcmp(ask(rig, "HMGET {weir}:shard:1 seq low"), "(1 10)") == 0;
    ok = ok && move(&b, 30, 1, 2, 3) == ERR_OK;
    ok = ok && strcmp(ask(rig, "HMGET {weir}:shard:1 seq low"), "(2 30)") == 0;
    owner_free(&a);
    owner_free(&b);
    return ok;
}

/* What another with a lease owns is not for us, and it goes on; its lease gone, it is. */
static bool taken_is_taken(struct rig *rig)
{
    struct owner a, b;
    owner_new(rig, NONCE_A, &a);
    owner_init(rig, NONCE_B, UINT64_MAX, &b);
    ask(rig, "HDEL {weir}:shard:5 owner");
    ask(rig, "HSET {weir}:shard:6 owner nobody");
    ask(rig, "HSET {weir}:shard:10 owner nobody");
    bool ok = lease(&b, "courier-1") == ERR_OK;
    ok = ok && claim_some(&b, UINT64_C(0x4f0)) == ERR_OK && b.taken == UINT64_C(0x90);
    ok = ok && move(&a, 10, 4, 7, 8) == ERR_OK && move(&a, 10, 4, 5, 7) == ERR_FENCED;
    ok = ok && move(&b, 10, 5, 6, 10) == ERR_OK && move(&b, 20, 6, 10, 4) == ERR_FENCED;
    ok = ok && strcmp(ask(rig, "HGET {weir}:shard:8 owner"), NONCE_A) == 0;
    ask(rig, "HDEL {weir}:lease " NONCE_A);
    ok = ok && claim_some(&b, UINT64_C(0x4f0)) == ERR_OK && b.taken == 0;
    ok = ok && move(&a, 20, 4, 7, 8) == ERR_FENCED && move(&a, 20, 8, 9, 11) == ERR_OK;
    owner_free(&a);
    owner_free(&b);
    return ok;
}

static bool is_ours_soon(struct rig *rig, unsigned shard)
{
    for (unsigned i = 0; i < 50; i++) {
        if (strcmp(ask(rig, "HGET {weir}:shard:%u owner", shard), NONCE_A) == 0)
            return true;
        rig_idle(rig, 10);
    }
    return false;
}

/* The first call makes all that is free ours, though it brings the cursors of one: nobody asks for
 * the others any more. What is ours may be claimed again. */
static bool one_call_for_all(struct rig *rig)
{
    struct owner a, again;
    ask(rig, "SET {weir}:own:7 x");
    ask(rig, "HSET {weir}:lease " NONCE_A " courier-0=1 " NONCE_B " courier-1=5");
    ask(rig, "HSET {weir}:shard:9 owner " NONCE_B);
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    cursors_claim(a.cursors, a.schedule, UINT64_MAX, on_claimed, &a);
    owner_free(&a);
    bool ok = is_ours_soon(rig, STORE_SHARDS - 1);
    owner_init(rig, NONCE_A, UINT64_MAX, &again);
    ok = ok && claim(&again) == ERR_OK;
    ok = ok && again.taken == UINT64_C(1) << 9 && again.broken == UINT64_C(1) << 7;
    ok = ok && strcmp(ask(rig, "HGET {weir}:shard:7 owner"), "-") == 0;
    ok = ok && strcmp(ask(rig, "HGET {weir}:shard:9 owner"), NONCE_B) == 0;
    owner_free(&again);
    return ok;
}

/* Two commits that both think they follow the same one: a snapshot that was given up arrives late
 * (ENGINE 1, noseq). The same owner, so only the sequence tells, and it may be its own commit. */
static bool late_commit_is_refused(struct rig *rig)
{
    struct owner now, late;
    owner_new(rig, NONCE_A, &now);
    owner_new(rig, NONCE_A, &late);
    bool ok = move(&now, 10, 1, 2, 3) == ERR_OK;
    ok = ok && move(&late, 5, 1, 2, 3) == ERR_REDIS;
    ok = ok && move(&now, 11, 1, 2, 3) == ERR_OK;
    ok = ok && strcmp(ask(rig, "HMGET {weir}:shard:3 seq low"), "(2 11)") == 0;
    owner_free(&now);
    owner_free(&late);
    return ok;
}

/* One shard of many is somebody else's: not a word of the delta is written. */
static bool all_or_nothing(struct rig *rig)
{
    struct owner a;
    bool ok = true;
    owner_new(rig, NONCE_A, &a);
    ok = move(&a, 10, 1, 2, 3) == ERR_OK;
    ask(rig, "HSET {weir}:shard:3 owner " NONCE_B);
    ok = ok && move(&a, 20, 1, 2, 3) == ERR_FENCED;
    ok = ok && strcmp(ask(rig, "HMGET {weir}:shard:1 seq low"), "(1 10)") == 0;
    ok = ok && strcmp(ask(rig, "HGET {weir}:own:1 x.example"), "11") == 0;
    ok = ok && strcmp(ask(rig, "HMGET {weir}:shard:2 seq low"), "(1 10)") == 0;
    /* The others are still ours. */
    ok = ok && move(&a, 20, 1, 2, 4) == ERR_OK;
    ok = ok && strcmp(ask(rig, "HGET {weir}:own:1 x.example"), "21") == 0;
    owner_free(&a);
    return ok;
}

/* A change that names no shard is refused whole, though its shard would come later. */
static bool no_shard_no_change(struct rig *rig)
{
    static char host[] = "x.example";
    struct owner a;
    struct change changes[] = {{.kind = CHANGE_DOWN, .host = host},
                               {.kind = CHANGE_SHARD, .shard = 1, .cursor = {AT(5)}}};
    owner_new(rig, NONCE_A, &a);
    bool ok = commit(&a, changes, 2) == ERR_REDIS_REPLY;
    ok = ok && strcmp(ask(rig, "EXISTS {weir}:down"), "0") == 0;
    owner_free(&a);
    return ok;
}

static bool epoch_is_checked(struct rig *rig)
{
    struct owner a;
    owner_new(rig, NONCE_A, &a);
    ask(rig, "HSET {weir}:log epoch 5 run other");
    bool ok = move(&a, 20, 1, 2, 3) == ERR_REDIS && rig_run(rig, &rig->ready, 2, 5000);
    ok = ok && strcmp(ask(rig, "HGET {weir}:shard:1 seq"), "-") == 0;
    /* Whose store shook hands again still has to claim again: the numbers it knows are its own. */
    owner_free(&a);
    return ok;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"a second claimer fences", second_claimer_fences, &script_commit, "has[1] ~= ARGV[2]",
         "false"},
        {"a second claimer fences", second_claimer_fences, &script_claim,
         "redis.call('HSET', P .. 'shard:' .. shard, 'owner', ARGV[2])", ""},
        {"a second claimer fences", second_claimer_fences, &script_claim, "has[1] or '0'", "'0'"},
        {"taken is taken", taken_is_taken, &script_claim,
         "if owner and redis.call('HEXISTS', LEASE, owner) == 1", "if false"},
        {"taken is taken", taken_is_taken, &script_claim,
         "and redis.call('HEXISTS', LEASE, owner) == 1", ""},
        {"one call makes them ours", one_call_for_all, &script_claim, "for at = 4, #ARGV do",
         "for at = 4, 3 do"},
        {"one call makes them ours", one_call_for_all, &script_claim,
         "if owner == ARGV[2] then return end", ""},
        {"a late commit is refused", late_commit_is_refused, &script_commit,
         "tonumber(has[2] or '0') + 1 ~= tonumber(ARGV[at + 2])", "false"},
        {"all or nothing", all_or_nothing, &script_commit, "  shard = ARGV[at + 1]\n",
         "  shard = ARGV[at + 1]\n"
         "    if redis.call('HGET', P .. 'shard:' .. shard, 'owner') == ARGV[2] then\n"
         "      redis.call('HSET', P .. 'own:' .. shard, 'x.example', ARGV[at + 6] or '')\n"
         "    end\n"},
        {"no shard, no change", no_shard_no_change, &script_commit, "not (shard and WORDS[word])",
         "not WORDS[word]"},
        {"no commit across time lines", epoch_is_checked, &script_commit, "~= ARGV[1] then return",
         "== 'never' then return"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* Given back while answers are under way: nobody is called, nothing leaks. */
static void test_freed_early(void **state)
{
    static struct change change = {.kind = CHANGE_SHARD, .shard = 1, .cursor = {AT(5)}};
    const struct delta delta = {.list = &change, .n = 1};
    struct rig *rig = *state;
    struct owner a;
    rig_fresh(rig);
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    assert_int_equal(lease(&a, "courier-0"), ERR_OK);
    cursors_claim(a.cursors, a.schedule, UINT64_MAX, on_claimed, &a);
    owner_free(&a);
    rig_idle(rig, 50);
    assert_int_equal(a.calls, 1);
    owner_new(rig, NONCE_A, &a);
    cursors_commit(a.cursors, &delta, 1, on_done, &a);
    owner_free(&a);
    rig_idle(rig, 50);
    assert_int_equal(a.calls, 2); /* lease and claim */
    assert_answer(rig, "5", "HGET {weir}:shard:1 low");
}

/* Redis hangs: the outcome is unknown, and that is what is said. */
static void test_hung(void **state)
{
    struct rig *rig = *state;
    struct owner a;
    rig->command_ms = 1000; /* a disk may take long, too */
    rig_fresh(rig);
    owner_new(rig, NONCE_A, &a);
    child_signal(rig->server, SIGSTOP);
    assert_int_equal(move(&a, 10, 1, 2, 3), ERR_REDIS);
    child_signal(rig->server, SIGCONT);
    owner_free(&a);
    rig_await(rig, &rig->ready, 2);
    owner_new(rig, NONCE_A, &a); /* whichever it was, the sequence goes on */
    assert_int_equal(move(&a, 20, 1, 2, 3), ERR_OK);
    owner_free(&a);
    rig->command_ms = 5000;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beat_beside_a_claim),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_freed_early),
        cmocka_unit_test(test_hung),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
