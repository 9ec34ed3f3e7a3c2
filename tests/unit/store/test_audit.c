/* audit: what people change is written down with the change itself, line behind line, each with the
 * hash of the one before; and a chain that was tampered with is found out. With a real Redis. */
#include "tests/unit/store/ledger_rig.h"

#include "keys/digest.h"
#include "relay/rules/audit_chain.h"
#include "relay/rules/audit_note.h"
#include "relay/store/audit.h"

#define NOTE(verb) "{\"verb\":\"" verb "\"}"

/* --- what a test does ------------------------------------------------------------------------- */

struct added {
    struct rig *rig;
    int calls;
    enum err err;
    uint64_t n;
};

static void on_added(void *arg, enum err err, uint64_t n)
{
    struct added *a = arg;
    a->calls++;
    a->err = err;
    a->n = n;
    loop_stop(a->rig->loop);
}

static struct added add(struct rig *rig, struct span note)
{
    struct added a = {.rig = rig};
    audit_add(rig->store, &(struct audit_add){.note = note}, on_added, &a);
    assert_int_equal(a.calls, 0);
    rig_await(rig, &a.calls, 1);
    return a;
}

/* Number n, or none. */
static bool added(struct rig *rig, const char *note, uint64_t n)
{
    struct added a = add(rig, span_of(note));
    return n ? a.err == ERR_OK && a.n == n : a.err != ERR_OK;
}

/* A suspension, by a record made from version ver. */
static enum err suspend(struct rig *rig, uint64_t ver, const char *note)
{
    struct member m = {.state = MEMBER_SUSPENDED, .ver = ver + 1};
    struct changed changed = {.rig = rig};
    snprintf(m.host, sizeof m.host, "a.example");
    const struct members_change change = {
        .after = &m, .ver = ver, .event = EVENT_SUSPEND, .note = span_of(note)};
    members_change(rig->store, &change, on_member_changed, &changed);
    rig_await(rig, &changed.calls, 1);
    return changed.err;
}

static enum err order(struct rig *rig, enum book_order what, uint64_t of, const char *note)
{
    struct added a = {.rig = rig};
    const struct ledger_order ask = {
        .order = what, .host = SPAN("a.example"), .of = of, .note = span_of(note), .now_ms = 5};
    ledger_order(rig->store, &ask, on_added, &a);
    rig_await(rig, &a.calls, 1);
    return a.err;
}

struct recalled {
    struct rig *rig;
    int calls;
    enum err err;
};

static void on_recalled(void *arg, const struct journal_recalled *answer)
{
    struct recalled *r = arg;
    r->calls++;
    r->err = answer->err;
    loop_stop(r->rig->loop);
}

static enum err recall(struct rig *rig, const char *object, const char *note)
{
    struct recalled r = {.rig = rig};
    struct fake_hash hash = fake_hash(object);
    const struct journal_recall ask = {.object_hash = hash.bytes,
                                       .object = span_of(object),
                                       .object_host = SPAN("o.example"),
                                       .reason = SPAN("why not"),
                                       .note = span_of(note),
                                       .now_ms = 9};
    journal_recall(rig->store, &ask, on_recalled, &r);
    rig_await(rig, &r.calls, 1);
    return r.err;
}

/* --- what it finds ---------------------------------------------------------------------------- */

struct page {
    struct rig *rig;
    int calls;
    enum err err;
    uint64_t n;
    char hash[65], config[65];
    struct bytes text;        /* the lines */
    struct audit_chain chain; /* over all of them */
    struct bytes why;         /* of the first that does not fit; empty: all do */
};

static void on_page(void *arg, const struct audit_page *page)
{
    struct page *p = arg;
    p->calls++;
    p->err = page->err;
    p->n = page->n;
    span_copy(page->hash, p->hash, sizeof p->hash);
    span_copy(page->config, p->config, sizeof p->config);
    for (size_t i = 0; i < page->list_n; i++) {
        bytes_addf(&p->text, "%.*s\n", SPAN_ARG(page->list[i]));
        if (!p->why.n)
            audit_chain_take(&p->chain, page->list[i], &p->why);
    }
    loop_stop(p->rig->loop);
}

/* The caller gives it back with page_fini(). */
static void read_log(struct rig *rig, const struct audit_ask *what, struct page *ret)
{
    *ret = (struct page){.rig = rig, .chain.hash_of = sha256_hex};
    bytes_init(&ret->text, 1 << 20);
    bytes_init(&ret->why, 512);
    audit_read(rig->store, what, on_page, ret);
    assert_int_equal(ret->calls, 0);
    rig_await(rig, &ret->calls, 1);
}

static void page_fini(struct page *p)
{
    bytes_fini(&p->text);
    bytes_fini(&p->why);
}

/* All of it: what is wrong with the chain, or with what is said of its head; empty: nothing. */
static const char *trouble_of(struct rig *rig)
{
    static char text[512];
    struct page p;
    read_log(rig, &(struct audit_ask){.most = AUDIT_PAGE_MAX}, &p);
    bool ends = p.chain.n == p.n && (!p.n || strcmp(p.chain.hash, p.hash) == 0);
    snprintf(text, sizeof text, "%s", p.why.n ? bytes_str(&p.why) : ends ? "" : "another head");
    page_fini(&p);
    return text;
}

/* The verbs of the lines, and the lines of the journal that they stand for: `a 3, b`. */
static bool verbs_are(struct rig *rig, const char *expected)
{
    struct page p;
    char found[256] = "";
    read_log(rig, &(struct audit_ask){.most = AUDIT_PAGE_MAX}, &p);
    struct span rest = bytes_span(&p.text);
    while (rest.n) {
        const struct json_limits limits = {8, 99, 99};
        struct json *json = NULL;
        int64_t line = 0;
        assert_int_equal(json_read(span_cut(&rest, '\n'), &limits, &json), ERR_OK);
        size_t n = strlen(found);
        snprintf(found + n, sizeof found - n, "%s%.*s", n ? ", " : "",
                 SPAN_ARG(json_text(json_get(json, "verb"))));
        n = strlen(found);
        if (json_int(json_get(json, "line"), &line))
            snprintf(found + n, sizeof found - n, " %d", (int)line);
        json_free(&json);
    }
    page_fini(&p);
    if (strcmp(found, expected) == 0)
        return true;
    if (!rig->broken)
        print_message("%s, not %s\n", found, expected);
    return false;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void test_line(void **state)
{
    struct rig *rig = *state;
    const struct audit_by by = {"alice", "cli", "a \"reason\""};
    const struct audit_note note = {.by = &by,
                                    .verb = "member suspend",
                                    .target = SPAN("a.example"),
                                    .before = SPAN("{\"state\":\"active\"}"),
                                    .after = SPAN("{\"state\":\"suspended\"}"),
                                    .now_ms = 1767323045678};
    struct page p;
    struct bytes text;
    struct bytes expected;
    rig_fresh(rig);
    bytes_init(&text, AUDIT_NOTE_MAX);
    bytes_init(&expected, AUDIT_NOTE_MAX);
    audit_write(&note, &text);
    assert_int_equal(add(rig, bytes_span(&text)).n, 1);
    read_log(rig, &(struct audit_ask){.newest = true, .most = 1}, &p);
    bytes_addf(&expected,
               "{\"n\":1,\"epoch\":%llu,\"prev\":\"%064d\",\"time\":\"2026-01-02T03:04:05.678Z\","
               "\"who\":\"alice\",\"via\":\"cli\",\"verb\":\"member suspend\","
               "\"target\":\"a.example\",\"before\":{\"state\":\"active\"},"
               "\"after\":{\"state\":\"suspended\"},\"reason\":\"a \\\"reason\\\"\"}\n",
               (unsigned long long)store_epoch(rig->store), 0);
    assert_string_equal(bytes_str(&p.text), bytes_str(&expected));
    assert_int_equal(p.n, 1);
    assert_string_equal(p.hash, p.chain.hash);
    page_fini(&p);
    bytes_fini(&text);
    bytes_fini(&expected);
}

/* Redis has no SHA-256: that of the script is right for every length of the last block, and for
 * bytes of every value. */
static bool hashes_are_right(struct rig *rig)
{
    struct bytes note;
    bool right = true;
    bytes_init(&note, AUDIT_NOTE_MAX);
    for (int n = 0; right && n < 140; n++) {
        bytes_clear(&note);
        bytes_add_str(&note, "{\"verb\":\"");
        for (int i = 0; i < n; i++)
            bytes_addf(&note, "%c%c", 0xc2 + (i * 7 + n) % 30, 0x80 + (i * 11 + n) % 64);
        bytes_add_str(&note, n % 2 ? "\",\"x\":1}" : "\"}");
        right = add(rig, bytes_span(&note)).n == (uint64_t)n + 1 && !*trouble_of(rig);
    }
    bytes_fini(&note);
    return right;
}

static bool lines_follow_each_other(struct rig *rig)
{
    return added(rig, NOTE("a"), 1) && added(rig, NOTE("b"), 2) && added(rig, NOTE("c"), 3) &&
           verbs_are(rig, "a, b, c") && !*trouble_of(rig);
}

static bool pages_are_read(struct rig *rig)
{
    static const struct {
        struct audit_ask ask;
        const char *verbs;
    } rows[] = {{{.after = 0, .most = 2}, "12"},     {{.after = 2, .most = 2}, "34"},
                {{.after = 4, .most = 2}, "5"},      {{.after = 5, .most = 2}, ""},
                {{.newest = true, .most = 2}, "45"}, {{.newest = true, .most = 9}, "12345"}};
    bool right = true;
    for (int i = 1; i <= 5; i++)
        add(rig, SPAN(NOTE("v")));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct page p;
        char found[16] = "";
        read_log(rig, &rows[i].ask, &p);
        struct span rest = bytes_span(&p.text);
        while (rest.n) {
            struct span line = span_cut(&rest, '\n');
            snprintf(found + strlen(found), 2, "%c", line.p[5]);
        }
        right = right && strcmp(found, rows[i].verbs) == 0 && p.n == 5;
        page_fini(&p);
    }
    return right;
}

/* --- with the change itself ------------------------------------------------------------------- */

static bool changes_are_written_down(struct rig *rig)
{
    struct post p = POST("C c1", "o1", .now = 1, .ver = 2);
    return suspend(rig, 0, NOTE("member suspend")) == ERR_OK && /* line 1 */
           suspend(rig, 0, NOTE("late")) == ERR_AGAIN && suspend(rig, 1, "") == ERR_OK &&
           strcmp(post(rig, &p), "OK 3") == 0 &&
           recall(rig, "o1", NOTE("recall")) == ERR_OK && /* 4 */
           recall(rig, "o1", NOTE("twice")) == ERR_OBJECT_GONE &&
           recall(rig, "o2", NOTE("unknown")) == ERR_NOT_KNOWN &&
           order(rig, ORDER_HOLD, 0, NOTE("queue hold")) == ERR_OK && /* 5 */
           order(rig, ORDER_WAKE, 0, "") == ERR_OK &&
           order(rig, ORDER_DROP, 3, NOTE("no letter")) == ERR_NO_SUCH_LETTER &&
           verbs_are(rig, "member suspend 1, recall 4, queue hold 5") && !*trouble_of(rig);
}

/* What can't be written down is not done. */
static bool nothing_is_done_unwritten(struct rig *rig)
{
    struct post p = POST("C c1", "o1", .now = 1, .ver = 1);
    if (suspend(rig, 0, "") != ERR_OK || strcmp(post(rig, &p), "OK 2") != 0)
        return false;
    ask(rig, "SET {weir}:audit x");
    bool refused = suspend(rig, 1, NOTE("a")) == ERR_UNREADABLE &&
                   recall(rig, "o1", NOTE("b")) == ERR_UNREADABLE &&
                   order(rig, ORDER_HOLD, 0, NOTE("c")) == ERR_UNREADABLE &&
                   add(rig, SPAN(NOTE("d"))).err == ERR_UNREADABLE;
    struct page page;
    read_log(rig, &(struct audit_ask){.most = 9}, &page);
    refused = refused && page.err == ERR_UNREADABLE;
    page_fini(&page);
    /* What no person does goes on. */
    return refused && strcmp(ask(rig, "HGET {weir}:log n"), "2") == 0 &&
           suspend(rig, 1, "") == ERR_OK;
}

/* Which configuration is in force is remembered, with a line or without. */
static bool config_is_remembered(struct rig *rig)
{
    static const struct {
        struct audit_add add;
        const char *known;
        uint64_t n;
    } rows[] = {{{{NOTE("a"), sizeof(NOTE("a")) - 1}, {NULL, 0}}, "", 1},
                {{{NULL, 0}, {"c1", 2}}, "c1", 0},
                {{{NOTE("b"), sizeof(NOTE("b")) - 1}, {"c2", 2}}, "c2", 2},
                {{{NOTE("c"), sizeof(NOTE("c")) - 1}, {NULL, 0}}, "c2", 3}};
    bool right = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct added a = {.rig = rig};
        struct page p;
        audit_add(rig->store, &rows[i].add, on_added, &a);
        rig_await(rig, &a.calls, 1);
        read_log(rig, &(struct audit_ask){.newest = true, .most = 9}, &p);
        right =
            right && a.err == ERR_OK && a.n == rows[i].n && strcmp(p.config, rows[i].known) == 0;
        page_fini(&p);
    }
    return right && verbs_are(rig, "a, b, c") && !*trouble_of(rig);
}

static bool epoch_is_checked(struct rig *rig)
{
    ask(rig, "HSET {weir}:log epoch 5 run other");
    return added(rig, NOTE("a"), 0) && strcmp(ask(rig, "EXISTS {weir}:audit"), "0") == 0;
}

/* --- tampering -------------------------------------------------------------------------------- */

/* Line n once more, with `was` replaced: those behind it are written again. */
#define REWRITE(n, was, is)                                                                        \
    "EVAL local\tall=redis.call('XRANGE','{weir}:audit','-','+')redis.call('DEL','{weir}:audit')"  \
    "for\ti,e\tin\tipairs(all)do\tredis.call('XADD','{weir}:audit',e[1],'l',i==" #n                \
    "\tand\t(string.gsub(e[2][2],'" was "','" is "'))or\te[2][2])end\treturn(1) 0"

static void test_tampering(void **state)
{
    static const struct {
        const char *command, *found;
    } rows[] = {
        {"PING", ""},
        {REWRITE(2, "ww", "wz"),
         "line 2 is not as it was written: line 3 names another hash of it"},
        {REWRITE(1, "vv", "vz"),
         "line 1 is not as it was written: line 2 names another hash of it"},
        {REWRITE(4, "yy", "yz"), "another head"}, /* the last */
        {"XDEL {weir}:audit 2-0", "line 2 is missing"},
        {"XDEL {weir}:audit 1-0", "line 1 is missing"},
        {"XDEL {weir}:audit 2-0 3-0", "lines 2 to 3 are missing"},
        {"XDEL {weir}:audit 4-0", "another head"},
        {"DEL {weir}:audit", "another head"},
        {REWRITE(3, "\"n\":3", "\"n\":2"), "behind line 2 stands line 2"},
        {REWRITE(3, "{", ""), "line 3 can't be read"},
        {REWRITE(1, "000", "001"), "line 1 names a line before it"},
    };
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rig_fresh(rig);
        assert_true(added(rig, NOTE("vv"), 1) && added(rig, NOTE("ww"), 2) &&
                    added(rig, NOTE("xx"), 3) && added(rig, NOTE("yy"), 4));
        ask(rig, "%s", rows[i].command);
        const char *found = trouble_of(rig);
        if (strcmp(found, rows[i].found) != 0)
            fail_msg("%s: %s, not %s", rows[i].command, found, rows[i].found);
    }
}

/* What is gone at the end stays visible when more is written behind it. */
static bool a_lost_end_stays_lost(struct rig *rig)
{
    if (!added(rig, NOTE("a"), 1) || !added(rig, NOTE("b"), 2))
        return false;
    ask(rig, "XDEL {weir}:audit 2-0");
    if (!added(rig, NOTE("c"), 3) || strcmp(trouble_of(rig), "line 2 is missing") != 0)
        return false;
    ask(rig, "DEL {weir}:audit");
    return added(rig, NOTE("d"), 4) && strcmp(trouble_of(rig), "lines 1 to 3 are missing") == 0;
}

/* The last line, changed before another comes: that one names what was written. */
static bool a_changed_last_line_shows(struct rig *rig)
{
    if (!added(rig, NOTE("vv"), 1))
        return false;
    ask(rig, "%s", REWRITE(1, "vv", "vz"));
    return added(rig, NOTE("b"), 2) &&
           strcmp(trouble_of(rig),
                  "line 1 is not as it was written: line 2 names another hash of it") == 0;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"hashes are right", hashes_are_right, &script_audit, "(55 - #text) % 64",
         "(56 - #text) % 64"},
        {"hashes are right", hashes_are_right, &script_audit, "0xc67178f2", "0xc67178f3"},
        {"lines follow each other", lines_follow_each_other, &script_audit, "(before or",
         "(nil or"},
        {"pages are read", pages_are_read, &script_auditread, "#newest, 1, -1", "1, #newest"},
        {"members", changes_are_written_down, &script_control, "if note ~= '' then audit(",
         "if false then audit("},
        {"orders", changes_are_written_down, &script_order, "if note ~= '' then audit(",
         "if false then audit("},
        {"recalls", changes_are_written_down, &script_append, "if A.note ~= '' then audit(",
         "if false then audit("},
        {"nothing unwritten", nothing_is_done_unwritten, &script_control,
         "if note ~= '' and audit_spoiled() then", "if false then"},
        {"nothing unwritten", nothing_is_done_unwritten, &script_order,
         "(note ~= '' and audit_spoiled())", "nil"},
        {"nothing unwritten", nothing_is_done_unwritten, &script_append,
         "A.note ~= '' and audit_spoiled()", "false"},
        {"a configuration", config_is_remembered, &script_audit, "ARGV[3] and ARGV[3] ~= ''",
         "ARGV[3]"},
        {"a configuration", config_is_remembered, &script_audit, "if ARGV[2] == '' then",
         "if false then"},
        {"no line across time lines", epoch_is_checked, &script_audit, "ARGV[1] ~= epoch", "false"},
        {"a lost end", a_lost_end_stays_lost, &script_audit, "tonumber(log[1] or '0')", "0"},
        {"a changed last line", a_changed_last_line_shows, &script_audit, "'0'), log[2]",
         "'0'), nil"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_tampering),
                                       cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
