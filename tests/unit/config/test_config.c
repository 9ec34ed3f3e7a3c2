/* config: the file of the README, the kinds of broken file with place and reason, and what
 * is derived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/pure/json.h"
#include "relay/config/config.h"
#include "tests/unit/config/broken_files.h"

/* The README's, which a test of the whole program takes from there. */
static const char readme[] =
    "url: http://127.0.0.1:8080        # public identity; https:// unless it is loopback\n"
    "listen: 127.0.0.1:8080            # behind a TLS proxy\n"
    "metrics: 127.0.0.1:9090           # /metrics /livez /readyz\n"
    "data: ./weir-data                 # keys, admin socket, embedded Redis; relative to this "
    "file\n"
    "redis: embedded                   # or redis://[user:password@]host:6379/0, or unix:/path\n"
    "workers: auto                     # couriers; 0 = everything in one process\n"
    "zones:\n"
    "  internal:\n"
    "    hosts: [\"127.0.0.1:91*\", \"*.corp.example\"]\n"
    "    networks: [127.0.0.0/8, 10.0.0.0/8]   # private addresses its hosts may have, besides "
    "public "
    "ones\n"
    "    join: open                    # open | approval | invited\n"
    "  partners:\n"
    "    hosts: [\"127.0.0.1:92*\"]\n"
    "    networks: [127.0.0.0/8]\n"
    "    join: invited\n"
    "rules:                            # across zones: default deny; inside a zone: allow\n"
    "  - { name: shared, from: internal, to: partners, when: { tags: [partners] }, then: allow }\n"
    "  - { name: back,   from: partners, to: internal, then: allow }\n";

static struct config *good(const char *text, const char *path)
{
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    enum err e = config_read(span_of(text), path, &why, &config);
    assert_string_equal(bytes_str(&why), "");
    assert_int_equal(e, ERR_OK);
    bytes_fini(&why);
    return config;
}

static void test_readme(void **state)
{
    (void)state;
    struct config *c = good(readme, "/srv/weir/weir.yaml");
    assert_string_equal(c->set.url, "http://127.0.0.1:8080");
    assert_string_equal(c->authority, "127.0.0.1:8080");
    assert_false(c->https);
    assert_string_equal(c->data_dir, "/srv/weir/weir-data");
    assert_string_equal(c->admin_socket, "/srv/weir/weir-data/admin.sock");
    assert_string_equal(c->redis_socket, "/srv/weir/weir-data/redis.sock");
    assert_int_equal(c->policy.zones_n, 2);
    assert_int_equal(c->policy.rules_n, 2);
    assert_int_equal(c->policy.zones[0].join, JOIN_OPEN);
    assert_int_equal(c->policy.zones[0].networks_n, 2);
    assert_int_equal(c->policy.zones[1].join, JOIN_INVITED);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9101")), 0);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("wiki.corp.example")), 0);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9201")), 1);
    assert_int_equal(policy_zone_of(&c->policy, SPAN("127.0.0.1:9301")), -1);
    assert_string_equal(c->policy.rules[0].name, "shared");
    assert_string_equal(c->policy.rules[0].when.list[0].patterns[0].text, "partners");
    assert_int_equal(c->policy.rules[0].line, 17);
    assert_int_equal(c->policy.rules[0].then, RULE_ALLOW);
    assert_int_equal(c->policy.rules[1].from.zones[0], 1);
    assert_int_equal(c->policy.rules[1].to.zones[0], 0);
    config_free(&c);
    assert_null(c);
}

static void refused(const struct golden *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct config *config = NULL;
        struct bytes why;
        bytes_init(&why, CONFIG_WHY_MAX);
        print_message("%s\n", rows[i].name);
        enum err e = config_read(span_of(rows[i].text), "weir.yaml", &why, &config);
        assert_string_equal(bytes_str(&why), rows[i].why);
        assert_int_equal(e, ERR_USAGE);
        assert_null(config);
        bytes_fini(&why);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    refused(kinds, sizeof(kinds) / sizeof(*kinds));
}

static void test_others(void **state)
{
    (void)state;
    refused(others, sizeof(others) / sizeof(*others));
}

/* The twins of the refusals above: what lies just on the right side. */
static void test_accepted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "url: http://localhost:8080\n" A,
        "url: http://127.255.0.1\n" A,
        "url: 'http://[::1]:8080'\n" A,
        URL A "data: /" X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        URL A "metrics: 127.0.0.2:8080\n",
        URL A "listen: '[::1]:8080'\nmetrics: 127.0.0.1:8080\n",
        URL A "redis: unix:/run/redis.sock\n",
        URL A "redis: redis://10.0.0.5:6379\n",
        URL A "redis: redis://redis_1/0\n",
        URL A "redis: sentinel://u:p@10.0.0.5:26379,s2,[::1]:1/my-master/1\n",
        URL A "redis: redis://h\nredis_limits: { replicas: 5 }\n",
        URL A "redis: redis://u:p%40q@h\n",
        URL A "redis: redis://[::1]/\n",
        URL A "redis: redis://:p@[fd00::1]:6379/15\n",
        URL A "retention: { entries: 8d, bodies: 8d }\n",
        URL A "retention: { entries: 7d, bodies: 7d }\ndelivery: { horizon: 7d }\n",
        URL A "workers: 0\n",
        URL A "rules: []\n",
        URL AB "rules: [{ from: '*', to: \"*\", then: deny }]\n",
        URL AB "rules: [{ from: a, to: a, then: deny }, { from: a, to: b, then: deny }]\n",
        URL "zones: { a: { hosts: ['*.x.example'] }, b: { hosts: [x.example] } }\n",
        URL "zones: { a: { hosts: ['h:91*'] }, b: { hosts: ['h:92*', h] } }\n",
        "{ \"url\": \"https://relay.example\", \"zones\": { \"a\": {} } }",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct config *c = good(texts[i], "/weir.yaml");
        config_free(&c);
    }
}

static void test_normal_url(void **state)
{
    (void)state;
    static const char *const urls[][3] = {
        {"https://Relay.Example", "https://relay.example", "relay.example"},
        {"https://relay.example:443", "https://relay.example", "relay.example"},
        {"https://relay.example:8443", "https://relay.example:8443", "relay.example:8443"},
        {"https://b\xc3\xbc"
         "cher.example",
         "https://xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"http://localhost:80", "http://localhost", "localhost"},
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct bytes text;
        bytes_init(&text, 1000);
        bytes_addf(&text, "url: %s\n" A, urls[i][0]);
        struct config *c = good(bytes_str(&text), "/weir.yaml");
        assert_string_equal(c->set.url, urls[i][1]);
        assert_string_equal(c->authority, urls[i][2]);
        config_free(&c);
        bytes_fini(&text);
    }
}

static void test_data_dir(void **state)
{
    (void)state;
    static const char *const dirs[][3] = {
        {"./weir-data", "/etc/weir/weir.yaml", "/etc/weir/weir-data"},
        {"weir-data/", "/etc/weir/weir.yaml", "/etc/weir/weir-data"},
        {"/var/lib/weir", "weir.yaml", "/var/lib/weir"},
        {"data", "/weir.yaml", "/data"},
        {"../data", "/a/b/weir.yaml", "/a/b/../data"},
    };
    char *here = getcwd(NULL, 0);
    assert_non_null(here);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
        struct bytes text;
        bytes_init(&text, 1000);
        bytes_addf(&text, URL A "data: %s\n", dirs[i][0]);
        struct config *c = good(bytes_str(&text), dirs[i][1]);
        assert_string_equal(c->data_dir, dirs[i][2]);
        config_free(&c);
        bytes_fini(&text);
    }
    assert_int_equal(chdir("/tmp"), 0);
    static const char *const paths[] = {"weir.yaml", "./weir.yaml", "/tmp/weir.yaml"};
    for (size_t i = 0; i < 3; i++) {
        struct config *c = good(URL A, paths[i]);
        assert_string_equal(c->data_dir, "/tmp/weir-data");
        config_free(&c);
    }
    struct config *c = good(URL A, "conf/weir.yaml");
    assert_string_equal(c->data_dir, "/tmp/conf/weir-data");
    config_free(&c);
    assert_int_equal(chdir(here), 0);
    free(here);
}

static void test_example(void **state)
{
    (void)state;
    static const char *const urls[] = {NULL,
                                       "http://localhost:1",
                                       "https://relay.corp.example",
                                       "https://relay.example",
                                       "https://example:8443",
                                       "https://a.b.example:1"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
        struct bytes text;
        bytes_init(&text, 100000);
        config_example(urls[i], &text);
        struct config *c = good(bytes_str(&text), "/weir.yaml");
        assert_string_equal(c->set.url, urls[i] ? urls[i] : "http://127.0.0.1:8080");
        if (i == 2)
            assert_int_equal(policy_zone_of(&c->policy, SPAN("wiki.corp.example")), 0);
        config_free(&c);
        bytes_fini(&text);
    }
}

static void test_explain(void **state)
{
    (void)state;
    struct config *c =
        good(URL AB "redis: redis://u:secret@h:1/0\n"
                    "rules: [{ from: a, to: '*', when: { tags: [\xc3\x84, y] }, then: deny }]\n",
             "/weir.yaml");
    struct bytes text;
    bytes_init(&text, 1 << 20);
    config_explain(NULL, &text);
    for (int i = 0; i < SETTING_COUNT_ALL; i++)
        assert_non_null(strstr(bytes_str(&text), settings_table[i].name));
    assert_null(strstr(bytes_str(&text), "; now"));
    bytes_clear(&text);
    config_explain(c, &text);
    assert_non_null(strstr(bytes_str(&text), "default 1MiB; now 1MiB"));
    assert_non_null(
        strstr(bytes_str(&text), "rule rule-1: from a to * when {tags: [y, \xc3\xa4]} then deny"));
    assert_non_null(
        strstr(bytes_str(&text), "zone b: 1 hosts, 0 networks, join invited, inside allow"));
    assert_null(strstr(bytes_str(&text), "secret"));
    bytes_clear(&text);
    config_explain_json(c, &text);
    assert_null(strstr(bytes_str(&text), "secret"));
    static const struct json_limits limits = {10, 10000, 10000};
    struct json *json = NULL;
    assert_int_equal(json_read(bytes_span(&text), &limits, &json), ERR_OK);
    assert_int_equal(json_len(json_get(json, "settings")), SETTING_COUNT_ALL);
    assert_int_equal(json_len(json_get(json, "zones")), 2);
    json_free(&json);
    bytes_fini(&text);
    config_free(&c);
}

static void write_file(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void load_fails(const char *path, const char *reason)
{
    struct config *config = NULL;
    struct bytes why, want;
    bytes_init(&why, CONFIG_WHY_MAX);
    bytes_init(&want, 1000);
    bytes_addf(&want, "%s: %s\n", path, reason);
    assert_int_equal(config_load(path, &why, &config), ERR_FILE);
    assert_string_equal(bytes_str(&why), bytes_str(&want));
    assert_null(config);
    bytes_fini(&want);
    bytes_fini(&why);
}

static void test_load(void **state)
{
    (void)state;
    char dir[] = "/tmp/weir-config-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/weir.yaml", dir);
    load_fails(path, "No such file or directory");
    load_fails(dir, "not a file");
    assert_int_equal(mkfifo(path, 0600), 0);
    load_fails(path, "not a file");
    unlink(path);

    /* 1 MiB is taken, one byte more is not. */
    char *big = mem_new(CONFIG_FILE_MAX + 1);
    memset(big, '#', CONFIG_FILE_MAX + 1);
    memcpy(big, URL A, sizeof(URL A) - 1);
    write_file(path, big, CONFIG_FILE_MAX);
    struct config *config = NULL;
    struct bytes why;
    bytes_init(&why, CONFIG_WHY_MAX);
    assert_int_equal(config_load(path, &why, &config), ERR_OK);
    assert_string_equal(config->path, path);
    config_free(&config);
    write_file(path, big, CONFIG_FILE_MAX + 1);
    load_fails(path, "larger than 1 MiB");
    free(big);
    bytes_fini(&why);

    unlink(path);
    rmdir(dir);
}

static void test_find(void **state)
{
    (void)state;
    char *here = getcwd(NULL, 0);
    char dir[] = "/tmp/weir-config-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_string_equal(config_find("x.yaml"), "x.yaml");
    bool system = access("/etc/weir/weir.yaml", F_OK) == 0;
    assert_int_equal(config_find(NULL) != NULL, system);
    write_file("weir.yaml", "", 0);
    assert_string_equal(config_find(NULL), "./weir.yaml");
    unlink("weir.yaml");
    assert_int_equal(chdir(here), 0);
    rmdir(dir);
    free(here);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readme),     cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_others),     cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_normal_url), cmocka_unit_test(test_data_dir),
        cmocka_unit_test(test_example),    cmocka_unit_test(test_explain),
        cmocka_unit_test(test_load),       cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
