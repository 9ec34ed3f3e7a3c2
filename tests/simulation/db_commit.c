/* db_commit: the commit of cursors, by their owner alone and in sequence; and what is asked of a
 * cursor as it lies there. Either all of it is written or none. May not know: who asks. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

const struct cursor *db_own(struct world *w, unsigned host)
{
    struct host *h = &w->hosts[host];
    if (!h->own)
        return NULL;
    if (h->read_text != h->own) {
        cursor_fini(&h->read);
        h->read_text = h->own;
        if (!cursor_read(span_of(h->own), &h->read))
            broken(w, "%s: its cursor can't be read: %s", h->name, h->own);
    }
    return &h->read;
}

uint64_t db_low(struct world *w, unsigned host)
{
    const struct cursor *own = db_own(w, host);
    return own ? own->low : w->db.shards[w->hosts[host].shard].low;
}

uint64_t db_urgent(struct world *w, unsigned host)
{
    const struct cursor *own = db_own(w, host);
    return own ? own->urgent : w->db.shards[w->hosts[host].shard].urgent;
}

bool db_says_delivered(struct world *w, const struct act *act, unsigned host, unsigned slot)
{
    const struct cursor *own = db_own(w, host);
    const struct fate *f = fate_of(w, act, host, slot);
    uint64_t passed = act_takes_back(act) ? db_urgent(w, host) : db_low(w, host);
    bool recorded = f->failed || f->noted || db_trimmed(w, act->n);
    for (size_t i = 0; own && i < own->aside_n; i++)
        recorded |= own->aside[i].n == act->n && own->aside[i].slot == slot;
    return act->n <= passed && !recorded;
}

/* Whose commit it is, and whether it is the next. */
static bool may_commit(struct world *w, struct call *call)
{
    if (call->epoch != w->db.epoch) {
        call->answer = "EPOCH";
        w->tally.old_epochs++;
        return false;
    }
    for (size_t i = 0; i < call->commit->n; i++) {
        const struct commit_word *word = &call->commit->list[i];
        const struct shard_row *row = &w->db.shards[word->shard];
        if (word->kind != CHANGE_SHARD)
            continue;
        if (row->owner != call->nonce) {
            call->answer = "FENCED";
            w->tally.fenced++;
            return false;
        }
        if (row->seq + 1 != word->seq) {
            call->answer = "SEQ";
            w->tally.old_commits++;
            return false;
        }
    }
    return true;
}

/* Cursors as they were, of those whose place may change. */
struct before {
    unsigned host;
    uint64_t from[LANE_COUNT];
    struct cursor own;
};

static void put_own(struct world *w, unsigned host, char *text)
{
    db_put_text(w, &w->hosts[host].own, text);
    w->hosts[host].read_text = NULL;
}

static void apply(struct world *w, const struct commit_word *word)
{
    struct host *h = &w->hosts[word->host];
    switch (word->kind) {
    case CHANGE_SHARD:
        PUT(w, w->db.shards[word->shard].seq, word->seq);
        PUT(w, w->db.shards[word->shard].low, word->low);
        PUT(w, w->db.shards[word->shard].urgent, word->urgent);
        break;
    case CHANGE_CURSOR: put_own(w, word->host, mem_copy(span_of(word->text))); break;
    case CHANGE_FOLLOW: put_own(w, word->host, NULL); break;
    case CHANGE_DIRECT:
        if (word->to && word->to <= w->db.n && w->db.lines[word->to]->kind == LINE_LETTER)
            PUT(w, w->db.lines[word->to]->settled, true);
        break;
    case CHANGE_ENDED:
    case CHANGE_LOOK: break;
    case CHANGE_DOWN: PUT(w, h->down, true); break;
    case CHANGE_UP: PUT(w, h->down, false); break;
    case CHANGE_FAIL:
    case CHANGE_LATE:
    case CHANGE_SKIP:
    case CHANGE_CUT:
    case CHANGE_RETRY:
    case CHANGE_DROP: break; /* records: the oracle keeps them, beside what they are about */
    }
}

static void note(struct world *w, unsigned host, struct before *ret)
{
    static const struct cursor none;
    const struct cursor *own = db_own(w, host);
    ret->host = host;
    ret->from[LANE_NORMAL] = db_low(w, host);
    ret->from[LANE_URGENT] = db_urgent(w, host);
    cursor_copy(own ? own : &none, &ret->own);
}

/* Those named by the commit, and those who follow a shard whose cursor moves. */
static struct before *note_all(struct world *w, const struct commit *commit, size_t *ret_n)
{
    struct before *list = mem_new((w->plan.hosts + 1) * sizeof(*list));
    size_t n = 0;
    w->tally.commits++;
    for (size_t i = 0; i < commit->n; i++)
        if (commit->list[i].kind == CHANGE_CURSOR || commit->list[i].kind == CHANGE_FOLLOW)
            w->hosts[commit->list[i].host].named = w->tally.commits;
    for (size_t i = 0; i < commit->n; i++) {
        const struct commit_word *word = &commit->list[i];
        if (word->kind != CHANGE_SHARD)
            continue;
        bool moves = word->low != w->db.shards[word->shard].low ||
                     word->urgent != w->db.shards[word->shard].urgent;
        for (size_t k = 0; k < w->shard_hosts_n[word->shard]; k++) {
            unsigned host = w->shard_hosts[word->shard][k];
            if ((moves && !w->hosts[host].own) || w->hosts[host].named == w->tally.commits)
                note(w, host, &list[n++]);
        }
    }
    *ret_n = n;
    return list;
}

void db_commit(struct world *w, struct call *call)
{
    size_t n;
    if (!may_commit(w, call))
        return;
    struct before *before = note_all(w, call->commit, &n);
    for (size_t i = 0; i < call->commit->n; i++) {
        if (call->commit->list[i].kind == CHANGE_CURSOR)
            trace(w, "courier %u writes %s: %s", call->courier->number,
                  w->hosts[call->commit->list[i].host].name, call->commit->list[i].text);
        oracle_word(w, call->commit, &call->commit->list[i]);
        apply(w, &call->commit->list[i]);
    }
    for (size_t i = 0; i < n; i++) {
        oracle_moved(w, before[i].host, before[i].from, &before[i].own);
        cursor_fini(&before[i].own);
    }
    free(before);
    call->answer = "OK";
}
