/* schedule, as a model test: a random life of a small relay, with crashes at any point, watched by
 * the oracle of schedule_world.h. It checks promises 2, 3, 4 and 8 of the engine: each member gets
 * what it was entitled to, or there is a record of why not, or it waits; nobody gets what it may
 * not have; first arrivals are in order; only a crash repeats; no cursor passes in silence.
 *
 * The twin: each mutation in MUTATIONS breaks one thing around the scheduler, and the same oracle
 * must find it within a few seeds. WEIR_SEED=n starts at another seed. */
#include "schedule_world.h"

enum { SEEDS = 100, STEPS = 3000, HUNT = 100, MINUTE = 60 * 1000 };

static const struct schedule_limits limits = {
    .in_flight = 3,
    .window = 12,
    .shards = SHARDS,
    .owned = UINT64_MAX,
    .advance_ms = 2000,
    .judge = {.backoff_ms = 1000,
              .backoff_most_ms = 3600 * 1000,
              .retry_after_most_ms = 6 * 3600 * 1000,
              .horizon_ms = 3 * 3600 * 1000,
              .aside_ms = MINUTE,
              .aside_most_ms = 30 * MINUTE,
              .aside_after = 3},
};

/* --- telling --------------------------------------------------------------------------------- */

/* The record as the scheduler is given it. */
static void know(struct world *w, int host, const struct member *m, struct member *ret)
{
    if (m->ver >= w->known[host].ver)
        w->known[host] = *m;
    *ret = *m;
    if (w->mutation == MUTATION_SPANS_IGNORED && ret->spans_n) {
        ret->spans_n = 1;
        ret->spans[0] = (struct member_span){.from = 0, .to = MEMBER_SPAN_OPEN};
        memcpy(ret->spans[0].zone, ret->zone, sizeof(ret->zone));
    }
    if (w->mutation == MUTATION_ZONE_IGNORED && ret->spans_n)
        memcpy(ret->zone, ret->spans[0].zone, sizeof(ret->zone));
}

static void tell_letter(struct world *w, uint64_t n)
{
    struct direct d = {.n = n,
                       .at_ms = w->now,
                       .host = span_of(host_name(w->items[n].host)),
                       .inbox = SPAN("http://inbox.test/"),
                       .kind = SPAN("accept"),
                       .body = SPAN("{}")};
    snprintf(d.id, sizeof(d.id), "%llu", NUMBER(n));
    if (!w->items[n].settled)
        schedule_direct(w->schedule, &d);
}

static void tell_control(struct world *w, const struct item *item, uint64_t n)
{
    struct member *m = mem_new(sizeof(*m));
    if (w->mutation != MUTATION_CONTROL_LOST || n % 4) {
        know(w, item->host, item->after, m);
        schedule_control(w->schedule, n, m, item->cuts && w->mutation != MUTATION_CUTS_UNTOLD);
        w->not_before[item->host] = 0; /* a (re)join ends a back-off */
    }
    free(m);
}

static void crash(struct world *w);

/* The next number: direct mail or a line, in one order. */
static void tell(struct world *w)
{
    if (w->told == w->newest)
        return;
    uint64_t n = ++w->told;
    const struct item *item = &w->items[n];
    if (item->kind == ITEM_LETTER) {
        if (n > w->mail_told && w->mutation != MUTATION_MAIL_LATE)
            tell_letter(w, n);
        if (w->mutation == MUTATION_MAIL_LATE && draw(w, 2))
            tell_letter(w, n);
        return;
    }
    if (n <= w->floor)
        return;
    if (item->previous > w->told_line && (w->followed || item->previous > w->loaded)) {
        crash(w); /* a change of a member may be missing that was not loaded either */
        return;
    }
    if (item->previous > w->told_line && w->mutation != MUTATION_MISSING_HIDDEN)
        schedule_floor(w->schedule, item->previous);
    w->told_line = n;
    w->followed = true;
    if (item->kind == ITEM_ENTRY) {
        schedule_entry(w->schedule, item->entry);
        for (int h = 0; h < HOSTS; h++) /* who posts shows that it lives */
            if (span_eq_str(item->entry->origin, host_name(h)))
                w->not_before[h] = 0;
    } else if (item->kind == ITEM_CONTROL) {
        tell_control(w, item, n);
    } else {
        schedule_awake(w->schedule, span_of(host_name(item->host)));
        w->not_before[item->host] = 0;
    }
}

/* --- a courier's life ------------------------------------------------------------------------ */

static void load_members(struct world *w)
{
    struct member *m = mem_new(sizeof(*m));
    for (int h = 0; h < MEMBERS; h++) {
        bool gone =
            w->registry[h].state != MEMBER_ACTIVE && w->registry[h].state != MEMBER_SUSPENDED;
        if (!w->exists[h] || (gone && w->mutation == MUTATION_GONE_UNLOADED))
            continue;
        know(w, h, &w->registry[h], m);
        schedule_load_member(w->schedule, m);
    }
    free(m);
}

static void load_shards(struct world *w)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        uint64_t low = w->low[i];
        if (w->mutation == MUTATION_LOW_AHEAD && low && low < w->newest)
            low++;
        schedule_load_shard(w->schedule, i, low);
    }
    for (int h = 0; h < HOSTS && w->mutation != MUTATION_OWN_FORGOTTEN; h++) {
        struct cursor cursor;
        if (w->own[h][0] && cursor_read(span_of(w->own[h]), &cursor)) {
            schedule_load_cursor(w->schedule, span_of(host_name(h)), &cursor);
            cursor_fini(&cursor);
        }
    }
}

static void start(struct world *w)
{
    w->schedule = schedule_new(&limits);
    memset(w->known, 0, sizeof(w->known));
    memset(w->done, 0, sizeof(w->done));
    memset(w->not_before, 0, sizeof(w->not_before));
    if (draw(w, 2)) {
        load_members(w);
        load_shards(w);
    } else {
        load_shards(w);
        load_members(w);
    }
    w->told_line = w->told = schedule_loaded(w->schedule);
    w->mail_told = w->loaded = w->newest;
    w->followed = false;
    for (uint64_t n = 1; n <= w->newest; n++)
        if (w->items[n].kind == ITEM_LETTER)
            tell_letter(w, n);
}

static void stop(struct world *w)
{
    for (int h = 0; h < HOSTS; h++) {
        struct flight *f = &w->flights[h];
        if (f->out && draw(w, 2))
            arrive(w, h, f->attempt.entry ? f->attempt.entry->n : f->attempt.direct->n);
        entry_unref(&f->attempt.entry);
        f->out = false;
    }
    delta_free(&w->delta);
    w->delta_out = w->page_out = false;
    schedule_free(&w->schedule);
}

/* --- attempts -------------------------------------------------------------------------------- */

static const struct {
    struct judge_answer answer;
    bool arrives;
    unsigned weight; /* of a hundred, where the host is up */
} answers[] = {
    {{ERR_OK, 202, {NULL, 0}}, true, 80},       {{ERR_OK, 500, {NULL, 0}}, false, 3},
    {{ERR_OK, 503, {"7", 1}}, false, 2},        {{ERR_OK, 422, {NULL, 0}}, false, 8},
    {{ERR_OK, 401, {NULL, 0}}, false, 2},       {{ERR_TIMEOUT, 0, {NULL, 0}}, true, 3},
    {{ERR_TOO_LARGE, 200, {NULL, 0}}, true, 1}, {{ERR_CONNECT, 0, {NULL, 0}}, false, 1},
};
enum {
    ANSWERS = sizeof(answers) / sizeof(*answers),
    DELIVERED = 0,
    REFUSED_CONNECTION = ANSWERS - 1
};

static size_t draw_answer(struct world *w, int host)
{
    uint64_t dice = draw(w, 100);
    size_t i = 0;
    if (w->down[host])
        return REFUSED_CONNECTION;
    while (i + 1 < ANSWERS && dice >= answers[i].weight)
        dice -= answers[i++].weight;
    return i;
}

static void answer_flight(struct world *w, int host, size_t which)
{
    struct flight *f = &w->flights[host];
    struct attempt *a = &f->attempt;
    const struct judge_answer *answer = &answers[which].answer;
    uint64_t n = a->entry ? a->entry->n : a->direct->n;
    struct judgement j = judge(answer, &limits.judge, &a->past, a->age_ms, w->now);
    bool entry = a->entry != NULL;
    if (answers[which].arrives)
        arrive(w, host, n);
    /* The back-off of who is no member is forgotten with its last letter. */
    bool gone = host >= MEMBERS || w->known[host].state != MEMBER_ACTIVE;
    if ((j.verdict == VERDICT_LATER || j.host_trouble) && !gone)
        w->not_before[host] = w->now + 500;
    if (j.verdict == VERDICT_DELIVERED)
        w->fates[host][n].acked = true;
    else if (j.verdict == VERDICT_NEVER)
        w->fates[host][n].refused = true;
    if (j.verdict != VERDICT_LATER && entry)
        w->done[host] = n;
    if ((w->mutation == MUTATION_LATER_IS_DONE && j.verdict == VERDICT_LATER) ||
        (w->mutation == MUTATION_NEVER_IS_DONE && j.verdict == VERDICT_NEVER))
        j = (struct judgement){.verdict = VERDICT_DELIVERED};
    f->out = false;
    schedule_outcome(w->schedule, a, &j, answer->status, NULL, w->now,
                     (uint32_t)draw(w, 1ULL << 32));
}

static void pump(struct world *w, uint64_t most)
{
    static const struct judgement delivered = {.verdict = VERDICT_DELIVERED};
    struct attempt a;
    while (!w->broken[0] && most-- && schedule_next(w->schedule, w->now, &a)) {
        int host = host_index(a.host);
        check_attempt(w, host, &a);
        if (w->mutation != MUTATION_ACK_EARLY) {
            w->flights[host] = (struct flight){true, a};
            continue;
        }
        uint64_t n = a.entry ? a.entry->n : a.direct->n;
        w->fates[host][n].acked = !a.entry || draw(w, 2); /* or it gets lost on the way */
        if (w->fates[host][n].acked)
            arrive(w, host, n);
        schedule_outcome(w->schedule, &a, &delivered, 202, NULL, w->now, 0);
    }
}

/* --- pages, commits -------------------------------------------------------------------------- */

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
        if (w->items[at].kind == ITEM_LETTER)
            continue;
        if (w->items[at].kind == ITEM_ENTRY)
            entries[n++] = w->items[at].entry;
        if (++lines == most) {
            to = at;
            break;
        }
    }
    schedule_page(w->schedule, w->page_after, to, entries, n,
                  w->mutation == MUTATION_FLOOR_HIDDEN ? 0 : w->floor);
}

static void page_step(struct world *w)
{
    if (!w->page_out) {
        w->page_out = schedule_want_page(w->schedule, &w->page_after);
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
    if (draw(w, 3) == 0)
        trim(w); /* it took long */
    start(w);
    w->tally.crashes++;
}

static void commit_step(struct world *w)
{
    if (!w->delta_out) {
        w->delta_out = schedule_delta(w->schedule, w->now, &w->delta);
    } else if (w->mutation == MUTATION_COMMIT_EARLY && draw(w, 10) == 0) {
        commit_answered(w);
    } else {
        apply_delta(w);
        commit_answered(w);
    }
}

/* --- a life ---------------------------------------------------------------------------------- */

static void happen(struct world *w)
{
    static const enum member_event events[] = {
        EVENT_FOLLOW, EVENT_FOLLOW, EVENT_FOLLOW, EVENT_UNDO,   EVENT_SUSPEND, EVENT_RESUME,
        EVENT_RESUME, EVENT_ZONED,  EVENT_EXPIRE, EVENT_REMOVE, EVENT_INVITE,  EVENT_INVITE};
    uint64_t dice = draw(w, 100);
    if (w->newest + 4 >= ITEMS)
        return;
    if (dice < 70) {
        append_entry(w);
    } else if (dice < 90) {
        append_control(w, (int)draw(w, MEMBERS), events[draw(w, sizeof(events) / sizeof(*events))]);
    } else if (dice < 95) {
        append_letter(w, (int)draw(w, HOSTS));
    } else {
        item_new(w, ITEM_WAKE, (int)draw(w, HOSTS));
    }
}

static void step(struct world *w)
{
    uint64_t dice = draw(w, 200);
    int host = (int)draw(w, HOSTS);
    if (dice < 45)
        happen(w);
    else if (dice < 95)
        tell(w);
    else if (dice < 120)
        pump(w, 1 + draw(w, 4));
    else if (dice < 150 && w->flights[host].out)
        answer_flight(w, host, draw_answer(w, host));
    else if (dice < 165)
        page_step(w);
    else if (dice < 185 && (w->seed % 3 || draw(w, 6) == 0)) /* some couriers are lazy */
        commit_step(w);
    else if (dice < 193)
        w->now += (int64_t)draw(w, draw(w, 20) ? 3000 : 180 * MINUTE);
    else if (dice < 196)
        w->down[host] = draw(w, 2);
    else if (dice < 198)
        crash(w);
    else if (dice == 198 && draw(w, 5) == 0)
        trim(w);
}

/* Everything is up, and nothing new happens: all that can be settled must get settled. */
static void come_to_rest(struct world *w)
{
    struct schedule_report r = {0};
    unsigned quiet = 0;
    memset(w->down, 0, sizeof(w->down));
    for (int round = 0; round < 3000 && !w->broken[0]; round++) {
        while (w->told < w->newest)
            tell(w);
        pump(w, 100);
        for (int h = 0; h < HOSTS; h++)
            if (w->flights[h].out)
                answer_flight(w, h, DELIVERED);
        page_step(w);
        commit_step(w);
        w->now += 20 * MINUTE;
        schedule_report(w->schedule, &r);
        bool busy = r.ready + r.flying + r.asleep + r.hungry + r.direct > 0;
        quiet = busy || w->delta_out ? 0 : quiet + 1;
        if (quiet == 4)
            return;
    }
    BROKEN(w, "does not come to rest: ready %zu flying %zu asleep %zu hungry %zu direct %zu",
           r.ready, r.flying, r.asleep, r.hungry, r.direct);
}

static void check_end(struct world *w)
{
    for (int h = 0; h < HOSTS; h++) {
        bool suspended = h < MEMBERS && w->registry[h].state == MEMBER_SUSPENDED;
        if (w->own[h][0] && !suspended && redis_low(w, h) <= w->low[SHARD_OF(h)])
            BROKEN(w, "%s: is at rest and keeps a cursor of its own", host_name(h));
        for (uint64_t n = 1; n <= w->newest; n++) {
            const struct fate *f = &w->fates[h][n];
            bool waits = suspended && n > redis_low(w, h);
            if (w->items[n].kind == ITEM_LETTER && w->items[n].host == h && !w->items[n].settled)
                BROKEN(w, "%s: direct mail %llu stays", host_name(h), NUMBER(n));
            if (w->items[n].kind == ITEM_ENTRY && f->owed && !f->acked && !f->noted && !waits)
                BROKEN(w, "%s: never got %llu, and nothing says why", host_name(h), NUMBER(n));
        }
    }
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
    print_message("seeds %llu to %llu: %u attempts, %u of them repeats, %u crashes, %u commits, %u "
                  "pages, %u gaps, %u cuts, %u refusals, %u skips, %u letters\n",
                  NUMBER(first), NUMBER(first + SEEDS - 1), t.attempts, t.repeats, t.crashes,
                  t.commits, t.pages, t.gaps, t.cuts, t.fails, t.skips, t.letters);
    for (size_t i = 0; i < sizeof(sum) / sizeof(*sum); i++)
        assert_true(sum[i] >=
                    SEEDS / 2); /* each of these happened often enough to mean something */
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
