/* settings: every one by name, read through a whole file, with a value below its bounds, one above,
 * and a good one; and the table against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "relay/config/config.h"

/* below and above are refused; TEXT: above NULL means one byte more than its most. good is what is
 * written, shown what comes back. */
static const struct {
    const char *name, *below, *above, *good, *shown;
} rows[] = {
    {"url", "''", NULL, "HTTPS://Relay.Example:443", NULL}, /* see test_config.c */
    {"name", "''", NULL, "Corp relay", "Corp relay"},
    {"listen", "''", NULL, "'[::1]:8081'", "[::1]:8081"},
    {"metrics", "''", NULL, "127.0.0.2:8080", "127.0.0.2:8080"},
    {"data", "''", NULL, "/var/lib/weir", "/var/lib/weir"},
    {"redis", "''", NULL, "redis://u:secret@10.0.0.5:6379/1", "redis://u:***@10.0.0.5:6379/1"},
    {"workers", "-1", "65", "64", "64"},
    {"fronts", "0", "65", "64", "64"},
    {"drain", "99ms", "61min", "1h", "1h"},
    {"durability", "none", "Strict", "standard", "standard"},
    {"log.format", "text", "JSON", "json", "json"},
    {"log.level", "none", "trace", "debug", "debug"},
    {"limits.request_line", "255", "65537", "4KiB", "4KiB"},
    {"limits.header", "1023", "1048577", "1MiB", "1MiB"},
    {"limits.fields", "9", "1001", "1000", "1000"},
    {"limits.body", "1023", "17MiB", "16MiB", "16MiB"},
    {"limits.bodies", "1023KiB", "1025GiB", "1MiB", "1MiB"},
    {"limits.connections", "9", "1000001", "1000000", "1000000"},
    {"limits.per_address", "0", "100001", "1", "1"},
    {"limits.json_depth", "3", "101", "4", "4"},
    {"limits.json_keys", "99", "1000001", "100", "100"},
    {"limits.id", "99", "2049", "100", "100"},
    {"limits.recipients", "9", "100001", "10", "10"},
    {"limits.held", "0", "1000001", "1", "1"},
    {"limits.held_bytes", "1023KiB", "1025GiB", "1MiB", "1MiB"},
    {"limits.authors", "9", "1000001", "10", "10"},
    {"timeouts.header", "99ms", "601s", "100ms", "100ms"},
    {"timeouts.body", "99ms", "61min", "1h", "1h"},
    {"timeouts.body_rate", "-1", "2MiB", "0", "0"},
    {"timeouts.answer", "99ms", "11min", "10min", "10min"},
    {"timeouts.idle", "99ms", "61min", "90s", "90s"},
    {"signature.past", "999ms", "25h", "12h", "12h"},
    {"signature.future", "999ms", "25h", "1s", "1s"},
    {"keys.cache", "59s", "8d", "7d", "7d"},
    {"keys.refetch", "999ms", "25h", "1d", "1d"},
    {"keys.unreachable", "999ms", "25h", "1s", "1s"},
    {"keys.refused", "999ms", "25h", "24h", "1d"},
    {"fetch.connect", "99ms", "61s", "100ms", "100ms"},
    {"fetch.total", "99ms", "61s", "60s", "1min"},
    {"fetch.redirects", "-1", "11", "0", "0"},
    {"fetch.body", "1023", "17MiB", "1KiB", "1KiB"},
    {"fetch.software", "-1s", "366d", "0s", "0s"},
    {"accept.unlisted", "0", "maybe", "yes", "yes"},
    {"delivery.connect", "99ms", "121s", "100ms", "100ms"},
    {"delivery.total", "99ms", "601s", "10min", "10min"},
    {"delivery.answer", "1023", "1025KiB", "1MiB", "1MiB"},
    {"delivery.in_flight", "0", "65537", "65536", "65536"},
    {"delivery.window", "0", "33", "32", "32"},
    {"delivery.commit", "0ms", "1001ms", "1s", "1s"},
    {"delivery.backoff", "9ms", "61min", "10ms", "10ms"},
    {"delivery.backoff_most", "999ms", "25h", "1d", "1d"},
    {"delivery.retry_after", "999ms", "25h", "1d", "1d"},
    {"delivery.park_after", NULL, "366", "0", "0"},
    {"delivery.gone_after", NULL, "366", "365", "365"},
    {"delivery.lost_after", "-1s", "366d", "0s", "0s"},
    {"delivery.horizon", "59s", "91d", "1min", "1min"},
    {"delivery.aside", "999ms", "25h", "1s", "1s"},
    {"delivery.aside_most", "999ms", "25h", "1d", "1d"},
    {"delivery.aside_after", "0", "101", "100", "100"},
    {"delivery.lease", "999ms", "11min", "1s", "1s"},
    {"retention.entries", "59s", "366d", "365d", "365d"},
    {"retention.bodies", "59s", "366d", "1min", "1min"},
    {"retention.urgent", "59s", "366d", "365d", "365d"},
    {"retention.objects", "23h", "3651d", "3650d", "3650d"},
    {"retention.bytes", "-1", "1025GiB", "8MiB", "8MiB"},
    {"retention.held", "59s", "366d", "1min", "1min"},
    {"pilots.webhook", "ftp://chat.corp.example/", NULL, "https://Chat.corp.example/hooks/4711",
     "https://Chat.corp.example/***"},
    {"redis_limits.command", "99ms", "61s", "100ms", "100ms"},
    {"redis_limits.replicas", "-1", "6", "0", "0"},
    {"redis_limits.memory", "-1", "1025GiB", "8MiB", "8MiB"},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* A whole file in which the one setting has the value. */
static void file_with(const char *name, const char *value, struct bytes *out)
{
    struct span member = span_of(name);
    struct span head = span_cut(&member, '.');
    bytes_addf(out, "zones: { a: {} }\n");
    if (strcmp(name, "url") != 0)
        bytes_add_str(out, "url: https://relay.example\n");
    if (member.p)
        bytes_addf(out, "%.*s:\n  %.*s: %s\n", SPAN_ARG(head), SPAN_ARG(member), value);
    else
        bytes_addf(out, "%s: %s\n", name, value);
}

static enum err read_with(const char *name, const char *value, struct bytes *why,
                          struct config **config)
{
    struct bytes file;
    bytes_init(&file, 10000);
    bytes_init(why, 10000);
    file_with(name, value, &file);
    enum err e = config_read(bytes_span(&file), "/etc/weir.yaml", why, config);
    bytes_fini(&file);
    return e;
}

static void refused(const char *name, const char *value)
{
    struct config *config = NULL;
    struct bytes why, place;
    bytes_init(&place, 500);
    print_message("%s: %.40s\n", name, value);
    assert_int_equal(read_with(name, value, &why, &config), ERR_USAGE);
    /* Its own line, not another one's; and one mistake, not two for one cause. */
    unsigned line = strcmp(name, "url") == 0 ? 2 : strchr(name, '.') ? 4 : 3;
    bytes_addf(&place, "/etc/weir.yaml:%u:", line);
    assert_true(span_starts(bytes_span(&why), bytes_span(&place)));
    assert_int_equal(span_find(bytes_span(&why), '\n'), (ptrdiff_t)why.n - 1);
    assert_non_null(strstr(bytes_str(&why), name));
    assert_null(config);
    bytes_fini(&place);
    bytes_fini(&why);
}

static void test_below_and_above(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        refused(rows[i].name, rows[i].below);
        if (rows[i].above) {
            refused(rows[i].name, rows[i].above);
            continue;
        }
        int setting = setting_find(span_of(rows[i].name));
        size_t n = (size_t)settings_table[setting].most + 1;
        char *text = mem_new(n + 1);
        memset(text, 'x', n);
        refused(rows[i].name, text);
        free(text);
    }
}

/* Wherever a text or a number is wanted, neither a list nor a mapping is one. */
static void test_wrong_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        refused(rows[i].name, "[1, 2]");
        refused(rows[i].name, "{ a: 1 }");
    }
}

/* What looks like the wrong kind: YAML's own idea of a value counts for nothing. */
static void test_wrong_kind(void **state)
{
    (void)state;
    static const char *const values[] = {"lots", "1.5", "10 s", "10 KiB", "0x10",
                                         "1e3",  "-5",  "10kb", "1_000",  "''"};
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        for (size_t j = 0; j < sizeof(values) / sizeof(*values); j++)
            if (settings_table[i].kind != SETTING_TEXT)
                refused(settings_table[i].name, values[j]);
}

static void test_units_are_wanted(void **state)
{
    (void)state;
    refused("timeouts.header", "10");
    refused("limits.body", "10s");
    refused("limits.fields", "1KiB");
    refused("accept.unlisted", "on");
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct config *config = NULL;
        struct bytes why, shown;
        if (!rows[i].shown)
            continue;
        print_message("%s: %s\n", rows[i].name, rows[i].good);
        enum err e = read_with(rows[i].name, rows[i].good, &why, &config);
        assert_string_equal(bytes_str(&why), "");
        assert_int_equal(e, ERR_OK);
        bytes_init(&shown, 2000);
        setting_write(&config->set, setting_find(span_of(rows[i].name)), &shown);
        assert_string_equal(bytes_str(&shown), rows[i].shown);
        bytes_fini(&shown);
        bytes_fini(&why);
        config_free(&config);
    }
}

/* The fields hold what their names say. */
static void test_fields(void **state)
{
    (void)state;
    struct settings set;
    struct bytes why;
    settings_init(&set);
    bytes_init(&why, 1000);
    assert_null(set.url);
    assert_string_equal(set.listen, "127.0.0.1:8080");
    assert_int_equal(set.limits_body, 1 << 20);
    assert_int_equal(set.signature_past, 65 * 60 * 1000);
    assert_int_equal(set.durability, DURABILITY_STRICT);
    assert_int_equal(set.accept_unlisted, 0);
    assert_true(setting_put(&set, SETTING_AT_accept_unlisted, SPAN("true"), &why));
    assert_int_equal(set.accept_unlisted, 1);
    assert_true(setting_put(&set, SETTING_AT_accept_unlisted, SPAN("no"), &why));
    assert_int_equal(set.accept_unlisted, 0);
    assert_true(setting_put(&set, SETTING_AT_durability, SPAN("standard"), &why));
    assert_int_equal(set.durability, DURABILITY_STANDARD);
    assert_false(setting_put(&set, SETTING_AT_name, SPAN("a\0b"), &why));
    assert_false(setting_put(&set, SETTING_AT_limits_body, SPAN("1"), &why));
    assert_int_equal(set.limits_body, 1 << 20);
    bytes_fini(&why);
    settings_fini(&set);
    settings_fini(&set);
}

static void test_passwords(void **state)
{
    (void)state;
    static const char *const urls[][2] = {
        {"redis://u:p@h:1", "redis://u:***@h:1"},
        {"redis://:p@h:1", "redis://:***@h:1"},
        {"redis://u:p@q@h:1", "redis://u:***@h:1"},
        {"redis://u:p:q@h:1", "redis://u:***@h:1"},
        {"redis://h:1", "redis://h:1"},
        {"sentinel://u:p@h:1,h:2/m", "sentinel://u:***@h:1,h:2/m"},
        {"embedded", "embedded"},
    };
    struct settings set;
    struct bytes out;
    settings_init(&set);
    bytes_init(&out, 1000);
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        bytes_clear(&out);
        assert_true(setting_put(&set, SETTING_AT_redis, span_of(urls[i][0]), &out));
        setting_write(&set, SETTING_AT_redis, &out);
        assert_string_equal(bytes_str(&out), urls[i][1]);
    }
    bytes_fini(&out);
    settings_fini(&set);
}

static void test_table(void **state)
{
    (void)state;
    /* A setting without a row here has no test. */
    assert_int_equal(ROWS, SETTING_COUNT_ALL);
    for (int i = 0; i < SETTING_COUNT_ALL; i++) {
        const struct setting *s = &settings_table[i];
        assert_string_equal(rows[i].name, s->name);
        assert_int_equal(setting_find(span_of(s->name)), i);
        assert_true(strlen(s->prose) > 10);
        assert_true(s->least <= s->most);
        assert_int_equal(s->choices != NULL, s->kind == SETTING_CHOICE);
    }
    assert_int_equal(setting_find(SPAN("limits")), -1);
    /* ATTACKS S11: whatever an operator sets, a request leaves the window before its id is
     * forgotten. */
    assert_true(settings_table[SETTING_AT_signature_past].most +
                    settings_table[SETTING_AT_signature_future].most <
                SETTINGS_SEEN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_below_and_above),
        cmocka_unit_test(test_wrong_kind),
        cmocka_unit_test(test_wrong_shape),
        cmocka_unit_test(test_units_are_wanted),
        cmocka_unit_test(test_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
