/* courier: the walk of what was accepted, from the journal to the cursors: tail, schedule, send,
 * judge, commit.
 *
 * Owns the schedule, the tail, and every delivery in flight. What it knows is always what Redis
 * holds plus what was answered since. When Redis is away it keeps that (courier_away.c); when Redis
 * comes back as another, it forgets and loads anew, and at most what was in flight or not yet
 * committed is repeated, under the same ids.
 *
 * States: see the drawing in courier_inner.h. May not know: how activities are accepted. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/pure/encode.h"
#include "relay/courier_inner.h"
#include "relay/meters.h"

enum {
    STARTS_A_TURN = 16,    /* signatures made before the loop is asked for other work */
    COMMIT_SOON_MS = 3,    /* outcomes wait so long for others, where commits have been few: */
    COMMIT_FEW = 8,        /* so many in a row may come early, */
    COMMIT_FEW_MS = 60,    /* and then one in so long; */
    COMMIT_MANY = 64,      /* but none where so many outcomes came in a row, */
    COMMIT_MANY_MS = 4,    /* and then one in so long, */
    COMMIT_LONG_MS = 1000, /* until so long afterwards at most */
    BLIND_MOST = 64,       /* attempts that begin while a commit is not answered */
    CLOCK_SET_MS = 5000    /* by so much no clock is slewed between two looks */
};

/* What waits is written down by the wall clock, which people set, and correct. */
int64_t courier_now(struct courier *c)
{
    int64_t now = clock_wall_ms();
    int64_t ahead = now - clock_mono_ms();
    int64_t by = ahead - c->ahead_ms;
    c->ahead_ms = ahead;
    if (by > CLOCK_SET_MS || by < -CLOCK_SET_MS) {
        log_note(LOG_LEVEL_WARN, "clock", "the wall clock was set by %lld s", (long long)by / 1000);
        schedule_clock(c->schedule, by);
    }
    return now;
}

/* Something may be there to write down: within a commit's time it will have been. */
static void touch(struct courier *c)
{
    c->touched_ms = clock_mono_ms();
    if (c->commit_soon || c->committing)
        return; /* it comes; or its answer comes back to here */
    c->commit_soon = true;
    c->commit_by_ms = c->touched_ms + c->context->config->set.delivery_commit;
    timer_start(c->commit, c->context->config->set.delivery_commit);
}

/* What was not written is repeated if the courier dies: where little is sent, it is written early;
 * where much is, it is gathered, for each commit is a command, and a write to the disk. */
static void hasten(struct courier *c)
{
    int64_t now = clock_mono_ms();
    if (!c->unwritten || c->busy_ms > now || c->early || !c->commit_soon || c->committing)
        return;
    int64_t least = now - (int64_t)COMMIT_FEW * COMMIT_FEW_MS;
    if (c->early_ms < least)
        c->early_ms = least;
    if (c->early_ms + COMMIT_FEW_MS > now || c->commit_by_ms <= now + COMMIT_SOON_MS)
        return;
    c->early_ms += COMMIT_FEW_MS;
    c->early = true;
    timer_start(c->commit, COMMIT_SOON_MS);
}

/* --- tail: what the journal says -------------------------------------------------------------- */

/* What nobody could be sent is told once, and to nobody's account (DESIGN 7): every courier reads
 * it, and the one that owns a shard of the same number as the entry's tells it. */
static void tell_no_form(const struct courier *c, const struct entry *e)
{
    struct log_line l;
    bool ours = c->held >> e->n % store_shards(c->context->store) & 1;
    if (!ours || outgoing_form(&e->facts, STYLE_PUBLIC) != FORM_NOTHING)
        return;
    log_begin(&l, LOG_LEVEL_INFO, "journal");
    log_int(&l, "n", (int64_t)e->n);
    log_text(&l, "activity", e->id);
    log_str(&l, "code", err_code(ERR_NO_FORM));
    log_end(&l);
    metric_add(METER_NO_FORM, 0, 1);
}

void courier_heard(struct courier *c, uint64_t n)
{
    c->heard = n > c->heard ? n : c->heard;
    store_saw(c->context->store, n);
}

/* One that can't be read may have closed something. */
static void take_gates(struct courier *c, const struct journal_line *line)
{
    struct gates *gates = mem_new(sizeof(*gates));
    gates->n = line->n;
    if (gates_read(line->gates, gates))
        schedule_gates(c->schedule, gates);
    else
        courier_start_over(c, "a line of the journal that freezes or thaws can't be read");
    free(gates);
}

static void courier_tail(void *arg, const struct journal_line *line)
{
    struct courier *c = arg;
    struct member *member;
    uint64_t *last_line = &c->last_line[line->lane];
    if (line->previous > *last_line) {
        log_note(LOG_LEVEL_ERROR, "journal",
                 "entries are missing: behind %llu comes one that follows %llu",
                 (unsigned long long)*last_line, (unsigned long long)line->previous);
        metric_add(METER_GAPS, 0, 1);
        if (c->followed) { /* a member's change may be among them */
            courier_start_over(c, "the journal was trimmed faster than it was read");
            return;
        }
        schedule_floor(c->schedule, line->lane, line->previous);
    }
    c->followed = c->told = true;
    *last_line = line->n;
    courier_heard(c, line->n);
    switch (line->kind) {
    case JOURNAL_ENTRY:
        tell_no_form(c, line->entry);
        schedule_entry(c->schedule, line->entry);
        break;
    case JOURNAL_CONTROL:
        member = mem_new(sizeof(*member));
        if (member_read(line->member, member))
            schedule_control(c->schedule, line->n, member, line->cuts);
        free(member);
        break;
    case JOURNAL_WAKE: schedule_awake(c->schedule, line->host); break;
    case JOURNAL_ORDER:
        schedule_leave_out(c->schedule, line->n, line->host, line->left_out);
        schedule_order(c->schedule, line->n, line->order, line->host, line->of);
        break;
    case JOURNAL_GATES: take_gates(c, line); break;
    }
}

static void on_direct(void *arg, const struct direct *direct)
{
    struct courier *c = arg;
    c->told = true;
    courier_heard(c, direct->n);
    schedule_direct(c->schedule, direct);
}

static void on_floor(void *arg, enum lane lane, uint64_t floor)
{
    struct courier *c = arg;
    c->last_line[lane] = floor;
    c->told = true;
    schedule_floor(c->schedule, lane, floor);
}

static void on_batch(void *arg)
{
    struct courier *c = arg;
    c->looked = true;
    if (c->told)
        courier_schedule(c);
    c->told = false;
}

static void on_lost(void *arg, const char *why, bool again)
{
    if (again)
        courier_away(arg, why);
    else
        courier_start_over(arg, why);
}

/* --- schedule: who may be sent what now ------------------------------------------------------- */

static void on_page(void *arg, const struct journal_page *page)
{
    struct loading *paging = arg;
    struct courier *c = paging->courier;
    free(paging);
    if (!c)
        return;
    c->paging = NULL;
    if (page->err != ERR_OK) {
        schedule_page_failed(c->schedule);
        timer_start(c->wake, COURIER_AGAIN_MS);
        return;
    }
    struct entry **entries = mem_new((page->lines_n + 1) * sizeof(struct entry *));
    size_t n = 0;
    for (size_t i = 0; i < page->lines_n; i++)
        if (page->lines[i].kind == JOURNAL_ENTRY)
            entries[n++] = page->lines[i].entry;
    uint64_t to = page->lines_n == SCHEDULE_PAGE ? page->lines[page->lines_n - 1].n : page->n;
    schedule_page(c->schedule, c->page_lane, c->page_after, to, entries, n,
                  page->floor[c->page_lane]);
    free(entries);
    courier_schedule(c);
}

static void ask_page(struct courier *c)
{
    if (!schedule_want_page(c->schedule, &c->page_lane, &c->page_after))
        return;
    c->paging = courier_loading(c);
    journal_page(c->context->store, c->page_lane, c->page_after, SCHEDULE_PAGE, on_page, c->paging);
}

void courier_landed(struct flight *f)
{
    if (f->ready)
        DL_DELETE2(f->courier->ready, f, ready_prev, ready_next);
    DL_DELETE(f->courier->flights, f);
    free(f);
}

/* For people: the ledger's latest attempts. */
static void note(const struct courier *c, const struct attempt *attempt,
                 const struct delivery_result *result, int64_t now_ms)
{
    const struct judgement *j = &result->judgement;
    const struct recent recent = {.n = attempt->entry ? attempt->entry->n : attempt->direct->n,
                                  .slot = attempt->slot,
                                  .tries = attempt->tries,
                                  .why = j->verdict == VERDICT_DELIVERED ? ERR_OK : j->why,
                                  .status = result->status,
                                  .ms = result->ms,
                                  .at_ms = now_ms};
    cursors_note(c->cursors, span_of(attempt->host), &recent);
}

static void courier_judged(void *arg, struct attempt *attempt, const struct delivery_result *result)
{
    struct flight *f = arg;
    struct courier *c = f->courier;
    int64_t now = courier_now(c);
    courier_landed(f);
    note(c, attempt, result, now);
    schedule_outcome(c->schedule, attempt, &result->judgement, result->status, result->detail, now,
                     clock_chance());
    c->unwritten++;
    courier_schedule(c);
    hasten(c);
}

static void on_loaded(void *arg)
{
    struct flight *f = arg;
    f->ready = true;
    DL_APPEND2(f->courier->ready, f, ready_prev, ready_next);
    courier_schedule(f->courier);
}

/* Its boundary was frozen since. */
static void stop_one(struct courier *c, struct flight *f)
{
    const struct judgement frozen = {.verdict = VERDICT_LATER, .why = ERR_FROZEN, .local = true};
    struct attempt attempt;
    delivery_take_back(&f->delivery, &attempt);
    courier_landed(f);
    schedule_outcome(c->schedule, &attempt, &frozen, 0, NULL, courier_now(c), clock_chance());
}

/* One that waited for its body goes on. */
static bool resume_one(struct courier *c)
{
    struct flight *f = c->ready;
    if (!f)
        return false;
    DL_DELETE2(c->ready, f, ready_prev, ready_next);
    f->ready = false;
    if (schedule_stopped(c->schedule, delivery_attempt(f->delivery)))
        stop_one(c, f);
    else
        delivery_start(f->delivery);
    return true;
}

static bool send_one(struct courier *c, int64_t now_ms)
{
    struct attempt attempt;
    if (c->state != COURIER_RUNNING || !schedule_next(c->schedule, now_ms, &attempt))
        return false;
    struct flight *f = mem_new(sizeof(*f));
    f->courier = c;
    f->delivery = delivery_new(c->context, c->bodies, &attempt,
                               context_zone_of(c->context, attempt.zone, attempt.host),
                               courier_judged, on_loaded, f);
    DL_APPEND(c->flights, f);
    delivery_start(f->delivery);
    return true;
}

static void on_wake(void *arg)
{
    courier_schedule(arg);
}

static void on_pump(void *arg)
{
    struct courier *c = arg;
    c->started = 0;
    courier_schedule(c);
}

/* Where Redis hangs, what is sent can't be written down: if the courier dies then, all of it is
 * repeated. */
static bool blind(const struct courier *c)
{
    return c->committing && c->begun >= BLIND_MOST;
}

void courier_schedule(struct courier *c)
{
    if (!courier_holds(c) || c->pumping || !c->looked)
        return;
    int64_t now = courier_now(c);
    touch(c);
    c->starved = !courier_may_start(c);
    if (c->starved)
        return;        /* the renewal of the lease comes back to here */
    c->pumping = true; /* an attempt that ends at once calls back into here */
    while (c->started < STARTS_A_TURN && !blind(c) && (resume_one(c) || send_one(c, now))) {
        c->begun++;
        if (c->started++ == 0)
            timer_start(c->pump, 0);
    }
    c->pumping = false;
    if (c->state != COURIER_RUNNING || blind(c))
        return; /* the answer to the commit comes back to here */
    ask_page(c);
    int64_t wake = schedule_wake(c->schedule);
    if (wake < INT64_MAX)
        timer_start(c->wake, wake > now ? wake - now : 0);
}

/* --- commit: cursors, gathered ---------------------------------------------------------------- */

static void on_committed(void *arg, enum err err)
{
    struct courier *c = arg;
    c->committing = false;
    if (err == ERR_FENCED) {
        courier_abort(c);
        courier_start_over(c, "another courier owns these shards");
        return;
    }
    if (err == ERR_REDIS) {
        c->unsure = true;
        courier_away(c, "a commit was not answered");
        return;
    }
    if (err != ERR_OK) {
        courier_start_over(c, "a commit is refused");
        return;
    }
    metric_add(METER_COMMITS, 0, 1);
    courier_written(c);
    courier_schedule(c);
    hasten(c);
    if (c->state != COURIER_RUNNING)
        courier_commit(c);
}

void courier_commit_again(struct courier *c)
{
    c->unsure = false;
    c->committing = true;
    c->begun = 0;
    cursors_commit(c->cursors, &c->delta, clock_wall_ms(), on_committed, c);
}

/* How much is sent: a burst now and then is not much. */
static void reckon(struct courier *c)
{
    int64_t now = clock_mono_ms();
    int64_t least = now - (int64_t)COMMIT_MANY * COMMIT_MANY_MS;
    if (c->busy_ms < least)
        c->busy_ms = least;
    c->busy_ms += (int64_t)c->unwritten * COMMIT_MANY_MS;
    if (c->busy_ms > now + COMMIT_LONG_MS)
        c->busy_ms = now + COMMIT_LONG_MS;
    c->unwritten = 0;
}

/* Where nothing happens any more, the cursors of some shards may still lag: they are moved along
 * for as long as that can take, and then nothing runs. */
void courier_commit(void *arg)
{
    struct courier *c = arg;
    if (!courier_holds(c))
        return;
    c->commit_soon = false;
    if (!c->committing) {
        reckon(c);
        c->early = false;
    }
    /* Who stops leaves all cursors where they are, not where they were a second ago: what lies
     * between may not be there any more when somebody goes on from them. */
    bool stops = c->state == COURIER_HALTING || c->state == COURIER_DRAINING;
    int64_t now = courier_now(c) + (stops ? COURIER_ADVANCE_MS : 0);
    if (!c->committing && schedule_delta(c->schedule, now, &c->delta)) {
        c->committing = true;
        c->begun = 0;
        cursors_commit(c->cursors, &c->delta, clock_wall_ms(), on_committed, c);
    } else if (!c->committing && clock_mono_ms() - c->touched_ms <= 2 * COURIER_ADVANCE_MS) {
        timer_start(c->commit, COURIER_ADVANCE_MS);
    }
    courier_halted(c);
}

/* --- begin and end ---------------------------------------------------------------------------- */

void courier_follow(struct courier *c)
{
    uint64_t after = schedule_loaded(c->schedule);
    for (unsigned i = 0; i < LANE_COUNT; i++)
        c->last_line[i] = after;
    c->followed = false;
    c->told = true; /* what was loaded; but nothing is sent before the first look at direct mail */
    c->looked = false;
    char *url = context_redis_url(c->context);
    struct tail_config config = {.url = url,
                                 .command_ms = c->context->config->set.redis_command,
                                 .store = c->context->store,
                                 .after = after,
                                 .on_floor = on_floor,
                                 .on_line = courier_tail,
                                 .on_direct = on_direct,
                                 .on_batch = on_batch,
                                 .shards = c->held,
                                 .on_lost = on_lost,
                                 .arg = c};
    courier_goto(c, COURIER_RUNNING);
    if (tail_new(c->context->loop, &config, &c->tail) != ERR_OK)
        courier_start_over(c, "the address of Redis is not one");
    free(url);
    touch(c);
}

void courier_abort(struct courier *c)
{
    struct flight *next;
    for (struct flight *f = c->flights; f; f = next) {
        next = f->next;
        delivery_cancel(&f->delivery);
        courier_landed(f);
    }
}

void courier_pause(struct courier *c)
{
    timer_stop(c->wake);
    timer_stop(c->commit);
    timer_stop(c->pump);
    if (c->paging)
        schedule_page_failed(c->schedule);
    courier_forget(&c->paging);
    c->started = 0;
    c->commit_soon = c->early = false;
}

void courier_unfollow(struct courier *c)
{
    courier_abort(c);
    courier_pause(c);
    tail_free(&c->tail);
    delta_free(&c->delta);
    c->committing = c->unsure = c->commit_soon = c->told = c->starved = false;
}

void courier_walk_init(struct courier *c)
{
    c->wake = timer_new(c->context->loop, on_wake, c);
    c->commit = timer_new(c->context->loop, courier_commit, c);
    c->pump = timer_new(c->context->loop, on_pump, c);
}

void courier_walk_fini(struct courier *c)
{
    timer_free(&c->wake);
    timer_free(&c->commit);
    timer_free(&c->pump);
}
