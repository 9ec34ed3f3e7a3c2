/* admin_orders: an operator's orders about a host as a whole.
 *
 *     POST /api/v1/queue/HOST/{retry,hold,release,drop}
 *     POST /api/v1/queue/HOST/replay       {"since_ms": MOMENT} or {"from": NUMBER}
 *                                          and a reason with each, if there is one: {"reason":
 * TEXT}
 *
 *     MEMBER (is it one?) -> LOOK (replay: how far the journal reaches; since a moment: which entry
 *     was the first then?) -> ORDER
 *     -> answer: the line of the journal at which the order stands
 *
 * The owner of the shard carries it out when it reads that line. May not know: what a command line
 * looks like. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/store/members.h"

enum { LOOK = 64 };

struct order {
    enum book_order order;
    const char *name; /* as the path has it */
    const char *verb; /* as the command line has it */
    int64_t since_ms; /* REPLAY: from the first that was accepted then or later; 0: `of` says */
    uint64_t of;      /* REPLAY: the cursor goes back to here */
    /* Where that is looked for: not before `low`, not behind `high`, by a look behind `at`. */
    uint64_t low, high, at;
    bool known; /* how far the journal reaches */
    struct audit_by by;
};

/* As the path names them. */
static const struct {
    const char *name, *verb;
    enum book_order order;
} orders[] = {{"retry", "queue retry", ORDER_WAKE},
              {"hold", "queue hold", ORDER_HOLD},
              {"release", "queue release", ORDER_RELEASE},
              {"drop", "queue drop", ORDER_CUT},
              {"replay", "replay", ORDER_REPLAY}};

static struct store *store_of(const struct call *call)
{
    return call->admin->config.context->store;
}

/* --- the order -------------------------------------------------------------------------------- */

static void on_ordered(void *arg, enum err err, uint64_t n)
{
    struct call *call = arg;
    const struct order *o = call->more;
    if (err == ERR_OK) {
        json_open(&call->w, '{');
        json_member(&call->w, "host", span_of(call->host));
        json_member(&call->w, "order", span_of(o->name));
        json_member_int(&call->w, "line", (int64_t)n);
        if (o->order == ORDER_REPLAY)
            json_member_int(&call->w, "after", (int64_t)o->of);
        json_close(&call->w, '}');
    }
    call_end(call, err,
             err == ERR_TOO_LARGE ? SPAN("more than one replay can leave out was refused there "
                                         "since then: begin with a later entry")
                                  : SPAN_NONE);
}

static void give(struct call *call)
{
    const struct order *o = call->more;
    char after[48] = "";
    struct bytes note;
    if (o->order == ORDER_REPLAY)
        snprintf(after, sizeof(after), "{\"from\":%" PRIu64 "}", o->of + 1);
    admin_note(&o->by, o->verb, span_of(call->host), span_of(after), &note);
    const struct ledger_order order = {.order = o->order,
                                       .host = span_of(call->host),
                                       .of = o->of,
                                       .note = bytes_span(&note),
                                       .now_ms = clock_wall_ms()};
    ledger_order(store_of(call), &order, on_ordered, call);
    bytes_fini(&note);
}

static void give_from(struct call *call, uint64_t of)
{
    ((struct order *)call->more)->of = of;
    give(call);
}

/* --- which entry was the first since then ----------------------------------------------------- */

/* Between low and high by halves: accepted is what they are numbered by, but for the clock of
 * another machine. Where a stretch has no entry, it is taken as later: more is repeated then, and
 * nothing is left out. */
static void look(struct call *call);

static void on_page(void *arg, const struct journal_page *page)
{
    struct call *call = arg;
    struct order *o = call->more;
    const struct entry *first = NULL;
    if (page->err != ERR_OK || !call->admin) {
        call_end(call, page->err, SPAN_NONE);
        return;
    }
    if (!o->known) {
        o->known = true;
        o->low = page->floor[LANE_NORMAL];
        o->high = page->n;
        if (o->since_ms)
            look(call);
        else if (o->of >= page->n)
            call_end(call, ERR_USAGE, SPAN("the journal has not come to that entry yet"));
        else
            give_from(call, o->of > o->low ? o->of : o->low);
        return;
    }
    for (size_t i = page->lines_n; i > 0; i--)
        if (page->lines[i - 1].kind == JOURNAL_ENTRY)
            first = page->lines[i - 1].entry;
    if (first && first->at_ms < o->since_ms)
        o->low = first->n;
    else
        o->high = o->at;
    look(call);
}

static void look(struct call *call)
{
    struct order *o = call->more;
    if (o->known && o->low >= o->high) {
        give_from(call, o->high);
        return;
    }
    o->at = o->low + (o->high - o->low) / 2;
    journal_page(store_of(call), LANE_NORMAL, o->at, o->known ? LOOK : 1, on_page, call);
}

/* --- the way in ------------------------------------------------------------------------------- */

static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    const struct order *o = call->more;
    struct span state = SPAN_NONE;
    if (err == ERR_OK && !member)
        err = ERR_NO_SUCH_MEMBER;
    /* Nothing is owed to others; only mail may wait for them. */
    if (err == ERR_OK && o->order != ORDER_WAKE && member->state != MEMBER_ACTIVE &&
        member->state != MEMBER_SUSPENDED) {
        err = ERR_TRANSITION;
        state = span_of(member_state_name(member->state));
    }
    if (err != ERR_OK || !call->admin)
        call_end(call, err, state);
    else if (o->order == ORDER_REPLAY)
        look(call);
    else
        give(call);
}

/* False: neither a moment nor a number. */
static bool read_replay(const struct json *json, struct order *o)
{
    int64_t from = 0;
    bool since = json_int(json_get(json, "since_ms"), &o->since_ms);
    bool numbered = json_int(json_get(json, "from"), &from);
    o->of = from > 0 ? (uint64_t)from - 1 : 0;
    return since != numbered && (since ? o->since_ms > 0 : from > 0);
}

/* What the body says. False: it is refused already. */
static bool read_order(struct admin *a, struct http_request **request, struct order *o)
{
    struct json *json = NULL;
    bool ok = admin_body(request, &json);
    if (ok && o->order == ORDER_REPLAY && !read_replay(json, o)) {
        admin_refuse(request, ERR_USAGE, SPAN("say since when, or from which entry on"));
        ok = false;
    }
    ok = ok && admin_by(a, request, json, false, &o->by);
    json_free(&json);
    return ok;
}

void admin_orders(struct admin *a, struct http_request **request, const char *host,
                  struct span verb)
{
    struct order o = {.order = ORDER_COUNT};
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
        if (span_eq_str(verb, orders[i].name)) {
            o.name = orders[i].name;
            o.verb = orders[i].verb;
            o.order = orders[i].order;
        }
    if (o.order == ORDER_COUNT) {
        admin_refuse(request, ERR_NOT_FOUND, SPAN_NONE);
        return;
    }
    if (!read_order(a, request, &o))
        return;
    struct call *call = call_new(a, request);
    struct order *kept = mem_new(sizeof(*kept));
    *kept = o;
    call->more = kept;
    call->more_free = free;
    span_copy(span_of(host), call->host, sizeof(call->host));
    members_get(store_of(call), span_of(host), on_member, call);
}
