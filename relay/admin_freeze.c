/* admin_freeze: boundaries are closed for a while, and opened again.
 *
 *     GET  /api/v1/freezes
 *     POST /api/v1/freeze    {"boundary": "A -> B", "until_ms": MS, "reason": TEXT}
 *     POST /api/v1/thaw      {"boundary": "A -> B", "reason": TEXT}
 *
 *     what is frozen -> what waits behind each, one after the other (admin_freeze_waiting.c)
 *     CHANGE (one script, with its line of the audit log) -> what waits behind it, or that what it
 * held is decided anew (steward_freeze.c) -> answer
 *
 * May not know: what a command line looks like; what becomes of what is held. */
#include "relay/admin_freeze.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "relay/store/freezes.h"

enum { AFTER_MAX = 256, WRONG_MAX = 200 };

struct freezing {
    struct freeze freeze;
    bool thaws;
    struct audit_by by;
    size_t left; /* boundaries that are frozen now */
    struct waiting *waiting;
};

static void freezing_free(void *more)
{
    struct freezing *f = more;
    waiting_free(&f->waiting);
    free(f);
}

static void add_boundary(struct json_writer *w, const struct freeze *freeze)
{
    struct bytes text;
    bytes_init(&text, FREEZE_TEXT_MAX);
    freeze_boundary_write(freeze, &text);
    json_member(w, "boundary", bytes_span(&text));
    bytes_fini(&text);
}

/* Members of an object that is open. */
static void view_freeze(struct json_writer *w, const struct freeze *freeze)
{
    add_boundary(w, freeze);
    json_member(w, "from", span_of(freeze->from));
    json_member(w, "to", span_of(freeze->to));
    view_time(w, "since", freeze->since_ms);
    view_time(w, "until", freeze->until_ms);
    json_member(w, "who", span_of(freeze->who));
    json_member(w, "reason", span_of(freeze->reason));
}

void view_freezes(struct json_writer *w, const struct freezes *freezes)
{
    json_key(w, "freezes");
    json_open(w, '[');
    for (size_t i = 0; freezes && i < freezes->n; i++) {
        json_open(w, '{');
        view_freeze(w, &freezes->list[i]);
        json_close(w, '}');
    }
    json_close(w, ']');
}

/* --- what is frozen --------------------------------------------------------------------------- */

struct listing {
    struct freezes freezes;
    size_t at;
    struct waiting *waiting; /* behind this one */
};

static void listing_free(void *more)
{
    struct listing *l = more;
    waiting_free(&l->waiting);
    free(l);
}

static void list_next(struct call *call);

/* What waits behind one is not said where it can't be told. */
static void on_counted(struct call *call, enum err err)
{
    struct listing *l = call->more;
    json_open(&call->w, '{');
    view_freeze(&call->w, &l->freezes.list[l->at]);
    if (err == ERR_OK)
        waiting_write(l->waiting, &call->w);
    json_close(&call->w, '}');
    waiting_free(&l->waiting);
    book_free(&call->book);
    l->at++;
    list_next(call);
}

static void list_next(struct call *call)
{
    struct listing *l = call->more;
    if (l->at == l->freezes.n || !call->admin) {
        json_close(&call->w, ']');
        json_close(&call->w, '}');
        call_end(call, ERR_OK, SPAN_NONE);
        return;
    }
    call->waiting = l->waiting = mem_new(sizeof(*l->waiting));
    l->waiting->freeze = l->freezes.list[l->at];
    l->waiting->done = on_counted;
    waiting_count(call);
}

static void on_read(void *arg, enum err err, const struct freezes *freezes)
{
    struct call *call = arg;
    struct listing *l = call->more;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    if (freezes)
        l->freezes = *freezes;
    json_open(&call->w, '{');
    json_key(&call->w, "freezes");
    json_open(&call->w, '[');
    list_next(call);
}

void admin_freezes(struct admin *a, struct http_request **request)
{
    struct call *call = call_new(a, request);
    call->more = mem_new(sizeof(struct listing));
    call->more_free = listing_free;
    freezes_read(a->config.context->store, "", on_read, call);
}

/* --- a change --------------------------------------------------------------------------------- */

static void answer(struct call *call, enum err err)
{
    const struct freezing *f = call->more;
    struct json_writer *w = &call->w;
    json_open(w, '{');
    if (f->thaws) {
        add_boundary(w, &f->freeze);
        json_member(w, "reason", span_of(f->by.reason));
    } else {
        view_freeze(w, &f->freeze);
    }
    json_member_int(w, "frozen", (int64_t)f->left);
    if (f->waiting && err == ERR_OK) /* it is frozen all the same where that can't be told */
        waiting_write(f->waiting, w);
    json_close(w, '}');
    call_end(call, ERR_OK, SPAN_NONE);
}

static void on_changed(void *arg, enum err err, const struct freezes *freezes)
{
    struct call *call = arg;
    struct freezing *f = call->more;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err, SPAN_NONE);
        return;
    }
    f->left = freezes->n;
    call->admin->config.changed(call->admin->config.arg);
    if (f->thaws) {
        answer(call, ERR_OK);
        return;
    }
    f->waiting = mem_new(sizeof(*f->waiting));
    f->waiting->freeze = f->freeze;
    f->waiting->done = answer;
    call->waiting = f->waiting;
    waiting_count(call);
}

/* --- the way in ------------------------------------------------------------------------------- */

/* A word that was misspelt would leave the boundary open, and whoever froze it would not know. */
static bool is_zone(const struct admin *a, struct http_request **request, const char *name)
{
    struct bytes wrong;
    if (strcmp(name, "*") == 0 ||
        policy_zone_by_name(&a->config.context->config->policy, span_of(name)) >= 0)
        return true;
    bytes_init(&wrong, WRONG_MAX);
    bytes_addf(&wrong, "there is no zone %s", name);
    admin_refuse(request, ERR_USAGE, bytes_span(&wrong));
    bytes_fini(&wrong);
    return false;
}

/* False: it is refused already. */
static bool read_until(struct http_request **request, const struct json *json,
                       struct freeze *freeze)
{
    const struct json *until = json_get(json, "until_ms");
    if (json_kind(until) == JSON_ABSENT ||
        (json_int(until, &freeze->until_ms) && freeze->until_ms > freeze->since_ms))
        return true;
    admin_refuse(request, ERR_USAGE, SPAN("until_ms is a time that is still to come"));
    return false;
}

static bool read_ask(struct admin *a, struct http_request **request, struct freezing *f)
{
    struct json *json = NULL;
    bool ok = admin_body(request, &json);
    if (ok && !freeze_boundary_read(json_text(json_get(json, "boundary")), &f->freeze)) {
        admin_refuse(request, ERR_USAGE,
                     SPAN("name the boundary as FROM -> TO: two zones, or * for any other"));
        ok = false;
    }
    f->freeze.since_ms = clock_wall_ms();
    ok = ok &&
         (f->thaws || (is_zone(a, request, f->freeze.from) && is_zone(a, request, f->freeze.to) &&
                       read_until(request, json, &f->freeze)));
    ok = ok && admin_by(a, request, json, true, &f->by);
    json_free(&json);
    span_copy(span_of(f->by.who), f->freeze.who, sizeof(f->freeze.who));
    span_copy(span_of(f->by.reason), f->freeze.reason, sizeof(f->freeze.reason));
    return ok;
}

/* `{"until": ...}`, where it has an end. */
static void add_after(const struct freeze *freeze, struct bytes *out)
{
    struct json_writer w;
    bytes_init(out, AFTER_MAX);
    if (!freeze->until_ms)
        return;
    json_begin(&w, out);
    json_open(&w, '{');
    view_time(&w, "until", freeze->until_ms);
    json_close(&w, '}');
}

void admin_freeze(struct admin *a, struct http_request **request, bool thaws)
{
    struct bytes target;
    struct bytes after;
    struct bytes note;
    struct freezing *f = mem_new(sizeof(*f));
    f->thaws = thaws;
    if (!read_ask(a, request, f)) {
        freezing_free(f);
        return;
    }
    struct call *call = call_new(a, request);
    call->more = f;
    call->more_free = freezing_free;
    bytes_init(&target, FREEZE_TEXT_MAX);
    freeze_boundary_write(&f->freeze, &target);
    add_after(&f->freeze, &after);
    admin_note(&f->by, thaws ? "thaw" : "freeze", bytes_span(&target),
               after.n ? bytes_span(&after) : SPAN_NONE, &note);
    const struct freezes_change change = {
        .freeze = &f->freeze, .thaws = thaws, .note = bytes_span(&note)};
    freezes_change(a->config.context->store, &change, on_changed, call);
    bytes_fini(&target);
    bytes_fini(&after);
    bytes_fini(&note);
}
