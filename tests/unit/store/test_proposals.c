/* proposals: put in, replaced, taken out, within bounds, and written down. With a real Redis; each
 * law is broken on purpose, and that is seen. */
#include "tests/unit/store/store_rig.h"

#include <inttypes.h>

#include "relay/store/proposals.h"

struct calls {
    struct rig *rig;
    int n;
    enum err err;
    struct proposals_changed changed;
    struct bytes text;
    size_t items;
};

static void on_changed(void *arg, const struct proposals_changed *changed)
{
    struct calls *c = arg;
    c->n++;
    c->changed = *changed;
    loop_stop(c->rig->loop);
}

static struct proposals_changed change(struct rig *rig, const char *hosts, enum proposal_kind kind,
                                       bool drops, const char *note)
{
    struct calls c = {.rig = rig};
    struct proposal list[8] = {{.at_ms = 0}};
    struct span rest = span_of(hosts);
    size_t n = 0;
    for (; rest.n && n < 8; n++) {
        list[n].kind = kind;
        list[n].at_ms = 7;
        span_copy(span_cut(&rest, ' '), list[n].host, sizeof(list[n].host));
    }
    const struct proposals_change what = {list, n, drops, span_of(note)};
    proposals_change(rig->store, &what, on_changed, &c);
    assert_int_equal(c.n, 0);
    rig_await(rig, &c.n, 1);
    return c.changed;
}

static void on_read(void *arg, enum err err, const struct proposal *p)
{
    struct calls *c = arg;
    if (p) {
        bytes_addf(&c->text, "%s=%s ", p->host, proposal_kind_name(p->kind));
        c->items++;
        return;
    }
    c->n++;
    c->err = err;
    loop_stop(c->rig->loop);
}

/* Whether just so many are there, these among them. */
static bool has(struct rig *rig, size_t n, const char *a, const char *b)
{
    struct calls c = {.rig = rig};
    bytes_init(&c.text, 1 << 20);
    proposals_read(rig->store, on_read, &c);
    rig_await(rig, &c.n, 1);
    const char *text = bytes_str(&c.text);
    bool ok = c.err == ERR_OK && c.items == n && (!a || strstr(text, a)) && (!b || strstr(text, b));
    bytes_fini(&c.text);
    return ok;
}

static bool they_come_and_go(struct rig *rig)
{
    struct proposals_changed c = change(rig, "a.example b.example", PROPOSAL_BLOCK, false, NULL);
    if (c.err != ERR_OK || c.added != 2 || c.replaced || !has(rig, 2, "a.example=block ", NULL))
        return false;
    c = change(rig, "b.example c.example", PROPOSAL_ALLOW, false, NULL);
    if (c.added != 1 || c.replaced != 1 || !has(rig, 3, "b.example=allow ", "a.example=block "))
        return false;
    c = change(rig, "a.example x.example", PROPOSAL_BLOCK, true, NULL);
    return c.err == ERR_OK && c.dropped == 1 && has(rig, 2, "b.example=allow ", "c.example=allow ");
}

/* All of it is written down, or none of it done. */
static bool they_are_written_down(struct rig *rig)
{
    static const char note[] = "{\"verb\":\"list import\"}";
    if (change(rig, "a.example", PROPOSAL_BLOCK, false, note).err != ERR_OK ||
        strcmp(ask(rig, "XLEN {weir}:audit"), "1") != 0)
        return false;
    ask(rig, "DEL {weir}:audit");
    ask(rig, "SET {weir}:audit x");
    return change(rig, "b.example", PROPOSAL_BLOCK, false, note).err == ERR_UNREADABLE &&
           has(rig, 1, "a.example=block ", NULL);
}

static bool there_is_an_end(struct rig *rig)
{
    ask(rig, "EVAL for\ti=1,%d\tdo\tredis.call('HSET','{weir}:proposals','h'..i,1)\tend 0",
        PROPOSALS_MAX - 1);
    return change(rig, "a.example b.example", PROPOSAL_BLOCK, false, NULL).err == ERR_PROPOSALS &&
           strcmp(ask(rig, "HEXISTS {weir}:proposals a.example"), "0") == 0 &&
           change(rig, "a.example", PROPOSAL_BLOCK, false, NULL).err == ERR_OK &&
           change(rig, "a.example", PROPOSAL_ALLOW, false, NULL).replaced == 1 &&
           change(rig, "b.example", PROPOSAL_ALLOW, false, NULL).err == ERR_PROPOSALS;
}

static bool another_time_line_is_refused(struct rig *rig)
{
    ask(rig, "HINCRBY {weir}:log epoch 1");
    return change(rig, "a.example", PROPOSAL_BLOCK, false, NULL).err != ERR_OK &&
           strcmp(ask(rig, "EXISTS {weir}:proposals"), "0") == 0;
}

static bool what_is_spoiled_is_said(struct rig *rig)
{
    ask(rig, "LPUSH {weir}:proposals x");
    bool ok = change(rig, "a.example", PROPOSAL_BLOCK, false, NULL).err == ERR_UNREADABLE &&
              !has(rig, 0, NULL, NULL);
    ask(rig, "DEL {weir}:proposals");
    ask(rig, "HSET {weir}:proposals a.example x");
    return ok && !has(rig, 0, NULL, NULL) && !has(rig, 1, NULL, NULL);
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"they come and go", they_come_and_go, &script_proposals,
         "redis.call('HDEL', PROPOSALS, ARGV[at])", "1"},
        {"they are replaced", they_come_and_go, &script_proposals, "redis.call('HSET', PROPOSALS",
         "redis.call('HSETNX', PROPOSALS"},
        {"they are written down", they_are_written_down, &script_proposals,
         "if note ~= '' then audit(", "if false then audit("},
        {"not unwritten", they_are_written_down, &script_proposals,
         "if note ~= '' and audit_spoiled() then", "if false then"},
        {"there is an end", there_is_an_end, &script_proposals, "if new > 0 and", "if false and"},
        {"another time line", another_time_line_is_refused, &script_proposals, "~= epoch then",
         "== '' then"},
        {"what is spoiled", what_is_spoiled_is_said, &script_proposals, "has ~= 'hash' then",
         "has ~= 'list' then"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_twins)};
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
