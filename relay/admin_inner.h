/* admin_inner: what the files of the admin share: a request that waits for its answer. */
#pragma once

#include "common/io/http_server.h"
#include "common/pure/json.h"
#include "relay/admin.h"
#include "relay/rules/audit_note.h"
#include "relay/rules/trace.h"
#include "relay/store/ledger.h"

enum { ADMIN_ANSWER_MAX = 64 * 1024 * 1024 };

struct admin {
    struct admin_config config;
    struct http_server *server;
    struct call *calls; /* requests that wait for their answer */
    int64_t user;       /* who asked last, and its name; empty: nobody did */
    char user_name[AUDIT_WHO_SIZE];
};

/* Outlives the server if it must: answers of the store come when they come. */
struct call {
    struct admin *admin; /* NULL once it is gone: then there is nobody to answer */
    struct call *prev, *next;
    struct http_request *request;
    struct bytes out; /* the answer so far */
    struct json_writer w;
    char host[MEMBER_HOST_SIZE]; /* that was asked for; may be empty */
    struct book *book;           /* once it was read */
    struct traced_set *traced;   /* see admin_traced.h; lies in `more` */
    struct waiting *waiting;     /* see admin_freeze.h; `more` has it */
    void *more;                  /* what else the one who answers keeps */
    void (*more_free)(void *more);
    const char *content_type; /* of the answer; NULL: JSON */
    bool reloads;             /* waits for another configuration, not for the store */
    bool edits;               /* asks for what may be so already */
    bool rests;               /* waits for a moment, not for the store */
};

/* admin_call.c */
/* Takes the request; call_end() gives it its answer. */
struct call *call_new(struct admin *admin, struct http_request **request);
/* Answers with what was written (err OK), or refuses; frees the call. */
void call_end(struct call *call, enum err err, struct span detail);
/* type: NULL for JSON. */
void admin_answer(struct http_request **request, const char *type, const struct bytes *body);
void admin_refuse(struct http_request **request, enum err why, struct span detail);
/* Reads a host as it stands in a path; false: it is refused already. */
bool admin_host(struct admin *admin, struct http_request **request, struct span given, char *ret);

/* admin_by.c. The request's body as JSON, which the caller gives back; NULL: it has none. False: it
 * is refused already. */
bool admin_body(struct http_request **request, struct json **ret);
/* Whose doing it is what the request asks for. must: it wants a reason. False: it is refused. */
bool admin_by(struct admin *admin, struct http_request **request, const struct json *body,
              bool must, struct audit_by *ret);
/* What to write down of it; after: JSON, or absent. The caller gives it back with bytes_fini(). */
void admin_note(const struct audit_by *by, const char *verb, struct span target, struct span after,
                struct bytes *out);

/* Each takes the request. rest: the path behind the noun and its slash; absent: there was none. */
void admin_members(struct admin *admin, struct http_request **request, struct span rest);
/* rest: nothing, or HOST/VERB. */
void admin_pilots(struct admin *admin, struct http_request **request, struct span rest);
void admin_status(struct admin *admin, struct http_request **request);
void admin_trace(struct admin *admin, struct http_request **request, struct span rest);
/* rest: HOST, or HOST/VERB. */
void admin_queue(struct admin *admin, struct http_request **request, struct span rest);
void admin_orders(struct admin *admin, struct http_request **request, const char *host,
                  struct span verb);
void admin_dead(struct admin *admin, struct http_request **request, struct span rest);
void admin_freezes(struct admin *admin, struct http_request **request);
/* thaws: it is to be thawed, else frozen. */
void admin_freeze(struct admin *admin, struct http_request **request, bool thaws);
void admin_authors(struct admin *admin, struct http_request **request, struct span rest);
void admin_audit(struct admin *admin, struct http_request **request, struct span rest);
void admin_journal(struct admin *admin, struct http_request **request, struct span rest);
void admin_explain(struct admin *admin, struct http_request **request);
void admin_holds(struct admin *admin, struct http_request **request, struct span rest);
void admin_reload(struct admin *admin, struct http_request **request);
void admin_lists(struct admin *admin, struct http_request **request, struct span rest);
/* rest: MONTH, or MONTH.md. */
void admin_reports(struct admin *admin, struct http_request **request, struct span rest);

void admin_recall(struct admin *admin, struct http_request **request);
void admin_trace_host(struct admin *admin, struct http_request **request, const char *host);

/* admin_asked.c: what a request to change a member brings. Each answers ERR_OK, or ERR_USAGE with
 * what is wrong in *ret_why (static). An edit: role, sponsor, note; a text that is empty is to be
 * none any more. An invitation: the zone (given, or the one whose patterns fit), the end date, and
 * what an edit has. */
enum err asked_edit(const struct json *json, struct member *with, const char **ret_why);
enum err asked_invitation(const struct admin *a, const struct json *json, const char *host,
                          struct member *with, const char **ret_why);
/* until, in milliseconds; 0 where there is none. */
enum err asked_until(const struct json *json, int64_t *ret_ms, const char **ret_why);

/* admin_entries.c: entries by number. The list is borrowed during the callback: one for each
 * number, in their order; NULL: it is not in the journal, or is no entry. */
typedef void (*entries_cb)(void *arg, enum err err, struct entry *const *list);
/* At least one number; copies them. */
void entries_read(struct store *store, const uint64_t *numbers, size_t n, entries_cb cb, void *arg);

/* admin_view.c: what is shown of things. */
/* RFC 3339 with milliseconds; nothing where ms is 0. */
void view_time(struct json_writer *w, const char *key, int64_t ms);
/* Members of an object that is open. */
void view_entry(struct json_writer *w, const struct entry *entry);
/* The same in short: activity, type and when it was accepted. NULL: nothing. */
void view_entry_short(struct json_writer *w, const struct entry *entry);
void view_row(struct json_writer *w, const struct trace_row *row);
/* An attempt at a member, as an object. */
void view_attempt(struct json_writer *w, const struct recent *recent, const struct member *member);
/* A list, as a member; NULL: an empty one. */
struct freezes;
void view_freezes(struct json_writer *w, const struct freezes *freezes);
void view_record(struct json_writer *w, const struct book_record *record);
