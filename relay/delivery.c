/* delivery: a machine that owns one attempt.
 *
 *     LOAD -> [LOADED] -> SIGN -> SEND -> SENT -> DONE
 *       a body that is here already needs no LOADED; what cannot be sent at all goes straight to
 * DONE
 *
 * LOAD and SEND start something and wait; LOADED and SENT judge it. May not know: cursors, other
 * deliveries. */
#include "relay/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/pure/utf8.h"
#include "relay/meters.h"
#include "relay/tallies.h"

#define DELIVERY_STATES(X)                                                                         \
    X(LOAD, delivery_load)     /* choose the form; verb: ask for the body */                       \
    X(LOADED, delivery_loaded) /* participle: is it there? */                                      \
    X(SIGN, delivery_sign)     /* at the last moment, for this host, with this date */             \
    X(SEND, delivery_send)     /* verb: start the POST */                                          \
    X(SENT, delivery_judge)    /* participle: delivered, later, never */                           \
    X(DONE, delivery_done_)    /* the log line; the end */

enum delivery_state {
#define X(name, run) DELIVERY_##name,
    DELIVERY_STATES(X)
#undef X
};

enum step { STEP_MORE, STEP_WAIT, STEP_END };

struct delivery {
    struct context *context;
    struct bodies *bodies;
    struct attempt attempt;
    struct guard guard;
    delivery_done done;
    loop_cb loaded;
    void *arg;
    enum delivery_state state;
    struct body *body;    /* held */
    struct bytes written; /* a body of our own making */
    struct signed_fields fields;
    struct http_call *call;
    struct judge_answer answer;
    char retry_after[64];
    int64_t started_ms;
    bool waiting_body;
    struct delivery_result result;
};

#define X(name, run) static enum step run(struct delivery *d);
DELIVERY_STATES(X)
#undef X

static enum step (*const steps[])(struct delivery *) = {
#define X(name, run) [DELIVERY_##name] = (run),
    DELIVERY_STATES(X)
#undef X
};

static void delivery_goto(struct delivery *d, enum delivery_state state)
{
    d->state = state;
}

static void delivery_free(struct delivery *d)
{
    if (d->waiting_body)
        bodies_forget(d->bodies, d);
    http_call_cancel(&d->call);
    if (d->body)
        body_unref(&d->body);
    bytes_fini(&d->written);
    signed_fields_fini(&d->fields);
    entry_unref(&d->attempt.entry);
    free(d);
}

static void delivery_run(struct delivery *d)
{
    while (steps[d->state](d) == STEP_MORE)
        ;
}

static enum step give_up(struct delivery *d, enum verdict verdict, enum err why)
{
    d->result.judgement =
        (struct judgement){.verdict = verdict, .why = why, .local = verdict == VERDICT_LATER};
    delivery_goto(d, DELIVERY_DONE);
    return STEP_MORE;
}

/* --- load ------------------------------------------------------------------------------------- */

static void on_body(void *arg, struct body *body)
{
    struct delivery *d = arg;
    d->body = body;
    d->waiting_body = false;
    d->loaded(d->arg);
}

/* Writes the forms of our own making; false for the others. */
static bool write_form(struct delivery *d)
{
    const struct entry *e = d->attempt.entry;
    const struct identity *id = &d->context->identity;
    if (d->result.form == FORM_ANNOUNCE)
        document_announce(id, e->announce, e->object, e->at_ms, &d->written);
    else if (d->result.form == FORM_UNDO_ANNOUNCE)
        document_undo_announce(id, e->announce, e->object, e->at_ms, &d->written);
    return d->written.n > 0;
}

static enum step delivery_load(struct delivery *d)
{
    const struct entry *e = d->attempt.entry;
    delivery_goto(d, DELIVERY_SIGN);
    if (!e) {
        bytes_add(&d->written, d->attempt.direct->body);
        return STEP_MORE;
    }
    d->result.form = outgoing_form(&e->facts, d->attempt.style);
    if (d->result.form == FORM_NOTHING)
        return give_up(d, VERDICT_NEVER, ERR_NO_FORM);
    if (write_form(d))
        return STEP_MORE;
    delivery_goto(d, DELIVERY_LOADED);
    d->body = bodies_have(d->bodies, e->n);
    if (d->body)
        return STEP_MORE;
    d->waiting_body = true;
    bodies_get(d->bodies, e->n, on_body, d);
    return STEP_WAIT;
}

static enum step delivery_loaded(struct delivery *d)
{
    const struct entry *e = d->attempt.entry;
    if (!d->body)
        return give_up(d, VERDICT_LATER, ERR_REDIS);
    delivery_goto(d, DELIVERY_SIGN);
    if (d->body->there)
        return STEP_MORE;
    /* The bytes are gone; the object can still be named, or our Announce of it be taken back. */
    d->result.form = outgoing_form_bodiless(&e->facts, d->attempt.style);
    return write_form(d) ? STEP_MORE : give_up(d, VERDICT_NEVER, ERR_BODY_GONE);
}

/* --- sign, send ------------------------------------------------------------------------------- */

static struct span payload(const struct delivery *d)
{
    return d->body && d->body->there ? d->body->bytes : bytes_span(&d->written);
}

static enum step delivery_sign(struct delivery *d)
{
    struct span digest = d->body && d->body->there ? d->body->digest : SPAN_NONE;
    d->started_ms = clock_mono_ms();
    enum err e = signed_fields(d->context, "POST", span_of(d->attempt.inbox), payload(d), digest,
                               clock_wall_ms(), &d->fields);
    if (e != ERR_OK)
        return give_up(d, VERDICT_NEVER, e);
    delivery_goto(d, DELIVERY_SEND);
    return STEP_MORE;
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct delivery *d = arg;
    d->call = NULL;
    d->answer = (struct judge_answer){.err = answer->err, .status = answer->status};
    if (span_copy(answer->retry_after, d->retry_after, sizeof(d->retry_after)))
        d->answer.retry_after = span_of(d->retry_after);
    struct span detail = answer->err == ERR_OK ? answer->body : span_of(answer->detail);
    utf8_show(detail, d->result.detail, sizeof(d->result.detail));
    delivery_run(d);
}

static enum step delivery_send(struct delivery *d)
{
    const struct settings *set = &d->context->config->set;
    struct http_ask ask = {.method = "POST",
                           .url = d->attempt.inbox,
                           .fields = d->fields.list,
                           .fields_n = d->fields.n,
                           .body = payload(d),
                           .connect_ms = set->delivery_connect,
                           .total_ms = set->delivery_total,
                           .answer_max = (size_t)set->delivery_answer,
                           .guard = guard_allows,
                           .guard_arg = &d->guard};
    delivery_goto(d, DELIVERY_SENT);
    d->call = http_client_send(d->context->client, &ask, on_answer, d);
    return STEP_WAIT;
}

struct judge_limits delivery_limits(const struct settings *set)
{
    return (struct judge_limits){.backoff_ms = set->delivery_backoff,
                                 .backoff_most_ms = set->delivery_backoff_most,
                                 .retry_after_most_ms = set->delivery_retry_after,
                                 .horizon_ms = set->delivery_horizon,
                                 .aside_ms = set->delivery_aside,
                                 .aside_most_ms = set->delivery_aside_most,
                                 .aside_after = (unsigned)set->delivery_aside_after,
                                 .silent_days = (unsigned)set->delivery_park_after,
                                 .gone_days = (unsigned)set->delivery_gone_after,
                                 .lost_ms = set->delivery_lost_after};
}

static enum step delivery_judge(struct delivery *d)
{
    struct judge_limits limits = delivery_limits(&d->context->config->set);
    d->result.status = d->answer.status;
    d->result.judgement =
        judge(&d->answer, &limits, &d->attempt.past, d->attempt.age_ms, clock_wall_ms());
    delivery_goto(d, DELIVERY_DONE);
    return STEP_MORE;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void write_log(const struct delivery *d)
{
    static const char *const verdicts[] = {"delivered", "later", "never"};
    const struct judgement *j = &d->result.judgement;
    struct log_line l;
    log_begin(&l, j->verdict == VERDICT_DELIVERED ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "delivery");
    log_str(&l, "host", d->attempt.host);
    if (d->attempt.entry) {
        log_int(&l, "n", (int64_t)d->attempt.entry->n);
        log_text(&l, "activity", d->attempt.entry->id);
        log_str(&l, "form", outgoing_form_name(d->result.form));
    } else {
        log_text(&l, "direct", d->attempt.direct->kind);
    }
    log_int(&l, "try", (int64_t)d->attempt.tries);
    log_str(&l, "verdict", verdicts[j->verdict]);
    if (d->result.status)
        log_int(&l, "status", d->result.status);
    if (j->verdict != VERDICT_DELIVERED) {
        log_str(&l, "code", err_code(j->why));
        log_str(&l, "detail", d->result.detail[0] ? d->result.detail : NULL);
    }
    log_int(&l, "ms", d->result.ms);
    log_end(&l);
}

static enum step delivery_done_(struct delivery *d)
{
    d->result.direct = d->attempt.entry == NULL;
    d->result.ms = d->started_ms ? clock_mono_ms() - d->started_ms : 0;
    write_log(d);
    metric_add(METER_DELIVERIES, (size_t)d->result.judgement.verdict, 1);
    if (d->started_ms)
        metric_seen(METER_DELIVERY_SECONDS, (double)d->result.ms / 1000);
    if (d->result.judgement.verdict == VERDICT_DELIVERED && d->attempt.entry) {
        int64_t lag = clock_wall_ms() - d->attempt.entry->at_ms;
        metric_seen(METER_DELIVERY_LAG, (double)lag / 1000);
        tallies_delivered(d->context->tallies, d->guard.zone, lag);
    }
    d->done(d->arg, &d->attempt, &d->result);
    delivery_free(d);
    return STEP_END;
}

struct delivery *delivery_new(struct context *context, struct bodies *bodies,
                              const struct attempt *attempt, const char *zone, delivery_done done,
                              loop_cb loaded, void *arg)
{
    struct delivery *d = mem_new(sizeof(*d));
    d->context = context;
    d->bodies = bodies;
    d->attempt = *attempt;
    d->done = done;
    d->loaded = loaded;
    d->arg = arg;
    d->guard.context = context;
    span_copy(span_of(zone), d->guard.zone, sizeof(d->guard.zone));
    bytes_init(&d->written, 1024 * 1024);
    return d;
}

void delivery_start(struct delivery *d)
{
    delivery_run(d);
}

const struct attempt *delivery_attempt(const struct delivery *d)
{
    return &d->attempt;
}

void delivery_cancel(struct delivery **delivery)
{
    delivery_free(*delivery);
    *delivery = NULL;
}

void delivery_take_back(struct delivery **delivery, struct attempt *ret)
{
    *ret = (*delivery)->attempt;
    (*delivery)->attempt.entry = NULL;
    delivery_cancel(delivery);
}
