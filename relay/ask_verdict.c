/* ask_verdict: what a verdict of the ledger means, in words.
 * May not know: how it was come to (rules/trace.h). */
#include <inttypes.h>
#include <stdio.h>

#include "relay/ask.h"

static void print_status(const struct json *row)
{
    if (ask_number(row, "status"))
        printf(", answered %" PRId64 "", ask_number(row, "status"));
}

static void print_ms(const struct json *row)
{
    if (json_get(row, "ms"))
        printf(" in %" PRId64 " ms", ask_number(row, "ms"));
}

void ask_print_attempt(const struct json *a)
{
    struct span code = ask_text(a, "code");
    char about[32] = "mail";
    if (!json_flag(json_get(a, "direct"), false))
        snprintf(about, sizeof(about), "%" PRId64, ask_number(a, "n"));
    printf("  %.*s  %8s  attempt %" PRId64 ": %.*s", SPAN_ARG(ask_text(a, "at")), about,
           ask_number(a, "attempt"),
           SPAN_ARG(span_eq_str(code, "ok") ? SPAN("delivered") : ask_title(code)));
    print_status(a);
    print_ms(a);
    putchar('\n');
    if (ask_text(a, "inbox").n) {
        printf("%38s", "");
        ask_print_text(ask_text(a, "inbox"));
        putchar('\n');
    }
}

static void print_next(const struct json *row)
{
    struct span next = ask_text(row, "next");
    if (next.n)
        printf("; next attempt %.*s", SPAN_ARG(next));
}

static void print_delivered(const struct json *row)
{
    int64_t attempts = ask_number(row, "attempts");
    struct span since = ask_text(row, "since");
    struct span until = ask_text(row, "until");
    if (attempts == 1)
        printf("at the first attempt%s, ",
               span_eq_str(ask_text(row, "code"), "apart") ? " after it had waited apart" : "");
    else
        printf("at attempt %" PRId64 ", ", attempts);
    if (!since.n)
        printf("by %.*s", SPAN_ARG(until));
    else if (span_eq(since, until))
        printf("%.*s", SPAN_ARG(until));
    else
        printf("answered between %.*s and %.*s", SPAN_ARG(since), SPAN_ARG(until));
    if (json_get(row, "ms"))
        printf(" (%" PRId64 " in %" PRId64 " ms)", ask_number(row, "status"),
               ask_number(row, "ms"));
}

static void print_waiting(const struct json *row)
{
    struct span code = ask_text(row, "code");
    int64_t ahead = ask_number(row, "ahead");
    if (span_eq_str(code, "suspended"))
        printf("until the member is resumed");
    else if (span_eq_str(code, "inbox-lost"))
        printf("%.*s: until it follows again, or is resumed", SPAN_ARG(ask_title(code)));
    else if (span_eq_str(code, "leaving"))
        printf("the member is gone: about to be cut");
    else if (span_eq_str(code, "no-right"))
        printf("its right was withdrawn: about to be passed over");
    else if (span_eq_str(code, "accept"))
        printf("our Accept was refused there: until it follows again");
    else if (span_eq_str(code, "recalled") || span_eq_str(code, "replaced"))
        printf("%.*s: about to be passed over", SPAN_ARG(ask_title(code)));
    else if (span_eq_str(code, "frozen"))
        printf("behind a freeze: until it is thawed");
    else if (span_eq_str(code, "host"))
        printf("the host fails, %" PRId64 " times in a row", ask_number(row, "failures"));
    else if (span_eq_str(code, "parked"))
        printf("the host did not answer for days: it is tried once a day");
    else if (span_eq_str(code, "held"))
        printf("held by an operator");
    else
        printf("to be sent");
    print_status(row);
    if (ahead)
        printf(", after %" PRId64 " lines of the journal", ahead);
    print_next(row);
}

static void print_never(const struct json *row)
{
    int64_t attempts = ask_number(row, "attempts");
    struct span title = ask_title(ask_text(row, "code"));
    struct span detail = ask_text(row, "detail");
    printf("%.*s", SPAN_ARG(title));
    print_status(row);
    if (attempts)
        printf(", after %" PRId64 " attempt%s", attempts, attempts == 1 ? "" : "s");
    printf(", %.*s", SPAN_ARG(ask_text(row, "until")));
    if (detail.n) {
        printf(": ");
        ask_print_text(detail);
    }
    if (json_flag(json_get(row, "dropped"), false))
        printf(" (dropped)");
}

static void print_not_for_it(struct span code)
{
    static const struct {
        const char *code, *words;
    } rows[] = {{"origin", "it came from there"},
                {"not-member", "the host was no member then"},
                {"publish-only", "the host only published then"},
                {"zone", "its zone is not in the audience"},
                {"no-form", "no form of it would be believed there"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (span_eq_str(code, rows[i].code))
            printf("%s", rows[i].words);
}

void ask_print_verdict(const struct json *row)
{
    struct span verdict = ask_text(row, "verdict");
    struct span code = ask_text(row, "code");
    if (span_eq_str(verdict, "delivered")) {
        print_delivered(row);
    } else if (span_eq_str(verdict, "waiting")) {
        print_waiting(row);
    } else if (span_eq_str(verdict, "aside")) {
        printf("%s", span_eq_str(code, "object") ? "waits for what came before it about its object"
                     : span_eq_str(code, "frozen") ? "behind a freeze: until it is thawed"
                                                   : "failed while the host takes others");
        print_status(row);
        print_next(row);
    } else if (span_eq_str(verdict, "never")) {
        print_never(row);
    } else if (span_eq_str(verdict, "not-for-it")) {
        print_not_for_it(code);
    } else if (span_eq_str(verdict, "unknown")) {
        printf("%.*s", SPAN_ARG(ask_title(code)));
    } else {
        printf("%.*s, %.*s", SPAN_ARG(ask_title(code)), SPAN_ARG(ask_text(row, "until")));
    }
    if (ask_number(row, "by"))
        printf(" (by entry %" PRId64 ")", ask_number(row, "by"));
}
