/* cmd_member: asks the running relay, and says what it answered: as a table for people, or the JSON
 * as it came. May not know: Redis; what a change of a member means. */
#include "relay/cmd_member.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/args.h"
#include "relay/ask.h"

/* --- tables
 * ------------------------------------------------------------------------------------------------------
 */

static void print_followers(const struct json *list)
{
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *f = json_at(list, i);
        struct span back = json_text(json_get(f, "followBack"));
        bool told = span_eq_str(json_text(json_get(f, "style")), "litepub");
        printf("%-10s %.*s (%.*s%s%.*s)\n", "follower", SPAN_ARG(json_text(json_get(f, "actor"))),
               SPAN_ARG(json_text(json_get(f, "style"))), told ? ", follow back: " : "",
               told ? (int)back.n : 0, told ? back.p : "");
        printf("%-10s %.*s\n", "  inbox", SPAN_ARG(json_text(json_get(f, "inbox"))));
    }
}

/* To be sent to whoever administers it. */
static void print_join(const struct json *list)
{
    if (json_len(list))
        printf("\nWhat its administrator has to do:\n\n");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *row = json_at(list, i);
        printf("  %-20.*s %.*s\n", SPAN_ARG(json_text(json_get(row, "software"))),
               SPAN_ARG(json_text(json_get(row, "how"))));
    }
}

static void print_member(const struct json *m)
{
    static const char *const names[] = {"host",   "state",    "why",        "zone",     "since",
                                        "until",  "role",     "sponsor",    "note",     "software",
                                        "health", "delivery", "cursor",     "failures", "status",
                                        "next",   "parked",   "silentDays", "goneDays", "notFound"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(m, names[i]);
    if (json_get(m, "gap"))
        printf("%-10s what follows its cursor, up to %" PRId64 ", is no longer in the journal\n",
               "gap", ask_number(m, "gap"));
    print_followers(json_get(m, "followers"));
    print_join(json_get(m, "join"));
}

static void print_members(const struct json *json)
{
    const struct json *list = json_get(json, "members");
    printf("%-28s %-10s %-12s %-13s %-8s %s\n", "HOST", "STATE", "ZONE", "ROLE", "HEALTH", "UNTIL");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *m = json_at(list, i);
        printf("%-28.*s %-10.*s %-12.*s %-13.*s %-8.*s %.*s\n",
               SPAN_ARG(json_text(json_get(m, "host"))), SPAN_ARG(json_text(json_get(m, "state"))),
               SPAN_ARG(json_text(json_get(m, "zone"))), SPAN_ARG(json_text(json_get(m, "role"))),
               SPAN_ARG(json_text(json_get(m, "health"))),
               SPAN_ARG(json_text(json_get(m, "until"))));
    }
}

/* --- verbs
 * --------------------------------------------------------------------------------------------------------
 */

/* Each verb, and which options it knows (-c and --json: all of them). */
enum {
    SAYS_WHY = 1,    /* --reason */
    WANTS_WHY = 2,   /* is refused without it */
    PLACES = 4,      /* --zone, --until */
    DESCRIBES = 8,   /* --role, --sponsor, --note */
    OF_ONE = 16,     /* is about a host */
    ONLY_SHOWS = 32, /* changes nothing */
};

static const struct member_verb {
    const char *name;
    unsigned flags;
} member_verbs[] = {
    {"list", ONLY_SHOWS},
    {"show", OF_ONE | ONLY_SHOWS},
    {"invite", OF_ONE | SAYS_WHY | PLACES | DESCRIBES},
    {"edit", OF_ONE | SAYS_WHY | WANTS_WHY | DESCRIBES},
    {"accept", OF_ONE | SAYS_WHY | WANTS_WHY},
    {"reject", OF_ONE | SAYS_WHY | WANTS_WHY},
    {"suspend", OF_ONE | SAYS_WHY | WANTS_WHY},
    {"resume", OF_ONE | SAYS_WHY},
    {"remove", OF_ONE | SAYS_WHY},
};

struct member_words {
    const char *file, *zone, *until, *role, *sponsor, *note, *reason, *host;
    bool as_json;
};

static void add_given(struct json_writer *w, const char *key, const char *value)
{
    if (value)
        json_member(w, key, span_of(value));
}

static void write_asked(const struct member_words *w, struct bytes *body)
{
    struct json_writer json;
    json_begin(&json, body);
    json_open(&json, '{');
    add_given(&json, "zone", w->zone);
    add_given(&json, "until", w->until);
    add_given(&json, "role", w->role);
    add_given(&json, "sponsor", w->sponsor);
    add_given(&json, "note", w->note);
    add_given(&json, "reason", w->reason);
    json_close(&json, '}');
}

static int member_ask(const struct member_verb *verb, const struct member_words *w)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    bool shows = verb->flags & ONLY_SHOWS;
    bool one = verb->flags & OF_ONE;
    bytes_init(&path, 4096);
    bytes_init(&body, 8192);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/members");
    if (one) {
        bytes_add_char(&path, '/');
        ask_escape(&path, w->host);
    }
    if (!shows) {
        bytes_addf(&path, "/%s", verb->name);
        write_asked(w, &body);
    }
    int code =
        ask_relay(w->file, shows ? "GET" : "POST", bytes_str(&path), bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, one ? print_member : print_members);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

/* Its options: only those that the verb knows. */
static bool member_read_words(const struct member_verb *verb, int argc, char **argv,
                              struct member_words *w)
{
    const char *words[1] = {NULL};
    struct arg items[8] = {{"-c", &w->file, NULL}, {"--json", NULL, &w->as_json}};
    size_t n = 2;
    if (verb->flags & SAYS_WHY)
        items[n++] = (struct arg){"--reason", &w->reason, NULL};
    if (verb->flags & PLACES) {
        items[n++] = (struct arg){"--zone", &w->zone, NULL};
        items[n++] = (struct arg){"--until", &w->until, NULL};
    }
    if (verb->flags & DESCRIBES) {
        items[n++] = (struct arg){"--role", &w->role, NULL};
        items[n++] = (struct arg){"--sponsor", &w->sponsor, NULL};
        items[n++] = (struct arg){"--note", &w->note, NULL};
    }
    size_t hosts = verb->flags & OF_ONE ? 1 : 0;
    const struct args args = {items, n, "", hosts, hosts};
    bool ok = args_read(&args, argc, argv, words);
    w->host = words[0];
    return ok;
}

int cmd_member(int argc, char **argv)
{
    struct member_words w = {0};
    const struct member_verb *verb = NULL;
    for (size_t i = 0; argc > 1 && i < sizeof(member_verbs) / sizeof(*member_verbs); i++)
        if (strcmp(argv[1], member_verbs[i].name) == 0)
            verb = &member_verbs[i];
    if (!verb || !member_read_words(verb, argc - 1, argv + 1, &w))
        return ask_usage("member");
    if (verb->flags & WANTS_WHY && (!w.reason || !*w.reason)) /* before anybody is asked */
        return ask_wrong("member", "say why: --reason TEXT", NULL);
    return member_ask(verb, &w);
}

/* --- weir reload ------------------------------------------------------------------------------ */

static void print_reloaded(const struct json *json)
{
    (void)json;
    printf("the relay goes on with the new configuration\n");
}

int cmd_reload(int argc, char **argv)
{
    const char *file = NULL;
    const char *reason = NULL;
    bool as_json = false;
    struct bytes body;
    struct bytes answer;
    const struct arg items[] = {
        {"-c", &file, NULL}, {"--json", NULL, &as_json}, {"--reason", &reason, NULL}};
    const struct args args = {items, 3, "", 0, 0};
    if (!args_read(&args, argc, argv, NULL))
        return ask_usage("reload");
    ask_reason(reason, &body);
    bytes_init(&answer, ASK_ANSWER_MAX);
    int code = ask_relay(file, "POST", "/api/v1/reload", bytes_span(&body), &answer);
    code = ask_report(code, &answer, as_json, print_reloaded);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}
