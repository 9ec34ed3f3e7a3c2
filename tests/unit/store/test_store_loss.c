/* store: a Redis that is killed, stopped, or comes back with less than it had: what was answered is
 * there, what was not is taken once, and no id ever stands for two things. */
#include "tests/unit/store/journal_rig.h"

#include <dirent.h>
#include <sys/stat.h>

static struct post numbered(int i)
{
    static char texts[64][2][16];
    char *what = texts[i % 64][0], *object = texts[i % 64][1];
    snprintf(what, 16, "C c%d", i);
    snprintf(object, 16, "o%d", i);
    struct post p = POST(what, object, .now = 1);
    return p;
}

static void restart(struct rig *rig)
{
    int ready = rig->ready;
    rig_serve(rig, NULL);
    rig_await(rig, &rig->ready, ready + 1);
}

/* --- killed between the call and its answer -------------------------------------------------- */

static void test_killed(void **state)
{
    enum { ROUNDS = 8, EACH = 6 };
    struct rig *rig = *state;
    int answered = 0;
    rig_fresh(rig);
    for (int round = 0; round < ROUNDS; round++) {
        struct posted first[EACH], again[EACH];
        for (int i = 0; i < EACH; i++) {
            struct post p = numbered(round * EACH + i);
            post_send(rig, &p, &first[i]);
        }
        rig_run(rig, &first[0].calls, round % 2, 1000); /* now and then after the first answer */
        rig_kill(rig);
        rig_await(rig, &first[EACH - 1].calls, 1);
        restart(rig);
        for (int i = 0; i < EACH; i++) {
            struct post p = numbered(round * EACH + i);
            post_send(rig, &p, &again[i]);
        }
        rig_await(rig, &again[EACH - 1].calls, 1);
        for (int i = 0; i < EACH; i++) {
            assert_int_equal(first[i].calls, 1);
            assert_int_equal(again[i].err, ERR_OK);
            if (first[i].err == ERR_OK) { /* answered, so kept: a repeat, of the same number */
                answered++;
                assert_int_equal(again[i].result, JOURNAL_DUPLICATE);
                assert_int_equal(again[i].n, first[i].n);
            } else {
                assert_int_equal(first[i].err, ERR_REDIS);
            }
        }
    }
    assert_true(answered >= ROUNDS / 2);
    struct told told;
    read_page(rig, 0, 256, &told);
    assert_int_equal(told.lines_n, ROUNDS * EACH); /* each once */
    bytes_fini(&told.text);
    assert_answer(rig, "8", "HLEN {weir}:epochs");
}

/* --- stopped --------------------------------------------------------------------------------- */

static void test_stopped(void **state)
{
    struct rig *rig = *state;
    rig->command_ms = 1000; /* a disk may take long, too */
    rig_fresh(rig);
    uint64_t epoch = store_epoch(rig->store);
    struct post p = numbered(1);
    struct posted posted;
    child_signal(rig->server, SIGSTOP);
    post_send(rig, &p, &posted);
    assert_true(rig_run(rig, &posted.calls, 1, 10000));
    assert_int_equal(posted.err, ERR_REDIS);
    rig_await(rig, &rig->not_ready, 1);
    rig_idle(rig, 300);
    assert_string_equal(post(rig, &p), "redis");
    child_signal(rig->server, SIGCONT);
    rig_await(rig, &rig->ready, 2);
    assert_int_equal(store_epoch(rig->store), epoch); /* the same process: the same time line */
    const char *again = post(rig, &p); /* whether the first one came through is unknown */
    assert_true(strcmp(again, "DUP 1") == 0 || strcmp(again, "OK 1") == 0);
    assert_true(journal_is(rig, "1<0 Create internal =c1"));
    rig->command_ms = 5000;
}

/* --- a tail that is lost --------------------------------------------------------------------- */

/* The file that Redis appends to. */
static void log_path(struct rig *rig, char out[400])
{
    char dir[100];
    out[0] = '\0';
    snprintf(dir, sizeof dir, "%s/appendonlydir", rig->dir);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".incr.aof"))
            snprintf(out, 400, "%s/%s", dir, e->d_name);
    closedir(d);
    assert_true(out[0]);
}

static off_t log_size(struct rig *rig)
{
    struct stat st;
    char path[400];
    log_path(rig, path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* Killed, and all after this size is gone; back again. */
static void lose_tail(struct rig *rig, off_t size)
{
    char path[400];
    int not_ready = rig->not_ready;
    log_path(rig, path);
    rig_kill(rig);
    assert_int_equal(truncate(path, size), 0);
    rig_await(rig, &rig->not_ready, not_ready + 1);
    restart(rig);
}

/* `id what` of every line there is, into out; the lines of before stay. */
static void note_ids(struct rig *rig, struct bytes *out)
{
    /* A word of a command holds no blank. */
    const char *text =
        ask(rig, "EVAL local\to={}for\t_,e\tin\tipairs(redis.call('XRANGE','{weir}:N','-','+'))do\t"
                 "o[#o+1]=e[1]..'='..e[2][20]\tend\treturn\to 0");
    bytes_addf(out, "%.*s ", (int)strlen(text) - 2, text + 1);
}

/* Whether some id stands for two things. */
static bool an_id_twice(const struct bytes *ids)
{
    struct span rest = bytes_span(ids);
    while (rest.p) {
        struct span one = span_cut(&rest, ' '), others = rest, id = span_cut(&one, '=');
        while (one.p && others.p) {
            struct span other = span_cut(&others, ' '), other_id = span_cut(&other, '=');
            if (other.p && span_eq(id, other_id) && !span_eq(one, other))
                return true;
        }
    }
    return false;
}

/* Three are kept, two are lost, and two others come. */
static bool no_id_twice(struct rig *rig)
{
    struct bytes ids;
    bytes_init(&ids, 1 << 20);
    rig->strict = true;
    for (int i = 1; i <= 3; i++) {
        struct post p = numbered(i);
        post(rig, &p);
    }
    off_t size = log_size(rig);
    for (int i = 4; i <= 5; i++) {
        struct post p = numbered(i);
        post(rig, &p);
    }
    note_ids(rig, &ids);
    lose_tail(rig, size + 40); /* and a part of the fourth, which Redis drops whole */
    bool ok = journal_is(rig, "1<0 Create internal =c1\n2<1 Create internal =c2\n"
                              "3<2 Create internal =c3");
    for (int i = 6; i <= 7; i++) {
        struct post p = numbered(i);
        post(rig, &p);
    }
    note_ids(rig, &ids);
    ok = ok && !an_id_twice(&ids);
    bytes_fini(&ids);
    return ok;
}

/* The epoch itself is lost, and what was numbered in it. */
static bool no_epoch_twice(struct rig *rig)
{
    struct bytes ids;
    bytes_init(&ids, 1 << 20);
    struct post p = numbered(1);
    post(rig, &p);
    off_t size = log_size(rig);
    rig_kill(rig);
    rig_await(rig, &rig->not_ready, 1);
    restart(rig);
    p = numbered(2);
    post(rig, &p);
    note_ids(rig, &ids);
    /* The relay, too, comes back with what it wrote down alone. */
    store_free(&rig->store);
    char path[400];
    log_path(rig, path);
    rig_kill(rig);
    assert_int_equal(truncate(path, size), 0);
    rig_serve(rig, NULL);
    rig_store_ready(rig);
    p = numbered(3);
    post(rig, &p);
    note_ids(rig, &ids);
    bool ok =
        journal_is(rig, "1<0 Create internal =c1\n2<1 Create internal =c3") && !an_id_twice(&ids);
    bytes_fini(&ids);
    return ok;
}

static void test_lost_tail(void **state)
{
    static const struct twin twins[] = {
        {"no id twice", no_id_twice, &script_hello, "log[1] ~= run or ", ""},
        {"no epoch twice", no_epoch_twice, &script_hello, "known + 1, ", ""}};
    /* Whatever its clock says. */
    struct mutant clock = break_script(&script_hello, "tonumber(redis.call('TIME')[1])", "0");
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
    unbreak(&clock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed),
                                       cmocka_unit_test(test_stopped),
                                       cmocka_unit_test(test_lost_tail)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
