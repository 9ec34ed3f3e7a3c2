/* admin_reload: an operator has the configuration read anew.
 *
 *     POST /api/v1/reload      {reason, applies}
 *
 *     BEGUN (written down that it is asked for) -> READING (the master's) -> DONE (what came of it
 * is written down) -> answer
 *
 * It is no change of what lies in Redis, so that one script can't do both: what could not be
 * written down before is not begun; what was done is answered for, also where that can't be
 * written down any more. A reading that nobody asked for here (SIGHUP) is written down when it
 * brought something else: who sent the signal nobody can say.
 * May not know: what is done with a configuration. */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "relay/admin_inner.h"
#include "relay/store/audit.h"

enum { DIGEST_TEXT = 96 };

struct reading {
    struct audit_by by;
    bool applies; /* who asks has put another file in place for it */
    uint64_t n;   /* of the line that says that it was begun */
    char before[CONFIG_DIGEST_SIZE];
    enum err err;
    struct bytes why;
};

static void reading_free(void *more)
{
    struct reading *r = more;
    bytes_fini(&r->why);
    free(r);
}

/* `{"config": its digest}` */
static struct span digest_json(const char *digest, char text[DIGEST_TEXT])
{
    snprintf(text, DIGEST_TEXT, "{\"config\":\"%s\"}", digest);
    return *digest ? span_of(text) : SPAN_NONE;
}

static void write_down(struct admin *a, const struct reading *r, const char *outcome, audit_cb cb,
                       void *arg)
{
    char before[DIGEST_TEXT];
    char after[DIGEST_TEXT];
    struct bytes text;
    const struct config *config = a->config.context->config;
    bool done = r->n || !outcome;
    const struct audit_note note = {.by = &r->by,
                                    .verb = r->applies ? "config apply" : "reload",
                                    .target = span_of(config->path),
                                    .before = digest_json(r->before, before),
                                    .after = done ? digest_json(config->digest, after) : SPAN_NONE,
                                    .of = r->n,
                                    .outcome = outcome,
                                    .now_ms = clock_wall_ms()};
    bytes_init(&text, AUDIT_NOTE_MAX);
    audit_write(&note, &text);
    const struct audit_add add = {.note = bytes_span(&text),
                                  .config = done && !a->config.watches ? span_of(config->digest)
                                                                       : SPAN_NONE};
    audit_add(a->config.context->store, &add, cb, arg);
    bytes_fini(&text);
}

static void complain(enum err err, const char *what)
{
    if (err != ERR_OK)
        log_note(LOG_LEVEL_ERROR, "audit", "%s is not written down: %s", what, err_title(err));
}

/* --- one that was asked for ------------------------------------------------------------------- */

static void on_done(void *arg, enum err err, uint64_t n)
{
    struct call *call = arg;
    const struct reading *r = call->more;
    (void)n;
    complain(err, "what came of a reload");
    call_end(call, r->err, bytes_span(&r->why));
}

static void on_begun(void *arg, enum err err, uint64_t n)
{
    struct call *call = arg;
    struct reading *r = call->more;
    if (err != ERR_OK || !call->admin) {
        call_end(call, err == ERR_OK ? ERR_UNAVAILABLE : err, SPAN_NONE);
        return;
    }
    r->n = n;
    call->reloads = true;
    call->admin->config.reload(call->admin->config.arg);
}

void admin_reloaded(struct admin *a, enum err err, struct span why)
{
    struct call *next;
    for (struct call *call = a->calls; call; call = next) {
        next = call->next;
        if (!call->reloads)
            continue;
        struct reading *r = call->more;
        r->err = err;
        bytes_add(&r->why, why);
        call->reloads = false;
        write_down(a, r, err == ERR_OK ? "done" : err_code(err), on_done, call);
    }
}

void admin_reload(struct admin *a, struct http_request **request)
{
    struct json *json = NULL;
    struct audit_by by;
    bool read = admin_body(request, &json);
    bool applies = read && json_flag(json_get(json, "applies"), false);
    read = read && admin_by(a, request, json, applies, &by);
    json_free(&json);
    if (!read)
        return;
    struct call *call = call_new(a, request);
    struct reading *r = mem_new(sizeof(*r));
    r->by = by;
    r->applies = applies;
    span_copy(span_of(a->config.context->config->digest), r->before, sizeof(r->before));
    bytes_init(&r->why, CONFIG_WHY_MAX);
    call->more = r;
    call->more_free = reading_free;
    json_open(&call->w, '{');
    json_member_bool(&call->w, "reloaded", true);
    json_close(&call->w, '}');
    write_down(a, r, "begun", on_begun, call);
}

/* --- one that was not ------------------------------------------------------------------------- */

static void on_signal(void *arg, enum err err, uint64_t n)
{
    (void)arg;
    (void)n;
    complain(err, "another configuration");
}

void admin_config_taken(struct admin *a, const char *before)
{
    const struct config *config = a->config.context->config;
    struct reading r = {.by = {.via = "signal"}};
    for (const struct call *call = a->calls; call; call = call->next)
        if (call->reloads)
            return;
    if (span_eq_str(span_of(config->digest), before))
        return;
    span_copy(span_of(before), r.before, sizeof(r.before));
    write_down(a, &r, NULL, on_signal, NULL);
}
