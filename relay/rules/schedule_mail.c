/* schedule_mail: direct mail that waits for one host, told in the order of its numbers.
 *
 * Letters to one inbox keep their order, because a Reject that overtakes an Accept would say the
 * opposite of what is meant. One that fails by itself waits alone, as the others do not depend on
 * it. May not know: entries. */
#include <stdlib.h>
#include <string.h>

#include "relay/rules/schedule_inner.h"

static bool is_accept(const struct letter *letter)
{
    return span_eq_str(letter->d.kind, "accept");
}

static struct span copy_text(char **at, struct span text)
{
    struct span copy = {*at, text.n};
    if (text.n)
        memcpy(*at, text.p, text.n);
    (*at)[text.n] = '\0';
    *at += text.n + 1;
    return copy;
}

static void letter_free(struct dest *d, struct letter *letter)
{
    DL_DELETE(d->letters, letter);
    d->letters_n--;
    free(letter);
}

void letters_free(struct dest *d)
{
    while (d->letters)
        letter_free(d, d->letters);
}

static void letter_settle(struct schedule *s, struct dest *d, struct letter *letter)
{
    struct change change = {.kind = CHANGE_DIRECT};
    memcpy(change.id, letter->d.id, sizeof(change.id));
    record(s, d, &change);
    letter_free(d, letter);
}

static void letter_give_up(struct schedule *s, struct dest *d, struct letter *letter, enum err why,
                           int status, const char *detail)
{
    struct change change = {.kind = CHANGE_FAIL,
                            .to = letter->d.n,
                            .slot = SLOT_MAIL,
                            .tries = letter->tried.tries,
                            .why = why,
                            .status = status,
                            .detail = (char *)detail};
    record(s, d, &change);
    letter_settle(s, d, letter);
}

void schedule_direct(struct schedule *s, const struct direct *direct)
{
    if (!direct->host.n || direct->host.n >= MEMBER_HOST_SIZE || !host_owned(s, direct->host))
        return;
    struct dest *d = dest_find(s, direct->host);
    if (!d)
        d = dest_new(s, direct->host);
    if (d->letters_n >= SCHEDULE_DIRECTS_MAX)
        letter_give_up(s, d, d->letters == d->letter ? d->letters->next : d->letters, ERR_RATE, 0,
                       NULL);
    struct letter *letter = mem_new(sizeof(*letter) + direct->host.n + direct->inbox.n +
                                    direct->kind.n + direct->body.n + 4);
    char *at = (char *)(letter + 1);
    letter->d = *direct;
    letter->d.host = copy_text(&at, direct->host);
    letter->d.inbox = copy_text(&at, direct->inbox);
    letter->d.kind = copy_text(&at, direct->kind);
    letter->d.body = copy_text(&at, direct->body);
    DL_APPEND(d->letters, letter);
    d->letters_n++;
    dest_look_again(s, d);
}

/* An older one to the same inbox goes first; but an Accept does not wait for our own Follow, which
 * may never be taken. */
static bool has_turn(const struct dest *d, const struct letter *letter)
{
    for (const struct letter *l = d->letters; l != letter; l = l->next)
        if (span_eq(l->d.inbox, letter->d.inbox) &&
            !(is_accept(letter) && span_eq_str(l->d.kind, "follow")))
            return false;
    return true;
}

struct letter *letter_due(struct dest *d, int64_t now_ms, int64_t *ret_later)
{
    struct letter *l;
    DL_FOREACH(d->letters, l)
    {
        if (!has_turn(d, l))
            continue;
        if (l->wake_ms <= now_ms)
            return l;
        if (l->wake_ms < *ret_later)
            *ret_later = l->wake_ms;
    }
    return NULL;
}

bool accept_waits(const struct dest *d)
{
    const struct letter *l;
    DL_FOREACH(d->letters, l)
    {
        if (is_accept(l))
            return true;
    }
    return false;
}

void letter_outcome(struct schedule *s, struct dest *d, const struct outcome *o)
{
    struct letter *letter = d->letter;
    d->letter = NULL;
    letter->tried.tries++;
    switch (o->j->verdict) {
    case VERDICT_LATER:
        judge_count(&letter->tried.past, o->j, o->status, o->now_ms);
        if (!o->j->host_trouble && !o->j->local)
            letter->wake_ms =
                o->now_ms + judge_backoff(&s->limits.judge, letter->tried.tries, o->chance);
        break;
    case VERDICT_NEVER:
        /* Who does not take our Accept would throw away what follows; unless another Accept was
         * taken or is to come. Where others of the host follow as well, they are not to suffer for
         * it. */
        if (is_accept(letter) && d->subscribed && d->alone && letter->d.n > d->heard)
            d->cursor.shut = letter->d.n;
        unsaved_all(s, d); /* another to its inbox may say the opposite */
        letter_give_up(s, d, letter, o->j->why, o->status, o->detail);
        break;
    case VERDICT_DELIVERED:
        if (is_accept(letter))
            dest_heard(d, letter->d.n);
        letter_settle(s, d, letter);
        break;
    }
}
