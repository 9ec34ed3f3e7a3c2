/* fake_store: calls and their faults; members, cursors, keys of others.
 * May not know: which machine asks, or why. */
#include "tests/scenario/fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "tests/scenario/fake_store_inner.h"

static struct {
    enum fake_fault fault;
    unsigned first, times, called;
} faults[OP_COUNT];
static enum fake_lie lies;

void fake_fault(enum fake_op op, enum fake_fault fault, unsigned first, unsigned times)
{
    faults[op].fault = fault;
    faults[op].first = first;
    faults[op].times = times;
}

unsigned fake_called(enum fake_op op)
{
    return faults[op].called;
}

void fake_lie(enum fake_lie lie)
{
    lies = lie;
}

bool fake_lies(enum fake_lie lie)
{
    return lies == lie;
}

/* --- calls ----------------------------------------------------------------------------------- */

static void on_answer(void *arg)
{
    struct call *call = arg;
    enum err err = call->worked && call->fault == FAULT_NONE ? ERR_OK : ERR_REDIS;
    if (call->fault == FAULT_REFUSED)
        err = ERR_REDIS_REPLY;
    call->answer(call, err);
    free(call);
}

static void on_work(void *arg)
{
    struct call *call = arg;
    bool arrives = call->fault == FAULT_NONE || call->fault == FAULT_UNANSWERED;
    if (arrives && call->store->up && call->epoch == call->store->epoch) {
        call->work(call);
        call->worked = true;
    }
    bool late = call->fault == FAULT_LOST || call->fault == FAULT_UNANSWERED;
    fake_at(fake_now() + (late ? FAKE_COMMAND_MS : 1), on_answer, call);
}

void fake_call(struct store *store, enum fake_op op, struct call *call, void (*work)(struct call *),
               void (*answer)(struct call *, enum err))
{
    call->store = store;
    call->op = op;
    call->epoch = store->epoch;
    call->work = work;
    call->answer = answer;
    faults[op].called++;
    if (faults[op].first) {
        faults[op].first--;
    } else if (faults[op].times) {
        faults[op].times--;
        call->fault = faults[op].fault;
    }
    fake_at(fake_now() + 1, on_work, call);
}

/* --- life ------------------------------------------------------------------------------------ */

struct store *fake_store_new(void)
{
    struct store *s = mem_new(sizeof(*s));
    memset(faults, 0, sizeof(faults));
    lies = LIE_NONE;
    s->own = mem_new(FAKE_LISTED * sizeof(*s->own));
    s->mail = mem_new(FAKE_LISTED * sizeof(*s->mail));
    s->objects = mem_new(FAKE_LISTED * sizeof(*s->objects));
    s->seen = mem_new(FAKE_LISTED * sizeof(*s->seen));
    s->keys = mem_new(FAKE_LISTED * sizeof(*s->keys));
    s->notes = mem_new(FAKE_LISTED * sizeof(*s->notes));
    s->down = mem_new(FAKE_LISTED * sizeof(*s->down));
    s->epoch = 1;
    s->up = true;
    return s;
}

static void key_fini(struct key_kept *key)
{
    free(key->owner);
    free(key->inbox);
    free(key->followers);
    free(key->pem);
}

static void mail_fini(struct mail *mail)
{
    for (size_t i = 0; i < 4; i++)
        free(mail->texts[i]);
}

void fake_forget_keys(struct store *s)
{
    for (size_t i = 0; i < s->keys_n; i++)
        key_fini(&s->keys[i]);
    s->keys_n = 0;
}

void fake_store_free(struct store **store)
{
    struct store *s = *store;
    *store = NULL;
    if (!s)
        return;
    for (size_t i = 0; i < s->lines_n; i++)
        fake_line_fini(&s->lines[i]);
    for (size_t i = 0; i < s->mail_n; i++)
        mail_fini(&s->mail[i]);
    fake_forget_keys(s);
    free(s->lines);
    free(s->own);
    free(s->mail);
    free(s->objects);
    free(s->seen);
    free(s->keys);
    free(s->notes);
    free(s->down);
    free(s);
}

void fake_store_on_ready(struct store *s, void (*cb)(void *arg, bool ready), void *arg)
{
    s->on_ready = cb;
    s->on_ready_arg = arg;
}

void fake_store_up(struct store *s, bool up, bool new_process)
{
    s->up = up;
    s->epoch += new_process;
    if (!up)
        fake_tails_lost(s);
    if (s->on_ready)
        s->on_ready(s->on_ready_arg, up);
}

bool store_ready(const struct store *store)
{
    return store->up;
}

uint64_t store_epoch(const struct store *store)
{
    return store->epoch;
}

unsigned store_shards(const struct store *store)
{
    (void)store;
    return FAKE_SHARDS;
}

uint64_t redis_commands_sent(void)
{
    return 0;
}

/* --- members --------------------------------------------------------------------------------- */

/* Its place, or the next free one. */
static size_t place_of(const struct store *s, struct span host)
{
    size_t i = 0;
    while (i < s->members_n && !span_eq_str(host, s->members[i].host))
        i++;
    return i;
}

const struct member *fake_member(const struct store *s, const char *host)
{
    size_t i = place_of(s, span_of(host));
    return i < s->members_n ? &s->members[i] : NULL;
}

struct member_call {
    struct call call;
    char host[MEMBER_HOST_SIZE];
    member_cb cb;
    void *arg;
    bool there;
    struct member found;
};

static void work_member(struct call *call)
{
    struct member_call *c = (struct member_call *)call;
    const struct member *m = fake_member(call->store, c->host);
    c->there = m != NULL;
    if (m)
        c->found = *m;
}

static void answer_member(struct call *call, enum err err)
{
    struct member_call *c = (struct member_call *)call;
    c->cb(c->arg, err, err == ERR_OK && c->there ? &c->found : NULL);
}

void members_get(struct store *store, struct span host, member_cb cb, void *arg)
{
    struct member_call *c = mem_new(sizeof(*c));
    span_copy(host, c->host, sizeof(c->host));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_MEMBER, &c->call, work_member, answer_member);
}

static void work_members(struct call *call)
{
    (void)call;
}

static void answer_members(struct call *call, enum err err)
{
    struct member_call *c = (struct member_call *)call;
    for (size_t i = 0; err == ERR_OK && i < call->store->members_n; i++) {
        c->found = call->store->members[i];
        c->cb(c->arg, ERR_OK, &c->found);
    }
    c->cb(c->arg, err, NULL);
}

void members_each(struct store *store, member_cb each, void *arg)
{
    struct member_call *c = mem_new(sizeof(*c));
    c->cb = each;
    c->arg = arg;
    fake_call(store, OP_MEMBERS, &c->call, work_members, answer_members);
}

struct changes_call {
    struct call call;
    members_changes_cb cb;
    void *arg;
    uint64_t found;
};

static void work_changes(struct call *call)
{
    struct changes_call *c = (struct changes_call *)call;
    for (size_t i = 0; i < call->store->members_n; i++)
        c->found += call->store->members[i].ver;
}

static void answer_changes(struct call *call, enum err err)
{
    struct changes_call *c = (struct changes_call *)call;
    c->cb(c->arg, err, c->found);
}

void members_changes(struct store *store, members_changes_cb cb, void *arg)
{
    struct changes_call *c = mem_new(sizeof(*c));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_CHANGES, &c->call, work_changes, answer_changes);
}

struct change_call {
    struct call call;
    struct member after;
    uint64_t ver;
    enum member_event event;
    bool cuts;
    struct mail letters[FAKE_LETTERS]; /* their inbox, kind and body */
    size_t letters_n;
    members_changed_cb cb;
    void *arg;
    bool again;
    struct bytes record;
    uint64_t n;
};

static void numbered(struct member *m, uint64_t n)
{
    for (size_t i = 0; i < m->spans_n; i++) {
        if (m->spans[i].from == MEMBER_HERE)
            m->spans[i].from = n;
        if (m->spans[i].to == MEMBER_HERE)
            m->spans[i].to = n;
    }
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++)
        if (m->inboxes[i].from == MEMBER_HERE)
            m->inboxes[i].from = n;
}

/* Takes the letter's texts. */
static void post_mail(struct store *s, const struct change_call *c, struct mail *letter)
{
    struct mail *mail = &s->mail[s->mail_n++];
    *mail = *letter;
    *letter = (struct mail){.texts = {NULL}};
    mail->d = (struct direct){.n = ++s->n, .at_ms = clock_wall_ms()};
    snprintf(mail->d.id, sizeof(mail->d.id), "%llu-%llu", (unsigned long long)s->epoch,
             (unsigned long long)mail->d.n);
    mail->texts[0] = mem_copy(span_of(c->after.host));
    mail->d.host = span_of(mail->texts[0]);
    mail->d.inbox = span_of(mail->texts[1]);
    mail->d.kind = span_of(mail->texts[2]);
    mail->d.body = span_of(mail->texts[3]);
}

static void work_change(struct call *call)
{
    struct change_call *c = (struct change_call *)call;
    struct store *s = call->store;
    size_t place = place_of(s, span_of(c->after.host));
    bool known = place < s->members_n;
    struct member *m = &s->members[place];
    if ((known ? m->ver : 0) != c->ver) {
        c->again = true;
        if (known)
            member_write(m, &c->record);
        return;
    }
    s->members_n += !known;
    struct fake_line *line = fake_line_add(s, JOURNAL_CONTROL);
    numbered(&c->after, line->line.n);
    if (fake_lies(LIE_EVER_MEMBER) && c->after.spans_n)
        c->after.spans[0].from = 0;
    *m = c->after;
    member_write(m, &c->record);
    line->member = bytes_take(&c->record);
    line->line.member = span_of(line->member);
    line->line.cuts = c->cuts;
    snprintf(line->event, sizeof(line->event), "%s", member_event_name(c->event));
    c->n = line->line.n;
    for (size_t i = 0; i < c->letters_n; i++)
        post_mail(s, c, &c->letters[i]);
    fake_tails_wake(s);
}

static void answer_change(struct call *call, enum err err)
{
    struct change_call *c = (struct change_call *)call;
    struct members_changed answer = {.err = err != ERR_OK ? err
                                            : c->again    ? ERR_AGAIN
                                                          : ERR_OK,
                                     .n = c->n};
    if (c->again && c->record.n)
        answer.member = bytes_span(&c->record);
    c->cb(c->arg, &answer);
    bytes_fini(&c->record);
    for (size_t i = 0; i < c->letters_n; i++)
        mail_fini(&c->letters[i]);
}

void members_change(struct store *store, const struct members_change *change, members_changed_cb cb,
                    void *arg)
{
    struct change_call *c = mem_new(sizeof(*c));
    c->after = *change->after;
    c->ver = change->ver;
    c->event = change->event;
    c->cuts = change->cuts;
    c->cb = cb;
    c->arg = arg;
    bytes_init(&c->record, MEMBER_TEXT_MAX);
    for (; c->letters_n < change->letters_n && c->letters_n < FAKE_LETTERS; c->letters_n++) {
        const struct members_letter *letter = &change->letters[c->letters_n];
        c->letters[c->letters_n] =
            (struct mail){.texts = {NULL, mem_copy(letter->inbox), mem_copy(letter->kind),
                                    mem_copy(letter->body)}};
    }
    fake_call(store, OP_CHANGE, &c->call, work_change, answer_change);
}

/* --- keys of others -------------------------------------------------------------------------- */

struct key_call {
    struct call call;
    char hash[65];
    keycache_cb cb;
    void *arg;
};

static struct key_kept *key_of(struct store *s, const char *hash)
{
    for (size_t i = 0; i < s->keys_n; i++)
        if (strcmp(s->keys[i].hash, hash) == 0)
            return &s->keys[i];
    return NULL;
}

static void answer_key(struct call *call, enum err err)
{
    struct key_call *c = (struct key_call *)call;
    const struct key_kept *k = err == ERR_OK ? key_of(call->store, c->hash) : NULL;
    struct keycache_entry entry;
    if (k)
        entry = (struct keycache_entry){.owner = span_of(k->owner),
                                        .inbox = span_of(k->inbox),
                                        .followers = span_of(k->followers),
                                        .machine = k->machine,
                                        .pem = span_of(k->pem),
                                        .fetched_ms = k->fetched_ms};
    c->cb(c->arg, err, k ? &entry : NULL);
}

void keycache_get(struct store *store, const char *id_hash, keycache_cb cb, void *arg)
{
    struct key_call *c = mem_new(sizeof(*c));
    span_copy(span_of(id_hash), c->hash, sizeof(c->hash));
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_KEY, &c->call, work_members, answer_key);
}

void keycache_put(struct store *store, const char *id_hash, const struct keycache_entry *entry,
                  int64_t ttl_ms)
{
    (void)ttl_ms;
    struct key_kept *k = key_of(store, id_hash);
    if (k)
        key_fini(k);
    else
        k = &store->keys[store->keys_n++];
    span_copy(span_of(id_hash), k->hash, sizeof(k->hash));
    k->owner = mem_copy(entry->owner);
    k->inbox = mem_copy(entry->inbox);
    k->followers = mem_copy(entry->followers);
    k->machine = entry->machine;
    k->pem = mem_copy(entry->pem);
    k->fetched_ms = entry->fetched_ms;
}

/* --- cursors --------------------------------------------------------------------------------- */

struct cursors {
    struct store *store;
    char nonce[33];
    uint64_t seq[FAKE_SHARDS];
    struct schedule *schedule;
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
    bool fenced;
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

static void settle(struct cursors *c, enum err err)
{
    c->out--;
    if (!c->dead)
        c->cb(c->arg, err);
    else if (!c->out)
        free(c);
}

static void work_claim(struct call *call)
{
    struct cursors_call *k = (struct cursors_call *)call;
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        memcpy(call->store->shards[i].nonce, k->c->nonce, sizeof(k->c->nonce));
}

static void load(struct cursors *c)
{
    const struct store *s = c->store;
    for (unsigned i = 0; i < FAKE_SHARDS; i++) {
        c->seq[i] = s->shards[i].seq;
        schedule_load_shard(c->schedule, i, s->shards[i].low);
        for (size_t o = 0; o < s->own_n; o++)
            if (shard_of(span_of(s->own[o].name), FAKE_SHARDS) == i)
                schedule_load_cursor(c->schedule, span_of(s->own[o].name), &s->own[o].cursor);
    }
}

static void answer_claim(struct call *call, enum err err)
{
    struct cursors_call *k = (struct cursors_call *)call;
    if (err == ERR_OK && !k->c->dead)
        load(k->c);
    settle(k->c, err);
}

void cursors_claim(struct cursors *c, struct schedule *schedule, cursors_cb cb, void *arg)
{
    struct cursors_call *k = mem_new(sizeof(*k));
    k->c = c;
    c->schedule = schedule;
    c->cb = cb;
    c->arg = arg;
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

static void note(struct store *s, const struct change *c, uint64_t from, const char *what)
{
    struct note *note = &s->notes[s->notes_n++];
    *note = (struct note){.from = from, .n = c->to};
    span_copy(span_of(c->host), note->host, sizeof(note->host));
    snprintf(note->text, sizeof(note->text), "%s %s", what, err_code(c->why));
}

/* What is tried again has not failed yet. */
static void forget_fails(struct store *s, const struct change *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->notes_n; i++) {
        const struct note *n = &s->notes[i];
        if (n->n != c->to || strcmp(n->host, c->host) != 0 || strncmp(n->text, "fail ", 5) != 0)
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
            mail_fini(&s->mail[i]);
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
    case CHANGE_FAIL: note(s, c, c->to - 1, "fail"); break;
    case CHANGE_SKIP: note(s, c, c->to - 1, "skip"); break;
    case CHANGE_CUT: note(s, c, c->from, "cut"); break;
    case CHANGE_LATE: break;
    case CHANGE_RETRY: forget_fails(s, c); break;
    case CHANGE_DROP: break;
    case CHANGE_DIRECT: settle_mail(s, c->id); break;
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
        if (k->list[i].kind == CHANGE_SHARD && (strcmp(s->shards[shard].nonce, k->c->nonce) != 0 ||
                                                s->shards[shard].seq != k->c->seq[shard]))
            k->fenced = true;
    }
    if (k->fenced || fake_lies(LIE_COMMIT_NEVER))
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
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].kind == CHANGE_SHARD && err == ERR_OK && !fake_lies(LIE_COMMIT_NEVER))
            k->c->seq[k->list[i].shard]++;
        free(k->list[i].host);
        cursor_fini(&k->list[i].cursor);
    }
    free(k->list);
    settle(k->c, err);
}

void cursors_commit(struct cursors *c, const struct delta *delta, int64_t now_ms, cursors_cb cb,
                    void *arg)
{
    struct cursors_call *k = mem_new(sizeof(*k));
    k->c = c;
    k->n = delta->n;
    k->now_ms = now_ms;
    k->list = mem_new(delta->n * sizeof(*k->list));
    for (size_t i = 0; i < delta->n; i++) {
        k->list[i] = delta->list[i];
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

void fake_steal(struct store *s)
{
    for (unsigned i = 0; i < FAKE_SHARDS; i++)
        snprintf(s->shards[i].nonce, sizeof(s->shards[i].nonce), "somebody else");
}

/* --- for tests ------------------------------------------------------------------------------- */

struct cursor fake_cursor(const struct store *s, const char *host)
{
    const struct own *own = own_of(s, host);
    unsigned shard = shard_of(span_of(host), FAKE_SHARDS);
    return own ? own->cursor : (struct cursor){.low = s->shards[shard].low};
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
