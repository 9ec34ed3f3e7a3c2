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

/* --- append ----------------------------------------------------------------------------------- */

static struct entry *entry_of(struct world *w, const struct act *act, unsigned zones,
                              enum outgoing_announced announced)
{
    char id[64];
    char object[64];
    struct bytes audience;
    const struct host *from = &w->hosts[act->origin];
    const struct host *owner = &w->hosts[w->objects[act->object].owner];
    struct entry entry = {.n = w->db.n,
                          .at_ms = wall_ms(w),
                          .facts = {.type = act->type,
                                    .undone = ACTIVITY_OTHER,
                                    .has_proof = act->proof,
                                    .announced = announced}};
    snprintf(id, sizeof(id), "https://%s/activity/%u", from->name, act->uid);
    snprintf(object, sizeof(object), "https://%s/object/%u", owner->name, act->object);
    snprintf(entry.announce, sizeof(entry.announce), "%032u", act->uid);
    bytes_init(&audience, 256);
    policy_set_write(&w->policy, zones, &audience);
    entry.audience = zones ? bytes_span(&audience) : SPAN("");
    entry.origin = span_of(from->name);
    entry.object_host = span_of(owner->name);
    entry.id = span_of(id);
    entry.object = span_of(object);
    struct entry *e = entry_new(&entry);
    bytes_fini(&audience);
    return e;
}

static bool deletes(const struct act *act)
{
    return act->type == ACTIVITY_DELETE;
}

/* A Delete is known by the state of its object, never by its id. */
static const char *refuse_delete(const struct object *o, unsigned *zones)
{
    if (o->known && !o->live)
        return "DUP";
    if (o->known)
        *zones = o->zones;
    return NULL;
}

static const char *refuse_other(const struct act *act, const struct object *o, unsigned *zones)
{
    if (act->seen)
        return "DUP";
    if (act->type == ACTIVITY_ANNOUNCE)
        return o->known && !o->live && act->stamp_ms <= o->dead ? "STALE" : NULL;
    if (o->known && act->stamp_ms > 0 && (act->stamp_ms < o->top || act->stamp_ms <= o->dead))
        return "STALE";
    if (o->known && !o->live && (act->type == ACTIVITY_UPDATE || !o->born) && !act->stamp_ms)
        return "STALE";
    if (act->type == ACTIVITY_UPDATE && o->live)
        *zones = o->zones;
    return *zones ? NULL : "NOBODY";
}

static void index_object(struct world *w, const struct act *act, struct object *o, unsigned zones)
{
    unsigned out = act->proof ? ANNOUNCED_LITEPUB : ANNOUNCED_ALL;
    bool announces = act->type == ACTIVITY_CREATE || act->type == ACTIVITY_ANNOUNCE;
    PUT(w, o->known, true);
    PUT(w, o->zones, o->live ? o->zones | zones : zones);
    if (deletes(act)) {
        PUT(w, o->live, false);
        return;
    }
    if (act->type != ACTIVITY_ANNOUNCE) {
        PUT(w, o->born, true);
        PUT(w, o->top, act->stamp_ms > o->top ? act->stamp_ms : o->top);
    }
    if (announces)
        PUT(w, o->out, o->live && o->out > out ? o->out : out);
    PUT(w, o->live, true);
}

static void wake_sender(struct world *w, const struct act *act)
{
    struct host *h = &w->hosts[act->origin];
    if (!h->down)
        return;
    PUT(w, h->down, false);
    line_new(w, LINE_WAKE, LANE_NORMAL)->host = act->origin;
}

void db_append(struct world *w, struct call *call)
{
    struct act *act = call->act;
    struct object *o = &w->objects[act->object];
    unsigned zones = call->zones;
    if (!same_epoch(w, call))
        return;
    if (w->hosts[act->origin].ver != call->ver) {
        call->answer = "AGAIN";
        return;
    }
    call->answer = deletes(act) ? refuse_delete(o, &zones) : refuse_other(act, o, &zones);
    wake_sender(w, act);
    if (deletes(act) && o->dead < wall_ms(w))
        PUT(w, o->dead, wall_ms(w));
    if (call->answer) {
        PUT(w, act->seen, act->seen || !deletes(act));
        return;
    }
    if (act->n) /* the same Delete, of what was made again: it has its effect once more */
        call->act = act = act_again(w, act);
    struct line *line = line_new(w, LINE_ENTRY, LANE_NORMAL);
    line->act = act;
    line->host = act->origin;
    line->entry =
        entry_of(w, act, zones, deletes(act) ? (enum outgoing_announced)o->out : ANNOUNCED_NO);
    PUT(w, act->n, line->n);
    PUT(w, act->seen, true);
    index_object(w, act, o, zones);
    oracle_appended(w, act, zones);
    trace(w, "%llu: %s of object %u, version %u, by %s", NUMBER(line->n),
          activity_type_name(act->type), act->object, act->version, w->hosts[act->origin].name);
    w->tally.appended++;
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
    PUT(w, h->slots_used, used);
    for (unsigned s = 0; s < SLOTS; s++) {
        size_t len = strlen(m->inboxes[s].url);
        if (used >> s & 1)
            PUT(w, h->urls[s], m->inboxes[s].url[len - 1]);
    }
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
