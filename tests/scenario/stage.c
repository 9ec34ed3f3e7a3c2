/* stage: actions, letters, and what must hold.
 * May not know: what goes wrong, and when. */
#include "tests/scenario/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/rules/trace.h"

enum { AGAIN_MS = 10000, PATIENCE_MS = 60000, START_MS = 1000, WAIT_MS = 200 };
static const int64_t too_long = 2 * HOUR;

/* The first thing that does not hold. */
#define broken(s, ...)                                                                             \
    do {                                                                                           \
        if (!(s)->why[0])                                                                          \
            snprintf((s)->why, sizeof((s)->why), __VA_ARGS__);                                     \
    } while (0)

/* --- actions --------------------------------------------------------------------------------- */

struct action {
    struct stage *stage;
    void (*act)(struct stage *s);
};

static void on_action(void *arg)
{
    struct action *a = arg;
    struct stage *s = a->stage;
    void (*act)(struct stage *) = a->act;
    s->due--;
    free(a);
    act(s);
}

void stage_at(struct stage *s, int64_t at_ms, void (*act)(struct stage *s))
{
    struct action *a = mem_new(sizeof(*a));
    *a = (struct action){s, act};
    s->due++;
    fake_at_for(0, at_ms, on_action, a);
}

/* --- letters --------------------------------------------------------------------------------- */

static void on_send(void *arg);

static void again(struct letter *l)
{
    l->judged = true;
    if (l->tries == STAGE_TRIES)
        broken(l->stage, "%s was not taken, however often it was sent", l->id);
    else
        fake_at_for(0, fake_now() + AGAIN_MS, on_send, l);
}

static bool has_entry(const struct stage *s, const char *id)
{
    const struct fake_line *lines;
    size_t n = fake_lines(s->w.context.store, &lines);
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.kind == JOURNAL_ENTRY && span_eq_str(lines[i].line.entry->id, id))
            return true;
    return false;
}

static bool has_follower(const struct stage *s, const struct peer *p)
{
    const struct member *m = fake_member(s->w.context.store, p->host);
    for (size_t i = 0; m && i < m->followers_n; i++)
        if (strcmp(m->followers[i].actor, p->actor) == 0)
            return true;
    return false;
}

static bool has_line(const struct stage *s, const struct fake_reply *reply)
{
    const struct fake_line *lines;
    const char *at = strstr(reply->body, "\"line\":");
    uint64_t line = at ? strtoull(at + 7, NULL, 10) : 0;
    size_t n = fake_lines(s->w.context.store, &lines);
    for (size_t i = 0; i < n; i++)
        if (lines[i].line.n == line)
            return lines[i].line.kind == JOURNAL_ORDER || lines[i].line.reason.n;
    return false;
}

static bool is_kept(const struct letter *l, const struct fake_reply *reply)
{
    switch (l->promise) {
    case PROMISE_ENTRY: return has_entry(l->stage, l->id);
    case PROMISE_FOLLOWER: return has_follower(l->stage, l->from);
    case PROMISE_LEFT: return !has_follower(l->stage, l->from);
    case PROMISE_LINE: return has_line(l->stage, reply);
    }
    return false;
}

/* An operator who insists is told so where it had worked already. */
static bool was_done(const struct letter *l, int status)
{
    return !l->from && l->tries > 1 && status == 409;
}

static void judge_reply(struct letter *l)
{
    const struct fake_reply *r = &l->reply;
    if (l->judged || (!r->times && !r->cut))
        return;
    if (r->cut || r->status >= 500 || r->status == 429) {
        again(l);
    } else if (r->status >= 300 && !was_done(l, r->status)) {
        broken(l->stage, "%s was refused for good: %d %.1000s", l->id, r->status, r->body);
    } else {
        l->judged = l->done = true;
        if (r->status < 300 && !is_kept(l, r))
            broken(l->stage, "%s was answered %d, and what that promises is not there", l->id,
                   r->status);
    }
}

static void on_patience(void *arg)
{
    struct letter *l = arg;
    if (!l->judged)
        broken(l->stage, "%s was not answered, nor its connection closed", l->id);
}

/* Something that was told before comes before. */
static bool must_wait(const struct letter *l)
{
    const struct letter *first = l->stage->letters;
    bool joins = l->promise == PROMISE_FOLLOWER;
    for (const struct letter *at = first; at < l; at++) {
        bool moves = at->promise == PROMISE_FOLLOWER || at->promise == PROMISE_LEFT;
        if (!at->done && (at->from == l->from || (moves && !joins) || !l->from))
            return true;
    }
    return false;
}

static void on_send(void *arg)
{
    struct letter *l = arg;
    struct stage *s = l->stage;
    if (must_wait(l) && !s->ended) {
        fake_at_for(0, fake_now() + WAIT_MS, on_send, l);
        return;
    }
    l->tries++;
    l->judged = false;
    l->reply = (struct fake_reply){0};
    struct fake_reply *reply = &l->reply;
    if (s->ended)
        return;
    if (!s->up) {
        reply->cut = true; /* nobody listens */
        return;
    }
    fake_at_for(0, fake_now() + PATIENCE_MS - 1, on_patience, l);
    if (l->from)
        world_send(&s->w, l->from, -1, &l->body, reply);
    else
        world_operate(&s->w, l->target, bytes_span(&l->body), reply);
}

static struct letter *letter_new(struct stage *s, struct peer *from, enum promise promise)
{
    if (s->letters_n == STAGE_LETTERS)
        abort();
    struct letter *l = &s->letters[s->letters_n++];
    *l = (struct letter){.stage = s, .from = from, .promise = promise, .judged = true};
    bytes_init(&l->body, 65536);
    return l;
}

/* The id that the body begins with. */
static void read_id(struct letter *l)
{
    struct span rest = bytes_span(&l->body);
    span_cut(&rest, ':');
    span_cut(&rest, '"');
    span_copy(span_cut(&rest, '"'), l->id, sizeof(l->id));
}

struct letter *stage_send(struct stage *s, int64_t at_ms, struct peer *from, stage_writer write,
                          unsigned k, enum promise promise)
{
    struct letter *l = letter_new(s, from, promise);
    write(from, k, &l->body);
    read_id(l);
    fake_at_for(0, at_ms, on_send, l);
    return l;
}

void stage_operate(struct stage *s, int64_t at_ms, const char *path, const char *body)
{
    struct letter *l = letter_new(s, NULL, PROMISE_LINE);
    snprintf(l->target, sizeof(l->target), "%s", path);
    snprintf(l->id, sizeof(l->id), "%s", path);
    bytes_add_str(&l->body, body);
    fake_at_for(0, at_ms, on_send, l);
}

/* --- a Follow back is answered ---------------------------------------------------------------- */

static void write_accept_back(const struct peer *p, unsigned k, struct bytes *out)
{
    struct span id = SPAN_NONE;
    for (size_t i = 0; i < p->got_n; i++)
        if (strcmp(p->got[i].kind, "follow") == 0 && p->got[i].status == 202)
            id = span_of(strstr(p->got[i].body, "\"id\":\"") + 6);
    id = span_cut(&id, '"');
    bytes_addf(out,
               "{\"id\":\"%s/accepts/%u\",\"type\":\"Accept\",\"actor\":\"%s\",\"object\":\"%.*s"
               "\"}",
               p->actor, k, p->actor, SPAN_ARG(id));
}

static bool got_follow(const struct peer *p)
{
    for (size_t i = 0; i < p->got_n; i++)
        if (strcmp(p->got[i].kind, "follow") == 0 && p->got[i].status == 202)
            return true;
    return false;
}

struct accepting {
    struct stage *stage;
    struct peer *peer;
};

static void on_accepts(void *arg)
{
    struct accepting *a = arg;
    if (!got_follow(a->peer)) {
        fake_at_for(0, fake_now() + 5 * SECOND, on_accepts, a);
        return;
    }
    stage_send(a->stage, fake_now(), a->peer, write_accept_back, 1, PROMISE_FOLLOWER);
    a->stage->due--;
    free(a);
}

void stage_accepts(struct stage *s, struct peer *p, int64_t at_ms)
{
    struct accepting *a = mem_new(sizeof(*a));
    *a = (struct accepting){s, p};
    s->due++;
    fake_at_for(0, at_ms, on_accepts, a);
}

/* --- what must hold --------------------------------------------------------------------------- */

void stage_expect(struct stage *s, const struct peer *p, const char *text)
{
    s->expected[s->expected_n].peer = p;
    s->expected[s->expected_n++].text = text;
}

void stage_never(struct stage *s, const struct peer *p, const char *text)
{
    stage_expect(s, p, text);
    s->expected[s->expected_n - 1].never = true;
}

void stage_allow(struct stage *s, const char *record)
{
    s->allowed[s->allowed_n++] = record;
}

static bool took(const struct peer *p, const char *text)
{
    for (size_t i = 0; text[0] && i < p->got_n; i++)
        if (p->got[i].status >= 200 && p->got[i].status < 300 && strstr(p->got[i].body, text))
            return true;
    return false;
}

static const struct peer *peer_of(const struct stage *s, const char *host)
{
    for (size_t i = 0; i < s->peers_n; i++)
        if (strcmp(s->peers[i].host, host) == 0)
            return &s->peers[i];
    return NULL;
}

/* As it was received, or in our own words. */
static bool delivered(const struct peer *p, const struct entry *e)
{
    char id[1024];
    return p && ((span_copy(e->id, id, sizeof(id)) && took(p, id)) || took(p, e->announce));
}

static bool is_allowed(const struct stage *s, const char *record)
{
    for (size_t i = 0; i < s->allowed_n; i++)
        if (strcmp(s->allowed[i], record) == 0)
            return true;
    return false;
}

/* Whether the cursor in Redis says that n is done with. */
static bool passed(const struct cursor *c, const struct entry *e)
{
    for (size_t i = 0; i < c->aside_n; i++)
        if (c->aside[i].n == e->n)
            return false;
    for (size_t i = 0; i < c->parts_n; i++)
        if (c->parts[i].n == e->n)
            return c->parts[i].done;
    return e->n <= (e->lane == LANE_URGENT ? c->urgent : c->low);
}

/* Returns whether the entry is settled for the member; says so if it is, and should not be. */
static bool look_at(struct stage *s, const struct entry *e, const struct member *m)
{
    const struct peer *p = peer_of(s, m->host);
    if (m->state != MEMBER_ACTIVE || trace_not_for(e, m) || delivered(p, e))
        return true;
    const char *record = fake_record(s->w.context.store, e->n, m->host);
    if (record && !is_allowed(s, record))
        broken(s, "%llu is recorded for %s: %s", (unsigned long long)e->n, m->host, record);
    if (record)
        return true;
    struct cursor c = fake_cursor(s->w.context.store, m->host);
    if (passed(&c, e))
        broken(s, "the cursor of %s passed %llu, which was neither delivered nor recorded", m->host,
               (unsigned long long)e->n);
    return false;
}

/* Whether everything is settled. */
static bool look_at_all(struct stage *s)
{
    const struct fake_line *lines;
    const struct store *store = s->w.context.store;
    size_t n = fake_lines(store, &lines);
    bool settled = true;
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; lines[i].line.kind == JOURNAL_ENTRY && p < s->peers_n; p++) {
            const struct member *m = fake_member(store, s->peers[p].host);
            settled = (!m || look_at(s, lines[i].line.entry, m)) && settled;
        }
    return settled;
}

/* What is still to come; NULL: nothing. */
static const char *open_end(struct stage *s)
{
    if (s->due || !s->up)
        return "something is still to happen";
    for (size_t i = 0; i < s->letters_n; i++)
        if (!s->letters[i].done)
            return s->letters[i].id;
    if (fake_mail(s->w.context.store))
        return "direct mail waits";
    for (size_t i = 0; i < s->expected_n; i++)
        if (!s->expected[i].never && !took(s->expected[i].peer, s->expected[i].text))
            return s->expected[i].text;
    return look_at_all(s) ? NULL : "an entry is not settled";
}

static void look(struct stage *s)
{
    for (size_t i = 0; i < s->letters_n; i++)
        if (s->letters[i].tries)
            judge_reply(&s->letters[i]);
    if (fake_commits(s->w.context.store) != s->commits) {
        s->commits = fake_commits(s->w.context.store);
        look_at_all(s);
    }
}

static bool is_settled(struct stage *s)
{
    if (fake_now() < s->looked_ms + SECOND)
        return false;
    s->looked_ms = fake_now();
    return !open_end(s);
}

static void step_for(struct stage *s, int64_t ms)
{
    int64_t until = fake_now() + ms;
    while (!s->why[0] && fake_step(until))
        look(s);
}

/* --- life ------------------------------------------------------------------------------------ */

void stage_begin(struct stage *s)
{
    world_init(&s->w, 7);
    s->w.process = 1;
    world_front(&s->w);
    world_courier(&s->w);
    world_steward(&s->w);
    s->up = true;
}

struct peer *stage_peer(struct stage *s, const char *name, bool internal)
{
    struct peer *p = &s->peers[s->peers_n++];
    peer_init(p, name, internal);
    return p;
}

static void on_start(void *arg)
{
    struct stage *s = arg;
    s->up = true;
    world_starts(&s->w);
}

void stage_died(struct stage *s)
{
    fake_process(0);
    s->died = true;
    s->up = s->ended = false;
    for (size_t i = 0; i < s->letters_n; i++) {
        struct letter *l = &s->letters[i];
        if (l->tries && !l->judged && !l->reply.times)
            l->reply.cut = true;
    }
    world_dies(&s->w);
    fake_at_for(0, fake_now() + START_MS, on_start, s);
}

static void check_end(struct stage *s)
{
    const char *open = open_end(s);
    if (open)
        broken(s, "at the end: %s", open);
    for (size_t i = 0; i < s->expected_n; i++)
        if (s->expected[i].never && took(s->expected[i].peer, s->expected[i].text))
            broken(s, "%s was sent %s", s->expected[i].peer->host, s->expected[i].text);
    for (size_t i = 0; i < s->letters_n; i++)
        if (s->letters[i].reply.times > 1)
            broken(s, "%s was answered more than once", s->letters[i].id);
}

bool stage_run(struct stage *s)
{
    while (!s->why[0] && !is_settled(s) && fake_now() < too_long && fake_step(too_long))
        look(s);
    step_for(s, 5 * SECOND); /* nothing that is settled comes undone */
    if (!s->why[0]) {
        world_courier_ends(&s->w);
        look(s);
        check_end(s);
    }
    s->ended = true;
    return !s->why[0];
}

void stage_end(struct stage *s)
{
    step_for(s, 2 * PATIENCE_MS); /* what the letters asked for comes */
    world_fini(&s->w);
    for (size_t i = 0; i < s->peers_n; i++)
        peer_fini(&s->peers[i]);
    for (size_t i = 0; i < s->letters_n; i++)
        bytes_fini(&s->letters[i].body);
}
