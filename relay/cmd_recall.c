/* cmd_recall: `weir recall OBJECT --reason TEXT`.
 * May not know: how it is carried out. */
#include <inttypes.h>
#include <stdio.h>

#include "relay/args.h"
#include "relay/ask.h"
#include "relay/cmd_trace.h"

static const char *expected(struct span expect)
{
    static const struct {
        const char *word, *means;
    } rows[] = {{"never", "it will not get it"},
                {"undone", "our Announce is undone there: the post leaves its timelines"},
                {"keeps", "it keeps its copy: only the author's own Delete takes that back"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (span_eq_str(expect, rows[i].word))
            return rows[i].means;
    return "";
}

static void print_recall(const struct json *json)
{
    const struct json *list = json_get(json, "members");
    int64_t line = 0;
    json_int(json_get(json, "line"), &line);
    ask_print_field(json, "object");
    ask_print_field(json, "reason");
    printf("%-10s line %" PRId64 ", takes back %zu of the journal\n", "recalled", line,
           json_len(json_get(json, "entries")));
    printf("\n%-30s %-6s %-8s %s\n", "HOST", "HAD IT", "GETS", "WHAT TO EXPECT");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        printf("%-30.*s %-6.*s %-8.*s %s\n", SPAN_ARG(ask_text(row, "host")),
               SPAN_ARG(ask_text(row, "had")), SPAN_ARG(ask_text(row, "gets")),
               expected(ask_text(row, "expect")));
    }
    if (!json_len(list))
        printf("no member was to have it\n");
}

int cmd_recall(int argc, char **argv)
{
    const char *file = NULL;
    const char *reason = NULL;
    const char *words[1] = {NULL};
    bool as_json = false;
    struct bytes body;
    struct bytes answer;
    struct json_writer w;
    const struct arg items[] = {
        {"-c", &file, NULL}, {"--json", NULL, &as_json}, {"--reason", &reason, NULL}};
    const struct args args = {items, 3, "", 1, 1};
    if (!args_read(&args, argc, argv, words))
        return ask_usage("recall");
    if (!reason || !*reason)
        return ask_wrong("recall", "say why: --reason TEXT", NULL);
    bytes_init(&body, 65536);
    bytes_init(&answer, ASK_ANSWER_MAX);
    json_begin(&w, &body);
    json_open(&w, '{');
    json_member(&w, "object", span_of(words[0]));
    json_member(&w, "reason", span_of(reason));
    json_close(&w, '}');
    int code = ask_relay(file, "POST", "/api/v1/recall", bytes_span(&body), &answer);
    code = ask_report(code, &answer, as_json, print_recall);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}
