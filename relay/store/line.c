/* line: one entry of the journal's stream, from Redis's words to facts.
 * May not know: why it is read. */
#include "relay/store/store_inner.h"

#include <string.h>

static struct span field(const struct redis_reply *fields, const char *name)
{
    return reply_text(reply_field(fields, name));
}

static enum activity_type type_by_number(struct span text)
{
    uint64_t type;
    return span_u64(text, ACTIVITY_OTHER, &type) ? (enum activity_type)type : ACTIVITY_OTHER;
}

static enum outgoing_announced announced_by_number(struct span text)
{
    uint64_t announced;
    return span_u64(text, ANNOUNCED_ALL, &announced) ? (enum outgoing_announced)announced
                                                     : ANNOUNCED_NO;
}

/* Numbers with a blank between them. */
static size_t of_read(struct span text, uint64_t of[ENTRY_OF_MAX])
{
    size_t n = 0;
    while (text.n && n < ENTRY_OF_MAX)
        n += span_u64(span_cut(&text, ' '), UINT64_MAX, &of[n]);
    return n;
}

static struct entry *entry_read(const struct redis_reply *fields, uint64_t n, enum lane lane)
{
    uint64_t of[ENTRY_OF_MAX];
    struct entry e = {
        .n = n,
        .lane = lane,
        .at_ms = reply_int(reply_field(fields, "t")),
        .facts = {.type = type_by_number(field(fields, "ty")),
                  .undone = type_by_number(field(fields, "u")),
                  .has_proof = span_eq_str(field(fields, "p"), "1"),
                  .announced = announced_by_number(field(fields, "an"))},
        .audience = field(fields, "a"),
        .origin = field(fields, "g"),
        .zone = field(fields, "z"),
        .object_host = field(fields, "oh"),
        .id = field(fields, "i"),
        .object = field(fields, "o"),
        .body_len = (size_t)reply_int(reply_field(fields, "len")),
        .actor = (uint64_t)reply_int(reply_field(fields, "ac")),
        .author = (uint64_t)reply_int(reply_field(fields, "au")),
        .gone = span_eq_str(field(fields, "gn"), "1"),
        .opts_out = span_eq_str(field(fields, "gn"), "2"),
        .of = of,
    };
    e.of_n = of_read(field(fields, "of"), of);
    span_copy(field(fields, "c"), e.announce, sizeof(e.announce));
    /* A Create or Announce without a hash wraps what no Announce may say (a Delete, say). */
    e.facts.nameless = !e.announce[0];
    return entry_new(&e);
}

/* `h30:5:a.example`: left out by order 30 for inboxes 0 and 2 of the host. */
static bool left_out_read(struct span text, struct entry_mark *ret)
{
    uint64_t slots = 0;
    *ret = (struct entry_mark){0};
    if (!span_u64(span_cut(&text, ':'), UINT64_MAX, &ret->by) || !text.p ||
        !span_u64(span_cut(&text, ':'), UINT8_MAX, &slots) || !slots)
        return false;
    ret->left_out = (unsigned)slots;
    ret->audience = text;
    return text.n > 0;
}

static bool mark_read(struct span text, struct entry_mark *ret)
{
    if (span_starts(text, SPAN("h")))
        return left_out_read((struct span){text.p + 1, text.n - 1}, ret);
    *ret = (struct entry_mark){.recalled = span_starts(text, SPAN("r")),
                               .opted_out = span_starts(text, SPAN("q"))};
    bool for_all = ret->recalled || ret->opted_out;
    if (!for_all && !span_starts(text, SPAN("s")))
        return false;
    text = (struct span){text.p + 1, text.n - 1};
    if (for_all)
        return span_u64(text, UINT64_MAX, &ret->by);
    if (!span_u64(span_cut(&text, ':'), UINT64_MAX, &ret->by) || !text.p)
        return false;
    ret->proof = span_eq_str(span_cut(&text, ':'), "1");
    ret->audience = text;
    return text.p != NULL;
}

bool marks_read(struct span text, struct entry *entry)
{
    bool ok = true;
    while (ok && text.p) {
        struct entry_mark mark;
        ok = mark_read(span_cut(&text, ';'), &mark);
        if (ok)
            entry_mark_add(entry, &mark);
    }
    return ok;
}

/* False on an order that this version does not know: it could not carry it out. */
static bool order_read(const struct redis_reply *fields, struct journal_line *line)
{
    struct span name = field(fields, "c");
    line->kind = JOURNAL_ORDER;
    line->host = field(fields, "h");
    line->of = (uint64_t)reply_int(reply_field(fields, "of"));
    line->left_out = field(fields, "lo");
    while (line->order < ORDER_COUNT && !span_eq_str(name, book_order_name(line->order)))
        line->order++;
    return line->order < ORDER_COUNT;
}

bool line_read(const struct redis_reply *reply, struct journal_line *line, struct entry **ret_entry)
{
    struct span id = reply_text(reply_at(reply, 0));
    const struct redis_reply *fields = reply_at(reply, 1);
    struct span kind = field(fields, "k");
    *ret_entry = NULL;
    *line = (struct journal_line){
        .n = id_number(id), .id = id.p, .previous = (uint64_t)reply_int(reply_field(fields, "pv"))};
    if (line->n == 0)
        return false;
    if (span_eq_str(kind, "e") || span_eq_str(kind, "u")) {
        line->kind = JOURNAL_ENTRY;
        line->lane = span_eq_str(kind, "u") ? LANE_URGENT : LANE_NORMAL;
        *ret_entry = entry_read(fields, line->n, line->lane);
        line->entry = *ret_entry;
        line->reason = field(fields, "re");
    } else if (span_eq_str(kind, "c")) {
        line->kind = JOURNAL_CONTROL;
        line->event = field(fields, "c");
        line->member = field(fields, "m");
        line->cuts = span_eq_str(field(fields, "x"), "1");
    } else if (span_eq_str(kind, "w")) {
        line->kind = JOURNAL_WAKE;
        line->host = field(fields, "h");
    } else if (span_eq_str(kind, "o")) {
        return order_read(fields, line);
    } else if (span_eq_str(kind, "f")) {
        line->kind = JOURNAL_GATES;
        line->gates = field(fields, "fz");
    } else {
        return false;
    }
    return true;
}
