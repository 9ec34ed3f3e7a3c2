/* schedule, as a model test: a random life of a small relay, with crashes at any point, watched by
 * the oracle of schedule_oracle.h. Hosts have several inboxes, which come and go; some entries fail
 * by themselves for a while; operators order what failed to be tried again; and after each crash
 * the courier may own other shards. It checks promises 2, 3, 4 and 8 of the engine: each member
 * gets what it was entitled to, or there is a record of why not, or it waits; nobody gets what it
 * may not have; first arrivals are in order; only a crash repeats; no cursor passes in silence.
 *
 * The twin: each mutation in MUTATIONS breaks one thing around the scheduler, and the same oracle
 * must find it within a few seeds. WEIR_SEED=n starts at another seed. */
#include "schedule_life.h"

enum { SEEDS = 100, STEPS = 3000, HUNT = 1000 };

/* --- attempts -------------------------------------------------------------------------------- */

static const struct {
    struct judge_answer answer;
    bool arrives;
    unsigned weight; /* of a hundred, where the host is up */
} answers[] = {
    {{ERR_OK, 202, {NULL, 0}}, true, 82},       {{ERR_OK, 500, {NULL, 0}}, false, 2},
    {{ERR_OK, 503, {"7", 1}}, false, 2},        {{ERR_OK, 422, {NULL, 0}}, false, 7},
    {{ERR_OK, 401, {NULL, 0}}, false, 2},       {{ERR_TIMEOUT, 0, {NULL, 0}}, true, 2},
    {{ERR_TOO_LARGE, 200, {NULL, 0}}, true, 1}, {{ERR_CANCELLED, 0, {NULL, 0}}, false, 1},
    {{ERR_CONNECT, 0, {NULL, 0}}, false, 1},
};
enum {
    ANSWERS = sizeof(answers) / sizeof(*answers),
    DELIVERED = 0,
    SOUR = 1,
    REFUSED_CONNECTION = ANSWERS - 1
};

static struct fate *fate_of(struct world *w, int host, const struct attempt *a)
{
    return a->entry ? &w->fates[host][a->slot][a->entry->n] : &w->fates[host][MAIL][a->direct->n];
}

static size_t draw_answer(struct world *w, int host, const struct flight *flight)
{
    uint64_t dice = draw(w, 100);
    struct fate *f = fate_of(w, host, &flight->attempt);
    size_t i = 0;
    if (w->down[host])
        return REFUSED_CONNECTION;
    if (f->sour) {
        f->sour--;
        return SOUR;
    }
    while (i + 1 < ANSWERS && dice >= answers[i].weight)
        dice -= answers[i++].weight;
    return i;
}

static void answer_flight(struct world *w, int host, struct flight *f, size_t which)
{
    struct attempt *a = &f->attempt;
    const struct judge_answer *answer = &answers[which].answer;
    struct judgement j = judge(answer, &limits.judge, &a->past, a->age_ms, w->now);
    if (answers[which].arrives)
        arrive(w, host, a);
    answered(w, host, a, f->since > w->failed[host], &j, answer->status);
    if ((w->mutation == MUTATION_LATER_IS_DONE && j.verdict == VERDICT_LATER) ||
        (w->mutation == MUTATION_NEVER_IS_DONE && j.verdict == VERDICT_NEVER))
        j = (struct judgement){.verdict = VERDICT_DELIVERED};
    f->out = false;
    schedule_outcome(w->schedule, a, &j, answer->status, "detail", w->now,
                     (uint32_t)draw(w, 1ULL << 32));
}

static void pump(struct world *w, uint64_t most)
{
    static const struct judgement delivered = {.verdict = VERDICT_DELIVERED};
    struct attempt a;
    while (!w->broken[0] && most-- && schedule_next(w->schedule, w->now, &a)) {
        int host = host_index(a.host);
        check_attempt(w, host, &a);
        if (w->broken[0]) { /* there may be no place for it */
            entry_unref(&a.entry);
            return;
        }
        if (w->mutation != MUTATION_ACK_EARLY) {
            int i = 0;
            while (w->flights[host][i].out)
                i++;
            w->flights[host][i] = (struct flight){true, w->events, a};
            continue;
        }
        struct fate *f = fate_of(w, host, &a);
        f->acked = !a.entry || draw(w, 2); /* or it gets lost on the way */
        if (f->acked)
            arrive(w, host, &a);
        schedule_outcome(w->schedule, &a, &delivered, 202, NULL, w->now, 0);
    }
}

/* --- pages, commits -------------------------------------------------------------------------- */

static enum lane lane_of(const struct item *item)
{
    return item->kind == ITEM_ENTRY ? item->entry->lane : LANE_NORMAL;
}

static void page_answer(struct world *w)
{
    struct entry *entries[PAGE];
    size_t n = 0;
    size_t lines = 0;
    size_t most = 1 + draw(w, PAGE);
    uint64_t to = w->newest;
    uint64_t first = w->page_after > w->floor ? w->page_after : w->floor;
    w->page_out = false;
    w->tally.pages++;
    for (uint64_t at = first + 1; at <= w->newest; at++) {
        if (w->items[at].kind == ITEM_LETTER || lane_of(&w->items[at]) != w->page_lane)
            continue;
        if (w->items[at].kind == ITEM_ENTRY)
            entries[n++] = w->items[at].entry;
        if (++lines == most) {
            to = at;
            break;
        }
    }
    schedule_page(w->schedule, w->page_lane, w->page_after, to, entries, n,
                  w->mutation == MUTATION_FLOOR_HIDDEN ? 0 : w->floor);
}

static void page_step(struct world *w)
{
    if (!w->page_out) {
        w->page_out = schedule_want_page(w->schedule, &w->page_lane, &w->page_after);
    } else if (draw(w, 8) == 0) {
        schedule_page_failed(w->schedule);
        w->page_out = false;
    } else {
        page_answer(w);
    }
}

static void commit_answered(struct world *w)
{
    schedule_committed(w->schedule, &w->delta);
    w->delta_out = false;
}

static void trim(struct world *w)
{
    uint64_t want = w->floor + draw(w, w->newest - w->floor + 1);
    if (draw(w, 3))
        want = w->floor + (want - w->floor) / 4;
    if (want < w->last_line && want > w->floor)
        w->floor = want;
}

static void crash(struct world *w)
{
    if (w->delta_out && draw(w, 2))
        apply_delta(w); /* Redis had it, only the answer was lost */
    stop(w);
    if (draw(w, 3) == 0 && !w->resting)
        trim(w); /* it took long */
    start(w);
    w->tally.crashes++;
}

static void commit_step(struct world *w)
{
    if (!w->delta_out) {
        w->delta_out = schedule_delta(w->schedule, w->now, &w->delta);
        memcpy(w->delta_shut, w->shut, sizeof(w->shut));
        w->delta_told = w->told;
    } else if (w->mutation == MUTATION_COMMIT_EARLY && draw(w, 10) == 0) {
        commit_answered(w);
    } else {
        apply_delta(w);
        commit_answered(w);
    }
}

/* Most worlds are calm ones: what needs time happens there. */
static bool is_calm(const struct world *w)
{
    return w->seed % 4 > 0;
}

/* --- a life ---------------------------------------------------------------------------------- */

static void happen(struct world *w)
{
    static const enum member_event events[] = {
        EVENT_FOLLOW, EVENT_FOLLOW,  EVENT_FOLLOW, EVENT_FOLLOW,     EVENT_UNDO,  EVENT_UNDO,
        EVENT_UNDO,   EVENT_SUSPEND, EVENT_RESUME, EVENT_RESUME,     EVENT_ZONED, EVENT_EXPIRE,
        EVENT_REMOVE, EVENT_INVITE,  EVENT_INVITE, EVENT_BACK_ACCEPT};
    static const char *const kinds[] = {"accept", "reject", "follow", "undo"};
    uint64_t dice = draw(w, 100);
    if (w->newest + 4 * MEMBER_FOLLOWERS_MAX >= ITEMS)
        return;
    if (dice < 70) {
        append_entry(w);
    } else if (dice < (is_calm(w) ? 76 : 85)) {
        uint64_t kinds_n = sizeof(events) / sizeof(*events);
        uint64_t which = draw(w, w->newest < 100 ? 4 : kinds_n); /* first, some have to come */
        append_control(w, (int)draw(w, MEMBERS), events[which]);
    } else if (dice < 87) {
        int host = (int)draw(w, HOSTS);
        append_letter(w, host, kinds[draw(w, 4)], draw(w, 2) ? "http://inbox.test/" : "http://x/");
    } else if (dice < 95) {
        append_order(w);
    } else {
        item_new(w, ITEM_WAKE, (int)draw(w, HOSTS));
    }
}

/* One of those that are on their way to it, or NULL. */
static struct flight *draw_flight(struct world *w, int host)
{
    int from = (int)draw(w, AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++)
        if (w->flights[host][(from + i) % AT_ONCE].out)
            return &w->flights[host][(from + i) % AT_ONCE];
    return NULL;
}

static void answer_step(struct world *w, int host)
{
    struct flight *f = draw_flight(w, host);
    if (f)
        answer_flight(w, host, f, draw_answer(w, host, f));
}

static void step(struct world *w)
{
    bool calm = is_calm(w);
    uint64_t dice = draw(w, 200);
    int host = (int)draw(w, HOSTS);
    if (dice < 45)
        happen(w);
    else if (dice < 95)
        tell(w);
    else if (dice < 120)
        pump(w, 1 + draw(w, 4));
    else if (dice < 150)
        answer_step(w, host);
    else if (dice < 165)
        page_step(w);
    else if (dice < 185 && (w->seed % 3 || draw(w, 6) == 0)) /* some couriers are lazy */
        commit_step(w);
    else if (dice < 193)
        w->now += (int64_t)draw(w, draw(w, 20) ? 3000 : (calm ? 10 : 180) * MINUTE);
    else if (dice < 196 && (!calm || draw(w, 4) == 0))
        w->down[host] = draw(w, 2);
    else if (dice < 198 && (!calm || draw(w, 4) == 0))
        crash(w);
    else if (dice == 198 && draw(w, 5) == 0)
        trim(w);
}

/* What is set aside for those who are sent things at all. */
static bool aside_waits(const struct world *w)
{
    for (int h = 0; h < MEMBERS; h++)
        if (w->own[h] && w->redis[h].aside_n && w->known[h].state == MEMBER_ACTIVE && !w->shut[h])
            return true;
    return false;
}

/* Everything is up, and nothing new happens: all that can be settled must get settled. */
static void come_to_rest(struct world *w)
{
    struct schedule_report r = {0};
    unsigned quiet = 0;
    memset(w->down, 0, sizeof(w->down));
    w->resting = true;
    crash(w); /* once more, and all shards are ours */
    for (int round = 0; round < 3000 && !w->broken[0]; round++) {
        while (w->told < w->newest)
            tell(w);
        pump(w, 100);
        for (int h = 0; h < HOSTS; h++)
            for (int i = 0; i < AT_ONCE; i++)
                if (w->flights[h][i].out)
                    answer_flight(w, h, &w->flights[h][i], DELIVERED);
        page_step(w);
        commit_step(w);
        w->now += 20 * MINUTE;
        schedule_report(w->schedule, &r);
        bool busy = r.ready + r.flying + r.asleep + r.hungry + r.direct > 0 || aside_waits(w);
        quiet = busy || w->delta_out ? 0 : quiet + 1;
        if (quiet == 4)
            return;
    }
    BROKEN(w, "does not come to rest: ready %zu flying %zu asleep %zu hungry %zu direct %zu",
           r.ready, r.flying, r.asleep, r.hungry, r.direct);
}

static void live(uint64_t seed, enum mutation mutation, struct world **ret)
{
    struct world *w = mem_new(sizeof(*w));
    w->seed = w->chance = seed;
    w->mutation = mutation;
    w->now = 1700000000000;
    start(w);
    for (int i = 0; i < STEPS && !w->broken[0]; i++)
        step(w);
    if (!w->broken[0])
        come_to_rest(w);
    if (!w->broken[0])
        check_end(w);
    stop(w);
    for (int h = 0; h < HOSTS; h++)
        cursor_fini(&w->redis[h]);
    for (uint64_t n = 1; n <= w->newest; n++) {
        entry_unref(&w->items[n].entry);
        free(w->items[n].after);
    }
    *ret = w;
}

/* --- tests ----------------------------------------------------------------------------------- */

static uint64_t first_seed(void)
{
    uint64_t seed = 1;
    const char *text = getenv("WEIR_SEED");
    if (text && !span_u64(span_of(text), UINT64_MAX, &seed))
        fail_msg("WEIR_SEED is not a number");
    return seed;
}

static void test_promises(void **state)
{
    (void)state;
    uint64_t first = first_seed();
    unsigned sum[sizeof(struct tally) / sizeof(unsigned)] = {0};
    for (uint64_t seed = first; seed < first + SEEDS; seed++) {
        struct world *w;
        unsigned one[sizeof(sum) / sizeof(*sum)];
        live(seed, MUTATION_NONE, &w);
        if (w->broken[0])
            fail_msg("seed %llu: %s", NUMBER(seed), w->broken);
        memcpy(one, &w->tally, sizeof(one));
        for (size_t i = 0; i < sizeof(sum) / sizeof(*sum); i++)
            sum[i] += one[i];
        free(w);
    }
    struct tally t;
    memcpy(&t, sum, sizeof(t));
    print_message(
        "seeds %llu to %llu: %u attempts, %u of them repeats, %u crashes, %u commits, %u "
        "pages, %u gaps, %u cuts (%u of one inbox), %u refusals, %u skips, %u letters, %u commits "
        "with what is set aside, %u late, %u retries, %u drops, %u shut, %u to further "
        "inboxes, %u lives with some shards, %u commits with what is ahead, %u attempts beside "
        "others\n",
        NUMBER(first), NUMBER(first + SEEDS - 1), t.attempts, t.repeats, t.crashes, t.commits,
        t.pages, t.gaps, t.cuts, t.slot_cuts, t.fails, t.skips, t.letters, t.asides, t.lates,
        t.retries, t.drops, t.shuts, t.slots, t.foreign, t.aheads, t.beside);
    for (size_t i = 0; i < sizeof(sum) / sizeof(*sum); i++)
        assert_true(sum[i] >=
                    SEEDS / 4); /* each of these happened often enough to mean something */
}

static void test_oracle_is_sharp(void **state)
{
    (void)state;
    unsigned missed = 0;
    uint64_t first = first_seed();
    for (int m = MUTATION_NONE + 1; m < MUTATION_COUNT; m++) {
        bool found = false;
        for (uint64_t seed = first; seed < first + HUNT && !found; seed++) {
            struct world *w;
            live(seed, (enum mutation)m, &w);
            found = w->broken[0];
            if (found)
                print_message("%s: seed %llu: %s\n", mutation_text((enum mutation)m), NUMBER(seed),
                              w->broken);
            free(w);
        }
        if (!found)
            print_error("%s: not found\n", mutation_text((enum mutation)m));
        missed += !found;
    }
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_oracle_is_sharp),
    };
    return cmocka_run_group_tests_name("schedule_model", tests, NULL, NULL);
}
