/* cmd_trace: `weir trace ACTIVITY|OBJECT|HOST`.
 * May not know: where the answer comes from. */
#include "relay/cmd_trace.h"

#include <inttypes.h>
#include <stdio.h>

#include "relay/args.h"
#include "relay/ask.h"

/* --- an entry --------------------------------------------------------------------------------- */

static const char *word_of(struct span verdict)
{
    return span_eq_str(verdict, "aside") ? "set aside" : NULL;
}

/* The inbox stands below where a host has several rows. */
static void print_rows(const struct json *list)
{
    printf("\n%-30s %-11s %s\n", "HOST", "WHAT", "WHEN, OR WHY");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct span host = ask_text(row, "host");
        struct span verdict = ask_text(row, "verdict");
        const char *word = word_of(verdict);
        bool several =
            (i > 0 && span_eq(host, ask_text(json_at(list, i - 1), "host"))) ||
            (i + 1 < json_len(list) && span_eq(host, ask_text(json_at(list, i + 1), "host")));
        printf("%-30.*s %-11.*s ", SPAN_ARG(host), SPAN_ARG(word ? span_of(word) : verdict));
        ask_print_verdict(row);
        putchar('\n');
        if (several && ask_text(row, "inbox").n) {
            printf("  ");
            ask_print_text(ask_text(row, "inbox"));
            putchar('\n');
        }
    }
    if (!json_len(list))
        printf("no member\n");
}

static void print_entry(const struct json *e)
{
    const struct json *audience = json_get(e, "audience");
    int64_t n = ask_number(e, "n");
    ask_print_field(e, "activity");
    if (!json_flag(json_get(e, "known"), false)) {
        printf("%-10s %" PRId64 ": not known any more, the journal begins after it\n", "entry", n);
        return;
    }
    if (n == 0) {
        printf("%-10s none: it was answered, and nothing of it %s\n", "entry",
               json_get(e, "held") ? "is in the journal" : "goes out");
        return;
    }
    printf("%-10s %" PRId64 ", %.*s from %.*s, accepted %.*s\n", "entry", n,
           SPAN_ARG(ask_text(e, "type")), SPAN_ARG(ask_text(e, "from")),
           SPAN_ARG(ask_text(e, "accepted")));
    ask_print_field(e, "object");
    printf("%-10s ", "audience");
    for (size_t i = 0; i < json_len(audience); i++)
        printf("%s%.*s", i ? ", " : "", SPAN_ARG(json_text(json_at(audience, i))));
    putchar('\n');
    print_rows(json_get(e, "members"));
}

/* --- a host ----------------------------------------------------------------------------------- */

static void print_name(const struct json *e)
{
    struct span activity = ask_text(e, "activity");
    printf("  %6" PRId64 "  ", ask_number(e, "n"));
    if (activity.n) {
        printf("%.*s ", SPAN_ARG(ask_text(e, "type")));
        ask_print_text(activity);
    } else {
        printf("-");
    }
    putchar('\n');
}

static void print_attempts(const struct json *e)
{
    int64_t status = ask_number(e, "status");
    printf("          %" PRId64 " attempts", ask_number(e, "attempts"));
    if (status)
        printf(", answered %" PRId64, status);
    if (ask_text(e, "next").n)
        printf("; next attempt %.*s", SPAN_ARG(ask_text(e, "next")));
    putchar('\n');
}

static void print_why(const struct json *e)
{
    int64_t after = ask_number(e, "after");
    int64_t status = ask_number(e, "status");
    printf("          %.*s", SPAN_ARG(ask_title(ask_text(e, "code"))));
    if (status)
        printf(", answered %" PRId64, status);
    if (json_get(e, "after"))
        printf(", everything behind %" PRId64, after);
    printf(", %.*s", SPAN_ARG(ask_text(e, "at")));
    if (ask_text(e, "detail").n) {
        printf(": ");
        ask_print_text(ask_text(e, "detail"));
    }
    printf("%s\n", json_flag(json_get(e, "dropped"), false) ? " (dropped)" : "");
}

static void print_late(const struct json *e)
{
    printf("          at attempt %" PRId64 ", %.*s\n", ask_number(e, "attempts"),
           SPAN_ARG(ask_text(e, "at")));
}

static void print_list(const struct json *list, const char *title,
                       void (*more)(const struct json *))
{
    if (json_len(list))
        printf("\n%s\n", title);
    for (size_t i = 0; i < json_len(list); i++) {
        print_name(json_at(list, i));
        if (more)
            more(json_at(list, i));
    }
}

static void print_host(const struct json *h)
{
    static const char *const names[] = {"host",   "state",    "why",      "zone", "health",
                                        "cursor", "position", "failures", "next"};
    int64_t waiting = ask_number(h, "waiting_n");
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(h, names[i]);
    if (json_flag(json_get(h, "accept_refused"), false))
        printf("%-10s our Accept was refused there: nothing is sent until it follows again\n",
               "held");
    printf("%-10s %" PRId64 "%s\n", "waiting", waiting,
           json_flag(json_get(h, "waiting_more"), false) ? " and more" : "");
    print_list(json_get(h, "waiting"), "waiting, the next ones:", NULL);
    print_list(json_get(h, "aside"), "set aside:", print_attempts);
    print_list(json_get(h, "failed"), "given up:", print_why);
    print_list(json_get(h, "late"), "delivered late:", print_late);
    print_list(json_get(h, "skipped"), "passed over:", print_why);
    print_list(json_get(h, "cut"), "cut off, up to:", print_why);
    if (json_len(json_get(h, "attempts")))
        printf("\nthe latest attempts:\n");
    for (size_t i = 0; i < json_len(json_get(h, "attempts")); i++)
        ask_print_attempt(json_at(json_get(h, "attempts"), i));
}

/* --- the verb --------------------------------------------------------------------------------- */

static void print_held(const struct json *list)
{
    for (size_t i = 0; i < json_len(list); i++) {
        int64_t h = 0;
        json_int(json_at(list, i), &h);
        printf("%-10s %" PRId64 ", for a person to decide: weir hold show %" PRId64 "\n",
               i ? "" : "held", h, h);
    }
}

static void print_trace(const struct json *json)
{
    const struct json *entries = json_get(json, "entries");
    if (json_get(json, "host")) {
        print_host(json);
        return;
    }
    if (!entries) {
        print_entry(json);
        print_held(json_get(json, "held"));
        return;
    }
    ask_print_field(json, "object");
    print_held(json_get(json, "held"));
    for (size_t i = 0; i < json_len(entries); i++) {
        putchar('\n');
        print_entry(json_at(entries, i));
    }
}

int cmd_trace(int argc, char **argv)
{
    const char *file = NULL;
    const char *words[1] = {NULL};
    bool as_json = false;
    struct bytes path;
    struct bytes answer;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "", 1, 1};
    if (!args_read(&args, argc, argv, words))
        return ask_usage("trace");
    bytes_init(&path, 16384);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/trace/");
    ask_escape(&path, words[0]);
    int code = ask_relay(file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    code = ask_report(code, &answer, as_json, print_trace);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}
