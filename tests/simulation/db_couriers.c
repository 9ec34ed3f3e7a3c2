/* db_couriers: what the scripts do that couriers call: hello, lease, claim, commit; and what they
 * read. Each is one step: all checks, then all writes. May not know: why it is asked. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static bool same_epoch(struct world *w, struct call *call)
{
    if (call->epoch == w->db.epoch)
        return true;
    call->answer = "EPOCH";
    w->tally.old_epochs++;
    return false;
}

/* --- hello ------------------------------------------------------------------------------------ */

void db_hello(struct world *w, struct call *call)
{
    struct db *db = &w->db;
    uint64_t known = call->courier ? call->courier->epoch_most : w->front_epoch;
    if (db->hello_run != db->run || db->epoch < known) {
        if (db->epoch && db->epochs_n < EPOCHS_MAX) {
            PUT(w, db->epochs[db->epochs_n].epoch, db->epoch);
            PUT(w, db->epochs[db->epochs_n].ended, db->n);
            PUT(w, db->epochs_n, db->epochs_n + 1);
        }
        uint64_t next = (db->epoch > known ? db->epoch : known) + 1;
        PUT(w, db->epoch, next);
        PUT(w, db->hello_run, db->run);
    }
    call->seq = db->epoch;
    call->answer = "OK";
}

/* --- leases ----------------------------------------------------------------------------------- */

static struct lease_row *row_of(struct world *w, uint64_t nonce)
{
    for (size_t i = 0; nonce && i < LEASE_ROWS; i++)
        if (w->db.leases[i].nonce == nonce)
            return &w->db.leases[i];
    return NULL;
}

/* In hexadecimal, by hand: a beat needs one for each shard, and most of what happens is beats. */
static void nonce_text(uint64_t nonce, char ret[LEASE_NONCE_SIZE])
{
    size_t n = 1;
    while (n < 16 && nonce >> 4 * n)
        n++;
    ret[n] = '\0';
    for (; n; nonce >>= 4)
        ret[--n] = "0123456789abcdef"[nonce & 15];
}

static void read_table(struct world *w, struct call *call)
{
    struct lease_table *t = w->db.spare ? w->db.spare : mem_new(sizeof(*t));
    w->db.spare = NULL;
    t->n = 0;
    for (size_t i = 0; i < LEASE_ROWS; i++) {
        const struct lease_row *row = &w->db.leases[i];
        if (!row->nonce)
            continue;
        struct lease_entry *e = &t->list[t->n++];
        nonce_text(row->nonce, e->nonce);
        span_copy(span_of(courier_names[row->courier]), e->name, sizeof(e->name));
        e->beat = row->beat;
    }
    for (unsigned s = 0; s < w->plan.shards; s++) {
        t->owners[s][0] = '\0';
        if (w->db.shards[s].owner)
            nonce_text(w->db.shards[s].owner, t->owners[s]);
    }
    call->table = t;
}

static void bury(struct world *w, const struct call *call, const struct lease_entry *dead)
{
    for (size_t i = 0; i < LEASE_ROWS; i++) {
        struct lease_row *row = &w->db.leases[i];
        char nonce[LEASE_NONCE_SIZE];
        nonce_text(row->nonce, nonce);
        if (row->nonce && row->nonce != call->nonce && strcmp(nonce, dead->nonce) == 0 &&
            row->beat == dead->beat)
            PUT(w, row->nonce, 0);
    }
}

void db_lease(struct world *w, struct call *call)
{
    struct lease_row *own = row_of(w, call->nonce);
    if (!same_epoch(w, call))
        return;
    if (!own && !call->first) {
        call->answer = "FENCED";
        return;
    }
    for (size_t i = 0; i < LEASE_ROWS; i++) { /* an earlier start of the same courier has ended */
        struct lease_row *row = &w->db.leases[i];
        if (row->nonce && row->nonce != call->nonce && row->courier == call->host)
            PUT(w, row->nonce, 0);
    }
    for (size_t i = 0; !own && i < LEASE_ROWS; i++)
        if (!w->db.leases[i].nonce) {
            own = &w->db.leases[i];
            PUT(w, own->nonce, call->nonce);
            PUT(w, own->courier, call->host);
            PUT(w, own->beat, 0);
        }
    PUT(w, own->beat, own->beat + 1);
    for (unsigned s = 0; s < w->plan.shards; s++)
        if (call->give >> s & 1 && w->db.shards[s].owner == call->nonce)
            PUT(w, w->db.shards[s].owner, 0);
    for (size_t i = 0; i < call->bury_n; i++)
        bury(w, call, &call->bury[i]);
    if (call->leave)
        PUT(w, own->nonce, 0);
    read_table(w, call);
    call->answer = "OK";
}

/* --- claim ------------------------------------------------------------------------------------ */

static void add_record(struct call *call, size_t *cap, unsigned host, const char *text)
{
    if (call->records_n == *cap) {
        *cap = *cap ? 2 * *cap : 16;
        call->records = mem_grow(call->records, *cap * sizeof(*call->records));
        call->record_hosts = mem_grow(call->record_hosts, *cap * sizeof(*call->record_hosts));
    }
    call->record_hosts[call->records_n] = host;
    call->records[call->records_n++] = mem_copy(span_of(text));
}

void db_claim(struct world *w, struct call *call)
{
    struct shard_row *row = &w->db.shards[call->shard];
    size_t cap = 0;
    if (!same_epoch(w, call))
        return;
    if (!row_of(w, call->nonce)) {
        call->answer = "FENCED";
        return;
    }
    if (row->owner && row->owner != call->nonce && row_of(w, row->owner)) {
        call->answer = "TAKEN";
        return;
    }
    PUT(w, row->owner, call->nonce);
    oracle_claimed(w, call->shard, call->courier);
    call->seq = row->seq;
    call->low = row->low;
    call->urgent = row->urgent;
    call->to = w->db.lane_last[LANE_URGENT];
    for (size_t i = 0; i < w->shard_hosts_n[call->shard]; i++) {
        unsigned host = w->shard_hosts[call->shard][i];
        if (w->hosts[host].own)
            add_record(call, &cap, host, w->hosts[host].own);
    }
    call->answer = "OK";
}

/* May one that was without Redis go on with what it has in memory? */
void db_resume(struct world *w, struct call *call)
{
    const struct db *db = &w->db;
    uint64_t ended = db->n;
    bool known = call->seq == db->epoch;
    if (!same_epoch(w, call))
        return;
    call->answer = "FENCED";
    if (!row_of(w, call->nonce))
        return;
    for (size_t i = 0; i < db->epochs_n; i++) {
        if (db->epochs[i].epoch >= call->seq && db->epochs[i].ended < ended)
            ended = db->epochs[i].ended;
        known = known || db->epochs[i].epoch == call->seq;
    }
    for (unsigned s = 0; s < w->plan.shards; s++)
        if (call->give >> s & 1 && db->shards[s].owner != call->nonce)
            return;
    call->answer = "BEHIND";
    if (!known || ended < call->after)
        return;
    call->seqs = mem_new(SHARDS_MAX * sizeof(*call->seqs));
    for (unsigned s = 0; s < w->plan.shards; s++)
        call->seqs[s] = db->shards[s].seq;
    call->answer = "OK";
}

/* --- what is read ----------------------------------------------------------------------------- */

/* The next members, from `after` on; `to` says where to go on. */
void db_members(struct world *w, struct call *call)
{
    size_t cap = 0;
    uint64_t host = call->after;
    for (; host < w->plan.hosts && call->records_n < call->count; host++)
        if (w->hosts[host].member && call->give >> w->hosts[host].shard & 1)
            add_record(call, &cap, (unsigned)host, w->hosts[host].member);
    call->to = host;
    call->answer = "OK";
}

static void add_line(struct call *call, const struct line *line)
{
    call->lines = mem_grow(call->lines, (call->lines_n + 1) * sizeof(*call->lines));
    call->lines[call->lines_n++] = line;
}

void db_page(struct world *w, struct call *call)
{
    const struct db *db = &w->db;
    for (uint64_t n = call->after + 1; n <= db->n && call->lines_n < call->count; n++) {
        const struct line *line = db->lines[n];
        bool its = call->lane == LANE_BOTH || line->lane == call->lane;
        if (line->kind != LINE_LETTER && its && !db_trimmed(w, n))
            add_line(call, line);
    }
    call->entries = mem_new((call->lines_n + 1) * sizeof(struct entry *));
    for (size_t i = 0; i < call->lines_n; i++)
        if (call->lines[i]->kind == LINE_ENTRY)
            call->entries[i] = line_entry(w, call->lines[i], true);
    call->to = db->n;
    memcpy(call->floor, db->floor, sizeof(call->floor));
    call->answer = "OK";
}

/* Direct mail of its shards, then lines, each up to the count; lines only up to where the mail was
 * read whole, or up to `to` where all of it was. What had to wait shows the stream alone that was
 * written to first. */
void db_stream(struct world *w, struct call *call)
{
    const struct db *db = &w->db;
    bool waited = call->held != NULL;
    uint64_t limit = UINT64_MAX;
    uint64_t from = call->after < call->of ? call->after : call->of;
    bool mail_first = false;
    for (uint64_t n = from + 1; n <= db->n; n++) {
        const struct line *line = db->lines[n];
        bool mail = line->kind == LINE_LETTER;
        if (mail ? n <= call->of || line->settled || !(call->give >> w->hosts[line->host].shard & 1)
                 : n <= call->after || db_trimmed(w, n))
            continue;
        if (!call->lines_n)
            mail_first = mail;
        if ((waited && mail != mail_first) || (!mail && n > limit))
            continue;
        if (mail && call->mail_n == call->count) {
            limit = limit < n ? limit : n;
            continue;
        }
        if (!mail && call->lines_n - call->mail_n >= call->count)
            continue;
        call->mail_n += mail;
        add_line(call, line);
    }
    call->to = waited || limit < UINT64_MAX ? 0 : db->n;
    if (call->lines_n || call->first) { /* the first look is not worth waiting for */
        call->answer = "OK";
    } else if (!waited) {
        call_hold(&w->db.blocked, call);
    }
}

/* What is marked on entries goes with them. */
static void trim_lane(struct world *w, enum lane lane, uint64_t floor)
{
    struct db *db = &w->db;
    uint64_t before = db->floor[lane];
    PUT(w, db->floor[lane], floor);
    for (uint64_t n = before + 1; n <= floor; n++) {
        struct line *line = db->lines[n];
        if (line->kind != LINE_ENTRY || line->lane != lane)
            continue;
        if (line->marks)
            db_put_text(w, &line->marks, NULL);
        object_shrink(w, &w->objects[line->act->object]);
    }
}

/* How far a lane goes where everything up to n is old: lane N to before the first that is not, but
 * the newest stays; lane U to the last that is. */
static uint64_t floor_of(const struct world *w, enum lane lane, uint64_t n)
{
    const struct db *db = &w->db;
    uint64_t floor = db->floor[lane];
    for (uint64_t k = floor + 1; k <= db->n; k++) {
        const struct line *line = db->lines[k];
        if (line->kind == LINE_LETTER || line->lane != lane)
            continue;
        if (k > n || (lane == LANE_NORMAL && k == db->lane_last[lane]))
            return lane == LANE_NORMAL ? k - 1 : floor;
        floor = k;
    }
    return floor;
}

void db_trim(struct world *w, const uint64_t floors[LANE_COUNT], uint64_t bodies)
{
    struct db *db = &w->db;
    for (enum lane lane = LANE_NORMAL; lane < LANE_COUNT; lane++)
        if (floor_of(w, lane, floors[lane]) > db->floor[lane])
            trim_lane(w, lane, floor_of(w, lane, floors[lane]));
    for (size_t i = 0; i < w->plan.objects; i++)
        if (w->objects[i].gone && w->objects[i].gone <= db->floor[LANE_NORMAL])
            PUT(w, w->objects[i].gone, 0);
    if (bodies > db->bodyfloor)
        PUT(w, db->bodyfloor, bodies);
    db_script_end(w);
    w->tally.trims++;
}
