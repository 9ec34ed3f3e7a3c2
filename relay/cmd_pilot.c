/* cmd_pilot: asks the running relay about pilots, and says what it answered.
 * May not know: Redis; what the end of a pilot means. */
#include "relay/cmd_pilot.h"

#include <stdio.h>
#include <string.h>

#include "relay/args.h"
#include "relay/ask.h"

struct pilot_words {
    const char *file, *until, *reason, *name;
    bool as_json;
};

static void print_pilots(const struct json *json)
{
    const struct json *list = json_get(json, "pilots");
    printf("%-28s %-10s %-20s %-7s %-12s %s\n", "PILOT", "STATE", "UNTIL", "WITHIN", "ZONE",
           "SPONSOR");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *p = json_at(list, i);
        printf("%-28.*s %-10.*s %-20.*s %-7.*s %-12.*s %.*s\n", SPAN_ARG(ask_text(p, "pilot")),
               SPAN_ARG(ask_text(p, "state")), SPAN_ARG(ask_text(p, "until")),
               SPAN_ARG(ask_text(p, "within")), SPAN_ARG(ask_text(p, "zone")),
               SPAN_ARG(ask_text(p, "sponsor")));
    }
}

static void print_pilot(const struct json *json)
{
    static const char *const names[] = {"pilot", "state",  "zone",    "role",
                                        "until", "within", "sponsor", "note"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(json, names[i]);
    if (json_get(json, "join"))
        printf("\nIt has to follow anew: `weir member show` tells what to do there.\n");
}

static int pilot_ask(const char *verb, const struct pilot_words *w)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    struct json_writer json;
    bytes_init(&path, 4096);
    bytes_init(&body, 4096);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/pilots");
    if (w->name) {
        bytes_add_char(&path, '/');
        ask_escape(&path, w->name);
        bytes_addf(&path, "/%s", verb);
        json_begin(&json, &body);
        json_open(&json, '{');
        if (w->until)
            json_member(&json, "until", span_of(w->until));
        json_member(&json, "reason", span_of(w->reason));
        json_close(&json, '}');
    }
    int code =
        ask_relay(w->file, w->name ? "POST" : "GET", bytes_str(&path), bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, w->name ? print_pilot : print_pilots);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

int cmd_pilot(int argc, char **argv)
{
    struct pilot_words w = {0};
    const char *words[1] = {NULL};
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    bool moves = strcmp(verb, "extend") == 0;
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--reason", &w.reason, NULL},
                                {"--until", &w.until, NULL}};
    const struct args args = {items, lists ? 2 : moves ? 4 : 3, "", !lists, !lists};
    bool known = lists || moves || strcmp(verb, "end") == 0 || strcmp(verb, "promote") == 0;
    if (!known || !args_read(&args, argc - 1, argv + 1, words))
        return ask_usage("pilot");
    w.name = words[0];
    bool rule = w.name && strncmp(w.name, "rule:", 5) == 0; /* where it stands is told anyway */
    if (moves && !rule && (!w.until || !*w.until))
        return ask_wrong("pilot", "say when it is to end: --until DATE", NULL);
    if (!lists && !rule && (!w.reason || !*w.reason))
        return ask_wrong("pilot", "say why: --reason TEXT", NULL);
    return pilot_ask(verb, &w);
}
