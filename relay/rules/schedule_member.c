/* schedule_member: who is a member, in which inboxes, and what becomes of what it was owed when
 * that changes.
 *
 * What was loaded may be newer than what is told: it is the registry of now, and the journal is
 * read from where the cursors stand. A change that is told is carried out by its own words, and the
 * record of the newest stays in force. Until the newest change of its inboxes was told, a host's
 * entries wait: who had them before is known only from there.
 *
 * May not know: how a membership comes about. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

void dest_heard(struct dest *d, uint64_t n)
{
    if (n > d->heard)
        d->heard = n;
    if (d->heard > d->cursor.shut)
        d->cursor.shut = 0;
}

static void take_slots(struct dest *d, const struct member *m)
{
    for (size_t i = 0; i < d->slots_n; i++)
        free(d->slots[i].url);
    d->slots_n = 0;
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++)
        if (m->inboxes[i].from || m->inboxes[i].url[0])
            d->slots_n = i + 1;
    if (m->farewell.url[0] && d->slots_n <= m->farewell_slot)
        d->slots_n = m->farewell_slot + 1;
    d->slots = mem_grow(d->slots, d->slots_n * sizeof(*d->slots));
    for (size_t i = 0; i < d->slots_n; i++) {
        bool farewell = m->farewell.url[0] && i == m->farewell_slot;
        const struct member_inbox *inbox = farewell ? &m->farewell : &m->inboxes[i];
        d->slots[i] = (struct slot){inbox->url[0] ? mem_copy(span_of(inbox->url)) : NULL,
                                    inbox->from, inbox->style};
    }
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++) {
        if (m->inboxes[i].from > d->until)
            d->until = m->inboxes[i].from;
        dest_heard(d, m->inboxes[i].from);
    }
}

/* It was a member, and is none; or is one (again). */
static void take_gone(struct schedule *s, struct dest *d, bool gone)
{
    struct shard *shard = &s->shards[d->shard];
    if (gone && !d->gone)
        DL_APPEND2(shard->gone, d, gone_prev, gone_next);
    else if (d->gone && !gone)
        DL_DELETE2(shard->gone, d, gone_prev, gone_next);
    d->gone = gone;
}

void dest_take_member(struct schedule *s, struct dest *d, const struct member *m)
{
    d->ver = m->ver;
    d->known = true;
    d->subscribed = m->state == MEMBER_ACTIVE;
    take_gone(s, d, m->state != MEMBER_ACTIVE && m->state != MEMBER_SUSPENDED);
    d->alone = m->followers_n == 1;
    d->left_ms = m->state == MEMBER_LEFT && m->farewell.url[0] ? m->since_ms : 0;
    memcpy(d->zone, m->zone, sizeof(d->zone));
    d->receives = member_receives(m)[0] != '\0';
    take_slots(d, m);
    d->spans = mem_grow(d->spans, m->spans_n * sizeof(*d->spans));
    memcpy(d->spans, m->spans, m->spans_n * sizeof(*d->spans));
    d->spans_n = m->spans_n;
    early_set(s, d);
}

/* --- loading --------------------------------------------------------------------------------- */

void schedule_load_member(struct schedule *s, const struct member *member)
{
    if (member->state != MEMBER_ACTIVE && member->state != MEMBER_SUSPENDED && !member->spans_n)
        return; /* nothing was ever owed to it */
    if (!host_owned(s, span_of(member->host)))
        return;
    struct dest *d = dest_find(s, span_of(member->host));
    if (!d)
        d = dest_new(s, span_of(member->host));
    dest_take_member(s, d, member);
    dest_settle(s, d);
}

/* What is set aside can be read as far as the journal was told. And of lane U something was on its
 * way, or arrived: what that takes back bears no mark before it was told, and must not follow it.
 */
static void wait_for_told(struct dest *d, const struct cursor *cursor)
{
    const uint64_t known[] = {cursor->urgent > cursor->low ? cursor->urgent : 0, cursor->head.n,
                              cursor->aside_n ? cursor->aside[cursor->aside_n - 1].n : 0};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (known[i] > d->until)
            d->until = known[i];
}

void schedule_load_cursor(struct schedule *s, struct span host, const struct cursor *cursor)
{
    if (!host_owned(s, host))
        return;
    struct dest *d = dest_find(s, host);
    if (!d) {
        d = dest_new(s, host);
        d->known = true;
        take_gone(s, d, true);
    }
    cursor_fini(&d->stored);
    cursor_fini(&d->cursor);
    cursor_copy(cursor, &d->stored);
    cursor_copy(cursor, &d->cursor);
    dest_place(d, cursor->low);
    d->took = cursor->urgent > cursor->low ? cursor->urgent : 0;
    d->own = true;
    d->down_told = cursor->health.failures > 0;
    d->behind = true;
    wait_for_told(d, cursor);
    early_set(s, d);
    replay_look(s, d);
    dest_settle(s, d);
}

/* --- told ------------------------------------------------------------------------------------ */

static enum err why_cut(const struct member *m)
{
    return m->state == MEMBER_EXPIRED           ? ERR_EXPIRED
           : m->state == MEMBER_REMOVED         ? ERR_REMOVED
           : m->state == MEMBER_LEFT && m->gone ? ERR_INBOX_GONE
                                                : ERR_NOT_MEMBER;
}

/* Inboxes that nobody uses any more from this change on. */
static void cut_freed(struct schedule *s, struct dest *d, uint64_t n, const struct member *m)
{
    for (unsigned i = 0; i < MEMBER_INBOXES_MAX; i++)
        if (!m->inboxes[i].url[0] && m->inboxes[i].from == n)
            slot_cut(s, d, i, n, ERR_NOT_MEMBER);
}

/* It is no member, or became one just now, with no inbox of before: nothing that is older can go
 * anywhere. */
static bool begins_anew(const struct member *m, uint64_t n)
{
    if (m->state == MEMBER_ACTIVE && m->spans_n && m->spans[m->spans_n - 1].from < n)
        return false;
    for (unsigned i = 0; i < MEMBER_INBOXES_MAX; i++)
        if (m->inboxes[i].url[0] && m->inboxes[i].from != n)
            return false;
    return true;
}

/* It had been a member, and was none just before this change, which took away or gave an inbox: it
 * may have left by itself, and then was told until now what is taken back. */
static bool was_gone(const struct member *m, uint64_t n)
{
    bool gone = false;
    bool here = false;
    for (size_t i = 0; i < m->spans_n; i++) {
        if (m->spans[i].from < n && m->spans[i].to >= n)
            return false;
        gone |= m->spans[i].to < n;
    }
    for (unsigned i = 0; i < MEMBER_INBOXES_MAX; i++) {
        here |= m->inboxes[i].from == n;
        gone &= !m->inboxes[i].url[0] || m->inboxes[i].from == n;
    }
    return gone && here;
}

/* Whether its grace ends with this change. A record that was loaded is that of the change, or a
 * newer one, and knows nothing of a grace that was. */
static bool ends_grace(const struct dest *d, const struct member *m, uint64_t n, bool cuts)
{
    if (m->state == MEMBER_LEFT)
        return false;
    if (d->left_ms && m->ver >= d->ver)
        return true;
    return d->known && m->ver <= d->ver && was_gone(m, n) && (cuts || begins_anew(m, n));
}

/* What an inbox said before tells nothing of one that moved, nor of who comes back. */
static bool is_another(const struct dest *d, const struct member *m)
{
    if (d->subscribed != (m->state == MEMBER_ACTIVE))
        return true;
    for (size_t i = 0; i < d->slots_n; i++) {
        const char *now = m->inboxes[i].url;
        if (d->slots[i].url && now[0] && strcmp(d->slots[i].url, now) != 0)
            return true;
    }
    return false;
}

/* A record that was loaded may be newer than this entry; its own entry is still to come. */
static void take_newer(struct schedule *s, struct dest *d, const struct member *m)
{
    if (d->known && m->ver < d->ver)
        return;
    if (d->known && is_another(d, m))
        health_delivered(&d->cursor.health);
    dest_take_member(s, d, m);
}

void schedule_control(struct schedule *s, uint64_t n, const struct member *member, bool cuts)
{
    told(s, n);
    if (!host_owned(s, span_of(member->host)))
        return;
    struct dest *d = dest_find(s, span_of(member->host));
    bool place = d && d->known && !d->gone;
    if (!d)
        d = dest_new(s, span_of(member->host));
    dest_here(s, d);
    if (ends_grace(d, member, n, cuts))
        dest_grace_over(s, d, n, member, why_cut(member));
    if (!cuts)
        cut_freed(s, d, n, member);
    take_newer(s, d, member);
    if (cuts) { /* who left by itself is still told what is taken back */
        bool grace = member->state == MEMBER_LEFT && d->left_ms;
        dest_cut(s, d, grace ? LANES_NORMAL : LANES_BOTH, n, member, why_cut(member));
    } else if (!d->left_ms && begins_anew(member, n)) {
        dest_cut(s, d, LANES_URGENT, n, member, why_cut(member));
    }
    if (member->state == MEMBER_SUSPENDED && n > d->cursor.orders)
        d->cursor.orders = n; /* whoever closed the gate waits for that */
    dest_heard(d, n);
    d->end_told = false;
    if (!place && !d->gone) { /* it came (back): whatever was wrong with it before is over */
        dest_skip(s, d);
        urgent_skip(s, d);
        dest_lives(s, d);
    }
    dest_changed(s, d);
    dest_settle(s, d);
}
