/* member_text: a member as one line of JSON and back. Written by us, read by us, and kept for
 * years: what is not known is skipped, what is missing is empty, what cannot be is refused.
 *
 * May not know: what the state of a member means. */
#include <inttypes.h>
#include <stdio.h>

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

void member_write(const struct member *member, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "host", span_of(member->host));
    json_member(&w, "state", span_of(member_state_name(member->state)));
    json_member(&w, "zone", span_of(member->zone));
    json_member_bool(&w, "placed", member->placed);
    json_member(&w, "actor", span_of(member->actor));
    json_member(&w, "inbox", span_of(member->inbox));
    json_member(&w, "follow", span_of(member->follow));
    json_member(&w, "software", span_of(member->software));
    json_member_int(&w, "since", member->since_ms);
    json_member_int(&w, "until", member->until_ms);
    json_member_int(&w, "ver", (int64_t)member->ver);
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

static bool read_member(const struct json *json, struct member *ret)
{
    int64_t ver;
    struct span state = json_text(json_get(json, "state"));
    ret->state = member_state_by_name(state);
    if (ret->state == MEMBER_STATE_COUNT ||
        !read_text(json, "host", ret->host, sizeof(ret->host)) || !ret->host[0] ||
        !read_text(json, "zone", ret->zone, sizeof(ret->zone)) ||
        !read_text(json, "actor", ret->actor, sizeof(ret->actor)) ||
        !read_text(json, "inbox", ret->inbox, sizeof(ret->inbox)) ||
        !read_text(json, "follow", ret->follow, sizeof(ret->follow)) ||
        !read_text(json, "software", ret->software, sizeof(ret->software)) ||
        !read_count(json, "since", &ret->since_ms) || !read_count(json, "until", &ret->until_ms) ||
        !read_count(json, "ver", &ver))
        return false;
    ret->ver = (uint64_t)ver;
    ret->placed = json_flag(json_get(json, "placed"), false);
    return read_spans(json_get(json, "spans"), ret);
}

bool member_read(struct span text, struct member *ret)
{
    static const struct json_limits limits = {.depth = 4, .keys = 500, .nodes = 500};
    struct json *json = NULL;
    *ret = (struct member){.state = MEMBER_STATE_COUNT};
    if (text.n > MEMBER_TEXT_MAX || json_read(text, &limits, &json) != ERR_OK)
        return false;
    bool ok = read_member(json, ret);
    json_free(&json);
    return ok;
}
