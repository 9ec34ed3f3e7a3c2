/* admin_recall: an operator takes an object back, and is told what that comes to, member by member.
 *
 *     POST /api/v1/recall      {"object": URL, "reason": TEXT}
 *
 *     RECALL (one line of the journal) -> what is known of the entries that it takes back, and of
 * it itself (admin_traced.c) -> MEMBERS -> answer
 *
 * A member that has the object as the author's own bytes keeps it: nobody but the author could take
 * that back. What a member's software does with an Undo, and would do with the author's own Delete,
 * is told as far as that is known (rules/software.h). May not know: what a command line looks like.
 */
#include <stdlib.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/uri.h"
#include "keys/digest.h"
#include "relay/admin_traced.h"
#include "relay/rules/software.h"

struct recall {
    char object[URI_MAX + 1];
    struct audit_by by;
    struct traced_set set; /* what it takes back, oldest first, and behind them the recall */
};

static void recall_free(void *more)
{
    struct recall *r = more;
    traced_fini(&r->set);
    free(r);
}

/* --- what a member has of it ------------------------------------------------------------------ */

enum had { HAD_NOT, HAD_MAYBE, HAD_IT };

/* Of one entry: 0 rows where it was never for the member. */
static bool look_at(const struct traced *t, const struct member *m, int64_t now_ms, enum had *had)
{
    struct trace_row rows[TRACE_ROWS_MAX];
    size_t n = t->entry ? trace_member(t->entry, m, t->book, now_ms, rows) : 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].verdict == TRACE_NOT_FOR_IT)
            continue;
        any = true;
        bool tried = rows[i].verdict == TRACE_UNKNOWN ||
                     (rows[i].tries && rows[i].verdict != TRACE_DELIVERED);
        if (rows[i].verdict == TRACE_DELIVERED)
            *had = HAD_IT;
        else if (tried && *had == HAD_NOT) /* an answer that was lost is not an answer of no */
            *had = HAD_MAYBE;
    }
    return any;
}

/* An Undo of our Announce goes there. */
static bool gets_undo(const struct entry *recall, const struct member *m)
{
    if (!recall || trace_not_for(recall, m))
        return false;
    for (size_t i = 0; i < MEMBER_INBOXES_MAX; i++)
        if (m->inboxes[i].url[0] &&
            outgoing_form(&recall->facts, m->inboxes[i].style) == FORM_UNDO_ANNOUNCE)
            return true;
    return false;
}

/* Nothing of it but its name can be read. */
static void write_unread(struct json_writer *w, const struct member *m)
{
    json_open(w, '{');
    json_member(w, "host", span_of(m->host));
    json_member(w, "had", SPAN("maybe"));
    json_member(w, "gets", SPAN("unknown"));
    json_member(w, "expect", SPAN("unknown"));
    json_close(w, '}');
}

/* What it does with an Undo that goes there, and what it would do if the author deleted the post;
 * who has nothing of it has nothing to do. */
static void write_outlook(struct json_writer *w, const struct member *m, enum had had, bool undo,
                          bool has_proof)
{
    const struct software *software = software_of(span_of(m->software));
    enum software_effect deletion = software_deletion(software, m, has_proof);
    enum software_effect expect = undo ? software->on_undo : SOFTWARE_KEEPS;
    json_member(w, "expect",
                had == HAD_NOT ? SPAN("never") : span_of(software_effect_name(expect)));
    json_member(w, "software", span_of(m->software));
    json_member(w, "family", span_of(software->title));
    if (had != HAD_NOT)
        json_member(w, "deletion", span_of(software_effect_name(deletion)));
}

/* Whether it came with a proof of its own. */
static bool has_proof(const struct traced_set *set)
{
    for (size_t i = 0; i + 1 < set->n; i++)
        if (set->list[i].entry && set->list[i].entry->facts.has_proof)
            return true;
    return false;
}

static void on_member(struct call *call, const struct member *m, bool unread)
{
    static const char *const words[] = {"no", "maybe", "yes"};
    struct recall *r = call->more;
    struct json_writer *w = &call->w;
    enum had had = HAD_NOT;
    bool any = false;
    if (!m) {
        json_close(w, ']');
        json_close(w, '}');
        call_end(call, call->out.over ? ERR_TOO_LARGE : ERR_OK, SPAN_NONE);
        return;
    }
    if (unread) {
        write_unread(w, m);
        return;
    }
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i + 1 < r->set.n; i++)
        any = look_at(&r->set.list[i], m, now_ms, &had) || any;
    if (!any)
        return;
    bool undo = gets_undo(r->set.list[r->set.n - 1].entry, m);
    json_open(w, '{');
    json_member(w, "host", span_of(m->host));
    json_member(w, "zone", span_of(m->zone));
    json_member(w, "had", span_of(words[had]));
    json_member(w, "gets", undo ? SPAN("undo") : SPAN("nothing"));
    write_outlook(w, m, had, undo, has_proof(&r->set));
    json_close(w, '}');
}

/* --- the recall ------------------------------------------------------------------------------- */

static void on_recalled(void *arg, const struct journal_recalled *answer)
{
    struct call *call = arg;
    struct recall *r = call->more;
    struct json_writer *w = &call->w;
    if (answer->err != ERR_OK || !call->admin) {
        bool before = answer->err == ERR_OBJECT_GONE;
        call_end(call, before ? ERR_NOT_KEPT : answer->err,
                 before ? SPAN("its author deleted it, or it was recalled before") : SPAN_NONE);
        return;
    }
    json_open(w, '{');
    json_member(w, "object", span_of(r->object));
    json_member(w, "reason", span_of(r->by.reason));
    json_member_int(w, "line", (int64_t)answer->n);
    json_key(w, "entries");
    json_open(w, '[');
    for (size_t i = 0; i < answer->of_n && i < LEDGER_ENTRIES_MAX; i++) {
        json_add_int(w, (int64_t)answer->of[i]);
        r->set.list[r->set.n++].n = answer->of[i];
    }
    json_close(w, ']');
    json_key(w, "members");
    json_open(w, '[');
    r->set.list[r->set.n++].n = answer->n;
    traced_read(call, &r->set);
}

/* False: it is refused already. */
static bool read_ask(struct admin *a, struct http_request **request, struct recall *r,
                     struct uri *ret_uri)
{
    struct json *json = NULL;
    bool ok = admin_body(request, &json);
    if (ok && !(span_copy(json_text(json_get(json, "object")), r->object, sizeof(r->object)) &&
                uri_read(span_of(r->object), ret_uri) == ERR_OK)) {
        admin_refuse(request, ERR_USAGE, SPAN("name the object by its URL"));
        ok = false;
    }
    ok = ok && admin_by(a, request, json, true, &r->by);
    json_free(&json);
    return ok;
}

void admin_recall(struct admin *a, struct http_request **request)
{
    struct uri uri;
    struct bytes note;
    uint8_t hash[SHA256_SIZE];
    struct recall *r = mem_new(sizeof(*r));
    if (!read_ask(a, request, r, &uri)) {
        recall_free(r);
        return;
    }
    struct call *call = call_new(a, request);
    r->set.member = on_member;
    call->more = r;
    call->more_free = recall_free;
    sha256(span_of(r->object), hash);
    admin_note(&r->by, "recall", span_of(r->object), SPAN_NONE, &note);
    const struct journal_recall recall = {.object_hash = hash,
                                          .object = span_of(r->object),
                                          .object_host = span_of(uri.authority),
                                          .reason = span_of(r->by.reason),
                                          .note = bytes_span(&note),
                                          .now_ms = clock_wall_ms()};
    journal_recall(a->config.context->store, &recall, on_recalled, call);
    bytes_fini(&note);
}
