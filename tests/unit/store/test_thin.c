/* thin: marks of when cursors moved, fewer the older they are, and what is still said by them. */
#include "tests/unit/store/trim_rig.h"

#include "relay/store/ledger.h"

enum { SHARD = 7, MINUTE = 60000, HOUR = 3600000, HOSTS = 4, COMMITS = 240, STEPS_MOST = 200 };

static void mark(struct rig *rig, const char *kind, const char *text)
{
    const char *answer = ask(rig, "XADD {weir}:%s:%d %s", kind, SHARD, text);
    if (answer[0] < '0' || answer[0] > '9')
        fail_msg("%s: %s", text, answer);
}

/* Until there is no more; how many steps that took. */
static int thin(struct rig *rig)
{
    const struct journal_trim t = {.now_ms = LATE};
    int steps = 1;
    struct journal_trimmed told = trim_step(rig, &t);
    for (; told.more; steps++) {
        assert_in_range(steps, 1, STEPS_MOST);
        told = trim_step(rig, &t);
    }
    if (told.err != ERR_OK && !rig->broken)
        print_message("step %d: %s\n", steps, err_code(told.err));
    return told.err == ERR_OK ? steps : -1;
}

static bool are(struct rig *rig, const char *kind, const char *expected)
{
    const char *is = ask(rig, "XRANGE {weir}:%s:%d - +", kind, SHARD);
    if (strcmp(is, expected) == 0)
        return true;
    if (!rig->broken)
        print_message("%s: %s\n", kind, is);
    return false;
}

static int marks_n(struct rig *rig, const char *kind)
{
    return (int)strtol(ask(rig, "XLEN {weir}:%s:%d", kind, SHARD), NULL, 10);
}

/* --- what becomes of them --------------------------------------------------------------------- */

/* One mark for each ten seconds that are over for a minute: of each host what all of them say
 * together, and nothing of one that followed its shard before and after. */
static bool one_for_several(struct rig *rig)
{
    static const char *const marks[] = {
        "1-0 t 1000 s 1 a +1",  "2-0 t 2000 s 2 a 2 b +1", "3-0 t 9000 s 3 b =",
        "4-0 t 12000 s 4 a =",  "4-1 t 12000 s 4 c +4",    "5-0 t 19999 s 5 a +5 d =",
        "6-0 t 20000 s 6 b +5", "7-0 t 21000 s 6 b =",     "8-0 t 22000 s 7 b +6",
        "9-0 t 139999 s 8",     "10-0 t 140000 s 9",       "11-0 t 200000 s 10",
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        mark(rig, "when", marks[i]);
    thin(rig);
    return are(rig, "when10",
               "((3-0 (t 9000 s 3 a +2)) (5-0 (t 19999 s 5 a 5 c +4 d =)) "
               "(8-0 (t 22000 s 7 b +6)) (9-0 (t 139999 s 8)))") &&
           are(rig, "when", "((10-0 (t 140000 s 9)) (11-0 (t 200000 s 10)))") && thin(rig) == 1 &&
           marks_n(rig, "when") == 2;
}

/* The same from stage to stage, each by its age: what is of the newest hour, day, and older. */
static bool stage_by_stage(struct rig *rig)
{
    ask(rig,
        "EVAL for\ti=1,%d\tdo\tredis.call('XADD','{weir}:when:%d',i..'-0','t',%d*i,'s',i)end 0",
        1600, SHARD, MINUTE);
    thin(rig);
    int n[] = {marks_n(rig, "when"), marks_n(rig, "when10"), marks_n(rig, "when60"),
               marks_n(rig, "when600")};
    bool ok = n[0] == 2 && n[1] == 59 && n[2] == 23 * 60 && n[3] == 16;
    if (!ok && !rig->broken)
        print_message("%d %d %d %d\n", n[0], n[1], n[2], n[3]);
    return ok;
}

/* A clock that was ahead for a while: what it wrote does not stand in the way. */
static bool clock_went_back(struct rig *rig)
{
    mark(rig, "when", "1-0 t 1000 s 1");
    mark(rig, "when", "2-0 t 900000000 s 2");
    mark(rig, "when", "3-0 t 2000 s 3");
    mark(rig, "when", "4-0 t 200000 s 4");
    thin(rig);
    return are(rig, "when", "((4-0 (t 200000 s 4)))") &&
           are(rig, "when10", "((1-0 (t 1000 s 1)) (2-0 (t 900000000 s 2)) (3-0 (t 2000 s 3)))");
}

/* A commit that moved many is in parts, which stay one; a page that ends amid them does not part
 * them. */
static bool parts_stay_together(struct rig *rig)
{
    ask(rig,
        "EVAL for\ti=0,299\tdo\tlocal\tw={}for\tk=1,50\tdo\tw[#w+1]='h'..i..'.'..k;w[#w+1]='+1'"
        "end\tredis.call('XADD','{weir}:when:%d','1-'..i,'t',1000,'s',1,unpack(w))end 0",
        SHARD);
    mark(rig, "when", "2-0 t 200000 s 2");
    thin(rig);
    return marks_n(rig, "when") == 1 && marks_n(rig, "when10") == 30 &&
           strncmp(ask(rig, "XRANGE {weir}:when10:%d - + COUNT 1", SHARD), "((1-0 (", 7) == 0 &&
           strncmp(ask(rig, "XREVRANGE {weir}:when10:%d + - COUNT 1", SHARD), "((1-29 (", 8) == 0;
}

/* A page ends amid ten seconds: they are one mark all the same. */
static bool pages_end_with_slots(struct rig *rig)
{
    ask(rig,
        "EVAL for\ti=1,600\tdo\tredis.call('XADD','{weir}:when:%d',i..'-0','t',100*i,'s',i)end 0",
        SHARD);
    mark(rig, "when", "601-0 t 900000 s 601");
    return thin(rig) > 1 && marks_n(rig, "when") == 1 && marks_n(rig, "when10") == 7;
}

/* A step does so much and no more, whatever waits, and the next goes on behind it. */
static bool steps_are_bounded(struct rig *rig)
{
    ask(rig, "EVAL for\tk=0,63\tdo\tfor\ti=1,250\tdo\tredis.call('XADD','{weir}:when:'..k,i..'-0',"
             "'t',100*i,'s',i)end\tredis.call('XADD','{weir}:when:'..k,'999-0','t',900000,'s',9)"
             "end 0");
    int steps = thin(rig);
    bool ok = steps >= 6 && steps <= 12 && marks_n(rig, "when10") == 3;
    return ok && strcmp(ask(rig, "EVAL local\tn=0;for\tk=0,63\tdo\tn=n+redis.call('XLEN',"
                                 "'{weir}:when:'..k)end\treturn(n) 0"),
                        "64") == 0;
}

/* Where the first of a step are busy, the last have their turn. */
static bool all_have_their_turn(struct rig *rig)
{
    const struct journal_trim t = {.now_ms = LATE};
    for (int round = 0; round < 4; round++) {
        ask(rig,
            "EVAL for\tk=0,63\tdo\tfor\ti=1,250\tdo\tredis.call('XADD','{weir}:when:'..k,"
            "(%d+i)..'-0','t',%d+100*i,'s',i)end\tredis.call('XADD','{weir}:when:'..k,'%d-0','t',"
            "%d,'s',9)end 0",
            1000 * round, 1000000 * round, 1000 * round + 999, 1000000 * round + 900000);
        assert_true(trim_step(rig, &t).more);
    }
    return marks_n(rig, "when10") > 0 &&
           strcmp(ask(rig, "EXISTS {weir}:when10:31 {weir}:when10:0"), "2") == 0;
}

/* --- what is still said ----------------------------------------------------------------------- */

/* Members of one shard, of which some have cursors of their own for a while. */
struct past {
    char host[HOSTS][24];
    bool own[HOSTS];
    uint64_t low[HOSTS], shard_low;
    int64_t at[COMMITS];                           /* when each commit was */
    uint64_t passed[COMMITS][HOSTS], all[COMMITS]; /* up to where each stood then, and the shard */
    unsigned random;
};

static unsigned chance(struct past *p, unsigned of)
{
    p->random = p->random * 1103515245U + 12345U;
    return (p->random >> 16) % of;
}

static void begin(struct past *p)
{
    memset(p, 0, sizeof *p);
    p->random = 4;
    for (unsigned i = 0, n = 0; n < HOSTS; i++) {
        snprintf(p->host[n], sizeof p->host[n], "h%u.example", i);
        n += shard_of(span_of(p->host[n]), STORE_SHARDS) == SHARD;
    }
}

/* What host h does in this commit, in words. */
static size_t move(struct rig *rig, struct past *p, int h, uint64_t before, char *ret, size_t size)
{
    bool fresh = !p->own[h];
    if (fresh && chance(p, 8))
        return 0;
    if (!fresh && !chance(p, 5)) {
        p->own[h] = false;
        ask(rig, "HDEL {weir}:own:%d %s", SHARD, p->host[h]);
        return (size_t)snprintf(ret, size, " %s =", p->host[h]);
    }
    if (!fresh && chance(p, 2))
        return 0;
    if (fresh)
        p->low[h] = before;
    else
        p->low[h] += chance(p, (unsigned)(p->shard_low - p->low[h] + 1));
    p->own[h] = true;
    ask(rig, "HSET {weir}:own:%d %s %d", SHARD, p->host[h], (int)p->low[h]);
    return (size_t)snprintf(ret, size, " %s %s%d", p->host[h], fresh ? "+" : "", (int)p->low[h]);
}

static void commit(struct rig *rig, struct past *p, int i)
{
    static const int64_t gaps[] = {90, 700, 8000, 31000, 400000, 9000000};
    char text[512];
    uint64_t before = p->shard_low;
    p->shard_low += chance(p, 4);
    p->at[i] = (i ? p->at[i - 1] : 5000) + gaps[chance(p, 2 + (unsigned)(COMMITS - i) / 60)];
    size_t n = (size_t)snprintf(text, sizeof text, "%d-0 t %lld s %d", i + 1, (long long)p->at[i],
                                (int)p->shard_low);
    for (int h = 0; h < HOSTS; h++) {
        n += move(rig, p, h, before, text + n, sizeof text - n);
        p->passed[i][h] = p->own[h] ? p->low[h] : p->shard_low;
    }
    p->all[i] = p->shard_low;
    mark(rig, "when", text);
    ask(rig, "HSET {weir}:shard:%d low %d", SHARD, (int)p->shard_low);
}

struct read {
    struct rig *rig;
    int calls;
    struct book *book;
};

static void on_read(void *arg, enum err err, struct book *book)
{
    struct read *read = arg;
    read->calls++;
    read->book = err == ERR_OK ? book : NULL;
    loop_stop(read->rig->loop);
}

/* When host h passed n, which came with the commit that moved the shard there: the interval has to
 * be around the moment, and no wider than from the commit before these ten seconds, or minutes. */
static bool is_told(struct rig *rig, const struct past *p, const struct book *b, int h, uint64_t n)
{
    int64_t now = p->at[COMMITS - 1] + 1, since, until = now;
    int when, came = 0;
    while (p->all[came] < n)
        came++;
    for (when = came; when < COMMITS && p->passed[when][h] < n;)
        when++;
    if (when == COMMITS)
        return true; /* it did not */
    since = p->at[came] - 1;
    book_when(b, span_of(p->host[h]), n, &since, &until);
    int64_t age = p->at[COMMITS - 1] - p->at[when];
    int64_t slot = age > DAY ? 600000 : age > HOUR ? MINUTE : 10000;
    int of = when;
    while (of > 0 && p->at[of - 1] / slot == p->at[when] / slot)
        of--;
    int64_t widest = p->at[when] - (of ? p->at[of - 1] : 0) + slot;
    bool ok = since <= p->at[when] && p->at[when] <= until && until - since <= widest;
    if (!ok && !rig->broken)
        print_message("%s %d: %lld..%lld, not %lld\n", p->host[h], (int)n, (long long)since,
                      (long long)until, (long long)p->at[when]);
    return ok;
}

/* A few days of a shard, thinned again and again: what is said of each entry and host is wider
 * than it was, and never wrong. */
static bool nothing_wrong_is_said(struct rig *rig)
{
    static struct past p;
    bool ok = true;
    begin(&p);
    for (int i = 0; i < COMMITS; i++) {
        commit(rig, &p, i);
        if (i % 20 == 19)
            thin(rig);
    }
    struct read read = {.rig = rig};
    const struct ledger_ask what = {.since_ms = 0};
    ledger_read(rig->store, &what, on_read, &read);
    rig_await(rig, &read.calls, 1);
    if (!read.book)
        return false;
    size_t marks = read.book->marks[SHARD].n;
    ok = marks > 40 && marks < COMMITS - 60;
    if (!ok && !rig->broken)
        print_message("%zu marks\n", marks);
    for (uint64_t n = 1; n <= p.shard_low; n++)
        for (int h = 0; h < HOSTS; h++)
            ok = ok && is_told(rig, &p, read.book, h, n);
    book_free(&read.book);
    return ok;
}

/* --- what goes, and what stays ---------------------------------------------------------------- */

/* Marks go with the entries; the newest that is older than all of these says where cursors stood
 * when they came. */
static bool go_with_the_entries(struct rig *rig)
{
    const struct journal_trim t = {.now_ms = LATE, .entries_ms = 3000};
    static const char *const marks[] = {"1-0 t 1000 s 1", "2-0 t 2000 s 2", "3-0 t 2999 s 3",
                                        "4-0 t 3000 s 4", "5-0 t 4000 s 5"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        mark(rig, "when600", marks[i]);
    thin(rig);
    bool ok = marks_n(rig, "when600") == 5; /* no entry is old */
    trim_step(rig, &t);
    trim_step(rig, &t);
    return ok && are(rig, "when600", "((3-0 (t 2999 s 3)) (4-0 (t 3000 s 4)) (5-0 (t 4000 s 5)))");
}

/* Where very many hosts move all the time, the oldest marks go. */
static bool bytes_are_bounded(struct rig *rig)
{
    for (int i = 1; i <= 300; i++)
        ask(rig,
            "EVAL local\tw={}for\tk=1,200\tdo\tw[#w+1]='a-host-with-a-name-'..k;w[#w+1]=%d\tend\t"
            "redis.call('XADD','{weir}:when:%d','%d-0','t',%d,'s',1,unpack(w)) 0",
            i, SHARD, i, 10000 * i);
    thin(rig);
    long used = strtol(ask(rig, "MEMORY USAGE {weir}:when10:%d", SHARD), NULL, 10);
    return used > 100000 && used < 600000 && marks_n(rig, "when") == 7;
}

/* A stream that is ahead of what would come into it is left as it is. */
static bool nothing_by_halves(struct rig *rig)
{
    mark(rig, "when10", "9-0 t 500 s 9");
    mark(rig, "when", "1-0 t 1000 s 1");
    mark(rig, "when", "2-0 t 200000 s 2");
    const struct journal_trim t = {.now_ms = LATE};
    return trim_step(rig, &t).err == ERR_OK && marks_n(rig, "when") == 2 &&
           marks_n(rig, "when10") == 1;
}

/* What can't be read is left, with its shard; all others go on. */
static bool spoiled_alone(struct rig *rig)
{
    static const char *const kinds[] = {"when", "when10", "when60", "when600"};
    const struct journal_trim t = {.now_ms = LATE};
    bool ok = true;
    for (size_t i = 0; i < 4; i++) {
        rig_fresh(rig);
        mark(rig, "when", "1-0 t 1000 s 1");
        mark(rig, "when", "2-0 t 900000000 s 2");
        ask(rig, "DEL {weir}:%s:%d", kinds[i], SHARD);
        ask(rig, "SET {weir}:%s:%d spoiled", kinds[i], SHARD);
        ask(rig, "XADD {weir}:when:9 1-0 t 1000 s 1");
        ask(rig, "XADD {weir}:when:9 2-0 t 900000000 s 2");
        struct journal_trimmed told = trim_step(rig, &t);
        ok = ok && told.err == ERR_OK && told.stopped == 1 &&
             strcmp(ask(rig, "XLEN {weir}:when:9"), "1") == 0 &&
             strcmp(ask(rig, "XLEN {weir}:when600:9"), "1") == 0 &&
             (i == 0 || marks_n(rig, "when") == 2);
    }
    return ok;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"one for several", one_for_several, &script_trim, "return followed and '' or '='",
         "return '='"},
        {"one for several", one_for_several, &script_trim, "return (followed and '+' or '') ..",
         "return '' .."},
        {"one for several", one_for_several, &script_trim, "if not first then return second end",
         "if true then return second end"},
        {"one for several", one_for_several, &script_trim, "first == '' or string.sub",
         "string.sub"},
        {"one for several", one_for_several, &script_trim, "(this + 1) * tier.slot > newest",
         "this * tier.slot > newest"},
        {"one for several", one_for_several, &script_trim, "if words[host] ~= '' then", "do"},
        {"stage by stage", stage_by_stage, &script_trim, "age = DAY, slot", "age = 1, slot"},
        {"stage by stage", stage_by_stage, &script_trim, "age = 3600000,", "age = 1,"},
        {"a clock went back", clock_went_back, &script_trim, "and time_of(mark) <= newest then",
         "then"},
        {"parts stay together", parts_stay_together, &script_trim,
         "'(' .. last[1], commit_of(last)) or {}", "last[1], '1-1') or {}"},
        {"pages end with slots", pages_end_with_slots, &script_trim, "if full and #slots > 1 then",
         "if false then"},
        {"steps are bounded", steps_are_bounded, &script_trim, "if spent >= THIN_MOST and",
         "if false and"},
        {"all have their turn", all_have_their_turn, &script_trim,
         "redis.call('HSET', LOG, 'thinned', (shard + 1) % shards)", ""},
        {"nothing wrong is said", nothing_wrong_is_said, &script_trim,
         "return followed and '' or '='", "return '='"},
        {"nothing wrong is said", nothing_wrong_is_said, &script_trim,
         "if not first then return second end", "if true then return second end"},
        {"nothing wrong is said", nothing_wrong_is_said, &script_trim,
         "'t', last[2][2], 's', last[2][4],", "'t', marks[1][2][2], 's', last[2][4],"},
        {"nothing wrong is said", nothing_wrong_is_said, &script_ledger,
         "'when:', 'when10:', 'when60:', 'when600:'", "'when:', 'when10:', 'when600:'"},
        {"they go with the entries", go_with_the_entries, &script_trim,
         "if marked[shard] then forget_marks(shard) end", ""},
        {"they go with the entries", go_with_the_entries, &script_trim,
         "redis.call('XTRIM', key, 'MINID', commit_of(last))", "up_to(key, last)"},
        {"bytes are bounded", bytes_are_bounded, &script_trim, "  bound_marks(into)\n", ""},
        {"nothing by halves", nothing_by_halves, &script_trim,
         "if top and tonumber(commit_of(top)) >=", "if top and false and 1 >="},
        {"a spoiled key", spoiled_alone, &script_trim, "'stream') and marked[shard]",
         "'stream') and true or true"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
