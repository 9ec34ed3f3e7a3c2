/* courier_walk: what a courier does with the schedule: loads it, asks it what to send, tells it
 * what came of that, and writes down what it hands out.
 *
 * What was loaded has a life; an answer to a call of an earlier one is for nobody. May not know:
 * leases beyond whether an attempt may start. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { ADVANCE_MS = 1000, COMMIT_MS = 100, MEMBERS_PAGE = 200 };

void courier_goto(struct world *w, struct courier *c, enum courier_state state)
{
    (void)w;
    c->state = state;
}

static bool is_ok(const struct call *call)
{
    return call->err == ERR_OK && strcmp(call->answer, "OK") == 0;
}

/* Something may be there to write down: within a commit's time it will have been. */
static void touch(struct world *w, struct courier *c)
{
    c->touched_ms = now_ms(w);
    if (c->commit_soon || c->committing)
        return;
    c->commit_soon = true;
    event_in(w, &c->commit, COMMIT_MS);
}

/* What waits is written down by the wall clock, which people set, and correct. */
int64_t courier_now(struct world *w, struct courier *c)
{
    int64_t by = w->wall_offset_ms - c->clock_ms;
    c->clock_ms = w->wall_offset_ms;
    if (by > CLOCK_SET_MS || by < -CLOCK_SET_MS)
        schedule_clock(c->schedule, by);
    else
        w->clock_slewed_ms += by < 0 ? -by : by;
    return wall_ms(w);
}

/* --- loading ---------------------------------------------------------------------------------- */

static void read_members(struct world *w, struct courier *c, uint64_t after);

static void on_members(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || c->state != COURIER_MEMBERS)
        return;
    if (!is_ok(call)) {
        courier_start_over(w, c, "the registry can't be read");
        return;
    }
    for (size_t i = 0; i < call->records_n; i++)
        if (member_read(span_of(call->records[i]), w->member)) {
            uint64_t newest = member_newest(w->member);
            c->heard = newest > c->heard ? newest : c->heard;
            schedule_load_member(c->schedule, w->member);
        }
    if (call->to < w->plan.hosts)
        read_members(w, c, call->to);
    else if (w->plan.freezes)
        courier_gates(w, c);
    else
        courier_follow(w, c);
}

static void read_members(struct world *w, struct courier *c, uint64_t after)
{
    if (!c->store.up)
        return;
    struct call *call = call_new(w, &c->store, db_members, on_members);
    call->reads = true;
    call->after = after;
    call->count = w->plan.large ? MEMBERS_PAGE : 1 + draw(w, 8);
    call->give = c->held;
    call_send(w, call);
}

static void take_shard(struct world *w, struct courier *c, const struct call *call)
{
    c->seq[call->shard] = call->seq;
    c->heard = call->to > c->heard ? call->to : c->heard;
    c->urgent = call->to > c->urgent ? call->to : c->urgent;
    schedule_load_urgent(c->schedule, call->to);
    schedule_load_shard(c->schedule, call->shard, call->low, call->urgent);
    for (size_t i = 0; i < call->records_n; i++) {
        struct cursor cursor;
        if (!cursor_read(span_of(call->records[i]), &cursor))
            continue;
        schedule_load_cursor(c->schedule, span_of(w->hosts[call->record_hosts[i]].name), &cursor);
        cursor_fini(&cursor);
    }
}

/* Members after shards: another's last commit may have passed one that we had not read. */
static void on_claimed(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life || c->state != COURIER_CLAIMING)
        return;
    if (call->err == ERR_OK && strcmp(call->answer, "TAKEN") == 0)
        c->taken |= UINT64_C(1) << call->shard;
    else if (is_ok(call))
        take_shard(w, c, call);
    else
        c->claims_failed = true;
    if (--c->claims_waiting)
        return;
    if (c->claims_failed) {
        courier_start_over(w, c, "the shards can't be claimed");
    } else if (c->taken) { /* somebody was faster */
        uint64_t taken = c->taken;
        courier_rest(w, c);
        c->held &= ~taken;
        courier_goto(w, c, COURIER_ASKING);
        if (c->held)
            courier_claim(w, c);
    } else {
        courier_goto(w, c, COURIER_MEMBERS);
        read_members(w, c, 0);
    }
}

void courier_claim(struct world *w, struct courier *c)
{
    struct schedule_limits limits = w->plan.limits;
    limits.owned = c->held;
    c->life = ++w->lives;
    c->schedule = schedule_new(&limits);
    c->claims_waiting = 0;
    c->taken = 0;
    c->claims_failed = false;
    c->loaded_epoch = c->epoch;
    c->clock_ms = c->loaded_clock_ms = w->wall_offset_ms;
    c->heard = c->urgent = 0;
    c->frozen = (struct frozen){0};
    c->gates_n = 0;
    courier_goto(w, c, COURIER_CLAIMING);
    for (unsigned s = 0; s < w->plan.shards; s++) {
        if (!(c->held >> s & 1))
            continue;
        struct call *call = call_new(w, &c->store, db_claim, on_claimed);
        call->shard = s;
        c->claims_waiting++;
        call_send(w, call);
    }
}

void courier_follow(struct world *w, struct courier *c)
{
    c->last_line[LANE_NORMAL] = c->last_line[LANE_URGENT] = schedule_loaded(c->schedule);
    c->followed = false;
    c->told = true; /* what was loaded; but nothing is sent before the first look at direct mail */
    courier_goto(w, c, COURIER_RUNNING);
    courier_tail_start(w, c);
    touch(w, c);
}

/* --- attempts ----------------------------------------------------------------------------------
 */

void courier_landed(struct world *w, struct flight *f)
{
    struct courier *c = f->courier;
    event_stop(w, &f->event);
    if (f->arrival) { /* it may still get there */
        f->arrival->flight = NULL;
        if (draw(w, 2)) {
            event_in(w, &f->arrival->event, (int64_t)draw(w, 15));
        } else {
            event_stop(w, &f->arrival->event);
            free(f->arrival);
        }
    }
    entry_unref(&f->attempt.entry);
    DL_DELETE(c->flights, f);
    c->flights_n--;
    w->hosts[f->host].flying--;
    free(f);
}

void courier_abort(struct world *w, struct courier *c)
{
    struct flight *next;
    for (struct flight *f = c->flights; f; f = next) {
        next = f->next;
        w->tally.aborts++;
        courier_landed(w, f);
    }
}

/* What it came to: the client's answer, or what kept it from being sent at all. */
static struct judgement judge_flight(struct world *w, const struct flight *f)
{
    return judge(&f->sending.answer, &w->plan.limits.judge, &f->attempt.past, f->attempt.age_ms,
                 wall_ms(w));
}

static void on_answer(struct world *w, struct event *e)
{
    struct flight *f = (struct flight *)e;
    struct courier *c = f->courier;
    courier_look_at_lease(w, c);
    if (c->state == COURIER_BROKEN || !c->flights)
        return; /* it was taken back, just now */
    struct judgement j = judge_flight(w, f);
    struct attempt attempt = f->attempt;
    f->attempt.entry = NULL;
    trace(w, "courier %u: %s/%u %llu: %d, %s", c->number, attempt.host, attempt.slot,
          NUMBER(f->act ? f->act->n : f->letter->n), f->sending.answer.status,
          j.verdict == VERDICT_DELIVERED ? "delivered"
          : j.verdict == VERDICT_LATER   ? "later"
                                         : "never");
    oracle_answered(w, f, &j);
    int status = f->sending.answer.status;
    courier_landed(w, f);
    schedule_outcome(c->schedule, &attempt, &j, status, "detail", courier_now(w, c),
                     (uint32_t)draw(w, UINT64_C(1) << 32));
    courier_schedule(w, c);
}

static void on_arrival(struct world *w, struct event *e)
{
    struct arrival *a = (struct arrival *)e;
    if (a->flight)
        a->flight->arrival = NULL;
    if (a->act && a->announced)
        host_learns(w, a->host, a->act, a->announced - 1);
    if (a->act)
        host_receive(w, a->host, a->slot, a->act);
    free(a);
}

static struct line *letter_of(const struct world *w, const struct direct *d)
{
    uint64_t uid = 0;
    span_u64(d->body, UINT64_MAX, &uid);
    return w->letters[uid];
}

static enum outgoing_form form_of(const struct world *w, const struct flight *f)
{
    const struct entry *e = f->attempt.entry;
    enum outgoing_form form = outgoing_form(&e->facts, f->attempt.style);
    bool there = f->act->n ? db_has_body(w, f->act->n) : e->n > w->db.bodyfloor;
    if (form == FORM_BYTES && !there)
        return outgoing_form_bodiless(&e->facts, f->attempt.style);
    return form;
}

static uint64_t announced_by(const struct world *w, const struct flight *f)
{
    uint64_t n = 0;
    if (!f->attempt.entry || form_of(w, f) != FORM_ANNOUNCE)
        return 0;
    span_u64(span_of(f->attempt.entry->announce + 20), UINT32_MAX, &n); /* of 32 digits */
    return n + 1;
}

/* Entries whose bytes are gone go as what needs none, or not at all. */
static bool has_form(struct world *w, struct flight *f)
{
    const struct entry *e = f->attempt.entry;
    if (!e || outgoing_form(&e->facts, f->attempt.style) != FORM_BYTES || !f->act->n ||
        db_has_body(w, f->act->n))
        return true;
    w->tally.bodies_gone++;
    if (!f->act->taken && now_ms(w) - f->act->at_ms + w->clock_moved_ms < w->plan.bodies_ms)
        broken(w, "the body of %llu is gone too soon", NUMBER(f->act->n));
    return form_of(w, f) != FORM_NOTHING;
}

static void send_flight(struct world *w, struct flight *f)
{
    static const enum err lacks[] = {ERR_INTERNAL, ERR_NO_ROUTE};
    host_send(w, f->host, &f->attempt, &f->sending);
    if (!w->resting && now_ms(w) < f->courier->lacks_until_ms) {
        f->sending = (struct sending){.answer = {.err = lacks[draw(w, COUNT_OF(lacks))]}};
        w->tally.lacking++;
    }
    f->event = (struct event){.run = on_answer, .to = f->courier};
    event_in(w, &f->event, f->sending.answers_ms);
    if (!f->sending.arrives)
        return;
    f->arrival = mem_new(sizeof(*f->arrival));
    *f->arrival = (struct arrival){.event = {.run = on_arrival, .drop = event_free},
                                   .host = f->host,
                                   .slot = f->attempt.slot,
                                   .announced = announced_by(w, f),
                                   .act = f->act,
                                   .letter = f->letter,
                                   .flight = f};
    event_in(w, &f->arrival->event, f->sending.arrives_ms);
}

static void start(struct world *w, struct courier *c, const struct attempt *attempt)
{
    struct flight *f = mem_new(sizeof(*f));
    f->courier = c;
    f->attempt = *attempt;
    f->host = host_number(attempt->host);
    f->act = attempt->entry ? act_of(w, attempt->entry) : NULL;
    f->letter = attempt->entry ? NULL : letter_of(w, attempt->direct);
    f->started_ms = now_ms(w);
    DL_APPEND(c->flights, f);
    c->flights_n++;
    w->hosts[f->host].flying++;
    trace(w, "courier %u sends %s/%u %llu, attempt %u", c->number, attempt->host, attempt->slot,
          NUMBER(attempt->entry ? attempt->entry->n : attempt->direct->n), attempt->tries);
    oracle_attempt(w, c, f);
    if (has_form(w, f)) {
        send_flight(w, f);
        return;
    }
    struct judgement never = {.verdict = VERDICT_NEVER, .why = ERR_BODY_GONE};
    struct attempt back = f->attempt;
    f->attempt.entry = NULL;
    oracle_answered(w, f, &never);
    courier_landed(w, f);
    schedule_outcome(c->schedule, &back, &never, 0, NULL, courier_now(w, c), 0);
}

void courier_schedule(struct world *w, struct courier *c)
{
    struct attempt attempt;
    if (!courier_holds(c) || c->pumping || !c->mail_read)
        return;
    touch(w, c);
    c->starved = !courier_may_start(w, c);
    if (c->starved)
        return; /* the renewal of the lease comes back to here */
    c->pumping = true;
    while (c->state == COURIER_RUNNING && !w->broken[0] &&
           schedule_next(c->schedule, courier_now(w, c), &attempt))
        start(w, c, &attempt);
    c->pumping = false;
    if (c->state != COURIER_RUNNING)
        return;
    oracle_bounds(w, c);
    courier_ask_page(w, c);
    int64_t wake = schedule_wake(c->schedule);
    if (wake < INT64_MAX)
        event_in(w, &c->wake, wake - wall_ms(w));
}

static void on_wake(struct world *w, struct event *e)
{
    courier_schedule(w, e->to);
}

/* --- commits -----------------------------------------------------------------------------------
 */

/* Whether all has ended, where that is waited for; then goes on. */
static void halted(struct world *w, struct courier *c)
{
    if (c->state != COURIER_HALTING || c->flights || c->committing)
        return;
    courier_rest(w, c);
    if (c->draining)
        courier_leave(w, c);
    else
        courier_shift(w, c);
}

void courier_committed(struct courier *c)
{
    for (unsigned s = 0; s < SHARDS_MAX; s++)
        c->seq[s] += c->moved >> s & 1;
    c->moved = 0;
}

/* A membership whose inbox is gone ends by a control entry, like any other change. */
static void end_members(struct world *w, const struct delta *delta)
{
    for (size_t i = 0; i < delta->n; i++)
        if (delta->list[i].kind == CHANGE_ENDED)
            people_change(w, host_number(delta->list[i].host), EVENT_GONE);
}

static void on_committed(struct world *w, struct call *call)
{
    struct courier *c = call->courier;
    if (call->life != c->life)
        return;
    if (call->err != ERR_OK || strcmp(call->answer, "SEQ") == 0) {
        courier_away(w, c, "a commit was not answered");
        return;
    }
    c->committing = false;
    if (!is_ok(call)) {
        courier_abort(w, c);
        courier_start_over(w, c, "a commit was refused");
        return;
    }
    courier_committed(c);
    end_members(w, &c->delta);
    schedule_committed(c->schedule, &c->delta);
    courier_schedule(w, c);
    if (c->state != COURIER_RUNNING)
        courier_commit(w, c);
}

void courier_commit_again(struct world *w, struct courier *c)
{
    struct call *call = call_new(w, &c->store, db_commit, on_committed);
    call->commit = commit_new(w, c, &c->delta);
    call->forget = commit_free;
    c->moved = 0;
    for (size_t i = 0; i < c->delta.n; i++)
        if (c->delta.list[i].kind == CHANGE_SHARD)
            c->moved |= UINT64_C(1) << c->delta.list[i].shard;
    c->unsure = false;
    c->committing = true;
    call_send(w, call);
}

void courier_commit(struct world *w, struct courier *c)
{
    if (!courier_holds(c))
        return;
    c->commit_soon = false;
    if (!c->committing && c->store.up &&
        schedule_delta(c->schedule, courier_now(w, c), &c->delta)) {
        courier_commit_again(w, c);
    } else if (!c->committing && now_ms(w) - c->touched_ms <= 2 * ADVANCE_MS) {
        event_in(w, &c->commit, ADVANCE_MS);
    }
    halted(w, c);
}

static void on_commit(struct world *w, struct event *e)
{
    courier_commit(w, e->to);
}

/* --- its end -----------------------------------------------------------------------------------
 */

void courier_unfollow(struct world *w, struct courier *c)
{
    courier_abort(w, c);
    conn_close(w, &c->tail);
    delta_free(&c->delta);
    event_stop(w, &c->wake);
    event_stop(w, &c->commit);
    c->unsure = c->resuming = c->committing = c->commit_soon = c->told = c->starved = c->paging =
        false;
}

void courier_rest(struct world *w, struct courier *c)
{
    courier_unfollow(w, c);
    schedule_free(&c->schedule);
    c->life = ++w->lives; /* what was asked is for nobody any more */
}

void courier_walk_init(struct courier *c)
{
    c->wake = (struct event){.run = on_wake, .to = c};
    c->commit = (struct event){.run = on_commit, .to = c};
}
