/* tail: every line once, in order, none before the mail that goes ahead of it; from wherever it is
 * asked to start, through restarts of Redis and behind what was trimmed. */
#include "tests/unit/store/journal_rig.h"

#include "relay/store/tail.h"

enum { MOST = 2000 };

struct follower {
    struct rig *rig;
    struct tail *tail;
    int lines, mails, batches, losts;
    int first_mails;         /* that had come when the first batch was done */
    uint64_t numbers[MOST];  /* of lines, as they came */
    uint64_t letters[MOST];  /* of direct mail */
    size_t read_ahead[MOST]; /* how much mail had come before this line */
    uint64_t first_previous;
    uint64_t floor; /* as told; 0: nothing was trimmed */
    char last_mail[200], why[64];
    bool free_when_lost, again;
};

static void on_line(void *arg, const struct journal_line *line)
{
    struct follower *f = arg;
    assert_true(f->lines < MOST);
    if (!f->lines)
        f->first_previous = line->previous;
    f->read_ahead[f->lines] = (size_t)f->mails;
    f->numbers[f->lines++] = line->n;
}

static void on_direct(void *arg, const struct direct *d)
{
    struct follower *f = arg;
    assert_true(f->mails < MOST);
    snprintf(f->last_mail, sizeof f->last_mail, "%s %lld %.*s %.*s %.*s %.*s", d->id,
             (long long)d->at_ms, SPAN_ARG(d->host), SPAN_ARG(d->inbox), SPAN_ARG(d->kind),
             SPAN_ARG(d->body));
    f->letters[f->mails++] = d->n;
}

static void on_floor(void *arg, enum lane lane, uint64_t floor)
{
    struct follower *f = arg;
    assert_int_equal(lane, LANE_NORMAL);
    assert_int_equal(f->lines, 0); /* before any line */
    f->floor = floor;
}

static void on_batch(void *arg)
{
    struct follower *f = arg;
    if (!f->batches++)
        f->first_mails = f->mails;
    loop_stop(f->rig->loop);
}

static void on_lost(void *arg, const char *why, bool again)
{
    struct follower *f = arg;
    f->losts++;
    f->again = again;
    snprintf(f->why, sizeof f->why, "%s", why);
    if (f->free_when_lost)
        tail_free(&f->tail);
    loop_stop(f->rig->loop);
}

static struct follower *follow_at(struct rig *rig, const char *url, uint64_t after, uint64_t shards)
{
    struct follower *f = mem_new(sizeof *f);
    f->rig = rig;
    const struct tail_config config = {.url = url,
                                       .command_ms = rig->command_ms,
                                       .shards = shards,
                                       .store = rig->store,
                                       .after = after,
                                       .on_floor = on_floor,
                                       .on_line = on_line,
                                       .on_direct = on_direct,
                                       .on_batch = on_batch,
                                       .on_lost = on_lost,
                                       .arg = f};
    assert_int_equal(tail_new(rig->loop, &config, &f->tail), ERR_OK);
    return f;
}

static struct follower *follow(struct rig *rig, uint64_t after)
{
    return follow_at(rig, rig->url, after, UINT64_MAX);
}

static void follow_end(struct follower *f)
{
    tail_free(&f->tail);
    free(f);
}

/* Lines `from`, from+step, ... to `to`, each once and nothing else. */
static void assert_lines(const struct follower *f, uint64_t from, uint64_t to, uint64_t step)
{
    assert_int_equal(f->lines, (to - from) / step + 1);
    for (int i = 0; i < f->lines; i++)
        assert_int_equal(f->numbers[i], from + step * (uint64_t)i);
}

/* Every letter with a smaller number than a line came before that line. */
static void assert_mail_first(const struct follower *f)
{
    for (int i = 0; i < f->lines; i++)
        for (int m = (int)f->read_ahead[i]; m < f->mails; m++)
            assert_true(f->letters[m] > f->numbers[i]);
}

static void posts(struct rig *rig, int from, int n)
{
    static struct posted posted[MOST];
    for (int i = 0; i < n; i++) {
        char what[16], object[16];
        snprintf(what, sizeof what, "C c%d", from + i);
        snprintf(object, sizeof object, "o%d", from + i);
        struct post p = POST(what, object, .now = from + i + 1);
        post_send(rig, &p, &posted[i]);
    }
    rig_await(rig, &posted[n - 1].calls, 1);
}

/* Mail of shards that are another's is told to that other. */
static void test_shards(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    unsigned shard = shard_of(SPAN("b.example"), STORE_SHARDS);
    rig_fresh(rig);
    join(rig, "b.example", 0, "hello", &changed);
    struct follower *ours = follow_at(rig, rig->url, 0, UINT64_C(1) << shard);
    struct follower *others = follow_at(rig, rig->url, 0, ~(UINT64_C(1) << shard));
    rig_await(rig, &ours->lines, 1);
    rig_await(rig, &others->lines, 1);
    assert_int_equal(ours->mails, 1);
    assert_int_equal(others->mails, 0);
    follow_end(ours);
    follow_end(others);
}

/* The store has its connection, the tail gets none: that is told in time. */
static void test_no_connection(void **state)
{
    struct rig *rig = *state;
    char url[256];
    rig_fresh(rig);
    snprintf(url, sizeof url, "%s.not", rig->url);
    rig->command_ms = 100;
    int64_t began = clock_mono_ms();
    struct follower *f = follow_at(rig, url, 0, UINT64_MAX);
    rig_await(rig, &f->losts, 1);
    assert_true(clock_mono_ms() - began >= 200);
    assert_string_equal(f->why, "no second connection to Redis");
    follow_end(f);
    f = follow(rig, 0); /* the twin: with one, nothing is said */
    rig_idle(rig, 500);
    assert_int_equal(f->losts, 0);
    follow_end(f);
    rig->command_ms = 5000;
}

static void test_follow(void **state)
{
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    struct follower *f = follow(rig, 0);
    rig_idle(rig, 50); /* nothing there */
    assert_int_equal(f->lines + f->mails + f->losts, 0);
    posts(rig, 0, 1);
    rig_await(rig, &f->lines, 1);
    join(rig, "b.example", 0, "hello", &changed);
    rig_await(rig, &f->lines, 2);
    rig_await(rig, &f->mails, 1); /* the larger number: it may come a moment later */
    char expected[200];
    snprintf(expected, sizeof expected,
             "%llu-3 1234 b.example https://b.example/inbox accept hello",
             (unsigned long long)store_epoch(rig->store));
    assert_string_equal(f->last_mail, expected);
    rig_idle(rig, 1200); /* longer than Redis is asked to wait */
    posts(rig, 1, 1);
    rig_await(rig, &f->lines, 3);
    assert_int_equal(f->numbers[2], 4);
    assert_mail_first(f);
    assert_int_equal(f->losts, 0);
    follow_end(f);
}

static void test_start(void **state)
{
    static const struct {
        uint64_t after, first;
        int lines;
    } rows[] = {{0, 1, 20}, {1, 2, 19}, {19, 20, 1}, {20, 21, 0}};
    struct rig *rig = *state;
    rig_fresh(rig);
    posts(rig, 0, 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct follower *f = follow(rig, rows[i].after);
        assert_true(rig_run(rig, &f->lines, rows[i].lines, 5000));
        rig_idle(rig, 20);
        assert_int_equal(f->lines, rows[i].lines);
        if (f->lines)
            assert_int_equal(f->numbers[0], rows[i].first);
        follow_end(f);
    }
}

/* More of both than one answer holds, the mail all in one stream. */
static void test_many(void **state)
{
    enum { MANY = 600 };
    struct rig *rig = *state;
    struct changed changed;
    rig_fresh(rig);
    for (uint64_t i = 0; i < MANY; i++)
        join(rig, "b.example", i, "mail", &changed); /* line 2i + 1, mail 2i + 2 */
    for (int late = 0; late <= 1; late++) {
        struct follower *f = follow(rig, 0);
        if (late) { /* some of it comes while it reads */
            posts(rig, 0, 300);
            rig_await(rig, &f->lines, MANY + 300);
        } else {
            rig_await(rig, &f->lines, MANY);
            assert_lines(f, 1, 2 * MANY - 1, 2);
        }
        assert_int_equal(f->mails, MANY);
        assert_int_equal(f->first_mails, MANY); /* nobody acts on a part of it */
        for (int i = 0; i < MANY; i++)
            assert_int_equal(f->letters[i], 2 * i + 2);
        assert_mail_first(f);
        follow_end(f);
    }
    /* Unsettled mail from long before the first line. */
    struct follower *f = follow(rig, 2 * MANY - 200);
    rig_await(rig, &f->lines, 100 + 300);
    assert_int_equal(f->mails, MANY);
    assert_mail_first(f);
    follow_end(f);
}

static void on_trimmed(void *arg, const struct journal_trimmed *answer)
{
    struct rig *rig = arg;
    assert_int_equal(answer->err, ERR_OK);
    rig->answers++;
    loop_stop(rig->loop);
}

static void test_trimmed(void **state)
{
    const struct journal_trim trim = {.now_ms = 99, .entries_ms = 8};
    struct rig *rig = *state;
    rig_fresh(rig);
    posts(rig, 0, 20);
    journal_trim(rig->store, &trim, on_trimmed, rig);
    rig_await(rig, &rig->answers, rig->answers + 1);
    struct follower *f = follow(rig, 2);
    rig_await(rig, &f->lines, 13);
    assert_lines(f, 8, 20, 1);
    assert_int_equal(f->first_previous, 7); /* which says that something is missing */
    assert_int_equal(f->floor, 7);
    follow_end(f);
    f = follow(rig, 15);
    rig_await(rig, &f->lines, 5);
    assert_lines(f, 16, 20, 1);
    assert_int_equal(f->floor, 0); /* nothing that it wanted is gone */
    follow_end(f);
}

/* Redis is killed and comes back, twice: the journal goes on under new epochs. */
static void test_epochs(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    posts(rig, 0, 5);
    struct follower *lost = follow(rig, 0);
    rig_await(rig, &lost->lines, 5);
    for (int i = 1; i <= 2; i++) {
        uint64_t epoch = store_epoch(rig->store);
        rig_kill(rig);
        rig_await(rig, &rig->not_ready, i);
        rig_serve(rig, NULL);
        rig_await(rig, &rig->ready, i + 1);
        assert_true(store_epoch(rig->store) > epoch);
        posts(rig, 5 * i, 5);
    }
    assert_int_equal(lost->losts, 1);
    assert_string_equal(lost->why, "no connection to Redis");
    assert_int_equal(lost->lines, 5); /* and then silence */
    follow_end(lost);
    for (uint64_t after = 0; after < 15; after++) {
        struct follower *f = follow(rig, after);
        rig_await(rig, &f->lines, 15 - (int)after);
        assert_lines(f, after + 1, 15, 1);
        follow_end(f);
        struct told told;
        read_page(rig, after, 256, &told);
        assert_int_equal(told.lines_n, 15 - after);
        bytes_fini(&told.text);
    }
}

/* Behind the dash of an id. */
static uint64_t number(const char *id)
{
    uint64_t n = 0;
    struct span rest = span_of(id);
    span_cut(&rest, '-');
    assert_true(span_u64(rest, UINT64_MAX, &n));
    return n;
}

/* A page that starts in an older time line, and one whose end was lost with it: epoch 10 ended at
 * 5, epoch 20 began and ended there too, without a line of its own. */
static bool pages_cross_epochs(struct rig *rig)
{
    bool ok = true;
    ask(rig, "HSET {weir}:epochs 10 5 20 5 30 8");
    for (int n = 1; n <= 9; n++)
        ask(rig, "XADD {weir}:N %s-%d k w h x pv %d",
            n <= 5   ? "10"
            : n <= 8 ? "30"
                     : "40",
            n, n - 1);
    ask(rig, "HSET {weir}:log n 9 last 9 epoch 40");
    for (uint64_t after = 0; after < 9 && ok; after++) {
        struct told told;
        read_page(rig, after, 3, &told);
        size_t lines = after <= 6 ? 3 : 9 - after;
        ok = told.lines_n == lines;
        ok = ok && number(told.first) == after + 1;
        ok = ok && number(told.last) == after + lines;
        bytes_fini(&told.text);
    }
    return ok;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"pages cross epochs", pages_cross_epochs, &script_page, "then epoch = epochs[i] end",
         "then end"},
        {"pages cross epochs", pages_cross_epochs, &script_page,
         "and tonumber(epochs[i]) < tonumber(epoch)", ""},
        {"pages cross epochs", pages_cross_epochs, &script_page,
         "tonumber(epochs[i + 1]) > after and ", ""},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* What can't be read is not passed over, here or by a page. */
static void test_unreadable(void **state)
{
    struct rig *rig = *state;
    struct told told;
    rig_fresh(rig);
    posts(rig, 0, 2);
    ask(rig, "XADD {weir}:N %llu-3 k z pv 2", (unsigned long long)store_epoch(rig->store));
    ask(rig, "HSET {weir}:log n 3 last 3");
    posts(rig, 2, 2);
    struct follower *f = follow(rig, 0);
    rig_await(rig, &f->losts, 1);
    assert_string_equal(f->why, "a line of the journal can't be read");
    assert_lines(f, 1, 2, 1);
    posts(rig, 4, 1);
    rig_idle(rig, 50);
    assert_int_equal(f->lines, 2);
    follow_end(f);
    read_page(rig, 0, 256, &told);
    assert_int_equal(told.err, ERR_REDIS_REPLY);
    bytes_fini(&told.text);
    read_page(rig, 3, 256, &told);
    assert_int_equal(told.lines_n, 3);
    bytes_fini(&told.text);
    ask(rig, "DEL {weir}:N");
    ask(rig, "SET {weir}:N x");
    f = follow(rig, 0);
    rig_await(rig, &f->losts, 1);
    assert_string_equal(f->why, "the journal can't be read");
    follow_end(f);
}

/* Freed at any moment, also by what it says last. */
static void test_freed(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    posts(rig, 0, 3);
    for (int turns = 0; turns < 12; turns++) {
        struct follower *f = follow(rig, 0);
        rig_idle(rig, turns / 3);
        follow_end(f);
    }
    struct follower *f = follow(rig, 0);
    f->free_when_lost = true;
    rig_await(rig, &f->lines, 3);
    ask(rig, "CLIENT KILL TYPE normal SKIPME yes");
    rig_await(rig, &f->losts, 1);
    assert_null(f->tail);
    rig_idle(rig, 20);
    follow_end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follow),        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_no_connection), cmocka_unit_test(test_start),
        cmocka_unit_test(test_many),          cmocka_unit_test(test_trimmed),
        cmocka_unit_test(test_epochs),        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_unreadable),    cmocka_unit_test(test_freed),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
