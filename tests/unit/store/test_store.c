/* store: the handshake: which Redis is relied on, which is refused and why, and that nothing is
 * sent to one that is. */
#include "tests/unit/store/journal_rig.h"

#include <sys/stat.h>

#include "relay/store/audit.h"
#include "relay/store/cursors.h"
#include "relay/store/keycache.h"
#include "relay/store/leases.h"
#include "relay/store/ledger.h"

/* --- what Redis promises --------------------------------------------------------------------- */

static void test_promises(void **state)
{
    static const struct {
        const char *setting, *back;
        bool strict;
        const char *named; /* in the reason; NULL: good enough */
    } rows[] = {
        {"appendonly no", "appendonly yes", true, "appendonly"},
        {"appendonly no", "appendonly yes", false, "appendonly"},
        {"appendfsync everysec", "appendfsync always", true, "appendfsync always"},
        {"appendfsync everysec", "appendfsync always", false, NULL},
        {"appendfsync no", "appendfsync always", true, "appendfsync always"},
        {"appendfsync no", "appendfsync always", false, "appendfsync to everysec"},
        {"no-appendfsync-on-rewrite yes", "no-appendfsync-on-rewrite no", true,
         "no-appendfsync-on-rewrite"},
        {"no-appendfsync-on-rewrite yes", "no-appendfsync-on-rewrite no", false, NULL},
        {"maxmemory-policy allkeys-lru", "maxmemory-policy noeviction", true, "maxmemory-policy"},
        {"maxmemory-policy volatile-ttl", "maxmemory-policy noeviction", false, "maxmemory-policy"},
    };
    struct rig *rig = *state;
    rig_fresh(rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        store_free(&rig->store);
        ask(rig, "CONFIG SET %s", rows[i].setting);
        rig->strict = rows[i].strict;
        rig_store(rig);
        rig_await(rig, rows[i].named ? &rig->fatal : &rig->ready, 1);
        assert_int_equal(store_ready(rig->store), !rows[i].named);
        assert_int_equal(rig->ready + rig->not_ready, 1);
        if (rows[i].named && !strstr(rig->why, rows[i].named))
            fail_msg("%s: %s", rows[i].setting, rig->why);
        ask(rig, "CONFIG SET %s", rows[i].back);
    }
    rig->strict = true;
}

/* What is mended is noticed without being told, and a reason is told once. */
static void test_mended(void **state)
{
    static const struct {
        const char *trouble, *mended, *named;
        bool fatal;
    } rows[] = {
        {"CONFIG SET appendonly no", "CONFIG SET appendonly yes", "appendonly", true},
        {"ACL SETUSER default -config", "ACL SETUSER default +config", "CONFIG GET", true},
        {"ACL SETUSER default -evalsha", "ACL SETUSER default +evalsha", "refuses the handshake",
         false},
        {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "READONLY", false},
    };
    struct rig *rig = *state;
    rig_fresh(rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        store_free(&rig->store);
        ask(rig, "%s", rows[i].trouble);
        rig_store(rig);
        rig_await(rig, &rig->not_ready, 1);
        rig_idle(rig, i ? 20 : 1100); /* asked again meanwhile */
        assert_int_equal(rig->not_ready, 1);
        assert_int_equal(rig->fatal, rows[i].fatal);
        if (!strstr(rig->why, rows[i].named))
            fail_msg("%s: %s", rows[i].trouble, rig->why);
        ask(rig, "%s", rows[i].mended);
        rig_await(rig, &rig->ready, 1);
        assert_true(store_ready(rig->store));
    }
}

/* --- which journal --------------------------------------------------------------------------- */

static void write_file(struct rig *rig, const char *text)
{
    FILE *f = fopen(rig->file, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *read_file(struct rig *rig)
{
    static char text[200];
    FILE *f = fopen(rig->file, "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void test_founds(void **state)
{
    struct rig *rig = *state;
    char expected[200];
    rig_fresh(rig);
    uint64_t epoch = store_epoch(rig->store);
    assert_int_equal(store_shards(rig->store), 64);
    assert_true(epoch > 1700000000); /* at least the seconds of the clock */
    snprintf(expected, sizeof expected, "(%.32s 2 64 %llu 0 0 0 0)", read_file(rig),
             (unsigned long long)epoch);
    assert_answer(rig, expected, "HMGET {weir}:log id schema shards epoch n last floor bodyfloor");
    snprintf(expected, sizeof expected, "%.32s\n%llu\n", read_file(rig), (unsigned long long)epoch);
    assert_string_equal(read_file(rig), expected);

    /* The same Redis: the same journal in the same epoch, known or not. */
    for (int known = 1; known >= 0; known--) {
        store_free(&rig->store);
        if (!known)
            unlink(rig->file);
        rig_store_ready(rig);
        assert_int_equal(store_epoch(rig->store), epoch);
        assert_string_equal(read_file(rig), expected);
    }
}

/* A journal other than the one that the file names, by what is in Redis and in the file. */
struct stranger {
    const char *command, *file, *named;
};
static const struct stranger strangers[] = {
    {"FLUSHALL", NULL, "holds no journal"},
    {"HSET {weir}:log id 0123456789abcdef0123456789abcdef", NULL, "another relay"},
    {"PING", "0123456789abcdef0123456789abcdef\n1\n", "another relay"},
    {"PING", "0123456789abcdef0123456789abcdef0\n1\n", "another relay"},
    {"PING", "", "another relay"},
    {"PING", "\n1\n", "another relay"},
    {"FLUSHALL", "garbage", "holds no journal"},
    {"HSET {weir}:log schema 3", NULL, "schema"},
    {"HDEL {weir}:log schema", NULL, "schema"},
    {"HSET {weir}:log shards 65", NULL, "shards"},
    {"HSET {weir}:log shards 0", NULL, "shards"},
};

static bool stranger_is_refused(struct rig *rig, const struct stranger *s)
{
    rig_fresh(rig);
    store_free(&rig->store);
    ask(rig, "%s", s->command);
    if (s->file)
        write_file(rig, s->file);
    rig_store(rig);
    while (!rig->ready && !rig->not_ready)
        rig_idle(rig, 5);
    return rig->fatal == 1 && !store_ready(rig->store) && strstr(rig->why, s->named) &&
           !store_epoch(rig->store);
}

static void test_strangers(void **state)
{
    static const struct {
        size_t row;
        const char *from, *to;
    } broken[] = {{0, "return { 'EMPTY' }", ""},
                  {1, "ARGV[1] ~= '' and ARGV[1] ~= id", "false"},
                  {7, "not schema or schema < 1 or schema > SCHEMA", "false"}};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
        if (!stranger_is_refused(rig, &strangers[i]))
            fail_msg("row %zu: %s", i, rig->why);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct mutant m = break_script(&script_hello, broken[i].from, broken[i].to);
        bool refused = stranger_is_refused(rig, &strangers[broken[i].row]);
        unbreak(&m);
        if (refused)
            fail_msg("%s: refused although it is broken", broken[i].from);
    }
}

/* The identity can't be kept: better not to begin. */
static void test_no_file(void **state)
{
    struct rig *rig = *state;
    char good[sizeof rig->file];
    rig_fresh(rig);
    store_free(&rig->store);
    memcpy(good, rig->file, sizeof good);
    snprintf(rig->file, sizeof rig->file, "%s/none/journal", rig->dir);
    rig_store(rig);
    rig_await(rig, &rig->fatal, 1);
    assert_non_null(strstr(rig->why, "identity"));
    /* A directory in its place is no reason to think there was none. */
    snprintf(rig->file, sizeof rig->file, "%s/appendonlydir", rig->dir);
    store_free(&rig->store);
    rig_store(rig);
    rig_await(rig, &rig->fatal, 1);
    assert_non_null(strstr(rig->why, "another relay"));
    memcpy(rig->file, good, sizeof good);
}

static void test_url(void **state)
{
    struct rig *rig = *state;
    struct store *store = NULL;
    struct store_config config = {
        .url = "http://x/", .journal_file = rig->file, .on_ready = rig_on_ready, .arg = rig};
    assert_int_equal(store_new(rig->loop, &config, &store), ERR_URL);
    assert_null(store);
}

/* --- nothing is sent to one that is not ready ------------------------------------------------ */

struct refused {
    struct rig *rig;
    int calls;
    int redis; /* with ERR_REDIS and nothing else */
};

static void count(struct refused *r, bool right)
{
    r->calls++;
    r->redis += right;
    loop_stop(r->rig->loop);
}

static void on_append(void *arg, const struct journal_appended *answer)
{
    count(arg, answer->err == ERR_REDIS);
}

static void on_page(void *arg, const struct journal_page *page)
{
    count(arg, page->err == ERR_REDIS && page->lines_n == 0);
}

static void on_body(void *arg, enum err err, struct span body)
{
    count(arg, err == ERR_REDIS && !body.p);
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    count(arg, err == ERR_REDIS && !member);
}

static void on_change(void *arg, const struct members_changed *answer)
{
    count(arg, answer->err == ERR_REDIS);
}

static void on_key(void *arg, enum err err, const struct keycache_entry *entry)
{
    count(arg, err == ERR_REDIS && !entry);
}

static void on_cursors(void *arg, enum err err)
{
    count(arg, err == ERR_REDIS);
}

static void on_claimed(void *arg, enum err err, uint64_t taken, uint64_t broken)
{
    (void)taken;
    (void)broken;
    count(arg, err == ERR_REDIS);
}

static void on_beat(void *arg, enum err err, const struct lease_table *table)
{
    count(arg, err == ERR_REDIS && !table);
}

static void on_trim(void *arg, const struct journal_trimmed *answer)
{
    count(arg, answer->err == ERR_REDIS);
}

static void on_recall(void *arg, const struct journal_recalled *answer)
{
    count(arg, answer->err == ERR_REDIS);
}

static void on_number(void *arg, enum err err, uint64_t n)
{
    count(arg, err == ERR_REDIS && n == 0);
}

static void on_audit(void *arg, const struct audit_page *page)
{
    count(arg, page->err == ERR_REDIS && page->list_n == 0);
}

enum { ASKED = 14 };

static void ask_everything(struct rig *rig, struct refused *r, struct cursors *cursors,
                           struct schedule *schedule)
{
    static struct change change = {.kind = CHANGE_SHARD, .shard = 1, .cursor = {.low = 5}};
    static const struct member member = {.host = "a.example"};
    static const uint8_t hash[32] = {1};
    const struct delta delta = {.list = &change, .n = 1};
    const struct journal_append append = {.from = SPAN("a.example"),
                                          .id_hash = hash,
                                          .what_hash = hash,
                                          .object_hash = hash,
                                          .audience = SPAN("z"),
                                          .body = SPAN("x")};
    const struct members_change members = {.after = &member};
    const struct journal_trim trim = {.now_ms = 1, .entries_ms = 1};
    const struct journal_recall recall = {.object_hash = hash, .object = SPAN("o")};
    const struct ledger_order order = {.order = ORDER_HOLD, .host = SPAN("a.example")};
    const struct audit_ask audit = {.most = 1};
    const struct keycache_entry key = {
        .owner = SPAN("o"), .inbox = SPAN("i"), .pem = SPAN("p"), .fetched_ms = 1};
    const struct leases_beat beat = {.nonce = "n", .name = "courier-0", .first = true};
    *r = (struct refused){.rig = rig};
    leases_beat(rig->store, &beat, on_beat, r);
    journal_append(rig->store, &append, on_append, r);
    journal_page(rig->store, LANE_BOTH, 0, 10, on_page, r);
    journal_body(rig->store, 1, on_body, r);
    members_get(rig->store, SPAN("a.example"), on_member, r);
    members_each(rig->store, MEMBERS_ALL, on_member, r);
    members_change(rig->store, &members, on_change, r);
    keycache_get(rig->store, "00", on_key, r);
    keycache_put(rig->store, "00", &key, 1000);
    journal_trim(rig->store, &trim, on_trim, r);
    journal_recall(rig->store, &recall, on_recall, r);
    ledger_order(rig->store, &order, on_number, r);
    audit_add(rig->store, &(struct audit_add){.note = SPAN("{}")}, on_number, r);
    audit_read(rig->store, &audit, on_audit, r);
    if (schedule)
        cursors_claim(cursors, schedule, UINT64_MAX, on_claimed, r);
    else
        cursors_commit(cursors, &delta, 1, on_cursors, r);
    assert_int_equal(r->calls, 0);
}

static void test_refused(void **state)
{
    static const char *const troubles[] = {NULL, "CONFIG SET appendonly no"};
    static const struct schedule_limits limits = {
        .in_flight = 1, .window = 1, .shards = 64, .owned = UINT64_MAX};
    struct rig *rig = *state;
    for (size_t i = 0; i < 2; i++) {
        struct refused claims, commits;
        struct schedule *schedule = schedule_new(&limits);
        rig_fresh(rig); /* so that there is an epoch that Redis would take */
        struct cursors *cursors = cursors_new(rig->store, "n"),
                       *other = cursors_new(rig->store, "m");
        if (troubles[i]) {
            ask(rig, "%s", troubles[i]);
            store_reset(rig->store);
            rig_await_why(rig, "appendonly");
            assert_int_equal(rig->fatal, 0); /* while it runs, that may be mended */
            assert_true(rig->troubles >> TROUBLE_PROMISE & 1);
        } else {
            child_signal(rig->server, SIGSTOP);
            store_reset(rig->store);
            rig_await(rig, &rig->not_ready, 1);
        }
        assert_int_equal(store_epoch(rig->store), 0);
        ask_everything(rig, &claims, cursors, schedule);
        ask_everything(rig, &commits, other, NULL);
        assert_true(rig_run(rig, &commits.calls, ASKED, 10000));
        rig_idle(rig, 20);
        assert_int_equal(claims.calls, ASKED);
        assert_int_equal(claims.redis, ASKED);
        assert_int_equal(commits.redis, ASKED);
        child_signal(rig->server, SIGCONT);
        assert_answer(rig, "1", "EVAL return(#redis.call('KEYS','*')) 0"); /* the log alone */
        ask(rig, "CONFIG SET appendonly yes");
        cursors_free(&cursors);
        cursors_free(&other);
        schedule_free(&schedule);
    }
}

/* Whoever waits is told in store_free(), whether it was sent or refused. */
static void test_freed(void **state)
{
    struct rig *rig = *state;
    for (int ready = 0; ready <= 1; ready++) {
        struct refused r = {.rig = rig};
        rig_fresh(rig);
        if (!ready)
            store_reset(rig->store);
        members_get(rig->store, SPAN("a.example"), on_member, &r);
        journal_page(rig->store, LANE_BOTH, 0, 10, on_page, &r);
        store_free(&rig->store);
        assert_int_equal(r.calls, 2);
        assert_int_equal(r.redis, 2);
    }
}

/* --- while it runs --------------------------------------------------------------------------- */

/* The connection alone goes: the same time line, and what is sent meanwhile is refused. */
static void test_connection_lost(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    uint64_t epoch = store_epoch(rig->store);
    struct post p = POST("C c1", "o1", .now = 1);
    assert_string_equal(post(rig, &p), "OK 1");
    ask(rig, "CLIENT KILL TYPE normal SKIPME yes");
    rig_await(rig, &rig->not_ready, 1);
    assert_non_null(strstr(rig->why, "no connection to Redis: "));
    assert_string_equal(post(rig, &p), "redis");
    rig_await(rig, &rig->ready, 2);
    assert_int_equal(store_epoch(rig->store), epoch);
    assert_int_equal(rig->fatal, 0);
    assert_string_equal(post(rig, &p), "DUP 1");
}

static void test_scripts_lost(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    struct post p = POST("C c1", "o1", .now = 1);
    assert_string_equal(post(rig, &p), "OK 1");
    assert_answer(rig, "OK", "SCRIPT FLUSH");
    p.what = "C c2", p.object = "o2";
    assert_string_equal(post(rig, &p), "OK 2");
}

/* The journal is gone under a running relay: said at the next word, whoever speaks. It is waited
 * for, and if it is put back all goes on. */
static void test_flushed(void **state)
{
    struct rig *rig = *state;
    const struct journal_trim trim = {.now_ms = 1};
    struct refused r = {.rig = rig};
    for (int trims = 0; trims <= 1; trims++) {
        rig_fresh(rig);
        struct post p = POST("C c1", "o1", .now = 1);
        assert_string_equal(post(rig, &p), "OK 1");
        ask(rig, "RENAME {weir}:log elsewhere");
        if (trims)
            journal_trim(rig->store, &trim, on_trim, &r);
        else
            assert_string_equal(post(rig, &p), "redis");
        rig_await_why(rig, "holds no journal");
        assert_non_null(strstr(rig->why, rig->file));
        assert_int_equal(rig->fatal, 0);
        assert_true(rig->troubles >> TROUBLE_EMPTY & 1);
        assert_answer(rig, "0", "EXISTS {weir}:log");
        ask(rig, "RENAME elsewhere {weir}:log");
        rig_await(rig, &rig->ready, 2);
        assert_string_equal(post(rig, &p), "DUP 1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),        cmocka_unit_test(test_mended),
        cmocka_unit_test(test_founds),          cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_no_file),         cmocka_unit_test(test_url),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_freed),
        cmocka_unit_test(test_connection_lost), cmocka_unit_test(test_scripts_lost),
        cmocka_unit_test(test_flushed),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
