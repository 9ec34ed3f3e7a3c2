/* fake_store_members: the registry of the fake store, and the direct mail that its changes write.
 * May not know: which machine asks, or why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "tests/scenario/fake_store_inner.h"

/* Its place, or the next free one. */
static size_t place_of(const struct store *s, struct span host)
{
    size_t i = 0;
    while (i < s->members_n && !span_eq_str(host, s->members[i]->host))
        i++;
    return i;
}

const struct member *fake_member(const struct store *s, const char *host)
{
    size_t i = place_of(s, span_of(host));
    return i < s->members_n ? s->members[i] : NULL;
}

void fake_forget_members(struct store *s)
{
    while (s->members_n)
        free(s->members[--s->members_n]);
}

struct member_call {
    struct call call;
    char host[MEMBER_HOST_SIZE];
    uint64_t shards;
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
        c->found = *call->store->members[i];
        if (c->shards >> shard_of(span_of(c->found.host), FAKE_SHARDS) & 1)
            c->cb(c->arg, ERR_OK, &c->found);
    }
    c->cb(c->arg, err, NULL);
}

void members_each(struct store *store, uint64_t shards, member_cb each, void *arg)
{
    struct member_call *c = mem_new(sizeof(*c));
    c->shards = shards;
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
        c->found += call->store->members[i]->ver;
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
    if (fake_lies(LIE_MAIL_LOST))
        return;
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
    struct member *m = s->members[place];
    if ((known ? m->ver : 0) != c->ver) {
        c->again = true;
        if (known)
            member_write(m, &c->record);
        return;
    }
    if (!known)
        m = s->members[s->members_n++] = mem_new(sizeof(*m));
    struct fake_line *line = fake_line_add(s, LANE_NORMAL, JOURNAL_CONTROL);
    numbered(&c->after, line->line.n);
    if (fake_lies(LIE_EVER_MEMBER) && c->after.spans_n)
        c->after.spans[0].from = c->after.inboxes[0].from = 0;
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
        fake_mail_fini(&c->letters[i]);
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

struct look_call {
    struct call call;
    char host[MEMBER_HOST_SIZE];
    struct members_look look;
    members_look_cb cb;
    void *arg;
    bool none;
    int64_t later_ms;
};

static void work_look(struct call *call)
{
    struct look_call *c = (struct look_call *)call;
    struct store *s = call->store;
    size_t i = place_of(s, span_of(c->host));
    c->none = i == s->members_n;
    if (c->none)
        return;
    if (c->look.now_ms && s->looks[i].since_ms == c->look.since_ms &&
        c->look.now_ms < s->looks[i].at_ms) {
        c->later_ms = s->looks[i].at_ms;
        return;
    }
    s->looks[i].at_ms = c->look.next_ms;
    s->looks[i].since_ms = c->look.since_ms;
}

static void answer_look(struct call *call, enum err err)
{
    struct look_call *c = (struct look_call *)call;
    c->cb(c->arg, err == ERR_OK && c->none ? ERR_NOT_MEMBER : err, c->later_ms);
}

void members_look(struct store *store, const struct members_look *look, members_look_cb cb,
                  void *arg)
{
    struct look_call *c = mem_new(sizeof(*c));
    span_copy(look->host, c->host, sizeof(c->host));
    c->look = *look;
    c->look.host = span_of(c->host);
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_LOOK, &c->call, work_look, answer_look);
}

struct placed_call {
    struct call call;
    struct placed found;
    struct placed *placed;
    members_placed_cb cb;
    void *arg;
};

static void work_placed(struct call *call)
{
    struct placed_call *c = (struct placed_call *)call;
    for (size_t i = 0; i < c->found.n; i++) {
        const struct member *m = fake_member(call->store, c->found.list[i].host);
        bool put = m && m->placed && m->state != MEMBER_LEFT;
        span_copy(put ? span_of(m->zone) : SPAN(""), c->found.list[i].zone,
                  sizeof(c->found.list[i].zone));
    }
}

static void answer_placed(struct call *call, enum err err)
{
    struct placed_call *c = (struct placed_call *)call;
    if (err == ERR_OK)
        *c->placed = c->found;
    c->cb(c->arg, err);
}

void members_placed(struct store *store, struct placed *placed, members_placed_cb cb, void *arg)
{
    struct placed_call *c = mem_new(sizeof(*c));
    c->found = *placed;
    c->placed = placed;
    c->cb = cb;
    c->arg = arg;
    fake_call(store, OP_PLACED, &c->call, work_placed, answer_placed);
}
