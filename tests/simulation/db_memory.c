/* db_memory: what the Redis of the simulation holds, how durable it is, and how it dies.
 *
 * Every write is noted with what was there before, until it is durable: with `always` before the
 * answer goes out, with a replica that has to say so whenever that has it, with `everysec` once a
 * second. When Redis dies, what is not durable goes from the newest backwards, script by script, as
 * far as chance says. May not know: what the scripts write. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

uint64_t db_end(const struct world *w)
{
    return w->db.undo_first + w->db.undo_n;
}

static struct undo *undo_new(struct world *w)
{
    struct db *db = &w->db;
    if (db->undo_n == db->undo_cap) {
        db->undo_cap = db->undo_cap ? 2 * db->undo_cap : 1024;
        db->undo = mem_grow(db->undo, db->undo_cap * sizeof(*db->undo));
    }
    return &db->undo[db->undo_n++];
}

void db_note(struct world *w, void *at, size_t n)
{
    struct undo *u = undo_new(w);
    *u = (struct undo){.at = at, .n = n};
    memcpy(&u->old, at, n);
}

void db_put_text(struct world *w, char **at, char *text)
{
    struct undo *u = undo_new(w);
    *u = (struct undo){.at = at, .text = *at, .is_text = true};
    *at = text;
}

void db_script_end(struct world *w)
{
    struct db *db = &w->db;
    uint64_t end = db_end(w);
    if (end == (db->scripts_n ? db->scripts[db->scripts_n - 1] : db->undo_first))
        return; /* it wrote nothing */
    if (db->scripts_n == db->scripts_cap) {
        db->scripts_cap = db->scripts_cap ? 2 * db->scripts_cap : 256;
        db->scripts = mem_grow(db->scripts, db->scripts_cap * sizeof(*db->scripts));
    }
    db->scripts[db->scripts_n++] = end;
}

/* --- durable ---------------------------------------------------------------------------------- */

/* Everything noted up to here can't be lost any more. */
static void make_durable(struct world *w, uint64_t to)
{
    struct db *db = &w->db;
    size_t n = (size_t)(to - db->undo_first);
    size_t scripts = 0;
    for (size_t i = 0; i < n; i++)
        free(db->undo[i].text);
    memmove(db->undo, db->undo + n, (db->undo_n - n) * sizeof(*db->undo));
    db->undo_n -= n;
    db->undo_first = to;
    while (scripts < db->scripts_n && db->scripts[scripts] <= to)
        scripts++;
    memmove(db->scripts, db->scripts + scripts, (db->scripts_n - scripts) * sizeof(*db->scripts));
    db->scripts_n -= scripts;
    struct call *call = db->waiting;
    while (call) {
        struct call *next = call->held_next;
        if (call->needs <= to) {
            call_unhold(call);
            call_reply(w, call);
        }
        call = next;
    }
}

static int64_t sync_wait(struct world *w)
{
    switch (w->plan.durability) {
    case DURABLE_ALWAYS: return draw_time(w, 1, 20);
    case DURABLE_REPLICA: return draw_time(w, 5, now_and_then(w, 50) ? 3000 : 100);
    case DURABLE_EVERY_SECOND: break;
    }
    return SECOND;
}

static void on_sync(struct world *w, struct event *e)
{
    (void)e;
    if (w->db.up)
        make_durable(w, db_end(w));
}

static bool must_wait(const struct world *w, const struct call *call)
{
    return w->plan.durability == DURABLE_ALWAYS ||
           (w->plan.durability == DURABLE_REPLICA && call->barrier);
}

static void answer(struct world *w, struct call *call)
{
    struct db *db = &w->db;
    call->needs = db_end(w);
    if (must_wait(w, call) && call->needs > db->undo_first)
        call_hold(&db->waiting, call);
    else
        call_reply(w, call);
}

/* Whoever waits for news gets it. */
static void tell_news(struct world *w)
{
    struct call *call = w->db.blocked;
    w->db.news = false;
    while (call) {
        struct call *next = call->held_next;
        db_stream(w, call);
        if (call->answer) {
            call_unhold(call);
            answer(w, call);
        }
        call = next;
    }
}

void db_exec(struct world *w, struct call *call)
{
    struct db *db = &w->db;
    uint64_t before = db_end(w);
    if (db->refuses && !call->reads) {
        call->err = ERR_REDIS_REPLY;
        call_reply(w, call);
        return;
    }
    call->exec(w, call);
    db_script_end(w);
    if (db->undo_n && !db->sync.node.index)
        event_in(w, &db->sync, sync_wait(w));
    if (db_end(w) > before && !w->resting && draw(w, db->news ? 5000 : 100000) < w->plan.deaths)
        event_in(w, &w->death, draw_time(w, 1, w->plan.uneven ? 50 : SECOND));
    if (db->news)
        tell_news(w);
    if (call->answer)
        answer(w, call);
}

/* --- dying ------------------------------------------------------------------------------------ */

static void take_back(struct world *w, struct undo *u)
{
    (void)w;
    if (!u->is_text) {
        memcpy(u->at, &u->old, u->n);
        return;
    }
    char **at = u->at;
    free(*at);
    *at = u->text;
    u->text = NULL;
}

static void roll_back(struct world *w)
{
    struct db *db = &w->db;
    uint64_t before = db->n;
    size_t keep = draw(w, 4) ? (size_t)draw(w, db->scripts_n + 1) : db->scripts_n;
    uint64_t to = keep ? db->scripts[keep - 1] : db->undo_first;
    if (keep == db->scripts_n)
        to = db_end(w);
    if (to == db_end(w)) {
        w->tally.redis_restarts++;
    } else {
        w->tally.redis_losses++;
        while (db_end(w) > to)
            take_back(w, &db->undo[--db->undo_n]);
        db->scripts_n = keep;
        w->tally.lost_lines += before - db->n;
    }
    trace(w, "redis dies; lines up to %llu of %llu stay", NUMBER(db->n), NUMBER(before));
    make_durable(w, to);
    oracle_rolled_back(w);
}

static void on_up(struct world *w, struct event *e)
{
    free(e);
    w->db.up = true;
    w->db.run++;
    trace(w, "redis is up");
}

static void forget(struct world *w, struct call **list)
{
    while (*list)
        call_free(w, *list);
}

void db_crash(struct world *w, int64_t down_ms)
{
    struct event *up = mem_new(sizeof(*up));
    if (!w->db.up) {
        free(up);
        return;
    }
    w->db.up = false;
    w->db.hung_until_us = 0;
    for (size_t i = 0; i < w->plan.couriers; i++) {
        conn_break(w, &w->couriers[i].store);
        conn_break(w, &w->couriers[i].tail);
    }
    conn_break(w, &w->front);
    forget(w, &w->db.waiting);
    forget(w, &w->db.blocked);
    roll_back(w);
    *up = (struct event){.run = on_up, .drop = event_free};
    event_in(w, up, down_ms);
    disturbed(w, down_ms);
}

void db_init(struct world *w)
{
    w->db.up = true;
    w->db.run = 1;
    w->db.sync.run = on_sync;
}

void db_fini(struct world *w)
{
    forget(w, &w->db.waiting);
    forget(w, &w->db.blocked);
    for (size_t i = 0; i < w->db.undo_n; i++)
        free(w->db.undo[i].text);
    free(w->db.undo);
    free(w->db.scripts);
    free(w->db.spare);
    free(w->letters);
    while (w->all_lines) {
        struct line *line = w->all_lines;
        w->all_lines = line->all;
        entry_unref(&line->entry);
        free(line->member);
        free(line->marks);
        free(line->left_out);
        free(line->frozen);
        free(line->url);
        free(line);
    }
}

struct line *line_new(struct world *w, enum line_kind kind, enum lane lane)
{
    struct db *db = &w->db;
    struct line *line = mem_new(sizeof(*line));
    *line = (struct line){
        .all = w->all_lines, .kind = kind, .lane = lane, .previous = db->lane_last[lane]};
    w->all_lines = line;
    PUT(w, db->n, db->n + 1);
    line->n = db->n;
    db->news = true;
    line->at_ms = wall_ms(w);
    PUT(w, db->lines[line->n], line);
    if (kind != LINE_LETTER) {
        PUT(w, db->last, line->n);
        PUT(w, db->lane_last[lane], line->n);
    }
    return line;
}

bool db_trimmed(const struct world *w, uint64_t n)
{
    return n <= w->db.floor[w->db.lines[n]->lane];
}

bool db_has_body(const struct world *w, uint64_t n)
{
    const struct line *line = w->db.lines[n];
    return !line->bare && (line->lane == LANE_URGENT || n > w->db.bodyfloor) && !db_trimmed(w, n);
}

void letter_keep(struct world *w, struct line *letter)
{
    w->letters = mem_grow(w->letters, (w->letters_n + 1) * sizeof(struct line *));
    letter->uid = w->letters_n;
    w->letters[w->letters_n++] = letter;
}
