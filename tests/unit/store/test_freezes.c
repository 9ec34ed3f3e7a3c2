/* freezes: what is frozen, and that nothing comes into the journal that was decided by another set.
 * With a real Redis. */
#include "tests/unit/store/journal_rig.h"

#include "relay/store/freezes.h"

/* --- what a test does ------------------------------------------------------------------------- */

struct answered {
    struct rig *rig;
    int calls;
    enum err err;
    bool said;
    struct freezes freezes;
};

static void on_freezes(void *arg, enum err err, const struct freezes *freezes)
{
    struct answered *a = arg;
    a->calls++;
    a->err = err;
    a->said = freezes != NULL;
    if (freezes)
        a->freezes = *freezes;
    loop_stop(a->rig->loop);
}

static struct answered got;

static enum err change(struct rig *rig, const char *boundary, bool thaws, const char *at,
                       const char *note)
{
    struct freeze f;
    assert_true(freeze_boundary_read(span_of(boundary), &f));
    f.since_ms = 7;
    snprintf(f.who, sizeof f.who, "alice");
    snprintf(f.reason, sizeof f.reason, "a leak");
    got = (struct answered){.rig = rig};
    freezes_change(
        rig->store,
        &(struct freezes_change){.freeze = &f, .thaws = thaws, .at = at, .note = span_of(note)},
        on_freezes, &got);
    assert_int_equal(got.calls, 0);
    rig_await(rig, &got.calls, 1);
    assert_int_equal(got.said, got.err == ERR_OK);
    return got.err;
}

static enum err freeze(struct rig *rig, const char *boundary)
{
    return change(rig, boundary, false, NULL, NULL);
}

static enum err thaw(struct rig *rig, const char *boundary)
{
    return change(rig, boundary, true, NULL, NULL);
}

static enum err look(struct rig *rig, const char *version)
{
    got = (struct answered){.rig = rig};
    freezes_read(rig->store, version, on_freezes, &got);
    assert_int_equal(got.calls, 0);
    rig_await(rig, &got.calls, 1);
    return got.err;
}

/* All that is frozen, `a -> b, c -> *`, as was told last. */
static const char *told(void)
{
    static char text[4096];
    struct bytes out;
    bytes_init(&out, sizeof text - 1);
    for (size_t i = 0; i < got.freezes.n; i++) {
        bytes_add_str(&out, i ? ", " : "");
        freeze_boundary_write(&got.freezes.list[i], &out);
    }
    snprintf(text, sizeof text, "%s", bytes_str(&out));
    bytes_fini(&out);
    return text;
}

static bool told_is(struct rig *rig, const char *expected)
{
    if (strcmp(told(), expected) == 0)
        return true;
    if (!rig->broken)
        print_message("%s, not %s\n", told(), expected);
    return false;
}

/* --- frozen and thawed ------------------------------------------------------------------------ */

static bool they_come_and_go(struct rig *rig)
{
    char first[FREEZES_VERSION_SIZE];
    if (look(rig, "") != ERR_OK || got.said || freeze(rig, "a -> b") != ERR_OK ||
        !told_is(rig, "a -> b"))
        return false;
    snprintf(first, sizeof first, "%s", got.freezes.version);
    if (look(rig, "") != ERR_OK || !told_is(rig, "a -> b") || look(rig, first) != ERR_OK ||
        got.said)
        return false;
    if (strcmp(got.freezes.version, first) == 0 || freeze(rig, "* -> c") != ERR_OK ||
        !told_is(rig, "* -> c, a -> b") || thaw(rig, "a -> b") != ERR_OK ||
        !told_is(rig, "* -> c") || strcmp(got.freezes.version, first) == 0)
        return false;
    return look(rig, first) == ERR_OK && told_is(rig, "* -> c") &&
           thaw(rig, "a -> b") == ERR_NOT_FROZEN && thaw(rig, "* -> c") == ERR_OK &&
           told_is(rig, "");
}

/* Frozen already: what is said last stands, as another version. */
static bool said_anew(struct rig *rig)
{
    char first[FREEZES_VERSION_SIZE];
    freeze(rig, "a -> b");
    snprintf(first, sizeof first, "%s", got.freezes.version);
    return freeze(rig, "a -> b") == ERR_OK && told_is(rig, "a -> b") &&
           strcmp(got.freezes.version, first) != 0;
}

static bool no_more_than_there_may_be(struct rig *rig)
{
    char name[16];
    for (int i = 0; i < FREEZES_MAX; i++) {
        snprintf(name, sizeof name, "z%d -> b", i);
        if (freeze(rig, name) != ERR_OK)
            return false;
    }
    return freeze(rig, "more -> b") == ERR_FREEZES && freeze(rig, "z5 -> b") == ERR_OK &&
           got.freezes.n == FREEZES_MAX && thaw(rig, "z5 -> b") == ERR_OK &&
           freeze(rig, "more -> b") == ERR_OK;
}

/* The calendar thaws what it knew of, and not what somebody froze for longer meanwhile. */
static bool only_at_its_version(struct rig *rig)
{
    char first[FREEZES_VERSION_SIZE];
    freeze(rig, "a -> b");
    snprintf(first, sizeof first, "%s", got.freezes.version);
    freeze(rig, "a -> b");
    if (change(rig, "a -> b", true, first, NULL) != ERR_AGAIN || look(rig, "") != ERR_OK ||
        !told_is(rig, "a -> b"))
        return false;
    snprintf(first, sizeof first, "%s", got.freezes.version);
    return change(rig, "a -> b", true, first, NULL) == ERR_OK && told_is(rig, "");
}

#define NOTE(verb) "{\"verb\":\"" verb "\"}"

static bool written_down(struct rig *rig)
{
    if (change(rig, "a -> b", false, NULL, NOTE("freeze")) != ERR_OK ||
        change(rig, "c -> b", true, NULL, NOTE("nothing")) != ERR_NOT_FROZEN ||
        change(rig, "a -> b", true, NULL, NOTE("thaw")) != ERR_OK ||
        strcmp(ask(rig, "XLEN {weir}:audit"), "2") != 0)
        return false;
    const char *lines = ask(rig, "XRANGE {weir}:audit - +");
    return strstr(lines, "\"verb\":\"freeze\"") && strstr(lines, "\"verb\":\"thaw\"");
}

static bool nothing_unwritten(struct rig *rig)
{
    freeze(rig, "a -> b");
    ask(rig, "SET {weir}:audit x");
    return change(rig, "a -> b", true, NULL, NOTE("thaw")) == ERR_UNREADABLE &&
           change(rig, "c -> b", false, NULL, NOTE("freeze")) == ERR_UNREADABLE &&
           look(rig, "") == ERR_OK && told_is(rig, "a -> b") && thaw(rig, "a -> b") == ERR_OK;
}

static bool epoch_is_checked(struct rig *rig)
{
    ask(rig, "HSET {weir}:log epoch 5 run other");
    return freeze(rig, "a -> b") == ERR_REDIS &&
           strcmp(ask(rig, "EXISTS {weir}:freezes"), "0") == 0;
}

/* What can't be read is not taken for nothing. */
static bool spoiled_is_said(struct rig *rig)
{
    freeze(rig, "a -> b");
    ask(rig, "HSET {weir}:freezes c x");
    if (look(rig, "") != ERR_UNREADABLE)
        return false;
    ask(rig, "DEL {weir}:freezes");
    ask(rig, "SET {weir}:freezes x");
    return look(rig, "") == ERR_UNREADABLE && freeze(rig, "c -> b") == ERR_UNREADABLE &&
           thaw(rig, "a -> b") == ERR_UNREADABLE;
}

/* --- with the journal ------------------------------------------------------------------------- */

static struct freezes said; /* by the journal, with the last AGAIN */
static bool was_said;

static void on_appended(void *arg, const struct journal_appended *answer)
{
    was_said = answer->freezes != NULL;
    if (was_said)
        said = *answer->freezes;
    on_posted(arg, answer);
}

/* One post, decided by these. */
static const char *posted_by(struct rig *rig, const char *id, const char *version)
{
    struct posted posted = {.rig = rig};
    struct fake_hash hash = fake_hash(id);
    const struct journal_append append = {.kind = JOURNAL_CREATE,
                                          .from = SPAN("a.example"),
                                          .freezes = version,
                                          .now_ms = 1000,
                                          .id_hash = hash.bytes,
                                          .what_hash = hash.bytes,
                                          .object_hash = hash.bytes,
                                          .owner = SPAN("a.example"),
                                          .audience = SPAN("internal"),
                                          .zone = SPAN("internal"),
                                          .facts = {.type = ACTIVITY_CREATE},
                                          .id = span_of(id),
                                          .object = span_of(id),
                                          .object_host = SPAN("a.example"),
                                          .actor_hash = hash.bytes,
                                          .body = span_of(id)};
    journal_append(rig->store, &append, on_appended, &posted);
    rig_await(rig, &posted.calls, 1);
    return post_say(&posted);
}

static bool decided_again(struct rig *rig)
{
    char version[FREEZES_VERSION_SIZE];
    if (strcmp(posted_by(rig, "c1", NULL), "OK 1") != 0 || freeze(rig, "a -> b") != ERR_OK)
        return false;
    snprintf(version, sizeof version, "%s", got.freezes.version);
    bool again = strcmp(posted_by(rig, "c2", NULL), "AGAIN") == 0 && was_said && said.n == 1 &&
                 strcmp(said.version, version) == 0 && strcmp(said.list[0].reason, "a leak") == 0;
    if (!again || strcmp(posted_by(rig, "c2", version), "OK 3") != 0 ||
        thaw(rig, "a -> b") != ERR_OK || strcmp(posted_by(rig, "c3", version), "AGAIN") != 0)
        return false;
    return was_said && said.n == 0 && strcmp(said.version, got.freezes.version) == 0 &&
           strcmp(posted_by(rig, "c3", said.version), "OK 5") == 0 &&
           strcmp(posted_by(rig, "c4", NULL), "AGAIN") == 0;
}

/* A record that can't be read: whoever decides is told that nobody knows. */
static bool nobody_knows(struct rig *rig)
{
    freeze(rig, "a -> b");
    ask(rig, "HSET {weir}:freezes c x");
    if (strcmp(posted_by(rig, "c1", NULL), "AGAIN") != 0 || was_said)
        return false;
    ask(rig, "DEL {weir}:freezes");
    ask(rig, "SET {weir}:freezes x");
    return strcmp(posted_by(rig, "c1", NULL), "redis-reply") == 0;
}

/* --- for couriers ----------------------------------------------------------------------------- */

struct gated {
    struct rig *rig;
    int calls;
    char text[256];
};

static void on_gates(void *arg, enum err err, const struct gates *gates)
{
    struct gated *g = arg;
    struct bytes out;
    bytes_init(&out, sizeof g->text - 1);
    if (gates) {
        bytes_addf(&out, "%d: ", (int)gates->n);
        gates_write(gates, &out);
    } else {
        bytes_add_str(&out, err_code(err));
    }
    snprintf(g->text, sizeof g->text, "%s", bytes_str(&out));
    bytes_fini(&out);
    g->calls++;
    loop_stop(g->rig->loop);
}

/* `line: gates`, as who sends is told. */
static bool gates_are(struct rig *rig, const char *expected)
{
    struct gated g = {.rig = rig};
    freezes_gates(rig->store, on_gates, &g);
    rig_await(rig, &g.calls, 1);
    if (strcmp(g.text, expected) != 0 && !rig->broken)
        print_message("%s, not %s\n", g.text, expected);
    return strcmp(g.text, expected) == 0;
}

static char came_from[64]; /* the zone of the newest entry, `-` where it says none */

static void on_page(void *arg, const struct journal_page *page)
{
    struct gated *g = arg;
    const struct journal_line *last = page->lines_n ? &page->lines[page->lines_n - 1] : NULL;
    bool says = last && last->kind == JOURNAL_ENTRY && last->entry->zone.n;
    snprintf(came_from, sizeof came_from, "%.*s", SPAN_ARG(says ? last->entry->zone : SPAN("-")));
    g->calls++;
    loop_stop(g->rig->loop);
}

static const char *newest_came_from(struct rig *rig)
{
    struct gated g = {.rig = rig};
    journal_page(rig->store, LANE_NORMAL, 0, 100, on_page, &g);
    rig_await(rig, &g.calls, 1);
    return came_from;
}

/* Each change is a line with all of them, each with the line that froze it: once. */
static bool couriers_are_told(struct rig *rig)
{
    char version[FREEZES_VERSION_SIZE];
    bool ok = gates_are(rig, "0: ") && strcmp(posted_by(rig, "c1", NULL), "OK 1") == 0 &&
              freeze(rig, "a -> b") == ERR_OK && gates_are(rig, "2: a>b@2") &&
              freeze(rig, "* -> c") == ERR_OK && freeze(rig, "a -> b") == ERR_OK &&
              gates_are(rig, "4: *>c@3 a>b@2") && thaw(rig, "a -> b") == ERR_OK &&
              freeze(rig, "a -> b") == ERR_OK && gates_are(rig, "6: *>c@3 a>b@6") &&
              thaw(rig, "* -> c") == ERR_OK && thaw(rig, "a -> b") == ERR_OK;
    snprintf(version, sizeof version, "%s", got.freezes.version);
    return ok && gates_are(rig, "8: ") && strcmp(posted_by(rig, "c2", version), "OK 9") == 0 &&
           journal_is(rig, "1<0 Create internal\n2<1 gates a>b@2\n3<2 gates *>c@3 a>b@2\n"
                           "4<3 gates *>c@3 a>b@2\n5<4 gates *>c@3\n6<5 gates *>c@3 a>b@6\n"
                           "7<6 gates a>b@6\n8<7 gates \n9<8 Create internal");
}

static bool entries_say_where_they_are_from(struct rig *rig)
{
    return strcmp(posted_by(rig, "c1", NULL), "OK 1") == 0 &&
           strcmp(newest_came_from(rig), "internal") == 0;
}

/* What was frozen by an older version has no line: everything waits; and from now on has one. */
static bool older_ones_too(struct rig *rig)
{
    freeze(rig, "a -> b");
    ask(rig, "HDEL {weir}:log gates gatesn");
    return gates_are(rig, "0: a>b") && freeze(rig, "c -> b") == ERR_OK &&
           gates_are(rig, "2: a>b c>b@2") && freeze(rig, "a -> b") == ERR_OK &&
           gates_are(rig, "3: a>b@3 c>b@2");
}

static bool unknown_is_said(struct rig *rig)
{
    freeze(rig, "a -> b");
    ask(rig, "HSET {weir}:freezes x y");
    if (!gates_are(rig, err_code(ERR_UNREADABLE)))
        return false;
    ask(rig, "DEL {weir}:freezes");
    ask(rig, "SET {weir}:freezes x");
    return gates_are(rig, err_code(ERR_UNREADABLE));
}

/* --- twins ------------------------------------------------------------------------------------ */

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"they come and go", they_come_and_go, &script_freeze,
         "redis.call('HDEL', FREEZES, boundary)", "do end"},
        {"they come and go", they_come_and_go, &script_frozen, "version == ARGV[1]", "false"},
        {"said anew", said_anew, &script_freeze, "or '0') + 1", "or '0')"},
        {"no more than there may be", no_more_than_there_may_be, &script_freeze,
         ">= tonumber(most)", "> tonumber(most)"},
        {"no more than there may be", no_more_than_there_may_be, &script_freeze,
         "record ~= '' and not there and", "record ~= '' and"},
        {"only at its version", only_at_its_version, &script_freeze,
         "expected ~= '' and expected ~= version", "false"},
        {"written down", written_down, &script_freeze, "if note ~= '' then audit(",
         "if false then audit("},
        {"nothing unwritten", nothing_unwritten, &script_freeze, "note ~= '' and audit_spoiled()",
         "false"},
        {"epoch is checked", epoch_is_checked, &script_freeze, "log[1] ~= epoch", "false"},
        {"spoiled is said", spoiled_is_said, &script_freeze, "has ~= 'none' and has ~= 'hash'",
         "false"},
        {"spoiled is said", spoiled_is_said, &script_frozen, "has ~= 'none' and has ~= 'hash'",
         "false"},
        {"couriers are told", couriers_are_told, &script_freeze, "'lastN', n)", "'lastN', log[4])"},
        {"couriers are told", couriers_are_told, &script_freeze, "lines[word] or", ""},
        {"couriers are told", couriers_are_told, &script_freeze, "'gatesn', n,", ""},
        {"entries say where they are from", entries_say_where_they_are_from, &script_append,
         "fact('z', A.zone)", ""},
        {"older ones too", older_ones_too, &script_gates, "HKEYS", "HVALS"},
        {"unknown is said", unknown_is_said, &script_gates, "has ~= 'none' and has ~= 'hash'",
         "false"},
        {"decided again", decided_again, &script_append, " or (log[6] or '') ~= A.freezes", ""},
        {"nobody knows", nobody_knows, &script_append, "redis.call('HVALS', P .. 'freezes')", "{}"},
    };
    run_twins(*state, twins, sizeof twins / sizeof *twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
