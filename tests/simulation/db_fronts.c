/* db_fronts: what the scripts do that fronts and operators call: append, control, order. May not
 * know: who decided it, and whether the answer gets through. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static bool same_epoch(struct world *w, struct call *call)
{
    if (call->epoch == w->db.epoch)
        return true;
    call->answer = "EPOCH";
    return false;
}

/* --- append ------------------------------------------------------------------------------------
 */

struct append { /* one, while it is carried out */
    struct act *act;
    struct object *o;
    unsigned zones;
    struct versions standing; /* that a later one may do away with */
    uint64_t of[VERSIONS_MAX];
    size_t of_n;
    unsigned hash, announced;
};

bool act_deletes(const struct act *act)
{
    return act->type == ACTIVITY_DELETE;
}

bool act_takes_back(const struct act *act)
{
    return act_deletes(act) || act->recall;
}

static struct entry *entry_of(struct world *w, const struct append *a, uint64_t n, enum lane lane)
{
    char id[64];
    char object[64];
    struct bytes audience;
    const struct act *act = a->act;
    const struct host *from = &w->hosts[act->origin];
    const struct host *owner = &w->hosts[a->o->owner];
    bool actor = act->object == a->o->actor;
    struct entry entry = {.n = n,
                          .lane = lane,
                          .at_ms = wall_ms(w),
                          .facts = {.type = act->type,
                                    .undone = act->recall ? ACTIVITY_ANNOUNCE : ACTIVITY_OTHER,
                                    .has_proof = act->proof,
                                    .announced = (enum outgoing_announced)a->announced},
                          .actor =
                              act->type == ACTIVITY_ANNOUNCE || act->recall ? 0 : a->o->actor + 1,
                          .gone = actor && act_deletes(act),
                          .of = (uint64_t *)a->of,
                          .of_n = a->of_n};
    snprintf(id, sizeof(id), "https://%s/activity/%u", from->name, act->uid);
    snprintf(object, sizeof(object), "https://%s/object/%u", owner->name, act->object);
    if (a->hash)
        snprintf(entry.announce, sizeof(entry.announce), "%032u", a->hash - 1);
    bytes_init(&audience, 256);
    policy_set_write(&w->policy, &(struct zone_set){{a->zones}}, &audience);
    entry.audience = a->zones ? bytes_span(&audience) : SPAN("");
    entry.zone = act->zone >= 0 ? span_of(zone_names[act->zone]) : SPAN("");
    entry.origin = act->recall ? SPAN("") : span_of(from->name);
    entry.object_host = span_of(owner->name);
    entry.id = span_of(id);
    entry.object = span_of(object);
    struct entry *e = entry_new(&entry);
    bytes_fini(&audience);
    return e;
}

/* A Delete is known by the state of its object, never by its id. It goes where its object went; one
 * that is not known, to its sender's own zone; that of an actor, wherever its posts may go. */
static const char *refuse_delete(const struct world *w, struct append *a)
{
    const struct object *o = a->o;
    int own = w->hosts[a->act->origin].zone;
    if (a->act->recall && !o->known)
        return "NONE";
    if (o->known && !o->live && (a->act->recall || !o->recalled))
        return "DUP";
    unsigned decided = a->zones;
    a->zones = o->known ? o->zones : own >= 0 ? 1U << own : 0;
    if (a->act->object == o->actor)
        a->zones |= decided;
    a->hash = o->hash;
    a->announced = o->out;
    return NULL;
}

static struct version version_of(const struct append *a, uint64_t n)
{
    bool update = a->act->type == ACTIVITY_UPDATE;
    return (struct version){.n = n,
                            .kind = act_takes_back(a->act)              ? 'd'
                                    : update                            ? 'u'
                                    : a->act->type == ACTIVITY_ANNOUNCE ? 'a'
                                                                        : 'c',
                            .proof = update && a->act->proof,
                            .zones = update ? a->zones : 0};
}

static bool has_room(const struct world *w, const struct append *a)
{
    struct versions v;
    const struct version more = version_of(a, 0);
    versions_read(a->o->entries, &v);
    return a->act->type == ACTIVITY_ANNOUNCE || versions_add(w, &v, &more);
}

static const char *refuse_other(const struct world *w, struct append *a)
{
    const struct act *act = a->act;
    const struct object *o = a->o;
    bool announce = act->type == ACTIVITY_ANNOUNCE;
    if (act->seen)
        return "DUP";
    if (o->recalled)
        return "STALE";
    if (announce && o->known && !o->live && act->stamp_ms <= o->dead)
        return "STALE";
    if (!announce && o->known && act->stamp_ms > 0 &&
        (act->stamp_ms < o->top || act->stamp_ms <= o->dead))
        return "STALE";
    if (!announce && o->known && !o->live && (act->type == ACTIVITY_UPDATE || !o->born) &&
        !act->stamp_ms)
        return "STALE";
    if (act->type == ACTIVITY_UPDATE && o->live)
        a->zones = o->zones;
    if (!a->zones)
        return "NOBODY";
    if (!has_room(w, a))
        return "FULL";
    if (act->type != ACTIVITY_UPDATE)
        a->hash = o->live && o->hash ? o->hash : act->uid + 1;
    return NULL;
}

/* The earlier entries that this one does away with. */
static void find_of(struct append *a)
{
    struct versions v;
    const struct version later = version_of(a, 0);
    versions_read(a->o->entries, &v);
    versions_standing(&v);
    for (size_t i = 0; i < v.n; i++)
        if (act_takes_back(a->act) || version_replaces(&later, &v.list[i]))
            a->of[a->of_n++] = v.list[i].n;
}

/* Couriers skip what bears a mark: taken back by n; or replaced by each of these, for whoever may
 * have it. */
static void mark_of(struct world *w, const struct append *a, uint64_t n)
{
    const struct version later = version_of(a, n);
    for (size_t i = 0; i < a->of_n; i++) {
        if (a->of[i] <= w->db.floor[LANE_NORMAL])
            continue;
        db_mark(w, a->of[i], n, act_takes_back(a->act) ? NULL : &later);
        if (act_takes_back(a->act))
            PUT(w, w->db.lines[a->of[i]]->bare, true);
    }
}

static void add_version(struct world *w, const struct append *a, uint64_t n)
{
    struct versions v;
    const struct version more = version_of(a, n);
    versions_read(a->o->entries, &v);
    if (versions_add(w, &v, &more))
        db_put_text(w, &a->o->entries, versions_text(&v));
}

static void take_back_object(struct world *w, const struct append *a, uint64_t n)
{
    struct object *o = a->o;
    PUT(w, o->live, false);
    PUT(w, o->zones, a->zones);
    PUT(w, o->recalled, a->act->recall);
    if (a->act->recall) {
        PUT(w, o->hash, 0);
        PUT(w, o->out, 0);
    }
    if (a->act->object == o->actor) {
        PUT(w, o->gone, n);
        w->tally.actors_gone++;
    }
}

static void index_object(struct world *w, const struct append *a, uint64_t n)
{
    const struct act *act = a->act;
    struct object *o = a->o;
    unsigned out = act->proof ? ANNOUNCED_LITEPUB : ANNOUNCED_ALL;
    add_version(w, a, n);
    PUT(w, o->known, true);
    PUT(w, o->shrunk, false);
    if (act_takes_back(act)) {
        take_back_object(w, a, n);
        return;
    }
    PUT(w, o->zones, o->live ? o->zones | a->zones : a->zones);
    if (act->type != ACTIVITY_ANNOUNCE) {
        PUT(w, o->born, true);
        PUT(w, o->top, act->stamp_ms > o->top ? act->stamp_ms : o->top);
    }
    if (a->hash) {
        PUT(w, o->out, o->live && o->out > out ? o->out : out);
        PUT(w, o->hash, a->hash);
    } else if (!o->live) {
        PUT(w, o->out, ANNOUNCED_NO);
        PUT(w, o->hash, 0);
    }
    PUT(w, o->live, true);
}

static void wake_sender(struct world *w, const struct act *act)
{
    struct host *h = &w->hosts[act->origin];
    if (!h->down || act->recall)
        return;
    PUT(w, h->down, false);
    line_new(w, LINE_WAKE, LANE_NORMAL)->host = act->origin;
}

static void append_line(struct world *w, struct append *a)
{
    struct act *act = a->act;
    enum lane lane = act_takes_back(act) ? LANE_URGENT : LANE_NORMAL;
    find_of(a);
    struct line *line = line_new(w, LINE_ENTRY, lane);
    line->act = act;
    line->host = act->origin;
    /* Some are from before lines said so. */
    act->zone = (int8_t)(act->uid % 16 ? w->hosts[act->origin].zone : -1);
    line->entry = entry_of(w, a, line->n, lane);
    PUT(w, act->n, line->n);
    PUT(w, act->seen, true);
    mark_of(w, a, line->n);
    index_object(w, a, line->n);
    oracle_appended(w, act, a->zones);
    trace(w, "%llu: %s of object %u, version %u, by %s, for %.*s%s", NUMBER(line->n),
          act->recall ? "recall" : activity_type_name(act->type), act->object, act->version,
          w->hosts[act->origin].name, SPAN_ARG(line->entry->audience),
          line->entry->gone ? ", an actor" : "");
    w->tally.appended++;
}

void db_append(struct world *w, struct call *call)
{
    struct append a = {.act = call->act, .o = &w->objects[call->act->object], .zones = call->zones};
    struct object *o = a.o;
    struct act *act = a.act;
    if (!same_epoch(w, call))
        return;
    if (w->hosts[act->origin].ver != call->ver) {
        call->answer = "AGAIN";
        return;
    }
    call->answer = act_deletes(act) ? refuse_delete(w, &a) : refuse_other(w, &a);
    wake_sender(w, act);
    if (act_deletes(act) && o->dead < wall_ms(w) && !(call->answer && o->shrunk))
        PUT(w, o->dead, wall_ms(w));
    if (call->answer) {
        PUT(w, act->seen, act->seen || strcmp(call->answer, "STALE") == 0);
        return;
    }
    if (act->n) /* the same Delete, of what was made again: it has its effect once more */
        call->act = a.act = act_again(w, act);
    append_line(w, &a);
    call->answer = "OK";
}

void db_recall(struct world *w, struct call *call)
{
    struct object *o = &w->objects[call->of];
    struct append a = {.o = o};
    struct act probe = {.recall = true, .object = (unsigned)call->of, .origin = o->owner};
    a.act = &probe;
    if (!same_epoch(w, call))
        return;
    call->answer = refuse_delete(w, &a);
    if (call->answer)
        return;
    a.act = act_recall(w, (unsigned)call->of);
    if (o->dead < wall_ms(w))
        PUT(w, o->dead, wall_ms(w));
    append_line(w, &a);
    w->tally.recalls++;
    call->answer = "OK";
}

/* --- control ---------------------------------------------------------------------------------- */

static void add_letters(struct world *w, unsigned host, const char *inbox, unsigned wires)
{
    static const struct {
        unsigned wire;
        const char *kind;
    } kinds[] = {{WIRE_ACCEPT, "accept"},
                 {WIRE_REJECT, "reject"},
                 {WIRE_FOLLOW, "follow"},
                 {WIRE_UNDO, "undo"}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!(wires & kinds[i].wire))
            continue;
        struct line *line = line_new(w, LINE_LETTER, LANE_NORMAL);
        line->host = host;
        line->mail = kinds[i].kind;
        line->url = mem_copy(span_of(inbox));
        letter_keep(w, line);
        if (!w->resting && now_and_then(w, w->plan.sour_thousandths))
            line->sour = w->hosts[host].saint ? 0 : (uint8_t)(draw(w, 3) ? draw(w, 5) : 255);
        w->tally.letters++;
        if (kinds[i].wire == WIRE_ACCEPT)
            PUT(w, w->hosts[host].accept, line);
    }
}

static void put_member(struct world *w, unsigned host, const struct member *m)
{
    struct host *h = &w->hosts[host];
    struct bytes text;
    unsigned used = 0;
    bytes_init(&text, MEMBER_TEXT_MAX);
    member_write(m, &text);
    db_put_text(w, &h->member, bytes_take(&text));
    for (unsigned s = 0; s < SLOTS; s++)
        used |= m->inboxes[s].url[0] ? 1U << s : 0;
    PUT(w, h->ver, m->ver);
    PUT(w, h->state, m->state);
    PUT(w, h->zone, policy_zone_by_name(&w->policy, span_of(m->zone)));
    PUT(w, h->hears, m->role == MEMBER_ROLE_PUBLISH_ONLY ? -1 : h->zone);
    PUT(w, h->slots_used, used);
    for (unsigned s = 0; s < SLOTS; s++) {
        size_t len = strlen(m->inboxes[s].url);
        if (used >> s & 1)
            PUT(w, h->urls[s], m->inboxes[s].url[len - 1]);
    }
    bool left = m->state == MEMBER_LEFT && m->farewell.url[0];
    PUT(w, h->left_ms, left ? m->since_ms : 0);
    PUT(w, h->farewell_slot, m->farewell_slot);
    PUT(w, h->farewell_url, left ? m->farewell.url[strlen(m->farewell.url) - 1] : 0);
    PUT(w, h->changed_n, w->db.n);
}

void db_control(struct world *w, struct call *call)
{
    struct host *h = &w->hosts[call->host];
    struct member *before = h->member ? w->member : NULL;
    struct member_change *change = w->change;
    if (!same_epoch(w, call))
        return;
    call->answer = "NO";
    if (before && !member_read(span_of(h->member), before))
        broken(w, "%s: its record can't be read", h->name);
    if (w->db.n + LOW_LINES > LINES_MAX || member_apply(before, call->what, call->with, JOIN_OPEN,
                                                        w->db.n + 1, wall_ms(w), change) != ERR_OK)
        return;
    struct line *line = line_new(w, LINE_CONTROL, LANE_NORMAL);
    put_member(w, call->host, &change->after);
    line->host = call->host;
    line->member = mem_copy(span_of(h->member));
    line->cuts = change->cuts;
    oracle_changed(w, call->host, before, &change->after, change->cuts);
    for (size_t i = 0; i < change->after.followers_n; i++) {
        const struct member_follower *f = &change->after.followers[i];
        add_letters(w, call->host, change->after.inboxes[f->inbox].url, change->wires[i]);
    }
    if (before && change->left >= 0) {
        const struct member_follower *f = &before->followers[change->left];
        add_letters(w, call->host, before->inboxes[f->inbox].url, change->left_wires);
    }
    call->ver = h->ver;
    call->answer = "OK";
}

/* --- orders ----------------------------------------------------------------------------------- */

static bool has_failed(const struct world *w, unsigned host, const struct act *act)
{
    for (unsigned s = 0; s < w->plan.slots; s++)
        if (fate_of(w, act, host, s)->failed)
            return true;
    return false;
}

/* How far orders of this host were carried out. */
static uint64_t orders_done(struct world *w, unsigned host)
{
    const struct cursor *own = db_own(w, host);
    uint64_t low = db_low(w, host);
    return own && own->orders > low ? own->orders : low;
}

static bool is_ordered(struct world *w, unsigned host, uint64_t of)
{
    uint64_t done = orders_done(w, host);
    for (uint64_t n = w->db.n; n > done; n--) {
        const struct line *line = w->db.lines[n];
        if (line->kind == LINE_ORDER && line->host == host && line->of == of)
            return true;
    }
    return false;
}

/* About a host as a whole. */
static void order_host(struct world *w, struct call *call)
{
    call->answer = "NONE";
    if (w->hosts[call->host].state != MEMBER_ACTIVE)
        return;
    struct line *line = line_new(w, LINE_ORDER, LANE_NORMAL);
    line->host = call->host;
    line->order = call->order;
    line->of = call->of;
    oracle_host_ordered(w, call->host, call->order, call->of, line->n);
    if (call->order == ORDER_REPLAY)
        db_leave_out(w, line);
    call->answer = "OK";
}

void db_order(struct world *w, struct call *call)
{
    const struct act *act = act_at(w, call->of);
    if (!same_epoch(w, call))
        return;
    if (call->order != ORDER_RETRY && call->order != ORDER_DROP) {
        order_host(w, call);
        return;
    }
    call->answer = "NONE";
    if (!act || db_trimmed(w, call->of) || !has_failed(w, call->host, act) ||
        is_ordered(w, call->host, call->of))
        return;
    struct line *line = line_new(w, LINE_ORDER, LANE_NORMAL);
    line->host = call->host;
    line->order = call->order;
    line->of = call->of;
    if (call->order == ORDER_RETRY)
        oracle_ordered(w, call->host, act);
    call->answer = "OK";
}
