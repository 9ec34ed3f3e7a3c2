/* What operators are shown of who has not everything, and of what was given up: from their request
 * to the answer. */
#include "tests/scenario/world.h"

#include <stdio.h>
#include <string.h>

struct scene {
    struct world w;
    struct peer reader, other;
    struct fake_reply reply;
};

static void begin(struct scene *s)
{
    world_init(&s->w, 12);
    peer_init(&s->reader, "reader", true);
    peer_init(&s->other, "other", true);
    world_courier(&s->w);
    world_steward(&s->w);
    world_member(&s->w, &s->reader);
    world_member(&s->w, &s->other);
    fake_run(2 * SECOND);
}

static void end(struct scene *s)
{
    world_courier_ends(&s->w);
    world_fini(&s->w);
    peer_fini(&s->reader);
    peer_fini(&s->other);
}

static const char *told(struct scene *s, const char *path, int status)
{
    world_ask(&s->w, path, &s->reply);
    fake_run(5 * SECOND);
    assert_true(reply_is(&s->reply, status, NULL));
    return s->reply.body;
}

static uint64_t post(struct scene *s, unsigned k)
{
    const struct fake_line *lines;
    world_post(&s->w, k);
    fake_run(5 * SECOND);
    size_t n = fake_lines(s->w.context.store, &lines);
    return lines[n - 1].line.n;
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        n++;
    return n;
}

/* Behind one letter stand those that are older. */
static void test_letters_behind_one(void **state)
{
    (void)state;
    struct scene s;
    char path[3][128], id[3][64];
    begin(&s);
    s.reader.script_posts = true;
    for (unsigned k = 0; k < 3; k++) {
        peer_next(&s.reader, (struct fake_answer){.status = 400, .delay_ms = 20});
        snprintf(id[k], sizeof id[k], "%llu@reader.corp.example",
                 (unsigned long long)post(&s, k + 1));
        snprintf(path[k], sizeof path[k], "/api/v1/dead?before=%s", id[k]);
    }
    const char *all = told(&s, "/api/v1/dead", 200);
    for (unsigned k = 0; k < 3; k++)
        assert_non_null(strstr(all, id[k]));
    assert_true(strstr(all, id[2]) < strstr(all, id[1]));
    assert_null(strstr(all, "\"next\""));
    const char *behind = told(&s, path[2], 200);
    assert_null(strstr(behind, id[2]));
    assert_non_null(strstr(behind, id[1]));
    assert_non_null(strstr(behind, id[0]));
    behind = told(&s, path[1], 200);
    assert_null(strstr(behind, id[1]));
    assert_non_null(strstr(behind, id[0]));
    assert_int_equal(count(told(&s, path[0], 200), "@reader"), 0);
    told(&s, "/api/v1/dead?before=x", 400);
    told(&s, "/api/v1/dead?before=0@reader.corp.example", 400);
    told(&s, "/api/v1/dead?before=", 400);
    end(&s);
}

/* Who is further behind comes first; nobody is left out of so few. */
static void test_furthest_behind_first(void **state)
{
    (void)state;
    struct scene s;
    begin(&s);
    assert_int_equal(count(told(&s, "/api/v1/queue", 200), "\"host\""), 0);
    world_operate(&s.w, "/api/v1/queue/reader.corp.example/hold", SPAN_NONE, &s.reply);
    fake_run(5 * SECOND);
    post(&s, 1);
    world_operate(&s.w, "/api/v1/queue/other.corp.example/hold", SPAN_NONE, &s.reply);
    fake_run(5 * SECOND);
    post(&s, 2);
    const char *queue = told(&s, "/api/v1/queue", 200);
    assert_int_equal(count(queue, "\"host\""), 2);
    assert_true(strstr(queue, "reader.corp.example") < strstr(queue, "other.corp.example"));
    assert_non_null(strstr(queue, "\"total\":2"));
    assert_non_null(strstr(queue, "\"left_out\":0"));
    end(&s);
}

/* Where the journal does not reach back to where a member stands, that is told of it, until it has
 * gone on from there. */
static void test_behind_the_journal(void **state)
{
    (void)state;
    static const char path[] = "/api/v1/members/reader.corp.example";
    struct scene s;
    char gap[32];
    begin(&s);
    world_operate(&s.w, "/api/v1/queue/reader.corp.example/hold", SPAN_NONE, &s.reply);
    fake_run(5 * SECOND);
    for (unsigned k = 0; k < 3; k++)
        post(&s, k + 1);
    uint64_t last = fake_newest(s.w.context.store);
    assert_null(strstr(told(&s, path, 200), "\"gap\""));
    fake_drop_entries(s.w.context.store, last - 1);
    snprintf(gap, sizeof gap, "\"gap\":%llu", (unsigned long long)last - 1);
    assert_non_null(strstr(told(&s, path, 200), gap));
    assert_null(strstr(told(&s, "/api/v1/members/other.corp.example", 200), "\"gap\""));
    world_operate(&s.w, "/api/v1/queue/reader.corp.example/release", SPAN_NONE, &s.reply);
    fake_run(5 * SECOND);
    assert_null(strstr(told(&s, path, 200), "\"gap\""));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letters_behind_one),
                                       cmocka_unit_test(test_furthest_behind_first),
                                       cmocka_unit_test(test_behind_the_journal)};
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
