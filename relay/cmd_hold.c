/* cmd_hold: `weir hold list|show|approve|deny`.
 * May not know: how it is decided, or carried out. */
#include "relay/cmd_hold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/args.h"
#include "relay/ask.h"

enum { TIME_SHOWN = 19 };

struct hold_words {
    const char *file, *h, *reason, *revision, *after;
    bool closed, as_json;
};

/* --- tables ----------------------------------------------------------------------------------- */

/* `2026-11-22T18:00:00`: to the second. */
static struct span short_time(const struct json *item, const char *name)
{
    struct span time = ask_text(item, name);
    time.n = time.n < TIME_SHOWN ? time.n : TIME_SHOWN;
    return time;
}

static void print_names(const struct json *list, const char *member)
{
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *one = json_at(list, i);
        printf("%s", i ? ", " : "");
        ask_print_text(member ? ask_text(one, member) : json_text(one));
    }
}

static void print_row(const struct json *item)
{
    bool open = span_eq_str(ask_text(item, "state"), "open");
    printf("%-8" PRId64 " %-19.*s %-9.*s %-24.*s ", ask_number(item, "h"),
           SPAN_ARG(short_time(item, open ? "since" : "closed")), SPAN_ARG(ask_text(item, "state")),
           SPAN_ARG(ask_text(item, "from")));
    print_names(open || !json_get(item, "sent") ? json_get(item, "waits") : json_get(item, "sent"),
                open || !json_get(item, "sent") ? "zone" : NULL);
    printf("\n  ");
    ask_print_text(ask_text(item, "type"));
    putchar(' ');
    ask_print_text(ask_text(item, "object").n ? ask_text(item, "object")
                                              : ask_text(item, "activity"));
    if (ask_text(item, "reason").n) {
        printf("\n  ");
        ask_print_text(ask_text(item, "by"));
        printf(": ");
        ask_print_text(ask_text(item, "reason"));
    }
    putchar('\n');
}

static void print_list(const struct json *json)
{
    const struct json *list = json_get(json, "holds");
    printf("%-8s %-19s %-9s %-24s %s\n", "H", "TIME (UTC)", "STATE", "FROM", "ZONES");
    for (size_t i = 0; i < json_len(list); i++)
        print_row(json_at(list, i));
    if (ask_number(json, "next"))
        printf("and more: --after %" PRId64 "\n", ask_number(json, "next"));
    printf("%" PRId64 " open, %" PRId64 " bytes\n", ask_number(json, "open"),
           ask_number(json, "bytes"));
}

static void print_waits(const struct json *item)
{
    const struct json *waits = json_get(item, "waits");
    for (size_t i = 0; i < json_len(waits); i++) {
        const struct json *one = json_at(waits, i);
        printf("%-10s %.*s: %.*s", i ? "" : "zones", SPAN_ARG(ask_text(one, "zone")),
               SPAN_ARG(ask_title(ask_text(one, "code"))));
        if (ask_text(one, "rule").n) {
            printf(" (rule ");
            ask_print_text(ask_text(one, "rule"));
            putchar(')');
        }
        putchar('\n');
    }
}

/* Text of many lines, each behind a bar: nothing in it can pass for what Weir says. */
static void print_said(const struct json *item, const char *name)
{
    struct span text = ask_text(item, name);
    if (!text.n)
        return;
    printf("%s:\n", name);
    while (text.n) {
        printf("  | ");
        ask_print_text(span_cut(&text, '\n'));
        putchar('\n');
    }
}

static void print_facts(const struct json *facts)
{
    const void *at = NULL;
    struct span key;
    const struct json *value;
    if (facts)
        printf("facts:\n");
    while (json_next(facts, &at, &key, &value)) {
        printf("  %-14.*s ", SPAN_ARG(key));
        ask_print_text(json_text(value));
        putchar('\n');
    }
}

static void print_item(const struct json *item)
{
    static const char *const names[] = {
        "h",     "state",  "since",  "updated", "from",   "zone",     "activity", "type",
        "actor", "object", "closed", "by",      "reason", "revision", "bytes",    "n"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(item, names[i]);
    print_waits(item);
    if (json_get(item, "sent")) {
        printf("%-10s ", "sent");
        print_names(json_get(item, "sent"), NULL);
        putchar('\n');
    }
    print_said(item, "name");
    print_said(item, "summary");
    print_said(item, "text");
    if (json_len(json_get(item, "links"))) {
        printf("%-10s ", "links to");
        print_names(json_get(item, "links"), NULL);
        putchar('\n');
    }
    print_facts(json_get(item, "facts"));
}

static void print_decided(const struct json *answer)
{
    const struct json *zones = json_get(answer, "zones");
    printf("%" PRId64 " is %.*s\n", ask_number(answer, "h"), SPAN_ARG(ask_text(answer, "state")));
    for (size_t i = 0; i < json_len(zones); i++) {
        const struct json *one = json_at(zones, i);
        printf("  %.*s: %.*s", SPAN_ARG(ask_text(one, "zone")), SPAN_ARG(ask_text(one, "fate")));
        if (ask_text(one, "code").n)
            printf(", %.*s", SPAN_ARG(ask_title(ask_text(one, "code"))));
        if (ask_text(one, "rule").n) {
            printf(" (rule ");
            ask_print_text(ask_text(one, "rule"));
            putchar(')');
        }
        putchar('\n');
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

static int get(const struct hold_words *w)
{
    struct bytes path;
    struct bytes answer;
    bytes_init(&path, 4096);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/holds");
    if (w->h) {
        bytes_add_char(&path, '/');
        ask_escape(&path, w->h);
    } else {
        bytes_addf(&path, "?closed=%s", w->closed ? "yes" : "no");
        if (w->after) {
            bytes_add_str(&path, "&after=");
            ask_escape(&path, w->after);
        }
    }
    int code = ask_relay(w->file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    code = ask_report(code, &answer, w->as_json, w->h ? print_item : print_list);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

static int decide(const struct hold_words *w, const char *verb)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    struct json_writer json;
    uint64_t revision = 0;
    if (!w->reason || !*w->reason)
        return ask_wrong("hold", "say why: --reason TEXT", NULL);
    if (w->revision && !span_u64(span_of(w->revision), INT64_MAX, &revision))
        return ask_wrong("hold", "--revision is a number, as `weir hold show` says it, not",
                         w->revision);
    bytes_init(&path, 4096);
    bytes_init(&body, 65536);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/holds/");
    ask_escape(&path, w->h);
    bytes_addf(&path, "/%s", verb);
    json_begin(&json, &body);
    json_open(&json, '{');
    json_member(&json, "reason", span_of(w->reason));
    if (w->revision)
        json_member_int(&json, "revision", (int64_t)revision);
    json_close(&json, '}');
    int code = ask_relay(w->file, "POST", bytes_str(&path), bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, print_decided);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

int cmd_hold(int argc, char **argv)
{
    struct hold_words w = {0};
    const char *words[1] = {NULL};
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    bool shows = strcmp(verb, "show") == 0;
    bool decides = strcmp(verb, "approve") == 0 || strcmp(verb, "deny") == 0;
    const struct arg items[] = {
        {"-c", &w.file, NULL},
        {"--json", NULL, &w.as_json},
        {lists ? "--after" : "--reason", lists ? &w.after : &w.reason, NULL},
        {lists ? "--closed" : "--revision", lists ? NULL : &w.revision, lists ? &w.closed : NULL},
    };
    const struct args args = {items, shows ? 2 : 4, "", !lists, !lists};
    if ((!lists && !shows && !decides) || !args_read(&args, argc - 1, argv + 1, words))
        return ask_usage("hold");
    w.h = words[0];
    return decides ? decide(&w, verb) : get(&w);
}
