/* report_markdown: a report for people: tables that stand in a wiki or a mail as they are. Names of
 * zones and hosts hold nothing that Markdown would take for its own.
 * May not know: where it comes from. */
#include <inttypes.h>

#include "common/pure/date.h"
#include "relay/rules/report_inner.h"

static void add_day(struct bytes *out, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    date_iso_write(ms, text);
    bytes_addf(out, "%.10s", text);
}

/* Text of a person: what would end a cell, or begin a tag, is left out. */
static void add_plain(struct bytes *out, const char *text)
{
    for (; *text; text++)
        if (*text != '|' && *text != '<' && *text != '>' && (unsigned char)*text >= ' ')
            bytes_add_char(out, *text);
}

/* A table's head; n: how many columns at its end are numbers. */
static void head(struct bytes *out, const char *title, const char *const *names, size_t n,
                 size_t numbers)
{
    bytes_addf(out, "\n## %s\n\n|", title);
    for (size_t i = 0; i < n; i++)
        bytes_addf(out, " %s |", names[i]);
    bytes_add_str(out, "\n|");
    for (size_t i = 0; i < n; i++)
        bytes_add_str(out, i + numbers < n ? " --- |" : " ---: |");
    bytes_add_char(out, '\n');
}
#define HEAD(out, title, numbers, ...)                                                             \
    head(out, title, (const char *const[]){__VA_ARGS__},                                           \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), numbers)

static void none(struct bytes *out, const char *title, const char *what)
{
    bytes_addf(out, "\n## %s\n\n%s\n", title, what);
}

static void write_zones(const struct report *r, struct bytes *out)
{
    if (!r->zones.n) {
        none(out, "Members today", "None.");
        return;
    }
    HEAD(out, "Members today", 4, "zone", "active", "invited or waiting", "suspended",
         "expired, left or removed");
    for (size_t i = 0; i < r->zones.n; i++) {
        const struct report_zone *z = r->zones.items[i];
        bytes_addf(out, "| %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |\n",
                   z->zone[0] ? z->zone : "(none)", z->n[MEMBER_ACTIVE],
                   z->n[MEMBER_INVITED] + z->n[MEMBER_PENDING], z->n[MEMBER_SUSPENDED],
                   z->n[MEMBER_EXPIRED] + z->n[MEMBER_LEFT] + z->n[MEMBER_REMOVED]);
    }
}

static void write_weeks(const struct report *r, struct bytes *out)
{
    static const char title[] = "Who posted, week by week";
    if (!r->weeks.n) {
        none(out, title, "Nobody.");
        return;
    }
    HEAD(out, title, 2, "week from", "zone", "members", "authors");
    for (size_t i = 0; i < r->weeks.n; i++) {
        const struct report_week *w = r->weeks.items[i];
        bytes_addf(out, "| %s | %s | %" PRIu64 " | %" PRIu64 " |\n", w->week, w->zone, w->members,
                   w->authors);
    }
    bytes_add_str(out, "\nBoth are counted without a list of who they are, so they are estimates "
                       "(good to about 1 %). A week that reaches into another month is whole.\n");
}

static void write_crossings(const struct report *r, struct bytes *out)
{
    static const char title[] = "What went where";
    if (!r->crossings.n) {
        none(out, title, "Nothing.");
        return;
    }
    HEAD(out, title, 3, "from", "to", "posts", "replies", "shares");
    for (size_t i = 0; i < r->crossings.n; i++) {
        const struct report_crossing *c = r->crossings.items[i];
        bytes_addf(out, "| %s | %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |\n", c->from, c->to,
                   c->n[TALLY_POST], c->n[TALLY_REPLY], c->n[TALLY_SHARE]);
    }
}

static void write_refusals(const struct report *r, struct bytes *out)
{
    static const char title[] = "What did not";
    if (!r->refusals.n) {
        none(out, title, "Nothing.");
        return;
    }
    HEAD(out, title, 1, "from", "to", "reason", "times");
    for (size_t i = 0; i < r->refusals.n; i++) {
        const struct report_refusal *f = r->refusals.items[i];
        enum err why = err_by_code(span_of(f->code));
        bytes_addf(out, "| %s | %s | %s (%s) | %" PRIu64 " |\n", f->from[0] ? f->from : "(no zone)",
                   f->to[0] ? f->to : "(at the door)",
                   why == ERR_COUNT ? "a reason of another version" : err_title(why), f->code,
                   f->n);
    }
    bytes_add_str(out, "\nWhat was refused at the door went nowhere. What is held or frozen waits "
                       "for a person or a thaw; once it is let go, it counts as crossed too.\n");
}

static void add_class(struct bytes *out, unsigned class)
{
    int64_t most = tally_lag_most(class);
    if (class == TALLY_LAGS - 1)
        bytes_add_str(out, "more than 7 days");
    else if (most < 60000)
        bytes_addf(out, "within %g s", (double)most / 1000);
    else if (most < 3600000)
        bytes_addf(out, "within %d min", (int)(most / 60000));
    else
        bytes_addf(out, "within %d h", (int)(most / 3600000));
}

static void write_times(const struct report *r, struct bytes *out)
{
    static const char title[] = "From post to delivery";
    if (!r->times.n) {
        none(out, title, "Nothing was delivered.");
        return;
    }
    HEAD(out, title, 3, "to members of", "deliveries", "half of them", "95 %");
    for (size_t i = 0; i < r->times.n; i++) {
        const struct report_times *t = r->times.items[i];
        bytes_addf(out, "| %s | %" PRIu64 " | ", t->zone[0] ? t->zone : "(none)",
                   report_deliveries(t));
        add_class(out, report_class(t, 50));
        bytes_add_str(out, " | ");
        add_class(out, report_class(t, 95));
        bytes_add_str(out, " |\n");
    }
}

static void write_pilots(const struct report *r, struct bytes *out)
{
    static const char title[] = "Pilots";
    if (!r->pilots.n) {
        none(out, title, "None.");
        return;
    }
    HEAD(out, title, 0, "who or what", "zone", "ends", "state", "sponsor");
    for (size_t i = 0; i < r->pilots.n; i++) {
        const struct report_pilot *p = r->pilots.items[i];
        bytes_addf(out, "| %s | %s | ", p->what, p->zone);
        add_day(out, p->until_ms);
        bytes_addf(out, " | %s | ", p->state ? p->state : "");
        add_plain(out, p->sponsor);
        bytes_add_str(out, " |\n");
    }
    if (r->more_pilots)
        bytes_add_str(out, "\nThere are more than are listed here.\n");
}

void report_write_markdown(struct report *r, struct span title, int64_t now_ms, struct bytes *out)
{
    report_sort(r);
    bytes_addf(out, "# %.*s: %s\n\nWritten on ", SPAN_ARG(title), r->month);
    add_day(out, now_ms);
    bytes_add_str(out, report_over(r, now_ms) ? " (UTC).\n"
                                              : " (UTC); the month is not over: as of now.\n");
    write_zones(r, out);
    write_weeks(r, out);
    write_crossings(r, out);
    write_refusals(r, out);
    write_times(r, out);
    write_pilots(r, out);
    if (r->over)
        bytes_addf(out, "\n%" PRIu64 " more were counted that there was no room to tell apart.\n",
                   r->over);
}
