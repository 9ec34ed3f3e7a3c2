/* audit_note: what is written down of a change, as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "relay/rules/audit_note.h"

#define TIME "{\"time\":\"1970-01-01T00:00:00.007Z\","

static const struct row {
    struct audit_by by;
    struct audit_note note;
    const char *line;
} rows[] = {
    {{.who = "", .via = "signal"},
     {.verb = "reload", .of = 7, .outcome = "done"},
     TIME "\"who\":\"\",\"via\":\"signal\",\"verb\":\"reload\",\"of\":7,\"outcome\":\"done\"}"},
    {{"alice", "cli", "she said \"no\""},
     {.verb = "member suspend",
      .target = {"a.example", 9},
      .before = {"{\"state\":\"active\"}", 18},
      .after = {"null", 4}},
     TIME "\"who\":\"alice\",\"via\":\"cli\",\"verb\":\"member suspend\",\"target\":\"a.example\","
          "\"before\":{\"state\":\"active\"},\"after\":null,\"reason\":\"she said \\\"no\\\"\"}"},
    {{"al\xff", "api", ""},
     {.verb = "recall", .target = {"x\ny", 3}},
     TIME "\"who\":\"al\xef\xbf\xbd\",\"via\":\"api\",\"verb\":\"recall\",\"target\":\"x\\ny\"}"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct audit_note note = rows[i].note;
        struct bytes text;
        note.by = &rows[i].by;
        note.now_ms = 7;
        bytes_init(&text, AUDIT_NOTE_MAX);
        audit_write(&note, &text);
        assert_string_equal(bytes_str(&text), rows[i].line);
        bytes_fini(&text);
    }
}

/* The longest that there can be still fits. */
static void test_longest(void **state)
{
    static char target[8192];
    struct audit_by by = {.who = ""};
    struct bytes text;
    (void)state;
    memset(target, 1, sizeof target);
    memset(by.reason, 1, sizeof by.reason - 1);
    memset(by.who, 1, sizeof by.who - 1);
    const struct audit_note note = {
        .by = &by, .verb = "restore", .target = {target, sizeof target}};
    bytes_init(&text, AUDIT_NOTE_MAX);
    audit_write(&note, &text);
    assert_false(text.over);
    bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_longest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
