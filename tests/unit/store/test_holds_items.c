/* holds: what is known of one item, how it is found, pages of them, and how they are forgotten. */
#include <string.h>

#include "relay/store/ledger.h"
#include "relay/store/scripts.h"
#include "tests/unit/store/holds_rig.h"

/* --- one item --------------------------------------------------------------------------------- */

struct got {
    struct rig *rig;
    int calls;
    enum err err;
    bool found;
    char text[1024];
};

static void on_item(void *arg, enum err err, const struct hold_item *item)
{
    struct got *got = arg;
    got->calls++;
    got->err = err;
    got->found = item != NULL;
    if (item)
        snprintf(got->text, sizeof got->text,
                 "%d %s %.*s %.*s %.*s %.*s %.*s [%.*s] [%.*s] [%.*s] %d bytes, closed %d by %.*s: "
                 "%.*s",
                 (int)item->h, hold_state_name(item->state), SPAN_ARG(item->from),
                 SPAN_ARG(item->zone), SPAN_ARG(item->id), SPAN_ARG(item->actor),
                 SPAN_ARG(item->type), SPAN_ARG(item->known), SPAN_ARG(item->body),
                 SPAN_ARG(item->update), (int)item->bytes, (int)item->closed_ms, SPAN_ARG(item->by),
                 SPAN_ARG(item->reason));
    loop_stop(got->rig->loop);
}

static const char *item_text(struct rig *rig, uint64_t h)
{
    static struct got got;
    got = (struct got){.rig = rig};
    holds_read(rig->store, h, on_item, &got);
    rig_await(rig, &got.calls, 1);
    assert_int_equal(got.err, ERR_OK);
    return got.found ? got.text : "none";
}

static void test_item(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    const struct post create =
        POST("C c1", "o1", .held = "partners", .now = 1000, .actor = "jo", .body = "first");
    const struct post update = POST("U u1", "o1", .now = 2000, .body = "second", .stamp = 5);
    const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED, .revision = 1);
    assert_string_equal(post(rig, &create), "OK 1 held 2");
    assert_string_equal(post(rig, &update), "OK 3 held 2");
    assert_string_equal(item_text(rig, 2), "2 open a.example internal c1 jo Create [-nyn] [first] "
                                           "[second] 11 bytes, closed 0 by : ");
    assert_string_equal(settle(rig, &deny, 3000), "denied 0");
    assert_string_equal(item_text(rig, 2), "2 denied a.example internal c1 jo Create [] [] [] 11 "
                                           "bytes, closed 3000 by bob: it is fine");
    assert_string_equal(item_text(rig, 7), "none");
}

struct sought {
    struct rig *rig;
    int calls;
    struct ledger_found found;
};

static void on_found(void *arg, const struct ledger_found *found)
{
    struct sought *s = arg;
    s->calls++;
    s->found = *found;
    loop_stop(s->rig->loop);
}

/* Found by its activity, its object and what it announces, open or closed, until it is forgotten.
 */
static bool are_found(struct rig *rig)
{
    static const struct post create = POST("C c1", "o1", .held = "partners", .now = 1000);
    static const struct post announce = POST("A a1", "o2", .held = "public", .now = 1000);
    static const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED);
    static const struct {
        const char *id;
        uint64_t h;
    } rows[] = {{"c1", 2}, {"o1", 2}, {"a1", 4}, {"o2", 4}, {"x1", 0}};
    bool right = true;
    post(rig, &create);
    post(rig, &announce);
    settle(rig, &deny, 2000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sought s = {.rig = rig};
        struct fake_hash hash = fake_hash(rows[i].id);
        ledger_find(rig->store, hash.bytes, 3000, on_found, &s);
        rig_await(rig, &s.calls, 1);
        right = right && s.found.held_n == (rows[i].h ? 1 : 0) &&
                (!rows[i].h || s.found.held[0] == rows[i].h);
    }
    return right;
}

static void test_found(void **state)
{
    static const struct twin twins[] = {
        {"by activity", are_found, &script_append, "list_put(OF, activity, h)", ""},
        {"by object", are_found, &script_append, "list_put(OF, A.object, h)", ""},
        {"by what it announces", are_found, &script_append, "list_put(OF, A.about, h)", ""},
        {"once", are_found, &script_find, "' ' .. h .. ' ', 1, true)", "'never', 1, true)"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

/* Page by page, each once; closed ones the newest first. */
static void test_pages(void **state)
{
    struct rig *rig = *state;
    rig_fresh(rig);
    char id[8];
    char object[8];
    for (int i = 1; i <= 7; i++) {
        snprintf(id, sizeof id, "C c%d", i);
        snprintf(object, sizeof object, "o%d", i);
        const struct post p = POST(id, object, .audience = "", .held = "partners", .now = 1000 + i);
        post(rig, &p);
    }
    for (int h = 5; h <= 7; h++) {
        const struct settling deny = SETTLE(h, "", .then = HOLD_DENIED);
        settle(rig, &deny, 3000 + h);
    }
    static const struct {
        bool closed;
        uint64_t after;
        size_t most;
        const char *text;
        uint64_t next;
    } rows[] = {
        {false, 0, 3, "1 open partners\n2 open partners\n3 open partners", 3},
        {false, 3, 3, "4 open partners", 0},
        {false, 4, 3, "", 0},
        {false, 0, 4, "1 open partners\n2 open partners\n3 open partners\n4 open partners", 0},
        {true, 0, 2, "7 denied partners\n6 denied partners", 6},
        {true, 6, 2, "5 denied partners", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct paged p = {.calls = 0};
        bytes_init(&p.text, 1 << 16);
        read_items(rig, rows[i].closed, rows[i].after, rows[i].most, &p);
        assert_string_equal(bytes_str(&p.text), rows[i].text);
        assert_int_equal(p.next, rows[i].next);
        assert_int_equal(p.open, 4);
        bytes_fini(&p.text);
    }
}

struct swept {
    struct rig *rig;
    int calls;
    char text[128];
};

static void on_swept(void *arg, const struct holds_swept *a)
{
    struct swept *s = arg;
    s->calls++;
    int n = snprintf(s->text, sizeof s->text, "%s expired", err_code(a->err));
    for (size_t i = 0; i < a->expired_n; i++)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, " %d", (int)a->expired[i]);
    snprintf(s->text + n, sizeof s->text - (size_t)n,
             ", forgotten %d, open %d of %d, ever denied %d, expired %d%s", (int)a->forgotten,
             (int)a->open, (int)a->bytes, (int)a->closed[HOLD_DENIED], (int)a->closed[HOLD_EXPIRED],
             a->more ? ", more" : "");
    loop_stop(s->rig->loop);
}

static const char *sweep(struct rig *rig, int64_t now, int64_t before, int64_t forget)
{
    static struct swept swept;
    swept = (struct swept){.rig = rig};
    const struct holds_sweep ask = {now, before, forget};
    holds_sweep(rig->store, &ask, on_swept, &swept);
    rig_await(rig, &swept.calls, 1);
    return swept.text;
}

/* Three items, of 1000, 2000 and 3000; the second is denied at 2500. */
static bool forgets(struct rig *rig)
{
    static const struct post posts[] = {
        POST("C c1", "o1", .audience = "", .held = "partners", .now = 1000),
        POST("C c2", "o2", .audience = "", .held = "partners", .now = 2000),
        POST("C c3", "o3", .audience = "", .held = "partners", .now = 3000)};
    static const struct settling deny = SETTLE(2, "", .then = HOLD_DENIED);
    for (size_t i = 0; i < 3; i++)
        post(rig, &posts[i]);
    settle(rig, &deny, 2500);
    static const struct {
        int64_t now, before, forget;
        const char *says;
    } rows[] = {
        {4000, 0, 0, "ok expired, forgotten 0, open 2 of 4, ever denied 1, expired 0"},
        {4000, 1000, 2500, "ok expired, forgotten 0, open 2 of 4, ever denied 1, expired 0"},
        {4000, 1001, 2501, "ok expired 1, forgotten 1, open 1 of 2, ever denied 1, expired 1"},
        {5000, 1001, 4001, "ok expired, forgotten 1, open 1 of 2, ever denied 1, expired 1"},
        {5000, 9000, 9000, "ok expired 3, forgotten 0, open 0 of 0, ever denied 1, expired 2"},
        {6000, 9000, 9000, "ok expired, forgotten 1, open 0 of 0, ever denied 1, expired 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(sweep(rig, rows[i].now, rows[i].before, rows[i].forget), rows[i].says) != 0) {
            if (!rig->broken)
                print_message("%s\n", rows[i].says);
            return false;
        }
    /* Nothing is left of them. */
    return strcmp(ask(rig, "EXISTS {weir}:hold:1 {weir}:hold:2 {weir}:hold:3 {weir}:holds "
                           "{weir}:holdsclosed {weir}:heldof {weir}:heldby"),
                  "0") == 0;
}

static void test_forgetting(void **state)
{
    static const struct twin twins[] = {
        {"too old", forgets, &script_holdsweep, ">= before then break", ">= before + 1 then break"},
        {"not too old", forgets, &script_holdsweep, ">= before then break", ">= 0 then break"},
        {"forgotten", forgets, &script_holdsweep, "'-inf', '(' .. forget", "'-inf', forget"},
        {"found no more", forgets, &script_holdsweep, "list_take(OF, got[i], h)", "local _ = h"},
        {"gone", forgets, &script_holdsweep, "redis.call('DEL', hold_key(h))", ""},
        {"by whom", forgets, &script_holdsweep, "list_take(BY, got[2], h)", ""},
        {"counted", forgets, &script_holdsweep, "hold_count(-1, -tonumber(got[1]))", ""},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_item),
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_forgetting),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
