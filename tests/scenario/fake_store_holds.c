/* fake_store_holds: what waits for a person in the fake store: opened and joined by what is
 * appended, closed by a Delete, a decision or the calendar. May not know: what a rule is. */
#include "relay/store/holds.h"

#include <stdlib.h>
#include <string.h>

#include "tests/scenario/fake_store_inner.h"

enum { HOLDS_MAX = 256 };

enum text {
    TEXT_FROM,
    TEXT_ZONE,
    TEXT_ID,
    TEXT_ACTOR,
    TEXT_TYPE,
    TEXT_OBJECT,
    TEXT_ZONES,
    TEXT_WHY,
    TEXT_KNOWN,
    TEXT_BODY,
    TEXT_UPDATE,
    TEXT_FETCHED,
    TEXT_BY,
    TEXT_REASON,
    TEXT_SENT,
    TEXT_COUNT
};

struct fake_hold {
    struct hold_item item; /* its texts are in `texts` */
    char *texts[TEXT_COUNT];
    uint8_t object[16];
    bool indexed;
    struct entry first, newest; /* what goes into the journal; without texts */
    char host[MEMBER_HOST_SIZE];
};

static void put(struct fake_hold *hold, enum text which, struct span text)
{
    struct span *const places[] = {&hold->item.from,  &hold->item.zone,   &hold->item.id,
                                   &hold->item.actor, &hold->item.type,   &hold->item.object,
                                   &hold->item.zones, &hold->item.why,    &hold->item.known,
                                   &hold->item.body,  &hold->item.update, &hold->item.fetched,
                                   &hold->item.by,    &hold->item.reason, &hold->item.sent};
    char *copy = mem_copy(text);
    free(hold->texts[which]);
    hold->texts[which] = copy;
    *places[which] = (struct span){copy, text.n};
}

static struct fake_hold *hold_of(struct store *s, uint64_t h)
{
    for (size_t i = 0; i < s->holds_n; i++)
        if (s->holds[i].item.h == h)
            return &s->holds[i];
    return NULL;
}

static void hold_fini(struct fake_hold *hold)
{
    for (int i = 0; i < TEXT_COUNT; i++)
        free(hold->texts[i]);
}

void fake_holds_fini(struct store *s)
{
    for (size_t i = 0; i < s->holds_n; i++)
        hold_fini(&s->holds[i]);
    free(s->holds);
}

static void hold_close(struct store *s, struct fake_hold *hold, enum hold_state state,
                       int64_t now_ms, struct span by, struct span reason)
{
    hold->item.state = state;
    hold->item.closed_ms = now_ms;
    s->holds_closed[state]++;
    put(hold, TEXT_BY, by);
    put(hold, TEXT_REASON, reason);
    put(hold, TEXT_BODY, SPAN_NONE);
    put(hold, TEXT_UPDATE, SPAN_NONE);
    put(hold, TEXT_FETCHED, SPAN_NONE);
}

/* --- by what is appended ---------------------------------------------------------------------- */

uint64_t fake_hold_open(struct store *s, const struct journal_append *a, const uint8_t *object,
                        const struct entry *entry)
{
    if (!s->holds)
        s->holds = mem_new(HOLDS_MAX * sizeof(*s->holds));
    struct fake_hold *hold = &s->holds[s->holds_n++];
    const struct span texts[] = {a->from,       a->zone,   a->id,         a->hold.actor,
                                 a->hold.type,  a->object, a->hold.zones, a->hold.why,
                                 a->hold.known, a->body,   SPAN_NONE,     a->hold.fetched};
    hold->item = (struct hold_item){.h = ++s->n, .at_ms = a->now_ms, .bytes = a->body.n};
    for (int i = 0; i < (int)(sizeof(texts) / sizeof(*texts)); i++)
        put(hold, (enum text)i, texts[i]);
    hold->first = *entry;
    hold->indexed = object != NULL;
    if (object)
        memcpy(hold->object, object, sizeof(hold->object));
    span_copy(a->object_host, hold->host, sizeof(hold->host));
    return hold->item.h;
}

static struct fake_hold *open_of(struct store *s, const uint8_t *object)
{
    for (size_t i = 0; object && i < s->holds_n; i++)
        if (s->holds[i].indexed && s->holds[i].item.state == HOLD_OPEN &&
            memcmp(s->holds[i].object, object, sizeof(s->holds[i].object)) == 0)
            return &s->holds[i];
    return NULL;
}

uint64_t fake_hold_join(struct store *s, const struct journal_append *a, const uint8_t *object,
                        const struct entry *entry)
{
    struct fake_hold *hold = open_of(s, object);
    if (!hold)
        return 0;
    hold->newest = *entry;
    hold->item.revision++;
    hold->item.updated_ms = a->now_ms;
    put(hold, TEXT_UPDATE, a->body);
    return hold->item.h;
}

bool fake_hold_delete(struct store *s, const struct journal_append *a, const uint8_t *object)
{
    struct fake_hold *hold = open_of(s, object);
    if (hold)
        hold_close(s, hold, HOLD_DELETED, a->now_ms, SPAN_NONE, SPAN_NONE);
    return hold != NULL;
}

/* --- asked for -------------------------------------------------------------------------------- */

struct holds_call {
    struct call call;
    uint64_t h, after;
    bool closed;
    size_t most;
    struct holds_settle settle;
    struct bytes texts[5];
    char freezes[64];
    struct holds_sweep sweep;
    uint64_t expired[HOLDS_SWEEP_MAX];
    struct holds_swept swept;
    struct holds_settled settled;
    holds_item_cb item_cb;
    holds_page_cb page_cb;
    holds_settled_cb settled_cb;
    holds_swept_cb swept_cb;
    void *arg;
};

static void work_nothing(struct call *call)
{
    (void)call;
}

static void answer_item(struct call *call, enum err err)
{
    struct holds_call *c = (struct holds_call *)call;
    const struct fake_hold *hold = err == ERR_OK ? hold_of(call->store, c->h) : NULL;
    c->item_cb(c->arg, err, hold ? &hold->item : NULL);
}

void holds_read(struct store *store, uint64_t h, holds_item_cb cb, void *arg)
{
    struct holds_call *c = mem_new(sizeof(*c));
    c->h = h;
    c->item_cb = cb;
    c->arg = arg;
    fake_call(store, OP_HOLDS, &c->call, work_nothing, answer_item);
}

static void answer_page(struct call *call, enum err err)
{
    struct holds_call *c = (struct holds_call *)call;
    struct store *s = call->store;
    struct hold_item items[HOLDS_MAX];
    struct holds_page page = {.err = err, .items = items};
    for (size_t i = 0; err == ERR_OK && i < s->holds_n; i++) {
        const struct hold_item *item = &s->holds[i].item;
        page.open += item->state == HOLD_OPEN;
        if ((item->state == HOLD_OPEN) == c->closed || item->h <= c->after)
            continue;
        if (page.items_n && page.items_n == c->most) {
            page.next = items[page.items_n - 1].h;
            break;
        }
        items[page.items_n] = *item;
        items[page.items_n].body = items[page.items_n].update = SPAN_NONE;
        page.items_n++;
    }
    c->page_cb(c->arg, &page);
}

void holds_page(struct store *store, bool closed, uint64_t after, size_t most, holds_page_cb cb,
                void *arg)
{
    struct holds_call *c = mem_new(sizeof(*c));
    c->closed = closed;
    c->after = after;
    c->most = most;
    c->page_cb = cb;
    c->arg = arg;
    fake_call(store, OP_HOLDS, &c->call, work_nothing, answer_page);
}

/* --- decided ---------------------------------------------------------------------------------- */

static enum holds_result refused(struct store *s, const struct holds_call *c,
                                 const struct fake_hold *hold)
{
    char host[MEMBER_HOST_SIZE];
    if (!hold)
        return HOLDS_NONE;
    if (hold->item.state != HOLD_OPEN)
        return HOLDS_CLOSED;
    if (hold->item.revision != c->settle.revision)
        return HOLDS_CHANGED;
    span_copy(hold->item.from, host, sizeof(host));
    const struct member *m = fake_member(s, host);
    bool same = (m ? m->ver : 0) == c->settle.ver && strcmp(s->freezes.version, c->freezes) == 0;
    return c->settle.sent.n && !same ? HOLDS_AGAIN : HOLDS_SETTLED;
}

static uint64_t release(struct store *s, const struct fake_hold *hold, struct span zones,
                        bool newest)
{
    struct entry e = newest ? hold->newest : hold->first;
    e.audience = zones;
    e.origin = hold->item.from;
    e.zone = hold->item.zone;
    e.object_host = span_of(hold->host);
    e.id = hold->item.id;
    e.object = hold->item.object;
    return fake_enter(s, hold->indexed ? hold->object : NULL, &e,
                      newest ? hold->item.update : hold->item.body);
}

static void work_settle(struct call *call)
{
    struct holds_call *c = (struct holds_call *)call;
    struct store *s = call->store;
    struct fake_hold *hold = hold_of(s, c->settle.h);
    struct bytes zones;
    c->settled.result = refused(s, c, hold);
    c->settled.state = hold ? hold->item.state : HOLD_OPEN;
    if (c->settled.result != HOLDS_SETTLED)
        return;
    if (c->settle.sent.n) {
        c->settled.n = release(s, hold, c->settle.sent, false);
        if (hold->item.update.n)
            c->settled.n = release(s, hold, c->settle.sent, true);
        put(hold, TEXT_SENT, c->settle.sent);
        hold->item.n = c->settled.n;
    }
    bytes_init(&zones, 65536);
    hold_zones_write(c->settle.kept, &zones);
    if (zones.n) {
        put(hold, TEXT_ZONES, bytes_span(&zones));
        put(hold, TEXT_WHY, c->settle.kept);
    } else {
        hold_close(s, hold, c->settle.then, c->settle.now_ms, c->settle.by, c->settle.reason);
    }
    bytes_fini(&zones);
    s->audit_n += c->settle.note.n > 0;
    c->settled.state = hold->item.state;
}

static void answer_settle(struct call *call, enum err err)
{
    struct holds_call *c = (struct holds_call *)call;
    c->settled.err = err;
    c->settled_cb(c->arg, &c->settled);
    for (size_t i = 0; i < 5; i++)
        bytes_fini(&c->texts[i]);
}

void holds_settle(struct store *store, const struct holds_settle *settle, holds_settled_cb cb,
                  void *arg)
{
    struct holds_call *c = mem_new(sizeof(*c));
    c->settle = *settle;
    c->settled_cb = cb;
    c->arg = arg;
    struct span *const texts[] = {&c->settle.sent, &c->settle.kept, &c->settle.by,
                                  &c->settle.reason, &c->settle.note};
    for (size_t i = 0; i < 5; i++) {
        bytes_init(&c->texts[i], 1 << 20);
        bytes_add(&c->texts[i], *texts[i]);
        *texts[i] = bytes_span(&c->texts[i]);
    }
    span_copy(span_of(settle->freezes), c->freezes, sizeof(c->freezes));
    fake_call(store, OP_HOLDS, &c->call, work_settle, answer_settle);
}

/* --- forgotten -------------------------------------------------------------------------------- */

static void work_sweep(struct call *call)
{
    struct holds_call *c = (struct holds_call *)call;
    struct store *s = call->store;
    size_t left = 0;
    for (size_t i = 0; i < s->holds_n; i++) {
        struct fake_hold *hold = &s->holds[i];
        if (hold->item.state == HOLD_OPEN && hold->item.at_ms < c->sweep.before_ms) {
            hold_close(s, hold, HOLD_EXPIRED, c->sweep.now_ms, SPAN_NONE, SPAN_NONE);
            c->expired[c->swept.expired_n++] = hold->item.h;
        }
        if (hold->item.state != HOLD_OPEN && hold->item.closed_ms < c->sweep.forget_ms) {
            hold_fini(hold);
            c->swept.forgotten++;
            continue;
        }
        c->swept.open += hold->item.state == HOLD_OPEN;
        s->holds[left++] = *hold;
    }
    if (s->holds)
        memset(&s->holds[left], 0, (s->holds_n - left) * sizeof(*s->holds));
    s->holds_n = left;
    memcpy(c->swept.closed, s->holds_closed, sizeof(s->holds_closed));
}

static void answer_sweep(struct call *call, enum err err)
{
    struct holds_call *c = (struct holds_call *)call;
    c->swept.err = err;
    c->swept.expired = c->expired;
    c->swept_cb(c->arg, &c->swept);
}

void holds_sweep(struct store *store, const struct holds_sweep *sweep, holds_swept_cb cb, void *arg)
{
    struct holds_call *c = mem_new(sizeof(*c));
    c->sweep = *sweep;
    c->swept_cb = cb;
    c->arg = arg;
    fake_call(store, OP_SWEEP, &c->call, work_sweep, answer_sweep);
}
