/* cmd_dead: `weir dead list|show|retry|drop`.
 *
 * An order stands in the journal when it is answered; then it is looked for a while whether it was
 * carried out, so that the answer says what came of it.
 * May not know: who carries it out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/pure/date.h"
#include "relay/args.h"
#include "relay/ask.h"
#include "relay/cmd_queue.h"

enum { LOOKS = 50, LOOK_US = 100000 };

static const struct json_limits limits = {16, 10000, 20000};

struct dead_words {
    const char *file, *id, *reason;
    const char *before; /* the list begins behind this one; NULL: with the newest */
    bool as_json;
};

/* --- tables ----------------------------------------------------------------------------------- */

static void print_letters(const struct json *json)
{
    const struct json *list = json_get(json, "dead");
    struct span next = ask_text(json, "next");
    printf("%-34s %-24s %-7s %s\n", "ID", "GIVEN UP", "STATUS", "WHY");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *l = json_at(list, i);
        char status[8] = "-";
        if (ask_number(l, "status"))
            snprintf(status, sizeof(status), "%d", (int)ask_number(l, "status") % 1000);
        printf("%-34.*s %-24.*s %-7s %.*s\n", SPAN_ARG(ask_text(l, "id")),
               SPAN_ARG(ask_text(l, "at")), status, SPAN_ARG(ask_title(ask_text(l, "code"))));
        printf("  ");
        if (json_flag(json_get(l, "direct"), false))
            printf("direct mail");
        else
            ask_print_text(ask_text(l, "activity"));
        putchar('\n');
    }
    if (next.n)
        printf("and more, of %" PRId64 " in all: weir dead list --before %.*s\n",
               ask_number(json, "total"), SPAN_ARG(next));
    if (ask_number(json, "unreadable"))
        printf("and what Redis holds of %" PRId64 " of the shards can't be read\n",
               ask_number(json, "unreadable"));
}

static void print_letter(const struct json *l)
{
    static const char *const names[] = {"id", "host",     "activity", "type", "accepted",
                                        "at", "attempts", "status",   "code"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(l, names[i]);
    printf("%-10s %.*s\n", "why", SPAN_ARG(ask_title(ask_text(l, "code"))));
    ask_print_field(l, "detail");
    ask_print_field(json_get(l, "entry"), "object");
    if (json_flag(json_get(l, "direct"), false))
        printf("%-10s direct mail: it can't be tried again\n", "what");
    printf("%-10s %s\n", "dropped", json_flag(json_get(l, "dropped"), false) ? "yes" : "no");
}

/* --- orders ----------------------------------------------------------------------------------- */

static void add_path(const struct dead_words *w, const char *verb, struct bytes *path)
{
    bytes_init(path, 4096);
    bytes_add_str(path, "/api/v1/dead/");
    ask_escape(path, w->id);
    if (verb)
        bytes_addf(path, "/%s", verb);
}

enum outcome { OUTCOME_OPEN, OUTCOME_DONE, OUTCOME_REFUSED };

struct letter {
    bool there, dropped;
    char at[DATE_ISO_SIZE + 8]; /* when it was given up */
    int64_t carried_out;        /* orders up to this line of the journal were */
};

static int get_letter(const struct dead_words *w, struct letter *ret)
{
    struct bytes path;
    struct bytes answer;
    struct json *json = NULL;
    int status = 0;
    *ret = (struct letter){0};
    add_path(w, NULL, &path);
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_quietly(w->file, bytes_str(&path), &status, &answer);
    if (code == 0 && status == 200 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK) {
        ret->there = true;
        ret->dropped = json_flag(json_get(json, "dropped"), false);
        ret->carried_out = ask_number(json, "carried_out");
        span_copy(ask_text(json, "at"), ret->at, sizeof(ret->at));
    }
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

/* The order stands at `line`. What is tried again is no letter any more, or already is one anew. */
static enum outcome judge(const struct letter *before, const struct letter *now, int64_t line,
                          bool retries)
{
    bool gone = !now->there || strcmp(now->at, before->at) != 0;
    if (retries ? gone : now->dropped)
        return OUTCOME_DONE;
    return now->carried_out >= line ? OUTCOME_REFUSED : OUTCOME_OPEN;
}

static enum outcome await(const struct dead_words *w, const struct letter *before, int64_t line,
                          bool retries)
{
    enum outcome outcome = OUTCOME_OPEN;
    for (int i = 0; i < LOOKS && outcome == OUTCOME_OPEN; i++) {
        struct letter now;
        if (i)
            usleep(LOOK_US);
        if (get_letter(w, &now) == 0)
            outcome = judge(before, &now, line, retries);
    }
    return outcome;
}

static int tell(const struct dead_words *w, const char *verb, int64_t line, enum outcome outcome)
{
    static const char *const states[] = {"open", "done", "refused"};
    bool retries = strcmp(verb, "retry") == 0;
    if (w->as_json) {
        ask_print_ordered(&(struct ask_ordered){.name = "id",
                                                .about = w->id,
                                                .order = verb,
                                                .outcome = states[outcome],
                                                .line = line,
                                                .after = -1});
    } else if (outcome == OUTCOME_DONE) {
        printf("%s %s\n", w->id, retries ? "is tried again" : "is dropped");
    } else if (outcome == OUTCOME_OPEN) {
        ask_print_open(w->id, line);
    }
    if (outcome == OUTCOME_REFUSED && !w->as_json)
        fprintf(
            stderr,
            "weir: %s could not be put back: the host is no member any more, or has no room for "
            "more that is set aside\n",
            w->id);
    return outcome == OUTCOME_REFUSED ? EXIT_REFUSED : 0;
}

static int order(const char *verb, const struct dead_words *w)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    struct json *json = NULL;
    struct letter before;
    if (get_letter(w, &before) == EXIT_REFUSED)
        return EXIT_REFUSED; /* there is no configuration; else the order tells what is wrong */
    add_path(w, verb, &path);
    bytes_init(&answer, ASK_ANSWER_MAX);
    ask_reason(w->reason, &body);
    int code = ask_relay(w->file, "POST", bytes_str(&path), bytes_span(&body), &answer);
    if (code == 0 && json_read(bytes_span(&answer), &limits, &json) == ERR_OK) {
        int64_t line = ask_number(json, "line");
        code = tell(w, verb, line, await(w, &before, line, strcmp(verb, "retry") == 0));
    }
    json_free(&json);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

/* --- the verb --------------------------------------------------------------------------------- */

static int ask(const struct dead_words *w)
{
    struct bytes path;
    struct bytes answer;
    if (w->id) {
        add_path(w, NULL, &path);
    } else {
        bytes_init(&path, 4096);
        bytes_add_str(&path, "/api/v1/dead");
        if (w->before) {
            bytes_add_str(&path, "?before=");
            ask_escape(&path, w->before);
        }
    }
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(w->file, "GET", bytes_str(&path), SPAN_NONE, &answer);
    code = ask_report(code, &answer, w->as_json, w->id ? print_letter : print_letters);
    bytes_fini(&path);
    bytes_fini(&answer);
    return code;
}

int cmd_dead(int argc, char **argv)
{
    struct dead_words w = {0};
    const char *words[1] = {NULL};
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0;
    bool shows = strcmp(verb, "show") == 0;
    bool orders = strcmp(verb, "retry") == 0 || strcmp(verb, "drop") == 0;
    const struct arg items[] = {
        {"-c", &w.file, NULL},
        {"--json", NULL, &w.as_json},
        {lists ? "--before" : "--reason", lists ? &w.before : &w.reason, NULL},
    };
    const struct args args = {items, shows ? 2 : 3, "", !lists, !lists};
    if ((!lists && !shows && !orders) || !args_read(&args, argc - 1, argv + 1, words))
        return ask_usage("dead");
    if (w.before && !strchr(w.before, '@'))
        return ask_wrong("dead", "--before is a letter of the list such as 17@example.org, not",
                         w.before);
    w.id = words[0];
    return orders ? order(verb, &w) : ask(&w);
}
