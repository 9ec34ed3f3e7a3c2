/* member_view: what operators are told of a member. Health is kept apart from its life.
 * May not know: who asks. */
#include "relay/member_view.h"

#include "common/pure/date.h"

static void add_time(struct json_writer *w, const char *key, int64_t ms)
{
    char text[DATE_ISO_SIZE];
    if (!ms)
        return;
    date_iso_write(ms, text);
    json_member(w, key, span_of(text));
}

static void add_text(struct json_writer *w, const char *key, const char *text)
{
    if (text[0])
        json_member(w, key, span_of(text));
}

static void add_followers(struct json_writer *w, const struct member *m)
{
    json_key(w, "followers");
    json_open(w, '[');
    for (size_t i = 0; i < m->followers_n; i++) {
        const struct member_follower *f = &m->followers[i];
        json_open(w, '{');
        json_member(w, "actor", span_of(f->actor));
        json_member(w, "style", span_of(member_style_name(f->style)));
        json_member(w, "inbox", span_of(m->inboxes[f->inbox].url));
        json_member(w, "followBack", span_of(member_back_name(f->back)));
        json_close(w, '}');
    }
    json_close(w, ']');
}

void member_view(const struct member *m, const struct cursor *cursor, const char *state,
                 uint64_t floor, struct json_writer *w)
{
    json_open(w, '{');
    json_member(w, "host", span_of(m->host));
    json_member(w, "state", span_of(member_state_name(m->state)));
    json_member(w, "zone", span_of(m->zone));
    json_member(w, "role", span_of(member_role_name(m->role)));
    add_time(w, "since", m->since_ms);
    add_time(w, "until", m->until_ms);
    add_text(w, "sponsor", m->sponsor);
    add_text(w, "note", m->note);
    if (m->gone)
        json_member(w, "why", span_of(err_code(ERR_INBOX_GONE)));
    if (m->lost)
        json_member(w, "why", span_of(err_code(ERR_INBOX_LOST)));
    add_text(w, "software", m->software);
    add_followers(w, m);
    if (cursor) {
        json_member(w, "health", span_of(health_name(&cursor->health)));
        json_member(w, "delivery", span_of(state));
        json_member_int(w, "cursor", (int64_t)cursor->low);
        if (cursor->low < floor)
            json_member_int(w, "gap", (int64_t)floor);
        if (cursor->health.days)
            json_member_int(w, "silentDays", cursor->health.days);
        if (cursor->health.gone)
            json_member_int(w, "goneDays", cursor->health.gone);
        if (cursor->health.lost)
            json_member_int(w, "notFound", cursor->health.lost);
        if (cursor->health.failures) {
            json_member_int(w, "failures", cursor->health.failures);
            json_member_int(w, "status", cursor_status(cursor));
            add_time(w, "next", cursor->health.wake_ms);
            add_time(w, "parked", cursor->health.parked_ms);
        }
    }
}

void member_view_brief(const struct member *m, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    if (!m) {
        json_add_null(&w);
        return;
    }
    json_open(&w, '{');
    json_member(&w, "state", span_of(member_state_name(m->state)));
    json_member(&w, "zone", span_of(m->zone));
    json_member(&w, "role", span_of(member_role_name(m->role)));
    add_time(&w, "until", m->until_ms);
    add_text(&w, "sponsor", m->sponsor);
    add_text(&w, "note", m->note);
    json_close(&w, '}');
}
