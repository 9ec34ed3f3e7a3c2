/* fake_store_journal: the journal of the fake store: lines, bodies, pages and the tail.
 * May not know: which machine asks, or why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "common/io/clock.h"
#include "tests/scenario/fake_mishap.h"
#include "tests/scenario/fake_store_inner.h"

enum { PAGE = 256 };

struct fake_line *fake_line_add(struct store *s, enum lane lane, enum journal_line_kind kind)
{
    if (s->lines_n == s->lines_cap) {
        s->lines_cap = s->lines_cap ? 2 * s->lines_cap : 64;
        s->lines = mem_grow(s->lines, s->lines_cap * sizeof(*s->lines));
    }
    struct fake_line *line = &s->lines[s->lines_n++];
    *line = (struct fake_line){.at_ms = clock_wall_ms()};
    line->line.kind = kind;
    line->line.lane = lane;
    line->line.previous = s->last[lane];
    line->line.n = ++s->n;
    s->last[lane] = s->n;
    snprintf(line->id, sizeof(line->id), "%llu-%llu", (unsigned long long)s->epoch,
             (unsigned long long)s->n);
    return line;
}

void fake_line_fini(struct fake_line *line)
{
    entry_unref(&line->line.entry);
    free(line->member);
    free(line->host);
    free(line->reason);
    free(line->gates);
    free(line->body);
}

size_t fake_lines(const struct store *s, const struct fake_line **ret)
{
    *ret = s->lines;
    return s->lines_n;
}

uint64_t fake_newest(const struct store *s)
{
    return s->n;
}

uint64_t fake_last(const struct store *s)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < LANE_COUNT; i++)
        last = s->last[i] > last ? s->last[i] : last;
    return last;
}

struct fake_line *fake_line_of(const struct store *s, uint64_t n)
{
    for (size_t i = 0; i < s->lines_n; i++)
        if (s->lines[i].line.n == n)
            return &s->lines[i];
    return NULL;
}

/* The line as those who read it are given it: pointers into it hold until it goes; but its entry is
 * a copy of their own, with the marks on it or without. Given back with entry_unref(). */
static struct journal_line shown(const struct fake_line *line, bool marked)
{
    struct journal_line l = line->line;
    if (l.entry) {
        struct entry bare = *l.entry;
        bare.marks_n = marked ? bare.marks_n : 0;
        l.entry = entry_new(&bare);
    }
    l.id = line->id;
    l.event = span_of(line->event);
    l.member = span_of(line->member);
    l.host = span_of(line->host);
    l.reason = span_of(line->reason);
    l.gates = span_of(line->gates);
    return l;
}

static bool is_lost(const struct fake_line *line)
{
    return fake_lies(LIE_JOURNAL_LOSES) && line->line.n % 3 == 0;
}

void fake_line_take(struct fake_line *line, const struct entry *entry, struct span body)
{
    line->line.entry = entry_new(entry);
    line->body = mem_copy(body);
    line->body_n = body.n;
}

uint64_t fake_accept(struct store *s, const struct fake_post *post)
{
    char id[256];
    char object[256];
    char body[1024];
    struct fake_line *line = fake_line_add(s, LANE_NORMAL, JOURNAL_ENTRY);
    snprintf(id, sizeof(id), "https://%s/posts/%u#create", post->from, post->k);
    snprintf(object, sizeof(object), "https://%s/posts/%u", post->from, post->k);
    snprintf(body, sizeof(body), "{\"id\":\"%s\",\"type\":\"Create\",\"object\":\"%s\"}", id,
             object);
    struct entry e = {.n = line->line.n,
                      .at_ms = clock_wall_ms(),
                      .facts = {.type = post->type, .undone = ACTIVITY_OTHER},
                      .audience = span_of(post->audience),
                      .origin = span_of(post->from),
                      .zone = span_of(post->zone),
                      .object_host = span_of(post->from),
                      .id = span_of(id),
                      .object = span_of(object),
                      .body_len = strlen(body)};
    e.facts.has_proof = !post->no_proof;
    e.facts.announced = post->announced;
    if (post->type == ACTIVITY_CREATE || post->type == ACTIVITY_ANNOUNCE || post->announced)
        snprintf(e.announce, sizeof(e.announce), "%032u", post->k);
    e.facts.nameless = !e.announce[0];
    fake_line_take(line, &e, span_of(body));
    fake_tails_wake(s);
    return line->line.n;
}

void fake_drop_bodies(struct store *s, uint64_t n)
{
    for (size_t i = 0; i < s->lines_n && s->lines[i].line.n <= n; i++) {
        if (s->lines[i].line.lane != LANE_NORMAL)
            continue;
        free(s->lines[i].body);
        s->lines[i].body = NULL;
    }
    s->body_floor = n > s->body_floor ? n : s->body_floor;
}

/* The lines of one lane up to n. */
static void drop_lane(struct store *s, enum lane lane, uint64_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->lines_n; i++) {
        if (s->lines[i].line.lane == lane && s->lines[i].line.n <= n)
            fake_line_fini(&s->lines[i]);
        else
            s->lines[kept++] = s->lines[i];
    }
    s->lines_n = kept;
    s->floor[lane] = n > s->floor[lane] ? n : s->floor[lane];
}

void fake_drop_entries(struct store *s, uint64_t n)
{
    uint64_t newest = s->last[LANE_NORMAL];
    drop_lane(s, LANE_NORMAL, newest && n >= newest ? newest - 1 : n);
}

uint64_t fake_floor(const struct store *s)
{
    return s->floor[LANE_NORMAL];
}

uint64_t fake_body_floor(const struct store *s)
{
    return s->body_floor;
}

/* --- pages, bodies, trimming ----------------------------------------------------------------- */

struct read_call {
    struct call call;
    enum lane lane;
    uint64_t after;
    size_t count;
    journal_page_cb page;
    journal_body_cb body;
    void *arg;
};

static void work_nothing(struct call *call)
{
    (void)call;
}

static void answer_page(struct call *call, enum err err)
{
    struct read_call *c = (struct read_call *)call;
    const struct store *s = call->store;
    struct journal_page page = {.err = err};
    struct journal_line *lines = mem_new((s->lines_n + 1) * sizeof(*lines));
    for (size_t i = 0; err == ERR_OK && i < s->lines_n && page.lines_n < c->count; i++)
        if (s->lines[i].line.n > c->after && !is_lost(&s->lines[i]) &&
            (c->lane == LANE_BOTH || s->lines[i].line.lane == c->lane))
            lines[page.lines_n++] = shown(&s->lines[i], true);
    page.lines = lines;
    page.n = err == ERR_OK ? s->n : 0;
    for (unsigned i = 0; err == ERR_OK && i < LANE_COUNT; i++)
        page.floor[i] = s->floor[i];
    c->page(c->arg, &page);
    for (size_t i = 0; i < page.lines_n; i++)
        entry_unref(&lines[i].entry);
    free(lines);
}

void journal_page(struct store *store, enum lane lane, uint64_t after, size_t count,
                  journal_page_cb cb, void *arg)
{
    struct read_call *c = mem_new(sizeof(*c));
    c->lane = lane;
    c->after = after;
    c->count = count;
    c->page = cb;
    c->arg = arg;
    fake_call(store, OP_PAGE, &c->call, work_nothing, answer_page);
}

static void answer_body(struct call *call, enum err err)
{
    struct read_call *c = (struct read_call *)call;
    const struct fake_line *line = err == ERR_OK ? fake_line_of(call->store, c->after) : NULL;
    c->body(c->arg, err, line && line->body ? (struct span){line->body, line->body_n} : SPAN_NONE);
}

void journal_body(struct store *store, uint64_t n, journal_body_cb cb, void *arg)
{
    struct read_call *c = mem_new(sizeof(*c));
    c->after = n;
    c->body = cb;
    c->arg = arg;
    fake_call(store, OP_BODY, &c->call, work_nothing, answer_body);
}

struct trim_call {
    struct call call;
    struct journal_trim trim;
    struct journal_trimmed answer;
    journal_trimmed_cb cb;
    void *arg;
};

/* The number up to which everything of a lane was accepted before. */
static uint64_t old_lines(const struct store *s, enum lane lane, int64_t before_ms)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->lines_n; i++) {
        const struct fake_line *line = &s->lines[i];
        if (line->line.lane != lane || !line->line.entry)
            continue;
        if (line->line.entry->at_ms >= before_ms)
            break;
        n = line->line.n;
    }
    return n;
}

/* All at once; Redis's clock is ours. */
static void work_trim(struct call *call)
{
    struct trim_call *c = (struct trim_call *)call;
    struct store *s = call->store;
    if (c->trim.now_ms) {
        uint64_t bodies = old_lines(s, LANE_NORMAL, c->trim.bodies_ms);
        uint64_t entries = old_lines(s, LANE_NORMAL, c->trim.entries_ms);
        uint64_t urgent = old_lines(s, LANE_URGENT, c->trim.urgent_ms);
        if (bodies)
            fake_drop_bodies(s, bodies);
        if (entries)
            fake_drop_entries(s, entries);
        if (urgent)
            drop_lane(s, LANE_URGENT, urgent);
    }
    c->answer.redis_ms = clock_wall_ms();
    memcpy(c->answer.floor, s->floor, sizeof(c->answer.floor));
    c->answer.body_floor = s->body_floor;
}

static void answer_trim(struct call *call, enum err err)
{
    struct trim_call *c = (struct trim_call *)call;
    c->answer.err = err;
    c->cb(c->arg, &c->answer);
}

void journal_trim(struct store *store, const struct journal_trim *trim, journal_trimmed_cb cb,
                  void *arg)
{
    struct trim_call *c = mem_new(sizeof(*c));
    c->trim = *trim;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_TRIM, &c->call, work_trim, answer_trim);
}

/* --- tail ------------------------------------------------------------------------------------ */

struct tail {
    struct tail *prev, *next;
    struct tail_config config;
    struct event *event;
    uint64_t told, mail_told;
    unsigned process;
    bool lost;
};

static void tell_mail(struct tail *t)
{
    const struct store *s = t->config.store;
    for (size_t i = 0; i < s->mail_n; i++)
        if (s->mail[i].d.n > t->mail_told) {
            t->mail_told = s->mail[i].d.n;
            if (t->config.shards >> shard_of(s->mail[i].d.host, FAKE_SHARDS) & 1)
                t->config.on_direct(t->config.arg, &s->mail[i].d);
        }
}

static void on_tail_lost(void *arg)
{
    struct tail *t = arg;
    t->event = NULL;
    t->lost = true;
    t->config.on_lost(t->config.arg, "no connection to Redis", true);
}

static void on_tail(void *arg)
{
    struct tail *t = arg;
    const struct store *s = t->config.store;
    size_t told = 0;
    t->event = NULL;
    if (mishap_now(MISHAP_REDIS_ERROR) || mishap_now(MISHAP_REDIS_LOST) ||
        mishap_now(MISHAP_REDIS_UNANSWERED)) {
        on_tail_lost(t);
        return;
    }
    tell_mail(t);
    for (size_t i = 0; i < s->lines_n && told < PAGE; i++) {
        if (s->lines[i].line.n <= t->told || is_lost(&s->lines[i]))
            continue;
        struct journal_line line = shown(&s->lines[i], false);
        if (fake_lies(LIE_JOURNAL_LOSES))
            line.previous = 0;
        t->told = line.n;
        told++;
        t->config.on_line(t->config.arg, &line);
        entry_unref(&line.entry);
    }
    if (told == PAGE)
        t->event = fake_at(fake_now() + 1, on_tail, t);
    t->config.on_batch(t->config.arg);
}

void fake_tails_wake(struct store *s)
{
    struct tail *t;
    DL_FOREACH(s->tails, t)
    {
        if (!t->event && !t->lost)
            t->event = fake_at_for(t->process, fake_now() + 1, on_tail, t);
    }
}

void fake_tails_lost(struct store *s)
{
    struct tail *t;
    DL_FOREACH(s->tails, t)
    {
        fake_cancel(&t->event);
        t->event = fake_at_for(t->process, fake_now(), on_tail_lost, t);
    }
}

void fake_tails_die(struct store *s, unsigned process)
{
    struct tail *t, *next;
    DL_FOREACH_SAFE(s->tails, t, next)
    {
        if (t->process == process)
            DL_DELETE(s->tails, t);
    }
}

enum err tail_new(struct loop *loop, const struct tail_config *config, struct tail **ret)
{
    struct tail *t = mem_new(sizeof(*t));
    (void)loop;
    t->config = *config;
    t->process = fake_process(0);
    fake_process(t->process);
    t->told = config->after;
    DL_APPEND(t->config.store->tails, t);
    t->event = fake_at(fake_now() + t->config.store->tail_ms, on_tail, t);
    *ret = t;
    return ERR_OK;
}

void tail_rest(struct tail *t)
{
    t->lost = true;
    fake_cancel(&t->event);
}

void tail_again(struct tail *t)
{
    t->lost = false;
    fake_cancel(&t->event);
    t->event = fake_at(fake_now() + t->config.store->tail_ms, on_tail, t);
}

void fake_tail_takes(struct store *s, int64_t ms)
{
    s->tail_ms = ms;
}

void tail_free(struct tail **tail)
{
    struct tail *t = *tail;
    *tail = NULL;
    if (!t)
        return;
    fake_cancel(&t->event);
    DL_DELETE(t->config.store->tails, t);
    free(t);
}
