/* cmd_queue: `weir queue list`: who has not everything, and why.
 * May not know: where the answer comes from. */
#include "relay/cmd_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/args.h"
#include "relay/ask.h"

static int64_t number_of(const struct json *json, const char *name)
{
    int64_t n = 0;
    json_int(json_get(json, name), &n);
    return n;
}

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
        bool whole = json_flag(json_get(row, "whole"), false);
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

int cmd_queue(int argc, char **argv)
{
    const char *file = NULL;
    bool as_json = false;
    struct bytes answer;
    const struct arg items[] = {{"-c", &file, NULL}, {"--json", NULL, &as_json}};
    const struct args args = {items, 2, "", 0, 0};
    if (argc < 2 || strcmp(argv[1], "list") != 0 || !args_read(&args, argc - 1, argv + 1, NULL))
        return ask_usage("queue");
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(file, "GET", "/api/v1/queue", SPAN_NONE, &answer);
    code = ask_report(code, &answer, as_json, print_queue);
    bytes_fini(&answer);
    return code;
}
