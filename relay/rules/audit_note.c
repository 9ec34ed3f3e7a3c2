/* audit_note: a line of the audit log, as far as whoever makes the change can tell it.
 * May not know: where it is kept, or how the lines are tied together. */
#include "relay/rules/audit_note.h"

#include "common/pure/date.h"
#include "common/pure/json.h"

static void add_value(struct json_writer *w, const char *key, struct span json)
{
    if (!json.n)
        return;
    json_key(w, key);
    json_add_raw(w, json);
}

static void add_text(struct json_writer *w, const char *key, const char *text)
{
    if (text && *text)
        json_member(w, key, span_of(text));
}

void audit_write(const struct audit_note *note, struct bytes *out)
{
    char time[DATE_ISO_SIZE];
    struct json_writer w;
    date_iso_ms_write(note->now_ms, time);
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "time", span_of(time));
    json_member(&w, "who", span_of(note->by->who));
    json_member(&w, "via", span_of(note->by->via));
    json_member(&w, "verb", span_of(note->verb));
    if (note->target.n)
        json_member(&w, "target", note->target);
    add_value(&w, "before", note->before);
    add_value(&w, "after", note->after);
    if (note->of)
        json_member_int(&w, "of", (int64_t)note->of);
    add_text(&w, "outcome", note->outcome);
    add_text(&w, "reason", note->by->reason);
    json_close(&w, '}');
}
