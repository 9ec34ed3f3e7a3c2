/* member_text: a record is read as it was written, one of the first version as well, and what
 * cannot be is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/member.h"
#include "relay/rules/policy.h"

enum { NOW = 1000000 };

static void set(char *out, const char *text, size_t size)
{
    assert_true(span_copy(span_of(text), out, size));
}
#define SET(field, text) set(field, text, sizeof(field))

static const struct member_follower first = {
    .actor = "https://b.example/actor", .follow = "https://b.example/follow/1", .accepted = true};

/* Active since entry 10. */
static struct member sample(void)
{
    struct member m = {.state = MEMBER_ACTIVE, .since_ms = 7, .ver = 3, .spans_n = 1};
    SET(m.host, "b.example");
    SET(m.zone, "partners");
    member_bring(&m, &first, SPAN("https://b.example/old-inbox"));
    m.spans[0] = (struct member_span){10, MEMBER_SPAN_OPEN, "partners"};
    return m;
}

static void test_text(void **state)
{
    (void)state;
    struct member m = sample(), back;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    m.until_ms = 1830000000000;
    m.placed = true;
    m.spans[1] = m.spans[0];
    m.spans[0].to = 15;
    m.spans[1].from = 17;
    m.spans_n = 2;
    m.role = MEMBER_ROLE_RECEIVE_ONLY;
    SET(m.sponsor, "bob@corp.example");
    SET(m.note, "a pilot");
    SET(m.software, "a \"b\"\n");
    m.inboxes[7] = (struct member_inbox){"https://b.example/in", STYLE_LITEPUB, 12};
    m.inboxes[3].from = 11; /* was used until then */
    m.followers[m.followers_n++] = (struct member_follower){.actor = "https://b.example/relay",
                                                            .follow = "https://b.example/f",
                                                            .inbox = 7,
                                                            .style = STYLE_LITEPUB,
                                                            .machine = true,
                                                            .accepted = true,
                                                            .back = BACK_REJECTED,
                                                            .asked = 9};
    member_write(&m, &out);
    assert_string_equal(
        bytes_str(&out),
        "{\"host\":\"b.example\",\"state\":\"active\",\"zone\":\"partners\",\"placed\":true,"
        "\"inboxes\":["
        "{\"slot\":0,\"url\":\"https://b.example/old-inbox\",\"style\":\"public\",\"from\":0},"
        "{\"slot\":3,\"from\":11},"
        "{\"slot\":7,\"url\":\"https://b.example/in\",\"style\":\"litepub\",\"from\":12}],"
        "\"followers\":["
        "{\"actor\":\"https://b.example/actor\",\"follow\":\"https://b.example/follow/1\","
        "\"inbox\":0,\"style\":\"public\",\"machine\":false,\"accepted\":true,"
        "\"back\":\"none\",\"asked\":0},"
        "{\"actor\":\"https://b.example/relay\",\"follow\":\"https://b.example/f\","
        "\"inbox\":7,\"style\":\"litepub\",\"machine\":true,\"accepted\":true,"
        "\"back\":\"rejected\",\"asked\":9}],"
        "\"role\":\"receive-only\",\"sponsor\":\"bob@corp.example\",\"note\":\"a pilot\","
        "\"software\":\"a \\\"b\\\"\\n\","
        "\"since\":7,\"until\":1830000000000,\"ver\":3,\"spans\":["
        "{\"from\":10,\"to\":15,\"zone\":\"partners\"},{\"from\":17,\"zone\":\"partners\"}]}");
    assert_true(member_read(bytes_span(&out), &back));
    struct bytes again;
    bytes_init(&again, MEMBER_TEXT_MAX);
    member_write(&back, &again);
    assert_string_equal(bytes_str(&again), bytes_str(&out));
    assert_true(back.spans[1].to == MEMBER_SPAN_OPEN);
    assert_true(back.placed);
    bytes_fini(&again);
    bytes_fini(&out);
}

/* A number that is not known yet stands there in full, so that the store can put in the right one.
 */
static void test_text_mark(void **state)
{
    (void)state;
    struct member with = sample();
    struct member_change change;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    assert_int_equal(
        member_apply(NULL, EVENT_FOLLOW, &with, JOIN_OPEN, UINT64_MAX - 1, NOW, &change), ERR_OK);
    member_write(&change.after, &out);
    assert_non_null(strstr(bytes_str(&out), "\"spans\":[{\"from\":18446744073709551614,\"zone\""));
    assert_non_null(strstr(bytes_str(&out), "\"style\":\"public\",\"from\":18446744073709551614}"));
    bytes_clear(&out);
    struct member before = sample();
    assert_int_equal(
        member_apply(&before, EVENT_UNDO, &with, JOIN_OPEN, UINT64_MAX - 1, NOW, &change), ERR_OK);
    member_write(&change.after, &out);
    assert_non_null(strstr(bytes_str(&out), "{\"from\":10,\"to\":18446744073709551614,"));
    assert_non_null(strstr(bytes_str(&out), "[{\"slot\":0,\"from\":18446744073709551614}]"));
    bytes_fini(&out);
}

/* Where the last one got its mail is kept of who left by itself, as long as it stays away. */
static void test_text_farewell(void **state)
{
    (void)state;
    struct member before = sample();
    struct member back;
    struct member_change change;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    assert_int_equal(member_apply(&before, EVENT_UNDO, &before, JOIN_OPEN, 20, NOW, &change),
                     ERR_OK);
    member_write(&change.after, &out);
    assert_non_null(strstr(bytes_str(&out),
                           "\"inboxes\":[{\"slot\":0,\"from\":20}],\"farewell\":{\"slot\":0,"
                           "\"url\":\"https://b.example/old-inbox\",\"style\":\"public\","
                           "\"from\":0},"));
    assert_true(member_read(bytes_span(&out), &back));
    assert_string_equal(back.farewell.url, "https://b.example/old-inbox");
    assert_int_equal(back.since_ms, NOW);
    struct member with = sample();
    assert_int_equal(member_apply(&back, EVENT_FOLLOW, &with, JOIN_OPEN, 30, NOW, &change), ERR_OK);
    assert_string_equal(change.after.farewell.url, "");
    /* Until when it was told what is taken back. */
    assert_int_equal(member_apply(&back, EVENT_INVITE, &with, JOIN_OPEN, 30, NOW, &change), ERR_OK);
    assert_string_equal(change.after.farewell.url, "");
    assert_int_equal(change.after.inboxes[0].from, 30);
    before = sample();
    before.state = MEMBER_SUSPENDED; /* not of who may get nothing */
    assert_int_equal(member_apply(&before, EVENT_UNDO, &before, JOIN_OPEN, 20, NOW, &change),
                     ERR_OK);
    assert_string_equal(change.after.farewell.url, "");
    bytes_fini(&out);
}

/* Whose inbox is gone: that is known of it until it comes back. */
static void test_text_gone(void **state)
{
    (void)state;
    struct member before = sample();
    struct member back;
    struct member_change change;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    assert_int_equal(member_apply(&before, EVENT_GONE, NULL, JOIN_OPEN, 20, NOW, &change), ERR_OK);
    assert_true(change.after.gone);
    member_write(&change.after, &out);
    assert_true(member_read(bytes_span(&out), &back));
    assert_true(back.gone);
    struct member with = sample();
    assert_int_equal(member_apply(&back, EVENT_FOLLOW, &with, JOIN_OPEN, 30, NOW, &change), ERR_OK);
    assert_false(change.after.gone);
    bytes_clear(&out);
    member_write(&change.after, &out);
    assert_null(strstr(bytes_str(&out), "gone"));
    bytes_fini(&out);
}

/* The same of who is suspended because its inbox was not there. */
static void test_text_lost(void **state)
{
    (void)state;
    struct member before = sample();
    struct member back;
    struct member_change change;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    assert_int_equal(member_apply(&before, EVENT_LOST, &before, JOIN_OPEN, 20, NOW, &change),
                     ERR_OK);
    member_write(&change.after, &out);
    assert_true(member_read(bytes_span(&out), &back));
    assert_true(back.lost);
    assert_false(back.gone);
    assert_int_equal(member_apply(&back, EVENT_RESUME, NULL, JOIN_OPEN, 30, NOW, &change), ERR_OK);
    assert_false(change.after.lost);
    bytes_clear(&out);
    member_write(&change.after, &out);
    assert_null(strstr(bytes_str(&out), "lost"));
    bytes_fini(&out);
}

/* The longest there can be fits. */
static void test_text_longest(void **state)
{
    (void)state;
    struct member m = {.state = MEMBER_SUSPENDED, .ver = INT64_MAX}, back;
    struct bytes out;
    bytes_init(&out, MEMBER_TEXT_MAX);
    memset(m.host, '\x01', sizeof(m.host) - 1);
    memset(m.zone, '\x01', sizeof(m.zone) - 1);
    for (unsigned i = 0; i < MEMBER_INBOXES_MAX; i++) {
        memset(m.inboxes[i].url, '\x01', sizeof(m.inboxes[i].url) - 1);
        m.inboxes[i].from = INT64_MAX;
    }
    for (m.followers_n = 0; m.followers_n < MEMBER_FOLLOWERS_MAX; m.followers_n++) {
        struct member_follower *f = &m.followers[m.followers_n];
        memset(f->actor, '\x01', sizeof(f->actor) - 1);
        f->actor[0] = (char)('a' + m.followers_n);
        memset(f->follow, '\x01', sizeof(f->follow) - 1);
        f->asked = INT64_MAX;
        f->style = STYLE_LITEPUB;
        f->back = BACK_ACCEPTED;
    }
    memset(m.software, '\x01', sizeof(m.software) - 1);
    for (uint64_t i = 0; i < MEMBER_SPANS_MAX; i++) {
        m.spans[i] =
            (struct member_span){.from = INT64_MAX - 100 + 2 * i, .to = INT64_MAX - 99 + 2 * i};
        memset(m.spans[i].zone, '\x01', sizeof(m.spans[i].zone) - 1);
    }
    m.spans_n = MEMBER_SPANS_MAX;
    member_write(&m, &out);
    assert_false(out.over);
    assert_true(member_read(bytes_span(&out), &back));
    assert_string_equal(back.spans[31].zone, m.spans[31].zone);
    assert_true(back.spans[31].to == m.spans[31].to);
    assert_int_equal(back.followers_n, MEMBER_FOLLOWERS_MAX);
    assert_string_equal(back.followers[15].follow, m.followers[15].follow);
    assert_string_equal(back.inboxes[7].url, m.inboxes[7].url);
    bytes_fini(&out);
}

#define OK          "\"host\":\"b\",\"state\":\"active\""
#define LEFT        "\"host\":\"b\",\"state\":\"left\",\"inboxes\":[]"
#define INBOX(slot) "{\"slot\":" #slot ",\"url\":\"u\",\"style\":\"public\"}"
#define WHO(actor, inbox, style)                                                                   \
    "{\"actor\":\"" actor "\",\"inbox\":" #inbox ",\"style\":\"" style "\",\"back\":\"none\"}"
#define Z64 "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
static const struct {
    const char *text;
    bool ok;
} bad_rows[] = {
    {"{" OK "}", true},
    {"{" OK ",\"later\":{\"x\":1}}", true},
    {"{" OK ",\"spans\":[{\"from\":1,\"to\":2},{\"from\":2}]}", true},
    {"", false},
    {"{}", false},
    {"[]", false},
    {"null", false},
    {"{\"state\":\"active\"}", false},
    {"{\"host\":\"\",\"state\":\"active\"}", false},
    {"{\"host\":\"b\",\"state\":\"dead\"}", false},
    {"{\"host\":\"b\"}", false},
    {"{" OK ",\"zone\":7}", false},
    {"{" OK ",\"zone\":null}", false},
    {"{" OK ",\"zone\":\"" Z64 "\"}", false},
    {"{" OK ",\"role\":\"publish-only\"}", true},
    {"{" OK ",\"role\":\"boss\"}", false},
    {"{" OK ",\"role\":7}", false},
    {"{" OK ",\"role\":null}", false},
    {"{" OK ",\"sponsor\":7}", false},
    {"{" OK ",\"sponsor\":\"" Z64 Z64 Z64 Z64 "\"}", false},
    {"{" OK ",\"note\":[]}", false},
    {"{" OK ",\"since\":-1}", false},
    {"{" OK ",\"since\":1.5}", false},
    {"{" OK ",\"ver\":\"3\"}", false},
    {"{" OK ",\"spans\":[7]}", false},
    {"{" OK ",\"spans\":[{\"from\":2,\"to\":2}]}", false},
    {"{" OK ",\"spans\":[{\"from\":3,\"to\":2}]}", false},
    {"{" OK ",\"spans\":[{\"from\":1},{\"from\":5}]}", false},
    {"{" OK ",\"spans\":[{\"from\":1,\"to\":5},{\"from\":4}]}", false},
    {"{" OK ",\"host\":\"c\"}", false},
    /* farewell */
    {"{" LEFT ",\"farewell\":" INBOX(7) "}", true},
    {"{" LEFT ",\"farewell\":" INBOX(8) "}", false},
    {"{" LEFT ",\"farewell\":{\"slot\":0,\"from\":1}}", false},
    {"{" LEFT ",\"farewell\":7}", false},
    {"{" OK ",\"inboxes\":[],\"farewell\":" INBOX(7) "}", false},
    /* inboxes */
    {"{" OK ",\"inboxes\":[" INBOX(0) "," INBOX(7) "]}", true},
    {"{" OK ",\"inboxes\":[" INBOX(0) "," INBOX(0) "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(8) "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(-1) "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0.5) "]}", false},
    {"{" OK ",\"inboxes\":[7]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":7,\"from\":1}],\"followers\":[]}", true},
    {"{" OK ",\"inboxes\":[{\"slot\":8,\"from\":1}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":-1,\"from\":1}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"from\":0}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":\"u\",\"from\":1}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"from\":1},{\"slot\":0,\"from\":2}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"style\":\"public\"}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":\"\",\"style\":\"public\"}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":7,\"style\":\"public\"}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":\"u\"}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":\"u\",\"style\":\"other\"}]}", false},
    {"{" OK ",\"inboxes\":[{\"slot\":0,\"url\":\"u\",\"style\":\"public\",\"from\":-1}]}", false},
    {"{" OK ",\"inboxes\":[{\"url\":\"u\",\"style\":\"public\"}]}", false},
    /* followers */
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 0, "public") "]}", true},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 0, "public") "," WHO(
         "a", 0, "litepub") "," WHO("b", 0, "public") "]}",
     true},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 0, "public") "," WHO(
         "a", 0, "public") "]}",
     false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 1, "public") "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 8, "public") "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", -1, "public") "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("", 0, "public") "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[" WHO("a", 0, "Public") "]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[\"a\"]}", false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[{\"actor\":\"a\",\"inbox\":0,"
                                      "\"style\":\"public\"}]}",
     false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[{\"actor\":\"a\",\"inbox\":0,"
                                      "\"style\":\"public\",\"back\":\"maybe\"}]}",
     false},
    {"{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[{\"actor\":\"a\",\"inbox\":0,"
                                      "\"style\":\"public\",\"back\":\"none\",\"asked\":-1}]}",
     false},
    {"{" OK ",\"followers\":[" WHO("a", 0, "public") "]}", false},
    {"{" OK "} x", false},
};

static void test_text_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        struct member m;
        if (member_read(span_of(bad_rows[i].text), &m) != bad_rows[i].ok)
            fail_msg("%s", bad_rows[i].text);
    }
}

/* More of them than there is room for. */
static void test_text_too_many(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct bytes text;
        struct member m;
        bytes_init(&text, MEMBER_TEXT_MAX);
        bytes_add_str(&text, "{" OK ",\"inboxes\":[" INBOX(0) "],\"followers\":[");
        for (size_t i = 0; i < MEMBER_FOLLOWERS_MAX + more; i++)
            bytes_addf(&text,
                       "%s{\"actor\":\"a%zu\",\"inbox\":0,\"style\":\"public\","
                       "\"back\":\"none\"}",
                       i ? "," : "", i);
        bytes_add_str(&text, "]}");
        assert_int_equal(member_read(bytes_span(&text), &m), more == 0);
        bytes_fini(&text);
    }
}

/* A record of the first version: one follower of the public collection, and one inbox, which gets
 * all that its spans say. */
static void test_text_of_the_first_version(void **state)
{
    (void)state;
#define FIRST(state, spans, follow)                                                                \
    "{\"host\":\"b\",\"state\":\"" state "\",\"zone\":\"z\",\"placed\":true,\"actor\":\"a\","      \
    "\"inbox\":\"i\",\"follow\":\"" follow                                                         \
    "\",\"software\":\"\",\"since\":1,\"until\":2,\"ver\":3,"                                      \
    "\"spans\":[" spans "]}"
    static const struct {
        const char *text;
        size_t followers;
        bool accepted;
    } rows[] = {
        {FIRST("active", "{\"from\":1}", "f"), 1, true},
        {FIRST("suspended", "{\"from\":1,\"to\":4}", "f"), 1, true},
        {FIRST("suspended", "", "f"), 1, false}, /* it was pending */
        {FIRST("pending", "", "f"), 1, false},
        {FIRST("pending", "{\"from\":1,\"to\":4}", "f"), 1, false}, /* it left, and came again */
        {FIRST("removed", "{\"from\":1,\"to\":4}", "f"), 1, true},
        {FIRST("left", "{\"from\":1,\"to\":4}", ""), 0, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct member m;
        assert_true(member_read(span_of(rows[i].text), &m));
        assert_int_equal(m.ver, 3);
        assert_int_equal(m.role, MEMBER_ROLE_FULL);
        assert_true(m.placed);
        assert_int_equal(m.followers_n, rows[i].followers);
        assert_string_equal(m.inboxes[0].url, rows[i].followers ? "i" : "");
        if (!rows[i].followers)
            continue;
        assert_int_equal(m.inboxes[0].style, STYLE_PUBLIC);
        assert_int_equal(m.inboxes[0].from, 0);
        const struct member_follower *f = member_follower(&m, SPAN("a"), STYLE_PUBLIC);
        assert_non_null(f);
        assert_string_equal(f->follow, "f");
        assert_int_equal(f->inbox, 0);
        assert_int_equal(f->back, BACK_NONE);
        assert_false(f->machine);
        assert_int_equal(f->accepted, rows[i].accepted);
    }
    struct member m;
    assert_false(member_read(SPAN("{" OK ",\"actor\":7,\"inbox\":\"i\",\"follow\":\"f\"}"), &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_mark),
        cmocka_unit_test(test_text_farewell),
        cmocka_unit_test(test_text_gone),
        cmocka_unit_test(test_text_lost),
        cmocka_unit_test(test_text_longest),
        cmocka_unit_test(test_text_bad),
        cmocka_unit_test(test_text_too_many),
        cmocka_unit_test(test_text_of_the_first_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
