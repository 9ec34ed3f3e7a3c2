/* fronts: senders who post, change and delete, in time or late, once or twice; and the fronts that
 * decide which zones may have it and append it. May not know: who is sent what. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { SENDS_MAX = 14 };

struct call *front_call(struct world *w, void (*exec)(struct world *, struct call *),
                        void (*done)(struct world *, struct call *))
{
    if (!w->db.up || w->db.hung_until_us > w->now_us)
        return NULL;
    if (!w->front.up) {
        struct call hello = {0};
        db_hello(w, &hello);
        db_script_end(w);
        w->front_epoch = hello.seq;
        w->front.up = true;
    }
    struct call *call = call_new(w, &w->front, exec, done);
    call->epoch = w->front_epoch;
    call->barrier = true;
    return call;
}

/* If it hears nothing, it sends it once more; or it asks two fronts at once. */
static int64_t once_more_ms(struct world *w)
{
    if (w->plan.uneven)
        return draw_time(w, 1, 100);
    return draw(w, 12) ? 30 * SECOND : (int64_t)draw(w, 200);
}

static void send_later(struct world *w, struct act *act, int64_t most_ms)
{
    event_in(w, &act->event, draw_time(w, SECOND, most_ms));
}

/* The answer that the sender gets; a front may die before it is out. */
static void on_appended(struct world *w, struct call *call)
{
    struct act *act = call->act;
    if (call->err != ERR_OK || now_and_then(w, 20)) {
        w->tally.unanswered++;
        send_later(w, act, 10 * MINUTE);
        return;
    }
    if (strcmp(call->answer, "FULL") == 0) { /* 429 */
        w->tally.full++;
        send_later(w, act, HOUR);
        return;
    }
    bool dup = strcmp(call->answer, "DUP") == 0;
    if (strcmp(call->answer, "AGAIN") == 0 || strcmp(call->answer, "EPOCH") == 0) {
        w->tally.again++;
        if (strcmp(call->answer, "EPOCH") == 0)
            w->front.up = false;
        event_in(w, &act->event, 1);
        return;
    }
    w->tally.duplicates += dup;
    act->answered = true;
    w->tally.stale += strcmp(call->answer, "STALE") == 0;
    act->promised |= act->n && (dup || strcmp(call->answer, "OK") == 0);
    event_stop(w, &act->event);
    if (act->repeats) {
        act->repeats = false;
        send_later(w, act, HOUR);
    } else {
        act->given_up = true;
    }
}

/* Here a set of zones fits into a number, since there are so few. */
static unsigned decide(struct world *w, const struct act *act)
{
    struct zone_verdict verdicts[POLICY_ZONES_MAX];
    struct activity *activity = mem_new(sizeof(*activity));
    activity->type = act->type;
    const struct facts_context context = {0};
    struct zone_set zones;
    struct facts facts;
    facts_init(&facts, activity, &context);
    policy_decide(&w->policy, &facts, w->hosts[act->origin].zone, verdicts, &zones);
    facts_fini(&facts);
    free(activity);
    return (unsigned)zones.words[0];
}

static void on_send(struct world *w, struct event *e)
{
    struct act *act = (struct act *)e;
    const struct host *h = &w->hosts[act->origin];
    if (act->given_up)
        return;
    if (act->sends++ > SENDS_MAX || h->state != MEMBER_ACTIVE || h->zone < 0) {
        act->given_up = true;
        return;
    }
    struct call *call = front_call(w, db_append, on_appended);
    if (!call) {
        w->tally.unanswered++;
        send_later(w, act, 10 * MINUTE);
        return;
    }
    call->act = act;
    call->ver = h->ver;
    call->zones = decide(w, act);
    call_send(w, call);
    if (!w->resting && !h->saint && draw(w, 50) == 0) /* meanwhile, an operator */
        people_change(w, act->origin, draw(w, 2) ? EVENT_ZONED : EVENT_SUSPEND);
    event_in(w, &act->event, once_more_ms(w));
}

/* --- what is posted ----------------------------------------------------------------------------
 */

static void act_add(struct world *w, struct act *act)
{
    struct object *o = &w->objects[act->object];
    act->uid = (unsigned)w->acts_n;
    act->version = ++o->versions;
    w->acts = mem_grow(w->acts, (w->acts_n + 1) * sizeof(struct act *));
    w->acts[w->acts_n++] = act;
    o->acts = mem_grow(o->acts, (o->acts_n + 1) * sizeof(struct act *));
    o->acts[o->acts_n++] = act;
}

struct act *act_again(struct world *w, const struct act *of)
{
    struct act *act = mem_new(sizeof(*act));
    *act = (struct act){.event = {.run = on_send},
                        .object = of->object,
                        .type = of->type,
                        .proof = of->proof,
                        .origin = of->origin,
                        .given_up = true,
                        .stamp_ms = of->stamp_ms};
    act_add(w, act);
    return act;
}

struct act *act_recall(struct world *w, unsigned object)
{
    struct act *act = mem_new(sizeof(*act));
    *act = (struct act){.event = {.run = on_send},
                        .object = object,
                        .type = ACTIVITY_UNDO,
                        .recall = true,
                        .origin = w->objects[object].owner,
                        .given_up = true};
    act_add(w, act);
    return act;
}

static struct act *act_new(struct world *w, unsigned object, enum activity_type type,
                           unsigned origin)
{
    struct act *act = mem_new(sizeof(*act));
    *act = (struct act){.event = {.run = on_send},
                        .object = object,
                        .type = type,
                        .proof = draw(w, 3) > 0,
                        .origin = origin,
                        .repeats = draw(w, 8) == 0,
                        .stamp_ms = draw(w, 12) ? WALL_MS + now_ms(w) : 0};
    act_add(w, act);
    return act;
}

/* An actor is deleted: whatever it posted goes with it. */
static void end_actor(struct world *w, unsigned actor)
{
    struct object *o = &w->objects[actor];
    o->over = true;
    struct act *act = act_new(w, actor, ACTIVITY_DELETE, o->owner);
    event_in(w, &act->event, (int64_t)draw(w, 50));
}

static void post(struct world *w)
{
    unsigned object = (unsigned)draw(w, w->plan.things);
    struct object *o = &w->objects[object];
    if (w->objects[o->actor].over)
        return;
    if (draw(w, 150) == 0) {
        end_actor(w, o->actor);
        return;
    }
    unsigned origin = o->owner;
    enum activity_type type = ACTIVITY_CREATE;
    uint64_t dice = draw(w, 100);
    if (o->alive) {
        type = dice < 60 ? ACTIVITY_UPDATE : dice < 80 ? ACTIVITY_DELETE : ACTIVITY_ANNOUNCE;
        o->alive = type != ACTIVITY_DELETE;
    } else {
        o->alive = true;
    }
    if (type == ACTIVITY_ANNOUNCE)
        origin = (unsigned)draw(w, w->plan.hosts);
    if (host_mode(w, origin) == MODE_DOWN && draw(w, 4))
        return;
    struct act *act = act_new(w, object, type, origin);
    event_in(w, &act->event, draw(w, 6) ? (int64_t)draw(w, 50) : draw_time(w, 50, 5 * MINUTE));
}

static void on_traffic(struct world *w, struct event *e)
{
    int64_t mean = w->plan.duration_ms / (int64_t)w->plan.acts;
    if (w->resting || w->acts_n >= w->plan.acts || w->db.n + LOW_LINES > LINES_MAX)
        return;
    post(w);
    event_in(w, e, draw(w, 2) ? (int64_t)draw(w, 300) : (int64_t)draw(w, 3 * (uint64_t)mean));
}

void fronts_init(struct world *w)
{
    w->objects = mem_new(w->plan.objects * sizeof(*w->objects));
    for (size_t i = w->plan.things; i < w->plan.objects; i++) {
        w->objects[i].owner = (unsigned)draw(w, w->plan.hosts);
        w->objects[i].actor = (unsigned)i;
    }
    for (size_t i = 0; i < w->plan.things; i++) {
        size_t actor = w->plan.things + draw(w, w->plan.objects - w->plan.things);
        w->objects[i].owner = w->objects[actor].owner;
        w->objects[i].actor = (unsigned)actor;
    }
    w->traffic = (struct event){.run = on_traffic};
    event_in(w, &w->traffic, (int64_t)draw(w, 10 * SECOND));
}
