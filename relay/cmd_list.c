/* cmd_list: lists of others, as proposals; and what a person makes of those.
 *
 * The file is read here, so that what is wrong in it is said where it is at hand; the relay is told
 * of hosts alone, a thousand at a time. All are confirmed a stretch at a time, by name.
 * May not know: what confirming does to a member. */
#include "relay/cmd_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/map.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/input.h"
#include "relay/rules/domains.h"
#include "relay/rules/proposal.h"

enum { CHUNK = 1000, BODY_MAX = 900 * 1024, TOLD_MAX = 100, TEXT_TOLD = 60 };

static const struct json_limits limits = {6, 100000, 400000};

struct list_words {
    const char *file, *as, *zone, *reason, *word;
    bool as_json;
};

/* --- weir list import ------------------------------------------------------------------------- */

struct importing {
    const struct list_words *words;
    struct map *known; /* hosts that stand in the list before */
    char **hosts;
    size_t n, bad_n;
    struct bytes bad;     /* lines for people */
    struct bytes no_zone; /* hosts, parted by blanks */
    struct bytes json;    /* of both: `left_out`, open */
    struct json_writer w;
    int64_t added, replaced;
};

static void on_host(void *arg, unsigned line, const char *host)
{
    struct importing *in = arg;
    (void)line;
    if (map_get(in->known, span_of(host)))
        return;
    if ((in->n & (in->n - 1)) == 0)
        in->hosts = mem_grow(in->hosts, (in->n ? 2 * in->n : 1) * sizeof(*in->hosts));
    in->hosts[in->n] = mem_copy(span_of(host));
    map_put(in->known, span_of(host), in->hosts[in->n]);
    in->n++;
}

static void on_bad(void *arg, unsigned line, struct span text, const char *why)
{
    struct importing *in = arg;
    if (text.n > TEXT_TOLD)
        text.n = TEXT_TOLD;
    if (in->bad_n++ >= TOLD_MAX)
        return;
    bytes_addf(&in->bad, "  line %u: %s%s%.*s\n", line, why, text.n ? ": " : "", SPAN_ARG(text));
    json_open(&in->w, '{');
    json_member_int(&in->w, "line", line);
    json_member(&in->w, "text", text.n ? text : SPAN_NONE);
    json_member(&in->w, "why", span_of(why));
    json_close(&in->w, '}');
}

static void write_chunk(const struct importing *in, size_t from, size_t to, struct bytes *body)
{
    const struct list_words *words = in->words;
    const char *slash = strrchr(words->word, '/');
    struct span source = span_of(slash ? slash + 1 : words->word);
    struct json_writer w;
    if (source.n >= PROPOSAL_SOURCE_SIZE)
        source.n = PROPOSAL_SOURCE_SIZE - 1;
    json_begin(&w, body);
    json_open(&w, '{');
    json_member(&w, "as", span_of(words->as));
    json_member(&w, "zone", span_of(words->zone));
    json_member(&w, "source", source);
    json_member(&w, "reason", span_of(words->reason));
    json_key(&w, "hosts");
    json_open(&w, '[');
    for (size_t i = from; i < to; i++)
        json_add_text(&w, span_of(in->hosts[i]));
    json_close(&w, ']');
    json_close(&w, '}');
}

static void take_answer(struct importing *in, const struct bytes *answer)
{
    struct json *json = NULL;
    if (json_read(bytes_span(answer), &limits, &json) == ERR_OK) {
        const struct json *none = json_get(json, "no_zone");
        in->added += ask_number(json, "added");
        in->replaced += ask_number(json, "replaced");
        for (size_t i = 0; i < json_len(none); i++)
            bytes_addf(&in->no_zone, "%.*s ", SPAN_ARG(json_text(json_at(none, i))));
    }
    json_free(&json);
}

static int send_all(struct importing *in)
{
    int code = 0;
    for (size_t at = 0; code == 0 && at < in->n; at += CHUNK) {
        struct bytes body, answer;
        bytes_init(&body, BODY_MAX);
        bytes_init(&answer, ASK_ANSWER_MAX);
        write_chunk(in, at, at + CHUNK < in->n ? at + CHUNK : in->n, &body);
        code = ask_relay(in->words->file, "POST", "/api/v1/lists", bytes_span(&body), &answer);
        if (code == 0)
            take_answer(in, &answer);
        bytes_fini(&body);
        bytes_fini(&answer);
    }
    return code;
}

static void report_json(struct importing *in)
{
    struct span rest = bytes_span(&in->no_zone);
    json_close(&in->w, ']');
    json_key(&in->w, "no_zone");
    json_open(&in->w, '[');
    while (rest.n) {
        struct span host = span_cut(&rest, ' ');
        if (host.n)
            json_add_text(&in->w, host);
    }
    json_close(&in->w, ']');
    json_member_int(&in->w, "proposed", in->added);
    json_member_int(&in->w, "replaced", in->replaced);
    json_member_int(&in->w, "lines_left_out", (int64_t)in->bad_n);
    json_close(&in->w, '}');
    printf("%s\n", bytes_str(&in->json));
}

static void report_text(const struct importing *in)
{
    printf("%" PRId64 " proposed, %" PRId64 " in the place of earlier ones, %zu lines left out\n",
           in->added, in->replaced, in->bad_n);
    for (struct span rest = bytes_span(&in->bad); rest.n;) {
        ask_print_text(span_cut(&rest, '\n'));
        putchar('\n');
    }
    if (in->bad_n > TOLD_MAX)
        printf("  and %zu more\n", in->bad_n - TOLD_MAX);
    if (in->no_zone.n) {
        printf("left out, for their names fit no zone (name one with --zone): ");
        ask_print_text(bytes_span(&in->no_zone));
        putchar('\n');
    }
    if (in->added + in->replaced)
        printf("nothing is done yet: see `weir list proposals`, then confirm or dismiss\n");
}

static int import(const struct list_words *words)
{
    const char *why = NULL;
    struct bytes text;
    struct config *config = input_config(words->file);
    struct importing in = {.words = words, .known = map_new()};
    const struct domains_taker taker = {on_host, on_bad, &in};
    int code = EXIT_REFUSED;
    bytes_init(&text, DOMAINS_FILE_MAX);
    bytes_init(&in.bad, 1 << 20);
    bytes_init(&in.no_zone, 8 << 20);
    bytes_init(&in.json, 16 << 20);
    json_begin(&in.w, &in.json);
    json_open(&in.w, '{');
    json_key(&in.w, "left_out");
    json_open(&in.w, '[');
    if (config && !input_file(words->word, &text, &why)) {
        fprintf(stderr, "weir: %s: %s\n", words->word, why);
    } else if (config) {
        domains_read(bytes_span(&text), config->https, strcmp(words->as, "block") == 0, &taker);
        code = send_all(&in);
    }
    if (code == 0 && words->as_json)
        report_json(&in);
    else if (code == 0)
        report_text(&in);
    for (size_t i = 0; i < in.n; i++)
        free(in.hosts[i]);
    free(in.hosts);
    map_free(&in.known);
    bytes_fini(&in.bad);
    bytes_fini(&in.no_zone);
    bytes_fini(&in.json);
    bytes_fini(&text);
    config_free(&config);
    return code;
}

/* --- weir list proposals ---------------------------------------------------------------------- */

static void print_proposals(const struct json *json)
{
    const struct json *list = json_get(json, "proposals");
    printf("%-40s %-6s %-12s %-24s %s\n", "HOST", "AS", "ZONE", "SINCE", "LIST");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *p = json_at(list, i);
        printf("%-40.*s %-6.*s %-12.*s %-24.*s ", SPAN_ARG(ask_text(p, "host")),
               SPAN_ARG(ask_text(p, "as")), SPAN_ARG(ask_text(p, "zone")),
               SPAN_ARG(ask_text(p, "at")));
        ask_print_text(ask_text(p, "source"));
        putchar('\n');
    }
}

static int proposals(const struct list_words *words)
{
    struct bytes answer;
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(words->file, "GET", "/api/v1/lists", SPAN_NONE, &answer);
    code = ask_report(code, &answer, words->as_json, print_proposals);
    bytes_fini(&answer);
    return code;
}

/* --- weir list confirm, dismiss --------------------------------------------------------------- */

static void print_decided(const struct json *json)
{
    const struct json *list = json_get(json, "decided");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *p = json_at(list, i);
        printf("%-40.*s %-6.*s %.*s\n", SPAN_ARG(ask_text(p, "host")), SPAN_ARG(ask_text(p, "as")),
               SPAN_ARG(ask_text(p, "outcome")));
    }
}

static void print_dismissed(const struct json *json)
{
    printf("dismissed  %" PRId64 "\n", ask_number(json, "dismissed"));
}

static void write_decision(const struct list_words *words, const char *after, struct bytes *body)
{
    struct json_writer w;
    bool all = strcmp(words->word, "all") == 0;
    json_begin(&w, body);
    json_open(&w, '{');
    if (all)
        json_member_bool(&w, "all", true);
    else
        json_member(&w, "host", span_of(words->word));
    if (*after)
        json_member(&w, "after", span_of(after));
    json_member(&w, "reason", span_of(words->reason));
    json_close(&w, '}');
}

/* Until nothing comes behind any more. */
static int decide(const struct list_words *words, bool confirms)
{
    char after[MEMBER_HOST_SIZE] = "";
    const char *path = confirms ? "/api/v1/lists/confirm" : "/api/v1/lists/dismiss";
    int code = 0;
    bool more = true;
    while (code == 0 && more) {
        struct bytes body, answer;
        struct json *json = NULL;
        bytes_init(&body, 8192);
        bytes_init(&answer, ASK_ANSWER_MAX);
        write_decision(words, after, &body);
        code = ask_relay(words->file, "POST", path, bytes_span(&body), &answer);
        more = code == 0 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK &&
               span_copy(json_text(json_get(json, "next")), after, sizeof(after)) && after[0];
        code =
            ask_report(code, &answer, words->as_json, confirms ? print_decided : print_dismissed);
        json_free(&json);
        bytes_fini(&body);
        bytes_fini(&answer);
    }
    return code;
}

/* --- the verb --------------------------------------------------------------------------------- */

int cmd_list(int argc, char **argv)
{
    struct list_words w = {.file = NULL};
    const char *words[2] = {NULL, NULL};
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--as", &w.as, NULL},
                                {"--zone", &w.zone, NULL},
                                {"--reason", &w.reason, NULL}};
    const struct args args = {items, 5, "", 1, 2};
    if (!args_read(&args, argc, argv, words))
        return ask_usage("list");
    w.word = words[1];
    bool imports = strcmp(words[0], "import") == 0;
    bool confirms = strcmp(words[0], "confirm") == 0, dismisses = strcmp(words[0], "dismiss") == 0;
    if (strcmp(words[0], "proposals") == 0 && !w.word && !w.as && !w.zone && !w.reason)
        return proposals(&w);
    if (!w.word || !(imports || confirms || dismisses) || (!imports && (w.as || w.zone)))
        return ask_usage("list");
    if (imports && (!w.as || proposal_kind_by_name(span_of(w.as)) == PROPOSAL_KIND_COUNT))
        return ask_wrong("list", "say what it is: --as block or --as allow", NULL);
    if (imports)
        return import(&w);
    if (!w.reason || !*w.reason)
        return ask_wrong("list", "say why: --reason TEXT", NULL);
    return decide(&w, confirms);
}
