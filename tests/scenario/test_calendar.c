/* The steward: end dates, zones after a reload, the length of the journal, and what it says of
 * itself. */
#include "relay/store/audit.h"
#include "tests/scenario/world.h"

#include <stdlib.h>
#include <string.h>

static const char without_partners[] = "zones:\n"
                                       "  internal: { hosts: ['*.corp.example'],\n"
                                       "    networks: [10.0.0.0/8], join: open }\n";
static const char renamed[] = "zones:\n"
                              "  internal: { hosts: ['*.corp.example'],\n"
                              "    networks: [10.0.0.0/8], join: open }\n"
                              "  friends: { hosts: ['*.partner.example'], join: invited }\n";

static void begin(struct world *w, struct peer *p)
{
    world_init(w, 10);
    w->context.config->set.delivery_commit = SECOND;
    w->context.config->set.delivery_lease = 600 * SECOND; /* days pass: a beat a minute will do */
    world_front(w);
    world_courier(w);
    world_steward(w);
    peer_init(p, "shop", false);
    fake_run(SECOND);
}

static void end(struct world *w, struct peer *p)
{
    world_fini(w);
    peer_fini(p);
}

/* A member of the partners for this long; 0: for ever. */
static void member_for(struct world *w, const struct peer *p, int64_t ms)
{
    struct member *with = mem_new(sizeof(*with));
    world_member(w, p);
    if (ms) {
        span_copy(SPAN("partners"), with->zone, sizeof(with->zone));
        with->until_ms = FAKE_EPOCH_MS + fake_now() + ms;
        assert_int_equal(world_event(w, p, EVENT_INVITE, with), ERR_OK);
    }
    free(with);
}

static enum member_state state_of(const struct world *w, const struct peer *p)
{
    return fake_member(w->context.store, p->host)->state;
}

static void partner_post(struct world *w, unsigned k)
{
    struct fake_post post = {.from = WORLD_AUTHOR, .audience = "partners", .k = k};
    fake_accept(w->context.store, &post);
}

static size_t rejects(const struct peer *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->got_n; i++)
        n += strstr(p->got[i].body, "\"Reject\"") != NULL;
    return n;
}

/* --- end dates ------------------------------------------------------------------------------- */

static void test_pilot_ends(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct peer guest;
    begin(&w, &shop);
    peer_init(&guest, "guest", false);
    member_for(&w, &shop, 2 * DAY);
    member_for(&w, &guest, 0);
    fake_run(2 * DAY - MINUTE);
    partner_post(&w, 1);
    fake_run(50 * SECOND);
    assert_int_equal(state_of(&w, &shop), MEMBER_ACTIVE);
    assert_int_equal(rejects(&shop), 0);
    fake_run(15 * SECOND); /* at once, not at the next look a minute later */
    assert_int_equal(state_of(&w, &shop), MEMBER_EXPIRED);
    assert_int_equal(rejects(&shop), 1);
    partner_post(&w, 2);
    fake_run(HOUR);
    assert_true(peer_has(&shop, 1, 1));
    assert_true(peer_has(&guest, 1, 2)); /* the twin: one without an end date stays */
    assert_int_equal(state_of(&w, &guest), MEMBER_ACTIVE);
    assert_int_equal(rejects(&shop), 1); /* told once */
    peer_fini(&guest);
    end(&w, &shop);
}

static void test_end_date_moves(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct member *with = mem_new(sizeof(*with));
    begin(&w, &shop);
    member_for(&w, &shop, DAY);
    fake_run(DAY - HOUR);
    span_copy(SPAN("partners"), with->zone, sizeof(with->zone));
    with->until_ms = FAKE_EPOCH_MS + fake_now() + 2 * DAY;
    assert_int_equal(world_event(&w, &shop, EVENT_INVITE, with), ERR_OK);
    free(with);
    fake_run(DAY);
    assert_int_equal(state_of(&w, &shop), MEMBER_ACTIVE);
    fake_run(DAY + 2 * MINUTE);
    assert_int_equal(state_of(&w, &shop), MEMBER_EXPIRED);
    end(&w, &shop);
}

static void test_ends_while_the_store_is_away(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    begin(&w, &shop);
    member_for(&w, &shop, HOUR);
    fake_run(HOUR - MINUTE);
    fake_store_up(w.context.store, false, false);
    fake_run(DAY);
    assert_int_equal(state_of(&w, &shop), MEMBER_ACTIVE);
    fake_store_up(w.context.store, true, true);
    fake_run(SECOND);
    assert_int_equal(state_of(&w, &shop), MEMBER_EXPIRED);
    end(&w, &shop);
}

static void test_a_look_that_fails_is_repeated(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    begin(&w, &shop);
    member_for(&w, &shop, HOUR);
    fake_run(HOUR - 30 * SECOND);
    fake_fault(OP_MEMBERS, FAULT_LOST, 0, 1);
    fake_fault(OP_CHANGE, FAULT_LOST, 0, 1);
    fake_run(4 * MINUTE);
    assert_int_equal(state_of(&w, &shop), MEMBER_EXPIRED);
    end(&w, &shop);
}

/* --- zones ----------------------------------------------------------------------------------- */

static void reload(const char *policy, int64_t ends_in, enum member_state state, const char *zone)
{
    struct world w;
    struct peer shop;
    struct peer wiki;
    begin(&w, &shop);
    peer_init(&wiki, "wiki", true);
    member_for(&w, &shop, ends_in);
    world_member(&w, &wiki);
    world_policy(&w, policy);
    fake_run(10 * SECOND);
    assert_int_equal(state_of(&w, &shop), state);
    assert_string_equal(fake_member(w.context.store, shop.host)->zone, zone);
    assert_int_equal(state_of(&w, &wiki), MEMBER_ACTIVE); /* the twin: whose zone is there */
    assert_string_equal(fake_member(w.context.store, wiki.host)->zone, "internal");
    peer_fini(&wiki);
    end(&w, &shop);
}

static void test_reload_looks_at_zones(void **state)
{
    (void)state;
    reload(without_partners, 0, MEMBER_SUSPENDED, "partners");
    reload(renamed, 0, MEMBER_ACTIVE, "friends");
    /* Also at those whose end is near. */
    reload(without_partners, 50 * SECOND, MEMBER_SUSPENDED, "partners");
    reload(without_partners, HOUR, MEMBER_SUSPENDED, "partners");
}

/* --- the journal's length -------------------------------------------------------------------- */

static void test_trims_bodies_and_entries(void **state)
{
    (void)state;
    enum { POSTS = 700 }; /* several pages */
    struct world w;
    struct peer shop;
    begin(&w, &shop);
    w.context.config->set.retention_bodies = 8 * HOUR;
    w.context.config->set.retention_entries = 30 * HOUR;
    for (unsigned k = 1; k <= POSTS; k++)
        world_post(&w, k);
    uint64_t old = fake_newest(w.context.store);
    fake_run(5 * HOUR);
    uint64_t young = world_post(&w, POSTS + 1);
    assert_int_equal(fake_body_floor(w.context.store), 0); /* the twin: nothing goes too early */
    fake_run(4 * HOUR);
    assert_in_range(fake_body_floor(w.context.store), old, young - 1);
    assert_int_equal(fake_floor(w.context.store), 0);
    fake_run(22 * HOUR);
    assert_in_range(fake_floor(w.context.store), old, young - 1);
    assert_int_equal(world_entries(&w), 1);
    end(&w, &shop);
}

/* --- what it says ---------------------------------------------------------------------------- */

static int ask(struct world *w, const char *path, struct fake_reply *reply)
{
    fake_request(w->context.config->set.metrics, "GET", path, NULL, 0, SPAN(""), reply);
    assert_int_equal(reply->times, 1);
    return reply->status;
}

static void test_ready_and_alive(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    struct fake_reply reply;
    begin(&w, &shop);
    assert_int_equal(ask(&w, "/readyz", &reply), 200);
    fake_store_up(w.context.store, false, false);
    assert_int_equal(ask(&w, "/readyz", &reply), 503);
    assert_non_null(strstr(reply.body, "as the test has it"));
    assert_int_equal(ask(&w, "/livez", &reply), 200);
    assert_int_equal(ask(&w, "/metrics", &reply), 200);
    assert_int_equal(ask(&w, "/other", &reply), 404);
    fake_store_up(w.context.store, true, false);
    assert_int_equal(ask(&w, "/readyz", &reply), 200);
    end(&w, &shop);
}

static void on_added(void *arg, enum err err, uint64_t n)
{
    (void)arg;
    assert_int_equal(err, ERR_OK);
    assert_int_equal(n, 1);
}

/* Where nothing was written there is none; then one a day, also where Redis once does not answer.
 */
static void test_tells_the_head_of_the_audit_log(void **state)
{
    (void)state;
    struct world w;
    struct peer shop;
    begin(&w, &shop);
    assert_int_equal(fake_called(OP_AUDIT), 1);
    assert_int_equal(fake_logged("audit", "line=1", NULL), 0);
    audit_add(w.context.store, &(struct audit_add){.note = SPAN("{}")}, on_added, NULL);
    fake_run(DAY);
    assert_int_equal(fake_logged("audit", "line=1", NULL), 1);
    fake_run(DAY);
    assert_int_equal(fake_logged("audit", "line=1", NULL), 2);
    fake_fault(OP_AUDIT, FAULT_LOST, 0, 1);
    fake_run(DAY + 2 * MINUTE);
    assert_int_equal(fake_logged("audit", "line=1", NULL), 3);
    fake_store_up(w.context.store, false, false);
    fake_store_up(w.context.store, true, false);
    fake_run(SECOND);
    assert_int_equal(fake_logged("audit", "line=1", NULL), 4);
    end(&w, &shop);
}

/* It goes while a look through the members, a page of the journal or a change is under way. */
static void test_goes_after_each_step(void **state)
{
    (void)state;
    for (unsigned steps = 0; steps < 40; steps++) {
        struct world w;
        world_init(&w, 11);
        world_front(&w);
        world_courier(&w);
        fake_run(SECOND);
        world_post(&w, 1);
        world_steward(&w);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        steward_free(&w.steward);
        fake_run(5 * SECOND);
        world_fini(&w);
    }
    for (unsigned steps = 0; steps < 60; steps++) {
        struct world w;
        struct peer shop;
        begin(&w, &shop);
        member_for(&w, &shop, MINUTE);
        world_post(&w, 1);
        fake_run(MINUTE - 20);
        for (unsigned i = 0; i < steps; i++)
            fake_step(fake_now() + SECOND);
        steward_free(&w.steward);
        fake_run(5 * SECOND);
        end(&w, &shop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pilot_ends),
        cmocka_unit_test(test_end_date_moves),
        cmocka_unit_test(test_ends_while_the_store_is_away),
        cmocka_unit_test(test_a_look_that_fails_is_repeated),
        cmocka_unit_test(test_reload_looks_at_zones),
        cmocka_unit_test(test_trims_bodies_and_entries),
        cmocka_unit_test(test_ready_and_alive),
        cmocka_unit_test(test_tells_the_head_of_the_audit_log),
        cmocka_unit_test(test_goes_after_each_step),
    };
    return cmocka_run_group_tests(tests, world_keys, world_keys_gone);
}
