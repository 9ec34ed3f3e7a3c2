/* append: the entry itself, its body, what an Announce leaves, another time line, a Redis that is
 * full. */

#include "tests/unit/store/journal_rig.h"

/* --- the entry itself ------------------------------------------------------------------------ */

static void test_entry(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    struct post p = {"C c1", "o1", .audience = "internal,partners", .now = 77,
                     .body = "{ \"a\": 1 }"};
    assert_string_equal(post(rig, &p), "OK 1");
    char expected[512];
    snprintf(expected, sizeof expected,
             "((%llu-1 (pv 0 k e t 77 a internal,partners g a.example oh o.example p 0 ty 0 u 14 "
             "i c1 o o1 c 63310000000000000000000000000000 an 0 len 10 "
             "ob 6f310000000000000000000000000000 ac 7002646038312743020 z internal)))",
             (unsigned long long)store_epoch(rig->store));
    assert_answer(rig, expected, "XRANGE {weir}:N - +");
    assert_answer(rig, "{ \"a\": 1 }", "GET {weir}:body:1");
    assert_answer(rig, "-1", "TTL {weir}:body:1");
    assert_answer(rig, "0",
                  "EVAL local\tn=0\tfor\t_,k\tin\tipairs(redis.call('KEYS','{weir}:seen:*'))do\t"
                  "if\tredis.call('TTL',k)<1200000\tthen\tn=n+1\tend\tend\treturn\tn 0");
    assert_answer(rig, "(1 1)", "HMGET {weir}:log n last");
    assert_answer(rig, "(1:6f310000)", "HVALS {weir}:seen:0:0");
}

/* --- an Announce ----------------------------------------------------------------------------- */

struct named {
    struct rig *rig;
    int calls;
    size_t n;
    char object[8][16], host[8][16];
};

static void on_named(void *arg, const struct journal_page *page)
{
    struct named *named = arg;
    named->calls++;
    named->n = page->lines_n;
    for (size_t i = 0; i < page->lines_n && i < 8; i++) {
        span_copy(page->lines[i].entry->object, named->object[i], 16);
        span_copy(page->lines[i].entry->object_host, named->host[i], 16);
    }
    loop_stop(named->rig->loop);
}

/* Our Undo names the object of our Announce, whatever its sender's Undo names; and it does not go
 * where that did not go. */
static bool undo_names_its_object(struct rig *rig)
{
    rig_fresh(rig);
    struct post announce = POST("A a1", "o1", .from = "b.example", .now = 1);
    struct post undo =
        POST("X x1", "a1", .from = "b.example", .now = 2, .object_host = "b.example");
    struct named named = {.rig = rig};
    post(rig, &announce);
    post(rig, &undo);
    journal_page(rig->store, LANE_BOTH, 0, 256, on_named, &named);
    rig_await(rig, &named.calls, 1);
    return named.n == 2 && strcmp(named.object[1], "o1") == 0 &&
           strcmp(named.host[1], "o.example") == 0;
}

/* 32 entries of an object, oldest first; Updates that were replaced make room. */
static bool entries_are_bounded(struct rig *rig)
{
    char what[16];
    rig_fresh(rig);
    for (int i = 1; i <= 40; i++) {
        snprintf(what, sizeof what, "%c k%d", i == 1 ? 'C' : 'U', i);
        struct post p = {what, "o1", .now = i};
        post(rig, &p);
    }
    return strcmp(ask(rig, "HGET {weir}:obj:6f310000000000000000000000000000 e"),
                  "1 10:0:internal 11:0:internal 12:0:internal 13:0:internal 14:0:internal "
                  "15:0:internal 16:0:internal 17:0:internal 18:0:internal 19:0:internal "
                  "20:0:internal 21:0:internal 22:0:internal 23:0:internal 24:0:internal "
                  "25:0:internal 26:0:internal 27:0:internal 28:0:internal 29:0:internal "
                  "30:0:internal 31:0:internal 32:0:internal 33:0:internal 34:0:internal "
                  "35:0:internal 36:0:internal 37:0:internal 38:0:internal 39:0:internal "
                  "40:0:internal") == 0;
}

static void test_announces(void **state)
{
    static const struct twin twins[] = {
        {"an Undo names the object of our Announce", undo_names_its_object, &script_append,
         "obj.objectid or A.objectid", "A.objectid"},
        {"an Undo stays away from the object's host", undo_names_its_object, &script_append,
         "obj.objecthost or A.objecthost", "A.objecthost"},
        {"the entries of an object are bounded", entries_are_bounded, &script_append,
         "while #list > MOST do", "while false do"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

struct body {
    struct rig *rig;
    int calls;
    enum err err;
    bool there;
    char text[64];
};

static void on_body(void *arg, enum err err, struct span text)
{
    struct body *body = arg;
    body->calls++;
    body->err = err;
    body->there = text.p != NULL;
    snprintf(body->text, sizeof body->text, "%.*s", SPAN_ARG(text));
    loop_stop(body->rig->loop);
}

static void test_body(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    struct post p = POST("C c1", "o1", .body = "bytes");
    assert_string_equal(post(rig, &p), "OK 1");
    struct body there = {.rig = rig}, gone = {.rig = rig};
    journal_body(rig->store, 1, on_body, &there);
    journal_body(rig->store, 2, on_body, &gone);
    rig_await(rig, &there.calls, 1);
    rig_await(rig, &gone.calls, 1);
    assert_true(there.err == ERR_OK && there.there);
    assert_string_equal(there.text, "bytes");
    assert_true(gone.err == ERR_OK && !gone.there);
}

/* AGAIN brings the record that is there now. */
static void test_again(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    struct changed changed;
    join(rig, "a.example", 0, NULL, &changed);
    assert_int_equal(changed.err, ERR_OK);
    struct posted posted;
    struct post p = POST("C c1", "o1");
    post_send(rig, &p, &posted);
    rig_await(rig, &posted.calls, 1);
    assert_string_equal(post_say(&posted), "AGAIN");
    struct member m;
    assert_true(member_read(span_of(posted.member), &m));
    assert_int_equal(m.ver, 1);
    p.ver = m.ver;
    assert_string_equal(post(rig, &p), "OK 2");
}

/* Many at once, each with its own number, the chain of `previous` unbroken, ids ascending. */
static void test_dense(void **state)
{
    enum { MANY = 300 };
    struct rig *rig = *state;
    rig_fresh(rig);
    static struct posted posted[MANY];
    char whats[MANY][12], objects[MANY][12];
    for (int i = 0; i < MANY; i++) {
        snprintf(whats[i], sizeof whats[i], "C c%d", i);
        snprintf(objects[i], sizeof objects[i], "o%d", i);
        struct post p = {whats[i], objects[i], .now = 1};
        post_send(rig, &p, &posted[i]);
    }
    rig_await(rig, &posted[MANY - 1].calls, 1);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(posted[i].n, i + 1);
    struct told first, rest;
    read_page(rig, 0, 256, &first);
    read_page(rig, 256, 256, &rest);
    assert_int_equal(first.lines_n, 256);
    assert_int_equal(rest.lines_n, MANY - 256);
    assert_int_equal(first.n, MANY);
    struct bytes all;
    bytes_init(&all, 1 << 20);
    for (int i = 1; i <= MANY; i++)
        bytes_addf(&all, "%s%d<%d Create internal =c%d", i > 1 ? "\n" : "", i, i - 1, i - 1);
    bytes_add_char(&first.text, '\n');
    bytes_add(&first.text, bytes_span(&rest.text));
    assert_string_equal(bytes_str(&first.text), bytes_str(&all));
    bytes_fini(&all);
    bytes_fini(&first.text);
    bytes_fini(&rest.text);
}

/* --- another time line ----------------------------------------------------------------------- */

static bool epoch_is_checked(struct rig *rig)
{
    uint64_t before = store_epoch(rig->store);
    struct post p = POST("C c1", "o1", .now = 1);
    ask(rig, "HSET {weir}:log epoch %llu run other", (unsigned long long)before + 5);
    if (strcmp(post(rig, &p), "redis") != 0)
        return false;
    rig_await(rig, &rig->ready, 2); /* it shook hands again */
    return rig->not_ready == 1 && store_epoch(rig->store) > before + 5 &&
           strcmp(post(rig, &p), "OK 1") == 0;
}

static void test_epoch(void **state)
{
    static const struct twin twins[] = {{"no append across time lines", epoch_is_checked,
                                         &script_append, "if log[1] ~= A.epoch", "if false"}};
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* A key of the wrong type: an answer, no half entry, and the next one goes through. */
static void test_wrong_type(void **state)
{
    static const char *const keys[] = {"log", "member:a.example",
                                       "obj:6f310000000000000000000000000000", "seen:0:0"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        rig_fresh(rig);
        ask(rig, "RENAMENX {weir}:%s {weir}:aside", keys[i]);
        ask(rig, "SET {weir}:%s x", keys[i]);
        struct post p = POST("C c1", "o1", .now = 1);
        assert_string_equal(post(rig, &p), "redis-reply");
        assert_answer(rig, "0", "EXISTS {weir}:N {weir}:body:1");
        ask(rig, "DEL {weir}:%s", keys[i]);
        ask(rig, "RENAMENX {weir}:aside {weir}:%s", keys[i]);
        assert_string_equal(post(rig, &p), "OK 1");
    }
}

/* Full: accepts are refused with nothing done, what settles is not, and afterwards all is well. */
static void test_full(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    struct post p = POST("C c1", "o1", .now = 1);
    assert_answer(rig, "OK", "CONFIG SET maxmemory 1");
    assert_string_equal(post(rig, &p), "redis-reply");
    struct changed changed;
    join(rig, "b.example", 0, "mail", &changed); /* who may have what is never put off */
    assert_int_equal(changed.err, ERR_OK);
    assert_answer(rig, "OK", "CONFIG SET maxmemory 0");
    assert_string_equal(post(rig, &p), "OK 3");
    assert_true(journal_is(rig, "1<0 join\n3<1 Create internal =c1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_announces),  cmocka_unit_test(test_entry),
        cmocka_unit_test(test_body),       cmocka_unit_test(test_again),
        cmocka_unit_test(test_dense),      cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_wrong_type), cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
