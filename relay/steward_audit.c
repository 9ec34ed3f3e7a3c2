/* steward_audit: once a day, number and hash of the newest line of the audit log.
 * May not know: what the lines tell. */
#include "relay/steward_audit.h"

#include <stdlib.h>

#include "common/io/log.h"
#include "relay/store/audit.h"

enum { DAY_MS = 86400000, AGAIN_MS = 60000 };

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
