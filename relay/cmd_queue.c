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

enum { LOOKS = 100, LOOK_US = 100000 };

static const struct json_limits limits = {16, 10000, 20000};

struct queue_words {
    const char *file, *host;
    bool as_json;
};

static int64_t number_of(const struct json *json, const char *name)
{
    int64_t n = 0;
    json_int(json_get(json, name), &n);
    return n;
}

/* --- the list --------------------------------------------------------------------------------- */

static void print_why(const struct json *row)
{
    struct span code = json_text(json_get(row, "code"));
    struct span next = json_text(json_get(row, "next"));
    if (span_eq_str(code, "suspended"))
        printf("suspended");
    else if (span_eq_str(code, "accept"))
        printf("our Accept was refused there");
    else if (span_eq_str(code, "host"))
        printf("%" PRId64 " failures in a row", number_of(row, "failures"));
    else if (span_eq_str(code, "parked"))
        printf("parked since %.*s", SPAN_ARG(json_text(json_get(row, "parked"))));
    else if (span_eq_str(code, "held"))
        printf("held by an operator");
    else if (span_eq_str(code, "unreadable"))
        printf("%.*s", SPAN_ARG(ask_title(code)));
    else
        printf("being sent");
    if (number_of(row, "status"))
        printf(", answered %" PRId64, number_of(row, "status"));
    if (next.n)
        printf("; next attempt %.*s", SPAN_ARG(next));
}

static void print_queue(const struct json *json)
{
    const struct json *list = json_get(json, "queue");
    int64_t left_out = number_of(json, "total") - (int64_t)json_len(list);
    printf("%-30s %9s %6s %-24s %s\n", "HOST", "WAITING", "ASIDE", "OLDEST", "WHY");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct span oldest = json_text(json_get(row, "oldest"));
        bool whole = json_flag(json_get(row, "whole"), true);
        printf("%-30.*s %8" PRId64 "%c %6" PRId64 " %-24.*s ",
               SPAN_ARG(json_text(json_get(row, "host"))), number_of(row, "waiting"),
               whole ? ' ' : '+', number_of(row, "aside"), SPAN_ARG(oldest.n ? oldest : SPAN("-")));
        print_why(row);
        putchar('\n');
        if (!whole)
            printf("  %" PRId64 " lines of the journal behind\n", number_of(row, "behind"));
    }
    if (left_out > 0)
        printf("and %" PRId64 " more\n", left_out);
    if (number_of(json, "direct"))
        printf("direct mail that waits: %" PRId64 "\n", number_of(json, "direct"));
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
    printf("%-10s %" PRId64 "%s\n", "waiting", number_of(h, "waiting_n"),
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
        done = number_of(json, "carried_out");
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
    int64_t line = number_of(answer, "line");
    if (w->as_json) {
        struct bytes out;
        struct json_writer json;
        bytes_init(&out, 4096);
        json_begin(&json, &out);
        json_open(&json, '{');
        json_member(&json, "host", span_of(w->host));
        json_member(&json, "order", span_of(verb));
        json_member_int(&json, "line", line);
        if (json_get(answer, "after"))
            json_member_int(&json, "after", number_of(answer, "after"));
        json_member(&json, "outcome", done ? SPAN("done") : SPAN("open"));
        json_close(&json, '}');
        printf("%s\n", bytes_str(&out));
        bytes_fini(&out);
        return;
    }
    if (!done)
        printf("%s: ordered (line %" PRId64 "), not carried out yet\n", w->host, line);
    for (size_t i = 0; done && i < sizeof(rows) / sizeof(*rows); i++)
        if (strcmp(rows[i].verb, verb) == 0)
            printf("%s %s", w->host, rows[i].words);
    if (done && json_get(answer, "after"))
        printf(" from entry %" PRId64 " on, under the same ids", number_of(answer, "after") + 1);
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
            done = carried_out(w, number_of(json, "line"));
        }
        tell(w, verb, json, done);
    }
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

/* --- the verbs -------------------------------------------------------------------------------- */

int cmd_queue(int argc, char **argv)
{
    static const char *const orders[] = {"retry", "hold", "release", "drop"};
    struct queue_words w = {0};
    const struct arg items[] = {{"-c", &w.file, NULL}, {"--json", NULL, &w.as_json}};
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    bool known = lists || strcmp(verb, "show") == 0;
    bool ordered = false;
    const struct args args = {items, 2, "", !lists, !lists};
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
        ordered = ordered || strcmp(verb, orders[i]) == 0;
    if ((!known && !ordered) || !args_read(&args, argc - 1, argv + 1, &w.host))
        return ask_usage("queue");
    if (ordered)
        return order(&w, verb, SPAN_NONE);
    return lists ? list(&w) : show(&w);
}

int cmd_replay(int argc, char **argv)
{
    struct queue_words w = {0};
    const char *since = NULL;
    const char *from = NULL;
    int64_t ago_ms = 0;
    uint64_t number = 0;
    char body[64];
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--since", &since, NULL},
                                {"--from", &from, NULL}};
    const struct args args = {items, 4, "", 1, 1};
    if (!args_read(&args, argc, argv, &w.host))
        return ask_usage("replay");
    if (!since == !from)
        return ask_wrong("replay", "say either --since or --from", NULL);
    if (since && (!duration_read(span_of(since), &ago_ms) || ago_ms <= 0))
        return ask_wrong("replay", "--since is a time such as 90m, 2h or 7d, not", since);
    if (from && (!span_u64(span_of(from), INT64_MAX, &number) || !number))
        return ask_wrong("replay", "--from is the number of an entry, not", from);
    if (since)
        snprintf(body, sizeof(body), "{\"since_ms\":%" PRId64 "}", clock_wall_ms() - ago_ms);
    else
        snprintf(body, sizeof(body), "{\"from\":%" PRIu64 "}", number);
    return order(&w, "replay", span_of(body));
}
