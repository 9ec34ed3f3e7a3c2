/* schedule: many members. What one delivery costs beside few and beside many that it does not
 * concern is the same: told in processor time, few and many in turn; the best round counts. */
#include "schedule_rig.h"

#include <time.h>

enum { FEW = 300, MANY = 5000, ROUNDS = 12, POSTS = 20, DEARER_MOST = 3 };

static int64_t spent_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void load(struct schedule *s, size_t n, const char *zone, uint64_t from)
{
    struct member *m = rig_record("x", MEMBER_ACTIVE, from, 0);
    snprintf(m->spans[0].zone, sizeof(m->spans[0].zone), "%s", zone);
    m->inboxes[0].from = from;
    snprintf(m->host, sizeof(m->host), "h%zu", n);
    schedule_load_member(s, m);
}

/* --- what the others do ---------------------------------------------------------------------- */

/* They are in another zone, and have everything. */
static void are_elsewhere(struct schedule *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        load(s, i, "blue", 0);
    schedule_loaded(s);
    rig_rests(s, NOW);
}

/* Their hosts are down, and they are behind. */
static void are_down(struct schedule *s, size_t n)
{
    struct attempt a;
    for (size_t i = 0; i < n; i++)
        load(s, i, "red", 0);
    schedule_loaded(s);
    rig_tell(s, 1, 1);
    while (schedule_next(s, NOW, &a))
        rig_answer(s, &a, NOW, ERR_OK, strcmp(a.host, "one") == 0 ? 202 : 503);
}

/* They were down before a start. */
static void were_down(struct schedule *s, size_t n)
{
    const struct cursor behind = {
        .low = 0, .urgent = 0, .health = {.wake_ms = NOW + HOUR, .failures = 3}};
    for (size_t i = 0; i < n; i++) {
        char host[32];
        load(s, i, "red", 0);
        snprintf(host, sizeof(host), "h%zu", i);
        schedule_load_cursor(s, span_of(host), &behind);
    }
    schedule_loaded(s);
    rig_rests(s, NOW);
}

/* Their joins are still to be told: the shard was at the beginning when it was loaded. */
static void are_to_join(struct schedule *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        load(s, i, "blue", i + 1);
    schedule_loaded(s);
    rig_rests(s, NOW);
}

static void are_suspended(struct schedule *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char host[32];
        snprintf(host, sizeof(host), "h%zu", i);
        schedule_load_member(s, rig_record(host, MEMBER_SUSPENDED, 0, 1));
    }
    schedule_loaded(s);
    rig_rests(s, NOW);
}

/* --- what is measured ------------------------------------------------------------------------ */

struct town {
    struct schedule *s;
    uint64_t last;
    int64_t best_ns;
};

static void town_init(struct town *t, void (*fill)(struct schedule *, size_t), size_t others)
{
    t->s = rig_new(&rig_limits, "one", 0);
    fill(t->s, others);
    struct delta delta;
    while (schedule_delta(t->s, NOW, &delta))
        schedule_committed(t->s, &delta);
    t->last = 1;
    t->best_ns = INT64_MAX;
}

/* Posts for one member, each delivered and written down before the next. */
static void town_round(struct town *t)
{
    int64_t before = spent_ns();
    for (int i = 0; i < POSTS; i++) {
        struct delta delta;
        rig_tell(t->s, t->last + 1, t->last + 1);
        t->last++;
        rig_delivers(t->s, NOW, "one", t->last);
        rig_rests(t->s, NOW);
        assert_true(schedule_delta(t->s, NOW, &delta));
        schedule_committed(t->s, &delta);
    }
    int64_t ns = spent_ns() - before;
    t->best_ns = ns < t->best_ns ? ns : t->best_ns;
}

/* Of a post, in the best round. */
static double post_us(const struct town *t)
{
    int posts = POSTS;
    return (double)t->best_ns / posts / 1000;
}

static void test_beside_many(void **state)
{
    static const struct {
        const char *name;
        void (*fill)(struct schedule *s, size_t n);
    } rows[] = {{"elsewhere", are_elsewhere},
                {"down", are_down},
                {"down before", were_down},
                {"to join", are_to_join},
                {"suspended", are_suspended}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct town few, many;
        town_init(&few, rows[i].fill, FEW);
        town_init(&many, rows[i].fill, MANY);
        for (int round = 0; round < ROUNDS; round++) {
            town_round(&few);
            town_round(&many);
        }
        print_message("%s: %.1f us beside %d, %.1f us beside %d\n", rows[i].name, post_us(&few),
                      FEW, post_us(&many), MANY);
        assert_in_range(many.best_ns, 1, DEARER_MOST * few.best_ns);
        schedule_free(&few.s);
        schedule_free(&many.s);
    }
}

/* What has to be written down about many at once comes in parts, of whole shards; none is left out.
 */
static void test_parts(void **state)
{
    enum { HOSTS = 12000, PART_MOST = 4096 + 4 * HOSTS / SCHEDULE_SHARDS_MAX };
    struct schedule_limits limits = rig_limits;
    struct attempt a;
    struct delta delta;
    size_t parts = 0, cursors = 0;
    uint64_t shards = 0;
    (void)state;
    limits.shards = SCHEDULE_SHARDS_MAX;
    struct schedule *s = schedule_new(&limits);
    for (size_t i = 0; i < HOSTS; i++)
        load(s, i, "red", 0);
    schedule_loaded(s);
    rig_tell(s, 1, 1);
    while (schedule_next(s, NOW, &a))
        rig_answer(s, &a, NOW, ERR_OK, 503);
    while (schedule_delta(s, NOW, &delta)) {
        assert_in_range(delta.n, 1, PART_MOST);
        for (size_t i = 0; i < delta.n; i++) {
            const struct change *change = &delta.list[i];
            cursors += change->kind == CHANGE_CURSOR;
            if (change->kind != CHANGE_SHARD)
                continue;
            assert_false(shards >> change->shard & 1); /* whole: in one part */
            shards |= UINT64_C(1) << change->shard;
        }
        parts++;
        schedule_committed(s, &delta);
    }
    assert_in_range(parts, 2, SCHEDULE_SHARDS_MAX);
    assert_int_equal(cursors, HOSTS);
    assert_true(shards == UINT64_MAX);
    schedule_free(&s);
}

/* Who has been in several zones is not looked for in one of them. */
static void test_several_zones(void **state)
{
    (void)state;
    struct schedule *s = schedule_new(&rig_limits);
    struct member *m = rig_record("a", MEMBER_ACTIVE, 0, 3);
    m->spans[m->spans_n++] = (struct member_span){3, MEMBER_SPAN_OPEN, "blue"};
    span_copy(SPAN("blue"), m->zone, sizeof(m->zone));
    schedule_load_member(s, m);
    schedule_load_member(s, rig_record("b", MEMBER_ACTIVE, 0, 0));
    schedule_load_shard(s, 0, 3, 3);
    schedule_loaded(s);
    rig_rests(s, NOW);
    struct entry *e = rig_entry_from(4, "blue", "origin.test");
    schedule_entry(s, e);
    entry_unref(&e);
    rig_delivers(s, NOW, "a", 4);
    rig_rests(s, NOW);
    rig_tell(s, 5, 5);
    rig_delivers(s, NOW, "b", 5);
    rig_rests(s, NOW);
    schedule_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_beside_many),
                                       cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_several_zones)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
