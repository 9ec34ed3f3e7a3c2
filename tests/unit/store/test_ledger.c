/* ledger: what is read of cursors and records that were written by hand, and what an id stands for.
 */
#include "tests/unit/store/ledger_rig.h"

/* `kind n host slot` of each record, blanks between. */
static bool records_are(struct rig *rig, const struct ledger_ask *what, const char *expected)
{
    static const char *const kinds[] = {"fail", "late", "skip", "cut"};
    enum err err;
    struct bytes text;
    struct book *b = read_book(rig, what, &err);
    bytes_init(&text, 65536);
    for (size_t i = 0; b && i < b->records_n; i++) {
        const struct book_record *r = &b->records[i];
        bytes_addf(&text, "%s%s %d %.1s %u", i ? ", " : "", kinds[r->kind], (int)r->n, r->host,
                   r->slot);
    }
    bool same = err == ERR_OK && span_eq_str(bytes_span(&text), expected);
    if (!same && !rig->broken)
        print_message("%s: %s\n", err_code(err), bytes_str(&text));
    bytes_fini(&text);
    book_free(&b);
    return same;
}

static void test_records(void **state)
{
    const struct span a = {"a.example", 9};
    const struct {
        struct ledger_ask ask;
        const char *records;
    } rows[] = {
        {{.most = 9, .since_ms = -1}, ""},
        {{.from = 9, .to = 9, .most = 9, .since_ms = -1},
         "late 9 a 0, fail 9 a 1, cut 12 a 8, fail 9 b 0, fail 9 c 0"},
        {{.from = 9, .to = 9, .most = 9, .fails_only = true, .since_ms = -1},
         "fail 9 b 0, fail 9 c 0"}, /* a's was dropped, and would be in the way of others */
        {{.host = a, .from = 9, .to = 9, .most = 9, .fails_only = true, .since_ms = -1},
         "fail 9 a 1"},
        {{.from = 5, .to = 9, .most = 1, .fails_only = true, .since_ms = -1},
         "fail 5 a 0, fail 9 b 0, fail 9 c 0"}, /* those of 9 do not count */
        {{.from = 5, .to = 10, .most = 1, .fails_only = true, .since_ms = -1},
         "fail 9 b 0, fail 9 c 0"},
        {{.from = 13, .to = 40, .most = 9, .since_ms = -1}, ""},
        {{.from = 1, .to = 40, .most = 9, .since_ms = -1},
         "fail 5 a 0, late 9 a 0, fail 9 a 1, skip 10 a 8, cut 12 a 8, fail 9 b 0, fail 9 c 0"},
        {{.from = 1, .to = 40, .most = 1, .since_ms = -1},
         "late 9 a 0, skip 10 a 8, cut 12 a 8, fail 9 b 0, fail 9 c 0"},
        {{.host = a, .from = 1, .to = 40, .most = 9, .since_ms = -1},
         "fail 5 a 0, late 9 a 0, fail 9 a 1, skip 10 a 8, cut 12 a 8"},
        {{.host = a, .from = 1, .to = 40, .most = 1, .since_ms = -1},
         "late 9 a 0, fail 9 a 1, skip 10 a 8, cut 12 a 8"},
        {{.host = {"b.example", 9}, .from = 1, .to = 8, .most = 9, .since_ms = -1}, ""},
    };
    struct rig *rig = *state;
    rig_fresh(rig);
    fill(rig);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!records_are(rig, &rows[i].ask, rows[i].records))
            fail_msg("row %zu", i);
}

/* Many that are another host's lie before the one that is asked for. */
static bool host_is_found(struct rig *rig)
{
    static const struct ledger_ask what = {
        .host = {"a.example", 9}, .from = 1, .to = 9000, .most = 2, .since_ms = -1};
    char word[128];
    fill(rig);
    for (int i = 100; i < 1300; i++) {
        snprintf(word, sizeof word, "%d c.example 0 - too-old 0 77 3 x", i);
        zadd(rig, "fail", shard_a, i, word);
    }
    return records_are(rig, &what, "fail 5 a 0, late 9 a 0, fail 9 a 1, skip 10 a 8, cut 12 a 8");
}

/* Where letters are listed, all of a number come together: of the one that the list before ended
 * with, and of the last. */
static bool letters_come_by_number(struct rig *rig)
{
    static const struct {
        uint64_t to;
        size_t most;
        const char *records;
    } rows[] = {
        {INT64_MAX, 1, "fail 20 a 0, fail 20 c 0, fail 20 d 0"},
        {INT64_MAX, 2, "fail 20 a 0, fail 20 c 0, fail 20 d 0"},
        {INT64_MAX, 4, "fail 19 a 0, fail 20 a 0, fail 19 c 0, fail 20 c 0, fail 20 d 0"},
        {20, 1, "fail 19 a 0, fail 20 a 0, fail 19 c 0, fail 20 c 0, fail 20 d 0"},
        {19, 1, "fail 18 a 0, fail 19 a 0, fail 19 c 0"},
        {18, 9, "fail 18 a 0"},
    };
    static const char *const letters[] = {"20 d", "20 c", "20 a", "19 c", "19 a", "18 a"};
    bool ok = true;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s.example 0 - too-old 0 77 3 x", letters[i]);
        zadd(rig, "fail", 5, (int)strtol(letters[i], NULL, 10), text);
    }
    zadd(rig, "fail", 5, 20, "20 b.example 0 d too-old 0 77 3 x");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ledger_ask what = {
            .from = 1, .to = rows[i].to, .most = rows[i].most, .fails_only = true, .since_ms = -1};
        ok = records_are(rig, &what, rows[i].records) && ok;
    }
    return ok;
}

/* With the lines that froze them; and the rest is told all the same where that can't be read. */
static bool frozen_is_told(struct rig *rig)
{
    static const struct ledger_ask what = {.host = {"a.example", 9}, .since_ms = -1};
    enum err err;
    struct bytes text;
    bytes_init(&text, 256);
    ask(rig, "HSET {weir}:log gates a>b@7 gatesn 9");
    ask(rig, "EVAL redis.call('HSET','{weir}:freezes','a\\32->\\32b','x','*\\32->\\32c','x') 0");
    struct book *b = read_book(rig, &what, &err);
    if (b)
        bytes_addf(&text, "%d ", (int)b->gates.n);
    if (b)
        gates_write(&b->gates, &text);
    book_free(&b);
    ask(rig, "DEL {weir}:freezes");
    ask(rig, "SET {weir}:freezes x");
    b = read_book(rig, &what, &err);
    bool same = b && !b->gates.list_n && span_eq_str(bytes_span(&text), "9 *>c a>b@7");
    if (!same && !rig->broken)
        print_message("%s: %s\n", err_code(err), bytes_str(&text));
    book_free(&b);
    bytes_fini(&text);
    return same;
}

/* One that can't be read might say that something was not delivered. */
static void test_unreadable(void **state)
{
    static const struct {
        const char *kind, *member;
    } rows[] = {{"fail", "9 a.example 0 - too-old"},
                {"late", "9 a.example"},
                {"skip", "9"},
                {"cut", "9 a.example gap 77 8"}};
    static const struct ledger_ask what = {.from = 9, .to = 9, .most = 9, .since_ms = -1};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err err;
        rig_fresh(rig);
        zadd(rig, rows[i].kind, 3, 9, rows[i].member);
        struct book *b = read_book(rig, &what, &err);
        assert_int_equal(err, ERR_REDIS_REPLY);
        assert_null(b);
    }
    rig_fresh(rig);
    enum err err;
    ask(rig, "HSET {weir}:own:3 a.example x");
    assert_null(read_book(rig, &(struct ledger_ask){.since_ms = -1}, &err));
    assert_int_equal(err, ERR_REDIS_REPLY);
}

static void test_standing(void **state)
{
    struct rig *rig = *state;
    enum err err;
    rig_fresh(rig);
    fill(rig);
    hset(rig, shard_b, "b.example", "7 f2");
    ask(rig, "XADD {weir}:direct:1 1-1 h x");
    ask(rig, "XADD {weir}:direct:2 1-2 h x");
    struct book *b = read_book(rig, &(struct ledger_ask){.since_ms = -1}, &err);
    assert_int_equal(err, ERR_OK);
    assert_int_equal(b->last, 40);
    assert_int_equal(b->floor, 3);
    assert_int_equal(b->urgent_floor, 2);
    assert_int_equal(b->mail, 2);
    assert_int_equal(b->dead, 3); /* one of the four was dropped */
    assert_int_equal(book_cursor(b, SPAN("a.example")).low, 38);
    assert_int_equal(book_cursor(b, SPAN("b.example")).low, 7);
    assert_int_equal(book_cursor(b, SPAN("b.example")).health.failures, 2);
    book_free(&b);
    b = read_book(rig, &(struct ledger_ask){.host = SPAN("b.example"), .since_ms = -1}, &err);
    assert_int_equal(book_cursor(b, SPAN("b.example")).low, 7);
    assert_int_equal(b->own_n, 1);
    book_free(&b);
}

/* Marks since a moment, and the one before; a commit in parts is one mark. */
static bool marks_are_read(struct rig *rig)
{
    static const struct {
        int64_t since_ms;
        size_t n;
    } rows[] = {{-1, 0}, {0, 4}, {10, 4}, {11, 4}, {21, 3}, {31, 2}, {35, 1}, {99, 1}};
    enum err err;
    bool whole = true;
    shard_a = shard_of(SPAN("a.example"), STORE_SHARDS);
    static const char *const marks[] = {"1-0 t 10 s 4 a.example +3", "2-0 t 20 s 5 a.example 4",
                                        "3-0 t 30 s 6 c.example 1",
                                        "3-1 t 30 s 6 a.example =", "4-0 t 34 s 7"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        ask(rig, "XADD {weir}:when:%u %s", shard_a, marks[i]);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ledger_ask what = {.since_ms = rows[i].since_ms};
        struct book *b = read_book(rig, &what, &err);
        bool same = b && b->marks[shard_a].n == rows[i].n;
        if (!same && !rig->broken)
            print_message("since %d: %s, %zu marks\n", (int)rows[i].since_ms, err_code(err),
                          b ? b->marks[shard_a].n : 0);
        whole = whole && same;
        book_free(&b);
    }
    struct book *b = read_book(rig, &(struct ledger_ask){.since_ms = 0}, &err);
    const struct book_marks *m = b ? &b->marks[shard_a] : NULL;
    whole = whole && m->n == 4 && m->list[0].at_ms == 10 && m->list[2].moves_n == 2 &&
            m->list[2].moves[1].follows && m->list[0].moves[0].fresh && m->list[3].low == 7;
    book_free(&b);
    return whole;
}

static void test_marks(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    assert_true(marks_are_read(rig));
    enum err err;
    ask(rig, "XADD {weir}:when:%u 5-0 t 40 s 8 a.example x", shard_a);
    assert_null(read_book(rig, &(struct ledger_ask){.since_ms = 0}, &err));
    assert_int_equal(err, ERR_REDIS_REPLY);
}

/* What was thinned lies elsewhere, and is read as what follows. */
static bool thinned_marks_are_read(struct rig *rig)
{
    static const char *const marks[][2] = {{"when", "6-0 t 60 s 6"},
                                           {"when", "7-0 t 70 s 7"},
                                           {"when10", "4-0 t 40 s 4"},
                                           {"when10", "5-0 t 50 s 5"},
                                           {"when60", "3-0 t 30 s 3"},
                                           {"when600", "1-0 t 10 s 1"},
                                           {"when600", "2-0 t 20 s 2 a.example +1"}};
    static const struct {
        int64_t since_ms;
        size_t n;
    } rows[] = {{0, 7}, {15, 7}, {21, 6}, {31, 5}, {41, 4}, {61, 2}, {99, 1}};
    bool ok = true;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        ask(rig, "XADD {weir}:%s:7 %s", marks[i][0], marks[i][1]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err err;
        struct ledger_ask what = {.since_ms = rows[i].since_ms};
        struct book *b = read_book(rig, &what, &err);
        const struct book_marks *m = b ? &b->marks[7] : NULL;
        ok = ok && m && m->n == rows[i].n;
        for (size_t k = 0; ok && k < m->n; k++)
            ok = m->list[k].low == 8 - m->n + k && m->list[k].at_ms == 10 * (int64_t)m->list[k].low;
        book_free(&b);
    }
    return ok;
}

/* More marks than are read at once. */
static bool many_marks_are_read(struct rig *rig)
{
    enum err err;
    ask(rig, "EVAL for\ti=1,1234\tdo\tredis.call('XADD','{weir}:when:7',i..'-0','t',i,'s',i)end 0");
    struct book *b = read_book(rig, &(struct ledger_ask){.since_ms = 100}, &err);
    bool whole = b && b->marks[7].n == 1234 - 98 && b->marks[7].list[0].at_ms == 99;
    book_free(&b);
    return whole;
}

/* --- finding ---------------------------------------------------------------------------------- */

struct found {
    struct rig *rig;
    int calls;
    struct ledger_found is;
};

static void on_found(void *arg, const struct ledger_found *found)
{
    struct found *f = arg;
    f->calls++;
    f->is = *found;
    loop_stop(f->rig->loop);
}

/* `seen 1; about 1 2` */
static const char *find(struct rig *rig, const char *name, int64_t now_ms)
{
    static char text[512];
    struct found found = {.rig = rig};
    struct fake_hash hash = fake_hash(name);
    ledger_find(rig->store, hash.bytes, now_ms, on_found, &found);
    rig_await(rig, &found.calls, 1);
    assert_int_equal(found.is.err, ERR_OK);
    size_t n = (size_t)snprintf(text, sizeof text, found.is.seen ? "seen %d;" : "not seen;",
                                (int)found.is.n);
    for (size_t i = 0; i < found.is.about_n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, " %d", (int)found.is.about[i]);
    return text;
}

static bool ids_are_found(struct rig *rig)
{
    enum { DAY = 86400 * 1000 };
    static const int64_t now = (int64_t)3000 * 7 * DAY + 1000;
    struct post create = POST("C c1", "o1", .now = now), update = POST("U u1", "o1", .now = now);
    struct post stale = POST("U u0", "o1", .now = now, .stamp = 1);
    update.stamp = 50;
    post(rig, &create);
    post(rig, &update);
    post(rig, &stale);
    const struct {
        const char *name;
        int64_t later;
        const char *is;
    } rows[] = {
        {"c1", 0, "seen 1;"},
        {"u1", 0, "seen 2;"},
        {"o1", 0, "not seen; 1 2"},
        {"u0", 0, "seen 0;"},
        {"x", 0, "not seen;"},
        {"c1", (int64_t)7 * DAY, "seen 1;"},
        {"c1", (int64_t)14 * DAY, "seen 1;"},
        {"c1", (int64_t)21 * DAY, "not seen;"}, /* the bucket of three weeks ago is none of ours */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *is = find(rig, rows[i].name, now + rows[i].later);
        if (strcmp(is, rows[i].is) != 0) {
            if (!rig->broken)
                print_message("%s: %s\n", rows[i].name, is);
            return false;
        }
    }
    return true;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"frozen is told", frozen_is_told, &script_ledger, ".ok == 'hash' and gates()",
         ".ok == 'hash' and ''"},
        {"frozen is told", frozen_is_told, &script_ledger, ".ok == 'hash' and gates()",
         ".ok ~= 'none' and gates()"},
        {"many marks are read", many_marks_are_read, &script_ledger, "before = #page == STEP and",
         "before = false and"},
        {"thinned marks are read", thinned_marks_are_read, &script_ledger,
         "'when:', 'when10:', 'when60:', 'when600:'", "'when:', 'when10:', 'when600:'"},
        {"thinned marks are read", thinned_marks_are_read, &script_ledger,
         "'when:', 'when10:', 'when60:', 'when600:'", "'when10:', 'when:', 'when60:', 'when600:'"},
        {"letters come by number", letters_come_by_number, &script_ledger,
         "and not (listed and n == last)", ""},
        {"letters come by number", letters_come_by_number, &script_ledger, "if n ~= ARGV[4] then",
         "do"},
        {"letters come by number", letters_come_by_number, &script_ledger,
         "and not is_unwanted(record)", ""},
        {"marks end at a moment", marks_are_read, &script_ledger, "< since then", "< 0 then"},
        {"a host's records are found", host_is_found, &script_ledger, "at = at + STEP",
         "if true then break end"},
        {"a host's records are its own", host_is_found, &script_ledger, "host == '' or string",
         "true or string"},
        {"ids are found", ids_are_found, &script_find, "week - 2", "week"},
        {"ids are found", ids_are_found, &script_find, "week - 2", "week - 3"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_records),
                                       cmocka_unit_test(test_unreadable),
                                       cmocka_unit_test(test_standing),
                                       cmocka_unit_test(test_marks), cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
