/* fake_store_cursors: shards and cursors of the fake store.
 * May not know: which machine asks, or why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "tests/scenario/fake_store_inner.h"

struct cursors {
    struct store *store;
    char nonce[33];
    uint64_t seq[FAKE_SHARDS];
    struct schedule *schedule;
    cursors_claimed_cb claimed;
    void *claimed_arg;
    cursors_resumed_cb resumed;
    void *resumed_arg;
    bool moved[FAKE_SHARDS]; /* by the commit that is out, or was not answered */
    cursors_cb cb;
    void *arg;
    unsigned out; /* calls under way */
    bool dead;
};

struct cursors_call {
    struct call call;
    struct cursors *c;
    struct change *list;
    size_t n;
    int64_t now_ms;
    uint64_t shards, taken; /* of a claim */
    bool fenced;
    bool moved_on; /* the sequence is not what it was */
};

struct cursors *cursors_new(struct store *store, const char *nonce)
{
    struct cursors *c = mem_new(sizeof(*c));
    c->store = store;
    span_copy(span_of(nonce), c->nonce, sizeof(c->nonce));
    return c;
}

void cursors_free(struct cursors **cursors)
{
    struct cursors *c = *cursors;
    *cursors = NULL;
    if (c && c->out)
        c->dead = true;
    else
        free(c);
}

/* Whether its owner is there to be told. */
static bool settle(struct cursors *c)
{
    c->out--;
    if (!c->dead)
        return true;
    if (!c->out)
        free(c);
    return false;
}

static void work_claim(struct call *call)
{
    struct cursors_call *k = (struct cursors_call *)call;
    struct store *s = call->store;
    k->fenced = !fake_lease_of(s, k->c->nonce);
    for (unsigned i = 0; i < FAKE_SHARDS && !k->fenced; i++) {
        char *owner = s->shards[i].nonce;
        if (!(k->shards >> i & 1))
            continue;
        if (strcmp(owner, k->c->nonce) != 0 && fake_lease_of(s, owner) && !fake_lies(LIE_TAKES_ALL))
            k->taken |= UINT64_C(1) << i;
        else
            memcpy(owner, k->c->nonce, sizeof(k->c->nonce));
    }
}

static void load(struct cursors *c, uint64_t shards)
{
    const struct store *s = c->store;
    for (unsigned i = 0; i < FAKE_SHARDS; i++) {
        if (!(shards >> i & 1))
            continue;
        c->seq[i] = s->shards[i].seq;
        schedule_load_urgent(c->schedule, s->last[LANE_URGENT]);
        schedule_load_shard(c->schedule, i, s->shards[i].low, s->shards[i].urgent);
        for (size_t o = 0; o < s->own_n; o++)
            if (shard_of(span_of(s->own[o].name), FAKE_SHARDS) == i)
                schedule_load_cursor(c->schedule, span_of(s->own[o].name), &s->own[o].cursor);
    }
}

static void answer_claim(struct call *call, enum err err)
{
    struct cursors_call *k = (struct cursors_call *)call;
    if (err == ERR_OK && k->fenced)
        err = ERR_FENCED;
    if (err == ERR_OK && !k->c->dead)
        load(k->c, k->shards & ~k->taken);
    if (settle(k->c))
        k->c->claimed(k->c->claimed_arg, err, k->taken, 0);
}

void cursors_claim(struct cursors *c, struct schedule *schedule, uint64_t shards,
                   cursors_claimed_cb cb, void *arg)
{
    struct cursors_call *k = mem_new(sizeof(*k));
    k->c = c;
    k->shards = shards;
    c->schedule = schedule;
    c->claimed = cb;
    c->claimed_arg = arg;
    c->out++;
    fake_call(c->store, OP_CLAIM, &k->call, work_claim, answer_claim);
}

static struct own *own_of(const struct store *s, const char *host)
{
    for (size_t i = 0; i < s->own_n; i++)
        if (strcmp(s->own[i].name, host) == 0)
            return &s->own[i];
    return NULL;
}

static void note(struct store *s, const struct change *c, uint64_t from, enum book_kind kind)
{
    static const char *const words[] = {"fail", "late", "skip", "cut"};
    struct note *note = &s->notes[s->notes_n++];
    *note = (struct note){.kind = kind,
                          .from = from,
                          .n = c->to,
                          .lanes = c->lanes,
                          .slot = c->slot,
                          .tries = c->tries,
                          .why = c->why,
                          .status = c->status,
                          .at_ms = clock_wall_ms()};
    span_copy(span_of(c->host), note->host, sizeof(note->host));
    snprintf(note->text, sizeof(note->text), "%s %s", words[kind], err_code(c->why));
}

/* An operator has seen what failed. */
static void drop_fails(struct store *s, const struct change *c)
{
    for (size_t i = 0; i < s->notes_n; i++)
        if (c->host && s->notes[i].kind == BOOK_FAIL && s->notes[i].n == c->to &&
            strcmp(s->notes[i].host, c->host) == 0)
            s->notes[i].dropped = true;
}

/* What is tried again has not failed yet. */
static void forget_fails(struct store *s, const struct change *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->notes_n; i++) {
        const struct note *n = &s->notes[i];
        if (n->n != c->to || !c->host || strcmp(n->host, c->host) != 0 || n->kind != BOOK_FAIL)
            s->notes[kept++] = *n;
    }
    s->notes_n = kept;
}

static size_t down_of(const struct store *s, const char *host)
{
    size_t i = 0;
    while (i < s->down_n && strcmp(s->down[i], host) != 0)
        i++;
    return i;
}

static void down_set(struct store *s, const char *host, bool down)
{
    size_t i = down_of(s, host);
    if (down && i == s->down_n)
        span_copy(span_of(host), s->down[s->down_n++], MEMBER_HOST_SIZE);
    else if (!down && i < s->down_n)
        memmove(s->down[i], s->down[--s->down_n], MEMBER_HOST_SIZE);
}

static void settle_mail(struct store *s, const char *id)
{
    for (size_t i = 0; i < s->mail_n; i++)
        if (strcmp(s->mail[i].d.id, id) == 0) {
            fake_mail_fini(&s->mail[i]);
            s->mail_n--;
            memmove(&s->mail[i], &s->mail[i + 1], (s->mail_n - i) * sizeof(*s->mail));
            return;
        }
}

static void apply(struct store *s, const struct change *c)
{
    struct own *own = c->host ? own_of(s, c->host) : NULL;
    switch (c->kind) {
    case CHANGE_SHARD:
        s->shards[c->shard].seq++;
        s->shards[c->shard].low = fake_lies(LIE_COMMIT_AHEAD) ? s->n : c->cursor.low;
        s->shards[c->shard].urgent = fake_lies(LIE_COMMIT_AHEAD) ? s->n : c->cursor.urgent;
        break;
    case CHANGE_CURSOR:
        if (fake_lies(LIE_COMMIT_AHEAD))
            break;
        own = own ? own : &s->own[s->own_n++];
        span_copy(span_of(c->host), own->name, sizeof(own->name));
        cursor_fini(&own->cursor);
        cursor_copy(&c->cursor, &own->cursor);
        break;
    case CHANGE_FOLLOW:
        if (own) {
            cursor_fini(&own->cursor);
            *own = s->own[--s->own_n];
            s->own[s->own_n].cursor = (struct cursor){0};
        }
        break;
    case CHANGE_FAIL: note(s, c, c->to - 1, BOOK_FAIL); break;
    case CHANGE_SKIP: note(s, c, c->to - 1, BOOK_SKIP); break;
    case CHANGE_CUT: note(s, c, c->from, BOOK_CUT); break;
    case CHANGE_LATE: break;
    case CHANGE_RETRY: forget_fails(s, c); break;
    case CHANGE_DROP: drop_fails(s, c); break;
    case CHANGE_DIRECT: settle_mail(s, c->id); break;
    case CHANGE_ENDED:
    case CHANGE_LOOK: break;
    case CHANGE_DOWN: down_set(s, c->host, true); break;
    case CHANGE_UP: down_set(s, c->host, false); break;
    }
}

static void work_commit(struct call *call)
{
    struct cursors_call *k = (struct cursors_call *)call;
    struct store *s = call->store;
    for (size_t i = 0; i < k->n && !fake_lies(LIE_NO_FENCE); i++) {
        unsigned shard = k->list[i].shard;
        if (k->list[i].kind != CHANGE_SHARD)
            continue;
        k->fenced |= strcmp(s->shards[shard].nonce, k->c->nonce) != 0;
        k->moved_on |= s->shards[shard].seq != k->c->seq[shard];
    }
    if (k->fenced || k->moved_on || fake_lies(LIE_COMMIT_NEVER))
        return;
    for (size_t i = 0; i < k->n; i++)
        apply(s, &k->list[i]);
    s->commits++;
    s->committed_ms = fake_now();
}

static void answer_commit(struct call *call, enum err err)
{
    struct cursors_call *k = (struct cursors_call *)call;
    if (err == ERR_OK && k->fenced)
        err = ERR_FENCED;
    if (err == ERR_OK && k->moved_on)
        err = ERR_REDIS;
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].kind == CHANGE_SHARD && err == ERR_OK) {
            k->c->seq[k->list[i].shard] += !fake_lies(LIE_COMMIT_NEVER);
            k->c->moved[k->list[i].shard] = false;
        }
        free(k->list[i].host);
        cursor_fini(&k->list[i].cursor);
    }
    free(k->list);
    if (settle(k->c))
        k->c->cb(k->c->arg, err);
}

/* For people; the model keeps none. */
void cursors_note(struct cursors *c, struct span host, const struct recent *recent)
{
    (void)c;
    (void)host;
    (void)recent;
}

void cursors_tell(struct cursors *c)
{
    (void)c;
}

void cursors_commit(struct cursors *c, const struct delta *delta, int64_t now_ms, cursors_cb cb,
                    void *arg)
{
    struct cursors_call *k = mem_new(sizeof(*k));
    k->c = c;
    k->n = delta->n;
    k->now_ms = now_ms;
    memset(c->moved, 0, sizeof(c->moved));
    k->list = mem_new(delta->n * sizeof(*k->list));
    for (size_t i = 0; i < delta->n; i++) {
        k->list[i] = delta->list[i];
        if (delta->list[i].kind == CHANGE_SHARD)
            c->moved[delta->list[i].shard] = true;
        if (delta->list[i].host)
            k->list[i].host = mem_copy(span_of(delta->list[i].host));
        cursor_copy(&delta->list[i].cursor, &k->list[i].cursor);
        k->list[i].detail = NULL;
    }
    c->cb = cb;
    c->arg = arg;
    c->out++;
    fake_call(c->store, OP_COMMIT, &k->call, work_commit, answer_commit);
}

static void work_resume(struct call *call)
{
    struct cursors_call *k = (struct cursors_call *)call;
    struct store *s = call->store;
    bool written = false, kept = false;
    k->fenced = !fake_lease_of(s, k->c->nonce);
    for (unsigned i = 0; i < FAKE_SHARDS; i++) {
        if (!(k->shards >> i & 1))
            continue;
        bool moved = k->c->moved[i] && s->shards[i].seq == k->c->seq[i] + 1;
        k->fenced |= strcmp(s->shards[i].nonce, k->c->nonce) != 0 ||
                     (!moved && s->shards[i].seq != k->c->seq[i]);
        written |= moved;
        kept |= k->c->moved[i] && !moved;
    }
    k->fenced |= written && kept;
    k->moved_on = written;
}

static void answer_resume(struct call *call, enum err err)
{
    struct cursors_call *k = (struct cursors_call *)call;
    struct cursors *c = k->c;
    if (err == ERR_OK && k->fenced)
        err = ERR_FENCED;
    for (unsigned i = 0; err == ERR_OK && k->moved_on && i < FAKE_SHARDS; i++) {
        c->seq[i] += c->moved[i];
        c->moved[i] = false;
    }
    if (settle(c))
        c->resumed(c->resumed_arg, err, k->moved_on);
}

/* This journal never comes back shorter. */
void cursors_resume(struct cursors *c, uint64_t shards, uint64_t newest, cursors_resumed_cb cb,
                    void *arg)
{
    struct cursors_call *k = mem_new(sizeof(*k));
    (void)newest;
    k->c = c;
    k->shards = shards;
    c->resumed = cb;
    c->resumed_arg = arg;
    c->out++;
    fake_call(c->store, OP_RESUME, &k->call, work_resume, answer_resume);
}

/* Nothing is ever of the wrong type here, and so nobody asks. */
void cursors_probe(struct store *store, const struct cursors_probe *probe, cursors_probed_cb cb,
                   void *arg)
{
    (void)store;
    (void)probe;
    cb(arg, ERR_OK, 0);
}

/* --- for tests ------------------------------------------------------------------------------- */

struct cursor fake_cursor(const struct store *s, const char *host)
{
    const struct own *own = own_of(s, host);
    unsigned shard = shard_of(span_of(host), FAKE_SHARDS);
    return own ? own->cursor
               : (struct cursor){.low = s->shards[shard].low, .urgent = s->shards[shard].urgent};
}

const char *fake_record(const struct store *s, uint64_t n, const char *host)
{
    for (size_t i = 0; i < s->notes_n; i++)
        if (s->notes[i].from < n && n <= s->notes[i].n && strcmp(s->notes[i].host, host) == 0)
            return s->notes[i].text;
    return NULL;
}

size_t fake_records(const struct store *s)
{
    return s->notes_n;
}

size_t fake_mail(const struct store *s)
{
    return s->mail_n;
}

const struct direct *fake_letter(const struct store *store, size_t i)
{
    return i < store->mail_n ? &store->mail[i].d : NULL;
}

bool fake_is_down(const struct store *s, const char *host)
{
    return down_of(s, host) < s->down_n;
}

int64_t fake_committed_ms(const struct store *s)
{
    return s->committed_ms;
}

unsigned fake_commits(const struct store *s)
{
    return s->commits;
}
