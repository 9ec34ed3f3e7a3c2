/* holdings_view: a journal in figures, for programs and for people.
 * May not know: where it lies. */
#include "relay/holdings_view.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    size_t at;
} figures[] = {
#define X(name) {#name, offsetof(struct verify_report, name)},
    X(schema) X(shards) X(epoch) X(n) X(floor) X(body_floor) X(keys) X(lines) X(entries) X(bodies)
        X(members) X(cursors) X(behind) X(records) X(mail) X(objects) X(audit) X(holds)
#undef X
};

static uint64_t figure(const struct verify_report *report, size_t i)
{
    return *(const uint64_t *)((const char *)report + figures[i].at);
}

void holdings_json(struct json_writer *w, const struct verify_report *report)
{
    struct span left = bytes_span(&report->findings);
    json_member(w, "journal", span_of(report->id));
    if (report->owner[0])
        json_member(w, "owner", span_of(report->owner));
    for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
        json_member_int(w, figures[i].name, (int64_t)figure(report, i));
    json_member_bool(w, "good", report->findings_n == 0);
    json_member_int(w, "findings_n", (int64_t)report->findings_n);
    json_key(w, "findings");
    json_open(w, '[');
    while (left.n)
        json_add_text(w, span_cut(&left, '\n'));
    json_close(w, ']');
}

void holdings_print(const struct verify_report *r)
{
    printf("%-10s %s%s%s\n", "journal", r->id, r->owner[0] ? " of " : "", r->owner);
    printf("%-10s %" PRIu64 " in epoch %" PRIu64 ", schema %" PRIu64 "\n", "position", r->n,
           r->epoch, r->schema);
    printf("%-10s %" PRIu64 " behind %" PRIu64 ": %" PRIu64 " activities, of %" PRIu64
           " the body is kept\n",
           "lines", r->lines, r->floor, r->entries, r->bodies);
    printf("%-10s %" PRIu64 "\n", "members", r->members);
    printf("%-10s %" PRIu64 " apart from their shard's", "cursors", r->cursors);
    if (r->behind)
        printf(", %" PRIu64 " of them behind what is kept: a gap will be recorded", r->behind);
    printf("\n%-10s %" PRIu64 " of what was given up, late or passed over\n", "records",
           r->records);
    printf("%-10s %" PRIu64 "\n", "direct", r->mail);
    printf("%-10s %" PRIu64 "\n", "objects", r->objects);
    printf("%-10s %" PRIu64 " lines\n", "audit", r->audit);
    printf("%-10s %" PRIu64 " that wait for a person, or did lately\n", "holds", r->holds);
}

void holdings_print_findings(const struct verify_report *r)
{
    fwrite(bytes_str(&r->findings), 1, r->findings.n, stderr);
    if (r->findings_n > VERIFY_FINDINGS_MAX)
        fprintf(stderr, "and %zu more\n", r->findings_n - VERIFY_FINDINGS_MAX);
}
