/* admin_reports: a month, for a sponsor.
 *
 *     GET  /api/v1/reports/2026-11       as JSON
 *     GET  /api/v1/reports/2026-11.md    as Markdown
 *
 * First what was counted is read, then the registry. May not know: how it is counted. */
#include <stdlib.h>

#include "common/io/clock.h"
#include "relay/admin_inner.h"
#include "relay/rules/report.h"
#include "relay/store/members.h"
#include "relay/store/tallies.h"

struct reporting {
    struct report *report;
    struct store *store;
    bool markdown;
};

static void reporting_free(void *more)
{
    struct reporting *r = more;
    report_free(&r->report);
    free(r);
}

static void end(struct call *call, enum err err)
{
    struct reporting *r = call->more;
    if (err == ERR_OK && call->admin) {
        const struct config *config = call->admin->config.context->config;
        report_add_rules(r->report, &config->policy);
        if (r->markdown)
            report_write_markdown(r->report, span_of(config->set.name), clock_wall_ms(),
                                  &call->out);
        else
            report_write_json(r->report, clock_wall_ms(), &call->out);
        call->content_type = r->markdown ? "text/markdown; charset=utf-8" : NULL;
    }
    call_end(call, err, SPAN_NONE);
}

/* A record that can't be read is of nobody who could be told of. */
static void on_member(void *arg, enum err err, const struct member *member)
{
    struct call *call = arg;
    struct reporting *r = call->more;
    if (!member)
        end(call, err);
    else if (err == ERR_OK)
        report_add_member(r->report, member);
}

static void on_tally(void *arg, enum err err, const struct tallies_item *item)
{
    struct call *call = arg;
    struct reporting *r = call->more;
    if (item && item->is_set)
        report_add_set(r->report, item->name, item->n);
    else if (item)
        report_add_count(r->report, item->name, item->n);
    else if (err != ERR_OK || !call->admin)
        end(call, err == ERR_OK ? ERR_UNAVAILABLE : err);
    else
        members_each(r->store, MEMBERS_ALL, on_member, call);
}

void admin_reports(struct admin *a, struct http_request **request, struct span rest)
{
    struct store *store = a->config.context->store;
    struct span month = rest;
    bool markdown = span_ends(month, SPAN(".md"));
    int64_t from_ms, to_ms;
    if (markdown)
        month.n -= 3;
    if (!rest.p || !tally_month_read(month, &from_ms, &to_ms)) {
        admin_refuse(request, ERR_USAGE, SPAN("a month is written as 2026-11"));
        return;
    }
    char text[TALLY_MONTH_SIZE];
    span_copy(month, text, sizeof(text)); /* the path goes with the request */
    struct call *call = call_new(a, request);
    struct reporting *r = mem_new(sizeof(*r));
    *r = (struct reporting){report_new(span_of(text)), store, markdown};
    call->more = r;
    call->more_free = reporting_free;
    tallies_read(store, span_of(text), on_tally, call);
}
