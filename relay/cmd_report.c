/* cmd_report: `weir report [--month 2026-11]`: a month for a sponsor, as Markdown or JSON.
 * May not know: what a report is made of. */
#include "relay/cmd_report.h"

#include <stdio.h>

#include "common/io/clock.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/rules/tally.h"

int cmd_report(int argc, char **argv)
{
    const char *file = NULL, *month = NULL;
    char now[TALLY_MONTH_SIZE], path[64];
    bool as_json = false;
    int64_t from_ms, to_ms;
    struct bytes answer;
    const struct arg items[] = {
        {"-c", &file, NULL}, {"--json", NULL, &as_json}, {"--month", &month, NULL}};
    const struct args args = {items, 3, "", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return ask_usage("report");
    tally_month(clock_wall_ms(), now);
    if (!month)
        month = now;
    if (!tally_month_read(span_of(month), &from_ms, &to_ms))
        return ask_wrong("report", "a month is written as 2026-11, not", month);
    snprintf(path, sizeof(path), "/api/v1/reports/%s%s", month, as_json ? "" : ".md");
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(file, "GET", path, SPAN_NONE, &answer);
    if (code == 0) {
        fwrite(bytes_str(&answer), 1, answer.n, stdout);
        if (as_json)
            putchar('\n');
    }
    bytes_fini(&answer);
    return code;
}
