/* redis_url: addresses of a Redis, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/io/redis_url.h"

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *url, *path, *host;
        unsigned port, database;
        bool secret;
        const char *user, *password;
    } rows[] = {
        {"unix:/run/redis.sock", "/run/redis.sock", "", 0, 0, false, "", ""},
        {"unix:run/a b@c:d", "run/a b@c:d", "", 0, 0, false, "", ""},
        {"redis://h", "", "h", 6379, 0, false, "", ""},
        {"redis://h/", "", "h", 6379, 0, false, "", ""},
        {"redis://redis_1.corp-x.example:1/15", "", "redis_1.corp-x.example", 1, 15, false, "", ""},
        {"redis://127.0.0.1:65535/65535", "", "127.0.0.1", 65535, 65535, false, "", ""},
        {"redis://[::1]", "", "::1", 6379, 0, false, "", ""},
        {"redis://[fe80::1%eth0]:7/2", "", "fe80::1%eth0", 7, 2, false, "", ""},
        {"redis://:secret@h", "", "h", 6379, 0, true, "", "secret"},
        {"redis://me:a:b@h:7/1", "", "h", 7, 1, true, "me", "a:b"},
        {"redis://me:a@b@h", "", "h", 6379, 0, true, "me", "a@b"},
        {"redis://m%40e:p%2Fw%25%3a@h", "", "h", 6379, 0, true, "m@e", "p/w%:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis_place place;
        if (redis_place_read(span_of(rows[i].url), &place) != ERR_OK)
            fail_msg("%s was refused", rows[i].url);
        assert_string_equal(place.path, rows[i].path);
        assert_string_equal(place.door.host, rows[i].host);
        if (!rows[i].path[0])
            assert_int_equal(place.door.port, rows[i].port);
        assert_int_equal(place.database, rows[i].database);
        assert_int_equal(place.has_password, rows[i].secret);
        assert_string_equal(place.user, rows[i].user);
        assert_string_equal(place.password, rows[i].password);
    }
}

static void test_sentinels(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        unsigned n;
        const char *last;
        unsigned port;
        const char *service;
        unsigned database;
        const char *password;
    } rows[] = {
        {"sentinel://h/m", 1, "h", 26379, "m", 0, ""},
        {"sentinel://h:1/my-master.1", 1, "h", 1, "my-master.1", 0, ""},
        {"sentinel://a,b:2,[::1]:3/m/", 3, "::1", 3, "m", 0, ""},
        {"sentinel://:secret@a,b/m/4", 2, "b", 26379, "m", 4, "secret"},
        {"sentinel://a,b,c,d,e,f,g,h/m", 8, "h", 26379, "m", 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis_place place;
        if (redis_place_read(span_of(rows[i].url), &place) != ERR_OK)
            fail_msg("%s was refused", rows[i].url);
        assert_int_equal(place.sentinels_n, rows[i].n);
        assert_string_equal(place.sentinels[rows[i].n - 1].host, rows[i].last);
        assert_int_equal(place.sentinels[rows[i].n - 1].port, rows[i].port);
        assert_string_equal(place.service, rows[i].service);
        assert_int_equal(place.database, rows[i].database);
        assert_string_equal(place.password, rows[i].password);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "sentinel://",
        "sentinel:///m",
        "sentinel://h",
        "sentinel://h/",
        "sentinel://h,/m",
        "sentinel://,h/m",
        "sentinel://h;i/m",
        "sentinel://h:0/m",
        "sentinel://h/a b",
        "sentinel://h/m/x",
        "sentinel://h/m/0/1",
        "sentinel://user@h/m",
        "sentinel://a,b,c,d,e,f,g,h,i/m",
        "",
        "h:6379",
        "unix:",
        "unix",
        "redis:/h",
        "redis://",
        "redis:///0",
        "rediss://h",
        "REDIS://h",
        "http://h",
        "redis://h:",
        "redis://h:0",
        "redis://h:65536",
        "redis://h:-1",
        "redis://h:6379x",
        "redis://h:1:2",
        "redis://::1",
        "redis://[::1",
        "redis://[]",
        "redis://[::1]6379",
        "redis://[::1]:",
        "redis://[a/b]",
        "redis://h/-1",
        "redis://h/x",
        "redis://h/65536",
        "redis://h/0/",
        "redis://h?x",
        "redis://h#x",
        "redis://a b",
        "redis://h\n",
        "redis://user@h",
        "redis://@h",
        "redis://:@h",
        "redis://user:a/b@h",
        "redis://user:a%zz@h",
        "redis://user:a%00@h",
        "redis://user%:a@h",
        "redis://user:pass@",
    };
    struct redis_place place;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (redis_place_read(span_of(rows[i]), &place) != ERR_URL)
            fail_msg("%s was taken", rows[i]);
    assert_int_equal(redis_place_read(SPAN("redis://a\0b"), &place), ERR_URL);
    assert_int_equal(redis_place_read(SPAN("unix:/a\0b"), &place), ERR_URL);
}

/* The longest of each part fits, one more is refused, not cut. */
static void test_long(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        int most;
    } rows[] = {
        {"unix:/", "", REDIS_PATH_SIZE - 2},           {"redis://", "", REDIS_HOST_SIZE - 1},
        {"sentinel://h/", "", REDIS_SERVICE_SIZE - 1}, {"redis://", ":p@h", REDIS_SECRET_SIZE - 1},
        {"redis://u:", "@h", REDIS_SECRET_SIZE - 1},
    };
    char many[1000], url[1100];
    memset(many, 'a', sizeof many);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int more = 0; more <= 1; more++) {
            struct redis_place place;
            snprintf(url, sizeof url, "%s%.*s%s", rows[i].before, rows[i].most + more, many,
                     rows[i].after);
            assert_int_equal(redis_place_read(span_of(url), &place), more ? ERR_URL : ERR_OK);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_sentinels),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
