/* cmd_freeze: `weir freeze`, `weir freeze list`, `weir thaw`.
 * May not know: how a boundary is kept closed. */
#include "relay/cmd_freeze.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/io/clock.h"
#include "common/pure/units.h"
#include "relay/args.h"
#include "relay/ask.h"

enum { BODY_MAX = 65536 };

/* --- what is frozen --------------------------------------------------------------------------- */

/* What was accepted before. */
static void print_hosts(const struct json *json)
{
    const struct json *hosts = json_get(json, "waiting_for");
    int64_t others = ask_number(json, "waiting_members") - (int64_t)json_len(hosts);
    for (size_t i = 0; i < json_len(hosts); i++)
        printf("  %-30.*s %" PRId64 "\n", SPAN_ARG(ask_text(json_at(hosts, i), "host")),
               ask_number(json_at(hosts, i), "waiting"));
    if (others > 0)
        printf("  and %" PRId64 " more\n", others);
}

static void print_waiting(const struct json *json)
{
    int64_t n = ask_number(json, "waiting");
    bool whole = json_flag(json_get(json, "waiting_whole"), false);
    if (!json_get(json, "waiting")) {
        printf("what was accepted before waits, too, but could not be counted\n");
        return;
    }
    if (!n && whole)
        return;
    printf("%s%" PRId64 " %s accepted before, and %s for the thaw:\n", whole ? "" : "at least ", n,
           n == 1 ? "delivery was" : "deliveries were", n == 1 ? "waits" : "wait");
    print_hosts(json);
}

static void print_list(const struct json *json)
{
    const struct json *list = json_get(json, "freezes");
    if (!json_len(list)) {
        printf("nothing is frozen\n");
        return;
    }
    printf("%-30s %-26s %-26s %-10s %s\n", "BOUNDARY", "SINCE", "UNTIL", "WHO", "REASON");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct span until = ask_text(row, "until");
        printf("%-30.*s %-26.*s %-26.*s %-10.*s ", SPAN_ARG(ask_text(row, "boundary")),
               SPAN_ARG(ask_text(row, "since")), SPAN_ARG(until.n ? until : SPAN("thawed")),
               SPAN_ARG(ask_text(row, "who")));
        ask_print_text(ask_text(row, "reason"));
        putchar('\n');
        print_waiting(row);
    }
}

static int list(const char *file, bool as_json)
{
    struct bytes answer;
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(file, "GET", "/api/v1/freezes", SPAN_NONE, &answer);
    code = ask_report(code, &answer, as_json, print_list);
    bytes_fini(&answer);
    return code;
}

/* --- frozen, thawed --------------------------------------------------------------------------- */

static void print_frozen(const struct json *json)
{
    struct span until = ask_text(json, "until");
    printf("%.*s is frozen", SPAN_ARG(ask_text(json, "boundary")));
    if (until.n)
        printf(" until %.*s", SPAN_ARG(until));
    else
        printf(" until it is thawed");
    printf(": what would cross is held (weir hold list)\n");
    print_waiting(json);
}

static void print_thawed(const struct json *json)
{
    printf("%.*s is thawed: what waited goes out, and what it held is decided anew now (weir hold "
           "list shows what stays)\n",
           SPAN_ARG(ask_text(json, "boundary")));
}

struct freeze_words {
    const char *file, *boundary, *reason;
    int64_t until_ms; /* 0: none */
    bool as_json, thaws;
};

static int change(const struct freeze_words *w)
{
    struct bytes body;
    struct bytes answer;
    struct json_writer json;
    bytes_init(&body, BODY_MAX);
    bytes_init(&answer, ASK_ANSWER_MAX);
    json_begin(&json, &body);
    json_open(&json, '{');
    json_member(&json, "boundary", span_of(w->boundary));
    if (w->until_ms)
        json_member_int(&json, "until_ms", w->until_ms);
    json_member(&json, "reason", span_of(w->reason));
    json_close(&json, '}');
    int code = ask_relay(w->file, "POST", w->thaws ? "/api/v1/thaw" : "/api/v1/freeze",
                         bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, w->thaws ? print_thawed : print_frozen);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

/* --- the verbs -------------------------------------------------------------------------------- */

int cmd_freeze(int argc, char **argv)
{
    struct freeze_words w = {.thaws = strcmp(argv[0], "thaw") == 0};
    const char *lasts = NULL;
    int64_t ms = 0;
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--reason", &w.reason, NULL},
                                {"--for", &lasts, NULL}};
    bool lists = !w.thaws && argc > 1 && strcmp(argv[1], "list") == 0;
    const struct args args = {items, lists ? 2 : w.thaws ? 3 : 4, "", !lists, !lists};
    if (!args_read(&args, argc - lists, argv + lists, &w.boundary))
        return ask_usage(argv[0]);
    if (lists)
        return list(w.file, w.as_json);
    if (!w.reason || !*w.reason)
        return ask_wrong(argv[0], "say why: --reason TEXT", NULL);
    if (lasts && (!duration_read(span_of(lasts), &ms) || ms <= 0))
        return ask_wrong(argv[0], "--for is a time such as 90min, 2h or 7d, not", lasts);
    w.until_ms = lasts ? clock_wall_ms() + ms : 0;
    return change(&w);
}
