/* admin_freeze_waiting: what was accepted before a boundary was frozen, and waits behind it.
 *
 *     BOOK (where all stand, and the line that froze it) -> PAGE (the lines before that one) ->
 *     MEMBERS (what of them those on the far side lack) -> done
 *
 * May not know: who asks, or what is frozen besides. */
#include <stdlib.h>
#include <string.h>

#include "relay/admin_freeze.h"
#include "relay/store/members.h"

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

void waiting_free(struct waiting **waiting)
{
    struct waiting *w = *waiting;
    *waiting = NULL;
    if (!w)
        return;
    for (size_t i = 0; i < w->entries_n; i++)
        entry_unref(&w->entries[i]);
    free(w);
}

void waiting_write(const struct waiting *waiting, struct json_writer *w)
{
    json_member_int(w, "waiting", (int64_t)waiting->deliveries);
    json_member_bool(w, "waiting_whole", waiting->whole);
    json_member_int(w, "waiting_members", (int64_t)waiting->hosts_n);
    json_key(w, "waiting_for");
    json_open(w, '[');
    for (size_t i = 0; i < waiting->hosts_n && i < WAITING_HOSTS_MAX; i++) {
        json_open(w, '{');
        json_member(w, "host", span_of(waiting->list[i].host));
        json_member_int(w, "waiting", (int64_t)waiting->list[i].n);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* --- what of it they lack --------------------------------------------------------------------- */

static bool is_taken_out(const struct entry *e)
{
    for (size_t i = 0; i < e->marks_n; i++)
        if (e->marks[i].recalled || e->marks[i].opted_out)
            return true;
    return false;
}

/* Its turn is still to come, or it is to be tried again by itself. */
static bool is_due(const struct entry *e, const struct member *m, const struct cursor *c)
{
    for (size_t i = 0; i < c->aside_n; i++)
        if (c->aside[i].n == e->n)
            return true;
    return trace_is_owed(e, m, c);
}

static void add_host(struct waiting *w, const char *host, size_t n)
{
    size_t at = w->hosts_n < WAITING_HOSTS_MAX ? w->hosts_n : WAITING_HOSTS_MAX;
    w->hosts_n++;
    w->deliveries += n;
    while (at > 0 && w->list[at - 1].n < n) {
        if (at < WAITING_HOSTS_MAX)
            w->list[at] = w->list[at - 1];
        at--;
    }
    if (at == WAITING_HOSTS_MAX)
        return;
    span_copy(span_of(host), w->list[at].host, sizeof(w->list[at].host));
    w->list[at].n = n;
}

static void look_at(const struct call *call, const struct member *m)
{
    struct waiting *w = call->waiting;
    struct cursor c = book_cursor(call->book, span_of(m->host));
    size_t n = 0;
    if (m->state != MEMBER_ACTIVE && m->state != MEMBER_SUSPENDED)
        return;
    for (size_t i = 0; i < w->entries_n; i++) {
        const struct entry *e = w->entries[i];
        n += gates_stop(&w->gate, e, m->zone) && audience_has(e->audience, m->zone) &&
             is_due(e, m, &c);
    }
    if (n)
        add_host(w, m->host, n);
    if (c.low < w->after || book_unread(call->book, span_of(m->host)))
        w->whole = false;
}

static void on_lacking(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    if (!member)
        call->waiting->done(call, err);
    else if (err == ERR_OK)
        look_at(call, member);
    else
        call->waiting->whole = false; /* nothing but its name can be read */
}

/* --- what there is ---------------------------------------------------------------------------- */

/* What takes back goes wherever that went which it takes back: it is not counted. */
static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct waiting *w = call->waiting;
    if (page->err != ERR_OK || !call->admin) {
        w->done(call, page->err);
        return;
    }
    for (size_t i = 0; i < page->lines_n && w->entries_n < WAITING_LINES; i++) {
        struct entry *e = page->lines[i].entry;
        if (page->lines[i].kind == JOURNAL_ENTRY && !is_taken_out(e))
            w->entries[w->entries_n++] = entry_ref(e);
    }
    members_each(store_of(call), MEMBERS_ALL, on_lacking, call);
}

/* The line that froze it; 0: nothing does any more. */
static uint64_t find_gate(struct waiting *w, const struct gates *gates)
{
    for (size_t i = 0; i < gates->list_n; i++) {
        const struct gate *g = &gates->list[i];
        if (strcmp(g->from, w->freeze.from) != 0 || strcmp(g->to, w->freeze.to) != 0)
            continue;
        w->gate.list[w->gate.list_n++] = *g;
        return g->line;
    }
    return 0;
}

static void on_book(void *arg, enum err err, struct book *book)
{
    struct call *call = arg;
    struct waiting *w = call->waiting;
    call->book = book;
    if (err != ERR_OK || !call->admin) {
        w->done(call, err);
        return;
    }
    uint64_t line = find_gate(w, &book->gates);
    if (!line) { /* thawed meanwhile */
        w->done(call, ERR_OK);
        return;
    }
    if (line > book->last)
        line = book->last;
    w->after = line > WAITING_LINES ? line - WAITING_LINES : 0;
    if (w->after < book->floor)
        w->after = book->floor;
    journal_page(store_of(call), LANE_NORMAL, w->after, WAITING_LINES, on_page, call);
}

void waiting_count(struct call *call)
{
    const struct ledger_ask ask = {.since_ms = -1};
    call->waiting->whole = true;
    ledger_read(store_of(call), &ask, on_book, call);
}
