/* trim: what is forgotten, in which order, and what never is. */
#include "tests/unit/store/trim_rig.h"

#include "relay/store/ledger.h"

static void test_trim(void **state)
{
    static const struct {
        int64_t entries, bodies;
        const char *left;
    } rows[] = {
        {0, 0, "(0 0) 20 20"}, /* nothing is old */
        {0, 1, "(0 0) 20 20"},
        {0, 4, "(0 3) 20 17"}, /* bodies alone */
        {3, 0, "(2 3) 18 17"}, /* entries alone, of which bodies went before */
        {6, 0, "(5 5) 15 15"}, /* bodies go with their entries */
        {4, 2, "(5 5) 15 15"}, /* never back */
        {21, 31, "(19 20) 1 0"} /* the newest entry stays, its body need not */,
        {1000, 1000, "(19 20) 1 0"},
    };
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig, 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        trim(rig, rows[i].entries, rows[i].bodies, 0);
        if (strcmp(left(rig), rows[i].left) != 0)
            fail_msg("row %zu: %s", i, left(rig));
    }
    struct told told;
    read_page(rig, 0, 256, &told);
    assert_int_equal(told.floor, 19);
    assert_int_equal(told.n, 20);
    assert_string_equal(bytes_str(&told.text), "20<19 Create internal =c19");
    bytes_fini(&told.text);
    struct post p = POST("C c99", "o99", .now = 99);
    assert_string_equal(post(rig, &p), "OK 21"); /* numbers go on */
}

/* Changes of members alone, more of them than a step looks at, and an entry behind them: they are
 * looked at once, and go with that entry, not before. */
static void test_bare(void **state)
{
    enum { CHANGES = 700 };
    struct rig *rig = *state;
    const struct journal_trim none = {.now_ms = LATE, .object_days = 730};
    const struct journal_trim old = {.now_ms = LATE, .entries_ms = 6, .object_days = 730};
    struct changed changed;
    int steps = 0;
    rig_fresh(rig);
    join(rig, "a.example", 0, NULL, &changed);
    ask(rig,
        "EVAL local\te=redis.call('HGET','{weir}:log','epoch')for\ti=2,%d\tdo\tredis.call("
        "'XADD','{weir}:N',e..'-'..i,'k','c','pv',i-1)end\tredis.call('HSET','{weir}:log',"
        "'n',%d,'last',%d,'lastN',%d) 0",
        CHANGES, CHANGES, CHANGES, CHANGES);
    assert_answer(rig, "700", "XLEN {weir}:N");
    while (trim_step(rig, &none).more)
        assert_in_range(++steps, 1, 8);
    assert_false(trim_step(rig, &none).more);
    assert_false(trim_step(rig, &old).more);
    assert_answer(rig, "700", "XLEN {weir}:N");
    struct post p = POST("C c1", "o1", .now = 5, .ver = 1);
    assert_string_equal(post(rig, &p), "OK 701");
    assert_false(trim_step(rig, &none).more);
    assert_answer(rig, "701", "XLEN {weir}:N");
    for (steps = 0; trim_step(rig, &old).more;)
        assert_in_range(++steps, 1, 8);
    assert_answer(rig, "1", "XLEN {weir}:N");
    assert_string_equal(left(rig), "(700 700) 1 1"); /* the newest stays */
}

/* A step is bounded, and says that there is more; the next goes on where it ended. Without a time
 * nothing goes, and how things are is told. */
static void test_steps(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig, 600);
    struct journal_trim t = {.entries_ms = 500, .bodies_ms = 550};
    struct journal_trimmed a = trim_step(rig, &t);
    assert_false(a.more);
    assert_int_equal(a.entries + a.bodies + a.urgent + a.objects, 0);
    assert_true(a.redis_ms > 1600000000000 && a.used > 100000 && !a.limit && !a.before_ms);
    assert_string_equal(left(rig), "(0 0) 600 600");
    t.now_ms = LATE;
    a = trim_step(rig, &t);
    assert_true(a.more);
    assert_int_equal(a.entries, 255); /* one line of a page says where the next begins */
    assert_int_equal(a.bodies, 256);
    assert_int_equal(a.before_ms, 0);
    t.object_days = 1; /* the clock is trusted: when this was is remembered */
    a = trim_step(rig, &t);
    assert_int_equal(a.entries, 499 - 255);
    assert_int_equal(a.bodies, 256);
    assert_int_equal(a.before_ms, 0);
    a = trim_step(rig, &t);
    assert_false(a.more);
    assert_int_equal(a.bodies, 549 - 512);
    assert_int_equal(a.before_ms, LATE);
    assert_int_equal(a.floor[LANE_NORMAL], 499);
    assert_int_equal(a.body_floor, 549);
    assert_string_equal(left(rig), "(499 549) 101 51");
}

/* A journal of before says only up to which number bodies are gone. */
static void test_body_floor_of_before(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig, 8);
    ask(rig, "UNLINK {weir}:body:1 {weir}:body:2 {weir}:body:3");
    ask(rig, "HSET {weir}:log bodyfloor 3");
    ask(rig, "HDEL {weir}:log floorU lastN lastU");
    trim(rig, 0, 2, 0);
    assert_string_equal(left(rig), "(0 3) 8 5");
    trim(rig, 0, 5, 0);
    assert_string_equal(left(rig), "(0 4) 8 4");
}

/* --- both lanes ------------------------------------------------------------------------------ */

/* What deletes, and its body, outlives what else there is; each lane has its floor. */
static bool lanes_age_apart(struct rig *rig)
{
    static const struct post posts[] = {POST("C c1", "o1", .now = 1), POST("D d1", "o1", .now = 2),
                                        POST("C c2", "o2", .now = 3), POST("D d2", "o2", .now = 4),
                                        POST("C c3", "o3", .now = 5), POST("C c4", "o4", .now = 6)};
    send_all(rig, posts, 6);
    if (bodies(rig) != 4) /* what was deleted has none */
        return false;
    trim(rig, 6, 6, 0);
    if (strcmp(left(rig), "(5 5) 1 3") != 0 || strcmp(ask(rig, "XLEN {weir}:U"), "2") != 0)
        return false;
    trim(rig, 0, 0, 3);
    if (strcmp(left(rig), "(5 5) 1 2") != 0 || strcmp(ask(rig, "HGET {weir}:log floorU"), "2") != 0)
        return false;
    trim(rig, 0, 0, 100);
    return strcmp(ask(rig, "HGET {weir}:log floorU"), "4") == 0 &&
           strcmp(ask(rig, "XLEN {weir}:U"), "0") == 0 && strcmp(left(rig), "(5 5) 1 1") == 0;
}

/* Marks go with what they are on; who is gone is known as long as anything older is there. */
static bool marks_end_with_the_entries(struct rig *rig)
{
    static const struct post posts[] = {POST("C c1", "o1", .now = 1),
                                        POST("C c2", "o2", .now = 2),
                                        POST("D d1", "o1", .now = 3),
                                        POST("D d2", "o2", .now = 4),
                                        POST("D x1", "a", .now = 5, .actor = "a"),
                                        POST("C c3", "o3", .now = 6),
                                        POST("C c4", "o4", .now = 7)};
    send_all(rig, posts, 7);
    ask(rig,
        "EVAL return(redis.call('HSET','{weir}:out','77','1\\0325')) 0"); /* who opted out twice */
    trim(rig, 2, 0, 0);
    if (strcmp(ask(rig, "HGETALL {weir}:marks"), "(2 r4)") != 0 ||
        strcmp(ask(rig, "HLEN {weir}:gone"), "1") != 0 ||
        strcmp(ask(rig, "HGETALL {weir}:out"), "(77 5)") != 0)
        return false;
    trim(rig, 7, 0, 0);
    return strcmp(ask(rig, "EXISTS {weir}:marks {weir}:gone {weir}:out"), "0") == 0;
}

/* What was passed undelivered is known as long as its entry, and no longer: 2, 4 and 6 are
 * Deletes. */
static bool ledger_ends_with_the_entries(struct rig *rig)
{
    static const struct post posts[] = {POST("C c1", "o1", .now = 1), POST("D d1", "o1", .now = 2),
                                        POST("C c2", "o2", .now = 3), POST("D d2", "o2", .now = 4),
                                        POST("C c3", "o3", .now = 5), POST("D d3", "o3", .now = 6),
                                        POST("C c4", "o4", .now = 7), POST("C c5", "o5", .now = 8)};
    static const char *const kinds[] = {"fail", "dropped", "orders", "late", "skip"};
    char key[16];
    send_all(rig, posts, 8);
    for (int shard = 0; shard < 5; shard++)
        ask(rig, "ZADD {weir}:%s:%d 1 1 2 2 3 3 4 4 5 5 6 6 7 7", kinds[shard], shard * 15);
    ask(rig, "ZADD {weir}:cut:0 1 a 3 b 5 c 8 d");
    trim(rig, 3, 0, 0);
    trim(rig, 4, 0, 3); /* Redis calls it 4: the line after 3; and 2 of the other lane */
    bool ok = strcmp(ask(rig, "ZRANGE {weir}:cut:0 0 -1"), "(c d)") == 0;
    for (int shard = 0; shard < 5; shard++) {
        snprintf(key, sizeof key, "%s:%d", kinds[shard], shard * 15);
        ok = ok && strcmp(ask(rig, "ZRANGE {weir}:%s 0 -1", key), "(4 5 6 7)") == 0;
    }
    trim(rig, 8, 0, 3);
    for (int shard = 0; shard < 5; shard++) {
        snprintf(key, sizeof key, "%s:%d", kinds[shard], shard * 15);
        ok = ok && strcmp(ask(rig, "ZRANGE {weir}:%s 0 -1", key), "(4 6)") == 0;
    }
    trim(rig, 8, 0, 100);
    ok = ok && strcmp(ask(rig, "ZRANGE {weir}:cut:0 0 -1"), "(d)") == 0;
    return ok && strcmp(ask(rig, "EXISTS {weir}:fail:0 {weir}:dropped:15 {weir}:orders:30 "
                                 "{weir}:late:45 {weir}:skip:60"),
                        "0") == 0;
}

static bool newest_stays(struct rig *rig)
{
    fill(rig, 3);
    trim(rig, 100, 0, 0);
    return strcmp(left(rig), "(2 2) 1 1") == 0;
}

static bool epoch_is_checked(struct rig *rig)
{
    fill(rig, 3);
    ask(rig, "HSET {weir}:log epoch 5 run other");
    struct journal_trim t = {.now_ms = LATE, .entries_ms = 100};
    if (trim_step(rig, &t).err == ERR_OK)
        return false;
    return strcmp(left(rig), "(0 0) 3 3") == 0 && rig_run(rig, &rig->ready, 2, 5000);
}

/* --- memory ---------------------------------------------------------------------------------- */

/* Too much in use: bodies first, then entries, then the other lane; nothing that is new, and no
 * more than it takes. */
static bool memory_is_kept(struct rig *rig)
{
    enum { BIG = 60000 };
    static char big[BIG + 1];
    static char whats[40][16], objects[40][16];
    struct post posts[40];
    memset(big, 'x', BIG);
    for (int i = 0; i < 40; i++) {
        snprintf(whats[i], sizeof whats[i], i == 3 ? "D d%d" : "C c%d", i);
        snprintf(objects[i], sizeof objects[i], "o%d", i);
        posts[i] = (struct post)POST(whats[i], objects[i], .now = i + 1, .body = big);
    }
    send_all(rig, posts, 40);
    struct journal_trim t = {.now_ms = LATE, .new_ms = 31};
    uint64_t used = trim_step(rig, &t).used;
    t.bytes = (int64_t)used - 10 * BIG + BIG / 2;
    while (trim_step(rig, &t).more)
        ;
    size_t kept = bodies(rig);
    if (kept < 22 || kept > 31 || strcmp(ask(rig, "XLEN {weir}:N"), "39") != 0)
        return false; /* ten are enough, or some more: Redis frees as it likes */
    if (strcmp(ask(rig, "EXISTS {weir}:body:4"), "1") != 0)
        return false; /* the one that deletes keeps its */
    t.bytes = 1;
    while (trim_step(rig, &t).more)
        ;
    return strcmp(ask(rig, "XLEN {weir}:N"), "10") == 0 && bodies(rig) == 10 &&
           strcmp(ask(rig, "XLEN {weir}:U"), "0") == 0;
}

/* Entries only where no body is left that could go, the other lane only where no entry is. */
static bool memory_is_kept_in_order(struct rig *rig)
{
    static const struct {
        uint64_t bodies, entries, urgent;
    } steps[] = {{256, 0, 0}, {45, 255, 0}, {1, 45, 1}};
    struct post p = POST("D d", "x", .now = 400);
    struct journal_trim t = {.now_ms = LATE, .new_ms = LATE, .bytes = 1};
    bool ok = true;
    fill(rig, 301);
    ok = strcmp(post(rig, &p), "OK 302") == 0;
    for (size_t i = 0; i < 3; i++) {
        struct journal_trimmed a = trim_step(rig, &t);
        ok = ok && a.bodies == steps[i].bodies && a.entries == steps[i].entries &&
             a.urgent == steps[i].urgent;
    }
    return ok;
}

/* Where nothing is said, it is a share of what Redis may have. */
static void test_share(void **state)
{
    struct rig *rig = *state;
    struct journal_trim t = {.now_ms = LATE, .new_ms = LATE};
    rig_fresh(rig);
    fill(rig, 10);
    assert_answer(rig, "OK", "CONFIG SET maxmemory 100000000");
    assert_int_equal(trim_step(rig, &t).limit, 60000000);
    assert_string_equal(left(rig), "(0 0) 10 10");
    assert_answer(rig, "OK", "CONFIG SET maxmemory 1000000"); /* less than it has by itself */
    while (trim_step(rig, &t).more)
        ;
    assert_string_equal(left(rig), "(9 10) 1 0");
    assert_answer(rig, "OK", "CONFIG SET maxmemory 0");
}

/* --- objects --------------------------------------------------------------------------------- */

static struct post at(struct post p, int64_t now)
{
    p.now = now;
    return p;
}

/* Of what has left the journal it is still known where it went: its Delete goes there, under the
 * name that our Announce had. */
static bool objects_shrink(struct rig *rig)
{
    static const struct post posts[] = {
        POST("C c1", "o1", .now = 1, .audience = "internal,partners"),
        POST("A a2", "o2", .now = 2, .from = "b.example"), POST("C c3", "o3", .now = 3)};
    static const struct post late = POST("D d1", "o1"),
                             undo = POST("X x2", "a2", .from = "b.example"),
                             foreign = POST("D d4", "o1", .from = "b.example");
    send_all(rig, posts, 3);
    trim(rig, 3, 3, 0);
    if (strcmp(ask(rig, "EVAL return(#redis.call('KEYS','{weir}:obj:*')) 0"), "1") != 0 ||
        strcmp(ask(rig, "EVAL return(#redis.call('KEYS','{weir}:objs:*')) 0"), "3") != 0)
        return false;
    struct post p = at(foreign, 10);
    if (strcmp(post(rig, &p), "NOTOWNER") != 0)
        return false;
    p = at(late, 11);
    if (strcmp(post(rig, &p), "OK 4") != 0)
        return false;
    p = at(late, 12);
    if (strcmp(post(rig, &p), "DUP 0") != 0)
        return false;
    p = at(undo, 13);
    if (strcmp(post(rig, &p), "OK 5") != 0)
        return false;
    return journal_is(rig, "3<2 Create internal =c3\n4<0! Delete internal,partners =c1+ of 1\n"
                           "5<4! Undo internal =a2+ of 2") &&
           strcmp(ask(rig, "EVAL return(#redis.call('KEYS','{weir}:objs:*')) 0"), "0") == 0;
}

/* As long as one entry is there, in whichever lane, all is known. */
static bool objects_stay_whole(struct rig *rig)
{
    static const struct post posts[] = {POST("C c2", "o2", .now = 1), POST("D d2", "o2", .now = 2),
                                        POST("C c1", "o1", .now = 3), POST("U u1", "o1", .now = 4),
                                        POST("C c9", "o9", .now = 5)};
    static const char there[] = "EXISTS {weir}:obj:6f310000000000000000000000000000 "
                                "{weir}:obj:6f320000000000000000000000000000";
    static const struct {
        int64_t entries, urgent;
        const char *there;
    } steps[] = {{3, 0, "2"}, {4, 0, "2"}, {5, 0, "1"}, {5, 5, "0"}};
    struct post again = POST("D d2", "o2", .now = 9),
                old = POST("C c3", "o2", .now = 9, .stamp = 2);
    send_all(rig, posts, 5);
    for (size_t i = 0; i < 4; i++) {
        trim(rig, steps[i].entries, 0, steps[i].urgent);
        if (strcmp(ask(rig, "%s", there), steps[i].there) != 0)
            return false;
    }
    return strcmp(post(rig, &again), "DUP 0") == 0 && strcmp(post(rig, &old), "STALE") == 0;
}

/* Two years later they are forgotten, by the number that was the newest on that day. */
static bool objects_are_forgotten(struct rig *rig)
{
    fill(rig, 5);
    trim(rig, 4, 0, 0); /* on day 0: number 5 is the newest */
    if (strcmp(ask(rig, "HGETALL {weir}:days"), "(0 5)") != 0)
        return false;
    struct post p = POST("C c8", "o8", .now = 7);
    struct journal_trim t = {.now_ms = 5 * (int64_t)DAY, .entries_ms = 8, .object_days = 10};
    if (strcmp(post(rig, &p), "OK 6") != 0)
        return false;
    trim_step(rig, &t); /* 4 and 5 go as well */
    uint64_t gone = 0;
    t.now_ms = 9 * (int64_t)DAY;
    for (int i = 0; i < 65536 / 64; i++)
        gone += trim_step(rig, &t).objects;
    if (gone != 0 ||
        strcmp(ask(rig, "EVAL return(#redis.call('KEYS','{weir}:objs:*')) 0"), "5") != 0)
        return false;
    t.now_ms = 12 * (int64_t)DAY;
    for (int i = 0; i < 65536 / 64; i++)
        gone += trim_step(rig, &t).objects;
    return gone == 5 && strcmp(ask(rig, "EXISTS {weir}:objs:6f30"), "0") == 0;
}

/* One key that is not what it should be: what it holds stays, with all others it goes on. */
static bool spoiled_alone(struct rig *rig)
{
    static const char *const kinds[] = {"fail", "late", "skip", "cut", "dropped", "orders"};
    const struct journal_trim t = {.now_ms = LATE, .entries_ms = 6};
    fill(rig, 20);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ask(rig, "SET {weir}:%s:7 spoiled", kinds[i]);
        ask(rig, "ZADD {weir}:%s:8 2 record", kinds[i]);
    }
    struct journal_trimmed told = trim_step(rig, &t);
    bool ok = told.err == ERR_OK && told.entries == 5 && told.stopped == 6;
    ok = ok && strncmp(ask(rig, "HMGET {weir}:log floor"), "(5)", 3) == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ok = ok && strcmp(ask(rig, "EXISTS {weir}:%s:8", kinds[i]), "0") == 0;
        ok = ok && strcmp(ask(rig, "GET {weir}:%s:7", kinds[i]), "spoiled") == 0;
        ask(rig, "DEL {weir}:%s:7", kinds[i]);
    }
    told = trim_step(rig, &t);
    return ok && told.stopped == 0;
}

/* An object's record, likewise. */
static bool spoiled_object(struct rig *rig)
{
    const struct journal_trim t = {.now_ms = LATE, .entries_ms = 6, .object_days = 730};
    fill(rig, 20);
    for (int i = 1; i <= 20; i++) {
        char key[128];
        snprintf(key, sizeof key, "%s",
                 ask(rig, "EVAL return(redis.call('KEYS','{weir}:obj:*')[%d]) 0", i));
        ask(rig, "SET %s spoiled", key);
    }
    struct journal_trimmed told = trim_step(rig, &t);
    return told.err == ERR_OK && told.entries == 5 && told.stopped == 5;
}

/* What all have in common: then nothing is forgotten, and nothing done by halves. */
static bool spoiled_for_all(struct rig *rig)
{
    static const char *const keys[] = {"U", "marks", "gone", "out", "days", "aud"};
    const struct journal_trim t = {.now_ms = LATE, .entries_ms = 6};
    bool ok = true;
    fill(rig, 20);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        ask(rig, "DEL {weir}:%s", keys[i]);
        ask(rig, "SET {weir}:%s spoiled", keys[i]);
        ok = ok && trim_step(rig, &t).err == ERR_UNREADABLE;
        ok = ok && strcmp(left(rig), "(0 0) 20 20") == 0;
        ask(rig, "DEL {weir}:%s", keys[i]);
    }
    return ok && trim_step(rig, &t).entries == 5;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"a spoiled key", spoiled_alone, &script_trim, "if is(P .. kind .. shard, 'zset') then",
         "if true then"},
        {"a spoiled object", spoiled_object, &script_trim,
         "if not (is(P .. 'obj:' .. name, 'hash') and", "if not (true and"},
        {"a spoiled key of all", spoiled_for_all, &script_trim,
         "if not whole then return { 'WRONG', stopped[1] } end", ""},
        {"lanes age apart", lanes_age_apart, &script_trim, "urgent_before, hurry)",
         "entries_before, hurry)"},
        {"marks end with the entries", marks_end_with_the_entries, &script_trim,
         "redis.call('HDEL', P .. 'marks', unpack(numbers))", ""},
        {"marks end with the entries", marks_end_with_the_entries, &script_trim,
         "    forget_gone()\n", ""},
        {"marks end with the entries", marks_end_with_the_entries, &script_trim,
         "if tonumber(gone[i + 1]) <= floor then", "if true then"},
        {"marks end with the entries", marks_end_with_the_entries, &script_trim,
         "    forget_out()\n", ""},
        {"marks end with the entries", marks_end_with_the_entries, &script_trim,
         "if tonumber(n) > floor then lines", "if true then lines"},
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "first and math.min(floor, number(first) - 1) or floor", "0"},
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "first and math.min(floor, number(first) - 1) or floor", "floor"},
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "kept[#kept + 1] = number(entry) end", "end"},
        {"the ledger ends with the entries", ledger_ends_with_the_entries, &script_trim,
         "          remove(kind, shard, from, '(' .. n)\n", ""},
        {"the newest stays", newest_stays, &script_trim, "if n == #lines then n = n - 1 end", ""},
        {"no trim across time lines", epoch_is_checked, &script_trim, "log[1] ~= ARGV[1]", "false"},
        {"memory is kept", memory_is_kept, &script_trim, "and t < new_since", ""},
        {"memory is kept", memory_is_kept, &script_trim,
         "over = over - tonumber(field(entry, 'len') or '0')", ""},
        {"memory is kept in order", memory_is_kept_in_order, &script_trim, "trim_entries(bare)",
         "trim_entries(true)"},
        {"memory is kept in order", memory_is_kept_in_order, &script_trim,
         "trim_urgent(bare and empty)", "trim_urgent(true)"},
        {"objects shrink", objects_shrink, &script_trim, "do shrink(name) end", "do end"},
        {"objects shrink", objects_shrink, &script_trim, "(stands and unhex(r.hash) or '')", "''"},
        {"objects shrink", objects_shrink, &script_trim, "(stands and r.out or 0)", "0"},
        {"objects shrink", objects_shrink, &script_append, "lift(obj)\n", ""},
        {"objects stay whole", objects_stay_whole, &script_trim,
         "and floorU or floor) then return end", "and floor or floor) then return end"},
        {"objects stay whole", objects_stay_whole, &script_trim,
         "if n > ((e.kind == 'd' or e.kind == 'x') and floorU or floor) then return end", ""},
        {"objects stay whole", objects_stay_whole, &script_trim, "r.live and r.top or r.dead", "0"},
        {"objects are forgotten", objects_are_forgotten, &script_trim, "if n <= known_from then",
         "if false then"},
        {"objects are forgotten", objects_are_forgotten, &script_trim, "today - object_days and",
         "today and"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trim),  cmocka_unit_test(test_bare),
        cmocka_unit_test(test_steps), cmocka_unit_test(test_body_floor_of_before),
        cmocka_unit_test(test_share), cmocka_unit_test(test_twins),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
