/* holdings: everything that is kept, read out, looked through, and put back, with a real Redis. */
#include "tests/unit/store/journal_rig.h"

#include "common/io/redis_resp.h"
#include "keys/digest.h"
#include "relay/store/refill.h"
#include "relay/store/scripts.h"
#include "relay/store/verify.h"

/* --- a journal with something of everything --------------------------------------------------- */

static void fill(struct rig *rig)
{
    struct post posts[] = {
        POST("C c1", "o1", .now = 1000), POST("C c2", "o2", .now = 1000, .body = "a\r\nbody"),
        POST("U u1", "o2", .now = 2000, .stamp = 2), POST("D d1", "o1", .now = 3000)};
    for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++)
        assert_true(strncmp(post(rig, &posts[i]), "OK ", 3) == 0);
    ask(rig, "HSET {weir}:shard:%u owner somebody seq 4 low 2 urgent 4",
        shard_of(SPAN("b.example"), STORE_SHARDS));
    ask(rig, "HSET {weir}:own:%u b.example 1", shard_of(SPAN("b.example"), STORE_SHARDS));
    ask(rig, "HSET {weir}:last:%u b.example 1:0:1:ok:202:5:9", shard_of(SPAN("b.example"), 64));
    ask(rig, "XADD {weir}:when:0 4-0 t 9 s 2");
    ask(rig, "XADD {weir}:when10:0 3-0 t 8 s 2");
    ask(rig, "XADD {weir}:when60:0 2-0 t 7 s 1");
    ask(rig, "XADD {weir}:when600:0 1-0 t 6 s 1");
    ask(rig, "HSET {weir}:gone 77 3");
    ask(rig, "HSET {weir}:lease somebody courier");
}

struct kept {
    enum holding_kind kind;
    char *key;
    int64_t expires_ms;
    struct redis_reply *value;
};

struct all {
    struct kept list[64];
    size_t n;
    struct verify *verify;
};

static enum err keep(void *arg, const struct holding *h)
{
    struct all *all = arg;
    assert_true(all->n < 64);
    all->list[all->n++] =
        (struct kept){h->kind, mem_copy(h->key), h->expires_ms, reply_copy(h->value)};
    return verify_take(all->verify, h);
}

static struct redis_plain *connected(struct rig *rig)
{
    struct redis_plain *redis;
    struct bytes why;
    bytes_init(&why, 1024);
    if (redis_plain_new(rig->url, -1, 5000, &why, &redis) != ERR_OK)
        fail_msg("%s", bytes_str(&why));
    bytes_fini(&why);
    return redis;
}

/* Reads all there is; *all is given back with all_fini(). */
static void all_read(struct rig *rig, struct all *all)
{
    struct redis_plain *redis = connected(rig);
    struct bytes why;
    bytes_init(&why, 1024);
    *all = (struct all){.verify = verify_new(sha256_hex)};
    assert_int_equal(holdings_read(redis, &why, keep, all), ERR_OK);
    bytes_fini(&why);
    redis_plain_free(&redis);
}

static void all_fini(struct all *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->list[i].key);
        reply_free(&all->list[i].value);
    }
    verify_free(&all->verify);
}

/* --- looked through --------------------------------------------------------------------------- */

/* A member of the registry, with commas for its blanks. */
#define AUTHOR(text)                                                                               \
    "EVAL return(redis.call('ZADD','{weir}:authors','0',(string.gsub('" text "',',','\\32')))) 0"

static void test_verify(void **state)
{
    /* What is done to it, and what is found: nothing where it is empty. */
    static const struct {
        const char *command, *found;
    } rows[] = {
        {"PING", ""},
        {"DEL {weir}:body:3", "body: that of entry 3 is missing\n"},
        {"SET {weir}:own:5 x", "own:5: it is a text, and should be a hash\n"},
        {"SET {weir}:objs:00ff x", "objs:00ff: it is a text, and should be a hash\n"},
        {"SET {weir}:aud x", "aud: it is a text, and should be a hash\n"},
        {"SADD {weir}:days x", "days: it is a set, and should be a hash\n"},
        {"EVAL return(redis.call('DEL','{weir}:gone')+redis.call('RPUSH','{weir}:gone','x')) 0",
         ""},
        {AUTHOR("https://a.example/u,y,list,1,1,a.example"), ""},
        {AUTHOR("https://a.example/u,n,operator,1,1,"), ""},
        {AUTHOR("https://a.example/u,maybe,list,1,1,x"),
         "authors: what it says of https://a.example/u maybe list 1 1 x can't be read\n"},
        {AUTHOR("nobody,y,list,1,1,x"),
         "authors: what it says of nobody y list 1 1 x can't be read\n"},
        {AUTHOR("https://a.example/u,y,dream,1,1,x"),
         "authors: what it says of https://a.example/u y dream 1 1 x can't be read\n"},
        {AUTHOR("https://a.example/u,y,list,1,x"),
         "authors: what it says of https://a.example/u y list 1 x can't be read\n"},
        {"SET {weir}:authors x", "authors: it is a text, and should be a scored\n"},
        {"EVAL return(redis.call('HSET','{weir}:out','77','3\\0325')) 0", ""},
        {"EVAL return(redis.call('HSET','{weir}:out','77','3\\032x')) 0",
         "out: the lines of 77 can't be read\n"},
        {"HSET {weir}:own:5 a.example ?", "own:5: a.example belongs to another shard\n"
                                          "own:5: the cursor of a.example can't be read\n"},
        {"HSET {weir}:log shards 0", "log: 0 shards, and it can only be 1 to 64\n"},
        {"SADD {weir}:members x.example", "members: x.example is listed and has no record\n"},
        {"XADD {weir}:audit 1-0 l x", "audit: line 1 can't be read\n"},
        {"HSET {weir}:log audit 3", "audit: its last line is 0, and 3 were written: lines are "
                                    "missing\n"},
        {"SET {weir}:audit x", "audit: it is a text, and should be a stream\n"},
        /* It is whole; the facts name another. */
        {"EVAL redis.call('XADD','{weir}:audit','1-0','l','{\"n\":1,\"prev\":\"'.."
         "string.rep('0',64)..'\"}')return(redis.call('HSET','{weir}:log','audit','1')) 0",
         "audit: its last line, 1, is not as it was written\n"},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct all all;
        rig_fresh(rig);
        fill(rig);
        ask(rig, "%s", rows[i].command);
        all_read(rig, &all);
        const struct verify_report *report = verify_end(all.verify);
        bool found = strncmp(bytes_str(&report->findings), rows[i].found,
                             rows[i].found[0] ? strlen(rows[i].found) : 1) == 0;
        if (!found && !(report->findings_n == 0 && !rows[i].found[0]))
            fail_msg("%s: %s", rows[i].command, bytes_str(&report->findings));
        all_fini(&all);
    }
}

/* --- put back --------------------------------------------------------------------------------- */

/* Everything but what a restore is to change: who owned what, and the facts of the journal. */
static bool stays(const struct kept *k)
{
    return strcmp(k->key, "log") != 0 && strcmp(k->key, "epochs") != 0 &&
           strncmp(k->key, "shard:", 6) != 0;
}

static void assert_same(const struct kept *a, const struct kept *b)
{
    struct bytes one;
    struct bytes other;
    bytes_init(&one, 1 << 20);
    bytes_init(&other, 1 << 20);
    reply_write(a->value, &one);
    reply_write(b->value, &other);
    assert_string_equal(a->key, b->key);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->expires_ms, b->expires_ms);
    if (stays(a) && !span_eq(bytes_span(&one), bytes_span(&other)))
        fail_msg("%s: %s, and was %s", a->key, bytes_str(&other), bytes_str(&one));
    bytes_fini(&one);
    bytes_fini(&other);
}

/* Into the same Redis, in the place of what is there, after a first time that was cut off; answers
 * what becomes of a post on the way. */
static bool put_back(struct rig *rig, const struct all *all, uint64_t *ret_epoch)
{
    struct bytes why;
    struct redis_plain *redis = connected(rig);
    const struct post late = POST("C c9", "o9", .now = 4000);
    bytes_init(&why, 1024);
    struct refill refill = {.redis = redis, .why = &why};
    assert_int_equal(refill_begin(&refill, 7, false), ERR_OK);
    assert_int_equal(refill_begin(&refill, 5, true), ERR_OK);
    bool refused = strcmp(post(rig, &late), "redis") == 0;
    if (refused)
        assert_answer(rig, "1", "DBSIZE"); /* that it is being filled, and nothing else */
    for (size_t i = 0; i < all->n; i++) {
        const struct kept *k = &all->list[i];
        const struct holding h = {k->kind, span_of(k->key), k->expires_ms, k->value};
        assert_int_equal(refill_put(&refill, &h), ERR_OK);
    }
    assert_int_equal(refill_end(&refill, SPAN("http://x.example"), ret_epoch), ERR_OK);
    redis_plain_free(&redis);
    bytes_fini(&why);
    return refused;
}

/* Of those who still work for the journal that is to be replaced, from the first moment on. */
static bool nobody_writes_meanwhile(struct rig *rig)
{
    const struct redis_reply *reply;
    const struct span words[] = {SPAN("begin"), SPAN("5"), SPAN("replace")};
    const struct post late = POST("C c9", "o9", .now = 4000);
    struct redis_plain *redis = connected(rig);
    assert_int_equal(redis_plain_script(redis, &script_restore, words, 3, &reply), ERR_OK);
    redis_plain_free(&redis);
    return strcmp(post(rig, &late), "redis") == 0;
}

static void test_refill(void **state)
{
    struct rig *rig = *state;
    struct all before;
    struct all after;
    uint64_t epoch;
    const struct post next = POST("C c9", "o9", .now = 4000);
    rig_fresh(rig);
    fill(rig);
    all_read(rig, &before);
    uint64_t was = store_epoch(rig->store);
    ask(rig, "SET {weir}:stray x");
    assert_true(put_back(rig, &before, &epoch));
    assert_true(epoch >= was);
    all_read(rig, &after);
    const struct verify_report *report = verify_end(after.verify);
    assert_string_equal(bytes_str(&report->findings), "");
    assert_string_equal(report->owner, "http://x.example");
    assert_int_equal(before.n + 1, after.n);
    for (size_t i = 0; i < before.n; i++) /* behind the facts: the epoch that has ended */
        assert_same(&before.list[i], &after.list[i + (i > 0)]);
    assert_string_equal(after.list[1].key, "epochs");
    assert_answer(rig, "0", "EXISTS {weir}:lease {weir}:restoring {weir}:stray");
    all_fini(&before);
    all_fini(&after);
    store_free(&rig->store);
    rig_store_ready(rig);
    assert_true(store_epoch(rig->store) > epoch);
    assert_string_equal(post(rig, &next), "OK 5");
}

/* An end before the facts have come is none. */
static void test_part(void **state)
{
    struct rig *rig = *state;
    struct bytes why;
    uint64_t epoch;
    rig_fresh(rig);
    struct redis_plain *redis = connected(rig);
    bytes_init(&why, 1024);
    struct refill refill = {.redis = redis, .why = &why};
    assert_int_equal(refill_begin(&refill, 0, true), ERR_OK);
    assert_int_equal(refill_end(&refill, SPAN(""), &epoch), ERR_REDIS_REPLY);
    assert_non_null(strstr(bytes_str(&why), "not the whole of a journal"));
    redis_plain_free(&redis);
    bytes_fini(&why);
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {{"nobody writes while it is replaced",
                                         nobody_writes_meanwhile, &script_restore,
                                         "if ARGV[3] == 'replace' then", "if false then"}};
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verify), cmocka_unit_test(test_refill),
                                       cmocka_unit_test(test_part), cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
