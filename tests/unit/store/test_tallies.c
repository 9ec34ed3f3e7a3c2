/* tallies: what processes counted adds up in Redis, once, within bounds, and the oldest goes first.
 * With a real Redis; each law is broken on purpose, and that is seen. */
#include "tests/unit/store/store_rig.h"

#include <inttypes.h>

#include "common/pure/date.h"
#include "relay/store/tallies.h"

struct calls {
    struct rig *rig;
    int n;
    enum err err;
    struct bytes text; /* `name=number ` for each, counts and sets as they come */
};

static void on_added(void *arg, enum err err)
{
    struct calls *c = arg;
    c->n++;
    c->err = err;
    loop_stop(c->rig->loop);
}

static enum err add(struct rig *rig, struct tally *tally)
{
    struct calls c = {.rig = rig};
    tallies_add(rig->store, tally, on_added, &c);
    assert_int_equal(c.n, 0);
    rig_await(rig, &c.n, 1);
    return c.err;
}

static void on_read(void *arg, enum err err, const struct tallies_item *item)
{
    struct calls *c = arg;
    if (item) {
        bytes_addf(&c->text, "%.*s=%" PRIu64 " ", SPAN_ARG(item->name), item->n);
        return;
    }
    c->n++;
    c->err = err;
    loop_stop(c->rig->loop);
}

/* Whether a month is just this: the number of its items, and these words among them. */
static bool has(struct rig *rig, const char *month, size_t n, const char *a, const char *b)
{
    struct calls c = {.rig = rig};
    size_t items = 0;
    bytes_init(&c.text, 1 << 22);
    tallies_read(rig->store, span_of(month), on_read, &c);
    rig_await(rig, &c.n, 1);
    const char *text = bytes_str(&c.text);
    for (const char *at = text; (at = strchr(at, '=')); at++)
        items++;
    bool ok = c.err == ERR_OK && items == n && (!a || strstr(text, a)) && (!b || strstr(text, b));
    if (!ok && !rig->broken)
        print_error("%s: %d, %s\n", month, c.err, text);
    bytes_fini(&c.text);
    return ok;
}

static int64_t at(const char *day)
{
    int64_t ms = 0;
    assert_true(date_day_read(span_of(day), &ms));
    return ms;
}

static enum err post(struct rig *rig, const char *day, int times)
{
    struct tally *t = tally_new();
    for (int i = 0; i < times; i++)
        tally_crossed(t, at(day), SPAN("a"), SPAN("b"), TALLY_POST);
    enum err e = add(rig, t);
    tally_free(&t);
    return e;
}

static enum err seen(struct rig *rig, const char *day, const char *zone, uint8_t who)
{
    struct tally *t = tally_new();
    const uint8_t digest[TALLY_DIGEST] = {who};
    tally_author(t, at(day), span_of(zone), digest);
    enum err e = add(rig, t);
    tally_free(&t);
    return e;
}

/* --- laws ------------------------------------------------------------------------------------- */

static bool counts_add_up(struct rig *rig)
{
    return post(rig, "2026-11-02", 2) == ERR_OK && post(rig, "2026-11-30", 3) == ERR_OK &&
           post(rig, "2026-12-01", 1) == ERR_OK && has(rig, "2026-11", 1, "x|a|b|post=5 ", NULL) &&
           has(rig, "2026-12", 1, "x|a|b|post=1 ", NULL) && has(rig, "2027-01", 0, NULL, NULL);
}

/* Two processes saw the same person: one. */
static bool people_count_once(struct rig *rig)
{
    return seen(rig, "2026-11-17", "a", 1) == ERR_OK && seen(rig, "2026-11-18", "a", 1) == ERR_OK &&
           seen(rig, "2026-11-18", "a", 2) == ERR_OK && seen(rig, "2026-11-18", "b", 1) == ERR_OK &&
           seen(rig, "2026-11-24", "a", 1) == ERR_OK &&
           has(rig, "2026-11", 3, "2026-11-16:a:a=2 ", "2026-11-16:a:b=1 ") &&
           has(rig, "2026-11", 3, "2026-11-23:a:a=1 ", NULL);
}

/* A week that has a day in the month is told with it, also if it began before. */
static bool weeks_are_told_with_their_months(struct rig *rig)
{
    return seen(rig, "2026-10-25", "a", 1) == ERR_OK && seen(rig, "2026-10-26", "a", 1) == ERR_OK &&
           seen(rig, "2026-11-30", "a", 1) == ERR_OK && seen(rig, "2026-12-07", "a", 1) == ERR_OK &&
           has(rig, "2026-11", 2, "2026-10-26:a:a=1 ", "2026-11-30:a:a=1 ");
}

/* No list of people: nothing that is kept holds a digest as it was given. */
static bool nobody_is_listed(struct rig *rig)
{
    bool ok = seen(rig, "2026-11-17", "a", 1) == ERR_OK;
    return ok && strcmp(ask(rig, "TYPE {weir}:active:2026-11-16:a:a"), "string") == 0 &&
           strcmp(ask(rig, "PFCOUNT {weir}:active:2026-11-16:a:a"), "1") == 0;
}

static bool another_time_line_is_refused(struct rig *rig)
{
    ask(rig, "HINCRBY {weir}:log epoch 1");
    return post(rig, "2026-11-02", 1) != ERR_OK &&
           strcmp(ask(rig, "EXISTS {weir}:tally:2026-11"), "0") == 0;
}

/* What is of another type is left alone, and nothing of the rest is written either. */
static bool what_is_spoiled_stops_it(struct rig *rig)
{
    static const char *const keys[] = {"tallies", "tally:2026-11", "active:2026-11-16:a:a"};
    for (size_t i = 0; i < 3; i++) {
        ask(rig, "DEL {weir}:tallies {weir}:tally:2026-11 {weir}:active:2026-11-16:a:a");
        ask(rig, "LPUSH {weir}:%s x", keys[i]);
        struct tally *t = tally_new();
        const uint8_t who[TALLY_DIGEST] = {1};
        tally_crossed(t, at("2026-11-17"), SPAN("a"), SPAN("b"), TALLY_POST);
        tally_author(t, at("2026-11-17"), SPAN("a"), who);
        enum err e = add(rig, t);
        tally_free(&t);
        if (e != ERR_UNREADABLE || strcmp(ask(rig, "EXISTS {weir}:tallies {weir}:tally:2026-11 "
                                                   "{weir}:active:2026-11-16:a:a"),
                                          "1") != 0)
            return false;
    }
    return true;
}

/* A month holds so many counts; what comes then is one more, under `o`. */
static bool months_are_bounded(struct rig *rig)
{
    ask(rig, "EVAL for\ti=1,%d\tdo\tredis.call('HSET','{weir}:tally:2026-11','f'..i,1)\tend 0",
        TALLIES_FIELDS_MAX);
    char all[20];
    snprintf(all, sizeof all, "%d", TALLIES_FIELDS_MAX);
    if (strcmp(ask(rig, "HLEN {weir}:tally:2026-11"), all) != 0)
        fail_msg("%s", rig->answer);
    return post(rig, "2026-11-02", 2) == ERR_OK &&
           strcmp(ask(rig, "HGET {weir}:tally:2026-11 o"), "2") == 0 &&
           strcmp(ask(rig, "HEXISTS {weir}:tally:2026-11 x|a|b|post"), "0") == 0;
}

static bool weeks_are_bounded(struct rig *rig)
{
    ask(rig,
        "EVAL for\ti=1,%d\tdo\tredis.call('ZADD','{weir}:tallies',0,'w2026-11-16:a:z'..i)\tend 0",
        TALLIES_SETS_MAX);
    return seen(rig, "2026-11-17", "new", 1) == ERR_OK &&
           seen(rig, "2026-11-24", "new", 1) == ERR_OK &&
           strcmp(ask(rig, "EXISTS {weir}:active:2026-11-16:a:new"), "0") == 0 &&
           strcmp(ask(rig, "EXISTS {weir}:active:2026-11-23:a:new"), "1") == 0;
}

/* Beyond 25 months the oldest goes, with the weeks before it, whenever that was. */
static bool the_oldest_month_goes(struct rig *rig)
{
    bool ok =
        seen(rig, "2020-11-17", "a", 1) == ERR_OK && seen(rig, "2020-12-17", "a", 1) == ERR_OK;
    for (int i = 0; ok && i < TALLIES_MONTHS + 1; i++) {
        char day[20];
        snprintf(day, sizeof day, "%04d-%02d-10", 2020 + (11 + i) / 12, (11 + i) % 12 + 1);
        ok = post(rig, day, 1) == ERR_OK;
    }
    return ok && has(rig, "2020-12", 1, "2020-12-14:a:a=1 ", NULL) && /* its counts are gone */
           has(rig, "2020-11", 0, NULL, NULL) && has(rig, "2021-01", 1, "x|a|b|post=1 ", NULL) &&
           has(rig, "2022-12", 1, "x|a|b|post=1 ", NULL) &&
           strcmp(ask(rig, "EXISTS {weir}:tally:2020-12 {weir}:active:2020-11-16:a:a"), "0") == 0;
}

static bool a_spoiled_month_is_said(struct rig *rig)
{
    struct calls c = {.rig = rig};
    ask(rig, "LPUSH {weir}:tally:2026-11 x");
    tallies_read(rig->store, SPAN("2026-11"), on_read, &c);
    rig_await(rig, &c.n, 1);
    return c.err == ERR_UNREADABLE;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"counts add up", counts_add_up, &script_tally, "redis.call('HINCRBY', key, field, by)",
         "redis.call('HSET', key, field, by)"},
        {"people count once", people_count_once, &script_tally, "'active:' .. set, ARGV[at + 1])",
         "'active:' .. set, ARGV[at + 1] .. at .. math.random())"},
        {"weeks", weeks_are_told_with_their_months, &script_tallyread, "'[w' .. ARGV[2]",
         "'[w' .. ARGV[1]"},
        {"nobody is listed", nobody_is_listed, &script_tally, "redis.pcall('PFADD', P",
         "redis.pcall('SADD', P"},
        {"another time line", another_time_line_is_refused, &script_tally, "~= epoch then",
         "== '' then"},
        {"the index is spoiled", what_is_spoiled_stops_it, &script_tally,
         "if not is(INDEX, 'zset') then", "if false then"},
        {"a month is spoiled", what_is_spoiled_stops_it, &script_tally, "ARGV[at], 'hash') then",
         "ARGV[at], 'list') then"},
        {"a set is spoiled", what_is_spoiled_stops_it, &script_tally, "ARGV[at], 'string') then",
         "ARGV[at], 'list') then"},
        {"months are bounded", months_are_bounded, &script_tally, "if room[month] <= 0 then",
         "if false then"},
        {"weeks are bounded", weeks_are_bounded, &script_tally, "left[week] > 0 then", "true then"},
        {"the oldest month", the_oldest_month_goes, &script_tally,
         "redis.call('DEL', P .. 'tally:' .. month)", "local nothing"},
        {"the oldest weeks", the_oldest_month_goes, &script_tally,
         "redis.call('DEL', P .. 'active:' .. string.sub(week, 2))", "local nothing"},
        {"spoiled", a_spoiled_month_is_said, &script_tallyread,
         "if wrong(month, 'hash') then return { 'WRONG', month } end",
         "if wrong(month, 'hash') then return { 'OK', {}, {} } end"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
