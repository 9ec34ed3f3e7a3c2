/* documents_activity: what the relay actor itself says to others, and problem documents.
 *
 * The Announce has the fixed shape of PROTOCOL 2.2, all its values absolute IRIs or times, so that
 * a proof can be made over it without a JSON-LD library. May not know: where it is sent, or how
 * often. */
#include "relay/rules/documents_inner.h"

#include <stdio.h>

static void write_id(struct json_writer *w, const struct identity *id, const char *kind,
                     const char *hash)
{
    char path[128];
    snprintf(path, sizeof(path), "/activities/%s-%s", kind, hash);
    document_member_url(w, id, "id", path);
}

/* To the public collection, and to our followers. */
static void write_audience(struct json_writer *w, const struct identity *id)
{
    json_key(w, "to");
    json_open(w, '[');
    json_add_text(w, SPAN(AS_PUBLIC));
    json_close(w, ']');
    json_key(w, "cc");
    json_open(w, '[');
    document_member_url(w, id, NULL, "/followers");
    json_close(w, ']');
}

static void write_context(struct json_writer *w)
{
    json_key(w, "@context");
    json_open(w, '[');
    json_add_text(w, SPAN(AS_CONTEXT));
    json_add_text(w, SPAN(SECURITY_CONTEXT));
    json_close(w, ']');
}

void document_announce(const struct identity *id, const char *hash, struct span object,
                       int64_t published_ms, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    write_context(&w);
    write_id(&w, id, "announce", hash);
    json_member(&w, "type", SPAN("Announce"));
    document_member_url(&w, id, "actor", "/actor");
    write_audience(&w, id);
    json_member(&w, "object", object);
    document_member_time(&w, "published", published_ms);
    json_close(&w, '}');
}

void document_undo_announce(const struct identity *id, const char *hash, struct span object,
                            int64_t published_ms, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    write_context(&w);
    write_id(&w, id, "undo", hash);
    json_member(&w, "type", SPAN("Undo"));
    document_member_url(&w, id, "actor", "/actor");
    write_audience(&w, id);
    json_key(&w, "object");
    json_open(&w, '{');
    write_id(&w, id, "announce", hash);
    json_member(&w, "type", SPAN("Announce"));
    document_member_url(&w, id, "actor", "/actor");
    write_audience(&w, id);
    json_member(&w, "object", object);
    json_close(&w, '}');
    document_member_time(&w, "published", published_ms);
    json_close(&w, '}');
}

/* An Accept or Reject up to its object, which the caller writes, and then the closing bracket. */
static void begin_answer(struct json_writer *w, const struct identity *id, bool accept,
                         const char *hash, struct span to)
{
    json_open(w, '{');
    json_member(w, "@context", SPAN(AS_CONTEXT));
    write_id(w, id, accept ? "accept" : "reject", hash);
    json_member(w, "type", accept ? SPAN("Accept") : SPAN("Reject"));
    document_member_url(w, id, "actor", "/actor");
    json_key(w, "to");
    json_open(w, '[');
    json_add_text(w, to);
    json_close(w, ']');
    json_key(w, "object");
}

void document_answer(const struct identity *id, bool accept, const char *hash, struct span follow,
                     struct span to, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    begin_answer(&w, id, accept, hash, to);
    json_add_raw(&w, follow);
    json_close(&w, '}');
}

void document_answer_by_id(const struct identity *id, bool accept, const char *hash,
                           struct span follow_id, struct span actor, bool ours, struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    begin_answer(&w, id, accept, hash, actor);
    json_open(&w, '{');
    json_member(&w, "id", follow_id);
    json_member(&w, "type", SPAN("Follow"));
    json_member(&w, "actor", actor);
    if (ours)
        document_member_url(&w, id, "object", "/actor");
    else
        json_member(&w, "object", SPAN(AS_PUBLIC));
    json_close(&w, '}');
    json_close(&w, '}');
}

/* --- following back -------------------------------------------------------------------------- */

static void write_to(struct json_writer *w, struct span actor)
{
    json_key(w, "to");
    json_open(w, '[');
    json_add_text(w, actor);
    json_close(w, ']');
}

/* What a Follow says, without its context. */
static void write_follow(struct json_writer *w, const struct identity *id, const char *hash,
                         struct span actor)
{
    write_id(w, id, "follow", hash);
    json_member(w, "type", SPAN("Follow"));
    document_member_url(w, id, "actor", "/actor");
    write_to(w, actor);
    json_member(w, "object", actor);
}

void document_follow(const struct identity *id, const char *hash, struct span actor,
                     struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "@context", SPAN(AS_CONTEXT));
    write_follow(&w, id, hash, actor);
    json_close(&w, '}');
}

void document_undo_follow(const struct identity *id, const char *hash, struct span actor,
                          struct bytes *out)
{
    struct json_writer w;
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "@context", SPAN(AS_CONTEXT));
    write_id(&w, id, "undo", hash);
    json_member(&w, "type", SPAN("Undo"));
    document_member_url(&w, id, "actor", "/actor");
    write_to(&w, actor);
    json_key(&w, "object");
    json_open(&w, '{');
    write_follow(&w, id, hash, actor);
    json_close(&w, '}');
    json_close(&w, '}');
}

static bool is_ours(const struct identity *id, const char *path, struct span text)
{
    if (!span_starts(text, id->url))
        return false;
    return span_eq_str((struct span){text.p + id->url.n, text.n - id->url.n}, path);
}

bool document_is_follow(const struct identity *id, const char *hash, struct span text)
{
    char path[128];
    snprintf(path, sizeof(path), "/activities/follow-%s", hash);
    return is_ours(id, path, text);
}

bool document_is_actor(const struct identity *id, struct span text)
{
    return is_ours(id, "/actor", text);
}

void document_problem(int status, const char *code, const char *title, struct span detail,
                      struct bytes *out)
{
    char type[128];
    struct json_writer w;
    snprintf(type, sizeof(type), ERR_PROBLEM_TYPE "%s", code);
    json_begin(&w, out);
    json_open(&w, '{');
    json_member(&w, "type", span_of(type));
    json_member(&w, "title", span_of(title));
    json_member_int(&w, "status", status);
    json_member(&w, "detail", detail);
    json_member(&w, "code", span_of(code));
    json_close(&w, '}');
}
