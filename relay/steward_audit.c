/* steward_audit: once a day, number and hash of the newest line of the audit log; and a line of it
 * where the relay goes by another configuration than the one that was told there last.
 *
 * A reload says so itself (admin_reload.c); this is for a file that was changed while the relay was
 * stopped, and for what could not be written down then. May not know: what the lines tell. */
#include "relay/steward_audit.h"

#include <stdlib.h>

#include "common/io/clock.h"
#include "common/io/log.h"
#include "common/pure/json.h"
#include "relay/rules/audit_note.h"
#include "relay/store/audit.h"

enum { DAY_MS = 86400000, AGAIN_MS = 60000, CONFIG_JSON_MAX = 1024 };

struct look { /* outlives the auditor if it must */
    struct auditor *auditor;
};

struct auditor {
    struct context *context;
    struct timer *timer;
    struct look *look;
    bool ready;
};

static void tell(const struct audit_page *page)
{
    struct log_line l;
    if (page->err != ERR_OK) {
        log_note(LOG_LEVEL_ERROR, "audit", "its head can't be read: %s", err_title(page->err));
        return;
    }
    if (!page->n)
        return;
    log_begin(&l, LOG_LEVEL_INFO, "audit");
    log_int(&l, "line", (int64_t)page->n);
    log_text(&l, "head", page->hash);
    log_end(&l);
}

static void on_added(void *arg, enum err err, uint64_t n)
{
    (void)arg;
    (void)n;
    if (err != ERR_OK)
        log_note(LOG_LEVEL_ERROR, "audit", "another configuration is not written down: %s",
                 err_title(err));
}

static void add_config(struct json_writer *w, struct bytes *out, struct span digest)
{
    bytes_init(out, CONFIG_JSON_MAX);
    json_begin(w, out);
    json_open(w, '{');
    json_member(w, "config", digest);
    json_close(w, '}');
}

/* Nobody can say who changed the file. One that is the first is only remembered. */
static void tell_config(const struct auditor *a, struct span known)
{
    const struct config *config = a->context->config;
    const struct audit_by by = {.via = "file"};
    struct json_writer w;
    struct bytes before;
    struct bytes after;
    struct bytes note;
    if (!*config->digest || span_eq_str(known, config->digest))
        return;
    add_config(&w, &before, known);
    add_config(&w, &after, span_of(config->digest));
    bytes_init(&note, AUDIT_NOTE_MAX);
    audit_write(&(struct audit_note){.by = &by,
                                     .verb = "config",
                                     .target = span_of(config->path),
                                     .before = bytes_span(&before),
                                     .after = bytes_span(&after),
                                     .now_ms = clock_wall_ms()},
                &note);
    const struct audit_add add = {.note = known.n ? bytes_span(&note) : SPAN_NONE,
                                  .config = span_of(config->digest)};
    audit_add(a->context->store, &add, on_added, NULL);
    bytes_fini(&before);
    bytes_fini(&after);
    bytes_fini(&note);
}

static void on_newest(void *arg, const struct audit_page *page)
{
    struct look *look = arg;
    struct auditor *a = look->auditor;
    free(look);
    if (!a)
        return;
    a->look = NULL;
    bool away = page->err == ERR_REDIS; /* others tell that */
    if (!away)
        tell(page);
    if (page->err == ERR_OK)
        tell_config(a, page->config);
    timer_start(a->timer, away ? AGAIN_MS : DAY_MS);
}

static void on_timer(void *arg)
{
    struct auditor *a = arg;
    const struct audit_ask ask = {.newest = true, .most = 1};
    if (!a->ready || a->look)
        return;
    a->look = mem_new(sizeof(*a->look));
    a->look->auditor = a;
    audit_read(a->context->store, &ask, on_newest, a->look);
}

struct auditor *auditor_new(struct context *context)
{
    struct auditor *a = mem_new(sizeof(*a));
    a->context = context;
    a->timer = timer_new(context->loop, on_timer, a);
    return a;
}

void auditor_ready(struct auditor *a, bool ready)
{
    a->ready = ready;
    if (ready)
        timer_start(a->timer, 0);
}

void auditor_free(struct auditor **auditor)
{
    struct auditor *a = *auditor;
    *auditor = NULL;
    if (!a)
        return;
    if (a->look)
        a->look->auditor = NULL;
    timer_free(&a->timer);
    free(a);
}
