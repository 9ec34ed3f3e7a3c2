/* redis: a connection that comes back, and the deadlines that hiredis does not have.
 *
 * The link (redis_link.c) is one connection; this owns it, opens the next one when it is gone, and
 * owns the commands in the order they were sent, which is the order of the answers. Commands of a
 * connection that is gone wait in `lost` until the next turn.
 *
 * States (only redis_goto() writes them):
 *
 *     WAIT --timer--> RESOLVE --address--> CONNECT --open--> GREET --PONG--> UP
 *       ^                |                    |                |             |
 *       +---- back-off --+-- no answer, refused, gone, a deadline missed ----+
 *
 * (A Unix socket needs no RESOLVE. Left to hiredis, a name would be resolved while the loop stands
 * still.) Where Sentinel is asked, the way from RESOLVE to GREET is gone twice: to one of the
 * sentinels, the next at each try, then to the master that it names. One timer: the next try in
 * WAIT, the end of patience from RESOLVE to GREET, the oldest command's deadline in UP.
 *
 * May not know: key names, scripts, what a command means. */
#include "common/io/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/io/lookup.h"
#include "common/io/metrics.h"
#include "common/io/redis_link.h"
#include "common/io/redis_url.h"

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 5000,
    CONNECT_MS = 2000, /* from the first look-up to PONG */
    GRACE_MS = 20,
    LATER_MS = 1, /* not 0: whoever asks again at once must not spin */
    TROUBLE_MAX = 300,
};

enum state { WAIT, RESOLVE, CONNECT, GREET, UP };

struct command {
    redis_cb cb;
    void *arg;
    int64_t deadline;
    struct command *next;
};

struct queue {
    struct command *first, *last;
    size_t n;
};

struct redis {
    struct loop *loop;
    struct redis_place place;
    struct redis_door at; /* where the next connection goes */
    bool asking;          /* that is a sentinel, which knows where the master is */
    int64_t command_ms;
    redis_state_cb on_state;
    void *arg;
    enum state state;
    struct redis_link *link;
    struct lookup *lookup;
    struct timer *timer, *later;
    bool watching, graced; /* the timer looks at the oldest command; that one had its grace */
    int64_t watch_at;
    bool posted;  /* the later timer runs */
    bool told_up; /* what on_state was last told */
    struct queue sent, lost;
    unsigned tries; /* failed in a row */
    struct bytes trouble;
};

static uint64_t commands_sent;
static size_t commands_metric = SIZE_MAX;

static void push(struct queue *q, struct command *c)
{
    c->next = NULL;
    if (q->last)
        q->last->next = c;
    else
        q->first = c;
    q->last = c;
    q->n++;
}

static struct command *pop(struct queue *q)
{
    struct command *c = q->first;
    if (c) {
        q->first = c->next;
        if (!q->first)
            q->last = NULL;
        q->n--;
    }
    return c;
}

static void finish(struct command *c, enum err err, const struct redis_reply *reply)
{
    c->cb(c->arg, err, reply);
    free(c);
}

static void redis_goto(struct redis *redis, enum state state)
{
    redis->state = state;
    redis->watching = false;
    redis->graced = false;
}

static void need_later(struct redis *redis)
{
    if (!redis->posted)
        timer_start(redis->later, LATER_MS);
    redis->posted = true;
}

/* --- a connection that is gone --------------------------------------------------------------- */

/* Between half and the whole of the step, so that clients do not come back in step. */
static int64_t backoff_ms(unsigned tries)
{
    int64_t step = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < tries && step < BACKOFF_LAST_MS; i++)
        step *= 2;
    if (step > BACKOFF_LAST_MS)
        step = BACKOFF_LAST_MS;
    return step / 2 + (step / 2 * (int64_t)(clock_chance() >> 16)) / 65536;
}

/* Whatever the connection was doing is over: the next try is planned, the commands are lost. */
static void lose(struct redis *redis, const char *why)
{
    redis_goto(redis, WAIT);
    redis->tries++;
    bytes_clear(&redis->trouble);
    bytes_add_str(&redis->trouble, why);
    timer_start(redis->timer, backoff_ms(redis->tries));
    for (struct command *c; (c = pop(&redis->sent));)
        push(&redis->lost, c);
    if (redis->lost.n || redis->told_up)
        need_later(redis);
}

static void give_up(struct redis *redis)
{
    lookup_cancel(&redis->lookup);
    redis_link_close(&redis->link);
}

static void drop(struct redis *redis, const char *why)
{
    give_up(redis);
    lose(redis, why);
}

/* Only what is in the list now: a callback that asks again waits for the next round. */
static void on_later(void *arg)
{
    struct redis *redis = arg;
    redis->posted = false;
    if (redis->told_up && redis->state != UP) {
        redis->told_up = false;
        redis->on_state(redis->arg, false);
    }
    struct command *c;
    for (size_t n = redis->lost.n; n > 0 && (c = pop(&redis->lost)); n--)
        finish(c, ERR_REDIS, NULL);
}

/* --- commands -------------------------------------------------------------------------------- */

static void watch_until(struct redis *redis, int64_t at)
{
    redis->watching = true;
    redis->watch_at = at;
    timer_start(redis->timer, at - loop_now_ms(redis->loop));
}

/* The timer may fire too early and look again, never too late. */
static void watch(struct redis *redis)
{
    const struct command *oldest = redis->sent.first;
    if (redis->state == UP && oldest && (!redis->watching || oldest->deadline < redis->watch_at))
        watch_until(redis, oldest->deadline);
}

static struct command *command_new(redis_cb cb, void *arg)
{
    struct command *c = mem_new(sizeof *c);
    c->cb = cb;
    c->arg = arg;
    return c;
}

static void send_command(struct redis *redis, const struct span *argv, size_t n, int64_t extra_ms,
                         struct command *c)
{
    c->deadline = loop_now_ms(redis->loop) + redis->command_ms + extra_ms;
    if (redis_link_send(redis->link, argv, n)) {
        commands_sent++;
        metric_add(commands_metric, 0, 1);
        push(&redis->sent, c);
        watch(redis);
    } else {
        push(&redis->lost, c);
        need_later(redis);
    }
}

void redis_call(struct redis *redis, const struct span *argv, size_t n, int64_t extra_ms,
                redis_cb cb, void *arg)
{
    if (redis->state == UP)
        send_command(redis, argv, n, extra_ms, command_new(cb, arg));
    else
        redis_refuse(redis, cb, arg);
}

void redis_refuse(struct redis *redis, redis_cb cb, void *arg)
{
    push(&redis->lost, command_new(cb, arg));
    need_later(redis);
}

uint64_t redis_commands_sent(void)
{
    return commands_sent;
}

void redis_meter(size_t metric)
{
    commands_metric = metric;
}

static void on_replied(void *arg, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    struct command *c = pop(&redis->sent);
    redis->graced = false;
    watch(redis);
    if (c)
        finish(c, reply_kind(reply) == REDIS_ERROR ? ERR_REDIS_REPLY : ERR_OK, reply);
}

/* The oldest command may be overdue only because we were slow: the loop looks at its clock before
 * its sockets, and the answer may lie there. So each gets one more look. */
static void on_deadline(struct redis *redis)
{
    const struct command *oldest = redis->sent.first;
    redis->watching = false;
    if (!oldest || oldest->deadline > loop_now_ms(redis->loop)) {
        watch(redis);
    } else if (!redis->graced) {
        redis->graced = true;
        watch_until(redis, loop_now_ms(redis->loop) + GRACE_MS);
    } else {
        drop(redis, "no answer in time");
    }
}

/* --- greeting -------------------------------------------------------------------------------- */

static void drop_refused(struct redis *redis, const struct redis_reply *reply)
{
    char text[TROUBLE_MAX];
    snprintf(text, sizeof text, "%.*s", SPAN_ARG(reply_text(reply)));
    drop(redis, text);
}

/* AUTH and SELECT: only an error is news. */
static void on_greeted(void *arg, enum err err, const struct redis_reply *reply)
{
    if (err == ERR_REDIS_REPLY)
        drop_refused(arg, reply);
}

/* The last of the greeting. A user who may not PING can still do what we need, and a Redis whose
 * disk is full still reads; any other error (NOAUTH, LOADING, MASTERDOWN) says that it can't serve.
 */
static void on_pong(void *arg, enum err err, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    if (err == ERR_REDIS)
        return;
    if (err == ERR_REDIS_REPLY && !span_starts(reply_text(reply), SPAN("NOPERM")) &&
        !span_starts(reply_text(reply), SPAN("MISCONF"))) {
        drop_refused(redis, reply);
        return;
    }
    redis_goto(redis, UP);
    timer_stop(redis->timer);
    redis->tries = 0;
    bytes_clear(&redis->trouble);
    redis->told_up = true;
    redis->on_state(redis->arg, true);
}

/* Sentinel may be behind the times: who is no master is not taken for one. */
static void on_role(void *arg, enum err err, const struct redis_reply *reply)
{
    if (err == ERR_OK && !span_eq_str(reply_text(reply_at(reply, 0)), "master"))
        drop(arg, "READONLY: what the sentinel names is no master");
}

static void resolve(struct redis *redis, const struct redis_door *door, bool asking);

/* Where the master is: a list of its address and its port. */
static void on_master(void *arg, enum err err, const struct redis_reply *reply)
{
    struct redis *redis = arg;
    struct redis_door door;
    int64_t port = reply_int(reply_at(reply, 1));
    if (err == ERR_REDIS)
        return;
    if (!span_copy(reply_text(reply_at(reply, 0)), door.host, sizeof door.host) || port < 1 ||
        port > UINT16_MAX) {
        drop(redis, "the sentinel knows no master of that name");
        return;
    }
    door.port = (uint16_t)port;
    redis_link_close(&redis->link);
    resolve(redis, &door, false);
}

static void on_opened(void *arg)
{
    struct redis *redis = arg;
    const struct redis_place *place = &redis->place;
    redis_goto(redis, GREET);
    if (redis->asking) {
        const struct span who[] = {SPAN("SENTINEL"), SPAN("get-master-addr-by-name"),
                                   span_of(place->service)};
        send_command(redis, who, 3, 0, command_new(on_master, redis));
        return;
    }
    if (place->has_password) {
        const struct span auth[] = {SPAN("AUTH"), span_of(place->user), span_of(place->password)};
        const struct span auth_default[] = {auth[0], auth[2]};
        bool named = place->user[0] != '\0';
        send_command(redis, named ? auth : auth_default, named ? 3 : 2, 0,
                     command_new(on_greeted, redis));
    }
    if (place->database) {
        char number[8];
        snprintf(number, sizeof number, "%u", (unsigned)place->database);
        const struct span select[] = {SPAN("SELECT"), span_of(number)};
        send_command(redis, select, 2, 0, command_new(on_greeted, redis));
    }
    if (place->sentinels_n)
        send_command(redis, &SPAN("ROLE"), 1, 0, command_new(on_role, redis));
    send_command(redis, &SPAN("PING"), 1, 0, command_new(on_pong, redis));
}

/* --- connecting ------------------------------------------------------------------------------ */

/* The link has freed itself. */
static void on_gone(void *arg, const char *why)
{
    struct redis *redis = arg;
    redis->link = NULL;
    lose(redis, why);
}

static const struct redis_link_events link_events = {on_opened, on_replied, on_gone};

static void open_link(struct redis *redis, const char *where, uint16_t port)
{
    struct bytes why;
    bytes_init(&why, TROUBLE_MAX);
    redis_goto(redis, CONNECT);
    redis->link = redis_link_new(redis->loop, where, port, &link_events, redis, &why);
    if (!redis->link)
        lose(redis, bytes_str(&why));
    bytes_fini(&why);
}

/* Each try takes the next address of the name. */
static void on_resolved(void *arg, const struct addrinfo *list, const char *why)
{
    struct redis *redis = arg;
    char host[NI_MAXHOST];
    unsigned n = 0;
    redis->lookup = NULL;
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        n++;
    for (unsigned skip = n ? redis->tries % n : 0; skip > 0; skip--)
        list = list->ai_next;
    if (!n ||
        getnameinfo(list->ai_addr, list->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST))
        lose(redis, why);
    else
        open_link(redis, host, redis->at.port);
}

static void resolve(struct redis *redis, const struct redis_door *door, bool asking)
{
    const char *why = NULL;
    redis_goto(redis, RESOLVE);
    redis->at = *door;
    redis->asking = asking;
    redis->lookup = lookup_new(redis->loop, redis->at.host, on_resolved, redis, &why);
    if (!redis->lookup)
        lose(redis, why);
}

static void connect_now(struct redis *redis)
{
    const struct redis_place *place = &redis->place;
    timer_start(redis->timer, CONNECT_MS);
    if (place->path[0])
        open_link(redis, place->path, 0);
    else if (place->sentinels_n)
        resolve(redis, &place->sentinels[redis->tries % place->sentinels_n], true);
    else
        resolve(redis, &place->door, false);
}

static void on_timer(void *arg)
{
    struct redis *redis = arg;
    switch (redis->state) {
    case WAIT: connect_now(redis); break;
    case RESOLVE: drop(redis, "the name was not resolved in time"); break;
    case CONNECT: drop(redis, "no connection in time"); break;
    case GREET: drop(redis, "connected, but no answer in time"); break;
    case UP: on_deadline(redis); break;
    }
}

/* --- life ------------------------------------------------------------------------------------ */

enum err redis_new(struct loop *loop, const struct redis_config *config, struct redis **ret)
{
    struct redis_place place;
    enum err err = redis_place_read(span_of(config->url), &place);
    if (err != ERR_OK)
        return err;
    struct redis *redis = mem_new(sizeof *redis);
    redis->loop = loop;
    redis->place = place;
    redis->command_ms = config->command_ms;
    redis->on_state = config->on_state;
    redis->arg = config->arg;
    redis->timer = timer_new(loop, on_timer, redis);
    redis->later = timer_new(loop, on_later, redis);
    bytes_init(&redis->trouble, TROUBLE_MAX);
    bytes_add_str(&redis->trouble, "not yet connected");
    timer_start(redis->timer, 0);
    *ret = redis;
    return ERR_OK;
}

static void free_record(void *arg)
{
    struct redis *redis = arg;
    bytes_fini(&redis->trouble);
    explicit_bzero(&redis->place, sizeof redis->place);
    free(redis);
}

void redis_free(struct redis **redis)
{
    struct redis *r = *redis;
    struct command *c;
    *redis = NULL;
    if (!r)
        return;
    redis_goto(r, WAIT);
    give_up(r);
    r->posted = true; /* who asks again below is answered below */
    timer_free(&r->timer);
    timer_free(&r->later);
    while ((c = pop(&r->lost)) || (c = pop(&r->sent)))
        finish(c, ERR_REDIS, NULL);
    /* A callback may have called us: the frames below still look at the record. */
    loop_post(r->loop, free_record, r);
}

bool redis_is_up(const struct redis *redis)
{
    return redis->state == UP;
}

const char *redis_trouble(const struct redis *redis)
{
    return bytes_str(&redis->trouble);
}

void redis_reset(struct redis *redis)
{
    redis->tries = 0;
    drop(redis, "reset");
}
