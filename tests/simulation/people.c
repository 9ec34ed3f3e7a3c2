/* people: members who come and go, operators who let them in, move them, put them out and order
 * what failed to be tried again; and the steward, who trims the journal. May not know: who is sent
 * what. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { JOINS_AT_ONCE = 16, ACTORS = 3 };

/* --- changes of members ------------------------------------------------------------------------
 */

static void with_free(struct call *call)
{
    free(call->with);
}

static void count(struct world *w, enum member_event what)
{
    switch (what) {
    case EVENT_FOLLOW: w->tally.joins++; break;
    case EVENT_UNDO: w->tally.leaves++; break;
    case EVENT_SUSPEND: w->tally.suspends++; break;
    case EVENT_RESUME: w->tally.resumes++; break;
    case EVENT_ZONED: w->tally.zones++; break;
    case EVENT_EXPIRE: w->tally.expiries++; break;
    case EVENT_REMOVE: w->tally.removals++; break;
    case EVENT_EDIT: w->tally.roles++; break;
    case EVENT_GONE:
    case EVENT_LOST:
    case EVENT_MOVED:
    case EVENT_INVITE:
    case EVENT_BACK_ACCEPT:
    case EVENT_BACK_REJECT:
    case EVENT_ACCEPT:
    case EVENT_REJECT:
    case EVENT_UNZONED:
    case EVENT_EXTEND:
    case EVENT_SOFTWARE:
    case EVENT_BLOCK:
    case EVENT_COUNT: break;
    }
}

static void on_changed(struct world *w, struct call *call)
{
    if (call->err != ERR_OK || strcmp(call->answer, "OK") != 0)
        return;
    if (call->ver > w->hosts[call->host].ver_told)
        w->hosts[call->host].ver_told = call->ver;
    trace(w, "%s: %s", w->hosts[call->host].name, member_event_name(call->what));
    count(w, call->what);
}

static struct member *with_new(struct world *w, unsigned host, enum member_event what)
{
    struct member *with = mem_new(sizeof(*with));
    unsigned actor = (unsigned)draw(w, w->plan.slots > 1 ? ACTORS : 1);
    unsigned url = actor % w->plan.slots;
    struct member_follower follower = {.style = url % 2 ? STYLE_LITEPUB : STYLE_PUBLIC,
                                       .machine = draw(w, 4) == 0};
    char inbox[64];
    const char *name = w->hosts[host].name;
    span_copy(span_of(name), with->host, sizeof(with->host));
    span_copy(span_of(zone_names[what == EVENT_ZONED ? draw(w, ZONES) : host % ZONES]), with->zone,
              sizeof(with->zone));
    snprintf(follower.actor, sizeof(follower.actor), "https://%s/a%u", name, actor);
    snprintf(follower.follow, sizeof(follower.follow), "https://%s/a%u/follow%llu", name, actor,
             NUMBER(what == EVENT_FOLLOW ? w->now_us : 0));
    snprintf(inbox, sizeof(inbox), "https://%s/i%u", name, url);
    member_bring(with, &follower, span_of(inbox));
    with->role = what == EVENT_EDIT && draw(w, 2) ? MEMBER_ROLE_PUBLISH_ONLY
                 : what == EVENT_EDIT             ? MEMBER_ROLE_FULL
                                                  : MEMBER_ROLE_COUNT;
    if (what == EVENT_INVITE && draw(w, 2))
        with->until_ms = wall_ms(w) + draw_time(w, MINUTE, w->plan.duration_ms);
    return with;
}

void people_change(struct world *w, unsigned host, enum member_event what)
{
    struct call *call = front_call(w, db_control, on_changed);
    if (!call)
        return;
    call->host = host;
    call->what = what;
    call->with = with_new(w, host, what);
    call->forget = with_free;
    call_send(w, call);
}

/* --- orders ------------------------------------------------------------------------------------
 */

static void on_ordered(struct world *w, struct call *call)
{
    if (call->err != ERR_OK || strcmp(call->answer, "OK") != 0)
        return;
    switch (call->order) {
    case ORDER_RETRY: w->tally.retries++; break;
    case ORDER_DROP: w->tally.drops++; break;
    case ORDER_WAKE: w->tally.wakes++; break;
    case ORDER_HOLD: w->tally.holds++; break;
    case ORDER_RELEASE: w->tally.releases++; break;
    case ORDER_CUT: w->tally.host_cuts++; break;
    case ORDER_REPLAY: w->tally.replays++; break;
    case ORDER_COUNT: break;
    }
}

/* The first from somewhere on that is recorded as given up. */
static const struct act *find_failed(struct world *w, unsigned *ret_host)
{
    size_t all = w->acts_n * w->plan.hosts;
    size_t at = all ? (size_t)draw(w, all) : 0;
    for (size_t k = 0; k < all && k < 50000; k++, at = (at + 1) % all) {
        const struct act *act = w->acts[at / w->plan.hosts];
        *ret_host = (unsigned)(at % w->plan.hosts);
        for (unsigned s = 0; act->n && s < w->plan.slots; s++)
            if (fate_of(w, act, *ret_host, s)->failed)
                return act;
    }
    return NULL;
}

static void order_host(struct world *w)
{
    static const enum book_order orders[] = {ORDER_WAKE,    ORDER_HOLD, ORDER_RELEASE,
                                             ORDER_RELEASE, ORDER_CUT,  ORDER_REPLAY};
    size_t others = w->plan.hosts - w->plan.saints;
    struct call *call = front_call(w, db_order, on_ordered);
    if (!call)
        return;
    call->host = (unsigned)(w->plan.saints + draw(w, others));
    call->order = orders[draw(w, COUNT_OF(orders))];
    call->of = draw(w, w->db.n + 1);
    call_send(w, call);
}

static void order(struct world *w)
{
    unsigned host = 0;
    const struct act *act = find_failed(w, &host);
    struct call *call = act ? front_call(w, db_order, on_ordered) : NULL;
    if (!call)
        return;
    call->host = host;
    call->of = act->n;
    call->order = draw(w, 4) ? ORDER_RETRY : ORDER_DROP;
    call_send(w, call);
}

static void on_recalled(struct world *w, struct call *call)
{
    if (call->err == ERR_OK && strcmp(call->answer, "OK") == 0)
        trace(w, "object %llu is recalled", NUMBER(call->of));
}

static void recall(struct world *w)
{
    struct call *call = front_call(w, db_recall, on_recalled);
    if (!call)
        return;
    call->of = draw(w, w->plan.things);
    call_send(w, call);
}

/* --- as time goes ------------------------------------------------------------------------------
 */

static void join_some(struct world *w)
{
    for (size_t k = 0; k < JOINS_AT_ONCE && w->joined < w->plan.hosts; k++) {
        unsigned host = (unsigned)w->joined++;
        if (host < w->plan.saints || draw(w, 6))
            people_change(w, host, EVENT_FOLLOW);
    }
}

static void on_people(struct world *w, struct event *e)
{
    static const enum member_event events[] = {
        EVENT_FOLLOW,  EVENT_FOLLOW, EVENT_FOLLOW, EVENT_UNDO,       EVENT_UNDO,
        EVENT_SUSPEND, EVENT_RESUME, EVENT_RESUME, EVENT_ZONED,      EVENT_ZONED,
        EVENT_INVITE,  EVENT_INVITE, EVENT_REMOVE, EVENT_BACK_ACCEPT};
    if (w->joined < w->plan.hosts) {
        join_some(w);
        event_in(w, e, 2);
        return;
    }
    if (w->resting)
        return;
    unsigned host = (unsigned)draw(w, w->plan.hosts);
    if (draw(w, 4) == 0)
        order(w);
    else if (draw(w, 8) == 0)
        order_host(w);
    else if (draw(w, 16) == 0)
        recall(w);
    else if (w->plan.freezes && draw(w, 4) == 0)
        people_freeze(w);
    else if (host >= w->plan.saints && w->plan.roles && draw(w, 4) == 0)
        people_change(w, host, EVENT_EDIT);
    else if (host >= w->plan.saints)
        people_change(w, host, events[draw(w, COUNT_OF(events))]);
    event_in(w, e, (int64_t)draw(w, 2 * (uint64_t)w->plan.people_ms));
}

/* --- the steward -------------------------------------------------------------------------------
 */

static uint64_t older_than(const struct world *w, uint64_t from, int64_t age_ms)
{
    uint64_t n = from;
    while (n < w->db.n && wall_ms(w) - w->db.lines[n + 1]->at_ms > age_ms)
        n++;
    return n;
}

/* Pilots whose end has come. */
static void end_pilots(struct world *w)
{
    for (unsigned i = (unsigned)w->plan.saints; i < w->plan.hosts && !w->plan.large; i++) {
        struct host *h = &w->hosts[i];
        if (!h->member || h->state != MEMBER_ACTIVE)
            continue;
        if (member_read(span_of(h->member), w->with) && w->with->until_ms &&
            w->with->until_ms <= wall_ms(w))
            people_change(w, i, EVENT_EXPIRE);
    }
}

static void on_steward(struct world *w, struct event *e)
{
    if (w->db.up && !w->db.refuses && w->db.hung_until_us <= w->now_us) {
        const uint64_t floors[LANE_COUNT] = {
            [LANE_NORMAL] = older_than(w, w->db.floor[LANE_NORMAL], w->plan.retention_ms),
            [LANE_URGENT] = older_than(w, w->db.floor[LANE_URGENT], w->plan.urgent_ms)};
        db_trim(w, floors, older_than(w, w->db.bodyfloor, w->plan.bodies_ms));
        end_pilots(w);
    }
    event_in(w, e, w->plan.trim_ms);
}

void people_init(struct world *w)
{
    w->people = (struct event){.run = on_people};
    w->steward = (struct event){.run = on_steward};
    event_in(w, &w->people, 0);
    event_in(w, &w->steward, w->plan.trim_ms);
}
