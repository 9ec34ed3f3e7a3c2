/* cmd_author: `weir author list|show|optin|optout|forget|import`.
 *
 * A list is read whole before any of it is sent, in parts that the relay takes as one each: a bad
 * line sends nothing. May not know: Redis; what consent means for an activity. */
#include "relay/cmd_author.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pure/uri.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/input.h"

enum { FILE_MAX = 16 * 1024 * 1024, LINES_MAX = 100000, PART = 500, BAD_SHOWN = 20 };

struct author_words {
    const char *file, *host, *reason, *what;
    bool as_json;
};

/* --- tables ----------------------------------------------------------------------------------- */

static void print_author(const struct json *a)
{
    static const char *const names[] = {"actor", "says", "how", "since", "said", "by"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(a, names[i]);
}

static void print_row(const struct json *a)
{
    printf("%-5.*s %-9.*s %-20.*s ", SPAN_ARG(ask_text(a, "says")), SPAN_ARG(ask_text(a, "how")),
           SPAN_ARG(ask_text(a, "since")));
    ask_print_text(ask_text(a, "actor"));
    putchar('\n');
}

static void print_changed(const struct json *a)
{
    print_author(a);
    if (!json_flag(json_get(a, "changed"), false))
        printf("nothing changed: it was so before\n");
}

/* --- weir author list ------------------------------------------------------------------------- */

static int list_page(const struct author_words *w, struct bytes *after, struct json_writer *out,
                     size_t *ret_n)
{
    struct bytes path;
    struct bytes answer;
    struct json *json = NULL;
    const struct json_limits limits = {8, 100000, 200000};
    bytes_init(&path, 16384);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/authors?most=1000");
    if (w->host) {
        bytes_add_str(&path, "&host=");
        ask_escape(&path, w->host);
    }
    if (after->n) {
        bytes_add_str(&path, "&after=");
        ask_escape(&path, bytes_str(after));
    }
    int code = ask_relay(w->file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    if (code == 0 && json_read(bytes_span(&answer), &limits, &json) != ERR_OK)
        code = EXIT_REFUSED;
    const struct json *list = json_get(json, "authors");
    *ret_n = code == 0 ? json_len(list) : 0;
    for (size_t i = 0; i < *ret_n; i++) {
        const struct json *a = json_at(list, i);
        bytes_clear(after);
        bytes_add(after, ask_text(a, "actor"));
        if (!w->as_json)
            print_row(a);
    }
    /* The list as it came, without its brackets. */
    struct span text = bytes_span(&answer);
    ptrdiff_t from = span_find(text, '[');
    if (w->as_json && *ret_n && from >= 0)
        json_add_raw(out, (struct span){text.p + from + 1, text.n - (size_t)from - 3});
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

static int list(const struct author_words *w)
{
    struct bytes after;
    struct bytes out;
    struct json_writer writer;
    size_t n = 1;
    int code = 0;
    bytes_init(&after, 4096);
    bytes_init(&out, ASK_ANSWER_MAX);
    json_begin(&writer, &out);
    json_open(&writer, '{');
    json_key(&writer, "authors");
    json_open(&writer, '[');
    if (!w->as_json)
        printf("%-5s %-9s %-20s %s\n", "SAYS", "HOW", "SINCE", "AUTHOR");
    while (code == 0 && n)
        code = list_page(w, &after, &writer, &n);
    json_close(&writer, ']');
    json_close(&writer, '}');
    if (code == 0 && w->as_json)
        printf("%s\n", bytes_str(&out));
    bytes_fini(&after);
    bytes_fini(&out);
    return code;
}

/* --- one author ------------------------------------------------------------------------------- */

static int show(const struct author_words *w)
{
    struct bytes path;
    struct bytes answer;
    bytes_init(&path, 16384);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/authors/show?actor=");
    ask_escape(&path, w->what);
    int code = ask_relay(w->file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    code = ask_report(code, &answer, w->as_json, print_author);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

static int change(const struct author_words *w, const char *verb)
{
    struct bytes body;
    struct bytes answer;
    struct json_writer j;
    char path[64];
    bytes_init(&body, 65536);
    bytes_init(&answer, ASK_ANSWER_MAX);
    json_begin(&j, &body);
    json_open(&j, '{');
    json_member(&j, "actor", span_of(w->what));
    json_member(&j, "reason", span_of(w->reason));
    json_close(&j, '}');
    snprintf(path, sizeof(path), "/api/v1/authors/%s", verb);
    int code = ask_relay(w->file, "POST", path, bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, print_changed);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

/* --- weir author import ----------------------------------------------------------------------- */

struct author_list {
    struct span *actors[2]; /* who says no, who says yes */
    size_t n[2];
    size_t lines, bad;
};

static struct span unquoted(struct span cell)
{
    cell = span_trim(cell);
    if (cell.n >= 2 && cell.p[0] == '"' && cell.p[cell.n - 1] == '"')
        cell = (struct span){cell.p + 1, cell.n - 2};
    return cell;
}

static void bad_line(struct author_list *l, struct span line, const char *why)
{
    if (l->bad++ < BAD_SHOWN)
        fprintf(stderr, "weir: line %zu: %.*s: %s\n", l->lines, (int)(line.n < 200 ? line.n : 200),
                line.p, why);
}

/* `URL` or `URL,yes`, `URL,no`; what stands behind is for people. A first line may name the
 * columns; # begins a remark. */
static void take_line(struct author_list *l, struct span line, const char *host)
{
    struct uri uri;
    if (span_ends(line, SPAN("\r")))
        line.n--;
    struct span rest = line;
    struct span actor = unquoted(span_cut(&rest, ','));
    struct span word = unquoted(span_cut(&rest, ','));
    bool head =
        l->lines == 1 && (span_eq_ci(actor, SPAN("actor")) || span_eq_ci(actor, SPAN("author")));
    if (!actor.n || actor.p[0] == '#' || head)
        return;
    if (uri_read(actor, &uri) != ERR_OK)
        bad_line(l, line, "that is no URL of an actor");
    else if (!span_eq_str(span_of(uri.authority), host))
        bad_line(l, line, "that is of another host");
    else if (word.n && !span_eq_ci(word, SPAN("yes")) && !span_eq_ci(word, SPAN("no")))
        bad_line(l, line, "the second column is yes or no");
    else {
        size_t yes = !span_eq_ci(word, SPAN("no"));
        l->actors[yes][l->n[yes]++] = actor;
    }
}

static int send_part(const struct author_words *w, bool yes, const struct span *actors, size_t n,
                     size_t *changed)
{
    struct bytes body;
    struct bytes answer;
    struct json_writer j;
    struct json *json = NULL;
    const struct json_limits limits = {8, 100, 1000};
    bytes_init(&body, FILE_MAX);
    bytes_init(&answer, ASK_ANSWER_MAX);
    json_begin(&j, &body);
    json_open(&j, '{');
    json_member(&j, "member", span_of(w->host));
    json_member(&j, "says", yes ? SPAN("yes") : SPAN("no"));
    if (w->reason)
        json_member(&j, "reason", span_of(w->reason));
    json_key(&j, "actors");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++)
        json_add_text(&j, actors[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    int code = ask_relay(w->file, "POST", "/api/v1/authors/import", bytes_span(&body), &answer);
    if (code == 0 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK)
        *changed += (size_t)ask_number(json, "changed");
    json_free(&json);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

static int send_all(const struct author_words *w, const struct author_list *l)
{
    size_t changed = 0;
    int code = 0;
    for (size_t yes = 0; yes < 2; yes++)
        for (size_t i = 0; code == 0 && i < l->n[yes]; i += PART)
            code = send_part(w, yes, l->actors[yes] + i,
                             l->n[yes] - i < PART ? l->n[yes] - i : PART, &changed);
    if (code == 0 && w->as_json)
        printf("{\"member\":\"%s\",\"yes\":%zu,\"no\":%zu,\"changed\":%zu}\n", w->host, l->n[1],
               l->n[0], changed);
    else if (code == 0)
        printf("%zu say yes, %zu say no; %zu of them are new\n", l->n[1], l->n[0], changed);
    else if (changed)
        fprintf(stderr, "weir: %zu of them were taken before that; the rest was not\n", changed);
    return code;
}

static int import(const struct author_words *w)
{
    struct bytes text;
    const char *why = NULL;
    struct author_list l = {.lines = 0};
    int code = 0;
    bytes_init(&text, FILE_MAX);
    if (!input_file(w->what, &text, &why)) {
        fprintf(stderr, "weir: %s: %s\n", w->what, why);
        bytes_fini(&text);
        return EXIT_REFUSED;
    }
    for (size_t i = 0; i < 2; i++)
        l.actors[i] = mem_new(LINES_MAX * sizeof(**l.actors));
    struct span rest = bytes_span(&text);
    if (span_starts(rest, SPAN("\xef\xbb\xbf")))
        rest = (struct span){rest.p + 3, rest.n - 3};
    while (rest.n && l.lines < LINES_MAX) {
        struct span line = span_cut(&rest, '\n');
        l.lines++;
        take_line(&l, line, w->host);
    }
    if (rest.n) {
        fprintf(stderr, "weir: %s has more than %d lines\n", w->what, LINES_MAX);
        code = EXIT_REFUSED;
    }
    if (l.bad > BAD_SHOWN)
        fprintf(stderr, "weir: and %zu more\n", l.bad - BAD_SHOWN);
    if (l.bad)
        fprintf(stderr, "weir: nothing was taken\n");
    code = l.bad ? EXIT_REFUSED : code;
    if (code == 0)
        code = send_all(w, &l);
    for (size_t i = 0; i < 2; i++)
        free(l.actors[i]);
    bytes_fini(&text);
    return code;
}

int cmd_author(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    struct author_words w = {.file = NULL};
    bool lists = strcmp(verb, "list") == 0;
    bool imports = strcmp(verb, "import") == 0;
    bool changes =
        strcmp(verb, "optin") == 0 || strcmp(verb, "optout") == 0 || strcmp(verb, "forget") == 0;
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {lists ? "--host" : "--reason", lists ? &w.host : &w.reason, NULL},
                                {"--member", &w.host, NULL}};
    size_t words = lists ? 0 : 1;
    size_t options = imports ? 4 : lists || changes ? 3 : 2;
    const struct args args = {items, options, "", words, words};
    if (!lists && !imports && !changes && strcmp(verb, "show") != 0)
        return ask_usage("author");
    if (!args_read(&args, argc - 1, argv + 1, words ? &w.what : NULL))
        return ask_usage("author");
    if (changes && (!w.reason || !*w.reason))
        return ask_wrong("author", "say why: --reason TEXT", NULL);
    if (imports && !w.host)
        return ask_wrong("author", "say of which member the authors are: --member HOST", NULL);
    if (lists)
        return list(&w);
    return imports ? import(&w) : changes ? change(&w, verb) : show(&w);
}
