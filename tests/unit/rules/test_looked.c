/* looked: what a fetch of an actor says of its inbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/rules/looked.h"

#define ACTOR "https://a.test/actor"
#define INBOX "https://a.test/inbox"

enum { MOST = 64 };

static const struct {
    const char *name;
    enum err err;
    int status;
    const char *json; /* NULL: no document, or one that can't be read */
    enum looked looked;
    const char *inbox; /* where it is now; NULL: not known */
} table[] = {
    {"as it was", ERR_OK, 200, "{'id':'" ACTOR "','inbox':'" INBOX "'}", LOOKED_SAME, NULL},
    {"moved", ERR_OK, 200, "{'id':'" ACTOR "','inbox':'https://a.test/new'}", LOOKED_MOVED,
     "https://a.test/new"},
    {"the shared one moved", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'" INBOX "','endpoints':{'sharedInbox':'https://a.test/all'}}",
     LOOKED_MOVED, "https://a.test/all"},
    {"the shared one is the same", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'" ACTOR "/in','endpoints':{'sharedInbox':'" INBOX "'}}",
     LOOKED_SAME, NULL},
    {"to another host: not believed", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'https://b.test/new'}", LOOKED_SAME, NULL},
    {"to another scheme: not believed", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'http://a.test/new'}", LOOKED_SAME, NULL},
    {"names none", ERR_OK, 200, "{'id':'" ACTOR "'}", LOOKED_SAME, NULL},
    {"names nonsense", ERR_OK, 200, "{'id':'" ACTOR "','inbox':7}", LOOKED_SAME, NULL},
    {"too long", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'https://a.test/"
     "0123456789012345678901234567890123456789012345678'}",
     LOOKED_SAME, NULL},
    {"as long as can be", ERR_OK, 200,
     "{'id':'" ACTOR "','inbox':'https://a.test/"
     "012345678901234567890123456789012345678901234567'}",
     LOOKED_MOVED, "https://a.test/012345678901234567890123456789012345678901234567"},
    {"another actor there", ERR_OK, 200,
     "{'id':'https://a.test/other','inbox':'https://a.test/new'}", LOOKED_GONE, NULL},
    {"no id", ERR_OK, 200, "{'inbox':'https://a.test/new'}", LOOKED_GONE, NULL},
    {"no object", ERR_OK, 200, "['" ACTOR "']", LOOKED_GONE, NULL},
    {"no document", ERR_OK, 200, NULL, LOOKED_GONE, NULL},
    {"a page for people", ERR_MEDIA_TYPE, 200, NULL, LOOKED_GONE, NULL},
    {"not found", ERR_KEY_FETCH, 404, NULL, LOOKED_GONE, NULL},
    {"gone", ERR_KEY_FETCH, 410, NULL, LOOKED_GONE, NULL},
    /* says nothing */
    {"keeps it to itself", ERR_KEY_FETCH, 401, NULL, LOOKED_UNKNOWN, NULL},
    {"refuses us", ERR_KEY_FETCH, 403, NULL, LOOKED_UNKNOWN, NULL},
    {"too often", ERR_KEY_FETCH, 429, NULL, LOOKED_UNKNOWN, NULL},
    {"in trouble", ERR_KEY_FETCH, 500, NULL, LOOKED_UNKNOWN, NULL},
    {"away for now", ERR_KEY_FETCH, 503, NULL, LOOKED_UNKNOWN, NULL},
    {"redirects to nowhere", ERR_KEY_FETCH, 302, NULL, LOOKED_UNKNOWN, NULL},
    {"redirects to another host", ERR_ORIGIN, 301, NULL, LOOKED_UNKNOWN, NULL},
    {"redirects for ever", ERR_KEY_DOCUMENT, 302, NULL, LOOKED_UNKNOWN, NULL},
    {"no connection", ERR_CONNECT, 0, NULL, LOOKED_UNKNOWN, NULL},
    {"no name", ERR_RESOLVE, 0, NULL, LOOKED_UNKNOWN, NULL},
    {"too slow", ERR_TIMEOUT, 200, NULL, LOOKED_UNKNOWN, NULL},
    {"too large", ERR_TOO_LARGE, 200, NULL, LOOKED_UNKNOWN, NULL},
    {"not allowed", ERR_ADDRESS, 0, NULL, LOOKED_UNKNOWN, NULL},
    {"a fault of ours", ERR_INTERNAL, 0, NULL, LOOKED_UNKNOWN, NULL},
};

static struct json *read(const char *text)
{
    static const struct json_limits limits = {8, 100, 100};
    char quoted[512];
    struct json *json = NULL;
    size_t n = strlen(text);
    assert_true(n < sizeof(quoted));
    for (size_t i = 0; i <= n; i++)
        quoted[i] = text[i] == '\'' ? '"' : text[i];
    assert_int_equal(json_read(span_of(quoted), &limits, &json), ERR_OK);
    return json;
}

static void test_actor(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct json *json = table[i].json ? read(table[i].json) : NULL;
        const struct looked_at at = {table[i].err, table[i].status, json};
        struct span inbox;
        enum looked looked = looked_actor(&at, SPAN(ACTOR), SPAN(INBOX), MOST, &inbox);
        if (looked != table[i].looked)
            fail_msg("%s: %s", table[i].name, looked_name(looked));
        if (!table[i].inbox ? inbox.n > 0 : !span_eq_str(inbox, table[i].inbox))
            fail_msg("%s: %.*s", table[i].name, SPAN_ARG(inbox));
        json_free(&json);
    }
}

/* Of several actors; in whichever order they were looked at. */
static void test_both(void **state)
{
    static const struct {
        enum looked one, other, both;
    } pairs[] = {
        {LOOKED_GONE, LOOKED_GONE, LOOKED_GONE},
        {LOOKED_GONE, LOOKED_SAME, LOOKED_SAME},
        {LOOKED_GONE, LOOKED_UNKNOWN, LOOKED_UNKNOWN},
        {LOOKED_GONE, LOOKED_MOVED, LOOKED_MOVED},
        {LOOKED_SAME, LOOKED_SAME, LOOKED_SAME},
        {LOOKED_SAME, LOOKED_UNKNOWN, LOOKED_UNKNOWN},
        {LOOKED_SAME, LOOKED_MOVED, LOOKED_MOVED},
        {LOOKED_UNKNOWN, LOOKED_UNKNOWN, LOOKED_UNKNOWN},
        {LOOKED_UNKNOWN, LOOKED_MOVED, LOOKED_MOVED},
        {LOOKED_MOVED, LOOKED_MOVED, LOOKED_MOVED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        assert_int_equal(looked_both(pairs[i].one, pairs[i].other), pairs[i].both);
        assert_int_equal(looked_both(pairs[i].other, pairs[i].one), pairs[i].both);
    }
}

static void test_names(void **state)
{
    static const char *const names[] = {"gone", "same", "moved", "unknown"};
    (void)state;
    for (size_t i = 0; i < LOOKED_COUNT; i++)
        assert_string_equal(looked_name((enum looked)i), names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actor),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("looked", tests, NULL, NULL);
}
