/* membership: a machine for one change of one member.
 *
 *     LOAD -> LOADED -> CHANGE -> CHANGED -> (the record changed meanwhile) LOAD ... -> end
 *
 * May not know: who asks, an operator, the calendar or the member itself. */
#include "relay/membership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/member_view.h"
#include "relay/rules/documents.h"

enum {
    TRIES_MAX = 8,
    FOLLOW_MAX = 32 * 1024,
    ANSWER_MAX = 63 * 1024,
    LETTERS_MAX = 2 * MEMBER_FOLLOWERS_MAX + 1,
    NOTE_PART_MAX = 4096
};

struct membership {
    struct context *context;
    char host[MEMBER_HOST_SIZE];
    enum member_event event;
    const char *verb; /* NULL: the event's */
    struct member *with;
    struct bytes follow;
    bool audited;
    struct audit_by by;
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
        log_str(&l, "state", member_state_name(member->state));
        log_str(&l, "zone", member->zone);
    } else {
        log_str(&l, "code", err_code(err));
    }
    if (m->audited) {
        log_str(&l, "who", m->by.who);
        log_str(&l, "reason", m->by.reason[0] ? m->by.reason : NULL);
    }
    log_end(&l);
    m->cb(m->arg, err, member);
    bytes_fini(&m->follow);
    free(m->with);
    free(m);
}

/* --- letters ---------------------------------------------------------------------------------- */

struct letters {
    struct members_letter list[LETTERS_MAX];
    struct bytes bodies[LETTERS_MAX];
    size_t n;
};

static void hash_of(const char *what, const struct member_follower *f, uint64_t number,
                    char ret[MEMBERSHIP_HASH_SIZE])
{
    struct bytes seed;
    char hash[2 * SHA256_SIZE + 1];
    bytes_init(&seed, 8192);
    bytes_addf(&seed, "%s\n%s\n%s\n%s\n%" PRIu64, what, f->actor, f->follow,
               member_style_name(f->style), number);
    sha256_hex(bytes_span(&seed), hash);
    bytes_fini(&seed);
    span_copy((struct span){hash, MEMBERSHIP_HASH_SIZE - 1}, ret, MEMBERSHIP_HASH_SIZE);
}

void membership_back_hash(const struct member_follower *follower, char ret[MEMBERSHIP_HASH_SIZE])
{
    hash_of("follow", follower, follower->asked, ret);
}

/* The answer that goes to it: the same for the same Follow in the same life. */
static void write_answer(const struct membership *m, const struct member_follower *f, bool accept,
                         struct bytes *out)
{
    const struct identity *identity = &m->context->identity;
    const struct member *after = &m->change.after;
    const struct member_follower *asks = m->event == EVENT_FOLLOW ? &m->with->followers[0] : NULL;
    bool this_one = asks && member_follower(after, span_of(asks->actor), asks->style) == f;
    char hash[MEMBERSHIP_HASH_SIZE];
    hash_of(accept ? "accept" : "reject", f, after->ver, hash);
    if (accept && this_one && m->follow.n && m->follow.n <= FOLLOW_MAX)
        document_answer(identity, accept, hash, bytes_span(&m->follow), span_of(f->actor), out);
    else
        document_answer_by_id(identity, accept, hash, span_of(f->follow), span_of(f->actor),
                              f->style == STYLE_LITEPUB, out);
}

static void write_letter(const struct membership *m, const struct member_follower *f,
                         enum member_wire wire, struct bytes *out)
{
    char hash[MEMBERSHIP_HASH_SIZE];
    membership_back_hash(f, hash);
    switch (wire) {
    case WIRE_ACCEPT:
    case WIRE_REJECT: write_answer(m, f, wire == WIRE_ACCEPT, out); break;
    case WIRE_FOLLOW: document_follow(&m->context->identity, hash, span_of(f->actor), out); break;
    case WIRE_UNDO:
        document_undo_follow(&m->context->identity, hash, span_of(f->actor), out);
        break;
    }
}

/* In this order: an Accept comes before our own Follow. */
static void add_letters(const struct membership *m, const struct member_follower *f,
                        const char *inbox, unsigned wires, struct letters *ret)
{
    static const struct {
        enum member_wire wire;
        struct span kind;
    } kinds[] = {{WIRE_ACCEPT, {"accept", 6}},
                 {WIRE_REJECT, {"reject", 6}},
                 {WIRE_FOLLOW, {"follow", 6}},
                 {WIRE_UNDO, {"undo", 4}}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!(wires & kinds[i].wire) || ret->n == LETTERS_MAX)
            continue;
        struct bytes *body = &ret->bodies[ret->n];
        bytes_init(body, ANSWER_MAX);
        write_letter(m, f, kinds[i].wire, body);
        ret->list[ret->n++] =
            (struct members_letter){span_of(inbox), kinds[i].kind, bytes_span(body)};
    }
}

static void write_letters(const struct membership *m, const struct member *before,
                          struct letters *ret)
{
    const struct member_change *change = &m->change;
    const struct member *after = &change->after;
    for (size_t i = 0; i < after->followers_n; i++) {
        const struct member_follower *f = &after->followers[i];
        add_letters(m, f, after->inboxes[f->inbox].url, change->wires[i], ret);
    }
    if (change->left >= 0) {
        const struct member_follower *f = &before->followers[change->left];
        add_letters(m, f, before->inboxes[f->inbox].url, change->left_wires, ret);
    }
}

static void letters_fini(struct letters *letters)
{
    for (size_t i = 0; i < letters->n; i++)
        bytes_fini(&letters->bodies[i]);
}

/* --- the machine ------------------------------------------------------------------------------ */

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

/* What it was and what it is, for the audit log; nothing where no person does it. */
static void write_note(const struct membership *m, const struct member *before, struct bytes *out)
{
    struct bytes was;
    struct bytes is;
    char verb[32];
    if (!m->audited)
        return;
    snprintf(verb, sizeof(verb), "member %s", member_event_name(m->event));
    bytes_init(&was, NOTE_PART_MAX);
    bytes_init(&is, NOTE_PART_MAX);
    member_view_brief(before, &was);
    member_view_brief(&m->change.after, &is);
    const struct audit_note note = {.by = &m->by,
                                    .verb = m->verb ? m->verb : verb,
                                    .target = span_of(m->host),
                                    .before = bytes_span(&was),
                                    .after = bytes_span(&is),
                                    .now_ms = clock_wall_ms()};
    audit_write(&note, out);
    bytes_fini(&was);
    bytes_fini(&is);
}

static void membership_write(struct membership *m, const struct member *before)
{
    struct letters letters = {.n = 0};
    struct bytes note;
    write_letters(m, before, &letters);
    bytes_init(&note, AUDIT_NOTE_MAX);
    write_note(m, before, &note);
    struct members_change change = {.after = &m->change.after,
                                    .ver = before ? before->ver : 0,
                                    .event = m->event,
                                    .cuts = m->change.cuts,
                                    .now_ms = clock_wall_ms(),
                                    .letters = letters.list,
                                    .letters_n = letters.n,
                                    .note = bytes_span(&note)};
    members_change(m->context->store, &change, on_changed, m);
    letters_fini(&letters);
    bytes_fini(&note);
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
    membership_write(m, before);
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
    m->verb = ask->verb;
    m->cb = cb;
    m->arg = arg;
    span_copy(ask->host, m->host, sizeof(m->host));
    if (ask->with) {
        m->with = mem_new(sizeof(*m->with));
        *m->with = *ask->with;
        span_copy(ask->host, m->with->host, sizeof(m->with->host));
    }
    m->audited = ask->by != NULL;
    if (ask->by)
        m->by = *ask->by;
    bytes_init(&m->follow, 1024 * 1024);
    bytes_add(&m->follow, ask->follow);
    members_get(context->store, ask->host, on_loaded, m);
}
