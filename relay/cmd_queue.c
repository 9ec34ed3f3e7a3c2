/* cmd_queue: `weir queue list|show|retry|hold|release|drop`, and `weir replay`.
 *
 * An order stands in the journal when it is answered; then it is looked for a while whether it was
 * carried out, so that the answer says so.
 * May not know: where the answer comes from, or who carries an order out. */
#include "relay/cmd_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/io/clock.h"
#include "common/pure/units.h"
#include "relay/args.h"
#include "relay/ask.h"

enum { LOOKS = 100, LOOK_US = 100000, BODY_MAX = 1 << 20 };

static const struct json_limits limits = {16, 10000, 20000};

struct queue_words {
    const char *file, *host, *reason;
    bool as_json;
};

/* --- the list --------------------------------------------------------------------------------- */

static void print_why(const struct json *row)
{
    struct span code = json_text(json_get(row, "code"));
    struct span next = json_text(json_get(row, "next"));
    if (span_eq_str(code, "suspended"))
        printf("suspended");
    else if (span_eq_str(code, "inbox-lost"))
        printf("suspended: %.*s", SPAN_ARG(ask_title(code)));
    else if (span_eq_str(code, "accept"))
        printf("our Accept was refused there");
    else if (span_eq_str(code, "host"))
        printf("%" PRId64 " failures in a row", ask_number(row, "failures"));
    else if (span_eq_str(code, "parked"))
        printf("parked since %.*s", SPAN_ARG(json_text(json_get(row, "parked"))));
    else if (span_eq_str(code, "held"))
        printf("held by an operator");
    else if (span_eq_str(code, "unreadable"))
        printf("%.*s", SPAN_ARG(ask_title(code)));
    else
        printf("being sent");
    if (ask_number(row, "status"))
        printf(", answered %" PRId64, ask_number(row, "status"));
    if (next.n)
        printf("; next attempt %.*s", SPAN_ARG(next));
}

static void print_queue(const struct json *json)
{
    const struct json *list = json_get(json, "queue");
    printf("%-30s %9s %6s %-24s %s\n", "HOST", "WAITING", "ASIDE", "OLDEST", "WHY");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct span oldest = json_text(json_get(row, "oldest"));
        bool whole = json_flag(json_get(row, "whole"), true);
        printf("%-30.*s %8" PRId64 "%c %6" PRId64 " %-24.*s ",
               SPAN_ARG(json_text(json_get(row, "host"))), ask_number(row, "waiting"),
               whole ? ' ' : '+', ask_number(row, "aside"),
               SPAN_ARG(oldest.n ? oldest : SPAN("-")));
        print_why(row);
        putchar('\n');
        if (!whole)
            printf("  %" PRId64 " lines of the journal behind\n", ask_number(row, "behind"));
    }
    if (ask_number(json, "left_out"))
        printf("and %" PRId64 " more, none of them further behind\n", ask_number(json, "left_out"));
    if (ask_number(json, "direct"))
        printf("direct mail that waits: %" PRId64 "\n", ask_number(json, "direct"));
}

static int list(const struct queue_words *w)
{
    struct bytes answer;
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(w->file, "GET", "/api/v1/queue", SPAN_NONE, &answer);
    code = ask_report(code, &answer, w->as_json, print_queue);
    bytes_fini(&answer);
    return code;
}

/* --- one host --------------------------------------------------------------------------------- */

static void add_path(const struct queue_words *w, const char *verb, struct bytes *path)
{
    bytes_init(path, 4096);
    bytes_add_str(path, "/api/v1/queue/");
    ask_escape(path, w->host);
    if (verb)
        bytes_addf(path, "/%s", verb);
}

static void print_outcomes(const struct json *list)
{
    if (json_len(list))
        printf("\nthe latest attempts:\n");
    for (size_t i = 0; i < json_len(list); i++)
        ask_print_attempt(json_at(list, i));
}

static void print_host(const struct json *h)
{
    static const char *const names[] = {"host",   "state",    "zone",     "health", "cursor",
                                        "urgent", "position", "failures", "next"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(h, names[i]);
    printf("%-10s %" PRId64 "%s\n", "waiting", ask_number(h, "waiting_n"),
           json_flag(json_get(h, "waiting_more"), false) ? " and more" : "");
    printf("%-10s %zu\n", "aside", json_len(json_get(h, "aside")));
    printf("%-10s %zu\n", "given up", json_len(json_get(h, "failed")));
    print_outcomes(json_get(h, "attempts"));
}

static int show(const struct queue_words *w)
{
    struct bytes path;
    struct bytes answer;
    add_path(w, NULL, &path);
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(w->file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    code = ask_report(code, &answer, w->as_json, print_host);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

/* --- orders ----------------------------------------------------------------------------------- */

/* Whether the host's owner has read the journal up to this line. */
static bool carried_out(const struct queue_words *w, int64_t line)
{
    struct bytes path;
    struct bytes answer;
    struct json *json = NULL;
    int status = 0;
    int64_t done = 0;
    add_path(w, NULL, &path);
    bytes_init(&answer, ASK_ANSWER_MAX);
    if (ask_quietly(w->file, bytes_str(&path), &status, &answer) == 0 && status == 200 &&
        json_read(bytes_span(&answer), &limits, &json) == ERR_OK)
        done = ask_number(json, "carried_out");
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&answer);
    return done >= line;
}

static void tell(const struct queue_words *w, const char *verb, const struct json *answer,
                 bool done)
{
    static const struct {
        const char *verb, *words;
    } rows[] = {{"retry", "is tried now"},
                {"hold", "is sent nothing until it is released"},
                {"release", "is sent what waits"},
                {"drop", "gets none of what waited: it is recorded as given up"},
                {"replay", "is sent everything once more"}};
    int64_t line = ask_number(answer, "line");
    if (w->as_json) {
        int64_t after = json_get(answer, "after") ? ask_number(answer, "after") : -1;
        ask_print_ordered(&(struct ask_ordered){.name = "host",
                                                .about = w->host,
                                                .order = verb,
                                                .outcome = done ? "done" : "open",
                                                .line = line,
                                                .after = after});
        return;
    }
    if (!done)
        ask_print_open(w->host, line);
    for (size_t i = 0; done && i < sizeof(rows) / sizeof(*rows); i++)
        if (strcmp(rows[i].verb, verb) == 0)
            printf("%s %s", w->host, rows[i].words);
    if (done && json_get(answer, "after"))
        printf(" from entry %" PRId64 " on, under the same ids", ask_number(answer, "after") + 1);
    if (done)
        putchar('\n');
}

static int order(const struct queue_words *w, const char *verb, struct span body)
{
    struct bytes path;
    struct bytes answer;
    struct json *json = NULL;
    add_path(w, verb, &path);
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(w->file, "POST", bytes_str(&path), body, &answer);
    if (code == 0 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK) {
        bool done = false;
        for (int i = 0; i < LOOKS && !done; i++) {
            if (i)
                usleep(LOOK_US);
            done = carried_out(w, ask_number(json, "line"));
        }
        tell(w, verb, json, done);
    }
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

static int order_host(const struct queue_words *w, const char *verb)
{
    struct bytes body;
    ask_reason(w->reason, &body);
    int code = order(w, verb, bytes_span(&body));
    bytes_fini(&body);
    return code;
}

/* since_ms: or, where that is 0, from. */
static int order_replay(const struct queue_words *w, int64_t since_ms, uint64_t from)
{
    struct bytes body;
    struct json_writer json;
    bytes_init(&body, BODY_MAX);
    json_begin(&json, &body);
    json_open(&json, '{');
    if (since_ms)
        json_member_int(&json, "since_ms", since_ms);
    else
        json_member_int(&json, "from", (int64_t)from);
    json_member(&json, "reason", span_of(w->reason));
    json_close(&json, '}');
    int code = order(w, "replay", bytes_span(&body));
    bytes_fini(&body);
    return code;
}

/* --- the verbs -------------------------------------------------------------------------------- */

int cmd_queue(int argc, char **argv)
{
    static const char *const orders[] = {"retry", "hold", "release", "drop"};
    struct queue_words w = {0};
    const struct arg items[] = {
        {"-c", &w.file, NULL}, {"--json", NULL, &w.as_json}, {"--reason", &w.reason, NULL}};
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    bool known = lists || strcmp(verb, "show") == 0;
    bool ordered = false;
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
        ordered = ordered || strcmp(verb, orders[i]) == 0;
    const struct args args = {items, ordered ? 3 : 2, "", !lists, !lists};
    if ((!known && !ordered) || !args_read(&args, argc - 1, argv + 1, &w.host))
        return ask_usage("queue");
    if (ordered)
        return order_host(&w, verb);
    return lists ? list(&w) : show(&w);
}

int cmd_replay(int argc, char **argv)
{
    struct queue_words w = {0};
    const char *since = NULL;
    const char *from = NULL;
    int64_t ago_ms = 0;
    uint64_t number = 0;
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--since", &since, NULL},
                                {"--from", &from, NULL},
                                {"--reason", &w.reason, NULL}};
    const struct args args = {items, 5, "", 1, 1};
    if (!args_read(&args, argc, argv, &w.host))
        return ask_usage("replay");
    if (!since == !from)
        return ask_wrong("replay", "say either --since or --from", NULL);
    if (since && (!duration_read(span_of(since), &ago_ms) || ago_ms <= 0))
        return ask_wrong("replay", "--since is a time such as 90m, 2h or 7d, not", since);
    if (from && (!span_u64(span_of(from), INT64_MAX, &number) || !number))
        return ask_wrong("replay", "--from is the number of an entry, not", from);
    return order_replay(&w, since ? clock_wall_ms() - ago_ms : 0, number);
}
