/* cmd_member: asks the running relay, and says what it answered: as a table for people, or the JSON
 * as it came. May not know: Redis; what a change of a member means. */
#include "relay/cmd_member.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

static void print_member(const struct json *m)
{
    static const char *const names[] = {"host",     "state",    "why",    "zone",     "since",
                                        "until",    "software", "health", "delivery", "cursor",
                                        "failures", "status",   "next",   "parked",   "silentDays",
                                        "goneDays", "notFound"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        ask_print_field(m, names[i]);
    if (json_get(m, "gap"))
        printf("%-10s what follows its cursor, up to %" PRId64 ", is no longer in the journal\n",
               "gap", ask_number(m, "gap"));
    print_followers(json_get(m, "followers"));
}

static void print_members(const struct json *json)
{
    const struct json *list = json_get(json, "members");
    printf("%-28s %-10s %-12s %-8s %s\n", "HOST", "STATE", "ZONE", "HEALTH", "UNTIL");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *m = json_at(list, i);
        printf("%-28.*s %-10.*s %-12.*s %-8.*s %.*s\n", SPAN_ARG(json_text(json_get(m, "host"))),
               SPAN_ARG(json_text(json_get(m, "state"))), SPAN_ARG(json_text(json_get(m, "zone"))),
               SPAN_ARG(json_text(json_get(m, "health"))),
               SPAN_ARG(json_text(json_get(m, "until"))));
    }
}

/* --- verbs
 * --------------------------------------------------------------------------------------------------------
 */

struct member_words {
    const char *file, *zone, *until, *reason, *host;
    bool as_json;
};

static int member_ask(const char *verb, const struct member_words *w)
{
    struct bytes path;
    struct bytes body;
    struct bytes answer;
    struct json_writer json;
    bool shows = strcmp(verb, "show") == 0;
    bool lists = strcmp(verb, "list") == 0;
    bytes_init(&path, 4096);
    bytes_init(&body, 4096);
    bytes_init(&answer, ASK_ANSWER_MAX);
    bytes_add_str(&path, "/api/v1/members");
    if (!lists) {
        bytes_add_char(&path, '/');
        ask_escape(&path, w->host);
    }
    if (!lists && !shows) {
        bytes_addf(&path, "/%s", verb);
        json_begin(&json, &body);
        json_open(&json, '{');
        json_member(&json, "zone", span_of(w->zone));
        json_member(&json, "until", span_of(w->until));
        json_member(&json, "reason", span_of(w->reason));
        json_close(&json, '}');
    }
    int code = ask_relay(w->file, lists || shows ? "GET" : "POST", bytes_str(&path),
                         bytes_span(&body), &answer);
    code = ask_report(code, &answer, w->as_json, lists ? print_members : print_member);
    bytes_fini(&path);
    bytes_fini(&body);
    bytes_fini(&answer);
    return code;
}

/* It is refused without one: say so before anybody is asked. */
static bool wants_reason(const char *verb)
{
    return strcmp(verb, "accept") == 0 || strcmp(verb, "reject") == 0 ||
           strcmp(verb, "suspend") == 0;
}

int cmd_member(int argc, char **argv)
{
    static const char *const verbs[] = {"list",   "show",    "invite", "accept",
                                        "reject", "suspend", "resume", "remove"};
    struct member_words w = {0};
    const char *words[1] = {NULL};
    const struct arg items[] = {{"-c", &w.file, NULL},
                                {"--json", NULL, &w.as_json},
                                {"--reason", &w.reason, NULL},
                                {"--zone", &w.zone, NULL},
                                {"--until", &w.until, NULL}};
    const char *verb = argc > 1 ? argv[1] : "";
    bool known = false;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        known = known || strcmp(verb, verbs[i]) == 0;
    if (!known)
        return ask_usage("member");
    bool lists = strcmp(verb, "list") == 0;
    bool changes = !lists && strcmp(verb, "show") != 0;
    bool invites = strcmp(verb, "invite") == 0;
    size_t hosts = lists ? 0 : 1;
    const struct args args = {items, invites ? 5 : changes ? 3 : 2, "", hosts, hosts};
    if (!args_read(&args, argc - 1, argv + 1, words))
        return ask_usage("member");
    if (wants_reason(verb) && (!w.reason || !*w.reason))
        return ask_wrong("member", "say why: --reason TEXT", NULL);
    w.host = words[0];
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
