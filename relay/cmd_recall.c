/* cmd_recall: `weir recall OBJECT --reason TEXT`.
 * May not know: how it is carried out. */
#include <inttypes.h>
#include <stdio.h>

#include "relay/args.h"
#include "relay/ask.h"
#include "relay/cmd_trace.h"
#include "relay/rules/software.h"

/* After "it". */
static const char *expected(const struct json *row)
{
    struct span expect = ask_text(row, "expect");
    enum software_effect effect = software_effect_by_name(expect);
    if (span_eq_str(expect, "never"))
        return "will not get it";
    if (effect == SOFTWARE_EFFECT_COUNT)
        return "can't be said: its record can't be read";
    if (effect == SOFTWARE_KEEPS && span_eq_str(ask_text(row, "gets"), "nothing"))
        return "keeps its copy: only the author's own Delete takes that back";
    return software_effect_words(effect);
}

/* What the author's Delete would come to there; SOFTWARE_EFFECT_COUNT: nothing is said of it. */
static enum software_effect deletion(const struct json *row)
{
    return software_effect_by_name(ask_text(row, "deletion"));
}

enum { FAMILIES_MAX = 64 };

/* Its place among the families; behind them all where the software is another one. */
static size_t family_of(const struct json *row)
{
    const struct software *software = software_of(ask_text(row, "software"));
    size_t i = 0;
    while (i + 1 < FAMILIES_MAX && software_at(i) && software_at(i) != software)
        i++;
    return i;
}

static void print_deletions(const struct json *list)
{
    size_t counts[FAMILIES_MAX][SOFTWARE_EFFECT_COUNT] = {{0}};
    bool any = false;
    for (size_t i = 0; i < json_len(list); i++) {
        enum software_effect effect = deletion(json_at(list, i));
        if (effect < SOFTWARE_EFFECT_COUNT)
            counts[family_of(json_at(list, i))][effect]++;
    }
    for (size_t i = 0; i < FAMILIES_MAX; i++) {
        const struct software *software = software_at(i) ? software_at(i) : software_of(SPAN_NONE);
        for (int e = 0; e < SOFTWARE_EFFECT_COUNT; e++) {
            if (!counts[i][e])
                continue;
            if (!any)
                printf("\n%-30s %-8s %s\n", "SOFTWARE", "MEMBERS", "IF ITS AUTHOR DELETES IT");
            any = true;
            printf("%-30s %-8zu it %s\n", software->title, counts[i][e],
                   software_effect_words((enum software_effect)e));
        }
    }
    if (any)
        printf("\nThis is what is known of the software, and no proof of what a server did.\n");
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
    printf("\n%-30s %-6s %-8s %-14s %s\n", "HOST", "HAD IT", "GETS", "SOFTWARE", "WHAT TO EXPECT");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        struct span software = ask_text(row, "software");
        printf("%-30.*s %-6.*s %-8.*s %-14.*s it %s\n", SPAN_ARG(ask_text(row, "host")),
               SPAN_ARG(ask_text(row, "had")), SPAN_ARG(ask_text(row, "gets")),
               SPAN_ARG(software.n ? software : SPAN("not known")), expected(row));
    }
    if (!json_len(list))
        printf("no member was to have it\n");
    print_deletions(list);
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
