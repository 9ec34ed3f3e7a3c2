/* cursors: what a courier that claims shards has to show, and what it hears. */
#include "tests/unit/store/owner_rig.h"

static enum err claim(struct owner *o)
{
    return claim_some(o, UINT64_MAX);
}

/* Who has no lease owns nothing. */
static bool no_claim_without_a_lease(struct rig *rig)
{
    struct owner a;
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    bool ok = claim(&a) == ERR_FENCED;
    ok = ok && strcmp(ask(rig, "EXISTS {weir}:shard:0"), "0") == 0;
    owner_free(&a);
    return ok;
}

static bool claim_checks_the_epoch(struct rig *rig)
{
    struct owner a;
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    bool ok = lease(&a, "courier-0") == ERR_OK;
    ask(rig, "HSET {weir}:log epoch 5 run other");
    ok = ok && claim(&a) == ERR_REDIS;
    ok = ok && strcmp(ask(rig, "EXISTS {weir}:shard:0"), "0") == 0;
    owner_free(&a);
    return ok;
}

/* Nothing is sent before lane U was told as far as it is now. */
static bool lane_u_first(struct rig *rig)
{
    struct owner a;
    struct attempt attempt;
    struct member m = {.host = "x.example", .state = MEMBER_ACTIVE, .zone = "red", .spans_n = 1};
    const struct entry posts[] = {
        {.n = 1, .facts = {.type = ACTIVITY_CREATE}, .audience = SPAN("red")},
        {.n = 2, .lane = LANE_URGENT, .facts = {.type = ACTIVITY_DELETE}, .audience = SPAN("red")}};
    unsigned sent[2] = {0};
    m.spans[0] = (struct member_span){.to = MEMBER_SPAN_OPEN, .zone = "red"};
    m.inboxes[0] = (struct member_inbox){.url = "http://x.example/inbox"};
    owner_init(rig, NONCE_A, UINT64_MAX, &a);
    ask(rig, "HSET {weir}:log n 2 lastU 2");
    bool ok = lease(&a, "courier-0") == ERR_OK && claim(&a) == ERR_OK;
    schedule_load_member(a.schedule, &m);
    schedule_loaded(a.schedule);
    for (size_t i = 0; i < 2; i++) {
        struct entry *e = entry_new(&posts[i]);
        schedule_entry(a.schedule, e);
        entry_unref(&e);
        while (schedule_next(a.schedule, 1, &attempt)) {
            const struct judgement taken = {.verdict = VERDICT_DELIVERED};
            sent[i]++;
            schedule_outcome(a.schedule, &attempt, &taken, 202, NULL, 1, 0);
        }
    }
    owner_free(&a);
    return ok && sent[0] == 0 && sent[1] > 0;
}

static void test_twins(void **state)
{
    static const struct twin twins[] = {
        {"lane U first", lane_u_first, &script_claim, "redis.call('HGET', P .. 'log', 'lastU')",
         "nil"},
        {"no claim without a lease", no_claim_without_a_lease, &script_claim,
         "redis.call('HEXISTS', LEASE, ARGV[2]) == 0", "false"},
        {"no claim across time lines", claim_checks_the_epoch, &script_claim,
         "~= ARGV[1] then return", "== 'never' then return"},
    };
    run_twins(*state, twins, sizeof twins / sizeof twins[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twins),
    };
    return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
}
