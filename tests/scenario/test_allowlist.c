/* Lists of members for other servers: who may read which, what is on them, and what becomes of who
 * asks while the registry changes or Redis is away. */
#include "tests/scenario/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN "corp-partners-4711"

static char token_path[] = "/tmp/weir-allowlist-XXXXXX";

static const char published[] = "zones:\n"
                                "  internal:\n"
                                "    hosts: ['*.corp.example']\n"
                                "    networks: [10.0.0.0/8]\n"
                                "    join: open\n"
                                "    publish: public\n"
                                "  partners:\n"
                                "    hosts: ['*.partner.example']\n"
                                "    join: open\n"
                                "    publish: token\n"
                                "    token_file: %s\n"
                                "  silent: { publish: no }\n";

struct scene {
    struct world w;
    struct peer wiki, blog, ally;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    char text[1000];
    world_init(&s->w, 5);
    peer_init(&s->wiki, "wiki", true);
    peer_init(&s->blog, "blog", true);
    peer_init(&s->ally, "ally", false);
    snprintf(text, sizeof(text), published, token_path);
    world_policy(&s->w, text);
    world_front(&s->w);
    world_member(&s->w, &s->wiki);
    world_member(&s->w, &s->blog);
    world_member(&s->w, &s->ally);
    fake_run(SECOND);
}

static void end(struct scene *s)
{
    world_fini(&s->w);
    peer_fini(&s->wiki);
    peer_fini(&s->blog);
    peer_fini(&s->ally);
}

static void ask(struct scene *s, const char *path, const char *field, const char *value,
                struct fake_reply *reply)
{
    const struct fake_field fields[] = {{"Host", "anything.example"}, {field, value}};
    *reply = (struct fake_reply){0};
    fake_request(s->w.context.config->set.listen, "GET", path, fields, field ? 2 : 1, SPAN_NONE,
                 reply);
}

static const char *told(struct scene *s, const char *path, const char *field, const char *value,
                        int status)
{
    ask(s, path, field, value, &s->reply);
    fake_run(100);
    assert_int_equal(s->reply.times, 1);
    assert_int_equal(s->reply.status, status);
    return s->reply.body;
}

static void etag(const struct scene *s, char ret[40])
{
    const char *at = strstr(s->reply.fields, "ETag: ");
    assert_non_null(at);
    struct span rest = span_of(at + 6);
    assert_true(span_copy(span_trim(span_cut(&rest, '\r')), ret, 40));
}

static void test_forms(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    assert_string_equal(told(&s, "/zones/internal/members.txt", NULL, NULL, 200),
                        "blog.corp.example\nwiki.corp.example\n");
    assert_non_null(strstr(s.reply.fields, "Cache-Control: no-cache\r\n"));
    assert_string_equal(told(&s, "/zones/internal/members.csv", NULL, NULL, 200),
                        "#domain\nblog.corp.example\nwiki.corp.example\n");
    assert_string_equal(told(&s, "/zones/internal/members.json", NULL, NULL, 200),
                        "[{\"domain\":\"blog.corp.example\"},{\"domain\":\"wiki.corp.example\"}]");
    assert_int_equal(fake_called(OP_MEMBERS), 1); /* one walk for all of them */
    end(&s);
}

/* What is no list looks the same, whether there is such a zone or not. */
static void test_none(void **state)
{
    (void)state;
    struct scene s;
    char of_none[4096];
    begin(&s);
    strncpy(of_none, told(&s, "/zones/nobody/members.txt", NULL, NULL, 404), sizeof(of_none) - 1);
    of_none[sizeof(of_none) - 1] = '\0';
    assert_string_equal(told(&s, "/zones/silent/members.txt", NULL, NULL, 404), of_none);
    assert_string_equal(told(&s, "/zones/nobody/members.xml", NULL, NULL, 404), of_none);
    assert_int_equal(fake_called(OP_CHANGES), 0);
    end(&s);
}

static void test_token(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
        int status;
    } rows[] = {
        {NULL, NULL, 401},
        {"Authorization", "Bearer", 401},
        {"Authorization", "Bearer ", 401},
        {"Authorization", TOKEN, 401},
        {"Authorization", "Basic " TOKEN, 401},
        {"Authorization", "Bearer " TOKEN "x", 401},
        {"Authorization", "Bearer corp-partners-471", 401},
        {"Authorization", "Bearer " TOKEN, 200},
        {"authorization", "bearer " TOKEN " ", 200},
    };
    struct scene s;
    begin(&s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *body =
            told(&s, "/zones/partners/members.txt", rows[i].field, rows[i].value, rows[i].status);
        if (rows[i].status == 200) {
            assert_string_equal(body, "ally.partner.example\n");
            assert_non_null(strstr(s.reply.fields, "Cache-Control: private, no-cache\r\n"));
        } else {
            assert_null(strstr(body, "ally"));
            assert_non_null(strstr(body, "\"code\":\"token\""));
            assert_non_null(strstr(s.reply.fields, "WWW-Authenticate: Bearer"));
        }
    }
    /* A file that others may read is no secret; said in the log, not to the asker. */
    assert_int_equal(chmod(token_path, 0644), 0);
    told(&s, "/zones/partners/members.txt", "Authorization", "Bearer " TOKEN, 503);
    assert_null(strstr(s.reply.body, "0600"));
    assert_int_equal(fake_logged("request", "status=503", "0600"), 1);
    assert_int_equal(chmod(token_path, 0600), 0);
    assert_int_equal(fake_logged(TOKEN, NULL, NULL), 0);
    end(&s);
}

/* Whoever has the list is told that it is the same, until it is another. */
static void test_etag(void **state)
{
    (void)state;
    struct scene s;
    char first[40], second[40], several[200];
    static const char path[] = "/zones/internal/members.txt";
    begin(&s);
    told(&s, path, NULL, NULL, 200);
    etag(&s, first);
    assert_string_equal(told(&s, path, "If-None-Match", first, 304), "");
    snprintf(several, sizeof(several), "\"x\", W/%s", first);
    told(&s, path, "If-None-Match", several, 304);
    told(&s, path, "If-None-Match", "*", 304);
    told(&s, path, "If-None-Match", "\"x\"", 200);
    told(&s, "/zones/internal/members.csv", "If-None-Match", first, 200);
    fake_run(10 * SECOND); /* asked about again, and the same */
    told(&s, path, "If-None-Match", first, 304);
    assert_int_equal(fake_called(OP_CHANGES), 3);
    assert_int_equal(fake_called(OP_MEMBERS), 1);
    assert_int_equal(world_event(&s.w, &s.wiki, EVENT_SUSPEND, NULL), ERR_OK);
    fake_run(10 * SECOND);
    assert_string_equal(told(&s, path, "If-None-Match", first, 200), "blog.corp.example\n");
    etag(&s, second);
    assert_string_not_equal(first, second);
    assert_int_equal(fake_called(OP_MEMBERS), 2);
    end(&s);
}

/* Within five seconds nothing is asked of Redis again; then the newest is told. */
static void test_fresh(void **state)
{
    (void)state;
    struct scene s;
    static const char path[] = "/zones/internal/members.txt";
    begin(&s);
    told(&s, path, NULL, NULL, 200);
    unsigned asked = fake_called(OP_CHANGES);
    assert_int_equal(world_event(&s.w, &s.wiki, EVENT_SUSPEND, NULL), ERR_OK);
    for (int i = 0; i < 10; i++)
        assert_non_null(strstr(told(&s, path, NULL, NULL, 200), "wiki"));
    assert_int_equal(fake_called(OP_CHANGES), asked);
    fake_run(5 * SECOND);
    assert_null(strstr(told(&s, path, NULL, NULL, 200), "wiki"));
    end(&s);
}

/* Many at once wait for one look. */
static void test_together(void **state)
{
    (void)state;
    struct scene s;
    static struct fake_reply replies[20];
    begin(&s);
    unsigned asked = fake_called(OP_CHANGES);
    for (int i = 0; i < 20; i++)
        ask(&s, "/zones/internal/members.txt", NULL, NULL, &replies[i]);
    fake_run(SECOND);
    for (int i = 0; i < 20; i++)
        assert_int_equal(replies[i].status, 200);
    assert_int_equal(fake_called(OP_MEMBERS), 1);
    assert_int_equal(fake_called(OP_CHANGES) - asked, 2); /* before the walk, and behind it */
    end(&s);
}

/* Redis away: 503, whatever was known before; nobody is told an empty list. */
static void test_away(void **state)
{
    (void)state;
    struct scene s;
    static const char path[] = "/zones/internal/members.txt";
    static const enum fake_op ops[] = {OP_CHANGES, OP_MEMBERS};
    begin(&s);
    for (size_t i = 0; i < 2; i++) {
        fake_fault(ops[i], FAULT_LOST, 0, 1);
        ask(&s, path, NULL, NULL, &s.reply);
        fake_run(30 * SECOND);
        assert_int_equal(s.reply.status, 503);
        assert_non_null(strstr(s.reply.fields, "Retry-After: "));
    }
    fake_fault(OP_CHANGES, FAULT_LOST, 1, 1); /* behind the walk */
    ask(&s, path, NULL, NULL, &s.reply);
    fake_run(30 * SECOND);
    assert_int_equal(s.reply.status, 503);
    assert_non_null(strstr(told(&s, path, NULL, NULL, 200), "wiki"));
    end(&s);
}

/* A Redis that was emptied, before it is asked or while it is: 503, and not the list of nobody. */
static void test_emptied(void **state)
{
    (void)state;
    struct scene s;
    static const char path[] = "/zones/internal/members.txt";
    begin(&s);
    ask(&s, path, NULL, NULL, &s.reply);
    fake_run(2); /* counted; the walk is under way */
    fake_forget_members(s.w.context.store);
    fake_run(SECOND);
    assert_int_equal(s.reply.status, 503);
    end(&s);
    begin(&s);
    told(&s, path, NULL, NULL, 200);
    fake_forget_members(s.w.context.store);
    fake_run(10 * SECOND);
    told(&s, path, NULL, NULL, 503);
    end(&s);
}

/* A reload while somebody waits counts for the answer; a front that ends gives one. */
static void test_between(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    ask(&s, "/zones/internal/members.txt", NULL, NULL, &s.reply);
    world_policy(&s.w, NULL); /* publishes nothing */
    fake_run(SECOND);
    assert_int_equal(s.reply.status, 404);
    char text[1000];
    snprintf(text, sizeof(text), published, token_path);
    world_policy(&s.w, text);
    fake_run(10 * SECOND);
    ask(&s, "/zones/internal/members.txt", NULL, NULL, &s.reply);
    fake_run(1);
    assert_int_equal(s.reply.times, 0);
    front_free(&s.w.front);
    assert_int_equal(s.reply.status, 503);
    fake_run(SECOND); /* what was asked of the store comes, and finds nobody */
    end(&s);
}

static int with_token(void **state)
{
    int fd = mkstemp(token_path);
    if (fd < 0 || write(fd, TOKEN "\n", sizeof(TOKEN)) != sizeof(TOKEN) || close(fd) != 0)
        return -1;
    return world_keys(state);
}

static int token_gone(void **state)
{
    return unlink(token_path) == 0 ? world_keys_gone(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),   cmocka_unit_test(test_none),
        cmocka_unit_test(test_token),   cmocka_unit_test(test_etag),
        cmocka_unit_test(test_fresh),   cmocka_unit_test(test_together),
        cmocka_unit_test(test_away),    cmocka_unit_test(test_between),
        cmocka_unit_test(test_emptied),
    };
    return cmocka_run_group_tests(tests, with_token, token_gone);
}
