/* holding: a machine for one item that is decided anew.
 *
 *     READ -> HAVE -> FREEZES -> FROZEN -> LOOK -> LOOKED -> PLACE -> PLACED -> WORDS -> HEARD
 *                        ^                                                                 |
 *                        |                                SETTLE <- DECIDE <- KNOWN <- MEMBER
 *                        |               |
 *                        +------------ SETTLED -> END
 *                     member or freezes changed
 *
 * Every state may go straight to END; HAVE to SETTLE where nobody is to get it.
 *
 * One store call is out at a time, each with a deadline of its own. The machine frees itself once
 * it has told the one who asked. May not know: what a request looks like. */
#include "relay/holding.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "keys/digest.h"
#include "relay/holding_inner.h"
#include "relay/store/freezes.h"
#include "relay/store/members.h"
#include "relay/tallies.h"

#define HOLDING_STATES(X)                                                                          \
    X(READ, holding_ask_item)       /* verb: the item */                                           \
    X(HAVE, holding_have)           /* participle: is it open, and what does it say? */            \
    X(FREEZES, holding_ask_freezes) /* verb: which boundaries are frozen */                        \
    X(FROZEN, holding_frozen)       /* participle */                                               \
    X(LOOK, holding_look)           /* verb: where that went which it answers, if a rule asks */   \
    X(LOOKED, holding_looked)       /* participle */                                               \
    X(PLACE, holding_place)         /* verb: where operators put the hosts that rules ask for */   \
    X(PLACED, holding_placed)       /* participle */                                               \
    X(WORDS, holding_ask_words)     /* verb: what its authors say to being relayed */              \
    X(HEARD, holding_heard)         /* participle */                                               \
    X(MEMBER, holding_ask_member)   /* verb: what is known of the host now */                      \
    X(KNOWN, holding_known)         /* participle */                                               \
    X(DECIDE, holding_judge)        /* what becomes of each zone */                                \
    X(SETTLE, holding_settle)       /* verb: one script */                                         \
    X(SETTLED, holding_settled)     /* participle: what the journal says */                        \
    X(END, holding_end)             /* the log line; who asked is told */

enum holding_state {
#define X(name, run) HOLDING_##name,
    HOLDING_STATES(X)
#undef X
};

enum step { STEP_MORE, STEP_WAIT, STEP_END };
enum { TRIES_MAX = 5, NOTE_ZONES_MAX = 16384, NOTE_AFTER_MAX = 40000 };

#define X(name, run) static enum step run(struct redecision *g);
HOLDING_STATES(X)
#undef X

static enum step (*const steps[])(struct redecision *g) = {
#define X(name, run) [HOLDING_##name] = (run),
    HOLDING_STATES(X)
#undef X
};

static enum step holding_goto(struct redecision *g, enum holding_state state)
{
    g->state = (int)state;
    return STEP_MORE;
}

static enum step holding_finish(struct redecision *g, enum err err)
{
    g->err = err;
    return holding_goto(g, HOLDING_END);
}

static void holding_free(struct redecision *g)
{
    json_free(&g->json);
    json_free(&g->fetched);
    json_free(&g->update);
    free(g->member);
    free(g->freezes);
    free(g->zones);
    bytes_fini(&g->texts);
    bytes_fini(&g->thread);
    free(g->placed);
    bytes_fini(&g->sent);
    bytes_fini(&g->kept);
    free(g);
}

static void holding_run(struct redecision *g)
{
    enum step step = STEP_MORE;
    while (step == STEP_MORE)
        step = steps[g->state](g);
    if (step == STEP_END)
        holding_free(g);
}

/* --- the item --------------------------------------------------------------------------------- */

/* Its texts, one behind the other, where they stay. */
static void keep_item(struct redecision *g, const struct hold_item *item)
{
    struct span *const texts[] = {&g->item.from,   &g->item.id,   &g->item.object, &g->item.zones,
                                  &g->item.known,  &g->item.body, &g->item.update, &g->item.fetched,
                                  &g->item.reason, &g->item.sent};
    size_t all = 0;
    g->item = *item;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        all += texts[i]->n;
    bytes_init(&g->texts, all + 1);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        bytes_add(&g->texts, *texts[i]);
    all = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        texts[i]->p = bytes_str(&g->texts) + all;
        all += texts[i]->n;
    }
    g->item.zone = g->item.actor = g->item.type = g->item.why = g->item.by = SPAN_NONE;
}

static void on_item(void *arg, enum err err, const struct hold_item *item)
{
    struct redecision *g = arg;
    g->err = err;
    g->found = item != NULL;
    if (item)
        keep_item(g, item);
    holding_run(g);
}

static enum step holding_ask_item(struct redecision *g)
{
    holding_goto(g, HOLDING_HAVE);
    holds_read(g->context->store, g->h, on_item, g);
    return STEP_WAIT;
}

static enum step holding_have(struct redecision *g)
{
    if (g->err != ERR_OK)
        return holding_finish(g, ERR_UNAVAILABLE);
    if (!g->found)
        return holding_finish(g, ERR_NOT_KNOWN);
    if (g->item.state != HOLD_OPEN)
        return holding_finish(g, ERR_NOT_KEPT);
    if (g->seen && g->seen != g->item.revision + 1)
        return holding_finish(g, ERR_HOLD_CHANGED);
    if (g->asked == HOLD_ASKED_DENY)
        return holding_goto(g, HOLDING_SETTLE);
    enum err e = holding_read(g);
    return e == ERR_OK ? holding_goto(g, HOLDING_FREEZES) : holding_finish(g, e);
}

/* --- what else counts ------------------------------------------------------------------------- */

static void on_freezes(void *arg, enum err err, const struct freezes *freezes)
{
    struct redecision *g = arg;
    g->err = err;
    if (freezes)
        *g->freezes = *freezes;
    holding_run(g);
}

static enum step holding_ask_freezes(struct redecision *g)
{
    holding_goto(g, HOLDING_FROZEN);
    freezes_read(g->context->store, g->freezes->version, on_freezes, g);
    return STEP_WAIT;
}

static enum step holding_frozen(struct redecision *g)
{
    return g->err == ERR_OK
               ? holding_goto(g, HOLDING_LOOK)
               : holding_finish(g, g->err == ERR_UNREADABLE ? g->err : ERR_UNAVAILABLE);
}

static void on_where(void *arg, enum err err, struct span owner, struct span audience)
{
    struct redecision *g = arg;
    g->err = err;
    bytes_clear(&g->thread);
    bytes_add(&g->thread, audience);
    span_copy(owner, g->thread_owner, sizeof(g->thread_owner));
    holding_run(g);
}

static enum step holding_look(struct redecision *g)
{
    uint8_t hash[SHA256_SIZE];
    struct span answered = holding_answered(g);
    if (!answered.n)
        return holding_goto(g, HOLDING_PLACE);
    sha256(answered, hash);
    holding_goto(g, HOLDING_LOOKED);
    journal_where(g->context->store, hash, on_where, g);
    return STEP_WAIT;
}

static enum step holding_looked(struct redecision *g)
{
    return g->err == ERR_OK ? holding_goto(g, HOLDING_PLACE) : holding_finish(g, ERR_UNAVAILABLE);
}

static void on_placed(void *arg, enum err err)
{
    struct redecision *g = arg;
    g->err = err;
    holding_run(g);
}

static enum step holding_place(struct redecision *g)
{
    if (!policy_asks_zones(&g->context->config->policy))
        return holding_goto(g, HOLDING_WORDS);
    if (!g->placed)
        g->placed = mem_new(sizeof(*g->placed));
    placed_gather(&g->newest, span_of(g->thread_owner), g->placed);
    if (!g->placed->n)
        return holding_goto(g, HOLDING_WORDS);
    holding_goto(g, HOLDING_PLACED);
    members_placed(g->context->store, g->placed, on_placed, g);
    return STEP_WAIT;
}

static enum step holding_placed(struct redecision *g)
{
    return g->err == ERR_OK ? holding_goto(g, HOLDING_WORDS) : holding_finish(g, ERR_UNAVAILABLE);
}

static void on_words(void *arg, enum err err, const enum fact_said *says)
{
    struct redecision *g = arg;
    g->err = err;
    for (size_t i = 0; i < AUTHORS_ASKED_MAX; i++)
        g->said[i] = says[i];
    holding_run(g);
}

static enum step holding_ask_words(struct redecision *g)
{
    struct author_said authors[AUTHORS_ASKED_MAX];
    size_t n = holding_authors(g, authors);
    holding_goto(g, HOLDING_HEARD);
    authors_words(g->context->store, authors, n, on_words, g);
    return STEP_WAIT;
}

static enum step holding_heard(struct redecision *g)
{
    return g->err == ERR_OK ? holding_goto(g, HOLDING_MEMBER) : holding_finish(g, ERR_UNAVAILABLE);
}

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct redecision *g = arg;
    g->err = err;
    free(g->member);
    g->member = NULL;
    if (member) {
        g->member = mem_new(sizeof(*g->member));
        *g->member = *member;
    }
    holding_run(g);
}

static enum step holding_ask_member(struct redecision *g)
{
    holding_goto(g, HOLDING_KNOWN);
    members_get(g->context->store, g->item.from, on_member, g);
    return STEP_WAIT;
}

static enum step holding_known(struct redecision *g)
{
    return g->err == ERR_OK ? holding_goto(g, HOLDING_DECIDE) : holding_finish(g, ERR_UNAVAILABLE);
}

/* --- what comes of it ------------------------------------------------------------------------- */

/* Where a person said yes and no zone may have it, that is for the person to know. */
static enum step holding_judge(struct redecision *g)
{
    enum err e = holding_decide(g);
    if (e != ERR_OK)
        return holding_finish(g, e);
    if (g->asked == HOLD_ASKED_APPROVE && !g->sent.n)
        return holding_finish(g, g->zones_n ? g->zones[0].code : ERR_NO_AUDIENCE);
    return holding_goto(g, HOLDING_SETTLE);
}

/* What the audit log says of it; of many zones, how many they are. */
static void write_after(const struct redecision *g, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "activity", g->item.id);
    json_member(&w, "from", g->item.from);
    json_member_int(&w, "zones", (int64_t)g->zones_n);
    if (g->sent.n && g->sent.n <= NOTE_ZONES_MAX)
        json_member(&w, "sent", bytes_span(&g->sent));
    json_close(&w, '}');
}

static void write_note(const struct redecision *g, struct bytes *out)
{
    struct bytes target;
    struct bytes after;
    bytes_init(out, AUDIT_NOTE_MAX);
    if (!g->has_by || !g->verb)
        return;
    bytes_init(&target, 24);
    bytes_init(&after, NOTE_AFTER_MAX);
    bytes_add_int(&target, (int64_t)g->h);
    write_after(g, &after);
    const struct audit_note note = {.by = &g->by,
                                    .verb = g->verb,
                                    .target = bytes_span(&target),
                                    .after = bytes_span(&after),
                                    .now_ms = clock_wall_ms()};
    audit_write(&note, out);
    bytes_fini(&target);
    bytes_fini(&after);
}

static void on_settled(void *arg, const struct holds_settled *answer)
{
    struct redecision *g = arg;
    g->settled = *answer;
    holding_run(g);
}

/* Why it is closed, where no person says so. */
static struct span refusal(const struct redecision *g)
{
    for (size_t i = 0; i < g->zones_n; i++)
        if (g->zones[i].fate == HOLD_REFUSED)
            return span_of(err_code(g->zones[i].code));
    return SPAN("");
}

static enum step holding_settle(struct redecision *g)
{
    struct bytes note;
    bool denied = g->asked == HOLD_ASKED_DENY || (!g->sent.n && !g->item.sent.n);
    write_note(g, &note);
    const struct holds_settle settle = {.h = g->h,
                                        .revision = g->item.revision,
                                        .ver = g->member ? g->member->ver : 0,
                                        .freezes = g->freezes->version,
                                        .sent = bytes_span(&g->sent),
                                        .kept = bytes_span(&g->kept),
                                        .then = denied ? HOLD_DENIED : HOLD_APPROVED,
                                        .by = span_of(g->by.who),
                                        .reason =
                                            g->by.reason[0] ? span_of(g->by.reason) : refusal(g),
                                        .note = bytes_span(&note),
                                        .now_ms = clock_wall_ms()};
    holding_goto(g, HOLDING_SETTLED);
    holds_settle(g->context->store, &settle, on_settled, g);
    bytes_fini(&note);
    return STEP_WAIT;
}

/* For reports: it crossed now, and not when it was kept. Where the journal has no entry of it
 * (those zones had it before), or it is not known whether it has, nothing is counted. */
static void count_sent(const struct redecision *g)
{
    enum tally_kind kind;
    if (!g->sent.n || g->settled.n == g->item.n || !tally_kind_of(&g->first, &kind))
        return;
    const struct tallies_taken taken = {.from = span_of(g->zone),
                                        .audience = bytes_span(&g->sent),
                                        .host = g->item.from,
                                        .kind = kind,
                                        .actor = g->hashes[0]};
    tallies_taken(g->context->tallies, &taken);
}

static enum step holding_settled(struct redecision *g)
{
    if (g->settled.err != ERR_OK)
        return holding_finish(g,
                              g->settled.err == ERR_UNREADABLE ? ERR_UNREADABLE : ERR_UNAVAILABLE);
    switch (g->settled.result) {
    case HOLDS_SETTLED: count_sent(g); return holding_finish(g, ERR_OK);
    case HOLDS_NONE: return holding_finish(g, ERR_NOT_KNOWN);
    case HOLDS_FULL: return holding_finish(g, ERR_VERSIONS);
    case HOLDS_CHANGED: return holding_finish(g, ERR_HOLD_CHANGED);
    case HOLDS_CLOSED: g->item.state = g->settled.state; return holding_finish(g, ERR_NOT_KEPT);
    case HOLDS_AGAIN: break;
    }
    return ++g->tries < TRIES_MAX ? holding_goto(g, HOLDING_FREEZES)
                                  : holding_finish(g, ERR_UNAVAILABLE);
}

static enum step holding_end(struct redecision *g)
{
    static const char *const words[] = {
        [HOLD_ASKED_APPROVE] = "approve", [HOLD_ASKED_THAW] = "thaw", [HOLD_ASKED_DENY] = "deny"};
    bool done = g->err == ERR_OK;
    const struct holding_answer answer = {.err = g->err,
                                          .state = done ? g->settled.state : g->item.state,
                                          .n = done ? g->settled.n : g->item.n,
                                          .zones = g->zones,
                                          .zones_n = g->zones_n};
    struct log_line l;
    log_begin(&l, done ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "hold");
    log_int(&l, "held", (int64_t)g->h);
    log_str(&l, "asked", words[g->asked]);
    log_str(&l, "code", err_code(g->err));
    log_str(&l, "state", hold_state_name(answer.state));
    if (done && g->sent.n) {
        log_int(&l, "n", (int64_t)answer.n);
        log_text(&l, "sent", bytes_span(&g->sent));
    }
    log_end(&l);
    g->cb(g->arg, &answer);
    return STEP_END;
}

void holding_redecide(struct context *context, const struct holding_ask *ask, holding_decided_cb cb,
                      void *arg)
{
    struct redecision *g = mem_new(sizeof(*g));
    g->context = context;
    g->h = ask->h;
    g->asked = ask->asked;
    g->verb = ask->verb;
    g->seen = ask->revision;
    g->cb = cb;
    g->arg = arg;
    g->has_by = ask->by != NULL;
    if (ask->by)
        g->by = *ask->by;
    g->freezes = mem_new(sizeof(*g->freezes));
    g->zones = mem_new(POLICY_ZONES_MAX * sizeof(*g->zones));
    bytes_init(&g->thread, POLICY_AUDIENCE_MAX);
    bytes_init(&g->sent, POLICY_AUDIENCE_MAX);
    bytes_init(&g->kept, HOLD_WHY_MAX);
    holding_run(g);
}
