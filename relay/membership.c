/* membership: a machine for one change of one member.
 *
 *     LOAD -> LOADED -> CHANGE -> CHANGED -> (the record changed meanwhile) LOAD ... -> end
 *
 * May not know: who asks, an operator, the calendar or the member itself. */
#include "relay/membership.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/rules/documents.h"

enum { TRIES_MAX = 8, FOLLOW_MAX = 32 * 1024, ANSWER_MAX = 63 * 1024 };

struct membership {
    struct context *context;
    char host[MEMBER_HOST_SIZE];
    enum member_event event;
    struct member *with;
    struct bytes follow;
    membership_cb cb;
    void *arg;
    unsigned tries;
    struct member_change change;
};

int membership_zone(const struct policy *policy, struct span host, const struct member *member)
{
    if (member && member->placed && member->state != MEMBER_LEFT) {
        int zone = policy_zone_by_name(policy, span_of(member->zone));
        if (zone >= 0)
            return zone;
    }
    return policy_zone_of(policy, host);
}

static void membership_end(struct membership *m, enum err err, const struct member *member)
{
    struct log_line l;
    log_begin(&l, err == ERR_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "member");
    log_str(&l, "host", m->host);
    log_str(&l, "change", member_event_name(m->event));
    if (err == ERR_OK) {
        m->context->member_changes++;
        log_str(&l, "state", member_state_name(member->state));
        log_str(&l, "zone", member->zone);
    } else {
        log_str(&l, "code", err_code(err));
    }
    log_end(&l);
    m->cb(m->arg, err, member);
    bytes_fini(&m->follow);
    free(m->with);
    free(m);
}

/* The answer that goes to it: the same for the same Follow in the same life. */
static void write_answer(const struct membership *m, struct bytes *out)
{
    const struct member *after = &m->change.after;
    bool accept = m->change.wire == WIRE_ACCEPT;
    struct bytes seed;
    char hash[2 * SHA256_SIZE + 1];
    bytes_init(&seed, 8192);
    bytes_addf(&seed, "%s\n%s\n%" PRIu64, accept ? "accept" : "reject", after->follow, after->ver);
    sha256_hex(bytes_span(&seed), hash);
    hash[32] = '\0';
    if (accept && m->follow.n && m->follow.n <= FOLLOW_MAX)
        document_answer(&m->context->identity, accept, hash, bytes_span(&m->follow),
                        span_of(after->actor), out);
    else
        document_answer_by_id(&m->context->identity, accept, hash, span_of(after->follow),
                              span_of(after->actor), out);
    bytes_fini(&seed);
}

static void membership_judge(struct membership *m, const struct member *before);

static void on_changed(void *arg, const struct members_changed *answer)
{
    struct membership *m = arg;
    if (answer->err == ERR_AGAIN && ++m->tries < TRIES_MAX) {
        struct member *before = mem_new(sizeof(*before));
        bool there = answer->member.n && member_read(answer->member, before);
        membership_judge(m, there ? before : NULL);
        free(before);
        return;
    }
    membership_end(m, answer->err, answer->err == ERR_OK ? &m->change.after : NULL);
}

static void membership_write(struct membership *m, uint64_t ver)
{
    struct bytes body;
    bytes_init(&body, ANSWER_MAX);
    struct members_change change = {.after = &m->change.after,
                                    .ver = ver,
                                    .event = m->event,
                                    .cuts = m->change.cuts,
                                    .now_ms = clock_wall_ms()};
    if (m->change.wire != WIRE_NOTHING && m->change.after.inbox[0]) {
        write_answer(m, &body);
        change.inbox = span_of(m->change.after.inbox);
        change.kind = m->change.wire == WIRE_ACCEPT ? SPAN("accept") : SPAN("reject");
        change.body = bytes_span(&body);
    }
    members_change(m->context->store, &change, on_changed, m);
    bytes_fini(&body);
}

static void membership_judge(struct membership *m, const struct member *before)
{
    const struct policy *policy = &m->context->config->policy;
    int zone = membership_zone(policy, span_of(m->host), before);
    int join = zone >= 0 ? (int)policy->zones[zone].join : JOIN_INVITED;
    if (zone >= 0 && m->event == EVENT_FOLLOW && m->with)
        span_copy(span_of(policy->zones[zone].name), m->with->zone, sizeof(m->with->zone));
    enum err e =
        member_apply(before, m->event, m->with, join, MEMBER_HERE, clock_wall_ms(), &m->change);
    if (e != ERR_OK) {
        membership_end(m, e, before);
        return;
    }
    membership_write(m, before ? before->ver : 0);
}

static void on_loaded(void *arg, enum err err, const struct member *member)
{
    struct membership *m = arg;
    if (err != ERR_OK)
        membership_end(m, ERR_REDIS, NULL);
    else
        membership_judge(m, member);
}

void membership_change(struct context *context, const struct membership_ask *ask, membership_cb cb,
                       void *arg)
{
    struct membership *m = mem_new(sizeof(*m));
    m->context = context;
    m->event = ask->event;
    m->cb = cb;
    m->arg = arg;
    span_copy(ask->host, m->host, sizeof(m->host));
    if (ask->with) {
        m->with = mem_new(sizeof(*m->with));
        *m->with = *ask->with;
        span_copy(ask->host, m->with->host, sizeof(m->with->host));
    }
    bytes_init(&m->follow, 1024 * 1024);
    bytes_add(&m->follow, ask->follow);
    members_get(context->store, ask->host, on_loaded, m);
}
