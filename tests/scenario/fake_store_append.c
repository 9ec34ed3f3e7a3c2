/* fake_store_append: what is accepted, and what is taken back, in the journal of the fake store.
 * May not know: which machine asks, or why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/encode.h"
#include "tests/scenario/fake_store_inner.h"

enum { TEXTS = 13 };

struct append_call {
    struct call call;
    struct journal_append a;
    char version[FREEZES_VERSION_SIZE]; /* of the freezes that were decided by */
    uint8_t hashes[4][32];
    bool has[4];
    struct bytes texts[TEXTS];
    journal_appended_cb cb;
    void *arg;
    struct journal_appended answer;
    struct bytes record;
    uint64_t actor;
    char authors[AUTHORS_ASKED_MAX][ACTIVITY_ID_MAX + 1];
    struct freezes freezes;
};

struct object *fake_object(struct store *s, const uint8_t *hash)
{
    for (size_t i = 0; hash && i < s->objects_n; i++)
        if (memcmp(s->objects[i].hash, hash, 16) == 0)
            return &s->objects[i];
    return NULL;
}

static enum journal_result repeated(const struct store *s, const struct append_call *c)
{
    for (size_t i = 0; i < s->seen_n; i++)
        if (memcmp(s->seen[i].id, c->hashes[0], 32) == 0)
            return memcmp(s->seen[i].what, c->hashes[1], 4) == 0 ? JOURNAL_DUPLICATE
                                                                 : JOURNAL_REUSED;
    return JOURNAL_APPENDED;
}

static void wake_line(struct store *s, struct span host)
{
    for (size_t i = 0; i < s->down_n; i++)
        if (span_eq_str(host, s->down[i])) {
            memmove(s->down[i], s->down[--s->down_n], MEMBER_HOST_SIZE);
            fake_line_add(s, LANE_NORMAL, JOURNAL_WAKE)->host = mem_copy(host);
            return;
        }
}

/* What the new line does away with of its object's entries. */
static void put_marks(struct store *s, const struct entry *later)
{
    struct entry_mark mark = entry_mark_by(later);
    for (size_t i = 0; i < later->of_n; i++) {
        struct fake_line *line = fake_line_of(s, later->of[i]);
        if (!line)
            continue;
        entry_mark_add(line->line.entry, &mark);
        if (mark.recalled) {
            free(line->body);
            line->body = NULL;
        }
    }
}

/* The earlier entries of the object that this one takes back, or replaces. */
static size_t earlier(const struct store *s, const struct object *object, const struct entry *e,
                      uint64_t of[ENTRY_OF_MAX])
{
    size_t n = 0;
    for (size_t i = 0; object && i < object->entries_n; i++) {
        const struct fake_line *line = fake_line_of(s, object->entries[i]);
        bool update = line && line->line.entry->facts.type == ACTIVITY_UPDATE &&
                      e->facts.type == ACTIVITY_UPDATE &&
                      line->line.entry->facts.has_proof == e->facts.has_proof;
        if (e->lane == LANE_URGENT || update)
            of[n++] = object->entries[i];
    }
    return n;
}

/* One more line, with what it does away with. */
static struct fake_line *entry_add(struct store *s, const struct object *object,
                                   const struct entry *from, struct span body)
{
    uint64_t of[ENTRY_OF_MAX];
    struct fake_line *line = fake_line_add(s, from->lane, JOURNAL_ENTRY);
    struct entry e = *from;
    e.n = line->line.n;
    e.of = of;
    e.of_n = earlier(s, object, &e, of);
    e.body_len = body.n;
    e.facts.nameless = !e.announce[0];
    fake_line_take(line, &e, body);
    put_marks(s, line->line.entry);
    return line;
}

struct fake_line *fake_take_back(struct store *s, struct object *object, const struct entry *from,
                                 struct span body)
{
    struct entry e = *from;
    e.lane = LANE_URGENT;
    if (object) {
        span_copy(span_of(object->announce), e.announce, sizeof(e.announce));
        e.facts.announced = object->announced;
        e.audience = object->audience[0] ? span_of(object->audience) : e.audience;
    }
    struct fake_line *line = entry_add(s, object, &e, body);
    if (object) {
        object->live = false;
        object->entries_n = 0;
        span_copy(e.audience, object->audience, sizeof(object->audience));
    }
    return line;
}

static struct object *object_new(struct store *s, const uint8_t *hash)
{
    struct object *object = &s->objects[s->objects_n++];
    memcpy(object->hash, hash, sizeof(object->hash));
    return object;
}

static struct fake_line *go_on(struct store *s, const uint8_t *hash, const struct entry *e,
                               struct span body)
{
    struct object *object = fake_object(s, hash);
    if (!object && hash)
        object = object_new(s, hash);
    struct fake_line *line = entry_add(s, object, e, body);
    if (!object)
        return line;
    object->live = true;
    object->recalled = false;
    span_copy(e->origin, object->owner, sizeof(object->owner));
    if (object->entries_n < ENTRY_OF_MAX)
        object->entries[object->entries_n++] = line->line.n;
    span_copy(e->audience, object->audience, sizeof(object->audience));
    memcpy(object->announce, e->announce, sizeof(e->announce));
    object->announced = !e->announce[0]      ? ANNOUNCED_NO
                        : e->facts.has_proof ? ANNOUNCED_LITEPUB
                                             : ANNOUNCED_ALL;
    return line;
}

uint64_t fake_enter(struct store *s, const uint8_t *object, const struct entry *entry,
                    struct span body)
{
    uint64_t n = go_on(s, object, entry, body)->line.n;
    fake_tails_wake(s);
    return n;
}

/* The entry that it is or would be. */
static struct entry entry_of(const struct append_call *c, struct span audience)
{
    const struct journal_append *a = &c->a;
    struct entry e = {.at_ms = a->now_ms,
                      .facts = a->facts,
                      .audience = audience,
                      .origin = a->from,
                      .zone = a->zone,
                      .object_host = a->object_host,
                      .id = a->id,
                      .object = a->object,
                      .actor = c->actor};
    struct bytes hex;
    bytes_init(&hex, 64);
    if (c->has[3] && a->kind != JOURNAL_DELETE)
        hex_write(&hex, (struct span){(const char *)c->hashes[0], 16});
    span_copy(bytes_span(&hex), e.announce, sizeof(e.announce));
    bytes_fini(&hex);
    return e;
}

static void write_entry(struct append_call *c, struct object *object, struct span audience)
{
    struct store *s = c->call.store;
    const uint8_t *hash = c->has[2] ? c->hashes[2] : NULL;
    struct entry e = entry_of(c, audience);
    wake_line(s, c->a.from);
    if (c->a.kind != JOURNAL_DELETE) {
        c->answer.n = go_on(s, hash, &e, c->a.body)->line.n;
    } else {
        object = !object && hash ? object_new(s, hash) : object;
        c->answer.n = fake_take_back(s, object, &e, c->a.body)->line.n;
    }
    if (object)
        object->recalled = false;
    fake_tails_wake(s);
}

/* Whether its authors say something else by now; what they say is in the answer then. */
static bool words_differ(struct append_call *c)
{
    bool differ = false;
    for (size_t i = 0; i < c->a.authors_n; i++) {
        c->answer.authors[i] = fake_author_says(c->call.store, span_of(c->authors[i]));
        differ = differ || c->answer.authors[i] != c->a.authors[i].says;
    }
    return differ;
}

/* What of it waits for a person; true: then it goes where its object went, and nowhere else. */
static bool hold(struct append_call *c)
{
    struct store *s = c->call.store;
    const uint8_t *hash = c->has[2] ? c->hashes[2] : NULL;
    struct entry e = entry_of(c, SPAN_NONE);
    c->answer.held = c->a.kind == JOURNAL_UPDATE ? fake_hold_join(s, &c->a, hash, &e) : 0;
    if (c->answer.held)
        return true;
    if (c->a.hold.zones.n)
        c->answer.held = fake_hold_open(s, &c->a, hash, &e);
    return false;
}

static void work_append(struct call *call)
{
    struct append_call *c = (struct append_call *)call;
    struct store *s = call->store;
    char host[MEMBER_HOST_SIZE];
    span_copy(c->a.from, host, sizeof(host));
    const struct member *m = fake_member(s, host);
    bool same = (m ? m->ver : 0) == c->a.ver && strcmp(s->freezes.version, c->version) == 0;
    bool heard = !words_differ(c) || fake_lies(LIE_APPEND_DEAF);
    if ((!same || !heard) && !fake_lies(LIE_APPEND_IGNORES)) {
        c->answer.result = JOURNAL_AGAIN;
        c->freezes = s->freezes;
        if (m)
            member_write(m, &c->record);
        return;
    }
    struct object *object = fake_object(s, c->has[2] ? c->hashes[2] : NULL);
    struct span audience = c->a.audience;
    bool waited = false; /* what it takes back */
    if (c->a.kind == JOURNAL_DELETE) {
        c->answer.result = JOURNAL_DUPLICATE;
        waited = fake_hold_delete(s, &c->a, c->has[2] ? c->hashes[2] : NULL);
        if (object && !object->live && !object->recalled)
            return;
        audience = object ? span_of(object->audience) : waited ? SPAN("") : c->a.zone;
    } else {
        c->answer.result = object && object->recalled ? JOURNAL_STALE : repeated(s, c);
        if (c->answer.result != JOURNAL_APPENDED)
            return;
        if (hold(c))
            audience = object && object->live ? span_of(object->audience) : SPAN("");
    }
    c->answer.result = c->answer.held ? JOURNAL_HELD : JOURNAL_NOBODY;
    if (!audience.n && !waited && !c->answer.held)
        return;
    if (c->a.kind != JOURNAL_DELETE && !fake_lies(LIE_APPEND_NEVER)) {
        struct seen *seen = &s->seen[s->seen_n++];
        memcpy(seen->id, c->hashes[0], 32);
        memcpy(seen->what, c->hashes[1], 32);
    }
    if (!audience.n && !waited)
        return;
    c->answer.result = JOURNAL_APPENDED;
    if (!fake_lies(LIE_APPEND_NEVER))
        write_entry(c, object, audience);
}

static void answer_append(struct call *call, enum err err)
{
    struct append_call *c = (struct append_call *)call;
    c->answer.err = err;
    if (c->answer.result == JOURNAL_AGAIN) {
        c->answer.member = bytes_span(&c->record);
        c->answer.freezes = &c->freezes;
    }
    c->cb(c->arg, &c->answer);
    for (size_t i = 0; i < TEXTS; i++)
        bytes_fini(&c->texts[i]);
    bytes_fini(&c->record);
}

static void keep_hash(struct append_call *c, size_t i, const uint8_t *hash)
{
    c->has[i] = hash != NULL;
    if (hash)
        memcpy(c->hashes[i], hash, 32);
}

static void keep_text(struct append_call *c, size_t i, struct span *text)
{
    bytes_init(&c->texts[i], 1 << 20);
    bytes_add(&c->texts[i], *text);
    *text = bytes_span(&c->texts[i]);
}

void journal_append(struct store *store, const struct journal_append *append,
                    journal_appended_cb cb, void *arg)
{
    struct append_call *c = mem_new(sizeof(*c));
    c->a = *append;
    c->cb = cb;
    c->arg = arg;
    span_copy(span_of(append->freezes), c->version, sizeof(c->version));
    c->actor = fake_author_number(append->actor_hash);
    for (size_t i = 0; i < append->authors_n; i++)
        span_copy(append->authors[i].actor, c->authors[i], sizeof(c->authors[i]));
    keep_hash(c, 0, append->id_hash);
    keep_hash(c, 1, append->what_hash);
    keep_hash(c, 2, append->object_hash);
    keep_hash(c, 3, append->again_hash);
    struct span *texts[TEXTS] = {
        &c->a.from,        &c->a.audience,  &c->a.zone,        &c->a.id,       &c->a.body,
        &c->a.object_host, &c->a.object,    &c->a.hold.zones,  &c->a.hold.why, &c->a.hold.known,
        &c->a.hold.actor,  &c->a.hold.type, &c->a.hold.fetched};
    for (size_t i = 0; i < TEXTS; i++)
        keep_text(c, i, texts[i]);
    bytes_init(&c->record, MEMBER_TEXT_MAX);
    fake_call(store, OP_APPEND, &c->call, work_append, answer_append);
}
