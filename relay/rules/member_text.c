/* member_text: a member as one line of JSON and back. Written by us, read by us, and kept for
 * years: what is not known is skipped, what is missing is empty, what cannot be is refused.
 *
 * May not know: what the state of a member means. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/pure/json.h"
#include "relay/rules/member.h"

/* Numbers of the journal are unsigned to the last bit: the store puts a mark near the top where the
 * number is not known yet. */
static void write_number(struct json_writer *w, const char *key, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, n);
    json_key(w, key);
    json_add_raw(w, span_of(text));
}

static void write_spans(struct json_writer *w, const struct member *member)
{
    json_key(w, "spans");
    json_open(w, '[');
    for (size_t i = 0; i < member->spans_n; i++) {
        const struct member_span *s = &member->spans[i];
        json_open(w, '{');
        write_number(w, "from", s->from);
        if (s->to != MEMBER_SPAN_OPEN)
            write_number(w, "to", s->to);
        json_member(w, "zone", span_of(s->zone));
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void write_inbox(struct json_writer *w, unsigned slot, const struct member_inbox *inbox)
{
    if (!inbox->url[0] && !inbox->from)
        return;
    json_open(w, '{');
    json_member_int(w, "slot", slot);
    if (inbox->url[0]) {
        json_member(w, "url", span_of(inbox->url));
        json_member(w, "style", span_of(member_style_name(inbox->style)));
    }
    write_number(w, "from", inbox->from);
    json_close(w, '}');
}

static void write_inboxes(struct json_writer *w, const struct member *member)
{
    json_key(w, "inboxes");
    json_open(w, '[');
    for (unsigned i = 0; i < MEMBER_INBOXES_MAX; i++)
        write_inbox(w, i, &member->inboxes[i]);
    json_close(w, ']');
    if (!member->farewell.url[0])
        return;
    json_key(w, "farewell");
    write_inbox(w, member->farewell_slot, &member->farewell);
}

static void write_followers(struct json_writer *w, const struct member *member)
{
    json_key(w, "followers");
    json_open(w, '[');
    for (size_t i = 0; i < member->followers_n; i++) {
        const struct member_follower *f = &member->followers[i];
        json_open(w, '{');
        json_member(w, "actor", span_of(f->actor));
        json_member(w, "follow", span_of(f->follow));
        json_member_int(w, "inbox", f->inbox);
        json_member(w, "style", span_of(member_style_name(f->style)));
        json_member_bool(w, "machine", f->machine);
        json_member_bool(w, "accepted", f->accepted);
        json_member(w, "back", span_of(member_back_name(f->back)));
        json_member_int(w, "asked", (int64_t)f->asked);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void member_write(const struct member *member, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "host", span_of(member->host));
    json_member(&w, "state", span_of(member_state_name(member->state)));
    json_member(&w, "zone", span_of(member->zone));
    json_member_bool(&w, "placed", member->placed);
    write_inboxes(&w, member);
    write_followers(&w, member);
    if (member->role != MEMBER_ROLE_FULL)
        json_member(&w, "role", span_of(member_role_name(member->role)));
    if (member->sponsor[0])
        json_member(&w, "sponsor", span_of(member->sponsor));
    if (member->note[0])
        json_member(&w, "note", span_of(member->note));
    json_member(&w, "software", span_of(member->software));
    json_member_int(&w, "since", member->since_ms);
    json_member_int(&w, "until", member->until_ms);
    json_member_int(&w, "ver", (int64_t)member->ver);
    if (member->gone)
        json_member_bool(&w, "gone", true);
    if (member->lost)
        json_member_bool(&w, "lost", true);
    write_spans(&w, member);
    json_close(&w, '}');
}

/* Absent is empty. */
static bool read_text(const struct json *json, const char *key, char *out, size_t size)
{
    const struct json *v = json_get(json, key);
    out[0] = '\0';
    return json_kind(v) == JSON_ABSENT ||
           (json_kind(v) == JSON_STRING && span_copy(json_text(v), out, size));
}

/* Absent is 0. */
static bool read_count(const struct json *json, const char *key, int64_t *ret)
{
    const struct json *v = json_get(json, key);
    *ret = 0;
    return json_kind(v) == JSON_ABSENT || (json_int(v, ret) && *ret >= 0);
}

static bool read_span(const struct json *json, uint64_t least, struct member_span *ret)
{
    int64_t from, to = 0;
    bool open = json_kind(json_get(json, "to")) == JSON_ABSENT;
    if (json_kind(json) != JSON_OBJECT || !read_count(json, "from", &from) ||
        !read_count(json, "to", &to) || !read_text(json, "zone", ret->zone, sizeof(ret->zone)))
        return false;
    ret->from = (uint64_t)from;
    ret->to = open ? MEMBER_SPAN_OPEN : (uint64_t)to;
    return ret->from >= least && ret->from < ret->to;
}

/* In order, without overlap, and only the last may be open. */
static bool read_spans(const struct json *list, struct member *ret)
{
    uint64_t least = 0;
    if (json_len(list) > MEMBER_SPANS_MAX)
        return false;
    for (ret->spans_n = 0; ret->spans_n < json_len(list); ret->spans_n++) {
        struct member_span *s = &ret->spans[ret->spans_n];
        if (!read_span(json_at(list, ret->spans_n), least, s))
            return false;
        least = s->to;
    }
    return true;
}

/* Of what may be any of several words. Absent is not one. */
static bool read_word(const struct json *json, const char *key, const char *(*name)(size_t),
                      size_t n, size_t *ret)
{
    struct span word = json_text(json_get(json, key));
    for (*ret = 0; *ret < n; ++*ret)
        if (span_eq_str(word, name(*ret)))
            return true;
    return false;
}

static const char *style_name(size_t i)
{
    return member_style_name((enum member_style)i);
}

static const char *back_name(size_t i)
{
    return member_back_name((enum member_back)i);
}

static bool read_inbox(const struct json *json, int64_t *ret_slot, struct member_inbox *inbox)
{
    int64_t from;
    size_t style;
    if (!json_int(json_get(json, "slot"), ret_slot) || *ret_slot < 0 ||
        *ret_slot >= MEMBER_INBOXES_MAX ||
        !read_text(json, "url", inbox->url, sizeof(inbox->url)) || !read_count(json, "from", &from))
        return false;
    if (!inbox->url[0] && !from)
        return false;
    if (inbox->url[0] && !read_word(json, "style", style_name, STYLE_COUNT, &style))
        return false;
    inbox->style = inbox->url[0] ? (enum member_style)style : STYLE_PUBLIC;
    inbox->from = (uint64_t)from;
    return true;
}

static bool read_inboxes(const struct json *list, struct member *ret)
{
    for (size_t i = 0; i < json_len(list); i++) {
        struct member_inbox inbox;
        int64_t slot;
        if (!read_inbox(json_at(list, i), &slot, &inbox) || ret->inboxes[slot].url[0] ||
            ret->inboxes[slot].from)
            return false;
        ret->inboxes[slot] = inbox;
    }
    return true;
}

static bool read_farewell(const struct json *json, struct member *ret)
{
    int64_t slot;
    if (json_kind(json) == JSON_ABSENT)
        return true;
    if (ret->state != MEMBER_LEFT || !read_inbox(json, &slot, &ret->farewell) ||
        !ret->farewell.url[0])
        return false;
    ret->farewell_slot = (unsigned)slot;
    return true;
}

static bool read_follower(const struct json *json, struct member *ret)
{
    int64_t slot;
    int64_t asked;
    size_t style;
    size_t back;
    struct member_follower *f = &ret->followers[ret->followers_n];
    if (!read_text(json, "actor", f->actor, sizeof(f->actor)) || !f->actor[0] ||
        !read_text(json, "follow", f->follow, sizeof(f->follow)) ||
        !json_int(json_get(json, "inbox"), &slot) || slot < 0 || slot >= MEMBER_INBOXES_MAX ||
        !ret->inboxes[slot].url[0] || !read_word(json, "style", style_name, STYLE_COUNT, &style) ||
        !read_word(json, "back", back_name, BACK_COUNT, &back) ||
        !read_count(json, "asked", &asked))
        return false;
    if (member_follower(ret, span_of(f->actor), (enum member_style)style))
        return false;
    f->inbox = (unsigned)slot;
    f->style = (enum member_style)style;
    f->back = (enum member_back)back;
    f->asked = (uint64_t)asked;
    f->machine = json_flag(json_get(json, "machine"), false);
    f->accepted = json_flag(json_get(json, "accepted"), false);
    ret->followers_n++;
    return true;
}

/* A record of the first version, which knew one follower of the public collection. Who had an open
 * span once had an Accept; who waits again after that gets another. */
static bool read_first_follower(const struct json *json, struct member *ret)
{
    struct member_follower *f = &ret->followers[0];
    struct member_inbox *inbox = &ret->inboxes[0];
    if (!read_text(json, "actor", f->actor, sizeof(f->actor)) ||
        !read_text(json, "inbox", inbox->url, sizeof(inbox->url)) ||
        !read_text(json, "follow", f->follow, sizeof(f->follow)))
        return false;
    if (f->follow[0] && inbox->url[0] && f->actor[0]) {
        f->accepted = ret->state != MEMBER_PENDING && ret->spans_n;
        ret->followers_n = 1;
    } else {
        *f = (struct member_follower){.style = STYLE_PUBLIC};
        *inbox = (struct member_inbox){.style = STYLE_PUBLIC};
    }
    return true;
}

static bool read_followers(const struct json *json, struct member *ret)
{
    const struct json *inboxes = json_get(json, "inboxes");
    const struct json *followers = json_get(json, "followers");
    if (json_kind(inboxes) == JSON_ABSENT && json_kind(followers) == JSON_ABSENT)
        return read_first_follower(json, ret);
    if (json_len(inboxes) > MEMBER_INBOXES_MAX || json_len(followers) > MEMBER_FOLLOWERS_MAX)
        return false;
    if (!read_inboxes(inboxes, ret) || !read_farewell(json_get(json, "farewell"), ret))
        return false;
    for (size_t i = 0; i < json_len(followers); i++)
        if (!read_follower(json_at(followers, i), ret))
            return false;
    return true;
}

/* Of records from before there were roles, everyone is here for everything. */
static bool read_role(const struct json *json, struct member *ret)
{
    const struct json *role = json_get(json, "role");
    ret->role =
        json_kind(role) == JSON_ABSENT ? MEMBER_ROLE_FULL : member_role_by_name(json_text(role));
    return ret->role != MEMBER_ROLE_COUNT &&
           read_text(json, "sponsor", ret->sponsor, sizeof(ret->sponsor)) &&
           read_text(json, "note", ret->note, sizeof(ret->note));
}

static bool read_member(const struct json *json, struct member *ret)
{
    int64_t ver;
    struct span state = json_text(json_get(json, "state"));
    ret->state = member_state_by_name(state);
    if (ret->state == MEMBER_STATE_COUNT ||
        !read_text(json, "host", ret->host, sizeof(ret->host)) || !ret->host[0] ||
        !read_text(json, "zone", ret->zone, sizeof(ret->zone)) ||
        !read_text(json, "software", ret->software, sizeof(ret->software)) ||
        !read_count(json, "since", &ret->since_ms) || !read_count(json, "until", &ret->until_ms) ||
        !read_count(json, "ver", &ver) || !read_role(json, ret))
        return false;
    ret->ver = (uint64_t)ver;
    ret->placed = json_flag(json_get(json, "placed"), false);
    ret->gone = json_flag(json_get(json, "gone"), false);
    ret->lost = json_flag(json_get(json, "lost"), false);
    return read_spans(json_get(json, "spans"), ret) && read_followers(json, ret);
}

bool member_read(struct span text, struct member *ret)
{
    static const struct json_limits limits = {.depth = 4, .keys = 500, .nodes = 500};
    struct json *json = NULL;
    memset(ret, 0, sizeof(*ret));
    ret->state = MEMBER_STATE_COUNT;
    if (text.n > MEMBER_TEXT_MAX || json_read(text, &limits, &json) != ERR_OK)
        return false;
    bool ok = read_member(json, ret);
    json_free(&json);
    return ok;
}
